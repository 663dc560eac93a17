// SPDX-License-Identifier: Apache-2.0
/*
 * key_update: POST /key-update on RP_C (Y.3056 10.6.1, step 4): a device that has just bootstrapped is given another
 * long-term key. This node checks that it is that device, by what both have of Ks and of this connection, and passes on what
 * goes between vault and secure element; it learns neither key.  req: B10.6.1
 */
#pragma once

#include "authn/authn.h"

enum err key_update_start_up(struct authn *authn);
void key_update_shut_down(struct authn *authn); /* open requests are answered 503 */

void key_update_on_request(void *authn, struct http_request *request, const struct view *segments);
