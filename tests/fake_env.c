// SPDX-License-Identifier: Apache-2.0
#include "fake_env.h"

static int64_t wall_ms(const struct env *env)
{
	return ((const struct fake_env *)env)->wall_ms;
}

static int64_t steady_us(const struct env *env)
{
	return ((const struct fake_env *)env)->steady_us;
}

/* splitmix64: every byte string differs, every run is the same. */
static enum err repeatable(const struct env *env, void *to, size_t len)
{
	struct fake_env *e = (struct fake_env *)env;
	uint8_t *out = to;

	for (size_t i = 0; i < len; i++) {
		uint64_t z = e->random += 0x9e3779b97f4a7c15;
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		out[i] = (uint8_t)(z >> 56);
	}
	return OK;
}

struct fake_env fake_env_of(uint64_t seed)
{
	return (struct fake_env){
		.env = {.wall_ms = wall_ms, .steady_us = steady_us, .random = repeatable},
		.wall_ms = 1767225600000,
		.steady_us = 1000000,
		.random = seed,
	};
}

void fake_env_advance(struct fake_env *e, int64_t ms)
{
	e->wall_ms += ms;
	e->steady_us += ms * 1000;
}
