// SPDX-License-Identifier: Apache-2.0
/*
 * The schemas of all programs on both engines: each migration runs, each statement prepares, and nodes
 * that start at the same time on a new database are not in each other's way.
 */
#include "postgres_server.h"
#include "test.h"

#include "authn/schema.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* Not from their headers, which call statements alike. */
extern const struct store_schema authz_schema, element_schema;

static struct postgres_server server;
static const struct store_schema *const schemas[] = {&authn_schema, &authz_schema, &element_schema};

enum { SCHEMAS = sizeof(schemas) / sizeof(schemas[0]), NODES = 4 };

static void open_and_close(const char *url, const struct store_schema *schema)
{
	const struct store_options options = {.url = url};
	struct loop *loop;
	struct store *store = NULL;

	assert_ok(loop_new(&env_system, &loop));
	enum err err = store_open(loop, &options, schema, &store);

	if (err != OK) {
		fail_msg("%s: %s: %s", schema->name, err_name(err), err_detail());
	}
	store_close(store);
	loop_free(loop);
}

static void each_schema_is_sqlite(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCHEMAS; i++) {
		char dir[] = "/tmp/test-schemas-XXXXXX", url[80], command[80];

		assert_non_null(mkdtemp(dir));
		(void)snprintf(url, sizeof(url), "sqlite:%s/store.db", dir);
		open_and_close(url, schemas[i]);
		assert_ok(store_mark_restored(url, schemas[i], "n1.example", 1));
		open_and_close(url, schemas[i]); /* what a restore asks for is SQL that runs */
		(void)snprintf(command, sizeof(command), "rm -r %s", dir);
		assert_int_equal(system(command), 0);
	}
}

static void each_schema_is_postgres(void **state)
{
	char url[160];

	(void)state;
	postgres_server_url(&server, "postgres", url);
	for (size_t i = 0; i < SCHEMAS; i++) {
		postgres_server_clear(&server, "postgres");
		open_and_close(url, schemas[i]);
		open_and_close(url, schemas[i]); /* nothing is done twice */
		assert_ok(store_mark_restored(url, schemas[i], "n1.example", 1));
		open_and_close(url, schemas[i]);
	}
}

static void count_rows(void *user, uint64_t ref, const struct store_result *result)
{
	size_t *count = user;

	(void)ref;
	*count = result->err == OK ? result->steps[result->step_count - 1].rows : 999;
}

/* The rows of a setting, in a store opened for that; put there first if `put`. */
static size_t count_settings(const char *url, const char *name, bool put)
{
	const struct store_options options = {.url = url};
	const struct store_value key = STORE_TEXT_OF(view_text(name));
	const struct store_step steps[] = {
		{.statement = ADD_SETTING,
			.param_count = 2,
			.params = {key, STORE_BLOB_OF(view_text("sixteen bytes..."))}},
		{.statement = FIND_SETTING, .param_count = 1, .params = {key}},
	};
	struct loop *loop;
	struct store *store = NULL;
	size_t count = 0;

	assert_ok(loop_new(&env_system, &loop));
	assert_ok(store_open(loop, &options, &authn_schema, &store));
	assert_ok(store_run(store, put ? steps : steps + 1, put ? 2 : 1, count_rows, &count));
	store_close(store);
	loop_free(loop);
	return count;
}

/* Serials that the copy did not have yet are given again: an element may not take them for those it knows. */
static void check_restored_log(const char *url)
{
	assert_int_equal(count_settings(url, "event-log", true), 1);
	assert_int_equal(count_settings(url, "holder-secret", true), 1);
	assert_ok(store_mark_restored(url, &authn_schema, "n1.example", 1));
	assert_int_equal(count_settings(url, "event-log", false), 0);
	assert_int_equal(count_settings(url, "holder-secret", false), 1);
}

static void a_restored_store_begins_a_new_log_of_events(void **state)
{
	char dir[] = "/tmp/test-schemas-XXXXXX", url[80], command[80];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(url, sizeof(url), "sqlite:%s/store.db", dir);
	check_restored_log(url);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void a_restored_database_begins_a_new_log_of_events(void **state)
{
	char url[160];

	(void)state;
	postgres_server_clear(&server, "postgres");
	postgres_server_url(&server, "postgres", url);
	check_restored_log(url);
}

struct node {
	pthread_t thread;
	const struct store_schema *schema;
	char url[160];
	enum err err;
	char detail[256];
};

static void *start_node(void *arg)
{
	struct node *node = arg;
	const struct store_options options = {.url = node->url};
	struct loop *loop;
	struct store *store = NULL;

	node->err = loop_new(&env_system, &loop);
	if (node->err == OK) {
		node->err = store_open(loop, &options, node->schema, &store);
		(void)snprintf(node->detail, sizeof(node->detail), "%s", err_detail());
		store_close(store);
		loop_free(loop);
	}
	return NULL;
}

static void nodes_that_start_together_all_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCHEMAS; i++) {
		struct node nodes[NODES] = {0};

		postgres_server_clear(&server, "postgres");
		for (size_t k = 0; k < NODES; k++) {
			nodes[k].schema = schemas[i];
			postgres_server_url(&server, "postgres", nodes[k].url);
			assert_int_equal(pthread_create(&nodes[k].thread, NULL, start_node,
						 &nodes[k]),
				0);
		}
		for (size_t k = 0; k < NODES; k++) {
			assert_int_equal(pthread_join(nodes[k].thread, NULL), 0);
		}
		for (size_t k = 0; k < NODES; k++) {
			if (nodes[k].err != OK) {
				fail_msg("%s: %s", schemas[i]->name, nodes[k].detail);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest here[] = {
		TEST(each_schema_is_sqlite),
		TEST(a_restored_store_begins_a_new_log_of_events),
	};
	const struct CMUnitTest there[] = {
		TEST(each_schema_is_postgres),
		TEST(a_restored_database_begins_a_new_log_of_events),
		TEST(nodes_that_start_together_all_start),
	};
	int failed = cmocka_run_group_tests_name("sqlite", here, NULL, NULL);

	if (postgres_server_new(&server)) {
		failed += cmocka_run_group_tests_name("postgres", there, NULL, NULL);
		postgres_server_free(&server);
	}
	return failed;
}
