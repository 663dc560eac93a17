// SPDX-License-Identifier: Apache-2.0
/*
 * extension_key: the realm's key that signs what is handed to ASPs (extension.key). Its public half stands among the keys of the
 * realm document.
 */
#pragma once

#include "authz/authz.h"
#include "wire/verified.h"

/* Reads the key, if one is configured. ERR_CONFIG; free it with the rest of the node. */
enum err extension_key_start_up(struct authz *authz);
void extension_key_shut_down(struct authz *authz);
/* ERR_NOT_FOUND: there is none, so trust cannot be extended here. */
enum err extension_key_wanted(const struct authz *authz);
enum err extension_sign(const struct authz *authz, const struct verified *verified, struct buf *out);
/* extension.framework, or the realm's own. */
void extension_framework(const struct authz *authz, char ret[VERIFIED_FRAMEWORK]);
