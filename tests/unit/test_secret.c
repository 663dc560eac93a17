// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/secret.h"
#include <string.h>

static void a_secret_has_1_to_64_bytes(void **state)
{
	uint8_t bytes[SECRET_MAX + 1];
	SECRET(s);

	(void)state;
	memset(bytes, 7, sizeof(bytes));
	assert_ok(secret_set(&s, bytes, 1));
	assert_int_equal(s.len, 1);
	assert_ok(secret_set(&s, bytes, SECRET_MAX));
	assert_memory_equal(secret_view(&s).data, bytes, SECRET_MAX);
	assert_err(ERR_RANGE, secret_set(&s, bytes, 0));
	assert_err(ERR_RANGE, secret_set(&s, bytes, SECRET_MAX + 1));
	assert_int_equal(s.len, SECRET_MAX);
}

static void all_zero_is_refused(void **state)
{
	const uint8_t zeros[SECRET_MAX] = {0};
	SECRET(s);

	(void)state;
	assert_err(ERR_CRYPTO, secret_set(&s, zeros, 16));
	assert_err(ERR_CRYPTO, secret_set(&s, zeros, SECRET_MAX));
	assert_err(ERR_CRYPTO, secret_from_hex(&s, view_text("0000")));
	assert_int_equal(s.len, 0);
	assert_ok(secret_from_hex(&s, view_text("0001")));
}

static void a_shorter_secret_leaves_nothing_of_the_longer(void **state)
{
	SECRET(s);

	(void)state;
	assert_ok(secret_from_hex(&s, view_text("aabbccdd")));
	assert_ok(secret_set(&s, s.bytes + 1, 2));
	assert_memory_equal(s.bytes, "\xbb\xcc\0\0", 4);
}

static void hexadecimal_is_read_and_not_repeated(void **state)
{
	static const char *const bad[] = {"abc", "zz11", "", "0x12", " 12"};
	char many[2 * SECRET_MAX + 3];
	SECRET(s);

	(void)state;
	assert_ok(secret_from_hex(&s, view_text("00fFA9")));
	assert_memory_equal(s.bytes, "\x00\xff\xa9", 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(bad[i][0] ? ERR_SYNTAX : ERR_RANGE,
			secret_from_hex(&s, view_text(bad[i])));
		assert_true(!bad[i][0] || !strstr(err_detail(), bad[i]));
	}
	memset(many, '1', sizeof(many));
	assert_ok(secret_from_hex(&s, view_of(many, 2 * SECRET_MAX)));
	assert_err(ERR_RANGE, secret_from_hex(&s, view_of(many, 2 * SECRET_MAX + 2)));
}

static void secrets_compare(void **state)
{
	SECRET(a);
	SECRET(b);

	(void)state;
	assert_false(secret_equal(&a, &b));
	assert_ok(secret_from_hex(&a, view_text("010203")));
	assert_false(secret_equal(&a, &b));
	assert_ok(secret_from_hex(&b, view_text("010203")));
	assert_true(secret_equal(&a, &b));
	assert_ok(secret_from_hex(&b, view_text("010204")));
	assert_false(secret_equal(&a, &b));
	assert_ok(secret_from_hex(&b, view_text("0102")));
	assert_false(secret_equal(&a, &b));
	assert_true(bytes_equal_secret("ab", "ab", 2));
	assert_false(bytes_equal_secret("ab", "aB", 2));
}

static void wiping_leaves_zeros(void **state)
{
	static const struct secret empty;
	struct secret s;

	(void)state;
	assert_ok(secret_from_hex(&s, view_text("010203")));
	secret_wipe(&s);
	assert_memory_equal(&s, &empty, sizeof(s));
	bytes_wipe(NULL, 0);
}

static void a_declared_secret_begins_empty(void **state)
{
	SECRET(s);

	(void)state;
	assert_int_equal(s.len, 0);
	assert_int_equal(secret_view(&s).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_secret_has_1_to_64_bytes),
		TEST(all_zero_is_refused),
		TEST(a_shorter_secret_leaves_nothing_of_the_longer),
		TEST(hexadecimal_is_read_and_not_repeated),
		TEST(secrets_compare),
		TEST(wiping_leaves_zeros),
		TEST(a_declared_secret_begins_empty),
	};
	return RUN_TESTS(tests);
}
