// SPDX-License-Identifier: Apache-2.0
#include "wire/tile_name.h"

#include "base/text.h"

#include <string.h>

enum { DIGITS = 3, GROUPS = 5 };

/* What stands before the next `end`, or before the end. */
static struct view take_until(struct view *path, char end)
{
	const uint8_t *found = path->len > 0 ? memchr(path->data, end, path->len) : NULL;
	struct view taken = view_of(path->data, found ? (size_t)(found - path->data) : path->len);
	const size_t used = taken.len + (found ? 1 : 0);

	*path = view_of(path->data + used, path->len - used);
	return taken;
}

static enum err wrong(void)
{
	return err_fail(ERR_NOT_FOUND, "tlog-tiles: no tile is called so");
}

/* Three digits, all but the last with an x before them. */
static enum err read_group(struct view group, bool last, uint64_t *index)
{
	uint64_t digits = 0;

	if (!last) {
		if (group.len == 0 || group.data[0] != 'x') {
			return wrong();
		}
		group = view_of(group.data + 1, group.len - 1);
	}
	if (group.len != DIGITS) {
		return wrong();
	}
	for (size_t i = 0; i < DIGITS; i++) {
		if (group.data[i] < '0' || group.data[i] > '9') {
			return wrong();
		}
		digits = digits * 10 + (uint64_t)(group.data[i] - '0');
	}
	*index = *index * 1000 + digits;
	return OK;
}

/* A first group of zeros before others would be a second name. */
static enum err read_index(struct view path, uint64_t *ret)
{
	size_t groups = 0;

	if (path.len == 0 || path.data[path.len - 1] == '/') {
		return wrong();
	}
	while (path.len > 0) {
		const struct view group = take_until(&path, '/');

		if (groups++ == GROUPS || (groups == 2 && *ret == 0)) {
			return wrong();
		}
		TRY(read_group(group, path.len == 0, ret));
	}
	return OK;
}

static enum err read_width(struct view *path, unsigned *ret)
{
	uint64_t width;

	for (size_t i = 0; i + 3 <= path->len; i++) {
		if (memcmp(path->data + i, ".p/", 3) != 0) {
			continue;
		}
		const struct view digits = view_of(path->data + i + 3, path->len - i - 3);

		*path = view_of(path->data, i);
		if (text_from_u64(digits, TILE_WIDTH - 1, &width, "width") != OK || width == 0) {
			return wrong();
		}
		*ret = (unsigned)width;
		return OK;
	}
	return OK;
}

enum err tile_name_parse(struct view path, struct tile_name *ret)
{
	const struct view level = take_until(&path, '/');
	struct tile_name name = {.width = TILE_WIDTH, .entries = view_is(level, "entries")};

	if (!name.entries) {
		if (level.len != 1 || level.data[0] < '0' || level.data[0] >= '0' + TILE_LEVELS) {
			return wrong();
		}
		name.level = level.data[0] - '0';
	}
	TRY(read_width(&path, &name.width));
	TRY(read_index(path, &name.index));
	*ret = name;
	return OK;
}

void tile_name_write(const struct tile_name *name, struct buf *out)
{
	unsigned groups[GROUPS];
	uint64_t index = name->index;
	size_t count = 0;

	do {
		groups[count++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0 && count < GROUPS);
	if (name->entries) {
		buf_text(out, "entries");
	} else {
		buf_printf(out, "%u", name->level);
	}
	while (count-- > 0) {
		buf_printf(out, "/%s%03u", count > 0 ? "x" : "", groups[count]);
	}
	if (name->width < TILE_WIDTH) {
		buf_printf(out, ".p/%u", name->width);
	}
}
