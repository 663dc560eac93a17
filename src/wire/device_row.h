// SPDX-License-Identifier: Apache-2.0
/*
 * device_row: one row of a bulk import of pre-registrations, CSV under a line of column names or a JSON object (NDJSON):
 * docs/protocol/registry_owners.md. What it says is its maker's or its owner's word: evidence comes from the device.
 *  req: R9.2-i-g
 */
#pragma once

#include "core/device_facts.h"
#include "core/ident.h"
#include "wire/csv.h"

enum { DEVICE_ROW_MAX = 4096, PARTY_ID_MAX = 64 };

struct device_row {
	struct ident device;
	char manufacturer[PARTY_ID_MAX + 1]; /* "": whoever imports */
	char owner[PARTY_ID_MAX + 1];	     /* what the importer calls the owner; "": none */
	struct device_facts facts;
};

/* Names of columns. ERR_SYNTAX: one that is not known or given twice; none of a device's identifiers; no make, no model. */
enum err device_columns_read(struct view names, struct csv_columns *ret);
/*
 * `columns` NULL: a JSON object {device, manufacturer, owner, facts}. ERR_NOT_FOUND: blank. ERR_SYNTAX, ERR_RANGE: the sentence names
 * the column and the rule that was broken, and repeats no value.
 */
enum err device_row_read(const struct csv_columns *columns, struct view row, struct device_row *ret);

/* What the importer calls a party: 1 to PARTY_ID_MAX letters, digits and ._- . ERR_SYNTAX begins with `what`. */
enum err party_id_check(struct view id, const char *what);
