// SPDX-License-Identifier: Apache-2.0
/* A store's data keys: a new one, what was under old ones sealed anew, and old ones that go only then. */
#include "test.h"

#include "base/text.h"
#include "fake_env.h"
#include "postgres_server.h"
#include "store/keeper.h"

#include <stdlib.h>

enum { DATA_KEYS, ADD_KEY, SET_KEY, DROP_KEYS, PUT, GET, PAGE, REPLACE, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[DATA_KEYS] = {"keys", RING_SELECT},
	[ADD_KEY] = {"add-key", RING_INSERT},
	[SET_KEY] = {"set-key", RING_UPDATE},
	[DROP_KEYS] = {"drop-keys", RING_DELETE},
	[PUT] = {"put", "INSERT INTO thing (name, value) VALUES ($1, $2)"},
	[GET] = {"get", "SELECT thing.value FROM thing WHERE thing.name = $1"},
	[PAGE] = {"page", "SELECT thing.name, thing.value FROM thing WHERE thing.name >= $1"
			  " ORDER BY thing.name LIMIT $2"},
	[REPLACE] = {"replace",
		"UPDATE thing SET value = $2 WHERE thing.name = $1 AND thing.value = $3"},
};
static const struct migration migrations[] = {
	{1, RING_SQLITE "CREATE TABLE thing (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;",
		RING_POSTGRES "CREATE TABLE thing (name TEXT COLLATE \"C\" PRIMARY KEY,"
			      " value BYTEA NOT NULL);"},
};
static const struct store_schema schema = {
	.name = "toy",
	.statements = statements,
	.statement_count = STATEMENTS,
	.migrations = migrations,
	.migration_count = 1,
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct store *store;
	struct seal_ring *ring;
	struct keeper *keeper;
	char folder[64], url[160], master[96], old_master[96];
	bool done;
	enum err err;
	uint8_t value[256];
	size_t value_len;
};

static enum err open_ring(struct world *w, const char *old)
{
	const struct ring_options options = {.master_key = w->master,
		.old_master_key = old,
		.select = DATA_KEYS,
		.insert = ADD_KEY,
		.update = SET_KEY};

	return ring_open(w->store, &w->env.env, &options, &w->ring);
}

static void open_keeper(struct world *w)
{
	static const struct keeper_table table = {.place = "thing/value/",
		.page = PAGE,
		.replace = REPLACE};
	const struct keeper_options options = {.store = w->store,
		.rings = {w->ring},
		.tables = &table,
		.table_count = 1,
		.select = DATA_KEYS,
		.insert = ADD_KEY,
		.drop = DROP_KEYS};

	assert_ok(keeper_open(w->loop, &options, &w->keeper));
}

static void open_store(struct world *w)
{
	const struct store_options options = {.url = w->url};

	assert_ok(store_open(w->loop, &options, &schema, &w->store));
}

static void open_all(struct world *w)
{
	open_store(w);
	assert_ok(open_ring(w, NULL));
	open_keeper(w);
}

static void close_all(struct world *w)
{
	store_close(w->store);
	keeper_close(w->keeper);
	seal_ring_free(w->ring);
	w->store = NULL;
	w->keeper = NULL;
	w->ring = NULL;
}

static void write_master(const char *path, char digit)
{
	char hex[66];

	memset(hex, digit, 64);
	hex[64] = '\n';
	hex[65] = '\0';
	assert_ok(text_write_file(path, view_text(hex), 0600));
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->env = fake_env_of(3);
	(void)strcpy(w->folder, "/tmp/symbolon-keeper-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->url, sizeof(w->url), "sqlite:%s/a.db", w->folder);
	(void)snprintf(w->master, sizeof(w->master), "%s/master", w->folder);
	(void)snprintf(w->old_master, sizeof(w->old_master), "%s/old", w->folder);
	write_master(w->master, '1');
	assert_ok(loop_new(&w->env.env, &w->loop));
	open_all(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	close_all(w);
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
	if (result->steps[0].rows > 0) {
		struct view value = store_at(result, 0, 0, 0).bytes;

		memcpy(w->value, value.data, value.len);
		w->value_len = value.len;
	}
	w->done = true;
}

static void run(struct world *w, int statement, const char *name, struct view value)
{
	const struct store_step step = {.statement = statement,
		.param_count = statement == PUT ? 2 : 1,
		.params = {STORE_TEXT_OF(view_text(name)), STORE_BLOB_OF(value)}};

	w->done = false;
	assert_ok(store_submit(w->store, &step, 1, on_result, w, 0));
	while (!w->done) {
		loop_turn(w->loop, 100);
	}
}

static void name_of(int number, char name[32], char place[64])
{
	(void)snprintf(name, 32, "thing %04d", number);
	(void)snprintf(place, 64, "thing/value/%s", name);
}

static void put(struct world *w, int number)
{
	char name[32], place[64];
	BUF_CLEANUP struct buf sealed = buf_growing(256);

	name_of(number, name, place);
	assert_ok(seal_close(w->ring, place, view_text(name), &sealed));
	run(w, PUT, name, buf_contents(&sealed));
}

/* It opens; returns the key that it is under. */
static uint32_t look_at(struct world *w, int number)
{
	char name[32], place[64];
	BUF_CLEANUP struct buf plain = buf_growing(256);

	name_of(number, name, place);
	run(w, GET, name, (struct view){0});
	assert_ok(seal_open(w->ring, place, view_of(w->value, w->value_len), &plain));
	assert_view(buf_contents(&plain), name);
	return seal_key_of(view_of(w->value, w->value_len));
}

static void on_begun(void *user, enum err err, const char *detail)
{
	struct world *w = user;

	(void)detail;
	w->err = err;
	w->done = true;
}

static void rotate(struct world *w)
{
	w->done = false;
	assert_ok(keeper_rotate(w->keeper, on_begun, w));
	while (!w->done) {
		loop_turn(w->loop, 100);
	}
	assert_int_equal(w->err, OK);
}

static struct keeper_state state_of(struct world *w)
{
	struct keeper_state s;

	keeper_state(w->keeper, &s);
	return s;
}

static void turn_until_one_key(struct world *w)
{
	for (int i = 0; i < 2000 && state_of(w).keys > 1; i++) {
		fake_env_advance(&w->env, 20);
		loop_turn(w->loop, 1);
	}
	assert_int_equal(state_of(w).keys, 1);
}

static void all_is_sealed_anew_and_the_old_key_goes(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 150; i++) { /* several pages */
		put(w, i);
	}
	rotate(w);
	assert_err(ERR_OVERLOAD, keeper_rotate(w->keeper, on_begun, w));
	turn_until_one_key(w);
	assert_int_equal(state_of(w).current, 2);
	assert_int_equal(state_of(w).resealed, 150);
	for (int i = 0; i < 150; i++) {
		assert_int_equal(look_at(w, i), 2);
	}
	assert_false(seal_ring_has(w->ring, 1));
	close_all(w);
	open_all(w);
	assert_int_equal(look_at(w, 77), 2);
	rotate(w);
	turn_until_one_key(w);
	assert_int_equal(look_at(w, 149), 3);
}

/* As after kill -9: the new key is there, and little or nothing is under it. */
static void what_was_not_finished_goes_on_after_a_restart(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 100; i++) {
		put(w, i);
	}
	rotate(w);
	close_all(w);
	open_all(w);
	assert_int_equal(state_of(w).keys, 2);
	assert_int_equal(look_at(w, 5), 1); /* still opens */
	put(w, 200);
	assert_int_equal(look_at(w, 200), 2);
	turn_until_one_key(w);
	assert_int_equal(look_at(w, 5), 2);
}

static void what_does_not_open_keeps_its_key(void **state)
{
	struct world *w = *state;
	BUF_CLEANUP struct buf sealed = buf_growing(256);

	put(w, 1);
	assert_ok(seal_close(w->ring, "another place", view_text("moved here"), &sealed));
	run(w, PUT, "moved", buf_contents(&sealed));
	run(w, PUT, "never sealed", view_text("\001plain, but long enough to be something else"));
	rotate(w);
	for (int i = 0; i < 300; i++) {
		fake_env_advance(&w->env, 20);
		loop_turn(w->loop, 1);
	}
	assert_int_equal(look_at(w, 1), 2);
	assert_int_equal(state_of(w).keys, 2);
	assert_int_equal(state_of(w).unreadable, 1);
}

static void a_new_master_key_takes_over(void **state)
{
	struct world *w = *state;

	put(w, 1);
	rotate(w);
	turn_until_one_key(w);
	close_all(w);
	assert_int_equal(rename(w->master, w->old_master), 0);
	write_master(w->master, '2');
	open_store(w);
	assert_err(ERR_AUTH, open_ring(w, NULL));
	assert_said("wrong master key");
	assert_ok(open_ring(w, w->old_master));
	open_keeper(w);
	assert_int_equal(look_at(w, 1), 2);
	close_all(w);
	open_all(w); /* without the old one */
	assert_int_equal(look_at(w, 1), 2);
}

/* ---- two nodes on one database ---- */

static void advance(struct world *one, struct world *other, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		fake_env_advance(&one->env, 1000);
		fake_env_advance(&other->env, 1000);
		for (int turn = 0; turn < 5; turn++) {
			loop_turn(one->loop, 1);
			loop_turn(other->loop, 1);
		}
	}
}

static uint32_t key_for_new(struct world *w)
{
	BUF_CLEANUP struct buf sealed = buf_growing(256);

	assert_ok(seal_close(w->ring, "place", view_text("x"), &sealed));
	return seal_key_of(buf_contents(&sealed));
}

static void open_node(struct world *w, const char *url)
{
	w->env = fake_env_of(3);
	(void)snprintf(w->url, sizeof(w->url), "%s", url);
	assert_ok(loop_new(&w->env.env, &w->loop));
	open_all(w);
}

static void nodes_that_share_a_store_learn_a_key_before_it_is_used(void **state)
{
	struct world *w = *state, one = {.done = false}, other = {.done = false};
	struct postgres_server server;
	char url[160];

	if (!postgres_server_new(&server)) {
		skip();
	}
	postgres_server_url(&server, "postgres", url);
	(void)strcpy(one.master, w->master);
	(void)strcpy(other.master, w->master);
	open_node(&one, url);
	open_node(&other, url);
	for (int i = 0; i < 5; i++) {
		put(&one, i);
	}
	rotate(&one);
	assert_int_equal(key_for_new(&one), 1);
	advance(&one, &other, 20);
	assert_true(seal_ring_has(other.ring, 2)); /* it knows the key, and nobody uses it */
	assert_int_equal(key_for_new(&one), 1);
	advance(&one, &other, 20);
	assert_int_equal(key_for_new(&one), 2);
	advance(&one, &other, 20);
	assert_int_equal(key_for_new(&other), 2);
	assert_int_equal(look_at(&one, 3), 1); /* nothing is sealed anew yet */
	advance(&one, &other, 120);
	assert_int_equal(look_at(&other, 3), 2);
	assert_int_equal(state_of(&one).keys, 1);
	assert_int_equal(state_of(&other).keys, 1);
	assert_false(seal_ring_has(other.ring, 1));
	close_all(&one);
	close_all(&other);
	loop_free(one.loop);
	loop_free(other.loop);
	postgres_server_free(&server);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_is_sealed_anew_and_the_old_key_goes),
		CASE(what_was_not_finished_goes_on_after_a_restart),
		CASE(what_does_not_open_keeps_its_key),
		CASE(a_new_master_key_takes_over),
		CASE(nodes_that_share_a_store_learn_a_key_before_it_is_used),
	};
	return RUN_TESTS(tests);
}
