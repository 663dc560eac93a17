// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#include <limits.h>
#include <openssl/rand.h>
#include <time.h>

static int64_t wall_ms(const struct env *env)
{
	struct timespec now;

	(void)env;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t steady_us(const struct env *env)
{
	struct timespec now;

	(void)env;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum err random_bytes(const struct env *env, void *to, size_t len)
{
	(void)env;
	if (len > INT_MAX || RAND_priv_bytes(to, (int)len) != 1) {
		return err_fail(ERR_CRYPTO, "the random generator gave no bytes");
	}
	return OK;
}

const struct env env_system = {
	.wall_ms = wall_ms,
	.steady_us = steady_us,
	.random = random_bytes,
};
