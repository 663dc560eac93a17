// SPDX-License-Identifier: Apache-2.0
/* key_json: a long-term key as operators hand it in: members of a JSON object, in the API and in key files. */
#pragma once

#include "core/aka_key.h"
#include "core/key_transport.h"
#include "wire/json.h"

/* Their names, for json_only(). */
#define KEY_JSON_MEMBERS                                                                           \
	"algorithm", "k", "opc", "op", "topc", "top", "amf", "keccak_iterations", "res_bytes"

/* ERR_SYNTAX names the member, never its value: aka_key_read(). */
enum err key_from_json(const struct json *object, struct aka_key *ret, bool *ret_from_op);

/* The members that key_from_json() reads, into an object that is open. */
void key_put_json(struct json_writer *w, const struct aka_key *key);

/*
 * A key on its way from one vault to another, or to a secure element: these members and "sqn", where its sequence numbers
 * stand, as an object. The reader wipes what it makes of the text on failure; the text is the caller's to wipe.
 */
enum err key_document_write(const struct aka_key *key, uint64_t sqn, struct buf *out);
enum err key_document_read(struct view text, struct aka_key *ret, uint64_t *ret_sqn);

/*
 * A transport key: {"cipher":"aes-128-ecb" or "aes-128-cbc","key","iv","wraps":["k","opc"],"check"}: hexadecimal; `iv` zeros
 * and `wraps` ["k"] unless given; `check` is compared when it is there: ERR_AUTH. ERR_SYNTAX as above.
 */
enum err transport_from_json(const struct json *object, struct key_transport *ret);
