// SPDX-License-Identifier: Apache-2.0
#include "wire/jose_key.h"

#include "base/text.h"
#include "wire/json.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE = 32, POINT = 1 + 2 * COORDINATE, ED25519 = 32, UNCOMPRESSED = 4 };

static const char curve[] = "prime256v1";

static enum err crypto(const char *what)
{
	return err_fail(ERR_CRYPTO, "JWS key: %s", what);
}

const char *jose_algorithm_name(enum jose_algorithm algorithm)
{
	return algorithm == JOSE_ES256 ? "ES256" : algorithm == JOSE_EDDSA ? "EdDSA" : "unknown";
}

enum jose_algorithm jose_key_algorithm(const struct jose_key *key)
{
	return key->algorithm;
}

void jose_key_free(struct jose_key *key)
{
	if (key) {
		EVP_PKEY_free(key->pkey);
		free(key);
	}
}

void jose_key_cleanup(struct jose_key **key)
{
	jose_key_free(*key);
}

static enum err algorithm_of(const EVP_PKEY *pkey, enum jose_algorithm *ret)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*ret = JOSE_EDDSA;
		return OK;
	}
	if (EVP_PKEY_is_a(pkey, "EC") &&
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 &&
		strcmp(group, curve) == 0) {
		*ret = JOSE_ES256;
		return OK;
	}
	return err_fail(ERR_UNSUPPORTED, "JWS key: neither P-256 nor Ed25519");
}

static enum err find_half(struct jose_key *key);
static enum err find_thumbprint(struct jose_key *key);

/* `key`, whose public half is known. Takes what it holds over, after failure too. */
static enum err make(const struct jose_key *key, struct jose_key **ret)
{
	struct jose_key *made = calloc(1, sizeof(*made));

	if (!made) {
		EVP_PKEY_free(key->pkey);
		return err_fail(ERR_MEMORY, "JWS key: out of memory");
	}
	*made = *key;
	enum err err = find_thumbprint(made);

	if (err != OK) {
		jose_key_free(made);
		return err;
	}
	*ret = made;
	return OK;
}

/* Takes the key over, after failure too. */
static enum err wrap(EVP_PKEY *pkey, bool is_pair, struct jose_key **ret)
{
	struct jose_key key = {.pkey = pkey, .is_pair = is_pair};
	enum err err = algorithm_of(pkey, &key.algorithm);

	err = err == OK ? find_half(&key) : err;
	if (err != OK) {
		EVP_PKEY_free(pkey);
		return err;
	}
	return make(&key, ret);
}

/* --- PEM --- */

/* Nobody is asked at a terminal. */
static int no_password(char *to, int room, int writing, void *user)
{
	(void)to;
	(void)room;
	(void)writing;
	(void)user;
	return -1;
}

static EVP_PKEY *key_of_certificate(BIO *pem)
{
	X509 *certificate = PEM_read_bio_X509(pem, NULL, no_password, NULL);
	EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return pkey;
}

static EVP_PKEY *read_pem(struct view pem, bool *ret_is_pair)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	*ret_is_pair = pkey != NULL;
	if (bio && !pkey && BIO_reset(bio) == 1) {
		pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	}
	if (bio && !pkey && BIO_reset(bio) == 1) {
		pkey = key_of_certificate(bio);
	}
	BIO_free(bio);
	return pkey;
}

enum err jose_key_from_pem(struct view pem, struct jose_key **ret)
{
	bool is_pair = false;
	EVP_PKEY *pkey = pem.len > 0 && pem.len <= JOSE_MAX ? read_pem(pem, &is_pair) : NULL;

	return pkey ? wrap(pkey, is_pair, ret) : err_fail(ERR_SYNTAX, "JWS key: no PEM of a key");
}

enum err jose_key_to_pem(const struct jose_key *key, bool private_half, struct buf *out)
{
	if (private_half && !key->is_pair) {
		return err_fail(ERR_NOT_FOUND, "JWS key: it has no private half");
	}
	BIO *bio = BIO_new(private_half ? BIO_s_secmem() : BIO_s_mem());
	char *text = NULL;
	int done = !bio		  ? 0
		   : private_half ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0,
					    NULL, NULL)
				  : PEM_write_bio_PUBKEY(bio, key->pkey);
	long len = done == 1 ? BIO_get_mem_data(bio, &text) : 0;

	buf_bytes(out, text ? text : "", len > 0 ? (size_t)len : 0);
	BIO_free(bio);
	return len > 0 ? buf_end(out, "PEM") : crypto("no PEM");
}

enum err jose_key_make(enum jose_algorithm algorithm, struct jose_key **ret)
{
	EVP_PKEY *pkey = algorithm == JOSE_ES256 ? EVP_EC_gen(curve)
						 : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	return pkey ? wrap(pkey, true, ret) : crypto("not made");
}

/* --- the public half --- */

static enum err find_half(struct jose_key *key)
{
	if (EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, key->half,
		    sizeof(key->half), &key->half_len) != 1 ||
		key->half_len != (key->algorithm == JOSE_ES256 ? (size_t)POINT : (size_t)ED25519) ||
		(key->algorithm == JOSE_ES256 && key->half[0] != UNCOMPRESSED)) {
		return crypto("its public half");
	}
	return OK;
}

enum err jose_key_public(const struct jose_key *key, struct buf *out)
{
	buf_u8(out, (uint8_t)key->algorithm);
	buf_bytes(out, key->half, key->half_len);
	return buf_end(out, "public key");
}

/* OpenSSL checks that the point is on the curve. */
static EVP_PKEY *from_point(struct view point)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.data,
			point.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (context && EVP_PKEY_fromdata_init(context) == 1) {
		(void)EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	}
	EVP_PKEY_CTX_free(context);
	return pkey;
}

enum err jose_key_from_public(struct view bytes, struct jose_key **ret)
{
	struct reader r = reader_of(bytes);
	struct jose_key key = {.algorithm = (enum jose_algorithm)reader_u8(&r)};
	struct view half = reader_bytes(&r, reader_left(&r));

	if (key.algorithm == JOSE_ES256 && half.len == POINT && half.data[0] == UNCOMPRESSED) {
		key.pkey = from_point(half);
	} else if (key.algorithm == JOSE_EDDSA && half.len == ED25519) {
		key.pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, half.data, half.len);
	}
	if (!key.pkey) {
		return err_fail(ERR_SYNTAX, "JWS key: not a public key");
	}
	memcpy(key.half, half.data, half.len);
	key.half_len = half.len;
	return make(&key, ret);
}

/* --- as SubjectPublicKeyInfo --- */

enum err jose_key_spki(const struct jose_key *key, struct buf *out)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);

	if (len <= 0) {
		return crypto("no SubjectPublicKeyInfo");
	}
	buf_bytes(out, der, (size_t)len);
	OPENSSL_free(der);
	return buf_end(out, "SubjectPublicKeyInfo");
}

enum err jose_key_from_spki(struct view der, struct jose_key **ret)
{
	const uint8_t *at = der.data;
	EVP_PKEY *pkey =
		der.len > 0 && der.len <= INT_MAX ? d2i_PUBKEY(NULL, &at, (long)der.len) : NULL;

	if (!pkey || at != der.data + der.len) {
		EVP_PKEY_free(pkey);
		return err_fail(ERR_SYNTAX, "JWS key: no SubjectPublicKeyInfo");
	}
	return wrap(pkey, false, ret);
}

enum err jose_key_from_openssl(EVP_PKEY *key, struct jose_key **ret)
{
	return EVP_PKEY_up_ref(key) == 1 ? wrap(key, false, ret) : crypto("reference");
}

/* --- as a JWK --- */

static void put_number(struct json_writer *w, const char *name, const uint8_t *number)
{
	char text[COORDINATE * 2];
	struct buf out = buf_fixed(text, sizeof(text));

	text_base64url(&out, view_of(number, COORDINATE));
	json_put_text(w, name, buf_contents(&out));
}

/* RFC 7638 3.2: the required members in the order of their names. */
static void write_jwk(struct json_writer *w, const char *name, const struct jose_key *key)
{
	const bool ec = key->algorithm == JOSE_ES256;

	static_assert((int)ED25519 == (int)COORDINATE, "one length for all");
	json_open(w, name);
	json_put_string(w, "crv", ec ? "P-256" : "Ed25519");
	json_put_string(w, "kty", ec ? "EC" : "OKP");
	put_number(w, "x", ec ? key->half + 1 : key->half);
	if (ec) {
		put_number(w, "y", key->half + 1 + COORDINATE);
	}
	json_close(w);
}

enum err jose_key_write_jwk(const struct jose_key *key, struct json_writer *w, const char *name)
{
	write_jwk(w, name, key);
	return OK;
}

static enum err read_number(const struct json *jwk, const char *name, uint8_t ret[COORDINATE])
{
	struct view text;
	size_t len = 0;

	TRY(json_text(jwk, name, &text));
	TRY(text_from_base64url(text, ret, COORDINATE, &len, "JWK"));
	return len == COORDINATE
		       ? OK
		       : err_fail(ERR_SYNTAX, "JWK: %s of %zu bytes (RFC 7518 6.2.1)", name, len);
}

enum err jose_key_from_jwk(const struct json *jwk, struct jose_key **ret)
{
	uint8_t bytes[JOSE_PUBLIC_MAX] = {JOSE_EDDSA};
	struct view kty, crv;

	TRY(json_text(jwk, "kty", &kty));
	TRY(json_text(jwk, "crv", &crv));
	if (view_is(kty, "OKP") && view_is(crv, "Ed25519")) {
		TRY(read_number(jwk, "x", bytes + 1));
		return jose_key_from_public(view_of(bytes, 1 + ED25519), ret);
	}
	if (!view_is(kty, "EC") || !view_is(crv, "P-256")) {
		return err_fail(ERR_UNSUPPORTED, "JWK: neither P-256 nor Ed25519");
	}
	bytes[0] = JOSE_ES256;
	bytes[1] = UNCOMPRESSED;
	TRY(read_number(jwk, "x", bytes + 2));
	TRY(read_number(jwk, "y", bytes + 2 + COORDINATE));
	return jose_key_from_public(view_of(bytes, 1 + POINT), ret);
}

enum err jose_thumbprint(const struct jose_key *key, char ret[JOSE_THUMBPRINT])
{
	memcpy(ret, key->thumbprint, JOSE_THUMBPRINT);
	return OK;
}

static enum err find_thumbprint(struct jose_key *key)
{
	uint8_t digest[32], text[256];
	struct buf jwk = buf_fixed(text, sizeof(text));
	struct buf out = buf_fixed(key->thumbprint, JOSE_THUMBPRINT);
	struct json_writer w = json_to(&jwk);

	write_jwk(&w, NULL, key);
	TRY(buf_end(&jwk, "JWK"));
	if (EVP_Digest(jwk.data, jwk.len, digest, NULL, EVP_sha256(), NULL) != 1) {
		return crypto("SHA-256");
	}
	text_base64url(&out, VIEW(digest));
	buf_u8(&out, 0);
	return buf_end(&out, "thumbprint");
}

/* --- of whatever form --- */

static enum err read_document(const struct json *root, size_t max, struct jose_key **ret,
	size_t *ret_count)
{
	const struct json *keys = json_member(root, "keys");
	size_t count = 0;

	if (!keys) {
		TRY(jose_key_from_jwk(root, ret));
		*ret_count = 1;
		return OK;
	}
	for (const struct json *at = json_item(keys, 0); at && count < max; at = json_next(at)) {
		count += jose_key_from_jwk(at, &ret[count]) == OK;
	}
	*ret_count = count;
	return count > 0 ? OK : err_fail(ERR_UNSUPPORTED, "keys: none that is known here");
}

enum err jose_keys_read(struct view text, size_t max, struct jose_key **ret, size_t *ret_count)
{
	JSON_CLEANUP struct json *root = NULL;

	if (text.len == 0 || text.data[0] != '{') {
		TRY(jose_key_from_pem(text, ret));
		*ret_count = 1;
		return OK;
	}
	TRY(json_parse(text, JOSE_MAX, &root));
	return read_document(root, max, ret, ret_count);
}
