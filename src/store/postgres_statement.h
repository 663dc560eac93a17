// SPDX-License-Identifier: Apache-2.0
/*
 * postgres_statement: a program's statement as a server has it prepared, its parameters and its rows in
 * binary. A number is always a BIGINT, whatever the server would guess from the text.
 */
#pragma once

#include "store/engine.h"
#include "store/postgres_link.h"

struct pg_statement {
	const struct statement *from;
	char id[24];
	bool reads;
	uint8_t params;
	Oid types[STORE_PARAMS];
};

/* Looks at each text and asks the server for the types of its parameters. ERR_SYNTAX names the statement. */
enum err pg_statements_learn(struct link *l, const struct statement *statements, size_t count,
	struct pg_statement *ret);
/* Prepares them on a new connection. */
enum err pg_statements_prepare(struct link *l, const struct pg_statement *statements, size_t count);

/* ERR_UNSUPPORTED: a parameter is not of its type. */
enum err pg_statement_check(const struct pg_statement *s, const struct unit_step *step);
enum err pg_statement_queue(struct link *l, const struct pg_statement *s,
	const struct unit_step *step);
/* Takes over rows and counts. ERR_UNSUPPORTED: a fraction; ERR_RANGE: too much. */
enum err pg_statement_take(const struct pg_statement *s, const PGresult *r, struct unit *u,
	size_t at);
