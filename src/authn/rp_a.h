// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a: what application elements ask of token management and are told by it (Y.3056 9.4.1, 9.6.1; the Zn
 * interface of TS 29.109 and beyond). The key of an application leaves only to an element of its own
 * ASP, and only while the service permission flag is set.  req: B9.4.1-c B9.4.1-f
 */
#pragma once

#include "authn/rp_a_carrier.h"
#include "authn/tokens.h"

enum err rp_a_start_up(struct authn *authn);
void rp_a_shut_down(struct authn *authn);

/* An application element asks for a token. */
void rp_a_pull(struct authn *authn, const struct rp_a_request *request, const struct rp_bir *bir);

/*
 * 10.4/4d: hands a token that was just stored as event `serial` to every connected element that serves its
 * application. `done` comes exactly once, when all have acknowledged it or rp_a.push_wait is over; before this returns if
 * none is connected, so a caller touches nothing of its run after.
 */
typedef void rp_a_published(void *authn, uint64_t ref, unsigned told, unsigned acknowledged);
void rp_a_publish(struct authn *authn, const struct token *token, uint64_t serial, const char *tx,
	rp_a_published *done, uint64_t ref);
