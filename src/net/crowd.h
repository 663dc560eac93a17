// SPDX-License-Identifier: Apache-2.0
/*
 * crowd: how much each peer address has of something that all share, so that one cannot have all of it. An
 * address stands for the crowd behind it: of IPv6 a /64, which one site commonly has whole.
 */
#pragma once

#include "net/stream.h"

struct crowds;

/* `ceiling`: addresses that have something at the same time. */
enum err crowds_new(size_t ceiling, struct crowds **ret);
void crowds_free(struct crowds *c); /* NULL is fine */
/* One more for the address; false when it has `most` already (0: no limit), or at the ceiling. */
bool crowds_enter(struct crowds *c, struct view address, size_t most);
void crowds_leave(struct crowds *c, struct view address);
