// SPDX-License-Identifier: Apache-2.0
#include "wire/public_key.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { PEM_MAX = 64 * 1024, LINE = 64, STRENGTH_MIN = 112 };

static const struct {
	const char *type, *group, *name; /* as OpenSSL calls them; as we do */
} kinds[] = {
	{"EC", "prime256v1", "p-256"},
	{"EC", "secp384r1", "p-384"},
	{"EC", "secp521r1", "p-521"},
	{"ED25519", NULL, "ed25519"},
	{"RSA", NULL, "rsa"},
};

static const char *name_of(const EVP_PKEY *pkey)
{
	char group[32] = "";

	(void)EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (EVP_PKEY_is_a(pkey, kinds[i].type) &&
			(!kinds[i].group || strcmp(kinds[i].group, group) == 0)) {
			return kinds[i].name;
		}
	}
	return NULL;
}

enum err public_key_from_openssl(EVP_PKEY *pkey, struct public_key *ret)
{
	struct public_key key = {.algorithm = name_of(pkey)};
	uint8_t *at = key.der;
	int len = i2d_PUBKEY(pkey, NULL);

	if (!key.algorithm) {
		return err_fail(ERR_UNSUPPORTED,
			"public key: EC (P-256, P-384, P-521), Ed25519 or RSA is wanted");
	}
	key.bits = EVP_PKEY_get_bits(pkey);
	key.strength = EVP_PKEY_get_security_bits(pkey);
	if (key.strength < STRENGTH_MIN) {
		return err_fail(ERR_UNSUPPORTED, "public key: %d bits are too few", key.bits);
	}
	if (len <= 0 || (size_t)len > sizeof(key.der) || i2d_PUBKEY(pkey, &at) != len) {
		return err_fail(ERR_UNSUPPORTED, "public key: longer than %d bytes", PUBLIC_KEY_MAX);
	}
	key.len = (size_t)len;
	if (EVP_Digest(key.der, key.len, key.digest, NULL, EVP_sha256(), NULL) != 1) {
		return err_fail(ERR_CRYPTO, "public key: SHA-256");
	}
	*ret = key;
	return OK;
}

/* Takes the key over. */
static enum err take(EVP_PKEY *pkey, struct public_key *ret)
{
	enum err err = pkey ? public_key_from_openssl(pkey, ret)
			    : err_fail(ERR_SYNTAX, "public key: no PEM of a public key or "
						   "a certificate");

	EVP_PKEY_free(pkey);
	return err;
}

static EVP_PKEY *read_certificate(BIO *bio)
{
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, (void *)"");
	EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return pkey;
}

static bool contains(struct view text, const char *word)
{
	return text.len > 0 && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

enum err public_key_from_pem(struct view pem, struct public_key *ret)
{
	if (pem.len > PEM_MAX) {
		return err_fail(ERR_SYNTAX, "public key: longer than %d bytes", PEM_MAX);
	}
	if (contains(pem, "PRIVATE KEY-----")) {
		return err_fail(ERR_SYNTAX,
			"public key: this is a private key, which is not to leave its device");
	}
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, (void *)"") : NULL;

	if (bio && !pkey && BIO_reset(bio) == 1) {
		pkey = read_certificate(bio);
	}
	BIO_free(bio);
	return take(pkey, ret);
}

enum err public_key_from_der(struct view der, struct public_key *ret)
{
	const uint8_t *at = der.data;
	EVP_PKEY *pkey = der.len > 0 && der.len <= PUBLIC_KEY_MAX
				 ? d2i_PUBKEY(NULL, &at, (long)der.len)
				 : NULL;

	if (pkey && at != der.data + der.len) {
		EVP_PKEY_free(pkey);
		return err_fail(ERR_SYNTAX, "public key: bytes behind its end");
	}
	return take(pkey, ret);
}

enum err public_key_to_pem(struct view der, struct buf *out)
{
	uint8_t room[2 * PUBLIC_KEY_MAX];
	struct buf text = buf_fixed(room, sizeof(room));

	text_base64(&text, der);
	TRY(buf_end(&text, "public key"));
	buf_text(out, "-----BEGIN PUBLIC KEY-----\n");
	for (size_t at = 0; at < text.len; at += LINE) {
		buf_bytes(out, text.data + at, text.len - at < LINE ? text.len - at : LINE);
		buf_u8(out, '\n');
	}
	buf_text(out, "-----END PUBLIC KEY-----\n");
	return buf_end(out, "public key");
}
