// SPDX-License-Identifier: Apache-2.0
/*
 * revocation: permissions that end or change while tokens rest upon them (Y.3056 9.4.1, 9.6.1): ASR and RAR of the
 * authorization element, by the Session-Id under which it gave the permission (RFC 6733 8.3, 8.5).
 *  req: B9.4.1-e B9.6.1-b
 */
#pragma once

#include "authn/authn.h"

enum err revocation_start_up(struct authn *authn);
void revocation_shut_down(struct authn *authn);

/* Only from who gives permissions: never from an element. */
void revocation_on_asr(void *authn, struct diameter_request *request);
void revocation_on_rar(void *authn, struct diameter_request *request);

/*
 * Whether this permission was withdrawn a short while ago. Asked before a token is kept and before a key leaves: the answer
 * that gave it may have been overtaken.
 */
bool revocation_has(const struct authn *authn, const char *session);
