// SPDX-License-Identifier: Apache-2.0
/* json_value: what json_parse.c makes, and json.c, json_write.c and cbor_json.c read; nobody else includes it. */
#pragma once

#include "wire/json.h"

enum type { NUL, BOOL, INT, REAL, STRING, ARRAY, OBJECT };

/*
 * Values lie in one array in the order of the text: a value's children follow it, and `span` values
 * later comes the next one beside it. So a document is one allocation, and freeing is wiping it.
 */
struct json {
	uint8_t type;
	bool last;     /* among its siblings */
	uint32_t span; /* this value with all below it */
	struct view name;
	union {
		bool truth;
		int64_t number;
		struct view text; /* STRING unescaped, REAL as it was written */
		size_t count;	  /* children */
	} is;
};

static inline const struct json *json_first(const struct json *parent)
{
	return parent->is.count > 0 ? parent + 1 : NULL;
}
