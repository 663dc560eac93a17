// SPDX-License-Identifier: Apache-2.0
/* RP_A beyond the pull: elements announce themselves, are pushed tokens, and get what they missed, once. */
#include "test.h"

#include "element.h"
#include "postgres_server.h"

#include "authn/elements.h"
#include "authn/rp_a.h"
#include "authz/mapping.h"

#include <stdio.h>
#include <string.h>

#define FOREIGN "other.example"

static struct element_puppet element, second;

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
	flow_add_element(&flow, FLOW_ASP, FLOW_OTHER);
	flow_add_application(&flow, FOREIGN, "cin:L17110MH1973PLC019786", "gateway.third.example");
	flow_grant(&flow, FLOW_CLIENT, FLOW_APP, FOREVER);
	element_open(&element, &flow, FLOW_ELEMENT);
	memset(&second, 0, sizeof(second));
	*state = &flow;
	return 0;
}

static int close_realm(void **state)
{
	element_close(&element);
	element_close(&second);
	flow_close(*state);
	return 0;
}

/* --- announcing --- */

/* req: B9.6.1-a B9.6.1-c */
static void who_announces_hears_of_the_log_and_is_kept_in_mind(void **state)
{
	struct flow *f = *state;
	struct ident application;
	const struct service *service;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(element.code, DIAMETER_SUCCESS);
	assert_int_equal(element.log_len, 16);
	assert_int_equal(element.serial, 0);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	service = elements_serving(&f->authn, &application);
	assert_non_null(service);
	assert_string_equal(service->element->host, FLOW_ELEMENT);
	assert_string_equal(service->address, "127.0.0.1:8443");
	assert_string_equal(service->mechanisms, "tls13-psk");
	assert_int_equal(service->ua_count, 1);
	assert_null(service->next);
}

/* An element that goes on by another way would be told nothing more if it ended with the first one. */
static void an_element_ends_with_the_way_that_it_spoke_by_last(void **state)
{
	struct flow *f = *state;
	const struct rp_a_request by_relay = {.carrier = &rp_a_diameter,
		.element = FLOW_OTHER,
		.realm = "app.example",
		.peer = "relay.example"};
	struct rp_a_request directly = by_relay;
	struct element *first = NULL, *again = NULL;

	directly.peer = FLOW_OTHER;
	assert_ok(element_of(&f->authn, &by_relay, &first));
	assert_ok(element_of(&f->authn, &directly, &again));
	assert_ptr_equal(first, again);
	const pool_ref ref = first->ref;

	elements_forget_peer(&f->authn, "relay.example");
	assert_ptr_equal(element_at(&f->authn, ref), first);
	elements_forget_peer(&f->authn, FLOW_OTHER);
	assert_null(element_at(&f->authn, ref));
}

static bool nobody_serves(struct flow *f)
{
	struct ident application;

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	return !elements_serving(&f->authn, &application);
}

static void what_was_announced_ends_with_the_connection(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_false(nobody_serves(f));
	element_close(&element);
	flow_until_true(f, nobody_serves);
}

static void an_announcement_takes_the_place_of_the_one_before(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_announce(&element, NULL, UA_ALL, false);
	assert_int_equal(element.code, DIAMETER_SUCCESS);
	assert_true(nobody_serves(f));
}

/* req: B9.6.1-c */
static void an_application_of_another_asp_is_refused_and_named(void **state)
{
	struct flow *f = *state;
	uint8_t own[NAF_ID_MAX], foreign[NAF_ID_MAX];
	struct ident application;
	struct rp_rpr rpr = {.type = RP_A_ANNOUNCE, .announced_count = 2};

	rpr.announced[0].naf_ids[0] = element_naf_id(FOREIGN, UA_TLS13_PSK, foreign);
	rpr.announced[0].naf_id_count = 1;
	rpr.announced[1].naf_ids[0] = element_naf_id(FLOW_APP, UA_TLS13_PSK, own);
	rpr.announced[1].naf_id_count = 1;
	element_say(&element, &rpr);
	assert_int_equal(element.code, DIAMETER_NOT_AUTHORIZED);
	assert_string_equal(element.said, "not permitted: " FOREIGN);
	assert_int_equal(element.log_len, 16);
	assert_false(nobody_serves(f));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FOREIGN), &application));
	assert_null(elements_serving(&f->authn, &application));
}

static void a_ua_id_that_is_not_registered_is_not_served(void **state)
{
	struct flow *f = *state;
	struct ident application;

	element_announce(&element, FLOW_APP, UA_HTTP_DIGEST, false);
	assert_int_equal(element.code, DIAMETER_SUCCESS);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_int_equal(elements_serving(&f->authn, &application)->ua_count, 0);
}

static void while_authz_is_away_nothing_is_served(void **state)
{
	struct flow *f = *state;

	flow_stop_authz(f);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(element.code, DIAMETER_UNABLE_TO_COMPLY);
	assert_true(nobody_serves(f));
	flow_start_authz(f);
}

/* Of another type, of two applications in one, with a bad place in the log: there is no way to say that. */
static bool can_be_said_in_json(const struct rp_rpr *rpr)
{
	return rpr->type == RP_A_ANNOUNCE && rpr->announced[0].naf_id_count < 2 &&
	       rpr->log.len == 0 && rpr->announced[0].naf_id_count > 0;
}

static void bad_announcements_are_refused(void **state)
{
	struct flow *f = *state;
	uint8_t own[NAF_ID_MAX], foreign[NAF_ID_MAX];
	char long_text[300];
	const struct rp_announced good = {.naf_ids = {element_naf_id(FLOW_APP, UA_TLS13_PSK, own)},
		.naf_id_count = 1};
	struct rp_rpr cases[12];
	size_t count = 0;

	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i] = (struct rp_rpr){.type = RP_A_ANNOUNCE,
			.announced = {good},
			.announced_count = 1};
	}
	cases[count++].type = RP_A_PUSH; /* an element pushes nothing */
	cases[count++].type = RP_A_REVOKE;
	cases[count++].type = 77;
	cases[count++].announced[0].naf_id_count = 0;
	cases[count++].announced[0].naf_ids[0] = view_of("short", 5);
	cases[count].announced[0].naf_ids[1] = element_naf_id(FOREIGN, UA_TLS13_PSK, foreign);
	cases[count++].announced[0].naf_id_count = 2; /* of two applications */
	cases[count].announced[1] = good;
	cases[count++].announced_count = 2; /* twice */
	cases[count++].announced[0].address = view_of(long_text, sizeof(long_text));
	cases[count++].announced[0].address = view_text("127.0.0.1:1\n");
	cases[count].announced[0].mechanisms[0] = view_of(long_text, MECHANISM_MAX);
	cases[count++].announced[0].mechanism_count = 1;
	cases[count].log = view_text("fifteen bytes..");
	cases[count++].has_serial = true;
	cases[count++].log = view_text("sixteen bytes..."); /* and no serial */
	assert_int_equal(count, sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < count; i++) {
		if (flow_over_https && !can_be_said_in_json(&cases[i])) {
			continue;
		}
		element_say(&element, &cases[i]);
		assert_int_equal(element.code, DIAMETER_INVALID_AVP_VALUE);
		assert_true(nobody_serves(f));
	}
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false); /* and no harm was done */
	assert_int_equal(element.code, DIAMETER_SUCCESS);
}

/* --- pushing --- */

/* req: B9.6.1-d B9.6.1-b B9.4.1-f B9.4.1-g B10.4 */
static void a_token_is_pushed_before_the_device_hears_of_it(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	struct ident application;
	char id[TOKEN_ID_MAX + 1];
	SECRET(key);

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_bootstrap(f, FLOW_APP, &ue, id);
	assert_int_equal(element.heard_count, 1);
	const struct heard *heard = &element.heard[0];

	assert_int_equal(heard->type, RP_A_PUSH);
	assert_int_equal(heard->serial, 1);
	assert_string_equal(heard->token, id);
	assert_string_equal(heard->application, FLOW_APP);
	assert_true(ua_equal(heard->ua, UA_ALL));
	assert_string_equal(heard->format, "y3056");
	assert_int_equal(heard->key_count, 1);
	assert_true(ua_equal(heard->key_ua, UA_TLS13_PSK));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text(FLOW_APP), &application));
	assert_ok(token_derive(TOKEN_Y3056, &ue.base, &application, UA_TLS13_PSK, view_of(NULL, 0),
		&key));
	assert_true(secret_equal(&key, &heard->key));
	assert_int_equal(heard->creation, env_wall(&f->env.env));
	assert_true(heard->expiry > heard->creation);
	assert_non_null(strstr(heard->guss, "uid"));
	assert_null(strstr(heard->guss, "001010123456789")); /* the pseudonym alone */
	element_hears(&element, 1);
}

static void keys_go_only_for_ua_ids_that_are_served(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	element_announce(&element, FLOW_APP, UA_HTTP_DIGEST, false);
	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 1);
	assert_int_equal(element.heard[0].key_count, 0);
}

static void an_element_that_announced_nothing_is_told_nothing(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 0);
}

/* req: B9.6.1-d */
static void every_connected_element_of_the_application_is_told(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_open(&second, f, FLOW_OTHER);
	element_announce(&second, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(second.code, DIAMETER_SUCCESS);
	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 1);
	element_hears(&second, 1);
	assert_true(secret_equal(&element.heard[0].key, &second.heard[0].key));
	second.answer = 0;
	second.passes = f->authn_conf.push_wait;
	element_bootstrap(f, FLOW_APP, &ue, id);
	element_hears(&element, 2); /* one that hangs does not hold up the other */
}

/* 200 all the same, not later than rp_a.push_wait.  req: B10.4 */
static void an_element_that_hangs_holds_a_bootstrap_for_push_wait_only(void **state)
{
	struct flow *f = *state;
	struct ue ue;
	char id[TOKEN_ID_MAX + 1];

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.answer = 0;
	element.passes = f->authn_conf.push_wait;
	int64_t before = f->env.env.steady_us(&f->env.env);

	element_bootstrap(f, FLOW_APP, &ue, id);
	assert_int_equal(element.heard_count, 1);
	assert_int_equal(f->env.env.steady_us(&f->env.env) - before, 500 * 1000);
}

static void assert_in_order(const struct element_puppet *e, size_t from, uint64_t serial)
{
	for (size_t i = from; i < e->heard_count; i++) {
		assert_int_equal(e->heard[i].serial, serial + (i - from));
	}
}

/* req: B9.4.1-f */
static void who_comes_back_gets_what_it_missed_in_order_and_once(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_false(element_store_token(f, 1));
	element_hears(&element, 1);
	element_close(&element);
	flow_until_true(f, nobody_serves);
	for (unsigned i = 2; i <= 151; i++) {
		assert_true(element_store_token(f, i)); /* nobody to wait for */
	}
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 151);
	assert_in_order(&element, 0, 1);
	assert_int_equal(element.heard[150].key_count, 1);
	assert_false(element_store_token(f, 152)); /* live again */
	element_hears(&element, 152);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 152);
}

static void who_knows_another_log_begins_with_what_comes_next(void **state)
{
	struct flow *f = *state;

	element_store_token(f, 1);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(element.serial, 1);
	element.log[0] ^= 1;
	element.serial = 0;
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 0);
	element_store_token(f, 2);
	element_hears(&element, 1);
	assert_int_equal(element.heard[0].serial, 2);
}

static void what_has_expired_meanwhile_is_not_told(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_close(&element);
	flow_until_true(f, nobody_serves);
	element_store_token(f, 1);
	fake_env_advance(&f->env, 3600 * 1000);
	element_store_token(f, 2);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 1);
	assert_int_equal(element.heard[0].serial, 2);
}

/* A hung element costs its window; when it answers again it gets the rest from the store. */
static void an_element_that_hangs_costs_its_window_and_catches_up(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.answer = 0;
	f->authn_conf.push_wait = 0;
	for (unsigned i = 1; i <= EVENT_WINDOW; i++) {
		assert_false(element_store_token(f, i));
	}
	for (unsigned i = EVENT_WINDOW + 1; i <= EVENT_WINDOW + 30; i++) {
		assert_true(element_store_token(f, i)); /* it is not waited for */
	}
	element_hears(&element, EVENT_WINDOW);
	fake_env_advance(&f->env, f->authn_conf.diameter_answer);
	element_hears(&element, EVENT_WINDOW); /* given up: it rests */
	element_resume(&element);
	fake_env_advance(&f->env, 1000);
	element_hears(&element, EVENT_WINDOW + 1); /* tried with one */
	assert_int_equal(element.heard[EVENT_WINDOW].serial, 1);
	fake_env_advance(&f->env, f->authn_conf.diameter_answer);
	element_hears(&element, EVENT_WINDOW + 1);
	element.answer = DIAMETER_SUCCESS;
	element_resume(&element);
	fake_env_advance(&f->env, 1999);
	element_hears(&element, EVENT_WINDOW + 1); /* it rests longer each time */
	fake_env_advance(&f->env, 1);
	element_hears(&element, EVENT_WINDOW + 1 + EVENT_WINDOW + 30);
	assert_in_order(&element, EVENT_WINDOW + 1, 1);
	assert_false(element_store_token(f, 200));
	element_hears(&element, EVENT_WINDOW + 1 + EVENT_WINDOW + 31);
}

static void what_an_element_cannot_take_now_comes_again_in_order(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.answer = DIAMETER_UNABLE_TO_COMPLY;
	element_store_token(f, 1);
	element_store_token(f, 2);
	element_hears(&element, 1);
	element.answer = DIAMETER_SUCCESS;
	element_resume(&element);
	fake_env_advance(&f->env, 1000);
	element_hears(&element, 3);
	assert_in_order(&element, 1, 1);
}

/* It would hold up all that follows. */
static void what_an_element_will_never_take_is_left(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element.answer = DIAMETER_INVALID_AVP_VALUE;
	element_store_token(f, 1);
	element.answer = DIAMETER_SUCCESS;
	element_store_token(f, 2);
	element_hears(&element, 2);
	assert_in_order(&element, 0, 1);
}

/* req: B9.4.1-f */
static void the_log_outlives_the_node(void **state)
{
	struct flow *f = *state;
	uint8_t log[sizeof(element.log)];

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_store_token(f, 1);
	memcpy(log, element.log, sizeof(log));
	element_close(&element);
	flow_restart_authn(f);
	element_store_token(f, 2);
	element_reconnect(&element);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, true);
	element_hears(&element, 2);
	assert_in_order(&element, 0, 1);
	assert_memory_equal(element.log, log, sizeof(log));
}

/* A commit whose result is not known may have been one. */
static void what_was_committed_unseen_is_told_from_the_log(void **state)
{
	struct flow *f = *state;
	struct element_storing storing = {.untold = true};

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	element_store_token(f, 1);
	element_keep_token(f, 2, &storing);
	element_hears(&element, 1);
	events_look(&f->authn);
	element_hears(&element, 2);
	assert_false(element_store_token(f, 3));
	element_hears(&element, 3);
	assert_in_order(&element, 0, 1);
}

/* --- what was permitted, and is no longer --- */

static void an_element_that_loses_an_application_is_told_no_more(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	flow_drop_application(f, FLOW_APP);
	fake_env_advance(&f->env, f->authn_conf.element_check - 1);
	loop_turn(f->loop, 0);
	assert_false(nobody_serves(f));
	fake_env_advance(&f->env, 1);
	flow_until_true(f, nobody_serves);
	assert_true(element_store_token(f, 1));
	element_hears(&element, 0);
}

static bool somebody_serves(struct flow *f)
{
	return !nobody_serves(f);
}

static void what_is_permitted_later_is_served_then(void **state)
{
	struct flow *f = *state;

	flow_drop_application(f, FLOW_APP);
	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	assert_int_equal(element.code, DIAMETER_NOT_AUTHORIZED);
	flow_add_another(f, FLOW_APP, FLOW_ASP);
	fake_env_advance(&f->env, f->authn_conf.element_check);
	flow_until_true(f, somebody_serves);
	assert_false(element_store_token(f, 1));
	element_hears(&element, 1);
}

static void while_authz_is_away_what_was_permitted_holds(void **state)
{
	struct flow *f = *state;

	element_announce(&element, FLOW_APP, UA_TLS13_PSK, false);
	flow_stop_authz(f);
	fake_env_advance(&f->env, f->authn_conf.element_check);
	for (int i = 0; i < 50; i++) {
		loop_turn(f->loop, 1);
	}
	assert_false(element_store_token(f, 1));
	flow_start_authz(f);
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
		CASE(who_announces_hears_of_the_log_and_is_kept_in_mind),
		CASE(an_element_ends_with_the_way_that_it_spoke_by_last),
		CASE(what_was_announced_ends_with_the_connection),
		CASE(an_announcement_takes_the_place_of_the_one_before),
		CASE(an_application_of_another_asp_is_refused_and_named),
		CASE(a_ua_id_that_is_not_registered_is_not_served),
		CASE(while_authz_is_away_nothing_is_served),
		CASE(bad_announcements_are_refused),
		CASE(a_token_is_pushed_before_the_device_hears_of_it),
		CASE(keys_go_only_for_ua_ids_that_are_served),
		CASE(an_element_that_announced_nothing_is_told_nothing),
		CASE(every_connected_element_of_the_application_is_told),
		CASE(an_element_that_hangs_holds_a_bootstrap_for_push_wait_only),
		CASE(who_comes_back_gets_what_it_missed_in_order_and_once),
		CASE(who_knows_another_log_begins_with_what_comes_next),
		CASE(what_has_expired_meanwhile_is_not_told),
		CASE(an_element_that_hangs_costs_its_window_and_catches_up),
		CASE(what_an_element_cannot_take_now_comes_again_in_order),
		CASE(what_an_element_will_never_take_is_left),
		CASE(the_log_outlives_the_node),
		CASE(what_was_committed_unseen_is_told_from_the_log),
		CASE(an_element_that_loses_an_application_is_told_no_more),
		CASE(what_is_permitted_later_is_served_then),
		CASE(while_authz_is_away_what_was_permitted_holds),
	};

	int failed = RUN_TESTS(tests);

	flow_over_https = true;
	failed += _cmocka_run_group_tests("over HTTPS", tests, sizeof(tests) / sizeof(tests[0]),
		NULL, NULL);
	flow_over_https = false;
	return failed + on_postgres(tests, sizeof(tests) / sizeof(tests[0]));
}
