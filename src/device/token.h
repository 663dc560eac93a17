// SPDX-License-Identifier: Apache-2.0
/*
 * token: how the device keeps a token. A client has one record, which says what its token is for and in which of
 * two slots the Ks stands; a new Ks goes into the other slot before the record names it. So power may fail
 * between any two stores: the record always names a Ks that is whole.
 */
#pragma once

#include "device/symdev.h"

enum { TOKEN_LABEL = 64 };

/* Labels that begin so are derived from, and never give their value back. */
#define KS_LABEL "ks."

/* Stores Ks, makes this the client's one token, then forgets the Ks of the one before. Sets ret_token->slot.
 * After a failure the token from before is in place; or this one, if only the forgetting failed.  req: B9.3-e */
enum err token_keep(const struct symdev_se *ops, void *se, const struct secret *ks,
	struct symdev_token *ret_token);
