// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the log on from the cursor. A unit holds a few events: for each, one row for every subscriber that is to be told, and
 * the next sequence numbers; and where the cursor is afterwards. When the unit's result is not known, the store is asked where
 * the cursor is.
 */
#include "registry/notify/inside.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
	READ = 64,
	UNIT_EVENTS = 5, /* three statements each, and the cursor's */
	AGAIN_MS = 1000,
	IDS_MAX = 1000001 * SUBSCRIPTION_ID,
};

static const char cursor_name[] = "notify";

/* Whom an event is for. `ids` is for those that get a row, `all` also has those whose backlog is full. */
struct group {
	int64_t seq;
	struct buf ids, all;
	size_t id_count, all_count;
};

struct enlisting {
	struct group groups[UNIT_EVENTS];
	size_t count;
	int64_t next; /* the cursor afterwards */
};

static void read_on(struct notify *n);

/* ---- the unit ---- */

static void drop_enlisting(struct notify *n)
{
	struct enlisting *e = n->enlisting;

	n->enlisting = NULL;
	for (size_t i = 0; e && i < UNIT_EVENTS; i++) {
		buf_free(&e->groups[i].ids);
		buf_free(&e->groups[i].all);
	}
	free(e);
}

static void on_again(void *user)
{
	struct notify *n = user;

	read_on(n);
}

/* Reads on from where the store says that the cursor is. */
static void on_cursor(void *user, uint64_t ref, const struct store_result *result)
{
	struct notify *n = notify_of(user);

	(void)ref;
	if (!n) {
		return;
	}
	n->reading = false;
	if (result->err != OK) {
		timer_start(n->registry->loop, &n->again, AGAIN_MS, on_again, n);
		return;
	}
	if (result->steps[0].rows > 0) {
		n->cursor = store_at(result, 0, 0, 0).number;
	}
	read_on(n);
}

/* `why` has been said. Sequence numbers and what waits are as the store has them: only the cursor is asked. */
static void start_over(void *user)
{
	struct notify *n = user;
	const struct store_step step = {
		.statement = FIND_CURSOR,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(cursor_name))},
	};

	n->reading = store_submit(n->registry->store, &step, 1, on_cursor, n->registry, 0) == OK;
	if (!n->reading) {
		timer_start(n->registry->loop, &n->again, AGAIN_MS, start_over, n);
	}
}

static void try_later(struct notify *n)
{
	log_event(LOG_ERROR, "notify.not_enlisted", "", LOG_DETAIL());
	drop_enlisting(n);
	n->reading = false;
	timer_start(n->registry->loop, &n->again, AGAIN_MS, start_over, n);
}

static void count_in(struct notify *n, const struct group *group)
{
	for (size_t i = 0; i < group->id_count; i++) {
		struct subscriber *s = roster_find(n,
			view_of(group->ids.data + i * SUBSCRIPTION_ID, SUBSCRIPTION_ID));

		if (s) {
			s->pending++;
			deliver_wake(s);
		}
	}
	n->figures.enlisted += group->id_count;
	n->figures.left_out += group->all_count - group->id_count;
}

static void on_enlisted(void *user, uint64_t ref, const struct store_result *result)
{
	struct notify *n = notify_of(user);

	(void)ref;
	if (!n || !n->enlisting) {
		return;
	}
	if (result->err != OK) {
		(void)!err_fail(result->err, "%s", result->detail);
		try_later(n);
		return;
	}
	n->cursor = n->enlisting->next;
	for (size_t i = 0; i < n->enlisting->count; i++) {
		count_in(n, &n->enlisting->groups[i]);
	}
	drop_enlisting(n);
	n->reading = false;
	read_on(n);
}

static size_t add_steps(const struct group *group, int64_t now, struct store_step *steps)
{
	size_t count = 0;

	if (group->id_count > 0) {
		steps[count++] = (struct store_step){
			.statement = ENLIST,
			.param_count = 4,
			.params = {STORE_TEXT_OF(buf_contents(&group->ids)),
				STORE_INT_OF((int64_t)group->id_count), STORE_INT_OF(group->seq),
				STORE_INT_OF(now)},
		};
	}
	steps[count++] = (struct store_step){
		.statement = COUNT_ON,
		.param_count = 2,
		.params = {STORE_TEXT_OF(buf_contents(&group->all)),
			STORE_INT_OF((int64_t)group->all_count)},
	};
	return count;
}

static enum err submit(struct notify *n)
{
	const struct enlisting *e = n->enlisting;
	struct store_step steps[STORE_STEPS];
	size_t count = 0;

	for (size_t i = 0; i < e->count; i++) {
		count += add_steps(&e->groups[i], registry_now(n->registry), &steps[count]);
	}
	steps[count++] = ledger_cursor_step(cursor_name, e->next);
	return store_submit(n->registry->store, steps, count, on_enlisted, n->registry, 0);
}

/* ---- whom an event is for ---- */

static bool wants(const struct subscriber *s, const struct ledger_entry *entry,
	const struct told *told)
{
	if (s->wants.kinds.text[0] == '\0' && !told_by_default(entry->kind)) {
		return false;
	}
	return told_takes(&s->wants, told) && told_may_see(s, entry, told) &&
	       (!s->wants.own || own_has(s->notify, entry->seq, s->party));
}

struct choosing {
	const struct ledger_entry *entry;
	const struct told *told;
	struct group *group;
};

static void take(void *user, struct subscriber *s)
{
	const struct choosing *c = user;

	if (!wants(s, c->entry, c->told)) {
		return;
	}
	if (s->pending < s->notify->registry->conf->notify_backlog) {
		buf_bytes(&c->group->ids, s->id, SUBSCRIPTION_ID);
		c->group->id_count++;
	}
	buf_bytes(&c->group->all, s->id, SUBSCRIPTION_ID);
	c->group->all_count++;
}

static void choose(struct notify *n, const struct ledger_entry *entry, struct group *ret)
{
	struct told told;
	struct choosing choosing = {entry, &told, ret};

	if (entry->kind == EVENT_ENQUIRER_CHANGED) {
		roster_party_changed(n, entry->subject);
	}
	if (told_read(entry, &told) != OK) {
		return; /* a record that nobody can read is told to nobody */
	}
	named_each(n, entry->subject, take, &choosing);
	told_free(&told);
}

static enum err fill(struct notify *n, const struct ledger_entry *entries, size_t count)
{
	struct enlisting *e = n->enlisting;

	for (size_t i = 0; i < count && e->count < UNIT_EVENTS && entries[i].seq < own_until(n);
		i++) {
		struct group *group = &e->groups[e->count];

		e->next = entries[i].seq + 1;
		group->seq = entries[i].seq;
		choose(n, &entries[i], group);
		TRY(buf_end(&group->ids, "notify"));
		TRY(buf_end(&group->all, "notify"));
		e->count += group->all_count > 0;
	}
	return OK;
}

static enum err begin(struct notify *n, const struct ledger_entry *entries, size_t count)
{
	n->enlisting = calloc(1, sizeof(*n->enlisting));
	if (!n->enlisting) {
		return err_fail(ERR_MEMORY, "notify: out of memory");
	}
	for (size_t i = 0; i < UNIT_EVENTS; i++) {
		n->enlisting->groups[i].ids = buf_growing(IDS_MAX);
		n->enlisting->groups[i].all = buf_growing(IDS_MAX);
	}
	TRY(fill(n, entries, count));
	return submit(n);
}

static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct notify *n = notify_of(user);

	(void)ref;
	if (!n) {
		return;
	}
	if (err == OK && count == 0) {
		n->reading = false;
		return;
	}
	if (err == OK && entries[0].seq >= own_until(n)) {
		err = own_ask(n, entries, count);
	}
	err = err == OK ? begin(n, entries, count) : err;
	if (err != OK && err != ERR_AGAIN) {
		try_later(n);
	}
}

void enlist_owners(struct notify *n, enum err err)
{
	if (err != OK) {
		try_later(n);
		return;
	}
	n->reading = false;
	read_on(n);
}

static void read_on(struct notify *n)
{
	if (n->reading || timer_is_running(&n->again) ||
		n->cursor >= ledger_size(n->registry->ledger)) {
		return;
	}
	n->reading = true;
	if (ledger_read(n->registry->ledger, n->cursor, READ, on_entries, n->registry, 0) != OK) {
		try_later(n);
	}
}

void enlist_wake(void *notify)
{
	struct registry *registry = notify;

	if (registry->notify) {
		read_on(registry->notify);
	}
}

void enlist_shut_down(struct notify *n)
{
	timer_stop(n->registry->loop, &n->again);
	drop_enlisting(n);
	own_forget(n);
}
