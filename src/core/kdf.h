// SPDX-License-Identifier: Apache-2.0
/* kdf: the 3GPP key derivation function, HMAC-SHA-256 over FC || P0 || L0 || P1 || L1 ... (TS 33.220 B.2). */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/* KDF_INPUT_MAX: FC, parameters and their lengths together; the longest identities fit. */
enum { KDF_SIZE = 32, KDF_INPUT_MAX = 2048 };

/* HMAC-SHA-256 itself (RFC 2104). Keeps nothing of the key. */
enum err kdf_hmac(const struct secret *key, struct view text, uint8_t ret[KDF_SIZE]);

/* ERR_RANGE when the input is longer or the key is empty. Keeps nothing of the key. */
enum err kdf(const struct secret *key, uint8_t fc, const struct view *params, size_t count,
	uint8_t ret[KDF_SIZE]);
