// SPDX-License-Identifier: Apache-2.0
/* rp_b: what the authentication element asks of the authorization element (Y.3056 9.6.2).  req: B9.6.2 */
#pragma once

#include "authn/authn.h"
#include "core/token.h"
#include "core/vector.h"

enum err rp_b_start_up(struct authn *authn);
void rp_b_shut_down(struct authn *authn);

/* The answer to a question for a vector. */
struct rp_b_vector {
	enum err err; /* ERR_DENIED: refused; ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOAD: away */
	const char *detail;
	struct vector vector;
	int64_t lifetime; /* of Ks by the subscription, seconds; 0: none said */
};
typedef void rp_b_vector_done(void *authn, uint64_t ref, const struct rp_b_vector *answer);

/*
 * 10.4/1b: asks for one vector. `auts` NULL, or RAND || AUTS (30 bytes) of the device that lost step. `done`
 * comes exactly once; with ERR_OVERLOAD already before this returns, so a caller touches nothing of its run after.
 */
void rp_b_ask_vector(struct authn *authn, const struct ident *client, const uint8_t *rand_auts,
	const char *tx, rp_b_vector_done *done, uint64_t ref);

/* The answer to a question for the service permission flag. */
struct rp_b_permission {
	enum err err; /* ERR_DENIED: not set, or not this element's application; else as above */
	const char *detail;
	int64_t lifetime; /* of the permission and of this application's tokens, seconds; 0: none said */
	bool identity;	      /* the application may see the client's identity */
	struct view settings; /* <guss> with the pseudonym, for the application; may be empty */
};
typedef void rp_b_permission_done(void *authn, uint64_t ref, const struct rp_b_permission *answer);

/* 10.4/3a: may this client use this application under this Ua id, and may this element ask for it? */
void rp_b_ask_permission(struct authn *authn, const struct ident *client, struct view naf_id,
	struct view element, const char *tx, rp_b_permission_done *done, uint64_t ref);
