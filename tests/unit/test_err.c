// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include <errno.h>
#include <string.h>

static void every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int a = 0; a < ERR_COUNT; a++) {
		assert_non_null(err_name((enum err)a));
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
		}
	}
	assert_string_equal(err_name((enum err)999), "unknown");
}

static void the_sentence_is_kept_and_may_quote_the_one_before(void **state)
{
	(void)state;
	assert_err(ERR_SYNTAX, err_fail(ERR_SYNTAX, "digest: %s", "nonce missing"));
	assert_err(ERR_AUTH, err_fail(ERR_AUTH, "10.4/2c: %s", err_detail()));
	assert_said("10.4/2c: digest: nonce missing");
}

static void a_system_failure_says_why(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_err(ERR_IO, err_system("open %s", "/nowhere"));
	assert_said("open /nowhere: No such file");
}

static enum err passes_on(void)
{
	TRY(err_fail(ERR_TIMEOUT, "late"));
	return OK;
}

static void try_returns_the_error(void **state)
{
	(void)state;
	assert_err(ERR_TIMEOUT, passes_on());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_code_has_a_name_of_its_own),
		TEST(the_sentence_is_kept_and_may_quote_the_one_before),
		TEST(a_system_failure_says_why),
		TEST(try_returns_the_error),
	};
	return RUN_TESTS(tests);
}
