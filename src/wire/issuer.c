// SPDX-License-Identifier: Apache-2.0
#include "wire/issuer.h"

#include "base/private_file.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024, SERIAL_BYTES = 16, BEFORE = 300 };

struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
	struct buf pem;
	int64_t until;
};

static void bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

static void x509_cleanup(X509 **certificate)
{
	X509_free(*certificate);
}

static void pkey_cleanup(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

#define CLEANUP(function) __attribute__((cleanup(function)))

/* ---- opening ---- */

static bool seconds_of(const ASN1_TIME *time, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1) {
		return false;
	}
	*ret = timegm(&tm);
	return true;
}

static enum err read_certificate(const char *path, struct issuer *ca)
{
	TRY(text_read_file(path, FILE_MAX, &ca->pem));
	CLEANUP(bio_cleanup) BIO *bio = BIO_new_mem_buf(ca->pem.data, (int)ca->pem.len);

	ca->certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	ERR_clear_error();
	if (!ca->certificate) {
		return err_fail(ERR_CONFIG, "%s: no PEM certificate", path);
	}
	if (X509_check_ca(ca->certificate) != 1) {
		return err_fail(ERR_CONFIG, "%s: not the certificate of an authority", path);
	}
	return seconds_of(X509_get0_notAfter(ca->certificate), &ca->until)
		       ? OK
		       : err_fail(ERR_CONFIG, "%s: its end cannot be read", path);
}

static enum err read_key(const char *path, struct issuer *ca)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		return err_system("%s", path);
	}
	if (!private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG, "%s: others may read it: chmod 600 it", path);
	}
	CLEANUP(bio_cleanup) BIO *bio = BIO_new_file(path, "r");

	ca->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
	ERR_clear_error();
	if (!ca->key) {
		return err_fail(ERR_CONFIG, "%s: no PEM key", path);
	}
	bool fits = X509_check_private_key(ca->certificate, ca->key) == 1;

	ERR_clear_error();
	return fits ? OK : err_fail(ERR_CONFIG, "%s: not the key of that certificate", path);
}

static enum err open_files(const char *certificate, const char *key, struct issuer *ca)
{
	TRY(read_certificate(certificate, ca));
	return read_key(key, ca);
}

enum err issuer_open(const char *certificate, const char *key, struct issuer **ret)
{
	struct issuer *ca = calloc(1, sizeof(*ca));

	if (!ca) {
		return err_fail(ERR_MEMORY, "authority: out of memory");
	}
	enum err err = open_files(certificate, key, ca);

	if (err != OK) {
		issuer_free(ca);
		return err_fail(ERR_CONFIG, "%s", err_detail());
	}
	*ret = ca;
	return OK;
}

void issuer_free(struct issuer *ca)
{
	if (!ca) {
		return;
	}
	X509_free(ca->certificate);
	EVP_PKEY_free(ca->key);
	buf_free(&ca->pem);
	free(ca);
}

struct view issuer_pem(const struct issuer *ca)
{
	return buf_contents(&ca->pem);
}

int64_t issuer_until(const struct issuer *ca)
{
	return ca->until;
}

/* ---- issuing ---- */

static bool is_among(struct view name, const struct view *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (view_equal(name, names[i])) {
			return true;
		}
	}
	return false;
}

enum err issuer_check_names(const struct csr *csr, const struct view *names, size_t count)
{
	for (size_t i = 0; i < csr->count; i++) {
		if (!is_among(ident_view(&csr->names[i]), names, count)) {
			return err_fail(ERR_DENIED,
				"csr: %s is not among the names that it may be for",
				csr->names[i].text);
		}
	}
	return OK;
}

static enum err refuse(const char *what)
{
	ERR_clear_error();
	return err_fail(ERR_CRYPTO, "certificate: %s", what);
}

static enum err add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool added = extension && X509_add_ext(certificate, extension, -1);

	X509_EXTENSION_free(extension);
	return added ? OK : refuse("extension");
}

static bool add_name(GENERAL_NAMES *list, int kind, struct view value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (name && text && ASN1_STRING_set(text, value.data, (int)value.len) == 1) {
		GENERAL_NAME_set0_value(name, kind, text);
		return sk_GENERAL_NAME_push(list, name) > 0;
	}
	ASN1_IA5STRING_free(text);
	GENERAL_NAME_free(name);
	return false;
}

/* Built from values, not from a text that names could break out of. */
static enum err add_names(X509 *certificate, const struct issuer_names *names)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool fine = list != NULL;

	for (size_t i = 0; i < names->count && fine; i++) {
		fine = add_name(list, GEN_DNS, names->hosts[i]);
	}
	if (names->uri) {
		fine = fine && add_name(list, GEN_URI, view_text(names->uri));
	}
	fine = fine && X509_add1_ext_i2d(certificate, NID_subject_alt_name, list, 0, 0) == 1;
	GENERAL_NAMES_free(list);
	return fine ? OK : refuse("names");
}

static enum err set_serial(X509 *certificate, char ret[ISSUED_SERIAL])
{
	uint8_t bytes[SERIAL_BYTES];
	struct buf text = buf_fixed(ret, ISSUED_SERIAL);

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		return refuse("no randomness");
	}
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool fine = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	text_hex(&text, VIEW(bytes));
	buf_u8(&text, '\0');
	return fine ? buf_end(&text, "serial") : refuse("serial number");
}

static enum err fill(const struct issuer *ca, const struct csr *csr, struct view name, int64_t now,
	int64_t until, X509 *certificate)
{
	const uint8_t *der = csr->key.der;
	CLEANUP(pkey_cleanup) EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)csr->key.len);
	X509_NAME *subject = X509_get_subject_name(certificate);
	/* CN holds 64 characters; the names stand in subjectAltName. */
	int len = (int)(name.len <= 64 ? name.len : 0);

	if (!key || !X509_set_version(certificate, X509_VERSION_3) ||
		!ASN1_TIME_set(X509_getm_notBefore(certificate), now - BEFORE) ||
		!ASN1_TIME_set(X509_getm_notAfter(certificate), until) ||
		!X509_set_pubkey(certificate, key) ||
		!X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) ||
		(len > 0 && !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name.data,
				    len, -1, 0))) {
		return refuse("fields");
	}
	return OK;
}

static enum err extend(const struct issuer *ca, const struct issuer_names *names, X509 *certificate)
{
	X509 *issuer = ca->certificate;

	TRY(add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE"));
	TRY(add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature"));
	TRY(add_extension(certificate, issuer, NID_ext_key_usage, "clientAuth,serverAuth"));
	TRY(add_extension(certificate, issuer, NID_subject_key_identifier, "hash"));
	TRY(add_extension(certificate, issuer, NID_authority_key_identifier, "keyid,issuer"));
	return add_names(certificate, names);
}

/* Ed25519 and Ed448 have a digest of their own. */
static enum err sign(const struct issuer *ca, X509 *certificate)
{
	bool own = EVP_PKEY_is_a(ca->key, "ED25519") || EVP_PKEY_is_a(ca->key, "ED448");

	return X509_sign(certificate, ca->key, own ? NULL : EVP_sha256()) > 0 ? OK
									      : refuse("signature");
}

static enum err write_pem(X509 *certificate, struct buf *ret)
{
	CLEANUP(bio_cleanup) BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	if (!bio || !PEM_write_bio_X509(bio, certificate)) {
		return refuse("PEM");
	}
	long len = BIO_get_mem_data(bio, &data);

	buf_bytes(ret, data, (size_t)len);
	return buf_end(ret, "certificate");
}

enum err issuer_issue(const struct issuer *ca, const struct csr *csr,
	const struct issuer_names *names, int64_t now, int64_t lifetime, struct issued *ret)
{
	CLEANUP(x509_cleanup) X509 *certificate = X509_new();
	struct issued made = {.until = now + lifetime, .pem = buf_growing(ISSUED_PEM)};

	if (!certificate) {
		return err_fail(ERR_MEMORY, "certificate: out of memory");
	}
	if (names->count == 0) {
		return err_fail(ERR_RANGE, "certificate: for no name");
	}
	made.until = made.until < ca->until ? made.until : ca->until;
	TRY(issuer_check_names(csr, names->hosts, names->count));
	TRY(set_serial(certificate, made.serial));
	TRY(fill(ca, csr, names->hosts[0], now, made.until, certificate));
	TRY(extend(ca, names, certificate));
	TRY(sign(ca, certificate));
	enum err err = write_pem(certificate, &made.pem);

	if (err != OK) {
		buf_free(&made.pem);
		return err;
	}
	*ret = made;
	return OK;
}

/* ---- what was issued ---- */

enum err issued_read(struct view pem, const char *host, int64_t *ret_from, int64_t *ret_until)
{
	CLEANUP(bio_cleanup) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	CLEANUP(x509_cleanup)
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	ERR_clear_error();
	if (!certificate || !seconds_of(X509_get0_notBefore(certificate), ret_from) ||
		!seconds_of(X509_get0_notAfter(certificate), ret_until)) {
		return err_fail(ERR_SYNTAX, "no certificate in PEM");
	}
	return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1
		       ? OK
		       : err_fail(ERR_DENIED, "a certificate that is not for %s", host);
}
