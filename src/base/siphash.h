// SPDX-License-Identifier: Apache-2.0
/* siphash: SipHash-1-3, a short keyed hash; who does not know the key cannot make collisions. */
#pragma once

#include "base/buf.h"

/* Random, for as long as a table lives. */
struct siphash_key {
	uint64_t k0, k1;
};

/* The hash of `in` under the key. */
uint64_t siphash13(const struct siphash_key *key, struct view in);
