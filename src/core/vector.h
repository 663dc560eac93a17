// SPDX-License-Identifier: Apache-2.0
/*
 * vector: authentication vectors and both ends' view of sequence numbers (TS 33.102 6.3, Annex C).
 * The algorithm behind is one const struct, so that others than Milenage join without a change here.
 *  req: B9.2.1-a B9.4.1-a
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/* SQN = SEQ (43 bits) || IND (5 bits), as a number below 2^48 (TS 33.102 C.1.1.1). */
enum { SQN_IND_BITS = 5, SQN_IND_COUNT = 1 << SQN_IND_BITS };
#define SQN_MAX UINT64_C(0xffffffffffff)
/* The last from which one more vector can be made. */
#define SQN_LAST (SQN_MAX - 64)
/* How far ahead a SEQ may jump and still be accepted (C.2.1 and C.3: 2^28). */
#define SQN_DELTA (UINT64_C(1) << 28)

enum { RAND_SIZE = 16, AUTN_SIZE = 16, AUTS_SIZE = 14, RES_MIN = 4, RES_MAX = 16 };

/* As in databases and secure elements. */
enum aka_algorithm_id { AKA_MILENAGE = 1, AKA_TUAK = 2 };

enum { AKA_K_MAX = 32, AKA_OPC_MAX = 32, TUAK_RES = 8 };

/* A device's long-term key, as the vault or a secure element holds it while it works. */
struct aka_key {
	enum aka_algorithm_id algorithm;
	struct secret k;   /* 16 bytes; of TUAK 16 or 32 */
	struct secret opc; /* OPc of 16 bytes, or TUAK's TOPc of 32 */
	uint8_t amf[2];
	/* Of TUAK. MAC is always 8 bytes, CK and IK 16: AUTN, AUTS and Ks have no room for more. */
	uint8_t iterations; /* of Keccak, 1 unless the operator chose more */
	uint8_t res_len;    /* 4, 8 or 16 */
};

/* ERR_RANGE, with the clause, when lengths are not those of the algorithm; ERR_UNSUPPORTED for another one. */
enum err aka_key_check(const struct aka_key *key);
void aka_key_wipe(struct aka_key *key);

/* What the authentication element gets for one bootstrap. CK || IK is Ks. */
struct vector {
	enum aka_algorithm_id algorithm; /* that it was made with; 0: not known */
	uint8_t rand[RAND_SIZE], autn[AUTN_SIZE];
	struct secret xres, ck, ik;
};

struct aka; /* contexts of every algorithm; one thread at a time */

/* ERR_CRYPTO, ERR_MEMORY. NULL may be freed. */
enum err aka_new(struct aka **ret);
void aka_free(struct aka *aka);

/* Where key->opc holds OP, or TUAK's TOP, makes OPc or TOPc of it (TS 35.206 4.1, TS 35.231 6.1). */
enum err aka_make_opc(struct aka *aka, struct aka_key *key);

/* "milenage", "tuak" and back; ERR_UNSUPPORTED for another name. */
enum err aka_algorithm_of(const char *name, enum aka_algorithm_id *ret);
const char *aka_algorithm_name(enum aka_algorithm_id id);

/* Network side. AUTN = SQN xor AK || AMF || MAC. */
enum err vector_make(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	uint64_t sqn, struct vector *ret);
void vector_wipe(struct vector *v);
/* Network side: verifies MAC-S and gives SQN_MS (6.3.5). ERR_AUTH when forged. */
enum err vector_resync(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const uint8_t auts[AUTS_SIZE], uint64_t *ret_sqn_ms);

/* Device side: the greatest SEQ accepted for each IND (C.2.2). Zeroed for a new key. */
struct sqn_window {
	uint64_t seq[SQN_IND_COUNT];
};

struct aka_result {
	struct secret res, ck, ik;
	uint8_t auts[AUTS_SIZE]; /* with ERR_SYNC only */
};

/*
 * Device side (6.3.3): checks MAC, then SQN. OK: res, ck, ik are set and the window has moved
 * (store it before using them). ERR_AUTH: MAC wrong. ERR_SYNC: auts is set, the window unchanged.
 */
enum err aka_answer(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct sqn_window *window, struct aka_result *ret);
void aka_result_wipe(struct aka_result *r);

/* The next SQN after `sqn`: SEQ + 1, IND + 1 (C.1.1.3 with cyclic IND). ERR_RANGE when SEQ is used up. */
enum err sqn_next(uint64_t sqn, uint64_t *ret);
/*
 * Where the network goes on after a resynchronisation: `sqn` itself when the device would accept
 * what follows it (an old or doubled challenge went astray), else `sqn_ms` (6.3.5).
 */
uint64_t sqn_after_resync(uint64_t sqn, uint64_t sqn_ms);
