// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static enum err too_long(const char *what, size_t room)
{
	return err_fail(ERR_RANGE, "%s: longer than %zu bytes", what, room);
}

/* Hexadecimal. */

void text_hex(struct buf *out, struct view bytes)
{
	uint8_t *to = bytes.len <= SIZE_MAX / 2 ? buf_extend(out, 2 * bytes.len) : NULL;

	for (size_t i = 0; to && i < bytes.len; i++) {
		*to++ = (uint8_t)hex_digits[bytes.data[i] >> 4];
		*to++ = (uint8_t)hex_digits[bytes.data[i] & 15];
	}
}

/* Computed, not looked up: keys come this way, and a table's index would show in the cache. */
static int hex_value(uint8_t c)
{
	unsigned digit = (unsigned)c - '0';
	unsigned letter = (unsigned)(c | 0x20) - 'a';

	if (digit < 10) {
		return (int)digit;
	}
	return letter < 6 ? (int)letter + 10 : -1;
}

enum err text_from_hex(struct view in, void *out, size_t room, size_t *ret_len, const char *what)
{
	uint8_t *to = out;

	if (in.len % 2 != 0) {
		return err_fail(ERR_SYNTAX, "%s: odd number of hexadecimal digits", what);
	}
	if (in.len / 2 > room) {
		return too_long(what, room);
	}
	for (size_t i = 0; i < in.len; i++) {
		if (hex_value(in.data[i]) < 0) {
			return err_fail(ERR_SYNTAX, "%s: not a hexadecimal digit at %zu", what, i);
		}
	}
	for (size_t i = 0; i < in.len / 2; i++) {
		to[i] = (uint8_t)(hex_value(in.data[2 * i]) << 4 | hex_value(in.data[2 * i + 1]));
	}
	*ret_len = in.len / 2;
	return OK;
}

/* Base 64. */

static void put_base64(struct buf *out, struct view bytes, const char *digits, bool padded)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t group = (uint32_t)bytes.data[i] << 16;
		uint8_t four[4];

		if (have > 1) {
			group |= (uint32_t)bytes.data[i + 1] << 8;
		}
		if (have > 2) {
			group |= bytes.data[i + 2];
		}
		for (size_t k = 0; k < 4; k++) {
			four[k] = (uint8_t)(k <= have ? digits[group >> (18 - 6 * k) & 63] : '=');
		}
		buf_bytes(out, four, padded ? 4 : have + 1);
	}
}

void text_base64(struct buf *out, struct view bytes)
{
	put_base64(out, bytes, base64_digits, true);
}

void text_base64url(struct buf *out, struct view bytes)
{
	put_base64(out, bytes, base64url_digits, false);
}

static int base64_value(uint8_t c, const char *digits)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == (uint8_t)digits[62]) {
		return 62;
	}
	return c == (uint8_t)digits[63] ? 63 : -1;
}

/* `in` is without padding. */
static enum err get_base64(struct view in, const char *digits, void *out, size_t room,
	size_t *ret_len, const char *what)
{
	size_t len = in.len / 4 * 3 + (in.len % 4 > 1 ? in.len % 4 - 1 : 0);
	uint8_t *to = out;
	uint32_t bits = 0;

	if (in.len % 4 == 1) {
		return err_fail(ERR_SYNTAX, "%s: base64 of impossible length", what);
	}
	if (len > room) {
		return too_long(what, room);
	}
	for (size_t i = 0; i < in.len; i++) {
		int value = base64_value(in.data[i], digits);

		if (value < 0) {
			return err_fail(ERR_SYNTAX, "%s: not a base64 digit at %zu", what, i);
		}
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0) {
			to[i / 4 * 3 + i % 4 - 1] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
		}
	}
	if ((in.len % 4 == 2 && (bits & 15) != 0) || (in.len % 4 == 3 && (bits & 3) != 0)) {
		return err_fail(ERR_SYNTAX, "%s: base64 with bits left over", what);
	}
	*ret_len = len;
	return OK;
}

enum err text_from_base64(struct view in, void *out, size_t room, size_t *ret_len, const char *what)
{
	if (in.len % 4 != 0) {
		return err_fail(ERR_SYNTAX, "%s: base64 without its padding", what);
	}
	for (int pad = 0; pad < 2 && in.len > 0 && in.data[in.len - 1] == '='; pad++) {
		in.len--;
	}
	return get_base64(in, base64_digits, out, room, ret_len, what);
}

enum err text_from_base64url(struct view in, void *out, size_t room, size_t *ret_len,
	const char *what)
{
	return get_base64(in, base64url_digits, out, room, ret_len, what);
}

/* Percent. */

static bool is_unreserved(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void text_percent(struct buf *out, struct view bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.data[i];

		if (is_unreserved(c)) {
			buf_u8(out, c);
			continue;
		}
		buf_u8(out, '%');
		buf_u8(out, (uint8_t) "0123456789ABCDEF"[c >> 4]);
		buf_u8(out, (uint8_t) "0123456789ABCDEF"[c & 15]);
	}
}

enum err text_from_percent(struct view in, struct buf *out, const char *what)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (c <= 0x20 || c >= 0x7f) {
			return err_fail(ERR_SYNTAX, "%s: not allowed unescaped at %zu", what, i);
		}
		if (c != '%') {
			buf_u8(out, c);
			continue;
		}
		if (in.len - i < 3 || hex_value(in.data[i + 1]) < 0 ||
			hex_value(in.data[i + 2]) < 0) {
			return err_fail(ERR_SYNTAX, "%s: broken %% escape at %zu", what, i);
		}
		buf_u8(out, (uint8_t)(hex_value(in.data[i + 1]) << 4 | hex_value(in.data[i + 2])));
		i += 2;
	}
	return buf_end(out, what);
}

/* Numbers and time. */

enum err text_from_u64(struct view in, uint64_t max, uint64_t *ret, const char *what)
{
	uint64_t value = 0;

	if (in.len == 0 || (in.len > 1 && in.data[0] == '0')) {
		return err_fail(ERR_SYNTAX, "%s: not a decimal number", what);
	}
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] < '0' || in.data[i] > '9') {
			return err_fail(ERR_SYNTAX, "%s: not a decimal number", what);
		}
	}
	for (size_t i = 0; i < in.len; i++) {
		uint64_t digit = (uint64_t)(in.data[i] - '0');

		if (value > (UINT64_MAX - digit) / 10 || value * 10 + digit > max) {
			return err_fail(ERR_RANGE, "%s: more than %llu", what,
				(unsigned long long)max);
		}
		value = value * 10 + digit;
	}
	*ret = value;
	return OK;
}

static void put_digits(char *to, int digits, int value)
{
	for (int i = digits - 1; i >= 0; i--) {
		to[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

void text_time(int64_t seconds, char ret[TEXT_TIME])
{
	const int64_t year_0 = -62167219200, year_10000 = 253402300800;
	time_t when = seconds < year_0 ? year_0 : seconds >= year_10000 ? year_10000 - 1 : seconds;
	struct tm tm = {0};

	(void)gmtime_r(&when, &tm);
	memcpy(ret, "0000-00-00T00:00:00Z", TEXT_TIME);
	put_digits(ret, 4, tm.tm_year + 1900);
	put_digits(ret + 5, 2, tm.tm_mon + 1);
	put_digits(ret + 8, 2, tm.tm_mday);
	put_digits(ret + 11, 2, tm.tm_hour);
	put_digits(ret + 14, 2, tm.tm_min);
	put_digits(ret + 17, 2, tm.tm_sec);
}

static int get_digits(const uint8_t *from, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		value = value * 10 + (from[i] - '0');
	}
	return value;
}

enum err text_from_time(struct view in, int64_t *ret, const char *what)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	bool fits = in.len == sizeof(shape) - 1;

	for (size_t i = 0; fits && i < in.len; i++) {
		fits = shape[i] == 'd' ? in.data[i] >= '0' && in.data[i] <= '9'
				       : in.data[i] == (uint8_t)shape[i];
	}
	if (!fits) {
		return err_fail(ERR_SYNTAX, "%s: not a time like 2026-01-31T00:00:00Z", what);
	}
	struct tm tm = {
		.tm_year = get_digits(in.data, 4) - 1900,
		.tm_mon = get_digits(in.data + 5, 2) - 1,
		.tm_mday = get_digits(in.data + 8, 2),
		.tm_hour = get_digits(in.data + 11, 2),
		.tm_min = get_digits(in.data + 14, 2),
		.tm_sec = get_digits(in.data + 17, 2),
	};
	int64_t seconds = timegm(&tm);
	char again[TEXT_TIME];

	/* timegm() takes 31 February for 3 March; writing it again shows that. */
	text_time(seconds, again);
	if (!view_is(in, again)) {
		return err_fail(ERR_RANGE, "%s: no such day or hour", what);
	}
	*ret = seconds;
	return OK;
}

/* UTF-8 and JSON. */

/* The length of the character at `at`, 0 when it is not UTF-8 (RFC 3629: shortest form, no
 * surrogates). */
static size_t utf8_length(const uint8_t *at, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = at[0] < 0x80   ? 1
		     : at[0] < 0xc0 ? 0
		     : at[0] < 0xe0 ? 2
		     : at[0] < 0xf0 ? 3
		     : at[0] < 0xf8 ? 4
				    : 0;

	if (len == 0 || len > left) {
		return 0;
	}
	uint32_t value = len == 1 ? at[0] : at[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
		return 0;
	}
	*ret = value;
	return len;
}

bool text_is_utf8(struct view in)
{
	uint32_t value;

	for (size_t i = 0; i < in.len;) {
		size_t len = in.data[i] < 0x80 ? 1 : utf8_length(in.data + i, in.len - i, &value);

		if (len == 0) {
			return false;
		}
		i += len;
	}
	return true;
}

bool text_is_printable(struct view in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.data[i] < 0x20 || in.data[i] > 0x7e) {
			return false;
		}
	}
	return true;
}

static bool is_plain_in_json(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* DEL, the C1 controls and the two line separators are valid JSON, but steer terminals and scripts.
 */
static bool must_escape(uint32_t value)
{
	return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0x2028 ||
	       value == 0x2029;
}

static void json_escape(struct buf *out, uint32_t value)
{
	static const char letters[0x20] =
		{['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char letter = value < 0x20 ? letters[value] : 0;

	buf_u8(out, '\\');
	if (letter) {
		buf_u8(out, (uint8_t)letter);
		return;
	}
	buf_u8(out, 'u');
	for (int shift = 12; shift >= 0; shift -= 4) {
		buf_u8(out, (uint8_t)hex_digits[value >> shift & 15]);
	}
}

void text_json(struct buf *out, struct view utf8)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < utf8.len;) {
		size_t run = i;

		while (run < utf8.len && is_plain_in_json(utf8.data[run])) {
			run++;
		}
		buf_bytes(out, utf8.data + i, run - i);
		i = run;
		if (i == utf8.len) {
			break;
		}
		uint32_t value = 0;
		size_t len = utf8_length(utf8.data + i, utf8.len - i, &value);

		if (len == 0) {
			buf_text(out, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (value == '"' || value == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, (uint8_t)value);
		} else if (must_escape(value)) {
			json_escape(out, value);
		} else {
			buf_bytes(out, utf8.data + i, len);
		}
		i += len;
	}
	buf_u8(out, '"');
}

void text_ascii_json(struct buf *out, struct view json)
{
	for (size_t i = 0; i < json.len;) {
		uint32_t value = json.data[i];
		size_t len = value < 0x80 ? 1 : utf8_length(json.data + i, json.len - i, &value);

		if (len == 0) {
			out->failed = true;
			return;
		}
		if (len == 1) {
			buf_u8(out, (uint8_t)value);
		} else if (value < 0x10000) {
			json_escape(out, value);
		} else {
			json_escape(out, 0xd800 + ((value - 0x10000) >> 10));
			json_escape(out, 0xdc00 + ((value - 0x10000) & 0x3ff));
		}
		i += len;
	}
}

/* C strings. */

enum err text_copy(char *to, size_t room, struct view from, const char *what)
{
	if (from.len >= room) {
		return err_fail(ERR_RANGE, "%s: longer than %zu characters", what, room - 1);
	}
	if (from.len > 0 && memchr(from.data, 0, from.len)) {
		return err_fail(ERR_RANGE, "%s: holds a zero byte", what);
	}
	if (from.len > 0) {
		memmove(to, from.data, from.len);
	}
	to[from.len] = 0;
	return OK;
}

char *text_dup(struct view from)
{
	char *copy = malloc(from.len + 1);

	if (!copy) {
		return NULL;
	}
	if (from.len > 0) {
		memcpy(copy, from.data, from.len);
	}
	copy[from.len] = 0;
	return copy;
}

void text_autofree(void *pointer_to_pointer)
{
	void *pointer;

	memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
	free(pointer);
}
