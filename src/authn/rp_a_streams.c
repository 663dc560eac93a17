// SPDX-License-Identifier: Apache-2.0
#include "authn/rp_a_streams.h"

#include "base/log.h"
#include "wire/rp_a_json.h"
#include "wire/sse.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENT_MAX = 64 * 1024 };

struct channel {
	struct element *element;
	struct http_request *request; /* its stream; NULL: none */
	struct timer linger;	      /* without one */
	struct timer keep_alive;      /* with one */
	struct timer patience;	      /* an event awaits its acknowledgement */
};

static struct loop *loop_of(const struct channel *c)
{
	return c->element->authn->loop;
}

/* --- without a stream --- */

static void on_linger(void *user)
{
	const struct channel *c = user;

	element_forget(c->element);
}

static void wait_for_stream(struct channel *c)
{
	timer_start(loop_of(c), &c->linger, c->element->authn->conf->rp_a_https_linger, on_linger,
		c);
}

enum err rp_a_streams_expect(struct element *element)
{
	struct channel *c = element->channel;

	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c) {
			element_forget(element);
			return err_fail(ERR_MEMORY, "RP_A: out of memory");
		}
		c->element = element;
		element->channel = c;
	}
	if (!c->request) {
		wait_for_stream(c);
	}
	return OK;
}

/* The one place where a stream leaves its element; ending the request is the caller's. */
static struct http_request *detach(struct channel *c)
{
	struct http_request *request = c->request;

	c->request = NULL;
	timer_stop(loop_of(c), &c->keep_alive);
	timer_stop(loop_of(c), &c->patience);
	if (request) {
		request->on_gone = NULL;
		c->element->authn->rp_a_streams--;
		wait_for_stream(c);
	}
	return request;
}

static void end_stream(struct channel *c, void (*end)(struct http_request *request))
{
	struct http_request *request = detach(c);

	if (request) {
		end(request);
	}
}

static void on_gone(struct http_request *request)
{
	struct channel *c = request->user;

	log_event(LOG_INFO, "rp_a.stream_ended", "", LOG_TEXT("element", c->element->host));
	end_stream(c, http_answer_abort);
	outbox_leave(c->element);
}

/* What it was sent and has not acknowledged comes again when it comes back. */
void rp_a_streams_cut(struct element *element)
{
	if (element->channel) {
		end_stream(element->channel, http_answer_abort);
	}
}

void rp_a_streams_forget(struct element *element)
{
	struct channel *c = element->channel;

	if (c) {
		end_stream(c, http_answer_end);
		timer_stop(loop_of(c), &c->linger);
		free(c);
		element->channel = NULL;
	}
}

/* --- sending --- */

/* ERR_OVERLOAD: not taken; ERR_UNAVAILABLE: the stream is over. */
static enum err send(struct channel *c, const struct buf *text)
{
	struct element *element = c->element;

	TRY(buf_end(text, "RP_A: event"));
	enum err err = http_answer_part(c->request, buf_contents(text));

	if (err == OK || err == ERR_AGAIN) {
		timer_start(loop_of(c), &c->keep_alive, element->authn->conf->rp_a_https_keep_alive,
			c->keep_alive.fn, c);
		return OK;
	}
	if (err == ERR_OVERLOAD) {
		return err;
	}
	end_stream(c, http_answer_abort);
	return err_fail(ERR_UNAVAILABLE, "RP_A: the event stream has ended");
}

static void on_keep_alive(void *user)
{
	struct channel *c = user;
	struct buf text = buf_growing(8);

	timer_start(loop_of(c), &c->keep_alive, c->element->authn->conf->rp_a_https_keep_alive,
		on_keep_alive, c);
	buf_text(&text, ":\n\n");
	if (send(c, &text) == ERR_UNAVAILABLE) {
		outbox_leave(c->element);
	}
	buf_free(&text);
}

static void on_patience(void *user)
{
	const struct channel *c = user;

	outbox_expire(c->element);
}

static void be_patient(struct channel *c)
{
	timer_start(loop_of(c), &c->patience, c->element->authn->conf->rp_a_https_answer,
		on_patience, c);
}

static enum err write_event(const struct rp_rpr *rpr, const char *tx, struct buf *json,
	struct buf *ret)
{
	struct rp_rpr own = *rpr;
	char session[1 + LOG_TX], id[RP_A_ID_MAX + 1];

	(void)snprintf(session, sizeof(session), ";%s", tx);
	own.s.session_id = view_text(session);
	TRY(rp_a_json_write_event(&own, json));
	rp_a_json_print_id(rpr->log, rpr->serial, id);
	sse_write(ret, view_text(id), rp_a_json_event_name(rpr->type), buf_contents(json));
	return OK;
}

enum err rp_a_streams_tell(struct element *element, const struct rp_rpr *rpr, const char *tx,
	pool_ref push)
{
	struct channel *c = element->channel;
	struct buf json = buf_growing(EVENT_MAX), text = buf_growing(EVENT_MAX);

	(void)push; /* it is named by its serial */
	if (!c || !c->request) {
		return err_fail(ERR_UNAVAILABLE, "RP_A: the element has no event stream");
	}
	enum err err = write_event(rpr, tx, &json, &text);

	if (err == OK) {
		err = send(c, &text);
	}
	if (err == OK && !timer_is_running(&c->patience)) {
		be_patient(c);
	}
	buf_wipe(&json); /* keys */
	buf_wipe(&text);
	buf_free(&json);
	buf_free(&text);
	return err;
}

void rp_a_streams_acknowledged(struct element *element)
{
	struct channel *c = element->channel;

	if (!c || !c->request) {
		return;
	}
	timer_stop(loop_of(c), &c->patience);
	if (outbox_pending(element) > 0) {
		be_patient(c);
	}
}

/* --- a new stream --- */

static void on_drained(struct http_request *request)
{
	const struct channel *c = request->user;

	outbox_drained(c->element);
}

/* First it is said where the log stands, under the id of the place from which it goes on. */
static void greet(struct channel *c, struct view log, uint64_t serial)
{
	const struct authn *authn = c->element->authn;
	BUF_CLEANUP struct buf json = buf_growing(256), text = buf_growing(1024);
	char id[RP_A_ID_MAX + 1];

	rp_a_json_write_place(events_log(authn), events_last(authn), &json);
	rp_a_json_print_id(events_log(authn), outbox_place(authn, log, serial), id);
	sse_write(&text, view_text(id), "log", buf_contents(&json));
	(void)!send(c, &text); /* if it is over, the next that is sent finds out */
}

static enum err begin(struct channel *c, struct http_request *request)
{
	static const struct http_field fields[] = {
		{{(const uint8_t *)"Content-Type", 12}, {(const uint8_t *)SSE_TYPE, 17}},
		{{(const uint8_t *)"Cache-Control", 13}, {(const uint8_t *)"no-store", 8}},
	};

	TRY(http_answer_begin(request, 200, fields, 2, on_drained));
	request->user = c;
	request->on_gone = on_gone;
	c->request = request;
	c->element->authn->rp_a_streams++;
	timer_stop(loop_of(c), &c->linger);
	timer_start(loop_of(c), &c->keep_alive, c->element->authn->conf->rp_a_https_keep_alive,
		on_keep_alive, c);
	return OK;
}

void rp_a_streams_open(struct element *element, struct http_request *request, struct view log,
	uint64_t serial)
{
	struct channel *c = element->channel;

	if (c->request) {
		log_event(LOG_WARN, "rp_a.stream_replaced", "", LOG_TEXT("element", element->host));
		end_stream(c, http_answer_end);
		outbox_leave(element);
	}
	if (begin(c, request) != OK) {
		http_answer_abort(request);
		return;
	}
	log_event(LOG_INFO, "rp_a.stream_begun", "", LOG_TEXT("element", element->host));
	greet(c, log, serial);
	if (c->request) {
		outbox_follow(element, log, serial, false);
	}
}
