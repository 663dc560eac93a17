// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a_https: RP_A over HTTPS with mutual TLS, for ASPs without Diameter (docs/protocol/rp_a.md). An element is who its
 * certificate names; what it may do is asked over RP_B as for one on Diameter.
 *	PUT    /rp-a/v1/applications		announces all that it serves
 *	PUT    /rp-a/v1/applications/{id}	one of them
 *	DELETE /rp-a/v1/applications/{id}	no more
 *	POST   /rp-a/v1/key			pulls a token (TS 29.309)
 *	GET    /rp-a/v1/events			push, revoke, subscription: rp_a_streams.h
 *	POST   /rp-a/v1/events/ack		acknowledges them
 *  req: B9.6.1-a
 */
#pragma once

#include "authn/rp_a_carrier.h"

enum err rp_a_https_start_up(struct authn *authn);
void rp_a_https_shut_down(struct authn *authn);
