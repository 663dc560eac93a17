// SPDX-License-Identifier: Apache-2.0
/*
 * realm_document: what a realm says of itself at /.well-known/bootstrapping-realm, signed (docs/protocol/realm_document.md):
 * the nodes that bootstrap, so that a device which loses one finds another.  req: B7.1-h
 */
#pragma once

#include "core/ident.h"
#include "wire/jose.h"

#define REALM_DOCUMENT_PATH "/.well-known/bootstrapping-realm"
#define REALM_DOCUMENT_TYP  "bootstrapping-realm"

enum { REALM_NODES = 16, REALM_ADDRESS = 128 };

struct realm_node {
	struct ident host;	     /* FQDN: TLS name, digest realm, what token ids end in */
	char address[REALM_ADDRESS]; /* "HOST:PORT" to connect to; "": port 443 of `host` */
};

struct realm_document {
	struct ident realm;
	uint64_t serial; /* from 1; a later document has a higher one */
	int64_t expires; /* seconds since 1970, UTC */
	struct realm_node nodes[REALM_NODES];
	size_t node_count; /* 1 at least */
	bool gba, y3056;   /* formats of bootstrap_token that it issues */
	bool plain_http; /* tokens for applications over plain HTTP, their channel binding empty */
};

/* Appends the compact JWS. ERR_RANGE when the buf is full, or there are no nodes. */
enum err realm_document_sign(const struct jose_key *key, const struct realm_document *in,
	struct buf *out);

/*
 * Verifies it with the keys that are pinned for this realm, then reads it. Errors of jose_verify(); ERR_AUTH: of another
 * realm; ERR_EXPIRED at `now`; ERR_REPLAY: its serial is below `serial`, that of the one that is had (0: none);
 * ERR_SYNTAX, ERR_RANGE, naming the member.
 */
enum err realm_document_verify(const struct jose_key *const *keys, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret);
