// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/trust.h"

/* req: R6.1-b */
static void each_status_has_a_name_and_its_code(void **state)
{
	static const struct {
		int code;
		const char *name;
	} known[] = {{0, "trusted"}, {1, "unreliable"}, {2, "unverified"}};
	enum trust trust;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_ok(trust_of(view_text(known[i].name), &trust));
		assert_int_equal(trust, known[i].code);
		assert_string_equal(trust_name(trust), known[i].name);
	}
	assert_string_equal(trust_name(TRUST_UNASSIGNED), "unassigned");
	assert_string_equal(trust_name((enum trust)77), "unassigned");
}

/* An index that nobody has must never be taken for a device's status. */
static void no_device_is_unassigned(void **state)
{
	static const char *const wrong[] = {"unassigned", "", "Trusted", "trusted ", "0"};
	enum trust trust = TRUST_UNRELIABLE;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_err(ERR_SYNTAX, trust_of(view_text(wrong[i]), &trust));
	}
	assert_int_equal(trust, TRUST_UNRELIABLE);
}

/* req: R7-a */
static void each_step_of_life_has_a_name(void **state)
{
	enum lifecycle life;

	(void)state;
	for (enum lifecycle l = LIFE_PREREGISTERED; l < LIFE_COUNT; l++) {
		assert_ok(lifecycle_of(view_text(lifecycle_name(l)), &life));
		assert_int_equal(life, l);
	}
	assert_string_equal(lifecycle_name(LIFE_STOLEN), "stolen");
	assert_string_equal(lifecycle_name(LIFE_COUNT), "");
	assert_err(ERR_SYNTAX, lifecycle_of(view_text("borrowed"), &life));
	assert_err(ERR_SYNTAX, lifecycle_of(view_text(""), &life));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_status_has_a_name_and_its_code),
		TEST(no_device_is_unassigned),
		TEST(each_step_of_life_has_a_name),
	};

	return RUN_TESTS(tests);
}
