// SPDX-License-Identifier: Apache-2.0
/* A key that is held elsewhere: here by the test, which counts how often it is asked. */
#include "test.h"

#include "wire/certificate.h"
#include "wire/held_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>

static EVP_PKEY *pair;
static int asked;
static enum err answer;

static enum err sign(void *user, struct view message, struct buf *ret)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	asked++;
	assert_ptr_equal(user, &asked);
	if (answer != OK) {
		EVP_MD_CTX_free(context);
		return answer;
	}
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair), 1);
	assert_int_equal(EVP_DigestSign(context, der, &len, message.data, message.len), 1);
	EVP_MD_CTX_free(context);
	buf_bytes(ret, der, len);
	return OK;
}

static void make(struct held_keys *keys, EVP_PKEY **ret)
{
	uint8_t point[HELD_KEY_POINT];
	size_t len = 0;

	asked = 0;
	answer = OK;
	pair = EVP_EC_gen("prime256v1");
	assert_int_equal(EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point,
				 sizeof(point), &len),
		1);
	assert_ok(held_keys_new(keys));
	assert_ok(held_key_new(keys, VIEW(point), sign, &asked, ret));
}

static void drop(struct held_keys *keys, EVP_PKEY *key)
{
	EVP_PKEY_free(key);
	held_keys_free(keys);
	EVP_PKEY_free(pair);
}

static X509 *certificate_of(OSSL_LIB_CTX *context, EVP_PKEY *key, struct buf *der)
{
	static const uint8_t serial[] = {7};
	const uint8_t *at;

	assert_ok(certificate_sign_own(context, key, VIEW(serial), 1000000000, 2000000000, der));
	at = der->data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der->len);

	assert_non_null(certificate);
	return certificate;
}

static void a_certificate_is_signed_where_the_key_is(void **state)
{
	struct held_keys keys;
	EVP_PKEY *key;
	BUF_CLEANUP struct buf der = buf_growing(4096), pem = buf_growing(4096),
			       again = buf_growing(4096);
	uint8_t point[HELD_KEY_POINT];
	size_t len = 0;

	(void)state;
	make(&keys, &key);
	X509 *certificate = certificate_of(keys.context, key, &der);

	assert_int_equal(asked, 1);
	assert_int_equal(X509_verify(certificate, pair), 1);
	assert_int_equal(X509_check_private_key(certificate, key), 1);
	X509_free(certificate);
	assert_ok(certificate_to_pem("CERTIFICATE", buf_contents(&der), &pem));
	assert_ok(certificate_from_pem(buf_contents(&pem), &again));
	assert_true(view_equal(buf_contents(&der), buf_contents(&again)));
	assert_int_equal(EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point,
				 sizeof(point), &len),
		1);
	assert_ok(certificate_check_key(buf_contents(&der), VIEW(point)));
	point[64] ^= 1;
	assert_err(ERR_CONFLICT, certificate_check_key(buf_contents(&der), VIEW(point)));
	assert_err(ERR_SYNTAX, certificate_check_key(view_text("x"), VIEW(point)));
	assert_err(ERR_SYNTAX, certificate_from_pem(view_text("x"), &again));
	drop(&keys, key);
}

static void a_request_is_signed_where_the_key_is(void **state)
{
	struct held_keys keys;
	EVP_PKEY *key;
	BUF_CLEANUP struct buf der = buf_growing(4096);

	(void)state;
	make(&keys, &key);
	assert_ok(certificate_request(keys.context, key, "urn:gsma:imei:90420156-025763-0", &der));
	const uint8_t *at = der.data;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);

	assert_non_null(request);
	assert_int_equal(X509_REQ_verify(request, pair), 1);
	assert_non_null(memmem(der.data, der.len, "urn:gsma:imei:", 14));
	X509_REQ_free(request);
	drop(&keys, key);
}

static void shake_hands(SSL *client, SSL *server, int *ret_client, int *ret_server)
{
	*ret_client = *ret_server = -1;
	for (int i = 0; i < 10 && (*ret_client != 1 || *ret_server != 1); i++) {
		*ret_client = SSL_do_handshake(client);
		*ret_server = SSL_do_handshake(server);
	}
}

static int take_any(int fine, X509_STORE_CTX *chain)
{
	(void)fine;
	(void)chain;
	return 1;
}

/* Both ends of a handshake in memory, where the client's key is held elsewhere. */
static void handshake(enum err signs, int want)
{
	struct held_keys keys;
	EVP_PKEY *key;
	BUF_CLEANUP struct buf der = buf_growing(4096);
	BIO *left, *right;
	int at_client, at_server;

	make(&keys, &key);
	X509 *certificate = certificate_of(keys.context, key, &der);
	SSL_CTX *ours = SSL_CTX_new_ex(keys.context, NULL, TLS_client_method());
	SSL_CTX *theirs = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *other = EVP_EC_gen("prime256v1");
	BUF_CLEANUP struct buf other_der = buf_growing(4096);
	X509 *other_certificate = certificate_of(NULL, other, &other_der);

	assert_int_equal(SSL_CTX_use_certificate(ours, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ours, key), 1);
	assert_int_equal(SSL_CTX_check_private_key(ours), 1);
	assert_int_equal(SSL_CTX_use_certificate(theirs, other_certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(theirs, other), 1);
	SSL_CTX_set_verify(theirs, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
	SSL *client = SSL_new(ours), *server = SSL_new(theirs);

	assert_int_equal(BIO_new_bio_pair(&left, 0, &right, 0), 1);
	SSL_set_bio(client, left, left);
	SSL_set_bio(server, right, right);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	asked = 0;
	answer = signs;
	shake_hands(client, server, &at_client, &at_server);
	assert_int_equal(at_server, want);
	assert_int_equal(asked, 1);
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(ours);
	SSL_CTX_free(theirs);
	X509_free(certificate);
	X509_free(other_certificate);
	EVP_PKEY_free(other);
	drop(&keys, key);
}

static void tls_is_signed_where_the_key_is(void **state)
{
	(void)state;
	handshake(OK, 1);
}

static void a_key_that_does_not_sign_opens_nothing(void **state)
{
	(void)state;
	handshake(ERR_DENIED, -1);
}

static void what_is_no_point_is_no_key(void **state)
{
	struct held_keys keys;
	EVP_PKEY *key = NULL;
	uint8_t point[HELD_KEY_POINT] = {0x02};

	(void)state;
	assert_ok(held_keys_new(&keys));
	assert_err(ERR_SYNTAX, held_key_new(&keys, VIEW(point), sign, &asked, &key));
	assert_err(ERR_SYNTAX, held_key_new(&keys, view_text("04"), sign, &asked, &key));
	assert_null(key);
	held_keys_free(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_certificate_is_signed_where_the_key_is),
		TEST(a_request_is_signed_where_the_key_is),
		TEST(tls_is_signed_where_the_key_is),
		TEST(a_key_that_does_not_sign_opens_nothing),
		TEST(what_is_no_point_is_no_key),
	};

	return RUN_TESTS(tests);
}
