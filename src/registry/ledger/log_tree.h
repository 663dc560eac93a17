// SPDX-License-Identifier: Apache-2.0
/*
 * log_tree: the hash tree of the log in memory. A leaf costs an eighth of a byte: of whole tiles of 256 leaves only their root is
 * kept, and the tiles above; the leaves of the last tile, which is not whole; and those of a few tiles that were asked for
 * lately, which the caller reads from the store.
 */
#pragma once

#include "wire/merkle.h"

enum { TREE_TILE = 256, TREE_TILE_LEVELS = 8 }; /* as C2SP tlog-tiles has them */

struct log_tree;

/* `cached`: so many whole tiles of leaves are kept, at least 4. ERR_MEMORY. */
enum err log_tree_new(size_t cached, struct log_tree **ret);
void log_tree_free(struct log_tree *t); /* NULL is fine */

uint64_t log_tree_size(const struct log_tree *t);
void log_tree_root(const struct log_tree *t, struct merkle_hash *ret);

/* The root of whole tile n, while only whole tiles have been appended. ERR_MEMORY. */
enum err log_tree_append_tile(struct log_tree *t, const struct merkle_hash *root);
/* A leaf. `ret_tile` is true when it made a tile whole, whose root is then in `ret_root`. ERR_MEMORY. */
enum err log_tree_append(struct log_tree *t, const struct merkle_hash *leaf, bool *ret_tile,
	struct merkle_hash *ret_root);

/* A node, as merkle_get. ERR_RANGE: not whole; ERR_AGAIN: a tile of leaves is missing, see log_tree_missing(). */
enum err log_tree_node(struct log_tree *t, unsigned level, uint64_t index, struct merkle_hash *ret);
uint64_t log_tree_missing(const struct log_tree *t);
/* The 256 leaves of a tile. ERR_CRYPTO: they do not have the tile's root. */
enum err log_tree_offer(struct log_tree *t, uint64_t tile,
	const struct merkle_hash leaves[TREE_TILE]);

/* `width` hashes of a tile of C2SP tlog-tiles, appended. ERR_NOT_FOUND: there are not so many; ERR_AGAIN as above. */
enum err log_tree_tile(struct log_tree *t, unsigned level, uint64_t index, size_t width,
	struct buf *out);
