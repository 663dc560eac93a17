// SPDX-License-Identifier: Apache-2.0
/* req: B10.6.1 */
#include "test.h"

#include "authz/change/envelope.h"

#include <string.h>

static struct jose_key *pair;
static struct envelope_names names;
static struct aka_key milenage, tuak;

static int begin(void **state)
{
	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &pair));
	memcpy(names.change, "c1", sizeof("c1"));
	assert_ok(
		ident_parse(IDENT_CLIENT, view_text("001010123456789@old.example"), &names.client));
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456789@new.example"),
		&names.new_client));
	milenage = (struct aka_key){.algorithm = AKA_MILENAGE, .amf = {0x80, 0x01}};
	assert_ok(secret_from_hex(&milenage.k, view_text("465b5ce8b199b49faa5f0a2ee238a6bc")));
	assert_ok(secret_from_hex(&milenage.opc, view_text("cd63cb71954a9f4e48a5994e37a02baf")));
	tuak = (struct aka_key){.algorithm = AKA_TUAK, .iterations = 2, .res_len = 16};
	assert_ok(secret_from_hex(&tuak.k,
		view_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")));
	assert_ok(secret_from_hex(&tuak.opc,
		view_text("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffe0e1e2e3e4e5e6e7e8e9eaebecedeeef")));
	return 0;
}

static int end(void **state)
{
	(void)state;
	jose_key_free(pair);
	return 0;
}

static void check_both_ways(const struct aka_key *key, uint64_t sqn)
{
	BUF_CLEANUP struct buf jwe = buf_growing(JWE_MAX);
	struct aka_key got = {.amf = {0}};
	uint64_t got_sqn = 0;

	assert_ok(envelope_seal(pair, &names, key, sqn, &jwe));
	assert_ok(envelope_open(pair, &names, buf_contents(&jwe), &got, &got_sqn));
	assert_int_equal(got_sqn, sqn);
	assert_int_equal(got.algorithm, key->algorithm);
	assert_true(secret_equal(&got.k, &key->k));
	assert_true(secret_equal(&got.opc, &key->opc));
	assert_memory_equal(got.amf, key->amf, sizeof(key->amf));
	assert_int_equal(got.iterations, key->iterations);
	assert_int_equal(got.res_len, key->res_len);
}

static void keys_of_every_algorithm_arrive_with_their_sqn(void **state)
{
	(void)state;
	check_both_ways(&milenage, 0);
	check_both_ways(&milenage, SQN_LAST);
	check_both_ways(&tuak, 33);
}

static void refused_for(const struct envelope_names *other)
{
	BUF_CLEANUP struct buf jwe = buf_growing(JWE_MAX);
	struct aka_key got;
	uint64_t sqn;

	assert_ok(envelope_seal(pair, &names, &milenage, 1, &jwe));
	assert_err(ERR_AUTH, envelope_open(pair, other, buf_contents(&jwe), &got, &sqn));
}

static void it_opens_for_its_change_and_its_clients_alone(void **state)
{
	struct envelope_names other = names;

	(void)state;
	memcpy(other.change, "c2", sizeof("c2"));
	refused_for(&other);
	other = names;
	assert_ok(
		ident_parse(IDENT_CLIENT, view_text("001010123456780@old.example"), &other.client));
	refused_for(&other);
	other = names;
	assert_ok(ident_parse(IDENT_CLIENT, view_text("001010123456780@new.example"),
		&other.new_client));
	refused_for(&other);
}

/* What a careless or hostile operator may seal. */
static void what_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"change\":\"c1\",\"client\":\"001010123456789@old.example\","
		"\"new_client\":\"001010123456789@new.example\",\"algorithm\":\"milenage\","
		"\"k\":\"00000000000000000000000000000000\","
		"\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\",\"amf\":\"8000\",\"sqn\":1}",
		"{\"change\":\"c1\",\"client\":\"001010123456789@old.example\","
		"\"new_client\":\"001010123456789@new.example\",\"algorithm\":\"milenage\","
		"\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\","
		"\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\",\"amf\":\"8000\","
		"\"sqn\":281474976710655}",
		"{\"change\":\"c1\",\"client\":\"001010123456789@old.example\","
		"\"new_client\":\"001010123456789@new.example\",\"algorithm\":\"milenage\","
		"\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\","
		"\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\",\"amf\":\"8000\",\"sqn\":1,\"more\":"
		"1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		BUF_CLEANUP struct buf jwe = buf_growing(JWE_MAX);
		struct aka_key got;
		uint64_t sqn;

		assert_ok(jwe_encrypt(pair, ENVELOPE_KEY_CTY, view_text(texts[i]), &jwe));
		assert_true(envelope_open(pair, &names, buf_contents(&jwe), &got, &sqn) != OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_every_algorithm_arrive_with_their_sqn),
		cmocka_unit_test(it_opens_for_its_change_and_its_clients_alone),
		cmocka_unit_test(what_is_no_key_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
