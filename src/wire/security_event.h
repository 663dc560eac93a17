// SPDX-License-Identifier: Apache-2.0
/*
 * security_event: what a trust registry tells, as a security event token (RFC 8417): a compact JWS of typ "secevent+jwt"
 * that whoever receives it can check, keep and show to others. A token that is told again has the same `jti`.
 *  req: R7-iv-e R9.4-i-c
 */
#pragma once

#include "wire/jose.h"
#include "wire/json.h"

#define SECURITY_EVENT_TYP  "secevent+jwt"
#define SECURITY_EVENT_TYPE "application/secevent+jwt" /* its media type, of RFC 8935 too */

/* Event types are URIs: this and a word. */
#define SECURITY_EVENT_PREFIX "urn:symbolon:registry:event:"

enum {
	SECURITY_EVENT_TEXT = 512, /* bytes of each of iss, aud, jti and txn */
	SECURITY_EVENT_PARTS = 8,  /* events of a token */
};

/* One member of `events`: its type's word, and a JSON object with what is told. */
struct security_event_part {
	struct view type, payload;
};

/* A token to be written. `iat` in seconds since 1970, UTC. */
struct security_event {
	struct view iss, aud, jti;
	struct view txn; /* what it comes from, the same for all who are told; "" leaves it out */
	int64_t iat;
	const struct security_event_part *parts;
	size_t count;
};

/*
 * Appends the signed token. ERR_RANGE: no event, too many, or longer than a JWS may be; ERR_SYNTAX: a text that a token cannot
 * have, or a payload that is no object.
 */
enum err security_event_sign(const struct jose_key *key, const struct security_event *event,
	struct buf *out);

/* A token as it was received. Views point into `document`. */
struct security_event_read {
	struct json *document;
	struct view iss, jti, txn;
	int64_t iat;
	const struct json *events; /* an object: json_member(events, SECURITY_EVENT_PREFIX "word") */
};

/*
 * Checks and reads a token that one of the keys has signed, and that is for `aud`: RFC 8417 2.2. ERR_AUTH: of another typ,
 * by another key, for somebody else, changed. ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED: no such token. Whether its jti was
 * seen before is the caller's to know.
 */
enum err security_event_read(const struct jose_key *const *keys, size_t count, struct view aud,
	struct view compact, struct security_event_read *ret);
void security_event_free(struct security_event_read *event); /* zeroed is fine */
