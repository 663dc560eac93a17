// SPDX-License-Identifier: Apache-2.0
/*
 * tokens: token management of the authentication element (Y.3056 9.4.1): what bootstraps have made,
 * sealed in the store for its lifetime.  req: B7.2-d B7.5-e
 */
#pragma once

#include "authn/authn.h"
#include "core/token.h"
#include "wire/rp_messages.h"

enum { DEGREE_MAX = 32, SETTINGS_MAX = 2048, SESSION_MAX = 256 };

/* What applications are told of a subscription (8.4, 9.6.1).  req: B9.6.1-b */
struct subscription {
	char settings[SETTINGS_MAX]; /* ussList, with the pseudonym */
	size_t settings_len;
	struct words rights;
	char attributes[RP_ATTRIBUTES]; /* granted ones: a JSON object, or empty */
	size_t attributes_len;
};

/*
 * The network's half of one bootstrap: keys are derived from it when they are asked for. Without an application
 * (its len 0: the plain form) it serves all; with one, that application or group alone.
 */
struct token {
	char id[TOKEN_ID_MAX + 1];
	enum token_format format;
	struct token_base base;
	int64_t from, until; /* seconds since 1970, UTC */
	struct ident application;
	uint8_t binding[TOKEN_BINDING_MAX]; /* of the channel that answered (RFC 9266) */
	size_t binding_len;
	struct ua uas[RP_UAS]; /* that the application registered */
	size_t ua_count;
	char degree[DEGREE_MAX];
	char session[SESSION_MAX + 1]; /* the permission's Session-Id on RP_B */
	struct subscription subscription;
};

/* What a bootstrap has agreed upon. */
struct tokens_basis {
	const struct ident *client;
	const uint8_t *rand; /* RAND_SIZE bytes */
	const struct secret *ks;
	int64_t lifetime;    /* of Ks by the subscription, seconds; 0: none said */
	struct view binding; /* 32 bytes, or empty without TLS */
};
/* 10.4/4b: the network's half of the token, on the terms of the permission; NULL: the plain form. */
struct rp_b_permission;
enum err tokens_generate(struct authn *authn, const struct tokens_basis *basis,
	const struct rp_b_permission *permission, struct token *ret);

/* Takes from a permission what the application is told. ERR_RANGE: more than it may be. */
enum err tokens_subscribe(const struct rp_b_permission *permission, struct subscription *ret);

/* The key of one application under one Ua id. ERR_DENIED: the token is not for it, or the Ua id not registered. */
enum err token_key(const struct token *token, const struct ident *application, struct ua ua,
	struct secret *ret);

/* Opens the store and its data key, and begins to sweep out what has expired. */
enum err tokens_start_up(struct authn *authn);
void tokens_shut_down(struct authn *authn);

/*
 * Keeps it; the others of its client and application end in GRACE seconds, or sooner. With an application, elements are to be
 * told: `serial` of the event, committed with the token. `done` comes once, after the commit; ERR_UNAVAILABLE
 * or ERR_OVERLOAD when nothing was kept.
 */
enum { TOKEN_GRACE = 30 };
typedef void tokens_stored(void *authn, uint64_t ref, enum err result, uint64_t serial);
void tokens_store(struct authn *authn, const struct token *token, tokens_stored *done, uint64_t ref);

/* `done` comes once; the token is valid during the call. ERR_NOT_FOUND: unknown or expired. */
typedef void tokens_loaded(void *authn, uint64_t ref, enum err result, const struct token *token);
void tokens_load(struct authn *authn, struct view id, tokens_loaded *done, uint64_t ref);
/* The one whose Ks gives this TMPI. */
void tokens_load_tmpi(struct authn *authn, struct view tmpi, tokens_loaded *done, uint64_t ref);
/* Its record as it is stored, appended; `until` is the end that it was made with. */
enum err tokens_seal(struct authn *authn, const struct token *token, struct buf *ret);
/* The token in a row (id, record, until) of a statement of authn_schema. */
enum err tokens_read(struct authn *authn, const struct store_result *result, size_t step,
	size_t row, struct token *ret);
