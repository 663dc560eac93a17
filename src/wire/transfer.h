// SPDX-License-Identifier: Apache-2.0
/*
 * transfer: what the owner of a device signs to give it to another, and what that one signs to take it: two JWS, by the keys with
 * which both are registered, for one registry, one device, and a time (docs/protocol/registry_owners.md).  req: R6.3
 */
#pragma once

#include "core/reg_id.h"
#include "wire/jose.h"

#define TRANSFER_OFFER_TYP	"transfer-offer+jwt"
#define TRANSFER_ACCEPTANCE_TYP "transfer-acceptance+jwt"

enum {
	TRANSFER_ID = 44, /* base64url of SHA-256 and a zero */
	TRANSFER_JWS_MAX = 4096,
	TRANSFER_SKEW = 60, /* seconds that clocks may differ */
};

struct transfer_offer {
	char id[TRANSFER_ID]; /* SHA-256 of what was signed: what an acceptance accepts */
	char device[REG_DEV_ID_MAX + 1]; /* RegDevID */
	char taker[JOSE_THUMBPRINT];	 /* of the key of whom it is offered to */
	int64_t issued, expires;	 /* seconds since 1970 */
};

/* Whom it must be for. An empty view stands for any. */
struct transfer_for {
	struct view registry; /* RegID */
	struct view device, offer;
	int64_t now, longest; /* seconds; how long it may be valid at all */
};

/* Appends the JWS of one side. `registry` is where it is to be brought. Errors of jose_sign(). */
enum err transfer_offer_sign(const struct transfer_offer *offer, struct view registry,
	const struct jose_key *key, struct buf *out);
enum err transfer_acceptance_sign(const struct transfer_offer *offer, struct view registry,
	const struct jose_key *key, struct buf *out);

/* What it says, not verified: to find the key. ERR_SYNTAX, ERR_RANGE. */
enum err transfer_offer_peek(struct view jws, struct transfer_offer *ret);
/* Errors of jose_verify(); ERR_AUTH: of another key than it says; ERR_DENIED: for another registry; ERR_EXPIRED: over, not
 * begun, or valid for longer than may be; ERR_SYNTAX, ERR_RANGE. */
enum err transfer_offer_verify(const struct jose_key *giver, const struct transfer_for *wanted,
	struct view jws, struct transfer_offer *ret);
/* The same; ERR_DENIED: of another offer, or another device. */
enum err transfer_acceptance_verify(const struct jose_key *taker, const struct transfer_for *wanted,
	struct view jws);
