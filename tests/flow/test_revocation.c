// SPDX-License-Identifier: Apache-2.0
/* Permissions that end or change while tokens rest upon them: ASR, RAR, and what elements hear of it. */
#include "test.h"

#include "element.h"
#include "postgres_server.h"

#include "authn/revocation.h"
#include "authn/tokens.h"
#include "authz/mapping.h"
#include "authz/schema.h"
#include "authz/sessions.h"

#include <stdio.h>
#include <string.h>

#define PLAIN	"plain.example" /* takes tokens of the plain form */
#define PLAIN_2 "more.example"

static struct element_puppet element;

static struct postgres_server server; /* none while SQLite is tested */

static int open_realm(void **state)
{
	static struct flow flow;

	if (flow_authn_store) {
		postgres_server_clear(&server, "postgres");
	}
	flow_open(&flow);
	flow.authn_conf.app_plain = true;
	flow_add_device(&flow, FLOW_CLIENT, 0);
	flow_add_application_as(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT, "y3056");
	flow_add_another(&flow, PLAIN, FLOW_ASP);
	flow_add_another(&flow, PLAIN_2, FLOW_ASP);
	flow_grant(&flow, FLOW_CLIENT, FLOW_APP, FOREVER);
	flow_grant(&flow, FLOW_CLIENT, PLAIN, FOREVER);
	flow_grant(&flow, FLOW_CLIENT, PLAIN_2, FOREVER);
	element_open(&element, &flow, FLOW_ELEMENT);
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	element_close(&element);
	flow_close(*state);
	return 0;
}

/* One ASR or RAR, waiting for its answer; the Result-Code. */
struct asked {
	bool done;
	enum err result;
	uint32_t code;
};

static void on_answer(void *user, uint64_t ref, enum err result, struct view message)
{
	struct asked *asked = (struct asked *)(uintptr_t)ref;
	struct diameter_base base;
	struct diameter_fault fault;

	(void)user;
	asked->done = true;
	asked->result = result;
	if (result == OK) {
		assert_ok(diameter_decode_base(message, &base, &fault));
		asked->code = base.has_result ? base.result : base.experimental;
	}
}

static void send_change(struct diameter_node *from, const char *host, const char *realm,
	const char *session, bool ends, struct asked *ret)
{
	const struct rp_session s = {.session_id = view_text(session),
		.origin_host = view_text(host),
		.origin_realm = view_text(realm),
		.destination_realm = view_text(FLOW_REALM),
		.destination_host = view_text(FLOW_AUTHN)};
	const struct rp_asr asr = {.s = s, .auth_application = DIAMETER_NASREQ};
	const struct rp_rar rar = {.s = s, .auth_application = DIAMETER_NASREQ};

	*ret = (struct asked){.done = false};
	diameter_send(from, DIAMETER_NASREQ, ends ? DIAMETER_ASR : DIAMETER_RAR, FLOW_AUTHN,
		FLOW_REALM, ends ? rp_asr_rows : rp_rar_rows,
		ends ? (const void *)&asr : (const void *)&rar, on_answer, NULL, (uintptr_t)ret);
}

static uint32_t change(struct flow *f, const char *session, bool ends)
{
	struct asked asked;

	send_change(f->authz.diameter, "authz1.realm.example", FLOW_REALM, session, ends, &asked);
	flow_until(f, &asked.done);
	assert_ok(asked.result);
	return asked.code;
}

struct loaded {
	bool done;
	enum err result;
	struct token token;
};

static void on_loaded(void *user, uint64_t ref, enum err result, const struct token *token)
{
	struct loaded *loaded = (struct loaded *)(uintptr_t)ref;

	(void)user;
	loaded->done = true;
	loaded->result = result;
	if (result == OK) {
		loaded->token = *token;
	}
}

static enum err load(struct flow *f, const char *id, struct token *ret)
{
	struct loaded loaded = {.done = false};

	tokens_load(&f->authn, view_text(id), on_loaded, (uintptr_t)&loaded);
	flow_until(f, &loaded.done);
	*ret = loaded.token;
	return loaded.result;
}

/* A token for FLOW_APP that the element was told of. */
static void have_token(struct flow *f, struct token *ret)
{
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 1);
	assert_ok(load(f, id, ret));
	assert_true(ret->session[0] != '\0');
}

/* --- the end --- */

/* req: B9.4.1-e B9.6.1-b */
static void a_withdrawn_permission_ends_the_token_and_is_told(void **state)
{
	struct flow *f = *state;
	struct token token;
	struct flow_pull pull;

	have_token(f, &token);
	flow_drop_grant(f, FLOW_CLIENT, FLOW_APP);
	sessions_wake(&f->authz);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].type, RP_A_REVOKE);
	assert_string_equal(element.heard[1].token, token.id);
	assert_string_equal(element.heard[1].application, FLOW_APP);
	assert_int_equal(element.heard[1].key_count, 0);
	assert_int_equal(element.heard[1].serial, 2);
	flow_pull(f, element.node, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	assert_int_equal(change(f, token.session, true), DIAMETER_UNKNOWN_SESSION_ID);
	element_hears(&element, 2); /* once */
}

static void a_revocation_missed_is_told_at_the_next_connection(void **state)
{
	struct flow *f = *state;
	struct token token;

	have_token(f, &token);
	element_close(&element);
	assert_int_equal(change(f, token.session, true), DIAMETER_SUCCESS);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].type, RP_A_REVOKE);
	assert_string_equal(element.heard[1].token, token.id);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 2);
}

/* A token that came and went while the element was away: its key does not leave any more. */
static void a_revoked_token_is_not_pushed_late(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct token token;
	char id[TOKEN_ID_MAX + 1];

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_close(&element);
	element_bootstrap(f, FLOW_APP, &ue, id);
	assert_ok(load(f, id, &token));
	assert_int_equal(change(f, token.session, true), DIAMETER_SUCCESS);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	for (size_t i = 0; i < element.heard_count; i++) {
		assert_int_equal(element.heard[i].type, RP_A_REVOKE);
	}
}

static void an_unknown_session_is_said_to_be_unknown(void **state)
{
	struct flow *f = *state;

	assert_int_equal(change(f, FLOW_AUTHN ";1;2;0badcafe", true), DIAMETER_UNKNOWN_SESSION_ID);
	assert_int_equal(change(f, FLOW_AUTHN ";1;2;0badcafe", false), DIAMETER_UNKNOWN_SESSION_ID);
}

/* B-TIDs serve all applications: only the use by this one ends.  req: B9.4.1-e */
static void a_token_of_the_plain_form_ends_for_that_application_alone(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct flow_pull pull;

	element_announce(&element, PLAIN, UA_TLS13_PSK, false);
	flow_new_se(f, "plain", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	se_soft_close(se);
	flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	flow_pull(f, element.node, token.id, PLAIN_2, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	element_hears(&element, 0); /* nobody pushes what was pulled */
	flow_drop_grant(f, FLOW_CLIENT, PLAIN);
	sessions_wake(&f->authz);
	element_hears(&element, 1);
	assert_int_equal(element.heard[0].type, RP_A_REVOKE);
	assert_string_equal(element.heard[0].token, token.id);
	assert_string_equal(element.heard[0].application, PLAIN);
	flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, element.node, token.id, PLAIN_2, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
}

struct counted {
	bool done;
	size_t rows;
	int64_t number;
};

static void on_counted(void *user, uint64_t ref, const struct store_result *result)
{
	struct counted *counted = user;

	(void)ref;
	assert_ok(result->err);
	counted->done = true;
	counted->rows = result->steps[0].rows;
	counted->number = store_at(result, 0, 0, 0).number;
}

/* Permissions that authz keeps in mind. */
static int64_t count_sessions(struct flow *f)
{
	const struct store_step step = {.statement = COUNT_SESSIONS};
	struct counted counted = {.done = false};

	assert_ok(store_submit(f->authz.store, &step, 1, on_counted, &counted, 0));
	flow_until(f, &counted.done);
	return counted.number;
}

static void pulls_of_one_token_and_application_share_a_session(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct flow_pull pull;

	flow_new_se(f, "shared", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	se_soft_close(se);
	for (int i = 0; i < 3; i++) {
		flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
		assert_int_equal(pull.code, DIAMETER_SUCCESS);
	}
	assert_int_equal(count_sessions(f), 1);
}

/* --- overtaken --- */

/* The Session-Id that the node's next question will have in this transaction. */
static void next_session(struct flow *f, const char *tx, char ret[SESSION_MAX + 1])
{
	BUF_CLEANUP struct buf id = buf_growing(512);
	unsigned high, low;

	diameter_session_id(f->authn.diameter, &id);
	assert_int_equal(sscanf(buf_string(&id) + strlen(FLOW_AUTHN), ";%u;%u", &high, &low), 2);
	(void)snprintf(ret, SESSION_MAX, FLOW_AUTHN ";%u;%u;%s", high, low + 1, tx);
}

/* The ASR comes before the answer that it takes back: no token, and the device knows why. */
static void a_revocation_that_overtakes_the_permission_leaves_no_token(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char session[SESSION_MAX + 1], tx[LOG_TX];
	SECRET(right);

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	ue_challenged_for(&ue, f, FLOW_CLIENT, FLOW_APP);
	ue_right_password(&ue, &right);
	(void)snprintf(tx, sizeof(tx), "%.*s", (int)ue.challenge.opaque.len,
		(const char *)ue.challenge.opaque.data);
	next_session(f, tx, session);
	assert_int_equal(change(f, session, true), DIAMETER_UNKNOWN_SESSION_ID);
	ue_second_leg(&ue, &right, NULL, ue.target);
	assert_int_equal(ue.reply.status, 403);
	assert_true(ue.reply.info[0] != '\0');
	element_hears(&element, 0);
	aka_free(ue.aka);
}

static void a_revocation_that_overtakes_the_permission_leaves_no_key(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct flow_pull pull;
	char session[SESSION_MAX + 1];

	flow_new_se(f, "overtaken", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	se_soft_close(se);
	next_session(f, "0badcafe", session);
	assert_int_equal(change(f, session, true), DIAMETER_UNKNOWN_SESSION_ID);
	flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	assert_int_equal(pull.key.len, 0);
}

static const char *watched;

static bool is_ended(struct flow *f)
{
	return revocation_has(&f->authn, watched);
}

/* The element asks while the revocation is being committed. */
static void a_key_does_not_leave_during_a_revocation(void **state)
{
	struct flow *f = *state;
	struct token token;
	struct flow_pull pull;
	struct asked asked;

	have_token(f, &token);
	watched = token.session;
	send_change(f->authz.diameter, "authz1.realm.example", FLOW_REALM, token.session, true,
		&asked);
	flow_until_true(f, is_ended);
	flow_pull(f, element.node, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_true(pull.code == DIAMETER_NOT_AUTHORIZED ||
		    pull.code == DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	flow_until(f, &asked.done);
	assert_int_equal(asked.code, DIAMETER_SUCCESS);
}

/* --- change --- */

/* req: B9.6.1-b B9.4.1-e */
static void a_permission_that_changes_moves_the_tokens_end_within_its_own(void **state)
{
	struct flow *f = *state;
	struct token token, now;
	int64_t soon = env_wall(&f->env.env) + 600;

	have_token(f, &token);
	assert_true(token.until > soon);
	flow_grant(f, FLOW_CLIENT, FLOW_APP, soon);
	assert_int_equal(change(f, token.session, false), DIAMETER_SUCCESS);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].type, RP_A_SUBSCRIPTION);
	assert_string_equal(element.heard[1].token, token.id);
	assert_int_equal(element.heard[1].expiry, soon);
	assert_int_equal(element.heard[1].key_count, 0);
	assert_non_null(strstr(element.heard[1].guss, "uid"));
	assert_ok(load(f, token.id, &now));
	assert_int_equal(now.until, soon);

	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
	assert_int_equal(change(f, token.session, false), DIAMETER_SUCCESS);
	element_hears(&element, 3);
	assert_int_equal(element.heard[2].expiry, token.until); /* not longer than it was made for */
	assert_ok(load(f, token.id, &now));
	assert_int_equal(now.until, token.until);
}

static void a_change_missed_is_told_as_it_is_then(void **state)
{
	struct flow *f = *state;
	struct token token, now;
	int64_t soon = env_wall(&f->env.env) + 600;

	have_token(f, &token);
	element_close(&element);
	flow_grant(f, FLOW_CLIENT, FLOW_APP, soon);
	assert_int_equal(change(f, token.session, false), DIAMETER_SUCCESS);
	for (int i = 0; i < 500 && (load(f, token.id, &now) != OK || now.until != soon); i++) {
		loop_turn(f->loop, 5);
	}
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].type, RP_A_SUBSCRIPTION);
	assert_int_equal(element.heard[1].expiry, soon);
}

static void a_use_of_the_plain_form_changes_too(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct flow_pull pull;
	char session[SESSION_MAX + 1];
	int64_t soon = env_wall(&f->env.env) + 600;

	element_announce(&element, PLAIN, UA_TLS13_PSK, false);
	flow_new_se(f, "changes", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	se_soft_close(se);
	next_session(f, "0badcafe", session);
	flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	flow_grant(f, FLOW_CLIENT, PLAIN, soon);
	assert_int_equal(change(f, session, false), DIAMETER_SUCCESS);
	element_hears(&element, 1);
	assert_int_equal(element.heard[0].type, RP_A_SUBSCRIPTION);
	assert_string_equal(element.heard[0].application, PLAIN);
	assert_int_equal(element.heard[0].expiry, soon);
	flow_pull(f, element.node, token.id, PLAIN_2, UA_TLS13_PSK, &pull);
	assert_true(pull.expiry > soon);
}

static void a_question_that_is_refused_ends_the_token(void **state)
{
	struct flow *f = *state;
	struct token token;

	have_token(f, &token);
	flow_drop_grant(f, FLOW_CLIENT, FLOW_APP);
	assert_int_equal(change(f, token.session, false), DIAMETER_SUCCESS);
	element_hears(&element, 2);
	assert_int_equal(element.heard[1].type, RP_A_REVOKE);
	assert_string_equal(element.heard[1].token, token.id);
	assert_err(ERR_NOT_FOUND, load(f, token.id, &token));
}

/* Who has a new token does not get the old one back. */
static void a_token_that_was_replaced_is_not_prolonged(void **state)
{
	struct flow *f = *state;
	struct token token, now;
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	have_token(f, &token);
	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 2);
	assert_ok(load(f, token.id, &now));
	assert_int_equal(now.until, env_wall(&f->env.env) + TOKEN_GRACE);
	assert_int_equal(change(f, token.session, false), DIAMETER_SUCCESS);
	element_hears(&element, 2);
	assert_ok(load(f, token.id, &now));
	assert_int_equal(now.until, env_wall(&f->env.env) + TOKEN_GRACE);
}

/* --- who may say so, and how --- */

static void an_element_ends_and_changes_nothing(void **state)
{
	struct flow *f = *state;
	struct token token;
	struct asked asked;

	if (flow_over_https) {
		return; /* there it can say nothing of the kind */
	}
	element.poses = true;
	element_reconnect(&element);
	have_token(f, &token);
	for (int ends = 0; ends < 2; ends++) {
		send_change(element.node, FLOW_ELEMENT, "app.example", token.session, ends, &asked);
		flow_until(f, &asked.done);
		assert_ok(asked.result);
		assert_int_equal(asked.code, DIAMETER_AUTHORIZATION_REJECTED);
	}
	assert_false(revocation_has(&f->authn, token.session));
	assert_ok(load(f, token.id, &token));
}

static void bad_requests_are_refused(void **state)
{
	static const struct avp_row no_session[] = {{0}};
	struct flow *f = *state;
	char long_session[SESSION_MAX + 2];
	struct asked asked = {.done = false};

	memset(long_session, 's', sizeof(long_session) - 1);
	long_session[sizeof(long_session) - 1] = '\0';
	assert_int_equal(change(f, long_session, true), DIAMETER_INVALID_AVP_VALUE);
	assert_int_equal(change(f, long_session, false), DIAMETER_INVALID_AVP_VALUE);
	diameter_send(f->authz.diameter, DIAMETER_NASREQ, DIAMETER_ASR, FLOW_AUTHN, FLOW_REALM,
		no_session, &asked, on_answer, NULL, (uintptr_t)&asked);
	flow_until(f, &asked.done);
	assert_int_equal(asked.code, DIAMETER_MISSING_AVP);
}

static void a_token_of_one_application_is_pulled_under_no_other(void **state)
{
	struct flow *f = *state;
	struct token token;
	struct flow_pull pull;

	have_token(f, &token);
	flow_pull(f, element.node, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_true(secret_equal(&pull.key, &element.heard[0].key));
	flow_pull(f, element.node, token.id, PLAIN, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, element.node, token.id, FLOW_APP, UA_HTTP_DIGEST, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, f->other, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_realm, close_realm)

static int on_postgres(const struct CMUnitTest *tests, size_t count)
{
	char url[160];

	if (!postgres_server_new(&server)) {
		return 0;
	}
	postgres_server_url(&server, "postgres", url);
	flow_authn_store = url;
	int failed = _cmocka_run_group_tests("on PostgreSQL", tests, count, NULL, NULL);

	postgres_server_free(&server);
	return failed;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_withdrawn_permission_ends_the_token_and_is_told),
		CASE(a_revocation_missed_is_told_at_the_next_connection),
		CASE(a_revoked_token_is_not_pushed_late),
		CASE(an_unknown_session_is_said_to_be_unknown),
		CASE(a_token_of_the_plain_form_ends_for_that_application_alone),
		CASE(pulls_of_one_token_and_application_share_a_session),
		CASE(a_revocation_that_overtakes_the_permission_leaves_no_token),
		CASE(a_revocation_that_overtakes_the_permission_leaves_no_key),
		CASE(a_key_does_not_leave_during_a_revocation),
		CASE(a_permission_that_changes_moves_the_tokens_end_within_its_own),
		CASE(a_change_missed_is_told_as_it_is_then),
		CASE(a_use_of_the_plain_form_changes_too),
		CASE(a_question_that_is_refused_ends_the_token),
		CASE(a_token_that_was_replaced_is_not_prolonged),
		CASE(an_element_ends_and_changes_nothing),
		CASE(bad_requests_are_refused),
		CASE(a_token_of_one_application_is_pulled_under_no_other),
	};

	int failed = RUN_TESTS(tests);

	flow_over_https = true;
	failed += _cmocka_run_group_tests("RP_A over HTTPS", tests,
		sizeof(tests) / sizeof(tests[0]), NULL, NULL);
	flow_over_https = false;
	return failed + on_postgres(tests, sizeof(tests) / sizeof(tests[0]));
}
