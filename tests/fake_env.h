// SPDX-License-Identifier: Apache-2.0
/* fake_env: a clock that tests move by hand, and randomness that repeats from a seed. */
#pragma once

#include "base/env.h"

struct fake_env {
	struct env env; /* first: it is what env functions are given */
	int64_t wall_ms, steady_us;
	uint64_t random; /* state of the generator; another seed, other bytes */
};

/* Stands at 2026-01-01T00:00:00Z until moved. */
struct fake_env fake_env_of(uint64_t seed);
void fake_env_advance(struct fake_env *e, int64_t ms);
