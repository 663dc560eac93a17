// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/cbor_json.h"

#include <string.h>

enum { MAX = 4096 };

static struct buf bytes_of(const char *hex)
{
	struct buf out = buf_growing(MAX);
	uint8_t bytes[MAX];
	size_t len;

	assert_ok(text_from_hex(view_text(hex), bytes, sizeof(bytes), &len, "hex"));
	buf_bytes(&out, bytes, len);
	return out;
}

static enum err parse(const char *hex, struct json **ret)
{
	BUF_CLEANUP struct buf cbor = bytes_of(hex);

	return cbor_parse(buf_contents(&cbor), MAX, ret);
}

/* RFC 8949 appendix A, as far as JSON has the value; and back, in the shortest form. */
static void values_are_those_of_the_text(void **state)
{
	static const struct {
		const char *hex, *json, *back; /* NULL: as it came */
	} rows[] = {
		{"00", "0", NULL},
		{"17", "23", NULL},
		{"1818", "24", NULL},
		{"1903e8", "1000", NULL},
		{"1a000f4240", "1000000", NULL},
		{"1b000000e8d4a51000", "1000000000000", NULL},
		{"1b001fffffffffffff", "9007199254740991", NULL},
		{"20", "-1", NULL},
		{"3903e7", "-1000", NULL},
		{"3b001ffffffffffffe", "-9007199254740991", NULL},
		{"f4", "false", NULL},
		{"f5", "true", NULL},
		{"f6", "null", NULL},
		{"60", "\"\"", NULL},
		{"6449455446", "\"IETF\"", NULL},
		{"62225c", "\"\\\"\\\\\"", NULL},
		{"62c3bc", "\"\303\274\"", NULL},
		{"80", "[]", NULL},
		{"8301820203820405", "[1,[2,3],[4,5]]", NULL},
		{"a0", "{}", NULL},
		{"a26161016162820203", "{\"a\":1,\"b\":[2,3]}", NULL},
		{"826161a161626163", "[\"a\",{\"b\":\"c\"}]", NULL},
		{"9f018202039f0405ffff", "[1,[2,3],[4,5]]", "8301820203820405"},
		{"bf61610161629f0203ffff", "{\"a\":1,\"b\":[2,3]}", "a26161016162820203"},
		{"9fff", "[]", "80"},
		{"1800", "0", "00"},
		{"4401020304", "\"AQIDBA\"", "66415149444241"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		JSON_CLEANUP struct json *value = NULL;
		BUF_CLEANUP struct buf text = buf_growing(MAX), back = buf_growing(MAX);
		struct json_writer w = json_to(&text);

		assert_ok(parse(rows[i].hex, &value));
		json_put_value(&w, NULL, value);
		assert_string_equal(buf_string(&text), rows[i].json);
		BUF_CLEANUP struct buf wanted = bytes_of(rows[i].back ? rows[i].back : rows[i].hex);

		cbor_put(&back, value);
		assert_true(view_equal(buf_contents(&back), buf_contents(&wanted)));
	}
}

static void what_json_has_not_is_refused(void **state)
{
	static const struct {
		enum err err;
		const char *hex, *what;
	} rows[] = {
		{ERR_SYNTAX, "", "nothing"},
		{ERR_SYNTAX, "18", "cut off in a number"},
		{ERR_SYNTAX, "6261", "cut off in a text"},
		{ERR_SYNTAX, "8201", "cut off in an array"},
		{ERR_SYNTAX, "a16161", "cut off in a map"},
		{ERR_SYNTAX, "9f01", "no break"},
		{ERR_SYNTAX, "0000", "bytes behind"},
		{ERR_SYNTAX, "ff", "a break alone"},
		{ERR_SYNTAX, "81ff", "a break in a definite array"},
		{ERR_SYNTAX, "bf6161ff", "a break after a key"},
		{ERR_SYNTAX, "a10102", "a key that is a number"},
		{ERR_SYNTAX, "a1416102", "a key that is bytes"},
		{ERR_SYNTAX, "a18002", "a key that is an array"},
		{ERR_SYNTAX, "a2616101616102", "a key twice"},
		{ERR_SYNTAX, "62c328", "not UTF-8"},
		{ERR_SYNTAX, "6100", "a zero in a text"},
		{ERR_SYNTAX, "1c", "a reserved head"},
		{ERR_RANGE, "1b0020000000000000", "2^53"},
		{ERR_RANGE, "3b001fffffffffffff", "-2^53"},
		{ERR_RANGE, "1bffffffffffffffff", "2^64 - 1"},
		{ERR_RANGE, "9bffffffffffffffff", "an array without end"},
		{ERR_RANGE, "818181818181818181818181818181818100", "17 levels"},
		{ERR_UNSUPPORTED, "c001", "a tag"},
		{ERR_UNSUPPORTED, "f7", "undefined"},
		{ERR_UNSUPPORTED, "7f6161ff", "a text in chunks"},
		{ERR_UNSUPPORTED, "f97e00", "not a number"},
		{ERR_UNSUPPORTED, "f97c00", "infinity"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		JSON_CLEANUP struct json *value = NULL;
		enum err err = parse(rows[i].hex, &value);

		if (err != rows[i].err) {
			fail_msg("%s: %s", rows[i].what, err_name(err));
		}
		assert_null(value);
	}
}

static void length_and_depth_have_their_ceilings(void **state)
{
	JSON_CLEANUP struct json *value = NULL;
	static uint8_t long_text[MAX + 3] = {0x79, MAX >> 8, MAX & 0xff};

	(void)state;
	memset(long_text + 3, 1, MAX);
	assert_err(ERR_RANGE, cbor_parse(VIEW(long_text), MAX, &value));
	assert_ok(cbor_parse(VIEW(long_text), MAX + 3, &value)); /* "\u0001" each */
	json_free(value);
	value = NULL;
	assert_ok(parse("8181818181818181818181818181818100", &value));
}

static void real_numbers_stay_what_they_are(void **state)
{
	JSON_CLEANUP struct json *value = NULL, *again = NULL;
	BUF_CLEANUP struct buf back = buf_growing(MAX);
	BUF_CLEANUP struct buf wanted = bytes_of("82fb3ff199999999999afb3ff8000000000000");

	(void)state;
	assert_ok(parse("82fb3ff199999999999af93e00", &value)); /* 1.1, 1.5 */
	cbor_put(&back, value);
	assert_true(view_equal(buf_contents(&back), buf_contents(&wanted)));
	assert_ok(cbor_parse(buf_contents(&back), MAX, &again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_those_of_the_text),
		cmocka_unit_test(what_json_has_not_is_refused),
		cmocka_unit_test(length_and_depth_have_their_ceilings),
		cmocka_unit_test(real_numbers_stay_what_they_are),
	};
	return RUN_TESTS(tests);
}
