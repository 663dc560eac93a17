// SPDX-License-Identifier: Apache-2.0
/* env: what a program takes from outside besides its input: time and randomness. Tests bring their own. */
#pragma once

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct env {
	int64_t (*wall_ms)(const struct env *env);   /* milliseconds since 1970, UTC; may jump */
	int64_t (*steady_us)(const struct env *env); /* microseconds, never goes back */
	/* for keys and RAND alike */
	enum err (*random)(const struct env *env, void *to, size_t len);
};

/* The operating system's clocks, and OpenSSL's generator. */
extern const struct env env_system;

static inline int64_t env_wall(const struct env *env) /* whole seconds since 1970, UTC */
{
	return env->wall_ms(env) / 1000;
}
