// SPDX-License-Identifier: Apache-2.0
/* req: R9.3-ii-c */
#include "test.h"

#include "base/text.h"
#include "wire/registry_answer.h"

enum { NOW = 1700000000 };

static const uint8_t log_root[32] = {1, 2, 3};

/* Long: a static one, which the tests fill anew. */
static const struct registry_answer *sample(const struct json *facts)
{
	static struct registry_answer answer;

	answer = (struct registry_answer){
		.issuer = view_text("IN.TEL.P01"),
		.audience = view_text("port-authority"),
		.nonce = view_text("AAECAwQFBgcICQoLDA0ODw"),
		.issued = NOW,
		.expires = NOW + 3600,
		.asked_by = view_text("reg_dev_id"),
		.asked = view_text("IN.TEL.P01:imei:356938035643809"),
		.at = -1,
		.count = 1,
		.log_origin = view_text("registry.example/log"),
		.log_size = 7,
		.log_root = VIEW(log_root),
	};
	answer.devices[0] = (struct answered_device){
		.reg_dev_id = answer.asked,
		.registry = answer.issuer,
		.trust = view_text("unreliable"),
		.lifecycle = view_text("active"),
		.since = NOW * INT64_C(1000),
		.rule = view_text("severity"),
		.reason = view_text("ICSA-24-001"),
		.facts = facts,
		.seq = 6,
		.list_uri = view_text("https://registry.example/v1/status-lists/0"),
		.list_index = 4711,
		.stale = -1,
	};
	return &answer;
}

static void an_answer_is_checked_by_whoever_has_the_key(void **state)
{
	const struct registry_answer_wanted wanted = {.issuer = view_text("IN.TEL.P01"),
		.audience = view_text("port-authority"),
		.nonce = view_text("AAECAwQFBgcICQoLDA0ODw"),
		.now = NOW + 1};
	static struct registry_answer read;
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	JSON_CLEANUP struct json *facts = NULL, *document = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	uint8_t root[32];

	(void)state;
	assert_ok(json_parse(view_text("{\"make\":\"Aeotec\",\"model\":\"ZW100\"}"), 100, &facts));
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(registry_answer_sign(sample(facts), key, &jws));
	assert_ok(registry_answer_verify((const struct jose_key *const *)&key, 1, &wanted,
		buf_contents(&jws), root, &document, &read));
	assert_int_equal(read.count, 1);
	assert_view(read.devices[0].trust, "unreliable");
	assert_view(read.devices[0].rule, "severity");
	assert_int_equal(read.devices[0].seq, 6);
	assert_int_equal(read.devices[0].list_index, 4711);
	assert_int_equal(read.devices[0].stale, -1);
	assert_non_null(read.devices[0].facts);
	assert_null(read.devices[0].owner);
	assert_int_equal(read.log_size, 7);
	assert_memory_equal(read.log_root.data, log_root, 32);
	assert_int_equal(read.at, -1);
	assert_false(read.more);
}

static enum err verify(const struct jose_key *key, const struct registry_answer_wanted *wanted)
{
	static struct registry_answer read;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	JSON_CLEANUP struct json *document = NULL;
	uint8_t root[32];

	assert_ok(registry_answer_sign(sample(NULL), key, &jws));
	return registry_answer_verify(&key, 1, wanted, buf_contents(&jws), root, &document, &read);
}

static void an_answer_is_for_one_enquirer_one_nonce_and_one_time(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	(void)state;
	assert_ok(jose_key_make(JOSE_EDDSA, &key));
	assert_ok(verify(key, &(struct registry_answer_wanted){.now = NOW}));
	assert_ok(verify(key, &(struct registry_answer_wanted){.now = 0}));
	assert_err(ERR_DENIED,
		verify(key, &(struct registry_answer_wanted){.issuer = view_text("IN.TEL.P02")}));
	assert_err(ERR_DENIED,
		verify(key, &(struct registry_answer_wanted){.audience = view_text("other")}));
	assert_err(ERR_DENIED,
		verify(key, &(struct registry_answer_wanted){.nonce = view_text("x")}));
	assert_err(ERR_EXPIRED, verify(key, &(struct registry_answer_wanted){.now = NOW + 3600}));
	assert_err(ERR_EXPIRED, verify(key, &(struct registry_answer_wanted){.now = NOW - 61}));
}

static enum err read_payload(const struct jose_key *key, const char *payload)
{
	static struct registry_answer read;
	const struct registry_answer_wanted wanted = {.now = 0};
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	JSON_CLEANUP struct json *document = NULL;
	uint8_t root[32];

	assert_ok(jose_sign(key, REGISTRY_ANSWER_TYP, view_text(payload), &jws));
	return registry_answer_verify(&key, 1, &wanted, buf_contents(&jws), root, &document, &read);
}

#define HEAD                                                                                       \
	"{\"iss\":\"A\",\"aud\":\"b\",\"nonce\":\"c\",\"iat\":1,\"exp\":2,\"asked_by\":\"d\","     \
	"\"asked\":\"e\","

static void what_is_no_answer_is_refused(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	(void)state;
	assert_ok(jose_key_make(JOSE_EDDSA, &key));
	assert_ok(read_payload(key, HEAD "\"devices\":[]}"));
	assert_err(ERR_SYNTAX, read_payload(key, HEAD "\"devices\":{}}"));
	assert_err(ERR_SYNTAX, read_payload(key, HEAD "\"devices\":[{}]}"));
	assert_err(ERR_SYNTAX, read_payload(key, HEAD "\"devices\":[1]}"));
	assert_err(ERR_SYNTAX,
		read_payload(key, HEAD "\"devices\":[{\"trust\":\"trusted\",\"facts\":1}]}"));
	assert_err(ERR_SYNTAX, read_payload(key, HEAD "\"devices\":[],\"log\":{\"origin\":\"o\","
						      "\"size\":1,\"root\":\"AAAA\"}}"));
	assert_err(ERR_SYNTAX, read_payload(key, "[]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_checked_by_whoever_has_the_key),
		TEST(an_answer_is_for_one_enquirer_one_nonce_and_one_time),
		TEST(what_is_no_answer_is_refused),
	};

	return RUN_TESTS(tests);
}
