// SPDX-License-Identifier: Apache-2.0
/*
 * tls: OpenSSL contexts. TLS 1.2 and 1.3 only, no compression, no renegotiation, no early data,
 * no tickets on PSK. Streams use them; nobody else sees an SSL.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "wire/held_key.h"
#include "wire/public_key.h"

enum { TLS_NAME = 256, TLS_EXPORT = 32, TLS_SERIAL = 41 };

struct tls; /* a context; reference-counted, shared by the streams that were made from it */
struct stream;

struct tls_files {
	const char *certificate; /* PEM chain */
	const char *key;	 /* PEM, readable by the owner alone */
	const char *authority;	 /* PEM bundle that peers are verified against */
};

enum tls_peers {
	TLS_PEERS_NONE,	    /* server: no certificate asked for */
	TLS_PEERS_OPTIONAL, /* server: asked for, verified when given */
	TLS_PEERS_SHOWN, /* server: asked for, and taken whoever signed it: stream_peer_certificate() */
	TLS_PEERS_REQUIRED, /* client and server: verified, or no connection */
};

/* ERR_CONFIG names the file and what is wrong with it. */
enum err tls_server(const struct tls_files *files, enum tls_peers peers, struct tls **ret);
enum err tls_client(const struct tls_files *files,
	struct tls **ret); /* certificate and key may be NULL */
/*
 * A server that has no certificate yet: until tls_show() no handshake succeeds. And the certificate and key, PEM, that a context
 * shows from the next connection on, for a server or a client. ERR_SYNTAX: no
 * certificate, or no key; ERR_AUTH: of another key; ERR_EXPIRED: over.
 */
enum err tls_server_unnamed(const char *authority, enum tls_peers peers, struct tls **ret);
enum err tls_show(struct tls *tls, struct view certificate, struct view key);
/* One more authority, PEM, that peers are verified against: whom it vouches for, stream_peer_is_ours() tells. Of the contexts
 * for certificates. ERR_SYNTAX: no certificate. */
enum err tls_add_authority(struct tls *tls, struct view certificate);
/* A client that verifies nobody: for what proves itself by a signature of its own, and is no secret. */
enum err tls_client_unverified(struct tls **ret);

/*
 * A client whose key is held elsewhere: wire/held_key.h. TLS 1.3 alone, so that nobody who listens sees whose the
 * certificate is. Of `files` only the authority is looked at. What the signer points to outlives the context.
 */
struct tls_signer {
	struct view certificate; /* DER */
	struct view point;	 /* its public key, as 04 x y */
	held_key_sign *sign;
	void *user;
};
enum err tls_signer_client(const struct tls_files *files, const struct tls_signer *signer,
	struct tls **ret);
void tls_free(struct tls *tls);
/*
 * A server whose sessions have one of three suites: TLS_AES_128_GCM_SHA256 (1301), which every client of TLS 1.3 has, and
 * in TLS 1.2 ECDHE with AES-128-GCM (c02b, c02f, by the kind of its certificate). For those to whom the suite means
 * something: the key of HTTP Digest is bound to it.
 */
enum err tls_pin_suites(struct tls *tls);
/* A server that agrees by ALPN (RFC 7301) on HTTP/2 with a client that offers it, else on HTTP/1.1: which of them is
 * stream_application_protocol(). A client that offers neither is served all the same. */
void tls_offer_http2(struct tls *tls);

/* What a peer has shown, and proved that it has the key of. Whose it is, somebody else has to know. */
struct tls_certificate {
	struct public_key key;
	int64_t from, until;	 /* seconds since 1970, UTC; nobody has looked at them yet */
	bool vouched;		 /* a chain ends at the context's authority */
	char serial[TLS_SERIAL]; /* hex digits; "": longer than RFC 5280 4.1.2.2 has it */
	/* Of one that is vouched for: its first subjectAltName of type rfc822Name or URI; "": none. */
	char name[TLS_NAME];
};

enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304 };

/* What was agreed: the version, and the cipher suite's number at IANA. */
struct tls_protocol {
	uint16_t version, suite;
};

/* What a client shows for its key. In TLS 1.3 the suite is 0: a key goes with any. */
struct tls_psk_hello {
	struct view identity, server_name;
	struct tls_protocol protocol;
};

/*
 * RP_D server. TLS 1.3: external PSK, psk_dhe_ke, SHA-256 suites. TLS 1.2: ECDHE-PSK-CHACHA20-POLY1305 (CCAC),
 * DHE-PSK-AES128-GCM-SHA256 (00AA), and if wanted PSK-AES128-GCM-SHA256 (00A8), which has no forward secrecy.
 * `find` is asked with the identity and the SNI, which is mandatory: once a ClientHello in TLS 1.3, once a
 * ClientKeyExchange in TLS 1.2. OK and a key: go on. ERR_AGAIN: the handshake is
 * suspended until stream_retry(stream_at(loop, ref)), with the stream_ref() that was taken here: the
 * client may leave meanwhile. Anything else: the next identity, of at most 4, or an alert: internal_error
 * (80) after ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_OVERLOAD, ERR_MEMORY, else unknown_psk_identity (115).
 */
typedef enum err tls_find_psk(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key);
struct tls_psk_options {
	tls_find_psk *find;
	void *user;
	const char *hint; /* what TLS 1.2 says to clients: which kind of identity; NULL: nothing */
	bool plain_psk;	  /* 00A8 too */
};
enum err tls_psk_server(const struct tls_psk_options *options, struct tls **ret);

/*
 * RP_D client with one identity, and the key of one protocol: TLS 1.3, whose suite is 0, or one of those suites of
 * TLS 1.2. ERR_UNSUPPORTED: another. The key is wiped with the context.
 */
#define TLS_13_PSK	  ((struct tls_protocol){TLS_1_3, 0})
#define TLS_12_PSK(suite) ((struct tls_protocol){TLS_1_2, (suite)})
enum err tls_psk_client(struct view identity, const struct secret *key,
	struct tls_protocol protocol, struct tls **ret);
