// SPDX-License-Identifier: Apache-2.0
/* A batch of SIMs: its first line as the columns of the others, and each as JSON. What is taken is a key of this realm. */
#include "fuzz.h"

#include "wire/import_row.h"
#include <stdlib.h>
#include <string.h>

static void check_row(const struct import_columns *columns, struct view line,
	const struct ident *realm)
{
	struct import_row row;

	if (import_row_read(columns, line, realm, &row) != OK) {
		return;
	}
	if (aka_key_check(&row.key) != OK || row.sqn < 0 || (uint64_t)row.sqn > SQN_LAST ||
		!view_equal(ident_realm_of(&row.client), ident_view(realm)) ||
		!memchr(row.name, 0, sizeof(row.name)) ||
		!memchr(row.subscriber, 0, sizeof(row.subscriber))) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_columns columns;
	struct ident realm;
	struct view line = {0};
	bool csv = false;

	if (ident_parse(IDENT_FQDN, view_text("realm.example"), &realm) != OK) {
		abort();
	}
	for (size_t from = 0; from < size; from += line.len + 1) {
		const uint8_t *end = memchr(data + from, '\n', size - from);

		line = view_of(data + from, end ? (size_t)(end - data) - from : size - from);
		check_row(NULL, line, &realm);
		if (from == 0) {
			csv = import_columns_read(line, &columns) == OK;
		} else if (csv) {
			check_row(&columns, line, &realm);
		}
	}
	return 0;
}
