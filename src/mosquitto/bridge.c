// SPDX-License-Identifier: Apache-2.0
#include "mosquitto/bridge.h"

#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAIL_MAX = 256 };

struct kept_change {
	struct kept_change *next;
	struct bridge_change change;
};

struct bridge {
	const struct mosquitto_conf *conf;
	struct ident application, group; /* the group is itself, when it is in none */
	struct ua ua;
	pthread_t thread;
	struct loop *loop;

	/* Of the thread: */
	struct node_diameter diameter_setup;
	struct symapp *app;

	/* Of both: */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool opened; /* or could not be: */
	enum err result;
	char detail[DETAIL_MAX];
	struct kept_change *first, **last;
	bool lost;
};

/* --- the thread --- */

static void on_changed(void *user, const struct symapp_change *change)
{
	struct bridge *b = user;
	struct kept_change *kept = calloc(1, sizeof(*kept));

	if (kept && text_copy(kept->change.token_id, sizeof(kept->change.token_id),
			    change->token_id, "token id") != OK) {
		free(kept); /* no token that is here has such a name */
		return;
	}
	(void)pthread_mutex_lock(&b->lock);
	if (kept) {
		kept->change.kind = change->kind;
		kept->change.until = change->until;
		kept->change.granted = change->granted;
		*b->last = kept;
		b->last = &kept->next;
	} else {
		b->lost = true;
	}
	(void)pthread_mutex_unlock(&b->lock);
}

/* req: B9.6.1-c */
static enum err announce(struct bridge *b)
{
	struct symapp_application row = {.id = b->application,
		.uas = {b->ua},
		.ua_count = 1,
		.address = b->conf->address,
		.mechanisms = {ua_equal(b->ua, UA_TLS13_PSK) ? "tls13-psk" : "tls12-psk"},
		.mechanism_count = 1,
		.shared = !ident_equal(&b->application, &b->group)};

	if (row.shared) {
		row.group = b->group;
	}
	return symapp_announce(b->app, &row, 1);
}

static enum err open_app(struct bridge *b)
{
	const struct mosquitto_conf *conf = b->conf;

	TRY(node_diameter_prepare(NODE_DIAMETER(conf), &b->diameter_setup));
	const struct symapp_options options = {
		.diameter = b->diameter_setup.options,
		.store_url = conf->store_url,
		.master_key = conf->master_key,
		.tokens = (size_t)conf->tokens,
		.pulls = (size_t)conf->pulls,
		.unknown_ms = conf->unknown,
		.changed = on_changed,
		.user = b,
	};

	TRY(symapp_new(b->loop, &options, &b->app));
	return announce(b);
}

static void *run(void *user)
{
	struct bridge *b = user;
	enum err err = open_app(b);

	(void)pthread_mutex_lock(&b->lock);
	b->result = err;
	(void)snprintf(b->detail, sizeof(b->detail), "%s", err == OK ? "" : err_detail());
	b->opened = true;
	(void)pthread_cond_signal(&b->answered);
	(void)pthread_mutex_unlock(&b->lock);
	if (err == OK) {
		loop_run(b->loop);
	}
	symapp_free(b->app);
	b->app = NULL;
	node_diameter_release(&b->diameter_setup);
	loop_free(b->loop);
	b->loop = NULL;
	return NULL;
}

/* --- starting and stopping --- */

static enum err read_names(struct bridge *b)
{
	const struct mosquitto_conf *conf = b->conf;

	b->ua = mosquitto_ua(conf);
	TRY(ident_parse(IDENT_APPLICATION, view_text(conf->application), &b->application));
	return ident_parse(IDENT_APPLICATION,
		view_text(conf->group[0] ? conf->group : conf->application), &b->group);
}

/* Signals are mosquitto's. */
static enum err start_thread(struct bridge *b)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&b->thread, NULL, run, b);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		return err_fail(ERR_MEMORY, "plug-in: no thread: %s", strerror(failed));
	}
	(void)pthread_mutex_lock(&b->lock);
	while (!b->opened) {
		(void)pthread_cond_wait(&b->answered, &b->lock);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return OK;
}

static void release(struct bridge *b)
{
	while (b->first) {
		struct kept_change *kept = b->first;

		b->first = kept->next;
		free(kept);
	}
	loop_free(b->loop);
	(void)pthread_cond_destroy(&b->answered);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}

enum err bridge_start(const struct mosquitto_conf *conf, struct bridge **ret)
{
	struct bridge *b = calloc(1, sizeof(*b));

	if (!b) {
		return err_fail(ERR_MEMORY, "plug-in: out of memory");
	}
	b->conf = conf;
	b->last = &b->first;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->answered, NULL);
	enum err err = read_names(b);

	if (err == OK) {
		err = loop_new(&env_system, &b->loop);
	}
	if (err == OK) {
		err = start_thread(b);
	}
	if (err == OK && b->result != OK) {
		(void)pthread_join(b->thread, NULL);
		err = err_fail(b->result, "%s", b->detail);
	}
	if (err != OK) {
		release(b);
		return err;
	}
	*ret = b;
	return OK;
}

static void stop(void *user)
{
	loop_stop(user);
}

void bridge_stop(struct bridge *b)
{
	if (!b) {
		return;
	}
	loop_post(b->loop, stop, b->loop);
	(void)pthread_join(b->thread, NULL);
	release(b);
}

/* --- questions --- */

struct question {
	struct bridge *bridge;
	struct view token_id;
	struct symapp_token *token;
	enum err result;
	char detail[DETAIL_MAX];
	bool done;
};

static void not_waited_for(void *user, uint64_t user_ref)
{
	(void)user;
	(void)user_ref;
}

static void look(void *user)
{
	struct question *q = user;
	struct bridge *b = q->bridge;

	enum err err = symapp_find(b->app, q->token_id, &b->group, b->ua, not_waited_for, NULL, 0,
		q->token);

	(void)pthread_mutex_lock(&b->lock);
	q->result = err;
	(void)snprintf(q->detail, sizeof(q->detail), "%s",
		err == OK	   ? ""
		: err == ERR_AGAIN ? "10.4/4d: the realm is being asked for this token"
				   : err_detail());
	q->done = true;
	(void)pthread_cond_signal(&b->answered);
	(void)pthread_mutex_unlock(&b->lock);
}

enum err bridge_find(struct bridge *b, struct view token_id, struct symapp_token *ret)
{
	struct question q = {.bridge = b, .token_id = token_id, .token = ret};

	loop_post(b->loop, look, &q);
	(void)pthread_mutex_lock(&b->lock);
	while (!q.done) {
		(void)pthread_cond_wait(&b->answered, &b->lock);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return q.result == OK ? OK : err_fail(q.result, "%s", q.detail);
}

struct use {
	struct bridge *bridge;
	char token_id[TOKEN_ID_MAX + 1];
};

static void use(void *user)
{
	struct use *u = user;

	if (u->bridge->app) { /* it is not stopping */
		symapp_use(u->bridge->app, view_text(u->token_id), &u->bridge->group);
	}
	free(u);
}

void bridge_use(struct bridge *b, const char *token_id)
{
	struct use *u = calloc(1, sizeof(*u));

	if (!u) {
		return; /* an older token lives on until it expires */
	}
	u->bridge = b;
	(void)snprintf(u->token_id, sizeof(u->token_id), "%s", token_id);
	loop_post(b->loop, use, u);
}

bool bridge_next_change(struct bridge *b, struct bridge_change *ret)
{
	(void)pthread_mutex_lock(&b->lock);
	struct kept_change *kept = b->first;
	bool lost = b->lost;

	b->lost = false;
	if (kept && !lost) {
		b->first = kept->next;
		b->last = b->first ? b->last : &b->first;
	}
	(void)pthread_mutex_unlock(&b->lock);
	if (lost) {
		*ret = (struct bridge_change){.lost = true};
		return true;
	}
	if (!kept) {
		return false;
	}
	*ret = kept->change;
	free(kept);
	return true;
}
