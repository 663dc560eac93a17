// SPDX-License-Identifier: Apache-2.0
/*
 * realm: the realm that this gateway serves applications for, as its signed document has it (10.1 step 3): authentication nodes,
 * and the certificates that they are verified against. The last good document is kept: one that cannot be had, or is
 * forged, older or expired, changes nothing.  req: B7.6-b B10.1
 */
#pragma once

#include "gateway/gateway.h"

/* Reads the copy, or else waits for the first document. Without realm.url there is nothing to do. ERR_CONFIG; what keeps the
 * document away. */
enum err realm_start_up(struct gateway *gateway);
void realm_shut_down(struct gateway *gateway);

enum realm_carrier { REALM_DIAMETER, REALM_HTTPS }; /* as realm.carrier has them */

/* The file of certificates for RP_A: the configured one, else the document's. */
const char *realm_authority(const struct gateway *gateway);
/* Adds the document's nodes to the configured peers, which come first and stay as they are; not with realm.carrier https. */
enum err realm_add_peers(struct gateway *gateway);
/* The same for gateway->nodes, which has room for REALM_NODES more, with realm.carrier https alone. */
void realm_add_nodes(struct gateway *gateway);
