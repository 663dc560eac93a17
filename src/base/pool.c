// SPDX-License-Identifier: Apache-2.0
#include "base/table.h"

#include "base/secret.h"
#include <stddef.h>
#include <stdlib.h>

/* Chunk k holds FIRST << k slots and never moves; 27 chunks are more slots than an index can name.
 */
enum { FIRST_LOG = 5, FIRST = 1 << FIRST_LOG, CHUNKS = 27 };

struct slot {
	uint32_t generation; /* counts how often the slot was given back */
	uint32_t next_free;  /* index + 1 of the next free slot, 0 for none */
	bool live;
	_Alignas(max_align_t) uint8_t bytes[];
};

struct pool {
	uint8_t *chunks[CHUNKS];
	size_t slot_size, stride;
	uint32_t ceiling, count;
	uint32_t fresh; /* slots from here on were never taken */
	uint32_t free;	/* index + 1 of the slot given back last, 0 for none */
};

enum err pool_new(size_t slot_size, size_t ceiling, struct pool **ret)
{
	const size_t align = _Alignof(max_align_t);
	struct pool *p = calloc(1, sizeof(*p));

	if (!p) {
		return err_fail(ERR_MEMORY, "pool: out of memory");
	}
	*p = (struct pool){
		.slot_size = slot_size,
		.stride = sizeof(struct slot) + (slot_size + align - 1) / align * align,
		.ceiling = ceiling < UINT32_MAX - FIRST ? (uint32_t)ceiling : UINT32_MAX - FIRST,
	};
	*ret = p;
	return OK;
}

void pool_free(struct pool *p)
{
	if (!p) {
		return;
	}
	for (unsigned k = 0; k < CHUNKS && p->chunks[k]; k++) {
		bytes_wipe(p->chunks[k], p->stride << (FIRST_LOG + k));
		free(p->chunks[k]);
	}
	free(p);
}

static unsigned chunk_of(uint32_t index)
{
	return 31 - FIRST_LOG - (unsigned)__builtin_clz(index + FIRST);
}

/* The slot of an index below `fresh`. */
static struct slot *slot_at(const struct pool *p, uint32_t index)
{
	unsigned k = chunk_of(index);
	size_t offset = index + FIRST - ((size_t)FIRST << k);

	return (struct slot *)(void *)(p->chunks[k] + offset * p->stride);
}

static enum err add_chunk(struct pool *p, unsigned k)
{
	p->chunks[k] = calloc((size_t)FIRST << k, p->stride);
	return p->chunks[k] ? OK : err_fail(ERR_MEMORY, "pool: out of memory");
}

static pool_ref ref_of(const struct slot *s, uint32_t index)
{
	return (pool_ref)s->generation << 32 | (index + 1);
}

enum err pool_take(struct pool *p, pool_ref *ret_ref, void **ret_slot)
{
	if (p->count >= p->ceiling) {
		return err_fail(ERR_OVERLOAD, "pool: ceiling of %u slots reached", p->ceiling);
	}
	uint32_t index = p->free > 0 ? p->free - 1 : p->fresh;

	if (p->free == 0 && !p->chunks[chunk_of(index)]) {
		TRY(add_chunk(p, chunk_of(index)));
	}
	struct slot *s = slot_at(p, index);

	if (p->free > 0) {
		p->free = s->next_free;
	} else {
		p->fresh++;
	}
	s->live = true;
	p->count++;
	*ret_ref = ref_of(s, index);
	*ret_slot = s->bytes;
	return OK;
}

static struct slot *live_slot(const struct pool *p, pool_ref ref)
{
	uint32_t number = (uint32_t)ref;

	if (number == 0 || number > p->fresh) {
		return NULL;
	}
	struct slot *s = slot_at(p, number - 1);

	return s->live && s->generation == (uint32_t)(ref >> 32) ? s : NULL;
}

void *pool_at(const struct pool *p, pool_ref ref)
{
	struct slot *s = p ? live_slot(p, ref) : NULL;

	return s ? s->bytes : NULL;
}

void pool_give(struct pool *p, pool_ref ref)
{
	struct slot *s = live_slot(p, ref);

	if (!s) {
		return;
	}
	bytes_wipe(s->bytes, p->slot_size);
	s->live = false;
	s->generation++;
	s->next_free = p->free;
	p->free = (uint32_t)ref;
	p->count--;
}

size_t pool_count(const struct pool *p)
{
	return p->count;
}

void pool_each(struct pool *p, void (*each)(void *user, pool_ref ref, void *slot), void *user)
{
	for (uint32_t i = 0; i < p->fresh; i++) {
		struct slot *s = slot_at(p, i);

		if (s->live) {
			each(user, ref_of(s, i), s->bytes);
		}
	}
}
