// SPDX-License-Identifier: Apache-2.0
/*
 * announcement: what application elements say that they serve (Y.3056 9.6.1), and whether they may: the authorization
 * element is asked for each application, when it is announced and again from time to time.
 *  req: B9.6.1-a B9.6.1-c
 */
#pragma once

#include "authn/rp_a_carrier.h"

/* After the elements have started; they end after. */
enum err announcements_start_up(struct authn *authn);
void announcements_shut_down(struct authn *authn);

/*
 * An element announces what it serves, in the place of what it announced before; with `one`, of that application alone: what
 * `rpr` says of it, or that it serves it no more.
 */
void announcement_take(struct authn *authn, const struct rp_a_request *request,
	const struct rp_rpr *rpr, const struct ident *one);

/* A permission has ended: an element may have lost its own. Asks for all of them again within a second. */
void announcements_check_soon(struct authn *authn);
