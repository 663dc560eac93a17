// SPDX-License-Identifier: Apache-2.0
/*
 * envelope: a long-term key on its way to another operator (Y.3056 10.6.1, step 3): JSON in a JWE for that operator's key
 * alone. Made and opened in the vault.  req: B10.6.1
 */
#pragma once

#include "core/ident.h"
#include "core/vector.h"
#include "wire/change.h"
#include "wire/jwe.h"

#define ENVELOPE_KEY_CTY	"y3056-key+json"
#define ENVELOPE_PSEUDONYMS_CTY "y3056-pseudonyms+json"

/* What an envelope is for: it opens for nothing else. */
struct envelope_names {
	char change[CHANGE_ID];
	struct ident client, new_client; /* at the old operator, and at the new one */
};

/* Appends the JWE. */
enum err envelope_seal(const struct jose_key *to, const struct envelope_names *names,
	const struct aka_key *key, uint64_t sqn, struct buf *out);
/* Errors of jwe_decrypt(); ERR_AUTH: for another change or client; ERR_SYNTAX, ERR_RANGE: what is in it is no key. */
enum err envelope_open(const struct jose_key *own, const struct envelope_names *names,
	struct view jwe, struct aka_key *ret_key, uint64_t *ret_sqn);
