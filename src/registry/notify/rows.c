// SPDX-License-Identifier: Apache-2.0
/* What a subscriber has not acknowledged: rows of the store, of which the first few are in a window. */
#include "registry/notify/inside.h"

#include "base/log.h"

enum { SWEEP_MS = 60 * 1000 };

static int64_t now_of(const struct subscriber *s)
{
	return registry_now(s->notify->registry);
}

const struct waiting *rows_first(const struct subscriber *s)
{
	return &s->window[s->at];
}

const struct waiting *rows_last(const struct subscriber *s)
{
	return &s->window[s->at + s->batch - 1];
}

bool rows_are_digest(const struct subscriber *s)
{
	return s->wants.period_s > 0;
}

static int64_t period_of(const struct subscriber *s, int64_t at)
{
	return at / (s->wants.period_s * 1000);
}

/* Rows that came before what this gives could be told at that time: of a digest, those of periods that were over. */
int64_t rows_due_before(const struct subscriber *s, int64_t time)
{
	return rows_are_digest(s) ? period_of(s, time) * s->wants.period_s * 1000 : time + 1;
}

/* Which rows the batch has: by sequence and, lest it takes one that came again meanwhile, by when they came. */
int64_t rows_batch_before(const struct subscriber *s)
{
	return rows_are_digest(s) ? (period_of(s, rows_first(s)->at) + 1) * s->wants.period_s * 1000
				  : INT64_MAX;
}

/* A digest tells a period: those that follow each other and came in the same one. */
size_t rows_batch(const struct subscriber *s)
{
	size_t size = 1;

	while (rows_are_digest(s) && s->at + size < s->count &&
		period_of(s, s->window[s->at + size].at) == period_of(s, rows_first(s)->at)) {
		size++;
	}
	return size;
}

/* ---- read ---- */

static void on_again(void *user)
{
	deliver_wake(user);
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (!s) {
		return;
	}
	s->reading = false;
	if (s->stale) {
		s->stale = false;
		deliver_wake(s);
		return;
	}
	if (result->err != OK) {
		timer_start(s->notify->registry->loop, &s->again,
			s->notify->registry->conf->notify_retry, on_again, s);
		return;
	}
	s->at = 0;
	s->count = result->steps[0].rows;
	for (size_t i = 0; i < s->count; i++) {
		s->window[i] = (struct waiting){
			.sequence = store_at(result, 0, i, 0).number,
			.seq = store_at(result, 0, i, 1).number,
			.at = store_at(result, 0, i, 2).number,
			.tries = store_at(result, 0, i, 3).number,
		};
	}
	if (s->count > 0) {
		deliver_wake(s);
	} else if (rows_are_digest(s) && rows_due_before(s, now_of(s)) > s->read_before) {
		deliver_wake(s);	 /* a period has ended meanwhile */
	} else if (rows_are_digest(s)) { /* all of it is of a period that goes on */
		const int64_t period_ms = s->wants.period_s * 1000;

		timer_start(s->notify->registry->loop, &s->again, period_ms - now_of(s) % period_ms,
			on_again, s);
	}
}

void rows_read(struct subscriber *s)
{
	const int64_t limit = rows_are_digest(s) ? NOTIFY_DIGEST_WINDOW : NOTIFY_WINDOW;
	/* A clock that was set back holds up no more than digests. */
	s->read_before = rows_are_digest(s) ? rows_due_before(s, now_of(s)) : INT64_MAX;
	const struct store_step step = {
		.statement = READ_DELIVERIES,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(s->sent),
			STORE_INT_OF(s->read_before), STORE_INT_OF(limit)},
	};
	struct registry *registry = s->notify->registry;

	s->reading = store_submit(registry->store, &step, 1, on_rows, registry, s->ref) == OK;
	if (!s->reading) {
		timer_start(registry->loop, &s->again, registry->conf->notify_retry, on_again, s);
	}
}

/* ---- taken away ---- */

static struct store_step batch_step(const struct subscriber *s, int statement)
{
	return (struct store_step){
		.statement = statement,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(rows_first(s)->sequence),
			STORE_INT_OF(rows_last(s)->sequence), STORE_INT_OF(rows_batch_before(s))},
	};
}

/* The unit's last step has taken rows away; gives how many. Those of a unit that failed stay, and are told again. */
static size_t after_unit(struct subscriber *s, const struct store_result *result)
{
	s->dropping--;
	if (result->err != OK) {
		log_event(LOG_ERROR, "notify.not_dropped", "", LOG_TEXT("detail", result->detail));
		return 0;
	}
	return result->steps[result->step_count - 1].changed;
}

static void on_dropped(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (s) {
		s->pending -= (int64_t)after_unit(s, result);
		deliver_wake(s);
	}
}

static void on_buried(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (s) {
		size_t died = after_unit(s, result);

		s->pending -= (int64_t)died;
		s->notify->figures.died += died;
		deliver_wake(s);
	}
}

static void on_counted(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (s) {
		(void)after_unit(s, result);
		deliver_wake(s);
	}
}

static void submit(struct subscriber *s, const struct store_step *steps, size_t count,
	store_done *done)
{
	struct registry *registry = s->notify->registry;

	if (store_submit(registry->store, steps, count, done, registry, s->ref) == OK) {
		s->dropping++;
	}
}

void rows_drop(struct subscriber *s)
{
	const struct store_step step = batch_step(s, DROP_DELIVERIES);

	submit(s, &step, 1, on_dropped);
	s->at += s->batch;
}

void rows_had(struct subscriber *s, int64_t sequence)
{
	const struct store_step step = {
		.statement = DROP_DELIVERIES,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(0), STORE_INT_OF(sequence),
			STORE_INT_OF(INT64_MAX)},
	};

	submit(s, &step, 1, on_dropped);
}

/* Rows from the head of the batch to that sequence that came before then become dead letters. */
void rows_bury(struct subscriber *s, int64_t last, int64_t before, const char *why)
{
	struct store_step steps[2] = {
		batch_step(s, BURY),
		batch_step(s, DROP_DELIVERIES),
	};

	for (size_t i = 0; i < 2; i++) {
		steps[i].params[2] = STORE_INT_OF(last);
		steps[i].params[3] = STORE_INT_OF(before);
	}
	steps[0].param_count = 6;
	steps[0].params[4] = STORE_INT_OF(now_of(s));
	steps[0].params[5] = STORE_TEXT_OF(view_text(why));
	log_event(LOG_WARN, "notify.dead_letter", "", LOG_TEXT("subscription", s->id),
		LOG_TEXT("why", why));
	submit(s, steps, 2, on_buried);
	s->at = s->count; /* what else is buried is not known here: the rest is read again */
}

void rows_count_try(struct subscriber *s)
{
	const struct store_step step = batch_step(s, COUNT_TRY);

	for (size_t i = s->at; i < s->at + s->batch; i++) {
		s->window[i].tries++;
	}
	submit(s, &step, 1, on_counted);
}

/* ---- what nobody fetches ---- */

static void on_expired(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (s) {
		size_t expired = after_unit(s, result);

		s->pending -= (int64_t)expired;
		s->notify->figures.expired += expired;
	}
}

/* Streams that nobody opens, or acknowledges. */
static void expire(struct subscriber *s)
{
	const int64_t age = s->notify->registry->conf->notify_backlog_age;
	const struct store_step step = {
		.statement = DROP_DELIVERIES,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(0),
			STORE_INT_OF(INT64_MAX), STORE_INT_OF(now_of(s) - age)},
	};

	submit(s, &step, 1, on_expired);
}

static void on_forgotten(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	(void)result;
}

void rows_sweep(void *notify)
{
	struct notify *n = notify;
	struct registry *registry = n->registry;
	const struct store_step step = {
		.statement = EXPIRE_DEAD_LETTERS,
		.param_count = 1,
		.params = {STORE_INT_OF(registry_now(registry) - registry->conf->dead_letter_age)},
	};

	(void)!store_submit(registry->store, &step, 1, on_forgotten, registry, 0);
	for (struct subscriber *s = n->first; s; s = s->after) {
		if (s->wants.delivery == DELIVERY_SSE && s->pending > 0 && s->dropping == 0) {
			expire(s);
		}
	}
	timer_start(registry->loop, &n->sweep, SWEEP_MS, rows_sweep, n);
}
