// SPDX-License-Identifier: Apache-2.0
#include "wire/csr.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

static void request_cleanup(X509_REQ **request)
{
	X509_REQ_free(*request);
}

static void bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

static void extensions_cleanup(STACK_OF(X509_EXTENSION) * *extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static void names_cleanup(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

#define CLEANUP(function) __attribute__((cleanup(function)))

static enum err parse(struct view pem, X509_REQ **ret)
{
	if (pem.len > CSR_MAX) {
		return err_fail(ERR_RANGE, "csr: longer than %d bytes", CSR_MAX);
	}
	CLEANUP(bio_cleanup) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

	*ret = bio && pem.len > 0 ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	ERR_clear_error();
	return *ret ? OK : err_fail(ERR_SYNTAX, "csr: a PEM block CERTIFICATE REQUEST is wanted");
}

static enum err read_key(X509_REQ *request, struct csr *ret)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	uint8_t *der = NULL;
	int len = key ? i2d_PUBKEY(key, &der) : -1;

	if (len <= 0) {
		ERR_clear_error();
		return err_fail(ERR_SYNTAX, "csr: no public key");
	}
	enum err err = public_key_from_der(view_of(der, (size_t)len), &ret->key);

	OPENSSL_free(der);
	TRY(err);
	bool fits = X509_REQ_verify(request, key) == 1;

	ERR_clear_error();
	return fits ? OK : err_fail(ERR_AUTH, "csr: not signed by its own key");
}

static enum err add_name(const GENERAL_NAME *name, struct csr *ret)
{
	if (name->type != GEN_DNS) {
		return err_fail(ERR_SYNTAX, "csr: only dNSNames may stand in subjectAltName");
	}
	if (ret->count == CSR_NAMES) {
		return err_fail(ERR_RANGE, "csr: more than %d names", CSR_NAMES);
	}
	const ASN1_IA5STRING *text = name->d.dNSName;

	if (ident_parse(IDENT_FQDN,
		    view_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)),
		    &ret->names[ret->count]) != OK) {
		return err_fail(ERR_SYNTAX, "csr: a dNSName that is no host name");
	}
	ret->count++;
	return OK;
}

static enum err read_names(X509_REQ *request, struct csr *ret)
{
	CLEANUP(extensions_cleanup)
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	int critical = 0;

	if (!extensions) {
		ERR_clear_error();
		return OK;
	}
	CLEANUP(names_cleanup)
	GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, &critical, NULL);

	ERR_clear_error();
	if (!names) {
		return critical == -1 ? OK
				      : err_fail(ERR_SYNTAX, "csr: subjectAltName cannot be read");
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		TRY(add_name(sk_GENERAL_NAME_value(names, i), ret));
	}
	return OK;
}

enum err csr_read(struct view pem, struct csr *ret)
{
	CLEANUP(request_cleanup) X509_REQ *request = NULL;
	static _Thread_local struct csr csr; /* too large for a stack */

	csr.count = 0;
	TRY(parse(pem, &request));
	TRY(read_key(request, &csr));
	TRY(read_names(request, &csr));
	*ret = csr;
	return OK;
}
