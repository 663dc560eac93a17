// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "base/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

struct view view_of(const void *data, size_t len)
{
	return (struct view){data, len};
}

struct view view_text(const char *text)
{
	return (struct view){(const uint8_t *)text, text ? strlen(text) : 0};
}

bool view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool view_is(struct view v, const char *text)
{
	return view_equal(v, view_text(text));
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool view_is_nocase(struct view v, const char *text)
{
	struct view other = view_text(text);

	if (v.len != other.len) {
		return false;
	}
	for (size_t i = 0; i < v.len; i++) {
		if (lower(v.data[i]) != lower(other.data[i])) {
			return false;
		}
	}
	return true;
}

/* Reading. */

struct reader reader_of(struct view v)
{
	return (struct reader){.at = v.data, .end = v.len > 0 ? v.data + v.len : v.data};
}

size_t reader_left(const struct reader *r)
{
	return r->failed || r->at == r->end ? 0 : (size_t)(r->end - r->at);
}

/*
 * Numbers are most of a binary protocol: inlined with a constant length they cost a few instructions,
 * as loops they took three times as long.
 */
#define INLINED static inline __attribute__((always_inline))

/* Steps over `len` bytes and gives where they begin; NULL when they are not there. */
INLINED const uint8_t *take(struct reader *r, size_t len)
{
	if (r->failed || len > (size_t)((uintptr_t)r->end - (uintptr_t)r->at)) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *from = r->at;

	if (len > 0) {
		r->at += len;
	}
	return from;
}

INLINED uint64_t take_number(struct reader *r, size_t len)
{
	const uint8_t *from = take(r, len);
	uint64_t value = 0;

	if (!from) {
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		value = value << 8 | from[i];
	}
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)take_number(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)take_number(r, 2);
}

uint32_t reader_u24(struct reader *r)
{
	return (uint32_t)take_number(r, 3);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)take_number(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return take_number(r, 8);
}

struct view reader_bytes(struct reader *r, size_t len)
{
	const uint8_t *from = take(r, len);

	return from ? view_of(from, len) : view_of(NULL, 0);
}

void reader_copy(struct reader *r, void *to, size_t len)
{
	const uint8_t *from = take(r, len);

	if (len == 0) {
		return;
	}
	if (!from) {
		memset(to, 0, len);
		return;
	}
	memcpy(to, from, len);
}

void reader_skip(struct reader *r, size_t len)
{
	(void)take(r, len);
}

enum err reader_end(const struct reader *r, const char *what)
{
	if (r->failed) {
		return err_fail(ERR_SYNTAX, "%s: cut off", what);
	}
	if (reader_left(r) > 0) {
		return err_fail(ERR_SYNTAX, "%s: %zu bytes too many", what, reader_left(r));
	}
	return OK;
}

/* Collecting. */

struct buf buf_growing(size_t ceiling)
{
	return (struct buf){.ceiling = ceiling};
}

struct buf buf_fixed(void *array, size_t room)
{
	return (struct buf){.data = array, .room = room, .ceiling = room, .fixed = true};
}

void buf_free(struct buf *b)
{
	if (b->fixed) {
		return;
	}
	free(b->data);
	*b = buf_growing(b->ceiling);
}

void buf_wipe(struct buf *b)
{
	bytes_wipe(b->data, b->room);
	buf_clear(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* Moves to a larger block; not by realloc(), which would leave bytes behind that may be secret. */
static bool grow(struct buf *b, size_t need)
{
	size_t room = b->room > 0 ? b->room : FIRST_ROOM;

	while (room < need) {
		room = room > SIZE_MAX / 2 ? need : room * 2;
	}
	if (room > b->ceiling) {
		room = need > b->ceiling ? need : b->ceiling;
	}
	uint8_t *data = malloc(room);

	if (!data) {
		return false;
	}
	if (b->len > 0) {
		memcpy(data, b->data, b->len);
	}
	bytes_wipe(b->data, b->room);
	free(b->data);
	b->data = data;
	b->room = room;
	return true;
}

/* For `len` more bytes of content and `extra` that do not count: room for them, or a failed buf. */
static bool make_room(struct buf *b, size_t len, size_t extra)
{
	if (b->failed || len > b->ceiling - b->len || extra > SIZE_MAX - b->len - len) {
		b->failed = true;
		return false;
	}
	size_t need = b->len + len + extra;

	if ((need > b->room || !b->data) && (b->fixed || !grow(b, need > 0 ? need : 1))) {
		b->failed = true;
		return false;
	}
	return true;
}

INLINED uint8_t *extend(struct buf *b, size_t len)
{
	/* The room of a growing buf may be one byte more than its ceiling, for buf_string(). */
	if ((b->failed || !b->data || len > b->room - b->len || len > b->ceiling - b->len) &&
		!make_room(b, len, 0)) {
		return NULL;
	}
	uint8_t *to = b->data + b->len;

	b->len += len;
	return to;
}

uint8_t *buf_extend(struct buf *b, size_t len)
{
	return extend(b, len);
}

INLINED void put_number(struct buf *b, uint64_t value, size_t len)
{
	uint8_t *to = extend(b, len);

	if (!to) {
		return;
	}
	for (size_t i = 0; i < len; i++) {
		to[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
	}
}

void buf_u8(struct buf *b, uint8_t value)
{
	put_number(b, value, 1);
}

void buf_u16(struct buf *b, uint16_t value)
{
	put_number(b, value, 2);
}

void buf_u24(struct buf *b, uint32_t value)
{
	put_number(b, value, 3);
}

void buf_u32(struct buf *b, uint32_t value)
{
	put_number(b, value, 4);
}

void buf_u64(struct buf *b, uint64_t value)
{
	put_number(b, value, 8);
}

void buf_bytes(struct buf *b, const void *data, size_t len)
{
	if (len == 0) {
		return;
	}
	uint8_t *to = extend(b, len);

	if (to) {
		memcpy(to, data, len);
	}
}

void buf_view(struct buf *b, struct view v)
{
	buf_bytes(b, v.data, v.len);
}

void buf_text(struct buf *b, const char *text)
{
	buf_view(b, view_text(text));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	if (b->failed) {
		return;
	}
	va_copy(again, args);
	size_t room = b->room - b->len;
	int len = vsnprintf(room > 0 ? (char *)b->data + b->len : NULL, room, format, again);

	va_end(again);
	if (len < 0) {
		b->failed = true;
		return;
	}
	if (!make_room(b, (size_t)len, 1)) {
		return;
	}
	if ((size_t)len >= room) {
		(void)vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
	}
	b->len += (size_t)len;
}

void buf_zeros(struct buf *b, size_t count)
{
	if (count == 0) {
		return;
	}
	uint8_t *to = extend(b, count);

	if (to) {
		memset(to, 0, count);
	}
}

static void patch(struct buf *b, size_t at, uint32_t value, size_t len)
{
	if (b->failed || at > b->len || len > b->len - at) {
		b->failed = true;
		return;
	}
	for (size_t i = len; i > 0; i--) {
		b->data[at + i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

void buf_patch_u24(struct buf *b, size_t at, uint32_t value)
{
	patch(b, at, value, 3);
}

void buf_patch_u32(struct buf *b, size_t at, uint32_t value)
{
	patch(b, at, value, 4);
}

void buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	if (len > 0) {
		memmove(b->data, b->data + len, b->len - len);
		b->len -= len;
	}
}

struct view buf_contents(const struct buf *b)
{
	return (struct view){b->data, b->len};
}

const char *buf_string(struct buf *b)
{
	if (!make_room(b, 0, 1)) {
		return "";
	}
	b->data[b->len] = 0;
	return (const char *)b->data;
}

enum err buf_end(const struct buf *b, const char *what)
{
	return b->failed ? err_fail(ERR_RANGE, "%s: longer than %zu bytes", what, b->ceiling) : OK;
}
