// SPDX-License-Identifier: Apache-2.0
/*
 * rp_b: what authentication elements ask (Y.3056 9.6.2): a vector (10.4/1b, 1c) and the service permission flag
 * (10.4/3a, 3b).  req: B9.6.2
 */
#pragma once

#include "authz/authz.h"

enum err rp_b_serve(struct authz *authz);
void rp_b_stop_serving(struct authz *authz);

void rp_b_on_mar(void *authz, struct diameter_request *request);
void rp_b_on_aar(void *authz, struct diameter_request *request);
