// SPDX-License-Identifier: Apache-2.0
/*
 * A subscription by server-sent events has one stream at a time, the last that was opened. An event's id is its sequence
 * number; what went onto a stream stays in the store until the subscriber has said that it had it: by the Last-Event-ID of
 * the next stream, or by a request.
 */
#include "registry/notify/inside.h"

#include "wire/sse.h"

#include <inttypes.h>
#include <stdio.h>

enum { EVENT_MAX = JOSE_MAX + 1024 };

/* The one place where a stream leaves its subscriber; ending the request is the caller's. */
static struct http_request *detach(struct subscriber *s)
{
	struct http_request *request = s->stream;

	s->stream = NULL;
	s->full = false;
	timer_stop(s->notify->registry->loop, &s->keep_alive);
	if (request) {
		request->on_gone = NULL;
		s->notify->streams--;
	}
	return request;
}

static void end_stream(struct subscriber *s, void (*end)(struct http_request *request))
{
	struct http_request *request = detach(s);

	if (request) {
		end(request);
	}
}

void streams_close(struct subscriber *s)
{
	end_stream(s, http_answer_end);
}

static void on_gone(struct http_request *request)
{
	end_stream(request->user, http_answer_abort);
}

/* ---- sending ---- */

static void on_keep_alive(void *user);

static void stay_alive(struct subscriber *s)
{
	const struct registry *registry = s->notify->registry;

	timer_start(registry->loop, &s->keep_alive, registry->conf->notify_keep_alive,
		on_keep_alive, s);
}

/* ERR_OVERLOAD: not taken; ERR_UNAVAILABLE: the stream is over. */
static enum err send_part(struct subscriber *s, struct view text)
{
	enum err err = http_answer_part(s->stream, text);

	switch (err) {
	case ERR_AGAIN:
		s->full = true;
		stay_alive(s);
		return OK;
	case OK:
		stay_alive(s);
		return OK;
	case ERR_OVERLOAD:
		s->full = true;
		return err;
	default:
		end_stream(s, http_answer_abort);
		return err_fail(ERR_UNAVAILABLE, "notify: the event stream has ended");
	}
}

static void on_keep_alive(void *user)
{
	struct subscriber *s = user;

	stay_alive(s);
	(void)!send_part(s, view_text(":\n\n"));
}

static enum err write_event(const struct subscriber *s, const char *kind, struct buf *out)
{
	BUF_CLEANUP struct buf data = buf_growing(JOSE_MAX);
	const int64_t sequence = s->window[s->at + s->batch - 1].sequence;
	char id[24];

	TRY(s->as_tokens ? token_make(s, kind, &data) : token_payload(s, &data));
	(void)snprintf(id, sizeof(id), "%" PRId64, sequence);
	sse_write(out, view_text(id), s->wants.period_s > 0 ? "digest" : kind, buf_contents(&data));
	return buf_end(out, "notify: event");
}

void streams_send(struct subscriber *s, const char *kind)
{
	BUF_CLEANUP struct buf text = buf_growing(EVENT_MAX);

	if (s->stale || !s->stream) {
		s->stale = false;
		deliver_put_off(s);
		return;
	}
	enum err err = write_event(s, kind, &text);

	if (err != OK) {
		deliver_failed(s, err_detail(), 0);
	} else if (send_part(s, buf_contents(&text)) == OK) {
		deliver_passed(s);
	} else {
		deliver_put_off(s);
	}
}

/* ---- a new stream ---- */

static void on_drained(struct http_request *request)
{
	struct subscriber *s = request->user;

	s->full = false;
	deliver_wake(s);
}

static enum err begin(struct subscriber *s, struct http_request *request)
{
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(SSE_TYPE)},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	TRY(http_answer_begin(request, 200, fields, 2, on_drained));
	request->user = s;
	request->on_gone = on_gone;
	s->stream = request;
	s->notify->streams++;
	return OK;
}

/* What is under way, or being read, was for another stream. */
static void start_from(struct subscriber *s, int64_t after)
{
	s->sent = after;
	s->stale = s->under_way || s->reading;
	if (!s->stale) {
		s->at = s->count = 0;
	}
}

void streams_open(struct subscriber *s, struct http_request *request, bool as_tokens, int64_t after)
{
	end_stream(s, http_answer_end);
	if (begin(s, request) != OK) {
		http_answer_problem(request, 503, "the stream cannot be opened now");
		return;
	}
	s->as_tokens = as_tokens;
	start_from(s, after);
	if (after > 0) {
		rows_had(s, after);
	}
	if (send_part(s, view_text(":\n\n")) == OK) { /* the head goes out at once */
		deliver_wake(s);
	}
}
