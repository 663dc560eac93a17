// SPDX-License-Identifier: Apache-2.0
#include "wire/key_json.h"

#include "base/text.h"

enum err key_from_json(const struct json *object, struct aka_key *ret, bool *ret_from_op)
{
	struct aka_key_text text = {.k = {0}};
	const struct {
		const char *name;
		struct view *to;
	} members[] = {
		{"algorithm", &text.algorithm},
		{"k", &text.k},
		{"opc", &text.opc},
		{"op", &text.op},
		{"topc", &text.topc},
		{"top", &text.top},
		{"amf", &text.amf},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		TRY(json_text_opt(object, members[i].name, members[i].to));
	}
	TRY(json_int_opt(object, "keccak_iterations", 1, INT32_MAX, &text.keccak_iterations));
	TRY(json_int_opt(object, "res_bytes", 1, INT32_MAX, &text.res_bytes));
	return aka_key_read(&text, ret, ret_from_op);
}

static enum err read_bytes(const struct json *object, const char *name, uint8_t *to, size_t size,
	bool *ret_given)
{
	struct view hex = {0};
	size_t len = 0;

	TRY(json_text_opt(object, name, &hex));
	*ret_given = hex.data != NULL;
	if (hex.data && (hex.len != 2 * size || text_from_hex(hex, to, size, &len, name) != OK)) {
		return err_fail(ERR_SYNTAX, "%s: %zu hex digits are wanted", name, 2 * size);
	}
	return OK;
}

/* K always; OPc, under any of its names, when it is named. */
static enum err read_wraps(const struct json *object, bool *ret_with_opc)
{
	const struct json *wraps = json_member(object, "wraps");
	bool with_k = !wraps;

	*ret_with_opc = false;
	for (const struct json *item = json_item(wraps, 0); item; item = json_next(item)) {
		struct view word = {0};

		TRY(json_as_text(item, &word));
		if (view_is(word, "k")) {
			with_k = true;
		} else if (view_is(word, "opc")) {
			*ret_with_opc = true;
		} else {
			return err_fail(ERR_SYNTAX, "wraps: k and opc are what may be encrypted");
		}
	}
	return with_k ? OK : err_fail(ERR_SYNTAX, "wraps: a list with k is wanted");
}

enum err transport_from_json(const struct json *object, struct key_transport *ret)
{
	static const char *const known[] = {"cipher", "key", "iv", "wraps", "check", NULL};
	struct view cipher, key;
	bool has_iv;

	TRY(json_only(object, known));
	TRY(json_text(object, "cipher", &cipher));
	TRY(json_text(object, "key", &key));
	ret->cbc = view_is(cipher, "aes-128-cbc");
	if (!ret->cbc && !view_is(cipher, "aes-128-ecb")) {
		return err_fail(ERR_SYNTAX, "cipher: aes-128-ecb or aes-128-cbc");
	}
	if (key.len != 32 || secret_from_hex(&ret->key, key) != OK) {
		return err_fail(ERR_SYNTAX, "key: 32 hex digits, not all zero, are wanted");
	}
	TRY(read_bytes(object, "iv", ret->iv, sizeof(ret->iv), &has_iv));
	if (has_iv && !ret->cbc) {
		return err_fail(ERR_SYNTAX, "iv: of aes-128-cbc alone");
	}
	TRY(read_bytes(object, "check", ret->check, sizeof(ret->check), &ret->has_check));
	TRY(read_wraps(object, &ret->with_opc));
	return key_transport_check(ret);
}
