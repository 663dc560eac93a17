// SPDX-License-Identifier: Apache-2.0
/* tls_inside: what the files of TLS share: tls.c (contexts), tls_psk.c, tls_session.c (connections). */
#pragma once

#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls {
	SSL_CTX *ctx;
	size_t references;
	bool server, psk;
	bool verifies; /* the peer's certificate: then its name may be asked for */
	tls_find_psk *find;
	void *user;
	/* Of a PSK client. Of a server's they are the session's. */
	struct buf identity;
	struct secret key;
};

struct tls_session {
	SSL *ssl;
	struct tls *tls;
	struct stream *stream;
	enum tls_wants wants;
	enum err refused; /* by our own callback, which OpenSSL's error does not tell */
	struct buf identity;
	struct secret key;
	char *peer_name; /* written down when first asked for */
};

/* A context of the kind, with all that is common to them. */
enum err tls_new(bool server, struct tls **ret);
/* Err_fail() with the first of OpenSSL's errors, which are forgotten. */
enum err tls_fail(enum err code, const char *what);
/* Set on the contexts of PSK servers and clients. */
enum { PSK_IDENTITIES = 4, PSK_IDENTITY = 512 }; /* ceilings: offered at once; bytes of one */
