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

enum { DROPPING_MAX = 64, PATIENCE_MS = 5 * 60 * 1000, TOPIC_MAX = MQTT_TOPIC_MAX };

static void go_on(struct notify *n);
static void on_again(void *user);

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
	log_step("notify.told", "", "9.4/i-c", "registry", "subscriber",
		(registry_now(s->notify->registry) - rows_first(s)->at) * 1000);
}

void deliver_acknowledged(struct subscriber *s)
{
	struct notify *n = s->notify;

	log_told(s);
	n->figures.acknowledged += s->batch;
	rows_drop(s);
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
	s->sent = rows_last(s)->sequence;
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

void deliver_refused(struct subscriber *s, const char *why)
{
	struct notify *n = s->notify;

	rows_bury(s, rows_last(s)->sequence, rows_batch_before(s), why);
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

void deliver_failed(struct subscriber *s, const char *why, int64_t not_before_ms)
{
	const struct registry_conf *conf = s->notify->registry->conf;
	const int64_t old =
		rows_due_before(s, registry_now(s->notify->registry) - conf->notify_give_up);
	struct notify *n = s->notify;

	n->figures.failed++;
	(void)snprintf(s->trouble, sizeof(s->trouble), "%s", why);
	s->pause_ms = longer(s, not_before_ms);
	if (rows_last(s)->at < old) { /* and whatever else is as old */
		rows_bury(s, INT64_MAX, old, why);
	} else if (conf->notify_tries > 0 && rows_first(s)->tries + 1 >= conf->notify_tries) {
		rows_bury(s, rows_last(s)->sequence, rows_batch_before(s), why);
	} else {
		rows_count_try(s);
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

	err = err == OK ? told_put(s, &entries[0], row->sequence, &s->items) : err;
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

static void begin(struct subscriber *s)
{
	s->notify->under_way++;
	s->under_way = true;
	s->batch = rows_batch(s);
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
		rows_read(s); /* not before what was told is gone from there */
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
