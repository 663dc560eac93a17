// SPDX-License-Identifier: Apache-2.0
/* token: how the device keeps a token: Ks under a label that only derives, what it is for under another. */
#pragma once

#include "device/symdev.h"

enum { TOKEN_LABEL = 64 };

/* The label of a token's Ks: one for each RAND. Labels that begin with KS_LABEL never give their value back. */
#define KS_LABEL "ks."
void token_label(const struct symdev_token *token, char ret[TOKEN_LABEL]);

/* Stores Ks, then makes this the client's one token, then forgets the Ks of the one before.  req: B9.3-e */
enum err token_keep(const struct symdev_se *ops, void *se, const struct symdev_token *token,
	const struct secret *ks);
