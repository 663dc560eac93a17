// SPDX-License-Identifier: Apache-2.0
#include "core/vector.h"

#include "core/milenage.h"
#include "core/tuak.h"
#include <stdlib.h>
#include <string.h>

enum { SQN_SIZE = 6, AMF_SIZE = 2, MAC_SIZE = 8, KEY_SIZE = 16 };

#define SEQ_MAX (SQN_MAX >> SQN_IND_BITS)

struct aka {
	struct milenage *milenage;
	struct tuak *tuak;
};

/* What f1 to f5* give, in the lengths of AUTN, AUTS and Ks. */
struct functions {
	uint8_t mac_a[MAC_SIZE], mac_s[MAC_SIZE];
	uint8_t res[RES_MAX];
	size_t res_len;
	uint8_t ck[KEY_SIZE], ik[KEY_SIZE];
	uint8_t ak[SQN_SIZE], ak_s[SQN_SIZE];
};

/* Which are asked for: an algorithm may give more, and leaves alone what was given before. */
enum { F1 = 1, F1_STAR = 2, F2345 = 4, F5_STAR = 8 };

/* What they are computed of. */
struct challenge {
	const struct aka_key *key;
	const uint8_t *rand, *amf;
	uint8_t sqn[SQN_SIZE];
};

struct algorithm {
	const char *name;
	enum err (*check)(const struct aka_key *key);
	enum err (*make_opc)(struct aka *aka, struct aka_key *key);
	enum err (*run)(struct aka *aka, const struct challenge *c, unsigned wanted,
		struct functions *ret);
};

/* AMF* is all zero in a resynchronisation (TS 33.102 6.3.3). */
static const uint8_t amf_of_resync[AMF_SIZE];

enum err aka_new(struct aka **ret)
{
	struct aka *aka = calloc(1, sizeof(*aka));

	if (!aka) {
		return err_fail(ERR_MEMORY, "AKA: out of memory");
	}
	enum err e = milenage_new(&aka->milenage);

	e = e == OK ? tuak_new(&aka->tuak) : e;
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
	tuak_free(aka->tuak);
	free(aka);
}

/* Milenage: all seven functions come together. */

static enum err milenage_check(const struct aka_key *key)
{
	return key->k.len == KEY_SIZE && key->opc.len == KEY_SIZE
		       ? OK
		       : err_fail(ERR_RANGE, "Milenage: K and OPc have 16 bytes (TS 35.206 2.3)");
}

static enum err milenage_make_opc(struct aka *aka, struct aka_key *key)
{
	SECRET(op);

	op = key->opc;
	return milenage_opc(aka->milenage, key->k.bytes, op.bytes, key->opc.bytes);
}

static enum err milenage_functions(struct aka *aka, const struct challenge *c, unsigned wanted,
	struct functions *ret)
{
	struct milenage_out out;

	(void)wanted;
	TRY(milenage_run(aka->milenage, c->key->k.bytes, c->key->opc.bytes, c->rand, c->sqn, c->amf,
		&out));
	memcpy(ret->mac_a, out.mac_a, sizeof(out.mac_a));
	memcpy(ret->mac_s, out.mac_s, sizeof(out.mac_s));
	memcpy(ret->res, out.res, sizeof(out.res));
	ret->res_len = sizeof(out.res);
	memcpy(ret->ck, out.ck, sizeof(out.ck));
	memcpy(ret->ik, out.ik, sizeof(out.ik));
	memcpy(ret->ak, out.ak, sizeof(out.ak));
	memcpy(ret->ak_s, out.ak_s, sizeof(out.ak_s));
	bytes_wipe(&out, sizeof(out));
	return OK;
}

/* TUAK: a permutation for each group of functions, so that only those asked for are computed. */

static enum err tuak_check(const struct aka_key *key)
{
	if ((key->k.len != 16 && key->k.len != 32) || key->opc.len != TUAK_TOP) {
		return err_fail(ERR_RANGE,
			"TUAK: K has 16 or 32 bytes, TOPc has 32 (TS 35.231 5.1)");
	}
	if (key->res_len != 4 && key->res_len != 8 && key->res_len != RES_MAX) {
		return err_fail(ERR_RANGE,
			"TUAK: RES of 4, 8 or 16 bytes; AKA carries no longer (TS 33.102 6.3.7)");
	}
	return key->iterations > 0 ? OK
				   : err_fail(ERR_RANGE, "TUAK: at least one iteration of Keccak");
}

static void wipe_tuak_key(struct tuak_key *key)
{
	bytes_wipe(key, sizeof(*key));
}

#define TUAK_KEY(name, of)                                                                         \
	struct tuak_key name __attribute__((cleanup(wipe_tuak_key))) = tuak_key_of(of)

static struct tuak_key tuak_key_of(const struct aka_key *key)
{
	struct tuak_key ret = {.k = secret_view(&key->k), .iterations = key->iterations};

	memcpy(ret.topc, key->opc.bytes, sizeof(ret.topc));
	return ret;
}

static enum err tuak_make_opc(struct aka *aka, struct aka_key *key)
{
	TUAK_KEY(of, key); /* its topc is TOP */

	return tuak_topc(aka->tuak, &of, of.topc, key->opc.bytes);
}

static enum err tuak_keys_of(struct tuak *tuak, const struct tuak_key *key,
	const struct challenge *c, struct functions *ret)
{
	const struct tuak_lengths lengths = {c->key->res_len, KEY_SIZE, KEY_SIZE};
	struct tuak_out out;

	TRY(tuak_keys(tuak, key, c->rand, &lengths, &out));
	memcpy(ret->res, out.res, lengths.res);
	ret->res_len = lengths.res;
	memcpy(ret->ck, out.ck, sizeof(ret->ck));
	memcpy(ret->ik, out.ik, sizeof(ret->ik));
	memcpy(ret->ak, out.ak, sizeof(ret->ak));
	bytes_wipe(&out, sizeof(out));
	return OK;
}

static enum err tuak_functions(struct aka *aka, const struct challenge *c, unsigned wanted,
	struct functions *ret)
{
	TUAK_KEY(key, c->key);
	struct tuak *tuak = aka->tuak;

	if (wanted & F1) {
		TRY(tuak_mac(tuak, &key, false, c->rand, c->sqn, c->amf, MAC_SIZE, ret->mac_a));
	}
	if (wanted & F1_STAR) {
		TRY(tuak_mac(tuak, &key, true, c->rand, c->sqn, c->amf, MAC_SIZE, ret->mac_s));
	}
	if (wanted & F2345) {
		TRY(tuak_keys_of(tuak, &key, c, ret));
	}
	return wanted & F5_STAR ? tuak_ak_star(tuak, &key, c->rand, ret->ak_s) : OK;
}

/* All algorithms. */

static const struct algorithm algorithms[] = {
	[AKA_MILENAGE] = {"milenage", milenage_check, milenage_make_opc, milenage_functions},
	[AKA_TUAK] = {"tuak", tuak_check, tuak_make_opc, tuak_functions},
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

enum err aka_algorithm_of(const char *name, enum aka_algorithm_id *ret)
{
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (algorithms[i].name && strcmp(algorithms[i].name, name) == 0) {
			*ret = (enum aka_algorithm_id)i;
			return OK;
		}
	}
	return err_fail(ERR_UNSUPPORTED, "AKA: the algorithm is not one of: milenage, tuak");
}

const char *aka_algorithm_name(enum aka_algorithm_id id)
{
	return (size_t)id < ALGORITHMS && algorithms[id].name ? algorithms[id].name : "unknown";
}

enum err aka_key_check(const struct aka_key *key)
{
	if ((size_t)key->algorithm >= ALGORITHMS || !algorithms[key->algorithm].name) {
		return err_fail(ERR_UNSUPPORTED, "AKA: no algorithm %d", (int)key->algorithm);
	}
	return algorithms[key->algorithm].check(key);
}

void aka_key_wipe(struct aka_key *key)
{
	bytes_wipe(key, sizeof(*key));
}

enum err aka_make_opc(struct aka *aka, struct aka_key *key)
{
	TRY(aka_key_check(key));
	return algorithms[key->algorithm].make_opc(aka, key);
}

static enum err run(struct aka *aka, const struct aka_key *key, const uint8_t rand[RAND_SIZE],
	uint64_t sqn, const uint8_t amf[AMF_SIZE], unsigned wanted, struct functions *ret)
{
	struct challenge c = {.key = key, .rand = rand, .amf = amf};

	TRY(aka_key_check(key));
	for (int i = 0; i < SQN_SIZE; i++) {
		c.sqn[i] = (uint8_t)(sqn >> 8 * (SQN_SIZE - 1 - i));
	}
	return algorithms[key->algorithm].run(aka, &c, wanted, ret);
}

static void wipe_functions(struct functions *f)
{
	bytes_wipe(f, sizeof(*f));
}

#define FUNCTIONS(name) struct functions name __attribute__((cleanup(wipe_functions)))

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
	struct vector made __attribute__((cleanup(vector_wipe))) = {.algorithm = key->algorithm};
	FUNCTIONS(f);

	if (sqn > SQN_MAX) {
		return err_fail(ERR_RANGE, "SQN: longer than 48 bits (TS 33.102 6.3.7)");
	}
	TRY(run(aka, key, rand, sqn, key->amf, F1 | F2345, &f));
	TRY(secret_set(&made.xres, f.res, f.res_len));
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

	TRY(run(aka, key, rand, 0, amf_of_resync, F5_STAR,
		&f)); /* for AK*, which no SQN goes into */
	uint64_t sqn_ms = get_concealed(auts, f.ak_s);

	TRY(run(aka, key, rand, sqn_ms, amf_of_resync, F1_STAR, &f));
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

	TRY(run(aka, key, rand, sqn_ms, amf_of_resync, F1_STAR | F5_STAR, &f));
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

	TRY(run(aka, key, rand, 0, amf, F2345, &f)); /* for AK, which no SQN goes into */
	uint64_t sqn = get_concealed(autn, f.ak);

	TRY(run(aka, key, rand, sqn, amf, F1, &f));
	if (!bytes_equal_secret(f.mac_a, mac, MAC_SIZE)) {
		return err_fail(ERR_AUTH, "TS 33.102 6.3.3: MAC in AUTN is wrong");
	}
	if (!is_fresh(window, sqn)) {
		TRY(put_auts(aka, key, rand, window, ret->auts));
		return err_fail(ERR_SYNC, "TS 33.102 C.2: SQN is not in the correct range");
	}
	TRY(secret_set(&got.res, f.res, f.res_len));
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
