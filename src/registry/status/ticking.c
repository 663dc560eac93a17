// SPDX-License-Identifier: Apache-2.0
/*
 * ticking: what happens by time alone: reports that are overdue, grace that is over, decisions that end, embargoes that are
 * lifted. When it is due stands in the store, so that it comes after a restart too; a clock that is set back makes
 * nothing come twice.
 */
#include "registry/status/policing_inside.h"

#include "base/log.h"
#include "core/reg_id.h"

#include <stdio.h>
#include <stdlib.h>

struct ticking {
	struct policing *policing;
	struct timer timer;
	int64_t next; /* when it is to look; 0: it does not know */
	bool busy;
	int64_t upto, low; /* of what is looked at now */
	char after[REG_DEV_ID_MAX + 1];
	struct batch batch;
	bool last_page;
	int64_t window_from; /* moves since then, for the brake */
	int64_t moved;
};

static void next_page(struct ticking *t);
static void look_ahead(struct ticking *t);

static struct ticking *ticking_of(const struct registry *registry)
{
	struct policing *p = registry->policing;

	return p && !p->stopping ? p->ticking : NULL;
}

static void on_time(void *user);

static void arm(struct ticking *t, int64_t at)
{
	int64_t wait = at - policing_now(t->policing);

	t->next = at;
	wait = wait < 0 ? 0 : wait > POLICING_LONGEST_MS ? POLICING_LONGEST_MS : wait;
	timer_start(t->policing->registry->loop, &t->timer, wait, on_time, t);
}

void ticking_at(struct policing *p, int64_t due)
{
	struct ticking *t = p->ticking;

	if (t && !p->stopping && !t->busy && (t->next == 0 || due < t->next)) {
		arm(t, due);
	}
}

static void fail(struct ticking *t, const char *detail)
{
	log_event(LOG_WARN, "policy.time_waits", "", LOG_TEXT("detail", detail));
	t->busy = false;
	arm(t, policing_now(t->policing) + POLICING_AGAIN_MS);
}

/* ---- what comes next ---- */

static void on_ahead(void *user, uint64_t ref, const struct store_result *result)
{
	struct ticking *t = ticking_of(user);
	int64_t next = 0;

	(void)ref;
	if (!t) {
		return;
	}
	if (result->err != OK) {
		fail(t, result->detail);
		return;
	}
	for (size_t step = 0; step < 2; step++) {
		struct store_value at = store_at(result, step, 0, 0);

		if (step == 1 && at.number <= t->upto) {
			at.number = t->upto + POLICING_AGAIN_MS; /* it is being told */
		}
		if (at.type == STORE_INT && (next == 0 || at.number < next)) {
			next = at.number;
		}
	}
	t->busy = false;
	arm(t, next > 0 ? next : policing_now(t->policing) + POLICING_LONGEST_MS);
}

static void look_ahead(struct ticking *t)
{
	struct registry *registry = t->policing->registry;
	const int64_t held = moving_held_upto(t->policing);
	const struct store_step steps[] = {
		{.statement = NEXT_DUE,
			.param_count = 1,
			.params = {STORE_INT_OF(held > t->upto ? held : t->upto)}},
		{.statement = NEXT_RELEASE},
	};

	if (store_submit(registry->store, steps, 2, on_ahead, registry, 0) != OK) {
		fail(t, err_detail());
	}
}

/* ---- devices that are due ---- */

static void on_batch(struct batch *batch)
{
	struct ticking *t = batch->policing->ticking;

	if (batch->policing->stopping) {
		return;
	}
	if (batch->err != OK) {
		fail(t, "not all devices could be judged");
		return;
	}
	t->moved += (int64_t)batch->moved;
	if (t->last_page) {
		look_ahead(t);
		return;
	}
	next_page(t);
}

static void on_page(void *user, uint64_t ref, const struct store_result *result)
{
	struct ticking *t = ticking_of(user);

	(void)ref;
	if (!t) {
		return;
	}
	if (result->err != OK) {
		fail(t, result->detail);
		return;
	}
	const size_t rows = result->steps[0].rows;

	t->last_page = rows < POLICING_PAGE;
	t->batch = (struct batch){.policing = t->policing, .left = 1, .done = on_batch};
	for (size_t row = 0; row < rows && t->batch.err == OK; row++) {
		t->batch.err = judge_device(&t->batch, store_at(result, 0, row, 0).bytes, 0, NULL);
	}
	if (rows > 0) {
		(void)snprintf(t->after, sizeof(t->after), "%.*s",
			(int)store_at(result, 0, rows - 1, 0).bytes.len,
			(const char *)store_at(result, 0, rows - 1, 0).bytes.data);
	}
	batch_filled(&t->batch);
}

static void next_page(struct ticking *t)
{
	struct registry *registry = t->policing->registry;
	const struct store_step step = {
		.statement = PAGE_DUE,
		.param_count = 4,
		.params = {STORE_INT_OF(t->low), STORE_INT_OF(t->upto),
			STORE_TEXT_OF(view_text(t->after)), STORE_INT_OF(POLICING_PAGE)},
	};

	if (store_submit(registry->store, &step, 1, on_page, registry, 0) != OK) {
		fail(t, err_detail());
	}
}

/* ---- too many at once ---- */

static void on_movement(void *user, uint64_t ref, const struct store_result *result)
{
	struct ticking *t = ticking_of(user);

	(void)ref;
	if (!t) {
		return;
	}
	if (result->err != OK) {
		fail(t, result->detail);
		return;
	}
	moving_wake(t->policing);
	look_ahead(t);
}

/* They become a movement, which counts those that would really change. Its number is a time, past those of all events. */
static enum err move_many(struct ticking *t)
{
	struct policing *p = t->policing;
	const struct store_step step = {
		.statement = ADD_MOVEMENT,
		.param_count = 6,
		.params = {STORE_INT_OF(t->upto), STORE_INT_OF(MOVEMENT_TIME),
			STORE_TEXT_OF(view_text("time")), STORE_TEXT_OF(view_text("")),
			STORE_INT_OF(t->upto), STORE_INT_OF(t->upto)},
	};

	return store_submit(p->registry->store, &step, 1, on_movement, p->registry, 0);
}

static void on_counts(void *user, uint64_t ref, const struct store_result *result)
{
	struct ticking *t = ticking_of(user);

	(void)ref;
	if (!t) {
		return;
	}
	if (result->err != OK) {
		fail(t, result->detail);
		return;
	}
	struct policing *p = t->policing;
	const int64_t due = store_at(result, 0, 0, 0).number;
	const int64_t limit = policy_brake(&p->policy, store_at(result, 1, 0, 0).number);

	if (t->upto - t->window_from >= p->policy.brake_within) {
		t->window_from = t->upto;
		t->moved = 0;
	}
	if (due == 0) {
		look_ahead(t);
	} else if (due > limit - t->moved) {
		if (move_many(t) != OK) {
			fail(t, err_detail());
		}
	} else {
		t->after[0] = '\0';
		next_page(t);
	}
}

/* ---- the time has come ---- */

static void on_time(void *user)
{
	struct ticking *t = user;
	struct registry *registry = t->policing->registry;

	t->busy = true;
	t->upto = policing_now(t->policing);
	t->low = moving_held_upto(t->policing);
	release_due(t->policing, t->upto);
	const struct store_step steps[] = {
		{.statement = COUNT_DUE,
			.param_count = 2,
			.params = {STORE_INT_OF(t->low), STORE_INT_OF(t->upto)}},
		{.statement = COUNT_WATCHED},
	};

	if (store_submit(registry->store, steps, 2, on_counts, registry, 0) != OK) {
		fail(t, err_detail());
	}
}

enum err ticking_start_up(struct policing *p)
{
	p->ticking = calloc(1, sizeof(*p->ticking));
	if (!p->ticking) {
		return err_fail(ERR_MEMORY, "policy: out of memory");
	}
	p->ticking->policing = p;
	arm(p->ticking, policing_now(p));
	return OK;
}

void ticking_shut_down(struct policing *p)
{
	if (p->ticking) {
		timer_stop(p->registry->loop, &p->ticking->timer);
	}
	free(p->ticking);
	p->ticking = NULL;
}
