// SPDX-License-Identifier: Apache-2.0
/* Clause 10.4 in its plain form, and the pull of the token, between whole nodes. */
#include "test.h"

#include "realm.h"
#include "ue.h"

#include "authn/tokens.h"
#include "authz/mapping.h"
#include "base/text.h"
#include "wire/digest.h"
#include "wire/gba_xml.h"

#include <stdio.h>
#include <string.h>

static int open_realm(void **state)
{
	static struct flow flow;

	flow_open(&flow);
	flow_add_device(&flow, FLOW_CLIENT, 0);
	flow_add_application(&flow, FLOW_APP, FLOW_ASP, FLOW_ELEMENT);
	flow_add_application(&flow, "other.example", "cin:L17110MH1973PLC019786", FLOW_OTHER);
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	flow_close(*state);
	return 0;
}

/* --- 10.4 --- */

/* req: B8.2.1 B10.4 B7.2-a B7.2-e B7.2-c B9.3-c B9.1.1-b B9.1.1-c */
static void both_ends_make_the_same_token(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct flow_pull pull;
	struct ident application;
	SECRET(key);

	flow_new_se(f, "same", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(symdev_token_key(&se_soft_ops, se, &token, &application, UA_TLS13_PSK, &key));
	assert_true(secret_equal(&key, &pull.key));
	se_soft_close(se);
}

/* req: B7.2-d B9.4.1-e */
static void the_token_names_realm_and_node_and_ends(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct ident node;

	flow_new_se(f, "names", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	assert_ok(token_id_node(view_text(token.id), &node));
	assert_string_equal(node.text, FLOW_AUTHN);
	assert_string_equal(token.realm.text, FLOW_REALM);
	assert_int_equal(token.until, env_wall(&f->env.env) + 8 * 3600);
	assert_ok(symdev_token_check(&token, token.until - 1, 0));
	assert_err(ERR_EXPIRED, symdev_token_check(&token, token.until, 0));
	se_soft_close(se);
}

static void a_wrong_response_is_refused_and_spends_the_challenge(void **state)
{
	struct ue ue;
	SECRET(wrong);
	SECRET(right);

	ue_challenged(&ue, *state, FLOW_CLIENT);
	ue_wrong_password(&wrong);
	ue_second_leg(&ue, &wrong, NULL, "/");
	assert_int_equal(ue.reply.status, 403);
	assert_string_equal(ue.reply.info, "");
	ue_right_password(&ue, &right);
	ue_second_leg(&ue, &right, NULL, "/");
	assert_int_equal(ue.reply.status, 400);
	aka_free(ue.aka);
}

static void a_right_response_is_good_once(void **state)
{
	struct ue ue;
	SECRET(right);

	ue_challenged(&ue, *state, FLOW_CLIENT);
	ue_right_password(&ue, &right);
	ue_second_leg(&ue, &right, NULL, "/");
	assert_int_equal(ue.reply.status, 200);
	assert_non_null(strstr(ue.reply.info, "rspauth="));
	ue_second_leg(&ue, &right, NULL, "/");
	assert_int_equal(ue.reply.status, 400);
	aka_free(ue.aka);
}

static void a_challenge_expires(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	SECRET(right);

	ue_challenged(&ue, f, FLOW_CLIENT);
	ue_right_password(&ue, &right);
	ue_clear(f);
	ue_second_leg(&ue, &right, NULL, "/");
	assert_int_equal(ue.reply.status, 400);
	aka_free(ue.aka);
}

static void both_legs_carry_the_same_target(void **state)
{
	struct ue ue;
	SECRET(right);

	ue_challenged(&ue, *state, FLOW_CLIENT);
	ue_right_password(&ue, &right);
	ue_second_leg(&ue, &right, NULL, "//");
	assert_int_not_equal(ue.reply.status, 200);
	aka_free(ue.aka);
}

/* Shape: the same statuses, the same fields, lengths alike; a fresh RAND every time.  req: B7.5-f */
static void an_unknown_client_cannot_tell(void **state)
{
	struct ue known, unknown, again;
	SECRET(wrong);

	ue_challenged(&known, *state, FLOW_CLIENT);
	ue_challenged(&unknown, *state, FLOW_UNKNOWN);
	ue_challenged(&again, *state, FLOW_UNKNOWN);
	assert_int_equal(strlen(known.reply.challenge), strlen(unknown.reply.challenge));
	assert_int_equal(known.challenge.nonce.len, unknown.challenge.nonce.len);
	assert_false(view_equal(unknown.challenge.nonce, again.challenge.nonce));
	ue_wrong_password(&wrong);
	ue_second_leg(&known, &wrong, NULL, "/");
	ue_second_leg(&unknown, &wrong, NULL, "/");
	assert_int_equal(known.reply.status, unknown.reply.status);
	assert_string_equal(known.reply.body, unknown.reply.body);
	uint8_t auts[AUTS_SIZE] = {1, 2, 3};

	aka_free(known.aka);
	ue_challenged(&known, *state, FLOW_CLIENT);
	ue_second_leg(&known, NULL, auts, "/");
	ue_second_leg(&again, NULL, auts, "/");
	assert_int_equal(known.reply.status, again.reply.status);
	assert_string_equal(known.reply.body, again.reply.body);
	aka_free(known.aka);
	aka_free(unknown.aka);
	aka_free(again.aka);
}

/* TS 33.102 6.3.5: a device that is ahead brings the network to its step, by itself. */
static void a_device_that_is_ahead_resynchronises(void **state)
{
	struct flow *f = *state;
	struct se_soft *se;
	struct symdev_token token;
	struct aka *aka;
	struct aka_key key;
	struct vector ahead;
	struct aka_result result;
	const uint8_t rand[RAND_SIZE] = {9};
	const uint64_t far = UINT64_C(1000000) << SQN_IND_BITS | 1; /* the IND that 65 has */

	flow_add_device(f, "001010000000002@" FLOW_REALM, 64);
	flow_new_se(f, "ahead", &se);
	flow_key(&key);
	assert_ok(aka_new(&aka));
	assert_ok(vector_make(aka, &key, rand, far, &ahead));
	assert_ok(se_soft_ops.aka(se, &(const struct ident){.len = 0}, ahead.rand, ahead.autn,
		&result));
	assert_ok(flow_bootstrap(f, se, "001010000000002@" FLOW_REALM, &token));
	assert_true(flow_sqn(f, "001010000000002@" FLOW_REALM) > far);
	aka_free(aka);
	se_soft_close(se);
}

static void a_forged_auts_moves_nothing(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	uint8_t auts[AUTS_SIZE] = {0xff, 0xff};
	uint64_t before = flow_sqn(f, FLOW_CLIENT);

	ue_challenged(&ue, f, FLOW_CLIENT);
	ue_second_leg(&ue, NULL, auts, "/");
	assert_int_equal(ue.reply.status, 403);
	assert_true(flow_sqn(f, FLOW_CLIENT) < before + 4 * SQN_IND_COUNT);
	aka_free(ue.aka);
}

/* A row that was tampered with is this realm's trouble, not a device that lies. */
static void a_key_moved_to_another_row_makes_no_vector(void **state)
{
	struct ue ue = {.f = *state, .client = "001010000000007@realm.example"};

	flow_add_device_with_key_of(ue.f, ue.client, FLOW_CLIENT, 0);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 503);
}

#define START_OF(uri)                                                                              \
	"Digest username=\"" FLOW_CLIENT "\", realm=\"" FLOW_AUTHN "\", nonce=\"\", uri=\"" uri    \
	"\", response=\"\""

static void malformed_starts_are_told_what_is_wrong(void **state)
{
	static const struct {
		const char *target, *authorization, *said;
		unsigned status;
	} cases[] = {
		{"/", NULL, "no Authorization", 400},
		{"/", "Basic YTpi", "Digest", 400},
		{"/",
			"Digest username=\"001010123456789@REALM.example\", realm=\"" FLOW_AUTHN
			"\", nonce=\"\", uri=\"/\", response=\"\"",
			"canonical", 400},
		{"/",
			"Digest username=\"no-realm\", realm=\"" FLOW_AUTHN
			"\", nonce=\"\", uri=\"/\", response=\"\"",
			"client", 400},
		{"/",
			"Digest username=\"" FLOW_CLIENT
			"\", realm=\"other.example\", nonce=\"\", uri=\"/\", response=\"\"",
			"realm", 400},
		{"/",
			"Digest username=\"" FLOW_CLIENT "\", realm=\"" FLOW_AUTHN
			"\", nonce=\"\", uri=\"/x\", response=\"\"",
			"uri", 400},
		{"/nowhere", NULL, "", 404},
		{"/?realm=x", START_OF("/?realm=x"), "the query is ?app=", 400},
		{"/?app=app.example&app=other.example",
			START_OF("/?app=app.example&app=other.example"), "the query is ?app=", 400},
		{"/?app=", START_OF("/?app="), "application", 400},
		{"/?app=APP.example", START_OF("/?app=APP.example"), "canonical", 400},
		{"/?app=%zz", START_OF("/?app=%zz"), "", 400},
		{"/?app=app.example", START_OF("/?app=app.example"), "over TLS alone", 403},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_reply reply;

		flow_get(*state, cases[i].target, cases[i].authorization, &reply);
		assert_int_equal(reply.status, cases[i].status);
		assert_non_null(strstr(reply.body, cases[i].said));
	}
}

static void starts_beyond_the_ceiling_are_turned_away(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = FLOW_CLIENT};

	ue_clear(f);
	for (size_t i = 0; i < 64; i++) {
		ue_first_leg(&ue);
		assert_int_equal(ue.reply.status, 401);
	}
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 503);
	ue_clear(f);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 401);
}

static void no_address_may_have_all_of_them(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = FLOW_CLIENT};
	int64_t usual = f->authn.conf->bootstraps_per_address;

	ue_clear(f);
	f->authn.conf->bootstraps_per_address = 8;
	for (size_t i = 0; i < 8; i++) {
		ue_first_leg(&ue);
		assert_int_equal(ue.reply.status, 401);
	}
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 503);
	assert_int_equal(pool_count(f->authn.bootstraps), 8);
	ue_clear(f); /* which gives back what it had */
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 401);
	f->authn.conf->bootstraps_per_address = usual;
}

/* The right one's device is kept from bootstrapping for a while, but its sequence numbers are not used up. */
static void starts_of_one_identity_are_counted(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = FLOW_CLIENT}, other = {.f = f, .client = FLOW_UNKNOWN};

	ue_clear(f);
	f->authn.conf->starts_per_identity = 6;
	for (size_t i = 0; i < 6; i++) {
		ue_first_leg(&ue);
		assert_int_equal(ue.reply.status, 401);
	}
	uint64_t next;

	assert_ok(sqn_next(flow_sqn(f, FLOW_CLIENT), &next));
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 429);
	assert_string_equal(ue.reply.retry_after, "10");
	assert_int_equal(flow_sqn(f, FLOW_CLIENT), next);
	ue_first_leg(&other);
	assert_int_equal(other.reply.status, 401);
	fake_env_advance(&f->env, 10 * 1000);
	loop_turn(f->loop, 0);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 401);
	f->authn.conf->starts_per_identity = 0;
	ue_clear(f);
}

/* Known or not: what is counted is what is said.  req: B7.5-f */
static void an_unknown_identity_is_counted_alike(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = "001010000000099@" FLOW_REALM};

	f->authn.conf->starts_per_identity = 2;
	ue_first_leg(&ue);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 401);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 429);
	f->authn.conf->starts_per_identity = 0;
	ue_clear(f);
}

static void starts_of_one_address_are_counted(void **state)
{
	struct flow *f = *state;
	char client[64];

	f->authn.conf->starts_per_address = 10;
	for (int i = 0; i < 11; i++) {
		struct ue ue = {.f = f, .client = client};

		(void)snprintf(client, sizeof(client), "0010100001000%02d@" FLOW_REALM, i);
		ue_first_leg(&ue);
		assert_int_equal(ue.reply.status, i < 10 ? 401 : 429);
	}
	f->authn.conf->starts_per_address = 0;
	ue_clear(f);
}

static bool authz_is_back(struct flow *f)
{
	fake_env_advance(&f->env, 100);
	return diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_ZH);
}

static bool authz_is_gone(struct flow *f)
{
	return !diameter_node_reaches(f->authn.diameter, FLOW_REALM, DIAMETER_ZH);
}

static void without_authz_nothing_is_half_done_and_it_comes_back(void **state)
{
	struct flow *f = *state;
	struct ue ue = {.f = f, .client = FLOW_CLIENT};
	struct se_soft *se;
	struct symdev_token token;

	ue_clear(f);
	flow_stop_authz(f);
	flow_until_true(f, authz_is_gone);
	ue_first_leg(&ue);
	assert_int_equal(ue.reply.status, 503);
	assert_int_equal(pool_count(f->authn.bootstraps), 0);
	assert_int_equal(pool_count(f->authn.questions), 0);
	flow_start_authz(f);
	flow_until_true(f, authz_is_back);
	flow_new_se(f, "back", &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, &token));
	se_soft_close(se);
}

/* --- the pull: 4d, 3a, 3b --- */

static void bootstrap_for(struct flow *f, const char *se_name, struct symdev_token *ret)
{
	struct se_soft *se;

	flow_new_se(f, se_name, &se);
	assert_ok(flow_bootstrap(f, se, FLOW_CLIENT, ret));
	se_soft_close(se);
}

/* req: B9.4.1-c */
static void without_the_flag_no_key_leaves(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;

	bootstrap_for(f, "flag", &token);
	flow_pull(f, f->other, token.id, "other.example", UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	assert_int_equal(pull.key.len, 0);
	flow_grant(f, FLOW_CLIENT, "other.example", env_wall(&f->env.env) + 60);
	flow_pull(f, f->other, token.id, "other.example", UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_true(pull.expiry <= env_wall(&f->env.env) + 60);
	fake_env_advance(&f->env, 61 * 1000);
	flow_pull(f, f->other, token.id, "other.example", UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
}

/* A second passes whenever somebody looks at the clock. */
static int64_t hurried_ms(const struct env *env)
{
	return ((struct fake_env *)env)->wall_ms += 1000;
}

/* Zero seconds left must not be read as no limit: the key would outlive the permission by hours. */
static void a_permission_that_ends_while_it_is_asked_for_gives_no_key(void **state)
{
	struct flow *f = *state;
	int64_t (*usual)(const struct env *env) = f->env.env.wall_ms;
	struct symdev_token token;
	struct flow_pull pull;
	size_t refused = 0;

	bootstrap_for(f, "ends", &token);
	for (int seconds = 1; seconds <= 16; seconds++) {
		int64_t until = env_wall(&f->env.env) + seconds;

		flow_grant(f, FLOW_CLIENT, FLOW_APP, until);
		f->env.env.wall_ms = hurried_ms;
		flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
		f->env.env.wall_ms = usual;
		if (pull.code == DIAMETER_SUCCESS) {
			assert_in_range(pull.expiry, until - 16, until + 16);
			continue;
		}
		assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
		refused++;
	}
	assert_in_range(refused, 1, 15);
}

static void an_element_gets_its_own_applications_only(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;

	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
	bootstrap_for(f, "own", &token);
	flow_pull(f, f->other, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, f->element, token.id, FLOW_APP, UA_HTTP_DIGEST, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
	flow_pull(f, f->element, token.id, "nobody.example", UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_NOT_AUTHORIZED);
}

/* req: B9.4.1-g B7.5-f */
static void the_application_sees_a_pseudonym_and_no_identity(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;
	struct guss guss;

	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
	bootstrap_for(f, "pseudonym", &token);
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_string_equal(pull.user_name, "");
	assert_null(strstr(pull.guss, "001010123456789"));
	assert_ok(gba_xml_read_guss(view_text(pull.guss), &guss));
	assert_string_equal(guss.id, ""); /* a ussList alone */
	assert_null(strstr(pull.guss,
		"<guss")); /* TS 29.109: an ussList is all that leaves the realm */
	assert_int_equal(guss.uss_count, 1);
	assert_int_equal(strlen(guss.uss[0].uid), PSEUDONYM_SIZE - 1);
}

static void a_token_lives_no_longer_than_the_subscription_says(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	int64_t usual = f->authz_conf.key_lifetime;

	f->authz_conf.key_lifetime = 60 * 1000;
	bootstrap_for(f, "short", &token);
	f->authz_conf.key_lifetime = usual;
	assert_int_equal(token.until, env_wall(&f->env.env) + 60);
}

/* An application whose tokens live an hour gets none of an older bootstrap, which lives eight.  req: B9.4.1-e */
static void pulling_again_does_not_lengthen_a_token(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;
	int64_t from = env_wall(&f->env.env);

	flow_grant(f, FLOW_CLIENT, FLOW_APP, FOREVER);
	bootstrap_for(f, "again", &token);
	f->env.wall_ms += INT64_C(3000) * 1000;
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_SUCCESS);
	assert_int_equal(pull.expiry, from + 3600);
	f->env.wall_ms += INT64_C(600) * 1000;
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
}

static void unknown_foreign_and_expired_tokens_are_not_found(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;

	bootstrap_for(f, "expired", &token);
	flow_pull(f, f->element, "AAAAAAAAAAAAAAAAAAAAAA==@" FLOW_AUTHN, FLOW_APP, UA_TLS13_PSK,
		&pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	flow_pull(f, f->element, "AAAAAAAAAAAAAAAAAAAAAA==@authn2.realm.example", FLOW_APP,
		UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	flow_pull(f, f->element, "no id at all", FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
	f->env.wall_ms += INT64_C(8) * 3600 * 1000;
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	assert_int_equal(pull.code, DIAMETER_TRANSACTION_IDENTIFIER_INVALID);
}

static void a_session_id_that_cannot_be_repeated_is_refused(void **state)
{
	struct flow *f = *state;
	struct symdev_token token;
	struct flow_pull pull;
	char name[301];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	bootstrap_for(f, "session", &token);
	f->session_end = name;
	flow_pull(f, f->element, token.id, FLOW_APP, UA_TLS13_PSK, &pull);
	f->session_end = NULL;
	assert_int_equal(pull.code, DIAMETER_INVALID_AVP_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_make_the_same_token),
		TEST(the_token_names_realm_and_node_and_ends),
		TEST(a_wrong_response_is_refused_and_spends_the_challenge),
		TEST(a_right_response_is_good_once),
		TEST(a_challenge_expires),
		TEST(both_legs_carry_the_same_target),
		TEST(an_unknown_client_cannot_tell),
		TEST(a_device_that_is_ahead_resynchronises),
		TEST(a_forged_auts_moves_nothing),
		TEST(a_key_moved_to_another_row_makes_no_vector),
		TEST(malformed_starts_are_told_what_is_wrong),
		TEST(starts_beyond_the_ceiling_are_turned_away),
		TEST(no_address_may_have_all_of_them),
		TEST(starts_of_one_identity_are_counted),
		TEST(an_unknown_identity_is_counted_alike),
		TEST(starts_of_one_address_are_counted),
		TEST(without_authz_nothing_is_half_done_and_it_comes_back),
		TEST(without_the_flag_no_key_leaves),
		TEST(a_permission_that_ends_while_it_is_asked_for_gives_no_key),
		TEST(an_element_gets_its_own_applications_only),
		TEST(the_application_sees_a_pseudonym_and_no_identity),
		TEST(a_token_lives_no_longer_than_the_subscription_says),
		TEST(a_session_id_that_cannot_be_repeated_is_refused),
		TEST(pulling_again_does_not_lengthen_a_token),
		TEST(unknown_foreign_and_expired_tokens_are_not_found),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, open_realm, close_realm);
}
