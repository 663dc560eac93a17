// SPDX-License-Identifier: Apache-2.0
/*
 * Token management in the application element: what RP_A has given is held until it expires, is revoked, or the
 * device uses a newer one; a device has one token at a time for an application.  req: B9.4.3
 */
#include "app/app_inside.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* A device as an application knows it, while it has tokens. */
struct device {
	struct token *tokens;
	size_t name_len;
	uint8_t name[]; /* application, 0, pseudonym */
};

enum { DEVICE_NAME_MAX = IDENT_MAX + 1 + PSEUDONYM_MAX };

static void expire(void *user);

void facts_wipe(struct facts *facts)
{
	bytes_wipe(facts, sizeof(*facts));
}

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

struct view name_view(const struct name *name)
{
	return view_of(name->bytes, name->len);
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

static struct view name_in(const struct token *t)
{
	return view_of(t->name, t->name_len);
}

/* The list by use */

static void leave(struct token *t)
{
	struct symapp *app = t->app;

	*(t->before ? &t->before->after : &app->first) = t->after;
	*(t->after ? &t->after->before : &app->last) = t->before;
}

static void join(struct token *t)
{
	struct symapp *app = t->app;

	t->before = app->last;
	t->after = NULL;
	*(app->last ? &app->last->after : &app->first) = t;
	app->last = t;
}

void token_touch(struct token *token)
{
	leave(token);
	join(token);
}

/* Devices */

static struct view device_name(const struct token *t, struct buf *room)
{
	buf_view(room, name_application(name_in(t)));
	buf_u8(room, 0);
	buf_text(room, t->pseudonym);
	return buf_contents(room);
}

static enum err join_device(struct token *t)
{
	uint8_t bytes[DEVICE_NAME_MAX];
	struct buf room = buf_fixed(bytes, sizeof(bytes));
	struct view name = device_name(t, &room);

	if (!t->pseudonym[0]) {
		return OK;
	}
	struct device *d = table_get(t->app->devices, name);

	if (!d) {
		d = calloc(1, sizeof(*d) + name.len);
		if (!d) {
			return err_fail(ERR_MEMORY, "tokens: out of memory");
		}
		memcpy(d->name, name.data, name.len);
		d->name_len = name.len;
		enum err err = table_put(t->app->devices, name, d);

		if (err != OK) {
			free(d);
			return err;
		}
	}
	t->device = d;
	t->sibling = d->tokens;
	d->tokens = t;
	return OK;
}

static void leave_device(struct token *t)
{
	struct device *d = t->device;

	if (!d) {
		return;
	}
	struct token **at = &d->tokens;

	while (*at != t) {
		at = &(*at)->sibling;
	}
	*at = t->sibling;
	t->device = NULL;
	if (!d->tokens) {
		(void)table_remove(t->app->devices, view_of(d->name, d->name_len));
		free(d);
	}
}

static bool is_older(const struct token *a, const struct token *b)
{
	return a->from < b->from || (a->from == b->from && a->arrival < b->arrival);
}

/* Whether the device has gone on to a newer one. */
static bool is_replaced(const struct token *t)
{
	for (const struct token *s = t->device ? t->device->tokens : NULL; s; s = s->sibling) {
		if (s->used && is_older(t, s)) {
			return true;
		}
	}
	return false;
}

/* What is held */

enum err tokens_open(struct symapp *app, size_t ceiling)
{
	app->tokens_max = ceiling;
	TRY(table_new(ceiling, &app->tokens));
	return table_new(ceiling, &app->devices);
}

struct token *tokens_get(const struct symapp *app, struct view name)
{
	struct name own;

	memcpy(own.bytes, name.data, name.len);
	memcpy(own.bytes, UA_ALL.bytes, UA_SIZE);
	return table_get(app->tokens, view_of(own.bytes, name.len));
}

const struct token_key *token_key_of(const struct token *token, struct ua ua)
{
	const struct token_key *k = token->keys;

	while (k && !ua_equal(k->ua, ua)) {
		k = k->next;
	}
	return k;
}

bool token_is_over(const struct token *token)
{
	return token->until <= env_wall(loop_env(token->app->loop));
}

static void free_granted(struct granted *granted)
{
	if (granted->attributes) { /* it is about a person */
		bytes_wipe(granted->attributes, strlen(granted->attributes));
	}
	free(granted->rights);
	free(granted->attributes);
	*granted = (struct granted){NULL, NULL};
}

static enum err dup_unless_empty(const char *text, char **ret)
{
	*ret = text[0] ? text_dup(view_text(text)) : NULL;
	return text[0] && !*ret ? err_fail(ERR_MEMORY, "tokens: out of memory") : OK;
}

static bool is_same(const char *held, const char *told)
{
	return strcmp(held ? held : "", told) == 0;
}

/* `ret_others`: whether they are others than before.  req: B9.6.1-b */
static enum err set_granted(struct token *t, const struct facts *facts, bool *ret_others)
{
	struct granted granted = {NULL, NULL};

	*ret_others = !is_same(t->granted.rights, facts->rights.text) ||
		      !is_same(t->granted.attributes, facts->attributes);
	if (!*ret_others) {
		return OK;
	}
	enum err err = dup_unless_empty(facts->rights.text, &granted.rights);

	if (err == OK) {
		err = dup_unless_empty(facts->attributes, &granted.attributes);
	}
	if (err != OK) {
		free_granted(&granted);
		return err;
	}
	free_granted(&t->granted);
	t->granted = granted;
	return OK;
}

static void drop(struct token *t)
{
	free_granted(&t->granted);
	timer_stop(t->app->loop, &t->end);
	leave_device(t);
	leave(t);
	(void)table_remove(t->app->tokens, name_in(t));
	while (t->keys) {
		struct token_key *k = t->keys;

		t->keys = k->next;
		bytes_wipe(k, sizeof(*k));
		free(k);
	}
	free(t);
}

/* Room for one more: the least recently used token goes, from the store too. Its sessions stay. */
static void make_room(struct symapp *app)
{
	while (table_count(app->tokens) >= app->tokens_max) {
		keep_drop(app, app->first);
		drop(app->first);
	}
}

static enum err add(struct symapp *app, struct view name, struct token **ret)
{
	make_room(app);
	struct token *t = calloc(1, sizeof(*t) + name.len);

	if (!t) {
		return err_fail(ERR_MEMORY, "tokens: out of memory");
	}
	t->app = app;
	t->arrival = ++app->arrivals;
	t->name_len = name.len;
	memcpy(t->name, name.data, name.len);
	memcpy(t->name, UA_ALL.bytes, UA_SIZE);
	enum err err = table_put(app->tokens, name_in(t), t);

	if (err != OK) {
		free(t);
		return err;
	}
	join(t);
	*ret = t;
	return OK;
}

static enum err add_key(struct token *t, const struct rp_a_key *given)
{
	struct token_key *k = t->keys;

	while (k && !ua_equal(k->ua, given->ua)) {
		k = k->next;
	}
	if (!k) {
		k = calloc(1, sizeof(*k));
		if (!k) {
			return err_fail(ERR_MEMORY, "tokens: out of memory");
		}
		k->ua = given->ua;
		k->next = t->keys;
		t->keys = k;
	}
	k->key = given->key;
	return OK;
}

/* The wall clock may be set while the timer runs. */
static void watch_end(struct token *t)
{
	const struct env *env = loop_env(t->app->loop);
	int64_t left = t->until * 1000 - env->wall_ms(env);

	timer_start(t->app->loop, &t->end, left > 0 ? left : 0, expire, t);
}

static void expire(void *user)
{
	struct token *t = user;

	if (token_is_over(t)) {
		token_end(t, SYMAPP_EXPIRED); /* the sweep takes it from the store */
	} else {
		watch_end(t);
	}
}

static enum err take(struct token *t, const struct facts *facts)
{
	for (size_t i = 0; i < facts->key_count; i++) {
		TRY(add_key(t, &facts->keys[i]));
	}
	t->from = facts->from;
	t->used = t->used || facts->used;
	if (facts->degree[0]) {
		memcpy(t->degree, facts->degree, sizeof(t->degree));
	}
	memcpy(t->tx, facts->tx, sizeof(t->tx));
	return OK;
}

static enum err name_device(struct token *t, const char *pseudonym)
{
	if (strcmp(t->pseudonym, pseudonym) == 0) {
		return OK;
	}
	leave_device(t);
	memcpy(t->pseudonym, pseudonym, sizeof(t->pseudonym));
	return join_device(t);
}

enum err tokens_hold(struct symapp *app, struct view name, const struct facts *facts,
	struct token **ret)
{
	struct token *t = tokens_get(app, name);
	bool is_new = !t, granted = false;

	if (facts->until <= env_wall(loop_env(app->loop))) {
		return err_fail(ERR_NOT_FOUND, "Y.3056 9.4.3: the token has expired");
	}
	if (is_new) {
		TRY(add(app, name, &t));
		t->until = facts->until;
	}
	enum err err = take(t, facts);

	if (err == OK && is_new) {
		err = set_granted(t, facts, &granted);
	}
	if (err == OK) {
		err = name_device(t, facts->pseudonym);
	}
	if (err == OK && is_replaced(t)) {
		err = err_fail(ERR_NOT_FOUND, "Y.3056 9.4.3: the device has a newer token");
	}
	if (err != OK) {
		drop(t);
		return err;
	}
	watch_end(t);
	if (!is_new) {
		token_change(t, facts);
		t = tokens_get(app, name); /* the program may have forgotten it */
	}
	*ret = t;
	return t ? OK : err_fail(ERR_NOT_FOUND, "Y.3056 9.4.3: the token was forgotten");
}

/* Changes and ends */

void tokens_tell(struct symapp *app, enum symapp_kind kind, struct view name, int64_t until,
	bool granted)
{
	struct view application = name_application(name);
	struct ident id = {.kind = IDENT_APPLICATION, .len = (uint8_t)application.len};
	const struct symapp_change change = {kind, name_token_id(name), &id, until, granted};

	if (app->changed && !app->closing) {
		memcpy(id.text, application.data, application.len);
		app->changed(app->user, &change);
	}
}

/* What cannot be kept ends the token, as rights that were taken back might stay. */
void token_change(struct token *token, const struct facts *facts)
{
	bool moved = facts->until != token->until, granted;
	enum err err = set_granted(token, facts, &granted);

	token->until = facts->until;
	if (err != OK || token_is_over(token)) {
		token_end(token, SYMAPP_EXPIRED);
		return;
	}
	if (name_device(token, facts->pseudonym) != OK) {
		log_event(LOG_WARN, "token.not_joined", "", LOG_DETAIL());
	}
	watch_end(token);
	if (moved || granted) {
		tokens_tell(token->app, SYMAPP_CHANGED, name_in(token), token->until, granted);
	}
}

void token_end(struct token *token, enum symapp_kind kind)
{
	struct symapp *app = token->app;
	struct name name = {.len = token->name_len};

	memcpy(name.bytes, token->name, token->name_len);
	for (const struct token_key *k = token->keys; k; k = k->next) {
		find_deny(app, name_view(&name), k->ua);
	}
	drop(token);
	tokens_tell(app, kind, name_view(&name), 0, false);
}

void token_forget(struct token *token)
{
	drop(token);
}

static struct token *older_sibling(const struct token *t)
{
	struct token *s = t->device ? t->device->tokens : NULL;

	while (s && !is_older(s, t)) {
		s = s->sibling;
	}
	return s;
}

/* A renewed token ends the old one by being used, and not before: whoever shows an id alone has proven nothing. */
void symapp_use(struct symapp *app, struct view token_id, const struct ident *application)
{
	struct name name;

	if (app->closing || name_of(token_id, application, UA_ALL, &name) != OK) {
		return;
	}
	struct token *t = tokens_get(app, name_view(&name)), *older;

	if (!t) {
		return;
	}
	t->used = true;
	older = older_sibling(t);
	if (older) {
		keep_put(app, t); /* that it is used */
	}
	for (; older; older = older_sibling(t)) {
		keep_drop(app, older);
		token_end(older, SYMAPP_REPLACED);
		t = tokens_get(app, name_view(&name)); /* the program may have done anything */
		if (!t) {
			return;
		}
	}
}

struct victim {
	struct symapp *app;
	struct view token_id;
};

static void drop_victim(void *user, struct view name, void *value)
{
	const struct victim *victim = user;

	if (view_equal(name_token_id(name), victim->token_id)) {
		keep_drop(victim->app, value);
		drop(value);
	}
}

void symapp_forget(struct symapp *app, struct view token_id)
{
	struct victim victim = {app, token_id};

	table_each(app->tokens, drop_victim, &victim);
}

size_t symapp_tokens(const struct symapp *app)
{
	return table_count(app->tokens);
}

void tokens_free_all(struct symapp *app)
{
	while (app->first) {
		drop(app->first);
	}
	table_free(app->tokens);
	table_free(app->devices);
}
