// SPDX-License-Identifier: Apache-2.0
/* Which client of a broker stands on which token: the part of the plug-in that does not need a broker. */
#include "test.h"

#include "mosquitto/clients.h"
#include <stdio.h>
#include <string.h>

enum { HANDLES = 8 };

static struct mosquitto_conf conf;
static char names[HANDLES][16], kicked[256];
static bool nameless;

static struct mosquitto *handle(int n)
{
	return (struct mosquitto *)(void *)names[n];
}

static const char *name(const struct mosquitto *of)
{
	return nameless ? NULL : (const char *)of;
}

static void kick(const char *id)
{
	(void)strcat(strcat(kicked, id), " ");
}

static int set_up(void **state)
{
	static const char yaml[] = "node: {host: a.example, realm: example}\n"
				   "diameter: {certificate: a, key: b, authority: c}\n"
				   "application: {id: app.example}\n"
				   "clients: 4\n"
				   "topics:\n"
				   "  - {topic: \"devices/{pseudonym}/#\"}\n"
				   "  - {topic: news, access: read}\n"
				   "  - {topic: readings, access: write}\n"
				   "  - {topic: \"valves/#\", right: operate}\n";

	for (int i = 0; i < HANDLES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "client%d", i);
	}
	kicked[0] = '\0';
	nameless = false;
	assert_ok(conf_parse(mosquitto_options, "test", view_text(yaml), &conf));
	return clients_new(&conf, (struct clients **)state) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
	clients_free(*state);
	conf_free(mosquitto_options, &conf);
	return 0;
}

static struct symapp_token token_of(const char *id, int64_t until)
{
	struct symapp_token token = {.until = until, .key = {.len = 32}};

	memset(token.key.bytes, 7, 32);
	(void)snprintf(token.id, sizeof(token.id), "%s", id);
	(void)snprintf(token.pseudonym, sizeof(token.pseudonym), "who-%.32s", id);
	return token;
}

static void put(struct clients *c, int n, const char *id)
{
	const struct symapp_token token = token_of(id, 1000);

	assert_ok(clients_put(c, handle(n), &token));
}

static void a_client_is_known_by_its_handle(void **state)
{
	put(*state, 0, "a");
	put(*state, 1, "b");
	assert_string_equal(clients_at(*state, handle(0))->token.id, "a");
	assert_int_equal(clients_at(*state, handle(0))->token.key.len, 0); /* no key is kept */
	put(*state, 0, "c"); /* another handshake of the same connection */
	assert_string_equal(clients_at(*state, handle(0))->token.id, "c");
	clients_drop(*state, handle(0));
	clients_drop(*state, handle(0));
	assert_null(clients_at(*state, handle(0)));
	assert_non_null(clients_at(*state, handle(1)));
}

static void there_is_a_ceiling(void **state)
{
	const struct symapp_token token = token_of("a", 1000);

	for (int i = 0; i < 4; i++) {
		put(*state, i, "a");
	}
	assert_err(ERR_OVERLOAD, clients_put(*state, handle(4), &token));
	put(*state, 3, "b");
	assert_null(clients_at(*state, handle(4)));
}

/* req: B9.4.3 */
static void topics_are_by_pseudonym(void **state)
{
	put(*state, 0, "a");
	const struct client *c = clients_at(*state, handle(0));

	assert_true(client_may(&conf, c, "devices/who-a/x", TOPIC_READ));
	assert_true(client_may(&conf, c, "devices/who-a/x", TOPIC_WRITE));
	assert_false(client_may(&conf, c, "devices/who-b/x", TOPIC_READ));
	assert_true(client_may(&conf, c, "news", TOPIC_READ));
	assert_false(client_may(&conf, c, "news", TOPIC_WRITE));
	assert_true(client_may(&conf, c, "readings", TOPIC_WRITE));
	assert_false(client_may(&conf, c, "readings", TOPIC_READ));
	assert_false(client_may(&conf, c, "#", TOPIC_READ));
}

/* req: B9.4.3 */
static void topics_are_by_right(void **state)
{
	static const struct {
		const char *rights;
		bool may;
	} rows[] = {{"", false}, {"operate", true}, {"read operate", true}, {"operate read", true},
		{"cooperate", false}, {"operate2", false}, {"operates operate", true}};

	put(*state, 0, "a");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct symapp_token token = token_of("a", 1000);

		(void)strcpy(token.rights, rows[i].rights);
		clients_grant(*state, &token);
		assert_int_equal(client_may(&conf, clients_at(*state, handle(0)), "valves/1",
					 TOPIC_WRITE),
			rows[i].may);
		assert_true(client_may(&conf, clients_at(*state, handle(0)), "news", TOPIC_READ));
	}
}

/* req: B9.6.4-d */
static void all_of_a_token_are_ended(void **state)
{
	put(*state, 0, "a");
	put(*state, 1, "b");
	put(*state, 2, "a");
	assert_false(clients_kick(*state, name, kick));
	assert_int_equal(clients_end(*state, "a"), 2);
	assert_int_equal(clients_end(*state, "a"), 0);
	assert_false(client_may(&conf, clients_at(*state, handle(0)), "news", TOPIC_READ));
	assert_false(clients_kick(*state, name, kick));
	assert_non_null(strstr(kicked, "client0"));
	assert_non_null(strstr(kicked, "client2"));
	assert_null(strstr(kicked, "client1"));
	assert_null(clients_at(*state, handle(0)));
	assert_int_equal(clients_end(*state, NULL), 1);
}

/* Between its handshake and its CONNECT a client has no name: it is refused then, or kicked as soon as it has one. */
static void a_client_without_a_name_is_ended_later(void **state)
{
	put(*state, 0, "a");
	nameless = true;
	assert_int_equal(clients_end(*state, "a"), 1);
	assert_true(clients_kick(*state, name, kick));
	assert_true(clients_at(*state, handle(0))->over);
	nameless = false;
	assert_false(clients_kick(*state, name, kick));
	assert_string_equal(kicked, "client0 ");
}

static void time_ends_them(void **state)
{
	put(*state, 0, "a");
	put(*state, 1, "b");
	clients_move(*state, "b", 2000);
	clients_expire(*state, 999);
	assert_false(clients_kick(*state, name, kick));
	clients_expire(*state, 1000);
	assert_false(clients_kick(*state, name, kick));
	assert_string_equal(kicked, "client0 ");
	clients_expire(*state, 2000);
	assert_true(clients_at(*state, handle(1))->over);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(a_client_is_known_by_its_handle),
		FRESH(there_is_a_ceiling),
		FRESH(topics_are_by_pseudonym),
		FRESH(topics_are_by_right),
		FRESH(all_of_a_token_are_ended),
		FRESH(a_client_without_a_name_is_ended_later),
		FRESH(time_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
