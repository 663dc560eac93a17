// SPDX-License-Identifier: Apache-2.0
/* Batches of SIMs over the operator's API: what is taken in which order, and what becomes of keys. */
#include "test.h"

#include "operator.h"
#include "postgres_server.h"

#include "authz/keys.h"
#include "authz/schema.h"
#include "core/aka_key.h"

#define K      OPERATOR_K
#define OPC    OPERATOR_OPC
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER  "2222222222222222222222222222222222222222222222222222222222222222"
/* AES-128 of FIPS 197, appendix C.1 */
#define FIPS_KEY    "000102030405060708090a0b0c0d0e0f"
#define FIPS_PLAIN  "00112233445566778899aabbccddeeff"
#define FIPS_CIPHER "69c4e0d86a7b0430d8cdb78070b4c55a"

#define BODY(after, before, digest, lines)                                                         \
	"{\"after\":" #after ",\"before\":\"" before "\",\"digest\":\"" digest                     \
	"\",\"columns\":\"imsi,k,opc\",\"lines\":[" lines "]}"
#define ROW(imsi) "\"" imsi "," K "," OPC "\""

static void import(struct authz_flow *o, unsigned want, const char *body, const char *said)
{
	assert_asked(o, want, "POST", "/v1/imports/b1", body);
	assert_answer(o, said);
}

/* req: B9.2.2-b */
static void lines_are_taken_behind_those_that_are_done(void **state)
{
	struct authz_flow *o = *state;

	assert_asked(o, 404, "GET", "/v1/imports/b1", NULL);
	import(o, 409, BODY(2, ZEROS, DIGEST, ROW("001010000000001")), "no line of it came before");
	import(o, 200, BODY(1, ZEROS, DIGEST, ROW("001010000000001") "," ROW("001010000000002")),
		"\"lines\":3,\"digest\":\"" DIGEST "\",\"added\":2,\"failed\":0");
	import(o, 409, BODY(1, ZEROS, DIGEST, ROW("001010000000001")), "3 lines of it are done");
	import(o, 409, BODY(4, DIGEST, OTHER, ROW("001010000000003")), "3 lines of it are done");
	import(o, 409, BODY(3, ZEROS, OTHER, ROW("001010000000003")), "another file");
	import(o, 200, BODY(3, DIGEST, OTHER, ROW("001010000000003") ",\"\"," ROW("12")),
		"\"lines\":6,\"digest\":\"" OTHER "\",\"added\":3,\"failed\":1");
	assert_asked(o, 200, "GET", "/v1/imports/b1/errors", NULL);
	assert_string_equal(operator_said(o),
		"{\"items\":[{\"line\":6,\"detail\":\"imsi: 6 to 15 digits (TS 23.003 2.2)\"}]}\n");
	assert_asked(o, 200, "GET", "/v1/imports", NULL);
	assert_answer(o, "\"items\":[{\"id\":\"b1\",\"lines\":6");
	assert_asked(o, 200, "GET", "/v1/devices", NULL);
	assert_answer(o, "001010000000003@realm.example");
}

static void what_is_wrong_with_a_request_is_told(void **state)
{
	static const struct {
		const char *body, *said;
	} cases[] = {
		{"{}", "after"},
		{BODY(-1, ZEROS, DIGEST, ROW("001010000000001")), "after"},
		{BODY(1, "00", DIGEST, ROW("001010000000001")), "before: 64"},
		{BODY(1, ZEROS, "", ROW("001010000000001")), "digest: 64"},
		{BODY(1, ZEROS, DIGEST, ), "lines: a list"},
		{BODY(1, ZEROS, DIGEST, "1"), ""},
		{"{\"after\":0,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST "\",\"lines\":\"x\"}",
			"lines: a list"},
		{"{\"after\":0,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST
		 "\",\"columns\":\"a,b\",\"lines\":[\"x\"]}",
			"columns"},
		{"{\"after\":0,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST
		 "\",\"lines\":[\"x\"],\"transport\":{}}",
			"cipher"},
	};
	struct authz_flow *o = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_asked(o, 400, "POST", "/v1/imports/b1", cases[i].body);
		assert_answer(o, cases[i].said);
	}
	assert_asked(o, 400, "POST", "/v1/imports/b%201",
		BODY(1, ZEROS, DIGEST, ROW("001010000000001")));
	assert_asked(o, 404, "GET", "/v1/imports/b1", NULL);
	assert_asked(o, 200, "GET", "/v1/devices", NULL);
	assert_string_equal(operator_said(o), "{\"items\":[]}\n");
}

static void no_more_lines_than_the_node_takes(void **state)
{
	struct authz_flow *o = *state;
	BUF_CLEANUP struct buf body = buf_growing(64 * 1024);

	buf_text(&body,
		"{\"after\":0,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST "\",\"lines\":[\"\"");
	for (int i = 0; i < 256; i++) {
		buf_text(&body, ",\"\"");
	}
	buf_text(&body, "]}");
	import(o, 400, buf_string(&body), "import.lines");
}

static void a_batch_that_is_wrong_throughout_goes_no_further(void **state)
{
	struct authz_flow *o = *state;

	o->authz.conf->import_failures = 1;
	import(o, 200, BODY(1, ZEROS, DIGEST, "\"x\",\"y\""), "\"failed\":2");
	import(o, 409, BODY(3, DIGEST, OTHER, ROW("001010000000001")), "import.failures");
}

static void on_submitted(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	assert_int_equal(result->err, OK);
	*(bool *)user = true;
}

static void submit(struct authz_flow *o, const struct store_step *steps, size_t count)
{
	bool done = false;

	assert_ok(store_submit(o->authz.store, steps, count, on_submitted, &done, 0));
	operator_wait(o, &done);
}

/* The mark was not reached, and the client has moved on: what the line says is not done again. */
static void a_line_that_comes_again_changes_nothing(void **state)
{
	struct authz_flow *o = *state;

	import(o, 200, BODY(1, ZEROS, DIGEST, ROW("001010000000001")), "\"added\":1");
	const struct store_step forget = {.statement = MARK_IMPORT,
		.expect = STORE_ONE,
		.param_count = 7,
		.params = {STORE_TEXT_OF(view_text("b1")), STORE_INT_OF(1),
			STORE_TEXT_OF(view_text(ZEROS)), STORE_INT_OF(-1), STORE_INT_OF(0),
			STORE_INT_OF(0), STORE_INT_OF(2)}};

	submit(o, &forget, 1);
	import(o, 200, BODY(1, ZEROS, DIGEST, ROW("001010000000001") "," ROW("001010000000001")),
		"\"lines\":3,\"digest\":\"" DIGEST "\",\"added\":1,\"failed\":1");
}

static struct store_step link_step(const char *client, const char *subscriber, const char *device)
{
	return (struct store_step){.statement = LINK_DEVICE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(client)), STORE_TEXT_OF(view_text(subscriber)),
			device ? STORE_TEXT_OF(view_text(device)) : STORE_NULL_OF()}};
}

static struct store_step subscriber_step(const char *id, const char *record)
{
	return (struct store_step){.statement = PUT_SUBSCRIBER,
		.param_count = 4,
		.params = {STORE_TEXT_OF(view_text(id)), STORE_TEXT_OF(view_text("none")),
			STORE_BLOB_OF(view_text(record)), STORE_INT_OF(7)}};
}

/* What a directory says: docs/guides/subscriber-data.md.  req: B9.2.2-b B7.1-f */
static void a_device_of_nobody_becomes_its_subscribers_and_stays_so(void **state)
{
	struct authz_flow *o = *state;
	const char *client = "001010000000001@realm.example";
	const struct store_step first[] = {subscriber_step("alice", "x"),
		subscriber_step("bob", "y"),
		link_step(client, "alice", "urn:gsma:imei:90420156-025763-0"),
		link_step("001010000000009@realm.example", "alice", NULL)};
	const struct store_step second[] = {subscriber_step("alice", "z"),
		link_step(client, "bob", "urn:gsma:imei:35506600-000001-0"),
		link_step(client, "alice", NULL)};

	import(o, 200, BODY(1, ZEROS, DIGEST, ROW("001010000000001")), "\"added\":1");
	submit(o, first, 4);
	submit(o, second, 3);
	assert_asked(o, 200, "GET", "/v1/devices", NULL);
	assert_answer(o, "\"subscriber\":\"alice\",\"device\":\"urn:gsma:imei:90420156-025763-0\"");
}

/* ---- keys ---- */

struct run {
	bool done;
	enum err result;
	struct vector vector;
};

static struct run run;

static void on_vector(void *authz, uint64_t ref, enum err result, const struct vector *vector,
	unsigned awaits)
{
	(void)awaits;
	(void)authz;
	(void)ref;
	run.done = true;
	run.result = result;
	if (vector) {
		run.vector = *vector;
	}
}

static void assert_key_is(struct authz_flow *o, const char *client, const struct aka_key *key)
{
	struct sqn_window window = {.seq = {0}};
	struct aka_result result;
	struct aka *aka;

	run = (struct run){.done = false};
	keys_make_vector(&o->authz, view_text(client), NULL, on_vector, 0);
	operator_wait(o, &run.done);
	assert_int_equal(run.result, OK);
	assert_ok(aka_new(&aka));
	assert_ok(aka_answer(aka, key, run.vector.rand, run.vector.autn, &window, &result));
	assert_true(secret_equal(&result.res, &run.vector.xres));
	aka_free(aka);
}

static void keys_under_a_transport_key_are_opened_in_the_vault(void **state)
{
	struct authz_flow *o = *state;
	struct aka_key key = {.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};

	import(o, 200,
		"{\"after\":0,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST
		"\",\"lines\":[\"{\\\"imsi\\\":\\\"001010000000001\\\",\\\"k\\\":\\\"" FIPS_CIPHER
		"\\\",\\\"opc\\\":\\\"" OPC "\\\"}\"],\"transport\":{\"cipher\":\"aes-128-ecb\","
		"\"key\":\"" FIPS_KEY "\"}}",
		"\"added\":1,\"failed\":0");
	assert_ok(secret_from_hex(&key.k, view_text(FIPS_PLAIN)));
	assert_ok(secret_from_hex(&key.opc, view_text(OPC)));
	assert_key_is(o, "001010000000001@realm.example", &key);
}

static void op_and_tuak_come_in_batches_too(void **state)
{
	struct authz_flow *o = *state;
	struct aka_key milenage = {.algorithm = AKA_MILENAGE, .amf = {0x80, 0}};
	struct aka_key tuak = {.algorithm = AKA_TUAK,
		.amf = {0x80, 0},
		.iterations = 2,
		.res_len = 16};

	assert_asked(o, 200, "POST", "/v1/imports/b1",
		"{\"after\":1,\"before\":\"" ZEROS "\",\"digest\":\"" DIGEST
		"\",\"columns\":\"imsi;algorithm;k;op;topc;keccak_iterations;res_bytes\","
		"\"lines\":[\"001010000000001;;" K ";" OPERATOR_OP ";;;\","
		"\"001010000000002;tuak;" K K ";;" OPC OPC ";2;16\"]}");
	assert_answer(o, "\"added\":2,\"failed\":0");
	assert_ok(secret_from_hex(&milenage.k, view_text(K)));
	assert_ok(secret_from_hex(&milenage.opc, view_text(OPC)));
	assert_key_is(o, "001010000000001@realm.example", &milenage);
	assert_ok(secret_from_hex(&tuak.k, view_text(K K)));
	assert_ok(secret_from_hex(&tuak.opc, view_text(OPC OPC)));
	assert_key_is(o, "001010000000002@realm.example", &tuak);
}

static void a_node_that_stops_forgets_what_was_not_answered(void **state)
{
	struct authz_flow *o = *state;
	const struct http_field json = {view_text("Content-Type"), view_text("application/json")};

	(void)operator_begin(o, "POST", "/v1/imports/b1", &json, 1,
		BODY(1, ZEROS, DIGEST, ROW("001010000000001") "," ROW("001010000000002")));
	loop_turn(o->loop, 10);
	loop_turn(o->loop, 0);
	operator_restart(o);
	unsigned status = operator_ask(o, "GET", "/v1/imports/b1", NULL);

	if (status == 404) {
		import(o, 200,
			BODY(1, ZEROS, DIGEST, ROW("001010000000001") "," ROW("001010000000002")),
			"\"added\":2,\"failed\":0");
	} else {
		assert_answer(o, "\"added\":2,\"failed\":0");
	}
}

static struct postgres_server server; /* none while SQLite is tested */

static int open_import(void **state)
{
	if (operator_store) {
		postgres_server_clear(&server, "postgres");
	}
	return operator_open(state);
}

#define ON_EACH(name) cmocka_unit_test_setup_teardown(name, open_import, operator_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(lines_are_taken_behind_those_that_are_done),
		ON_EACH(what_is_wrong_with_a_request_is_told),
		ON_EACH(no_more_lines_than_the_node_takes),
		ON_EACH(a_batch_that_is_wrong_throughout_goes_no_further),
		ON_EACH(a_line_that_comes_again_changes_nothing),
		ON_EACH(a_device_of_nobody_becomes_its_subscribers_and_stays_so),
		ON_EACH(keys_under_a_transport_key_are_opened_in_the_vault),
		ON_EACH(op_and_tuak_come_in_batches_too),
		ON_EACH(a_node_that_stops_forgets_what_was_not_answered),
	};
	int failed = RUN_TESTS(tests);
	char url[160];

	if (!postgres_server_new(&server)) {
		return failed;
	}
	postgres_server_url(&server, "postgres", url);
	operator_store = url;
	failed += cmocka_run_group_tests_name("import on PostgreSQL", tests, NULL, NULL);
	postgres_server_free(&server);
	return failed;
}
