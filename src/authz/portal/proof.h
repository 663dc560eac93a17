// SPDX-License-Identifier: Apache-2.0
/*
 * proof: that who registers an application has control over its host, as ACME asks for it (RFC 8555 8.3, 8.4): a file at
 * http://HOST/.well-known/symbolon-challenge/TOKEN, or a TXT record at _symbolon-challenge.HOST, with what the
 * realm says. Files are fetched from public addresses only, unless configured, and from where the name led when it was
 * looked at.  req: B10.2
 */
#pragma once

#include "authz/api/call.h"

/* Whether policy asks for one for this application; not where there is no host to prove. */
bool proof_is_wanted(const struct authz_conf *conf, const struct ident *application);
enum err proof_new_token(const struct authz *authz, char ret[ASKER_TOKEN_TEXT]);
/* A member "challenge": what is to be shown, and where. */
enum err proof_put(const struct authz *authz, struct json_writer *w,
	const struct ident *application, const char *token);

/* OK: it is shown. ERR_CONFLICT: it is not, and why. Others: it cannot be looked at now. */
typedef void proof_done(struct call *call, enum err err);
/* `done` comes once, unless the call ends before. */
enum err proof_check(struct call *call, const struct ident *application, const char *token,
	proof_done *done);
/* After the calls have been answered, before the worker is freed. */
void proof_shut_down(struct authz *authz);
