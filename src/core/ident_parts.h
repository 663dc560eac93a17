// SPDX-License-Identifier: Apache-2.0
/*
 * ident_parts: what the files of ident share, and nobody else. A reader appends the canonical form
 * to `out` and says what is wrong without repeating it: identities do not belong into logs. That
 * `out` was long enough is checked once, by ident_parse().
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* One kind each: ERR_SYNTAX, ERR_RANGE. */
enum err ident_read_fqdn(struct view in, struct buf *out);
enum err ident_read_device(struct view in, struct buf *out);
enum err ident_read_application(struct view in, struct buf *out);

/* 14 digits, and a 15th that is the check digit or the spare 0; hyphens after the 8th and 14th. */
enum err ident_read_imei(struct view in, char ret_digits[14]);
/* 12 or 16 hexadecimal digits, as 16. */
enum err ident_read_eui64(struct view in, struct buf *out);
/* An IPv6 address, or 32 digits of one, as 32 digits: colons cannot stand before an @ (RFC 7542 2.2), nor doubled in urn:dev. */
enum err ident_read_ip6(struct view in, struct buf *out);

/* <ctype.h> depends on the locale; these do not. */
static inline bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_alpha(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline bool is_alnum(uint8_t c)
{
	return is_digit(c) || is_alpha(c);
}

static inline bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static inline bool is_unreserved(uint8_t c) /* RFC 3986 2.3 */
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static inline uint8_t to_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint8_t to_upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c & ~0x20) : c;
}

static inline struct view view_from(struct view v, size_t at)
{
	return view_of(v.data + at, v.len - at);
}

/* RFC 4291 2.2, without a zone; four decimal numbers. `ret` may change on failure. */
bool ip6_from_text(struct view in, uint8_t ret[16]);
bool ip4_from_text(struct view in, uint8_t ret[4]);

bool all_digits(struct view v); /* false when empty */
/* Drops `prefix` from the front, letter case ignored. */
bool take_prefix(struct view *v, const char *prefix);
/* Where `c` first stands, or v.len. */
size_t find_byte(struct view v, uint8_t c);
