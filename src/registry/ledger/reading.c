// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/ledger_inside.h"
#include "registry/schema.h"

#include <stdlib.h>
#include <string.h>

enum { READINGS = 16384, COLUMN_RECORD = 7 };

struct reading {
	struct reading *next; /* while it waits for the next turn */
	pool_ref self;
	int64_t from;
	size_t limit;
	ledger_entries *done;
	void *user;
	uint64_t ref;
};

enum err reading_start_up(struct ledger *l)
{
	l->waiting_end = &l->waiting;
	return pool_new(sizeof(struct reading), READINGS, &l->readings);
}

void reading_shut_down(struct ledger *l)
{
	timer_stop(l->registry->loop, &l->turn);
	pool_free(l->readings);
	l->readings = NULL;
}

static void tell(struct ledger *l, struct reading *r, enum err err,
	const struct ledger_entry *entries, size_t count)
{
	const struct reading copy = *r;

	pool_give(l->readings, copy.self);
	copy.done(copy.user, copy.ref, err, entries, count);
}

/* ---- from the store ---- */

/* Salt and record, opened into `plain`, which has room for all. */
static enum err open_record(const struct ledger *l, struct view sealed, struct buf *plain,
	struct ledger_entry *entry)
{
	const size_t at = plain->len;
	uint8_t commitment[LEDGER_HASH];

	TRY(seal_open(l->registry->ring, LEDGER_PLACE, sealed, plain));
	if (plain->len - at < LEDGER_SALT) {
		return err_fail(ERR_CRYPTO, "event %lld: no record", (long long)entry->seq);
	}
	entry->salt = plain->data + at;
	entry->record = view_of(entry->salt + LEDGER_SALT, plain->len - at - LEDGER_SALT);
	TRY(leaf_commit(entry->salt, entry->record, commitment));
	return memcmp(commitment, entry->commitment, LEDGER_HASH) == 0
		       ? OK
		       : err_fail(ERR_CRYPTO, "event %lld: its record is another's",
				 (long long)entry->seq);
}

static enum err read_rows(const struct ledger *l, const struct store_result *result,
	struct buf *plain, struct ledger_entry *entries)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		const struct view sealed = store_at(result, 0, row, COLUMN_RECORD).bytes;

		TRY(leaf_from_row(l, result, row, &entries[row]));
		if (sealed.len > 0) {
			TRY(open_record(l, sealed, plain, &entries[row]));
		}
	}
	return OK;
}

/* The sealed ones are longer than the plain ones: so `plain` never moves. */
static enum err make_room(const struct store_result *result, struct buf *plain,
	struct ledger_entry **ret)
{
	size_t bytes = 1;

	for (size_t row = 0; row < result->steps[0].rows; row++) {
		bytes += store_at(result, 0, row, COLUMN_RECORD).bytes.len;
	}
	*plain = buf_growing(bytes);
	if (!buf_extend(plain, bytes)) {
		return err_fail(ERR_MEMORY, "events: out of memory");
	}
	buf_clear(plain);
	*ret = calloc(result->steps[0].rows + 1, sizeof(struct ledger_entry));
	return *ret ? OK : err_fail(ERR_MEMORY, "events: out of memory");
}

static void on_rows(void *user, uint64_t ref, const struct store_result *result)
{
	struct ledger *l = user;
	struct reading *r = pool_at(l->readings, ref);
	BUF_CLEANUP struct buf plain = {0};
	struct ledger_entry *entries = NULL;

	if (!r) {
		return;
	}
	enum err err = result->err == OK ? make_room(result, &plain, &entries)
					 : err_fail(result->err, "%s", result->detail);

	if (err == OK) {
		err = read_rows(l, result, &plain, entries);
	}
	tell(l, r, err, entries, err == OK ? result->steps[0].rows : 0);
	free(entries);
	buf_wipe(&plain);
}

static enum err ask(struct ledger *l, struct reading *r, const struct store_step *step)
{
	enum err err = store_submit(l->registry->store, step, 1, on_rows, l, r->self);

	if (err != OK) {
		pool_give(l->readings, r->self);
	}
	return err;
}

static enum err ask_events(struct ledger *l, struct reading *r)
{
	const struct store_step step = {
		.statement = READ_EVENTS,
		.param_count = 3,
		.params = {STORE_INT_OF(r->from), STORE_INT_OF(l->size),
			STORE_INT_OF((int64_t)r->limit)},
	};

	return ask(l, r, &step);
}

/* ---- from memory ---- */

static void tell_recent(struct ledger *l, struct reading *r)
{
	struct ledger_entry *entries = calloc(r->limit, sizeof(*entries));
	const struct recent_event *event;
	size_t count = 0;

	while (entries && count < r->limit &&
		(event = recent_at(&l->recent, r->from + (int64_t)count))) {
		entries[count++] = event->entry;
	}
	tell(l, r, entries ? OK : err_fail(ERR_MEMORY, "events: out of memory"), entries, count);
	free(entries);
}

static void serve(struct ledger *l, struct reading *r)
{
	/* What was there when it was asked for may have made room for newer ones. */
	if (r->from >= l->size || recent_at(&l->recent, r->from)) {
		tell_recent(l, r);
		return;
	}
	const struct reading copy = *r;
	enum err err = ask_events(l, r);

	if (err != OK) {
		copy.done(copy.user, copy.ref, err, NULL, 0);
	}
}

/* Who is told may read on at once: that waits for the next turn. */
static void on_turn(void *user)
{
	struct ledger *l = user;
	struct reading *next = l->waiting;

	l->waiting = NULL;
	l->waiting_end = &l->waiting;
	while (next) {
		struct reading *r = next;

		next = r->next;
		serve(l, r);
	}
}

static void wait_for_turn(struct ledger *l, struct reading *r)
{
	*l->waiting_end = r;
	l->waiting_end = &r->next;
	if (!timer_is_running(&l->turn)) {
		timer_start(l->registry->loop, &l->turn, 0, on_turn, l);
	}
}

static enum err begin(struct ledger *l, int64_t from, size_t limit, ledger_entries *done,
	void *user, uint64_t ref, struct reading **ret)
{
	pool_ref self;

	if (limit == 0 || limit > LEDGER_READ_MAX || from < 0) {
		return err_fail(ERR_RANGE, "log: %d events at a time, at most", LEDGER_READ_MAX);
	}
	TRY(pool_take(l->readings, &self, (void **)ret));
	**ret = (struct reading){.self = self,
		.from = from,
		.limit = limit,
		.done = done,
		.user = user,
		.ref = ref};
	return OK;
}

enum err ledger_read(struct ledger *l, int64_t from, size_t limit, ledger_entries *done, void *user,
	uint64_t ref)
{
	struct reading *r = NULL;

	TRY(begin(l, from, limit, done, user, ref, &r));
	if (from >= l->size || recent_at(&l->recent, from)) {
		wait_for_turn(l, r);
		return OK;
	}
	return ask_events(l, r);
}

enum err ledger_read_leaves(struct ledger *l, int64_t from, size_t limit, ledger_entries *done,
	void *user, uint64_t ref)
{
	struct reading *r = NULL;

	TRY(begin(l, from, limit, done, user, ref, &r));
	return ask(l, r,
		&(struct store_step){.statement = READ_LEAVES,
			.param_count = 3,
			.params = {STORE_INT_OF(from), STORE_INT_OF(l->size),
				STORE_INT_OF((int64_t)limit)}});
}

enum err ledger_subject(struct ledger *l, struct view subject, int64_t from, int64_t until,
	size_t limit, ledger_entries *done, void *user, uint64_t ref)
{
	struct reading *r = NULL;

	TRY(begin(l, from, limit, done, user, ref, &r));
	return ask(l, r,
		&(struct store_step){.statement = READ_SUBJECT,
			.param_count = 4,
			.params = {STORE_TEXT_OF(subject), STORE_INT_OF(from), STORE_INT_OF(until),
				STORE_INT_OF((int64_t)limit)}});
}

enum err ledger_read_newest(struct ledger *l, int64_t from, int64_t until, size_t limit,
	ledger_entries *done, void *user, uint64_t ref)
{
	struct reading *r = NULL;

	TRY(begin(l, from, limit, done, user, ref, &r));
	return ask(l, r,
		&(struct store_step){.statement = READ_NEWEST,
			.param_count = 3,
			.params = {STORE_INT_OF(from), STORE_INT_OF(until),
				STORE_INT_OF((int64_t)limit)}});
}
