// SPDX-License-Identifier: Apache-2.0
/* test: what every test includes before anything else: cmocka, and checks that say more. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
