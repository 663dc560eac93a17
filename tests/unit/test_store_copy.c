// SPDX-License-Identifier: Apache-2.0
/* Copies of a store at work, and what a store does once that comes from one. */
#include "test.h"

#include "base/env.h"
#include "store/store.h"

#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NODE "n1.example"
enum { ADD, COUNT, SUM, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[ADD] = {"add", "INSERT INTO number (n) VALUES ($1)"},
	[COUNT] = {"count", "SELECT count(*) FROM number"},
	[SUM] = {"sum", "SELECT sum(number.n) FROM number"},
};
static const struct migration migrations[] = {
	{1, "CREATE TABLE number (n INTEGER NOT NULL) STRICT;", NULL},
};
static struct store_schema schema = {
	.name = "toy",
	.statements = statements,
	.statement_count = STATEMENTS,
	.migrations = migrations,
	.migration_count = 1,
	.restored_sqlite = "UPDATE number SET n = n + 1000;",
};

struct world {
	struct loop *loop;
	struct store *store;
	char folder[64], url[128], path[96], other_url[128], kept[96];
	bool done;
	int64_t number;
	enum err copied;
};

static void open_store(struct world *w)
{
	const struct store_options options = {.url = w->url};

	assert_ok(store_open(w->loop, &options, &schema, &w->store));
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)strcpy(w->folder, "/tmp/symbolon-copy-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/a.db", w->folder);
	(void)snprintf(w->url, sizeof(w->url), "sqlite:%s", w->path);
	(void)snprintf(w->other_url, sizeof(w->other_url), "sqlite:%s/b.db", w->folder);
	(void)snprintf(w->kept, sizeof(w->kept), "%s/kept", w->folder);
	assert_ok(loop_new(&env_system, &w->loop));
	open_store(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	store_close(w->store);
	loop_free(w->loop);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w->folder);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static void on_result(void *user, uint64_t ref, const struct store_result *result)
{
	struct world *w = user;

	(void)ref;
	assert_int_equal(result->err, OK);
	w->number = result->steps[0].rows > 0 ? store_at(result, 0, 0, 0).number : 0;
	w->done = true;
}

static int64_t run(struct world *w, int statement, int64_t param)
{
	const struct store_step step = {.statement = statement,
		.param_count = statement == ADD,
		.params = {STORE_INT_OF(param)}};

	w->done = false;
	assert_ok(store_submit(w->store, &step, 1, on_result, w, 0));
	while (!w->done) {
		loop_turn(w->loop, 100);
	}
	return w->number;
}

static void on_copied(void *user, const struct file_copy *copy)
{
	struct world *w = user;
	struct stat st;

	w->copied = copy->err;
	w->done = true;
	if (copy->err == OK) {
		assert_int_equal(stat(copy->path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(rename(copy->path, w->kept), 0);
	}
}

static void make_copy(struct world *w)
{
	w->done = false;
	assert_ok(store_copy(w->store, NODE, on_copied, w));
	assert_err(ERR_OVERLOAD, store_copy(w->store, NODE, on_copied, w));
	while (!w->done) {
		loop_turn(w->loop, 100);
	}
	assert_int_equal(w->copied, OK);
}

static size_t files(const struct world *w, const char *ending)
{
	char pattern[128];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/*%s", w->folder, ending);
	size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;

	globfree(&found);
	return count;
}

static void reopen(struct world *w, const char *url)
{
	store_close(w->store);
	w->store = NULL;
	(void)snprintf(w->url, sizeof(w->url), "%s", url);
	open_store(w);
}

static void a_copy_is_of_the_moment_and_the_store_goes_on(void **state)
{
	struct world *w = *state;

	run(w, ADD, 1);
	run(w, ADD, 2);
	make_copy(w);
	run(w, ADD, 4);
	assert_int_equal(run(w, SUM, 0), 7);
	assert_err(ERR_UNAVAILABLE, store_restore(w->url, &schema, NODE, w->kept));
	assert_said("in use");
	assert_ok(store_restore(w->other_url, &schema, NODE, w->kept));
	reopen(w, w->other_url);
	assert_int_equal(run(w, COUNT, 0), 2);
	assert_int_equal(files(w, ".copy-*"), 0);
}

static void what_a_restore_asks_for_is_done_once(void **state)
{
	struct world *w = *state;

	run(w, ADD, 1);
	make_copy(w);
	assert_ok(store_restore(w->other_url, &schema, NODE, w->kept));
	reopen(w, w->other_url);
	assert_int_equal(run(w, SUM, 0), 1001);
	reopen(w, w->other_url);
	assert_int_equal(run(w, SUM, 0), 1001);
}

/* As after kill -9 in between: the mark and what it asks for are one transaction. */
static void what_failed_is_done_at_the_next_start(void **state)
{
	struct world *w = *state;
	const char *good = schema.restored_sqlite;
	const struct store_options options = {.url = w->other_url};
	struct store *store = NULL;

	run(w, ADD, 1);
	make_copy(w);
	assert_ok(store_restore(w->other_url, &schema, NODE, w->kept));
	schema.restored_sqlite = "UPDATE number SET n = n + 500; UPDATE nothing SET n = 1;";
	assert_int_not_equal(store_open(w->loop, &options, &schema, &store), OK);
	assert_said("after a restore");
	schema.restored_sqlite = good;
	reopen(w, w->other_url);
	assert_int_equal(run(w, SUM, 0), 1001);
}

static void a_store_can_be_marked_by_hand(void **state)
{
	struct world *w = *state;

	run(w, ADD, 1);
	store_close(w->store);
	w->store = NULL;
	assert_ok(store_mark_restored(w->url, &schema, NODE, 1));
	open_store(w);
	assert_int_equal(run(w, SUM, 0), 1001);
}

static void another_node_or_program_gets_nothing(void **state)
{
	struct world *w = *state;
	struct store_schema other = schema;

	make_copy(w);
	assert_err(ERR_CONFIG, store_restore(w->other_url, &schema, "n2.example", w->kept));
	assert_said(NODE);
	other.name = "another";
	assert_err(ERR_CONFIG, store_restore(w->other_url, &other, NODE, w->kept));
	other = schema;
	other.migration_count = 0;
	assert_err(ERR_CONFIG, store_restore(w->other_url, &other, NODE, w->kept));
	assert_said("newer");
	assert_err(ERR_CONFIG, store_restore(w->other_url, &schema, NODE, w->path));
	assert_said("not a backup");
	assert_int_equal(files(w, "b.db"), 0);
	assert_int_equal(files(w, ".replaced"), 0);
}

static void closing_does_not_wait_and_leaves_nothing(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 50; i++) {
		run(w, ADD, i);
	}
	w->done = false;
	assert_ok(store_copy(w->store, NODE, on_copied, w));
	store_close(w->store);
	w->store = NULL;
	loop_turn(w->loop, 0);
	assert_false(w->done); /* nobody is told */
	assert_int_equal(files(w, ".copy-*"), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_copy_is_of_the_moment_and_the_store_goes_on),
		CASE(what_a_restore_asks_for_is_done_once),
		CASE(what_failed_is_done_at_the_next_start),
		CASE(a_store_can_be_marked_by_hand),
		CASE(another_node_or_program_gets_nothing),
		CASE(closing_does_not_wait_and_leaves_nothing),
	};
	return RUN_TESTS(tests);
}
