// SPDX-License-Identifier: Apache-2.0
#include "authz/portal/password.h"

#include <argon2.h>
#include <stdio.h>

enum { PASSES = 2, LANES = 1, TAG = 32 };

enum err password_check_length(struct view password)
{
	return password.len >= PASSWORD_MIN && password.len <= PASSWORD_MAX
		       ? OK
		       : err_fail(ERR_RANGE, "password: %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
}

enum err password_hash(struct view password, const uint8_t salt[PASSWORD_SALT], uint32_t memory_kib,
	char ret[PASSWORD_HASH])
{
	int code = argon2id_hash_encoded(PASSES, memory_kib, LANES, password.data, password.len,
		salt, PASSWORD_SALT, TAG, ret, PASSWORD_HASH);

	if (code == ARGON2_MEMORY_ALLOCATION_ERROR) {
		return err_fail(ERR_MEMORY, "password: out of memory");
	}
	return code == ARGON2_OK ? OK
				 : err_fail(ERR_CRYPTO, "password: %s", argon2_error_message(code));
}

bool password_is(const char *hash, struct view password)
{
	return argon2id_verify(hash, password.data, password.len) == ARGON2_OK;
}

void password_dummy(uint32_t memory_kib, char ret[PASSWORD_HASH])
{
	(void)snprintf(ret, PASSWORD_HASH,
		"$argon2id$v=19$m=%u,t=%d,p=%d$AAAAAAAAAAAAAAAAAAAAAA$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		memory_kib, PASSES, LANES);
}
