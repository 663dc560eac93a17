// SPDX-License-Identifier: Apache-2.0
/* rp_b: what the authentication element asks of the authorization element (Y.3056 9.6.2).  req: B9.6.2 */
#pragma once

#include "authn/authn.h"
#include "authn/tokens.h"
#include "core/degree.h"
#include "core/token.h"
#include "core/vector.h"

enum err rp_b_start_up(struct authn *authn);
void rp_b_shut_down(struct authn *authn);

/* The answer to a question for a vector. */
struct rp_b_vector {
	enum err err; /* ERR_DENIED: refused; ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOAD: away */
	const char *detail;
	struct vector vector;
	struct degree_key key; /* what it was made with */
	int64_t lifetime;      /* of Ks by the subscription, seconds; 0: none said */
	unsigned awaits;       /* what is wanted of the device: enum rp_awaits */
};
typedef void rp_b_vector_done(void *authn, uint64_t ref, const struct rp_b_vector *answer);

/*
 * 10.4/1b: asks for one vector. `auts` NULL, or RAND || AUTS (30 bytes) of the device that lost step. `done`
 * comes exactly once; with ERR_OVERLOAD already before this returns, so a caller touches nothing of its run after.
 */
void rp_b_ask_vector(struct authn *authn, const struct ident *client, const uint8_t *rand_auts,
	const char *tx, rp_b_vector_done *done, uint64_t ref);

/* Whose a public key is. */
struct rp_b_client {
	enum err err; /* ERR_DENIED: nobody's; else as above */
	const char *detail;
	struct ident client;
	int64_t lifetime; /* of Ks by the subscription, seconds; 0: none said */
	unsigned awaits;  /* as above */
};
typedef void rp_b_client_done(void *authn, uint64_t ref, const struct rp_b_client *answer);

/*
 * 10.4/1b with public keys: who is registered with the key of this SHA-256, or else with the name that the realm's
 * authority for devices has certified; "": none. `done` as above.  req: B10.4-asym
 */
void rp_b_ask_client(struct authn *authn, const uint8_t digest[PUBLIC_KEY_DIGEST], const char *name,
	const char *tx, rp_b_client_done *done, uint64_t ref);

/* 8.4: which security degrees the realm has, for its document. Views are valid during the call; `done` as above. */
struct rp_b_degrees {
	enum err err;
	const struct rp_degree *degrees;
	size_t count;
};
typedef void rp_b_degrees_done(void *authn, uint64_t ref, const struct rp_b_degrees *answer);
void rp_b_ask_degrees(struct authn *authn, rp_b_degrees_done *done, uint64_t ref);

/* 10.6.1/4: a new key for a device (`public_half`, `wrap`), or its confirmation (`token`, `confirm`). */
struct rp_b_update_question {
	const struct ident *client;
	const char *tx;
	struct view public_half, wrap, token, confirm;
};
/* Views are valid during the call. */
struct rp_b_update {
	enum err err; /* ERR_AUTH: the device has another key; ERR_CONFLICT: none is due; else the element is away */
	const char *detail;
	struct view public_half, sealed, confirm;
};
typedef void rp_b_update_done(void *authn, uint64_t ref, const struct rp_b_update *answer);
/* `done` as above. */
void rp_b_ask_update(struct authn *authn, const struct rp_b_update_question *question,
	rp_b_update_done *done, uint64_t ref);
/* 10.6/5: a device that came from another operator has a token here. Lost, its next bootstrap says it again. */
void rp_b_report_token(struct authn *authn, const struct ident *client, const char *tx);

/*
 * A question for the service permission flag (10.4/3a): may this client use this application under this Ua id
 * (UA_ALL: which ones are registered?), and may this element ask for it?
 */
struct rp_b_question {
	const struct ident *client; /* NULL: only whether the element may serve the application */
	const struct ident *application;
	struct ua ua;
	const char *element; /* "" : nobody has asked yet */
	const char *session; /* the Session-Id of an earlier permission that is asked for again; "": a new one */
	const char *tx;
};

/* The answer. Views are valid during the call. */
struct rp_b_permission {
	enum err err; /* ERR_DENIED: not set, or not this element's application; else as above */
	const char *detail;
	int64_t lifetime;     /* of the permission, seconds; 0: none said */
	bool identity;	      /* the application may see the client's identity */
	struct view settings; /* ussList with the pseudonym, for the application; may be empty */
	struct words rights;
	struct view attributes;	       /* JSON object, or empty */
	char session[SESSION_MAX + 1]; /* this permission's name, by which it is revoked */
	struct ident application;      /* what the token is for: the application, or its group */
	struct ua uas[RP_UAS];	       /* registered Ua ids, when UA_ALL was asked */
	size_t ua_count;
	enum token_format format;
	char degree[DEGREE_MAX];
	struct degree_need need; /* what the degree asks of the device's key */
	int64_t token_lifetime;	 /* seconds; 0: none said */
	struct view members[RP_MEMBERS];
	size_t member_count;
};
typedef void rp_b_permission_done(void *authn, uint64_t ref, const struct rp_b_permission *answer);

/* `done` as above. */
void rp_b_ask_permission(struct authn *authn, const struct rp_b_question *question,
	rp_b_permission_done *done, uint64_t ref);
