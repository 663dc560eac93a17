// SPDX-License-Identifier: Apache-2.0
/*
 * tile_name: how a tile of a log's tree is called in a path (C2SP tlog-tiles): 0/x001/x234/067, with .p/12 behind it when it
 * is not whole, "entries" in place of the level for the leaves themselves.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { TILE_WIDTH = 256, TILE_LEVELS = 8 };

struct tile_name {
	bool entries;	/* leaves, not hashes; level is 0 */
	unsigned level; /* below TILE_LEVELS */
	uint64_t index; /* below 10^15 */
	unsigned width; /* 1 to TILE_WIDTH */
};

/* What stands behind "tile/". ERR_NOT_FOUND: no tile is called so, or not in this way. */
enum err tile_name_parse(struct view path, struct tile_name *ret);
void tile_name_write(const struct tile_name *name, struct buf *out);
