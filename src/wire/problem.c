// SPDX-License-Identifier: Apache-2.0
#include "wire/problem.h"

#include "wire/http.h"

#include <stdio.h>

void problem_write(const struct problem_types *types, struct json_writer *w, unsigned status,
	const char *detail)
{
	char type[64] = "about:blank";

	for (size_t i = 0; i < types->count; i++) {
		if (types->rows[i].status == status) {
			(void)snprintf(type, sizeof(type), "%s%s", types->path, types->rows[i].name);
		}
	}
	json_put_string(w, "type", type);
	json_put_string(w, "title", http_reason(status));
	json_put_int(w, "status", status);
	json_put_string(w, "detail", detail);
}

enum err problem_describe(const struct problem_types *types, struct view name, struct buf *out)
{
	struct json_writer w = json_to(out);

	for (size_t i = 0; i < types->count; i++) {
		const struct problem_type *type = &types->rows[i];

		if (view_is(name, type->name)) {
			json_open(&w, NULL);
			problem_write(types, &w, type->status, type->meaning);
			json_close(&w);
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "no such type of problem");
}
