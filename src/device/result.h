// SPDX-License-Identifier: Apache-2.0
/* result: what the node says of a token (10.4/4a), held against what the device computes itself. */
#pragma once

#include "device/symdev.h"

/*
 * Reads the document of the plain form or, when an application was asked for, JSON, and completes `ret`, whose client, from
 * and binding are set. ERR_AUTH: of another node, realm or application than was asked, or an id that is not the one
 * computed from `base`; ERR_EXPIRED; ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED, naming the member.
 */
enum err result_token(struct view document, const struct token_base *base,
	const struct ident *asked, struct symdev_token *ret);
