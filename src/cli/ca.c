// SPDX-License-Identifier: Apache-2.0
#include "cli/ca.h"

#include "base/buf.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { YEAR = 365 * 24 * 3600 };

static void pkey_cleanup(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void x509_cleanup(X509 **certificate)
{
	X509_free(*certificate);
}

static void bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

#define PKEY_CLEANUP __attribute__((cleanup(pkey_cleanup)))
#define X509_CLEANUP __attribute__((cleanup(x509_cleanup)))
#define BIO_CLEANUP  __attribute__((cleanup(bio_cleanup)))

static enum err path_of(char ret[PATH_MAX], const char *dir, const char *name, const char *ending)
{
	int len = snprintf(ret, PATH_MAX, "%s/%s.%s", dir, name, ending);

	return len < PATH_MAX ? OK : err_fail(ERR_RANGE, "path too long: %s", dir);
}

static enum err add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);

	if (!extension) {
		return err_fail(ERR_CRYPTO, "certificate extension %s", value);
	}
	int added = X509_add_ext(certificate, extension, -1);

	X509_EXTENSION_free(extension);
	return added ? OK : err_fail(ERR_CRYPTO, "certificate extension %s", value);
}

static enum err set_serial(X509 *certificate)
{
	uint8_t bytes[8];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		return err_fail(ERR_CRYPTO, "no randomness for a serial number");
	}
	uint64_t serial = 0;

	memcpy(&serial, bytes, sizeof(serial));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1)
		       ? OK
		       : err_fail(ERR_CRYPTO, "serial number");
}

/* A certificate with everything but its extensions and signature. */
static enum err begin(EVP_PKEY *key, const char *common_name, long seconds, X509 **ret)
{
	X509 *certificate = X509_new();

	if (!certificate) {
		return err_fail(ERR_MEMORY, "certificate");
	}
	*ret = certificate;
	X509_NAME *name = X509_get_subject_name(certificate);

	TRY(set_serial(certificate));
	if (!X509_set_version(certificate, X509_VERSION_3) ||
		!X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) ||
		!X509_gmtime_adj(X509_getm_notAfter(certificate), seconds) ||
		!X509_set_pubkey(certificate, key) ||
		!X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name,
			-1, -1, 0)) {
		return err_fail(ERR_CRYPTO, "certificate for %s", common_name);
	}
	return OK;
}

static enum err sign(X509 *certificate, EVP_PKEY *key)
{
	return X509_sign(certificate, key, EVP_sha256()) > 0 ? OK
							     : err_fail(ERR_CRYPTO, "signature");
}

static enum err write_pem(const char *path, const X509 *certificate, const EVP_PKEY *key)
{
	BIO_CLEANUP BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	if (!bio || !(certificate ? PEM_write_bio_X509(bio, (X509 *)certificate)
				  : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))) {
		return err_fail(ERR_CRYPTO, "%s", path);
	}
	long len = BIO_get_mem_data(bio, &data);

	return text_write_file(path, view_of(data, (size_t)len), 0600);
}

static enum err write_both(const char *dir, const char *name, const X509 *certificate,
	const EVP_PKEY *key)
{
	char path[PATH_MAX];

	TRY(path_of(path, dir, name, "key"));
	TRY(write_pem(path, NULL, key));
	TRY(path_of(path, dir, name, "pem"));
	return write_pem(path, certificate, NULL);
}

static bool is_there(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return path_of(path, dir, name, "pem") == OK && access(path, F_OK) == 0;
}

enum err ca_make(const char *dir, const char *realm)
{
	PKEY_CLEANUP EVP_PKEY *key = NULL;
	X509_CLEANUP X509 *certificate = NULL;
	char name[128];

	if (is_there(dir, "ca")) {
		return OK;
	}
	key = EVP_EC_gen("P-256");
	if (!key) {
		return err_fail(ERR_CRYPTO, "no key for the authority");
	}
	(void)snprintf(name, sizeof(name), "Throw-away CA of %.64s", realm);
	TRY(begin(key, name, 10L * YEAR, &certificate));
	if (!X509_set_issuer_name(certificate, X509_get_subject_name(certificate))) {
		return err_fail(ERR_CRYPTO, "issuer");
	}
	TRY(add_extension(certificate, certificate, NID_basic_constraints,
		"critical,CA:TRUE,pathlen:0"));
	TRY(add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign"));
	TRY(add_extension(certificate, certificate, NID_subject_key_identifier, "hash"));
	TRY(sign(certificate, key));
	return write_both(dir, "ca", certificate, key);
}

static enum err read_authority(const char *dir, X509 **ret_certificate, EVP_PKEY **ret_key)
{
	char path[PATH_MAX];
	BIO_CLEANUP BIO *certificate = NULL;
	BIO_CLEANUP BIO *key = NULL;

	TRY(path_of(path, dir, "ca", "pem"));
	certificate = BIO_new_file(path, "r");
	TRY(path_of(path, dir, "ca", "key"));
	key = BIO_new_file(path, "r");
	*ret_certificate = certificate ? PEM_read_bio_X509(certificate, NULL, NULL, NULL) : NULL;
	*ret_key = key ? PEM_read_bio_PrivateKey(key, NULL, NULL, NULL) : NULL;
	return *ret_certificate && *ret_key
		       ? OK
		       : err_fail(ERR_IO, "%s: ca.pem and ca.key cannot be read; remove both to make new ones",
				 dir);
}

enum err ca_issue(const char *dir, const char *name)
{
	PKEY_CLEANUP EVP_PKEY *authority_key = NULL;
	X509_CLEANUP X509 *authority = NULL;
	PKEY_CLEANUP EVP_PKEY *key = NULL;
	X509_CLEANUP X509 *certificate = NULL;
	char names[300];

	if (is_there(dir, name)) {
		return OK;
	}
	TRY(read_authority(dir, &authority, &authority_key));
	key = EVP_EC_gen("P-256");
	if (!key) {
		return err_fail(ERR_CRYPTO, "no key for %s", name);
	}
	(void)snprintf(names, sizeof(names), "DNS:%.255s,IP:127.0.0.1", name);
	TRY(begin(key, name, YEAR, &certificate));
	if (!X509_set_issuer_name(certificate, X509_get_subject_name(authority))) {
		return err_fail(ERR_CRYPTO, "issuer");
	}
	TRY(add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE"));
	TRY(add_extension(certificate, authority, NID_key_usage, "critical,digitalSignature"));
	TRY(add_extension(certificate, authority, NID_ext_key_usage, "serverAuth,clientAuth"));
	TRY(add_extension(certificate, authority, NID_subject_alt_name, names));
	TRY(add_extension(certificate, authority, NID_subject_key_identifier, "hash"));
	TRY(add_extension(certificate, authority, NID_authority_key_identifier, "keyid:always"));
	TRY(sign(certificate, authority_key));
	return write_both(dir, name, certificate, key);
}
