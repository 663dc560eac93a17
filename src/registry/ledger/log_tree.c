// SPDX-License-Identifier: Apache-2.0
#include "registry/ledger/log_tree.h"

#include <stdlib.h>
#include <string.h>

enum { UPPER = 8, CACHED_MIN = 4 };

/* Roots of whole subtrees of 256^n leaves, n its place among upper[]. */
struct roots {
	struct merkle_hash *hashes;
	uint64_t count, room;
};

struct cached_tile {
	uint64_t index, used; /* 0: nothing is in it */
	struct merkle_hash leaves[TREE_TILE];
};

struct log_tree {
	struct merkle_range range;
	struct roots upper[UPPER];	    /* upper[0] is not used: leaves are not kept */
	struct merkle_hash edge[TREE_TILE]; /* leaves of the last tile */
	struct cached_tile *cached;
	size_t cached_count;
	uint64_t clock, missing;
	bool out_of_memory;
};

enum err log_tree_new(size_t cached, struct log_tree **ret)
{
	struct log_tree *t = calloc(1, sizeof(*t));

	if (t) {
		t->cached_count = cached < CACHED_MIN ? CACHED_MIN : cached;
		t->cached = calloc(t->cached_count, sizeof(struct cached_tile));
	}
	if (!t || !t->cached) {
		free(t);
		return err_fail(ERR_MEMORY, "log: no memory for its tree");
	}
	*ret = t;
	return OK;
}

void log_tree_free(struct log_tree *t)
{
	if (!t) {
		return;
	}
	for (size_t i = 0; i < UPPER; i++) {
		free(t->upper[i].hashes);
	}
	free(t->cached);
	free(t);
}

uint64_t log_tree_size(const struct log_tree *t)
{
	return t->range.size;
}

void log_tree_root(const struct log_tree *t, struct merkle_hash *ret)
{
	merkle_range_root(&t->range, ret);
}

/* ---- growing ---- */

static void add_root(struct log_tree *t, unsigned place, const struct merkle_hash *hash)
{
	struct roots *roots = &t->upper[place];

	if (roots->count == roots->room) {
		uint64_t room = roots->room > 0 ? roots->room * 2 : TREE_TILE;
		void *more = realloc(roots->hashes, room * sizeof(*hash));

		if (!more) {
			t->out_of_memory = true;
			return;
		}
		roots->hashes = more;
		roots->room = room;
	}
	roots->hashes[roots->count++] = *hash;
}

static void on_grown(void *user, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	struct log_tree *t = user;

	if (level == 0) {
		t->edge[index % TREE_TILE] = *hash;
	} else if (level % TREE_TILE_LEVELS == 0) {
		add_root(t, level / TREE_TILE_LEVELS, hash);
	}
}

static void on_tile_grown(void *user, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	on_grown(user, level + TREE_TILE_LEVELS, index, hash);
}

static enum err end_growing(const struct log_tree *t)
{
	return t->out_of_memory ? err_fail(ERR_MEMORY, "log: no memory for its tree") : OK;
}

/* A range over tiles is the range over their leaves, eight levels lower. */
enum err log_tree_append_tile(struct log_tree *t, const struct merkle_hash *root)
{
	struct merkle_range tiles = {.size = t->range.size >> TREE_TILE_LEVELS};

	if (t->range.size % TREE_TILE != 0) {
		return err_fail(ERR_WRONG_STATE, "log: a tile behind a leaf");
	}
	memcpy(tiles.hash, t->range.hash + TREE_TILE_LEVELS,
		(MERKLE_LEVELS - TREE_TILE_LEVELS) * sizeof(tiles.hash[0]));
	TRY(merkle_append(&tiles, root, on_tile_grown, t));
	memcpy(t->range.hash + TREE_TILE_LEVELS, tiles.hash,
		(MERKLE_LEVELS - TREE_TILE_LEVELS) * sizeof(tiles.hash[0]));
	t->range.size = tiles.size << TREE_TILE_LEVELS;
	return end_growing(t);
}

enum err log_tree_append(struct log_tree *t, const struct merkle_hash *leaf, bool *ret_tile,
	struct merkle_hash *ret_root)
{
	TRY(merkle_append(&t->range, leaf, on_grown, t));
	TRY(end_growing(t));
	*ret_tile = t->range.size % TREE_TILE == 0;
	if (*ret_tile) {
		*ret_root = t->upper[1].hashes[t->upper[1].count - 1];
	}
	return OK;
}

/* ---- nodes ---- */

static const struct merkle_hash *cached_leaves(struct log_tree *t, uint64_t tile)
{
	for (size_t i = 0; i < t->cached_count; i++) {
		if (t->cached[i].used > 0 && t->cached[i].index == tile) {
			t->cached[i].used = ++t->clock;
			return t->cached[i].leaves;
		}
	}
	return NULL;
}

/* The hashes of a tile that are there. ERR_AGAIN as log_tree_node(). */
static enum err find_tile(struct log_tree *t, unsigned place, uint64_t index,
	const struct merkle_hash **ret, size_t *ret_count)
{
	const uint64_t count = place == 0 ? t->range.size : t->upper[place].count;
	const uint64_t first = index * TREE_TILE;

	if (index >= UINT64_C(1) << 48 || first >= count) {
		return err_fail(ERR_NOT_FOUND, "log: it has no such tile");
	}
	*ret_count = count - first < TREE_TILE ? (size_t)(count - first) : TREE_TILE;
	if (place > 0) {
		*ret = t->upper[place].hashes + first;
		return OK;
	}
	if (*ret_count < TREE_TILE) {
		*ret = t->edge;
		return OK;
	}
	*ret = cached_leaves(t, index);
	if (!*ret) {
		t->missing = index;
		return err_fail(ERR_AGAIN, "log: a tile of leaves is to be read");
	}
	return OK;
}

static void hash_all(const struct merkle_hash *hashes, size_t count, struct merkle_hash *ret)
{
	struct merkle_hash row[TREE_TILE];

	memcpy(row, hashes, count * sizeof(*hashes));
	for (; count > 1; count /= 2) {
		for (size_t i = 0; i < count / 2; i++) {
			merkle_node(&row[2 * i], &row[2 * i + 1], &row[i]);
		}
	}
	*ret = row[0];
}

enum err log_tree_node(struct log_tree *t, unsigned level, uint64_t index, struct merkle_hash *ret)
{
	const unsigned place = level / TREE_TILE_LEVELS, rise = level % TREE_TILE_LEVELS;
	const struct merkle_hash *hashes = NULL;
	const uint64_t first = index << rise;
	const size_t width = (size_t)1 << rise;
	size_t count = 0;

	if (level >= MERKLE_LEVELS || index >= t->range.size ||
		((index + 1) << level) > t->range.size ||
		((index + 1) << level) >> level != index + 1) {
		return err_fail(ERR_RANGE, "log: no such node");
	}
	TRY(find_tile(t, place, first / TREE_TILE, &hashes, &count));
	if (first % TREE_TILE + width > count) {
		return err_fail(ERR_RANGE, "log: no such node");
	}
	hash_all(hashes + first % TREE_TILE, width, ret);
	return OK;
}

uint64_t log_tree_missing(const struct log_tree *t)
{
	return t->missing;
}

enum err log_tree_offer(struct log_tree *t, uint64_t tile,
	const struct merkle_hash leaves[TREE_TILE])
{
	struct cached_tile *oldest = &t->cached[0];
	struct merkle_hash root;

	if (tile >= t->upper[1].count) {
		return err_fail(ERR_RANGE, "log: no such tile");
	}
	hash_all(leaves, TREE_TILE, &root);
	if (!merkle_equal(&root, &t->upper[1].hashes[tile])) {
		return err_fail(ERR_CRYPTO, "log: events %llu on are not those that were logged",
			(unsigned long long)tile * TREE_TILE);
	}
	for (size_t i = 1; i < t->cached_count; i++) {
		oldest = t->cached[i].used < oldest->used ? &t->cached[i] : oldest;
	}
	oldest->index = tile;
	oldest->used = ++t->clock;
	memcpy(oldest->leaves, leaves, sizeof(oldest->leaves));
	return OK;
}

enum err log_tree_tile(struct log_tree *t, unsigned level, uint64_t index, size_t width,
	struct buf *out)
{
	const struct merkle_hash *hashes = NULL;
	size_t count = 0;

	if (level >= UPPER || width == 0 || width > TREE_TILE) {
		return err_fail(ERR_NOT_FOUND, "log: it has no such tile");
	}
	TRY(find_tile(t, level, index, &hashes, &count));
	if (width > count) {
		return err_fail(ERR_NOT_FOUND, "log: this tile is not so wide yet");
	}
	buf_bytes(out, hashes, width * sizeof(*hashes));
	return OK;
}
