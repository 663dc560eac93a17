// SPDX-License-Identifier: Apache-2.0
/* The life of connections of HTTP/2, and of the requests on them. */
#include "net/http2_inside.h"

#include <stdlib.h>

static void send_out(void *user);
static void end(struct http2 *c);
static void look_at_clock(void *user);
static void set_clock(struct http2 *c);

/* Asks */

enum err http2_ask_new(struct http2 *c, int32_t id, struct http2_ask **ret)
{
	struct http_server *s = c->server;
	struct http2_ask *ask = calloc(1, sizeof(*ask));

	if (!ask) {
		return err_fail(ERR_MEMORY, "http: out of memory");
	}
	ask->held = (struct http_held){.request = {.stream = c->stream}, .carrier = &http2_carrier};
	ask->server = s;
	ask->conn = c;
	ask->id = id;
	ask->begun_at = loop_now(s->loop);
	ask->text = buf_growing(s->limits.head ? s->limits.head : HTTP2_HEAD);
	ask->cookie = buf_growing(ask->text.ceiling);
	ask->body = buf_growing(s->limits.body);
	ask->out = buf_growing(s->output);
	ring_add(&c->asks, &ask->link);
	c->reading++;
	s->holds++;
	*ret = ask;
	return OK;
}

void http2_ask_came(struct http2_ask *ask)
{
	ask->phase = HTTP2_READY;
	ask->conn->reading--;
	ring_add(&ask->conn->ready, &ask->turn);
}

/* What it held may be secret. */
static void forget(struct buf *bytes)
{
	buf_wipe(bytes);
	buf_free(bytes);
}

static void free_ask(struct http2_ask *ask)
{
	struct http_server *s = ask->server;

	forget(&ask->text);
	forget(&ask->cookie);
	forget(&ask->body);
	forget(&ask->out);
	free(ask);
	http_server_release(s);
}

/* Opens the connection's window for what was kept shut, as far as bodies that are held allow it. */
static void body_released(struct http2 *c, size_t len)
{
	c->bodies -= len;
	if (c->owed > 0 && c->bodies < HTTP2_BODIES * c->server->limits.body / 2) {
		(void)nghttp2_session_consume_connection(c->session, c->owed);
		c->owed = 0;
		http2_soon(c);
	}
}

void http2_ask_answered(struct http2_ask *ask)
{
	bool closed = !ask->conn;

	ask->phase = HTTP2_ANSWERED;
	ring_leave(&ask->turn);
	if (closed) {
		free_ask(ask);
		return;
	}
	ask->conn->wanting -= ask->wants_drained;
	ask->wants_drained = false;
	body_released(ask->conn, ask->body.len);
	forget(&ask->body);
	forget(&ask->text);
	http2_soon(ask->conn);
}

void http2_ask_closed(struct http2_ask *ask)
{
	struct http2 *c = ask->conn;
	bool told = ask->phase == HTTP2_HANDLING || ask->phase == HTTP2_STREAMING;

	ring_leave(&ask->link);
	ring_leave(&ask->turn);
	c->reading -= ask->phase == HTTP2_READING;
	c->waiting -= ask->out.len - ask->sent;
	c->wanting -= ask->wants_drained;
	if (ask->phase != HTTP2_ANSWERED) {
		body_released(c, ask->body.len);
	}
	if (ring_is_empty(&c->asks)) {
		c->quiet_at = loop_now(c->server->loop);
	}
	ask->conn = NULL;
	ask->wants_drained = false;
	ask->held.request.stream = NULL;
	ask->held.request.gone = true;
	if (!told) {
		free_ask(ask);
		return;
	}
	ring_add(&c->left, &ask->turn);
}

/* Connections */

static void hold(struct http2 *c)
{
	c->holds++;
}

static void release(struct http2 *c)
{
	struct http_server *s = c->server;

	if (--c->holds == 0) {
		free(c);
		http_server_release(s);
	}
}

/* Tells handlers that their clients have gone; they may answer at once. */
static void tell_left(struct http2 *c)
{
	while (!ring_is_empty(&c->left)) {
		struct http2_ask *ask = OUTER(struct http2_ask, turn, c->left.next);

		ring_leave(&ask->turn);
		if (ask->held.request.on_gone) {
			ask->held.request.on_gone(&ask->held.request);
		}
	}
}

/* Its stream has been ended by the caller. */
static void drop(struct http2 *c)
{
	nghttp2_session *session = c->session;

	c->stream = NULL;
	loop_never(&c->later);
	timer_stop(c->server->loop, &c->timer);
	ring_leave(&c->link);
	c->server->connections--;
	while (!ring_is_empty(&c->asks)) {
		http2_ask_closed(OUTER(struct http2_ask, link, c->asks.next));
	}
	c->session = NULL;
	nghttp2_session_del(session);
	tell_left(c);
	release(c);
}

static void cut(struct http2 *c)
{
	stream_abort(c->stream);
	drop(c);
}

/* As many frames as the connection takes now. */
static enum err put_frames(struct http2 *c)
{
	const uint8_t *frames;

	while (stream_pending(c->stream) <= OUTPUT_HIGH) {
		ssize_t len = nghttp2_session_mem_send(c->session, &frames);

		if (len < 0) {
			return err_fail(ERR_OVERLOAD, "HTTP/2: %s", nghttp2_strerror((int)len));
		}
		if (len == 0) {
			return OK;
		}
		TRY(stream_send(c->stream, view_of(frames, (size_t)len)));
	}
	return OK;
}

/* Says GOAWAY with a reason, and ends when that has been sent. */
static void say_goodbye(struct http2 *c, uint32_t reason)
{
	enum err e = reason == NGHTTP2_NO_ERROR ? put_frames(c) : OK; /* nothing follows GOAWAY */

	(void)nghttp2_session_terminate_session(c->session, reason);
	if (e != OK || put_frames(c) != OK) {
		cut(c);
		return;
	}
	stream_close(c->stream);
	drop(c);
}

static struct http2_ask *first_drained(struct http2 *c)
{
	for (struct link *at = c->asks.next; c->wanting > 0 && at != &c->asks; at = at->next) {
		struct http2_ask *ask = OUTER(struct http2_ask, link, at);

		if (ask->wants_drained && ask->out.len == ask->sent) {
			return ask;
		}
	}
	return NULL;
}

static void tell_drained(struct http2 *c)
{
	struct http2_ask *ask;

	while (c->stream && (ask = first_drained(c))) {
		ask->wants_drained = false;
		c->wanting--;
		if (ask->drained) {
			ask->drained(&ask->held.request);
		}
	}
}

static void send_out(void *user)
{
	struct http2 *c = user;

	hold(c);
	if (put_frames(c) != OK) {
		cut(c);
		release(c);
		return;
	}
	tell_left(c);
	tell_drained(c);
	if (c->stream && !nghttp2_session_want_read(c->session) &&
		!nghttp2_session_want_write(c->session)) {
		stream_close(c->stream);
		drop(c);
	}
	set_clock(c);
	release(c);
}

void http2_soon(struct http2 *c)
{
	if (c->stream) {
		loop_later(c->server->loop, &c->later, send_out, c);
	}
}

/* The handler may end the connection, and the server. */
static void hand_on(struct http2 *c)
{
	while (c->stream && !ring_is_empty(&c->ready)) {
		struct http2_ask *ask = OUTER(struct http2_ask, turn, c->ready.next);

		ring_leave(&ask->turn);
		http2_dispatch(ask);
	}
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct http2 *c = user;

	(void)stream;
	hold(c);
	ssize_t used = nghttp2_session_mem_recv(c->session, bytes.data, bytes.len);

	if (used < 0) {
		say_goodbye(c, used == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? NGHTTP2_PROTOCOL_ERROR
								    : NGHTTP2_ENHANCE_YOUR_CALM);
		release(c);
		return bytes.len;
	}
	tell_left(c);
	hand_on(c);
	http2_soon(c);
	release(c);
	return bytes.len;
}

static void on_drained(void *user, struct stream *stream)
{
	(void)stream;
	http2_soon(user);
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	(void)stream;
	(void)why;
	drop(user);
}

/* Time */

static struct http2_ask *oldest_reading(struct http2 *c)
{
	for (struct link *at = c->asks.next; c->reading > 0 && at != &c->asks; at = at->next) {
		struct http2_ask *ask = OUTER(struct http2_ask, link, at);

		if (ask->phase == HTTP2_READING) {
			return ask;
		}
	}
	return NULL;
}

/* When something is due next: an idle end, a request that should have come, an answer that nobody takes. */
static int64_t next_due(struct http2 *c)
{
	const struct http_server *s = c->server;
	const struct http2_ask *reading = oldest_reading(c);
	int64_t due = INT64_MAX;

	if (ring_is_empty(&c->asks)) {
		return c->quiet_at + s->idle_ms;
	}
	if (reading) {
		due = reading->begun_at + s->head_ms;
	}
	if (c->waiting > 0 && c->moved_at + s->stall_ms < due) {
		due = c->moved_at + s->stall_ms;
	}
	return due;
}

static void set_clock(struct http2 *c)
{
	int64_t due = c->stream ? next_due(c) : INT64_MAX;

	if (due == INT64_MAX) {
		timer_stop(c->server->loop, &c->timer);
	} else if (!timer_is_running(&c->timer) || c->timer.at != due) {
		timer_start(c->server->loop, &c->timer, due - loop_now(c->server->loop),
			look_at_clock, c);
	}
}

static void look_at_clock(void *user)
{
	struct http2 *c = user;
	int64_t now = loop_now(c->server->loop);
	struct http2_ask *reading = oldest_reading(c);

	if (next_due(c) > now) {
		set_clock(c);
		return;
	}
	if (!reading || reading->begun_at + c->server->head_ms > now ||
		reading->head.field_count == 0) {
		end(c);
		return;
	}
	hold(c);
	reading->refusal = 408;
	http2_ask_came(reading);
	hand_on(c);
	set_clock(c);
	release(c);
}

/* Idle, stalled, or in the middle of a head. */
static void end(struct http2 *c)
{
	if (c->waiting > 0) {
		cut(c);
		return;
	}
	say_goodbye(c, NGHTTP2_NO_ERROR);
}

/* Beginning and end */

static enum err open_session(struct http2 *c)
{
	const struct http_server *s = c->server;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)s->streams},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
			(uint32_t)(s->limits.head ? s->limits.head : HTTP2_HEAD)},
	};
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;

	TRY(http2_callbacks(&callbacks));
	int failed = nghttp2_option_new(&option);

	if (failed == 0) {
		nghttp2_option_set_no_auto_window_update(option, 1);
		nghttp2_option_set_no_closed_streams(option, 1);
		failed = nghttp2_session_server_new2(&c->session, callbacks, c, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	if (failed != 0 || nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings,
				   sizeof(settings) / sizeof(settings[0])) != 0) {
		nghttp2_session_del(c->session);
		return err_fail(ERR_MEMORY, "HTTP/2: out of memory");
	}
	return OK;
}

enum err http2_take(struct http_server *s, struct stream *stream)
{
	static const struct stream_on on = {
		.input = on_input,
		.drained = on_drained,
		.closed = on_closed,
	};

	if (s->closed) {
		return err_fail(ERR_CLOSED, "http server: closed");
	}
	struct http2 *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "HTTP/2: out of memory");
	}
	c->server = s;
	c->quiet_at = c->counted_at = loop_now(s->loop);
	ring_open(&c->asks);
	ring_open(&c->ready);
	ring_open(&c->left);
	enum err e = open_session(c);

	if (e != OK) {
		free(c);
		return e;
	}
	c->stream = stream;
	c->holds = 1;
	s->holds++;
	s->connections++;
	ring_add(&s->http2, &c->link);
	stream_set(stream, &on, c);
	http2_soon(c);
	return OK;
}

void http2_close_all(struct http_server *s)
{
	while (!ring_is_empty(&s->http2)) {
		say_goodbye(OUTER(struct http2, link, s->http2.next), NGHTTP2_NO_ERROR);
	}
}
