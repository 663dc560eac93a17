// SPDX-License-Identifier: Apache-2.0
#include "base/table.h"

#include "base/env.h"
#include "base/siphash.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 64 };

struct entry {
	struct entry *next;
	uint64_t hash;
	void *value;
	size_t len;
	uint8_t key[];
};

struct table {
	struct siphash_key key;
	struct entry **buckets;
	size_t mask; /* buckets - 1; their number is a power of two */
	size_t count, ceiling;
};

enum err table_new(size_t ceiling, struct table **ret)
{
	struct siphash_key key;

	TRY(env_system.random(&env_system, &key, sizeof(key)));
	struct table *t = calloc(1, sizeof(*t));
	struct entry **buckets = calloc(FIRST_BUCKETS, sizeof(*buckets));

	if (!t || !buckets) {
		free(t);
		free(buckets);
		return err_fail(ERR_MEMORY, "table: out of memory");
	}
	*t = (struct table){.key = key,
		.buckets = buckets,
		.mask = FIRST_BUCKETS - 1,
		.ceiling = ceiling};
	*ret = t;
	return OK;
}

void table_free(struct table *t)
{
	if (!t) {
		return;
	}
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *next;

		for (struct entry *e = t->buckets[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(t->buckets);
	free(t);
}

/* The link that points to the entry, or the NULL at the end of its bucket. */
static struct entry **find(const struct table *t, uint64_t hash, struct view key)
{
	struct entry **link = &t->buckets[hash & t->mask];

	while (*link &&
		!((*link)->hash == hash && view_equal(view_of((*link)->key, (*link)->len), key))) {
		link = &(*link)->next;
	}
	return link;
}

/* Twice the buckets. When memory is short the table stays as it is, only slower. */
static void widen(struct table *t)
{
	size_t mask = t->mask * 2 + 1;
	struct entry **buckets = calloc(mask + 1, sizeof(*buckets));

	if (!buckets) {
		return;
	}
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *next;

		for (struct entry *e = t->buckets[i]; e; e = next) {
			next = e->next;
			e->next = buckets[e->hash & mask];
			buckets[e->hash & mask] = e;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->mask = mask;
}

enum err table_put(struct table *t, struct view key, void *value)
{
	uint64_t hash = siphash13(&t->key, key);

	if (*find(t, hash, key)) {
		return err_fail(ERR_EXISTS, "table: key is there already");
	}
	if (t->count >= t->ceiling) {
		return err_fail(ERR_OVERLOAD, "table: ceiling of %zu entries reached", t->ceiling);
	}
	struct entry *e = malloc(sizeof(*e) + key.len);

	if (!e) {
		return err_fail(ERR_MEMORY, "table: out of memory");
	}
	if (t->count > t->mask) {
		widen(t);
	}
	struct entry **bucket = &t->buckets[hash & t->mask];

	*e = (struct entry){.next = *bucket, .hash = hash, .value = value, .len = key.len};
	if (key.len > 0) {
		memcpy(e->key, key.data, key.len);
	}
	*bucket = e;
	t->count++;
	return OK;
}

void *table_get(const struct table *t, struct view key)
{
	const struct entry *e = *find(t, siphash13(&t->key, key), key);

	return e ? e->value : NULL;
}

void *table_remove(struct table *t, struct view key)
{
	struct entry **link = find(t, siphash13(&t->key, key), key);
	struct entry *e = *link;

	if (!e) {
		return NULL;
	}
	void *value = e->value;

	*link = e->next;
	t->count--;
	free(e);
	return value;
}

size_t table_count(const struct table *t)
{
	return t->count;
}

void table_each(struct table *t, void (*each)(void *user, struct view key, void *value), void *user)
{
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *next;

		for (struct entry *e = t->buckets[i]; e; e = next) {
			next = e->next;
			each(user, view_of(e->key, e->len), e->value);
		}
	}
}
