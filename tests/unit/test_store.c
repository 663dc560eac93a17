// SPDX-License-Identifier: Apache-2.0
/*
 * The store's contract, over its interface alone, so that every engine runs the same cases: all that
 * an engine adds here is an empty database for each of them, see bare_setup().
 */
#include "postgres_server.h"
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

enum { PUT, GET, ALL, CHILD, TAKE, GIVE, BALANCES, NOTE, NOTES, SLOW, ECHO, TWICE, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[PUT] = {"item_put", "INSERT INTO item (id, n, t, b) VALUES ($1, $2, $3, $4)"},
	[GET] = {"item_get", "SELECT i.n, i.t, i.b FROM item i WHERE i.id = $1"},
	[ALL] = {"item_all", "SELECT i.id FROM item i ORDER BY i.id"},
	[CHILD] = {"child_put", "INSERT INTO child (id, parent) VALUES ($1, $2)"},
	[TAKE] = {"account_take", "UPDATE account SET balance = balance - $2 "
				  "WHERE id = $1 AND balance >= $2 RETURNING balance"},
	[GIVE] = {"account_give", "UPDATE account SET balance = balance + $1 WHERE id = $2"},
	[BALANCES] = {"account_all", "SELECT a.id, a.balance FROM account a ORDER BY a.id"},
	[NOTE] = {"note_put", "INSERT INTO note (id) VALUES ($1)"},
	[NOTES] = {"note_all", "SELECT o.id FROM note o ORDER BY o.id"},
	[SLOW] = {"slow",
		"WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT c.k + 1 FROM c WHERE c.k < $1) "
		"INSERT INTO slow (k) SELECT count(*) FROM c"},
	[ECHO] = {"account_one", "SELECT a.balance FROM account a WHERE a.id = $1"},
	[TWICE] = {"item_range",
		"SELECT i.id FROM item i WHERE i.id >= $2 AND i.id <= $1 AND i.id <> $2"},
};

#define ACCOUNTS                                                                                   \
	"CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL CHECK (balance >= "  \
	"0));"                                                                                     \
	"INSERT INTO account (id, balance) VALUES (1, 100), (2, 100), (3, 100), (4, 100);"         \
	"CREATE TABLE note (id BIGINT PRIMARY KEY);"                                               \
	"CREATE TABLE slow (k BIGINT)"
#define CHILDREN                                                                                   \
	"CREATE TABLE child (id BIGINT PRIMARY KEY, parent BIGINT NOT NULL REFERENCES item (id) "  \
	"DEFERRABLE INITIALLY DEFERRED)"

static const struct migration migrations[] = {
	{1, "CREATE TABLE item (id BIGINT PRIMARY KEY, n BIGINT, t TEXT, b BLOB);" CHILDREN,
		"CREATE TABLE item (id BIGINT PRIMARY KEY, n BIGINT, t TEXT, b BYTEA);" CHILDREN},
	{2, ACCOUNTS, ACCOUNTS},
};

static const struct store_schema schema = {.name = "test",
	.statements = statements,
	.statement_count = STATEMENTS,
	.migrations = migrations,
	.migration_count = 2};

static struct postgres_server server; /* none while SQLite is tested */

struct fixture {
	struct loop *loop;
	struct store *store;
	char dir[64], url[160];
};

/* What came back: the last result in short, and how many there were. */
struct seen {
	size_t answers, good;
	enum err err;
	size_t failed_step, rows, changed;
	int64_t number;
	char detail[256];
	uint64_t refs[512];
	enum err errs[512]; /* by user_ref */
};

static void see(void *user, uint64_t ref, const struct store_result *r)
{
	struct seen *seen = user;

	seen->refs[seen->answers++ % 512] = ref;
	seen->errs[ref % 512] = r->err;
	seen->good += r->err == OK;
	seen->err = r->err;
	seen->failed_step = r->failed_step;
	seen->rows = r->step_count ? r->steps[r->step_count - 1].rows : 0;
	seen->changed = r->step_count ? r->steps[r->step_count - 1].changed : 0;
	seen->number = r->step_count ? store_at(r, r->step_count - 1, 0, 0).number : 0;
	(void)snprintf(seen->detail, sizeof(seen->detail), "%s", r->detail);
}

static void open_with(struct fixture *f, struct store_options options)
{
	options.url = f->url;
	assert_ok(store_open(f->loop, &options, &schema, &f->store));
}

static int bare_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	if (server.pid) {
		postgres_server_clear(&server, "postgres");
		postgres_server_url(&server, "postgres", f->url);
	} else {
		(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-store-XXXXXX");
		assert_non_null(mkdtemp(f->dir));
		(void)snprintf(f->url, sizeof(f->url), "sqlite:%s/store.db", f->dir);
	}
	assert_ok(loop_new(&env_system, &f->loop));
	*state = f;
	return 0;
}

static int setup(void **state)
{
	(void)bare_setup(state);
	open_with(*state, (struct store_options){.group = 0});
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	struct fixture *f = *state;
	char path[200];

	store_close(f->store);
	loop_free(f->loop);
	for (size_t i = 0; f->dir[0] && i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->url + strlen("sqlite:"), ends[i]);
		(void)unlink(path);
	}
	if (f->dir[0]) {
		(void)rmdir(f->dir);
	}
	free(f);
	return 0;
}

static void wait_for(struct fixture *f, const struct seen *seen, size_t answers)
{
	while (seen->answers < answers) {
		loop_turn(f->loop, 1000);
	}
}

static struct store_step put(int64_t id)
{
	return (struct store_step){.statement = PUT,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_INT_OF(id), STORE_INT_OF(id), STORE_NULL_OF(), STORE_NULL_OF()}};
}

static struct store_step with(int statement, enum store_expect expect, size_t count, int64_t a,
	int64_t b)
{
	return (struct store_step){.statement = statement,
		.expect = expect,
		.param_count = count,
		.params = {STORE_INT_OF(a), STORE_INT_OF(b)}};
}

static void run(struct fixture *f, const struct store_step *steps, size_t count, struct seen *seen)
{
	size_t before = seen->answers;

	assert_ok(store_submit(f->store, steps, count, see, seen, 0));
	wait_for(f, seen, before + 1);
}

/* Keeps the writer busy, so that what is submitted next waits and makes one group. */
static void hold_writer(struct fixture *f, struct seen *seen)
{
	struct store_step slow = with(SLOW, STORE_ONE, 1, 200000, 0);

	assert_ok(store_submit(f->store, &slow, 1, see, seen, 511));
}

static size_t count_rows(struct fixture *f, int statement)
{
	struct seen seen = {0};
	struct store_step step = {.statement = statement};

	run(f, &step, 1, &seen);
	assert_err(OK, seen.err);
	return seen.rows;
}

/* ---- values ---- */

struct kept {
	bool came;
	int64_t n[2];
	char text[2][32];
	size_t len[2];
	enum store_type types[3];
};

static void keep_item(void *user, uint64_t ref, const struct store_result *r)
{
	struct kept *k = user;

	(void)ref;
	assert_err(OK, r->err);
	assert_int_equal(r->steps[0].rows, 1);
	assert_int_equal(r->steps[0].columns, 3);
	assert_int_equal(store_at(r, 0, 1, 0).type, STORE_NULL);
	assert_int_equal(store_at(r, 0, 0, 3).type, STORE_NULL);
	assert_int_equal(store_at(r, 1, 0, 0).type, STORE_NULL);
	k->n[0] = store_at(r, 0, 0, 0).number;
	for (size_t i = 0; i < 2; i++) {
		struct view v = store_at(r, 0, 0, 1 + i).bytes;

		k->len[i] = v.len;
		if (v.len) {
			memcpy(k->text[i], v.data, v.len);
		}
	}
	for (size_t i = 0; i < 3; i++) {
		k->types[i] = store_at(r, 0, 0, i).type;
	}
	k->came = true;
}

static struct kept round_trip(struct fixture *f, int64_t id, struct store_value n,
	struct store_value t, struct store_value b)
{
	struct seen seen = {0};
	struct kept kept = {0};
	struct store_step write = {.statement = PUT,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_INT_OF(id), n, t, b}};
	struct store_step read = with(GET, STORE_ONE, 1, id, 0);

	run(f, &write, 1, &seen);
	assert_err(OK, seen.err);
	assert_int_equal(seen.changed, 1);
	assert_ok(store_submit(f->store, &read, 1, keep_item, &kept, 0));
	while (!kept.came) {
		loop_turn(f->loop, 1000);
	}
	return kept;
}

/* req: B7.5-e */
static void values_come_back_as_they_went(void **state)
{
	struct fixture *f = *state;
	struct kept k = round_trip(f, 1, STORE_INT_OF(INT64_MIN),
		STORE_TEXT_OF(view_text("Σύμβολον")), STORE_BLOB_OF(view_of("a\0b\0", 4)));

	assert_true(k.n[0] == INT64_MIN);
	assert_string_equal(k.text[0], "Σύμβολον");
	assert_int_equal(k.len[1], 4);
	assert_memory_equal(k.text[1], "a\0b\0", 4);
	k = round_trip(f, 2, STORE_INT_OF(INT64_MAX), STORE_TEXT_OF(view_text("")),
		STORE_BLOB_OF(view_of(NULL, 0)));
	assert_true(k.n[0] == INT64_MAX);
	assert_int_equal(k.types[1], STORE_TEXT);
	assert_int_equal(k.types[2], STORE_BLOB);
	assert_int_equal(k.len[0] + k.len[1], 0);
	k = round_trip(f, 3, STORE_NULL_OF(), STORE_NULL_OF(), STORE_NULL_OF());
	assert_int_equal(k.types[0], STORE_NULL);
	assert_int_equal(k.types[1], STORE_NULL);
	assert_int_equal(k.types[2], STORE_NULL);
}

static void parameters_go_by_their_number(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};

	for (int64_t id = 1; id <= 5; id++) {
		struct store_step step = put(id);

		run(f, &step, 1, &seen);
	}
	struct store_step range = with(TWICE, STORE_ANY, 2, 4, 2); /* 2 < id <= 4 */

	run(f, &range, 1, &seen);
	assert_int_equal(seen.rows, 2);
}

/* ---- all or nothing ---- */

static void an_unexpected_count_undoes_the_unit(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step steps[] = {
		with(TAKE, STORE_ONE, 2, 1, 30),
		with(GIVE, STORE_ONE, 2, 30, 99), /* there is no such account */
	};

	run(f, steps, 2, &seen);
	assert_err(ERR_CONFLICT, seen.err);
	assert_int_equal(seen.failed_step, 1);
	assert_string_equal(seen.detail, "account_give: 0 rows instead of one");

	struct store_step look = with(ECHO, STORE_ONE, 1, 1, 0);

	run(f, &look, 1, &seen);
	assert_int_equal(seen.number, 100);
}

static void each_expectation_is_checked(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum store_expect expect;
		int64_t account;
		enum err err;
	} cases[] = {
		{STORE_ANY, 1, OK},
		{STORE_ANY, 9, OK},
		{STORE_ONE, 1, OK},
		{STORE_ONE, 9, ERR_CONFLICT},
		{STORE_SOME, 1, OK},
		{STORE_SOME, 9, ERR_CONFLICT},
		{STORE_NONE, 1, ERR_CONFLICT},
		{STORE_NONE, 9, OK},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static const int kinds[] = {ECHO, TAKE, GIVE}; /* rows, rows of a change, a change */

		for (size_t k = 0; k < 3; k++) {
			struct seen seen = {0};
			struct store_step step = with(kinds[k], cases[i].expect, k == 0 ? 1 : 2,
				k == 2 ? 0 : cases[i].account, k == 2 ? cases[i].account : 0);

			run(f, &step, 1, &seen);
			assert_err(cases[i].err, seen.err);
		}
	}
}

static void what_is_there_already_exists(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step steps[] = {put(1), put(2)};

	run(f, steps, 1, &seen);
	run(f, steps, 1, &seen);
	assert_err(ERR_EXISTS, seen.err);
	struct store_step both[] = {put(2), put(1)};

	run(f, both, 2, &seen);
	assert_err(ERR_EXISTS, seen.err);
	assert_int_equal(seen.failed_step, 1);
	assert_int_equal(count_rows(f, ALL), 1);
}

static void a_broken_constraint_is_a_conflict(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step minus = with(GIVE, STORE_ONE, 2, -500, 1);

	run(f, &minus, 1, &seen);
	assert_err(ERR_CONFLICT, seen.err);

	struct store_step orphan =
		with(CHILD, STORE_ONE, 2, 1, 77); /* deferred: seen by the commit */

	run(f, &orphan, 1, &seen);
	assert_err(ERR_CONFLICT, seen.err);
}

/* A decision: whoever takes the balance first has it. */
static void one_of_two_wins(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step take = with(TAKE, STORE_ONE, 2, 1, 100);

	hold_writer(f, &seen);
	for (uint64_t ref = 0; ref < 20; ref++) {
		assert_ok(store_submit(f->store, &take, 1, see, &seen, ref));
	}
	wait_for(f, &seen, 21);
	assert_int_equal(seen.good, 2); /* the slow one, and the winner */
	assert_err(OK, seen.errs[0]);
	assert_err(ERR_CONFLICT, seen.errs[1]);
}

/* ---- groups ---- */

static void waiting_units_share_a_commit(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_figures before, after;

	hold_writer(f, &seen);
	store_figures(f->store, &before);
	for (uint64_t ref = 0; ref < 200; ref++) {
		struct store_step step = put((int64_t)ref);

		assert_ok(store_submit(f->store, &step, 1, see, &seen, ref));
	}
	store_figures(f->store, &after);
	assert_int_equal(after.waiting, 201);
	wait_for(f, &seen, 201);
	store_figures(f->store, &after);
	assert_int_equal(seen.good, 201);
	assert_int_equal(after.units - before.units, 201);
	assert_in_range(after.commits - before.commits, 1, 20);
	assert_int_equal(after.replays, 0);
	assert_int_equal(after.waiting, 0);
	for (size_t i = 1; i < 201; i++) { /* in the order they were submitted */
		assert_int_equal(seen.refs[i], i - 1);
	}
}

/* Good ones, ones that refuse at once, ones that refuse half way, ones that the commit refuses. */
static void group_with_bad_units(struct fixture *f, bool half_way, bool deferred)
{
	struct seen seen = {0};

	hold_writer(f, &seen);
	for (uint64_t ref = 0; ref < 100; ref++) {
		int64_t id = (int64_t)ref + 1;
		struct store_step steps[] = {put(id), with(NOTE, STORE_ONE, 1, id, 0)};
		size_t count = 2;

		if (ref % 10 == 3) {
			steps[0] = with(TAKE, STORE_ONE, 2, 1, 1000);
		} else if (ref % 10 == 5 && half_way) {
			steps[1] = with(NOTE, STORE_ONE, 1, id - 1, 0); /* is there */
		} else if (ref % 10 == 7 && deferred) {
			steps[1] = with(CHILD, STORE_ONE, 2, id, 1000);
		}
		assert_ok(store_submit(f->store, steps, count, see, &seen, ref));
	}
	wait_for(f, &seen, 101);

	size_t good = 0;

	for (uint64_t ref = 0; ref < 100; ref++) {
		enum err expected = ref % 10 == 3		? ERR_CONFLICT
				    : ref % 10 == 5 && half_way ? ERR_EXISTS
				    : ref % 10 == 7 && deferred ? ERR_CONFLICT
								: OK;
		good += expected == OK;
		assert_err(expected, seen.errs[ref]);
	}
	assert_int_equal(seen.good, good + 1);
	assert_int_equal(count_rows(f, ALL), good);
	assert_int_equal(count_rows(f, NOTES), good);
}

static void a_refusal_at_once_costs_the_others_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_figures figures;

	group_with_bad_units(f, false, false);
	store_figures(f->store, &figures);
	assert_int_equal(figures.failures, 10);
	/* A server has run the second step when the first is judged: one replay for a group. */
	assert_in_range(figures.replays, 0, server.pid ? 10 : 0);
	assert_in_range(figures.commits, 1, 20);
}

static void a_refusal_half_way_spares_the_others(void **state)
{
	struct fixture *f = *state;
	struct store_figures figures;

	group_with_bad_units(f, true, false);
	store_figures(f->store, &figures);
	assert_int_equal(figures.failures, 20);
	assert_in_range(figures.replays, 1, 10);
	assert_in_range(figures.commits, 1, 20); /* still a commit for many */
}

static void a_refusal_by_the_commit_spares_the_others(void **state)
{
	group_with_bad_units(*state, true, true);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

struct ledger {
	int64_t balances[5];
	size_t moved;
};

static void sum_up(void *user, uint64_t ref, const struct store_result *r)
{
	struct ledger *l = user;

	(void)ref;
	assert_err(OK, r->err);
	for (size_t i = 0; i < r->steps[0].rows; i++) {
		l->balances[i] = store_at(r, 0, i, 1).number;
	}
	l->moved = r->steps[1].rows;
}

/* Money moves at random between four accounts and two that are not there; none is made or lost. */
static void units_are_whole_under_random_load(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	uint32_t seed = 4711;

	for (uint64_t i = 0; i < 3000; i++) {
		int64_t from = 1 + next_random(&seed) % 5, to = 1 + next_random(&seed) % 5;
		int64_t amount = next_random(&seed) % 60;
		struct store_step steps[] = {
			with(NOTE, STORE_ONE, 1, (int64_t)i, 0),
			with(TAKE, STORE_ONE, 2, from, amount),
			with(GIVE, STORE_ONE, 2, amount, to),
		};

		assert_ok(store_submit(f->store, steps, 3, see, &seen, i));
		if (next_random(&seed) % 50 == 0) {
			wait_for(f, &seen, i + 1);
		}
	}
	wait_for(f, &seen, 3000);
	assert_in_range(seen.good, 100, 2900);

	struct ledger ledger = {0};
	struct store_step read[] = {{.statement = BALANCES}, {.statement = NOTES}};

	assert_ok(store_run(f->store, read, 2, sum_up, &ledger));
	assert_int_equal(ledger.moved, seen.good);
	assert_int_equal(ledger.balances[0] + ledger.balances[1] + ledger.balances[2] +
				 ledger.balances[3],
		400);
}

/* ---- reading ---- */

struct chase {
	struct fixture *f;
	int64_t round;
	bool missed;
};

static void wrote(void *user, uint64_t ref, const struct store_result *r);

static void has_read(void *user, uint64_t ref, const struct store_result *r)
{
	struct chase *c = user;

	(void)ref;
	c->missed |= r->err != OK || store_at(r, 0, 0, 0).number != c->round;
	if (++c->round < 300) {
		struct store_step step = put(c->round);

		assert_ok(store_submit(c->f->store, &step, 1, wrote, c, 0));
	}
}

static void wrote(void *user, uint64_t ref, const struct store_result *r)
{
	struct chase *c = user;
	struct store_step step = with(GET, STORE_ONE, 1, c->round, 0);

	(void)ref;
	assert_err(OK, r->err);
	assert_ok(store_submit(c->f->store, &step, 1, has_read, c, 0));
}

static void readers_see_what_was_acknowledged(void **state)
{
	struct chase chase = {.f = *state};
	struct store_step step = put(0);

	assert_ok(store_submit(chase.f->store, &step, 1, wrote, &chase, 0));
	while (chase.round < 300) {
		loop_turn(chase.f->loop, 1000);
	}
	assert_false(chase.missed);
}

static void compare_steps(void *user, uint64_t ref, const struct store_result *r)
{
	size_t *answers = user;

	(void)ref;
	assert_err(OK, r->err);
	assert_int_equal(r->steps[0].rows, r->steps[1].rows);
	++*answers;
}

static void a_reading_unit_sees_one_state(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step read[] = {{.statement = ALL}, {.statement = ALL}};
	size_t answers = 0;

	for (uint64_t i = 0; i < 500; i++) {
		struct store_step step = put((int64_t)i);

		assert_ok(store_submit(f->store, &step, 1, see, &seen, i));
		assert_ok(store_submit(f->store, read, 2, compare_steps, &answers, 0));
		loop_turn(f->loop, 0);
	}
	wait_for(f, &seen, 500);
	while (answers < 500) {
		loop_turn(f->loop, 1000);
	}
}

static void a_reader_does_not_wait_for_the_writer(void **state)
{
	struct fixture *f = *state;
	struct seen slow = {0}, quick = {0};
	struct store_step read = {.statement = BALANCES};

	hold_writer(f, &slow);
	assert_ok(store_submit(f->store, &read, 1, see, &quick, 0));
	wait_for(f, &quick, 1);
	assert_int_equal(slow.answers, 0);
	assert_int_equal(quick.rows, 4);
	wait_for(f, &slow, 1);
}

/* ---- ceilings and nonsense ---- */

static void too_many_waiting_is_overload(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};

	open_with(f, (struct store_options){.waiting = 4});
	for (uint64_t i = 0; i < 4; i++) {
		struct store_step step = put((int64_t)i);

		assert_ok(store_submit(f->store, &step, 1, see, &seen, i));
	}
	struct store_step step = put(4);

	assert_err(ERR_OVERLOAD, store_submit(f->store, &step, 1, see, &seen, 4));
	wait_for(f, &seen, 4);
	assert_ok(store_submit(f->store, &step, 1, see, &seen, 4));
	wait_for(f, &seen, 5);
	assert_int_equal(count_rows(f, ALL), 5);
}

static void too_many_rows_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step all = {.statement = ALL};

	open_with(f, (struct store_options){.rows = 10});
	for (int64_t i = 0; i < 10; i++) {
		struct store_step step = put(i);

		run(f, &step, 1, &seen);
	}
	run(f, &all, 1, &seen);
	assert_err(OK, seen.err);
	assert_int_equal(seen.rows, 10);

	struct store_step step = put(10);

	run(f, &step, 1, &seen);
	run(f, &all, 1, &seen);
	assert_err(ERR_RANGE, seen.err);
	assert_string_equal(seen.detail, "store: more than 10 rows");
}

static void nonsense_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1), many[STORE_STEPS + 1];

	for (size_t i = 0; i <= STORE_STEPS; i++) {
		many[i] = put((int64_t)i);
	}
	assert_err(ERR_RANGE, store_submit(f->store, many, 0, see, &seen, 0));
	assert_err(ERR_RANGE, store_submit(f->store, many, STORE_STEPS + 1, see, &seen, 0));
	step.statement = STATEMENTS;
	assert_err(ERR_RANGE, store_submit(f->store, &step, 1, see, &seen, 0));
	step.statement = -1;
	assert_err(ERR_RANGE, store_submit(f->store, &step, 1, see, &seen, 0));
	step = put(1);
	step.param_count = 3;
	assert_err(ERR_RANGE, store_submit(f->store, &step, 1, see, &seen, 0));
	assert_said("item_put takes 4 parameters, not 3");
	step = put(1);
	step.params[2] = STORE_TEXT_OF(view_text("\xff"));
	assert_err(ERR_SYNTAX, store_submit(f->store, &step, 1, see, &seen, 0));
	step.params[2] = STORE_TEXT_OF(view_of("a\0b", 3));
	assert_err(ERR_SYNTAX, store_submit(f->store, &step, 1, see, &seen, 0));
	assert_int_equal(seen.answers, 0);
	assert_ok(store_run(f->store, many, STORE_STEPS, NULL, NULL));
}

static void a_url_of_no_known_kind_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const urls[] = {NULL, "", "mysql:secret@host", "sqlite:"};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct store_options options = {.url = urls[i]};

		assert_err(ERR_CONFIG, store_open(f->loop, &options, &schema, &f->store));
		assert_null(strstr(err_detail(), "secret"));
	}
	struct store_options options = {.url = f->url, .group = SIZE_MAX};

	assert_err(ERR_CONFIG, store_open(f->loop, &options, &schema, &f->store));
	assert_null(f->store);
}

/* ---- waiting, closing ---- */

static void a_unit_can_be_waited_for(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1);

	assert_ok(store_run(f->store, &step, 1, see, &seen));
	assert_int_equal(seen.answers, 1);
	assert_err(ERR_EXISTS, store_run(f->store, &step, 1, see, &seen));
	assert_said("item");
	assert_int_equal(seen.answers, 2);
}

static void submit_more(void *user, uint64_t ref, const struct store_result *r)
{
	struct fixture *f = user;
	struct store_step step = put(1000);

	(void)ref;
	(void)r;
	assert_err(ERR_WRONG_STATE, store_submit(f->store, &step, 1, submit_more, f, 0));
}

static void closing_finishes_what_was_submitted(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(300), read = {.statement = ALL};

	for (uint64_t i = 0; i < 300; i++) {
		struct store_step one = put((int64_t)i);

		assert_ok(store_submit(f->store, &one, 1, see, &seen, i));
	}
	assert_ok(store_submit(f->store, &read, 1, see, &seen, 300));
	assert_ok(store_submit(f->store, &step, 1, submit_more, f, 0));
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(seen.answers, 301);
	assert_int_equal(seen.good, 301);

	open_with(f, (struct store_options){.group = 0});
	assert_int_equal(count_rows(f, ALL), 301);
}

static void close_it(void *user, uint64_t ref, const struct store_result *r)
{
	struct fixture *f = user;
	struct store *s = f->store;

	(void)ref;
	(void)r;
	f->store = NULL;
	store_close(s);
}

static void a_callback_may_close(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};

	for (uint64_t i = 0; i < 50; i++) {
		struct store_step step = put((int64_t)i);

		assert_ok(store_submit(f->store, &step, 1, i == 20 ? close_it : see,
			i == 20 ? (void *)f : &seen, i));
	}
	wait_for(f, &seen, 49);
	assert_null(f->store);
	loop_turn(f->loop, 0);
}

/* ---- migrations ---- */

static enum err open_schema(struct fixture *f, const struct store_schema *as)
{
	struct store_options options = {.url = f->url};

	store_close(f->store);
	f->store = NULL;
	return store_open(f->loop, &options, as, &f->store);
}

static void migrations_go_forward_only(void **state)
{
	struct fixture *f = *state;
	struct store_schema old = schema;
	struct store_step step = put(1);

	old.migration_count = 1;
	old.statement_count = CHILD; /* those that need the first step only */
	assert_ok(open_schema(f, &old));
	assert_ok(store_run(f->store, &step, 1, NULL, NULL));
	assert_ok(open_schema(f, &schema));
	assert_int_equal(count_rows(f, ALL), 1);
	assert_int_equal(count_rows(f, BALANCES), 4);
	assert_ok(open_schema(f, &schema)); /* no step twice */
	assert_int_equal(count_rows(f, BALANCES), 4);
	assert_err(ERR_CONFIG, open_schema(f, &old));
	assert_said("schema 2, this program knows 1");
	assert_ok(open_schema(f, &schema));
}

static void another_programs_database_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_schema other = schema;

	other.name = "other";
	assert_err(ERR_CONFIG, open_schema(f, &other));
	assert_said("belongs to test, not to other");
	assert_ok(open_schema(f, &schema));
}

static void a_step_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct migration broken[] = {migrations[0],
		{2, "CREATE TABLE half (k BIGINT); CREATE TABLE item (k BIGINT)",
			"CREATE TABLE half (k BIGINT); CREATE TABLE item (k BIGINT)"}};
	struct store_schema bad = schema;

	bad.migrations = broken;
	assert_err(ERR_UNSUPPORTED, open_schema(f, &bad));
	assert_said("schema test, step 2");
	broken[1].sqlite = broken[1].postgres = ACCOUNTS "; CREATE TABLE half (k BIGINT)";
	assert_ok(open_schema(f, &bad));
	assert_int_equal(count_rows(f, BALANCES), 4);
}

static void steps_out_of_order_are_refused(void **state)
{
	struct fixture *f = *state;
	struct migration wrong[] = {migrations[1], migrations[0]};
	struct store_schema bad = schema;

	bad.migrations = wrong;
	assert_err(ERR_WRONG_STATE, open_schema(f, &bad));
}

static void a_statement_that_is_wrong_stops_the_start(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {"SELEC 1", "SELECT x.y FROM nowhere x",
		"SELECT 1; SELECT 2", ""};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct statement one[] = {{"bad_one", texts[i]}};
		struct store_schema bad = schema;

		bad.statements = one;
		bad.statement_count = 1;
		assert_err(ERR_SYNTAX, open_schema(f, &bad));
		assert_said("bad_one");
	}
}

#define CASE(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, bare_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(values_come_back_as_they_went),
		CASE(parameters_go_by_their_number),
		CASE(an_unexpected_count_undoes_the_unit),
		CASE(each_expectation_is_checked),
		CASE(what_is_there_already_exists),
		CASE(a_broken_constraint_is_a_conflict),
		CASE(one_of_two_wins),
		CASE(waiting_units_share_a_commit),
		CASE(a_refusal_at_once_costs_the_others_nothing),
		CASE(a_refusal_half_way_spares_the_others),
		CASE(a_refusal_by_the_commit_spares_the_others),
		CASE(units_are_whole_under_random_load),
		CASE(readers_see_what_was_acknowledged),
		CASE(a_reading_unit_sees_one_state),
		CASE(a_reader_does_not_wait_for_the_writer),
		EMPTY(too_many_waiting_is_overload),
		EMPTY(too_many_rows_is_an_error),
		CASE(nonsense_is_refused_at_once),
		EMPTY(a_url_of_no_known_kind_is_refused),
		CASE(a_unit_can_be_waited_for),
		CASE(closing_finishes_what_was_submitted),
		CASE(a_callback_may_close),
		EMPTY(migrations_go_forward_only),
		CASE(another_programs_database_is_refused),
		EMPTY(a_step_that_fails_leaves_nothing),
		EMPTY(steps_out_of_order_are_refused),
		CASE(a_statement_that_is_wrong_stops_the_start),
	};
	int failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);

	if (!postgres_server_new(&server)) {
		return failed;
	}
	failed += cmocka_run_group_tests_name("postgres", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
