// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/key_transport.h"
#include "wire/key_json.h"

/* AES-128 of FIPS 197, appendix C.1, and SP 800-38A, F.1.1 and F.2.1: key, plain, cipher. */
#define FIPS_KEY    "000102030405060708090a0b0c0d0e0f"
#define FIPS_PLAIN  "00112233445566778899aabbccddeeff"
#define FIPS_CIPHER "69c4e0d86a7b0430d8cdb78070b4c55a"
#define SP_KEY	    "2b7e151628aed2a6abf7158809cf4f3c"
#define SP_PLAIN    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
#define SP_ECB	    "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
#define SP_CBC	    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"

static enum err parse(const char *text, struct key_transport *ret)
{
	JSON_CLEANUP struct json *object = NULL;

	*ret = (struct key_transport){.cbc = false};
	assert_ok(json_parse(view_text(text), 4096, &object));
	return transport_from_json(object, ret);
}

static struct aka_key key_of(const char *k, const char *opc)
{
	struct aka_key key = {.algorithm = AKA_MILENAGE};

	assert_ok(secret_from_hex(&key.k, view_text(k)));
	assert_ok(secret_from_hex(&key.opc, view_text(opc)));
	return key;
}

static void k_is_opened_with_ecb(void **state)
{
	struct aka_key key = key_of(FIPS_CIPHER, FIPS_CIPHER);
	struct key_transport t;

	(void)state;
	assert_ok(parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\"}", &t));
	assert_ok(key_transport_open(&t, &key));
	assert_hex(key.k.bytes, 16, FIPS_PLAIN);
	assert_hex(key.opc.bytes, 16, FIPS_CIPHER);
	assert_ok(parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY
			"\",\"wraps\":[\"k\",\"opc\"]}",
		&t));
	key = key_of(FIPS_CIPHER, FIPS_CIPHER);
	assert_ok(key_transport_open(&t, &key));
	assert_hex(key.opc.bytes, 16, FIPS_PLAIN);
}

static void keys_of_32_bytes_are_two_blocks(void **state)
{
	struct aka_key key = key_of(SP_ECB, SP_ECB);
	struct key_transport t;

	(void)state;
	assert_ok(parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" SP_KEY "\"}", &t));
	assert_ok(key_transport_open(&t, &key));
	assert_hex(key.k.bytes, 32, SP_PLAIN);
	assert_ok(parse("{\"cipher\":\"aes-128-cbc\",\"key\":\"" SP_KEY
			"\",\"iv\":\"000102030405060708090a0b0c0d0e0f\",\"wraps\":[\"opc\",\"k\"]}",
		&t));
	key = key_of(SP_CBC, SP_CBC);
	assert_ok(key_transport_open(&t, &key));
	assert_hex(key.k.bytes, 32, SP_PLAIN);
	assert_hex(key.opc.bytes, 32, SP_PLAIN);
}

static void a_check_value_tells_another_key(void **state)
{
	struct key_transport t;

	(void)state;
	/* AES-128 under FIPS_KEY of zeros begins so */
	assert_ok(
		parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"check\":\"c6a13b\"}",
			&t));
	assert_err(ERR_AUTH,
		parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" SP_KEY "\",\"check\":\"c6a13b\"}",
			&t));
	assert_said("check value");
}

static void a_key_of_zeros_is_refused(void **state)
{
	/* what AES-128 under FIPS_KEY makes of zeros */
	struct aka_key key = key_of("c6a13b37878f5b826f4f8162a1c8d879", FIPS_CIPHER);
	struct key_transport t;

	(void)state;
	assert_ok(parse("{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\"}", &t));
	assert_err(ERR_CRYPTO, key_transport_open(&t, &key));
	assert_int_equal(key.k.len + key.opc.len, 0);
}

static void wrong_transport_keys_are_told(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"{\"key\":\"" FIPS_KEY "\"}", "cipher"},
		{"{\"cipher\":\"des\",\"key\":\"" FIPS_KEY "\"}", "aes-128-ecb or aes-128-cbc"},
		{"{\"cipher\":\"aes-128-ecb\"}", "key"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"00\"}", "key: 32 hex"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY FIPS_KEY "\"}", "key: 32 hex"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"iv\":\"" FIPS_KEY "\"}",
			"cbc alone"},
		{"{\"cipher\":\"aes-128-cbc\",\"key\":\"" FIPS_KEY "\",\"iv\":\"00\"}", "iv: 32"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"wraps\":[]}", "with k"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"wraps\":[\"opc\"]}",
			"with k"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"wraps\":[\"sqn\"]}",
			"may be encrypted"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"check\":\"c6a1\"}",
			"check: 6"},
		{"{\"cipher\":\"aes-128-ecb\",\"key\":\"" FIPS_KEY "\",\"kcv\":\"\"}", "unknown"},
	};
	struct key_transport t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_err(ERR_SYNTAX, parse(cases[i].text, &t));
		assert_said(cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(k_is_opened_with_ecb),
		TEST(keys_of_32_bytes_are_two_blocks),
		TEST(a_check_value_tells_another_key),
		TEST(a_key_of_zeros_is_refused),
		TEST(wrong_transport_keys_are_told),
	};
	return RUN_TESTS(tests);
}
