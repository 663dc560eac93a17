// SPDX-License-Identifier: Apache-2.0
#include "wire/jwe.h"

#include "base/env.h"
#include "base/secret.h"
#include "base/text.h"
#include "wire/jose_key.h"
#include "wire/json.h"

#include <string.h>

#define ALG "ECDH-ES+A256KW"
#define ENC "A256GCM"

enum {
	KEY = 32,
	WRAPPED = KEY + 8,
	IV = 12,
	TAG = 16,
	HEADER_MAX = 2048,
	PARTY_MAX = 256,
	PARTS = 5
};

/* RFC 7516 7.1: header, encrypted key, IV, ciphertext, tag, as they stand. */
enum { HEADER, ENCRYPTED_KEY, VECTOR, CIPHERTEXT, AUTH_TAG };

static enum err agree(const struct jose_key *own, const struct jose_key *other, struct view apu,
	struct view apv, struct secret *ret);
static enum err wrap(const struct secret *under, bool wrapping, const uint8_t *in, int len,
	uint8_t *out, int want);
static enum err seal(const uint8_t key[KEY], const uint8_t iv[IV], struct view header,
	struct view plain, uint8_t *ret_text, uint8_t ret_tag[TAG]);
static enum err unseal(const uint8_t key[KEY], const uint8_t iv[IV], struct view header,
	struct view text, uint8_t tag[TAG], uint8_t *ret);

static void free_cipher(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

#define CIPHER_CLEANUP	__attribute__((cleanup(free_cipher)))
#define CONTEXT_CLEANUP __attribute__((cleanup(free_context)))
#define DIGEST_CLEANUP	__attribute__((cleanup(free_digest)))

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "JWE: %s", what);
}

static enum err check_curve(const struct jose_key *key)
{
	return key->algorithm == JOSE_ES256
		       ? OK
		       : err_fail(ERR_UNSUPPORTED, "JWE: a P-256 key is wanted (RFC 7518 4.6)");
}

/* --- encrypting --- */

static enum err write_header(const struct jose_key *to, const struct jose_key *ephemeral,
	const char *cty, struct buf *ret)
{
	char kid[JOSE_THUMBPRINT];
	BUF_CLEANUP struct buf json = buf_growing(HEADER_MAX);
	struct json_writer w = json_to(&json);

	TRY(jose_thumbprint(to, kid));
	json_open(&w, NULL);
	json_put_string(&w, "alg", ALG);
	json_put_string(&w, "enc", ENC);
	json_put_string(&w, "cty", cty);
	json_put_string(&w, "kid", kid);
	TRY(jose_key_write_jwk(ephemeral, &w, "epk"));
	json_close(&w);
	TRY(buf_end(&json, "JWE header"));
	text_base64url(ret, buf_contents(&json));
	return buf_end(ret, "JWE");
}

static void put_part(struct buf *out, struct view bytes)
{
	buf_u8(out, '.');
	text_base64url(out, bytes);
}

static enum err random_bytes(uint8_t *to, size_t len)
{
	return env_system.random(&env_system, to, len);
}

/* `key` is the content's, fresh: it is wiped by the caller. */
static enum err encrypt(const struct jose_key *to, const char *cty, struct view plain,
	uint8_t key[KEY], struct buf *out)
{
	JOSE_KEY_CLEANUP struct jose_key *ephemeral = NULL;
	SECRET(shared);
	uint8_t wrapped[WRAPPED], iv[IV], tag[TAG];
	BUF_CLEANUP struct buf text = buf_growing(JWE_PLAIN_MAX);
	size_t begin = out->len;

	TRY(random_bytes(key, KEY));
	TRY(random_bytes(iv, sizeof(iv)));
	TRY(jose_key_make(JOSE_ES256, &ephemeral));
	TRY(agree(ephemeral, to, view_of(NULL, 0), view_of(NULL, 0), &shared));
	TRY(wrap(&shared, true, key, KEY, wrapped, WRAPPED));
	TRY(write_header(to, ephemeral, cty, out));
	uint8_t *room = buf_extend(&text, plain.len);

	if (!room) {
		return buf_end(&text, "JWE content");
	}
	TRY(seal(key, iv, view_of(out->data + begin, out->len - begin), plain, room, tag));
	put_part(out, VIEW(wrapped));
	put_part(out, VIEW(iv));
	put_part(out, buf_contents(&text));
	put_part(out, VIEW(tag));
	return buf_end(out, "JWE");
}

enum err jwe_encrypt(const struct jose_key *to, const char *cty, struct view plain, struct buf *out)
{
	uint8_t key[KEY];

	TRY(check_curve(to));
	if (plain.len == 0 || plain.len > JWE_PLAIN_MAX) {
		return err_fail(ERR_RANGE, "JWE: content of 1 to %d bytes", JWE_PLAIN_MAX);
	}
	enum err err = encrypt(to, cty, plain, key, out);

	bytes_wipe(key, sizeof(key));
	return err;
}

/* --- decrypting --- */

static enum err split(struct view compact, struct view ret[PARTS])
{
	const uint8_t *at = compact.data, *end = compact.data + compact.len;

	for (size_t i = 0; i < PARTS; i++) {
		const uint8_t *dot = at < end ? memchr(at, '.', (size_t)(end - at)) : NULL;

		if ((i + 1 < PARTS) != (dot != NULL)) {
			return err_fail(ERR_SYNTAX, "JWE: not five parts (RFC 7516 7.1)");
		}
		ret[i] = view_of(at, (size_t)((dot ? dot : end) - at));
		at = dot ? dot + 1 : end;
	}
	return OK;
}

/* What the header says of the agreement. */
struct agreement {
	struct jose_key *ephemeral;
	uint8_t apu[PARTY_MAX], apv[PARTY_MAX];
	size_t apu_len, apv_len;
};

static void free_agreement(struct agreement *agreement)
{
	jose_key_free(agreement->ephemeral);
}

static enum err read_party(const struct json *header, const char *name, uint8_t ret[PARTY_MAX],
	size_t *ret_len)
{
	struct view text = {.len = 0};

	TRY(json_text_opt(header, name, &text));
	return text.len > 0 ? text_from_base64url(text, ret, PARTY_MAX, ret_len, name) : OK;
}

static enum err check_names(const struct jose_key *key, const struct json *header, const char *cty)
{
	char thumbprint[JOSE_THUMBPRINT];
	struct view alg, enc, said = {.len = 0}, kid = {.len = 0};

	TRY(json_text(header, "alg", &alg));
	TRY(json_text(header, "enc", &enc));
	TRY(json_text_opt(header, "cty", &said));
	TRY(json_text_opt(header, "kid", &kid));
	if (!view_is(alg, ALG) || !view_is(enc, ENC)) {
		return err_fail(ERR_UNSUPPORTED, "JWE: " ALG " with " ENC " is wanted");
	}
	if (json_member(header, "crit") || json_member(header, "zip")) {
		return err_fail(ERR_UNSUPPORTED, "JWE: crit or zip (RFC 7516 4.1)");
	}
	if (!view_is(said, cty)) {
		return err_fail(ERR_AUTH, "JWE: its content is not of type %s", cty);
	}
	TRY(jose_thumbprint(key, thumbprint));
	return kid.len == 0 || view_is(kid, thumbprint)
		       ? OK
		       : err_fail(ERR_AUTH, "JWE: it is for another key");
}

static enum err read_header(const struct jose_key *key, struct view encoded, const char *cty,
	struct agreement *ret)
{
	uint8_t text[HEADER_MAX];
	size_t len = 0;
	JSON_CLEANUP struct json *header = NULL;

	TRY(text_from_base64url(encoded, text, sizeof(text), &len, "JWE header"));
	TRY(json_parse(view_of(text, len), HEADER_MAX, &header));
	TRY(check_names(key, header, cty));
	const struct json *epk = json_member(header, "epk");

	if (!epk) {
		return err_fail(ERR_SYNTAX, "JWE: no epk (RFC 7518 4.6.1.1)");
	}
	TRY(read_party(header, "apu", ret->apu, &ret->apu_len));
	TRY(read_party(header, "apv", ret->apv, &ret->apv_len));
	TRY(jose_key_from_jwk(epk, &ret->ephemeral));
	return check_curve(ret->ephemeral);
}

static enum err read_part(struct view encoded, uint8_t *ret, size_t want, const char *what)
{
	size_t len = 0;

	TRY(text_from_base64url(encoded, ret, want, &len, what));
	return len == want ? OK : err_fail(ERR_SYNTAX, "%s: %zu bytes", what, len);
}

static enum err open_key(const struct jose_key *key, const char *cty,
	const struct view parts[PARTS], uint8_t ret[KEY])
{
	struct agreement agreement __attribute__((cleanup(free_agreement))) = {.ephemeral = NULL};
	uint8_t wrapped[WRAPPED];
	SECRET(shared);

	TRY(read_header(key, parts[HEADER], cty, &agreement));
	TRY(read_part(parts[ENCRYPTED_KEY], wrapped, sizeof(wrapped), "JWE encrypted key"));
	TRY(agree(key, agreement.ephemeral, view_of(agreement.apu, agreement.apu_len),
		view_of(agreement.apv, agreement.apv_len), &shared));
	return wrap(&shared, false, wrapped, WRAPPED, ret, KEY);
}

/* In place: what is not genuine is overwritten and taken back. */
static enum err open_content(const uint8_t key[KEY], const struct view parts[PARTS], struct buf *ret)
{
	uint8_t iv[IV], tag[TAG];
	size_t room = parts[CIPHERTEXT].len / 4 * 3 + 3, len = 0;

	TRY(read_part(parts[VECTOR], iv, sizeof(iv), "JWE IV"));
	TRY(read_part(parts[AUTH_TAG], tag, sizeof(tag), "JWE tag"));
	uint8_t *to = buf_extend(ret, room);

	if (!to) {
		return buf_end(ret, "JWE content");
	}
	enum err err = text_from_base64url(parts[CIPHERTEXT], to, room, &len, "JWE content");

	err = err == OK ? unseal(key, iv, parts[HEADER], view_of(to, len), tag, to) : err;
	bytes_wipe(to + (err == OK ? len : 0), room - (err == OK ? len : 0));
	ret->len -= room - (err == OK ? len : 0);
	return err;
}

enum err jwe_decrypt(const struct jose_key *key, const char *cty, struct view compact,
	struct buf *ret)
{
	struct view parts[PARTS];
	uint8_t content_key[KEY];

	TRY(check_curve(key));
	if (!key->is_pair) {
		return err_fail(ERR_NOT_FOUND, "JWE: no private key to open with");
	}
	if (compact.len > JWE_MAX) {
		return err_fail(ERR_RANGE, "JWE: longer than %d bytes", JWE_MAX);
	}
	TRY(split(compact, parts));
	enum err err = open_key(key, cty, parts, content_key);

	err = err == OK ? open_content(content_key, parts, ret) : err;
	bytes_wipe(content_key, sizeof(content_key));
	return err;
}

/* --- RFC 7518 4.6.2, 4.4, 5.3 --- */

static enum err exchange(const struct jose_key *own, const struct jose_key *other, uint8_t ret[KEY])
{
	CONTEXT_CLEANUP EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own->pkey, NULL);
	size_t len = KEY;

	return context && EVP_PKEY_derive_init(context) == 1 &&
			       EVP_PKEY_derive_set_peer(context, other->pkey) == 1 &&
			       EVP_PKEY_derive(context, ret, &len) == 1 && len == KEY
		       ? OK
		       : crypto("no agreement");
}

/* Concat KDF (NIST SP 800-56A 5.8.1), one round: SHA-256 gives as many bits as are wanted. */
static enum err agree(const struct jose_key *own, const struct jose_key *other, struct view apu,
	struct view apv, struct secret *ret)
{
	DIGEST_CLEANUP EVP_MD_CTX *digest = EVP_MD_CTX_new();
	uint8_t z[KEY], made[KEY], room[4 * 4 + 16 + 2 * PARTY_MAX];
	struct buf info = buf_fixed(room, sizeof(room));

	buf_u32(&info, sizeof(ALG) - 1);
	buf_text(&info, ALG);
	buf_u32(&info, (uint32_t)apu.len);
	buf_view(&info, apu);
	buf_u32(&info, (uint32_t)apv.len);
	buf_view(&info, apv);
	buf_u32(&info, KEY * 8);
	TRY(buf_end(&info, "JWE agreement"));
	TRY(exchange(own, other, z));
	bool done = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(digest, "\0\0\0\1", 4) == 1 &&
		    EVP_DigestUpdate(digest, z, sizeof(z)) == 1 &&
		    EVP_DigestUpdate(digest, info.data, info.len) == 1 &&
		    EVP_DigestFinal_ex(digest, made, NULL) == 1;
	enum err err = done ? secret_set(ret, made, sizeof(made)) : crypto("no agreement");

	bytes_wipe(z, sizeof(z));
	bytes_wipe(made, sizeof(made));
	return err;
}

/* AES key wrap (RFC 3394). */
static enum err wrap(const struct secret *under, bool wrapping, const uint8_t *in, int len,
	uint8_t *out, int want)
{
	CIPHER_CLEANUP EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t room[WRAPPED + 16];
	int written = 0;

	if (!cipher) {
		return crypto("no key wrap");
	}
	EVP_CIPHER_CTX_set_flags(cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	bool done = EVP_CipherInit_ex(cipher, EVP_aes_256_wrap(), NULL, under->bytes, NULL,
			    wrapping) == 1 &&
		    EVP_CipherUpdate(cipher, room, &written, in, len) == 1 && written == want;

	if (done) {
		memcpy(out, room, (size_t)want);
	}
	bytes_wipe(room, sizeof(room));
	return done ? OK : err_fail(ERR_AUTH, "JWE: its key does not open");
}

static enum err seal(const uint8_t key[KEY], const uint8_t iv[IV], struct view header,
	struct view plain, uint8_t *ret_text, uint8_t ret_tag[TAG])
{
	CIPHER_CLEANUP EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t none[16];
	int written = 0;

	return cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
			       EVP_EncryptUpdate(cipher, NULL, &written, header.data,
				       (int)header.len) == 1 &&
			       EVP_EncryptUpdate(cipher, ret_text, &written, plain.data,
				       (int)plain.len) == 1 &&
			       EVP_EncryptFinal_ex(cipher, none, &written) == 1 &&
			       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, ret_tag) == 1
		       ? OK
		       : crypto("not encrypted");
}

static enum err unseal(const uint8_t key[KEY], const uint8_t iv[IV], struct view header,
	struct view text, uint8_t tag[TAG], uint8_t *ret)
{
	CIPHER_CLEANUP EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t none[16];
	int written = 0;

	return cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
			       EVP_DecryptUpdate(cipher, NULL, &written, header.data,
				       (int)header.len) == 1 &&
			       EVP_DecryptUpdate(cipher, ret, &written, text.data, (int)text.len) ==
				       1 &&
			       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
			       EVP_DecryptFinal_ex(cipher, none, &written) == 1
		       ? OK
		       : err_fail(ERR_AUTH, "JWE: changed, or for another key");
}
