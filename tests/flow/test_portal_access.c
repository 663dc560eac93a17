// SPDX-License-Identifier: Apache-2.0
/* Who gets in at the portal, and how far: sessions, lockout, one-time codes, API keys, certificates; audit. */
#include "test.h"

#include "portal.h"

#include "authz/api/api.h"
#include "base/text.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWORD "correct horse"
#define SIGN_IN	 "{\"subscriber\":\"alice\",\"password\":\"" PASSWORD "\"}"
#define WRONG	 "{\"subscriber\":\"alice\",\"password\":\"wrong horse\"}"

static int open_portal(void **state)
{
	static struct portal p;

	portal_start(&p, "");
	operator_provision(&p.flow);
	assert_portal(&p, 200, "PUT", "/v1/subscribers/alice/account",
		"{\"password\":\"" PASSWORD "\"}");
	assert_answer(&p.flow, "{\"subscriber\":\"alice\",\"password\":true}");
	portal_as(&p, NULL);
	*state = &p;
	return 0;
}

static int close_portal(void **state)
{
	portal_stop(*state);
	return 0;
}

static void advance(struct portal *p, int64_t seconds)
{
	fake_env_advance(&p->flow.env, seconds * 1000);
}

/* req: B9.2.2-d */
static void nothing_is_reachable_without_signing_in(void **state)
{
	struct portal *p = *state;

	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *route = &api_routes[i];
		char path[128];
		struct buf text = buf_fixed(path, sizeof(path));

		for (const char *c = route->path; *c; c++) {
			buf_u8(&text, (uint8_t)(*c == '{' ? 'x' : *c == '}' ? 'y' : *c));
		}
		unsigned status = portal_ask(p, route->method, buf_string(&text), "{}");

		if (route->who & WHO_ANYONE) {
			assert_int_not_equal(status, 403);
		} else if (status != 401) {
			fail_msg("%s %s: %u", route->method, path, status);
		}
	}
	assert_portal(p, 401, "GET", "/v1/no-such-thing", NULL);
	assert_portal(p, 401, "GET", "/v1/", NULL);
}

static void a_role_gets_what_its_mask_says(void **state)
{
	struct portal *p = *state;
	const enum who roles[] = {WHO_OPERATOR, WHO_ASP, WHO_SUBSCRIBER};

	for (size_t r = 0; r < 3; r++) {
		portal_as(p, roles[r] == WHO_OPERATOR ? "ops.realm.example"
			     : roles[r] == WHO_ASP    ? "gateway.app.example"
						      : NULL);
		if (roles[r] == WHO_SUBSCRIBER) {
			portal_sign_in(p, "alice", PASSWORD);
		}
		for (size_t i = 0; i < api_route_count; i++) {
			const struct api_route *route = &api_routes[i];
			char path[128];
			struct buf text = buf_fixed(path, sizeof(path));

			for (const char *c = route->path; *c; c++) {
				buf_u8(&text, (uint8_t)(*c == '{' ? 'x' : *c == '}' ? 'y' : *c));
			}
			unsigned status = portal_ask(p, route->method, buf_string(&text), "{}");
			bool let_in = (route->who & (roles[r] | WHO_ANYONE)) != 0;

			if ((status == 403) == let_in) {
				fail_msg("%s: %s %s: %u", who_name(roles[r]), route->method, path,
					status);
			}
		}
	}
}

static void a_password_opens_a_session(void **state)
{
	struct portal *p = *state;

	portal_sign_in(p, "alice", PASSWORD);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "{\"role\":\"subscriber\",\"by\":\"alice\",");
	assert_portal(p, 200, "GET", "/v1/sessions", NULL);
	assert_answer(&p->flow, "\"until\":");
	assert_portal(p, 204, "DELETE", "/v1/sessions/current", NULL);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "sign in again");
}

static void a_session_runs_out(void **state)
{
	struct portal *p = *state;

	portal_sign_in(p, "alice", PASSWORD);
	advance(p, 3599);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	advance(p, 1);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
}

/* Somebody who is not there, who has no account, and a wrong password look alike. */
static void unknown_accounts_look_like_wrong_passwords(void **state)
{
	struct portal *p = *state;
	char first[512];

	assert_portal(p, 401, "POST", "/v1/sessions", WRONG);
	(void)snprintf(first, sizeof(first), "%s", operator_said(&p->flow));
	assert_portal(p, 401, "POST", "/v1/sessions",
		"{\"subscriber\":\"nobody\",\"password\":\"wrong horse\"}");
	assert_string_equal(first, operator_said(&p->flow));
	portal_as_operator(p);
	assert_portal(p, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\"}");
	portal_as(p, NULL);
	assert_portal(p, 401, "POST", "/v1/sessions",
		"{\"subscriber\":\"bob\",\"password\":\"wrong horse\"}");
	assert_string_equal(first, operator_said(&p->flow));
}

/* Five are free; then 30 s, a minute, two minutes; the right password in between does not help. */
static void an_account_locks_for_longer_each_time(void **state)
{
	struct portal *p = *state;

	for (int i = 0; i < 5; i++) {
		assert_portal(p, 401, "POST", "/v1/sessions", WRONG);
	}
	assert_portal(p, 401, "POST", "/v1/sessions", SIGN_IN);
	advance(p, 31);
	assert_portal(p, 401, "POST", "/v1/sessions", WRONG);
	advance(p, 31);
	assert_portal(p, 401, "POST", "/v1/sessions", SIGN_IN);
	advance(p, 31);
	assert_portal(p, 201, "POST", "/v1/sessions", SIGN_IN);
	assert_portal(p, 401, "POST", "/v1/sessions", WRONG);
	assert_portal(p, 201, "POST", "/v1/sessions", SIGN_IN);
}

static void attempts_are_rated_for_all_names(void **state)
{
	struct portal *p = *state;
	unsigned status = 0;

	for (int i = 0; i < 31; i++) {
		status = portal_ask(p, "POST", "/v1/sessions",
			"{\"subscriber\":\"nobody\",\"code\":\"00000000\"}");
	}
	assert_int_equal(status, 429);
	assert_string_equal(p->flow.retry_after, "60");
}

/* One address that goes on asking does not keep everybody else out. */
static void an_address_uses_up_nobodys_name(void **state)
{
	struct portal *p = *state;

	for (int i = 0; i < 30; i++) {
		(void)portal_ask(p, "POST", "/v1/sessions",
			"{\"subscriber\":\"nobody\",\"code\":\"00000000\"}");
	}
	for (int i = 0; i < 31; i++) {
		assert_portal(p, 429, "POST", "/v1/sessions", WRONG);
	}
	portal_as_operator(p); /* who has no address */
	assert_portal(p, 201, "POST", "/v1/sessions", SIGN_IN);
}

static void a_subscriber_changes_its_password(void **state)
{
	struct portal *p = *state;
	char old[128];

	portal_sign_in(p, "alice", PASSWORD);
	(void)snprintf(old, sizeof(old), "%s", p->bearer);
	portal_sign_in(p, "alice", PASSWORD);
	assert_portal(p, 401, "PUT", "/v1/account",
		"{\"current\":\"wrong horse\",\"password\":\"battery staple\"}");
	assert_portal(p, 400, "PUT", "/v1/account",
		"{\"current\":\"" PASSWORD "\",\"password\":\"short\"}");
	assert_portal(p, 200, "PUT", "/v1/account",
		"{\"current\":\"" PASSWORD "\",\"password\":\"battery staple\"}");
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	portal_bearer(p, old + 7);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
	portal_bearer(p, "");
	assert_portal(p, 401, "POST", "/v1/sessions", SIGN_IN);
	portal_sign_in(p, "alice", "battery staple");
}

/* ---- one-time codes ---- */

static int open_codes(void **state)
{
	static struct portal p;
	static char dir[64], program[96];
	char yaml[160], script[200];

	(void)strcpy(dir, "/tmp/symbolon-codes.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(program, sizeof(program), "%s/send", dir);
	(void)snprintf(script, sizeof(script), "#!/bin/sh\ncat > %s/part && mv %s/part %s/code\n",
		dir, dir, dir);
	assert_ok(text_write_file(program, view_text(script), 0700));
	(void)snprintf(yaml, sizeof(yaml), "  code_program: %s\n", program);
	portal_start(&p, yaml);
	(void)snprintf(p.folder, sizeof(p.folder), "%s", dir);
	operator_provision(&p.flow);
	assert_portal(&p, 200, "PUT", "/v1/subscribers/alice/account", "{}");
	portal_as(&p, NULL);
	*state = &p;
	return 0;
}

static int close_codes(void **state)
{
	struct portal *p = *state;
	char command[96];

	(void)snprintf(command, sizeof(command), "rm -r %s", p->folder);
	assert_int_equal(system(command), 0);
	return close_portal(state);
}

static void fetch_code(struct portal *p, char ret[16])
{
	JSON_CLEANUP struct json *given = NULL;
	BUF_CLEANUP struct buf text = {0};
	struct view code;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/code", p->folder);
	(void)unlink(path);
	assert_portal(p, 202, "POST", "/v1/codes", "{\"subscriber\":\"alice\"}");
	for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++) {
		loop_turn(p->flow.loop, 10);
	}
	assert_ok(text_read_file(path, 512, &text));
	assert_ok(json_parse(buf_contents(&text), 512, &given));
	assert_ok(json_text(given, "subscriber", &code));
	assert_true(view_is(code, "alice"));
	assert_ok(json_text(given, "code", &code));
	assert_int_equal(code.len, 8);
	(void)snprintf(ret, 16, "%.8s", (const char *)code.data);
}

static void a_code_opens_one_session(void **state)
{
	struct portal *p = *state;
	char code[16], body[96];

	fetch_code(p, code);
	(void)snprintf(body, sizeof(body), "{\"subscriber\":\"alice\",\"code\":\"%s\"}", code);
	assert_portal(p, 201, "POST", "/v1/sessions", body);
	assert_portal(p, 401, "POST", "/v1/sessions", body);
	fetch_code(p, code);
	(void)snprintf(body, sizeof(body), "{\"subscriber\":\"alice\",\"code\":\"%s\"}", code);
	advance(p, 301);
	portal_as(p, NULL);
	assert_portal(p, 401, "POST", "/v1/sessions", body);
}

static void codes_are_sent_to_nobody_without_a_sign(void **state)
{
	struct portal *p = *state;
	char path[96];

	assert_portal(p, 202, "POST", "/v1/codes", "{\"subscriber\":\"alice\"}");
	char first[256];

	(void)snprintf(first, sizeof(first), "%s", operator_said(&p->flow));
	assert_portal(p, 202, "POST", "/v1/codes", "{\"subscriber\":\"nobody\"}");
	assert_string_equal(first, operator_said(&p->flow));
	(void)snprintf(path, sizeof(path), "%s/code", p->folder);
	for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++) {
		loop_turn(p->flow.loop, 10);
	}
	assert_int_equal(access(path, F_OK), 0);
}

/* Who sends codes, or answers look-ups, slowly keeps nobody from signing in. */
static void a_slow_program_holds_up_no_password(void **state)
{
	struct portal *p = *state;
	char path[96], script[200];

	(void)snprintf(path, sizeof(path), "%s/send", p->folder);
	(void)snprintf(script, sizeof(script),
		"#!/bin/sh\nuntil [ -e %s/go ]; do sleep 0.01; done\n", p->folder);
	assert_ok(text_write_file(path, view_text(script), 0700));
	portal_as_operator(p);
	assert_portal(p, 200, "PUT", "/v1/subscribers/alice/account",
		"{\"password\":\"" PASSWORD "\"}");
	portal_as(p, NULL);
	for (int i = 0; i < 4; i++) {
		assert_portal(p, 202, "POST", "/v1/codes", "{\"subscriber\":\"alice\"}");
	}
	assert_portal(p, 201, "POST", "/v1/sessions", SIGN_IN);
	(void)snprintf(path, sizeof(path), "%s/go", p->folder);
	assert_ok(text_write_file(path, view_text(""), 0600));
}

/* ---- keys and certificates ---- */

static void a_certificate_of_an_element_is_its_asp(void **state)
{
	struct portal *p = *state;
	struct fake_certificate own;

	portal_as(p, "gateway.app.example");
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "{\"role\":\"asp\",\"by\":\"" OPERATOR_ASP "\"}");
	portal_as(p, "stranger.example");
	assert_portal(p, 401, "GET", "/v1/me", NULL);
	portal_as(p, "ops.realm.example");
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "{\"role\":\"operator\",\"by\":\"ops.realm.example\"}");
	/* A common name is what its holder liked to call itself. */
	fake_ca_issue(&p->ca, "gateway.app.example", "URI:urn:example:device", 1, &own);
	portal_with(p, own.certificate, own.key);
	assert_portal(p, 401, "GET", "/v1/me", NULL);
}

static void api_keys_ask_for_their_owner(void **state)
{
	struct portal *p = *state;
	char key[96], id[64], target[96];

	portal_as_operator(p);
	assert_portal(p, 201, "POST", "/v1/keys", "{\"name\":\"billing\"}");
	assert_answer(&p->flow, "\"role\":\"operator\",\"name\":\"billing\",\"created\"");
	portal_member(p, "key", key, sizeof(key));
	portal_member(p, "id", id, sizeof(id));
	portal_as(p, NULL);
	portal_bearer(p, key);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "\"by\":\"key billing\"");
	assert_portal(p, 201, "POST", "/v1/keys",
		"{\"name\":\"asp's\",\"asp\":\"" OPERATOR_ASP
		"\",\"until\":\"2100-01-01T00:00:00Z\"}");
	portal_member(p, "key", key, sizeof(key));
	assert_portal(p, 409, "POST", "/v1/keys",
		"{\"name\":\"x\",\"asp\":\"cin:U72200KA2001PTC028999\"}");
	portal_bearer(p, key);
	assert_portal(p, 200, "GET", "/v1/me", NULL);
	assert_answer(&p->flow, "\"role\":\"asp\"");
	assert_portal(p, 400, "POST", "/v1/keys", "{\"name\":\"x\",\"asp\":\"cin:other\"}");
	assert_portal(p, 200, "GET", "/v1/keys", NULL);
	assert_null(strstr(operator_said(&p->flow), "symkey_"));
	(void)snprintf(target, sizeof(target), "/v1/keys/%s", id);
	assert_portal(p, 404, "DELETE", target, NULL);
	portal_as_operator(p);
	assert_portal(p, 204, "DELETE", target, NULL);
}

/* ---- done once ---- */

static unsigned ask_once(struct portal *p, const char *key, const char *target, const char *body)
{
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/json")},
		{view_text("Idempotency-Key"), view_text(key)},
		{view_text("Authorization"), view_text(p->bearer)},
	};

	return operator_ask_with(&p->flow, "POST", target, fields, p->bearer[0] ? 3 : 2, body);
}

#define KEY "5a1b0d5e-7a5c-4f0e-9d3c-1f2e3d4c5b6a"
#define BOB "{\"id\":\"bob\",\"verification\":\"none\"}"

static void a_request_with_a_key_is_done_once(void **state)
{
	struct portal *p = *state;
	char first[512];

	portal_as_operator(p);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", BOB), 201);
	(void)snprintf(first, sizeof(first), "%s", operator_said(&p->flow));
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", BOB), 201);
	assert_string_equal(operator_said(&p->flow), first);
	assert_portal(p, 409, "POST", "/v1/subscribers", BOB);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers",
				 "{\"id\":\"carol\",\"verification\":\"none\"}"),
		422);
	assert_portal(p, 404, "GET", "/v1/subscribers/carol", NULL);
	assert_int_equal(ask_once(p, "short", "/v1/subscribers", BOB), 400);
	/* Also when a node has started anew, and for a day. */
	operator_restart(&p->flow);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", BOB), 201);
	advance(p, 24 * 3600);
	portal_as_operator(p);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", BOB), 409);
}

/* What failed may be tried again with its key; another asker's key is another. */
static void a_key_of_what_failed_is_free(void **state)
{
	struct portal *p = *state;
	char key[96], again[96];

	portal_as_operator(p);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", "{\"id\":\"bob\"}"), 400);
	assert_int_equal(ask_once(p, KEY, "/v1/subscribers", BOB), 201);
	portal_as(p, "gateway.app.example");
	assert_int_equal(ask_once(p, KEY, "/v1/keys", "{\"name\":\"billing\"}"), 201);
	portal_member(p, "key", key, sizeof(key));
	assert_int_equal(ask_once(p, KEY, "/v1/keys", "{\"name\":\"billing\"}"), 201);
	portal_member(p, "key", again, sizeof(again));
	assert_string_equal(key, again);
	portal_as(p, "ops.realm.example");
	assert_int_equal(ask_once(p, KEY, "/v1/keys", "{\"name\":\"billing\"}"), 201);
	portal_member(p, "key", again, sizeof(again));
	assert_string_not_equal(key, again);
	/* A guess is judged each time. */
	portal_as(p, NULL);
	assert_int_equal(ask_once(p, KEY, "/v1/sessions", SIGN_IN), 201);
	portal_member(p, "token", key, sizeof(key));
	assert_int_equal(ask_once(p, KEY, "/v1/sessions", SIGN_IN), 201);
	portal_member(p, "token", again, sizeof(again));
	assert_string_not_equal(key, again);
}

/* Each change has a row of the account: who, what, when.  req: B9.2.2-h B11 */
static void changes_are_audited(void **state)
{
	struct portal *p = *state;

	portal_sign_in(p, "alice", PASSWORD);
	portal_as(p, "ops.realm.example");
	assert_portal(p, 204, "DELETE", "/v1/applications/app.example", NULL);
	assert_portal(p, 404, "DELETE", "/v1/applications/app.example", NULL);
	assert_portal(p, 200, "GET", "/v1/audit?object=app.example", NULL);
	assert_answer(&p->flow, "\"role\":\"operator\",\"by\":\"ops.realm.example\","
				"\"operation\":\"application_remove\",\"object\":\"app.example\"");
	assert_answer(&p->flow, "\"operation\":\"application_add\"");
	assert_portal(p, 200, "GET", "/v1/audit", NULL);
	assert_answer(&p->flow,
		"\"role\":\"subscriber\",\"by\":\"alice\",\"operation\":\"sign_in\"");
	assert_null(strstr(operator_said(&p->flow), PASSWORD));
	assert_null(strstr(operator_said(&p->flow), OPERATOR_K));
	assert_portal(p, 200, "GET", "/v1/audit?limit=1", NULL);
	assert_answer(&p->flow, "\"next\":");
}

#define WITH_PORTAL(name) cmocka_unit_test_setup_teardown(name, open_portal, close_portal)
#define WITH_CODES(name)  cmocka_unit_test_setup_teardown(name, open_codes, close_codes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PORTAL(nothing_is_reachable_without_signing_in),
		WITH_PORTAL(a_role_gets_what_its_mask_says),
		WITH_PORTAL(a_password_opens_a_session),
		WITH_PORTAL(a_session_runs_out),
		WITH_PORTAL(unknown_accounts_look_like_wrong_passwords),
		WITH_PORTAL(an_account_locks_for_longer_each_time),
		WITH_PORTAL(attempts_are_rated_for_all_names),
		WITH_PORTAL(an_address_uses_up_nobodys_name),
		WITH_PORTAL(a_subscriber_changes_its_password),
		WITH_CODES(a_code_opens_one_session),
		WITH_CODES(codes_are_sent_to_nobody_without_a_sign),
		WITH_CODES(a_slow_program_holds_up_no_password),
		WITH_PORTAL(a_certificate_of_an_element_is_its_asp),
		WITH_PORTAL(api_keys_ask_for_their_owner),
		WITH_PORTAL(a_request_with_a_key_is_done_once),
		WITH_PORTAL(a_key_of_what_failed_is_free),
		WITH_PORTAL(changes_are_audited),
	};

	return RUN_TESTS(tests);
}
