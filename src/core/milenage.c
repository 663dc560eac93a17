// SPDX-License-Identifier: Apache-2.0
#include "core/milenage.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, OUTPUTS = 5 };

struct milenage {
	EVP_CIPHER_CTX *aes;
};

/* r1 to r5, in bytes, and c1 to c5 (TS 35.206 4.1). */
static const uint8_t rotations[OUTPUTS] = {8, 0, 4, 8, 12};
static const uint8_t constants[OUTPUTS][BLOCK] = {
	[1][BLOCK - 1] = 1, [2][BLOCK - 1] = 2, [3][BLOCK - 1] = 4, [4][BLOCK - 1] = 8};

enum err milenage_new(struct milenage **ret)
{
	struct milenage *m = calloc(1, sizeof(*m));

	if (!m) {
		return err_fail(ERR_MEMORY, "Milenage: out of memory");
	}
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);

	m->aes = EVP_CIPHER_CTX_new();
	bool ready = cipher && m->aes && EVP_EncryptInit_ex2(m->aes, cipher, NULL, NULL, NULL) == 1;

	EVP_CIPHER_free(cipher); /* the context has its own reference */
	if (!ready) {
		milenage_free(m);
		return err_fail(ERR_CRYPTO, "Milenage: OpenSSL offers no AES-128-ECB");
	}
	*ret = m;
	return OK;
}

void milenage_free(struct milenage *m)
{
	if (!m) {
		return;
	}
	EVP_CIPHER_CTX_free(m->aes);
	free(m);
}

static enum err set_key(struct milenage *m, const uint8_t k[16])
{
	if (EVP_EncryptInit_ex2(m->aes, NULL, k, NULL, NULL) != 1) {
		return err_fail(ERR_CRYPTO, "Milenage: OpenSSL refused the key");
	}
	return OK;
}

/*
 * Whole blocks, each by itself. Padding stays on, for with it off OpenSSL 3.0 sets a parameter at
 * every change of key, a fifth of the whole time; it would come with EVP_EncryptFinal alone.
 */
static enum err encrypt(struct milenage *m, const uint8_t *in, int len, uint8_t *out)
{
	int written = 0;

	if (EVP_EncryptUpdate(m->aes, out, &written, in, len) != 1 || written != len) {
		return err_fail(ERR_CRYPTO, "Milenage: OpenSSL failed to encrypt");
	}
	return OK;
}

/* Eight bytes at a time: byte stores would make the AES instructions wait for each other. */
static void xor_block(const uint8_t a[BLOCK], const uint8_t b[BLOCK], uint8_t ret[BLOCK])
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	x[0] ^= y[0];
	x[1] ^= y[1];
	memcpy(ret, x, sizeof(x));
}

enum err milenage_opc(struct milenage *m, const uint8_t k[16], const uint8_t op[16],
	uint8_t ret_opc[16])
{
	uint8_t encrypted[BLOCK];

	TRY(set_key(m, k));
	TRY(encrypt(m, op, BLOCK, encrypted));
	xor_block(encrypted, op, ret_opc);
	bytes_wipe(encrypted, sizeof(encrypted));
	return OK;
}

/* What a run leaves on the stack, wiped in one go. */
struct scratch {
	uint8_t temp[BLOCK];
	uint8_t twice[2 * BLOCK];    /* a block behind itself: from byte r on, it is rotated by r */
	uint8_t out[OUTPUTS][BLOCK]; /* OUT1 to OUT5 */
};

static void wipe_scratch(struct scratch *s)
{
	bytes_wipe(s, sizeof(*s));
}

static void put_twice(struct scratch *s, const uint8_t a[BLOCK], const uint8_t b[BLOCK])
{
	xor_block(a, b, s->twice);
	xor_block(a, b, s->twice + BLOCK);
}

/* What goes into the last encryption of each OUT (TS 35.206 4.1). */
static void fill_inputs(struct scratch *s, const uint8_t opc[16], const uint8_t sqn[6],
	const uint8_t amf[2])
{
	uint8_t in1[BLOCK];

	memcpy(in1, sqn, 6);
	memcpy(in1 + 6, amf, 2);
	memcpy(in1 + 8, in1, 8);
	put_twice(s, in1, opc);
	xor_block(s->twice + rotations[0], constants[0], s->out[0]);
	xor_block(s->out[0], s->temp, s->out[0]);
	put_twice(s, s->temp, opc);
	for (size_t i = 1; i < OUTPUTS; i++) {
		xor_block(s->twice + rotations[i], constants[i], s->out[i]);
	}
}

static void split_outputs(const uint8_t out[OUTPUTS][BLOCK], struct milenage_out *ret)
{
	memcpy(ret->mac_a, out[0], 8);
	memcpy(ret->mac_s, out[0] + 8, 8);
	memcpy(ret->ak, out[1], 6);
	memcpy(ret->res, out[1] + 8, 8);
	memcpy(ret->ck, out[2], 16);
	memcpy(ret->ik, out[3], 16);
	memcpy(ret->ak_s, out[4], 6);
}

enum err milenage_run(struct milenage *m, const uint8_t k[16], const uint8_t opc[16],
	const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], struct milenage_out *ret)
{
	struct scratch s __attribute__((cleanup(wipe_scratch)));

	TRY(set_key(m, k));
	xor_block(rand, opc, s.temp);
	TRY(encrypt(m, s.temp, BLOCK, s.temp));
	fill_inputs(&s, opc, sqn, amf);
	TRY(encrypt(m, s.out[0], OUTPUTS * BLOCK, s.out[0]));
	for (size_t i = 0; i < OUTPUTS; i++) {
		xor_block(s.out[i], opc, s.out[i]);
	}
	split_outputs(s.out, ret);
	return OK;
}
