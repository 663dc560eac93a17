// SPDX-License-Identifier: Apache-2.0
/* test: what every test includes before anything else: cmocka, and checks that say more. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

#define TEST(name)	 cmocka_unit_test(name)
#define RUN_TESTS(tests) cmocka_run_group_tests_name(__FILE__, (tests), NULL, NULL)

/* The call succeeds; else its sentence is printed. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		enum err test_result = (call);                                                     \
		if (test_result != OK) {                                                           \
			fail_msg("%s: %s: %s", #call, err_name(test_result), err_detail());        \
		}                                                                                  \
	} while (0)
/* The call fails with this code. */
#define assert_err(code, call) assert_string_equal(err_name(code), err_name(call))
/* The last failure's sentence contains this. */
#define assert_said(words)                                                                         \
	do {                                                                                       \
		if (!strstr(err_detail(), (words))) {                                              \
			fail_msg("\"%s\" does not say \"%s\"", err_detail(), (words));             \
		}                                                                                  \
	} while (0)
#define assert_view(v, text)                                                                       \
	do {                                                                                       \
		struct view test_view = (v);                                                       \
		assert_int_equal(test_view.len, strlen(text));                                     \
		assert_memory_equal(test_view.data, (text), strlen(text));                         \
	} while (0)
/* `len` bytes out of twice as many hexadecimal digits: published vectors. */
static inline void bytes_from_hex(const char *hex, void *ret, size_t len)
{
	uint8_t *to = ret;

	assert_int_equal(strlen(hex), 2 * len);
	for (size_t i = 0; i < len; i++) {
		unsigned byte = 0;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		to[i] = (uint8_t)byte;
	}
}
#define assert_hex(bytes, size, hex)                                                               \
	do {                                                                                       \
		uint8_t test_want[256];                                                            \
		bytes_from_hex((hex), test_want, (size));                                          \
		assert_memory_equal((bytes), test_want, (size));                                   \
	} while (0)
