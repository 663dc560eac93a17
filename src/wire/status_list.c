// SPDX-License-Identifier: Apache-2.0
#include "wire/status_list.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	PER_BYTE = 8 / STATUS_LIST_BITS,
	PART_BYTES = STATUS_LIST_PART / PER_BYTE,
	MASK = (1 << STATUS_LIST_BITS) - 1,
	RAW = -15, /* zlib's sign for deflate without its frame, with a window of 32 KiB */
	MEMORY = 9,
	FRAME = 2 + 4,
	CHUNK = 16 * 1024,
};

static const uint8_t header[2] = {0x78, 0xda}; /* RFC 1950: deflate, 32 KiB, best compression */

/* A part of the entries; what it was compressed to, while it has not changed since. */
struct part {
	uint8_t *bytes;
	size_t len;
	uint8_t *packed;
	size_t packed_len;
	uint32_t adler;
	bool changed;
};

struct status_list {
	size_t entries, count;
	struct part parts[];
};

static enum err no_memory(void)
{
	return err_fail(ERR_MEMORY, "status list: out of memory");
}

static enum err new_part(struct part *part, size_t entries)
{
	part->len = (entries + PER_BYTE - 1) / PER_BYTE;
	part->changed = true;
	part->bytes = malloc(part->len);
	if (!part->bytes) {
		return no_memory();
	}
	memset(part->bytes, 0xff, part->len);
	return OK;
}

enum err status_list_new(size_t entries, struct status_list **ret)
{
	size_t count = (entries + STATUS_LIST_PART - 1) / STATUS_LIST_PART;

	if (entries < 1 || entries > STATUS_LIST_MAX) {
		return err_fail(ERR_RANGE, "status list: of 1 to %d entries", STATUS_LIST_MAX);
	}
	struct status_list *list = calloc(1, sizeof(*list) + count * sizeof(list->parts[0]));

	if (!list) {
		return no_memory();
	}
	list->entries = entries;
	list->count = count;
	for (size_t i = 0; i < count; i++) {
		size_t left = entries - i * STATUS_LIST_PART;
		enum err err = new_part(&list->parts[i],
			left < STATUS_LIST_PART ? left : STATUS_LIST_PART);

		if (err != OK) {
			status_list_free(list);
			return err;
		}
	}
	*ret = list;
	return OK;
}

void status_list_free(struct status_list *list)
{
	for (size_t i = 0; list && i < list->count; i++) {
		free(list->parts[i].bytes);
		free(list->parts[i].packed);
	}
	free(list);
}

size_t status_list_entries(const struct status_list *list)
{
	return list->entries;
}

void status_list_set(struct status_list *list, size_t index, unsigned status)
{
	if (index >= list->entries) {
		return;
	}
	struct part *part = &list->parts[index / STATUS_LIST_PART];
	uint8_t *byte = &part->bytes[index % STATUS_LIST_PART / PER_BYTE];
	unsigned shift = (unsigned)(index % PER_BYTE) * STATUS_LIST_BITS;
	uint8_t now = (uint8_t)((*byte & ~(MASK << shift)) | (status & MASK) << shift);

	part->changed |= now != *byte;
	*byte = now;
}

unsigned status_list_get(const struct status_list *list, size_t index)
{
	if (index >= list->entries) {
		return STATUS_LIST_UNASSIGNED;
	}
	const struct part *part = &list->parts[index / STATUS_LIST_PART];

	return part->bytes[index % STATUS_LIST_PART / PER_BYTE] >>
		       ((unsigned)(index % PER_BYTE) * STATUS_LIST_BITS) &
	       MASK;
}

void status_list_follow(struct status_list *list, struct status_list *copy)
{
	for (size_t i = 0; i < list->count && i < copy->count; i++) {
		struct part *from = &list->parts[i], *to = &copy->parts[i];

		if (from->changed) {
			memcpy(to->bytes, from->bytes, from->len);
			to->changed = true;
			from->changed = false;
		}
	}
}

bool status_list_has_changed(const struct status_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->parts[i].changed) {
			return true;
		}
	}
	return false;
}

/* --- deflating --- */

/* A part by itself: it ends on a byte and refers to nothing before, so that it can stand anywhere. */
static enum err pack(struct part *part, bool last)
{
	z_stream z = {.next_in = part->bytes, .avail_in = (uInt)part->len};

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, RAW, MEMORY, Z_FILTERED) != Z_OK) {
		return no_memory();
	}
	size_t room = deflateBound(&z, part->len) + 16;
	uint8_t *packed = malloc(room);

	z.next_out = packed;
	z.avail_out = (uInt)room;
	int done = packed ? deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH) : Z_MEM_ERROR;

	(void)deflateEnd(&z);
	if (done != (last ? Z_STREAM_END : Z_OK) || z.avail_in > 0) {
		free(packed);
		return no_memory();
	}
	free(part->packed);
	part->packed_len = room - z.avail_out;
	part->packed = realloc(packed, part->packed_len);
	if (!part->packed) {
		part->packed = packed;
	}
	part->adler = (uint32_t)adler32(adler32(0, NULL, 0), part->bytes, (uInt)part->len);
	part->changed = false;
	return OK;
}

enum err status_list_deflate(struct status_list *list, struct buf *out)
{
	uLong adler = adler32(0, NULL, 0);

	buf_bytes(out, header, sizeof(header));
	for (size_t i = 0; i < list->count; i++) {
		struct part *part = &list->parts[i];

		if (part->changed) {
			TRY(pack(part, i + 1 == list->count));
		}
		buf_bytes(out, part->packed, part->packed_len);
		adler = adler32_combine(adler, part->adler, (z_off_t)part->len);
	}
	buf_u32(out, (uint32_t)adler);
	return buf_end(out, "status list");
}

/* --- inflating --- */

static enum err inflate_all(z_stream *z, struct buf *out)
{
	uint8_t chunk[CHUNK];
	int done = Z_OK;

	while (done == Z_OK) {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		done = inflate(z, Z_NO_FLUSH);
		buf_bytes(out, chunk, sizeof(chunk) - z->avail_out);
		TRY(buf_end(out, "status list"));
	}
	return done == Z_STREAM_END && z->avail_in == 0 && out->len > 0
		       ? OK
		       : err_fail(ERR_SYNTAX, "status list: not RFC 1950, cut off, or too long");
}

static enum err list_of(struct view bytes, struct status_list **ret)
{
	TRY(status_list_new(bytes.len * PER_BYTE, ret));
	for (size_t i = 0; i < (*ret)->count; i++) {
		memcpy((*ret)->parts[i].bytes, bytes.data + i * PART_BYTES, (*ret)->parts[i].len);
	}
	return OK;
}

enum err status_list_inflate(struct view zlib, size_t max, struct status_list **ret)
{
	BUF_CLEANUP struct buf bytes =
		buf_growing((max < STATUS_LIST_MAX ? max : STATUS_LIST_MAX) / PER_BYTE);
	z_stream z = {.next_in = (Bytef *)zlib.data, .avail_in = (uInt)zlib.len};

	if (zlib.len < FRAME || zlib.len > STATUS_LIST_MAX) {
		return err_fail(ERR_SYNTAX, "status list: not RFC 1950");
	}
	if (inflateInit(&z) != Z_OK) {
		return no_memory();
	}
	enum err err = inflate_all(&z, &bytes);

	(void)inflateEnd(&z);
	return err == OK ? list_of(buf_contents(&bytes), ret) : err;
}
