// SPDX-License-Identifier: Apache-2.0
#include "core/vector.h"

#include "core/milenage.h"
#include <stdlib.h>
#include <string.h>

enum { SQN_SIZE = 6, AMF_SIZE = 2, MAC_SIZE = 8, KEY_SIZE = 16 };

#define SEQ_MAX (SQN_MAX >> SQN_IND_BITS)

struct aka {
	struct milenage *milenage;
};

/* f1 to f5* of one algorithm over one RAND. */
typedef enum err run_fn(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const uint8_t sqn[SQN_SIZE], const uint8_t amf[AMF_SIZE], struct milenage_out *ret);

static run_fn run_milenage;

static const struct algorithm {
	const char *name;
	run_fn *run;
} algorithms[] = {
	[AKA_MILENAGE] = {"milenage", run_milenage},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

/* AMF* is all zero in a resynchronisation (TS 33.102 6.3.3). */
static const uint8_t amf_of_resync[AMF_SIZE];

enum err aka_new(struct aka **ret)
{
	struct aka *aka = calloc(1, sizeof(*aka));

	if (!aka) {
		return err_fail(ERR_MEMORY, "AKA: out of memory");
	}
	enum err e = milenage_new(&aka->milenage);

	if (e != OK) {
		aka_free(aka);
		return e;
	}
	*ret = aka;
	return OK;
}

void aka_free(struct aka *aka)
{
	if (!aka) {
		return;
	}
	milenage_free(aka->milenage);
	free(aka);
}

enum err aka_algorithm_of(const char *name, enum aka_algorithm_id *ret)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].name && strcmp(algorithms[i].name, name) == 0) {
			*ret = (enum aka_algorithm_id)i;
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "AKA: the algorithm is not one of: milenage");
}

const char *aka_algorithm_name(enum aka_algorithm_id id)
{
	return (size_t)id < ALGORITHMS && algorithms[id].name ? algorithms[id].name : "unknown";
}

static enum err run_milenage(struct aka *aka, const struct aka_key *key,
	const uint8_t rand[RAND_SIZE], const uint8_t sqn[SQN_SIZE], const uint8_t amf[AMF_SIZE],
	struct milenage_out *ret)
{
	if (key->k.len != KEY_SIZE || key->opc.len != KEY_SIZE) {
		return err_fail(ERR_RANGE, "Milenage: K and OPc have 16 bytes (TS 35.206 2.3)");
	}
	return milenage_run(aka->milenage, key->k.bytes, key->opc.bytes, rand, sqn, amf, ret);
}

static enum err run(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	uint64_t sqn, const uint8_t amf[AMF_SIZE], struct milenage_out *ret)
{
	uint8_t sqn_bytes[SQN_SIZE];

	if ((size_t)key->algorithm >= ALGORITHMS || !algorithms[key->algorithm].run) {
		return err_fail(ERR_UNSUPPORTED, "AKA: no algorithm %d", (int)key->algorithm);
	}
	for (int i = 0; i < SQN_SIZE; i++) {
		sqn_bytes[i] = (uint8_t)(sqn >> 8 * (SQN_SIZE - 1 - i));
	}
	return algorithms[key->algorithm].run(aka, key, rand, sqn_bytes, amf, ret);
}

static void wipe_out(struct milenage_out *f)
{
	bytes_wipe(f, sizeof(*f));
}

#define FUNCTIONS(name) struct milenage_out name __attribute__((cleanup(wipe_out)))

/* SQN xor AK, as it stands in AUTN, and SQN_MS xor AK*, as in AUTS; and back. */
static void put_concealed(uint64_t sqn, const uint8_t ak[SQN_SIZE], uint8_t ret[SQN_SIZE])
{
	for (int i = 0; i < SQN_SIZE; i++) {
		ret[i] = (uint8_t)(sqn >> 8 * (SQN_SIZE - 1 - i)) ^ ak[i];
	}
}

static uint64_t get_concealed(const uint8_t in[SQN_SIZE], const uint8_t ak[SQN_SIZE])
{
	uint64_t sqn = 0;

	for (int i = 0; i < SQN_SIZE; i++) {
		sqn = sqn << 8 | (uint8_t)(in[i] ^ ak[i]);
	}
	return sqn;
}

/* Network side. */

enum err vector_make(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	uint64_t sqn, struct vector *ret)
{
	struct vector made __attribute__((cleanup(vector_wipe))) = {.xres = {.len = 0}};
	FUNCTIONS(f);

	if (sqn > SQN_MAX) {
		return err_fail(ERR_RANGE, "SQN: longer than 48 bits (TS 33.102 6.3.7)");
	}
	TRY(run(aka, key, rand, sqn, key->amf, &f));
	TRY(secret_set(&made.xres, f.res, sizeof(f.res)));
	TRY(secret_set(&made.ck, f.ck, sizeof(f.ck)));
	TRY(secret_set(&made.ik, f.ik, sizeof(f.ik)));
	memcpy(made.rand, rand, RAND_SIZE);
	put_concealed(sqn, f.ak, made.autn);
	memcpy(made.autn + SQN_SIZE, key->amf, AMF_SIZE);
	memcpy(made.autn + SQN_SIZE + AMF_SIZE, f.mac_a, MAC_SIZE);
	*ret = made;
	return OK;
}

void vector_wipe(struct vector *v)
{
	bytes_wipe(v, sizeof(*v));
}

enum err vector_resync(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const uint8_t auts[AUTS_SIZE], uint64_t *ret_sqn_ms)
{
	FUNCTIONS(f);

	TRY(run(aka, key, rand, 0, amf_of_resync, &f)); /* for AK*, which no SQN goes into */
	uint64_t sqn_ms = get_concealed(auts, f.ak_s);

	TRY(run(aka, key, rand, sqn_ms, amf_of_resync, &f));
	if (!bytes_equal_secret(f.mac_s, auts + SQN_SIZE, MAC_SIZE)) {
		return err_fail(ERR_AUTH, "TS 33.102 6.3.5: MAC-S in AUTS is wrong");
	}
	*ret_sqn_ms = sqn_ms;
	return OK;
}

/* Device side. */

/* SQN_MS, the highest ever accepted (C.2.1); 0 for a new key. */
static uint64_t highest_sqn(const struct sqn_window *window)
{
	uint64_t highest = 0;

	for (uint64_t ind = 0; ind < SQN_IND_COUNT; ind++) {
		uint64_t sqn = window->seq[ind] << SQN_IND_BITS | ind;

		if (window->seq[ind] != 0 && sqn > highest) {
			highest = sqn;
		}
	}
	return highest;
}

/* C.2.1: not too far ahead of all; C.2.2: above the last with this IND. */
static bool is_fresh(const struct sqn_window *window, uint64_t sqn)
{
	uint64_t seq = sqn >> SQN_IND_BITS;
	uint64_t seq_ms = highest_sqn(window) >> SQN_IND_BITS;

	if (seq > seq_ms && seq - seq_ms > SQN_DELTA) {
		return false;
	}
	return seq > window->seq[sqn % SQN_IND_COUNT];
}

static enum err put_auts(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const struct sqn_window *window, uint8_t ret[AUTS_SIZE])
{
	uint64_t sqn_ms = highest_sqn(window);
	FUNCTIONS(f);

	TRY(run(aka, key, rand, sqn_ms, amf_of_resync, &f));
	put_concealed(sqn_ms, f.ak_s, ret);
	memcpy(ret + SQN_SIZE, f.mac_s, MAC_SIZE);
	return OK;
}

enum err aka_answer(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct sqn_window *window, struct aka_result *ret)
{
	struct aka_result got __attribute__((cleanup(aka_result_wipe))) = {.res = {.len = 0}};
	const uint8_t *amf = autn + SQN_SIZE, *mac = autn + SQN_SIZE + AMF_SIZE;
	FUNCTIONS(f);

	TRY(run(aka, key, rand, 0, amf, &f)); /* for AK, which no SQN goes into */
	uint64_t sqn = get_concealed(autn, f.ak);

	TRY(run(aka, key, rand, sqn, amf, &f));
	if (!bytes_equal_secret(f.mac_a, mac, MAC_SIZE)) {
		return err_fail(ERR_AUTH, "TS 33.102 6.3.3: MAC in AUTN is wrong");
	}
	if (!is_fresh(window, sqn)) {
		TRY(put_auts(aka, key, rand, window, ret->auts));
		return err_fail(ERR_SYNC, "TS 33.102 C.2: SQN is not in the correct range");
	}
	TRY(secret_set(&got.res, f.res, sizeof(f.res)));
	TRY(secret_set(&got.ck, f.ck, sizeof(f.ck)));
	TRY(secret_set(&got.ik, f.ik, sizeof(f.ik)));
	window->seq[sqn % SQN_IND_COUNT] = sqn >> SQN_IND_BITS;
	*ret = got;
	return OK;
}

void aka_result_wipe(struct aka_result *r)
{
	bytes_wipe(r, sizeof(*r));
}

/* Sequence numbers. */

enum err sqn_next(uint64_t sqn, uint64_t *ret)
{
	uint64_t seq = sqn >> SQN_IND_BITS;
	uint64_t ind = sqn % SQN_IND_COUNT;

	if (seq >= SEQ_MAX) {
		return err_fail(ERR_RANGE,
			"SQN: SEQ is used up (TS 33.102 C.1.1.1); a new key is due");
	}
	*ret = (seq + 1) << SQN_IND_BITS | (ind + 1) % SQN_IND_COUNT;
	return OK;
}

uint64_t sqn_after_resync(uint64_t sqn, uint64_t sqn_ms)
{
	uint64_t seq = sqn >> SQN_IND_BITS, seq_ms = sqn_ms >> SQN_IND_BITS;
	bool ahead = seq >= seq_ms && seq < SEQ_MAX;

	return ahead && seq + 1 - seq_ms <= SQN_DELTA ? sqn : sqn_ms;
}
