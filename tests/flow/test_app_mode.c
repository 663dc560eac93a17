// SPDX-License-Identifier: Apache-2.0
/* Clause 10.4 whole: a token for one application, permission before it exists, between whole nodes. */
#include "test.h"

#include "realm.h"
#include "ue.h"

#include "authn/tokens.h"
#include "authz/mapping.h"
#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

static int open_realm(void **state)
{
	static struct flow flow;

	flow_open(&flow);
	flow.authn.conf->app_plain = true; /* these devices come without TLS */
	flow_add_device(&flow, FLOW_CLIENT, 0);
	flow_add_application_as(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT, "y3056");
	flow_add_application_as(&flow, "other.example", "cin:L17110MH1973PLC019786", FLOW_OTHER,
		"y3056");
	flow_grant(&flow, FLOW_CLIENT, FLOW_APP, FOREVER);
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	flow_close(*state);
	return 0;
}

struct told {
	char token[TOKEN_ID_MAX + 1], format[16], application[256];
	int64_t until;
};

static void copy(const struct json *document, const char *name, char *to, size_t room)
{
	struct view value;

	assert_ok(json_text(document, name, &value));
	assert_ok(text_copy(to, room, value, name));
}

static void read_told(const struct ue *ue, struct told *ret)
{
	JSON_CLEANUP struct json *document = NULL;
	char until[TEXT_TIME];

	assert_int_equal(ue->reply.status, 200);
	assert_ok(json_parse(view_text(ue->reply.body), sizeof(ue->reply.body), &document));
	copy(document, "token", ret->token, sizeof(ret->token));
	copy(document, "format", ret->format, sizeof(ret->format));
	copy(document, "application", ret->application, sizeof(ret->application));
	copy(document, "lifetime", until, sizeof(until));
	assert_ok(text_from_time(view_text(until), &ret->until, "lifetime"));
}

/* The device believes what comes with a right rspauth, and nothing else. */
static bool is_proven(const struct ue *ue, const struct secret *password)
{
	char expected[DIGEST_HEX + 1];
	struct digest_info info;
	const struct digest_input input = {.algorithm = ue->challenge.algorithm,
		.username = view_text(ue->client),
		.realm = view_text(FLOW_AUTHN),
		.nonce = ue->challenge.nonce,
		.nc = view_text("00000001"),
		.cnonce = view_text("0a4f113b"),
		.method = view_text("GET"),
		.uri = view_text(ue->target),
		.body = view_text(ue->reply.body),
		.password = password};

	if (!ue->reply.info[0]) {
		return false;
	}
	assert_ok(digest_parse_info(view_text(ue->reply.info), &info));
	assert_ok(digest_rspauth(&input, expected));
	return digest_verify(info.rspauth, expected) == OK;
}

static void bootstrap(struct flow *f, const char *client, const char *application, struct ue *ue)
{
	SECRET(password);

	ue_challenged_for(ue, f, client, application);
	ue_right_password(ue, &password);
	ue_second_leg(ue, &password, NULL, ue->target);
	assert_int_equal(ue->reply.status, 200);
	assert_true(is_proven(ue, &password));
	aka_free(ue->aka);
	ue->aka = NULL;
}

/* The token that this run would have made is not known. */
static void assert_no_token(const struct ue *ue)
{
	struct flow_pull pull;
	struct ident application;
	char id[TOKEN_ID_MAX + 1];

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(ue->application), &application));
	assert_ok(token_id(TOKEN_Y3056, &ue->base, &application, id));
	flow_pull(ue->f, ue->f->element, id, ue->application, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
}

/* req: B10.4 B9.1.1-d B7.1-g B7.1-i B7.2-a B7.2-c B7.2-e B9.4.1-d B9.4.1-f B9.1.1-a */
static void both_ends_make_a_token_for_one_application(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct told told;
	struct flow_pull pull;
	struct ident application;
	char id[TOKEN_ID_MAX + 1];
	SECRET(key);

	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	read_told(&ue, &told);
	assert_string_equal(told.format, "y3056");
	assert_string_equal(told.application, FLOW_APP);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(token_id(TOKEN_Y3056, &ue.base, &application, id));
	assert_string_equal(told.token, id);
	flow_pull(f, f->element, told.token, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_int_equal(pull.expiry, told.until);
	assert_ok(token_derive(TOKEN_Y3056, &ue.base, &application, UA_TLS13_PSK, (struct view){0},
		&key));
	assert_true(secret_equal(&key, &pull.key));
}

/* req: B9.3-b B8.4-b */
static void the_device_is_told_of_its_subscription(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	JSON_CLEANUP struct json *document = NULL;
	struct view mechanism;
	bool permission = false;

	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	assert_ok(json_parse(view_text(ue.reply.body), sizeof(ue.reply.body), &document));
	const struct json *subscription = json_member(document, "subscription");

	assert_ok(json_bool_opt(subscription, "permission", &permission));
	assert_true(permission);
	const struct json *mechanisms = json_member(subscription, "mechanisms");

	assert_ok(json_as_text(json_item(mechanisms, 0), &mechanism));
	assert_view(mechanism, "tls13-psk");
	assert_non_null(strstr(ue.reply.body, "\"degree\":\"standard\""));
}

static void the_challenge_is_of_the_algorithm_that_cannot_be_stripped(void **state)
{
	struct ue ue;

	ue_challenged_for(&ue, *state, FLOW_CLIENT, FLOW_APP);
	assert_int_equal(ue.challenge.algorithm, DIGEST_AKAV2_SHA256);
	aka_free(ue.aka);
}

/* req: B9.4.1-b B9.4.1-c */
static void without_the_flag_there_is_no_token_and_the_device_can_believe_it(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	SECRET(password);

	ue_challenged_for(&ue, f, FLOW_CLIENT, "other.example");
	ue_right_password(&ue, &password);
	ue_second_leg(&ue, &password, NULL, ue.target);
	assert_int_equal(ue.reply.status, 403);
	assert_true(is_proven(&ue, &password));
	assert_non_null(strstr(ue.reply.body, "10.4/3b"));
	assert_no_token(&ue);
	aka_free(ue.aka);
}

static void an_application_that_nobody_registered_is_refused_alike(void **state)
{
	struct flow *f = *state;
	struct ue known, unknown;
	SECRET(password);

	ue_challenged_for(&known, f, FLOW_CLIENT, "other.example");
	ue_right_password(&known, &password);
	ue_second_leg(&known, &password, NULL, known.target);
	ue_challenged_for(&unknown, f, FLOW_CLIENT, "nobody.example");
	ue_right_password(&unknown, &password);
	ue_second_leg(&unknown, &password, NULL, unknown.target);
	assert_int_equal(unknown.reply.status, 403);
	assert_string_equal(known.reply.body, unknown.reply.body);
	aka_free(known.aka);
	aka_free(unknown.aka);
}

/* Downgrade: who strips the algorithm gets nothing, and the challenge is spent. */
static void an_akav1_response_is_refused(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	SECRET(password);

	ue_challenged_for(&ue, f, FLOW_CLIENT, FLOW_APP);
	ue_right_password(&ue, &password);
	ue_second_leg_as(&ue, DIGEST_AKAV1_MD5, &password, NULL, ue.target);
	assert_int_equal(ue.reply.status, 403);
	assert_string_equal(ue.reply.info, "");
	ue_second_leg(&ue, &password, NULL, ue.target);
	assert_int_equal(ue.reply.status, 400);
	aka_free(ue.aka);
}

static void the_application_cannot_be_changed_or_dropped_between_the_legs(void **state)
{
	static const char *const targets[] = {"/", "/?app=other.example", "/?app=APP.example"};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct ue ue;
		SECRET(password);

		ue_challenged_for(&ue, *state, FLOW_CLIENT, FLOW_APP);
		ue_right_password(&ue, &password);
		ue_second_leg(&ue, &password, NULL, targets[i]);
		assert_int_equal(ue.reply.status, 400);
		aka_free(ue.aka);
	}
}

static void the_token_is_no_use_elsewhere(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct told told;
	struct flow_pull pull;

	flow_grant(f, FLOW_CLIENT, "other.example", FOREVER);
	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	read_told(&ue, &told);
	flow_pull(f, f->other, told.token, "other.example", UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	assert_int_equal(pull.key.len, 0);
	flow_pull(f, f->other, told.token, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, f->element, told.token, FLOW_APP, UA_HTTP_DIGEST, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_drop_grant(f, FLOW_CLIENT, "other.example");
}

/* Such a token is the same toward all and names no node: only who registered for it takes it. */
static void a_plain_bootstrap_opens_no_application_of_y3056(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct flow_pull pull;
	char id[TOKEN_ID_MAX + 1];

	bootstrap(f, FLOW_CLIENT, NULL, &ue);
	assert_ok(token_id(TOKEN_GBA, &ue.base, NULL, id));
	flow_pull(f, f->element, id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	assert_int_equal(pull.key.len, 0);
}

/* req: B9.4.1-e B9.3-e */
static void a_new_token_ends_the_old_one_after_a_moment(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct told old, new;
	struct flow_pull pull;

	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	read_told(&ue, &old);
	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	read_told(&ue, &new);
	assert_string_not_equal(old.token, new.token);
	flow_pull(f, f->element, old.token, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_int_equal(pull.expiry, env_wall(&f->env.env) + TOKEN_GRACE);
	fake_env_advance(&f->env, TOKEN_GRACE * 1000);
	flow_pull(f, f->element, old.token, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	flow_pull(f, f->element, new.token, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
}

/* req: B9.1.1-e */
static void a_device_may_come_under_its_temporary_identity(void **state)
{
	struct flow *f = *state;
	struct ue first, second;
	struct told told;
	struct ident application;
	char tmpi[TMPI_MAX + 1], id[TOKEN_ID_MAX + 1];

	bootstrap(f, FLOW_CLIENT, FLOW_APP, &first);
	assert_ok(token_tmpi(&first.base, tmpi));
	bootstrap(f, tmpi, FLOW_APP, &second);
	read_told(&second, &told);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(token_id(TOKEN_Y3056, &second.base, &application, id)); /* of the client itself */
	assert_string_equal(told.token, id);
}

static void a_plain_bootstrap_too(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char tmpi[TMPI_MAX + 1];

	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	assert_ok(token_tmpi(&ue.base, tmpi));
	bootstrap(f, tmpi, NULL, &ue);
}

static void an_unknown_temporary_identity_is_refused_at_once(void **state)
{
	struct ue ue = {.f = *state,
		.client = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@tmpi.bsf.3gppnetwork.org"};

	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 403);
}

static void an_unknown_client_cannot_tell(void **state)
{
	struct ue known, unknown;
	SECRET(wrong);

	ue_challenged_for(&known, *state, FLOW_CLIENT, FLOW_APP);
	ue_challenged_for(&unknown, *state, FLOW_UNKNOWN, FLOW_APP);
	assert_int_equal(strlen(known.reply.challenge), strlen(unknown.reply.challenge));
	ue_wrong_password(&wrong);
	ue_second_leg(&known, &wrong, NULL, known.target);
	ue_second_leg(&unknown, &wrong, NULL, unknown.target);
	assert_int_equal(known.reply.status, unknown.reply.status);
	assert_string_equal(known.reply.body, unknown.reply.body);
	aka_free(known.aka);
	aka_free(unknown.aka);
}

static bool authz_is_gone(struct flow *f)
{
	return !diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_NASREQ);
}

static bool authz_is_back(struct flow *f)
{
	fake_env_advance(&f->env, 100);
	return diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_NASREQ);
}

static void without_an_answer_about_permission_there_is_no_token(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	SECRET(password);

	ue_challenged_for(&ue, f, FLOW_CLIENT, FLOW_APP);
	ue_right_password(&ue, &password);
	flow_stop_authz(f);
	flow_until_true(f, authz_is_gone);
	ue_second_leg(&ue, &password, NULL, ue.target);
	assert_int_equal(ue.reply.status, 503);
	assert_no_token(&ue);
	aka_free(ue.aka);
	flow_start_authz(f);
	flow_until_true(f, authz_is_back);
	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
}

static void the_token_lives_no_longer_than_the_permission(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct told told;
	int64_t until = env_wall(&f->env.env) + 60;

	flow_grant(f, FLOW_CLIENT, FLOW_APP, until);
	bootstrap(f, FLOW_CLIENT, FLOW_APP, &ue);
	read_told(&ue, &told);
	assert_true(told.until <= until);
	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
}

static void without_tls_there_is_no_such_token_unless_allowed(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = FLOW_CLIENT, .application = FLOW_APP};

	f->authn.conf->app_plain = false;
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 403);
	f->authn.conf->app_plain = true;
}

/* A first leg over TLS does not let the second come without: the token would be bound to no channel. */
static void a_response_without_tls_makes_no_such_token_either(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	SECRET(password);

	ue_challenged_for(&ue, f, FLOW_CLIENT, FLOW_APP);
	ue_right_password(&ue, &password);
	f->authn.conf->app_plain = false;
	ue_second_leg(&ue, &password, NULL, ue.target);
	f->authn.conf->app_plain = true;
	assert_int_equal(ue.reply.status, 403);
	assert_false(is_proven(&ue, &password));
	assert_no_token(&ue);
	aka_free(ue.aka);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_make_a_token_for_one_application),
		TEST(the_device_is_told_of_its_subscription),
		TEST(the_challenge_is_of_the_algorithm_that_cannot_be_stripped),
		TEST(without_the_flag_there_is_no_token_and_the_device_can_believe_it),
		TEST(an_application_that_nobody_registered_is_refused_alike),
		TEST(an_akav1_response_is_refused),
		TEST(the_application_cannot_be_changed_or_dropped_between_the_legs),
		TEST(the_token_is_no_use_elsewhere),
		TEST(a_plain_bootstrap_opens_no_application_of_y3056),
		TEST(a_new_token_ends_the_old_one_after_a_moment),
		TEST(a_device_may_come_under_its_temporary_identity),
		TEST(a_plain_bootstrap_too),
		TEST(an_unknown_temporary_identity_is_refused_at_once),
		TEST(an_unknown_client_cannot_tell),
		TEST(without_an_answer_about_permission_there_is_no_token),
		TEST(the_token_lives_no_longer_than_the_permission),
		TEST(without_tls_there_is_no_such_token_unless_allowed),
		TEST(a_response_without_tls_makes_no_such_token_either),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, open_realm, close_realm);
}
