// SPDX-License-Identifier: Apache-2.0
/*
 * tuak: the algorithm set f1, f1*, f2, f3, f4, f5, f5* of TS 35.231 on Keccak-f[1600]. Its block is 96 bytes with the
 * padding of SHAKE256, so that OpenSSL's does it: docs/decisions/0010-tuak-on-shake256.md.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* One digest context; one thread at a time. It lives where the keys live. */
struct tuak;

enum { TUAK_TOP = 32, TUAK_ITERATIONS_MAX = 255, TUAK_OUT_MAX = 32 };

/* What a subscriber has. `k` is 16 or 32 bytes; `iterations` of Keccak are 1 unless its operator chose more. */
struct tuak_key {
	struct view k;
	uint8_t topc[TUAK_TOP];
	unsigned iterations;
};

/* Which lengths an operator chose (TS 35.231 6.1): RES 4, 8, 16 or 32, CK and IK 16 or 32 bytes. */
struct tuak_lengths {
	size_t res, ck, ik;
};

/* What f2 to f5 give; the first bytes are used. */
struct tuak_out {
	uint8_t res[TUAK_OUT_MAX], ck[TUAK_OUT_MAX], ik[TUAK_OUT_MAX], ak[6];
};

/* ERR_CRYPTO, ERR_MEMORY. NULL may be freed. */
enum err tuak_new(struct tuak **ret);
void tuak_free(struct tuak *t);

/* All: ERR_RANGE for lengths that TS 35.231 does not have, ERR_CRYPTO. */

/* TOPc of key->k and TOP (6.1). key->topc is not read. */
enum err tuak_topc(struct tuak *t, const struct tuak_key *key, const uint8_t top[TUAK_TOP],
	uint8_t ret[TUAK_TOP]);
/* f1, or f1* of a resynchronisation (6.2): `mac_len` is 8, 16 or 32. */
enum err tuak_mac(struct tuak *t, const struct tuak_key *key, bool star, const uint8_t rand[16],
	const uint8_t sqn[6], const uint8_t amf[2], size_t mac_len, uint8_t *ret_mac);
/* f2, f3, f4, f5 (6.3). */
enum err tuak_keys(struct tuak *t, const struct tuak_key *key, const uint8_t rand[16],
	const struct tuak_lengths *lengths, struct tuak_out *ret);
/* f5* (6.4). */
enum err tuak_ak_star(struct tuak *t, const struct tuak_key *key, const uint8_t rand[16],
	uint8_t ret_ak[6]);
