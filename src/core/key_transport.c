// SPDX-License-Identifier: Apache-2.0
#include "core/key_transport.h"

#include <openssl/evp.h>
#include <string.h>

enum { BLOCK = 16 };

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

/* Whole blocks, each way. `cbc` NULL: ECB. */
static enum err crypt(const struct key_transport *t, bool cbc, bool encrypt, const uint8_t *in,
	size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx __attribute__((cleanup(free_cipher))) = EVP_CIPHER_CTX_new();
	int written = 0;

	if (t->key.len != BLOCK || len % BLOCK != 0) {
		return err_fail(ERR_RANGE, "transport key: 16 bytes, for values of whole blocks");
	}
	if (!ctx ||
		EVP_CipherInit_ex(ctx, cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb(), NULL,
			t->key.bytes, cbc ? t->iv : NULL, encrypt) != 1 ||
		EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
		EVP_CipherUpdate(ctx, out, &written, in, (int)len) != 1 || written != (int)len) {
		return err_fail(ERR_CRYPTO, "transport key: OpenSSL refused");
	}
	return OK;
}

enum err key_transport_check(const struct key_transport *t)
{
	static const uint8_t zeros[BLOCK];
	uint8_t block[BLOCK];

	TRY(crypt(t, false, true, zeros, sizeof(zeros), block));
	return !t->has_check || bytes_equal_secret(block, t->check, sizeof(t->check))
		       ? OK
		       : err_fail(ERR_AUTH, "transport key: its check value is another one");
}

static enum err open_value(const struct key_transport *t, struct secret *value)
{
	uint8_t plain[SECRET_MAX];
	enum err err = crypt(t, t->cbc, false, value->bytes, value->len, plain);

	err = err == OK ? secret_set(value, plain, value->len) : err;
	bytes_wipe(plain, sizeof(plain));
	return err;
}

enum err key_transport_open(const struct key_transport *t, struct aka_key *key)
{
	enum err err = open_value(t, &key->k);

	if (err == OK && t->with_opc) {
		err = open_value(t, &key->opc);
	}
	if (err != OK) {
		aka_key_wipe(key);
	}
	return err;
}
