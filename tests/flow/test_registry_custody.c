// SPDX-License-Identifier: Apache-2.0
/* A device tells whose it is, over the token of its realm, and what the realm vouches for is compared with it; one that was
 * announced gets the owner it was announced with.  req: R9.2-i-d R9.2-i-g R6.3 */
#include "test.h"

#include "devices.h"
#include "registry/owners/owners.h"

#define ALICE "001010123456789@" FLOW_REALM
#define BOB   "001010000000002@" FLOW_REALM
#define IMEI  "urn:gsma:imei:35693803-564380-0"
#define ID    DEVICES_REGISTRY ":imei:356938035643809"
#define OWNER "/v1/devices/" ID "/owner"
#define AKA                                                                                        \
	"{\"facts\":{\"make\":\"Acme\",\"model\":\"T-1\",\"firmware\":\"1.2\"},"                   \
	"\"evidence\":{\"kind\":\"aka\"}}"

static struct devices_flow flow;

static int open_with(void **state, const char *more)
{
	devices_open(&flow, more);
	*state = &flow;
	return 0;
}

static int set_up(void **state)
{
	return open_with(state, "");
}

static int set_up_strict(void **state)
{
	return open_with(state, "ownership: {verified: true}\n");
}

static int set_up_closed(void **state)
{
	return open_with(state, "ownership: {by_device: false}\n");
}

static int tear_down(void **state)
{
	devices_close(*state);
	return 0;
}

/* A registered device whose subscriber's name the realm tells this registry, or does not. */
static void open_device(struct flow_device *device, struct devices_flow *d, bool named)
{
	flow_device_open(device, d, ALICE, IMEI);
	if (named) {
		flow_add_subscriber(&d->f, "alice", "Alice Example", "{}", ALICE);
		flow_grant_terms(&d->f, ALICE, FLOW_APP, DEVICES_FOREVER, "",
			"device_identity name");
		flow_device_connect(device, true);
	}
	assert_device(device, 201, "POST", "/v1/devices", AKA);
}

static void what_the_realm_vouches_for_is_verified(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;
	char owner[64], target[128];

	open_device(&device, d, true);
	assert_device(&device, 200, "PUT", OWNER,
		"{\"claims\":{\"name\":\"Alice Example\",\"email\":\"alice@home.example\"}}");
	assert_devices_said(d, "\"verified\":true");
	devices_member(d, "owner", owner, sizeof(owner));
	(void)snprintf(target, sizeof(target), "/v1/owners/%s", owner);
	assert_staff(d, 200, "GET", target, NULL);
	assert_devices_said(d, "\"verified\":{\"claims\":\"name\",\"realm\":\"" FLOW_REALM "\"");
	assert_device(&device, 200, "GET", OWNER, NULL);
	assert_device(&device, 409, "PUT", OWNER, "{\"claims\":{\"name\":\"Alice Example\"}}");
	assert_staff(d, 200, "GET", "/v1/devices/" ID "/history", NULL);
	assert_devices_said(d, "\"owner\":\"set\",\"verified\":true,\"by\":\"device\"");
	assert_null(strstr(devices_said(d), "Alice"));
	flow_device_close(&device);
}

static void what_the_realm_says_otherwise_is_refused(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	open_device(&device, d, true);
	assert_device(&device, 409, "PUT", OWNER, "{\"claims\":{\"name\":\"Mallory\"}}");
	assert_devices_said(d, "claims.name");
	assert_device(&device, 404, "GET", OWNER, NULL);
	flow_device_close(&device);
}

static void a_realm_that_tells_nothing_vouches_for_nothing(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	open_device(&device, d, false);
	assert_device(&device, 200, "PUT", OWNER, "{\"claims\":{\"name\":\"Mallory\"}}");
	assert_devices_said(d, "\"verified\":false");
	flow_device_close(&device);
}

/* req: R6.3 */
static void policy_may_want_a_verified_owner(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	open_device(&device, d, false);
	assert_device(&device, 403, "PUT", OWNER, "{\"claims\":{\"name\":\"Mallory\"}}");
	flow_device_close(&device);
}

static void policy_may_leave_it_to_administrators(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	open_device(&device, d, false);
	assert_device(&device, 403, "PUT", OWNER, "{\"claims\":{\"name\":\"Alice Example\"}}");
	flow_device_close(&device);
}

static void another_device_says_nothing_of_it(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device, other;

	open_device(&device, d, false);
	flow_device_open(&other, d, BOB, NULL);
	assert_device(&other, 404, "PUT", OWNER, "{\"claims\":{\"name\":\"Mallory\"}}");
	assert_device(&other, 404, "GET", OWNER, NULL);
	flow_device_close(&other);
	flow_device_close(&device);
}

/* An owner of two devices is one owner, when the second one's realm vouches for the same name. */
static void a_device_names_an_owner_that_its_realm_vouches_for(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;
	char owner[64], body[128];

	open_device(&device, d, true);
	assert_staff(d, 201, "POST", "/v1/owners", "{\"claims\":{\"name\":\"Bob Example\"}}");
	devices_member(d, "id", owner, sizeof(owner));
	(void)snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", owner);
	assert_device(&device, 409, "PUT", OWNER, body);
	assert_staff(d, 201, "POST", "/v1/owners", "{\"claims\":{\"name\":\"Alice Example\"}}");
	devices_member(d, "id", owner, sizeof(owner));
	(void)snprintf(body, sizeof(body), "{\"owner\":\"%s\"}", owner);
	assert_device(&device, 200, "PUT", OWNER, body);
	flow_device_close(&device);
}

static void on_logged(void *user, uint64_t ref, const struct store_result *result, int64_t first_seq)
{
	(void)ref;
	(void)first_seq;
	assert_int_equal(result->err, OK);
	*(bool *)user = true;
}

/* As a bulk import leaves it. */
static void announce(struct devices_flow *d, const char *owner)
{
	char reference[OWNER_REFERENCE];
	bool done = false;

	assert_ok(owner_hash_reference(&d->registry, owner, reference));
	const struct store_step step = {
		.statement = ADD_PREREG,
		.param_count = 7,
		.params = {STORE_INT_OF(1), STORE_TEXT_OF(view_text(IMEI)),
			STORE_TEXT_OF(view_text("")), STORE_TEXT_OF(view_text(reference)),
			STORE_TEXT_OF(view_text("{\"make\":\"Acme\",\"model\":\"T-1\"}")),
			STORE_INT_OF(1), STORE_TEXT_OF(view_text(DEVICES_REGISTRY))},
	};

	assert_ok(ledger_submit(d->registry.ledger, NULL, 0, &step, 1, on_logged, &done, 0));
	flow_until(&d->f, &done);
}

/* req: R9.2-i-g */
static void an_announced_device_gets_its_owner_with_its_evidence(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;
	char owner[64];

	assert_staff(d, 201, "POST", "/v1/owners",
		"{\"owner\":\"own-1\",\"claims\":{\"name\":\"Alice Example\"}}");
	devices_member(d, "id", owner, sizeof(owner));
	announce(d, "own-1");
	assert_staff(d, 200, "GET", "/v1/preregistrations", NULL);
	assert_devices_said(d, IMEI);
	assert_staff(d, 404, "GET", OWNER, NULL);
	open_device(&device, d, false);
	assert_staff(d, 200, "GET", OWNER, NULL);
	assert_devices_said(d, owner);
	assert_staff(d, 200, "GET", "/v1/preregistrations", NULL);
	assert_devices_said(d, "\"items\":[]");
	flow_device_close(&device);
}

static void retired_devices_register_when_an_administrator_lets_them(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	open_device(&device, d, false);
	assert_staff(d, 200, "POST", "/v1/devices/" ID "/lifecycle", "{\"change\":\"retired\"}");
	assert_device(&device, 409, "POST", "/v1/devices", AKA);
	assert_staff(d, 200, "POST", "/v1/devices/" ID "/lifecycle", "{\"change\":\"reinstated\"}");
	assert_device(&device, 200, "POST", "/v1/devices", AKA);
	flow_device_close(&device);
}

#define CUSTODY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUSTODY(what_the_realm_vouches_for_is_verified),
		CUSTODY(what_the_realm_says_otherwise_is_refused),
		CUSTODY(a_realm_that_tells_nothing_vouches_for_nothing),
		cmocka_unit_test_setup_teardown(policy_may_want_a_verified_owner, set_up_strict,
			tear_down),
		cmocka_unit_test_setup_teardown(policy_may_leave_it_to_administrators,
			set_up_closed, tear_down),
		CUSTODY(another_device_says_nothing_of_it),
		CUSTODY(a_device_names_an_owner_that_its_realm_vouches_for),
		CUSTODY(an_announced_device_gets_its_owner_with_its_evidence),
		CUSTODY(retired_devices_register_when_an_administrator_lets_them),
	};
	return RUN_TESTS(tests);
}
