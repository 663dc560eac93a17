// SPDX-License-Identifier: Apache-2.0
/* milenage: the 3GPP example algorithm set f1, f1*, f2, f3, f4, f5, f5* (TS 35.206) on AES-128. */
#pragma once

#include "base/err.h"
#include "base/secret.h"

/*
 * One AES context, keyed anew for every subscriber; one thread at a time. It keeps the last key's
 * schedule until the next run or milenage_free(), so it lives where the keys live.
 */
struct milenage;

/* What the seven functions give (TS 35.206 2.3). */
struct milenage_out {
	uint8_t mac_a[8], mac_s[8]; /* f1, f1* */
	uint8_t res[8];		    /* f2 */
	uint8_t ck[16], ik[16];	    /* f3, f4 */
	uint8_t ak[6], ak_s[6];	    /* f5, f5* */
};

/* ERR_CRYPTO, ERR_MEMORY. NULL may be freed. */
enum err milenage_new(struct milenage **ret);
void milenage_free(struct milenage *m);
/* OPc = OP xor E_K(OP) (TS 35.206 4.1). */
enum err milenage_opc(struct milenage *m, const uint8_t k[16], const uint8_t op[16],
	uint8_t ret_opc[16]);
/* All seven functions at once. `sqn` and `amf` matter for f1 and f1* alone. */
enum err milenage_run(struct milenage *m, const uint8_t k[16], const uint8_t opc[16],
	const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2],
	struct milenage_out *ret);
