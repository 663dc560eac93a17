// SPDX-License-Identifier: Apache-2.0
#include "wire/key_json.h"

#include "base/text.h"

enum { DOCUMENT_MAX = 1024 };

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

static void put_hex(struct json_writer *w, const char *name, const uint8_t *bytes, size_t len)
{
	char text[SECRET_MAX * 2];
	struct buf out = buf_fixed(text, sizeof(text));

	text_hex(&out, view_of(bytes, len));
	json_put_text(w, name, buf_contents(&out));
	bytes_wipe(text, sizeof(text));
}

void key_put_json(struct json_writer *w, const struct aka_key *key)
{
	bool tuak = key->algorithm == AKA_TUAK;

	json_put_string(w, "algorithm", aka_algorithm_name(key->algorithm));
	put_hex(w, "k", key->k.bytes, key->k.len);
	put_hex(w, tuak ? "topc" : "opc", key->opc.bytes, key->opc.len);
	put_hex(w, "amf", key->amf, sizeof(key->amf));
	if (tuak) {
		json_put_int(w, "keccak_iterations", key->iterations);
		json_put_int(w, "res_bytes", key->res_len);
	}
}

enum err key_document_write(const struct aka_key *key, uint64_t sqn, struct buf *out)
{
	struct json_writer w = json_to(out);

	TRY(aka_key_check(key));
	json_open(&w, NULL);
	key_put_json(&w, key);
	json_put_int(&w, "sqn", (int64_t)sqn);
	json_close(&w);
	return buf_end(out, "key");
}

static enum err read_document(const struct json *root, struct aka_key *ret, int64_t *ret_sqn)
{
	static const char *const known[] = {KEY_JSON_MEMBERS, "sqn", NULL};
	bool from_op = false;

	TRY(json_only(root, known));
	TRY(json_int(root, "sqn", 0, SQN_LAST, ret_sqn));
	TRY(key_from_json(root, ret, &from_op));
	return from_op ? err_fail(ERR_SYNTAX, "op, top: a key goes with its opc or topc") : OK;
}

enum err key_document_read(struct view text, struct aka_key *ret, uint64_t *ret_sqn)
{
	JSON_CLEANUP struct json *root = NULL;
	struct aka_key key __attribute__((cleanup(aka_key_wipe))) = {.amf = {0}};
	int64_t sqn = 0;

	TRY(json_parse(text, DOCUMENT_MAX, &root));
	TRY(read_document(root, &key, &sqn));
	TRY(aka_key_check(&key));
	*ret = key;
	*ret_sqn = (uint64_t)sqn;
	return OK;
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
