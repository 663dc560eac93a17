// SPDX-License-Identifier: Apache-2.0
/*
 * tokens: token management of the authentication element (Y.3056 9.4.1): what bootstraps have made,
 * sealed in the store for its lifetime.  req: B7.2-d B7.5-e
 */
#pragma once

#include "authn/authn.h"
#include "core/token.h"

/* The network's half of one bootstrap: applications' keys are derived from it when they are asked for. */
struct token {
	char id[TOKEN_ID_MAX + 1]; /* B-TID */
	struct token_base base;
	int64_t from, until; /* seconds since 1970, UTC */
};

extern const struct store_schema tokens_schema;

/* Opens the store and its data key, and begins to sweep out what has expired. */
enum err tokens_start_up(struct authn *authn);
void tokens_shut_down(struct authn *authn);

/* `done` comes once, after the commit; ERR_UNAVAILABLE or ERR_OVERLOAD when nothing was kept. */
typedef void tokens_stored(void *authn, uint64_t ref, enum err result);
void tokens_store(struct authn *authn, const struct token *token, tokens_stored *done, uint64_t ref);

/* `done` comes once; the token is valid during the call. ERR_NOT_FOUND: unknown or expired. */
typedef void tokens_loaded(void *authn, uint64_t ref, enum err result, const struct token *token);
void tokens_load(struct authn *authn, struct view id, tokens_loaded *done, uint64_t ref);
