// SPDX-License-Identifier: Apache-2.0
/* A stream's bytes: in through the loop's scratch area, out through a buffer of its own. */
#include "net/stream_inside.h"

#include "base/secret.h"

#include <errno.h>
#include <string.h>

enum { WRITE_AT = 64 * 1024 }; /* so much output does not wait for the end of the turn */

static void offer(struct stream *s, struct view bytes);

void stream_forget(struct buf *bytes)
{
	buf_wipe(bytes);
	buf_free(bytes);
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

static void peer_ended(struct stream *s)
{
	s->peer_ended = true;
	if (s->on.ended && !s->finished) {
		s->on.ended(s->user, s);
		return;
	}
	stream_write_out(s); /* answers to what came just before */
	stream_ended(s, err_fail(ERR_CLOSED, "the peer closed the connection"));
}

void stream_take_input(struct stream *s)
{
	if (s->offer && !s->paused) {
		stream_offer_again(s);
	}
	if (s->state != OPEN || s->paused || s->peer_ended) {
		s->held = s->paused;
		return;
	}
	size_t kept = s->in.len, got = 0;
	enum err e;

	if (kept > LOOP_SCRATCH / 2) {
		e = read_to_buf(s, &got);
		if (got > 0) {
			stream_offer_again(s);
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
		stream_soon(s);
	}
	if (e == ERR_CLOSED) {
		peer_ended(s);
	} else if (e != OK && e != ERR_AGAIN) {
		stream_ended(s, got > 0 ? err_fail(e, "the connection broke") : e);
	}
}

static void check_kept(struct stream *s)
{
	if (s->in.failed) {
		stream_ended(s, err_fail(ERR_MEMORY, "input: out of memory"));
	} else if (s->in.len >= s->limits.input && !s->paused) {
		stream_ended(s,
			err_fail(ERR_OVERLOAD, "more than %zu bytes of input that nobody could use",
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
		stream_forget(&s->in);
	}
	check_kept(s);
}

void stream_offer_again(struct stream *s)
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
		stream_forget(&s->in);
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
		stream_soon(s);
	}
}

void stream_set(struct stream *s, const struct stream_on *on, void *user)
{
	s->on = *on;
	s->user = user;
	s->offer = true;
	stream_soon(s);
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
void stream_write_out(struct stream *s)
{
	enum err e = OK;
	size_t before = s->sent;

	if (stream_pending(s) == 0 || s->broken != OK) {
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
		stream_soon(s);
	}
	if (stream_pending(s) == 0) {
		stream_forget(&s->out);
		s->sent = 0;
		s->sent_all = true;
	}
	if (s->state == OPEN && !s->blocked) {
		timer_stop(s->loop, &s->timer);
	} else if (s->state == OPEN && (s->sent > before || !timer_is_running(&s->timer))) {
		timer_start(s->loop, &s->timer, s->limits.stall_ms, stream_timed_out, s);
	}
}

enum err stream_send(struct stream *s, struct view bytes)
{
	if (s->state > OPEN || s->broken != OK || s->finishing) {
		return err_fail(ERR_CLOSED, "the connection has ended");
	}
	if (s->state == OPEN && !s->blocked && stream_pending(s) + bytes.len > WRITE_AT) {
		stream_write_out(s);
	}
	if (bytes.len > s->limits.output - stream_pending(s)) {
		return err_fail(ERR_OVERLOAD, "the peer does not take its output: %zu bytes wait",
			stream_pending(s));
	}
	if (s->sent > 0 && (s->sent > s->out.len / 2 || bytes.len > s->limits.output - s->out.len)) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
	buf_view(&s->out, bytes);
	if (s->out.failed) {
		s->broken = err_fail(ERR_MEMORY, "output: out of memory");
	}
	stream_soon(s);
	return s->broken;
}

size_t stream_pending(const struct stream *s)
{
	return s->out.len - s->sent;
}
