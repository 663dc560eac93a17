// SPDX-License-Identifier: Apache-2.0
/* RP_D: TLS 1.3 with an external PSK, the key that a token is for.  req: B10.5 */
#include "net/tls_inside.h"

#include "base/text.h"

#include <string.h>

static const char suites_13[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";

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

static enum err restrict_to_psk(struct tls *tls)
{
	tls->psk = true;
	if (!SSL_CTX_set_min_proto_version(tls->ctx, TLS1_3_VERSION) ||
		!SSL_CTX_set_ciphersuites(tls->ctx, suites_13)) {
		return tls_fail(ERR_CRYPTO, "TLS-PSK");
	}
	return OK;
}

/* Server */

/* RFC 6066 3: the one host name. */
static bool read_server_name(SSL *ssl, char *ret, size_t room)
{
	enum { HOST_NAME = 0 };
	const unsigned char *data;
	size_t len;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &len)) {
		return false;
	}
	struct reader r = reader_of(view_of(data, len));
	uint16_t list = reader_u16(&r);
	uint8_t type = reader_u8(&r);
	struct view name = reader_bytes(&r, reader_u16(&r));

	return reader_end(&r, "server_name") == OK && list == len - 2 && type == HOST_NAME &&
	       name.len > 0 && text_is_printable(name) &&
	       text_copy(ret, room, name, "server_name") == OK;
}

static enum err keep_identity(struct tls_session *t, struct view identity)
{
	buf_clear(&t->identity);
	buf_view(&t->identity, identity);
	return buf_end(&t->identity, "PSK identity");
}

/* RFC 8446 4.2.11: asks for the offered identities, one after the other, until one may do. */
static enum err find_among(struct tls_session *t, struct view extension, const char *server_name)
{
	struct reader r = reader_of(extension);
	struct reader list = reader_of(reader_bytes(&r, reader_u16(&r)));
	enum err found = err_fail(ERR_NOT_FOUND, "no PSK identity of ours");

	for (int i = 0; i < PSK_IDENTITIES && reader_left(&list) > 0; i++) {
		struct view identity = reader_bytes(&list, reader_u16(&list));
		reader_skip(&list, 4); /* ticket age, of no meaning with an external key */
		if (list.failed) {
			return err_fail(ERR_SYNTAX, "RFC 8446 4.2.11: PSK identities cut off");
		}
		if (identity.len == 0 || identity.len > PSK_IDENTITY) {
			continue;
		}
		secret_wipe(&t->key);
		const struct tls_psk_hello hello = {identity, view_text(server_name),
			{.version = TLS1_3_VERSION}};
		found = t->tls->find(t->tls->user, t->stream, &hello, &t->key);
		if (found == OK) {
			return keep_identity(t, identity);
		}
		if (found == ERR_AGAIN) {
			return found;
		}
	}
	return found;
}

/* It is no fault of the client's, and may be over when it tries again. */
static bool is_passing(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_TIMEOUT || e == ERR_OVERLOAD || e == ERR_MEMORY;
}

static int on_client_hello(SSL *ssl, int *ret_alert, void *unused)
{
	struct tls_session *t = SSL_get_app_data(ssl);
	char server_name[256];
	const unsigned char *data;
	size_t len;

	(void)unused;
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &data, &len)) {
		/* Without certificate OpenSSL refuses it: protocol_version or handshake_failure. */
		return SSL_CLIENT_HELLO_SUCCESS;
	}
	if (!read_server_name(ssl, server_name, sizeof(server_name))) {
		t->refused = err_fail(ERR_DENIED, "RFC 8446 9.2: the server name is mandatory");
		/* That asks for missing_extension, which OpenSSL cannot send before it knows the version. */
		*ret_alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_CLIENT_HELLO_ERROR;
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

enum err tls_psk_server(tls_find_psk *find, void *user, struct tls **ret)
{
	struct tls *tls;

	TRY(tls_new(true, &tls));
	enum err e = restrict_to_psk(tls);
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	tls->find = find;
	tls->user = user;
	SSL_CTX_set_client_hello_cb(tls->ctx, on_client_hello, NULL);
	SSL_CTX_set_psk_find_session_callback(tls->ctx, find_session);
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

enum err tls_psk_client(struct view identity, const struct secret *key, struct tls **ret)
{
	struct tls *tls;

	if (identity.len == 0 || identity.len > PSK_IDENTITY || key->len == 0) {
		return err_fail(ERR_RANGE, "TLS-PSK: an identity has 1 to %d bytes, and a key",
			PSK_IDENTITY);
	}
	TRY(tls_new(false, &tls));
	buf_view(&tls->identity, identity);
	tls->key = *key;
	enum err e = buf_end(&tls->identity, "PSK identity");
	if (e == OK) {
		e = restrict_to_psk(tls);
	}
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	/* No authority is known, so a server that shows a certificate instead is refused. */
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_psk_use_session_callback(tls->ctx, use_session);
	*ret = tls;
	return OK;
}
