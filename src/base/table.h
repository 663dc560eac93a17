// SPDX-License-Identifier: Apache-2.0
/*
 * table: a hash table with a ceiling, and a pool whose slots are named by {index, generation}, so
 * that a late answer finds its transaction or nothing, never a stranger.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct table; /* bytes -> pointer; SipHash keyed at random, so that peers cannot aim at a bucket */

enum err table_new(size_t ceiling, struct table **ret);
void table_free(struct table *t); /* not the values */
/* Copies the key. ERR_EXISTS when it is there, ERR_OVERLOAD at the ceiling, ERR_MEMORY. */
enum err table_put(struct table *t, struct view key, void *value);
void *table_get(const struct table *t, struct view key); /* NULL when absent */
void *table_remove(struct table *t, struct view key);	 /* the value it had, or NULL */
size_t table_count(const struct table *t);
/* Calls `each` for every entry; the callback may remove the entry that it was given, no other. */
void table_each(struct table *t, void (*each)(void *user, struct view key, void *value), void *user);

typedef uint64_t pool_ref; /* generation in the upper half, index + 1 in the lower; 0 is nobody */

struct pool; /* zeroed slots of one size, up to a ceiling; grows by doubling, slots do not move */

/* ERR_MEMORY. Freeing a pool frees its slots, taken or not. */
enum err pool_new(size_t slot_size, size_t ceiling, struct pool **ret);
void pool_free(struct pool *p);
/* A zeroed slot and its name. ERR_OVERLOAD at the ceiling, ERR_MEMORY. */
enum err pool_take(struct pool *p, pool_ref *ret_ref, void **ret_slot);
/* NULL when that slot has been given back, or the whole pool (NULL) has: late answers find nobody. */
void *pool_at(const struct pool *p, pool_ref ref);
void pool_give(struct pool *p, pool_ref ref); /* wipes the slot; the name is dead from now on */
size_t pool_count(const struct pool *p);
/* The callback may give back any slot. */
void pool_each(struct pool *p, void (*each)(void *user, pool_ref ref, void *slot), void *user);
