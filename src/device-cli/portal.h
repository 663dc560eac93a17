// SPDX-License-Identifier: Apache-2.0
/* portal: calls to an operator's portal (HTTPS, JSON) for a user that is signed in there; each is waited for. */
#pragma once

#include "net/loop.h"
#include "wire/json.h"

struct portal;

/* `url` is https://HOST[:PORT]; `authority` PEM certificates, NULL: the system's. Of the session token's file nobody else
 * may read; NULL: calls are nobody's. ERR_CONFIG. */
enum err portal_open(struct loop *loop, const char *url, const char *authority,
	const char *token_file, struct portal **ret);
void portal_close(struct portal *portal); /* NULL is fine */

/*
 * `body` empty: none is sent. *ret, which the caller frees, is the JSON that came, NULL for none. What the portal says is
 * wrong is err_detail(): ERR_DENIED (401: sign in again; 403 and what is not said below), ERR_NOT_FOUND (404), ERR_CONFLICT
 * (409), ERR_UNAVAILABLE (408, 429, 5xx, or nobody is there), ERR_AUTH: it is not the portal.
 */
enum err portal_call(struct portal *portal, const char *method, const char *path, struct view body,
	struct json **ret);
