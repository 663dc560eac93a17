// SPDX-License-Identifier: Apache-2.0
/*
 * unit: one unit of work inside the store: a copy of its steps and parameters, and room for what they
 * return. All of it is overwritten when it is freed, since either may hold keys.
 */
#pragma once

#include "store/store.h"

struct unit_step {
	int statement;
	enum store_expect expect;
	size_t param_count;
	const struct store_value *params;
};

struct unit {
	struct unit *next;
	store_done *done;
	void *user;
	uint64_t user_ref;
	bool waited;   /* store_run() waits for it: not answered through the loop */
	bool finished; /* and this is what it waits for */
	bool suspect;  /* it has spoilt an attempt: the engine may keep it apart in the next */

	struct store_result result;
	char detail[256];
	size_t row_ceiling;
	size_t row_room; /* rows that fit where the current step's values stand */
	size_t bytes;	 /* taken for results so far */
	struct unit_chunk *chunks;

	size_t size; /* of this allocation, to wipe it */
	struct store_rows *rows;
	const struct unit_step *steps;
	size_t step_count;
};

/* Copies steps and parameters. ERR_RANGE for more than the store takes, ERR_SYNTAX for TEXT that is not
 * UTF-8 or holds a zero (engines differ in what they would make of it). */
enum err unit_new(const struct store_step *steps, size_t count, size_t row_ceiling,
	struct unit **ret);
void unit_free(struct unit *u); /* NULL is fine */

/* Forgets results, before a run. */
void unit_reset(struct unit *u);
/* Room for one more row of a step. ERR_RANGE past the ceilings. */
enum err unit_row(struct unit *u, size_t step, size_t columns, struct store_value **ret_values);
/* A copy of bytes that lives as long as the results. */
enum err unit_copy(struct unit *u, const void *data, size_t len, struct view *ret);
/* Ends the unit with `code` and the sentence of err_detail(). */
void unit_fail(struct unit *u, size_t step, enum err code);
/* Compares what a step gave with what was expected: ERR_CONFLICT. `name` is the statement's. */
enum err unit_check(const struct unit *u, size_t step, const char *name);
