// SPDX-License-Identifier: Apache-2.0
/*
 * owner_row: one row of a bulk import of owners and custodians, CSV or NDJSON: docs/protocol/registry_owners.md.
 *  req: R9.2-i-g
 */
#pragma once

#include "wire/csv.h"
#include "wire/owner_record.h"

enum { OWNER_ROW_MAX = 4096, OWNER_REFERENCE_MAX = 64 };

struct owner_row {
	char reference[OWNER_REFERENCE_MAX + 1]; /* what the importer calls it; devices' rows name it */
	struct owner_record record;
};

/* ERR_SYNTAX: a name that is not known, or given twice; no owner, or no name. */
enum err owner_columns_read(struct view names, struct csv_columns *ret);
/* `columns` NULL: a JSON object {owner, kind, claims}. As device_row_read(). Wipe it. */
enum err owner_row_read(const struct csv_columns *columns, struct view row, struct owner_row *ret);
void owner_row_wipe(struct owner_row *row);
