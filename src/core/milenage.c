// SPDX-License-Identifier: Apache-2.0
#include "core/milenage.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, OUTPUTS = 5 };

struct milenage {
	EVP_CIPHER_CTX *aes;
};

/* r1 to r5 in bytes, c1 to c5 as their last byte (TS 35.206 4.1). */
static const uint8_t rotations[OUTPUTS] = {8, 0, 4, 8, 12};
static const uint8_t constants[OUTPUTS] = {0, 1, 2, 4, 8};

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

static void xor_block(const uint8_t a[BLOCK], const uint8_t b[BLOCK], uint8_t ret[BLOCK])
{
	for (size_t i = 0; i < BLOCK; i++) {
		ret[i] = a[i] ^ b[i];
	}
}

static void rotate_left(const uint8_t in[BLOCK], size_t bytes, uint8_t ret[BLOCK])
{
	memcpy(ret, in + bytes, BLOCK - bytes);
	memcpy(ret + BLOCK - bytes, in, bytes);
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

/* What goes into the last encryption of each OUT (TS 35.206 4.1), beside each other. */
static void fill_inputs(const uint8_t temp[BLOCK], const uint8_t opc[BLOCK], const uint8_t sqn[6],
	const uint8_t amf[2], uint8_t ret[OUTPUTS][BLOCK])
{
	uint8_t in1[BLOCK], mixed[BLOCK];

	memcpy(in1, sqn, 6);
	memcpy(in1 + 6, amf, 2);
	memcpy(in1 + 8, in1, 8);
	xor_block(in1, opc, mixed);
	rotate_left(mixed, rotations[0], ret[0]);
	xor_block(ret[0], temp, ret[0]);
	xor_block(temp, opc, mixed);
	for (size_t i = 1; i < OUTPUTS; i++) {
		rotate_left(mixed, rotations[i], ret[i]);
		ret[i][BLOCK - 1] ^= constants[i];
	}
	bytes_wipe(mixed, sizeof(mixed));
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

static enum err run(struct milenage *m, const uint8_t opc[16], const uint8_t rand[16],
	const uint8_t sqn[6], const uint8_t amf[2], uint8_t temp[BLOCK],
	uint8_t blocks[OUTPUTS][BLOCK])
{
	xor_block(rand, opc, temp);
	TRY(encrypt(m, temp, BLOCK, temp));
	fill_inputs(temp, opc, sqn, amf, blocks);
	TRY(encrypt(m, blocks[0], OUTPUTS * BLOCK, blocks[0]));
	for (size_t i = 0; i < OUTPUTS; i++) {
		xor_block(blocks[i], opc, blocks[i]);
	}
	return OK;
}

enum err milenage_run(struct milenage *m, const uint8_t k[16], const uint8_t opc[16],
	const uint8_t rand[16], const uint8_t sqn[6], const uint8_t amf[2], struct milenage_out *ret)
{
	uint8_t temp[BLOCK], blocks[OUTPUTS][BLOCK];

	TRY(set_key(m, k));
	enum err e = run(m, opc, rand, sqn, amf, temp, blocks);

	if (e == OK) {
		split_outputs(blocks, ret);
	}
	bytes_wipe(temp, sizeof(temp));
	bytes_wipe(blocks, sizeof(blocks));
	return e;
}
