// SPDX-License-Identifier: Apache-2.0
/* The computed half of digest: nonces, passwords, and the digests themselves. */
#include "wire/digest.h"

#include "base/text.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum {
	HASHED_MAX = 4096, /* bytes, beside the body */
	NONCE_SIZE = RAND_SIZE + AUTN_SIZE,
};

/* Nonce and password. */

void digest_nonce(struct buf *out, const uint8_t rand[RAND_SIZE], const uint8_t autn[AUTN_SIZE])
{
	uint8_t both[NONCE_SIZE];

	memcpy(both, rand, RAND_SIZE);
	memcpy(both + RAND_SIZE, autn, AUTN_SIZE);
	text_base64(out, VIEW(both));
}

enum err digest_from_nonce(struct view nonce, uint8_t ret_rand[RAND_SIZE],
	uint8_t ret_autn[AUTN_SIZE])
{
	uint8_t both[NONCE_SIZE];
	size_t len = 0;

	TRY(text_from_base64(nonce, both, sizeof(both), &len, "nonce"));
	if (len != sizeof(both)) {
		return err_fail(ERR_SYNTAX, "nonce: not RAND and AUTN, 32 bytes (RFC 3310 3.2)");
	}
	memcpy(ret_rand, both, RAND_SIZE);
	memcpy(ret_autn, both + RAND_SIZE, AUTN_SIZE);
	return OK;
}

/* RFC 4169 3: base64(HMAC(RES || IK || CK, the constant)), with the hash of the algorithm. */
static enum err akav2_password(const struct secret *res, const struct secret *ck,
	const struct secret *ik, struct secret *ret)
{
	static const uint8_t label[] = "http-digest-akav2-password";
	uint8_t key[3 * SECRET_MAX], mac[32], text[44];
	struct buf joined = buf_fixed(key, sizeof(key)), out = buf_fixed(text, sizeof(text));
	unsigned int mac_len = 0;

	buf_view(&joined, secret_view(res));
	buf_view(&joined, secret_view(ik));
	buf_view(&joined, secret_view(ck));
	bool done = HMAC(EVP_sha256(), key, (int)joined.len, label, sizeof(label) - 1, mac,
			    &mac_len) != NULL;
	text_base64(&out, VIEW(mac));
	enum err result = done ? secret_set(ret, text, out.len)
			       : err_fail(ERR_CRYPTO, "digest: HMAC-SHA-256 failed");
	bytes_wipe(key, sizeof(key));
	bytes_wipe(mac, sizeof(mac));
	bytes_wipe(text, sizeof(text));
	return result;
}

enum err digest_password(enum digest_algorithm algorithm, const struct secret *res,
	const struct secret *ck, const struct secret *ik, struct secret *ret)
{
	if (algorithm == DIGEST_AKAV1_MD5) {
		return secret_set(ret, res->bytes, res->len);
	}
	return akav2_password(res, ck, ik, ret);
}

enum err digest_password_of_key(const struct secret *key, struct secret *ret)
{
	uint8_t text[SECRET_MAX];
	struct buf out = buf_fixed(text, sizeof(text));

	text_base64(&out, secret_view(key));
	enum err result = buf_end(&out, "digest: password");

	if (result == OK) {
		result = secret_set(ret, text, out.len);
	}
	bytes_wipe(text, sizeof(text));
	return result;
}

/* Digests. */

/* One context for the four hashes of a digest. */
struct hasher {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static EVP_MD *md5, *sha256;
static CRYPTO_ONCE fetched = CRYPTO_ONCE_STATIC_INIT;

/* An explicit fetch once: each implicit one searches the providers anew. */
static void fetch_hashes(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void free_hasher(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
}

static enum err new_hasher(enum digest_algorithm algorithm, struct hasher *ret)
{
	if (!CRYPTO_THREAD_run_once(&fetched, fetch_hashes)) {
		return err_fail(ERR_CRYPTO, "digest: hashes cannot be loaded");
	}
	ret->md = algorithm == DIGEST_AKAV1_MD5 || algorithm == DIGEST_MD5 ? md5 : sha256;
	if (!ret->md) {
		return err_fail(ERR_CRYPTO, "digest: %s has no hash in this OpenSSL",
			digest_algorithm_name(algorithm));
	}
	ret->ctx = EVP_MD_CTX_new();
	return ret->ctx ? OK : err_fail(ERR_MEMORY, "digest: out of memory");
}

/* H(parts joined by colons), in lower-case hexadecimal. */
static enum err hash_joined(const struct hasher *h, const struct view *parts, size_t count,
	struct secret *ret_hex)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool good = EVP_DigestInit_ex(h->ctx, h->md, NULL) == 1;

	for (size_t i = 0; good && i < count; i++) {
		good = (i == 0 || EVP_DigestUpdate(h->ctx, ":", 1) == 1) &&
		       EVP_DigestUpdate(h->ctx, parts[i].data, parts[i].len) == 1;
	}
	if (!good || EVP_DigestFinal_ex(h->ctx, raw, &len) != 1 || len * 2 > SECRET_MAX) {
		return err_fail(ERR_CRYPTO, "digest: hash failed");
	}
	for (size_t i = 0; i < len; i++) {
		ret_hex->bytes[2 * i] = (uint8_t)digits[raw[i] >> 4];
		ret_hex->bytes[2 * i + 1] = (uint8_t)digits[raw[i] & 15];
	}
	ret_hex->len = (size_t)len * 2;
	bytes_wipe(raw, sizeof(raw));
	return OK;
}

/* RFC 7616 3.4.1 to 3.4.3: KD(H(A1), nonce:nc:cnonce:qop:H(A2)). `method` is empty for rspauth. */
static enum err compute(const struct digest_input *in, struct view method, char ret[DIGEST_HEX + 1])
{
	__attribute__((cleanup(free_hasher))) struct hasher h = {NULL, NULL};
	SECRET(a1);
	SECRET(a2);
	SECRET(body);
	SECRET(digest);
	struct view password = in->password ? secret_view(in->password) : view_text("");
	bool with_body = in->qop == DIGEST_AUTH_INT;

	if (in->username.len + in->realm.len + in->nonce.len + in->nc.len + in->cnonce.len +
			method.len + in->uri.len >
		HASHED_MAX) {
		return err_fail(ERR_RANGE, "digest: more than %d bytes to hash", HASHED_MAX);
	}
	TRY(new_hasher(in->algorithm, &h));
	TRY(hash_joined(&h, (struct view[]){in->username, in->realm, password}, 3, &a1));
	if (with_body) {
		TRY(hash_joined(&h, &in->body, 1, &body));
	}
	TRY(hash_joined(&h, (struct view[]){method, in->uri, secret_view(&body)}, with_body ? 3 : 2,
		&a2));
	TRY(hash_joined(&h,
		(struct view[]){secret_view(&a1), in->nonce, in->nc, in->cnonce,
			view_text(with_body ? "auth-int" : "auth"), secret_view(&a2)},
		6, &digest));
	memcpy(ret, digest.bytes, digest.len);
	ret[digest.len] = '\0';
	return OK;
}

enum err digest_response(const struct digest_input *in, char ret[DIGEST_HEX + 1])
{
	return compute(in, in->method, ret);
}

enum err digest_rspauth(const struct digest_input *in, char ret[DIGEST_HEX + 1])
{
	return compute(in, view_text(""), ret);
}

enum err digest_verify(struct view claimed, const char expected[DIGEST_HEX + 1])
{
	size_t len = strlen(expected);

	if (len == 0 || claimed.len != len || !bytes_equal_secret(claimed.data, expected, len)) {
		return err_fail(ERR_AUTH, "digest: the response is another");
	}
	return OK;
}
