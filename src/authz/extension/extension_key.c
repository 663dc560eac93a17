// SPDX-License-Identifier: Apache-2.0
#include "authz/extension/extension_key.h"

#include "base/private_file.h"
#include "base/text.h"

#include <stdio.h>

enum { KEY_FILE_MAX = 16 * 1024 };

enum err extension_key_start_up(struct authz *authz)
{
	const char *path = authz->conf->extension_key;
	BUF_CLEANUP struct buf pem = buf_growing(KEY_FILE_MAX);
	BUF_CLEANUP struct buf half = buf_growing(KEY_FILE_MAX);
	struct stat st;

	if (!path[0]) {
		return OK;
	}
	if (stat(path, &st) == 0 && !private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG, "extension.key: %s is readable by others: chmod 600",
			path);
	}
	TRY(text_read_file(path, KEY_FILE_MAX, &pem));
	enum err err = jose_key_from_pem(buf_contents(&pem), &authz->extension_key);

	buf_wipe(&pem);
	if (err == OK) { /* a public half would be found out by the first ASP */
		err = jose_key_to_pem(authz->extension_key, true, &half);
		buf_wipe(&half);
	}
	return err == OK ? OK
			 : err_fail(ERR_CONFIG,
				   "extension.key: %s is no private key for ES256 or EdDSA", path);
}

void extension_key_shut_down(struct authz *authz)
{
	jose_key_free(authz->extension_key);
	authz->extension_key = NULL;
}

enum err extension_key_wanted(const struct authz *authz)
{
	return authz->extension_key ? OK
				    : err_fail(ERR_NOT_FOUND, "trust cannot be extended here: "
							      "extension.key is not configured");
}

enum err extension_sign(const struct authz *authz, const struct verified *verified, struct buf *out)
{
	TRY(extension_key_wanted(authz));
	return verified_sign(verified, authz->extension_key, out);
}

void extension_framework(const struct authz *authz, char ret[VERIFIED_FRAMEWORK])
{
	const char *configured = authz->conf->extension_framework;

	if (configured[0]) {
		(void)snprintf(ret, VERIFIED_FRAMEWORK, "%s", configured);
	} else {
		(void)snprintf(ret, VERIFIED_FRAMEWORK, "https://%.200s/subscriber-verification",
			authz->realm.text);
	}
}
