// SPDX-License-Identifier: Apache-2.0
#include "core/tuak.h"

#include "base/secret.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 136, BLOCK = 96, HALF = 32 };

/* INSTANCE (TS 35.231 6.1 to 6.4): which function, and the lengths that it is asked for. */
enum {
	OF_F1 = 0x00,
	OF_F1_STAR = 0x80,
	OF_F2345 = 0x40,
	OF_F5_STAR = 0xc0,
	CK_IS_LONG = 0x04,
	IK_IS_LONG = 0x02,
	K_IS_LONG = 0x01,
};

struct tuak {
	EVP_MD_CTX *shake;
	/* What is squeezed out: the last RATE bytes are the result. */
	uint8_t out[TUAK_ITERATIONS_MAX * RATE];
};

enum err tuak_new(struct tuak **ret)
{
	struct tuak *t = calloc(1, sizeof(*t));

	if (!t) {
		return err_fail(ERR_MEMORY, "TUAK: out of memory");
	}
	EVP_MD *md = EVP_MD_fetch(NULL, "SHAKE256", NULL);

	t->shake = EVP_MD_CTX_new();
	bool ready = md && t->shake && EVP_DigestInit_ex2(t->shake, md, NULL) == 1;

	EVP_MD_free(md); /* the context has its own reference */
	if (!ready) {
		tuak_free(t);
		return err_fail(ERR_CRYPTO, "TUAK: OpenSSL offers no SHAKE256");
	}
	*ret = t;
	return OK;
}

void tuak_free(struct tuak *t)
{
	if (!t) {
		return;
	}
	EVP_MD_CTX_free(t->shake);
	bytes_wipe(t->out, sizeof(t->out));
	free(t);
}

/* TS 35.231 numbers bits from the last byte of a value on, so that every value stands backwards. */
static void put_backwards(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		to[i] = from[len - 1 - i];
	}
}

static enum err check(const struct tuak_key *key)
{
	if (key->k.len != 16 && key->k.len != 32) {
		return err_fail(ERR_RANGE, "TUAK: K has 16 or 32 bytes (TS 35.231 5.1)");
	}
	if (key->iterations < 1 || key->iterations > TUAK_ITERATIONS_MAX) {
		return err_fail(ERR_RANGE, "TUAK: 1 to %d iterations of Keccak",
			TUAK_ITERATIONS_MAX);
	}
	return OK;
}

/* RATE bytes of the state after the last iteration. The next run, or wiping them, ends their use. */
static enum err permute(struct tuak *t, const uint8_t in[BLOCK], unsigned iterations,
	const uint8_t **ret)
{
	size_t len = (size_t)iterations * RATE;

	if (EVP_DigestInit_ex2(t->shake, NULL, NULL) != 1 ||
		EVP_DigestUpdate(t->shake, in, BLOCK) != 1 ||
		EVP_DigestFinalXOF(t->shake, t->out, len) != 1) {
		return err_fail(ERR_CRYPTO, "TUAK: OpenSSL failed to squeeze");
	}
	*ret = t->out + len - RATE;
	return OK;
}

/* TOP or TOPc, INSTANCE, ALGONAME, RAND, AMF, SQN, K, padded to 32 bytes by the zeros that are there. */
struct block {
	const uint8_t *top, *rand, *amf, *sqn; /* NULL: zeros */
	uint8_t instance;
};

static enum err run(struct tuak *t, const struct tuak_key *key, const struct block *b,
	const uint8_t **ret)
{
	static const uint8_t name[7] = {'T', 'U', 'A', 'K', '1', '.', '0'};
	uint8_t in[BLOCK] = {0};

	TRY(check(key));
	put_backwards(in, b->top, TUAK_TOP);
	in[32] = b->instance | (key->k.len == 32 ? K_IS_LONG : 0);
	put_backwards(in + 33, name, sizeof(name));
	if (b->rand) {
		put_backwards(in + 40, b->rand, 16);
	}
	if (b->amf) {
		put_backwards(in + 56, b->amf, 2);
		put_backwards(in + 58, b->sqn, 6);
	}
	put_backwards(in + 64, key->k.data, key->k.len);
	enum err err = permute(t, in, key->iterations, ret);

	bytes_wipe(in, sizeof(in));
	return err;
}

static void wipe_out(struct tuak *t, const struct tuak_key *key)
{
	bytes_wipe(t->out, (size_t)key->iterations * RATE);
}

enum err tuak_topc(struct tuak *t, const struct tuak_key *key, const uint8_t top[TUAK_TOP],
	uint8_t ret[TUAK_TOP])
{
	const struct block block = {.top = top};
	const uint8_t *out;

	TRY(run(t, key, &block, &out));
	put_backwards(ret, out, TUAK_TOP);
	wipe_out(t, key);
	return OK;
}

/* Bits 2 to 4 of INSTANCE: 8, 16 and 32 bytes have one each. */
static uint8_t length_bit(size_t len)
{
	return (uint8_t)(len & 0x38);
}

enum err tuak_mac(struct tuak *t, const struct tuak_key *key, bool star, const uint8_t rand[16],
	const uint8_t sqn[6], const uint8_t amf[2], size_t mac_len, uint8_t *ret_mac)
{
	const struct block block = {
		.top = key->topc,
		.rand = rand,
		.amf = amf,
		.sqn = sqn,
		.instance = (star ? OF_F1_STAR : OF_F1) | length_bit(mac_len),
	};
	const uint8_t *out;

	if (mac_len != 8 && mac_len != 16 && mac_len != 32) {
		return err_fail(ERR_RANGE, "TUAK: MAC has 8, 16 or 32 bytes (TS 35.231 5.2)");
	}
	TRY(run(t, key, &block, &out));
	put_backwards(ret_mac, out, mac_len);
	wipe_out(t, key);
	return OK;
}

static enum err check_lengths(const struct tuak_lengths *l)
{
	if (l->res != 4 && l->res != 8 && l->res != 16 && l->res != 32) {
		return err_fail(ERR_RANGE, "TUAK: RES has 4, 8, 16 or 32 bytes (TS 35.231 5.2)");
	}
	if ((l->ck != 16 && l->ck != 32) || (l->ik != 16 && l->ik != 32)) {
		return err_fail(ERR_RANGE, "TUAK: CK and IK have 16 or 32 bytes (TS 35.231 5.2)");
	}
	return OK;
}

enum err tuak_keys(struct tuak *t, const struct tuak_key *key, const uint8_t rand[16],
	const struct tuak_lengths *lengths, struct tuak_out *ret)
{
	const struct block block = {
		.top = key->topc,
		.rand = rand,
		.instance = OF_F2345 | length_bit(lengths->res) |
			    (lengths->ck == 32 ? CK_IS_LONG : 0) |
			    (lengths->ik == 32 ? IK_IS_LONG : 0),
	};
	const uint8_t *out;

	TRY(check_lengths(lengths));
	TRY(run(t, key, &block, &out));
	put_backwards(ret->res, out, lengths->res);
	put_backwards(ret->ck, out + HALF, lengths->ck);
	put_backwards(ret->ik, out + 2 * HALF, lengths->ik);
	put_backwards(ret->ak, out + 3 * HALF, sizeof(ret->ak));
	wipe_out(t, key);
	return OK;
}

enum err tuak_ak_star(struct tuak *t, const struct tuak_key *key, const uint8_t rand[16],
	uint8_t ret_ak[6])
{
	const struct block block = {.top = key->topc, .rand = rand, .instance = OF_F5_STAR};
	const uint8_t *out;

	TRY(run(t, key, &block, &out));
	put_backwards(ret_ak, out + 3 * HALF, 6);
	wipe_out(t, key);
	return OK;
}
