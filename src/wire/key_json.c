// SPDX-License-Identifier: Apache-2.0
#include "wire/key_json.h"

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
