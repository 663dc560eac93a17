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
/* Of a bootstrap with a certificate: the RAND of it. ERR_AUTH: the node takes the device for another client. */
enum err result_agreed(struct view document, const struct ident *client,
	uint8_t ret_rand[RAND_SIZE]);
/* ERR_DENIED, with the realm's own words (RFC 9457) if it has any. */
enum err result_refused(struct view problem);
