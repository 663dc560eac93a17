// SPDX-License-Identifier: Apache-2.0
/* import_inside: what import.c, which reads requests, and import_unit.c, which stores rows, have in common. */
#pragma once

#include "registry/owners/owners.h"
#include "wire/owner_row.h"

enum { IMPORT_ID_MAX = 64, IMPORT_DIGEST_MAX = 64, IMPORT_WHY = 200 };
enum { IMPORT_UNIT_ROWS = 8, IMPORT_UNIT_TEXT = 128 * 1024, IMPORT_ROW_TEXT = 16 * 1024 };

enum import_kind { IMPORT_DEVICES, IMPORT_OWNERS, IMPORT_KINDS };

/* One request: look where the batch stands -> store rows, a few a unit -> move the mark -> answer. */
struct import_run {
	struct registry *registry;
	pool_ref ref, call;
	enum import_kind kind;
	bool csv;
	char id[IMPORT_ID_MAX + 1];
	char importer[PARTY_ID_MAX + 1]; /* a manufacturer's id; "": an administrator */
	char before[IMPORT_DIGEST_MAX + 1], digest[IMPORT_DIGEST_MAX + 1]; /* "": not told */
	int64_t no;							   /* of the batch */
	int64_t after, count, added, failed;
	size_t waiting;	  /* units under way */
	enum err trouble; /* of the store, not of a row */
	char detail[IMPORT_WHY];
};

/* Rows on their way into the store. */
struct import_unit {
	pool_ref ref, run;
	size_t count;
	struct {
		int64_t line;
		int step; /* of the look that follows it; -1: it was wrong, and its error is stored */
		bool has_owner;
		char owner[OWNER_ID]; /* that it brings */
	} rows[IMPORT_UNIT_ROWS];
};

/* A unit as it is filled; there is one. */
struct import_filling {
	struct import_run *run;
	struct import_unit *unit; /* NULL: none is begun */
	struct store_step steps[STORE_STEPS];
	size_t count;
	struct buf text; /* what the steps point into */
	uint8_t room[IMPORT_UNIT_TEXT];
	struct device_row device;
	struct owner_row owner;
};

/* Puts one row, as CSV under `columns` or as JSON, into a unit, and submits units that are full. Errors of the store alone. */
enum err import_put_row(struct import_run *run, const struct csv_columns *columns, struct view row,
	int64_t line);
/* Submits what is left. */
enum err import_flush(struct import_run *run);
/* All units have been answered: called once after the last, or at once. */
void import_settle(struct import_run *run);
/* After an error: what was begun is not submitted. */
void import_drop_filling(struct import_run *run);
void import_note_trouble(struct import_run *run, enum err err, const char *detail);
store_done import_on_errors; /* of a step that counts among `waiting` */

/* Of a late result: NULL when it has ended. */
static inline struct import_run *import_run_of(const struct registry *registry, pool_ref ref)
{
	return registry->owners ? pool_at(registry->owners->import_runs, ref) : NULL;
}

/* Writes a batch that stands in a row of BATCH_COLUMNS. */
call_put import_put_batch;
