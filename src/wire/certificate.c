// SPDX-License-Identifier: Apache-2.0
#include "wire/certificate.h"

#include "base/text.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { PEM_MAX = 64 * 1024, LINE = 64, SERIAL_MAX = 20, POINT = 65 };

#define SUBJECT "device" /* nobody in particular: it may pass a proxy that sees it */

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "certificate: %s", what);
}

static bool set_name(X509_NAME *name)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)SUBJECT,
		       -1, -1, 0) == 1;
}

/* The public half as OpenSSL itself has it, who writes no other. */
static EVP_PKEY *public_half(EVP_PKEY *key)
{
	uint8_t point[POINT];
	size_t len = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1",
			0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *half = NULL;

	if (context &&
		EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
			&len) == 1 &&
		len == POINT && EVP_PKEY_fromdata_init(context) == 1) {
		(void)EVP_PKEY_fromdata(context, &half, EVP_PKEY_PUBLIC_KEY, params);
	}
	EVP_PKEY_CTX_free(context);
	return half;
}

static bool fill(X509 *certificate, EVP_PKEY *half, struct view serial, int64_t from, int64_t until)
{
	BIGNUM *number = BN_bin2bn(serial.data, (int)serial.len, NULL);
	bool fine = number &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL &&
		    X509_set_version(certificate, X509_VERSION_3) == 1 &&
		    ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from) != NULL &&
		    ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until) != NULL &&
		    set_name(X509_get_subject_name(certificate)) &&
		    set_name(X509_get_issuer_name(certificate)) &&
		    X509_set_pubkey(certificate, half) == 1;

	BN_free(number);
	return fine;
}

static enum err append(uint8_t *der, int len, struct buf *ret)
{
	if (len <= 0) {
		return crypto("not written");
	}
	buf_bytes(ret, der, (size_t)len);
	OPENSSL_free(der);
	return buf_end(ret, "certificate");
}

enum err certificate_sign_own(OSSL_LIB_CTX *context, EVP_PKEY *key, struct view serial,
	int64_t from, int64_t until, struct buf *ret)
{
	X509 *certificate = X509_new_ex(context, NULL);
	EVP_PKEY *half = public_half(key);
	uint8_t *der = NULL;

	if (serial.len == 0 || serial.len > SERIAL_MAX) {
		X509_free(certificate);
		EVP_PKEY_free(half);
		return err_fail(ERR_RANGE, "certificate: serial number of 1 to 20 bytes");
	}
	bool fine = certificate && half && fill(certificate, half, serial, from, until) &&
		    X509_sign(certificate, key, EVP_sha256()) > 0;
	int len = fine ? i2d_X509(certificate, &der) : -1;

	X509_free(certificate);
	EVP_PKEY_free(half);
	return fine ? append(der, len, ret) : crypto("not signed");
}

static bool ask_for(X509_REQ *request, const char *uri)
{
	char value[300];
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

	(void)snprintf(value, sizeof(value), "URI:%s", uri);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
	bool fine = list && names && sk_X509_EXTENSION_push(list, names) == 1 &&
		    X509_REQ_add_extensions(request, list) == 1;

	sk_X509_EXTENSION_free(list);
	X509_EXTENSION_free(names);
	return fine;
}

enum err certificate_request(OSSL_LIB_CTX *context, EVP_PKEY *key, const char *uri, struct buf *ret)
{
	X509_REQ *request = X509_REQ_new_ex(context, NULL);
	EVP_PKEY *half = public_half(key);
	uint8_t *der = NULL;
	bool fine = request && half && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
		    set_name(X509_REQ_get_subject_name(request)) &&
		    X509_REQ_set_pubkey(request, half) == 1 && (!uri[0] || ask_for(request, uri)) &&
		    X509_REQ_sign(request, key, EVP_sha256()) > 0;
	int len = fine ? i2d_X509_REQ(request, &der) : -1;

	X509_REQ_free(request);
	EVP_PKEY_free(half);
	return fine ? append(der, len, ret) : crypto("not requested");
}

enum err certificate_to_pem(const char *what, struct view der, struct buf *ret)
{
	BUF_CLEANUP struct buf text = buf_growing(PEM_MAX);

	text_base64(&text, der);
	TRY(buf_end(&text, "certificate"));
	buf_printf(ret, "-----BEGIN %s-----\n", what);
	for (size_t at = 0; at < text.len; at += LINE) {
		buf_bytes(ret, text.data + at, text.len - at < LINE ? text.len - at : LINE);
		buf_u8(ret, '\n');
	}
	buf_printf(ret, "-----END %s-----\n", what);
	return buf_end(ret, "certificate");
}

enum err certificate_from_pem(struct view pem, struct buf *ret_der)
{
	BIO *bio =
		pem.len > 0 && pem.len <= PEM_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
	uint8_t *der = NULL;
	int len = certificate ? i2d_X509(certificate, &der) : -1;

	X509_free(certificate);
	BIO_free(bio);
	return len > 0 ? append(der, len, ret_der)
		       : err_fail(ERR_SYNTAX, "certificate: no PEM of one");
}

enum err certificate_check_key(struct view der, struct view point)
{
	const uint8_t *at = der.data;
	X509 *certificate = der.len <= PEM_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	uint8_t own[POINT];
	size_t len = 0;
	bool same = key &&
		    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, own, sizeof(own),
			    &len) == 1 &&
		    view_equal(view_of(own, len), point);

	X509_free(certificate);
	if (!certificate) {
		return err_fail(ERR_SYNTAX, "certificate: not one");
	}
	return same ? OK : err_fail(ERR_CONFLICT, "certificate: of another key than the device's");
}
