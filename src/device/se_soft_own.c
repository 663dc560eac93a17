// SPDX-License-Identifier: Apache-2.0
#include "device/se_soft_inside.h"

#include "wire/jose.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

enum { DER_MAX = 80, SPKI_MAX = 128 };

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

#define KEY_CLEANUP	__attribute__((cleanup(free_key)))
#define CONTEXT_CLEANUP __attribute__((cleanup(free_context)))

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "secure element: %s", what);
}

/* As it is kept. NULL: none. */
static EVP_PKEY *load(const struct contents *c)
{
	const uint8_t *at = c->own_key;

	return c->own_key_len > 0 ? d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, (long)c->own_key_len)
				  : NULL;
}

/* P-256, made here; what is kept of it is sealed with the rest.  req: B7.4-d */
static enum err make_pair(struct se_soft *se)
{
	KEY_CLEANUP EVP_PKEY *key = EVP_EC_gen("prime256v1");
	int len = key ? i2d_PrivateKey(key, NULL) : 0;

	if (len <= 0 || len > OWN_KEY_MAX) {
		return crypto("no key of its own");
	}
	struct contents *next = se_soft_change(se);
	uint8_t *to = next->own_key;

	next->own_key_len = (size_t)i2d_PrivateKey(key, &to);
	return se_soft_commit(se);
}

static enum err put_public(EVP_PKEY *key, struct buf *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *half = NULL;
	uint8_t der[SPKI_MAX], *to = der;
	int len = i2d_PUBKEY(key, NULL);

	if (len <= 0 || len > SPKI_MAX) {
		return crypto("no public half");
	}
	(void)i2d_PUBKEY(key, &to);
	TRY(jose_key_from_spki(view_of(der, (size_t)len), &half));
	return jose_key_public(half, ret);
}

enum err soft_own_key(void *user, bool make, struct buf *ret)
{
	struct se_soft *se = user;

	if (se->now.own_key_len == 0) {
		TRY(make ? make_pair(se)
			 : err_fail(ERR_NOT_FOUND, "secure element: it has no key of its own yet"));
	}
	KEY_CLEANUP EVP_PKEY *key = load(&se->now);

	return key ? put_public(key, ret) : crypto("its own key is no key");
}

enum err soft_sign(void *user, struct view message, struct buf *ret)
{
	struct se_soft *se = user;
	KEY_CLEANUP EVP_PKEY *key = load(&se->now);
	CONTEXT_CLEANUP EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t len = sizeof(der);

	if (!key) {
		return err_fail(ERR_UNSUPPORTED, "secure element: no key to sign with");
	}
	if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(context, der, &len, message.data, message.len) != 1) {
		return crypto("no signature");
	}
	buf_bytes(ret, der, len);
	return buf_end(ret, "signature");
}
