// SPDX-License-Identifier: Apache-2.0
/* Registration of devices (Y.3059 9.2): register, acknowledge, det, report, virtual RegDevIDs, and who must not. */
#include "test.h"

#include "devices.h"
#include "registry/ledger/ledger.h"
#include "registry/realm/visits.h"
#include "registry/schema.h"

#define ALICE	   "001010123456789@" FLOW_REALM
#define BOB	   "001010000000002@" FLOW_REALM
#define IMEI	   "urn:gsma:imei:35693803-564380-0"
#define OTHER_IMEI "urn:gsma:imei:90420156-025763-0"
#define ID	   DEVICES_REGISTRY ":imei:356938035643809"
#define OTHER_ID   DEVICES_REGISTRY ":imei:904201560257637"
#define ELSEWHERE  "IN.TEL.P02:imei:356938035643809"
#define MAC	   "urn:dev:mac:0024befffe804ff1"
#define MAC_ID	   DEVICES_REGISTRY ":mac:0024befffe804ff1"
#define FACTS                                                                                      \
	"{\"make\":\"Acme\",\"model\":\"T-1\",\"firmware\":\"1.2\",\"type\":\"meter\","            \
	"\"communication\":[\"nb-iot\"],\"connectivity\":[\"ip\"],\"power\":[\"battery\"],"        \
	"\"protocols\":[\"coap\"]}"
#define AKA "{\"facts\":" FACTS ",\"evidence\":{\"kind\":\"aka\"}}"

static int set_up(void **state)
{
	static struct devices_flow d;

	devices_open(&d, "");
	*state = &d;
	return 0;
}

static int tear_down(void **state)
{
	devices_close(*state);
	return 0;
}

static const struct device_facts facts = {.make = "Acme",
	.model = "T-1",
	.firmware = "1.2",
	.type = "meter"};

/* req: R7-iv-a R7-iv-b R9.2-i-b R9.2-i-c R9.2-i-e R9.2-note R10 R6.1-c */
static void a_device_registers_and_confirms(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	assert_devices_said(d, "\"id\":\"" ID "\"");
	assert_devices_said(d, "\"trust\":\"unverified\"");
	assert_devices_said(d, "\"acknowledgement\":\"");
	assert_device(&device, 200, "POST", "/v1/devices", AKA); /* the answer was lost */
	assert_devices_said(d, "\"id\":\"" ID "\"");
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	assert_devices_said(d, "\"life\":\"active\"");
	assert_devices_said(d, "\"trust\":\"trusted\""); /* the policy has judged it by then */
	assert_devices_said(d, "\"confirmed_at\":");
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}"); /* again */
	assert_device(&device, 200, "GET", "/v1/devices/" ID, NULL);
	assert_devices_said(d, "\"make\":\"Acme\"");
	assert_devices_said(d, "\"root_of_trust\":{\"kind\":\"aka\",\"id\":\"" FLOW_REALM "\"}");
	assert_staff(d, 200, "GET", "/v1/devices", NULL);
	assert_devices_said(d, ID);
	assert_staff(d, 200, "GET", "/v1/devices/" ID "/history", NULL);
	assert_devices_said(d, "device_registered");
	assert_devices_said(d, "device_confirmed");
	flow_device_close(&device);
}

/* What the device is given can be checked by anybody, and tells where its status is read.  req: R7-iv-b R6.1-c */
static void the_acknowledgement_is_signed(void **state)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	struct devices_flow *d = *state;
	const struct jose_key *key = d->registry.answer_key;
	struct flow_device device;
	char jws[4096];

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	devices_member(d, "acknowledgement", jws, sizeof(jws));
	assert_ok(jose_verify(&key, 1, "registered-device+jwt", view_text(jws), &payload));
	assert_non_null(strstr(buf_string(&payload), "\"sub\":\"" ID "\""));
	assert_non_null(strstr(buf_string(&payload), "\"type\":\"meter\""));
	assert_non_null(strstr(buf_string(&payload), "\"connectivity\":[\"ip\"]"));
	assert_non_null(strstr(buf_string(&payload),
		"\"uri\":\"https://registry.example/v1/status-lists/0\""));
	flow_device_close(&device);
}

/* req: R7-ii R7-iii R9.2-i-a R9.2-i-b */
static void a_device_registers_with_its_makers_certificate(void **state)
{
	BUF_CLEANUP struct buf body = buf_growing(JOSE_MAX), proof = buf_growing(JOSE_MAX);
	struct devices_flow *d = *state;
	const struct fake_names names = {.alt_names = "URI:" MAC, .serial = "0815"};
	struct device_facts later = facts;
	struct fake_device made;
	struct flow_device device;

	fake_maker_device(&d->maker, &names, &made);
	flow_device_open(&device, d, ALICE, NULL);
	flow_device_evidence(&device, &(struct flow_evidence){.made = &made, .facts = &facts},
		&body);
	assert_device(&device, 201, "POST", "/v1/devices", buf_string(&body));
	assert_devices_said(d, "\"id\":\"" MAC_ID "\"");
	assert_device(&device, 422, "POST", "/v1/devices", buf_string(&body)); /* replayed */
	assert_devices_said(d, "nonce");
	assert_device(&device, 200, "POST", "/v1/devices/" MAC_ID "/det", "{}");
	(void)strcpy(later.firmware, "1.3");
	flow_device_proof(&device, &(struct flow_evidence){.made = &made, .facts = &later}, &proof);
	assert_device(&device, 200, "POST", "/v1/devices/" MAC_ID "/reports", buf_string(&proof));
	assert_devices_said(d, "\"firmware\":\"1.3\"");
	assert_devices_said(d, "\"serial\":\"0815\"");
	assert_device(&device, 422, "POST", "/v1/devices/" MAC_ID "/reports", buf_string(&proof));
	assert_device(&device, 422, "POST", "/v1/devices/" MAC_ID "/reports",
		"{\"facts\":{\"firmware\":\"1.4\"}}");
	assert_devices_said(d, "signature");
	flow_device_close(&device);
	fake_device_close(&made);
}

/* req: R7-iv-c R9.3-i-c R9.3-iv R9.3-ii-a R9.2-ii-d */
static void reports_are_a_history(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/reports",
		"{\"facts\":{\"firmware\":\"1.3\",\"communication\":[\"lte\",\"nb-iot\"]}}");
	assert_devices_said(d, "\"firmware\":\"1.3\"");
	assert_devices_said(d, "\"protocols\":[\"coap\"]"); /* not told: as it was */
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/reports", "{\"facts\":{}}");
	assert_staff(d, 200, "GET", "/v1/devices/" ID "/history", NULL);
	assert_devices_said(d, "\"changed\":[\"communication\",\"firmware\"],\"was\":{\"firmware\":"
			       "\"1.2\",\"communication\":[\"nb-iot\"]}");
	assert_devices_said(d, "\"changed\":[]");
	assert_device(&device, 409, "POST", "/v1/devices/" ID "/reports",
		"{\"facts\":{\"make\":\"Other\"}}");
	assert_device(&device, 400, "POST", "/v1/devices/" ID "/reports", "{}");
	assert_device(&device, 400, "POST", "/v1/devices/" ID "/reports",
		"{\"facts\":{\"owner\":\"Alice\"}}");
	flow_device_close(&device);
}

/* Beside a report, a device tells of vulnerabilities of its own.  req: R9.3-ii-b */
static void a_device_tells_of_its_own_vulnerabilities(void **state)
{
#define REPORTS	   "/v1/devices/" ID "/reports"
#define TOLD(list) "{\"facts\":{},\"vulnerabilities\":[" list "]}"
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	assert_devices_said(d, "\"trust\":\"trusted\"");
	assert_device(&device, 200, "POST", REPORTS,
		TOLD("{\"cve\":\"CVE-2026-0001\",\"severity\":\"low\"}"));
	assert_devices_said(d, "\"trust\":\"trusted\"");
	assert_device(&device, 200, "POST", REPORTS,
		TOLD("{\"cve\":\"CVE-2026-0001\",\"severity\":\"high\",\"summary\":\"overflow\"},{"
		     "\"id\":\"A-7\"}"));
	assert_devices_said(d, "\"trust\":\"unverified\"");
	assert_devices_said(d, "\"rule\":\"self-reported\"");
	assert_device(&device, 200, "POST", REPORTS, TOLD("{\"id\":\"A-7\"}")); /* nothing new */
	assert_staff(d, 200, "GET", "/v1/vulnerabilities", NULL);
	assert_devices_said(d, ":CVE-2026-0001\",\"source\":\"device\",\"told_by\":\"\"");
	assert_devices_said(d,
		"\"version\":\"2\",\"title\":\"overflow\",\"tlp\":\"amber\",\"score\":70");
	assert_devices_said(d, ":A-7\",");
	assert_null(strstr(devices_said(d), IMEI));
	assert_device(&device, 200, "GET", "/v1/devices/" ID "/vulnerabilities", NULL);
	assert_devices_said(d, "\"severity\":\"high\",\"rule\":\"self-reported\"");
	assert_device(&device, 404, "GET", "/v1/devices/" OTHER_ID "/vulnerabilities", NULL);
	assert_device(&device, 400, "POST", REPORTS,
		TOLD("{\"id\":\"A-8\",\"device\":\"" OTHER_ID "\"}"));
	assert_device(&device, 400, "POST", REPORTS, TOLD("{\"cve\":\"8\"}"));
	assert_device(&device, 400, "POST", REPORTS,
		TOLD("{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"},{\"id\":\"5\"}"));
	flow_device_close(&device);
#undef TOLD
#undef REPORTS
}

/* Its operator's word is evidence no more.  req: R7-iii */
static void nothing_is_registered_over_a_realm_that_was_withdrawn(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_staff(d, 200, "POST", "/v1/roots/aka:" FLOW_REALM "/withdraw",
		"{\"reason\":\"its keys were stolen\"}");
	assert_staff(d, 200, "GET", "/v1/roots", NULL); /* read after what it is to see */
	assert_device(&device, 422, "POST", "/v1/devices", AKA);
	assert_devices_said(d, "withdrawn");
	assert_staff(d, 201, "POST", "/v1/roots", "{\"id\":\"aka:" FLOW_REALM "\",\"name\":\"o\"}");
	assert_staff(d, 200, "GET", "/v1/roots", NULL);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	flow_device_close(&device);
}

/* What is logged stays: so one device does not fill the disk. */
static void a_device_does_not_fill_the_log(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	d->registry.conf->device_events = 3;
	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	for (int i = 0; i < 2; i++) {
		assert_device(&device, 200, "POST", "/v1/devices/" ID "/reports", "{\"facts\":{}}");
	}
	assert_device(&device, 201, "POST", "/v1/devices/" ID "/virtual", "{}");
	assert_device(&device, 429, "POST", "/v1/devices/" ID "/virtual", "{}");
	assert_device(&device, 429, "POST", "/v1/devices/" ID "/reports", "{\"facts\":{}}");
	assert_devices_said(d, "later");
	flow_device_close(&device);
}

/* A device without a root of trust, or with one that is not good.  req: R7-iii */
static void nothing_is_registered_without_a_root_of_trust(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, NULL); /* the realm does not say which device it is */
	assert_device(&device, 400, "POST", "/v1/devices", "{\"facts\":" FACTS "}");
	assert_devices_said(d, "root of trust");
	assert_device(&device, 422, "POST", "/v1/devices", AKA);
	assert_devices_said(d, "realm does not tell");
	assert_device(&device, 415, "POST", "/v1/devices",
		"{\"facts\":" FACTS ",\"evidence\":{\"kind\":\"word\"}}");
	assert_staff(d, 200, "GET", "/v1/devices", NULL);
	assert_devices_said(d, "\"items\":[]");
	flow_device_close(&device);
}

static void check_bad_certificate(struct devices_flow *d, struct flow_device *device,
	const struct flow_evidence *evidence, const char *says)
{
	BUF_CLEANUP struct buf body = buf_growing(JOSE_MAX);

	flow_device_evidence(device, evidence, &body);
	assert_device(device, 422, "POST", "/v1/devices", buf_string(&body));
	assert_devices_said(d, says);
}

/* req: R7-iii R9.2-i-a */
static void a_bad_certificate_registers_nothing(void **state)
{
	struct devices_flow *d = *state;
	const struct fake_names good = {.alt_names = "URI:" MAC};
	const struct fake_names over = {.alt_names = "URI:" MAC, .expired = true};
	struct fake_device made, other, foreign, expired;
	struct fake_maker stranger;
	struct flow_device device;

	fake_maker_open(&stranger, "Stranger");
	fake_maker_device(&d->maker, &good, &made);
	fake_maker_device(&d->maker, &good, &other);
	fake_maker_device(&d->maker, &over, &expired);
	fake_maker_device(&stranger, &good, &foreign);
	flow_device_open(&device, d, ALICE, NULL);
	check_bad_certificate(d, &device,
		&(struct flow_evidence){.made = &foreign, .facts = &facts}, "no root of trust");
	check_bad_certificate(d, &device,
		&(struct flow_evidence){.made = &expired, .facts = &facts}, "expired");
	check_bad_certificate(d, &device,
		&(struct flow_evidence){.made = &other, .shown = &made, .facts = &facts}, "");
	check_bad_certificate(d, &device,
		&(struct flow_evidence){.made = &made, .facts = &facts, .registry = "IN.TEL.P02"},
		"another registry");
	check_bad_certificate(d, &device,
		&(struct flow_evidence){.made = &made,
			.facts = &facts,
			.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"nonce");
	assert_staff(d, 200, "GET", "/v1/devices", NULL);
	assert_devices_said(d, "\"items\":[]");
	flow_device_close(&device);
	fake_device_close(&made);
	fake_device_close(&other);
	fake_device_close(&foreign);
	fake_device_close(&expired);
	fake_maker_close(&stranger);
}

/* Evidence that another device was seen to show is of no use: it is over its token, and its nonce. */
static void evidence_of_another_is_not_taken(void **state)
{
	BUF_CLEANUP struct buf body = buf_growing(JOSE_MAX);
	struct devices_flow *d = *state;
	const struct fake_names names = {.alt_names = "URI:" MAC};
	struct flow_device alice, bob;
	struct fake_device made;

	fake_maker_device(&d->maker, &names, &made);
	flow_device_open(&alice, d, ALICE, NULL);
	flow_device_open(&bob, d, BOB, NULL);
	flow_device_evidence(&alice, &(struct flow_evidence){.made = &made, .facts = &facts}, &body);
	assert_device(&bob, 200, "POST", "/v1/devices/challenge", "{}");
	assert_device(&bob, 422, "POST", "/v1/devices", buf_string(&body));
	assert_devices_said(d, "another token");
	assert_device(&alice, 201, "POST", "/v1/devices", buf_string(&body));
	flow_device_close(&alice);
	flow_device_close(&bob);
	fake_device_close(&made);
}

/* What it tells must not contradict what it proves; and a wrong check digit is told.  req: R9.2-i-b */
static void what_a_device_tells_is_checked(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 400, "POST", "/v1/devices",
		"{\"identifier\":\"imei:356938035643808\",\"facts\":" FACTS
		",\"evidence\":{\"kind\":\"aka\"}}");
	assert_devices_said(d, "check digit");
	assert_device(&device, 409, "POST", "/v1/devices",
		"{\"identifier\":\"imei:904201560257637\",\"facts\":" FACTS
		",\"evidence\":{\"kind\":\"aka\"}}");
	assert_devices_said(d, "another device");
	assert_device(&device, 400, "POST", "/v1/devices",
		"{\"facts\":{\"make\":\"Acme\"},\"evidence\":{\"kind\":\"aka\"}}");
	assert_devices_said(d, "model");
	assert_device(&device, 409, "POST", "/v1/devices",
		"{\"facts\":{\"make\":\"A\",\"model\":\"B\",\"firmware\":\"1\",\"root_of_trust\":"
		"{\"kind\":\"x509\",\"id\":\"00\"}},\"evidence\":{\"kind\":\"aka\"}}");
	assert_device(&device, 201, "POST", "/v1/devices",
		"{\"identifier\":\"imei:356938035643809\",\"facts\":" FACTS
		",\"evidence\":{\"kind\":\"aka\"}}");
	flow_device_close(&device);
}

/* det, reports and virtual RegDevIDs are for the device itself.  req: R7-iv-b R9.2-ii-c */
static void another_device_is_not_heard(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device alice, bob;

	flow_device_open(&alice, d, ALICE, IMEI);
	flow_device_open(&bob, d, BOB, OTHER_IMEI);
	assert_device(&alice, 201, "POST", "/v1/devices", AKA);
	assert_device(&bob, 404, "POST", "/v1/devices/" ID "/det", "{}");
	assert_device(&bob, 404, "POST", "/v1/devices/" ID "/reports", "{\"facts\":{}}");
	assert_device(&bob, 404, "POST", "/v1/devices/" ID "/virtual", "{}");
	assert_device(&bob, 404, "GET", "/v1/devices/" ID, NULL);
	assert_device(&bob, 404, "POST", "/v1/devices/" OTHER_ID "/det", "{}"); /* there is none */
	assert_device(&bob, 403, "GET", "/v1/devices", NULL);
	assert_device(&alice, 200, "GET", "/v1/devices/" ID, NULL);
	assert_devices_said(d, "\"life\":\"registered\"");
	flow_device_close(&alice);
	flow_device_close(&bob);
}

/* Two devices with one identifier: the second is refused, and it is told once (ITU-T Q.5052).  req: R9.2-i-b */
static void a_clone_is_found_out(void **state)
{
	BUF_CLEANUP struct buf body = buf_growing(JOSE_MAX), again = buf_growing(JOSE_MAX);
	struct devices_flow *d = *state;
	const struct fake_names names = {.alt_names = "URI:" IMEI};
	struct flow_device alice, bob;
	struct fake_device made;

	fake_maker_device(&d->maker, &names, &made);
	flow_device_open(&alice, d, ALICE, IMEI);
	flow_device_open(&bob, d, BOB, NULL);
	assert_device(&alice, 201, "POST", "/v1/devices", AKA);
	flow_device_evidence(&bob, &(struct flow_evidence){.made = &made, .facts = &facts}, &body);
	assert_device(&bob, 409, "POST", "/v1/devices", buf_string(&body));
	assert_devices_said(d, "Q.5052");
	flow_device_evidence(&bob, &(struct flow_evidence){.made = &made, .facts = &facts}, &again);
	const int64_t size = ledger_size(d->registry.ledger);

	assert_device(&bob, 409, "POST", "/v1/devices", buf_string(&again));
	assert_int_equal(ledger_size(d->registry.ledger), size);
	assert_staff(d, 200, "GET", "/v1/devices/" ID "/history", NULL);
	assert_devices_said(d, "duplicate_detected");
	assert_staff(d, 200, "GET", "/v1/devices/" ID, NULL);
	assert_devices_said(d, "\"duplicate\":true");
	flow_device_close(&alice);
	flow_device_close(&bob);
	fake_device_close(&made);
}

/* Another registry has told of a device. */
static void on_told(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	assert_ok(result->err);
	*(bool *)user = true;
}

static void hear_of(struct devices_flow *d, const char *id, const char *registry, const char *urn)
{
	bool told = false;
#define TEXT(text) STORE_TEXT_OF(view_text(text))
	const struct store_step step = {.statement = ADD_DEVICE,
		.param_count = 14,
		.params = {TEXT(id), TEXT(registry), TEXT(urn), TEXT("Acme"), TEXT("T-1"),
			TEXT("1.2"), TEXT("{}"), STORE_INT_OF(ROT_AKA), TEXT(FLOW_REALM), TEXT(""),
			TEXT(""), STORE_NULL_OF(), STORE_INT_OF(1), STORE_INT_OF(0)}};
#undef TEXT

	assert_ok(store_submit(d->registry.store, &step, 1, on_told, &told, 0));
	flow_until(&d->f, &told);
}

/* The same device at two registries is refused here, and told.  req: R9.2-i-b */
static void a_device_of_another_registry_is_refused(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	hear_of(d, ELSEWHERE, "IN.TEL.P02", IMEI);
	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 409, "POST", "/v1/devices", AKA);
	assert_devices_said(d, "Q.5052");
	assert_device(&device, 409, "POST", "/v1/devices", AKA);
	assert_staff(d, 200, "GET", "/v1/devices/" ELSEWHERE "/history", NULL);
	assert_devices_said(d, "\"registries\":[\"IN.TEL.P02\",\"" DEVICES_REGISTRY "\"]");
	flow_device_close(&device);
}

static int set_up_permissive(void **state)
{
	static struct devices_flow d;

	devices_open(&d, "  duplicates: unverified\n");
	*state = &d;
	return 0;
}

/* Or both are marked, as the policy says. */
static void a_device_at_two_registries_is_marked_at_both(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device alice, bob;

	hear_of(d, ELSEWHERE, "IN.TEL.P02", IMEI);
	flow_device_open(&alice, d, ALICE, IMEI);
	assert_device(&alice, 201, "POST", "/v1/devices", AKA);
	assert_staff(d, 200, "GET", "/v1/devices/" ID, NULL);
	assert_devices_said(d, "\"duplicate\":true");
	assert_staff(d, 200, "GET", "/v1/devices/" ELSEWHERE "/history", NULL);
	assert_devices_said(d, "duplicate_detected");
	flow_device_open(&bob, d, BOB, OTHER_IMEI);
	assert_device(&bob, 201, "POST", "/v1/devices", AKA);
	assert_staff(d, 200, "GET", "/v1/devices/" OTHER_ID, NULL);
	assert_null(strstr(devices_said(d), "duplicate"));
	flow_device_close(&alice);
	flow_device_close(&bob);
}

/* An administrator decides which of them it is: from then on other evidence may follow. */
static void a_released_device_is_registered_anew(void **state)
{
	BUF_CLEANUP struct buf body = buf_growing(JOSE_MAX);
	struct devices_flow *d = *state;
	const struct fake_names names = {.alt_names = "URI:" IMEI};
	struct flow_device alice, bob;
	struct fake_device made;

	fake_maker_device(&d->maker, &names, &made);
	flow_device_open(&alice, d, ALICE, IMEI);
	flow_device_open(&bob, d, BOB, NULL);
	assert_device(&alice, 201, "POST", "/v1/devices", AKA);
	assert_staff(d, 400, "POST", "/v1/devices/" ID "/release", "{\"reason\":\"\"}");
	assert_staff(d, 204, "POST", "/v1/devices/" ID "/release",
		"{\"reason\":\"the maker's certificate is the genuine one\"}");
	assert_staff(d, 404, "POST", "/v1/devices/" OTHER_ID "/release", "{\"reason\":\"x\"}");
	flow_device_evidence(&bob, &(struct flow_evidence){.made = &made, .facts = &facts}, &body);
	assert_device(&bob, 200, "POST", "/v1/devices", buf_string(&body));
	assert_device(&bob, 200, "POST", "/v1/devices/" ID "/det", "{}");
	assert_device(&alice, 404, "POST", "/v1/devices/" ID "/det", "{}");
	assert_device(&alice, 409, "POST", "/v1/devices", AKA);
	flow_device_close(&alice);
	flow_device_close(&bob);
	fake_device_close(&made);
}

/* A device with a key of its own is the same in another subscription.  req: R9.2-ii-c */
static void a_device_keeps_its_place_in_another_subscription(void **state)
{
	BUF_CLEANUP struct buf first = buf_growing(JOSE_MAX), second = buf_growing(JOSE_MAX);
	struct devices_flow *d = *state;
	const struct fake_names names = {.alt_names = "URI:" MAC};
	struct flow_device alice, bob;
	struct fake_device made;

	fake_maker_device(&d->maker, &names, &made);
	flow_device_open(&alice, d, ALICE, NULL);
	flow_device_open(&bob, d, BOB, NULL);
	flow_device_evidence(&alice, &(struct flow_evidence){.made = &made, .facts = &facts},
		&first);
	assert_device(&alice, 201, "POST", "/v1/devices", buf_string(&first));
	flow_device_evidence(&bob, &(struct flow_evidence){.made = &made, .facts = &facts}, &second);
	assert_device(&bob, 200, "POST", "/v1/devices", buf_string(&second));
	assert_device(&bob, 200, "POST", "/v1/devices/" MAC_ID "/det", "{}");
	assert_device(&alice, 404, "POST", "/v1/devices/" MAC_ID "/det", "{}");
	flow_device_close(&alice);
	flow_device_close(&bob);
	fake_device_close(&made);
}

/* req: R9.2-i-f */
static void virtual_names_stand_for_a_device(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;
	char id[128], target[256];

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	assert_device(&device, 409, "POST", "/v1/devices/" ID "/virtual", "{}"); /* before det */
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	assert_device(&device, 201, "POST", "/v1/devices/" ID "/virtual", "{\"once\":true}");
	devices_member(d, "id", id, sizeof(id));
	assert_non_null(strstr(id, DEVICES_REGISTRY ":v:"));
	assert_devices_said(d, "\"once\":true");
	assert_device(&device, 201, "POST", "/v1/devices/" ID "/virtual", "{}");
	assert_device(&device, 400, "POST", "/v1/devices/" ID "/virtual",
		"{\"until\":\"1999-01-01T00:00:00Z\"}");
	assert_device(&device, 200, "GET", "/v1/devices/" ID "/virtual", NULL);
	assert_devices_said(d, id);
	(void)snprintf(target, sizeof(target), "/v1/devices/" ID "/virtual/%s", id);
	assert_device(&device, 204, "DELETE", target, NULL);
	assert_device(&device, 404, "DELETE", target, NULL);
	assert_staff(d, 200, "GET", "/v1/devices/" ID "/history", NULL);
	assert_devices_said(d, "virtual_issued");
	assert_devices_said(d, "virtual_ended");
	assert_null(strstr(devices_said(d), id)); /* the log knows its digest alone */
	flow_device_close(&device);
}

/* req: R9.2-note R10 */
static void a_revoked_token_ends_the_session(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	flow_drop_grant(&d->f, ALICE, FLOW_APP);
	for (int i = 0; i < 600 && flow_device_ask(&device, "GET", "/v1/devices/" ID, NULL) == 200;
		i++) {
		fake_env_advance(&d->f.env, 100);
		loop_turn(d->f.loop, 5);
	}
	assert_int_not_equal(flow_device_ask(&device, "GET", "/v1/devices/" ID, NULL), 200);
	flow_device_close(&device);
}

/* One token may stand behind several connections, but not behind any number; some have left already. */
static void the_oldest_connection_makes_room(void **state)
{
	enum { CONNECTIONS = 2 * VISIT_STREAMS };
	struct devices_flow *d = *state;
	struct flow_device device, others[CONNECTIONS];

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	for (int i = 0; i < CONNECTIONS; i++) {
		others[i] = device;
		others[i].http = NULL;
		others[i].tls = NULL;
		flow_device_connect(&others[i], false);
		assert_device(&others[i], 200, "GET", "/v1/devices/" ID, NULL);
		if (i < VISIT_STREAMS) {
			http_client_free(others[i].http);
			others[i].http = NULL;
		}
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		http_client_free(others[i].http);
		tls_free(others[i].tls);
	}
	flow_device_connect(&device, false);
	assert_device(&device, 200, "GET", "/v1/devices/" ID, NULL);
	flow_device_close(&device);
}

/* What was acknowledged is there after a restart, and the device is known again by its next token. */
static void a_device_is_known_after_a_restart(void **state)
{
	struct devices_flow *d = *state;
	struct flow_device device;

	flow_device_open(&device, d, ALICE, IMEI);
	assert_device(&device, 201, "POST", "/v1/devices", AKA);
	devices_stop(d);
	devices_start(d);
	flow_device_connect(&device, true);
	assert_device(&device, 200, "POST", "/v1/devices", AKA);
	assert_device(&device, 200, "POST", "/v1/devices/" ID "/det", "{}");
	flow_device_close(&device);
}

#define WITH_DEVICES(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DEVICES(a_device_registers_and_confirms),
		WITH_DEVICES(the_acknowledgement_is_signed),
		WITH_DEVICES(a_device_registers_with_its_makers_certificate),
		WITH_DEVICES(reports_are_a_history),
		WITH_DEVICES(a_device_tells_of_its_own_vulnerabilities),
		WITH_DEVICES(a_device_does_not_fill_the_log),
		WITH_DEVICES(nothing_is_registered_over_a_realm_that_was_withdrawn),
		WITH_DEVICES(nothing_is_registered_without_a_root_of_trust),
		WITH_DEVICES(a_bad_certificate_registers_nothing),
		WITH_DEVICES(evidence_of_another_is_not_taken),
		WITH_DEVICES(what_a_device_tells_is_checked),
		WITH_DEVICES(another_device_is_not_heard),
		WITH_DEVICES(a_clone_is_found_out),
		WITH_DEVICES(a_device_of_another_registry_is_refused),
		cmocka_unit_test_setup_teardown(a_device_at_two_registries_is_marked_at_both,
			set_up_permissive, tear_down),
		WITH_DEVICES(a_released_device_is_registered_anew),
		WITH_DEVICES(a_device_keeps_its_place_in_another_subscription),
		WITH_DEVICES(virtual_names_stand_for_a_device),
		WITH_DEVICES(a_revoked_token_ends_the_session),
		WITH_DEVICES(the_oldest_connection_makes_room),
		WITH_DEVICES(a_device_is_known_after_a_restart),
	};

	return RUN_TESTS(tests);
}
