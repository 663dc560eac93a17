// SPDX-License-Identifier: Apache-2.0
/* CBOR is read item by item into the text that it means, which json_parse() judges as any other. */
#include "wire/cbor_json.h"

#include "base/text.h"
#include "wire/json_value.h"

#include <cbor.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH = 16,
	TEXT_TIMES = 8, /* a byte of CBOR is at most "\u0001" and a comma, or a number's digits */
};

/* An array or a map that is open. */
struct level {
	bool map, open_ended;
	bool key_next, first;
	uint64_t left; /* items: of a map keys and values */
};

struct run {
	struct buf *out;
	struct level levels[DEPTH];
	unsigned depth;
	bool done; /* the one item at the top is there */
	enum err err;
};

static struct level *inner(struct run *r)
{
	return r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
}

static void fail(struct run *r, enum err err)
{
	r->err = r->err == OK ? err : r->err;
}

/* Whether an item may stand here; its comma and its colon. */
static bool begin_item(struct run *r, bool is_text)
{
	struct level *level = inner(r);

	if (r->err != OK) {
		return false;
	}
	if (level && level->map && level->key_next && !is_text) {
		fail(r, err_fail(ERR_SYNTAX, "CBOR: a key that is no text"));
		return false;
	}
	if (level && level->map && !level->key_next) {
		buf_text(r->out, ":");
	} else if (level && !level->first) {
		buf_text(r->out, ",");
	}
	if (level) {
		level->first = false;
	}
	return true;
}

static void close_level(struct run *r)
{
	buf_text(r->out, inner(r)->map ? "}" : "]");
	r->depth--;
}

/* After it: arrays and maps that are complete by it are closed. */
static void end_item(struct run *r)
{
	struct level *level;

	while ((level = inner(r))) {
		level->key_next = !level->key_next;
		if (level->open_ended || --level->left > 0) {
			return;
		}
		close_level(r);
	}
	r->done = true;
}

static void open_level(struct run *r, bool map, bool open_ended, uint64_t count)
{
	if (!begin_item(r, false)) {
		return;
	}
	if (r->depth == DEPTH) {
		fail(r, err_fail(ERR_RANGE, "CBOR: deeper than %d levels", DEPTH));
		return;
	}
	if (count > UINT64_MAX / 2) {
		fail(r, err_fail(ERR_RANGE, "CBOR: more items than can be"));
		return;
	}
	r->levels[r->depth++] = (struct level){
		.map = map,
		.open_ended = open_ended,
		.key_next = true,
		.first = true,
		.left = map ? 2 * count : count,
	};
	buf_text(r->out, map ? "{" : "[");
	if (!open_ended && count == 0) {
		close_level(r);
		end_item(r);
	}
}

static void put_whole(struct run *r, bool negative, uint64_t value)
{
	const uint64_t most = ((uint64_t)1 << 53) - 1;

	if (!begin_item(r, false)) {
		return;
	}
	if (value > most - negative) {
		fail(r, err_fail(ERR_RANGE, "CBOR: a whole number past 2^53 - 1"));
		return;
	}
	buf_printf(r->out, "%s%llu", negative ? "-" : "", (unsigned long long)value + negative);
	end_item(r);
}

static void put_words(struct run *r, const char *words)
{
	if (begin_item(r, false)) {
		buf_text(r->out, words);
		end_item(r);
	}
}

/* --- what libcbor calls --- */

static void on_uint8(void *user, uint8_t value)
{
	put_whole(user, false, value);
}

static void on_uint16(void *user, uint16_t value)
{
	put_whole(user, false, value);
}

static void on_uint32(void *user, uint32_t value)
{
	put_whole(user, false, value);
}

static void on_uint64(void *user, uint64_t value)
{
	put_whole(user, false, value);
}

/* -1 - value (RFC 8949 3.1). */
static void on_negint8(void *user, uint8_t value)
{
	put_whole(user, true, value);
}

static void on_negint16(void *user, uint16_t value)
{
	put_whole(user, true, value);
}

static void on_negint32(void *user, uint32_t value)
{
	put_whole(user, true, value);
}

static void on_negint64(void *user, uint64_t value)
{
	put_whole(user, true, value);
}

static void on_text(void *user, cbor_data data, size_t len)
{
	struct run *r = user;

	if (!begin_item(r, true)) {
		return;
	}
	if (!text_is_utf8(view_of(data, len))) {
		fail(r, err_fail(ERR_SYNTAX, "CBOR: a text that is not UTF-8"));
		return;
	}
	text_json(r->out, view_of(data, len));
	end_item(r);
}

static void on_bytes(void *user, cbor_data data, size_t len)
{
	struct run *r = user;

	if (begin_item(r, false)) {
		buf_text(r->out, "\"");
		text_base64url(r->out, view_of(data, len));
		buf_text(r->out, "\"");
		end_item(r);
	}
}

static void on_array(void *user, size_t count)
{
	open_level(user, false, false, count);
}

static void on_map(void *user, size_t count)
{
	open_level(user, true, false, count);
}

static void on_open_array(void *user)
{
	open_level(user, false, true, 0);
}

static void on_open_map(void *user)
{
	open_level(user, true, true, 0);
}

static void on_break(void *user)
{
	struct run *r = user;
	struct level *level = inner(r);

	if (!level || !level->open_ended || (level->map && !level->key_next)) {
		fail(r, err_fail(ERR_SYNTAX, "CBOR: a break where none may be"));
		return;
	}
	close_level(r);
	end_item(r);
}

static void on_double(void *user, double value)
{
	struct run *r = user;

	if (!begin_item(r, false)) {
		return;
	}
	if (!isfinite(value)) {
		fail(r, err_fail(ERR_UNSUPPORTED, "CBOR: a number that JSON has not"));
		return;
	}
	buf_printf(r->out, "%.17e", value);
	end_item(r);
}

static void on_float(void *user, float value)
{
	on_double(user, value);
}

static void on_boolean(void *user, bool value)
{
	put_words(user, value ? "true" : "false");
}

static void on_null(void *user)
{
	put_words(user, "null");
}

static void refuse(void *user)
{
	fail(user, err_fail(ERR_UNSUPPORTED, "CBOR: a tag, undefined, or a string in chunks"));
}

static void refuse_tag(void *user, uint64_t value)
{
	(void)value;
	refuse(user);
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string = on_bytes,
	.byte_string_start = refuse,
	.string = on_text,
	.string_start = refuse,
	.array_start = on_array,
	.indef_array_start = on_open_array,
	.map_start = on_map,
	.indef_map_start = on_open_map,
	.tag = refuse_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.boolean = on_boolean,
	.null = on_null,
	.undefined = refuse,
	.indef_break = on_break,
};

static enum err write_text(struct view cbor, struct buf *out)
{
	struct run run = {.out = out};
	size_t at = 0;

	while (!run.done) {
		struct cbor_decoder_result step =
			cbor_stream_decode(cbor.data + at, cbor.len - at, &callbacks, &run);

		if (run.err != OK) {
			return run.err;
		}
		if (step.status != CBOR_DECODER_FINISHED) {
			return err_fail(ERR_SYNTAX, "CBOR: %s at byte %zu",
				step.status == CBOR_DECODER_NEDATA ? "cut off" : "malformed", at);
		}
		at += step.read;
	}
	if (at < cbor.len) {
		return err_fail(ERR_SYNTAX, "CBOR: %zu bytes behind its end", cbor.len - at);
	}
	return buf_end(out, "CBOR");
}

enum err cbor_parse(struct view cbor, size_t max, struct json **ret)
{
	if (cbor.len > max) {
		return err_fail(ERR_RANGE, "CBOR: longer than %zu bytes", max);
	}
	if (cbor.len == 0) {
		return err_fail(ERR_SYNTAX, "CBOR: cut off at byte 0");
	}
	struct buf text = buf_growing(TEXT_TIMES * cbor.len + 64);
	enum err err = write_text(cbor, &text);

	if (err == OK) {
		err = json_parse(buf_contents(&text), text.ceiling, ret);
	}
	buf_wipe(&text); /* a key may have come in by it */
	buf_free(&text);
	return err;
}

/* --- writing --- */

static void put_head(struct buf *out, size_t (*encode)(size_t, unsigned char *, size_t),
	size_t count)
{
	unsigned char head[9];

	buf_bytes(out, head, encode(count, head, sizeof(head)));
}

static void put_text(struct buf *out, struct view text)
{
	put_head(out, cbor_encode_string_start, text.len);
	buf_view(out, text);
}

static void put_number(struct buf *out, int64_t number)
{
	unsigned char head[9];
	size_t len = number < 0 ? cbor_encode_negint((uint64_t)(-1 - number), head, sizeof(head))
				: cbor_encode_uint((uint64_t)number, head, sizeof(head));

	buf_bytes(out, head, len);
}

static void put_real(struct buf *out, struct view text)
{
	char digits[64] = "";
	unsigned char bytes[9];

	memcpy(digits, text.data, text.len < sizeof(digits) ? text.len : sizeof(digits) - 1);
	buf_bytes(out, bytes, cbor_encode_double(strtod(digits, NULL), bytes, sizeof(bytes)));
}

void cbor_put(struct buf *out, const struct json *value)
{
	const struct json *child = NULL;

	switch ((enum type)value->type) {
	case NUL:
		buf_u8(out, 0xf6);
		return;
	case BOOL:
		buf_u8(out, value->is.truth ? 0xf5 : 0xf4);
		return;
	case INT:
		put_number(out, value->is.number);
		return;
	case REAL:
		put_real(out, value->is.text);
		return;
	case STRING:
		put_text(out, value->is.text);
		return;
	case ARRAY:
		put_head(out, cbor_encode_array_start, value->is.count);
		break;
	case OBJECT:
		put_head(out, cbor_encode_map_start, value->is.count);
		break;
	}
	for (child = json_first(value); child; child = json_next(child)) {
		if (value->type == OBJECT) {
			put_text(out, child->name);
		}
		cbor_put(out, child);
	}
}
