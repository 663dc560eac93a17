// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_maker.h"

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void add(X509 *certificate, X509 *issuer, CONF *conf, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	if (conf) {
		X509V3_set_nconf(&context, conf);
	}
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(conf, &context, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static void name(X509 *certificate, const char *what, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), what,
				 MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0),
		1);
}

static X509 *make(EVP_PKEY *key, bool expired)
{
	static long serial;
	X509 *certificate = X509_new();

	assert_non_null(certificate);
	assert_int_equal(X509_set_version(certificate, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial), 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20000101000000Z"),
		1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(certificate),
				 expired ? "20010101000000Z" : "99991231235959Z"),
		1);
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	return certificate;
}

static void sign(X509 *certificate, X509 *issuer, EVP_PKEY *key)
{
	assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)), 1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
}

static X509 *make_authority(const char *maker, const char *called, EVP_PKEY *key, X509 *issuer,
	EVP_PKEY *by)
{
	X509 *certificate = make(key, false);

	name(certificate, "O", maker);
	name(certificate, "CN", called);
	add(certificate, issuer ? issuer : certificate, NULL, NID_basic_constraints,
		"critical,CA:TRUE");
	add(certificate, issuer ? issuer : certificate, NULL, NID_key_usage,
		"critical,keyCertSign,cRLSign");
	add(certificate, issuer ? issuer : certificate, NULL, NID_subject_key_identifier, "hash");
	sign(certificate, issuer ? issuer : certificate, by);
	return certificate;
}

void fake_maker_open(struct fake_maker *maker, const char *called)
{
	BIO *pem = BIO_new(BIO_s_mem());

	maker->root_key = EVP_EC_gen("P-256");
	maker->issuing_key = EVP_EC_gen("P-256");
	assert_non_null(maker->root_key);
	assert_non_null(maker->issuing_key);
	maker->root = make_authority(called, "devices", maker->root_key, NULL, maker->root_key);
	maker->issuing =
		make_authority(called, "factory", maker->issuing_key, maker->root, maker->root_key);
	assert_int_equal(PEM_write_bio_X509(pem, maker->root), 1);
	int len = BIO_read(pem, maker->root_pem, sizeof(maker->root_pem) - 1);

	assert_true(len > 0);
	maker->root_pem[len] = '\0';
	BIO_free(pem);
}

void fake_maker_close(struct fake_maker *maker)
{
	EVP_PKEY_free(maker->root_key);
	EVP_PKEY_free(maker->issuing_key);
	X509_free(maker->root);
	X509_free(maker->issuing);
}

static void add_module(X509 *certificate, X509 *issuer, const char *serial)
{
	char text[256];
	CONF *conf = NCONF_new(NULL);
	BIO *bio = BIO_new(BIO_s_mem());

	(void)snprintf(text, sizeof(text),
		"[san]\notherName=1.3.6.1.5.5.7.8.4;SEQUENCE:module\n"
		"[module]\ntype=OID:1.3.6.1.4.1.32473.5.1\n"
		"serial=FORMAT:ASCII,OCTETSTRING:%s\n",
		serial);
	assert_true(BIO_puts(bio, text) > 0);
	assert_int_equal(NCONF_load_bio(conf, bio, NULL), 1);
	add(certificate, issuer, conf, NID_subject_alt_name, "@san");
	NCONF_free(conf);
	BIO_free(bio);
}

static void put_der(X509 *certificate, uint8_t room[FAKE_DEVICE_DER], struct view *ret)
{
	uint8_t *at = room;
	int len = i2d_X509(certificate, NULL);

	assert_in_range(len, 1, FAKE_DEVICE_DER);
	assert_int_equal(i2d_X509(certificate, &at), len);
	*ret = view_of(room, (size_t)len);
}

void fake_maker_device(struct fake_maker *maker, const struct fake_names *names,
	struct fake_device *ret)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	assert_non_null(key);
	X509 *certificate = make(key, names->expired);
	BIO *pem = BIO_new(BIO_s_mem());

	name(certificate, "CN", "T-1");
	if (names->serial) {
		name(certificate, "serialNumber", names->serial);
	}
	add(certificate, maker->issuing, NULL, NID_basic_constraints,
		names->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add(certificate, maker->issuing, NULL, NID_key_usage, "critical,digitalSignature");
	add(certificate, maker->issuing, NULL, NID_authority_key_identifier, "keyid");
	if (names->alt_names) {
		add(certificate, maker->issuing, NULL, NID_subject_alt_name, names->alt_names);
	} else if (names->module) {
		add_module(certificate, maker->issuing, names->module);
	}
	sign(certificate, maker->issuing, maker->issuing_key);
	put_der(certificate, ret->der[0], &ret->chain[0]);
	put_der(maker->issuing, ret->der[1], &ret->chain[1]);
	assert_int_equal(PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL), 1);
	int len = BIO_read(pem, ret->key_pem, sizeof(ret->key_pem) - 1);

	assert_true(len > 0);
	ret->key_pem[len] = '\0';
	ret->key = key;
	BIO_free(pem);
	X509_free(certificate);
}

void fake_device_close(struct fake_device *device)
{
	EVP_PKEY_free(device->key);
}

void fake_fingerprint(struct view der, char ret[65])
{
	uint8_t digest[32];

	assert_int_equal(EVP_Digest(der.data, der.len, digest, NULL, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < sizeof(digest); i++) {
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	}
}
