// SPDX-License-Identifier: Apache-2.0
/* jose_key: what a key is, for jose.c and jose_key.c alone. */
#pragma once

#include "wire/jose.h"

#include <openssl/evp.h>

struct jose_key {
	enum jose_algorithm algorithm;
	EVP_PKEY *pkey;
	bool is_pair;
	char thumbprint[JOSE_THUMBPRINT]; /* asked for at each signature */
};
