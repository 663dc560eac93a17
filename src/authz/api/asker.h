// SPDX-License-Identifier: Apache-2.0
/*
 * asker: who asks at a door of the API, found before the operation runs: an operator by its user id, certificate or
 * API key, an ASP by the certificate of one of its elements or an API key, a subscriber by a session.
 * Keys and sessions are random and kept as SHA-256 only.
 */
#pragma once

#include "authz/authz.h"

/* Of a route: who may ask for it. WHO_ANYONE: without signing in too. */
enum who { WHO_OPERATOR = 1, WHO_ASP = 2, WHO_SUBSCRIBER = 4, WHO_ANYONE = 8 };
#define WHO_SIGNED_IN (WHO_OPERATOR | WHO_ASP | WHO_SUBSCRIBER)

enum { ASKER_BY = 80, ASKER_SUBSCRIBER = 65, ASKER_TOKEN = 32 };

struct asker {
	enum who who; /* WHO_ANYONE: nobody that is known */
	/* Into the audit: "uid 0", the name in a certificate, "key NAME", an ASP's or a subscriber's id. Not into logs. */
	char by[ASKER_BY];
	struct ident asp;		   /* WHO_ASP */
	char subscriber[ASKER_SUBSCRIBER]; /* WHO_SUBSCRIBER */
	uint8_t token[ASKER_TOKEN];	   /* SHA-256 of the session's token: signing out ends it */
};

/* "operator", "asp", "subscriber", "anyone" */
const char *who_name(enum who who);

/* At the operator's doors: by user id or certificate, without asking the store. False: not an operator. */
bool asker_is_operator(const struct authz *authz, struct http_request *request, struct asker *ret);

/*
 * Finds who asks at the portal. `found` comes once, also when nobody is known: then it is WHO_ANYONE. ERR_AUTH: what
 * was shown is not known, or has run out. Others: the store failed.
 */
typedef void asker_found(struct authz *authz, uint64_t ref, enum err err, const struct asker *asker);
enum err asker_find(struct authz *authz, struct http_request *request, asker_found *found,
	uint64_t ref);

/* A random token, printed as `prefix` and 43 characters, and its SHA-256 for the store. */
enum { ASKER_TOKEN_TEXT = 64 };
enum err asker_new_token(const struct authz *authz, const char *prefix,
	char ret_text[ASKER_TOKEN_TEXT], uint8_t ret_hash[ASKER_TOKEN]);
/* The SHA-256 of a token as it was shown. */
void asker_hash(struct view text, uint8_t ret[ASKER_TOKEN]);
#define ASKER_KEY     "symkey_"
#define ASKER_SESSION "symses_"
