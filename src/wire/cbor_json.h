// SPDX-License-Identifier: Apache-2.0
/*
 * cbor_json: our JSON documents as CBOR (RFC 8949), for devices that have no room for text, by libcbor. Objects are maps
 * whose keys are text, without those that come twice; whole numbers lie within 2^53 - 1 either way; byte strings are taken for their base64url text (6.1). Tags,
 * strings in chunks and what JSON has no value for (NaN, undefined) are refused.
 */
#pragma once

#include "wire/json.h"

/*
 * ERR_SYNTAX with the byte offset: not CBOR, cut off, bytes behind it, not UTF-8, a key that is no text or comes twice.
 * ERR_RANGE: more than `max` bytes, deeper than 16 levels, a number past 2^53 - 1. ERR_UNSUPPORTED: what is refused.
 */
enum err cbor_parse(struct view cbor, size_t max, struct json **ret);
/* Appends it, shortest forms and definite lengths (4.2.1), members in the document's order. When `out` fails: buf_end(). */
void cbor_put(struct buf *out, const struct json *value);
