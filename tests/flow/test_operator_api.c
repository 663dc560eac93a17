// SPDX-License-Identifier: Apache-2.0
/* The operator's API, row by row of docs/protocol/api.md. */
#include "test.h"

#include "operator.h"

#include "authz/degrees.h"
#include "authz/keys.h"
#include "base/text.h"
#include "core/milenage.h"
#include "wire/json.h"

#include <dirent.h>

#define CLIENT OPERATOR_CLIENT
#define ASP    OPERATOR_ASP
#define K      OPERATOR_K
#define OPC    OPERATOR_OPC
#define TUAK   "\"k\":\"" K "\",\"topc\":\"" OPC OPC "\",\"algorithm\":\"tuak\""
#define ALICE  "{\"id\":\"alice\",\"verification\":\"postpaid\",\"name\":\"Alice Example\"}"
#define NOW    "\"created\":\"2026-01-01T00:00:00Z\""

/* req: B9.2.2-a B9.2.2-b B9.2.2-c B9.2.2-d B9.2.2-f */
static void test_what_is_added_is_shown(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 200, "GET", "/v1/subscribers/alice", NULL);
	assert_string_equal(operator_said(o), "{\"id\":\"alice\",\"verification\":\"postpaid\","
					      "\"name\":\"Alice Example\"," NOW "}\n");
	assert_string_equal(o->type, "application/json");
	assert_asked(o, 200, "GET", "/v1/devices/001010123456789%40realm.example", NULL);
	assert_string_equal(operator_said(o),
		"{\"client\":\"" CLIENT "\",\"subscriber\":\"alice\","
		"\"device\":\"urn:gsma:imei:90420156-025763-0\",\"algorithm\":\"milenage\"," NOW
		"}\n");
	assert_asked(o, 200, "GET", "/v1/asps/" ASP, NULL);
	assert_string_equal(operator_said(o),
		"{\"id\":\"" ASP "\",\"name\":\"Example Services\"," NOW
		",\"elements\":[\"b.app.example\",\"gateway.app.example\"]}\n");
	assert_asked(o, 200, "GET", "/v1/applications/app.example", NULL);
	assert_string_equal(operator_said(o),
		"{\"id\":\"app.example\",\"asp\":\"" ASP "\",\"format\":\"gba\","
		"\"degree\":\"standard\",\"lifetime\":3600,\"service\":1,\"identity\":false," NOW
		",\"ua\":[\"0100000007\",\"0100011301\"],\"title\":\"\",\"description\":\"\","
		"\"published\":false,\"attributes\":[],\"verification\":\"none\","
		"\"administrators\":[\"asp\",\"operator\"],\"state\":\"confirmed\","
		"\"reason\":\"\"}\n");
	assert_asked(o, 200, "GET", "/v1/grants?client=" CLIENT, NULL);
	assert_string_equal(operator_said(o),
		"{\"items\":[{\"client\":\"" CLIENT "\","
		"\"application\":\"app.example\",\"rights\":[],"
		"\"attributes\":[]," NOW ",\"set_by\":\"operator\"}]}\n");
}

static void test_status_counts_all(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	fake_env_advance(&o->env, 61 * 1000);
	assert_asked(o, 200, "GET", "/v1/status", NULL);
	assert_answer(o, "\"node\":\"authz1.realm.example\",\"realm\":\"realm.example\"");
	assert_answer(o, "\"uptime\":61");
	assert_answer(o, "\"peers\":[]");
	assert_answer(o, "\"store\":{\"units\":");
	assert_answer(o,
		"\"counts\":{\"subscribers\":1,\"devices\":1,\"asps\":1,\"applications\":1,"
		"\"grants\":1}");
	assert_asked(o, 200, "GET", "/v1/realm", NULL);
	assert_answer(o, "\"realm\":\"realm.example\"");
	assert_answer(o, "\"operator_socket\":\"/");
	assert_answer(o, "\"token_formats\":[\"y3056\",\"gba\"]");
	assert_asked(o, 200, "HEAD", "/v1/status", NULL);
	assert_string_equal(operator_said(o), "");
}

static void test_answers_follow_the_commit(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	operator_restart(o);
	assert_asked(o, 200, "GET", "/v1/subscribers/alice", NULL);
	assert_answer(o, "\"name\":\"Alice Example\"");
	assert_asked(o, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_answer(o, CLIENT);
}

static bool holds(struct view hay, const char *needle)
{
	return memmem(hay.data, hay.len, needle, strlen(needle)) != NULL;
}

/* Neither keys nor persons are readable in any file.  req: B7.5-e B9.2.2-e */
static void test_secrets_are_sealed(void **state)
{
	struct authz_flow *o = *state;
	uint8_t k[16];
	DIR *dir = opendir(o->dir);
	int files = 0;

	operator_provision(o);
	bytes_from_hex(K, k, sizeof(k));
	for (struct dirent *entry; (entry = readdir(dir));) {
		char path[512];
		struct buf text;

		(void)snprintf(path, sizeof(path), "%s/%s", o->dir, entry->d_name);
		if (entry->d_type != DT_REG || text_read_file(path, 16 << 20, &text) != OK) {
			continue;
		}
		struct view bytes = buf_contents(&text);

		files++;
		assert_null(memmem(bytes.data, bytes.len, k, sizeof(k)));
		assert_false(holds(bytes, K) || holds(bytes, OPC) || holds(bytes, "Alice Example"));
		buf_free(&text);
	}
	(void)closedir(dir);
	assert_true(files >= 2);
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

/* The vector of a client is what Milenage gives for K, OPc and SQN. */
static void check_vector(struct authz_flow *o, const char *client, uint64_t sqn)
{
	struct milenage *milenage;
	struct milenage_out out;
	uint8_t k[16], opc[16], sqn_bytes[6], amf[2];

	run = (struct run){.done = false};
	keys_make_vector(&o->authz, view_text(client), NULL, on_vector, 0);
	operator_wait(o, &run.done);
	assert_int_equal(run.result, OK);
	bytes_from_hex(K, k, 16);
	bytes_from_hex(OPC, opc, 16);
	for (size_t i = 0; i < 6; i++) {
		sqn_bytes[i] = (uint8_t)(sqn >> 8 * (5 - i));
	}
	memcpy(amf, run.vector.autn + 6, 2);
	assert_ok(milenage_new(&milenage));
	assert_ok(milenage_run(milenage, k, opc, run.vector.rand, sqn_bytes, amf, &out));
	assert_memory_equal(out.res, run.vector.xres.bytes, 8);
	assert_memory_equal(out.mac_a, run.vector.autn + 8, 8);
	milenage_free(milenage);
}

/* req: B9.2.1-a B9.2.2-e */
static void test_keys_come_with_opc_or_op(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	check_vector(o, CLIENT, 33);
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"001010000000001@realm.example\",\"subscriber\":\"alice\",\"k\":\"" K
		"\",\"op\":\"" OPERATOR_OP "\",\"amf\":\"b9b9\",\"sqn\":3200}");
	check_vector(o, "001010000000001@realm.example", 3233);
	assert_int_equal(run.vector.autn[6], 0xb9);
}

static void test_keys_are_checked(void **state)
{
	static const struct {
		const char *members, *said;
	} cases[] = {
		{"\"k\":\"" K "\"", "opc, op: one of the two"},
		{"\"k\":\"" K "\",\"op\":\"" OPC "\",\"opc\":\"" OPC "\"", "one of the two"},
		{"\"opc\":\"" OPC "\"", "k"},
		{"\"k\":\"46\",\"opc\":\"" OPC "\"", "k: 32 hex digits"},
		{"\"k\":\"x65b5ce8b199b49faa5f0a2ee238a6bc\",\"opc\":\"" OPC "\"", "k: 32 hex"},
		{"\"k\":\"00000000000000000000000000000000\",\"opc\":\"" OPC "\"", "not all zero"},
		{"\"k\":\"" K "\",\"opc\":17", "opc"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"amf\":\"80\"", "amf: 4 hex"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"amf\":\"80000\"", "amf: 4 hex"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"sqn\":-1", "sqn"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"sqn\":281474976710592", "sqn"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"algorithm\":\"xor\"",
			"algorithm: milenage or tuak"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"algorithm\":\"tuak\"",
			"tuak has topc or top"},
		{"\"k\":\"" K "\",\"topc\":\"" OPC "\",\"algorithm\":\"tuak\"", "topc: 64 hex"},
		{"\"k\":\"" K "ab\",\"topc\":\"" OPC OPC "\",\"algorithm\":\"tuak\"",
			"k: 32 or 64 hex"},
		{"\"k\":\"" K "\",\"algorithm\":\"tuak\"", "topc, top: one of the two"},
		{TUAK ",\"top\":\"" OPC OPC "\"", "topc, top: one of the two"},
		{TUAK ",\"keccak_iterations\":256", "keccak_iterations: 1 to 255"},
		{TUAK ",\"keccak_iterations\":0", "keccak_iterations"},
		{TUAK ",\"res_bytes\":32", "res_bytes: 4, 8 or 16"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"res_bytes\":8", "of algorithm tuak alone"},
		{"\"k\":\"" K "\",\"opc\":\"" OPC "\",\"K\":1", "unknown member"},
	};
	struct authz_flow *o = *state;

	assert_asked(o, 201, "POST", "/v1/subscribers", ALICE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[512];

		(void)snprintf(body, sizeof(body),
			"{\"client\":\"" CLIENT "\",\"subscriber\":\"alice\",%s}", cases[i].members);
		assert_asked(o, 400, "POST", "/v1/devices", body);
		assert_answer(o, cases[i].said);
		assert_null(strstr(operator_said(o), "465b5ce8"));
		assert_string_equal(o->type, "application/problem+json");
	}
	assert_asked(o, 404, "GET", "/v1/devices/" CLIENT, NULL);
}

/* RFC 8410 10.1; and its PEM as JSON has it. */
#define ED25519_BODY "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
#define PUBLIC_KEY                                                                                 \
	"\"public_key\":\"-----BEGIN PUBLIC KEY-----\\n" ED25519_BODY                              \
	"\\n-----END PUBLIC KEY-----\\n\""
#define OWN_KEY "imei-90420156025763@realm.example"

/* A device with a key pair of its own: nobody's for AKA, so that its vectors are the dummy's.  req: B9.2.2-g B9.2.1-a */
static void test_a_public_key_may_be_all_that_is_registered(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"" OWN_KEY "\",\"subscriber\":\"alice\"," PUBLIC_KEY "}");
	assert_answer(o, "-----BEGIN PUBLIC KEY-----\\n" ED25519_BODY);
	assert_null(strstr(operator_said(o), "algorithm"));
	assert_asked(o, 200, "GET", "/v1/devices/" OWN_KEY, NULL);
	assert_answer(o, ED25519_BODY);
	run = (struct run){.done = false};
	keys_make_vector(&o->authz, view_text(OWN_KEY), NULL, on_vector, 0);
	operator_wait(o, &run.done);
	assert_int_equal(run.result, OK);
	assert_asked(o, 409, "POST", "/v1/devices",
		"{\"client\":\"mac-0024befffe804ff1@realm.example\",\"subscriber\":"
		"\"alice\"," PUBLIC_KEY "}");
	assert_answer(o, "public key is registered already");
}

/* req: B9.2.2-g */
static void test_a_public_key_comes_beside_a_symmetric_one_and_goes(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 204, "PUT", "/v1/devices/" CLIENT "/public-key", "{" PUBLIC_KEY "}");
	assert_asked(o, 200, "GET", "/v1/devices/" CLIENT, NULL);
	assert_answer(o, ED25519_BODY);
	assert_answer(o, "\"algorithm\":\"milenage\"");
	check_vector(o, CLIENT, 33);
	assert_asked(o, 204, "DELETE", "/v1/devices/" CLIENT "/public-key", NULL);
	assert_asked(o, 200, "GET", "/v1/devices/" CLIENT, NULL);
	assert_null(strstr(operator_said(o), ED25519_BODY));
	assert_asked(o, 404, "PUT", "/v1/devices/" OWN_KEY "/public-key", "{" PUBLIC_KEY "}");
	assert_asked(o, 404, "DELETE", "/v1/devices/" OWN_KEY "/public-key", NULL);
	assert_asked(o, 400, "PUT", "/v1/devices/" CLIENT "/public-key",
		"{\"public_key\":\"-----BEGIN PRIVATE KEY-----\"}");
	assert_answer(o, "not to leave its device");
	assert_asked(o, 400, "PUT", "/v1/devices/" CLIENT "/public-key", "{}");
	assert_answer(o, "public_key");
}

/* ---- errors ---- */

static void test_members_are_checked(void **state)
{
	static const struct {
		const char *method, *path, *body, *said;
	} cases[] = {
		{"POST", "/v1/subscribers", "{\"verification\":\"none\"}", "id"},
		{"POST", "/v1/subscribers", "{\"id\":\"\",\"verification\":\"none\"}", "1 to 64"},
		{"POST", "/v1/subscribers", "{\"id\":\"a b\",\"verification\":\"none\"}", "letters"},
		{"POST", "/v1/subscribers", "{\"id\":\"a\\u0000b\",\"verification\":\"none\"}", ""},
		{"POST", "/v1/subscribers", "{\"id\":\"a\",\"verification\":\"some\"}",
			"verification"},
		{"POST", "/v1/subscribers", "{\"id\":\"a\",\"verification\":\"none\",\"name\":1}",
			"name"},
		{"POST", "/v1/devices", "{\"client\":\"x\",\"subscriber\":\"a\"}", "client"},
		{"POST", "/v1/devices", "{\"client\":\"001010123456789@other.example\"}",
			"which is realm.example"},
		{"POST", "/v1/asps", "{\"id\":\"x\",\"name\":\"X\",\"elements\":[\"a.example\"]}",
			"id"},
		{"POST", "/v1/asps",
			"{\"id\":\"org:1\",\"name\":\"\",\"elements\":[\"a.example\"]}", "name"},
		{"POST", "/v1/asps", "{\"id\":\"org:1\",\"name\":\"X\"}", "elements"},
		{"POST", "/v1/asps", "{\"id\":\"org:1\",\"name\":\"X\",\"elements\":\"a.example\"}",
			"elements"},
		{"POST", "/v1/asps", "{\"id\":\"org:1\",\"name\":\"X\",\"elements\":[]}",
			"elements"},
		{"POST", "/v1/asps", "{\"id\":\"org:1\",\"name\":\"X\",\"elements\":[\"a..b\"]}",
			"item 1"},
		{"POST", "/v1/asps",
			"{\"id\":\"org:1\",\"name\":\"X\",\"elements\":[\"a.example\",\"A."
			"example\"]}",
			"item 2 stands there twice"},
		{"POST", "/v1/applications", "{\"id\":\"a.example\",\"asp\":\"org:1\"}", "ua"},
		{"POST", "/v1/applications",
			"{\"id\":\"a.example\",\"asp\":\"org:1\",\"ua\":[\"01\"]}", "ua: item 1"},
		{"POST", "/v1/applications",
			"{\"id\":\"a.example\",\"asp\":\"org:1\",\"ua\":[\"01000000aa\","
			"\"01000000AA\"]}",
			"item 2 stands there twice"},
		{"POST", "/v1/applications",
			"{\"id\":\"a.example\",\"asp\":\"org:1\",\"ua\":[\"0100000007\"],"
			"\"lifetime\":0}",
			"lifetime"},
		{"POST", "/v1/applications",
			"{\"id\":\"a.example\",\"asp\":\"org:1\",\"ua\":[\"0100000007\"],"
			"\"format\":\"x\"}",
			"format"},
		{"POST", "/v1/applications",
			"{\"id\":\"a.example\",\"asp\":\"org:1\",\"ua\":[\"0100000007\"],"
			"\"identity\":1}",
			"identity"},
		{"PUT", "/v1/grants", "{\"client\":\"" CLIENT "\"}", "application"},
		{"PUT", "/v1/grants",
			"{\"client\":\"" CLIENT
			"\",\"application\":\"a.example\",\"until\":\"soon\"}",
			"until"},
		{"PUT", "/v1/grants",
			"{\"client\":\"" CLIENT
			"\",\"application\":\"a.example\",\"until\":\"2025-01-01T00:00:00Z\"}",
			"past"},
	};
	struct authz_flow *o = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_asked(o, 400, cases[i].method, cases[i].path, cases[i].body);
		assert_answer(o, "\"detail\":\"");
		assert_answer(o, cases[i].said);
	}
	assert_asked(o, 200, "GET", "/v1/status", NULL);
	assert_answer(o,
		"\"counts\":{\"subscribers\":0,\"devices\":0,\"asps\":0,\"applications\":0,"
		"\"grants\":0}");
}

static void test_what_is_there_is_refused(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 409, "POST", "/v1/subscribers", ALICE);
	assert_answer(o, "a subscriber with this id is registered already");
	assert_asked(o, 409, "POST", "/v1/devices",
		"{\"client\":\"" CLIENT "\",\"subscriber\":\"alice\",\"k\":\"" K "\",\"opc\":\"" OPC
		"\"}");
	assert_asked(o, 409, "POST", "/v1/devices",
		"{\"client\":\"001010000000001@realm.example\",\"subscriber\":\"alice\",\"k\":\"" K
		"\",\"opc\":\"" OPC "\",\"device\":\"urn:gsma:imei:90420156-025763-0\"}");
	assert_asked(o, 409, "POST", "/v1/asps",
		"{\"id\":\"" ASP "\",\"name\":\"X\",\"elements\":[\"x.example\"]}");
	assert_answer(o, "an ASP with this id");
	assert_asked(o, 409, "POST", "/v1/asps",
		"{\"id\":\"org:1\",\"name\":\"X\",\"elements\":[\"x.example\",\"b.app.example\"]}");
	assert_answer(o, "another ASP");
	assert_asked(o, 404, "GET", "/v1/asps/org:1", NULL); /* nothing half done */
	assert_asked(o, 409, "POST", "/v1/applications",
		"{\"id\":\"APP.example\",\"asp\":\"" ASP "\",\"ua\":[\"0100000007\"]}");
}

static void test_what_is_missing_is_named(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 404, "POST", "/v1/devices",
		"{\"client\":\"001010000000001@realm.example\",\"subscriber\":\"bob\",\"k\":\"" K
		"\",\"opc\":\"" OPC "\"}");
	assert_answer(o, "subscriber: ");
	assert_asked(o, 404, "POST", "/v1/applications",
		"{\"id\":\"b.example\",\"asp\":\"org:1\",\"ua\":[\"0100000007\"]}");
	assert_answer(o, "asp: ");
	assert_asked(o, 404, "PUT", "/v1/grants",
		"{\"client\":\"001010000000001@realm.example\",\"application\":\"app.example\"}");
	assert_answer(o, "client: ");
	assert_asked(o, 404, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"b.example\"}");
	assert_answer(o, "application: ");
	assert_asked(o, 404, "DELETE", "/v1/grants?client=" CLIENT "&application=b.example", NULL);
	assert_asked(o, 404, "GET", "/v1/subscribers/bob", NULL);
	assert_asked(o, 404, "DELETE", "/v1/subscribers/bob", NULL);
	assert_asked(o, 404, "GET", "/v1/devices/001010000000001@realm.example", NULL);
	assert_asked(o, 404, "DELETE", "/v1/devices/001010000000001@realm.example", NULL);
	assert_asked(o, 404, "GET", "/v1/asps/org:1", NULL);
	assert_asked(o, 404, "DELETE", "/v1/asps/org:1", NULL);
	assert_asked(o, 404, "GET", "/v1/applications/b.example", NULL);
	assert_asked(o, 404, "DELETE", "/v1/applications/b.example", NULL);
	assert_asked(o, 404, "GET", "/v1/nothing", NULL);
	assert_asked(o, 405, "PATCH", "/v1/grants", "{}");
	assert_string_equal(o->allow, "PUT, GET, DELETE");
}

/* The dummy, from whose key unknown clients get their vectors, is nobody's device. */
static void test_the_dummy_is_not_seen(void **state)
{
	struct authz_flow *o = *state;

	assert_asked(o, 200, "GET", "/v1/devices", NULL);
	assert_string_equal(operator_said(o), "{\"items\":[]}\n");
	assert_asked(o, 404, "GET", "/v1/devices/", NULL);
	assert_asked(o, 404, "DELETE", "/v1/devices/", NULL);
	run = (struct run){.done = false};
	keys_make_vector(&o->authz, view_text("001019999999999@realm.example"), NULL, on_vector, 0);
	operator_wait(o, &run.done);
	assert_int_equal(run.result, OK);
}

/* ---- removing ---- */

/* req: B9.2.2-d B9.2.2-g B9.2.2-h */
static void test_removing(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 409, "DELETE", "/v1/asps/" ASP, NULL);
	assert_answer(o, "still has applications");
	assert_asked(o, 200, "DELETE", "/v1/grants?client=" CLIENT "&application=app.example", NULL);
	assert_string_equal(operator_said(o), "{\"sessions\":0}\n");
	assert_asked(o, 404, "DELETE", "/v1/grants?client=" CLIENT "&application=app.example", NULL);
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\"}");
	assert_asked(o, 204, "DELETE", "/v1/applications/app.example", NULL);
	assert_asked(o, 200, "GET", "/v1/grants?client=" CLIENT, NULL);
	assert_string_equal(operator_said(o), "{\"items\":[]}\n");
	assert_asked(o, 204, "DELETE", "/v1/asps/" ASP, NULL);
	assert_asked(o, 204, "DELETE", "/v1/subscribers/alice", NULL);
	assert_asked(o, 404, "GET", "/v1/devices/" CLIENT, NULL);
	operator_provision(o); /* all names are free again */
	assert_asked(o, 204, "DELETE", "/v1/devices/" CLIENT, NULL);
	assert_asked(o, 200, "GET", "/v1/grants?application=app.example", NULL);
	assert_string_equal(operator_said(o), "{\"items\":[]}\n");
}

/* req: B9.2.2-h */
static void test_a_grant_is_set_again(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	fake_env_advance(&o->env, 1000);
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT
		"\",\"application\":\"app.example\",\"until\":\"2026-02-01T00:00:00Z\"}");
	assert_string_equal(operator_said(o),
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\",\"rights\":[],"
		"\"attributes\":[],\"until\":\"2026-02-01T00:00:00Z\"," NOW
		",\"set_by\":\"operator\"}\n");
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\"}");
	assert_null(strstr(operator_said(o), "until"));
}

/* req: B7.7-e */
static void test_a_grant_has_rights(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\","
		"\"rights\":[\"write\",\"read\",\"write\"],\"attributes\":[\"name\"]}");
	assert_answer(o, "\"rights\":[\"read\",\"write\"],\"attributes\":[\"name\"]");
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\",\"rights\":[]}");
	assert_answer(o, "\"rights\":[],\"attributes\":[\"name\"]");
	assert_asked(o, 400, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT "\",\"application\":\"app.example\",\"rights\":\"read\"}");
	assert_answer(o, "rights: an array of names is wanted");
	assert_asked(o, 400, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT
		"\",\"application\":\"app.example\",\"rights\":[\"Read it\"]}");
	assert_answer(o, "rights: a name has a-z");
	assert_asked(o, 400, "PUT", "/v1/grants",
		"{\"client\":\"" CLIENT
		"\",\"application\":\"app.example\",\"attributes\":[\"salary\"]}");
	assert_answer(o, "attributes: salary is no claim");
}

/* req: B9.2.2-a */
static void test_a_subscriber_has_claims(void **state)
{
	struct authz_flow *o = *state;
	static const char *const wrong[] = {"\"salary\":\"1\"", "\"birthdate\":\"1990-02-30\"",
		"\"birthdate\":\"31.1.1990\"", "\"phone_number\":\"030 123\"",
		"\"email\":\"nobody\"", "\"address\":\"Berlin\"",
		"\"address\":{\"planet\":\"Earth\"}", "\"nationalities\":[]",
		"\"nationalities\":[\"German\"]", "\"document\":\"library card\"",
		"\"given_name\":\"\"", "\"given_name\":\"a\\nb\"", "\"name\":\"Bob\""};

	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"postpaid\",\"name\":\"Bob\",\"claims\":{"
		"\"birthdate\":\"1990-01-31\",\"address\":{\"locality\":\"Berlin\"},"
		"\"nationalities\":[\"DE\"],\"document\":\"idcard\"},"
		"\"verified\":\"2025-12-31T00:00:00Z\"}");
	assert_asked(o, 200, "GET", "/v1/subscribers/bob", NULL);
	assert_answer(o, "\"address\":{\"locality\":\"Berlin\"},\"nationalities\":[\"DE\"]");
	assert_answer(o, "\"verified\":\"2025-12-31T00:00:00Z\"");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char body[256];

		(void)snprintf(body, sizeof(body),
			"{\"id\":\"eve\",\"verification\":\"none\",\"claims\":{%s}}", wrong[i]);
		assert_asked(o, 400, "POST", "/v1/subscribers", body);
		assert_answer(o, "claims");
	}
	assert_asked(o, 404, "GET", "/v1/subscribers/eve", NULL);
}

/* ---- pages ---- */

static void add_subscribers(struct authz_flow *o, int count)
{
	for (int i = 0; i < count; i++) {
		char body[128];

		(void)snprintf(body, sizeof(body), "{\"id\":\"s%04d\",\"verification\":\"none\"}",
			i);
		assert_asked(o, 201, "POST", "/v1/subscribers", body);
	}
}

static void test_pages(void **state)
{
	struct authz_flow *o = *state;

	add_subscribers(o, 5);
	assert_asked(o, 200, "GET", "/v1/subscribers?limit=2", NULL);
	assert_answer(o, "\"s0000\"");
	assert_answer(o, "\"next\":\"s0001\"");
	assert_asked(o, 200, "GET", "/v1/subscribers?limit=2&after=s0001", NULL);
	assert_answer(o, "\"next\":\"s0003\"");
	assert_asked(o, 200, "GET", "/v1/subscribers?limit=2&after=s0003", NULL);
	assert_answer(o, "\"s0004\"");
	assert_null(strstr(operator_said(o), "next"));
	assert_asked(o, 200, "GET", "/v1/subscribers?limit=5", NULL);
	assert_null(strstr(operator_said(o), "next"));
	assert_asked(o, 400, "GET", "/v1/subscribers?limit=0", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?limit=1001", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?limit=-1", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?limit=", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?limit=1&limit=2", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?after=%ff", NULL);
	assert_asked(o, 400, "GET", "/v1/subscribers?after=%zz", NULL);
}

static void add_asp(struct authz_flow *o, int number, int elements)
{
	char body[4096];
	struct buf b = buf_fixed(body, sizeof(body));

	buf_printf(&b, "{\"id\":\"org:%d\",\"name\":\"ASP %d\",\"elements\":[", number, number);
	for (int i = 0; i < elements; i++) {
		buf_printf(&b, "%s\"e%02d.a%d.example\"", i ? "," : "", i, number);
	}
	buf_printf(&b, "]}");
	assert_asked(o, 201, "POST", "/v1/asps", buf_string(&b));
}

/* A page counts ASPs, however many elements they have. */
static void test_pages_of_asps(void **state)
{
	struct authz_flow *o = *state;

	add_asp(o, 1, 1);
	add_asp(o, 2, 45);
	add_asp(o, 3, 16);
	assert_asked(o, 200, "GET", "/v1/asps?limit=2", NULL);
	assert_answer(o, "\"e00.a1.example\"]},{\"id\":\"org:2\"");
	assert_answer(o, "\"e44.a2.example\"]}],\"next\":\"org:2\"}");
	assert_asked(o, 200, "GET", "/v1/asps?limit=2&after=org:2", NULL);
	assert_answer(o, "\"e15.a3.example\"]}]}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"one.example\",\"asp\":\"org:1\",\"ua\":[\"0100000007\",\"0100000002\"]"
		"}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"two.example\",\"asp\":\"org:2\",\"ua\":[\"0100000007\"],"
		"\"lifetime\":60,\"service\":7,\"identity\":true,\"format\":\"gba\"}");
	assert_answer(o, "\"lifetime\":60,\"service\":7,\"identity\":true");
	assert_asked(o, 200, "GET", "/v1/applications?limit=1", NULL);
	assert_answer(o, "\"ua\":[\"0100000002\",\"0100000007\"],");
	assert_answer(o, "],\"next\":\"one.example\"");
	assert_asked(o, 200, "GET", "/v1/applications?asp=org:2", NULL);
	assert_answer(o, "two.example");
	assert_null(strstr(operator_said(o), "one.example"));
}

static void test_lists_of_one(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 201, "POST", "/v1/subscribers",
		"{\"id\":\"bob\",\"verification\":\"none\"}");
	assert_asked(o, 201, "POST", "/v1/devices",
		"{\"client\":\"001010000000001@realm.example\",\"subscriber\":\"bob\",\"k\":\"" K
		"\",\"opc\":\"" OPC "\"}");
	assert_asked(o, 200, "GET", "/v1/devices?subscriber=bob", NULL);
	assert_answer(o, "001010000000001");
	assert_null(strstr(operator_said(o), CLIENT));
	assert_asked(o, 200, "GET", "/v1/devices?limit=1", NULL);
	assert_answer(o, "\"next\":\"001010000000001@realm.example\"");
	assert_asked(o, 200, "PUT", "/v1/grants",
		"{\"client\":\"001010000000001@realm.example\",\"application\":\"app.example\"}");
	assert_asked(o, 200, "GET", "/v1/grants?application=app.example&limit=1", NULL);
	assert_answer(o, "\"next\":\"001010000000001@realm.example\"");
	assert_asked(o, 200, "GET",
		"/v1/grants?application=app.example&after=001010000000001%40realm.example", NULL);
	assert_answer(o, CLIENT);
	assert_asked(o, 400, "GET", "/v1/grants", NULL);
	assert_asked(o, 400, "GET", "/v1/grants?application=app.example&client=" CLIENT, NULL);
	assert_asked(o, 400, "GET", "/v1/grants?client=nobody", NULL);
	assert_asked(o, 400, "DELETE", "/v1/grants?client=" CLIENT, NULL);
}

/* req: B8.4-a */
static void test_degrees_are_the_operators(void **state)
{
	static struct authz_flow o;
	struct degree degree;

	(void)state;
	operator_start(&o, "degrees: [{name: lamps, lifetime: 10m, gba: true},\n"
			   "  {name: locks, lifetime: 2m, mechanisms: certificate,\n"
			   "   algorithms: p-256, strength: 128}]\n");
	assert_asked(&o, 200, "GET", "/v1/realm", NULL);
	assert_answer(&o,
		"\"degrees\":[{\"name\":\"lamps\",\"lifetime\":600,\"gba\":true,"
		"\"mechanisms\":\"\",\"algorithms\":\"\",\"strength\":0},"
		"{\"name\":\"locks\",\"lifetime\":120,\"gba\":false,"
		"\"mechanisms\":\"certificate\",\"algorithms\":\"p-256\",\"strength\":128}]");
	assert_ok(degree_find(&o.conf, view_text("locks"), &degree));
	assert_int_equal(degree.lifetime, 120);
	assert_err(ERR_NOT_FOUND, degree_find(&o.conf, view_text("standard"), &degree));
	assert_err(ERR_NOT_FOUND, degree_find(&o.conf, view_text("lock"), &degree));
	operator_stop(&o);
}

/* req: B9.2.2-e */
static void test_a_format_is_changed_where_the_degree_allows_it(void **state)
{
	struct authz_flow *o = *state;

	operator_provision(o);
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"b.example\",\"asp\":\"" ASP "\",\"ua\":[\"0100000007\"]}");
	assert_answer(o, "\"format\":\"y3056\""); /* unless given */
	assert_asked(o, 200, "PATCH", "/v1/applications/b.example", "{\"format\":\"gba\"}");
	assert_answer(o, "\"format\":\"gba\"");
	assert_asked(o, 409, "PATCH", "/v1/applications/b.example", "{\"degree\":\"high\"}");
	assert_asked(o, 200, "PATCH", "/v1/applications/b.example",
		"{\"degree\":\"high\",\"format\":\"y3056\"}");
	assert_asked(o, 409, "PATCH", "/v1/applications/b.example", "{\"format\":\"gba\"}");
	assert_answer(o, "the degree does not allow it");
	assert_asked(o, 400, "PATCH", "/v1/applications/b.example", "{\"format\":\"jwt\"}");
	assert_answer(o, "format: y3056 or gba");
	assert_asked(o, 200, "PATCH", "/v1/applications/b.example", "{\"degree\":\"basic\"}");
	assert_asked(o, 201, "POST", "/v1/applications",
		"{\"id\":\"c.example\",\"asp\":\"" ASP
		"\",\"ua\":[\"0100000007\"],\"group\":\"b.example\"}");
	assert_asked(o, 409, "PATCH", "/v1/applications/b.example", "{\"format\":\"gba\"}");
	assert_asked(o, 409, "PATCH", "/v1/applications/c.example", "{\"format\":\"gba\"}");
}

static void test_degrees_that_cannot_be_are_refused(void **state)
{
	static const char *const bad[] = {
		"[{name: \"a b\", lifetime: 1h}]",
		"[{name: a, lifetime: 1h, mechanisms: password}]",
		"[{name: a, lifetime: 1h, algorithms: \"p-256 des\"}]",
		"[{name: a, lifetime: 1h, strength: 257}]",
		"[{name: a, lifetime: 1h, gba: true, mechanisms: certificate}]",
		"[{name: a, lifetime: 1h, gba: true, strength: 192}]",
		"[{name: aaaaaaaaaabbbbbbbbbbccccccccccdd, lifetime: 1h}]",
		"[{name: a, lifetime: 59s}]",
		"[{name: a, lifetime: 1h}, {name: a, lifetime: 2h}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct authz_conf conf = {.degrees = {NULL, 0}};
		char yaml[512];

		(void)snprintf(yaml, sizeof(yaml),
			"node: {host: a.example, realm: example}\nstore: {url: \"sqlite:x\"}\n"
			"seal: {master_key: m}\n"
			"diameter: {certificate: c, key: k, authority: a}\ndegrees: %s\n",
			bad[i]);
		enum err err = conf_parse(authz_options, "test", view_text(yaml), &conf);

		if (err == OK) {
			err = degrees_check(&conf);
		}
		assert_err(ERR_CONFIG, err);
		assert_said("degrees");
		conf_free(authz_options, &conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_degrees_are_the_operators),
		TEST(test_degrees_that_cannot_be_are_refused),
		WITH_OPERATOR(test_a_format_is_changed_where_the_degree_allows_it),
		WITH_OPERATOR(test_what_is_added_is_shown),
		WITH_OPERATOR(test_status_counts_all),
		WITH_OPERATOR(test_answers_follow_the_commit),
		WITH_OPERATOR(test_secrets_are_sealed),
		WITH_OPERATOR(test_keys_come_with_opc_or_op),
		WITH_OPERATOR(test_keys_are_checked),
		WITH_OPERATOR(test_a_public_key_may_be_all_that_is_registered),
		WITH_OPERATOR(test_a_public_key_comes_beside_a_symmetric_one_and_goes),
		WITH_OPERATOR(test_members_are_checked),
		WITH_OPERATOR(test_what_is_there_is_refused),
		WITH_OPERATOR(test_what_is_missing_is_named),
		WITH_OPERATOR(test_the_dummy_is_not_seen),
		WITH_OPERATOR(test_removing),
		WITH_OPERATOR(test_a_grant_is_set_again),
		WITH_OPERATOR(test_a_grant_has_rights),
		WITH_OPERATOR(test_a_subscriber_has_claims),
		WITH_OPERATOR(test_pages),
		WITH_OPERATOR(test_pages_of_asps),
		WITH_OPERATOR(test_lists_of_one),
	};

	return RUN_TESTS(tests);
}
