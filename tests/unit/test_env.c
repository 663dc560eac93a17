// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/env.h"
#include <limits.h>
#include <string.h>
#include <time.h>

static void the_wall_clock_is_the_systems(void **state)
{
	int64_t before = time(NULL);
	int64_t now = env_system.wall_ms(&env_system);

	(void)state;
	assert_true(now / 1000 >= before && now / 1000 <= before + 10);
	assert_true(env_wall(&env_system) >= before);
}

static void the_steady_clock_does_not_go_back(void **state)
{
	int64_t last = env_system.steady_us(&env_system);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = env_system.steady_us(&env_system);

		assert_true(now >= last);
		last = now;
	}
}

static void random_bytes_fill_all_and_differ(void **state)
{
	uint8_t one[32] = {0}, two[32] = {0}, zeros[32] = {0};

	(void)state;
	assert_ok(env_system.random(&env_system, one, sizeof(one)));
	assert_ok(env_system.random(&env_system, two, sizeof(two)));
	assert_memory_not_equal(one, two, sizeof(one));
	assert_memory_not_equal(one + 16, zeros, 16);
	assert_ok(env_system.random(&env_system, one, 0));
	assert_err(ERR_CRYPTO, env_system.random(&env_system, one, (size_t)INT_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_wall_clock_is_the_systems),
		TEST(the_steady_clock_does_not_go_back),
		TEST(random_bytes_fill_all_and_differ),
	};
	return RUN_TESTS(tests);
}
