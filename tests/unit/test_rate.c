// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/rate.h"

#include <stdio.h>

static int open_rates(void **state)
{
	struct rates *rates;

	assert_ok(rates_new(1024, &rates));
	*state = rates;
	return 0;
}

static int close_rates(void **state)
{
	rates_free(*state);
	return 0;
}

static int allowed(struct rates *r, const char *name, int64_t per_minute, int64_t now_ms, int tries)
{
	int64_t wait_ms;
	int count = 0;

	for (int i = 0; i < tries; i++) {
		count += rates_allow(r, view_text(name), per_minute, now_ms, &wait_ms);
	}
	return count;
}

static void a_quiet_name_may_do_a_minute_s_worth_at_once(void **state)
{
	assert_int_equal(allowed(*state, "a", 20, 1000000, 100), 20);
}

static void it_is_told_when_it_may_again(void **state)
{
	int64_t wait_ms = 0;

	assert_int_equal(allowed(*state, "a", 20, 1000000, 20), 20);
	assert_false(rates_allow(*state, view_text("a"), 20, 1000000, &wait_ms));
	assert_int_equal(wait_ms, 3000);
	assert_false(rates_allow(*state, view_text("a"), 20, 1002999, &wait_ms));
	assert_true(rates_allow(*state, view_text("a"), 20, 1003000, &wait_ms));
	assert_false(rates_allow(*state, view_text("a"), 20, 1003000, &wait_ms));
}

static void a_minute_later_all_is_forgiven(void **state)
{
	assert_int_equal(allowed(*state, "a", 20, 1000000, 100), 20);
	assert_int_equal(allowed(*state, "a", 20, 1060000, 100), 20);
}

static void names_do_not_share(void **state)
{
	assert_int_equal(allowed(*state, "a", 5, 1000000, 100), 5);
	assert_int_equal(allowed(*state, "b", 5, 1000000, 100), 5);
}

static void nought_is_no_limit(void **state)
{
	assert_int_equal(allowed(*state, "a", 0, 1000000, 1000), 1000);
}

/* Who asks whether it may has not done it; who may not is told when. */
static void a_question_is_not_counted(void **state)
{
	int64_t wait_ms = 0;

	for (int i = 0; i < 100; i++) {
		assert_true(rates_would_allow(*state, view_text("a"), 5, 1000000, &wait_ms));
	}
	assert_int_equal(allowed(*state, "a", 5, 1000000, 100), 5);
	assert_false(rates_would_allow(*state, view_text("a"), 5, 1000000, &wait_ms));
	assert_int_equal(wait_ms, 12000);
	assert_true(rates_would_allow(*state, view_text("a"), 0, 1000000, &wait_ms));
}

/* What a flood of names pushes out is what was used longest ago. */
static void a_flood_of_names_takes_no_more_memory(void **state)
{
	char name[16];
	int64_t wait_ms;

	for (int i = 0; i < 100000; i++) {
		(void)snprintf(name, sizeof(name), "flood%d", i);
		(void)rates_allow(*state, view_text(name), 5, 1000000 + i, &wait_ms);
	}
	assert_int_equal(allowed(*state, "flood99999", 5, 1100000, 100), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_quiet_name_may_do_a_minute_s_worth_at_once,
			open_rates, close_rates),
		cmocka_unit_test_setup_teardown(it_is_told_when_it_may_again, open_rates,
			close_rates),
		cmocka_unit_test_setup_teardown(a_minute_later_all_is_forgiven, open_rates,
			close_rates),
		cmocka_unit_test_setup_teardown(names_do_not_share, open_rates, close_rates),
		cmocka_unit_test_setup_teardown(a_question_is_not_counted, open_rates, close_rates),
		cmocka_unit_test_setup_teardown(nought_is_no_limit, open_rates, close_rates),
		cmocka_unit_test_setup_teardown(a_flood_of_names_takes_no_more_memory, open_rates,
			close_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
