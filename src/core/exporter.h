// SPDX-License-Identifier: Apache-2.0
/*
 * exporter: Ks of a bootstrap with public keys (Y.3056 10.4, NOTE): the TLS exporter (RFC 8446 7.5) of the connection in
 * which both ends have proved who they are, under this label and context. Both ends write the context here.
 *  req: B10.4-asym
 */
#pragma once

#include "core/token.h"

#define EXPORTER_LABEL "EXPORTER-y3056-bootstrap"

/* length(2) client, length(2) node, length(2) RAND, appended: so that each bootstrap has a Ks of its own, also two on one
 * connection, and none is another node's. */
enum { EXPORTER_CONTEXT = 2 + IDENT_MAX + 2 + IDENT_MAX + 2 + RAND_SIZE };
enum err exporter_context(const struct ident *client, const struct ident *node,
	const uint8_t rand[RAND_SIZE], struct buf *ret);
