// SPDX-License-Identifier: Apache-2.0
/* tls_inside: what the files of TLS share: tls.c (contexts), tls_psk.c, tls_session.c (connections), tls_bio.c (their bytes). */
#pragma once

#include "net/tls_session.h"
#include "wire/tls_hello.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

struct tls {
	SSL_CTX *ctx;
	struct tls_library *library; /* of its own, or NULL */
	struct held_keys held;	     /* the same, of a key that is held elsewhere */
	BIO_METHOD *method;
	size_t references;
	bool server, psk;
	X509 *ours;	    /* an authority that was added: tls_add_authority() */
	bool verifies;	    /* the peer's certificate: then its name may be asked for */
	tls_find_psk *find; /* of a PSK server */
	void *user;
	/* Of a PSK client. Of a server's they are the session's. */
	struct buf identity;
	struct secret key;
};

struct tls_session {
	SSL *ssl;
	struct tls *tls;
	struct stream *stream;
	int fd;
	bool done;	 /* the handshake is */
	bool ended;	 /* the peer sends no more */
	bool asked;	 /* TLS 1.2: `find` has answered */
	bool awaits_key; /* it has not yet, and the bytes that name the key are held back: */
	struct buf held;
	enum tls_wants wants;
	enum err refused; /* by our own callback, which OpenSSL's error does not tell */
	struct buf identity;
	struct secret key;
	char *peer_name; /* written down when first asked for */
};

/* OpenSSL with a quicker key schedule, for suites of TLS 1.3 on SHA-256 alone. */
struct tls_library {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *theirs, *ours;
	const char *properties; /* of what is fetched from it; NULL: any */
};
enum err tls_library_new(struct tls_library **ret);
void tls_library_free(struct tls_library *library); /* NULL is fine */

/* A context of the kind, with all that is common to them. It takes the library over, even on failure. */
enum err tls_new(bool server, struct tls_library *library, struct tls **ret);
/* Err_fail() with the first of OpenSSL's errors, which are forgotten. */
enum err tls_fail(enum err code, const char *what);

/* What reads and writes a session's descriptor; NULL, false: out of memory. */
BIO_METHOD *tls_bio_method(void);
bool tls_bio_attach(struct tls_session *t);
/* TLS 1.2: asks for the key of this identity. Anything but ERR_AGAIN is kept for OpenSSL's callback. */
/* After the handshake: whether the peer has proved that it has the key. */
bool tls_psk_is_proved(const struct tls_session *t);
enum err tls_psk_ask(struct tls_session *t, struct view identity);
