// SPDX-License-Identifier: Apache-2.0
#include "authn/events.h"

#include "authn/elements.h"
#include "authn/schema.h"
#include "core/kdf.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_SETTING "event-log"

/* Who waits until elements have an event: until all have answered that were told, or not longer than push_wait. */
struct publication {
	struct authn *authn;
	pool_ref ref;
	rp_a_published *done;
	uint64_t done_ref;
	unsigned told, waiting, acknowledged;
	bool telling; /* not all are told yet */
	struct timer patience;
};

struct events {
	uint8_t log[KDF_SIZE]; /* EVENT_LOG_SIZE bytes of it */
	uint64_t last;
	struct pool *publications;
};

struct view events_log(const struct authn *authn)
{
	return view_of(authn->events->log, EVENT_LOG_SIZE);
}

uint64_t events_last(const struct authn *authn)
{
	return authn->events->last;
}

/* --- as it happens --- */

/* The one place where a publication ends. */
static void finish(struct publication *p)
{
	const struct publication done = *p;

	timer_stop(p->authn->loop, &p->patience);
	pool_give(p->authn->events->publications, p->ref);
	done.done(done.authn, done.done_ref, done.told, done.acknowledged);
}

static void on_patience(void *user)
{
	finish(user);
}

void events_acknowledged(struct authn *authn, pool_ref ref, bool acknowledged)
{
	struct publication *p = pool_at(authn->events->publications, ref);

	if (!p) {
		return;
	}
	p->acknowledged += acknowledged;
	p->waiting--;
	if (p->waiting == 0 && !p->telling) {
		finish(p);
	}
}

static void tell_all(struct authn *authn, const struct event *event, struct publication *p)
{
	for (struct service *s = elements_serving(authn, &event->application); s; s = s->next) {
		if (outbox_offer(s->element, event, p ? p->ref : 0) && p) {
			p->told++;
			p->waiting++;
		}
	}
}

/* 10.4/4d. An element that hangs costs its window and push_wait, no more.  req: B9.6.1-d B9.4.1-f */
void events_publish(struct authn *authn, const struct event *event, rp_a_published *done,
	uint64_t ref)
{
	struct publication *p = NULL;
	pool_ref publication;

	if (event->serial > authn->events->last) {
		authn->events->last = event->serial;
	}
	if (done && pool_take(authn->events->publications, &publication, (void **)&p) == OK) {
		*p = (struct publication){.authn = authn,
			.ref = publication,
			.done = done,
			.done_ref = ref,
			.telling = true};
	}
	tell_all(authn, event, p);
	if (!p) {
		if (done) {
			done(authn, ref, 0, 0);
		}
		return;
	}
	p->telling = false;
	if (p->waiting == 0) {
		finish(p);
		return;
	}
	timer_start(authn->loop, &p->patience, authn->conf->push_wait, on_patience, p);
}

static void look(void *user, pool_ref ref, void *element)
{
	(void)user;
	(void)ref;
	outbox_look(element);
}

void events_look(struct authn *authn)
{
	if (authn->elements) {
		elements_each(authn, look);
	}
}

void rp_a_publish(struct authn *authn, const struct token *token, uint64_t serial, const char *tx,
	rp_a_published *done, uint64_t ref)
{
	struct event event = {.serial = serial,
		.kind = RP_A_PUSH,
		.application = token->application,
		.token_id = view_text(token->id),
		.token = token,
		.expiry = token->until};

	(void)snprintf(event.tx, sizeof(event.tx), "%s", tx);
	events_publish(authn, &event, done, ref);
}

/* --- life --- */

static void on_log(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	SECRET(name);
	const struct view node = ident_view(&authn->node);

	(void)ref;
	if (result->err != OK) {
		return;
	}
	struct view bytes = store_at(result, 1, 0, 0).bytes;

	authn->events->last = (uint64_t)store_at(result, 2, 0, 0).number;
	if (secret_set(&name, bytes.data, bytes.len) == OK) {
		(void)kdf(&name, 0, &node, 1, authn->events->log);
	}
}

/* The store has one name, its nodes one each made from it: serials are counted by node. */
static enum err open_log(struct authn *authn)
{
	const struct env *env = loop_env(authn->loop);
	const struct store_value name = STORE_TEXT_OF(view_text(LOG_SETTING));
	uint8_t bytes[EVENT_LOG_SIZE];

	TRY(env->random(env, bytes, sizeof(bytes)));
	const struct store_step steps[] = {
		{.statement = ADD_SETTING,
			.param_count = 2,
			.params = {name, STORE_BLOB_OF(view_of(bytes, sizeof(bytes)))}},
		{.statement = FIND_SETTING, .expect = STORE_ONE, .param_count = 1, .params = {name}},
		{.statement = LAST_EVENT, .expect = STORE_ONE},
	};

	return store_run(authn->store, steps, 3, on_log, authn);
}

enum err events_start_up(struct authn *authn)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events) {
		return err_fail(ERR_MEMORY, "events: out of memory");
	}
	authn->events = events;
	TRY(pool_new(sizeof(struct publication), (size_t)authn->conf->bootstraps,
		&events->publications));
	return open_log(authn);
}

static void stop_waiting(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	finish(slot);
}

void events_shut_down(struct authn *authn)
{
	struct events *events = authn->events;

	if (!events) {
		return;
	}
	if (events->publications) {
		pool_each(events->publications, stop_waiting, NULL);
	}
	pool_free(events->publications);
	free(events);
	authn->events = NULL;
}
