// SPDX-License-Identifier: Apache-2.0
/* The log of a registry: one order without gaps, in the commit that events belong to; a tree that only grows.
 * req: R7-i-c R9.3-ii-a R6.1-d */
#include "test.h"

#include "postgres_server.h"
#include "registry.h"
#include "registry/ledger/proof.h"
#include "registry/ledger/log_tree.h"
#include "registry/schema.h"

static struct merkle_hash leaves[1024];

struct seen {
	struct registry_flow *r;
	enum err err;
	size_t count;
	int64_t first, last;
	enum event_kind kind;
	int64_t time;
	char subject[64], record[128], leaf[512];
	bool erased;
};

static void copy(struct view from, char *to, size_t room)
{
	(void)snprintf(to, room, "%.*s", (int)from.len, (const char *)from.data);
}

/* All that was read joins `leaves`; the last one is kept whole. */
static void on_entries(void *user, uint64_t ref, enum err err, const struct ledger_entry *entries,
	size_t count)
{
	struct seen *s = user;

	(void)ref;
	s->err = err;
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		struct buf leaf = buf_fixed(s->leaf, sizeof(s->leaf));

		ledger_leaf(&entries[i], &leaf);
		if (entries[i].seq < (int64_t)(sizeof(leaves) / sizeof(leaves[0]))) {
			merkle_leaf(buf_contents(&leaf), &leaves[entries[i].seq]);
		}
		(void)buf_string(&leaf);
		s->first = i == 0 ? entries[i].seq : s->first;
		s->last = entries[i].seq;
		s->kind = entries[i].kind;
		s->time = entries[i].time;
		s->erased = !entries[i].salt;
		copy(entries[i].subject, s->subject, sizeof(s->subject));
		copy(entries[i].record, s->record, sizeof(s->record));
	}
	s->r->done = true;
}

static struct seen read_from(struct registry_flow *r, int64_t from, size_t limit)
{
	struct seen s = {.r = r};

	r->done = false;
	assert_ok(ledger_read(r->registry.ledger, from, limit, on_entries, &s, 0));
	registry_wait(r, &r->done);
	assert_int_equal(s.err, OK);
	return s;
}

static struct seen read_subject(struct registry_flow *r, const char *subject, int64_t until)
{
	struct seen s = {.r = r};

	r->done = false;
	assert_ok(ledger_subject(r->registry.ledger, view_text(subject), 0, until, 100, on_entries,
		&s, 0));
	registry_wait(r, &r->done);
	assert_int_equal(s.err, OK);
	return s;
}

static void read_all_leaves(struct registry_flow *r)
{
	const int64_t size = ledger_size(r->registry.ledger);
	int64_t at = 0;

	while (at < size) {
		struct seen s = read_from(r, at, 100);

		assert_int_equal(s.first, at);
		at = s.last + 1;
	}
}

static void events_have_places_without_gaps(void **state)
{
	struct registry_flow *r = *state;
	const int64_t begin = ledger_size(r->registry.ledger);

	assert_int_equal(registry_log(r, EVENT_DECISION, "a", "{\"subject\":\"a\"}"), begin);
	assert_int_equal(registry_log(r, EVENT_DECISION, "b", "{\"subject\":\"b\"}"), begin + 1);
	assert_int_equal(ledger_size(r->registry.ledger), begin + 2);
	struct seen s = read_from(r, begin, 10);

	assert_int_equal(s.count, 2);
	assert_int_equal(s.first, begin);
	assert_int_equal(s.kind, EVENT_DECISION);
	assert_string_equal(s.subject, "b");
	assert_string_equal(s.record, "{\"subject\":\"b\"}");
}

static void a_restart_reads_what_was_logged(void **state)
{
	struct registry_flow *r = *state;
	const int64_t seq = registry_log(r, EVENT_DECISION, "a", "{\"subject\":\"a\"}");
	struct seen before = read_from(r, seq, 1);

	registry_flow_restart(r);
	struct seen after = read_from(r, seq, 1);

	assert_int_equal(after.count, 1);
	assert_string_equal(after.record, "{\"subject\":\"a\"}");
	assert_string_equal(after.leaf, before.leaf);
}

static void a_step_that_fails_logs_nothing(void **state)
{
	struct registry_flow *r = *state;
	const int64_t begin = ledger_size(r->registry.ledger);
	const struct event event = {.kind = EVENT_DECISION, .record = view_text("{}")};
	const struct store_step step = {
		.statement = REPLACE_SETTING,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text("none")), STORE_BLOB_OF(view_text("a")),
			STORE_BLOB_OF(view_text("b"))},
	};

	assert_err(ERR_RANGE, ledger_submit(r->registry.ledger, &event, LEDGER_EVENTS + 1, NULL, 0,
				      NULL, NULL, 0));
	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, &step, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, ERR_CONFLICT);
	assert_int_equal(ledger_size(r->registry.ledger), begin);
	assert_int_equal(registry_log(r, EVENT_DECISION, "a", "{}"), begin);
}

static void an_event_of_another_registry_is_logged_once(void **state)
{
	struct registry_flow *r = *state;
	static const uint8_t salt[LEDGER_SALT] = {1};
	const struct event event = {.kind = EVENT_STATUS_CHANGED,
		.subject = view_text("IN.TEL.P02:mac:0024befffe804ff1"),
		.record = view_text("{\"subject\":\"IN.TEL.P02:mac:0024befffe804ff1\"}"),
		.origin = view_text("IN.TEL.P02"),
		.origin_seq = 7,
		.origin_time = 1732976400123,
		.salt = salt};

	for (int i = 0; i < 2; i++) {
		r->done = false;
		assert_ok(ledger_submit(r->registry.ledger, &event, 1, NULL, 0, registry_on_logged,
			r, 0));
		registry_wait(r, &r->done);
		assert_int_equal(r->logged, i == 0 ? OK : ERR_EXISTS);
	}
	struct seen s = read_subject(r, "IN.TEL.P02:mac:0024befffe804ff1", INT64_MAX);

	assert_int_equal(s.count, 1);
	assert_int_equal(s.time, 1732976400123);
	assert_non_null(strstr(s.leaf, "{\"kind\":\"status_changed\",\"time\":1732976400123,"
				       "\"registry\":\"IN.TEL.P02\",\"commitment\":\""));
}

static void a_history_ends_when_it_is_asked_to(void **state)
{
	struct registry_flow *r = *state;
	struct seen s;

	(void)registry_log(r, EVENT_DEVICE_REGISTERED, "d", "{\"n\":1}");
	fake_env_advance(&r->env, 1000);
	(void)registry_log(r, EVENT_STATUS_CHANGED, "d", "{\"n\":2}");
	s = read_subject(r, "d", INT64_MAX);
	assert_int_equal(s.count, 2);
	s = read_subject(r, "d", s.time - 1);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.record, "{\"n\":1}");
}

/* Bad input: the clock is set back. */
static void time_does_not_go_back(void **state)
{
	struct registry_flow *r = *state;
	int64_t seq = registry_log(r, EVENT_DECISION, "", "{}");
	const int64_t before = read_from(r, seq, 1).time;

	r->env.wall_ms -= 3600 * 1000;
	seq = registry_log(r, EVENT_DECISION, "", "{}");
	assert_int_equal(read_from(r, seq, 1).time, before);
	registry_flow_restart(r);
	seq = registry_log(r, EVENT_DECISION, "", "{}");
	assert_int_equal(read_from(r, seq, 1).time, before);
}

static void what_is_erased_leaves_its_leaf(void **state)
{
	struct registry_flow *r = *state;
	const int64_t seq = registry_log(r, EVENT_DEVICE_REGISTERED, "d", "{\"make\":\"x\"}");
	struct seen before = read_from(r, seq, 1), after;
	const struct event event = {.kind = EVENT_ERASED,
		.subject = view_text("d"),
		.record = view_text("{\"subject\":\"d\"}")};
	const struct store_step step = ledger_erase_step(view_text("d"));

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, &step, 1, registry_on_logged, r, 0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
	for (int i = 0; i < 2; i++) { /* from memory, from the store */
		after = read_from(r, seq, 1);
		assert_true(after.erased);
		assert_string_equal(after.record, "");
		assert_string_equal(after.subject, "");
		assert_string_equal(after.leaf, before.leaf);
		registry_flow_restart(r);
	}
	assert_int_equal(read_subject(r, "d", INT64_MAX).count, 1); /* that it was erased */
}

static void check_root(struct registry_flow *r)
{
	struct merkle_range range = {0};
	struct merkle_hash want, got;

	read_all_leaves(r);
	for (int64_t i = 0; i < ledger_size(r->registry.ledger); i++) {
		assert_ok(merkle_append(&range, &leaves[i], NULL, NULL));
	}
	merkle_range_root(&range, &want);
	ledger_root(r->registry.ledger, &got);
	assert_true(merkle_equal(&want, &got));
}

struct shown {
	struct registry_flow *r;
	enum err err;
	struct merkle_proof proof;
};

static void on_proof(void *user, uint64_t ref, enum err err, struct view hashes)
{
	struct shown *s = user;

	(void)ref;
	s->err = err;
	s->proof.count = hashes.len / MERKLE_HASH;
	if (hashes.len > 0) {
		memcpy(s->proof.hash, hashes.data, hashes.len);
	}
	s->r->done = true;
}

static struct shown prove(struct registry_flow *r, enum proof_kind kind, uint64_t a, uint64_t b)
{
	const struct proof_question question = {.kind = kind, .a = a, .b = b};
	struct shown s = {.r = r};

	r->done = false;
	assert_ok(ledger_prove(r->registry.ledger, &question, on_proof, &s, 0));
	registry_wait(r, &r->done);
	return s;
}

static void check_proofs(struct registry_flow *r, uint64_t step)
{
	const uint64_t size = (uint64_t)ledger_size(r->registry.ledger);
	struct merkle_hash root;

	ledger_root(r->registry.ledger, &root);
	for (uint64_t i = 0; i < size; i += step) {
		struct shown s = prove(r, PROOF_INCLUSION, i, size);

		assert_int_equal(s.err, OK);
		assert_ok(merkle_verify_inclusion(&leaves[i], i, size, &s.proof, &root));
		if (i == 0) {
			continue;
		}
		struct merkle_hash old = prove(r, PROOF_ROOT, i, 0).proof.hash[0];

		s = prove(r, PROOF_CONSISTENCY, i, size);
		assert_int_equal(s.err, OK);
		assert_ok(merkle_verify_consistency(i, size, &s.proof, &old, &root));
	}
	assert_int_equal(prove(r, PROOF_INCLUSION, 0, size + 1).err, ERR_RANGE);
}

static void the_tree_is_that_of_all_leaves(void **state)
{
	struct registry_flow *r = *state;

	for (int i = 0; i < 700; i++) {
		(void)registry_log(r, EVENT_DECISION, "", "{}");
	}
	check_root(r);
	check_proofs(r, 13);
	registry_flow_restart(r);
	check_root(r);
	check_proofs(r, 41);
	(void)registry_log(r, EVENT_DECISION, "", "{}");
	check_root(r);
}

static void a_checkpoint_is_signed_and_not_made_for_each_event(void **state)
{
	struct registry_flow *r = *state;
	struct ledger *l = r->registry.ledger;
	BUF_CLEANUP struct buf bytes = buf_growing(NOTE_MAX);
	struct note note;
	struct note_checkpoint checkpoint;
	int64_t size;

	(void)registry_log(r, EVENT_DECISION, "", "{}");
	assert_ok(ledger_checkpoint(l, &bytes, &size));
	assert_int_equal(size, ledger_size(l));
	assert_ok(note_parse(buf_contents(&bytes), &note));
	assert_ok(note_verify(&note, ledger_key(l), NULL));
	assert_ok(note_checkpoint_parse(note.text, &checkpoint));
	assert_view(checkpoint.origin, "IN.TEL.P01/log");
	(void)registry_log(r, EVENT_DECISION, "", "{}");
	assert_ok(ledger_checkpoint(l, &bytes, &size));
	assert_int_equal(size, ledger_size(l) - 1);
	fake_env_advance(&r->env, 5);
	assert_ok(ledger_checkpoint(l, &bytes, &size));
	assert_int_equal(size, ledger_size(l));
}

static void a_cursor_does_not_go_back(void **state)
{
	struct registry_flow *r = *state;
	struct store_step step = ledger_cursor_step("reader", 5);
	int64_t seq = -1;

	assert_ok(ledger_cursor(r->registry.ledger, "reader", &seq));
	assert_int_equal(seq, 0);
	assert_ok(store_run(r->registry.store, &step, 1, NULL, NULL));
	step = ledger_cursor_step("reader", 3);
	assert_ok(store_run(r->registry.store, &step, 1, NULL, NULL));
	assert_ok(ledger_cursor(r->registry.ledger, "reader", &seq));
	assert_int_equal(seq, 5);
}

/* A commit whose result never came: the store has an event that is not in the tree. */
static void what_the_store_has_more_is_read(void **state)
{
	struct registry_flow *r = *state;
	const uint8_t commitment[LEDGER_HASH] = {7};
	const int64_t begin = ledger_size(r->registry.ledger);
	const struct store_step step = {
		.statement = ADD_EVENT,
		.param_count = 8,
		.params = {STORE_INT_OF(EVENT_DECISION), STORE_INT_OF(r->env.wall_ms),
			STORE_NULL_OF(), STORE_NULL_OF(), STORE_NULL_OF(),
			STORE_BLOB_OF(VIEW(commitment)), STORE_NULL_OF(), STORE_INT_OF(0)},
	};

	assert_ok(store_submit(r->registry.store, &step, 1, NULL, NULL, 0));
	assert_int_equal(registry_log(r, EVENT_DECISION, "", "{}"), begin + 1);
	while (ledger_size(r->registry.ledger) < begin + 2) {
		loop_turn(r->loop, 50);
	}
	assert_int_equal(registry_log(r, EVENT_DECISION, "", "{}"), begin + 2);
	check_root(r);
	registry_flow_restart(r);
	assert_int_equal(ledger_size(r->registry.ledger), begin + 3);
	check_root(r);
}

struct records {
	struct registry_flow *r;
	uint8_t bytes[2][512];
	size_t len[2];
};

static void on_records(void *user, uint64_t ref, const struct store_result *result)
{
	struct records *records = user;

	(void)ref;
	for (size_t i = 0; i < 2; i++) {
		const struct view record = store_at(result, 0, i, 7).bytes;

		records->len[i] = record.len;
		memcpy(records->bytes[i], record.data, record.len);
	}
	records->r->done = true;
}

static void on_put(void *user, uint64_t ref, const struct store_result *result)
{
	struct registry_flow *r = user;

	(void)ref;
	if (result->err != OK) {
		fail_msg("%s", result->detail);
	}
	r->done = true;
}

static void put_record(struct registry_flow *r, int64_t seq, struct view record, struct view old)
{
	char key[24];

	(void)snprintf(key, sizeof(key), "%lld", 1000000000000000LL + (long long)seq);
	const struct store_step step = {
		.statement = REPLACE_RECORD,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(key)), STORE_BLOB_OF(record), STORE_BLOB_OF(old)},
	};

	r->done = false;
	assert_ok(store_submit(r->registry.store, &step, 1, on_put, r, 0));
	registry_wait(r, &r->done);
}

static void exchange_records(struct registry_flow *r, int64_t one, int64_t other)
{
	struct records records = {.r = r};
	const struct store_step step = {
		.statement = READ_EVENTS,
		.param_count = 3,
		.params = {STORE_INT_OF(one), STORE_INT_OF(other + 1), STORE_INT_OF(2)},
	};

	r->done = false;
	assert_ok(store_submit(r->registry.store, &step, 1, on_records, &records, 0));
	registry_wait(r, &r->done);
	const struct view a = view_of(records.bytes[0], records.len[0]);
	const struct view b = view_of(records.bytes[1], records.len[1]);

	put_record(r, one, b, a);
	put_record(r, other, a, b);
}

/* Somebody changes the store: it is found where it is looked at, and never told as true. */
static void a_record_that_is_not_its_leafs_is_not_told(void **state)
{
	struct registry_flow *r = *state;
	struct seen s = {.r = r};
	const int64_t seq = registry_log(r, EVENT_DECISION, "", "{\"n\":1}");

	(void)registry_log(r, EVENT_DECISION, "", "{\"n\":2}");
	(void)registry_log(r, EVENT_DECISION, "", "{\"n\":3}");
	exchange_records(r, seq, seq + 1);
	registry_flow_restart(r);
	r->done = false;
	assert_ok(ledger_read(r->registry.ledger, seq, 3, on_entries, &s, 0));
	registry_wait(r, &r->done);
	assert_int_equal(s.err, ERR_CRYPTO);
}

static struct postgres_server server; /* none while SQLite is tested */

static int open_log(void **state)
{
	if (registry_flow_store) {
		postgres_server_clear(&server, "postgres");
	}
	return registry_flow_open(state);
}

#define ON_EACH(name) cmocka_unit_test_setup_teardown(name, open_log, registry_flow_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(events_have_places_without_gaps),
		ON_EACH(a_restart_reads_what_was_logged),
		ON_EACH(a_step_that_fails_logs_nothing),
		ON_EACH(an_event_of_another_registry_is_logged_once),
		ON_EACH(a_history_ends_when_it_is_asked_to),
		ON_EACH(time_does_not_go_back),
		ON_EACH(what_is_erased_leaves_its_leaf),
		ON_EACH(the_tree_is_that_of_all_leaves),
		ON_EACH(a_checkpoint_is_signed_and_not_made_for_each_event),
		ON_EACH(a_cursor_does_not_go_back),
		ON_EACH(what_the_store_has_more_is_read),
		ON_EACH(a_record_that_is_not_its_leafs_is_not_told),
	};
	int failed = RUN_TESTS(tests);
	char url[160];

	if (!postgres_server_new(&server)) {
		return failed;
	}
	postgres_server_url(&server, "postgres", url);
	registry_flow_store = url;
	failed += cmocka_run_group_tests_name("registry_log on PostgreSQL", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
