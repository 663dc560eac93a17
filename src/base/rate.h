// SPDX-License-Identifier: Apache-2.0
/*
 * rate: how often each of many names may do something, in memory that does not grow: a generic cell
 * rate algorithm (ITU-T I.371) whose cells stand in sets of four; a full set forgets who used it
 * longest ago.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct rates;

/* `names` that are remembered at the same time, rounded up to a power of two; 16 bytes each. ERR_MEMORY. */
enum err rates_new(size_t names, struct rates **ret);
void rates_free(struct rates *r); /* NULL is fine */

/*
 * Whether `name` may, now: `per_minute` of them, and as many at once after a quiet minute; 0: no limit. When not, in how many
 * milliseconds it may is in `ret_wait_ms`.
 */
bool rates_allow(struct rates *r, struct view name, int64_t per_minute, int64_t now_ms,
	int64_t *ret_wait_ms);
/* The same question, without counting this time: what fails is counted afterwards. */
bool rates_would_allow(struct rates *r, struct view name, int64_t per_minute, int64_t now_ms,
	int64_t *ret_wait_ms);
