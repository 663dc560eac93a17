// SPDX-License-Identifier: Apache-2.0
/* Registries of three levels: joining, following, the lists that each of them has.  req: R3.2 R6.1-a R7-iv-d R7-iv-f */
#include "test.h"

#include "hierarchy.h"

#define DEVICE "IN.TEL.P01:mac:0024befffe804ff1"
#define REGISTER                                                                                   \
	"{\"subject\":\"" DEVICE                                                                   \
	"\",\"facts\":{\"make\":\"Acme\",\"model\":\"M1\",\"firmware\":\"1.0\"}}"
#define CHANGED                                                                                    \
	"{\"subject\":\"" DEVICE                                                                   \
	"\",\"trust\":\"unreliable\",\"was\":\"unverified\",\"rule\":\"r\","                       \
	"\"reason\":\"x\",\"make\":\"Acme\",\"model\":\"M1\"}"

static struct hierarchy h;
static struct registry_flow *geo, *sec, *prim;

static int open_three(void **state)
{
	(void)state;
	hierarchy_open(&h);
	geo = hierarchy_add(&h, "IN", "");
	sec = hierarchy_add(&h, "IN.TEL", "");
	prim = hierarchy_add(&h, "IN.TEL.P01", "");
	return 0;
}

static int close_three(void **state)
{
	(void)state;
	hierarchy_close(&h);
	return 0;
}

static bool lists(struct registry_flow *r, const char *trust, const char *words)
{
	char target[64];

	(void)snprintf(target, sizeof(target), "/v1/lists/%s", trust);
	assert_registry(r, 200, "GET", target, NULL);
	return strstr(registry_said(r), words);
}

static void join_all(void)
{
	hierarchy_join(&h, sec, geo, "parent");
	hierarchy_join(&h, prim, sec, "parent");
}

static void a_change_is_seen_at_every_level(void **state)
{
	(void)state;
	join_all();
	(void)registry_log(prim, EVENT_DEVICE_REGISTERED, DEVICE, REGISTER);
	(void)registry_log(prim, EVENT_STATUS_CHANGED, DEVICE, CHANGED);
	hierarchy_until(&h, hierarchy_in_step(sec, prim) && hierarchy_in_step(geo, sec));
	assert_true(lists(geo, "unreliable", "\"registry\":\"IN.TEL.P01\""));
	assert_true(lists(geo, "unreliable", "\"make\":\"Acme\""));
	assert_true(lists(geo, "unreliable", "\"through\":\"IN.TEL\""));
	assert_true(lists(sec, "unreliable", DEVICE));
	assert_false(lists(geo, "trusted", DEVICE));
	assert_registry(geo, 200, "GET", "/v1/devices/" DEVICE "/history", NULL);
	assert_registry_said(geo, "status_changed");
}

static void log_device(struct registry_flow *r, const char *id, const char *trust)
{
	char record[512];

	(void)snprintf(record, sizeof(record),
		"{\"subject\":\"%s\",\"facts\":{\"make\":\"Acme\",\"model\":\"M1\",\"firmware\":"
		"\"1.0\"}}",
		id);
	(void)registry_log(r, EVENT_DEVICE_REGISTERED, id, record);
	(void)snprintf(record, sizeof(record),
		"{\"subject\":\"%s\",\"trust\":\"%s\",\"rule\":\"r\",\"make\":\"Acme\",\"model\":"
		"\"M1\"}",
		id, trust);
	(void)registry_log(r, EVENT_STATUS_CHANGED, id, record);
}

static void all_in_step(void)
{
	hierarchy_until(&h, hierarchy_in_step(sec, prim) && hierarchy_in_step(geo, sec));
	hierarchy_until(&h, hierarchy_in_step(sec, geo) && hierarchy_in_step(prim, sec));
}

static bool has_event(struct registry_flow *r, const char *subject, const char *words)
{
	char target[160];

	(void)snprintf(target, sizeof(target), "/v1/devices/%s/history", subject);
	return registry_ask(r, "GET", target, NULL) == 200 && strstr(registry_said(r), words);
}

/* req: R3.2 */
static void types_have_their_places(void **state)
{
	(void)state;
	struct registry_flow *other = hierarchy_add(&h, "US", "");

	hierarchy_join(&h, sec, geo, "parent");
	assert_int_equal(hierarchy_ask(sec, other, "parent"), 409);
	assert_registry_said(sec, "single parent");
	assert_int_equal(hierarchy_ask(geo, other, "parent"), 403);
	assert_int_equal(hierarchy_ask(sec, geo, "child"), 400);
	assert_int_equal(hierarchy_ask(prim, other, "parent"), 202);
	hierarchy_until(&h, hierarchy_is(prim, "US", PEER_REFUSED));
	assert_registry(prim, 200, "GET", "/v1/registries/US", NULL);
	assert_registry_said(prim, "3.2.2");
	hierarchy_join(&h, other, geo, "peer");
	assert_int_equal(hierarchy_peer(geo, "US")->relation, PEER_EQUAL);
}

/* A primary in two hierarchies: each has all of it, by its own way. */
static void there_are_several_hierarchies(void **state)
{
	(void)state;
	struct registry_flow *other = hierarchy_add(&h, "IN.MED", "");

	join_all();
	hierarchy_join(&h, other, geo, "parent");
	hierarchy_join(&h, prim, other, "parent");
	hierarchy_until(&h,
		hierarchy_is(geo, "IN.MED", PEER_ISOLATED)); /* nobody said that it may */
	assert_registry(geo, 400, "PUT", "/v1/registries/IN.MED/readmission",
		"{\"also\":\"IN.TEL.P01, IN\"}");
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.MED/readmission",
		"{\"also\":\"IN.TEL.P01\"}");
	log_device(prim, DEVICE, "unreliable");
	all_in_step();
	hierarchy_until(&h, hierarchy_in_step(other, prim) && hierarchy_in_step(geo, other));
	assert_true(lists(geo, "unreliable", DEVICE));
	assert_true(lists(other, "unreliable", DEVICE));
	assert_false(strstr(strstr(registry_said(other), DEVICE) + 1, DEVICE));
}

static void a_parent_says_no(void **state)
{
	(void)state;
	assert_int_equal(hierarchy_ask(sec, geo, "parent"), 202);
	hierarchy_until(&h, hierarchy_is(geo, "IN.TEL", PEER_ASKED));
	assert_registry(geo, 200, "PUT", "/v1/registries/IN.TEL/approval",
		"{\"approve\":false,\"reason\":\"not known to us\"}");
	assert_registry(geo, 409, "PUT", "/v1/registries/IN.TEL/approval", "{}");
	hierarchy_until(&h, hierarchy_is(sec, "IN", PEER_REFUSED));
	assert_string_equal(hierarchy_peer(sec, "IN")->reason, "not known to us");
	assert_registry(geo, 404, "PUT", "/v1/registries/IN.XYZ/approval", "{}");
	assert_registry(geo, 409, "PUT", "/v1/registries/IN.TEL/readmission", "{}");
}

/* req: R9.1-iii */
static void an_erasure_reaches_every_level(void **state)
{
	(void)state;
	join_all();
	log_device(prim, DEVICE, "unreliable");
	all_in_step();
	assert_true(has_event(geo, DEVICE, "Acme"));
	const struct event erased = {.kind = EVENT_ERASED,
		.subject = view_text(DEVICE),
		.record = view_text("{\"subject\":\"" DEVICE "\"}")};
	const struct store_step step = ledger_erase_step(view_text(DEVICE));

	prim->done = false;
	assert_ok(ledger_submit(prim->registry.ledger, &erased, 1, &step, 1, registry_on_logged,
		prim, 0));
	registry_wait(prim, &prim->done);
	all_in_step();
	assert_false(has_event(geo, DEVICE, "Acme"));
	assert_false(has_event(sec, DEVICE, "Acme"));
	assert_false(lists(geo, "unreliable", DEVICE));
}

static void a_parents_word_is_heard_below(void **state)
{
	(void)state;
	struct registry_flow *other = hierarchy_add(&h, "IN.TEL.P02", "");

	join_all();
	hierarchy_join(&h, other, sec, "parent");
	log_device(prim, DEVICE, "trusted");
	all_in_step();
	hierarchy_until(&h, hierarchy_in_step(other, sec));
	assert_true(lists(other, "trusted", DEVICE)); /* of another primary: heard */
	assert_true(lists(other, "trusted", "\"through\":\"IN.TEL\""));
	(void)registry_log(geo, EVENT_STATUS_CHANGED, DEVICE, CHANGED);
	(void)registry_log(geo, EVENT_VULNERABILITY_RECORDED, "csaf:acme-1",
		"{\"subject\":\"csaf:acme-1\",\"severity\":9,\"tlp\":\"amber\",\"release_at\":0}");
	(void)registry_log(geo, EVENT_VULNERABILITY_RECORDED, "csaf:acme-2",
		"{\"subject\":\"csaf:acme-2\",\"severity\":9,\"tlp\":\"red\",\"release_at\":0}");
	all_in_step();
	all_in_step(); /* what the middle makes of it */
	assert_true(has_event(prim, DEVICE, "\"kind\":\"word_heard\""));
	assert_registry_said(prim, "\"origin\":\"IN\"");
	assert_true(has_event(prim, "csaf:acme-1", "\"severity\":9"));
	assert_true(has_event(sec, "csaf:acme-1", "\"severity\":9"));
	assert_false(has_event(sec, "csaf:acme-2", "\"severity\":9")); /* req: R7-b */
	hierarchy_restart(&h, prim);
	hierarchy_until(&h, hierarchy_in_step(prim, sec));
}

/* req: R9.2-i-b */
static void one_device_at_two_registries_is_told_to_both(void **state)
{
	(void)state;
	struct registry_flow *med = hierarchy_add(&h, "IN.MED", "");
	struct registry_flow *other = hierarchy_add(&h, "IN.MED.P03", "");

	join_all();
	hierarchy_join(&h, med, geo, "parent");
	hierarchy_join(&h, other, med, "parent");
	log_device(prim, DEVICE, "trusted");
	log_device(other, "IN.MED.P03:mac:0024befffe804ff1", "trusted");
	hierarchy_until(&h, has_event(prim, DEVICE, "duplicate_detected"));
	assert_registry_said(prim, "IN.MED.P03");
	hierarchy_until(&h,
		has_event(other, "IN.MED.P03:mac:0024befffe804ff1", "duplicate_detected"));
	assert_true(has_event(geo, DEVICE, "duplicate_detected"));
}

/* A bilateral peer speaks for what is its own.  req: R6.1-d */
static void a_peer_says_nothing_of_others(void **state)
{
	struct registry_flow *us, *de;

	(void)state;
	us = hierarchy_add(&h, "US", "");
	de = hierarchy_add(&h, "DE", "");
	hierarchy_join(&h, us, geo, "peer");
	hierarchy_join(&h, de, geo, "peer");
	(void)registry_log(geo, EVENT_ENQUIRER_CHANGED, "party:abc",
		"{\"subject\":\"party:abc\",\"reason\":\"kept\"}");
	log_device(de, "DE:mac:0024befffe804ff1", "unreliable");
	hierarchy_until(&h, hierarchy_in_step(geo, de));
	assert_true(lists(geo, "unreliable", "DE:mac:0024befffe804ff1"));
	log_device(us, "DE:mac:0024befffe804ff1", "trusted");
	(void)registry_log(us, EVENT_ERASED, "party:abc", "{\"subject\":\"party:abc\"}");
	(void)registry_log(us, EVENT_ERASED, "", "{\"subject\":\"DE:mac:0024befffe804ff1\"}");
	hierarchy_until(&h, hierarchy_in_step(geo, us));
	assert_true(lists(geo, "unreliable", "DE:mac:0024befffe804ff1"));
	assert_false(lists(geo, "trusted", "DE:mac:0024befffe804ff1"));
	assert_true(has_event(geo, "party:abc", "kept"));
	assert_true(hierarchy_is(geo, "US", PEER_JOINED));
}

/* Each of them is read, and does nothing: a whole batch of them fits. */
static void entries_that_say_nothing_are_passed_over(void **state)
{
	struct registry_flow *us = hierarchy_add(&h, "US", "");

	(void)state;
	for (int i = 0; i < 40; i++) {
		(void)registry_log(us, EVENT_STATUS_CHANGED, "US:mac:0024befffe804ff1",
			"{\"subject\":\"US:mac:0024befffe804ff1\"}");
	}
	hierarchy_join(&h, us, geo, "peer");
	log_device(us, "US:mac:0024befffe804ff2", "unreliable");
	hierarchy_until(&h, hierarchy_in_step(geo, us));
	assert_true(lists(geo, "unreliable", "US:mac:0024befffe804ff2"));
}

/* What a child should have kept to itself is not kept above it either. */
static void what_is_not_for_a_parent_is_not_kept(void **state)
{
	(void)state;
	join_all();
	(void)registry_log(geo, EVENT_ENQUIRER_CHANGED, "party:abc",
		"{\"subject\":\"party:abc\",\"reason\":\"kept\"}");
	(void)registry_log(prim, EVENT_ERASED, "party:abc", "{\"subject\":\"party:abc\"}");
	all_in_step();
	assert_true(has_event(geo, "party:abc", "kept"));
}

/* A certificate is one registry: it does not come again as another.  req: R9.1-i */
static void a_host_is_one_registry(void **state)
{
	struct registry_flow *other = hierarchy_add(&h, "IN-TEL", ""); /* of the host of IN.TEL */

	(void)state;
	hierarchy_join(&h, sec, geo, "parent");
	assert_int_equal(hierarchy_ask(other, geo, "peer"), 202);
	hierarchy_until(&h, hierarchy_is(other, "IN", PEER_REFUSED));
	assert_registry(other, 200, "GET", "/v1/registries/IN", NULL);
	assert_registry_said(other, "that host is another registry's");
}

/* Far behind, a registry gets the state in place of the history, and then follows on. */
static void a_snapshot_brings_the_state(void **state)
{
	char id[64];

	(void)state;
	struct registry_flow *big =
		hierarchy_add(&h, "IN.MED", "peers: {snapshot_behind: 50, approve: below}\n");

	for (int i = 0; i < 300; i++) {
		(void)snprintf(id, sizeof(id), "IN.MED.P09:mac:0024befffe80%04x", i % 150);
		log_device(big, id, i < 150 ? "trusted" : "unreliable");
	}
	assert_int_equal(ledger_size(big->registry.ledger), 601);
	hierarchy_join(&h, big, geo, "parent");
	assert_true(ledger_size(geo->registry.ledger) < 400);
	assert_true(lists(geo, "unreliable", "0024befffe800000"));
	assert_false(lists(geo, "trusted", "0024befffe80"));
	log_device(big, DEVICE, "trusted"); /* follows on; not its own: */
	hierarchy_until(&h, hierarchy_is(geo, "IN.MED", PEER_ISOLATED));
	assert_string_equal(hierarchy_peer(geo, "IN.MED")->reason,
		"entry 602: of a device in another registry");
}

static void policy_approves_what_is_below(void **state)
{
	(void)state;
	struct registry_flow *us = hierarchy_add(&h, "US", "peers: {approve: below}\n");
	struct registry_flow *tel = hierarchy_add(&h, "US.TEL", "");

	assert_int_equal(hierarchy_ask(tel, us, "parent"), 202);
	hierarchy_until(&h, hierarchy_in_step(us, tel) && hierarchy_in_step(tel, us));
	assert_int_equal(hierarchy_ask(sec, us, "parent"), 202); /* IN.TEL under US: by hand */
	hierarchy_until(&h, hierarchy_is(us, "IN.TEL", PEER_ASKED));
}

/* req: R7-iv-f */
static void a_restart_goes_on_where_it_was(void **state)
{
	(void)state;
	join_all();
	log_device(prim, DEVICE, "trusted");
	all_in_step();
	const int64_t size = ledger_size(geo->registry.ledger);

	hierarchy_restart(&h, geo);
	hierarchy_restart(&h, sec);
	log_device(prim, "IN.TEL.P01:mac:0024befffe804ff2", "trusted");
	all_in_step();
	assert_true(lists(geo, "trusted", "0024befffe804ff2"));
	assert_true(ledger_size(geo->registry.ledger) <= size + 6);
}

#define WITH_THREE(test) cmocka_unit_test_setup_teardown(test, open_three, close_three)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_THREE(a_change_is_seen_at_every_level),
		WITH_THREE(types_have_their_places),
		WITH_THREE(there_are_several_hierarchies),
		WITH_THREE(a_parent_says_no),
		WITH_THREE(an_erasure_reaches_every_level),
		WITH_THREE(a_parents_word_is_heard_below),
		WITH_THREE(one_device_at_two_registries_is_told_to_both),
		WITH_THREE(a_peer_says_nothing_of_others),
		WITH_THREE(entries_that_say_nothing_are_passed_over),
		WITH_THREE(what_is_not_for_a_parent_is_not_kept),
		WITH_THREE(a_host_is_one_registry),
		WITH_THREE(a_snapshot_brings_the_state),
		WITH_THREE(policy_approves_what_is_below),
		WITH_THREE(a_restart_goes_on_where_it_was),
	};

	return RUN_TESTS(tests);
}
