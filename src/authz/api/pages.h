// SPDX-License-Identifier: Apache-2.0
/*
 * pages: what the portal shows to people: what this realm is, how ASPs join it, how devices are bootstrapped (10.1, steps 3 and
 * 4). Plain HTML, readable without scripts, made from the configuration as it runs.  req: B7.5-b B10.1
 */
#pragma once

#include "authz/authz.h"

/* Answers when the request is for a page; false: it is not, and still to be answered. */
bool pages_serve(const struct authz *authz, struct http_request *request);
