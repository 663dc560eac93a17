// SPDX-License-Identifier: Apache-2.0
#include "wire/jose.h"

#include "base/text.h"
#include "wire/jose_key.h"
#include "wire/json.h"

#include <openssl/ecdsa.h>
#include <string.h>

enum { HEADER_MAX = 2048, DER_MAX = 80 };

/* The three parts as they stand, and taken apart. */
struct parts {
	struct view signed_text; /* header.payload */
	struct view payload;	 /* base64url */
	uint8_t header[HEADER_MAX], signature[JOSE_SIGNATURE];
	size_t header_len;
};

/* --- signing --- */

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static void free_signature(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}

#define CONTEXT_CLEANUP	  __attribute__((cleanup(free_context)))
#define SIGNATURE_CLEANUP __attribute__((cleanup(free_signature)))

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "JWS: %s", what);
}

static const EVP_MD *digest_of(const struct jose_key *key)
{
	return key->algorithm == JOSE_ES256 ? EVP_sha256() : NULL;
}

/* RFC 7518 3.4: r and s, 32 bytes each, where OpenSSL has DER. */
static enum err from_der(const uint8_t *der, size_t len, uint8_t ret[JOSE_SIGNATURE])
{
	SIGNATURE_CLEANUP ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)len);

	if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, JOSE_SIGNATURE / 2) < 0 ||
		BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + JOSE_SIGNATURE / 2,
			JOSE_SIGNATURE / 2) < 0) {
		return crypto("signature");
	}
	return OK;
}

enum err jose_sign_text(const struct jose_key *key, struct view text, uint8_t ret[JOSE_SIGNATURE])
{
	if (!key->is_pair) {
		return err_fail(ERR_NOT_FOUND, "JWS: no private key to sign with");
	}
	CONTEXT_CLEANUP EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t len = key->algorithm == JOSE_ES256 ? sizeof(der) : JOSE_SIGNATURE;
	uint8_t *to = key->algorithm == JOSE_ES256 ? der : ret;

	if (!context || EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key->pkey) != 1 ||
		EVP_DigestSign(context, to, &len, text.data, text.len) != 1) {
		return crypto("no signature");
	}
	return key->algorithm == JOSE_ES256 ? from_der(der, len, ret) : OK;
}

/* header.payload */
static enum err write_text(const struct jose_key *key, const char *typ, struct view payload,
	size_t max, struct buf *out)
{
	char kid[JOSE_THUMBPRINT];
	BUF_CLEANUP struct buf header = buf_growing(HEADER_MAX);
	struct json_writer w = json_to(&header);

	if (payload.len > max) {
		return err_fail(ERR_RANGE, "JWS: payload longer than %zu bytes", max);
	}
	TRY(jose_thumbprint(key, kid));
	json_open(&w, NULL);
	json_put_string(&w, "alg", jose_algorithm_name(key->algorithm));
	json_put_string(&w, "kid", kid);
	json_put_string(&w, "typ", typ);
	json_close(&w);
	TRY(buf_end(&header, "JWS header"));
	text_base64url(out, buf_contents(&header));
	buf_u8(out, '.');
	text_base64url(out, payload);
	return buf_end(out, "JWS");
}

static enum err write_signature(const uint8_t signature[JOSE_SIGNATURE], struct buf *out)
{
	buf_u8(out, '.');
	text_base64url(out, view_of(signature, JOSE_SIGNATURE));
	return buf_end(out, "JWS");
}

enum err jose_sign_within(const struct jose_key *key, const char *typ, struct view payload,
	size_t max, struct buf *out)
{
	uint8_t signature[JOSE_SIGNATURE];
	size_t begin = out->len;

	if (!key->is_pair) {
		return err_fail(ERR_NOT_FOUND, "JWS: no private key to sign with");
	}
	TRY(write_text(key, typ, payload, max, out));
	TRY(jose_sign_text(key, view_of(out->data + begin, out->len - begin), signature));
	return write_signature(signature, out);
}

enum err jose_sign(const struct jose_key *key, const char *typ, struct view payload, struct buf *out)
{
	return jose_sign_within(key, typ, payload, JOSE_PAYLOAD_MAX, out);
}

/* --- verifying --- */

static enum err split(struct view compact, struct parts *ret)
{
	const uint8_t *end = compact.data + compact.len;
	const uint8_t *first = compact.len > 0 ? memchr(compact.data, '.', compact.len) : NULL;
	const uint8_t *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
	size_t len = 0;

	if (!second) {
		return err_fail(ERR_SYNTAX, "JWS: not three parts (RFC 7515 3.1)");
	}
	ret->signed_text = view_of(compact.data, (size_t)(second - compact.data));
	ret->payload = view_of(first + 1, (size_t)(second - first - 1));
	TRY(text_from_base64url(view_of(compact.data, (size_t)(first - compact.data)), ret->header,
		sizeof(ret->header), &ret->header_len, "JWS header"));
	TRY(text_from_base64url(view_of(second + 1, (size_t)(end - second - 1)), ret->signature,
		sizeof(ret->signature), &len, "JWS signature"));
	return len == JOSE_SIGNATURE ? OK : err_fail(ERR_AUTH, "JWS: signature of %zu bytes", len);
}

/* What an attacker may choose is compared, never obeyed. */
struct header {
	struct json *root;
	struct view alg, kid;
};

static void free_header(struct header *header)
{
	json_free(header->root);
}

static enum err read_header(const struct parts *parts, const char *typ, struct header *ret)
{
	struct view said = {.len = 0};

	TRY(json_parse(view_of(parts->header, parts->header_len), HEADER_MAX, &ret->root));
	TRY(json_text(ret->root, "alg", &ret->alg));
	TRY(json_text_opt(ret->root, "kid", &ret->kid));
	TRY(json_text_opt(ret->root, "typ", &said));
	if (json_member(ret->root, "crit")) {
		return err_fail(ERR_UNSUPPORTED, "JWS: crit (RFC 7515 4.1.11)");
	}
	return view_is(said, typ) ? OK : err_fail(ERR_AUTH, "JWS: not of type %s", typ);
}

static enum err to_der(const uint8_t signature[JOSE_SIGNATURE], uint8_t der[DER_MAX],
	size_t *ret_len)
{
	SIGNATURE_CLEANUP ECDSA_SIG *both = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, JOSE_SIGNATURE / 2, NULL);
	BIGNUM *s = BN_bin2bn(signature + JOSE_SIGNATURE / 2, JOSE_SIGNATURE / 2, NULL);

	if (!both || !r || !s || ECDSA_SIG_set0(both, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return crypto("signature");
	}
	int len = i2d_ECDSA_SIG(both, &der);

	*ret_len = (size_t)len;
	return len > 0 ? OK : crypto("signature");
}

/* `signature` as OpenSSL has it. */
static bool is_signature(const struct jose_key *key, struct view text, struct view signature)
{
	CONTEXT_CLEANUP EVP_MD_CTX *context = EVP_MD_CTX_new();

	return context &&
	       EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key->pkey) == 1 &&
	       EVP_DigestVerify(context, signature.data, signature.len, text.data, text.len) == 1;
}

bool jose_has_signed(const struct jose_key *key, struct view text,
	const uint8_t signature[JOSE_SIGNATURE])
{
	uint8_t der[DER_MAX];
	struct view theirs = view_of(signature, JOSE_SIGNATURE);

	if (key->algorithm == JOSE_ES256) {
		theirs = view_of(der, 0);
		if (to_der(signature, der, &theirs.len) != OK) {
			return false;
		}
	}
	return is_signature(key, text, theirs);
}

/* Its algorithm is the key's, whatever the header would like. */
static enum err check_signature(const struct jose_key *const *keys, size_t count,
	const struct header *header, const struct parts *parts)
{
	bool known = false;

	for (size_t i = 0; i < count; i++) {
		char kid[JOSE_THUMBPRINT];

		TRY(jose_thumbprint(keys[i], kid));
		if (!view_is(header->alg, jose_algorithm_name(keys[i]->algorithm))) {
			continue;
		}
		known = true;
		if ((header->kid.len == 0 || view_is(header->kid, kid)) &&
			jose_has_signed(keys[i], parts->signed_text, parts->signature)) {
			return OK;
		}
	}
	return known ? err_fail(ERR_AUTH, "JWS: signed by nobody who is trusted for this")
		     : err_fail(ERR_UNSUPPORTED, "JWS: another algorithm than that of the keys");
}

static enum err take_payload(struct view encoded, struct buf *ret)
{
	size_t room = encoded.len / 4 * 3 + 3, len = 0;
	uint8_t *to = buf_extend(ret, room);

	if (!to) {
		return buf_end(ret, "JWS payload");
	}
	enum err err = text_from_base64url(encoded, to, room, &len, "JWS payload");

	ret->len -= room - (err == OK ? len : 0);
	return err;
}

enum err jose_verify_within(const struct jose_key *const *keys, size_t count, const char *typ,
	struct view compact, size_t max, struct buf *ret)
{
	struct parts parts;
	struct header header __attribute__((cleanup(free_header))) = {.root = NULL};

	if (compact.len > max) {
		return err_fail(ERR_RANGE, "JWS: longer than %zu bytes", max);
	}
	TRY(split(compact, &parts));
	TRY(read_header(&parts, typ, &header));
	TRY(check_signature(keys, count, &header, &parts));
	return take_payload(parts.payload, ret);
}

enum err jose_verify(const struct jose_key *const *keys, size_t count, const char *typ,
	struct view compact, struct buf *ret)
{
	return jose_verify_within(keys, count, typ, compact, JOSE_MAX, ret);
}

enum err jose_peek(struct view compact, struct buf *ret)
{
	struct parts parts;

	if (compact.len > JOSE_MAX) {
		return err_fail(ERR_RANGE, "JWS: longer than %d bytes", JOSE_MAX);
	}
	TRY(split(compact, &parts));
	return take_payload(parts.payload, ret);
}

/* --- signing elsewhere --- */

enum err jose_sign_with(const struct jose_key *key, jose_signer *sign, void *user, const char *typ,
	struct view payload, struct buf *out)
{
	uint8_t bytes[DER_MAX], signature[JOSE_SIGNATURE];
	struct buf der = buf_fixed(bytes, sizeof(bytes));
	size_t begin = out->len;

	if (key->algorithm != JOSE_ES256) {
		return err_fail(ERR_UNSUPPORTED, "JWS: a P-256 key is wanted");
	}
	TRY(write_text(key, typ, payload, JOSE_PAYLOAD_MAX, out));
	struct view text = view_of(out->data + begin, out->len - begin);

	TRY(sign(user, text, &der));
	TRY(buf_end(&der, "JWS signature"));
	if (!is_signature(key, text, buf_contents(&der))) {
		return err_fail(ERR_AUTH, "JWS: signed with another key than it should be");
	}
	TRY(from_der(der.data, der.len, signature));
	return write_signature(signature, out);
}
