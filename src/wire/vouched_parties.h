// SPDX-License-Identifier: Apache-2.0
/*
 * vouched_parties: the keys of those who may ask, signed by a registry, for devices that are asked themselves: a device
 * believes its registry, and so whom it vouches for.  req: R9.3-iii
 */
#pragma once

#include "wire/jose.h"

#define VOUCHED_TYP   "registry-parties+jwt"
#define VOUCHED_MEDIA "application/registry-parties+jwt"

enum { VOUCHED_PARTIES = 4096, VOUCHED_MAX = 2 << 20, VOUCHED_SKEW = 60 };

struct vouched_party {
	char id[JOSE_THUMBPRINT]; /* of its key, and so the keyid of its signatures */
	struct jose_key *key;
};

struct vouched {
	char registry[64]; /* iss: its RegID */
	int64_t issued, expires;
	struct vouched_party *parties;
	size_t count;
};

/* Appends the JWT. ERR_RANGE: more than VOUCHED_PARTIES; errors of jose_sign_within(). */
enum err vouched_sign(const struct vouched *vouched, const struct jose_key *key, struct buf *out);
/*
 * Verifies one at `now` (seconds since 1970). ERR_EXPIRED; ERR_SYNTAX, ERR_RANGE; errors of jose_verify_within(). On success
 * the caller frees it.
 */
enum err vouched_verify(const struct jose_key *const *keys, size_t count, struct view jwt,
	int64_t now, struct vouched *ret);
void vouched_free(struct vouched *vouched); /* zeroes are fine */
/* NULL: the registry does not vouch for that one. */
const struct jose_key *vouched_key(const struct vouched *vouched, struct view id);
