// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a: what application elements ask of token management (Y.3056 9.4.1, 9.6.1; the Zn interface of
 * TS 29.109). The key of an application leaves only to an element of its own ASP, and only while
 * the service permission flag is set.  req: B9.4.1-c B9.4.1-f
 */
#pragma once

#include "authn/authn.h"

enum err rp_a_start_up(struct authn *authn);
void rp_a_shut_down(struct authn *authn);

/* BIR: an application element asks for a token. */
void rp_a_on_pull(void *authn, struct diameter_request *request);
