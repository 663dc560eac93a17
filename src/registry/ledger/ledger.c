// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/ledger_inside.h"

#include "base/log.h"
#include "net/metrics.h"
#include "registry/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CATCH_UP = 1000, AGAIN_MS = 1000 };

/* A unit with events on its way into the store. */
struct submission {
	ledger_done *done;
	void *user;
	uint64_t ref;
	size_t steps; /* the caller's: events come behind */
	size_t count;
	struct merkle_hash leaves[LEDGER_EVENTS];
	struct recent_event *events[LEDGER_EVENTS];
};

static void catch_up(void *user);

/* ---- into the store ---- */

/* The clock may be set back; what is logged does not follow it. */
static int64_t time_of_next(struct ledger *l)
{
	const int64_t now = registry_now(l->registry);

	if (now < l->last_time) {
		if (!l->clock_told) {
			log_event(LOG_WARN, "log.clock_back", "", LOG_INT("ms", l->last_time - now));
		}
		l->clock_told = true;
		return l->last_time;
	}
	l->clock_told = false;
	l->last_time = now;
	return now;
}

static enum err fill_entry(struct ledger *l, const struct event *event, uint8_t salt[LEDGER_SALT],
	uint8_t commitment[LEDGER_HASH], struct ledger_entry *ret)
{
	const struct env *env = loop_env(l->registry->loop);
	const bool ours = event->origin.len == 0;

	*ret = (struct ledger_entry){
		.kind = event->kind,
		.time = ours ? time_of_next(l) : event->origin_time,
		.origin = ours ? l->origin : event->origin,
		.origin_seq = event->origin_seq,
		.subject = event->subject,
		.commitment = commitment,
		.record = event->record,
	};
	if (event->record.len > LEDGER_RECORD_MAX) {
		return err_fail(ERR_RANGE, "event: a record of more than %d bytes",
			LEDGER_RECORD_MAX);
	}
	if (event->commitment) {
		memcpy(commitment, event->commitment, LEDGER_HASH);
		return OK;
	}
	if (ours || !event->salt) {
		TRY(env->random(env, salt, LEDGER_SALT));
	} else {
		memcpy(salt, event->salt, LEDGER_SALT);
	}
	ret->salt = salt;
	return leaf_commit(salt, event->record, commitment);
}

static enum err seal_record(struct ledger *l, const struct ledger_entry *entry, struct buf *ret)
{
	BUF_CLEANUP struct buf plain = buf_growing(LEDGER_SALT + LEDGER_RECORD_MAX);

	if (!entry->salt) {
		return OK;
	}
	buf_bytes(&plain, entry->salt, LEDGER_SALT);
	buf_view(&plain, entry->record);
	enum err err = buf_end(&plain, "record");

	if (err == OK) {
		err = seal_close(l->registry->ring, LEDGER_PLACE, buf_contents(&plain), ret);
	}
	buf_wipe(&plain);
	return err;
}

/* `sealed` takes all records of a unit, so that it may move: its place is told by offset and length. */
static enum err prepare(struct ledger *l, struct submission *s, const struct event *event,
	struct buf *sealed, struct store_step *ret)
{
	uint8_t salt[LEDGER_SALT], commitment[LEDGER_HASH];
	struct ledger_entry entry;
	const size_t at = sealed->len;

	TRY(fill_entry(l, event, salt, commitment, &entry));
	TRY(leaf_hash(&entry, &s->leaves[s->count]));
	TRY(seal_record(l, &entry, sealed));
	struct recent_event *kept = recent_new(&entry);

	bytes_wipe(salt, sizeof(salt));
	if (!kept) {
		return err_fail(ERR_MEMORY, "event: out of memory");
	}
	s->events[s->count++] = kept;
	const bool ours = event->origin.len == 0;

	*ret = (struct store_step){
		.statement = ADD_EVENT,
		.expect = STORE_ONE,
		.param_count = 8,
		.params = {STORE_INT_OF(entry.kind), STORE_INT_OF(entry.time),
			ours ? STORE_NULL_OF() : STORE_TEXT_OF(event->origin),
			ours ? STORE_NULL_OF() : STORE_INT_OF(event->origin_seq),
			entry.subject.len > 0 ? STORE_TEXT_OF(kept->entry.subject) : STORE_NULL_OF(),
			STORE_BLOB_OF(view_of(kept->commitment, LEDGER_HASH)),
			entry.salt ? STORE_BLOB_OF(view_of(NULL, sealed->len - at))
				   : STORE_NULL_OF(),
			STORE_INT_OF(l->epoch_base)},
	};
	return OK;
}

static void drop_submission(struct ledger *l, struct submission *s, pool_ref self)
{
	for (size_t i = 0; i < s->count; i++) {
		recent_drop(s->events[i]);
	}
	pool_give(l->submissions, self);
}

static void wake_all(struct ledger *l)
{
	for (size_t i = 0; !l->quiet && i < l->watcher_count; i++) {
		l->watchers[i].wake(l->watchers[i].user);
	}
}

static void on_tile(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	if (result->err != OK) { /* the next start reads its events instead */
		log_event(LOG_WARN, "log.tile_not_kept", "", LOG_TEXT("detail", result->detail));
	}
}

static void keep_tile(struct ledger *l, const struct merkle_hash *root)
{
	const struct store_step step = {
		.statement = ADD_TILE,
		.param_count = 2,
		.params = {STORE_INT_OF(l->size / TREE_TILE - 1),
			STORE_BLOB_OF(view_of(root->bytes, sizeof(root->bytes)))},
	};

	if (store_submit(l->registry->store, &step, 1, on_tile, NULL, 0) != OK) {
		log_event(LOG_WARN, "log.tile_not_kept", "", LOG_DETAIL());
	}
}

enum err ledger_append(struct ledger *l, const struct merkle_hash *leaf)
{
	struct merkle_hash root;
	bool whole = false;

	TRY(log_tree_append(l->tree, leaf, &whole, &root));
	l->size++;
	if (whole) {
		keep_tile(l, &root);
	}
	return OK;
}

/* A step of Y.3059's clause 9, at the registry where it happened, and wherever it arrives. Nobody is named. */
static void say(const struct ledger *l, const struct ledger_entry *entry)
{
	char name[64];
	const int64_t age_ms = registry_now(l->registry) - entry->time;

	(void)snprintf(name, sizeof(name), "event.%s", event_kind_name(entry->kind));
	log_event(LOG_DEBUG, name, "", LOG_TEXT("clause", event_kind_clause(entry->kind)),
		LOG_VIEW("from", entry->origin), LOG_VIEW("to", l->origin),
		LOG_INT("us", age_ms > 0 ? age_ms * 1000 : 0));
}

/* They have become part of the log. */
static void take_in(struct ledger *l, struct submission *s, int64_t first)
{
	const int64_t end = first + (int64_t)s->count;

	l->top = end > l->top ? end : l->top;
	if (end <= l->size) {
		return; /* they came along when leaves were read again */
	}
	if (first != l->size || l->catching_up) {
		catch_up(l);
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct recent_event *event = s->events[i];

		if (ledger_append(l, &s->leaves[i]) != OK) {
			catch_up(l);
			return;
		}
		event->entry.seq = first + (int64_t)i;
		if (view_equal(event->entry.origin, l->origin)) {
			event->entry.origin_seq = event->entry.seq + l->epoch_base;
		}
		if (event->entry.kind == EVENT_ERASED) {
			recent_erase(&l->recent, event->entry.subject, event->entry.seq);
		}
		s->events[i] = NULL;
		if (log_wants(LOG_DEBUG)) {
			say(l, &event->entry);
		}
		recent_add(&l->recent, event);
	}
}

static void on_unit(void *user, uint64_t self, const struct store_result *result)
{
	struct ledger *l = user;
	struct submission *s = pool_at(l->submissions, self);

	if (!s) {
		return;
	}
	const struct submission copy = *s;
	const bool logged = result->err == OK && s->count > 0;
	const int64_t first = logged ? store_at(result, s->steps, 0, 0).number : -1;

	if (logged) {
		take_in(l, s, first);
	} else if (result->err == ERR_UNKNOWN_RESULT) {
		catch_up(l);
	}
	drop_submission(l, s, self);
	copy.done(copy.user, copy.ref, result, first);
	if (logged && !l->catching_up) {
		wake_all(l);
	}
}

static enum err submit(struct ledger *l, struct submission *s, pool_ref self,
	const struct event *events, size_t event_count, const struct store_step *steps, size_t count)
{
	BUF_CLEANUP struct buf sealed =
		buf_growing(LEDGER_EVENTS * (LEDGER_RECORD_MAX + LEDGER_SALT + SEAL_OVERHEAD));
	struct store_step all[STORE_STEPS];
	size_t at = 0;

	if (count > 0) {
		memcpy(all, steps, count * sizeof(steps[0]));
	}
	for (size_t i = 0; i < event_count; i++) {
		TRY(prepare(l, s, &events[i], &sealed, &all[count + i]));
	}
	for (size_t i = 0; i < event_count; i++) {
		struct store_value *record = &all[count + i].params[6];

		/* Of events that were erased at their origin there may be nothing at all. */
		record->bytes.data = sealed.len > 0 ? sealed.data + at : NULL;
		at += record->bytes.len;
	}
	return store_submit(l->registry->store, all, count + event_count, on_unit, l, self);
}

enum err ledger_submit(struct ledger *l, const struct event *events, size_t event_count,
	const struct store_step *steps, size_t count, ledger_done *done, void *user, uint64_t ref)
{
	struct submission *s;
	pool_ref self;

	if (event_count > LEDGER_EVENTS || count + event_count > STORE_STEPS) {
		return err_fail(ERR_RANGE, "log: too many events or steps in a unit");
	}
	TRY(pool_take(l->submissions, &self, (void **)&s));
	s->done = done;
	s->user = user;
	s->ref = ref;
	s->steps = count;
	enum err err = submit(l, s, self, events, event_count, steps, count);

	if (err != OK) {
		drop_submission(l, s, self);
	}
	return err;
}

/* ---- leaves that are in the store, and not in the tree ---- */

static enum err append_rows(struct ledger *l, const struct store_result *result)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		struct ledger_entry entry;
		struct merkle_hash leaf;

		TRY(leaf_from_row(l, result, row, &entry));
		if (entry.seq != l->size) {
			return err_fail(ERR_IO, "log: event %lld is missing in the store",
				(long long)l->size);
		}
		TRY(leaf_hash(&entry, &leaf));
		TRY(ledger_append(l, &leaf));
	}
	return OK;
}

static struct store_step leaves_step(const struct ledger *l)
{
	return (struct store_step){
		.statement = READ_LEAVES,
		.param_count = 3,
		.params = {STORE_INT_OF(l->size), STORE_INT_OF(INT64_MAX), STORE_INT_OF(CATCH_UP)},
	};
}

static void ask_leaves(void *user);

static void on_leaves(void *user, uint64_t ref, const struct store_result *result)
{
	struct ledger *l = user;
	enum err err = result->err == OK ? append_rows(l, result)
					 : err_fail(result->err, "%s", result->detail);

	(void)ref;
	if (err != OK) {
		log_event(LOG_ERROR, "log.not_read", "", LOG_DETAIL());
		timer_start(l->registry->loop, &l->again, AGAIN_MS, ask_leaves, l);
		return;
	}
	if (result->steps[0].rows == CATCH_UP || l->size < l->top) {
		ask_leaves(l);
		return;
	}
	l->catching_up = false;
	wake_all(l);
}

static void ask_leaves(void *user)
{
	struct ledger *l = user;
	const struct store_step step = leaves_step(l);

	if (store_submit(l->registry->store, &step, 1, on_leaves, l, 0) != OK) {
		timer_start(l->registry->loop, &l->again, AGAIN_MS, ask_leaves, l);
	}
}

/* The store has more than was told here: a commit whose result was lost. */
static void catch_up(void *user)
{
	struct ledger *l = user;

	if (!l->catching_up) {
		l->catching_up = true;
		recent_clear(&l->recent);
		ask_leaves(l);
	}
}

/* ---- start ---- */

struct start {
	struct ledger *l;
	enum err err;
	size_t rows;
	int64_t number;
};

static void on_start_leaves(void *user, uint64_t ref, const struct store_result *result)
{
	struct start *s = user;

	(void)ref;
	s->err = result->err == OK ? append_rows(s->l, result)
				   : err_fail(result->err, "%s", result->detail);
	s->rows = result->err == OK ? result->steps[0].rows : 0;
}

static enum err read_leaves(struct ledger *l)
{
	struct start s = {.l = l, .rows = CATCH_UP};

	while (s.rows == CATCH_UP) {
		const struct store_step step = leaves_step(l);

		TRY(store_run(l->registry->store, &step, 1, on_start_leaves, &s));
		TRY(s.err);
	}
	return OK;
}

/* As far as they follow each other: a tile may not have been kept. */
static void on_tiles(void *user, uint64_t ref, const struct store_result *result)
{
	struct start *s = user;
	struct ledger *l = s->l;
	struct merkle_hash root;

	(void)ref;
	s->err = result->err == OK ? OK : err_fail(result->err, "%s", result->detail);
	s->rows = 0;
	for (size_t row = 0; s->err == OK && row < result->steps[0].rows; row++, s->rows++) {
		const struct view bytes = store_at(result, 0, row, 1).bytes;

		if (store_at(result, 0, row, 0).number != l->size / TREE_TILE ||
			bytes.len != sizeof(root.bytes)) {
			s->rows = 0;
			return;
		}
		memcpy(root.bytes, bytes.data, sizeof(root.bytes));
		s->err = log_tree_append_tile(l->tree, &root);
		l->size += TREE_TILE;
	}
}

static enum err read_tiles(struct ledger *l)
{
	struct start s = {.l = l, .rows = CATCH_UP};

	while (s.rows == CATCH_UP) {
		const struct store_step step = {
			.statement = READ_TILES,
			.param_count = 2,
			.params = {STORE_INT_OF(l->size / TREE_TILE), STORE_INT_OF(CATCH_UP)},
		};

		TRY(store_run(l->registry->store, &step, 1, on_tiles, &s));
		TRY(s.err);
	}
	return OK;
}

static void on_number(void *user, uint64_t ref, const struct store_result *result)
{
	struct start *s = user;

	(void)ref;
	if (result->err == OK && result->steps[0].rows > 0) {
		s->number = store_at(result, 0, 0, 0).number;
	}
}

static enum err read_number(struct ledger *l, const struct store_step *step, int64_t *ret)
{
	struct start s = {.l = l};

	TRY(store_run(l->registry->store, step, 1, on_number, &s));
	*ret = s.number;
	return OK;
}

/* Its name is the registry's; one that was restored from a copy is another log (docs/decisions/0014). */
static enum err name_log(struct ledger *l, int64_t epoch)
{
	char name[NOTE_NAME_MAX + 1];
	struct buf text = buf_fixed(name, sizeof(name));

	buf_view(&text, l->origin);
	buf_text(&text, "/log");
	if (epoch > 0) {
		buf_printf(&text, "/%lld", (long long)epoch);
	}
	TRY(buf_end(&text, "log"));
	l->epoch_base = epoch << LEDGER_EPOCH_BITS;
	return note_key_of_seed(buf_contents(&text), &l->registry->log_seed, &l->key);
}

enum err ledger_start_up(struct registry *registry)
{
	const struct registry_conf *conf = registry->conf;
	struct ledger *l = calloc(1, sizeof(*l));
	int64_t epoch = 0;

	if (!l) {
		return err_fail(ERR_MEMORY, "log: out of memory");
	}
	registry->ledger = l;
	l->registry = registry;
	l->origin = reg_id_view(&registry->id);
	l->recent.ceiling = (size_t)conf->log_recent;
	l->note = buf_growing(NOTE_MAX);
	TRY(pool_new(sizeof(struct submission), (size_t)conf->log_waiting, &l->submissions));
	TRY(reading_start_up(l));
	TRY(proof_start_up(l));
	TRY(log_tree_new((size_t)conf->log_tiles, &l->tree));
	TRY(read_number(l, &(struct store_step){.statement = LAST_EPOCH}, &epoch));
	TRY(name_log(l, epoch));
	TRY(read_number(l, &(struct store_step){.statement = LAST_OWN_TIME}, &l->last_time));
	TRY(read_tiles(l));
	return read_leaves(l);
}

static void drop_each(void *user, pool_ref ref, void *slot)
{
	drop_submission(user, slot, ref);
}

void ledger_be_quiet(struct registry *registry)
{
	if (registry->ledger) {
		registry->ledger->quiet = true;
	}
}

void ledger_shut_down(struct registry *registry)
{
	struct ledger *l = registry->ledger;

	if (!l) {
		return;
	}
	timer_stop(registry->loop, &l->again);
	reading_shut_down(l);
	if (l->submissions) {
		pool_each(l->submissions, drop_each, l);
	}
	pool_free(l->submissions);
	proof_shut_down(l);
	log_tree_free(l->tree);
	buf_free(&l->note);
	recent_clear(&l->recent);
	free(l);
	registry->ledger = NULL;
}

/* ---- what others ask ---- */

int64_t ledger_epoch(const struct ledger *l)
{
	return l->epoch_base >> LEDGER_EPOCH_BITS;
}

int64_t ledger_size(const struct ledger *l)
{
	return l->size;
}

enum err ledger_watch(struct ledger *l, ledger_wake *wake, void *user)
{
	if (l->watcher_count == LEDGER_WATCHERS) {
		return err_fail(ERR_OVERLOAD, "log: too many readers");
	}
	l->watchers[l->watcher_count].wake = wake;
	l->watchers[l->watcher_count++].user = user;
	return OK;
}

enum err ledger_cursor(struct ledger *l, const char *name, int64_t *ret)
{
	const struct store_step step = {
		.statement = FIND_CURSOR,
		.param_count = 1,
		.params = {STORE_TEXT_OF(view_text(name))},
	};

	return read_number(l, &step, ret);
}

struct store_step ledger_cursor_step(const char *name, int64_t seq)
{
	return (struct store_step){
		.statement = SET_CURSOR,
		.param_count = 2,
		.params = {STORE_TEXT_OF(view_text(name)), STORE_INT_OF(seq)},
	};
}

struct store_step ledger_erase_step(struct view subject)
{
	return (struct store_step){
		.statement = ERASE_EVENTS,
		.param_count = 1,
		.params = {STORE_TEXT_OF(subject)},
	};
}

void ledger_put_metrics(const struct ledger *l, struct buf *out)
{
	if (!l) {
		return;
	}
	metrics_put_one(out, "symbolon_registry_log_events", METRIC_GAUGE, "Events in the log.",
		(uint64_t)l->size);
	metrics_put_one(out, "symbolon_registry_log_waiting", METRIC_GAUGE,
		"Units of events that are not committed yet.", pool_count(l->submissions));
	metrics_put_one(out, "symbolon_registry_log_recent_bytes", METRIC_GAUGE,
		"Memory of the newest events.", l->recent.bytes);
}
