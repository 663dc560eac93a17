// SPDX-License-Identifier: Apache-2.0
#include "authn/outbox.h"

#include "authn/elements.h"
#include "authn/figures.h"
#include "authn/schema.h"
#include "base/log.h"

#include <string.h>

enum {
	PUSHES_MAX = ELEMENTS_MAX * EVENT_WINDOW,
	REST_MS = 1000,
	REST_MAX_MS = 60 * 1000,
};

/* An RPR that an element has not answered. */
struct push {
	pool_ref element, publication;
	enum rp_a_type kind;
	uint64_t serial;
	char tx[LOG_TX];
	int64_t since_us;
};

/* A message to an element, with what its views look at. */
struct parcel {
	struct rp_rpr rpr;
	struct buf session_id;
	uint8_t naf_id[NAF_ID_MAX], key_naf_ids[RP_UAS][NAF_ID_MAX];
	struct secret keys[RP_UAS];
};

static void answered(void *user, uint64_t ref, enum err result, struct view message);
static void read_on(struct element *element);
static void fail(struct element *element, const char *why);

/* --- what goes over the wire --- */

static enum err put_naf_id(const struct ident *application, struct ua ua, uint8_t room[NAF_ID_MAX],
	struct view *ret)
{
	struct buf out = buf_fixed(room, NAF_ID_MAX);

	TRY(rp_naf_id(application, ua, &out));
	*ret = buf_contents(&out);
	return OK;
}

static bool is_served(const struct service *service, struct ua ua)
{
	for (size_t i = 0; i < service->ua_count; i++) {
		if (ua_equal(service->uas[i], ua)) {
			return true;
		}
	}
	return false;
}

/* One key for each Ua id that is both registered and announced.  req: B9.4.1-f */
static enum err put_keys(const struct token *token, const struct service *service,
	struct parcel *ret)
{
	for (size_t i = 0; i < token->ua_count; i++) {
		struct ua ua = token->uas[i];
		size_t at = ret->rpr.key_count;

		if (!is_served(service, ua)) {
			continue;
		}
		TRY(token_key(token, &token->application, ua, &ret->keys[at]));
		TRY(put_naf_id(&token->application, ua, ret->key_naf_ids[at],
			&ret->rpr.keys[at].naf_id));
		ret->rpr.keys[at].key = secret_view(&ret->keys[at]);
		ret->rpr.key_count++;
	}
	return OK;
}

/* The subscription information that access control needs; never the device's identity.  req: B9.6.1-b B9.4.1-g */
static enum err put_token(const struct event *event, const struct service *service,
	struct parcel *ret)
{
	const struct token *token = event->token;
	struct rp_rpr *rpr = &ret->rpr;

	if (event->kind != RP_A_REVOKE) {
		rpr->has_expiry = true;
		rpr->expiry = event->expiry;
	}
	if (!token) {
		return OK;
	}
	rpr->guss = view_of(token->settings, token->settings_len);
	if (event->kind != RP_A_PUSH) {
		return OK;
	}
	rpr->format = view_text(token_format_name(token->format));
	rpr->degree = view_text(token->degree);
	rpr->has_creation = true;
	rpr->creation = token->from;
	return put_keys(token, service, ret);
}

static enum err fill(const struct element *element, const struct event *event, struct parcel *ret)
{
	struct authn *authn = element->authn;
	const struct service *service = element_serves(element, &event->application);
	struct rp_rpr *rpr = &ret->rpr;

	diameter_session_id(authn->diameter, &ret->session_id);
	buf_printf(&ret->session_id, ";%s", event->tx);
	TRY(buf_end(&ret->session_id, "RP_A: Session-Id"));
	*rpr = (struct rp_rpr){.s = {.session_id = buf_contents(&ret->session_id),
				       .origin_host = ident_view(&authn->node),
				       .origin_realm = ident_view(&authn->realm),
				       .destination_host = view_text(element->host),
				       .destination_realm = view_text(element->realm),
				       .auth_session_state = 1},
		.type = event->kind,
		.log = events_log(authn),
		.has_serial = true,
		.serial = event->serial,
		.transaction_id = event->token_id};
	TRY(put_naf_id(&event->application, UA_ALL, ret->naf_id, &rpr->naf_id));
	return put_token(event, service, ret);
}

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

/*
 * 10.4/4d: one event to one element. ERR_OVERLOAD: it must be read from the log; ERR_MEMORY. What cannot be
 * written at all is left out, and logged: it would stand in the way for ever.
 */
static enum err tell(struct element *element, const struct event *event, pool_ref publication)
{
	struct authn *authn = element->authn;
	const struct env *env = loop_env(authn->loop);
	struct outbox *box = &element->outbox;
	struct parcel parcel = {.session_id = buf_growing(512)};
	struct push *push;
	pool_ref ref;

	if (room_of(box) == 0) {
		return err_fail(ERR_OVERLOAD, "RP_A: the window is full");
	}
	if (pool_take(authn->pushes, &ref, (void **)&push) != OK) {
		return ERR_MEMORY;
	}
	*push = (struct push){.element = element->ref,
		.publication = publication,
		.kind = event->kind,
		.serial = event->serial,
		.since_us = env->steady_us(env)};
	memcpy(push->tx, event->tx, sizeof(push->tx));
	enum err err = fill(element, event, &parcel);

	if (err == OK) {
		size_t at = (box->first + box->count++) % EVENT_WINDOW;

		box->window[at].serial = event->serial;
		box->window[at].push = ref;
		box->window[at].answered = false;
		log_step(event->kind == RP_A_PUSH ? "rp_a.pushed" : "rp_a.told", event->tx,
			clause_of(event->kind), "authn", "element", 0);
		diameter_send(authn->diameter, DIAMETER_ZN, DIAMETER_RPR, element->host,
			element->realm, rp_rpr_rows, &parcel.rpr, answered, authn, ref);
	} else {
		log_event(LOG_ERROR, "rp_a.not_pushed", event->tx,
			LOG_TEXT("element", element->host), LOG_DETAIL());
		pool_give(authn->pushes, ref);
	}
	buf_free(&parcel.session_id);
	bytes_wipe(parcel.keys, sizeof(parcel.keys));
	return err == OK ? OK : ERR_RANGE; /* a cause of its own */
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

/* OK: it has the event, or will never want it. */
static enum err verdict(enum err result, struct view message, bool *ret_taken)
{
	struct rp_rpa rpa;
	struct diameter_fault fault;

	if (result != OK) {
		return err_fail(result, "RP_A: no answer to a push");
	}
	TRY(diameter_decode(message, rp_rpa_rows, &rpa, &fault));
	uint32_t code = rpa.s.has_experimental ? rpa.s.experimental : rpa.s.result;

	*ret_taken = code == DIAMETER_SUCCESS;
	if (*ret_taken || (code >= 5000 && code != DIAMETER_UNABLE_TO_COMPLY)) {
		return OK;
	}
	return err_fail(ERR_UNAVAILABLE, "RP_A: a push was answered with %u", code);
}

static void answered(void *user, uint64_t ref, enum err result, struct view message)
{
	struct authn *authn = user;
	struct push *slot = pool_at(authn->pushes, ref);
	bool taken = false;

	if (!slot) {
		return;
	}
	const struct push push = *slot;
	const struct env *env = loop_env(authn->loop);
	struct element *element = element_at(authn, push.element);
	enum err err = verdict(result, message, &taken);

	pool_give(authn->pushes, ref);
	count_told(authn, push.kind, err == OK && !taken ? ERR_DENIED : err);
	if (!element) {
		events_acknowledged(authn, push.publication, false);
		return;
	}
	if (err != OK) {
		events_acknowledged(authn, push.publication, false);
		fail(element, err_detail());
		return;
	}
	if (!taken) {
		log_event(LOG_WARN, "rp_a.not_taken", push.tx, LOG_TEXT("element", element->host),
			LOG_INT("serial", (int64_t)push.serial));
	}
	log_step("rp_a.acknowledged", push.tx, clause_of(push.kind), "element", "authn",
		env->steady_us(env) - push.since_us);
	settle(&element->outbox, push.serial);
	element->outbox.probing = false;
	element->outbox.rest_ms = REST_MS;
	events_acknowledged(authn, push.publication, taken);
	if (element->outbox.state == OUTBOX_FULL && element->outbox.count <= EVENT_WINDOW / 2) {
		read_on(element);
	}
}

/* --- behind: from the store --- */

static void rested(void *user)
{
	struct element *element = user;
	struct outbox *box = &element->outbox;

	if (box->reading) { /* what it brings is of no use any more */
		timer_start(element->authn->loop, &box->rest, box->rest_ms, rested, element);
		return;
	}
	read_on(element);
}

/* All from the first unanswered on is told again, later, in order: the element ignores what it has. */
static void fail(struct element *element, const char *why)
{
	struct authn *authn = element->authn;
	struct outbox *box = &element->outbox;

	log_event(LOG_WARN, "rp_a.behind", "", LOG_TEXT("element", element->host),
		LOG_TEXT("detail", why));
	if (box->count > 0) {
		box->read_to = box->window[box->first].serial - 1;
	}
	box->state = OUTBOX_RESTING;
	box->probing = true;
	empty_window(authn, box);
	timer_start(authn->loop, &box->rest, box->rest_ms, rested, element);
	box->rest_ms = box->rest_ms * 2 < REST_MAX_MS ? box->rest_ms * 2 : REST_MAX_MS;
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
		fail(element, "out of memory");
	}
	if (err == ERR_OVERLOAD || err == ERR_MEMORY) {
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
	if (box->state != OUTBOX_READING) {
		return;
	}
	if (result->err != OK) {
		fail(element, result->detail);
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
	box->seen = events_last(authn);
	if (store_submit(authn->store, &step, 1, on_page, authn, element->ref) != OK) {
		fail(element, err_detail());
		return;
	}
	box->reading = true;
}

/* An element whose log is another's, or that has none, begins with what comes next; whoever has missed some gets it.  req: B9.4.1-f */
void outbox_follow(struct element *element, struct view log, uint64_t serial)
{
	struct authn *authn = element->authn;
	struct outbox *box = &element->outbox;
	uint64_t last = events_last(authn);
	bool knows = view_equal(log, events_log(authn)) && serial < last;

	if (box->rest_ms > 0 && !knows) {
		return; /* it follows already, and has changed what it serves */
	}
	timer_stop(authn->loop, &box->rest);
	empty_window(authn, box);
	box->rest_ms = REST_MS;
	box->probing = false;
	box->read_to = knows ? serial : last;
	if (!knows) {
		box->state = OUTBOX_LIVE;
		return;
	}
	if (box->reading) {
		box->state = OUTBOX_RESTING;
		timer_start(authn->loop, &box->rest, 0, rested, element);
		return;
	}
	log_event(LOG_INFO, "rp_a.catches_up", "", LOG_TEXT("element", element->host),
		LOG_INT("serial", (int64_t)serial), LOG_INT("missed", (int64_t)(last - serial)));
	read_on(element);
}

void outbox_close(struct element *element)
{
	timer_stop(element->authn->loop, &element->outbox.rest);
	empty_window(element->authn, &element->outbox);
}

/* --- as it happens --- */

bool outbox_offer(struct element *element, const struct event *event, pool_ref publication)
{
	struct outbox *box = &element->outbox;

	if (box->state != OUTBOX_LIVE || box->rest_ms == 0) {
		return false; /* it comes to it */
	}
	enum err err = tell(element, event, publication);

	if (err == ERR_OVERLOAD || err == ERR_MEMORY) {
		box->state = OUTBOX_FULL;
		box->read_to = event->serial - 1;
	}
	if (err == ERR_MEMORY) {
		fail(element, "out of memory");
	}
	return err == OK;
}

void outbox_look(struct element *element)
{
	struct outbox *box = &element->outbox;

	if (box->state == OUTBOX_LIVE && box->rest_ms > 0) {
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
