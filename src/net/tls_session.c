// SPDX-License-Identifier: Apache-2.0
#include "net/tls_inside.h"

#include "base/text.h"
#include "net/address.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum err expect_server(struct tls_session *t, const char *name)
{
	bool number = address_is_number(name);

	if (!number && SSL_set_tlsext_host_name(t->ssl, name) != 1) {
		return tls_fail(ERR_CRYPTO, "TLS server name");
	}
	if (t->tls->psk) {
		return OK;
	}
	SSL_set_hostflags(t->ssl,
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	int set = number ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), name)
			 : SSL_set1_host(t->ssl, name);
	return set == 1 ? OK : tls_fail(ERR_CRYPTO, "TLS server name");
}

enum err tls_session_new(struct tls *tls, int fd, const char *server_name, struct stream *stream,
	struct tls_session **ret)
{
	struct tls_session *t = calloc(1, sizeof(*t));

	if (!t) {
		return err_fail(ERR_MEMORY, "TLS: out of memory");
	}
	t->tls = tls_share(tls);
	t->stream = stream;
	t->identity = buf_growing(TLS_IDENTITY);
	t->held = buf_growing(TLS_KEY_EXCHANGE);
	t->fd = fd;
	t->ssl = SSL_new(tls->ctx);
	if (!t->ssl || !tls_bio_attach(t)) {
		tls_session_free(t);
		return tls_fail(ERR_MEMORY, "TLS");
	}
	SSL_set_app_data(t->ssl, t);
	if (tls->server) {
		SSL_set_accept_state(t->ssl);
		*ret = t;
		return OK;
	}
	SSL_set_connect_state(t->ssl);
	enum err e = expect_server(t, server_name);
	if (e != OK) {
		tls_session_free(t);
		return e;
	}
	*ret = t;
	return OK;
}

void tls_session_free(struct tls_session *t)
{
	if (!t) {
		return;
	}
	SSL_free(t->ssl);
	tls_free(t->tls);
	buf_free(&t->identity);
	buf_free(&t->held);
	secret_wipe(&t->key);
	free(t->peer_name);
	free(t);
}

/* Steps */

/* An alert came in, or OpenSSL refused what came in. */
static enum err failed(struct tls_session *t)
{
	unsigned long e = ERR_peek_error();
	int alert = ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET;
	long verified = SSL_get_verify_result(t->ssl);

	if (t->refused != OK) {
		ERR_clear_error();
		return t->refused == ERR_SYNTAX ? ERR_SYNTAX : ERR_AUTH; /* already said why */
	}
	if (ERR_GET_LIB(e) != ERR_LIB_SSL) {
		return tls_fail(ERR_IO, "TLS");
	}
	switch (ERR_GET_REASON(e)) {
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
		return tls_fail(t->tls->psk && !t->done ? ERR_AUTH : ERR_SYNTAX, "TLS");
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		ERR_clear_error();
		return err_fail(ERR_IO, "TLS: the peer closed without saying so");
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
		ERR_clear_error();
		return err_fail(ERR_AUTH, "TLS: the peer's certificate: %s",
			X509_verify_cert_error_string(verified));
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
	case SSL_R_BINDER_DOES_NOT_VERIFY:
	case SSL_R_PSK_IDENTITY_NOT_FOUND:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
		return tls_fail(ERR_AUTH, "TLS");
	}
	if (alert == SSL_AD_INTERNAL_ERROR) {
		return tls_fail(ERR_UNAVAILABLE, "TLS");
	}
	if (alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_DECRYPT_ERROR ||
		alert == SSL_AD_UNKNOWN_PSK_IDENTITY || alert == SSL_AD_CERTIFICATE_REQUIRED ||
		(alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
		alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_ACCESS_DENIED ||
		(alert == SSL_AD_ILLEGAL_PARAMETER && t->tls->psk) || /* OpenSSL: a wrong key */
		(alert == SSL_AD_BAD_RECORD_MAC && t->tls->psk && !t->done)) { /* in TLS 1.2 */
		return tls_fail(ERR_AUTH, "TLS");
	}
	return tls_fail(ERR_SYNTAX, "TLS");
}

/* What OpenSSL's result means, when it is not success. */
static enum err outcome(struct tls_session *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		t->wants = t->awaits_key ? TLS_WANTS_PSK : TLS_WANTS_READ;
		return ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		t->wants = TLS_WANTS_WRITE;
		return ERR_AGAIN;
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
		t->wants = TLS_WANTS_PSK;
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return err_fail(ERR_CLOSED, "the peer closed the connection");
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return errno ? err_system("TLS") : err_fail(ERR_IO, "TLS: the peer closed");
	default:
		return failed(t);
	}
}

enum err tls_session_handshake(struct tls_session *t)
{
	ERR_clear_error();
	int result = SSL_do_handshake(t->ssl);

	if (result != 1) {
		return outcome(t, result);
	}
	t->done = true;
	secret_wipe(&t->key);
	if (t->tls->psk && !tls_psk_is_proved(t)) {
		return err_fail(ERR_AUTH, "TLS: the peer did not prove that it has the key");
	}
	return OK;
}

enum err tls_session_read(struct tls_session *t, void *to, size_t room, size_t *ret_len)
{
	size_t got = 0;

	do {
		ERR_clear_error();
		int result = SSL_read_ex(t->ssl, (uint8_t *)to + *ret_len, room - *ret_len, &got);
		if (result != 1) {
			return outcome(t, result);
		}
		*ret_len += got;
	} while (*ret_len < room && SSL_has_pending(t->ssl));
	return OK;
}

enum err tls_session_write(struct tls_session *t, const void *from, size_t len, size_t *ret_len)
{
	ERR_clear_error();
	int result = SSL_write_ex(t->ssl, from, len, ret_len);

	return result == 1 ? OK : outcome(t, result);
}

enum tls_wants tls_session_wants(const struct tls_session *t)
{
	return t->wants;
}

bool tls_session_holds_input(const struct tls_session *t)
{
	return SSL_has_pending(t->ssl);
}

void tls_session_bye(struct tls_session *t)
{
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

/* The peer */

static X509 *verified_certificate(const struct tls_session *t)
{
	if (!t->tls->verifies || SSL_get_verify_result(t->ssl) != X509_V_OK) {
		return NULL;
	}
	return SSL_get0_peer_certificate(t->ssl);
}

bool tls_session_peer_is(const struct tls_session *t, const char *fqdn)
{
	X509 *certificate = verified_certificate(t);

	/* A node is named exactly: a wildcard would let a sibling speak for it. */
	return certificate && fqdn[0] && fqdn[0] != '.' &&
	       X509_check_host(certificate, fqdn, 0,
		       X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
		       NULL) == 1;
}

bool tls_session_own_name_is(const struct tls_session *t, const char *host)
{
	X509 *own = SSL_get_certificate(t->ssl);

	if (!own || !host[0]) {
		return false;
	}
	return X509_check_host(own, host, 0, 0, NULL) == 1 || X509_check_ip_asc(own, host, 0) == 1;
}

bool tls_session_peer_is_ours(const struct tls_session *t)
{
	STACK_OF(X509) *chain = verified_certificate(t) ? SSL_get0_verified_chain(t->ssl) : NULL;

	for (int i = 1; t->tls->ours && i < sk_X509_num(chain); i++) {
		if (X509_cmp(sk_X509_value(chain, i), t->tls->ours) == 0) {
			return true;
		}
	}
	return false;
}

static char *clean_text(const ASN1_STRING *string)
{
	struct view text =
		view_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));

	return text.len > 0 && text.len < 256 && text_is_printable(text) ? text_dup(text) : NULL;
}

static char *first_dns_name(X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char *found = NULL;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_DNS) {
			found = clean_text(name->d.dNSName);
		}
	}
	GENERAL_NAMES_free(names);
	return found;
}

static char *common_name(X509 *certificate)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at < 0 ? NULL
		      : clean_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

const char *tls_session_peer_name(struct tls_session *t)
{
	X509 *certificate = verified_certificate(t);

	if (!t->peer_name && certificate) {
		t->peer_name = first_dns_name(certificate);
	}
	if (!t->peer_name && certificate) {
		t->peer_name = common_name(certificate);
	}
	return t->peer_name ? t->peer_name : "";
}

struct view tls_session_psk_identity(const struct tls_session *t)
{
	return buf_contents(t->tls->server ? &t->identity : &t->tls->identity);
}

const char *tls_session_server_name(const struct tls_session *t)
{
	const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);

	return name ? name : "";
}

enum err tls_session_binding(struct tls_session *t, uint8_t ret[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(t->ssl) < TLS1_3_VERSION && SSL_get_extms_support(t->ssl) != 1) {
		return err_fail(ERR_UNSUPPORTED,
			"RFC 9266 4.2: TLS 1.2 without extended master secret binds nothing");
	}
	ERR_clear_error();
	if (SSL_export_keying_material(t->ssl, ret, 32, label, sizeof(label) - 1, NULL, 0, 1) != 1) {
		return tls_fail(ERR_CRYPTO, "TLS exporter");
	}
	return OK;
}

enum err tls_session_export(struct tls_session *t, const char *label, struct view context,
	struct secret *ret)
{
	uint8_t bytes[TLS_EXPORT];

	if (SSL_version(t->ssl) < TLS1_3_VERSION) {
		return err_fail(ERR_UNSUPPORTED, "TLS exporter: of TLS 1.3 alone (RFC 8446 7.5)");
	}
	ERR_clear_error();
	if (SSL_export_keying_material(t->ssl, bytes, sizeof(bytes), label, strlen(label),
		    context.data, context.len, 1) != 1) {
		return tls_fail(ERR_CRYPTO, "TLS exporter");
	}
	enum err err = secret_set(ret, bytes, sizeof(bytes));

	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

static enum err seconds_of(const ASN1_TIME *time, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1) {
		return err_fail(ERR_SYNTAX, "TLS: the peer's certificate has no such time");
	}
	*ret = (int64_t)timegm(&tm);
	return OK;
}

static void copy_name(X509 *certificate, char ret[TLS_NAME])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !ret[0]; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char *text = name->type == GEN_EMAIL || name->type == GEN_URI
				     ? clean_text(name->d.ia5)
				     : NULL;

		if (text) {
			memcpy(ret, text, strlen(text) + 1); /* under 256 bytes */
		}
		free(text);
	}
	GENERAL_NAMES_free(names);
}

static void copy_serial(X509 *certificate, char ret[TLS_SERIAL])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct view bytes =
		view_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	struct buf text = buf_fixed(ret, TLS_SERIAL);

	if (2 * bytes.len < TLS_SERIAL) {
		text_hex(&text, bytes);
		buf_u8(&text, '\0');
	}
}

bool tls_session_has_certificate(const struct tls_session *t)
{
	return SSL_get0_peer_certificate(t->ssl) != NULL;
}

enum err tls_session_certificate(const struct tls_session *t, struct tls_certificate *ret)
{
	X509 *certificate = SSL_get0_peer_certificate(t->ssl);
	struct tls_certificate shown = {.vouched = verified_certificate(t) != NULL};

	if (!certificate) {
		return err_fail(ERR_NOT_FOUND, "TLS: the peer has shown no certificate");
	}
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	enum err err = key ? public_key_from_openssl(key, &shown.key)
			   : err_fail(ERR_UNSUPPORTED, "public key: of a kind that is not known");

	ERR_clear_error();
	TRY(err);
	TRY(seconds_of(X509_get0_notBefore(certificate), &shown.from));
	TRY(seconds_of(X509_get0_notAfter(certificate), &shown.until));
	copy_serial(certificate, shown.serial);
	if (shown.vouched) {
		copy_name(certificate, shown.name);
	}
	*ret = shown;
	return OK;
}

struct tls_protocol tls_session_protocol(const struct tls_session *t)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(t->ssl);

	return (struct tls_protocol){
		.version = (uint16_t)SSL_version(t->ssl),
		.suite = suite ? SSL_CIPHER_get_protocol_id(suite) : 0,
	};
}

const char *tls_session_version(const struct tls_session *t)
{
	return SSL_get_version(t->ssl);
}

const char *tls_session_suite(const struct tls_session *t)
{
	return SSL_get_cipher_name(t->ssl);
}

const char *tls_session_application_protocol(const struct tls_session *t)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &name, &len);
	if (len == 0) {
		return "";
	}
	return view_is(view_of(name, len), "h2") ? "h2" : "http/1.1";
}
