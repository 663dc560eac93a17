// SPDX-License-Identifier: Apache-2.0
/*
 * change: what is signed when a device changes its network operator (10.6): the device's consent, the old operator's order
 * that names the new one's keys, and the device's receipt of it. Each is a compact JWS under a type of its own, so that none
 * can be taken for another: docs/protocol/change_of_operator.md.  req: B10.6.1 B10.6.2
 */
#pragma once

#include "core/ident.h"
#include "wire/jose.h"

#define CHANGE_CONSENT_TYP "y3056-consent+jws"
#define CHANGE_ORDER_TYP   "y3056-order+jws"
#define CHANGE_RECEIPT_TYP "y3056-receipt+jws"

enum change_method { CHANGE_SYMMETRIC = 1, CHANGE_ASYMMETRIC = 2 };
const char *change_method_name(enum change_method method); /* "symmetric", "asymmetric" */
enum err change_method_of(struct view name, enum change_method *ret);

/* A change's id has 1 to 63 letters, digits, '-' and '_'. The longest JWS that is looked at. */
enum { CHANGE_NONCE = 16, CHANGE_KEYS = 4, CHANGE_ID = 64, CHANGE_DIGEST = 32, CHANGE_JWS = 8192 };
enum err change_id_check(struct view id, const char *what);

/* A public key as jose_key_public() has it. */
struct change_key {
	uint8_t bytes[JOSE_PUBLIC_MAX];
	uint8_t len;
};
enum err change_key_of(const struct jose_key *key, struct change_key *ret);
bool change_key_equal(const struct change_key *a, const struct change_key *b);

/* What the device agrees to, with whom, and until when. */
struct change_consent {
	struct ident old_realm, client;	    /* IDENT_FQDN, IDENT_CLIENT of it */
	struct ident new_realm, new_client; /* other realms than the old */
	char new_key[JOSE_THUMBPRINT];	    /* RFC 7638, of the new realm's envelope key */
	struct change_key device_key;	    /* that the device signs with, P-256 */
	uint8_t nonce[CHANGE_NONCE];
	int64_t issued, expires; /* UTC seconds */
	enum change_method method;
	bool pseudonyms; /* they may move to the new realm */
};

/* The old realm's word to the device: who answers for it from now on. */
struct change_order {
	struct ident realm, client, new_realm, new_client;
	struct change_key keys[CHANGE_KEYS]; /* that sign the new realm's documents */
	size_t key_count;		     /* 1 at least */
	uint64_t serial;		     /* above that of each order before, for this device */
	uint8_t nonce[CHANGE_NONCE];	     /* of the consent that it answers */
	int64_t issued, expires;
};

/* The device's word that it has done so. */
struct change_receipt {
	char change[CHANGE_ID];
	uint8_t order[CHANGE_DIGEST]; /* change_digest() of the order */
	struct ident new_realm;
	int64_t issued;
};

/* SHA-256 of a JWS as it stands. */
enum err change_digest(struct view jws, uint8_t ret[CHANGE_DIGEST]);

/*
 * Each appends the JWS. What the device signs, its secure element does: jose_sign_with(), under the public half that the
 * consent names. ERR_RANGE, ERR_SYNTAX: not what may stand there.
 */
enum err change_consent_sign(const struct change_consent *in, jose_signer *sign, void *user,
	struct buf *out);
enum err change_order_sign(const struct change_order *in, const struct jose_key *realm_key,
	struct buf *out);
enum err change_receipt_sign(const struct change_receipt *in, const struct jose_key *device_key,
	jose_signer *sign, void *user, struct buf *out);

/*
 * Each verifies, then reads: errors of jose_verify(); ERR_EXPIRED at `now`; ERR_SYNTAX, ERR_RANGE, naming the member.
 * Whether names, nonces and serials are those that were awaited is the caller's to compare.
 *
 * A consent is verified with the key that the old realm has of the device, which must be the one that it names: ERR_AUTH.
 * With `registered` NULL, as the new realm reads it that has none yet, with the one that it names: that proves the possession
 * of that key alone, not whose it is.
 */
enum err change_consent_verify(const struct jose_key *registered, int64_t now, struct view jws,
	struct change_consent *ret);
enum err change_order_verify(const struct jose_key *const *anchors, size_t count, int64_t now,
	struct view jws, struct change_order *ret);
enum err change_receipt_verify(const struct jose_key *device_key, struct view jws,
	struct change_receipt *ret);
