// SPDX-License-Identifier: Apache-2.0
/* A stream's life: begun, shaken hands, open, closed. */
#include "net/stream_inside.h"

#include "net/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	INPUT = 64 * 1024, /* defaults of stream_limits */
	OUTPUT = 1024 * 1024,
	HANDSHAKE_MS = 10 * 1000,
	STALL_MS = 30 * 1000,
	CLOSE_MS = 5 * 1000,	    /* sending the last bytes and lingering, together */
	LINGER_BYTES = 1024 * 1024, /* a peer that sends more than this is cut off */
};

static dial_done dialled;
static enum err adopt(struct stream *s, int fd, const union peer_address *peer);
static enum err begin_tls(struct stream *s, struct tls *tls, const char *server_name);
static void handshake(struct stream *s);
static void opened(struct stream *s);
static void on_poll(uv_poll_t *poll, int status, int events);
static void service(void *stream);
static void settle(struct stream *s);
static void finish(struct stream *s);
static void linger(struct stream *s);
static void end_child(struct loop_child *child);

void stream_soon(struct stream *s)
{
	if (s->state != DEAD) {
		loop_later(s->loop, &s->later, service, s);
	}
}

/* Beginning */

static struct stream *new_stream(struct loop *loop, const struct stream_limits *limits,
	const struct stream_on *on, void *user)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	s->loop = loop;
	s->on = *on;
	s->user = user;
	s->fd = -1;
	s->uid = -1;
	s->limits = limits ? *limits : (struct stream_limits){.input = 0};
	s->limits.input = s->limits.input ? s->limits.input : INPUT;
	s->limits.output = s->limits.output ? s->limits.output : OUTPUT;
	s->limits.handshake_ms = s->limits.handshake_ms ? s->limits.handshake_ms : HANDSHAKE_MS;
	s->limits.stall_ms = s->limits.stall_ms ? s->limits.stall_ms : STALL_MS;
	s->in = buf_growing(s->limits.input);
	s->out = buf_growing(s->limits.output);
	s->child.end = end_child;
	loop_own(loop, &s->child);
	return s;
}

enum err stream_connect(struct loop *loop, const char *address, struct tls *tls,
	const char *server_name, const struct stream_limits *limits, const struct stream_on *on,
	void *user, struct stream **ret)
{
	struct address target;

	TRY(address_parse(address, &target));
	if (tls && !server_name) {
		server_name = target.host;
	}
	if (tls && !server_name[0]) {
		return err_fail(ERR_SYNTAX, "connect %s: TLS needs the server's name", address);
	}
	struct stream *s = new_stream(loop, limits, on, user);
	if (!s || (tls && !(s->server_name = strdup(server_name)))) {
		stream_abort(s);
		return err_fail(ERR_MEMORY, "connect: out of memory");
	}
	s->tls = tls_share(tls);
	enum err e = dial_start(loop, address, dialled, s, &s->dial);
	if (e != OK) {
		stream_abort(s);
		return e;
	}
	timer_start(loop, &s->timer, s->limits.handshake_ms, stream_timed_out, s);
	*ret = s;
	return OK;
}

static void dialled(void *user, enum err result, int fd, const struct address *peer)
{
	struct stream *s = user;
	union peer_address small = {.any = peer->sa.any};

	s->dial = NULL;
	if (result == OK) {
		memcpy(&small, &peer->sa, sizeof(small));
		result = adopt(s, fd, &small);
	}
	if (result == OK && s->tls) {
		result = begin_tls(s, s->tls, s->server_name);
	}
	if (result != OK) {
		stream_ended(s, result);
	} else if (s->session) {
		handshake(s);
	} else {
		opened(s);
	}
}

enum err stream_take(struct loop *loop, int fd, const union peer_address *peer,
	const struct listener_options *options, const struct stream_on *on,
	struct listener *listener, struct stream **ret)
{
	struct stream *s = new_stream(loop, &options->limits, on, listener);

	if (!s) {
		(void)close(fd);
		return err_fail(ERR_MEMORY, "accept: out of memory");
	}
	enum err e = adopt(s, fd, peer);
	if (e == OK && options->tls) {
		e = begin_tls(s, options->tls, NULL);
	}
	if (e != OK) {
		stream_abort(s);
		return e;
	}
	s->listener = listener;
	if (s->session) {
		timer_start(loop, &s->timer, s->limits.handshake_ms, stream_timed_out, s);
	} else {
		s->state = OPEN;
	}
	settle(s);
	*ret = s;
	return OK;
}

static enum err adopt(struct stream *s, int fd, const union peer_address *peer)
{
	int failed = uv_poll_init(loop_uv(s->loop), &s->poll, fd);
	struct ucred who;
	socklen_t len = sizeof(who);

	if (failed) {
		(void)close(fd);
		return err_fail(ERR_IO, "connection: %s", uv_strerror(failed));
	}
	s->fd = fd;
	s->peer = *peer;
	if (peer->any.sa_family == AF_UNIX &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0) {
		s->uid = who.uid;
	}
	return OK;
}

static enum err begin_tls(struct stream *s, struct tls *tls, const char *server_name)
{
	s->state = HANDSHAKE;
	return tls_session_new(tls, s->fd, server_name, s, &s->session);
}

static void handshake(struct stream *s)
{
	enum err e = tls_session_handshake(s->session);

	if (e == OK) {
		opened(s);
		return;
	}
	if (e != ERR_AGAIN) {
		stream_ended(s, e);
		return;
	}
	s->state = tls_session_wants(s->session) == TLS_WANTS_PSK ? WAITING : HANDSHAKE;
	if (s->state == WAITING && s->retry) {
		stream_soon(s);
	}
	settle(s);
}

static void opened(struct stream *s)
{
	timer_stop(s->loop, &s->timer);
	tls_free(s->tls);
	s->tls = NULL;
	s->state = OPEN;
	s->on.ready(s->user, s);
	stream_soon(s); /* what the handshake read beyond itself; what was sent before */
	settle(s);
}

/* Events */

static void poll_for(struct stream *s, int wanted)
{
	if (wanted == s->polled) {
		return;
	}
	s->polled = wanted;
	if (wanted) {
		(void)uv_poll_start(&s->poll, wanted, on_poll);
	} else {
		(void)uv_poll_stop(&s->poll);
	}
}

/* What every event ends with: tells the owner, and watches for what is awaited now. */
static void settle(struct stream *s)
{
	if (s->state == OPEN && s->broken != OK && !s->paused) {
		stream_take_input(s); /* the peer may have said why */
	}
	if (s->state == OPEN && s->broken != OK) {
		stream_ended(s, s->broken);
	}
	if (s->state == OPEN && s->sent_all && stream_pending(s) == 0) {
		s->sent_all = false;
		if (s->on.drained) {
			s->on.drained(s->user, s);
		}
	}
	if (s->state == OPEN && s->finishing && !s->finished && stream_pending(s) == 0) {
		finish(s);
	}
	if (s->state == CLOSING && (s->broken != OK || stream_pending(s) == 0)) {
		linger(s);
	}
	if (s->state == HANDSHAKE) {
		bool output = tls_session_wants(s->session) == TLS_WANTS_WRITE;
		poll_for(s, output ? UV_WRITABLE : UV_READABLE);
	} else if (s->state == LINGERING) {
		poll_for(s, UV_READABLE);
	} else if (s->state == OPEN || s->state == CLOSING || s->state == WAITING) {
		bool input = s->state == OPEN && !s->held && !s->peer_ended;
		poll_for(s, (input ? UV_READABLE : 0) | (s->blocked ? UV_WRITABLE : 0));
	}
}

static void throw_away(struct stream *s)
{
	ssize_t got = recv(s->fd, loop_scratch(s->loop), LOOP_SCRATCH, MSG_TRUNC);

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	s->lingered += got > 0 ? (size_t)got : 0;
	if (got <= 0 || s->lingered > LINGER_BYTES) {
		stream_abort(s);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct stream *s = OUTER(struct stream, poll, poll);

	if (status < 0) { /* libuv watches no more; the next system call says why */
		s->polled = 0;
		events = UV_READABLE | UV_WRITABLE;
	}
	if (s->state == HANDSHAKE) {
		handshake(s);
		return;
	}
	if (s->state == LINGERING) {
		throw_away(s);
	}
	if ((s->state == OPEN || s->state == CLOSING) && (events & UV_WRITABLE) && s->blocked) {
		stream_write_out(s);
	}
	if (s->state == OPEN && (events & UV_READABLE)) {
		stream_take_input(s);
	}
	settle(s);
}

/* At the end of the turn. */
static void service(void *stream)
{
	struct stream *s = stream;

	if (s->state == WAITING && s->retry) {
		s->retry = false;
		handshake(s);
		return;
	}
	if (s->state == OPEN && s->offer && !s->paused) {
		stream_offer_again(s);
	}
	if (s->state == OPEN && !s->paused && s->session && tls_session_holds_input(s->session)) {
		stream_take_input(s);
	}
	if ((s->state == OPEN || s->state == CLOSING) && !s->blocked) {
		stream_write_out(s);
	}
	settle(s);
}

/* Ending */

static void free_stream(void *stream)
{
	struct stream *s = stream;

	free(s->peer_text);
	free(s);
}

static void poll_closed(uv_handle_t *handle)
{
	free_stream(OUTER(struct stream, poll, (uv_poll_t *)handle));
}

void stream_abort(struct stream *s)
{
	if (!s || s->state == DEAD) {
		return;
	}
	s->state = DEAD;
	loop_disown(&s->child);
	ring_leave(&s->link);
	loop_never(&s->later);
	timer_stop(s->loop, &s->timer);
	if (s->dial) {
		dial_cancel(s->dial);
	}
	if (s->ref) {
		pool_give(loop_refs(s->loop), s->ref);
	}
	tls_session_free(s->session);
	tls_free(s->tls);
	free(s->server_name);
	stream_forget(&s->in);
	stream_forget(&s->out);
	if (s->fd < 0) {
		loop_later(s->loop, &s->later, free_stream, s);
		return;
	}
	uv_close((uv_handle_t *)&s->poll, poll_closed);
	(void)close(s->fd);
	if (s->listener) {
		listener_left(s->listener, &s->peer);
	}
}

/* The loop is freed: what was closed just before, a last word to a peer say, leaves if the socket takes it. */
static void end_child(struct loop_child *child)
{
	struct stream *s = OUTER(struct stream, child, child);

	if (s->state == CLOSING) {
		service(s);
	}
	stream_abort(s);
}

static void give_up(void *stream)
{
	stream_abort(stream);
}

/* Nobody owns it from here on. */
static void orphan(struct stream *s)
{
	s->on = (struct stream_on){.ready = NULL};
	s->state = CLOSING;
	stream_forget(&s->in);
	timer_start(s->loop, &s->timer, CLOSE_MS, give_up, s);
}

void stream_close(struct stream *s)
{
	if (s->state == OPEN) {
		orphan(s);
		stream_soon(s);
	} else if (s->state < OPEN) {
		stream_abort(s);
	}
}

void stream_finish(struct stream *s)
{
	s->finishing = true;
	stream_soon(s);
}

/* All is sent: says so, and reads on. */
static void finish(struct stream *s)
{
	s->finished = true;
	if (s->session) {
		tls_session_bye(s->session);
	}
	(void)shutdown(s->fd, SHUT_WR);
	if (s->peer_ended) {
		stream_ended(s, err_fail(ERR_CLOSED, "both ends have finished"));
	}
}

/* All is sent: says so, and waits for the peer to have read it. */
static void linger(struct stream *s)
{
	if (s->broken == OK && s->session && !s->finished) {
		tls_session_bye(s->session);
	}
	if (s->broken == ERR_IO || s->peer_ended || shutdown(s->fd, SHUT_WR) != 0) {
		stream_abort(s);
		return;
	}
	s->state = LINGERING;
}

void stream_ended(struct stream *s, enum err why)
{
	struct stream_on on = s->on;
	bool connected = s->fd >= 0;

	orphan(s);
	if (why != ERR_CLOSED) {
		s->broken = why; /* what waits is not sent; an alert of TLS may be on its way */
	}
	on.closed(s->user, s, why);
	if (s->state == CLOSING && (!connected || why == ERR_TIMEOUT || why == ERR_IO)) {
		stream_abort(s);
	}
	if (s->state == CLOSING) {
		settle(s);
	}
}

void stream_timed_out(void *stream)
{
	struct stream *s = stream;
	bool open = s->state == OPEN;

	stream_ended(s, err_fail(ERR_TIMEOUT, "%s within %lld ms",
				open ? "the peer took no output" : "the connection was not ready",
				(long long)(open ? s->limits.stall_ms : s->limits.handshake_ms)));
}
