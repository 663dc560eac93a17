// SPDX-License-Identifier: Apache-2.0
#include "base/rate.h"

#include "base/env.h"
#include "base/siphash.h"

#include <stdlib.h>

enum { WAYS = 4, MINUTE_MS = 60 * 1000 };

/* `due`: when the name would be owed nothing more (the theoretical arrival time), ms. */
struct cell {
	uint64_t tag;
	int64_t due;
};

struct rates {
	struct siphash_key key;
	size_t mask; /* of sets */
	struct cell cells[];
};

enum err rates_new(size_t names, struct rates **ret)
{
	size_t sets = 1;

	while (sets * WAYS < names) {
		sets *= 2;
	}
	struct rates *r = calloc(1, sizeof(*r) + sets * WAYS * sizeof(r->cells[0]));

	if (!r) {
		return err_fail(ERR_MEMORY, "rates: out of memory");
	}
	enum err err = env_system.random(&env_system, &r->key, sizeof(r->key));

	if (err != OK) {
		free(r);
		return err;
	}
	r->mask = sets - 1;
	*ret = r;
	return OK;
}

void rates_free(struct rates *r)
{
	free(r);
}

/* The name's cell, or the one in its set that says least. */
static struct cell *cell_of(struct rates *r, uint64_t tag)
{
	struct cell *set = &r->cells[(tag & r->mask) * WAYS], *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].tag == tag) {
			return &set[i];
		}
		if (set[i].due < oldest->due) {
			oldest = &set[i];
		}
	}
	*oldest = (struct cell){.tag = tag};
	return oldest;
}

/* When the name would owe nothing more if it did it now; or in how many milliseconds it may. */
static bool may(const struct cell *cell, int64_t per_minute, int64_t now_ms, int64_t *ret_due,
	int64_t *ret_wait_ms)
{
	int64_t due = cell->due > now_ms ? cell->due : now_ms;

	*ret_due = due + MINUTE_MS / per_minute;
	if (*ret_due - now_ms > MINUTE_MS) {
		*ret_wait_ms = *ret_due - now_ms - MINUTE_MS;
		return false;
	}
	return true;
}

bool rates_allow(struct rates *r, struct view name, int64_t per_minute, int64_t now_ms,
	int64_t *ret_wait_ms)
{
	int64_t due;

	if (per_minute == 0) {
		return true;
	}
	struct cell *cell = cell_of(r, siphash13(&r->key, name));

	if (!may(cell, per_minute, now_ms, &due, ret_wait_ms)) {
		return false;
	}
	cell->due = due;
	return true;
}

bool rates_would_allow(struct rates *r, struct view name, int64_t per_minute, int64_t now_ms,
	int64_t *ret_wait_ms)
{
	int64_t due;

	return per_minute == 0 ||
	       may(cell_of(r, siphash13(&r->key, name)), per_minute, now_ms, &due, ret_wait_ms);
}
