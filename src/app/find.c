// SPDX-License-Identifier: Apache-2.0
/*
 * Who asks for a token: what is held is given at once, one pull serves all who wait for it, and what RP_A has
 * refused is refused for a moment.  req: B9.4.3
 */
#include "app/app_inside.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	REFUSED_MAX = 16384,
	WAITERS_MAX = 65536,
	AWAY_MS = 1000, /* what could not be asked is not asked again so long */
};

enum err find_open(struct symapp *app, size_t pulls)
{
	app->refused_max = REFUSED_MAX;
	app->waiters_max = WAITERS_MAX;
	TRY(pull_open(app, pulls));
	return table_new(REFUSED_MAX + pulls, &app->questions);
}

/* Questions and their lists */

static struct question_list *list_of(struct symapp *app, enum question_state state)
{
	return state == PULLED ? &app->pulled : &app->refused;
}

static void leave(struct symapp *app, struct question *q)
{
	struct question_list *list = list_of(app, q->state);

	*(q->before ? &q->before->after : &list->first) = q->after;
	*(q->after ? &q->after->before : &list->last) = q->before;
	list->count--;
}

static void join(struct symapp *app, struct question *q, enum question_state state)
{
	struct question_list *list = list_of(app, state);

	q->state = state;
	q->before = list->last;
	q->after = NULL;
	*(list->last ? &list->last->after : &list->first) = q;
	list->last = q;
	list->count++;
}

static enum err add(struct symapp *app, struct view name, struct question **ret)
{
	struct question *q = calloc(1, sizeof(*q) + name.len);

	if (!q) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	memcpy(q->name, name.data, name.len);
	q->name_len = name.len;
	q->last_waiter = &q->waiters;
	enum err err = table_put(app->questions, name, q);

	if (err != OK) {
		free(q);
		return err;
	}
	join(app, q, PULLED);
	*ret = q;
	return OK;
}

static void drop(struct symapp *app, struct question *q)
{
	leave(app, q);
	(void)table_remove(app->questions, view_of(q->name, q->name_len));
	free(q);
}

static bool is_over(const struct symapp *app, const struct question *q)
{
	return q->deadline <= loop_now(app->loop);
}

static void refuse(struct symapp *app, struct question *q, enum err why)
{
	leave(app, q);
	while (app->refused.first &&
		(app->refused.count >= app->refused_max || is_over(app, app->refused.first))) {
		drop(app, app->refused.first);
	}
	join(app, q, REFUSED);
	q->why = why;
	q->deadline = loop_now(app->loop) + (why == ERR_NOT_FOUND ? app->unknown_ms : AWAY_MS);
}

/* Asking */

static enum err wait_for(struct symapp *app, struct question *q, symapp_ready *ready, void *user,
	uint64_t user_ref)
{
	if (app->waiters >= app->waiters_max) {
		return err_fail(ERR_OVERLOAD, "RP_A: too many wait for tokens");
	}
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w) {
		return err_fail(ERR_MEMORY, "RP_A: out of memory");
	}
	*w = (struct waiter){.ready = ready, .user = user, .user_ref = user_ref};
	*q->last_waiter = w;
	q->last_waiter = &w->next;
	app->waiters++;
	return ERR_AGAIN;
}

static enum err begin_pull(struct symapp *app, struct view name, struct question **ret)
{
	struct question *q = NULL;

	TRY(add(app, name, &q));
	enum err err = pull_start(app, q);

	if (err != OK) {
		drop(app, q);
		return err;
	}
	*ret = q;
	return OK;
}

static enum err copy_out(struct token *t, const struct ident *application, struct ua ua,
	struct symapp_token *ret)
{
	const struct token_key *k = token_key_of(t, ua);
	struct view id = name_token_id(view_of(t->name, t->name_len));

	if (token_is_over(t)) {
		return err_fail(ERR_NOT_FOUND, "Y.3056 9.4.3: the token has expired");
	}
	token_touch(t);
	memcpy(ret->id, id.data, id.len);
	ret->id[id.len] = '\0';
	memcpy(ret->pseudonym, t->pseudonym, sizeof(ret->pseudonym));
	memcpy(ret->degree, t->degree, sizeof(ret->degree));
	memcpy(ret->tx, t->tx, sizeof(ret->tx));
	TRY(text_copy(ret->rights, sizeof(ret->rights), view_text(t->granted.rights), "rights"));
	TRY(text_copy(ret->attributes, sizeof(ret->attributes), view_text(t->granted.attributes),
		"attributes"));
	ret->format = format_of_id(id);
	ret->from = t->from;
	ret->until = t->until;
	ret->application = *application;
	ret->ua = ua;
	ret->key = k->key;
	return OK;
}

static enum err ask(struct symapp *app, struct view name, symapp_ready *ready, void *user,
	uint64_t user_ref)
{
	struct question *q = table_get(app->questions, name);

	if (q && q->state == REFUSED && is_over(app, q)) {
		drop(app, q);
		q = NULL;
	}
	if (!q) {
		TRY(begin_pull(app, name, &q));
	}
	if (q->state == REFUSED) { /* without memory the end of a pull may come at once */
		return err_fail(q->why, q->why == ERR_NOT_FOUND
						? "10.4/4d: no such token, or no permission"
						: "10.4/4d: RP_A cannot be asked now");
	}
	return wait_for(app, q, ready, user, user_ref);
}

enum err symapp_find(struct symapp *app, struct view token_id, const struct ident *application,
	struct ua ua, symapp_ready *ready, void *user, uint64_t user_ref, struct symapp_token *ret)
{
	struct name name;

	if (app->closing) {
		return err_fail(ERR_UNAVAILABLE, "RP_A: this element is stopping");
	}
	if (name_of(token_id, application, ua, &name) != OK) {
		return ERR_NOT_FOUND; /* no token has such a name */
	}
	struct token *t = tokens_get(app, name_view(&name));

	if (t && token_key_of(t, ua)) {
		return copy_out(t, application, ua, ret);
	}
	return ask(app, name_view(&name), ready, user, user_ref);
}

bool symapp_may(const struct symapp_token *token, const char *right)
{
	struct words rights;

	return words_parse(view_text(token->rights), "rights", &rights) == OK &&
	       words_has(&rights, view_text(right));
}

/* Answers */

/* Each who is told may ask again, and so move questions. */
static void tell(struct symapp *app, struct waiter *waiters)
{
	while (waiters) {
		struct waiter *w = waiters;

		waiters = w->next;
		app->waiters--;
		w->ready(w->user, w->user_ref);
		free(w);
	}
}

static struct waiter *take_waiters(struct question *q)
{
	struct waiter *waiters = q->waiters;

	q->waiters = NULL;
	q->last_waiter = &q->waiters;
	return waiters;
}

static enum err hold(struct symapp *app, const struct question *q, const struct facts *facts)
{
	struct facts bound = *facts;
	struct token *t;

	if (q->bound > 0 && q->bound < bound.until) {
		bound.until = q->bound;
	}
	enum err err = tokens_hold(app, view_of(q->name, q->name_len), &bound, &t);

	facts_wipe(&bound);
	if (err == OK) {
		keep_put(app, t);
	}
	return err;
}

void find_settle(struct symapp *app, struct question *question, enum err err,
	const struct facts *facts)
{
	struct waiter *waiters = take_waiters(question);

	if (err == OK) {
		err = hold(app, question, facts);
	}
	if (err == OK) {
		drop(app, question);
	} else {
		refuse(app, question, err == ERR_NOT_FOUND ? err : ERR_UNAVAILABLE);
	}
	tell(app, waiters);
}

static struct name with_ua(struct view name, struct ua ua)
{
	struct name own = {.len = name.len};

	memcpy(own.bytes, name.data, name.len);
	memcpy(own.bytes, ua.bytes, UA_SIZE);
	return own;
}

static struct question *pulled_at(struct symapp *app, struct view name, struct ua ua)
{
	struct name own = with_ua(name, ua);
	struct question *q = table_get(app->questions, name_view(&own));

	return q && q->state == PULLED ? q : NULL;
}

void find_serve(struct symapp *app, struct view name, struct ua ua)
{
	struct question *q = pulled_at(app, name, ua);

	if (!q) {
		return;
	}
	struct waiter *waiters = take_waiters(q);

	pull_give_up(app, q->pull);
	drop(app, q);
	tell(app, waiters);
}

/* The next question for a key of this token, from `q` on. Pulls have a ceiling, so has this. */
static struct question *of_token(struct question *q, struct view name)
{
	for (; q; q = q->after) {
		if (q->name_len == name.len &&
			memcmp(q->name + UA_SIZE, name.data + UA_SIZE, name.len - UA_SIZE) == 0) {
			return q;
		}
	}
	return NULL;
}

void find_refuse(struct symapp *app, struct view name)
{
	struct question *q;

	while ((q = of_token(app->pulled.first, name))) {
		struct waiter *waiters = take_waiters(q);

		pull_give_up(app, q->pull);
		refuse(app, q, ERR_NOT_FOUND);
		tell(app, waiters);
	}
}

void find_deny(struct symapp *app, struct view name, struct ua ua)
{
	struct name own = with_ua(name, ua);
	struct question *q = table_get(app->questions, name_view(&own));

	if (q && q->state == PULLED) {
		return;
	}
	if (q || add(app, name_view(&own), &q) == OK) {
		refuse(app, q, ERR_NOT_FOUND);
	}
}

void find_bound(struct symapp *app, struct view name, int64_t until)
{
	struct question *q = of_token(app->pulled.first, name);

	for (; q; q = of_token(q->after, name)) {
		q->bound = until;
	}
}

void find_free_all(struct symapp *app)
{
	struct question_list *lists[] = {&app->pulled, &app->refused};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		while (lists[i]->first) {
			drop(app, lists[i]->first);
		}
	}
	table_free(app->questions);
}
