// SPDX-License-Identifier: Apache-2.0
#include "registry/notify/inside.h"

#include "base/log.h"
#include "base/text.h"
#include "registry/enquiry/party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, PLACE = 64 };

struct notify *notify_of(void *user)
{
	return ((struct registry *)user)->notify;
}

struct subscriber *notify_subscriber(void *user, uint64_t ref)
{
	const struct notify *n = notify_of(user);

	return n ? pool_at(n->pool, ref) : NULL;
}

/* ---- one ---- */

static void link_in(struct notify *n, struct subscriber *s)
{
	s->after = n->first;
	if (n->first) {
		n->first->before = s;
	}
	n->first = s;
}

static void link_out(struct subscriber *s)
{
	if (s->before) {
		s->before->after = s->after;
	} else {
		s->notify->first = s->after;
	}
	if (s->after) {
		s->after->before = s->before;
	}
}

static size_t window_size(const struct subscriber *s)
{
	return s->wants.period_s > 0 ? NOTIFY_DIGEST_WINDOW : NOTIFY_WINDOW;
}

enum err roster_add(struct notify *n, const char *id, struct view party, struct subscription *wants,
	struct subscriber **ret)
{
	struct subscriber *s;
	pool_ref ref;
	enum err err = pool_take(n->pool, &ref, (void **)&s);

	if (err != OK) {
		subscription_free(wants);
		return err;
	}
	s->notify = n;
	s->ref = ref;
	s->wants = *wants;
	*wants = (struct subscription){.document = NULL};
	s->items = buf_growing(NOTIFY_ITEMS_MAX);
	s->window = calloc(window_size(s), sizeof(*s->window));
	link_in(n, s);
	n->own_subscribers += s->wants.own;
	err = s->window ? text_copy(s->id, sizeof(s->id), view_text(id), "subscription")
			: err_fail(ERR_MEMORY, "subscription: out of memory");
	err = err == OK ? text_copy(s->party, sizeof(s->party), party, "subscription: party") : err;
	err = err == OK ? table_put(n->by_id, view_text(s->id), s) : err;
	err = err == OK ? named_add(s) : err;
	if (err != OK) {
		roster_drop(s);
		return err;
	}
	*ret = s;
	return OK;
}

void roster_drop(struct subscriber *s)
{
	struct notify *n = s->notify;

	streams_close(s);
	deliver_stop(s);
	if (table_get(n->by_id, view_text(s->id)) == s) {
		(void)table_remove(n->by_id, view_text(s->id));
	}
	named_drop(s);
	link_out(s);
	n->own_subscribers -= s->wants.own;
	subscription_free(&s->wants);
	buf_free(&s->items);
	free(s->window);
	pool_give(n->pool, s->ref);
}

struct subscriber *roster_find(const struct notify *n, struct view id)
{
	return table_get(n->by_id, id);
}

/* ---- rows ---- */

static void place_of(const char *id, char ret[PLACE])
{
	(void)snprintf(ret, PLACE, "subscription/body/%s", id);
}

enum err roster_seal(struct notify *n, const char *id, struct view body, struct buf *ret)
{
	char place[PLACE];

	place_of(id, place);
	return seal_close(n->registry->ring, place, body, ret);
}

static enum err open_body(struct notify *n, const char *id, struct view sealed,
	struct subscription *ret)
{
	BUF_CLEANUP struct buf body = buf_growing(SUBSCRIPTION_MAX);
	char place[PLACE];

	place_of(id, place);
	enum err err = seal_open(n->registry->ring, place, sealed, &body);

	err = err == OK ? subscription_parse(buf_contents(&body), ret) : err;
	buf_wipe(&body);
	return err;
}

/* Roles, make and state of the party, in columns from `column` on: NULL when there is no such party. */
enum err roster_set_party(struct subscriber *s, const struct store_result *result, size_t row,
	size_t column)
{
	const struct store_value roles = store_at(result, 0, row, column);

	if (!s->party[0]) {
		return OK;
	}
	s->suspended = roles.type == STORE_NULL ||
		       store_at(result, 0, row, column + 2).number != PARTY_APPROVED;
	if (roles.type == STORE_NULL) {
		return OK;
	}
	s->roles = (unsigned)roles.number;
	return text_copy(s->make, sizeof(s->make), store_at(result, 0, row, column + 1).bytes,
		"party: make");
}

/* ---- parties ---- */

void roster_drop_steps(const struct subscriber *s, struct store_step ret[ROSTER_DROP_STEPS])
{
	static const int statements[] = {DROP_SUBSCRIPTION, DROP_ALL_DELIVERIES,
		DROP_ALL_DEAD_LETTERS};

	for (size_t i = 0; i < ROSTER_DROP_STEPS; i++) {
		ret[i] = (struct store_step){
			.statement = statements[i],
			.expect = i == 0 ? STORE_ONE : STORE_ANY,
			.param_count = 1,
			.params = {STORE_TEXT_OF(view_text(s->id))},
		};
	}
}

static void on_ended(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (s && result->err == OK) {
		roster_drop(s);
	}
}

static void end(struct subscriber *s)
{
	struct registry *registry = s->notify->registry;
	struct store_step steps[ROSTER_DROP_STEPS];

	roster_drop_steps(s, steps);
	s->suspended = true; /* at least */
	(void)!store_submit(registry->store, steps, ROSTER_DROP_STEPS, on_ended, registry, s->ref);
}

static void on_party(void *user, uint64_t ref, const struct store_result *result)
{
	struct subscriber *s = notify_subscriber(user, ref);

	if (!s) {
		return;
	}
	if (result->err != OK || roster_set_party(s, result, 0, 0) != OK) {
		s->suspended =
			true; /* who cannot be looked up is told nothing; a start asks again */
		return;
	}
	if (s->suspended) {
		streams_close(s);
	}
	if (store_at(result, 0, 0, 2).number == PARTY_REMOVED) {
		end(s);
		return;
	}
	deliver_wake(s);
}

void roster_party_changed(struct notify *n, struct view subject)
{
	static const size_t prefix = sizeof(PARTY_SUBJECT) - 1;

	if (subject.len <= prefix) {
		return;
	}
	struct view party = view_of(subject.data + prefix, subject.len - prefix);
	const struct store_step step = {
		.statement = FIND_SUBSCRIBED_PARTY,
		.param_count = 1,
		.params = {STORE_TEXT_OF(party)},
	};

	for (struct subscriber *s = n->first; s; s = s->after) {
		if (view_is(party, s->party) && store_submit(n->registry->store, &step, 1, on_party,
							n->registry, s->ref) != OK) {
			s->suspended = true;
		}
	}
}

/* ---- at the start ---- */

struct loading {
	struct notify *n;
	char after[SUBSCRIPTION_ID + 1];
	size_t rows;
	enum err err;
};

static enum err take_row(struct loading *l, const struct store_result *result, size_t row)
{
	struct subscription wants = {.document = NULL};
	struct subscriber *s;

	TRY(text_copy(l->after, sizeof(l->after), store_at(result, 0, row, 0).bytes,
		"subscription"));
	TRY(open_body(l->n, l->after, store_at(result, 0, row, 2).bytes, &wants));
	TRY(roster_add(l->n, l->after, store_at(result, 0, row, 1).bytes, &wants, &s));
	s->since = store_at(result, 0, row, 3).number;
	s->pending = store_at(result, 0, row, 4).number;
	return roster_set_party(s, result, row, 5);
}

static void on_page(void *user, uint64_t ref, const struct store_result *result)
{
	struct loading *l = user;

	(void)ref;
	l->rows = 0;
	l->err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);
	while (l->err == OK && l->rows < result->steps[0].rows) {
		l->err = take_row(l, result, l->rows++);
	}
}

/* A row that cannot be read is no reason to forget whom it is for: the start fails. */
enum err roster_start_up(struct notify *n)
{
	enum {
		MOST = 1000001
	}; /* those that are there are all told, whatever the option says now */
	struct loading l = {.n = n, .rows = PAGE};

	TRY(pool_new(sizeof(struct subscriber), MOST, &n->pool));
	TRY(table_new(MOST, &n->by_id));
	TRY(named_start_up(n));
	while (l.rows == PAGE) {
		const struct store_step step = {
			.statement = LOAD_SUBSCRIPTIONS,
			.param_count = 2,
			.params = {STORE_TEXT_OF(view_text(l.after)), STORE_INT_OF(PAGE)},
		};

		TRY(store_run(n->registry->store, &step, 1, on_page, &l));
		TRY(l.err);
	}
	return OK;
}

void roster_shut_down(struct notify *n)
{
	while (n->first) {
		roster_drop(n->first);
	}
	named_shut_down(n);
	table_free(n->by_id);
	pool_free(n->pool);
	n->by_id = NULL;
	n->pool = NULL;
}
