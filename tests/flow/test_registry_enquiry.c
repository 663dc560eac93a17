// SPDX-License-Identifier: Apache-2.0
/* What a registry answers to whom, now and of a time that has passed, and the list of statuses for everyone.
 * req: R9.3-ii-c R9.3-ii-d R9.1-iv R8 R7-iv-e R6.1-d R9.2-i-f R9.1-iii */
#include "test.h"

#include "base/text.h"
#include "core/trust.h"
#include "enquirer.h"
#include "registry/schema.h"
#include "wire/registry_answer.h"
#include "wire/status_list.h"

#define DEVICE	   "IN.TEL.P01:imei:356938035643809"
#define IDENTIFIER "urn:gsma:imei:35693803-564380-0"
#define TARGET	   "/v1/enquiry/devices/" DEVICE
#define VIRTUAL	   "IN.TEL.P01:v:AAAAAAAAAAAAAAAAAAAAAA"
#define FACTS	   "{\"make\":\"Aeotec\",\"model\":\"ZW100\",\"firmware\":\"1.10\",\"serial\":\"4711\"}"

enum { INDEX = 3 * 1000 * 1000 }; /* in the third list */

static struct registry_flow flow;
static struct registry_answer answer;
static struct json *document;

static int set_up(void **state)
{
	static struct enquirer q;

	enquirer_start(&q, &flow, "enquiry: {approve: [enquirer]}\n");
	*state = &q;
	return 0;
}

static int tear_down(void **state)
{
	enquirer_stop(*state);
	json_free(document);
	document = NULL;
	return 0;
}

/* ---- devices, as other parts register them ---- */

static void submit(struct registry_flow *r, enum event_kind kind, const char *subject,
	const char *record, const struct store_step *steps, size_t count)
{
	const struct event event = {kind, view_text(subject), view_text(record)};

	r->done = false;
	assert_ok(ledger_submit(r->registry.ledger, &event, 1, steps, count, registry_on_logged, r,
		0));
	registry_wait(r, &r->done);
	assert_int_equal(r->logged, OK);
}

static void add_device_of(struct registry_flow *r, const char *id, const char *registry,
	int64_t index)
{
	const struct store_step step = {
		.statement = ADD_DEVICE,
		.param_count = 14,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text(registry)),
			STORE_TEXT_OF(view_text("urn:gsma:imei:35693803-564380-0")),
			STORE_TEXT_OF(view_text("Aeotec")), STORE_TEXT_OF(view_text("ZW100")),
			STORE_TEXT_OF(view_text("1.10")), STORE_TEXT_OF(view_text(FACTS)),
			STORE_INT_OF(1), STORE_TEXT_OF(view_text("realm.example")),
			STORE_TEXT_OF(view_text("")), STORE_TEXT_OF(view_text("")),
			index < 0 ? STORE_NULL_OF() : STORE_INT_OF(index),
			STORE_INT_OF(r->env.wall_ms), STORE_INT_OF(0)},
	};
	char record[512];

	(void)snprintf(record, sizeof(record), "{\"subject\":\"%s\",\"facts\":%s}", id, FACTS);
	submit(r, EVENT_DEVICE_REGISTERED, id, record, &step, 1);
}

static void add_device(struct registry_flow *r)
{
	add_device_of(r, DEVICE, "IN.TEL.P01", INDEX);
}

/* ---- answers ---- */

static void take_answer(struct enquirer *q, const char *audience)
{
	static uint8_t root[32];
	const struct jose_key *key = q->r->registry.answer_key;
	const struct registry_answer_wanted wanted = {
		.issuer = view_text("IN.TEL.P01"),
		.audience = view_text(audience),
		.now = env_wall(&q->r->env.env),
	};

	json_free(document);
	document = NULL;
	assert_ok(registry_answer_verify(&key, 1, &wanted, buf_contents(&q->body), root, &document,
		&answer));
}

static void ask(struct enquirer *q, const char *target)
{
	assert_enquiry(q, 200, "GET", target, NULL);
	assert_string_equal(q->type, REGISTRY_ANSWER_MEDIA);
	take_answer(q, q->id);
}

static void an_enquirer_learns_what_it_may(void **state)
{
	struct enquirer *q = *state;
	struct view text;

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, TARGET);
	assert_int_equal(answer.count, 1);
	assert_view(answer.devices[0].reg_dev_id, DEVICE);
	assert_view(answer.devices[0].trust, "unverified");
	assert_view(answer.devices[0].registry, "IN.TEL.P01");
	assert_view(answer.devices[0].list_uri, "https://registry.example/v1/status-lists/2");
	assert_int_equal(answer.devices[0].list_index, INDEX % (1 << 20));
	assert_int_equal(answer.devices[0].rule.len, 0);
	assert_ok(json_text(answer.devices[0].facts, "make", &text));
	assert_null(json_member(answer.devices[0].facts, "firmware"));
	assert_null(json_member(answer.devices[0].facts, "serial"));
	assert_true(answer.log_size > 0 && answer.log_size <= ledger_size(q->r->registry.ledger));
	assert_int_equal(answer.log_root.len, 32);
	assert_int_equal(answer.nonce.len, 48);
}

static void by_its_own_identifier_too(void **state)
{
	struct enquirer *q = *state;

	add_device(q->r);
	add_device_of(q->r, "IN.TEL.P02:imei:356938035643809", "IN.TEL.P02", -1);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, "/v1/enquiry/devices/urn:gsma:imei:35693803-564380-9");
	assert_view(answer.asked_by, "identifier");
	assert_int_equal(answer.count, 2);
	assert_view(answer.devices[1].registry, "IN.TEL.P02");
	assert_int_equal(answer.devices[1].list_uri.len, 0);
	assert_enquiry(q, 400, "GET", "/v1/enquiry/devices/imei:356938035643808", NULL);
}

/* The registry that it is registered at is named, whichever is asked. */
static void a_device_of_another_registry_is_answered_for(void **state)
{
	struct enquirer *q = *state;

	add_device_of(q->r, "IN.TEL.P02:imei:356938035643809", "IN.TEL.P02", -1);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, "/v1/enquiry/devices/IN.TEL.P02:imei:356938035643809");
	assert_view(answer.issuer, "IN.TEL.P01");
	assert_int_equal(answer.count, 1);
	assert_view(answer.devices[0].registry, "IN.TEL.P02");
	ask(q, "/v1/enquiry/devices/IN.TEL.P03:imei:356938035643809");
	assert_int_equal(answer.count, 0);
}

/* Same status, same shape, same claims. */
static void unknown_and_forbidden_look_alike(void **state)
{
	struct enquirer *q = *state;
	char unknown[64];
	size_t len;

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"owner\"]"), 202);
	enquirer_approve(q, "approved");
	ask(q, "/v1/enquiry/devices/IN.TEL.P01:imei:356938035643817");
	assert_int_equal(answer.count, 0);
	len = q->body.len;
	(void)snprintf(unknown, sizeof(unknown), "%s", q->type);
	ask(q, TARGET);
	assert_int_equal(answer.count, 0);
	assert_int_equal(q->body.len, len);
	assert_string_equal(q->type, unknown);
}

static void what_is_told_follows_the_role(void **state)
{
	struct enquirer *q = *state;

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"agency\"]"), 202);
	enquirer_approve(q, "approved");
	ask(q, TARGET);
	assert_non_null(json_member(answer.devices[0].facts, "serial"));
	assert_view(answer.devices[0].rule, "not confirmed");
	assert_int_equal(enquirer_enrol(q, "[\"manufacturer\"]"), 202);
	enquirer_approve(q, "approved");
	ask(q, TARGET);
	assert_non_null(json_member(answer.devices[0].facts, "firmware"));
}

/* ---- virtual ones ---- */

static void add_virtual(struct registry_flow *r, const char *id, bool once)
{
	const struct store_step step = {
		.statement = ADD_VIRTUAL,
		.expect = STORE_ONE,
		.param_count = 6,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text(DEVICE)),
			STORE_INT_OF(r->env.wall_ms), STORE_INT_OF(r->env.wall_ms + 60 * 1000),
			STORE_INT_OF(once), STORE_INT_OF(10)},
	};

	submit(r, EVENT_VIRTUAL_ISSUED, DEVICE, "{\"subject\":\"" DEVICE "\"}", &step, 1);
}

/* Nothing in the answer tells which device it is. */
static void a_virtual_one_says_no_more_than_it_must(void **state)
{
	struct enquirer *q = *state;
	const char *target = "/v1/enquiry/devices/" VIRTUAL;

	add_device(q->r);
	add_virtual(q->r, VIRTUAL, false);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, target);
	ask(q, target);
	assert_view(answer.asked_by, "virtual");
	assert_int_equal(answer.count, 1);
	assert_view(answer.devices[0].trust, "unverified");
	assert_int_equal(answer.devices[0].reg_dev_id.len, 0);
	assert_int_equal(answer.devices[0].list_uri.len, 0);
	assert_int_equal(answer.devices[0].seq, -1);
	assert_int_equal(answer.devices[0].since, -1);
	assert_null(answer.devices[0].facts);
	assert_int_equal(answer.log_size, -1);
	fake_env_advance(&q->r->env, 61 * 1000);
	ask(q, target);
	assert_int_equal(answer.count, 0);
}

static void one_for_a_transaction_is_used_up(void **state)
{
	struct enquirer *q = *state;

	add_device(q->r);
	add_virtual(q->r, VIRTUAL, true);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, "/v1/enquiry/devices/" VIRTUAL);
	assert_int_equal(answer.count, 1);
	ask(q, "/v1/enquiry/devices/" VIRTUAL);
	assert_int_equal(answer.count, 0);
	assert_registry(q->r, 200, "GET", "/v1/devices/" DEVICE "/history", NULL);
	const char *ended = strstr(registry_said(q->r), "\"kind\":\"virtual_ended\"");

	assert_non_null(ended);
	assert_null(strstr(ended + 1, "\"kind\":\"virtual_ended\"")); /* once */
	assert_null(strstr(registry_said(q->r), VIRTUAL));	      /* its digest alone */
}

/* ---- owners ---- */

/* The enquirer is the device's owner from now on. */
static void own_device(struct enquirer *q)
{
	BUF_CLEANUP struct buf body = buf_growing(2048);
	struct json_writer w = json_to(&body);
	JSON_CLEANUP struct json *claims = NULL, *reply = NULL;
	char target[128];
	struct view id;

	assert_ok(json_parse(view_text("{\"name\":\"Asha Rao\"}"), 100, &claims));
	json_open(&w, NULL);
	json_put_string(&w, "kind", "person");
	json_put_value(&w, "claims", claims);
	assert_ok(jose_key_write_jwk(q->key, &w, "key"));
	json_close(&w);
	assert_registry(q->r, 201, "POST", "/v1/owners", buf_string(&body));
	assert_ok(json_parse(buf_contents(&q->r->body), 1024, &reply));
	assert_ok(json_text(reply, "id", &id));
	(void)snprintf(target, sizeof(target), "{\"owner\":\"%.*s\"}", (int)id.len,
		(const char *)id.data);
	assert_registry(q->r, 200, "PUT", "/v1/devices/" DEVICE "/owner", target);
}

/* req: R6.3 R7-b */
static void an_owner_tells_of_vulnerabilities_of_its_own_device_alone(void **state)
{
	struct enquirer *q = *state;
	static const char told[] = "{\"id\":\"open-port\",\"title\":\"telnet is open\","
				   "\"score\":91,\"device\":\"" DEVICE "\"}";

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"owner\"]"), 202);
	enquirer_approve(q, "approved");
	assert_enquiry(q, 404, "POST", "/v1/vulnerabilities", told);
	own_device(q);
	assert_enquiry(q, 201, "POST", "/v1/vulnerabilities", told);
}

/* What an administrator has recorded, no party overwrites.  req: R6.3 R7-b */
static void an_agency_replaces_no_advisory_of_an_administrators(void **state)
{
	struct enquirer *q = *state;
	BUF_CLEANUP struct buf sample = buf_growing(0);

	assert_ok(text_read_file(CSAF_SAMPLE, 16384, &sample));
	assert_registry(q->r, 201, "POST", "/v1/advisories", buf_string(&sample));
	assert_int_equal(enquirer_enrol(q, "[\"agency\"]"), 202);
	enquirer_approve(q, "approved");
	assert_enquiry(q, 403, "POST", "/v1/advisories", buf_string(&sample));
	assert_registry(q->r, 204, "POST", "/v1/vulnerabilities/csaf%3AEX-2026-001/withdraw",
		"{\"reason\":\"the agency's turn\"}");
	assert_enquiry(q, 201, "POST", "/v1/advisories", buf_string(&sample));
}

static void whose_a_device_is_is_told_to_its_owner_alone(void **state)
{
	struct enquirer *q = *state;
	const struct http_field json = {view_text("Accept"), view_text("application/json")};
	struct jose_key *owners_key;

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"owner\"]"), 202);
	enquirer_approve(q, "approved");
	own_device(q);
	ask(q, TARGET);
	assert_int_equal(answer.count, 1);
	assert_non_null(answer.devices[0].owner);
	assert_non_null(json_member(answer.devices[0].facts, "serial"));
	assert_int_equal(registry_ask_with(q->r, "GET", TARGET, &json, 1, view_text("")), 200);
	assert_registry_said(q->r, "Asha Rao");
	assert_registry(q->r, 200, "GET", "/v1/enquiry/bulk", NULL);
	assert_null(strstr(registry_said(q->r), "Asha Rao"));
	assert_registry(q->r, 200, "GET", "/v1/enquiry/bulk?owners=true", NULL);
	assert_registry_said(q->r, "Asha Rao");
	owners_key = q->key;
	q->key = NULL;
	assert_int_equal(enquirer_enrol(q, "[\"agency\",\"enquirer\"]"), 202);
	enquirer_approve(q, "approved");
	ask(q, TARGET);
	assert_int_equal(answer.count, 1);
	assert_null(answer.devices[0].owner);
	jose_key_free(owners_key);
}

#define BY_MAKE "/v1/enquiry/devices?make=Aeotec&model=ZW100"

static void devices_are_found_by_make_with_consent_alone(void **state)
{
	struct enquirer *q = *state;
	struct jose_key *enquirers_key, *owners_key;
	char consent[192], body[64], id[JOSE_THUMBPRINT], owner[JOSE_THUMBPRINT];

	add_device(q->r);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	enquirers_key = q->key;
	(void)strcpy(id, q->id);
	q->key = NULL;
	assert_int_equal(enquirer_enrol(q, "[\"owner\"]"), 202);
	enquirer_approve(q, "approved");
	owners_key = q->key;
	(void)strcpy(owner, q->id);
	(void)snprintf(consent, sizeof(consent), "/v1/devices/" DEVICE "/consents/%s", id);
	(void)snprintf(body, sizeof(body), "{\"until\":%lld}",
		(long long)q->r->env.wall_ms + 60 * 1000);
	assert_enquiry(q, 404, "PUT", consent, body); /* not yet its own */
	own_device(q);
	assert_enquiry(q, 204, "PUT", consent, body);

	q->key = enquirers_key;
	(void)strcpy(q->id, id);
	ask(q, BY_MAKE);
	assert_int_equal(answer.count, 1);
	assert_view(answer.asked, "Aeotec ZW100");
	ask(q, "/v1/enquiry/devices?make=Aeotec&model=ZW101");
	assert_int_equal(answer.count, 0);
	assert_enquiry(q, 400, "GET", "/v1/enquiry/devices?make=Aeotec", NULL);
	fake_env_advance(&q->r->env, 61 * 1000); /* consents end */
	ask(q, BY_MAKE);
	assert_int_equal(answer.count, 0);
	(void)snprintf(body, sizeof(body), "{\"until\":%lld}",
		(long long)q->r->env.wall_ms + 60 * 1000);
	assert_registry(q->r, 204, "PUT", consent, body); /* on the owner's behalf */
	ask(q, BY_MAKE);
	assert_int_equal(answer.count, 1);
	assert_enquiry(q, 403, "DELETE", consent, NULL); /* the enquirer is no owner */
	q->key = owners_key;
	(void)strcpy(q->id, owner);
	assert_enquiry(q, 204, "DELETE", consent, NULL);
	q->key = enquirers_key;
	(void)strcpy(q->id, id);
	ask(q, BY_MAKE);
	assert_int_equal(answer.count, 0);
	jose_key_free(owners_key);
}

static void applications_are_asked_about_too(void **state)
{
	struct enquirer *q = *state;

	assert_registry(q->r, 200, "PUT", "/v1/applications/app.example/status",
		"{\"name\":\"Meters\",\"trust\":\"trusted\",\"reason\":\"audited\"}");
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, "/v1/enquiry/applications/app.example");
	assert_int_equal(answer.count, 1);
	assert_view(answer.devices[0].application, "app.example");
	assert_view(answer.devices[0].trust, "trusted");
	ask(q, "/v1/enquiry/applications/other.example");
	assert_int_equal(answer.count, 0);
}

/* ---- a time that has passed ---- */

static void a_device_is_known_as_it_was(void **state)
{
	struct enquirer *q = *state;
	const int64_t start = q->r->env.wall_ms;
	char target[128];

	fake_env_advance(&q->r->env, 1000);
	add_device(q->r);
	fake_env_advance(&q->r->env, 1000);
	registry_log(q->r, EVENT_DEVICE_CONFIRMED, DEVICE, "{\"subject\":\"" DEVICE "\"}");
	registry_log(q->r, EVENT_STATUS_CHANGED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"trust\":\"trusted\",\"rule\":\"confirmed\"}");
	fake_env_advance(&q->r->env, 1000);
	registry_log(q->r, EVENT_STATUS_CHANGED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"trust\":\"unreliable\",\"rule\":\"severity\","
		"\"reason\":\"an advisory\"}");
	registry_log(q->r, EVENT_DEVICE_REPORTED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"facts\":{\"make\":\"Aeotec\",\"model\":\"ZW101\"}}");
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\",\"agency\"]"), 202);
	enquirer_approve(q, "approved");

	(void)snprintf(target, sizeof(target), TARGET "?at=%lld", (long long)start + 500);
	ask(q, target);
	assert_int_equal(answer.count, 0);
	(void)snprintf(target, sizeof(target), TARGET "?at=%lld", (long long)start + 1500);
	ask(q, target);
	assert_view(answer.devices[0].trust, "unverified");
	assert_view(answer.devices[0].lifecycle, "registered");
	(void)snprintf(target, sizeof(target), TARGET "?at=%lld", (long long)start + 2500);
	ask(q, target);
	assert_view(answer.devices[0].trust, "trusted");
	assert_view(answer.devices[0].lifecycle, "active");
	assert_int_equal(answer.at, start + 2500);
	assert_int_equal(answer.devices[0].list_uri.len, 0);
	(void)snprintf(target, sizeof(target), TARGET "?at=%lld", (long long)start + 3500);
	ask(q, target);
	assert_view(answer.devices[0].trust, "unreliable");
	assert_view(answer.devices[0].rule, "severity");
	assert_view(answer.devices[0].reason, "an advisory");
	struct view model;

	assert_ok(json_text(answer.devices[0].facts, "model", &model));
	assert_view(model, "ZW101");
}

static void the_history_of_an_unknown_device_is_empty(void **state)
{
	struct enquirer *q = *state;

	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	ask(q, TARGET "?at=1700000000000");
	assert_int_equal(answer.count, 0);
	assert_enquiry(q, 400, "GET", TARGET "?at=yesterday", NULL);
}

/* ---- the list, as everyone reads it ---- */

static struct status_list *fetch_list(struct enquirer *q, const char *target)
{
	const struct jose_key *key = q->r->registry.answer_key;
	BUF_CLEANUP struct buf kept = buf_growing(1024);
	struct status_list_token token;
	struct status_list *list = NULL;

	assert_int_equal(enquirer_send(q, "GET", target, NULL, NULL, 0), 200);
	assert_string_equal(q->type, STATUS_LIST_MEDIA);
	assert_ok(status_list_verify(&key, 1, buf_contents(&q->body), env_wall(&q->r->env.env),
		&kept, &token, &list));
	assert_view(token.issuer, "IN.TEL.P01");
	assert_int_equal(token.ttl, 60);
	return list;
}

static unsigned status_in_list(struct enquirer *q, size_t index)
{
	struct status_list *list = fetch_list(q, "/v1/status-lists/2");
	unsigned status = status_list_get(list, index);

	status_list_free(list);
	return status;
}

/* The thread that makes it is waited for. */
static void wait_for_status(struct enquirer *q, size_t index, unsigned status)
{
	for (int i = 0; i < 1000 && status_in_list(q, index) != status; i++) {
		fake_env_advance(&q->r->env, 1000);
		loop_turn(q->r->loop, 10);
	}
	assert_int_equal(status_in_list(q, index), status);
}

/* ---- staff ---- */

/* As the policy does. */
static void set_trust(struct registry_flow *r, enum trust trust, int64_t facts_seq)
{
	const struct store_step step = {
		.statement = SET_TRUST,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text(DEVICE)), STORE_INT_OF(trust),
			STORE_INT_OF(r->env.wall_ms), STORE_TEXT_OF(view_text("test")),
			STORE_INT_OF(TRUST_UNVERIFIED), STORE_INT_OF(facts_seq),
			STORE_INT_OF(facts_seq)},
	};

	submit(r, EVENT_STATUS_CHANGED, DEVICE,
		"{\"subject\":\"" DEVICE "\",\"trust\":\"trusted\"}", &step, 1);
}

static void the_standing_of_a_device_is_quick_and_never_old(void **state)
{
	struct enquirer *q = *state;
	int64_t registered;

	assert_registry(q->r, 404, "GET", "/v1/enquiry/standing/" DEVICE, NULL);
	add_device(q->r);
	registered = q->r->seq;
	for (int i = 0; i < 3; i++) {
		assert_registry(q->r, 200, "GET", "/v1/enquiry/standing/" DEVICE, NULL);
		assert_registry_said(q->r, "\"trust\":\"unverified\"");
	}
	set_trust(q->r, TRUST_TRUSTED, registered);
	assert_registry(q->r, 200, "GET", "/v1/enquiry/standing/" DEVICE, NULL);
	assert_registry_said(q->r, "\"trust\":\"trusted\"");
	wait_for_status(q, INDEX % (1 << 20), TRUST_TRUSTED);
	assert_int_equal(enquirer_send(q, "GET", "/v1/enquiry/standing/" DEVICE, NULL, NULL, 0),
		401);
	assert_string_equal(q->challenge, "");
}

static void an_administrator_needs_no_signature(void **state)
{
	struct enquirer *q = *state;
	const struct http_field json = {view_text("Accept"), view_text("application/json")};

	add_device(q->r);
	assert_int_equal(registry_ask_with(q->r, "GET", TARGET "?nonce=mine", &json, 1,
				 view_text("")),
		200);
	assert_registry_said(q->r, "\"nonce\":\"mine\"");
	assert_registry_said(q->r, "\"serial\":\"4711\"");
}

static void bulk_is_for_administrators(void **state)
{
	struct enquirer *q = *state;
	char id[64];

	for (int i = 0; i < 1200; i++) {
		(void)snprintf(id, sizeof(id), "IN.TEL.P01:mac:0024befffe80%04x", i);
		add_device_of(q->r, id, "IN.TEL.P01", i);
	}
	add_device_of(q->r, "IN.TEL.P02:imei:356938035643809", "IN.TEL.P02", -1);
	assert_registry(q->r, 200, "GET", "/v1/enquiry/bulk", NULL);
	assert_string_equal(q->r->type, "application/x-ndjson");
	assert_registry_said(q->r, "\n{\"complete\":true,\"devices\":1201,");
	assert_registry_said(q->r, "\"reg_dev_id\":\"IN.TEL.P01:mac:0024befffe8004af\"");
	assert_registry(q->r, 200, "GET", "/v1/enquiry/bulk?registry=IN.TEL.P02&make=Aeotec", NULL);
	assert_registry_said(q->r, "\"devices\":1,");
	assert_registry(q->r, 200, "GET", "/v1/enquiry/bulk?trust=trusted", NULL);
	assert_registry_said(q->r, "{\"complete\":true,\"devices\":0,");
	assert_registry(q->r, 400, "GET", "/v1/enquiry/bulk?trust=perhaps", NULL);
	assert_int_equal(enquirer_enrol(q, "[\"enquirer\"]"), 201);
	assert_int_equal(enquirer_send(q, "GET", "/v1/enquiry/bulk", NULL, NULL, 0), 401);
}

/* ---- status lists ---- */

static void everyone_reads_the_list_without_asking(void **state)
{
	struct enquirer *q = *state;
	struct http_field known = {view_text("If-None-Match")};
	char etag[64];

	add_device_of(q->r, "IN.TEL.P01:mac:0024befffe804ff1", "IN.TEL.P01", INDEX);
	add_device_of(q->r, "IN.TEL.P01:mac:0024befffe804ff2", "IN.TEL.P01", INDEX + 2);
	wait_for_status(q, INDEX % (1 << 20), 2);
	wait_for_status(q, INDEX % (1 << 20) + 2, 2);
	assert_int_equal(status_in_list(q, INDEX % (1 << 20) + 1), STATUS_LIST_UNASSIGNED);
	assert_string_equal(q->cache, "public, max-age=60");
	(void)snprintf(etag, sizeof(etag), "%s", q->etag);
	known.value = view_text(etag);
	assert_int_equal(enquirer_send(q, "GET", "/v1/status-lists/2", NULL, &known, 1), 304);
	assert_int_equal(enquirer_send(q, "GET", "/v1/status-lists/3", NULL, NULL, 0), 404);
	assert_int_equal(enquirer_send(q, "GET", "/v1/status-lists/x", NULL, NULL, 0), 404);
	const struct http_field json = {view_text("Accept"), view_text("application/json")};

	assert_int_equal(enquirer_send(q, "GET", "/v1/status-lists/0", NULL, &json, 1), 200);
	assert_non_null(strstr(enquirer_said(q), "{\"bits\":2,\"lst\":\"eN"));
	assert_int_equal(enquirer_send(q, "GET", "/v1/status-lists", NULL, NULL, 0), 200);
	assert_non_null(strstr(enquirer_said(q), "https://registry.example/v1/status-lists/2"));
}

static void lists_are_there_after_a_restart(void **state)
{
	struct enquirer *q = *state;
	struct registry_flow *r = q->r;

	add_device(r);
	http_client_free(q->client);
	registry_flow_restart(r);
	q->client = NULL;
	assert_registry(r, 200, "GET", "/v1/status-lists/2", NULL);
	const struct jose_key *key = r->registry.answer_key;
	BUF_CLEANUP struct buf kept = buf_growing(1024);
	struct status_list_token token;
	struct status_list *list = NULL;

	assert_ok(status_list_verify(&key, 1, buf_contents(&r->body), env_wall(&r->env.env), &kept,
		&token, &list));
	assert_int_equal(status_list_get(list, INDEX % (1 << 20)), 2);
	status_list_free(list);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(an_enquirer_learns_what_it_may),
		WITH(by_its_own_identifier_too),
		WITH(a_device_of_another_registry_is_answered_for),
		WITH(unknown_and_forbidden_look_alike),
		WITH(what_is_told_follows_the_role),
		WITH(a_virtual_one_says_no_more_than_it_must),
		WITH(one_for_a_transaction_is_used_up),
		WITH(whose_a_device_is_is_told_to_its_owner_alone),
		WITH(an_owner_tells_of_vulnerabilities_of_its_own_device_alone),
		WITH(an_agency_replaces_no_advisory_of_an_administrators),
		WITH(devices_are_found_by_make_with_consent_alone),
		WITH(applications_are_asked_about_too),
		WITH(a_device_is_known_as_it_was),
		WITH(the_history_of_an_unknown_device_is_empty),
		WITH(the_standing_of_a_device_is_quick_and_never_old),
		WITH(an_administrator_needs_no_signature),
		WITH(bulk_is_for_administrators),
		WITH(everyone_reads_the_list_without_asking),
		WITH(lists_are_there_after_a_restart),
	};

	return RUN_TESTS(tests);
}
