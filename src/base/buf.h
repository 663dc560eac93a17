// SPDX-License-Identifier: Apache-2.0
/*
 * buf: bounded bytes. `view` looks at bytes that somebody else owns, `reader` takes a view apart,
 * `buf` collects output. Reader and buf remember the first failure and then do nothing more, so
 * that a decoder checks once, at the end.
 */
#pragma once

#include "base/err.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes owned by somebody else; `data` may be NULL when `len` is 0. */
struct view {
	const uint8_t *data;
	size_t len;
};

#define VIEW(array) ((struct view){(const uint8_t *)(array), sizeof(array)})

/* Views of bytes and of text, and comparisons. */
struct view view_of(const void *data, size_t len);
struct view view_text(const char *text);       /* without the terminating zero; NULL is empty */
bool view_equal(struct view a, struct view b); /* not for secrets: see secret_equal() */
bool view_is(struct view v, const char *text);
/* Equal when ASCII letter case is ignored, as HTTP and DNS names are compared. */
bool view_is_nocase(struct view v, const char *text);

/* Takes a view apart. After the first failure every call returns 0 or empty. */
struct reader {
	const uint8_t *at, *end;
	bool failed;
};

/* A reader over a view; and its steps: whole numbers of 1, 2, 3, 4 and 8 bytes, bytes in place, bytes copied or left out. */
struct reader reader_of(struct view v);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r); /* big-endian, as all of these */
uint32_t reader_u24(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct view reader_bytes(struct reader *r, size_t len);
void reader_copy(struct reader *r, void *to, size_t len); /* zeroes `to` on failure */
void reader_skip(struct reader *r, size_t len);
/* OK when nothing failed and all was read; else ERR_SYNTAX, "WHAT: cut off" or "WHAT: N bytes too many". */
enum err reader_end(const struct reader *r, const char *what);

/* Collects bytes. Either grows on the heap up to `ceiling`, or fills an array of the caller's. */
struct buf {
	uint8_t *data;
	size_t len, room, ceiling;
	bool failed; /* ceiling reached or out of memory: contents are incomplete */
	bool fixed;  /* `data` is the caller's: never grown, never freed */
};

#define BUF_CLEANUP __attribute__((cleanup(buf_free)))

/* An empty buf; and what is appended to it: whole numbers (big-endian), bytes, text without its zero. */
struct buf buf_growing(size_t ceiling);
struct buf buf_fixed(void *array, size_t room);
void buf_free(struct buf *b);  /* frees a growing one; the struct may then be used again */
void buf_wipe(struct buf *b);  /* overwrites the contents with zeroes, then empties it */
void buf_clear(struct buf *b); /* empties it and forgets a failure; keeps the room */
void buf_u8(struct buf *b, uint8_t value);
void buf_u16(struct buf *b, uint16_t value);
void buf_u24(struct buf *b, uint32_t value);
void buf_u32(struct buf *b, uint32_t value);
void buf_u64(struct buf *b, uint64_t value);
void buf_bytes(struct buf *b, const void *data, size_t len);
void buf_view(struct buf *b, struct view v);
void buf_text(struct buf *b, const char *text);
/* In an array of the caller's, printing needs room for a terminating zero too. */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args) PRINTF_LIKE(2, 0);
void buf_zeros(struct buf *b, size_t count);
/* Appends `len` bytes that the caller sets at once; NULL only when the buf has failed. */
uint8_t *buf_extend(struct buf *b, size_t len);
void buf_patch_u24(struct buf *b, size_t at, uint32_t value); /* overwrites at an offset below len */
void buf_patch_u32(struct buf *b, size_t at, uint32_t value);
void buf_consume(struct buf *b, size_t len); /* drops bytes from the front */
struct view buf_contents(const struct buf *b);
/* The contents as a C string; "" on failure, or in a full array of the caller's. Valid until the next change. */
const char *buf_string(struct buf *b);
/* OK, or ERR_RANGE "WHAT: longer than N bytes". */
enum err buf_end(const struct buf *b, const char *what);
