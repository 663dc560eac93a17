// SPDX-License-Identifier: Apache-2.0
#include "core/aka_key.h"

#include "base/text.h"
#include "core/tuak.h"

#include <string.h>

enum { ALGORITHM_NAME = 16, MILENAGE_KEY = 16 };

void aka_key_put(struct buf *out, const struct aka_key *key)
{
	buf_u8(out, (uint8_t)key->algorithm);
	buf_bytes(out, key->amf, sizeof(key->amf));
	if (key->algorithm == AKA_TUAK) {
		buf_u8(out, key->iterations);
		buf_u8(out, key->res_len);
		buf_u8(out, (uint8_t)key->k.len);
	}
	buf_view(out, secret_view(&key->k));
	buf_view(out, secret_view(&key->opc));
}

enum err aka_key_get(struct reader *r, struct aka_key *ret)
{
	struct aka_key key __attribute__((cleanup(aka_key_wipe))) = {
		.algorithm = (enum aka_algorithm_id)reader_u8(r)};
	size_t k_len = MILENAGE_KEY, opc_len = MILENAGE_KEY;

	if (key.algorithm != AKA_MILENAGE && key.algorithm != AKA_TUAK) {
		return err_fail(ERR_UNSUPPORTED, "key record: unknown algorithm");
	}
	reader_copy(r, key.amf, sizeof(key.amf));
	if (key.algorithm == AKA_TUAK) {
		key.iterations = reader_u8(r);
		key.res_len = reader_u8(r);
		k_len = reader_u8(r);
		opc_len = TUAK_TOP;
	}
	struct view k = reader_bytes(r, k_len), opc = reader_bytes(r, opc_len);

	if (r->failed) {
		return err_fail(ERR_SYNTAX, "key record: cut off");
	}
	TRY(secret_set(&key.k, k.data, k.len));
	TRY(secret_set(&key.opc, opc.data, opc.len));
	TRY(aka_key_check(&key));
	*ret = key;
	return OK;
}

static enum err read_algorithm(struct view word, enum aka_algorithm_id *ret)
{
	char name[ALGORITHM_NAME];

	if (!word.data) {
		*ret = AKA_MILENAGE;
		return OK;
	}
	if (text_copy(name, sizeof(name), word, "algorithm") != OK ||
		aka_algorithm_of(name, ret) != OK) {
		return err_fail(ERR_SYNTAX, "algorithm: milenage or tuak");
	}
	return OK;
}

/* `len` bytes, or `other`. The value itself is not repeated. */
static enum err read_hex(struct view hex, const char *name, size_t len, size_t other,
	struct secret *ret)
{
	if ((hex.len == 2 * len || hex.len == 2 * other) && secret_from_hex(ret, hex) == OK) {
		return OK;
	}
	return other == len
		       ? err_fail(ERR_SYNTAX, "%s: %zu hex digits, not all zero, are wanted", name,
				 2 * len)
		       : err_fail(ERR_SYNTAX, "%s: %zu or %zu hex digits, not all zero, are wanted",
				 name, 2 * len, 2 * other);
}

static enum err read_amf(struct view hex, uint8_t ret[2])
{
	size_t len;

	hex = hex.data ? hex : view_text("8000");
	return hex.len == 4 && text_from_hex(hex, ret, 2, &len, "amf") == OK
		       ? OK
		       : err_fail(ERR_SYNTAX, "amf: 4 hex digits are wanted");
}

static enum err read_milenage(const struct aka_key_text *text, struct aka_key *ret,
	bool *ret_from_op)
{
	struct view opc = text->opc.data ? text->opc : text->op;

	if (text->topc.data || text->top.data || text->keccak_iterations || text->res_bytes) {
		return err_fail(ERR_SYNTAX,
			"topc, top, keccak_iterations, res_bytes: of algorithm tuak alone");
	}
	if (!text->opc.data == !text->op.data) {
		return err_fail(ERR_SYNTAX, "opc, op: one of the two is wanted");
	}
	*ret_from_op = text->op.data != NULL;
	TRY(read_hex(text->k, "k", MILENAGE_KEY, MILENAGE_KEY, &ret->k));
	return read_hex(opc, *ret_from_op ? "op" : "opc", MILENAGE_KEY, MILENAGE_KEY, &ret->opc);
}

static enum err read_lengths(const struct aka_key_text *text, struct aka_key *ret)
{
	int64_t iterations = text->keccak_iterations ? text->keccak_iterations : 1;
	int64_t res = text->res_bytes ? text->res_bytes : TUAK_RES;

	if (iterations < 1 || iterations > TUAK_ITERATIONS_MAX) {
		return err_fail(ERR_SYNTAX, "keccak_iterations: 1 to %d", TUAK_ITERATIONS_MAX);
	}
	if (res != 4 && res != 8 && res != RES_MAX) {
		return err_fail(ERR_SYNTAX,
			"res_bytes: 4, 8 or 16; AKA carries no longer RES (TS 33.102 6.3.7)");
	}
	ret->iterations = (uint8_t)iterations;
	ret->res_len = (uint8_t)res;
	return OK;
}

static enum err read_tuak(const struct aka_key_text *text, struct aka_key *ret, bool *ret_from_op)
{
	struct view topc = text->topc.data ? text->topc : text->top;

	if (text->opc.data || text->op.data) {
		return err_fail(ERR_SYNTAX, "opc, op: of algorithm milenage; tuak has topc or top");
	}
	if (!text->topc.data == !text->top.data) {
		return err_fail(ERR_SYNTAX, "topc, top: one of the two is wanted");
	}
	*ret_from_op = text->top.data != NULL;
	TRY(read_lengths(text, ret));
	TRY(read_hex(text->k, "k", 16, 32, &ret->k));
	return read_hex(topc, *ret_from_op ? "top" : "topc", TUAK_TOP, TUAK_TOP, &ret->opc);
}

enum err aka_key_read(const struct aka_key_text *text, struct aka_key *ret, bool *ret_from_op)
{
	struct aka_key key __attribute__((cleanup(aka_key_wipe))) = {.amf = {0}};

	TRY(read_algorithm(text->algorithm, &key.algorithm));
	TRY(read_amf(text->amf, key.amf));
	TRY(key.algorithm == AKA_TUAK ? read_tuak(text, &key, ret_from_op)
				      : read_milenage(text, &key, ret_from_op));
	*ret = key;
	return OK;
}
