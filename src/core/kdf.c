// SPDX-License-Identifier: Apache-2.0
#include "core/kdf.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>
#include <threads.h>

enum { SHA256_BLOCK = 64 };

/*
 * HMAC (RFC 2104) is put together here: HMAC() and EVP_Q_mac() look algorithms up by name at every
 * call and take three times as long, and a kept EVP_MAC_CTX holds the key until the next call. The
 * digest is fetched once and never changes after; the context dies with the call, which wipes it.
 */
static EVP_MD *sha256;
static once_flag sha256_once = ONCE_FLAG_INIT;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

static void free_digest(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

/* H(pad || text), where pad is the key, filled up with zeroes, xor a byte. */
static bool digest_padded(EVP_MD_CTX *ctx, const struct secret *key, uint8_t byte, const void *text,
	size_t len, uint8_t ret[KDF_SIZE])
{
	uint8_t pad[SHA256_BLOCK];

	memset(pad, byte, sizeof(pad));
	for (size_t i = 0; i < key->len; i++) {
		pad[i] ^= key->bytes[i];
	}
	bool done = EVP_DigestInit_ex2(ctx, sha256, NULL) == 1 &&
		    EVP_DigestUpdate(ctx, pad, sizeof(pad)) == 1 &&
		    EVP_DigestUpdate(ctx, text, len) == 1 &&
		    EVP_DigestFinal_ex(ctx, ret, NULL) == 1;

	bytes_wipe(pad, sizeof(pad));
	return done;
}

enum err kdf_hmac(const struct secret *key, struct view text, uint8_t ret[KDF_SIZE])
{
	uint8_t inner[KDF_SIZE], outer[KDF_SIZE];

	call_once(&sha256_once, fetch_sha256);
	EVP_MD_CTX *ctx __attribute__((cleanup(free_digest))) = EVP_MD_CTX_new();
	bool done = sha256 && ctx && digest_padded(ctx, key, 0x36, text.data, text.len, inner) &&
		    digest_padded(ctx, key, 0x5c, inner, sizeof(inner), outer);

	if (done) {
		memcpy(ret, outer, KDF_SIZE);
	}
	bytes_wipe(inner, sizeof(inner));
	bytes_wipe(outer, sizeof(outer));
	return done ? OK : err_fail(ERR_CRYPTO, "KDF: OpenSSL failed in HMAC-SHA-256");
}

enum err kdf(const struct secret *key, uint8_t fc, const struct view *params, size_t count,
	uint8_t ret[KDF_SIZE])
{
	uint8_t input[KDF_INPUT_MAX];
	struct buf s = buf_fixed(input, sizeof(input));

	static_assert((int)SECRET_MAX <= SHA256_BLOCK,
		"a longer key would be hashed first (RFC 2104)");
	static_assert((int)KDF_INPUT_MAX <= UINT16_MAX,
		"then every parameter's length fits two bytes");
	if (key->len == 0) {
		return err_fail(ERR_RANGE, "KDF: no key");
	}
	buf_u8(&s, fc);
	for (size_t i = 0; i < count; i++) {
		buf_view(&s, params[i]);
		buf_u16(&s, (uint16_t)params[i].len);
	}
	TRY(buf_end(&s, "KDF input"));
	return kdf_hmac(key, buf_contents(&s), ret);
}
