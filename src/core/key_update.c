// SPDX-License-Identifier: Apache-2.0
#include "core/key_update.h"

#include "core/kdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>

enum { FC = 0x01, NONCE = 12, TAG = 16, SHARED = 32, TEXT_MAX = 1024 };

#define NAME "y3056-key-update"

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "key update: %s", what);
}

/* --- from Ks --- */

static enum err branch(const struct secret *key, const char *name, struct secret *ret)
{
	uint8_t bytes[KDF_SIZE];
	enum err err = kdf_hmac(key, view_text(name), bytes);

	if (err == OK) {
		err = secret_set(ret, bytes, sizeof(bytes));
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

enum err key_update_derive(const struct token_base *base, struct view binding,
	struct key_update_keys *ret)
{
	const struct view params[] = {
		view_text(NAME),
		VIEW(base->rand),
		ident_view(&base->client),
		ident_view(&base->node),
		ident_view(&base->realm),
		binding,
	};
	uint8_t bytes[KDF_SIZE];
	SECRET(key);

	if (binding.len > TOKEN_BINDING_MAX) {
		return err_fail(ERR_RANGE, "key update: channel binding of more than %d bytes",
			TOKEN_BINDING_MAX);
	}
	TRY(kdf(&base->ks, FC, params, sizeof(params) / sizeof(params[0]), bytes));
	enum err err = secret_set(&key, bytes, sizeof(bytes));

	bytes_wipe(bytes, sizeof(bytes));
	TRY(err);
	TRY(branch(&key, "mac", &ret->mac));
	return branch(&key, "wrap", &ret->wrap);
}

void key_update_wipe(struct key_update_keys *keys)
{
	secret_wipe(&keys->mac);
	secret_wipe(&keys->wrap);
}

/* HMAC(key, name || 0 || first || 0 || second) */
static enum err tag_over(const struct secret *key, const char *name, struct view first,
	struct view second, uint8_t ret[KDF_SIZE])
{
	uint8_t text[TEXT_MAX];
	struct buf out = buf_fixed(text, sizeof(text));

	if (key->len == 0) {
		return err_fail(ERR_RANGE, "key update: no key");
	}
	buf_text(&out, name);
	buf_u8(&out, 0);
	buf_view(&out, first);
	buf_u8(&out, 0);
	buf_view(&out, second);
	TRY(buf_end(&out, "key update"));
	return kdf_hmac(key, buf_contents(&out), ret);
}

enum err key_update_request_mac(const struct secret *mac, struct view token_id,
	const uint8_t device_public[KEY_UPDATE_PUBLIC], uint8_t ret[KEY_UPDATE_MAC])
{
	return tag_over(mac, "request", token_id, view_of(device_public, KEY_UPDATE_PUBLIC), ret);
}

enum err key_update_confirm(const struct secret *k, enum key_update_side side,
	const struct ident *client, struct view token_id, uint8_t ret[KEY_UPDATE_MAC])
{
	SECRET(key);

	if (k->len == 0) {
		return err_fail(ERR_RANGE, "key update: no key to confirm");
	}
	TRY(branch(k, "y3056-confirm", &key));
	return tag_over(&key, side == KEY_UPDATE_CONFIRM ? "confirm" : "confirmed",
		ident_view(client), token_id, ret);
}

/* --- the exchange --- */

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_key_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_cipher(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

static void free_kdf(EVP_KDF_CTX **context)
{
	EVP_KDF_CTX_free(*context);
}

#define KEY_CLEANUP	    __attribute__((cleanup(free_key)))
#define KEY_CONTEXT_CLEANUP __attribute__((cleanup(free_key_context)))
#define CIPHER_CLEANUP	    __attribute__((cleanup(free_cipher)))
#define KDF_CLEANUP	    __attribute__((cleanup(free_kdf)))

enum err key_update_pair(struct secret *ret_private, uint8_t ret_public[KEY_UPDATE_PUBLIC])
{
	KEY_CLEANUP EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint8_t half[SHARED];
	size_t len = sizeof(half), public_len = KEY_UPDATE_PUBLIC;

	if (!key || EVP_PKEY_get_raw_private_key(key, half, &len) != 1 ||
		EVP_PKEY_get_raw_public_key(key, ret_public, &public_len) != 1) {
		bytes_wipe(half, sizeof(half));
		return crypto("no ephemeral key");
	}
	enum err err = secret_set(ret_private, half, len);

	bytes_wipe(half, sizeof(half));
	return err;
}

/* OpenSSL refuses a result of zeros. */
static enum err agree(const struct secret *own, const uint8_t *other, uint8_t ret[SHARED])
{
	KEY_CLEANUP EVP_PKEY *half =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, own->bytes, own->len);
	KEY_CLEANUP EVP_PKEY *peer =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, KEY_UPDATE_PUBLIC);
	KEY_CONTEXT_CLEANUP EVP_PKEY_CTX *context = half ? EVP_PKEY_CTX_new(half, NULL) : NULL;
	size_t len = SHARED;

	return context && peer && EVP_PKEY_derive_init(context) == 1 &&
			       EVP_PKEY_derive_set_peer(context, peer) == 1 &&
			       EVP_PKEY_derive(context, ret, &len) == 1 && len == SHARED
		       ? OK
		       : crypto("X25519 agrees to nothing with this public half");
}

enum err key_update_check_public(const uint8_t half[KEY_UPDATE_PUBLIC])
{
	SECRET(own);
	uint8_t own_public[KEY_UPDATE_PUBLIC], shared[SHARED];

	TRY(key_update_pair(&own, own_public));
	enum err err = agree(&own, half, shared);

	bytes_wipe(shared, sizeof(shared));
	return err == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "public: a point that every key agrees to zeros with "
					      "(RFC 7748 6.1)");
}

/* HKDF-SHA-256 (RFC 5869) over both secrets; the parties stand in `info`. */
static enum err expand(const uint8_t *secrets, size_t len, struct view info, uint8_t ret[KDF_SIZE])
{
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	KDF_CLEANUP EVP_KDF_CTX *context = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	char digest[] = "SHA256", salt[] = NAME;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, strlen(salt)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secrets, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.data, info.len),
		OSSL_PARAM_construct_end(),
	};
	int done = context ? EVP_KDF_derive(context, ret, KDF_SIZE, params) : 0;

	EVP_KDF_free(hkdf);
	return done == 1 ? OK : crypto("HKDF");
}

/* client || 0 || the device's public half || the vault's */
static enum err wrapping_key(const struct key_update_exchange *e, uint8_t ret[KDF_SIZE])
{
	uint8_t text[TEXT_MAX], secrets[SHARED + KEY_UPDATE_WRAP];
	struct buf info = buf_fixed(text, sizeof(text));

	if (e->own->len != SHARED || e->wrap->len != KEY_UPDATE_WRAP) {
		return err_fail(ERR_RANGE, "key update: two secrets of 32 bytes are wanted");
	}
	buf_view(&info, ident_view(e->client));
	buf_u8(&info, 0);
	buf_bytes(&info, e->device_public, KEY_UPDATE_PUBLIC);
	buf_bytes(&info, e->vault_public, KEY_UPDATE_PUBLIC);
	TRY(buf_end(&info, "key update"));
	memcpy(secrets + SHARED, e->wrap->bytes, KEY_UPDATE_WRAP);
	enum err err = agree(e->own, e->is_device ? e->vault_public : e->device_public, secrets);

	if (err == OK) {
		err = expand(secrets, sizeof(secrets), buf_contents(&info), ret);
	}
	bytes_wipe(secrets, sizeof(secrets));
	return err;
}

static enum err encrypt(const uint8_t key[KDF_SIZE], struct view plain, uint8_t *out)
{
	CIPHER_CLEANUP EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int len = 0, last = 0;

	return context && RAND_bytes(out, NONCE) == 1 &&
			       EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
			       EVP_EncryptUpdate(context, out + NONCE, &len, plain.data,
				       (int)plain.len) == 1 &&
			       EVP_EncryptFinal_ex(context, out + NONCE + len, &last) == 1 &&
			       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG,
				       out + NONCE + plain.len) == 1
		       ? OK
		       : crypto("AES-256-GCM");
}

static enum err decrypt(const uint8_t key[KDF_SIZE], struct view sealed, uint8_t *out)
{
	CIPHER_CLEANUP EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const uint8_t *text = sealed.data + NONCE;
	int text_len = (int)sealed.len - NONCE - TAG, len = 0, last = 0;
	uint8_t tag[TAG];

	memcpy(tag, text + text_len, TAG);
	return context &&
			       EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key,
				       sealed.data) == 1 &&
			       EVP_DecryptUpdate(context, out, &len, text, text_len) == 1 &&
			       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
			       EVP_DecryptFinal_ex(context, out + len, &last) == 1
		       ? OK
		       : err_fail(ERR_AUTH, "10.6.1: a key that is not sealed for this device");
}

enum err key_update_seal(const struct key_update_exchange *exchange, struct view plain,
	struct buf *out)
{
	uint8_t key[KDF_SIZE];

	if (plain.len == 0 || plain.len > KEY_UPDATE_PLAIN_MAX) {
		return err_fail(ERR_RANGE, "key update: a key of %zu bytes", plain.len);
	}
	TRY(wrapping_key(exchange, key));
	uint8_t *to = buf_extend(out, plain.len + KEY_UPDATE_OVERHEAD);
	enum err err = to ? encrypt(key, plain, to) : buf_end(out, "key update");

	bytes_wipe(key, sizeof(key));
	return err;
}

enum err key_update_open(const struct key_update_exchange *exchange, struct view sealed,
	struct buf *ret_plain)
{
	uint8_t key[KDF_SIZE], plain[KEY_UPDATE_PLAIN_MAX];

	if (sealed.len <= KEY_UPDATE_OVERHEAD ||
		sealed.len > KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD) {
		return err_fail(ERR_SYNTAX, "10.6.1: a sealed key of %zu bytes", sealed.len);
	}
	TRY(wrapping_key(exchange, key));
	enum err err = decrypt(key, sealed, plain);

	bytes_wipe(key, sizeof(key));
	if (err == OK) {
		buf_bytes(ret_plain, plain, sealed.len - KEY_UPDATE_OVERHEAD);
		err = buf_end(ret_plain, "new key");
	}
	bytes_wipe(plain, sizeof(plain));
	return err;
}
