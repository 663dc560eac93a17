// SPDX-License-Identifier: Apache-2.0
/* How sessions over RP_D end before their time: permissions withdrawn, tokens replaced, and what a device is told. */
#include "test.h"

#include "app/app_inside.h"
#include "authz/sessions.h"
#include "element.h"
#include "gateway.h"

#define GET(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

static struct front the_front;

static int set_up(void **state)
{
	log_open(2, "test", LOG_ERROR);
	front_open(&the_front, "rp_d: {idle: 24h, request: 1h}\n");
	the_front.f.authn_conf.app_plain = true;
	*state = &the_front;
	return 0;
}

static int tear_down(void **state)
{
	front_close(*state);
	return 0;
}

/* As the operator does it, or a subscriber: the permission goes, and all that rests on it. */
static void withdraw(struct front *t, const char *application)
{
	flow_drop_grant(&t->f, FLOW_CLIENT, application);
	sessions_wake(&t->f.authz);
}

/* A device with a token for FRONT_KEYED alone, made by hand. */
static struct tls *bootstrap_keyed(struct front *t, char ret_id[TOKEN_ID_MAX + 1])
{
	struct ue ue;
	char identity[TOKEN_ID_MAX + 16];
	struct ident application;
	struct tls *tls;
	SECRET(key);

	element_bootstrap(&t->f, FRONT_KEYED, &ue, ret_id);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FRONT_KEYED), &application));
	assert_ok(token_derive(TOKEN_Y3056, &ue.base, &application, UA_TLS13_PSK, (struct view){0},
		&key));
	(void)snprintf(identity, sizeof(identity), "y3056;%s", ret_id);
	assert_ok(tls_psk_client(view_text(identity), &key, TLS_13_PSK, &tls));
	return tls;
}

/* Nothing but messages: the clock stands still meanwhile.  req: B9.6.4-d B9.4.3 */
static void a_permission_withdrawn_ends_tcp_at_once(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_BARE);
	visit_send(&v, "x");
	front_settle(t);
	assert_non_null(t->tcp_end.stream);
	withdraw(t, FRONT_BARE);
	visit_until_closed(&v);
	front_settle(t);
	assert_true(t->tcp_end.ended);
	assert_int_equal(pool_count(t->gateway.relays), 0);
	visit_close(&v);
	visit_open(&v, t, front_tls(t, FRONT_BARE, false), FRONT_BARE);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	visit_close(&v);
}

/* All of them, idle or not, and no others.  req: B9.6.4-d */
static void a_permission_withdrawn_ends_http_at_once(void **state)
{
	struct front *t = *state;
	struct visit idle, waiting, other;

	visit(&other, t, FRONT_NAMED);
	visit(&idle, t, FLOW_APP);
	visit_send(&idle, GET("app.example"));
	visit_expect(&idle, "hello");
	visit(&waiting, t, FLOW_APP);
	t->behind.hold = true;
	visit_send(&waiting, GET("app.example"));
	front_settle(t);
	assert_non_null(t->behind.held);
	withdraw(t, FLOW_APP);
	visit_until_closed(&idle);
	visit_until_closed(&waiting);
	front_settle(t);
	assert_true(t->behind.gone);
	t->behind.hold = false;
	assert_false(other.closed);
	visit_send(&other, GET("named.example"));
	visit_expect(&other, "hello");
	visit_close(&idle);
	visit_close(&waiting);
	visit_close(&other);
}

/* A long answer does not outlive its permission: what waits to be sent is not. */
static void a_long_answer_is_cut(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	t->behind.length = 64 * 1024 * 1024;
	v.got.ceiling = SIZE_MAX;
	visit_send(&v, GET("app.example"));
	visit_expect(&v, "200 OK");
	withdraw(t, FLOW_APP);
	visit_until_closed(&v);
	assert_true(v.bytes < t->behind.length);
	visit_close(&v);
}

static bool holds_none(struct flow *f)
{
	return symapp_tokens(((struct front *)f)->gateway.app) == 0;
}

/* Away while it happened, it hears of it at the next connection.  req: B9.4.3 */
static void a_revocation_missed_is_heard_of_later(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_BARE);
	visit_close(&v);
	front_stop(t);
	withdraw(t, FRONT_BARE);
	front_settle(t);
	front_start(t);
	flow_until_true(&t->f, holds_none);
	visit_open(&v, t, front_tls(t, FRONT_BARE, false), FRONT_BARE);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	visit_close(&v);
	front_stop(t);
	front_start(t);
	visit(&v, t, FRONT_TCP); /* other applications are not touched */
	visit_close(&v);
}

/* req: B9.6.1-d */
static void a_token_made_for_an_application_is_there_before_the_device(void **state)
{
	struct front *t = *state;
	struct visit v;
	char id[TOKEN_ID_MAX + 1];

	struct tls *tls = bootstrap_keyed(t, id);

	visit_open(&v, t, tls, FRONT_KEYED);
	assert_true(v.ready && !v.closed);
	visit_send(&v, GET("keyed.example"));
	visit_expect(&v, "hello");
	assert_int_equal(front_pulls(t), 0);
	visit_close(&v);
}

/* The same id as another format, or for another application, opens nothing.  req: B9.4.3 */
static void a_token_opens_only_its_own(void **state)
{
	struct front *t = *state;
	struct visit v;
	char id[TOKEN_ID_MAX + 1], identity[TOKEN_ID_MAX + 32];
	struct tls *tls = bootstrap_keyed(t, id);
	SECRET(key);

	visit_open(&v, t, tls, FLOW_APP);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	visit_close(&v);
	assert_ok(secret_set(&key, "0123456789abcdef0123456789abcdef", 32));
	(void)snprintf(identity, sizeof(identity), "3GPP-bootstrapping;%s", id);
	assert_ok(tls_psk_client(view_text(identity), &key, TLS_13_PSK, &tls));
	visit_open(&v, t, tls, FRONT_KEYED);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	visit_close(&v);
}

/* What is under way is finished, what comes then is asked for the new token.  req: B9.5-b B9.6.4-b */
static void a_renewed_token_ends_the_sessions_of_the_old(void **state)
{
	struct front *t = *state;
	struct visit idle, renewed;
	char old[TOKEN_ID_MAX + 1], id[TOKEN_ID_MAX + 1];

	visit_open(&idle, t, bootstrap_keyed(t, old), FRONT_KEYED);
	assert_true(idle.ready && !idle.closed);
	front_advance(t, 2000);

	struct tls *tls = bootstrap_keyed(t, id);

	assert_string_not_equal(old, id);
	front_settle(t);
	assert_false(idle.closed); /* it lives until the new one is used */
	visit_send(&idle, GET("keyed.example"));
	visit_expect(&idle, "hello");
	visit_send(&idle, "GET / HTTP/1.1\r\nHost: keyed.exa");
	front_settle(t);
	visit_open(&renewed, t, tls, FRONT_KEYED);
	assert_true(renewed.ready && !renewed.closed);
	assert_int_equal(symapp_tokens(t->gateway.app), 1);
	assert_false(idle.closed);
	visit_send(&idle, "mple\r\n\r\n");
	visit_expect(&idle, "HTTP/1.1 401 Unauthorized\r\n");
	visit_expect(&idle, "Connection: close");
	visit_expect(&idle, "realm=\"3GPP-bootstrapping@keyed.example\"");
	visit_expect(&idle, "stale=true");
	visit_until_closed(&idle);
	visit_send(&renewed, GET("keyed.example"));
	visit_expect(&renewed, "hello");
	visit_close(&idle);
	visit_close(&renewed);
}

/* An application may ask for a token itself, in the same words: they go through.  req: B9.6.4-b */
static void the_applications_own_401_goes_through(void **state)
{
	struct front *t = *state;
	const struct http_field give[] = {{view_text("WWW-Authenticate"),
		view_text("Digest realm=\"3GPP-bootstrapping@app.example\", nonce=\"AA==\", "
			  "algorithm=SHA-256, qop=\"auth-int\"")}};
	struct visit v;

	t->behind.status = 401;
	t->behind.give = give;
	t->behind.give_count = 1;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET("app.example"));
	visit_expect(&v, "HTTP/1.1 401 Unauthorized\r\n");
	visit_expect(&v, "WWW-Authenticate: Digest realm=\"3GPP-bootstrapping@app.example\", "
			 "nonce=\"AA==\", algorithm=SHA-256, qop=\"auth-int\"\r\n");
	visit_close(&v);
}

static bool has_token(const struct front *t)
{
	return symapp_tokens(t->gateway.app) > 0;
}

/* What the realm's message would do, at this very moment. */
static void revoke_now(struct front *t, const char *application)
{
	struct ident id;
	struct name name;

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &id));
	assert_ok(name_of(view_text(t->token.id), &id, UA_ALL, &name));
	struct token *token = tokens_get(t->gateway.app, name_view(&name));

	find_refuse(t->gateway.app, name_view(&name));
	if (token) {
		token_end(token, SYMAPP_REVOKED);
	}
}

/* Whichever step a handshake has come to: after the revocation no session stands.  req: B9.4.3 */
static void a_revocation_at_any_step_of_a_handshake(void **state)
{
	struct front *t = *state;

	for (int steps = 0; steps < 24; steps++) {
		struct visit v = {.t = t};

		front_advance(t, 3000); /* refused for a moment, the token is asked for again */
		visit_begin(&v, t, front_tls(t, FLOW_APP, false), FLOW_APP);
		for (int i = 0; i < 500 && !has_token(t); i++) {
			loop_turn(t->f.loop, 1);
		}
		assert_true(has_token(t));
		for (int i = 0; i < steps; i++) {
			loop_turn(t->f.loop, 1);
		}
		revoke_now(t, FLOW_APP);
		visit_until_closed(&v);
		assert_int_equal(http_server_connections(t->gateway.applications[0].http), 0);
		visit_close(&v);
	}
	assert_int_equal(t->behind.requests, 0);
}

static void a_revocation_while_a_pull_is_under_way(void **state)
{
	struct front *t = *state;
	struct visit v = {.t = t};
	uint64_t before = front_pulls(t);

	visit_begin(&v, t, front_tls(t, FLOW_APP, false), FLOW_APP);
	for (int i = 0; i < 500 && front_pulls(t) == before; i++) {
		loop_turn(t->f.loop, 0);
	}
	assert_false(has_token(t));
	revoke_now(t, FLOW_APP);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	front_settle(t);
	assert_false(has_token(t));
	visit_close(&v);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_permission_withdrawn_ends_tcp_at_once),
		CASE(a_permission_withdrawn_ends_http_at_once),
		CASE(a_long_answer_is_cut),
		CASE(a_revocation_missed_is_heard_of_later),
		CASE(a_token_made_for_an_application_is_there_before_the_device),
		CASE(a_token_opens_only_its_own),
		CASE(a_renewed_token_ends_the_sessions_of_the_old),
		CASE(the_applications_own_401_goes_through),
		CASE(a_revocation_at_any_step_of_a_handshake),
		CASE(a_revocation_while_a_pull_is_under_way),
	};

	int failed = RUN_TESTS(tests);

	flow_over_https = true;
	return failed + _cmocka_run_group_tests("RP_A over HTTPS", tests,
				sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
