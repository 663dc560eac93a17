// SPDX-License-Identifier: Apache-2.0
/*
 * tls_hello: the few fields of a TLS handshake that are read before the library of TLS reads them: whom a client
 * means, and which key it has. What is returned points into the argument.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum {
	TLS_IDENTITIES = 4,	 /* looked at, of those that are offered */
	TLS_IDENTITY = 512,	 /* bytes of one */
	TLS_KEY_EXCHANGE = 2048, /* bytes of a record that holds a ClientKeyExchange with a PSK */
};

/* RFC 6066 3: the host name in a server_name extension, 1 to 255 printable characters. */
enum err tls_hello_name(struct view extension, struct view *ret);

/* RFC 8446 4.2.11: the identities in a pre_shared_key extension; the empty and the too long are left out. */
struct tls_identities {
	struct view items[TLS_IDENTITIES];
	size_t count;
};
enum err tls_hello_identities(struct view extension, struct tls_identities *ret);

/*
 * RFC 4279 2, TLS 1.2: the identity that the ClientKeyExchange begins with, in the first record after the
 * server's flight. ERR_AGAIN: the record is not whole yet. ERR_SYNTAX: another record, one that is longer than
 * TLS_KEY_EXCHANGE, a message in pieces, or no identity.
 */
enum err tls_key_exchange_identity(struct view records, struct view *ret);
