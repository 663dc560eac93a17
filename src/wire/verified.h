// SPDX-License-Identifier: Apache-2.0
/*
 * verified: what a realm hands to an ASP when a subscriber extends its trust to it (10.3): a JWT (RFC 7519) that the realm has
 * signed, for that ASP, about a pseudonym, with the granted claims alone, as verified claims of OpenID Connect for Identity
 * Assurance 4: docs/protocol/trust_extension.md.  req: B10.3 B7.5-f
 */
#pragma once

#include "core/ident.h"
#include "wire/jose.h"

#define VERIFIED_TYP "JWT"

enum {
	VERIFIED_ID = 64,      /* with its zero */
	VERIFIED_SUBJECT = 64, /* with its zero */
	VERIFIED_WORD = 32,    /* with its zero */
	VERIFIED_FRAMEWORK = 256,
	VERIFIED_CLAIMS = 4096, /* bytes of JSON */
	VERIFIED_SKEW = 60,	/* seconds that clocks may differ */
};

struct verified {
	struct ident realm;		/* iss, IDENT_FQDN */
	struct ident asp;		/* aud, IDENT_ASP */
	struct ident application;	/* that the subscriber asked for */
	char subject[VERIFIED_SUBJECT]; /* sub: what that ASP calls the client */
	char id[VERIFIED_ID];		/* jti */
	int64_t issued, expires;	/* seconds since 1970 */
	/* Of the verification: under which rules, how thoroughly, when (0: not told), by what document ("": not told). */
	char framework[VERIFIED_FRAMEWORK], level[VERIFIED_WORD], document[VERIFIED_WORD];
	int64_t time;
	struct view claims; /* a JSON object; empty: none was granted, and nothing is said of a verification */
};

/* Appends the JWT. ERR_SYNTAX, ERR_RANGE: not what may stand there; errors of jose_sign(). */
enum err verified_sign(const struct verified *in, const struct jose_key *key, struct buf *out);

/*
 * Verifies a JWT for `asp` at `now` (seconds since 1970) with keys of `realm`, and reads it; `ret->claims` are in `claims`, appended
 * to. Errors of jose_verify(); ERR_DENIED: of another realm, or for another ASP; ERR_EXPIRED: over, or not begun;
 * ERR_SYNTAX, ERR_RANGE name the member.
 */
struct verified_for {
	const struct ident *realm, *asp;
	int64_t now;
};
enum err verified_verify(const struct jose_key *const *keys, size_t count,
	const struct verified_for *wanted, struct view jwt, struct buf *claims,
	struct verified *ret);
