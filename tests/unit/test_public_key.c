// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/public_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

/* RFC 8410 10.1 */
#define ED25519                                                                                    \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"                           \
	"-----END PUBLIC KEY-----\n"
/* RFC 8410 10.2: a certificate with an X25519 key, which signs nothing. */
#define X25519                                                                                     \
	"-----BEGIN CERTIFICATE-----\n"                                                            \
	"MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX\n"                     \
	"N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD\n"                     \
	"DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJj\n"                     \
	"ga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg\n"                     \
	"BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v\n"                     \
	"/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg\n"                     \
	"w1AH9efZBw==\n"                                                                           \
	"-----END CERTIFICATE-----\n"

static void make(const char *type, const char *group, unsigned bits, struct buf *ret_pem)
{
	EVP_PKEY *pkey = strcmp(type, "RSA") == 0
				 ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)bits)
			 : strcmp(type, "EC") == 0 ? EVP_EC_gen(group)
						   : EVP_PKEY_Q_keygen(NULL, NULL, type);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	assert_non_null(pkey);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
	long len = BIO_get_mem_data(bio, &text);

	buf_bytes(ret_pem, text, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
}

static void a_known_key_has_its_known_digest(void **state)
{
	struct public_key key = {.len = 0}, again = {.len = 0};
	BUF_CLEANUP struct buf hex = buf_growing(128), pem = buf_growing(1024);

	(void)state;
	assert_ok(public_key_from_pem(view_text(ED25519), &key));
	assert_string_equal(key.algorithm, "ed25519");
	assert_int_equal(key.len, 44);
	text_hex(&hex, view_of(key.der, 12));
	assert_view(buf_contents(&hex), "302a300506032b6570032100");
	assert_ok(public_key_to_pem(view_of(key.der, key.len), &pem));
	assert_view(buf_contents(&pem), ED25519);
	assert_ok(public_key_from_der(view_of(key.der, key.len), &again));
	assert_memory_equal(key.digest, again.digest, PUBLIC_KEY_DIGEST);
}

static void kinds_that_tls_signs_with_are_taken(void **state)
{
	static const struct {
		const char *type, *group;
		unsigned bits;
		enum err err;
		const char *algorithm;
		int strength;
	} cases[] = {
		{"EC", "P-256", 0, OK, "p-256", 128},
		{"EC", "P-384", 0, OK, "p-384", 192},
		{"EC", "P-521", 0, OK, "p-521", 256},
		{"ED25519", NULL, 0, OK, "ed25519", 128},
		{"RSA", NULL, 2048, OK, "rsa", 112},
		{"RSA", NULL, 1024, ERR_UNSUPPORTED, NULL, 0},
		{"EC", "secp256k1", 0, ERR_UNSUPPORTED, NULL, 0},
		{"X25519", NULL, 0, ERR_UNSUPPORTED, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct public_key key = {.len = 0};
		BUF_CLEANUP struct buf pem = buf_growing(4096);

		make(cases[i].type, cases[i].group, cases[i].bits, &pem);
		assert_int_equal(public_key_from_pem(buf_contents(&pem), &key), cases[i].err);
		if (cases[i].err == OK) {
			assert_string_equal(key.algorithm, cases[i].algorithm);
			assert_int_equal(key.strength, cases[i].strength);
		}
	}
}

static void what_is_no_public_key_is_refused(void **state)
{
	static const uint8_t long_der[PUBLIC_KEY_MAX + 1] = {0x30};
	struct public_key key = {.len = 7};

	(void)state;
	assert_int_equal(public_key_from_pem(view_text(""), &key), ERR_SYNTAX);
	assert_int_equal(public_key_from_pem(view_text("-----BEGIN PUBLIC KEY-----\n"), &key),
		ERR_SYNTAX);
	assert_int_equal(public_key_from_pem(view_text(X25519), &key), ERR_UNSUPPORTED);
	assert_int_equal(public_key_from_pem(view_text("-----BEGIN EC PRIVATE KEY-----\n"), &key),
		ERR_SYNTAX);
	assert_non_null(strstr(err_detail(), "not to leave its device"));
	assert_int_equal(public_key_from_der(VIEW(long_der), &key), ERR_SYNTAX);
	assert_int_equal(key.len, 7);
}

static void bytes_behind_a_key_are_refused(void **state)
{
	struct public_key key = {.len = 0};
	uint8_t longer[64] = {0};

	(void)state;
	assert_ok(public_key_from_pem(view_text(ED25519), &key));
	memcpy(longer, key.der, key.len);
	assert_int_equal(public_key_from_der(view_of(longer, key.len + 1), &key), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_known_key_has_its_known_digest),
		TEST(kinds_that_tls_signs_with_are_taken),
		TEST(what_is_no_public_key_is_refused),
		TEST(bytes_behind_a_key_are_refused),
	};

	return cmocka_run_group_tests_name("public_key", tests, NULL, NULL);
}
