// SPDX-License-Identifier: Apache-2.0
/*
 * structured_field: HTTP fields of RFC 8941 as far as signatures need them: dictionaries whose members are items or inner
 * lists, with parameters. Dates and decimals are refused, and so is a key that comes twice, which RFC 8941 lets the last
 * one win: two readers must not see two messages. Written, a value is in its one canonical form (RFC 8941 4.1).
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum {
	SF_ITEMS = 16, /* in an inner list */
	SF_PARAMETERS = 10,
	SF_MEMBERS = 32, /* of a dictionary */
};

enum sf_type { SF_INTEGER, SF_STRING, SF_TOKEN, SF_BYTES, SF_BOOLEAN };

/* A value without parameters. `text` points into what was read. */
struct sf_bare {
	enum sf_type type;
	int64_t number; /* SF_INTEGER; SF_BOOLEAN: 0 or 1 */
	struct view text; /* SF_STRING between its quotes, still escaped; SF_TOKEN; SF_BYTES between its colons, base64 */
};

struct sf_parameter {
	struct view key;
	struct sf_bare value;
};

struct sf_parameters {
	struct sf_parameter at[SF_PARAMETERS];
	size_t count;
};

struct sf_item {
	struct sf_bare value;
	struct sf_parameters parameters;
};

/* A member of a dictionary: an item (is_list false: items[0]), or an inner list. */
struct sf_member {
	struct view key;
	bool is_list;
	size_t count;
	struct sf_item items[SF_ITEMS];
	struct sf_parameters parameters; /* of the inner list */
};

/* Takes the next member of a dictionary. ERR_NOT_FOUND at its end; ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE. */
enum err sf_next(struct reader *r, struct sf_member *ret);
/* The member of that key. ERR_NOT_FOUND; ERR_SYNTAX, also when it comes twice; ERR_RANGE: more than SF_MEMBERS. */
enum err sf_find(struct view dictionary, struct view key, struct sf_member *ret);

/* NULL: there is none. */
const struct sf_bare *sf_parameter(const struct sf_parameters *parameters, const char *key);

/* Appends what a string means. */
void sf_unescape(struct view text, struct buf *out);

/* Writers append. A string that cannot be one (RFC 8941 3.3.3: printable ASCII) makes `out` fail. */
void sf_put_string(struct buf *out, struct view text);
void sf_put_bytes(struct buf *out, struct view bytes);
void sf_put_item(struct buf *out, const struct sf_item *item);
/* An inner list with its parameters, or the item: without the key. */
void sf_put_value(struct buf *out, const struct sf_member *member);
