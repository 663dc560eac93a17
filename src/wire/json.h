// SPDX-License-Identifier: Apache-2.0
/*
 * json: a reader that refuses what leads to two readings (duplicate names, whole numbers past 2^53,
 * bad UTF-8, zero characters, whatever RFC 8259 does not allow), and a writer. A document is one
 * allocation, wiped when freed: docs/decisions/0004-own-json-reader.md.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct json; /* a parsed value; children belong to the root */

/*
 * ERR_SYNTAX with the byte offset; ERR_RANGE when longer than `max` bytes, deeper than 32 levels, more
 * than 2^18 values, or when a whole number lies past 2^53 - 1 either way (RFC 7493 2.2). A number with
 * a fraction or an exponent is accepted, but no getter takes it for a whole one.
 */
enum err json_parse(struct view text, size_t max, struct json **ret);
/* The same with other ceilings, for documents that are large by nature. A value takes 40 bytes while it is kept. */
struct json_limits {
	size_t bytes, values;
	unsigned depth;
};
enum err json_parse_within(struct view text, const struct json_limits *limits, struct json **ret);
/* Wipes strings first: a key may have come in by it. NULL is fine. */
void json_free(struct json *root);
#define JSON_CLEANUP __attribute__((cleanup(json_cleanup)))
void json_cleanup(struct json **root);

/*
 * Members of an object. Getters return ERR_SYNTAX, naming the member, when it is absent or of
 * another type; the `_opt` forms leave `ret` untouched and return OK when it is absent or null.
 */
const struct json *json_member(const struct json *object, const char *name); /* NULL when absent */
enum err json_text(const struct json *object, const char *name, struct view *ret);
enum err json_text_opt(const struct json *object, const char *name, struct view *ret);
enum err json_int(const struct json *object, const char *name, int64_t min, int64_t max,
	int64_t *ret);
enum err json_int_opt(const struct json *object, const char *name, int64_t min, int64_t max,
	int64_t *ret);
enum err json_bool_opt(const struct json *object, const char *name, bool *ret);
/* Refuses members whose name is not among `known` (NULL-terminated): ERR_SYNTAX "unknown member ...". */
enum err json_only(const struct json *object, const char *const *known);
/*
 * A number times 10 to the power of `decimals`, which is 3 at most: 8.8 with 1 is 88. ERR_SYNTAX: absent, no number, with an
 * exponent, or with more places that are not zeros. ERR_RANGE: not from `min` to `max`, which count those parts too.
 */
enum err json_decimal(const struct json *object, const char *name, unsigned decimals, int64_t min,
	int64_t max, int64_t *ret);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
size_t json_count(const struct json *array); /* 0 for anything else */
/* NULL past the end; costs `index` steps. */
const struct json *json_item(const struct json *array, size_t index);
/* The one after it in its array, or NULL: for loops over many. */
const struct json *json_next(const struct json *item);
enum err json_as_text(const struct json *value, struct view *ret);
enum err json_as_int(const struct json *value, int64_t min, int64_t max, int64_t *ret);

/*
 * Writes into a buf: commas are its business, not the caller's. Deeper than 16 levels, or closing what
 * is not open, makes the buf fail.
 */
struct json_writer {
	struct buf *out;
	uint32_t comma; /* bit per depth */
	unsigned depth;
};

/* A writer; then its values, each with its name in an object and NULL in an array. */
struct json_writer json_to(struct buf *out);
/* {  name is NULL inside arrays and at the root */
void json_open(struct json_writer *w, const char *name);
void json_close(struct json_writer *w);			       /* } */
void json_open_array(struct json_writer *w, const char *name); /* [ */
void json_close_array(struct json_writer *w);		       /* ] */
void json_put_text(struct json_writer *w, const char *name, struct view value);
void json_put_string(struct json_writer *w, const char *name, const char *value);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
/* A parsed value, with all below it. */
void json_put_value(struct json_writer *w, const char *name, const struct json *value);
