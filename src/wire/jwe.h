// SPDX-License-Identifier: Apache-2.0
/*
 * jwe: sealed documents as compact JWE (RFC 7516): ECDH-ES+A256KW on P-256 (RFC 7518 4.6) with A256GCM, and nothing
 * else. What the header would like is compared, never obeyed.
 */
#pragma once

#include "wire/jose.h"

/* The longest JWE that is looked at, and the longest content. */
enum { JWE_MAX = 48 * 1024, JWE_PLAIN_MAX = 32 * 1024 };

/* Appends `plain`, for the owner of `to` alone, as content of type `cty`. ERR_UNSUPPORTED: not a P-256 key; ERR_RANGE. */
enum err jwe_encrypt(const struct jose_key *to, const char *cty, struct view plain, struct buf *out);

/*
 * Appends the content to `ret`, which the caller wipes. ERR_SYNTAX: not a compact JWE; ERR_RANGE: too long;
 * ERR_UNSUPPORTED: other algorithms, `crit`, `zip`; ERR_NOT_FOUND: the key has no private half; ERR_AUTH: another
 * type, for another key, or changed: nothing is appended then.
 */
enum err jwe_decrypt(const struct jose_key *key, const char *cty, struct view compact,
	struct buf *ret);
