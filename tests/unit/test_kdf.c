// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/kdf.h"
#include <threads.h>

enum { COUNT = 4 };

static void make_key(const char *hex, struct secret *ret)
{
	assert_ok(secret_from_hex(ret, view_text(hex)));
}

/*
 * TS 33.220 B.2 publishes no values; these were computed with Python's hmac over FC || P0 || L0 ...
 * Ks_NAF, which two other implementations agree on, is in test_token.c.
 */
static void input_is_fc_then_each_parameter_with_its_length(void **state)
{
	const struct view params[] = {view_text("gba-me"), view_text(""), view_of("\0\1\2", 3)};
	uint8_t got[KDF_SIZE];
	SECRET(key);

	(void)state;
	make_key("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", &key);
	assert_ok(kdf(&key, 0x01, params, 3, got));
	assert_hex(got, sizeof(got),
		"30249350321e90ac7ebbdec8ec6d394cc2545a7856bbc3da13ffe37fa3585bdf");
	assert_ok(kdf(&key, 0x01, NULL, 0, got));
	assert_hex(got, sizeof(got),
		"23a1e0a09eb9d617f9a1d98a8947e8b188092787a8d54e4cb3c303a31b466d4e");
}

static void keys_of_1_and_64_bytes_are_used_as_they_are(void **state)
{
	const struct view param = view_text("p");
	uint8_t got[KDF_SIZE];
	SECRET(one);
	SECRET(longest);

	(void)state;
	make_key("7f", &one);
	assert_ok(kdf(&one, 0xff, &param, 1, got));
	assert_hex(got, sizeof(got),
		"bdf81e803ba067d6f5c82c840d8928c0b75dd2e92a4d3fa18aa96e69e6c50130");
	make_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
		&longest);
	assert_ok(kdf(&longest, 0xff, &param, 1, got));
	assert_hex(got, sizeof(got),
		"3aa38562631219461525343785e2b29d5c8848233e8b6a18d200a9af609698f0");
}

/* Moving a byte over a parameter's border changes the lengths, hence the key. */
static void borders_between_parameters_count(void **state)
{
	const struct view whole[] = {view_text("ab"), view_text("c")};
	const struct view moved[] = {view_text("a"), view_text("bc")};
	uint8_t a[KDF_SIZE], b[KDF_SIZE];
	SECRET(key);

	(void)state;
	make_key("0102", &key);
	assert_ok(kdf(&key, 1, whole, 2, a));
	assert_ok(kdf(&key, 1, moved, 2, b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void input_has_a_ceiling(void **state)
{
	static uint8_t filler[KDF_INPUT_MAX + 1];
	struct view param = view_of(filler, KDF_INPUT_MAX - 3);
	uint8_t got[KDF_SIZE] = {0}, zero[KDF_SIZE] = {0};
	SECRET(key);

	(void)state;
	make_key("0102", &key);
	param.len = KDF_INPUT_MAX - 2;
	assert_err(ERR_RANGE, kdf(&key, 1, &param, 1, got));
	assert_said("2048");
	param.len = sizeof(filler);
	assert_err(ERR_RANGE, kdf(&key, 1, &param, 1, got));
	assert_memory_equal(got, zero, sizeof(got));
	param.len = KDF_INPUT_MAX - 3;
	assert_ok(kdf(&key, 1, &param, 1, got));
	assert_memory_not_equal(got, zero, sizeof(got));
}

static void no_key_no_result(void **state)
{
	uint8_t got[KDF_SIZE];
	SECRET(key);

	(void)state;
	assert_err(ERR_RANGE, kdf(&key, 1, NULL, 0, got));
	assert_said("no key");
}

static int derive_often(void *arg)
{
	const struct view param = view_text("p");
	uint8_t first[KDF_SIZE], got[KDF_SIZE];
	struct secret key = {.bytes = {(uint8_t)(uintptr_t)arg, 1}, .len = 2};

	if (kdf(&key, 1, &param, 1, first) != OK) {
		return 1;
	}
	for (int i = 0; i < 1000; i++) {
		if (kdf(&key, 1, &param, 1, got) != OK || memcmp(got, first, sizeof(got)) != 0) {
			return 1;
		}
	}
	return 0;
}

/* RFC 4231 4.3 */
static void hmac_by_itself(void **state)
{
	static const uint8_t expected[KDF_SIZE] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
		0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
		0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	const struct secret jefe = {.bytes = "Jefe", .len = 4};
	uint8_t mac[KDF_SIZE];

	(void)state;
	assert_ok(kdf_hmac(&jefe, view_text("what do ya want for nothing?"), mac));
	assert_memory_equal(mac, expected, KDF_SIZE);
}

static void threads_do_not_disturb_each_other(void **state)
{
	thrd_t threads[COUNT];

	(void)state;
	for (uintptr_t i = 0; i < COUNT; i++) {
		assert_int_equal(thrd_create(&threads[i], derive_often, (void *)i), thrd_success);
	}
	for (int i = 0; i < COUNT; i++) {
		int failed = 1;

		assert_int_equal(thrd_join(threads[i], &failed), thrd_success);
		assert_int_equal(failed, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(input_is_fc_then_each_parameter_with_its_length),
		TEST(keys_of_1_and_64_bytes_are_used_as_they_are),
		TEST(borders_between_parameters_count),
		TEST(input_has_a_ceiling),
		TEST(no_key_no_result),
		TEST(hmac_by_itself),
		TEST(threads_do_not_disturb_each_other),
	};
	return RUN_TESTS(tests);
}
