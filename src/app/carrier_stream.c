// SPDX-License-Identifier: Apache-2.0
/*
 * What a node tells over HTTPS: server-sent events, in the order of its log. They are acknowledged when they are kept: all up
 * to a serial at once, as answers come. A stream that ends, or brings what cannot be taken now, is opened again
 * from the last event that is kept, with the next announcement.  req: B9.6.1-d
 */
#include "app/https_node.h"

#include "base/log.h"

#include <string.h>

enum { EVENT_MAX = 128 * 1024 };

static void flush(struct https_node *h);

/* --- the stream's end --- */

static void forget_stream(struct https_node *h)
{
	h->stream = NULL;
	h->generation++;
	h->first = h->count = 0;
	h->ack_due = h->greeted = h->doomed = false;
	h->ack.refused_count = 0;
	sse_free(&h->sse);
}

void https_stream_close(struct https_node *h)
{
	if (h->acking) {
		http_call_cancel(h->acking);
		h->acking = NULL;
	}
	if (h->stream) {
		http_call_cancel(h->stream);
	}
	forget_stream(h);
}

/* Its reason stands in err_detail(). */
static void lose(struct https_node *h)
{
	struct node *node = h->node;

	log_event(LOG_WARN, "rp_a.stream_lost", "", LOG_TEXT("authn", node->host.text),
		LOG_DETAIL());
	https_stream_close(h);
	if (h->announcing && !h->put) {
		https_announced(h, ERR_UNAVAILABLE, NULL);
	} else if (node->follows) {
		announce_lost(node);
	}
}

/* Not from within the reader of the stream, which may be under way. */
static void doom(struct https_node *h)
{
	if (h->feeding) {
		h->doomed = true;
	} else if (h->stream) {
		lose(h);
	}
}

/* --- acknowledgements --- */

static void on_ack_head(void *user, const struct http_head *head)
{
	((struct https_node *)user)->ack_status = head->status;
}

static void on_ack_done(void *user, enum err result)
{
	struct https_node *h = user;

	h->acking = NULL;
	if (result == OK && h->ack_status != 204) {
		result = err_fail(ERR_UNAVAILABLE, "RP_A: an acknowledgement was answered with %u",
			h->ack_status);
	}
	if (result != OK) {
		doom(h);
		return;
	}
	flush(h);
}

static enum err send_ack(struct https_node *h)
{
	static const struct http_call_on on = {.head = on_ack_head, .done = on_ack_done};
	static const struct http_field type = {{(const uint8_t *)"Content-Type", 12},
		{(const uint8_t *)"application/json", 16}};
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_BODY_MAX);

	memcpy(h->ack.log, h->log, sizeof(h->ack.log));
	TRY(rp_a_json_write_ack(&h->ack, &body));
	return http_client_call(h->calls, "POST", view_text("/rp-a/v1/events/ack"), &type, 1,
		buf_contents(&body), &on, h, &h->acking);
}

/* One at a time: what is answered meanwhile goes with the next. */
static void flush(struct https_node *h)
{
	while (h->count > 0 && h->unanswered[h->first].state != EVENT_WAITS &&
		h->ack.refused_count < RP_A_REFUSED) {
		const struct unanswered *u = &h->unanswered[h->first];

		if (u->state == EVENT_REFUSED) {
			h->ack.refused[h->ack.refused_count++] = u->serial;
		}
		h->ack.serial = u->serial;
		h->ack_due = true;
		h->first = (h->first + 1) % UNANSWERED_MAX;
		h->count--;
	}
	if (!h->ack_due || h->acking || !h->stream || h->feeding) {
		return;
	}
	enum err err = send_ack(h);

	h->ack_due = false;
	h->ack.refused_count = 0;
	if (err != OK) {
		doom(h);
	}
}

static bool is_never_taken(enum err result)
{
	return result == ERR_DENIED || result == ERR_SYNTAX || result == ERR_RANGE ||
	       result == ERR_UNSUPPORTED;
}

static struct unanswered *waiting(struct https_node *h, uint64_t serial)
{
	for (size_t i = 0; i < h->count; i++) {
		struct unanswered *u = &h->unanswered[(h->first + i) % UNANSWERED_MAX];

		if (u->serial == serial && u->state == EVENT_WAITS) {
			return u;
		}
	}
	return NULL;
}

void https_stream_answer(struct symapp *app, const struct told_by *by, enum err result,
	const char *why)
{
	struct https_node *h = by->node->https;

	if (app->closing || !h || by->mark != h->generation) {
		return; /* of a stream that is over */
	}
	struct unanswered *u = waiting(h, by->serial);

	if (result != OK && !is_never_taken(result)) {
		(void)err_fail(result, "RP_A: an event cannot be taken now: %s", why ? why : "");
		doom(h);
		return;
	}
	if (u) {
		u->state = result == OK ? EVENT_TAKEN : EVENT_REFUSED;
	}
	flush(h);
}

/* --- what comes --- */

static enum err greet(struct https_node *h, const struct sse_event *event)
{
	struct rp_rpa place;
	RP_A_JSON(m);

	TRY(rp_a_json_read_place(event->data, &m, &place));
	if (place.has_serial) {
		memcpy(h->log, place.log.data, EVENT_LOG);
	}
	h->greeted = true;
	https_announced(h, OK,
		&(struct announce_answer){.whole = h->whole,
			.detail = view_text(h->detail),
			.log = place.has_serial ? place.log : (struct view){0},
			.serial = place.serial});
	return OK;
}

static enum err await_answer(struct https_node *h, uint64_t serial)
{
	if (h->count == UNANSWERED_MAX) {
		return err_fail(ERR_OVERLOAD, "RP_A: more than %d events at once", UNANSWERED_MAX);
	}
	h->unanswered[(h->first + h->count++) % UNANSWERED_MAX] =
		(struct unanswered){.serial = serial, .state = EVENT_WAITS};
	return OK;
}

static void take(struct https_node *h, const struct sse_event *event, const struct told_by *by,
	const uint8_t log[RP_A_LOG])
{
	struct symapp *app = h->node->app;
	struct rp_rpr rpr;
	RP_A_JSON(m);

	if (rp_a_json_read_event(event->data, &m, &rpr) != OK) {
		log_event(LOG_WARN, "rp_a.event_refused", "", LOG_TEXT("authn", h->node->host.text),
			LOG_DETAIL());
		https_stream_answer(app, by, ERR_SYNTAX, NULL);
		return;
	}
	rpr.type = rp_a_json_event_type(event->name);
	rpr.log = view_of(log, RP_A_LOG);
	rpr.has_serial = true;
	rpr.serial = by->serial;
	events_take(app, by, &rpr);
}

static enum err on_event(void *user, const struct sse_event *event)
{
	struct https_node *h = user;
	struct told_by by = {.carrier = &carrier_https, .node = h->node, .mark = h->generation};
	uint8_t log[RP_A_LOG];

	if (view_is(event->name, "log")) {
		return greet(h, event);
	}
	if (!h->greeted) {
		return err_fail(ERR_SYNTAX, "RP_A: an event before the log");
	}
	TRY(rp_a_json_read_id(event->id, log, &by.serial));
	TRY(await_answer(h, by.serial));
	take(h, event, &by, log);
	return h->doomed ? err_fail(ERR_UNAVAILABLE, "%s", err_detail()) : OK;
}

static void on_head(void *user, const struct http_head *head)
{
	((struct https_node *)user)->stream_status = head->status;
}

static void on_body(void *user, struct view part)
{
	struct https_node *h = user;

	if (h->stream_status != 200) {
		return;
	}
	h->feeding = true;
	enum err err = sse_feed(&h->sse, part, on_event, h);

	h->feeding = false;
	if (err != OK || h->doomed) {
		lose(h);
		return;
	}
	flush(h);
}

static void on_done(void *user, enum err result)
{
	struct https_node *h = user;

	h->stream = NULL;
	if (result == OK && h->stream_status != 200) {
		result = err_fail(ERR_UNAVAILABLE, "RP_A: the event stream was answered with %u",
			h->stream_status);
	} else if (result == OK) {
		result = err_fail(ERR_CLOSED, "RP_A: the node has ended the event stream");
	} else {
		https_note_failed(h);
	}
	if (result != OK && !h->node->app->closing) {
		lose(h);
	}
}

enum err https_stream_open(struct https_node *h)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	char id[RP_A_ID_MAX + 1];
	struct http_field fields[2] = {{view_text("Accept"), view_text(SSE_TYPE)}};

	https_stream_close(h);
	if (h->from_known) {
		rp_a_json_print_id(VIEW(h->from_log), h->from_serial, id);
		fields[1] = (struct http_field){view_text(SSE_LAST_EVENT_ID), view_text(id)};
	}
	h->sse = sse_of(EVENT_MAX);
	h->stream_status = 0;
	return http_client_call(h->streams, "GET", view_text("/rp-a/v1/events"), fields,
		h->from_known ? 2 : 1, view_of(NULL, 0), &on, h, &h->stream);
}
