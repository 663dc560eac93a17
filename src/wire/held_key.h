// SPDX-License-Identifier: Apache-2.0
/*
 * held_key: a P-256 key pair whose private half is held elsewhere, such as in a secure element, for OpenSSL to sign with: in
 * TLS as in certificates. OpenSSL is given the public half and a function; the provider between them has no key.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/provider.h>

/* Appends ECDSA over SHA-256 of the message, in DER. */
typedef enum err held_key_sign(void *user, struct view message, struct buf *ret);

/* A library context in which such keys are known, beside all that OpenSSL's default provider has. ERR_MEMORY, ERR_CRYPTO. */
struct held_keys {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *theirs, *ours;
};
enum err held_keys_new(struct held_keys *ret);
void held_keys_free(struct held_keys *keys); /* after all that was made from it; zeroes are fine */

/* `point`: the public half, 04 x y. What `user` points to outlives the key. ERR_SYNTAX: not a point; ERR_CRYPTO. */
enum { HELD_KEY_POINT = 65 };
enum err held_key_new(const struct held_keys *keys, struct view point, held_key_sign *sign,
	void *user, EVP_PKEY **ret);
