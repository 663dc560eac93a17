// SPDX-License-Identifier: Apache-2.0
/*
 * Token management in the application element: what RP_A has given is kept until it expires, what RP_A has
 * refused is refused for a moment, and one pull serves all who wait for it.  req: B9.4.3
 */
#include "app/app_inside.h"

#include <stdlib.h>
#include <string.h>

enum {
	AWAY_MS = 1000, /* what could not be asked is not asked again so long */
	SWEEP_MS = 60 * 1000,
};

/* Names */

enum err name_of(struct view token_id, const struct ident *application, struct ua ua,
	struct name *ret)
{
	struct ident node;
	struct buf out = buf_fixed(ret->bytes, sizeof(ret->bytes));

	TRY(token_id_node(token_id, &node));
	buf_bytes(&out, ua.bytes, UA_SIZE);
	buf_view(&out, ident_view(application));
	buf_u8(&out, 0);
	buf_bytes(&out, token_id.data, token_id.len - node.len);
	buf_view(&out, ident_view(&node));
	ret->len = out.len;
	return buf_end(&out, "token name");
}

struct ua name_ua(struct view name)
{
	struct ua ua;

	memcpy(ua.bytes, name.data, UA_SIZE);
	return ua;
}

static size_t zero_in(struct view name)
{
	const uint8_t *zero = memchr(name.data + UA_SIZE, 0, name.len - UA_SIZE);

	return (size_t)(zero - name.data);
}

struct view name_application(struct view name)
{
	return view_of(name.data + UA_SIZE, zero_in(name) - UA_SIZE);
}

struct view name_token_id(struct view name)
{
	size_t begin = zero_in(name) + 1;

	return view_of(name.data + begin, name.len - begin);
}

/* Entries and their lists */

static struct entry_list *list_of(struct symapp *app, enum entry_state state)
{
	return state == ENTRY_PULLED ? &app->pulled
	       : state == ENTRY_HELD ? &app->held
				     : &app->refused;
}

static void leave(struct symapp *app, struct entry *e)
{
	struct entry_list *list = list_of(app, e->state);

	*(e->before ? &e->before->after : &list->first) = e->after;
	*(e->after ? &e->after->before : &list->last) = e->before;
	list->count--;
}

static void join(struct symapp *app, struct entry *e, enum entry_state state)
{
	struct entry_list *list = list_of(app, state);

	e->state = state;
	e->before = list->last;
	e->after = NULL;
	*(list->last ? &list->last->after : &list->first) = e;
	list->last = e;
	list->count++;
}

static enum err add(struct symapp *app, struct view name, enum entry_state state, struct entry **ret)
{
	struct entry *e = calloc(1, sizeof(*e) + name.len);

	if (!e) {
		return err_fail(ERR_MEMORY, "tokens: out of memory");
	}
	memcpy(e->name, name.data, name.len);
	e->name_len = name.len;
	enum err err = table_put(app->entries, name, e);

	if (err != OK) {
		free(e);
		return err;
	}
	join(app, e, state);
	*ret = e;
	return OK;
}

static void drop(struct symapp *app, struct entry *e)
{
	leave(app, e);
	(void)table_remove(app->entries, view_of(e->name, e->name_len));
	bytes_wipe(e, sizeof(*e) + e->name_len);
	free(e);
}

static bool is_over(const struct symapp *app, const struct entry *e)
{
	return e->state == ENTRY_HELD ? e->until <= env_wall(loop_env(app->loop))
				      : e->deadline <= loop_now(app->loop);
}

/* Room for one more: the least recently used token goes, from the store too. */
static void make_room(struct symapp *app)
{
	while (app->held.count >= app->tokens_max) {
		keep_drop(app, app->held.first);
		drop(app, app->held.first);
	}
}

static void hold(struct symapp *app, struct entry *e, const struct pulled *p)
{
	make_room(app);
	join(app, e, ENTRY_HELD);
	e->from = p->from;
	e->until = p->until;
	e->key = p->key;
	memcpy(e->pseudonym, p->pseudonym, sizeof(e->pseudonym));
	memcpy(e->tx, p->tx, sizeof(e->tx));
}

static void refuse(struct symapp *app, struct entry *e, enum err why)
{
	while (app->refused.first &&
		(app->refused.count >= app->refused_max || is_over(app, app->refused.first))) {
		drop(app, app->refused.first);
	}
	join(app, e, ENTRY_REFUSED);
	e->why = why;
	e->deadline = loop_now(app->loop) + (why == ERR_NOT_FOUND ? app->unknown_ms : AWAY_MS);
}

/* Asking */

static enum err wait_for(struct symapp *app, struct entry *e, symapp_ready *ready, void *user,
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
	*e->last_waiter = w;
	e->last_waiter = &w->next;
	app->waiters++;
	return ERR_AGAIN;
}

static enum err begin_pull(struct symapp *app, struct view name, struct entry **ret)
{
	struct entry *e;

	TRY(add(app, name, ENTRY_PULLED, &e));
	e->last_waiter = &e->waiters;
	enum err err = pull_start(app, e);

	if (err != OK) {
		drop(app, e);
		return err;
	}
	*ret = e;
	return OK;
}

static void copy_out(struct symapp *app, struct entry *e, const struct ident *application,
	struct ua ua, struct symapp_token *ret)
{
	struct view id = name_token_id(view_of(e->name, e->name_len));

	leave(app, e); /* to the end: the most recently used */
	join(app, e, ENTRY_HELD);
	memcpy(ret->id, id.data, id.len);
	ret->id[id.len] = '\0';
	memcpy(ret->pseudonym, e->pseudonym, sizeof(ret->pseudonym));
	memcpy(ret->tx, e->tx, sizeof(ret->tx));
	ret->from = e->from;
	ret->until = e->until;
	ret->application = *application;
	ret->ua = ua;
	ret->key = e->key;
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
	struct view key = view_of(name.bytes, name.len);
	struct entry *e = table_get(app->entries, key);

	if (e && e->state == ENTRY_HELD && is_over(app, e)) {
		return err_fail(ERR_NOT_FOUND, "Y.3056 9.4.3: the token has expired");
	}
	if (e && e->state == ENTRY_HELD) {
		copy_out(app, e, application, ua, ret);
		return OK;
	}
	if (e && e->state == ENTRY_REFUSED && !is_over(app, e)) {
		return err_fail(e->why, e->why == ERR_NOT_FOUND
						? "10.4/4d: no such token, or no permission"
						: "10.4/4d: RP_A cannot be asked now");
	}
	if (e && e->state == ENTRY_REFUSED) {
		drop(app, e);
		e = NULL;
	}
	if (!e) {
		TRY(begin_pull(app, key, &e));
	}
	if (e->state != ENTRY_PULLED) { /* without memory the end may come at once */
		return err_fail(e->why, "10.4/4d: RP_A cannot be asked now");
	}
	return wait_for(app, e, ready, user, user_ref);
}

/* Answers */

void tokens_settle(struct symapp *app, struct entry *entry, const struct pulled *pulled)
{
	struct waiter *waiters = entry->waiters;

	leave(app, entry);
	if (pulled->err == OK) {
		hold(app, entry, pulled);
		keep_put(app, entry);
	} else {
		refuse(app, entry, pulled->err);
	}
	while (waiters) { /* each may ask again, and so move entries */
		struct waiter *w = waiters;

		waiters = w->next;
		app->waiters--;
		w->ready(w->user, w->user_ref);
		free(w);
	}
}

enum err tokens_restore(struct symapp *app, struct view name, const struct pulled *pulled)
{
	struct entry *e;

	TRY(add(app, name, ENTRY_REFUSED, &e));
	leave(app, e);
	hold(app, e, pulled);
	return OK;
}

/* Forgetting */

struct victim {
	struct symapp *app;
	struct view token_id; /* empty: all that has expired */
};

static void drop_victim(void *user, struct view name, void *value)
{
	const struct victim *victim = user;
	struct entry *e = value;
	bool meant = victim->token_id.len > 0 ? view_equal(name_token_id(name), victim->token_id)
					      : is_over(victim->app, e);

	if (e->state == ENTRY_PULLED || !meant) {
		return; /* what is being pulled is new */
	}
	if (e->state == ENTRY_HELD && victim->token_id.len > 0) {
		keep_drop(victim->app, e);
	}
	drop(victim->app, e);
}

void symapp_forget(struct symapp *app, struct view token_id)
{
	struct victim victim = {app, token_id};

	if (token_id.len > 0) {
		table_each(app->entries, drop_victim, &victim);
	}
}

void tokens_sweep(void *user)
{
	struct symapp *app = user;
	struct victim victim = {.app = app};

	table_each(app->entries, drop_victim, &victim);
	keep_drop_expired(app);
	timer_start(app->loop, &app->sweep, SWEEP_MS, tokens_sweep, app);
}

size_t symapp_tokens(const struct symapp *app)
{
	return app->held.count;
}

void tokens_free_all(struct symapp *app)
{
	struct entry_list *lists[] = {&app->pulled, &app->held, &app->refused};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		while (lists[i]->first) {
			drop(app, lists[i]->first);
		}
	}
}
