// SPDX-License-Identifier: Apache-2.0
/* password: what is kept of a subscriber's password: argon2id (RFC 9106). Both functions take long: on a worker. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 256, PASSWORD_HASH = 160, PASSWORD_SALT = 16 };

/* ERR_RANGE: shorter or longer than a password may be. */
enum err password_check_length(struct view password);
/* The encoded form, with its parameters. ERR_CRYPTO, ERR_MEMORY. */
enum err password_hash(struct view password, const uint8_t salt[PASSWORD_SALT], uint32_t memory_kib,
	char ret[PASSWORD_HASH]);
/* Whether it is the password. */
bool password_is(const char *hash, struct view password);
/* What nobody's password fits, at the same cost as others with this memory. */
void password_dummy(uint32_t memory_kib, char ret[PASSWORD_HASH]);
