// SPDX-License-Identifier: Apache-2.0
/* bootstrap: the bootstrapping function (Y.3056 9.1.1): clause 10.4 on the network's side. */
#pragma once

#include "authn/authn.h"

enum err bootstrap_start_up(struct authn *authn);
void bootstrap_shut_down(struct authn *authn); /* open runs are answered 503 */

/* RP_C's one resource: the first leg opens a run, later legs find theirs by nonce. */
void bootstrap_on_request(void *authn, struct http_request *request, const struct view *segments);
