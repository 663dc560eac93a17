// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include "base/secret.h"
#include "net/dial.h"
#include "net/stream_inside.h"
#include "net/tls_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum state {
	DIALLING,  /* no descriptor yet */
	HANDSHAKE, /* TLS, or nothing to do but to say ready */
	WAITING,   /* TLS, suspended until stream_retry() */
	OPEN,
	CLOSING,   /* has no owner; its last bytes are being sent */
	LINGERING, /* all is sent; reads on, or the system would answer the peer with a reset */
	DEAD,	   /* freed soon */
};

enum {
	INPUT = 64 * 1024, /* defaults of stream_limits */
	OUTPUT = 1024 * 1024,
	HANDSHAKE_MS = 10 * 1000,
	STALL_MS = 30 * 1000,
	CLOSE_MS = 5 * 1000,	    /* sending the last bytes and lingering, together */
	LINGER_BYTES = 1024 * 1024, /* a peer that sends more than this is cut off */
	WRITE_AT = 64 * 1024,	    /* so much output does not wait for the end of the turn */
};

struct stream {
	struct loop_child child;
	struct link link;
	struct loop *loop;
	struct listener *listener; /* that took it in, or NULL */
	struct stream_on on;
	void *user;
	struct stream_limits limits;
	enum state state;
	enum err broken; /* found while sending; told at the end of the turn */
	bool paused;	 /* by the owner */
	bool held;	 /* and the peer did send: no longer polled for input */
	bool offer;	 /* kept input is to be offered again */
	bool blocked;	 /* the socket takes no more output */
	bool sent_all;	 /* `drained` is due */
	bool retry;	 /* the suspended handshake is to go on */
	bool peer_ended; /* nothing more will come in */
	int polled;	 /* what libuv watches */
	int fd;
	uv_poll_t poll;
	struct dial *dial; /* DIALLING, with what it is for: */
	struct tls *tls;
	char *server_name;
	struct tls_session *session; /* NULL: plain */
	struct buf in, out;
	size_t sent;	    /* bytes at the front of `out` */
	size_t lingered;    /* bytes thrown away */
	struct timer timer; /* of the handshake, of a stall or of the close */
	struct later later;
	uint64_t ref;
	union peer_address peer;
	int64_t uid;
	char *peer_text;
};

static dial_done dialled;
static enum err adopt(struct stream *s, int fd, const union peer_address *peer);
static enum err begin_tls(struct stream *s, struct tls *tls, const char *server_name);
static void handshake(struct stream *s);
static void opened(struct stream *s);
static void on_poll(uv_poll_t *poll, int status, int events);
static void service(void *stream);
static void settle(struct stream *s);
static void take_input(struct stream *s);
static void offer(struct stream *s, struct view bytes);
static void offer_again(struct stream *s);
static void write_out(struct stream *s);
static void linger(struct stream *s);
static void ended(struct stream *s, enum err why);
static void timed_out(void *stream);
static void give_up(void *stream);
static void end_child(struct loop_child *child);

static size_t pending(const struct stream *s)
{
	return s->out.len - s->sent;
}

static void soon(struct stream *s)
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
	timer_start(loop, &s->timer, s->limits.handshake_ms, timed_out, s);
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
		ended(s, result);
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
		timer_start(loop, &s->timer, s->limits.handshake_ms, timed_out, s);
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
		ended(s, e);
		return;
	}
	s->state = tls_session_wants(s->session) == TLS_WANTS_PSK ? WAITING : HANDSHAKE;
	if (s->state == WAITING && s->retry) {
		soon(s);
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
	soon(s); /* what the handshake read beyond itself; what was sent before */
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
		take_input(s); /* the peer may have said why */
	}
	if (s->state == OPEN && s->broken != OK) {
		ended(s, s->broken);
	}
	if (s->state == OPEN && s->sent_all && pending(s) == 0) {
		s->sent_all = false;
		if (s->on.drained) {
			s->on.drained(s->user, s);
		}
	}
	if (s->state == CLOSING && (s->broken != OK || pending(s) == 0)) {
		linger(s);
	}
	if (s->state == HANDSHAKE) {
		bool output = tls_session_wants(s->session) == TLS_WANTS_WRITE;
		poll_for(s, output ? UV_WRITABLE : UV_READABLE);
	} else if (s->state == LINGERING) {
		poll_for(s, UV_READABLE);
	} else if (s->state == OPEN || s->state == CLOSING || s->state == WAITING) {
		bool input = s->state == OPEN && !s->held;
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
		write_out(s);
	}
	if (s->state == OPEN && (events & UV_READABLE)) {
		take_input(s);
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
		offer_again(s);
	}
	if (s->state == OPEN && !s->paused && s->session && tls_session_holds_input(s->session)) {
		take_input(s);
	}
	if ((s->state == OPEN || s->state == CLOSING) && !s->blocked) {
		write_out(s);
	}
	settle(s);
}

/* Input */

static enum err read_some(struct stream *s, void *to, size_t room, size_t *ret_len)
{
	if (s->session) {
		return tls_session_read(s->session, to, room, ret_len);
	}
	ssize_t got = recv(s->fd, to, room, 0);
	if (got > 0) {
		*ret_len = (size_t)got;
		return OK;
	}
	if (got == 0) {
		return err_fail(ERR_CLOSED, "the peer closed the connection");
	}
	return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : err_system("read");
}

/* A long unfinished message is read to where it is kept. */
static enum err read_to_buf(struct stream *s, size_t *ret_len)
{
	size_t kept = s->in.len, room = s->limits.input - kept;

	room = room < LOOP_SCRATCH ? room : LOOP_SCRATCH;
	buf_zeros(&s->in, room);
	if (s->in.failed) {
		return err_fail(ERR_MEMORY, "input: out of memory");
	}
	enum err e = read_some(s, s->in.data + kept, room, ret_len);
	s->in.len = kept + *ret_len;
	return e;
}

static void take_input(struct stream *s)
{
	if (s->offer && !s->paused) {
		offer_again(s);
	}
	if (s->state != OPEN || s->paused) {
		s->held = s->paused;
		return;
	}
	size_t kept = s->in.len, got = 0;
	enum err e;

	if (kept > LOOP_SCRATCH / 2) {
		e = read_to_buf(s, &got);
		if (got > 0) {
			offer_again(s);
		}
	} else {
		size_t room = s->limits.input < LOOP_SCRATCH ? s->limits.input : LOOP_SCRATCH;
		uint8_t *scratch = loop_scratch(s->loop);

		e = read_some(s, scratch + kept, room - kept, &got);
		if (got > 0) {
			if (kept > 0) {
				memcpy(scratch, s->in.data, kept);
			}
			offer(s, view_of(scratch, kept + got));
			bytes_wipe(scratch, kept + got);
		}
	}
	if (s->state != OPEN) {
		return;
	}
	if (s->session && tls_session_holds_input(s->session)) {
		soon(s);
	}
	if (e == ERR_CLOSED) {
		s->peer_ended = true;
		write_out(s); /* answers to what came just before */
		ended(s, err_fail(ERR_CLOSED, "the peer closed the connection"));
	} else if (e != OK && e != ERR_AGAIN) {
		ended(s, got > 0 ? err_fail(e, "the connection broke") : e);
	}
}

static void check_kept(struct stream *s)
{
	if (s->in.failed) {
		ended(s, err_fail(ERR_MEMORY, "input: out of memory"));
	} else if (s->in.len >= s->limits.input && !s->paused) {
		ended(s, err_fail(ERR_OVERLOAD, "more than %zu bytes of input that nobody could use",
				 s->limits.input));
	}
}

/* Offers bytes of the scratch area and keeps what is not used. */
static void offer(struct stream *s, struct view bytes)
{
	s->offer = false;
	size_t used = s->on.input(s->user, s, bytes);

	if (s->state != OPEN) {
		return;
	}
	buf_clear(&s->in);
	if (used < bytes.len) {
		buf_bytes(&s->in, bytes.data + used, bytes.len - used);
	} else if (s->in.room > 0) {
		buf_free(&s->in);
	}
	check_kept(s);
}

static void offer_again(struct stream *s)
{
	s->offer = false;
	if (s->in.len == 0) {
		return;
	}
	size_t used = s->on.input(s->user, s, buf_contents(&s->in));

	if (s->state != OPEN) {
		return;
	}
	buf_consume(&s->in, used);
	if (s->in.len == 0) {
		buf_free(&s->in);
	}
	check_kept(s);
}

void stream_pause(struct stream *s)
{
	s->paused = true;
}

void stream_resume(struct stream *s)
{
	if (s->paused) {
		s->paused = s->held = false;
		s->offer = true;
		soon(s);
	}
}

void stream_set(struct stream *s, const struct stream_on *on, void *user)
{
	s->on = *on;
	s->user = user;
	s->offer = true;
	soon(s);
}

/* Output */

static enum err write_some(struct stream *s, const void *from, size_t len, size_t *ret_len)
{
	if (s->session) {
		return tls_session_write(s->session, from, len, ret_len);
	}
	ssize_t put = send(s->fd, from, len, MSG_NOSIGNAL);
	if (put >= 0) {
		*ret_len = (size_t)put;
		return OK;
	}
	return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : err_system("write");
}

/* As much as the socket takes. A failure is kept in `broken`, for settle() to tell. */
static void write_out(struct stream *s)
{
	enum err e = OK;
	size_t before = s->sent;

	if (pending(s) == 0 || s->broken != OK) {
		return;
	}
	while (s->sent < s->out.len && e == OK) {
		size_t put = 0;
		e = write_some(s, s->out.data + s->sent, s->out.len - s->sent, &put);
		s->sent += put;
	}
	s->blocked = e == ERR_AGAIN;
	if (e != OK && e != ERR_AGAIN) {
		s->broken = e;
		soon(s);
	}
	if (pending(s) == 0) {
		buf_free(&s->out);
		s->sent = 0;
		s->sent_all = true;
	}
	if (s->state == OPEN && !s->blocked) {
		timer_stop(s->loop, &s->timer);
	} else if (s->state == OPEN && (s->sent > before || !timer_is_running(&s->timer))) {
		timer_start(s->loop, &s->timer, s->limits.stall_ms, timed_out, s);
	}
}

enum err stream_send(struct stream *s, struct view bytes)
{
	if (s->state > OPEN || s->broken != OK) {
		return err_fail(ERR_CLOSED, "the connection has ended");
	}
	if (s->state == OPEN && !s->blocked && pending(s) + bytes.len > WRITE_AT) {
		write_out(s);
	}
	if (bytes.len > s->limits.output - pending(s)) {
		return err_fail(ERR_OVERLOAD, "the peer does not take its output: %zu bytes wait",
			pending(s));
	}
	if (s->sent > 0 && (s->sent > s->out.len / 2 || bytes.len > s->limits.output - s->out.len)) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
	buf_view(&s->out, bytes);
	if (s->out.failed) {
		s->broken = err_fail(ERR_MEMORY, "output: out of memory");
	}
	soon(s);
	return s->broken;
}

size_t stream_pending(const struct stream *s)
{
	return pending(s);
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
	buf_free(&s->in);
	buf_free(&s->out);
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

static void end_child(struct loop_child *child)
{
	stream_abort(OUTER(struct stream, child, child));
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
	buf_free(&s->in);
	timer_start(s->loop, &s->timer, CLOSE_MS, give_up, s);
}

void stream_close(struct stream *s)
{
	if (s->state == OPEN) {
		orphan(s);
		soon(s);
	} else if (s->state < OPEN) {
		stream_abort(s);
	}
}

/* All is sent: says so, and waits for the peer to have read it. */
static void linger(struct stream *s)
{
	if (s->broken == OK && s->session) {
		tls_session_bye(s->session);
	}
	if (s->broken == ERR_IO || s->peer_ended || shutdown(s->fd, SHUT_WR) != 0) {
		stream_abort(s);
		return;
	}
	s->state = LINGERING;
}

static void ended(struct stream *s, enum err why)
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

static void timed_out(void *stream)
{
	struct stream *s = stream;
	bool open = s->state == OPEN;

	ended(s, err_fail(ERR_TIMEOUT, "%s within %lld ms",
			 open ? "the peer took no output" : "the connection was not ready",
			 (long long)(open ? s->limits.stall_ms : s->limits.handshake_ms)));
}

/* Names */

void stream_retry(struct stream *s)
{
	if (s && (s->state == WAITING || s->state == HANDSHAKE)) {
		s->retry = true;
		soon(s);
	}
}

uint64_t stream_ref(struct stream *s)
{
	void *slot;

	if (s->ref == 0 && s->state != DEAD && loop_make_refs(s->loop, sizeof(s)) == OK &&
		pool_take(loop_refs(s->loop), &s->ref, &slot) == OK) {
		memcpy(slot, &s, sizeof(s));
	}
	return s->ref;
}

struct stream *stream_at(struct loop *loop, uint64_t ref)
{
	struct stream **slot = loop_refs(loop) ? pool_at(loop_refs(loop), ref) : NULL;

	return slot ? *slot : NULL;
}

struct link *stream_link(struct stream *s)
{
	return &s->link;
}

struct stream *stream_of_link(struct link *link)
{
	return OUTER(struct stream, link, link);
}

const union peer_address *stream_peer(const struct stream *s)
{
	return &s->peer;
}

const char *stream_peer_address(const struct stream *s)
{
	char text[ADDRESS_MAX];

	if (s->peer.any.sa_family == AF_UNIX) {
		return "unix";
	}
	if (!s->peer_text) {
		address_text(&s->peer.any, text);
		((struct stream *)s)->peer_text =
			strdup(text); /* written down when first asked for */
	}
	return s->peer_text ? s->peer_text : "";
}

void stream_own_address(const struct stream *s, char ret[ADDRESS_MAX])
{
	struct address own = {.len = sizeof(own.sa)};

	ret[0] = 0;
	if (getsockname(s->fd, &own.sa.any, &own.len) == 0) {
		address_text(&own.sa.any, ret);
	}
}

int64_t stream_peer_uid(const struct stream *s)
{
	return s->uid;
}

bool stream_peer_is(const struct stream *s, const char *fqdn)
{
	return s->session && tls_session_peer_is(s->session, fqdn);
}

const char *stream_peer_name(const struct stream *s)
{
	return s->session ? tls_session_peer_name(s->session) : "";
}

struct view stream_psk_identity(const struct stream *s)
{
	return s->session ? tls_session_psk_identity(s->session) : view_text(NULL);
}

const char *stream_server_name(const struct stream *s)
{
	return s->session ? tls_session_server_name(s->session) : "";
}

enum err stream_channel_binding(struct stream *s, uint8_t ret[32])
{
	if (!s->session) {
		return err_fail(ERR_UNSUPPORTED, "channel binding: the connection has no TLS");
	}
	return tls_session_binding(s->session, ret);
}

const char *stream_tls_version(const struct stream *s)
{
	return s->session ? tls_session_version(s->session) : "";
}
