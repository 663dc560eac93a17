// SPDX-License-Identifier: Apache-2.0
/* rp_a_diameter: RP_A over Diameter: BIR/BIA of Zn (TS 29.109), and RPR/RPA for what Zn lacks. */
#pragma once

#include "authn/rp_a_carrier.h"

/* BIR: a pull. RPR: an announcement. */
void rp_a_diameter_on_pull(void *authn, struct diameter_request *request);
void rp_a_diameter_on_announcement(void *authn, struct diameter_request *request);

/* What was announced over a connection ends with it. */
void rp_a_diameter_on_peer_changed(void *authn, const char *host, bool open);
