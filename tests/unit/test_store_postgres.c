// SPDX-License-Identifier: Apache-2.0
/*
 * What is PostgreSQL's alone: servers that stop, crash, only read or lose the answer to a commit, several
 * nodes on one database, and texts that a server would read otherwise. The contract that it shares
 * with SQLite is in test_store.c.
 */
#include "postgres_server.h"
#include "test.h"

#include "store/postgres_link.h"
#include "store/store.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PUT, GET, COUNT, LIMITED, BOUND, CURRENT, MOVE, SLEEP, SUM, HALF, EIGHTH, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[PUT] = {"item-put", "INSERT INTO item (id, b) VALUES ($1, $2)", STORE_BY_ROW},
	[GET] = {"item-get", "SELECT item.b FROM item WHERE item.id = $1"},
	[COUNT] = {"item-count", "SELECT count(*) FROM item"},
	/* Decides on rows that it does not change: alone. */
	[LIMITED] = {"item-limited",
		"INSERT INTO item (id) SELECT $1 WHERE (SELECT count(*) FROM item) < $2"},
	[BOUND] = {"item-bound",
		"UPDATE item SET id = -item.id WHERE item.holder = $1 AND item.id > 0",
		STORE_BY_KEY},
	[CURRENT] = {"item-current", "INSERT INTO item (holder, id) VALUES ($1, $2)", STORE_BY_ROW},
	[MOVE] = {"item-move", "UPDATE item SET n = item.n + 1 WHERE item.id = $1", STORE_BY_ROW},
	[SLEEP] = {"sleep",
		"WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT c.k + 1 FROM c WHERE c.k < $1) "
		"INSERT INTO slow (k) SELECT count(*) FROM c",
		STORE_BY_ROW},
	[SUM] = {"item-sum", "SELECT sum(item.id), count(*) > 1, min(item.id) FROM item"},
	[HALF] = {"half", "SELECT sum(item.id) / 2 FROM item"},
	[EIGHTH] = {"eighth", "SELECT item.id FROM item WHERE item.id = $1 / 32 AND $1 % 32 = 0"},
};

#define TABLES                                                                                     \
	"CREATE TABLE item (id BIGINT PRIMARY KEY, b BYTEA, n BIGINT NOT NULL DEFAULT 0,"          \
	" holder TEXT); CREATE TABLE slow (k BIGINT);"
static const struct migration migrations[] = {{1, NULL, TABLES}};

static const struct store_schema schema = {.name = "test",
	.statements = statements,
	.statement_count = STATEMENTS,
	.migrations = migrations,
	.migration_count = 1};

static struct postgres_server server;

struct node {
	struct loop *loop;
	struct store *store;
	char url[300];
};

struct fixture {
	struct node a, b;
};

struct seen {
	size_t answers, good;
	enum err err, errs[4096]; /* by user_ref */
	int64_t number, second, third;
	size_t len;
	char detail[256];
};

static void see(void *user, uint64_t ref, const struct store_result *r)
{
	struct seen *seen = user;

	seen->answers++;
	seen->good += r->err == OK;
	seen->err = seen->errs[ref % 4096] = r->err;
	seen->number = store_at(r, r->step_count - 1, 0, 0).number;
	seen->second = store_at(r, r->step_count - 1, 0, 1).number;
	seen->third = store_at(r, r->step_count - 1, 0, 2).number;
	seen->len = store_at(r, r->step_count - 1, 0, 0).bytes.len;
	(void)snprintf(seen->detail, sizeof(seen->detail), "%s", r->detail);
}

static enum err open_node(struct node *node, const char *options)
{
	char url[160];

	postgres_server_url(&server, "postgres", url);
	(void)snprintf(node->url, sizeof(node->url), "%s&%s", url, options);
	const struct store_options with = {.url = node->url};

	assert_ok(loop_new(&env_system, &node->loop));
	return store_open(node->loop, &with, &schema, &node->store);
}

static void close_node(struct node *node)
{
	store_close(node->store);
	loop_free(node->loop);
	*node = (struct node){.loop = NULL};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	postgres_server_clear(&server, "postgres");
	/* Commits wait for a standby, where a test wants it: there is none. */
	assert_ok(open_node(&f->a, "options=-c%20deadlock_timeout%3D50ms"));
	assert_ok(open_node(&f->b, "options=-c%20deadlock_timeout%3D50ms"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_node(&f->a);
	close_node(&f->b);
	free(f);
	return 0;
}

static void wait_for(struct node *node, const struct seen *seen, size_t answers)
{
	while (seen->answers < answers) {
		loop_turn(node->loop, 1000);
	}
}

static struct store_step with(int statement, enum store_expect expect, size_t count, int64_t a,
	int64_t b)
{
	return (struct store_step){.statement = statement,
		.expect = expect,
		.param_count = count,
		.params = {STORE_INT_OF(a), STORE_INT_OF(b)}};
}

static struct store_step put(int64_t id)
{
	struct store_step step = with(PUT, STORE_ONE, 2, id, 0);

	step.params[1] = STORE_NULL_OF();
	return step;
}

static enum err run(struct node *node, const struct store_step *steps, size_t count,
	struct seen *seen)
{
	size_t before = seen->answers;

	assert_ok(store_submit(node->store, steps, count, see, seen, 0));
	wait_for(node, seen, before + 1);
	return seen->err;
}

static int64_t count_items(struct node *node)
{
	struct seen seen = {0};
	struct store_step step = {.statement = COUNT};

	assert_err(OK, run(node, &step, 1, &seen));
	return seen.number;
}

static bool has_item(struct node *node, int64_t id)
{
	struct seen seen = {0};
	struct store_step step = with(GET, STORE_ONE, 1, id, 0);
	enum err err = run(node, &step, 1, &seen);

	assert_true(err == OK || err == ERR_CONFLICT);
	return err == OK;
}

/* What the operator does as long as the server is away: asks again. */
static void run_until_it_works(struct node *node, const struct store_step *step)
{
	struct seen seen = {0};

	for (int i = 0; i < 300 && run(node, step, 1, &seen) != OK; i++) {
		assert_err(ERR_UNAVAILABLE, seen.err);
		(void)poll(NULL, 0, 50); /* a client's pause, not a wait for something */
	}
	assert_err(OK, seen.err);
}

/* ---- URLs ---- */

static void urls_hold_no_password(void **state)
{
	static const char *const urls[] = {
		"postgresql://node:secret@localhost/db",
		"postgresql://node@localhost/db?password=secret",
		"postgresql://node@localhost/db?sslpassword=secret",
		"postgres:host=localhost password=secret",
		"postgresql://node:secret@[localhost/db",
		"postgresql://node:secret@localhost/db?nonsense=1",
		"postgresql://node:%zzsecret@localhost/db",
		"postgres:secret",
		"postgresql:",
	};
	struct loop *loop;

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct store_options options = {.url = urls[i]};
		struct store *store = NULL;

		assert_err(ERR_CONFIG, store_open(loop, &options, &schema, &store));
		assert_null(strstr(err_detail(), "secret"));
	}
	loop_free(loop);
}

static const char *value_of(const struct link *l, const char *word)
{
	const char *found = NULL;

	for (size_t i = 0; l->words[i]; i++) {
		found = strcmp(l->words[i], word) == 0 ? l->values[i] : found;
	}
	return found;
}

static void a_server_elsewhere_must_prove_its_name(void **state)
{
	static const struct {
		const char *rest, *sslmode;
	} cases[] = {
		{"//node@db.example/authz", "verify-full"},
		{"//node@192.0.2.1/authz", "verify-full"},
		{"//node@[2001:db8::1]/authz", "verify-full"},
		{"//node@localhost,db.example/authz", "verify-full"},
		{"//node@db.example,/authz", "verify-full"},
		{"//node@localhost.example/authz", "verify-full"},
		{"//node@127.example/authz", "verify-full"},
		{"//node@localhost/authz?hostaddr=192.0.2.1", "verify-full"},
		{"service=authz", "verify-full"},
		{"//node@db.example/authz?sslmode=verify-ca", "verify-ca"},
		{"//node@localhost/authz", "prefer"},
		{"//node@127.0.0.2,[::1]/authz", "prefer"},
		{"//node@/authz?host=/run/postgresql", "prefer"},
		{"dbname=authz", "prefer"},
		{"//node@localhost/authz?sslmode=verify-full", "verify-full"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct link l;

		assert_ok(link_init(&l, cases[i].rest, ""));
		assert_string_equal(value_of(&l, "sslmode"), cases[i].sslmode);
		assert_string_equal(value_of(&l, "target_session_attrs"), "read-write");
		link_end(&l);
	}
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
	static const char *const urls[] = {
		"postgresql://node@127.0.0.1:1/db",
		"postgres:host=/nonexistent user=node",
		"postgresql://node@127.0.0.1:1/db?sslmode=verify-full",
	};
	struct loop *loop;

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct store_options options = {.url = urls[i]};
		struct store *store = NULL;

		assert_err(ERR_UNAVAILABLE, store_open(loop, &options, &schema, &store));
	}
	loop_free(loop);
}

static void another_encoding_is_refused(void **state)
{
	struct node node = {.loop = NULL};

	(void)state;
	postgres_server_sql(&server, "postgres",
		"CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
	assert_err(ERR_CONFIG, open_node(&node, "dbname=latin"));
	assert_said("LATIN1");
	close_node(&node);
	postgres_server_sql(&server, "postgres", "DROP DATABASE latin");
}

/* The first host of the list is away; of the second's databases, one only reads. */
static void the_first_server_that_writes_is_taken(void **state)
{
	struct node node = {.loop = NULL};
	char options[120];

	(void)state;
	(void)snprintf(options, sizeof(options), "host=/nonexistent,%s", server.dir);
	assert_ok(open_node(&node, options));
	close_node(&node);
	postgres_server_sql(&server, "postgres",
		"ALTER DATABASE postgres SET default_transaction_read_only = on");
	assert_err(ERR_UNAVAILABLE, open_node(&node, options));
	close_node(&node);
	postgres_server_sql(&server, "postgres",
		"ALTER DATABASE postgres RESET default_transaction_read_only");
}

/* ---- texts ---- */

static void numbers_are_whole_and_long(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step sum = {.statement = SUM}, half = {.statement = HALF};
	struct store_step one = put(INT64_C(1) << 40), two = put(-7);

	assert_err(OK, run(&f->a, &one, 1, &seen));
	assert_err(OK, run(&f->a, &two, 1, &seen));
	assert_err(OK, run(&f->a, &sum, 1, &seen));
	assert_true(seen.number == (INT64_C(1) << 40) - 7);
	assert_int_equal(seen.second, 1);
	assert_int_equal(seen.third, -7);
	assert_err(ERR_UNSUPPORTED, run(&f->a, &half, 1, &seen));

	struct store_step eighth = with(EIGHTH, STORE_ONE, 1, INT64_C(1) << 45, 0);

	assert_err(OK, run(&f->a, &eighth, 1, &seen));
}

static void a_parameter_of_another_type_is_refused(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step steps[] = {put(1), put(2)};

	steps[1].params[0] = STORE_TEXT_OF(view_text("2"));
	assert_err(ERR_UNSUPPORTED, run(&f->a, steps, 2, &seen));
	assert_non_null(strstr(seen.detail, "item-put"));
	assert_int_equal(count_items(&f->a), 0);
}

static void only_rows_may_be_touched(void **state)
{
	static const char *const texts[] = {"BEGIN", "COMMIT", "SET lock_timeout = 0",
		"LOCK TABLE item", "COPY item FROM stdin", "DROP TABLE item", "TABLE item",
		"SELECT now()", "SELECT item.id FROM item WHERE $1", "SELECT random()",
		"SELECT $1 IS NULL", "SELECT $2 || 'x'"};
	struct loop *loop;
	char url[160];

	(void)state;
	postgres_server_url(&server, "postgres", url);
	assert_ok(loop_new(&env_system, &loop));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct statement one[] = {{"bad-one", texts[i]}};
		const struct store_schema bad = {.name = "test",
			.statements = one,
			.statement_count = 1,
			.migrations = migrations,
			.migration_count = 1};
		const struct store_options options = {.url = url};
		struct store *store = NULL;

		assert_err(ERR_SYNTAX, store_open(loop, &options, &bad, &store));
		assert_said("bad-one");
	}
	loop_free(loop);
}

/* More both ways than sockets hold: neither side may wait for the other to read. */
static void a_group_larger_than_the_sockets_goes_through(void **state)
{
	enum { BIG = 1 << 20, MANY = 24 };
	struct fixture *f = *state;
	struct seen seen = {0};
	uint8_t *bytes = calloc(1, BIG);

	assert_non_null(bytes);
	for (int64_t id = 1; id <= MANY; id++) {
		struct store_step steps[] = {put(id), with(GET, STORE_ONE, 1, id, 0)};

		steps[0].params[1] = STORE_BLOB_OF(view_of(bytes, BIG));
		assert_ok(store_submit(f->a.store, steps, 2, see, &seen, (uint64_t)id));
	}
	wait_for(&f->a, &seen, MANY);
	assert_int_equal(seen.good, MANY);
	assert_int_equal(seen.len, BIG);
	free(bytes);
}

/* ---- servers that go and come ---- */

static void a_lost_server_is_found_again(void **state, int signal)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step first = put(1), second = put(2), third = put(3);
	struct store_step read = with(GET, STORE_ONE, 1, 1, 0);

	assert_err(OK, run(&f->a, &first, 1, &seen));
	postgres_server_end(&server, signal);
	for (int i = 0; i < 5; i++) {
		assert_err(ERR_UNAVAILABLE, run(&f->a, &second, 1, &seen));
		assert_err(ERR_UNAVAILABLE, run(&f->a, &read, 1, &seen));
	}
	postgres_server_start(&server);
	run_until_it_works(&f->a, &third);
	run_until_it_works(&f->a, &read);
	assert_true(has_item(&f->a, 1) && !has_item(&f->a, 2) && has_item(&f->a, 3));
}

static void a_server_that_stops_is_found_again(void **state)
{
	a_lost_server_is_found_again(state, SIGINT);
}

static void a_server_that_crashes_is_found_again(void **state)
{
	a_lost_server_is_found_again(state, SIGKILL);
}

/* While nothing was asked the server was restarted: nobody needs to know. */
static void a_restart_between_two_units_is_not_seen(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1);

	postgres_server_end(&server, SIGINT);
	postgres_server_start(&server);
	assert_err(OK, run(&f->a, &step, 1, &seen));
	assert_int_equal(count_items(&f->a), 1);
}

static void what_was_acknowledged_survives_a_crash_under_load(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	uint64_t next = 0;

	for (int round = 0; round < 3; round++) {
		for (uint64_t end = next + 1000; next < end; next++) {
			struct store_step step = put((int64_t)next);

			assert_ok(store_submit(f->a.store, &step, 1, see, &seen, next));
			if (next % 20 == 19) {
				loop_turn(f->a.loop, 0);
			}
			if (next + 500 == end) {
				wait_for(&f->a, &seen, next - 400); /* some are under way */
				postgres_server_end(&server, SIGKILL);
			}
		}
		wait_for(&f->a, &seen, next);
		postgres_server_start(&server);
		struct store_step step = put((int64_t)next++);

		seen.errs[next - 1] = OK;
		seen.answers++;
		run_until_it_works(&f->a, &step);
	}
	assert_in_range(seen.good, 100, next);
	for (uint64_t id = 0; id < next; id++) {
		if (seen.errs[id] != ERR_UNKNOWN_RESULT) {
			assert_int_equal(has_item(&f->a, (int64_t)id), seen.errs[id] == OK);
		}
	}
}

/* A primary that was told to be a standby, in effect: it answers, and takes nothing. */
static void a_server_that_only_reads_is_unavailable(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1), again = put(2);

	postgres_server_sql(&server, "postgres",
		"ALTER SYSTEM SET default_transaction_read_only = on");
	postgres_server_sql(&server, "postgres", "SELECT pg_reload_conf()");
	for (int i = 0; i < 200 && run(&f->a, &step, 1, &seen) == OK; i++) {
		step = put(100 + i); /* until the server has seen it */
		(void)poll(NULL, 0, 10);
	}
	assert_err(ERR_UNAVAILABLE, seen.err);
	assert_err(ERR_UNAVAILABLE, run(&f->a, &step, 1, &seen));
	postgres_server_sql(&server, "postgres", "ALTER SYSTEM RESET default_transaction_read_only");
	postgres_server_sql(&server, "postgres", "SELECT pg_reload_conf()");
	run_until_it_works(&f->a, &again);
}

static void both(struct fixture *f, struct seen *a, struct seen *b, size_t answers)
{
	while (a->answers < answers || b->answers < answers) {
		loop_turn(f->a.loop, 1);
		loop_turn(f->b.loop, 1);
	}
}

/* ---- commits whose answer is lost ---- */

static void when_committing(const char *what, const char *wait_event)
{
	char sql[400];

	(void)snprintf(sql, sizeof(sql),
		"DO $$ BEGIN FOR i IN 1..500 LOOP"
		" PERFORM pg_stat_clear_snapshot();"
		" PERFORM %s(pid) FROM pg_stat_activity WHERE wait_event = '%s' AND query = "
		"'COMMIT';"
		" EXIT WHEN FOUND; PERFORM pg_sleep(0.02); END LOOP; END $$",
		what, wait_event);
	postgres_server_sql(&server, "postgres", sql);
}

/* Commits of this node wait for a standby that is not there. */
static void commit_slowly(struct fixture *f)
{
	postgres_server_sql(&server, "postgres",
		"ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
	postgres_server_sql(&server, "postgres", "ALTER SYSTEM SET synchronous_commit = 'local'");
	postgres_server_end(&server, SIGINT);
	postgres_server_start(&server);
	close_node(&f->b);
	assert_ok(open_node(&f->b, "options=-c%20synchronous_commit%3Dlocal"));
	close_node(&f->a);
	assert_ok(open_node(&f->a, "options=-c%20synchronous_commit%3Don"));
}

static void commit_as_ever(void)
{
	postgres_server_sql(&server, "postgres", "ALTER SYSTEM RESET ALL");
	postgres_server_end(&server, SIGINT);
	postgres_server_start(&server);
}

static void a_lost_answer_is_an_unknown_result(void **state)
{
	static const char *const ways[] = {"pg_terminate_backend", "pg_cancel_backend"};
	struct fixture *f = *state;

	commit_slowly(f);
	for (int64_t i = 0; i < 2; i++) {
		struct seen seen = {0};
		struct store_step step = put(i);

		assert_ok(store_submit(f->a.store, &step, 1, see, &seen, 0));
		loop_turn(f->a.loop, 0); /* sends it on */
		when_committing(ways[i], "SyncRep");
		wait_for(&f->a, &seen, 1);
		assert_err(ERR_UNKNOWN_RESULT, seen.err);
		assert_true(has_item(&f->b, i)); /* here it was done */
	}
	commit_as_ever();
}

static void a_commit_that_was_cut_off_is_an_unknown_result(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1), again = put(2);

	postgres_server_sql(&server, "postgres",
		"CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
		" 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'");
	postgres_server_sql(&server, "postgres",
		"CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON item DEFERRABLE INITIALLY "
		"DEFERRED"
		" FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION linger()");
	assert_ok(store_submit(f->a.store, &step, 1, see, &seen, 0));
	loop_turn(f->a.loop, 0);
	when_committing("pg_terminate_backend", "PgSleep");
	wait_for(&f->a, &seen, 1);
	assert_err(ERR_UNKNOWN_RESULT, seen.err);
	assert_false(has_item(&f->b, 1)); /* here it was not */
	assert_err(OK, run(&f->a, &again, 1, &seen));
}

/* One hangs in a statement and the other in its commit; what they left does not hold the others up for long. */
static void a_server_that_hangs_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct seen a = {0}, b = {0};
	struct store_step first = put(1), second = put(2), again = put(1);

	postgres_server_sql(&server, "postgres",
		"CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
		" 'BEGIN PERFORM pg_sleep(300); RETURN NEW; END'");
	postgres_server_sql(&server, "postgres",
		"CREATE TRIGGER before BEFORE INSERT ON item FOR EACH ROW WHEN (NEW.id = 1)"
		" EXECUTE FUNCTION linger()");
	postgres_server_sql(&server, "postgres",
		"CREATE CONSTRAINT TRIGGER late AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED"
		" FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION linger()");
	assert_ok(store_submit(f->a.store, &first, 1, see, &a, 0));
	assert_ok(store_submit(f->b.store, &second, 1, see, &b, 0));
	both(f, &a, &b, 1);
	assert_err(ERR_UNAVAILABLE, a.err);
	assert_err(ERR_UNKNOWN_RESULT, b.err);
	postgres_server_sql(&server, "postgres", "DROP TRIGGER before ON item");
	assert_err(OK, run(&f->a, &again, 1, &a));
	assert_false(has_item(&f->a, 2));
}

/* An error of the server before the commit is no doubt at all. */
static void a_commit_that_is_cancelled_did_not_happen(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct store_step step = put(1);

	postgres_server_sql(&server, "postgres",
		"CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
		" 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'");
	postgres_server_sql(&server, "postgres",
		"CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON item DEFERRABLE INITIALLY "
		"DEFERRED"
		" FOR EACH ROW EXECUTE FUNCTION linger()");
	assert_ok(store_submit(f->a.store, &step, 1, see, &seen, 0));
	loop_turn(f->a.loop, 0);
	when_committing("pg_cancel_backend", "PgSleep");
	wait_for(&f->a, &seen, 1);
	assert_err(ERR_UNAVAILABLE, seen.err);
	assert_false(has_item(&f->b, 1));
}

/* ---- several nodes ---- */

/* Each locks one row and then wants the other's. */
static void a_deadlock_is_run_again(void **state)
{
	struct fixture *f = *state;
	struct seen a = {0}, b = {0};
	struct store_step rows[] = {put(1), put(2)};

	assert_err(OK, run(&f->a, rows, 2, &a));
	a = (struct seen){0};
	for (size_t i = 0; i < 5; i++) {
		struct store_step there[] = {with(MOVE, STORE_ONE, 1, 1, 0),
			with(SLEEP, STORE_ONE, 1, 100000, 0), with(MOVE, STORE_ONE, 1, 2, 0)};
		struct store_step back[] = {there[2], there[1], there[0]};

		assert_ok(store_submit(f->a.store, there, 3, see, &a, i));
		assert_ok(store_submit(f->b.store, back, 3, see, &b, i));
		both(f, &a, &b, i + 1);
	}
	assert_int_equal(a.good, 5);
	assert_int_equal(b.good, 5);
}

/* A unit that decides on what it does not change is alone on all nodes. */
static void nodes_keep_a_limit_together(void **state)
{
	struct fixture *f = *state;
	struct seen a = {0}, b = {0};

	for (uint64_t i = 0; i < 300; i++) {
		struct store_step here = with(LIMITED, STORE_ONE, 2, (int64_t)i, 40);
		struct store_step there = with(LIMITED, STORE_ONE, 2, 1000 + (int64_t)i, 40);

		assert_ok(store_submit(f->a.store, &here, 1, see, &a, i));
		assert_ok(store_submit(f->b.store, &there, 1, see, &b, i));
		loop_turn(f->a.loop, 0);
		loop_turn(f->b.loop, 0);
	}
	both(f, &a, &b, 300);
	assert_int_equal(a.good + b.good, 40);
	assert_int_equal(count_items(&f->a), 40);
}

/* At most one current item a holder, though both nodes make new ones at the same time. */
static void nodes_take_turns_by_key(void **state)
{
	struct fixture *f = *state;
	struct seen a = {0}, b = {0};

	for (uint64_t i = 0; i < 300; i++) {
		char holder[20];
		struct store_step steps[] = {with(BOUND, STORE_ANY, 1, 0, 0),
			with(CURRENT, STORE_ONE, 2, 0, 1 + (int64_t)i)};

		(void)snprintf(holder, sizeof(holder), "holder-%" PRIu64, i % 3);
		steps[0].params[0] = steps[1].params[0] = STORE_TEXT_OF(view_text(holder));
		assert_ok(store_submit(f->a.store, steps, 2, see, &a, i));
		steps[1].params[1] = STORE_INT_OF(1001 + (int64_t)i);
		assert_ok(store_submit(f->b.store, steps, 2, see, &b, i));
		loop_turn(f->a.loop, 0);
		loop_turn(f->b.loop, 0);
	}
	both(f, &a, &b, 300);
	assert_int_equal(a.good, 300);
	assert_int_equal(b.good, 300);
	postgres_server_sql(&server, "postgres",
		"DO $$ BEGIN IF (SELECT count(*) FROM item WHERE id > 0) <> 3 THEN"
		" RAISE 'more than one a holder'; END IF; END $$");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(urls_hold_no_password),
		TEST(a_server_elsewhere_must_prove_its_name),
		TEST(a_server_that_is_not_there_is_unavailable),
		TEST(another_encoding_is_refused),
		CASE(the_first_server_that_writes_is_taken),
		CASE(numbers_are_whole_and_long),
		CASE(a_parameter_of_another_type_is_refused),
		CASE(only_rows_may_be_touched),
		CASE(a_group_larger_than_the_sockets_goes_through),
		CASE(a_server_that_stops_is_found_again),
		CASE(a_server_that_crashes_is_found_again),
		CASE(a_restart_between_two_units_is_not_seen),
		CASE(what_was_acknowledged_survives_a_crash_under_load),
		CASE(a_server_that_only_reads_is_unavailable),
		CASE(a_lost_answer_is_an_unknown_result),
		CASE(a_commit_that_was_cut_off_is_an_unknown_result),
		CASE(a_commit_that_is_cancelled_did_not_happen),
		CASE(a_server_that_hangs_is_given_up),
		CASE(a_deadlock_is_run_again),
		CASE(nodes_keep_a_limit_together),
		CASE(nodes_take_turns_by_key),
	};

	if (!postgres_server_new(&server)) {
		return 77; /* not installed: skipped */
	}
	int failed = RUN_TESTS(tests);

	postgres_server_free(&server);
	return failed;
}
