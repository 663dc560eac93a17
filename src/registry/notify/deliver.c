// SPDX-License-Identifier: Apache-2.0
/*
 * A subscriber has one delivery under way: an event, or the batch of a digest. It is read from the log, told, and its rows go
 * once it is acknowledged; then the next. What fails is tried again with longer and longer pauses, until it is given up.
 */
#include "registry/notify/inside.h"

#include "base/log.h"
#include "wire/security_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DROPPING_MAX = 64,
	SWEEP_MS = 60 * 1000,
	PATIENCE_MS = 5 * 60 * 1000,
	TOPIC_MAX = MQTT_TOPIC_MAX
};

static void go_on(struct notify *n);
static void on_again(void *user);

static int64_t now_of(const struct subscriber *s)
{
	return registry_now(s->notify->registry);
}

static const struct waiting *first_of(const struct subscriber *s)
{
	return &s->window[s->at];
}

static const struct waiting *last_of(const struct subscriber *s)
{
	return &s->window[s->at + s->batch - 1];
}

static bool is_digest(const struct subscriber *s)
{
	return s->wants.period_s > 0;
}

static int64_t period_of(const struct subscriber *s, int64_t at)
{
	return at / (s->wants.period_s * 1000);
}

/* Rows that came before what this gives could be told at that time: of a digest, those of periods that were over. */
static int64_t due_before(const struct subscriber *s, int64_t time)
{
	return is_digest(s) ? period_of(s, time) * s->wants.period_s * 1000 : time + 1;
}

/* Which rows the batch has: by sequence and, lest it takes one that came again meanwhile, by when they came. */
static int64_t batch_before(const struct subscriber *s)
{
	return is_digest(s) ? (period_of(s, first_of(s)->at) + 1) * s->wants.period_s * 1000
			    : INT64_MAX;
}

/* ---- rows ---- */

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
	} else if (is_digest(s) && due_before(s, now_of(s)) > s->read_before) {
		deliver_wake(s);   /* a period has ended meanwhile */
	} else if (is_digest(s)) { /* all of it is of a period that goes on */
		const int64_t period_ms = s->wants.period_s * 1000;

		timer_start(s->notify->registry->loop, &s->again, period_ms - now_of(s) % period_ms,
			on_again, s);
	}
}

static void read_rows(struct subscriber *s)
{
	const int64_t limit = is_digest(s) ? NOTIFY_DIGEST_WINDOW : NOTIFY_WINDOW;
	/* A clock that was set back holds up no more than digests. */
	s->read_before = is_digest(s) ? due_before(s, now_of(s)) : INT64_MAX;
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

/* ---- rows go ---- */

static struct store_step batch_step(const struct subscriber *s, int statement)
{
	return (struct store_step){
		.statement = statement,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(s->id)), STORE_INT_OF(first_of(s)->sequence),
			STORE_INT_OF(last_of(s)->sequence), STORE_INT_OF(batch_before(s))},
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

/* ---- the end of a delivery ---- */

static void end_delivery(struct subscriber *s)
{
	s->under_way = false;
	s->publication = 0;
	s->notify->under_way--;
	buf_clear(&s->items);
}

static void log_told(const struct subscriber *s)
{
	log_step("notify.told", "", "9.4/i c", "registry", "subscriber",
		(now_of(s) - first_of(s)->at) * 1000);
}

void deliver_acknowledged(struct subscriber *s)
{
	const struct store_step step = batch_step(s, DROP_DELIVERIES);
	struct notify *n = s->notify;

	log_told(s);
	n->figures.acknowledged += s->batch;
	submit(s, &step, 1, on_dropped);
	s->at += s->batch;
	s->pause_ms = 0;
	s->trouble[0] = '\0';
	end_delivery(s);
	deliver_wake(s);
	go_on(n);
}

void deliver_passed(struct subscriber *s)
{
	struct notify *n = s->notify;

	log_told(s);
	s->sent = last_of(s)->sequence;
	s->at += s->batch;
	end_delivery(s);
	deliver_wake(s);
	go_on(n);
}

void deliver_put_off(struct subscriber *s)
{
	struct notify *n = s->notify;

	s->at = s->count = 0;
	end_delivery(s);
	deliver_wake(s);
	go_on(n);
}

void deliver_had(struct subscriber *s, int64_t sequence)
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
static void bury(struct subscriber *s, int64_t last, int64_t before, const char *why)
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

void deliver_refused(struct subscriber *s, const char *why)
{
	struct notify *n = s->notify;

	bury(s, last_of(s)->sequence, batch_before(s), why);
	s->pause_ms = 0;
	(void)snprintf(s->trouble, sizeof(s->trouble), "%s", why);
	end_delivery(s);
	deliver_wake(s);
	go_on(n);
}

static int64_t longer(const struct subscriber *s, int64_t not_before_ms)
{
	const struct registry_conf *conf = s->notify->registry->conf;
	int64_t pause = s->pause_ms ? 2 * s->pause_ms : conf->notify_retry;

	pause = pause > conf->notify_retry_max ? conf->notify_retry_max : pause;
	return pause > not_before_ms ? pause : not_before_ms;
}

static void count_try(struct subscriber *s)
{
	const struct store_step step = batch_step(s, COUNT_TRY);

	for (size_t i = s->at; i < s->at + s->batch; i++) {
		s->window[i].tries++;
	}
	submit(s, &step, 1, on_counted);
}

void deliver_failed(struct subscriber *s, const char *why, int64_t not_before_ms)
{
	const struct registry_conf *conf = s->notify->registry->conf;
	const int64_t old = due_before(s, now_of(s) - conf->notify_give_up);
	struct notify *n = s->notify;

	n->figures.failed++;
	(void)snprintf(s->trouble, sizeof(s->trouble), "%s", why);
	s->pause_ms = longer(s, not_before_ms);
	if (last_of(s)->at < old) { /* and whatever else is as old */
		bury(s, INT64_MAX, old, why);
	} else if (conf->notify_tries > 0 && first_of(s)->tries + 1 >= conf->notify_tries) {
		bury(s, last_of(s)->sequence, batch_before(s), why);
	} else {
		count_try(s);
	}
	end_delivery(s);
	timer_start(n->registry->loop, &s->again, s->pause_ms, on_again, s);
	go_on(n);
}

/* ---- told ---- */

static void on_posted(void *user, const struct webhook_answer *answer)
{
	struct subscriber *s = user;

	switch (answer->result) {
	case WEBHOOK_ACKNOWLEDGED:
		deliver_acknowledged(s);
		break;
	case WEBHOOK_REFUSED:
		deliver_refused(s, answer->why);
		break;
	default:
		deliver_failed(s, answer->why, answer->retry_ms);
	}
}

static enum err post(struct subscriber *s, struct view token)
{
	struct notify *n = s->notify;

	if (!s->hook) {
		TRY(webhook_open(n->registry->loop, &n->webhook, s->wants.url, &s->hook));
	}
	return webhook_post(s->hook, token, on_posted, s);
}

static void on_published(void *user, enum err result)
{
	struct subscriber *s = user;

	timer_stop(s->notify->registry->loop, &s->again);
	if (result == OK) {
		deliver_acknowledged(s);
	} else {
		deliver_failed(s, err_detail(), 0);
	}
}

/* libmosquitto sends again by itself: this is for what was lost on the way back from it. */
static void on_impatience(void *user)
{
	struct subscriber *s = user;

	mqtt_forget(s->notify->mqtt, s->publication);
	deliver_failed(s,
		mqtt_is_connected(s->notify->mqtt) ? "the broker has not acknowledged it"
						   : mqtt_trouble(s->notify->mqtt),
		0);
}

static enum err publish(struct subscriber *s, struct view token)
{
	struct notify *n = s->notify;
	char topic[TOPIC_MAX];

	if (!n->mqtt) {
		return err_fail(ERR_UNAVAILABLE, "no MQTT broker is configured");
	}
	(void)snprintf(topic, sizeof(topic), "%s/%s", n->registry->conf->mqtt_topic, s->id);
	const struct mqtt_message message = {topic, token, SECURITY_EVENT_TYPE};

	TRY(mqtt_publish(n->mqtt, &message, on_published, s, &s->publication));
	timer_start(n->registry->loop, &s->again, PATIENCE_MS, on_impatience, s);
	return OK;
}

static void tell(struct subscriber *s, const char *kind)
{
	BUF_CLEANUP struct buf token = buf_growing(JOSE_MAX);

	if (s->wants.delivery == DELIVERY_SSE) {
		streams_send(s, kind);
		return;
	}
	enum err err = token_make(s, kind, &token);

	if (err == OK) {
		err = s->wants.delivery == DELIVERY_WEBHOOK ? post(s, buf_contents(&token))
							    : publish(s, buf_contents(&token));
	}
	if (err != OK) {
		deliver_failed(s, err_detail(), 0);
	}
}

/* ---- what is told ---- */

static void gather(struct subscriber *s);

static void on_event(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (!s || !s->under_way) {
		return;
	}
	const struct waiting *row = &s->window[s->at + s->gathered];

	if (err == OK && (count == 0 || entries[0].seq != row->seq)) {
		err = err_fail(ERR_IO, "notify: the event is not in the log");
	}
	if (err == OK && s->gathered > 0) {
		buf_u8(&s->items, ',');
	}
	const size_t before = s->items.len;

	err = err == OK ? told_put(&entries[0], row->sequence, &s->items) : err;
	if (err == ERR_RANGE && s->gathered > 0) { /* the token is full */
		s->items.failed = false;
		s->items.len = before - 1;
		s->batch = s->gathered;
		tell(s, "");
		return;
	}
	if (err != OK) {
		deliver_failed(s, err_detail(), 0);
		return;
	}
	s->kinds[entries[0].kind]++;
	(void)snprintf(s->txn, sizeof(s->txn), "%.*s/%" PRId64, (int)entries[0].origin.len,
		(const char *)entries[0].origin.data, entries[0].origin_seq);
	if (++s->gathered < s->batch) {
		gather(s);
		return;
	}
	tell(s, event_kind_name(entries[0].kind));
}

static void gather(struct subscriber *s)
{
	struct registry *registry = s->notify->registry;
	const int64_t seq = s->window[s->at + s->gathered].seq;

	if (ledger_read(registry->ledger, seq, 1, on_event, registry, s->ref) != OK) {
		deliver_failed(s, "the log cannot be read now", 0);
	}
}

/* A digest tells a period: those that follow each other and came in the same one. */
static size_t batch_size(const struct subscriber *s)
{
	size_t size = 1;

	while (is_digest(s) && s->at + size < s->count &&
		period_of(s, s->window[s->at + size].at) == period_of(s, first_of(s)->at)) {
		size++;
	}
	return size;
}

static void begin(struct subscriber *s)
{
	s->notify->under_way++;
	s->under_way = true;
	s->batch = batch_size(s);
	s->gathered = 0;
	memset(s->kinds, 0, sizeof(s->kinds));
	buf_clear(&s->items);
	gather(s);
}

/* ---- turns ---- */

static void enqueue(struct subscriber *s)
{
	struct notify *n = s->notify;

	s->queued = true;
	s->behind = NULL;
	*n->queue_end = s;
	n->queue_end = &s->behind;
}

static struct subscriber *dequeue(struct notify *n)
{
	struct subscriber *s = n->queue;

	n->queue = s->behind;
	if (!n->queue) {
		n->queue_end = &n->queue;
	}
	s->queued = false;
	return s;
}

/* A delivery that ends at once comes here again, from inside. */
static void go_on(struct notify *n)
{
	if (n->going_on) {
		return;
	}
	n->going_on = true;
	while (n->queue && n->under_way < (size_t)n->registry->conf->notify_parallel) {
		begin(dequeue(n));
	}
	n->going_on = false;
}

static void on_again(void *user)
{
	deliver_wake(user);
}

static bool can_be_told(const struct subscriber *s)
{
	return !s->suspended && (s->wants.delivery != DELIVERY_SSE || (s->stream && !s->full));
}

void deliver_wake(struct subscriber *s)
{
	if (s->under_way || s->queued || s->reading || timer_is_running(&s->again) ||
		!can_be_told(s)) {
		return;
	}
	if (s->at < s->count) {
		if (s->dropping < DROPPING_MAX) {
			enqueue(s);
			go_on(s->notify);
		}
	} else if (s->pending > 0 && s->dropping == 0) {
		read_rows(s); /* not before what was told is gone from there */
	}
}

void deliver_stop(struct subscriber *s)
{
	struct notify *n = s->notify;

	timer_stop(n->registry->loop, &s->again);
	if (s->publication && n->mqtt) {
		mqtt_forget(n->mqtt, s->publication);
	}
	webhook_close(s->hook);
	s->hook = NULL;
	if (s->queued) {
		struct subscriber **at = &n->queue;

		while (*at != s) {
			at = &(*at)->behind;
		}
		*at = s->behind;
		if (!*at) {
			n->queue_end = at;
		}
		s->queued = false;
	}
	if (s->under_way) {
		end_delivery(s);
	}
	s->at = s->count = 0;
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

void deliver_sweep(void *notify)
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
	timer_start(registry->loop, &n->sweep, SWEEP_MS, deliver_sweep, n);
}
