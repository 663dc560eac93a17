// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_ca.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 3600 };

static FILE *create(const char *path)
{
	mode_t before = umask(077);
	FILE *file = fopen(path, "w");

	(void)umask(before);
	assert_non_null(file);
	return file;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *make(const char *name, EVP_PKEY *key, X509 *issuer, int days)
{
	static long serial;
	X509 *certificate = X509_new();

	assert_non_null(certificate);
	assert_int_equal(X509_set_version(certificate, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate),
		days < 0 ? -DAY / 2 : (long)days * DAY));
	X509_NAME *subject = X509_get_subject_name(certificate);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
				 (const unsigned char *)name, -1, -1, 0),
		1);
	assert_int_equal(X509_set_issuer_name(certificate,
				 issuer ? X509_get_subject_name(issuer) : subject),
		1);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	return certificate;
}

void fake_ca_open(struct fake_ca *ca)
{
	(void)strcpy(ca->folder, "/tmp/symbolon-ca-XXXXXX");
	assert_non_null(mkdtemp(ca->folder));
	(void)snprintf(ca->authority, sizeof(ca->authority), "%s/ca.pem", ca->folder);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *root = make("Test authority", key, NULL, 2);
	add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
	add_extension(root, root, NID_subject_key_identifier, "hash");
	assert_true(X509_sign(root, key, EVP_sha256()) > 0);
	FILE *file = create(ca->authority);
	assert_int_equal(PEM_write_X509(file, root), 1);
	(void)fclose(file);
	ca->key = key;
	ca->certificate = root;
}

void fake_ca_close(struct fake_ca *ca)
{
	char path[400];
	DIR *folder = opendir(ca->folder);

	assert_non_null(folder);
	for (struct dirent *e; (e = readdir(folder));) {
		(void)snprintf(path, sizeof(path), "%s/%s", ca->folder, e->d_name);
		(void)unlink(path);
	}
	(void)closedir(folder);
	(void)rmdir(ca->folder);
	EVP_PKEY_free(ca->key);
	X509_free(ca->certificate);
}

void fake_ca_issue(struct fake_ca *ca, const char *name, const char *alt_names, int days,
	struct fake_certificate *ret)
{
	static unsigned number;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *certificate = make(name, key, ca->certificate, days);

	add_extension(certificate, ca->certificate, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(certificate, ca->certificate, NID_authority_key_identifier, "keyid");
	if (alt_names) {
		add_extension(certificate, ca->certificate, NID_subject_alt_name, alt_names);
	}
	assert_true(X509_sign(certificate, ca->key, EVP_sha256()) > 0);
	number++;
	(void)snprintf(ret->certificate, sizeof(ret->certificate), "%s/%u.pem", ca->folder, number);
	(void)snprintf(ret->key, sizeof(ret->key), "%s/%u.key", ca->folder, number);
	FILE *file = create(ret->certificate);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	(void)fclose(file);
	file = create(ret->key);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

struct tls_files fake_ca_files(const struct fake_ca *ca, const struct fake_certificate *own)
{
	return (struct tls_files){
		.certificate = own ? own->certificate : NULL,
		.key = own ? own->key : NULL,
		.authority = ca->authority,
	};
}
