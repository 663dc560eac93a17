// SPDX-License-Identifier: Apache-2.0
/*
 * public_key: a device's public key as it is registered and pinned: SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7), and
 * its SHA-256, by which it is found. Keys of the kinds that TLS 1.3 signs with, and not weaker than 112 bits.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { PUBLIC_KEY_MAX = 1200, PUBLIC_KEY_DIGEST = 32 }; /* RSA of 8192 bits */

struct public_key {
	uint8_t der[PUBLIC_KEY_MAX];
	size_t len;
	uint8_t digest[PUBLIC_KEY_DIGEST];
	const char *algorithm; /* "p-256", "p-384", "p-521", "ed25519", "rsa" */
	int bits;	       /* of the key itself */
	int strength;	       /* bits of security, as NIST SP 800-57 counts them */
};

/* From one PEM block, PUBLIC KEY or CERTIFICATE. ERR_SYNTAX: none, or a private key, which is not to leave its
 * device. ERR_UNSUPPORTED: of another kind, or too weak. */
enum err public_key_from_pem(struct view pem, struct public_key *ret);
/* From SubjectPublicKeyInfo; the same errors. It is written anew, so that one key has one digest. */
enum err public_key_from_der(struct view der, struct public_key *ret);
/* The same of a key that OpenSSL has read already, out of a certificate say. */
struct evp_pkey_st;
enum err public_key_from_openssl(struct evp_pkey_st *key, struct public_key *ret);
/* Appends a PUBLIC KEY block. */
enum err public_key_to_pem(struct view der, struct buf *out);
