// SPDX-License-Identifier: Apache-2.0
/* Requests that ASPs send, the certificates that they get for them, and the authority's files. */
#include "test.h"

#include "wire/issuer.h"
#include "base/text.h"
#include "fake_ca.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

struct world {
	struct fake_ca ca;
	char key[96];
	struct issuer *issuer;
};

static void write_key(const struct world *w, EVP_PKEY *key, const char *path)
{
	FILE *file = fopen(path, "w");

	(void)w;
	assert_non_null(file);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	(void)fclose(file);
}

static int open_world(void **state)
{
	static struct world w;

	fake_ca_open(&w.ca);
	(void)snprintf(w.key, sizeof(w.key), "%s/asp.key", w.ca.folder);
	write_key(&w, w.ca.key, w.key);
	assert_ok(issuer_open(w.ca.authority, w.key, &w.issuer));
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	struct world *w = *state;

	issuer_free(w->issuer);
	fake_ca_close(&w->ca);
	return 0;
}

/* `key` signs; `owner`, unless NULL, is the public half that stands in it. */
static struct view make_csr(EVP_PKEY *key, EVP_PKEY *owner, const char *names)
{
	static char text[8192];
	X509_REQ *request = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;

	assert_int_equal(X509_REQ_set_pubkey(request, owner ? owner : key), 1);
	if (names) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

		assert_true(sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL,
								 NID_subject_alt_name, names)) > 0);
		assert_int_equal(X509_REQ_add_extensions(request, list), 1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	assert_true(X509_REQ_sign(request, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
	long len = BIO_get_mem_data(bio, &data);

	assert_true(len < (long)sizeof(text));
	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	X509_REQ_free(request);
	return view_of(text, (size_t)len);
}

static void a_request_is_read(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	static struct csr csr;

	(void)state;
	assert_ok(csr_read(make_csr(key, NULL, "DNS:GW.app.example,DNS:b.app.example"), &csr));
	assert_int_equal(csr.count, 2);
	assert_string_equal(csr.names[0].text, "gw.app.example");
	assert_string_equal(csr.key.algorithm, "p-256");
	assert_ok(csr_read(make_csr(key, NULL, NULL), &csr));
	assert_int_equal(csr.count, 0);
	EVP_PKEY_free(key);
}

static void requests_that_are_not_taken(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	EVP_PKEY *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1");
	static struct csr csr;
	static uint8_t large[CSR_MAX + 1];

	(void)state;
	assert_err(ERR_AUTH, csr_read(make_csr(key, other, NULL), &csr));
	assert_err(ERR_UNSUPPORTED, csr_read(make_csr(weak, NULL, NULL), &csr));
	assert_err(ERR_UNSUPPORTED, csr_read(make_csr(odd, NULL, NULL), &csr));
	assert_err(ERR_SYNTAX, csr_read(make_csr(key, NULL, "IP:192.0.2.1"), &csr));
	assert_err(ERR_SYNTAX, csr_read(make_csr(key, NULL, "email:a@b.example"), &csr));
	assert_err(ERR_SYNTAX, csr_read(make_csr(key, NULL, "DNS:*.app.example"), &csr));
	assert_err(ERR_SYNTAX, csr_read(view_text(""), &csr));
	assert_err(ERR_SYNTAX, csr_read(view_text("nonsense"), &csr));
	assert_err(ERR_RANGE, csr_read(VIEW(large), &csr));
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
}

static X509 *read_back(const struct issued *certificate)
{
	BIO *bio = BIO_new_mem_buf(certificate->pem.data, (int)certificate->pem.len);
	X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(read);
	return read;
}

/* req: B10.2 B7.7-a */
static void a_certificate_is_for_the_names_and_the_key(void **state)
{
	struct world *w = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct view names[] = {view_text("gw.app.example"), view_text("b.app.example")};
	static struct csr csr;
	struct issued made;

	assert_ok(csr_read(make_csr(key, NULL, "DNS:gw.app.example"), &csr));
	assert_ok(issuer_issue(w->issuer, &csr, &(struct issuer_names){names, 2, NULL}, time(NULL),
		3600, &made));
	X509 *read = read_back(&made);

	assert_int_equal(X509_verify(read, w->ca.key), 1);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(read), key), 1);
	assert_int_equal(X509_check_host(read, "gw.app.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(read, "b.app.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(read, "c.app.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ca(read), 0);
	assert_int_equal(X509_get_extended_key_usage(read), XKU_SSL_CLIENT | XKU_SSL_SERVER);
	X509_free(read);
	buf_free(&made.pem);
	assert_err(ERR_DENIED,
		issuer_issue(w->issuer, &csr, &(struct issuer_names){&names[1], 1, NULL},
			time(NULL), 60, &made));
	assert_err(ERR_RANGE, issuer_issue(w->issuer, &csr, &(struct issuer_names){names, 0, NULL},
				      time(NULL), 60, &made));
	EVP_PKEY_free(key);
}

static void a_certificate_does_not_outlive_its_authority(void **state)
{
	struct world *w = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct view name = view_text("gw.app.example");
	static struct csr csr;
	struct issued made;

	assert_ok(csr_read(make_csr(key, NULL, NULL), &csr));
	assert_ok(issuer_issue(w->issuer, &csr, &(struct issuer_names){&name, 1, NULL}, time(NULL),
		3650L * 86400, &made));
	assert_int_equal(made.until, issuer_until(w->issuer));
	buf_free(&made.pem);
	EVP_PKEY_free(key);
}

static void files_that_are_no_authority(void **state)
{
	struct world *w = *state;
	struct fake_certificate leaf;
	struct issuer *ca;
	char other[96];

	fake_ca_issue(&w->ca, "leaf", "DNS:leaf.example", 1, &leaf);
	assert_err(ERR_CONFIG, issuer_open(leaf.certificate, leaf.key, &ca));
	assert_err(ERR_CONFIG, issuer_open(w->ca.authority, leaf.key, &ca));
	assert_err(ERR_CONFIG, issuer_open(w->key, w->key, &ca));
	assert_err(ERR_CONFIG, issuer_open("/nonexistent", w->key, &ca));
	(void)snprintf(other, sizeof(other), "%s/open.key", w->ca.folder);
	write_key(w, w->ca.key, other);
	assert_int_equal(chmod(other, 0644), 0);
	assert_err(ERR_CONFIG, issuer_open(w->ca.authority, other, &ca));
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_read),
		TEST(requests_that_are_not_taken),
		WITH_WORLD(a_certificate_is_for_the_names_and_the_key),
		WITH_WORLD(a_certificate_does_not_outlive_its_authority),
		WITH_WORLD(files_that_are_no_authority),
	};

	return RUN_TESTS(tests);
}
