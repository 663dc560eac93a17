// SPDX-License-Identifier: Apache-2.0
/* text: the encodings every protocol here needs, each way, bounded, refusing what is not canonical. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Encoders append to `out`. */
void text_hex(struct buf *out, struct view bytes);	 /* lower case */
void text_base64(struct buf *out, struct view bytes);	 /* RFC 4648 4, padded */
void text_base64url(struct buf *out, struct view bytes); /* RFC 4648 5, no padding */
void text_percent(struct buf *out, struct view bytes);	 /* all but RFC 3986 unreserved as %XX */
/* RFC 8259 string with its quotes; bad UTF-8 becomes U+FFFD. */
void text_json(struct buf *out, struct view utf8);
/* A JSON text with all that is not ASCII as \uXXXX: it means the same. Bad UTF-8 makes `out` fail. */
void text_ascii_json(struct buf *out, struct view json);

/* Decoders write at most `room` bytes and return ERR_SYNTAX or ERR_RANGE; `what` begins the sentence. */
enum err text_from_hex(struct view in, void *out, size_t room, size_t *ret_len, const char *what);
enum err text_from_base64(struct view in, void *out, size_t room, size_t *ret_len, const char *what);
enum err text_from_base64url(struct view in, void *out, size_t room, size_t *ret_len,
	const char *what);
enum err text_from_percent(struct view in, struct buf *out, const char *what);

/* A decimal number without sign or leading zero, at most `max`. */
enum err text_from_u64(struct view in, uint64_t max, uint64_t *ret, const char *what);

/* UTC seconds since 1970 as 2026-01-31T00:00:00Z (20 bytes and a zero) and back (RFC 3339). */
enum { TEXT_TIME = 21 };
void text_time(int64_t seconds, char ret[TEXT_TIME]);
enum err text_from_time(struct view in, int64_t *ret, const char *what);

/* Whether all of it is UTF-8 (RFC 3629), or printable. */
bool text_is_utf8(struct view in);
bool text_is_printable(struct view in); /* ASCII 0x20 to 0x7e only */

/* Copies text with its zero; ERR_RANGE when it does not fit or holds a zero byte. */
enum err text_copy(char *to, size_t room, struct view from, const char *what);
/* A NUL-terminated copy on the heap, NULL when out of memory. */
char *text_dup(struct view from);
#define AUTOFREE __attribute__((cleanup(text_autofree)))
void text_autofree(void *pointer_to_pointer);

/* A whole file of at most `max` bytes; `ret` becomes a growing buf that the caller frees. ERR_IO, ERR_RANGE. */
enum err text_read_file(const char *path, size_t max, struct buf *ret);
/* Writes beside, syncs, renames, syncs the folder: the old file or the new, never half. Exactly this mode.
 * A process that is killed meanwhile leaves path.XXXXXX.part behind. */
#define TEXT_PART ".part"
enum err text_write_file(const char *path, struct view contents, unsigned mode);
