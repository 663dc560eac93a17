// SPDX-License-Identifier: Apache-2.0
#include "net/tls_inside.h"

#include "base/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suites_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";

enum err tls_fail(enum err code, const char *what)
{
	unsigned long e = ERR_peek_error();
	const char *why =
		ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);

	ERR_clear_error();
	return err_fail(code, "%s: %s", what, why ? why : "refused by OpenSSL");
}

static enum err new_context(bool server, OSSL_LIB_CTX *context, const char *properties,
	struct tls *tls);

enum err tls_new(bool server, struct tls_library *library, struct tls **ret)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls) {
		tls_library_free(library);
		return err_fail(ERR_MEMORY, "TLS: out of memory");
	}
	tls->references = 1;
	tls->server = server;
	tls->identity = buf_growing(TLS_IDENTITY);
	tls->library = library;
	enum err err = library ? new_context(server, library->context, library->properties, tls)
			       : new_context(server, NULL, NULL, tls);

	if (err != OK) {
		tls_free(tls);
		return err;
	}
	*ret = tls;
	return OK;
}

/* All that is common to our contexts. */
static enum err new_context(bool server, OSSL_LIB_CTX *context, const char *properties,
	struct tls *tls)
{
	tls->ctx = SSL_CTX_new_ex(context, properties,
		server ? TLS_server_method() : TLS_client_method());
	tls->method = tls_bio_method();
	if (!tls->ctx || !tls->method || !SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION) ||
		!SSL_CTX_set_max_proto_version(tls->ctx, TLS1_3_VERSION) ||
		!SSL_CTX_set_cipher_list(tls->ctx, suites_12) ||
		!SSL_CTX_set1_groups_list(tls->ctx, groups)) {
		return tls_fail(ERR_CRYPTO, "TLS");
	}
	SSL_CTX_set_security_level(tls->ctx, 2);
	(void)SSL_CTX_set_options(tls->ctx,
		SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
			SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
	(void)SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
						 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						 SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(tls->ctx, 1); /* a record with one read(2), not two */
	/* Nothing is resumed: a session is as old as its key or its certificate check. */
	(void)SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(tls->ctx, 0);
	return OK;
}

struct tls *tls_share(struct tls *tls)
{
	if (tls) {
		tls->references++;
	}
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls || --tls->references > 0) {
		return;
	}
	SSL_CTX_free(tls->ctx);
	X509_free(tls->ours);
	BIO_meth_free(tls->method);
	tls_library_free(tls->library);
	held_keys_free(&tls->held);
	buf_free(&tls->identity);
	secret_wipe(&tls->key);
	free(tls);
}

static bool given(const char *path)
{
	return path && path[0];
}

static enum err check_file(const char *what, const char *path, bool is_private)
{
	struct stat st;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int why = errno;
		if (fd >= 0) {
			(void)close(fd);
		}
		return err_fail(ERR_CONFIG, "%s %s: %s", what, path, strerror(why));
	}
	(void)close(fd);
	if (is_private && !private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG, "%s %s: others may read it; do: chmod 600 %s", what,
			path, path);
	}
	return OK;
}

static enum err fail_file(const char *what, const char *path)
{
	char name[200];
	struct buf b = buf_fixed(name, sizeof(name));

	buf_printf(&b, "%s %.150s", what, path);
	return tls_fail(ERR_CONFIG, buf_string(&b));
}

/* A key with a passphrase is refused, instead of asking at the terminal. */
static int no_passphrase(char *to, int room, int writing, void *unused)
{
	(void)to;
	(void)room;
	(void)writing;
	(void)unused;
	return -1;
}

static enum err load_own(SSL_CTX *ctx, const struct tls_files *files)
{
	if (!given(files->certificate) || !given(files->key)) {
		return err_fail(ERR_CONFIG, "TLS needs both a certificate and its key");
	}
	TRY(check_file("certificate", files->certificate, false));
	TRY(check_file("key", files->key, true));
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1) {
		return fail_file("certificate", files->certificate);
	}
	/* Checks that they belong together. */
	if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1) {
		return fail_file("key", files->key);
	}
	return OK;
}

static enum err load_authority(struct tls *tls, const char *path)
{
	TRY(check_file("authority", path, false));
	if (SSL_CTX_load_verify_file(tls->ctx, path) != 1) {
		return fail_file("authority", path);
	}
	if (tls->server) {
		SSL_CTX_set_client_CA_list(tls->ctx, SSL_load_client_CA_file(path));
	}
	return OK;
}

static void verify_peers(struct tls *tls, int mode, SSL_verify_cb callback)
{
	static const unsigned char name[] = "symbolon";

	tls->verifies = true;
	SSL_CTX_set_verify(tls->ctx, mode, callback);
	(void)SSL_CTX_set_session_id_context(tls->ctx, name, sizeof(name) - 1);
}

/* What was wrong stays the session's verify result. That it has the key the peer proves in any case. */
static int take_any(int fine, X509_STORE_CTX *chain)
{
	(void)fine;
	(void)chain;
	return 1;
}

/* No names of authorities are sent: a device that is registered by its key has a certificate of none of them. */
static enum err take_shown(struct tls *tls, const char *authority)
{
	if (given(authority)) {
		TRY(check_file("authority", authority, false));
		if (SSL_CTX_load_verify_file(tls->ctx, authority) != 1) {
			return fail_file("authority", authority);
		}
	}
	verify_peers(tls, SSL_VERIFY_PEER, take_any);
	return OK;
}

static enum err take_peers(struct tls *tls, const struct tls_files *files, enum tls_peers peers)
{
	if (peers == TLS_PEERS_NONE) {
		return OK;
	}
	if (peers == TLS_PEERS_SHOWN) {
		return take_shown(tls, files->authority);
	}
	if (!given(files->authority)) {
		return err_fail(ERR_CONFIG, "TLS: without an authority no peer can be verified");
	}
	TRY(load_authority(tls, files->authority));
	verify_peers(tls,
		SSL_VERIFY_PEER |
			(peers == TLS_PEERS_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
		NULL);
	return OK;
}

static enum err load_server(struct tls *tls, const struct tls_files *files, enum tls_peers peers)
{
	TRY(load_own(tls->ctx, files));
	return take_peers(tls, files, peers);
}

enum err tls_server(const struct tls_files *files, enum tls_peers peers, struct tls **ret)
{
	struct tls *tls;

	TRY(tls_new(true, NULL, &tls));
	enum err e = load_server(tls, files, peers);
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	*ret = tls;
	return OK;
}

enum err tls_server_unnamed(const char *authority, enum tls_peers peers, struct tls **ret)
{
	const struct tls_files files = {.authority = authority};
	struct tls *tls;

	TRY(tls_new(true, NULL, &tls));
	enum err e = take_peers(tls, &files, peers);
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	*ret = tls;
	return OK;
}

static X509 *read_pem(struct view pem)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

static enum err show(struct tls *tls, X509 *certificate, EVP_PKEY *key)
{
	if (!certificate || !key) {
		return err_fail(ERR_SYNTAX, "TLS: no certificate, or no key of it");
	}
	if (X509_check_private_key(certificate, key) != 1) {
		return tls_fail(ERR_AUTH, "TLS: a certificate of another key");
	}
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
		return err_fail(ERR_EXPIRED, "TLS: a certificate that is over");
	}
	return SSL_CTX_use_cert_and_key(tls->ctx, certificate, key, NULL, 1) == 1
		       ? OK
		       : tls_fail(ERR_CRYPTO, "TLS: a certificate that cannot be shown");
}

enum err tls_show(struct tls *tls, struct view certificate, struct view key)
{
	BIO *bio = BIO_new_mem_buf(key.data, (int)key.len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	X509 *own = read_pem(certificate);
	enum err err = show(tls, own, pkey);

	ERR_clear_error();
	X509_free(own);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return err;
}

enum err tls_add_authority(struct tls *tls, struct view certificate)
{
	X509 *authority = read_pem(certificate);

	if (!authority) {
		return err_fail(ERR_SYNTAX, "TLS: an authority without a certificate");
	}
	X509_free(tls->ours);
	tls->ours = authority;
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(tls->ctx), authority) != 1 ||
		(tls->server && SSL_CTX_add_client_CA(tls->ctx, authority) != 1)) {
		return tls_fail(ERR_CRYPTO, "TLS: an authority that cannot be added");
	}
	return OK;
}

enum err tls_pin_suites(struct tls *tls)
{
	return SSL_CTX_set_ciphersuites(tls->ctx, "TLS_AES_128_GCM_SHA256") == 1 &&
			       SSL_CTX_set_cipher_list(tls->ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:"
								 "ECDHE-RSA-AES128-GCM-SHA256") == 1
		       ? OK
		       : tls_fail(ERR_CRYPTO, "TLS: suites");
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
	const unsigned char *offered, unsigned offered_len, void *unused)
{
	static const unsigned char ours[] = "\2h2\10http/1.1"; /* the first that they offer too */
	unsigned char *chosen;

	(void)ssl;
	(void)unused;
	if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, offered_len) !=
		OPENSSL_NPN_NEGOTIATED) {
		return SSL_TLSEXT_ERR_NOACK;
	}
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

void tls_offer_http2(struct tls *tls)
{
	SSL_CTX_set_alpn_select_cb(tls->ctx, choose_protocol, NULL);
}

static enum err load_client(struct tls *tls, const struct tls_files *files)
{
	verify_peers(tls, SSL_VERIFY_PEER, NULL);
	if (given(files->certificate) || given(files->key)) {
		TRY(load_own(tls->ctx, files));
	}
	if (given(files->authority)) {
		return load_authority(tls, files->authority);
	}
	if (SSL_CTX_set_default_verify_paths(tls->ctx) != 1) {
		return tls_fail(ERR_CONFIG, "the system's certificate authorities");
	}
	return OK;
}

enum err tls_client(const struct tls_files *files, struct tls **ret)
{
	struct tls *tls;

	TRY(tls_new(false, NULL, &tls));
	enum err e = load_client(tls, files);
	if (e != OK) {
		tls_free(tls);
		return e;
	}
	*ret = tls;
	return OK;
}

enum err tls_client_unverified(struct tls **ret)
{
	return tls_new(false, NULL, ret);
}

static enum err use_signer(struct tls *tls, const struct tls_signer *signer)
{
	const uint8_t *at = signer->certificate.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)signer->certificate.len);
	EVP_PKEY *key = NULL;
	enum err err = held_key_new(&tls->held, signer->point, signer->sign, signer->user, &key);

	/* Checks that they belong together. */
	if (err == OK && (SSL_CTX_use_certificate(tls->ctx, certificate) != 1 ||
				 SSL_CTX_use_PrivateKey(tls->ctx, key) != 1)) {
		err = tls_fail(ERR_CONFIG, "the device's certificate");
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	return err;
}

static enum err load_signer(struct tls *tls, const struct tls_files *files,
	const struct tls_signer *signer)
{
	const struct tls_files authority = {.authority = files->authority};

	TRY(held_keys_new(&tls->held));
	TRY(new_context(false, tls->held.context, NULL, tls));
	if (SSL_CTX_set_min_proto_version(tls->ctx, TLS1_3_VERSION) != 1) {
		return tls_fail(ERR_CRYPTO, "TLS 1.3");
	}
	TRY(use_signer(tls, signer));
	return load_client(tls, &authority);
}

enum err tls_signer_client(const struct tls_files *files, const struct tls_signer *signer,
	struct tls **ret)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls) {
		return err_fail(ERR_MEMORY, "TLS: out of memory");
	}
	tls->references = 1;
	tls->identity = buf_growing(TLS_IDENTITY);
	enum err err = load_signer(tls, files, signer);

	if (err != OK) {
		tls_free(tls);
		return err;
	}
	*ret = tls;
	return OK;
}
