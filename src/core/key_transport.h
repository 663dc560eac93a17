// SPDX-License-Identifier: Apache-2.0
/*
 * key_transport: long-term keys as makers of SIMs hand them over: K, and by agreement OPc, encrypted under a
 * transport key of maker and operator, block by block with AES-128. There is no MAC; a check value tells a
 * wrong transport key.
 */
#pragma once

#include "core/vector.h"

struct key_transport {
	struct secret key; /* 16 bytes; empty: keys are not encrypted */
	bool cbc;	   /* each value by itself, from `iv` on; else ECB */
	uint8_t iv[16];
	bool with_opc; /* OPc, OP, TOPc or TOP too */
	bool has_check;
	uint8_t check[3]; /* the first bytes of an encrypted block of zeros */
};

/* ERR_AUTH when the check value is another key's; ERR_RANGE, ERR_CRYPTO. */
enum err key_transport_check(const struct key_transport *t);
/* Decrypts in place. ERR_CRYPTO for a K of zeros too; the key is wiped on failure. */
enum err key_transport_open(const struct key_transport *t, struct aka_key *key);
