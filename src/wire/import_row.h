// SPDX-License-Identifier: Apache-2.0
/*
 * import_row: a line of a batch of SIMs, as their makers and operators' systems write it: CSV under a line
 * of column names, or a JSON object (NDJSON). docs/guides/operator.md has the columns.
 */
#pragma once

#include "core/aka_key.h"
#include "core/ident.h"
#include "wire/csv.h"

enum { IMPORT_LINE_MAX = 4096, IMPORT_COLUMNS_MAX = CSV_FIELDS_MAX };
enum { IMPORT_WORD_MAX = 64, IMPORT_NAME_MAX = 256 };

/* Which column stands where, and what separates them: the first of , ; and tab in the line of names. */
struct import_columns {
	size_t count;
	uint8_t column[IMPORT_COLUMNS_MAX];
	char separator;
};

/* ERR_SYNTAX: a name that is not known, or given twice; no client, or no key. ERR_RANGE: too many. */
enum err import_columns_read(struct view names, struct import_columns *ret);

/* One client element. What a line leaves out is empty, or as it is when one device is registered. */
struct import_row {
	struct ident client, device; /* device.kind: IDENT_NONE when there is none */
	char subscriber[IMPORT_WORD_MAX + 1];
	char verification[IMPORT_WORD_MAX + 1];
	char name[IMPORT_NAME_MAX + 1];
	struct aka_key key;
	bool from_op; /* key.opc is OP or TOP */
	int64_t sqn;
};

/*
 * `columns` NULL: the line is a JSON object with members of those names. Clients are of this realm. ERR_NOT_FOUND for a
 * line that is blank; else ERR_SYNTAX, ERR_RANGE with a sentence that names the column and repeats no value.
 */
enum err import_row_read(const struct import_columns *columns, struct view line,
	const struct ident *realm, struct import_row *ret);
void import_row_wipe(struct import_row *row);
