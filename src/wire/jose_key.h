// SPDX-License-Identifier: Apache-2.0
/* jose_key: what a key is, for jose.c and jose_key.c alone. */
#pragma once

#include "wire/jose.h"

#include <openssl/evp.h>

struct jose_key {
	enum jose_algorithm algorithm;
	EVP_PKEY *pkey;
	bool is_pair;
	/* Found once: OpenSSL takes microseconds to tell them. */
	uint8_t half[JOSE_PUBLIC_MAX]; /* the public one, of half_len bytes: a point uncompressed, or Ed25519's 32 */
	size_t half_len;
	char thumbprint[JOSE_THUMBPRINT]; /* asked for at each signature */
};
