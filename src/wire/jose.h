// SPDX-License-Identifier: Apache-2.0
/*
 * jose: signed documents as compact JWS (RFC 7515), with ES256 (RFC 7518 3.4) or EdDSA over Ed25519 (RFC 8037), and
 * nothing else: docs/decisions/0012-own-jws.md. A signature is only ever checked with a key that the caller has pinned;
 * what the header says of keys is not looked at, but for `kid` to choose among them.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum jose_algorithm { JOSE_ES256 = 1, JOSE_EDDSA = 2 };
const char *jose_algorithm_name(enum jose_algorithm algorithm); /* "ES256", "EdDSA" */

/* The longest JWS that is looked at, and the longest payload, unless the caller says another; and a signature's length,
 * which is the same for both algorithms. */
enum { JOSE_MAX = 96 * 1024, JOSE_PAYLOAD_MAX = 64 * 1024, JOSE_SIGNATURE = 64 };

struct jose_key; /* P-256 or Ed25519, public, or a pair that can sign */

/* From one PEM block: PRIVATE KEY, EC PRIVATE KEY, PUBLIC KEY, or a CERTIFICATE's. ERR_UNSUPPORTED: a key of another
 * kind. ERR_SYNTAX: no key; an encrypted one is none. */
enum err jose_key_from_pem(struct view pem, struct jose_key **ret);
enum err jose_key_make(enum jose_algorithm algorithm, struct jose_key **ret); /* a new pair */
enum jose_algorithm jose_key_algorithm(const struct jose_key *key);
void jose_key_free(struct jose_key *key); /* NULL is fine */
#define JOSE_KEY_CLEANUP __attribute__((cleanup(jose_key_cleanup)))
void jose_key_cleanup(struct jose_key **key);

/* Appends PEM. The private half is written only when asked for: ERR_NOT_FOUND when there is none. */
enum err jose_key_to_pem(const struct jose_key *key, bool private_half, struct buf *out);

/* The public half as bytes to keep: algorithm(1), then the point (04 x y) or the 32 bytes of RFC 8032. */
enum { JOSE_PUBLIC_MAX = 66 };
enum err jose_key_public(const struct jose_key *key, struct buf *out);
enum err jose_key_from_public(struct view bytes, struct jose_key **ret);

/* The same as SubjectPublicKeyInfo, in DER. */
enum { JOSE_SPKI_MAX = 128 };
enum err jose_key_spki(const struct jose_key *key, struct buf *out);
enum err jose_key_from_spki(struct view der, struct jose_key **ret);
/* The public half of a key that OpenSSL has read already, out of a certificate say; what is given stays the caller's. */
struct evp_pkey_st;
enum err jose_key_from_openssl(struct evp_pkey_st *key, struct jose_key **ret);

/* RFC 7638, SHA-256, base64url: the `kid` of what it signs. */
enum { JOSE_THUMBPRINT = 44 };
enum err jose_thumbprint(const struct jose_key *key, char ret[JOSE_THUMBPRINT]);

/* The public half as a JWK (RFC 7517), with the required members alone, as a member of an object or, with NULL, of an array.
 * Read, further members are passed over, a private half too. ERR_SYNTAX, ERR_UNSUPPORTED: another kind of key. */
struct json;
struct json_writer;
enum err jose_key_write_jwk(const struct jose_key *key, struct json_writer *w, const char *name);
enum err jose_key_from_jwk(const struct json *jwk, struct jose_key **ret);

/* Keys from what people have of somebody's: PEM of one, a JWK, or an object with "keys", such as a JWK set or a registry's
 * document, in which kinds that are not ours are passed over. On success the caller frees *ret_count of them, at least one.
 * ERR_SYNTAX, ERR_UNSUPPORTED: none. */
enum err jose_keys_read(struct view text, size_t max, struct jose_key **ret, size_t *ret_count);

/* Appends {"alg","kid","typ"}.payload.signature. ERR_NOT_FOUND: the key has no private half. */
enum err jose_sign(const struct jose_key *key, const char *typ, struct view payload,
	struct buf *out);

/* The same for a payload of up to `max` bytes. */
enum err jose_sign_within(const struct jose_key *key, const char *typ, struct view payload,
	size_t max, struct buf *out);

/* A signature alone, as it stands in a JWS: r and s of 32 bytes each, or the 64 bytes of RFC 8032; and whether it is one over
 * the text. ERR_NOT_FOUND as above. */
enum err jose_sign_text(const struct jose_key *key, struct view text, uint8_t ret[JOSE_SIGNATURE]);
bool jose_has_signed(const struct jose_key *key, struct view text,
	const uint8_t signature[JOSE_SIGNATURE]);

/* The same with a P-256 key whose private half is elsewhere, in a secure element: `sign` appends the DER of ECDSA with
 * SHA-256 over the text. `key` is the public half, and what it says is checked under it: ERR_AUTH. */
typedef enum err jose_signer(void *user, struct view text, struct buf *ret_der);
enum err jose_sign_with(const struct jose_key *key, jose_signer *sign, void *user, const char *typ,
	struct view payload, struct buf *out);

/*
 * Appends the payload to `ret` when one of the keys has signed it, under its own algorithm and as this `typ`.
 * ERR_SYNTAX: not a compact JWS; ERR_RANGE: too long; ERR_UNSUPPORTED: `crit`, or another algorithm than the keys';
 * ERR_AUTH: another typ, another key, or changed.
 */
enum err jose_verify(const struct jose_key *const *keys, size_t count, const char *typ,
	struct view compact, struct buf *ret);
/* The same for a JWS of up to `max` bytes. */
enum err jose_verify_within(const struct jose_key *const *keys, size_t count, const char *typ,
	struct view compact, size_t max, struct buf *ret);
/* What is said in a JWS, appended, without a look at its signature: to find out whose key is wanted. ERR_SYNTAX, ERR_RANGE. */
enum err jose_peek(struct view compact, struct buf *ret);
