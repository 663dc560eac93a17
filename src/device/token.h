// SPDX-License-Identifier: Apache-2.0
/*
 * token: how the device keeps tokens. Each has a place of SYMDEV_TOKENS: a record, which says what it is for and in which
 * of the place's two slots its Ks stands; a new Ks goes into the other slot before the record names it. So power may fail
 * between any two stores: a record always names a Ks that is whole.
 *
 * Beside them stands the temporary identity (TMPI) that the last run gave, with the node that knows it.
 */
#pragma once

#include "device/symdev.h"

enum { TOKEN_LABEL = 64 };

/* Labels that begin so are derived from, and never give their value back. */
#define KS_LABEL "ks."

/* Stores Ks, makes this the client's one token for its application, or of the plain form, then forgets the Ks of the one
 * before. Sets ret_token->place and slot. After a failure the token from before is in place; or this one, if only the
 * forgetting failed.  req: B9.3-e */
enum err token_keep(const struct symdev_se *ops, void *se, const struct secret *ks,
	struct symdev_token *ret_token);

/* ERR_REPLAY: a token of this client, whether it is valid or not, was made with this RAND. */
enum err token_check_rand(const struct symdev_se *ops, void *se, const struct ident *client,
	const uint8_t rand[RAND_SIZE]);

/* ERR_NOT_FOUND when there is none, or it is another node's. */
enum err token_load_tmpi(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *node, char ret[TMPI_MAX + 1]);
enum err token_keep_tmpi(const struct symdev_se *ops, void *se, const struct ident *client,
	const struct ident *node, const char *tmpi); /* NULL forgets it */

/* Where its Ks stands. ERR_EXPIRED, ERR_NOT_FOUND: another token stands there by now, or none. */
enum err token_ks_label(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	char ret[TOKEN_LABEL]);
