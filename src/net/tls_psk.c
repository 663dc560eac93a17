// SPDX-License-Identifier: Apache-2.0
/* RP_D: TLS with a pre-shared key, the key that a token is for. In TLS 1.3 and 1.2.  req: B10.5 B9.6.4-c */
#include "net/tls_inside.h"

#include "base/text.h"

#include <string.h>

static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
static const char suites_12[] = "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES128-GCM-SHA256";
static const char suites_12_all[] = "ECDHE-PSK-CHACHA20-POLY1305:DHE-PSK-AES128-GCM-SHA256:"
				    "PSK-AES128-GCM-SHA256";

/* Every key goes with SHA-256 and so with both suites. NULL when OpenSSL has no memory. */
static SSL_SESSION *session_of(SSL *ssl, const struct secret *key)
{
	static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
	const SSL_CIPHER *suite = SSL_CIPHER_find(ssl, aes_128_gcm_sha256);
	SSL_SESSION *session = SSL_SESSION_new();

	if (!suite || !session || !SSL_SESSION_set1_master_key(session, key->bytes, key->len) ||
		!SSL_SESSION_set_cipher(session, suite) ||
		!SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION)) {
		SSL_SESSION_free(session);
		return NULL;
	}
	return session;
}

bool tls_psk_is_proved(const struct tls_session *t)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(t->ssl);

	return SSL_version(t->ssl) == TLS1_2_VERSION
		       ? suite && SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk
		       : SSL_session_reused(t->ssl);
}

/* Server */

/* Asks for the key of one identity. What is found is kept for OpenSSL's callbacks, which come later. */
static enum err ask(struct tls_session *t, struct view identity, struct view server_name,
	struct tls_protocol protocol)
{
	const struct tls_psk_hello hello = {identity, server_name, protocol};

	secret_wipe(&t->key);
	enum err found = t->tls->find(t->tls->user, t->stream, &hello, &t->key);

	if (found != OK) {
		return found;
	}
	buf_clear(&t->identity);
	buf_view(&t->identity, identity);
	return buf_end(&t->identity, "PSK identity");
}

/* It is no fault of the client's, and may be over when it tries again. */
static bool is_passing(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_TIMEOUT || e == ERR_OVERLOAD || e == ERR_MEMORY;
}

/* Server, TLS 1.3 */

/* RFC 8446 4.2.11: asks for the offered identities, one after the other, until one may do. */
static enum err find_among(struct tls_session *t, struct view extension, struct view server_name)
{
	struct tls_identities offered;
	enum err found = err_fail(ERR_NOT_FOUND, "no PSK identity of ours");

	TRY(tls_hello_identities(extension, &offered));
	for (size_t i = 0; i < offered.count; i++) {
		found = ask(t, offered.items[i], server_name,
			(struct tls_protocol){.version = TLS_1_3});
		if (found == OK || found == ERR_AGAIN) {
			return found;
		}
	}
	return found;
}

static int on_client_hello(SSL *ssl, int *ret_alert, void *unused)
{
	struct tls_session *t = SSL_get_app_data(ssl);
	struct view server_name;
	const unsigned char *data;
	size_t len;

	(void)unused;
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &len) ||
		tls_hello_name(view_of(data, len), &server_name) != OK) {
		t->refused = err_fail(ERR_DENIED, "RFC 8446 9.2: the server name is mandatory");
		/* That asks for missing_extension, which OpenSSL cannot send before it knows the version. */
		*ret_alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
	}
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &data, &len)) {
		return SSL_CLIENT_HELLO_SUCCESS; /* TLS 1.2; or 1.3, which is refused without a key */
	}
	enum err found = find_among(t, view_of(data, len), server_name);

	if (found == OK) {
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	if (found == ERR_AGAIN) {
		return SSL_CLIENT_HELLO_RETRY;
	}
	t->refused = found;
	/* Only who is told that the key is unknown should make a new one. */
	*ret_alert = is_passing(found) ? SSL_AD_INTERNAL_ERROR : SSL_AD_UNKNOWN_PSK_IDENTITY;
	return SSL_CLIENT_HELLO_ERROR;
}

/* Gives the key that the ClientHello's callback found, for its identity alone. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t len, SSL_SESSION **ret)
{
	struct tls_session *t = SSL_get_app_data(ssl);

	*ret = NULL;
	if (t->key.len == 0 || !view_equal(view_of(identity, len), buf_contents(&t->identity))) {
		return 1;
	}
	*ret = session_of(ssl, &t->key);
	return *ret != NULL;
}

/* Server, TLS 1.2 */

enum err tls_psk_ask(struct tls_session *t, struct view identity)
{
	const SSL_CIPHER *suite = SSL_get_pending_cipher(t->ssl);
	const char *server_name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

	if (!suite || !server_name) {
		t->refused = err_fail(ERR_DENIED, "RFC 6066 3: the server name is mandatory");
		return t->refused;
	}
	enum err found = ask(t, identity, view_text(server_name),
		(struct tls_protocol){TLS_1_2, SSL_CIPHER_get_protocol_id(suite)});

	if (found != ERR_AGAIN) {
		t->refused = found;
	}
	return found;
}

/*
 * RFC 4279 2: the key of the identity in the ClientKeyExchange, which tls_psk_ask() has found. 0 says
 * unknown_psk_identity, and more than there is room for internal_error. OpenSSL comes here with identities of TLS 1.3
 * too, those that find_session() does not know: what is a key of TLS 1.2 opens nothing there.
 */
static unsigned give_key(SSL *ssl, const char *identity, unsigned char *to, unsigned room)
{
	const struct tls_session *t = SSL_get_app_data(ssl);

	if (SSL_version(ssl) != TLS1_2_VERSION) {
		return 0;
	}
	if (t->refused != OK) {
		return is_passing(t->refused) ? room + 1 : 0;
	}
	if (!t->asked || t->key.len == 0 || t->key.len > room ||
		!view_equal(view_text(identity), buf_contents(&t->identity))) {
		return 0;
	}
	memcpy(to, t->key.bytes, t->key.len);
	return (unsigned)t->key.len;
}

static enum err prepare_server(struct tls *tls, const struct tls_psk_options *options)
{
	tls->psk = true;
	tls->find = options->find;
	tls->user = options->user;
	if (!SSL_CTX_set_ciphersuites(tls->ctx, suites_13) ||
		!SSL_CTX_set_cipher_list(tls->ctx, options->plain_psk ? suites_12_all : suites_12) ||
		!SSL_CTX_set_dh_auto(tls->ctx, 1) ||
		!SSL_CTX_use_psk_identity_hint(tls->ctx, options->hint)) {
		return tls_fail(ERR_CRYPTO, "TLS-PSK");
	}
	SSL_CTX_set_client_hello_cb(tls->ctx, on_client_hello, NULL);
	SSL_CTX_set_psk_find_session_callback(tls->ctx, find_session);
	SSL_CTX_set_psk_server_callback(tls->ctx, give_key);
	return OK;
}

enum err tls_psk_server(const struct tls_psk_options *options, struct tls **ret)
{
	struct tls_library *library;
	struct tls *tls;

	TRY(tls_library_new(&library));
	TRY(tls_new(true, library, &tls));
	enum err e = prepare_server(tls, options);
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	*ret = tls;
	return OK;
}

/* Client */

static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **ret_identity,
	size_t *ret_len, SSL_SESSION **ret)
{
	struct tls_session *t = SSL_get_app_data(ssl);

	*ret = NULL;
	if (md && !EVP_MD_is_a(md, "SHA256")) {
		return 0;
	}
	*ret = session_of(ssl, &t->tls->key);
	*ret_identity = t->tls->identity.data;
	*ret_len = t->tls->identity.len;
	return *ret != NULL;
}

static unsigned use_key(SSL *ssl, const char *hint, char *identity, unsigned identity_room,
	unsigned char *to, unsigned room)
{
	const struct tls *tls = ((struct tls_session *)SSL_get_app_data(ssl))->tls;

	(void)hint;
	if (tls->identity.len >= identity_room || tls->key.len > room) {
		return 0;
	}
	memcpy(identity, tls->identity.data, tls->identity.len);
	identity[tls->identity.len] = '\0';
	memcpy(to, tls->key.bytes, tls->key.len);
	return (unsigned)tls->key.len;
}

/* OpenSSL's name of a suite of TLS 1.2; NULL: not one of ours. */
static const char *name_of(uint16_t suite)
{
	switch (suite) {
	case 0xccac:
		return "ECDHE-PSK-CHACHA20-POLY1305";
	case 0x00aa:
		return "DHE-PSK-AES128-GCM-SHA256";
	case 0x00a8:
		return "PSK-AES128-GCM-SHA256";
	default:
		return NULL;
	}
}

static enum err prepare_client(struct tls *tls, struct tls_protocol protocol)
{
	bool is_13 = protocol.version == TLS_1_3;
	const char *suite = is_13 ? suites_13 : name_of(protocol.suite);

	tls->psk = true;
	if (!suite || (is_13 ? protocol.suite != 0 : protocol.version != TLS_1_2)) {
		return err_fail(ERR_UNSUPPORTED, "TLS-PSK: no suite %04x of TLS 1.%d",
			protocol.suite, protocol.version - TLS_1_2 + 2);
	}
	if (!SSL_CTX_set_min_proto_version(tls->ctx, protocol.version) ||
		!SSL_CTX_set_max_proto_version(tls->ctx, protocol.version) ||
		!(is_13 ? SSL_CTX_set_ciphersuites(tls->ctx, suite)
			: SSL_CTX_set_cipher_list(tls->ctx, suite))) {
		return tls_fail(ERR_CRYPTO, "TLS-PSK");
	}
	/* No authority is known, so a server that shows a certificate instead is refused. */
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	if (is_13) {
		SSL_CTX_set_psk_use_session_callback(tls->ctx, use_session);
	} else {
		SSL_CTX_set_psk_client_callback(tls->ctx, use_key);
	}
	return OK;
}

enum err tls_psk_client(struct view identity, const struct secret *key,
	struct tls_protocol protocol, struct tls **ret)
{
	struct tls *tls;

	if (identity.len == 0 || identity.len > TLS_IDENTITY || key->len == 0) {
		return err_fail(ERR_RANGE, "TLS-PSK: an identity has 1 to %d bytes, and a key",
			TLS_IDENTITY);
	}
	TRY(tls_new(false, NULL, &tls));
	buf_view(&tls->identity, identity);
	tls->key = *key;
	enum err e = buf_end(&tls->identity, "PSK identity");
	if (e == OK) {
		e = prepare_client(tls, protocol);
	}
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	*ret = tls;
	return OK;
}
