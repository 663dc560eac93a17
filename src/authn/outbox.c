// SPDX-License-Identifier: Apache-2.0
#include "authn/outbox.h"

#include "authn/elements.h"
#include "authn/figures.h"
#include "authn/parcel.h"
#include "authn/rp_a_carrier.h"
#include "authn/schema.h"
#include "base/log.h"

#include <string.h>

enum {
	PUSHES_MAX = ELEMENTS_MAX * EVENT_WINDOW,
	REST_MS = 1000,
	REST_MAX_MS = 60 * 1000,
};

/* An event that an element has not answered. */
struct push {
	pool_ref element, publication;
	enum rp_a_type kind;
	uint64_t serial;
	char tx[LOG_TX];
	int64_t since_us;
};

static void read_on(struct element *element);

/* --- the window --- */

static const char *clause_of(enum rp_a_type kind)
{
	return kind == RP_A_PUSH ? "10.4/4d" : "9.6.1";
}

static void count_told(struct authn *authn, enum rp_a_type kind, enum err result)
{
	authn_figures_told(authn,
		kind == RP_A_PUSH     ? FIGURES_PUSH
		: kind == RP_A_REVOKE ? FIGURES_REVOKE
				      : FIGURES_CHANGE,
		result);
}

static size_t room_of(const struct outbox *box)
{
	return box->probing ? (box->count == 0) : EVENT_WINDOW - box->count;
}

/* Gives up what is unanswered: who waits for it waits no longer. */
static void empty_window(struct authn *authn, struct outbox *box)
{
	for (; box->count > 0; box->count--, box->first = (box->first + 1) % EVENT_WINDOW) {
		struct push *push = pool_at(authn->pushes, box->window[box->first].push);

		if (push) {
			pool_ref publication = push->publication;

			pool_give(authn->pushes, box->window[box->first].push);
			events_acknowledged(authn, publication, false);
		}
	}
}

static enum err take_push(struct element *element, const struct event *event, pool_ref publication,
	pool_ref *ret_ref)
{
	struct authn *authn = element->authn;
	const struct env *env = loop_env(authn->loop);
	struct push *push;

	TRY(pool_take(authn->pushes, ret_ref, (void **)&push));
	*push = (struct push){.element = element->ref,
		.publication = publication,
		.kind = event->kind,
		.serial = event->serial,
		.since_us = env->steady_us(env)};
	memcpy(push->tx, event->tx, sizeof(push->tx));
	return OK;
}

static void join_window(struct outbox *box, uint64_t serial, pool_ref push)
{
	size_t at = (box->first + box->count++) % EVENT_WINDOW;

	box->window[at].serial = serial;
	box->window[at].push = push;
	box->window[at].answered = false;
}

/*
 * 10.4/4d: one event to one element. ERR_OVERLOAD: it must be read from the log; ERR_UNAVAILABLE: there is no way to it;
 * ERR_MEMORY. What cannot be written at all is left out, and logged: it would stand in the way for ever.
 */
static enum err tell(struct element *element, const struct event *event, pool_ref publication)
{
	struct outbox *box = &element->outbox;
	PARCEL(parcel);
	pool_ref ref;

	if (room_of(box) == 0) {
		return err_fail(ERR_OVERLOAD, "RP_A: the window is full");
	}
	if (take_push(element, event, publication, &ref) != OK) {
		return ERR_MEMORY;
	}
	enum err err = parcel_fill(element, event, &parcel);

	join_window(box, event->serial, ref); /* without memory the answer may come at once */
	if (err == OK) {
		err = element->carrier->tell(element, &parcel.rpr, event->tx, ref);
	}
	if (err == OK) {
		log_step(event->kind == RP_A_PUSH ? "rp_a.pushed" : "rp_a.told", event->tx,
			clause_of(event->kind), "authn", "element", 0);
		return OK;
	}
	box->count--;
	pool_give(element->authn->pushes, ref);
	if (err == ERR_OVERLOAD || err == ERR_UNAVAILABLE) {
		return err;
	}
	log_event(LOG_ERROR, "rp_a.not_pushed", event->tx, LOG_TEXT("element", element->host),
		LOG_DETAIL());
	return ERR_RANGE; /* a cause of its own */
}

/* Marks it, and moves the window on over all that is answered from its front. */
static void settle(struct outbox *box, uint64_t serial)
{
	for (size_t i = 0; i < box->count; i++) {
		size_t at = (box->first + i) % EVENT_WINDOW;

		if (box->window[at].serial == serial) {
			box->window[at].answered = true;
		}
	}
	while (box->count > 0 && box->window[box->first].answered) {
		box->first = (box->first + 1) % EVENT_WINDOW;
		box->count--;
	}
}

void outbox_answered(struct authn *authn, pool_ref ref, enum err result)
{
	struct push *slot = pool_at(authn->pushes, ref);

	if (!slot) {
		return;
	}
	const struct push push = *slot;
	const struct env *env = loop_env(authn->loop);
	struct element *element = element_at(authn, push.element);

	pool_give(authn->pushes, ref);
	count_told(authn, push.kind, result);
	if (!element || (result != OK && result != ERR_DENIED)) {
		events_acknowledged(authn, push.publication, false);
		if (element) {
			outbox_fail(element, err_detail());
		}
		return;
	}
	if (result != OK) {
		log_event(LOG_WARN, "rp_a.not_taken", push.tx, LOG_TEXT("element", element->host),
			LOG_INT("serial", (int64_t)push.serial));
	}
	log_step("rp_a.acknowledged", push.tx, clause_of(push.kind), "element", "authn",
		env->steady_us(env) - push.since_us);
	settle(&element->outbox, push.serial);
	element->outbox.probing = false;
	element->outbox.rest_ms = REST_MS;
	events_acknowledged(authn, push.publication, result == OK);
	if (element->outbox.state == OUTBOX_FULL && element->outbox.count <= EVENT_WINDOW / 2) {
		read_on(element);
	}
}

static bool is_among(uint64_t serial, const uint64_t *serials, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (serials[i] == serial) {
			return true;
		}
	}
	return false;
}

/* One after the other, as answering may send more: only what was sent before counts. */
enum err outbox_answered_to(struct element *element, uint64_t serial, const uint64_t *refused,
	size_t refused_count)
{
	struct authn *authn = element->authn;
	const struct outbox *box = &element->outbox;
	pool_ref refs[EVENT_WINDOW];
	enum err results[EVENT_WINDOW];
	size_t count = 0;

	for (size_t i = 0; i < box->count; i++) {
		size_t at = (box->first + i) % EVENT_WINDOW;

		if (box->window[at].serial <= serial && !box->window[at].answered) {
			refs[count] = box->window[at].push;
			results[count++] = is_among(box->window[at].serial, refused, refused_count)
						   ? ERR_DENIED
						   : OK;
		}
	}
	for (size_t i = 0; i < count; i++) {
		outbox_answered(authn, refs[i], results[i]);
	}
	return count > 0 ? OK : err_fail(ERR_NOT_FOUND, "RP_A: no event was sent that awaits this");
}

void outbox_drained(struct element *element)
{
	if (element->outbox.state == OUTBOX_FULL && room_of(&element->outbox) > 0) {
		read_on(element);
	}
}

void outbox_expire(struct element *element)
{
	const struct outbox *box = &element->outbox;

	if (box->count > 0) {
		outbox_answered(element->authn, box->window[box->first].push,
			err_fail(ERR_TIMEOUT, "RP_A: no acknowledgement in time"));
	}
}

size_t outbox_pending(const struct element *element)
{
	return element->outbox.count;
}

/* --- behind: from the store --- */

/* What a reading under way brings is of no use any more: the next begins when it is there. */
static void read_afresh(struct element *element)
{
	struct outbox *box = &element->outbox;

	if (box->reading) {
		box->state = OUTBOX_RESTING;
		box->again = true;
		return;
	}
	read_on(element);
}

static void rested(void *user)
{
	struct element *element = user;
	struct outbox *box = &element->outbox;

	if (box->state != OUTBOX_RESTING) {
		return; /* it has gone meanwhile */
	}
	read_afresh(element);
}

/* All from the first unanswered on is told again, later, in order: the element ignores what it has. */
void outbox_fail(struct element *element, const char *why)
{
	struct authn *authn = element->authn;
	struct outbox *box = &element->outbox;

	log_event(LOG_WARN, "rp_a.behind", "", LOG_TEXT("element", element->host),
		LOG_TEXT("detail", why));
	if (box->count > 0) {
		box->read_to = box->window[box->first].serial - 1;
	}
	box->state = OUTBOX_RESTING;
	box->again = false;
	box->probing = true;
	empty_window(authn, box);
	int64_t rest_ms = box->rest_ms > 0 ? box->rest_ms : REST_MS;

	timer_start(authn->loop, &box->rest, rest_ms, rested, element);
	box->rest_ms = rest_ms * 2 < REST_MAX_MS ? rest_ms * 2 : REST_MAX_MS;
	if (element->carrier->cut) {
		element->carrier->cut(element);
	}
}

/* Columns of FOLLOW_EVENTS behind those of the token. */
enum { AT_SERIAL = 3, AT_KIND, AT_APPLICATION, AT_TOKEN, AT_SESSION_UNTIL };

/* A row as an event; ERR_NOT_FOUND: what it speaks of is over. `token` holds what the event points to. */
static enum err read_row(struct authn *authn, const struct store_result *result, size_t row,
	struct token *token, struct event *ret)
{
	int64_t now = env_wall(loop_env(authn->loop));
	struct view application = store_at(result, 0, row, AT_APPLICATION).bytes;

	ret->kind = (enum rp_a_type)store_at(result, 0, row, AT_KIND).number;
	ret->token_id = store_at(result, 0, row, AT_TOKEN).bytes;
	TRY(ident_parse(IDENT_APPLICATION, application, &ret->application));
	TRY(log_tx_make(loop_env(authn->loop), ret->tx));
	if (ret->kind == RP_A_REVOKE) {
		return OK;
	}
	if (store_at(result, 0, row, 0).type == STORE_NULL) {
		return err_fail(ERR_NOT_FOUND, "RP_A: the token is gone");
	}
	TRY(tokens_read(authn, result, 0, row, token));
	bool own = ident_equal(&token->application, &ret->application);

	ret->token = own ? token : NULL;
	ret->expiry = own ? token->until : store_at(result, 0, row, AT_SESSION_UNTIL).number;
	return ret->expiry > now ? OK : err_fail(ERR_NOT_FOUND, "RP_A: the token has expired");
}

/* One row of a page. False: there is no room for it. */
static bool tell_row(struct element *element, const struct store_result *result, size_t row)
{
	struct event event = {.serial = (uint64_t)store_at(result, 0, row, AT_SERIAL).number};
	struct token token = {.from = 0};
	enum err err = read_row(element->authn, result, row, &token, &event);

	if (err == OK && element_serves(element, &event.application)) {
		err = tell(element, &event, 0);
	} else if (err != OK && err != ERR_NOT_FOUND) {
		log_event(LOG_ERROR, "token.unreadable", "", LOG_DETAIL());
	}
	bytes_wipe(&token, sizeof(token));
	if (err == ERR_MEMORY) {
		outbox_fail(element, "out of memory");
	}
	if (err == ERR_UNAVAILABLE) {
		outbox_leave(element);
	}
	if (err == ERR_OVERLOAD || err == ERR_MEMORY || err == ERR_UNAVAILABLE) {
		return false;
	}
	element->outbox.read_to = event.serial;
	return true;
}

static void caught_up(struct element *element)
{
	element->outbox.state = OUTBOX_LIVE;
	log_event(LOG_INFO, "rp_a.caught_up", "", LOG_TEXT("element", element->host),
		LOG_INT("serial", (int64_t)element->outbox.read_to));
}

static void on_page(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct element *element = element_at(authn, ref);
	size_t rows = result->err == OK ? result->steps[0].rows : 0;

	if (!element) {
		return;
	}
	struct outbox *box = &element->outbox;

	box->reading = false;
	if (box->again && box->state == OUTBOX_RESTING) {
		read_on(element);
		return;
	}
	if (box->state != OUTBOX_READING) {
		return;
	}
	if (result->err != OK) {
		outbox_fail(element, result->detail);
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		if (!tell_row(element, result, i)) {
			box->state = box->state == OUTBOX_READING ? OUTBOX_FULL : box->state;
			return;
		}
	}
	if (rows < EVENT_WINDOW && box->read_to < box->seen) {
		box->read_to = box->seen; /* there was no more */
	}
	if (rows < EVENT_WINDOW && box->read_to >= events_last(authn)) {
		caught_up(element);
		return;
	}
	read_on(element);
}

/* What an event speaks of may be over since: the row is told for what its token is now. */
static void read_on(struct element *element)
{
	struct authn *authn = element->authn;
	struct outbox *box = &element->outbox;
	const struct store_step step = {.statement = FOLLOW_EVENTS,
		.param_count = 4,
		.params = {STORE_TEXT_OF(ident_view(&authn->node)),
			STORE_INT_OF((int64_t)box->read_to),
			STORE_INT_OF(env_wall(loop_env(authn->loop))), STORE_INT_OF(EVENT_WINDOW)}};

	box->state = OUTBOX_READING;
	box->again = false;
	box->seen = events_last(authn);
	if (store_submit(authn->store, &step, 1, on_page, authn, element->ref) != OK) {
		outbox_fail(element, err_detail());
		return;
	}
	box->reading = true;
}

static bool is_ours(const struct authn *authn, struct view log, uint64_t serial)
{
	return view_equal(log, events_log(authn)) && serial < events_last(authn);
}

/* An element whose log is another's, or that has none, begins with what comes next. */
uint64_t outbox_place(const struct authn *authn, struct view log, uint64_t serial)
{
	return is_ours(authn, log, serial) ? serial : events_last(authn);
}

static void catch_up(struct element *element, uint64_t serial)
{
	struct authn *authn = element->authn;

	log_event(LOG_INFO, "rp_a.catches_up", "", LOG_TEXT("element", element->host),
		LOG_INT("serial", (int64_t)serial),
		LOG_INT("missed", (int64_t)(events_last(authn) - serial)));
	read_afresh(element);
}

/* Whoever has missed some gets it.  req: B9.4.1-f */
void outbox_follow(struct element *element, struct view log, uint64_t serial, bool afresh)
{
	struct authn *authn = element->authn;
	struct outbox *box = &element->outbox;
	bool missed = is_ours(authn, log, serial);

	if (afresh && box->state != OUTBOX_AWAY && !missed) {
		return; /* it follows already, and has changed what it serves */
	}
	empty_window(authn, box);
	box->read_to = outbox_place(authn, log, serial);
	if (!afresh && timer_is_running(&box->rest)) {
		box->state = OUTBOX_RESTING;
		return;
	}
	timer_stop(authn->loop, &box->rest);
	if (afresh) {
		box->rest_ms = REST_MS;
		box->probing = false;
	}
	if (missed) {
		catch_up(element, serial);
		return;
	}
	box->state = OUTBOX_LIVE;
}

/* A rest is kept: who comes back at once is not tried sooner. */
void outbox_leave(struct element *element)
{
	empty_window(element->authn, &element->outbox);
	element->outbox.state = OUTBOX_AWAY;
	element->outbox.again = false;
}

void outbox_close(struct element *element)
{
	timer_stop(element->authn->loop, &element->outbox.rest);
	outbox_leave(element);
}

/* --- as it happens --- */

bool outbox_offer(struct element *element, const struct event *event, pool_ref publication)
{
	struct outbox *box = &element->outbox;

	if (box->state != OUTBOX_LIVE) {
		return false; /* it comes to it */
	}
	enum err err = tell(element, event, publication);

	if (err == ERR_OVERLOAD || err == ERR_MEMORY) {
		box->state = OUTBOX_FULL;
		box->read_to = event->serial - 1;
	}
	if (err == ERR_UNAVAILABLE) {
		outbox_leave(element);
	}
	if (err == ERR_MEMORY) {
		outbox_fail(element, "out of memory");
	}
	return err == OK;
}

void outbox_look(struct element *element)
{
	struct outbox *box = &element->outbox;

	if (box->state == OUTBOX_LIVE) {
		box->read_to = events_last(element->authn);
		read_on(element);
	}
}

/* --- life --- */

enum err outboxes_start_up(struct authn *authn)
{
	return pool_new(sizeof(struct push), PUSHES_MAX, &authn->pushes);
}

void outboxes_shut_down(struct authn *authn)
{
	pool_free(authn->pushes);
	authn->pushes = NULL;
}
