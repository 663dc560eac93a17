// SPDX-License-Identifier: Apache-2.0
/*
 * moving: what may move many devices at once. A movement is first counted, without changing anything; when it would move more
 * than the policy's brake lets one event move, it waits for a second person. One at a time; each is begun anew after a
 * restart, since to judge twice changes nothing.  req: R6.1-b
 */
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "registry/status/movement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_KEY_LEN = 4 };
#define LAST_KEY "\xf4\x8f\xbf\xbf" /* U+10FFFF: past all keys */

enum { BY_ROWS, BY_MODEL }; /* MOVEMENT_VULNERABILITY: devices of models, then those of its own */

struct moving {
	struct policing *policing;
	bool busy, again;
	struct timer later;

	/* the movement under way */
	struct movement now;
	unsigned stage;
	struct product_key make, model; /* whose devices are paged */
	bool in_model;
	char after_model[PRODUCT_KEY_MAX + 1];
	char after[REG_DEV_ID_MAX + 1];
	size_t moved;
	char rule[POLICY_NAME];
	struct batch batch;
	bool last_page;
};

static void look_for_one(struct moving *m);
static void next_page(struct moving *m);

static struct moving *moving_of(const struct registry *registry)
{
	struct policing *p = registry->policing;

	return p && !p->stopping ? p->moving : NULL;
}

static void fail(struct moving *m, const char *detail);

static void on_later(void *user)
{
	struct moving *m = user;

	moving_wake(m->policing);
}

/* The database did not take it: from its beginning, later. */
static void fail(struct moving *m, const char *detail)
{
	log_event(LOG_WARN, "policy.movement_waits", "", LOG_TEXT("detail", detail));
	m->busy = false;
	timer_start(m->policing->registry->loop, &m->later, POLICING_AGAIN_MS, on_later, m);
}

/* ---- steps of others ---- */

struct store_step movement_step(const struct policing *p, enum movement_kind kind,
	struct view subject, struct view by_whom)
{
	return (struct store_step){
		.statement = BEGIN_MOVEMENT,
		.param_count = 5,
		.params = {STORE_INT_OF(kind), STORE_TEXT_OF(subject), STORE_TEXT_OF(by_whom),
			STORE_INT_OF(policing_now(p)), STORE_INT_OF(0)},
	};
}

struct store_step movement_of_event(const struct policing *p, enum movement_kind kind,
	struct view subject, struct view by_whom, int64_t cause)
{
	return (struct store_step){
		.statement = ADD_MOVEMENT,
		.param_count = 6,
		.params = {STORE_INT_OF(cause), STORE_INT_OF(kind), STORE_TEXT_OF(subject),
			STORE_TEXT_OF(by_whom), STORE_INT_OF(policing_now(p)), STORE_INT_OF(0)},
	};
}

bool moving_holds(const void *policing, int64_t cause, bool by_time, int64_t began)
{
	const struct policing *p = policing;

	for (size_t i = 0; i < p->held_count; i++) {
		const struct held *h = &p->held[i];

		if (h->by_time ? by_time && began <= h->upto : h->seq == cause && cause > 0) {
			return true;
		}
	}
	return false;
}

int64_t moving_held_upto(const struct policing *p)
{
	int64_t upto = 0;

	for (size_t i = 0; i < p->held_count; i++) {
		if (p->held[i].by_time && p->held[i].upto > upto) {
			upto = p->held[i].upto;
		}
	}
	return upto;
}

/* ---- the end of one ---- */

static void on_ended(void *user, uint64_t ref, const struct store_result *result, int64_t seq)
{
	struct moving *m = moving_of(user);

	(void)ref;
	(void)seq;
	if (!m) {
		return;
	}
	if (result->err != OK && result->err != ERR_CONFLICT) {
		fail(m, result->detail);
		return;
	}
	m->busy = false;
	look_for_one(m);
}

static void on_ended_unit(void *user, uint64_t ref, const struct store_result *result)
{
	on_ended(user, ref, result, -1);
}

static struct store_step set_state(const struct moving *m, enum movement_state state)
{
	return (struct store_step){
		.statement = SET_MOVEMENT,
		.expect = STORE_ONE,
		.param_count = 5,
		.params = {STORE_INT_OF(m->now.seq), STORE_INT_OF(m->now.state), STORE_INT_OF(state),
			STORE_TEXT_OF(view_text(m->rule)), STORE_INT_OF((int64_t)m->moved)},
	};
}

static void write_held(const struct moving *m, int64_t devices, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_string(&w, "subject", m->now.subject);
	json_put_int(&w, "movement", m->now.seq);
	json_put_string(&w, "rule", m->rule);
	json_put_int(&w, "devices", (int64_t)m->moved);
	json_put_int(&w, "of", devices);
	json_put_int(&w, "at", policing_now(m->policing));
	json_close(&w);
}

static enum err hold(struct moving *m, int64_t devices)
{
	struct registry *registry = m->policing->registry;
	BUF_CLEANUP struct buf record = buf_growing(LEDGER_RECORD_MAX);
	const struct store_step step = set_state(m, MOVEMENT_HELD);

	write_held(m, devices, &record);
	TRY(buf_end(&record, "movement_held"));
	const struct event event = {.kind = EVENT_MOVEMENT_HELD,
		.subject = view_text(m->now.subject),
		.record = buf_contents(&record)};

	m->policing->holds++;
	log_event(LOG_WARN, "policy.movement_held", "", LOG_INT("movement", m->now.seq),
		LOG_TEXT("rule", m->rule), LOG_INT("devices", (int64_t)m->moved),
		LOG_INT("of", devices));
	return ledger_submit(registry->ledger, &event, 1, &step, 1, on_ended, registry, 0);
}

/* What was held stands in the list with what became of it; of the rest only the log tells. */
static enum err leave(struct moving *m)
{
	struct registry *registry = m->policing->registry;
	const struct store_step steps[] = {
		m->now.decided ? set_state(m, MOVEMENT_DONE)
			       : (struct store_step){.statement = DROP_MOVEMENT,
					 .param_count = 1,
					 .params = {STORE_INT_OF(m->now.seq)}},
		{.statement = DROP_VULNERABLE_MODELS,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(m->now.subject))}},
		{.statement = SUPERSEDE_MOVEMENTS,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(m->now.subject)),
				STORE_INT_OF(m->now.seq)}},
	};

	return store_submit(registry->store, steps, 3, on_ended_unit, registry, 0);
}

static void on_counted(void *user, uint64_t ref, const struct store_result *result)
{
	struct moving *m = moving_of(user);

	(void)ref;
	if (!m) {
		return;
	}
	const int64_t devices = result->err == OK ? store_at(result, 0, 0, 0).number : 0;
	const bool too_many = (int64_t)m->moved > policy_brake(&m->policing->policy, devices);
	const struct store_step step = set_state(m, MOVEMENT_APPLYING);
	enum err err = result->err != OK ? err_fail(result->err, "%s", result->detail)
		       : too_many	 ? hold(m, devices)
					 : store_submit(m->policing->registry->store, &step, 1,
						   on_ended_unit, m->policing->registry, 0);

	if (err != OK) {
		fail(m, err_detail());
	}
}

static void all_pages_done(struct moving *m)
{
	struct registry *registry = m->policing->registry;
	const struct store_step count = {.statement = COUNT_WATCHED};
	enum err err = m->now.state == MOVEMENT_APPLYING
			       ? leave(m)
			       : store_submit(registry->store, &count, 1, on_counted, registry, 0);

	if (err != OK) {
		fail(m, err_detail());
	}
}

/* ---- pages ---- */

static void on_batch(struct batch *batch)
{
	struct moving *m = batch->policing->moving;

	if (batch->policing->stopping) {
		return;
	}
	if (batch->err != OK) {
		fail(m, "not all devices could be judged");
		return;
	}
	m->moved += batch->moved;
	if (batch->rule[0] != '\0') {
		memcpy(m->rule, batch->rule, sizeof(m->rule));
	}
	next_page(m);
}

static void judge_page(struct moving *m, const struct store_result *result)
{
	const size_t rows = result->steps[0].rows;

	m->last_page = rows < POLICING_PAGE;
	m->batch = (struct batch){
		.policing = m->policing,
		.left = 1,
		.count_only = m->now.state == MOVEMENT_COUNTING,
		.cause = m->now.kind == MOVEMENT_TIME ? 0 : m->now.seq,
		.by_time = m->now.kind == MOVEMENT_TIME,
		.done = on_batch,
	};
	for (size_t row = 0; row < rows && m->batch.err == OK; row++) {
		m->batch.err = judge_device(&m->batch, store_at(result, 0, row, 0).bytes,
			m->batch.cause, NULL);
	}
	if (rows > 0) {
		(void)snprintf(m->after, sizeof(m->after), "%.*s",
			(int)store_at(result, 0, rows - 1, 0).bytes.len,
			(const char *)store_at(result, 0, rows - 1, 0).bytes.data);
	}
	if (rows > 0 && m->in_model) {
		(void)snprintf(m->after_model, sizeof(m->after_model), "%.*s",
			(int)store_at(result, 0, rows - 1, 1).bytes.len,
			(const char *)store_at(result, 0, rows - 1, 1).bytes.data);
	}
	batch_filled(&m->batch);
}

static void on_devices(void *user, uint64_t ref, const struct store_result *result)
{
	struct moving *m = moving_of(user);

	(void)ref;
	if (!m) {
		return;
	}
	if (result->err != OK) {
		fail(m, result->detail);
		return;
	}
	judge_page(m, result);
}

/* The next model of an advisory; after the last, devices that it names. */
static void on_model(void *user, uint64_t ref, const struct store_result *result)
{
	struct moving *m = moving_of(user);

	(void)ref;
	if (!m) {
		return;
	}
	if (result->err != OK) {
		fail(m, result->detail);
		return;
	}
	m->last_page = false;
	m->after[0] = m->after_model[0] = '\0';
	m->in_model = result->steps[0].rows > 0;
	if (m->in_model) {
		(void)snprintf(m->make.text, sizeof(m->make.text), "%.*s",
			(int)store_at(result, 0, 0, 0).bytes.len,
			(const char *)store_at(result, 0, 0, 0).bytes.data);
		(void)snprintf(m->model.text, sizeof(m->model.text), "%.*s",
			(int)store_at(result, 0, 0, 1).bytes.len,
			(const char *)store_at(result, 0, 0, 1).bytes.data);
	} else {
		m->stage = BY_ROWS;
	}
	next_page(m);
}

/* After a pattern, all devices of the make have been looked at: its other models are left out. */
static struct store_step model_step(const struct moving *m)
{
	const bool all = m->in_model && m->model.text[0] == '\0';

	return (struct store_step){
		.statement = NEXT_MODEL,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(m->now.subject)),
			STORE_TEXT_OF(view_text(m->make.text)),
			STORE_TEXT_OF(
				all ? view_of(LAST_KEY, LAST_KEY_LEN) : view_text(m->model.text))},
	};
}

/* A model key "" stands for patterns, and those may be any model of the make. */
static struct store_step by_model_step(const struct moving *m)
{
	const bool any = m->model.text[0] == '\0';
	const struct view last = any ? view_of(LAST_KEY, LAST_KEY_LEN) : view_text(m->model.text);

	return (struct store_step){
		.statement = PAGE_BY_MODEL,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(m->make.text)),
			STORE_TEXT_OF(view_text(m->model.text)), STORE_TEXT_OF(last),
			STORE_TEXT_OF(view_text(m->after_model)),
			STORE_TEXT_OF(view_text(m->after)), STORE_INT_OF(POLICING_PAGE)},
	};
}

static struct store_step rows_step(const struct moving *m)
{
	const struct store_value after = STORE_TEXT_OF(view_text(m->after));
	const struct store_value limit = STORE_INT_OF(POLICING_PAGE);
	const struct store_value subject = STORE_TEXT_OF(view_text(m->now.subject));

	switch (m->now.kind) {
	case MOVEMENT_VULNERABILITY:
		return (struct store_step){.statement = PAGE_BY_VULNERABILITY,
			.param_count = 3,
			.params = {subject, after, limit}};
	case MOVEMENT_ROOT:
		return (struct store_step){.statement = PAGE_BY_ROOT,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_text(
					   m->now.subject + strlen(MOVEMENT_ROOT_SUBJECT))),
				after, limit}};
	case MOVEMENT_TIME:
		return (struct store_step){.statement = PAGE_DUE,
			.param_count = 4,
			.params = {STORE_INT_OF(0), STORE_INT_OF(m->now.upto), after, limit}};
	default:
		return (struct store_step){.statement = PAGE_WATCHED,
			.param_count = 2,
			.params = {after, limit}};
	}
}

static void next_page(struct moving *m)
{
	struct registry *registry = m->policing->registry;
	const bool new_model = m->stage == BY_MODEL && (!m->in_model || m->last_page);

	if (m->last_page && m->stage == BY_ROWS) {
		all_pages_done(m);
		return;
	}
	const struct store_step step = new_model	      ? model_step(m)
				       : m->stage == BY_MODEL ? by_model_step(m)
							      : rows_step(m);

	if (store_submit(registry->store, &step, 1, new_model ? on_model : on_devices, registry,
		    0) != OK) {
		fail(m, err_detail());
	}
}

static void begin(struct moving *m, const struct movement *movement)
{
	m->now = *movement;
	m->stage = movement->kind == MOVEMENT_VULNERABILITY ? BY_MODEL : BY_ROWS;
	m->make.text[0] = m->model.text[0] = m->after[0] = m->after_model[0] = '\0';
	m->in_model = m->last_page = false;
	m->moved = 0;
	m->rule[0] = '\0';
	next_page(m);
}

/* ---- which one ---- */

static void note_held(struct policing *p, const struct movement *movement)
{
	if (movement->state == MOVEMENT_APPLYING || movement->state == MOVEMENT_DONE ||
		p->held_count == POLICING_HELD) {
		return;
	}
	p->held[p->held_count++] = (struct held){
		.seq = movement->seq,
		.by_time = movement->kind == MOVEMENT_TIME,
		.upto = movement->upto,
	};
}

static void on_movements(void *user, uint64_t ref, const struct store_result *result)
{
	struct moving *m = moving_of(user);
	struct movement first = {.seq = -1}, movement;

	(void)ref;
	if (!m) {
		return;
	}
	if (result->err != OK) {
		fail(m, result->detail);
		return;
	}
	m->policing->held_count = 0;
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		if (movement_read(result, row, &movement) != OK) {
			continue;
		}
		note_held(m->policing, &movement);
		if (first.seq < 0 && movement.state <= MOVEMENT_APPLYING) {
			first = movement;
		}
	}
	ticking_at(m->policing, policing_now(m->policing));
	if (first.seq >= 0) {
		begin(m, &first);
		return;
	}
	m->busy = false;
	if (m->again) {
		m->again = false;
		look_for_one(m);
	}
}

static void look_for_one(struct moving *m)
{
	const struct store_step step = {.statement = OPEN_MOVEMENTS,
		.param_count = 1,
		.params = {STORE_INT_OF(POLICING_HELD)}};

	if (m->busy) {
		m->again = true;
		return;
	}
	m->busy = true;
	if (store_submit(m->policing->registry->store, &step, 1, on_movements,
		    m->policing->registry, 0) != OK) {
		fail(m, err_detail());
	}
}

void moving_wake(struct policing *p)
{
	if (p->moving && !p->stopping) {
		look_for_one(p->moving);
	}
}

void moving_expect(struct policing *p, int64_t seq)
{
	const struct movement movement = {.seq = seq, .state = MOVEMENT_COUNTING};

	note_held(p, &movement);
}

enum err moving_start_up(struct policing *p)
{
	p->moving = calloc(1, sizeof(*p->moving));
	if (!p->moving) {
		return err_fail(ERR_MEMORY, "policy: out of memory");
	}
	p->moving->policing = p;
	moving_wake(p);
	return OK;
}

void moving_shut_down(struct policing *p)
{
	if (p->moving) {
		timer_stop(p->registry->loop, &p->moving->later);
	}
	free(p->moving);
	p->moving = NULL;
}
