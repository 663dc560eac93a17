// SPDX-License-Identifier: Apache-2.0
/* Rights and granted attributes: from the registry of the realm to the application, and their changes to sessions that run. */
#include "test.h"

#include "authn/events.h"
#include "authz/sessions.h"
#include "element.h"
#include "gateway.h"

#define GET(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define CLAIMS                                                                                     \
	"{\"birthdate\":\"1990-01-31\",\"family_name\":\"M\u00fcller\","                           \
	"\"phone_number\":\"+4930123456\"}"

static struct front the_front;

static int set_up(void **state)
{
	log_open(2, "test", LOG_ERROR);
	front_open(&the_front, "rp_d: {idle: 24h, request: 1h}\n");
	the_front.f.authn_conf.app_plain = true;
	flow_add_subscriber(&the_front.f, "alice", "Alice Example", CLAIMS, FLOW_CLIENT);
	*state = &the_front;
	return 0;
}

static int tear_down(void **state)
{
	front_close(*state);
	return 0;
}

static void grant(struct front *t, const char *application, const char *rights,
	const char *attributes)
{
	flow_grant_terms(&t->f, FLOW_CLIENT, application, FRONT_FOREVER, rights, attributes);
	sessions_wake(&t->f.authz);
}

/* A token for FRONT_KEYED alone. */
static struct tls *bootstrap_keyed(struct front *t)
{
	struct ue ue;
	char identity[TOKEN_ID_MAX + 16], id[TOKEN_ID_MAX + 1];
	struct ident application;
	struct tls *tls;
	SECRET(key);

	element_bootstrap(&t->f, FRONT_KEYED, &ue, id);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FRONT_KEYED), &application));
	assert_ok(token_derive(TOKEN_Y3056, &ue.base, &application, UA_TLS13_PSK, (struct view){0},
		&key));
	(void)snprintf(identity, sizeof(identity), "y3056;%s", id);
	assert_ok(tls_psk_client(view_text(identity), &key, TLS_13_PSK, &tls));
	return tls;
}

static void ask(struct front *t, struct visit *v, const char *request)
{
	t->behind.fields[0] = '\0';
	visit_send(v, request);
	visit_expect(v, "hello");
	buf_clear(&v->got);
}

#define assert_field(t, text)                                                                      \
	do {                                                                                       \
		if (!strstr((t)->behind.fields, (text))) {                                         \
			fail_msg("\"%s\" is not in \"%s\"", (text), (t)->behind.fields);           \
		}                                                                                  \
	} while (0)
#define assert_no_field(t, text) assert_null(strcasestr((t)->behind.fields, (text)))

/* Until the gateway was told of a change, and more. */
static void settle_change(struct front *t)
{
	for (int i = 0; i < 20; i++) {
		front_settle(t);
	}
}

static void tell(struct front *t, struct visit *v, const char *host, const char *wanted)
{
	char request[128];

	(void)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
	for (int i = 0; i < 200; i++) {
		settle_change(t);
		ask(t, v, request);
		if (strstr(t->behind.fields, wanted)) {
			return;
		}
	}
	fail_msg("\"%s\" is not in \"%s\"", wanted, t->behind.fields);
}

/* Pushed with the token, told to the application, and again when they change: the session goes on.  req: B9.6.1-b B7.7-e */
static void rights_reach_a_session_that_runs(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FRONT_KEYED, "read write", "");
	visit_open(&v, t, bootstrap_keyed(t), FRONT_KEYED);
	ask(t, &v, GET("keyed.example"));
	assert_field(t, "Symbolon-Rights: read write\n");
	assert_no_field(t, "Symbolon-Attributes");
	grant(t, FRONT_KEYED, "read", "");
	tell(t, &v, FRONT_KEYED, "Symbolon-Rights: read\n");
	assert_false(v.closed);
	grant(t, FRONT_KEYED, "", "");
	for (int i = 0; i < 200 && strstr(t->behind.fields, "Symbolon-Rights"); i++) {
		settle_change(t);
		ask(t, &v, GET("keyed.example"));
	}
	assert_no_field(t, "Symbolon-Rights");
	visit_close(&v);
}

/* Exactly what was granted, in ASCII; and what becomes of it when the record changes.  req: B9.4.1-g B7.5-f */
static void attributes_are_those_that_were_granted(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FRONT_KEYED, "", "family_name birthdate email");
	visit_open(&v, t, bootstrap_keyed(t), FRONT_KEYED);
	ask(t, &v, GET("keyed.example"));
	assert_field(t, "Symbolon-Attributes: {\"birthdate\":\"1990-01-31\",\"family_name\":"
			"\"M\\u00fcller\"}\n");
	assert_no_field(t, "+4930");
	assert_no_field(t, "Alice");
	flow_add_subscriber(&t->f, "alice", "Alice Example", "{\"family_name\":\"Schmidt\"}",
		FLOW_CLIENT);
	sessions_wake(&t->f.authz);
	tell(t, &v, FRONT_KEYED, "Symbolon-Attributes: {\"family_name\":\"Schmidt\"}\n");
	visit_close(&v);
}

/* Which device it is is told where that was granted, and of no subscriber too.  req: R9.2-note */
static void the_device_is_told_where_it_was_granted(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FRONT_KEYED, "", "device_identity email");
	visit_open(&v, t, bootstrap_keyed(t), FRONT_KEYED);
	ask(t, &v, GET("keyed.example"));
	assert_field(t,
		"Symbolon-Attributes: {\"device_identity\":\"urn:gsma:imei:35693803-564380-0\"}"
		"\n");
	visit_close(&v);
}

/* What a device says of itself under those names is dropped, in whatever spelling. */
static void rights_are_not_forged(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FRONT_KEYED, "read", "");
	visit_open(&v, t, bootstrap_keyed(t), FRONT_KEYED);
	ask(t, &v,
		"GET / HTTP/1.1\r\nHost: keyed.example\r\nsymbolon_rights: admin\r\n"
		"Symbolon-Attributes: {\"name\":\"Bob\"}\r\nSymbolon-Rights: admin\r\n\r\n");
	assert_field(t, "Symbolon-Rights: read\n");
	assert_no_field(t, "admin");
	assert_no_field(t, "Bob");
	visit_close(&v);
}

/* A pulled token has them too, and they outlive a restart of the gateway. */
static void rights_are_pulled_and_kept(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FLOW_APP, "read", "name");
	visit(&v, t, FLOW_APP);
	ask(t, &v, GET("app.example"));
	assert_field(t, "Symbolon-Rights: read\n");
	assert_field(t, "Symbolon-Attributes: {\"name\":\"Alice Example\"}\n");
	grant(t, FLOW_APP, "admin", "");
	tell(t, &v, FLOW_APP, "Symbolon-Rights: admin\n");
	assert_no_field(t, "Symbolon-Attributes");
	visit_close(&v);
}

/* Taken away while the gateway was down, rights do not live on there, though its store has them still.  req: B9.6.1-b */
static void rights_that_were_taken_away_meanwhile_are_gone(void **state)
{
	struct front *t = *state;
	struct visit v;

	grant(t, FLOW_APP, "admin read", "name");
	visit(&v, t, FLOW_APP);
	ask(t, &v, GET("app.example"));
	assert_field(t, "Symbolon-Rights: admin read\n");
	visit_close(&v);
	front_stop(t);
	const uint64_t last = events_last(&t->f.authn);

	grant(t, FLOW_APP, "read", "");
	for (int i = 0; i < 200 && events_last(&t->f.authn) == last; i++) {
		settle_change(t);
	}
	assert_true(events_last(&t->f.authn) > last); /* the node has it in its log */
	front_start(t);
	visit(&v, t, FLOW_APP);
	tell(t, &v, FLOW_APP, "Symbolon-Rights: read\n");
	assert_no_field(t, "Symbolon-Attributes");
	visit_close(&v);
}

/* An application that was told once, when its connection began, is told by a new one. */
static void a_connection_begins_again_with_other_rights(void **state)
{
	struct front *t = *state;
	struct visit v;
	static const uint8_t rights[] = {0xe4, 0, 4, 'r', 'e', 'a', 'd'};

	grant(t, FRONT_TCP, "read", "");
	visit(&v, t, FRONT_TCP);
	visit_send(&v, "x");
	front_settle(t);
	assert_non_null(memmem(t->tcp_end.got.data, t->tcp_end.got.len, rights, sizeof(rights)));
	grant(t, FRONT_TCP, "read write", "");
	visit_until_closed(&v);
	visit_close(&v);
	visit(&v, t, FRONT_BARE); /* tells nothing: nothing has changed for it */
	grant(t, FRONT_BARE, "write", "");
	settle_change(t);
	assert_false(v.closed);
	visit_close(&v);
}

#define RIGHTS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIGHTS_TEST(rights_reach_a_session_that_runs),
		RIGHTS_TEST(attributes_are_those_that_were_granted),
		RIGHTS_TEST(the_device_is_told_where_it_was_granted),
		RIGHTS_TEST(rights_are_not_forged),
		RIGHTS_TEST(rights_are_pulled_and_kept),
		RIGHTS_TEST(rights_that_were_taken_away_meanwhile_are_gone),
		RIGHTS_TEST(a_connection_begins_again_with_other_rights),
	};

	return RUN_TESTS(tests);
}
