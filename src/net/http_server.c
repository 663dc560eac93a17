// SPDX-License-Identifier: Apache-2.0
#include "net/http2.h"
#include "net/http_inside.h"

#include "base/text.h"
#include <stdlib.h>
#include <string.h>

enum {
	HEAD_MS = 10 * 1000,
	IDLE_MS = 60 * 1000,
	SPARE_MAX = 64, /* exchanges kept for the next requests */
	LAST_MS = 60 * 1000,
	STREAMS = 100,
	OUTPUT = 1024 * 1024, /* stream_limits has it so */
	STALL_MS = 30 * 1000,
};

static accept_fn accepted;
static size_t on_input(void *user, struct stream *s, struct view bytes);
static void on_drained(void *user, struct stream *s);
static void on_closed(void *user, struct stream *s, enum err why);
static void drop_and_tell(struct conn *c);
static void expire_idle(struct conn *c);
static void expire_reading(struct conn *c);
static enum err on_head(void *user, const struct http_head *head);
static enum err on_body(void *user, struct view part);
static enum err on_done(void *user);

static const struct stream_on on_stream = {
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed,
};

static const struct http_on on_message = {on_head, on_body, on_done};

/* Queues. */

static struct conn *first_of(const struct queue *q)
{
	return ring_is_empty(&q->ring) ? NULL : OUTER(struct conn, link, q->ring.next);
}

static void queue_open(struct queue *q, struct loop *loop, int64_t limit_ms,
	void (*expire)(struct conn *c))
{
	*q = (struct queue){.loop = loop, .limit_ms = limit_ms, .expire = expire};
	ring_open(&q->ring);
}

static void queue_fire(void *user)
{
	struct queue *q = user;
	int64_t now = loop_now(q->loop);
	struct conn *c;

	while ((c = first_of(q)) && c->deadline <= now) {
		q->expire(c);
	}
	if (c) {
		timer_start(q->loop, &q->timer, c->deadline - now, queue_fire, q);
	}
}

void queue_join(struct queue *q, struct conn *c)
{
	ring_leave(&c->link);
	ring_add(&q->ring, &c->link);
	c->queue = q;
	if (q->limit_ms == 0) {
		return;
	}
	c->deadline = loop_now(q->loop) + q->limit_ms;
	if (!timer_is_running(&q->timer)) {
		timer_start(q->loop, &q->timer, q->limit_ms, queue_fire, q);
	}
}

/* The server. */

void http_server_release(struct http_server *s)
{
	if (--s->holds > 0) {
		return;
	}
	buf_free(&s->head);
	free(s->name);
	free(s);
}

static void free_exchange(struct exchange *ex)
{
	http_parser_free(ex->parser);
	buf_free(&ex->body);
	free(ex);
}

static void set_limits(struct http_server *s, const struct http_server_options *options)
{
	const struct stream_limits *stream = &options->listen.limits;

	s->limits = options->limits;
	s->limits.body = s->limits.body ? s->limits.body : 1024 * 1024;
	s->streams = options->streams ? options->streams : STREAMS;
	s->output = stream->output ? stream->output : OUTPUT;
	s->stall_ms = stream->stall_ms ? stream->stall_ms : STALL_MS;
	s->idle_ms = options->idle_ms ? options->idle_ms : IDLE_MS;
	s->head_ms = options->head_ms ? options->head_ms : HEAD_MS;
}

enum err http_server_open(struct loop *loop, const struct http_server_options *options,
	http_handler *handler, void *user, struct http_server **ret)
{
	if (options->name && !text_is_printable(view_text(options->name))) {
		return err_fail(ERR_SYNTAX, "http server: a name that no field can hold");
	}
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s || (options->name && !(s->name = strdup(options->name)))) {
		free(s);
		return err_fail(ERR_MEMORY, "http server: out of memory");
	}
	s->loop = loop;
	s->handler = handler;
	s->user = user;
	s->holds = 1;
	s->head = buf_growing(HTTP_ANSWER_HEAD);
	s->date_at = INT64_MIN;
	ring_open(&s->http2);
	set_limits(s, options);
	queue_open(&s->busy, loop, 0, NULL);
	queue_open(&s->idle, loop, s->idle_ms, expire_idle);
	queue_open(&s->reading, loop, s->head_ms, expire_reading);
	enum err e = OK;

	if (options->http2 && options->listen.tls) {
		tls_offer_http2(options->listen.tls);
	}
	if (options->listen.address) {
		e = listener_open(loop, &options->listen, accepted, s, &s->listener);
	}
	if (e != OK) {
		http_server_release(s);
		return e;
	}
	*ret = s;
	return OK;
}

const char *http_server_address(const struct http_server *s)
{
	return s->listener ? listener_address(s->listener) : "";
}

size_t http_server_connections(const struct http_server *s)
{
	return s->connections;
}

const uint64_t *http_server_answers(const struct http_server *s)
{
	return s->answers;
}

const struct listener *http_server_listener(const struct http_server *s)
{
	return s ? s->listener : NULL;
}

/* Connections. */

static void expire_last(void *user)
{
	stream_close(((struct conn *)user)->stream);
	drop_and_tell(user);
}

static void expire_session(void *user)
{
	struct conn *c = user;

	if (!c->exchange) {
		expire_last(c);
		return;
	}
	c->last = true;
	timer_start(c->server->loop, &c->end, LAST_MS, expire_last, c);
}

enum err http_server_take(struct http_server *s, struct stream *stream, int64_t until)
{
	if (s->closed) {
		return err_fail(ERR_CLOSED, "http server: closed");
	}
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "http server: out of memory");
	}
	c->server = s;
	c->stream = stream;
	s->connections++;
	queue_join(&s->idle, c);
	if (until != 0) {
		timer_start(s->loop, &c->end, until - loop_now(s->loop), expire_session, c);
	}
	stream_set(stream, &on_stream, c);
	return OK;
}

void http_server_move_end(struct stream *stream, int64_t until)
{
	struct conn *c = stream_user(stream);
	int64_t left = until - loop_now(c->server->loop);

	if (c->last) {
		return;
	}
	if (left <= 0) {
		expire_session(c);
	} else {
		timer_start(c->server->loop, &c->end, left, expire_session, c);
	}
}

void http_server_cut(struct stream *stream)
{
	struct conn *c = stream_user(stream);

	if (c->exchange || stream_pending(stream) > 0) {
		stream_abort(stream);
	} else {
		stream_close(stream);
	}
	drop_and_tell(c);
}

static void accepted(void *user, struct stream *stream)
{
	enum err e = strcmp(stream_application_protocol(stream), "h2") == 0
			     ? http2_take(user, stream)
			     : http_server_take(user, stream, 0);

	if (e != OK) {
		stream_abort(stream);
	}
}

/* Its stream has been ended by the caller. Gives the open request, whose client has gone, if any. */
struct exchange *conn_drop(struct conn *c)
{
	struct exchange *ex = c->exchange;

	ring_leave(&c->link);
	timer_stop(c->server->loop, &c->end);
	c->server->connections--;
	c->stream = NULL;
	c->exchange = NULL;
	if (!c->in_input) {
		free(c);
	}
	if (!ex) {
		return NULL;
	}
	ex->conn = NULL;
	ex->held.request.stream = NULL;
	ex->held.request.gone = true;
	if (ex->phase == READING) {
		exchange_end(ex);
		return NULL;
	}
	return ex;
}

static void drop_and_tell(struct conn *c)
{
	struct exchange *ex = conn_drop(c);

	if (ex && ex->held.request.on_gone) {
		ex->held.request.on_gone(&ex->held.request);
	}
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	(void)s;
	(void)why;
	drop_and_tell(user);
}

static void close_all(struct queue *q)
{
	struct conn *c;

	while ((c = first_of(q))) {
		stream_close(c->stream);
		drop_and_tell(c);
	}
	timer_stop(q->loop, &q->timer);
}

void http_server_close(struct http_server *s)
{
	if (!s || s->closed) {
		return;
	}
	s->closed = true;
	listener_close(s->listener);
	s->listener = NULL;
	close_all(&s->idle);
	close_all(&s->reading);
	close_all(&s->busy);
	http2_close_all(s);
	while (s->spare) {
		struct exchange *ex = s->spare;

		s->spare = ex->next_spare;
		free_exchange(ex);
	}
	http_server_release(s);
}

static void expire_idle(struct conn *c)
{
	if (stream_pending(c->stream) > 0) {
		queue_join(&c->server->idle, c); /* a slow reader; the stream sees to stalls */
		return;
	}
	stream_close(c->stream);
	(void)conn_drop(c);
}

static void expire_reading(struct conn *c)
{
	conn_refuse(c, 408, "the request did not arrive in time");
}

/* Exchanges. */

static enum err begin_exchange(struct conn *c)
{
	struct http_server *s = c->server;
	struct exchange *ex = s->spare;

	if (ex) {
		s->spare = ex->next_spare;
		s->spares--;
	} else {
		ex = calloc(1, sizeof(*ex));
		if (!ex) {
			return err_fail(ERR_MEMORY, "http server: out of memory");
		}
		ex->server = s;
		ex->body = buf_growing(s->limits.body);
		enum err e =
			http_parser_new(HTTP_REQUESTS, &s->limits, &on_message, ex, &ex->parser);

		if (e != OK) {
			free(ex);
			return e;
		}
	}
	ex->held = (struct http_held){.request = {.stream = c->stream}, .carrier = &http1_carrier};
	ex->conn = c;
	ex->phase = READING;
	ex->complete = ex->head_only = false;
	c->exchange = ex;
	s->holds++;
	return OK;
}

/* After its answer. What it held may be secret. */
void exchange_end(struct exchange *ex)
{
	struct http_server *s = ex->server;

	if (ex->conn) {
		ex->conn->exchange = NULL;
	}
	if (ex->body.room > 0) {
		buf_wipe(&ex->body);
		buf_free(&ex->body);
	}
	if (s->closed || s->spares == SPARE_MAX || !ex->complete) {
		free_exchange(ex);
	} else {
		ex->next_spare = s->spare;
		s->spare = ex;
		s->spares++;
	}
	http_server_release(s);
}

static enum err on_head(void *user, const struct http_head *head)
{
	struct exchange *ex = user;

	ex->held.request.head = head;
	ex->head_only = view_is(head->method, "HEAD");
	if (head->expects_continue && (head->chunked || head->length > 0)) {
		return stream_send(ex->conn->stream, view_text("HTTP/1.1 100 Continue\r\n\r\n"));
	}
	return OK;
}

static enum err on_body(void *user, struct view part)
{
	struct exchange *ex = user;

	buf_view(&ex->body, part);
	return ex->body.failed ? err_fail(ERR_MEMORY, "http server: out of memory") : OK;
}

static enum err on_done(void *user)
{
	struct exchange *ex = user;

	ex->complete = true;
	ex->held.request.body = buf_contents(&ex->body);
	return OK;
}

static void dispatch(struct exchange *ex)
{
	struct http_server *s = ex->server;

	ex->phase = HANDLING;
	queue_join(&s->busy, ex->conn);
	if (http_split_target(ex->held.request.head->target, &ex->held.request.target) != OK) {
		http_answer_problem(&ex->held.request, 400, err_detail());
		return;
	}
	s->handler(s->user, &ex->held.request);
}

/* One request's worth of bytes; false when no more can be used now. */
static bool take(struct conn *c, struct view bytes, size_t *ret_taken)
{
	*ret_taken = 0;
	if (c->exchange ? c->exchange->phase != READING : stream_pending(c->stream) > OUTPUT_HIGH) {
		c->paused = true; /* until the answer is given, or taken by the client */
		stream_pause(c->stream);
		return false;
	}
	if (!c->exchange && begin_exchange(c) != OK) {
		conn_refuse(c, 503, "out of memory");
		return false;
	}
	struct exchange *ex = c->exchange;

	if (http_feed(ex->parser, bytes, ret_taken) != OK) {
		conn_refuse(c, http_refusal(ex->parser), err_detail());
		return false;
	}
	if (ex->complete) {
		dispatch(ex);
	}
	return c->stream != NULL;
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct conn *c = user;
	struct http_server *s = c->server;
	size_t taken = 0;

	(void)stream;
	s->holds++;
	c->in_input = true;
	while (taken < bytes.len) {
		size_t used;
		bool more = take(c, view_of(bytes.data + taken, bytes.len - taken), &used);

		taken += used;
		if (!more) {
			break;
		}
	}
	c->in_input = false;
	if (!c->stream) {
		free(c);
	} else if (c->exchange && c->exchange->phase == READING && c->queue != &s->reading) {
		queue_join(&s->reading, c);
	}
	http_server_release(s);
	return taken;
}

/* Gives the connection back to its next request, or ends it. */
void conn_go_on(struct conn *c, bool keep)
{
	if (!keep) {
		stream_close(c->stream);
		(void)conn_drop(c);
		return;
	}
	queue_join(&c->server->idle, c);
	if (c->paused && stream_pending(c->stream) <= OUTPUT_HIGH) {
		c->paused = false;
		stream_resume(c->stream);
	}
}

void http_conn_abort(struct conn *c)
{
	stream_abort(c->stream);
	(void)conn_drop(c);
}

static void on_drained(void *user, struct stream *stream)
{
	struct conn *c = user;
	struct exchange *ex = c->exchange;

	if (ex && ex->phase == STREAMING && ex->wants_drained) {
		ex->wants_drained = false;
		if (ex->drained) {
			ex->drained(&ex->held.request);
		}
		return;
	}
	if (!ex && c->paused) {
		c->paused = false;
		stream_resume(stream);
	}
}
