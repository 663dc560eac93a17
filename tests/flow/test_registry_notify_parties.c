// SPDX-License-Identifier: Apache-2.0
/* Which party is told what: its own, what it makes, what it knows; nothing while it is suspended.
 * req: R9.4-i-a R7-iv-e */
#include "test.h"

#include "base/text.h"
#include "enquirer.h"
#include "registry/enquiry/party.h"
#include "registry/notify/inside.h"
#include "registry/schema.h"

#include <stdlib.h>

enum { TURNS = 4000 };

#define DEVICE	"IN.TEL.P01:imei:356938035643809"
#define DEVICE2 "IN.TEL.P01:imei:490154203237518"

static struct registry_flow flow;
static struct enquirer enquirer;

static int open_world(void **state)
{
	enquirer_start(&enquirer, &flow, "notifications: {subscriptions_each: 2}\n");
	*state = &enquirer;
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	enquirer_stop(&enquirer);
	return 0;
}

#define until(condition)                                                                           \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn(flow.loop, 5);                                                   \
		}                                                                                  \
	} while (0)

static void become(const char *roles)
{
	assert_int_equal(enquirer_enrol(&enquirer, roles), 202);
	enquirer_approve(&enquirer, "approved");
}

static void subscribe(const char *filter, char ret[32])
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"filter\":%s,\"delivery\":{\"method\":\"sse\"}}",
		filter);
	assert_enquiry(&enquirer, 201, "POST", "/v1/subscriptions", body);
	const char *id = strstr(enquirer_said(&enquirer), "\"id\":\"");

	assert_non_null(id);
	(void)snprintf(ret, 32, "%.22s", id + 6);
}

/* As the administrator sees it. */
static bool waiting(const char *id, int count)
{
	char target[128], words[32];

	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s", id);
	(void)snprintf(words, sizeof(words), "\"waiting\":%d", count);
	assert_registry(&flow, 200, "GET", target, NULL);
	return strstr(registry_said(&flow), words) != NULL;
}

static void log_event_of(enum event_kind kind, const char *device, const char *make)
{
	char record[256];

	(void)snprintf(record, sizeof(record),
		"{\"subject\":\"%s\",\"make\":\"%s\",\"model\":\"X1\",\"was\":\"unverified\","
		"\"trust\":\"trusted\"}",
		device, make);
	(void)registry_log(&flow, kind, device, record);
}

/* The administrator's own subscription, that takes everything: once it has all, the others have theirs. */
static void all_looked_at(int count)
{
	static char id[32];

	if (count < 0) {
		assert_registry(&flow, 201, "POST", "/v1/subscriptions",
			"{\"filter\":{\"kinds\":[\"status_changed\",\"notice\",\"device_"
			"registered\","
			"\"vulnerability_recorded\"]},\"delivery\":{\"method\":\"sse\"}}");
		(void)snprintf(id, sizeof(id), "%.22s",
			strstr(registry_said(&flow), "\"id\":\"") + 6);
		return;
	}
	until(waiting(id, count));
}

static void an_enquirer_is_told_of_devices_that_it_names(void **state)
{
	char wide[32], named[32];

	(void)state;
	become("[\"enquirer\"]");
	subscribe("{\"make\":\"Acme\"}", wide);
	subscribe("{\"devices\":[\"" DEVICE "\",\"" DEVICE "\"]}", named);
	all_looked_at(-1);
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Acme");
	log_event_of(EVENT_STATUS_CHANGED, DEVICE2, "Acme");
	assert_registry(&flow, 202, "POST", "/v1/notices",
		"{\"make\":\"Acme\",\"title\":\"a notice is for everybody\"}");
	all_looked_at(3);
	assert_true(waiting(wide, 1));
	assert_true(waiting(named, 1));
	assert_enquiry(&enquirer, 403, "POST", "/v1/subscriptions",
		"{\"delivery\":{\"method\":\"sse\"}}"); /* it has two */
}

static const char *told_to(unsigned roles, const char *party)
{
	static char text[1024];
	static const uint8_t salt[LEDGER_SALT];
	struct buf out = buf_fixed(text, sizeof(text));
	struct subscriber s = {.roles = roles};
	const struct ledger_entry entry = {
		.kind = EVENT_STATUS_CHANGED,
		.origin = view_text("IN.TEL.P01"),
		.subject = view_text(DEVICE),
		.salt = salt,
		.record = view_text("{\"subject\":\"" DEVICE "\",\"make\":\"Acme\",\"trust\":"
				    "\"unreliable\",\"firmware\":\"1.0\",\"rule\":\"r\","
				    "\"reason\":\"why\"}"),
	};

	(void)snprintf(s.party, sizeof(s.party), "%s", party);
	assert_ok(told_put(&s, &entry, 1, &out));
	return buf_string(&out);
}

/* As when it asks. */
static void an_enquirer_is_not_told_why(void **state)
{
	(void)state;
	assert_null(strstr(told_to(PARTY_ENQUIRER, "p"), "why"));
	assert_null(strstr(told_to(PARTY_ENQUIRER, "p"), "\"rule\""));
	assert_null(strstr(told_to(PARTY_ENQUIRER, "p"), "\"firmware\""));
	assert_non_null(strstr(told_to(PARTY_ENQUIRER, "p"), "\"trust\":\"unreliable\""));
	assert_non_null(strstr(told_to(PARTY_AGENCY, "p"), "\"reason\":\"why\""));
	assert_non_null(strstr(told_to(0, ""), "\"reason\":\"why\""));
}

static void an_owner_names_no_devices_of_others(void **state)
{
	(void)state;
	become("[\"owner\"]");
	assert_enquiry(&enquirer, 403, "POST", "/v1/subscriptions",
		"{\"filter\":{\"devices\":[\"" DEVICE "\"]},\"delivery\":{\"method\":\"sse\"}}");
}

static void a_manufacturer_is_told_of_what_it_makes(void **state)
{
	char id[32];

	(void)state;
	become("[\"manufacturer\"]");
	subscribe("{}", id);
	all_looked_at(-1);
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Aeotec");
	log_event_of(EVENT_STATUS_CHANGED, DEVICE2, "Acme");
	all_looked_at(2);
	assert_true(waiting(id, 1));
}

static void an_agency_is_told_of_all_but_what_is_the_staffs(void **state)
{
	char id[32];

	(void)state;
	become("[\"agency\"]");
	subscribe("{\"kinds\":[\"status_changed\",\"device_registered\"]}", id);
	all_looked_at(-1);
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Acme");
	log_event_of(EVENT_DEVICE_REGISTERED, DEVICE, "Acme");
	all_looked_at(2);
	assert_true(waiting(id, 1));
}

static void log_advisory(const char *tlp, int64_t release_at)
{
	char record[256];

	(void)snprintf(record, sizeof(record),
		"{\"subject\":\"csaf:A\",\"title\":\"t\",\"tlp\":\"%s\",\"release_at\":%lld,"
		"\"models\":[{\"make\":\"Aeotec\",\"model\":\"X1\"}]}",
		tlp, (long long)release_at);
	(void)registry_log(&flow, EVENT_VULNERABILITY_RECORDED, "csaf:A", record);
}

/* Traffic light protocol: R7-b */
static void an_advisory_goes_where_it_may(void **state)
{
	const int64_t now = flow.env.wall_ms, day = 24 * 60 * 60 * 1000;
	static const struct {
		const char *role;
		int told;
	} rows[] = {{"[\"enquirer\"]", 2}, {"[\"manufacturer\"]", 4}, {"[\"agency\"]", 4}};
	char ids[3][32];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		become(rows[i].role);
		subscribe("{}", ids[i]);
	}
	all_looked_at(-1);
	log_advisory("white", now - day);
	log_advisory("green", now - day);
	log_advisory("green", now + day);
	log_advisory("amber", now - day);
	log_advisory("red", now - day);
	all_looked_at(5);
	for (size_t i = 0; i < 3; i++) {
		if (!waiting(ids[i], rows[i].told)) {
			fail_msg("%s: %s", rows[i].role, registry_said(&flow));
		}
	}
}

static void on_done(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	assert_int_equal(result->err, OK);
	*(bool *)user = true;
}

static void own(const char *device, const char *owner, const char *party)
{
	const struct store_step steps[] = {
		{.statement = ADD_OWNER,
			.param_count = 7,
			.params = {STORE_TEXT_OF(view_text(owner)), STORE_TEXT_OF(view_text("")),
				STORE_BLOB_OF(view_text("sealed")), STORE_INT_OF(0),
				STORE_NULL_OF(), STORE_TEXT_OF(view_text(party)), STORE_INT_OF(1)}},
		{.statement = SET_CUSTODY,
			.param_count = 3,
			.params = {STORE_TEXT_OF(view_text(device)),
				STORE_TEXT_OF(view_text(owner)), STORE_INT_OF(1)}},
	};
	bool done = false;

	assert_ok(store_submit(flow.registry.store, steps, 2, on_done, &done, 0));
	registry_wait(&flow, &done);
}

static void an_owner_is_told_of_his_own(void **state)
{
	char id[32];

	(void)state;
	become("[\"owner\"]");
	own(DEVICE, "owner-1", enquirer.id);
	own(DEVICE2, "owner-2", "somebody else");
	subscribe("{\"own\":true,\"kinds\":[\"status_changed\",\"device_registered\"]}", id);
	all_looked_at(-1);
	for (int i = 0; i < 20; i++) { /* more than one look at whose they are */
		log_event_of(EVENT_STATUS_CHANGED, i % 2 ? DEVICE : DEVICE2, "Acme");
	}
	log_event_of(EVENT_DEVICE_REGISTERED, DEVICE, "Acme");
	all_looked_at(21);
	assert_true(waiting(id, 11));
}

static void who_is_suspended_is_told_nothing(void **state)
{
	char id[32], target[128];

	(void)state;
	become("[\"agency\"]");
	subscribe("{}", id);
	all_looked_at(-1);
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Acme");
	all_looked_at(1);
	assert_true(waiting(id, 1));
	enquirer_approve(&enquirer, "suspended");
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s", id);
	until(registry_ask(&flow, "GET", target, NULL) == 200 &&
		strstr(registry_said(&flow), "\"suspended\":true"));
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Acme");
	all_looked_at(2);
	assert_true(waiting(id, 1));
	enquirer_approve(&enquirer, "approved");
	until(registry_ask(&flow, "GET", target, NULL) == 200 &&
		!strstr(registry_said(&flow), "\"suspended\""));
	log_event_of(EVENT_STATUS_CHANGED, DEVICE, "Acme");
	all_looked_at(3);
	assert_true(waiting(id, 2));
	registry_flow_restart(&flow);
	assert_true(waiting(id, 2));
	enquirer_approve(&enquirer, "removed");
	until(registry_ask(&flow, "GET", target, NULL) == 404);
}

static void another_partys_subscription_is_not_there(void **state)
{
	char id[32], target[160];

	(void)state;
	become("[\"agency\"]");
	subscribe("{}", id);
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s", id);
	assert_enquiry(&enquirer, 200, "GET", target, NULL);
	assert_null(strstr(enquirer_said(&enquirer), "\"party\""));
	become("[\"agency\"]"); /* under another key */
	assert_enquiry(&enquirer, 404, "GET", target, NULL);
	assert_enquiry(&enquirer, 404, "DELETE", target, NULL);
	assert_enquiry(&enquirer, 200, "GET", "/v1/subscriptions", NULL);
	assert_non_null(strstr(enquirer_said(&enquirer), "\"items\":[]"));
	(void)snprintf(target, sizeof(target), "/v1/subscriptions/%s/dead-letters", id);
	assert_enquiry(&enquirer, 404, "GET", target, NULL);
	assert_registry(&flow, 200, "GET", "/v1/subscriptions", NULL);
	assert_registry_said(&flow, "\"party\":");
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_enquirer_is_told_of_devices_that_it_names),
		IN_WORLD(an_enquirer_is_not_told_why),
		IN_WORLD(an_owner_names_no_devices_of_others),
		IN_WORLD(a_manufacturer_is_told_of_what_it_makes),
		IN_WORLD(an_agency_is_told_of_all_but_what_is_the_staffs),
		IN_WORLD(an_advisory_goes_where_it_may),
		IN_WORLD(an_owner_is_told_of_his_own),
		IN_WORLD(who_is_suspended_is_told_nothing),
		IN_WORLD(another_partys_subscription_is_not_there),
	};

	return RUN_TESTS(tests);
}
