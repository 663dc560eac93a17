// SPDX-License-Identifier: Apache-2.0
#include "store/postgres_statement.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* From pg_type.dat of PostgreSQL: these numbers never change. */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_NAME = 19,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_BPCHAR = 1042,
	PG_VARCHAR = 1043,
	PG_NUMERIC = 1700,
};

/* ---- texts ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* The next word outside of quotes; NULL at the end. */
static const char *next_word(const char *at, size_t *ret_len)
{
	while (*at && !is_letter(*at)) {
		if (*at == '\'' || *at == '"') {
			const char *end = strchr(at + 1, *at);

			at = end ? end : at + strlen(at) - 1;
		}
		at++;
	}
	size_t len = 0;

	while (is_letter(at[len]) || (at[len] >= '0' && at[len] <= '9')) {
		len++;
	}
	*ret_len = len;
	return len ? at : NULL;
}

/* Transactions and settings are the store's: a program may only read and change rows. */
static enum err look_at(const struct statement *s, bool *ret_reads)
{
	static const char *const first_words[] = {"SELECT", "WITH", "VALUES", "INSERT", "UPDATE",
		"DELETE"};
	size_t len = 0, i = 0;
	const char *word = next_word(s->sql, &len);

	while (i < 6 && !(word && is_word(word, len, first_words[i]))) {
		i++;
	}
	if (i == 6) {
		return err_fail(ERR_SYNTAX, "store: %s: one statement that reads or changes rows",
			s->name);
	}
	*ret_reads = true;
	for (; word; word = next_word(word + len, &len)) {
		*ret_reads &= !is_word(word, len, "INSERT") && !is_word(word, len, "UPDATE") &&
			      !is_word(word, len, "DELETE");
	}
	return OK;
}

/* ---- preparing ---- */

/* A number is a BIGINT: "$1 / 32" alone would make it an INTEGER. */
static enum err type_for(const char *name, int at, Oid guessed, Oid *ret)
{
	switch (guessed) {
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
	case PG_NUMERIC:
		*ret = PG_INT8;
		return OK;
	case PG_TEXT:
	case PG_VARCHAR:
	case PG_BPCHAR:
	case PG_NAME:
		*ret = PG_TEXT;
		return OK;
	case PG_BYTEA:
		*ret = PG_BYTEA;
		return OK;
	default:
		return err_fail(ERR_SYNTAX,
			"store: %s: $%d is neither a number, text nor bytes (type %u): CAST it",
			name, at, guessed);
	}
}

static enum err learn_types(struct pg_statement *s, const PGresult *r)
{
	int count = PQnparams(r);

	if (count > STORE_PARAMS) {
		return err_fail(ERR_SYNTAX, "store: %s: parameters are $1 to $%d, none left out",
			s->from->name, STORE_PARAMS);
	}
	for (int i = 0; i < count; i++) {
		TRY(type_for(s->from->name, i + 1, PQparamtype(r, i), &s->types[i]));
	}
	s->params = (uint8_t)count;
	return OK;
}

static enum err check_columns(const struct pg_statement *s, const PGresult *r)
{
	for (int i = 0; i < PQnfields(r); i++) {
		switch (PQftype(r, i)) {
		case PG_BOOL:
		case PG_BYTEA:
		case PG_NAME:
		case PG_INT8:
		case PG_INT2:
		case PG_INT4:
		case PG_TEXT:
		case PG_BPCHAR:
		case PG_VARCHAR:
		case PG_NUMERIC:
			break;
		default:
			return err_fail(ERR_SYNTAX,
				"store: %s: column %d is neither a number, text nor bytes (type "
				"%u)",
				s->from->name, i, PQftype(r, i));
		}
	}
	return OK;
}

static enum err queue_prepare(struct link *l, const struct pg_statement *s, const char *id)
{
	if (!PQsendPrepare(l->pg, id, s->from->sql, s->params, s->types) ||
		!PQsendDescribePrepared(l->pg, id)) {
		return link_lost(l, s->from->name);
	}
	return OK;
}

static enum err read_one(struct link *l, const struct pg_statement *s, PGresult **ret)
{
	enum err err = OK;
	enum link_verdict verdict = link_next(l, s->from->name, ret, &err);

	if (verdict == LINK_DONE || verdict == LINK_TROUBLE) {
		return err;
	}
	return err_fail(ERR_SYNTAX, "%s", verdict == LINK_REFUSED ? err_detail() : s->from->name);
}

/* The answers to both commands of queue_prepare(). */
static enum err read_prepared(struct link *l, const struct pg_statement *s, PGresult **ret)
{
	{
		RESULT_CLEANUP PGresult *parsed = NULL;

		TRY(read_one(l, s, &parsed));
	}
	return read_one(l, s, ret);
}

static enum err learn_one(struct link *l, struct pg_statement *s)
{
	RESULT_CLEANUP PGresult *r = NULL;

	TRY(read_prepared(l, s, &r));
	return learn_types(s, r);
}

enum err pg_statements_learn(struct link *l, const struct statement *statements, size_t count,
	struct pg_statement *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct pg_statement){.from = &statements[i]};
		(void)snprintf(ret[i].id, sizeof(ret[i].id), "s%zu", i);
		TRY(look_at(&statements[i], &ret[i].reads));
	}
	for (size_t i = 0; i < count; i++) {
		TRY(queue_prepare(l, &ret[i], ""));
	}
	TRY(link_sync(l));
	for (size_t i = 0; i < count; i++) {
		TRY(learn_one(l, &ret[i]));
	}
	return link_drain(l, "prepare");
}

static enum err prepare_one(struct link *l, const struct pg_statement *s)
{
	RESULT_CLEANUP PGresult *r = NULL;

	TRY(read_prepared(l, s, &r));
	return check_columns(s, r);
}

enum err pg_statements_prepare(struct link *l, const struct pg_statement *statements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		TRY(queue_prepare(l, &statements[i], statements[i].id));
	}
	TRY(link_sync(l));
	for (size_t i = 0; i < count; i++) {
		TRY(prepare_one(l, &statements[i]));
	}
	return link_drain(l, "prepare");
}

/* ---- parameters ---- */

enum err pg_statement_check(const struct pg_statement *s, const struct unit_step *step)
{
	for (size_t i = 0; i < step->param_count; i++) {
		enum store_type type = step->params[i].type;
		Oid as = type == STORE_INT ? PG_INT8 : type == STORE_TEXT ? PG_TEXT : PG_BYTEA;

		if (type != STORE_NULL && as != s->types[i]) {
			return err_fail(ERR_UNSUPPORTED, "store: %s: $%zu is of another type",
				s->from->name, i + 1);
		}
	}
	return OK;
}

enum err pg_statement_queue(struct link *l, const struct pg_statement *s,
	const struct unit_step *step)
{
	static const int binary[STORE_PARAMS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	const char *values[STORE_PARAMS];
	int lengths[STORE_PARAMS];
	uint64_t numbers[STORE_PARAMS];

	for (size_t i = 0; i < step->param_count; i++) {
		const struct store_value *v = &step->params[i];

		values[i] = v->bytes.len ? (const char *)v->bytes.data : "";
		lengths[i] = (int)v->bytes.len;
		if (v->type == STORE_NULL) {
			values[i] = NULL;
		} else if (v->type == STORE_INT) {
			numbers[i] = htobe64((uint64_t)v->number);
			values[i] = (const char *)&numbers[i];
			lengths[i] = sizeof(numbers[i]);
		}
	}
	if (!PQsendQueryPrepared(l->pg, s->id, (int)step->param_count, values, lengths, binary, 1)) {
		return link_lost(l, s->from->name);
	}
	return OK;
}

/* ---- rows ---- */

/* A sum is NUMERIC: digits of base 10000, the first of them worth 10000^weight. */
static enum err read_numeric(struct view v, int64_t *ret)
{
	struct reader r = reader_of(v);
	uint16_t digits = reader_u16(&r);
	int weight = (int16_t)reader_u16(&r);
	uint16_t sign = reader_u16(&r);
	int64_t n = 0;

	reader_skip(&r, 2);
	if (r.failed || (sign != 0 && sign != 0x4000)) {
		return err_fail(ERR_UNSUPPORTED, "store: not a number");
	}
	for (int i = 0; i <= weight || i < digits; i++) {
		int64_t digit = i < digits ? reader_u16(&r) : 0;

		if (i > weight && digit != 0) {
			return err_fail(ERR_UNSUPPORTED, "store: a fraction");
		}
		if (i <= weight && (__builtin_mul_overflow(n, 10000, &n) ||
					   __builtin_sub_overflow(n, digit, &n))) {
			return err_fail(ERR_RANGE, "store: a number past 64 bits");
		}
	}
	/* Collected below zero, where one more fits. */
	if (sign == 0 && __builtin_sub_overflow(0, n, &n)) {
		return err_fail(ERR_RANGE, "store: a number past 64 bits");
	}
	*ret = n;
	return reader_end(&r, "store: number");
}

static enum err read_number(Oid type, struct view v, int64_t *ret)
{
	struct reader r = reader_of(v);

	switch (type) {
	case PG_BOOL:
		*ret = reader_u8(&r) != 0;
		break;
	case PG_INT2:
		*ret = (int16_t)reader_u16(&r);
		break;
	case PG_INT4:
		*ret = (int32_t)reader_u32(&r);
		break;
	case PG_INT8:
		*ret = (int64_t)reader_u64(&r);
		break;
	default:
		return read_numeric(v, ret);
	}
	return reader_end(&r, "store: number");
}

static enum err take_value(struct unit *u, const PGresult *r, int row, int column,
	struct store_value *to)
{
	if (PQgetisnull(r, row, column)) {
		return OK;
	}
	Oid type = PQftype(r, column);
	struct view v = view_of(PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));

	switch (type) {
	case PG_BYTEA:
		to->type = STORE_BLOB;
		return unit_copy(u, v.data, v.len, &to->bytes);
	case PG_TEXT:
	case PG_NAME:
	case PG_BPCHAR:
	case PG_VARCHAR:
		to->type = STORE_TEXT;
		return unit_copy(u, v.data, v.len, &to->bytes);
	default:
		to->type = STORE_INT;
		return read_number(type, v, &to->number);
	}
}

enum err pg_statement_take(const struct pg_statement *s, const PGresult *r, struct unit *u,
	size_t at)
{
	int rows = PQntuples(r), columns = PQnfields(r);
	struct store_value *row;

	u->rows[at].columns = (size_t)columns;
	u->rows[at].changed = s->reads ? 0 : strtoul(PQcmdTuples((PGresult *)r), NULL, 10);
	for (int i = 0; i < rows; i++) {
		TRY(unit_row(u, at, (size_t)columns, &row));
		for (int k = 0; k < columns; k++) {
			TRY(take_value(u, r, i, k, &row[k]));
		}
	}
	return unit_check(u, at, s->from->name);
}
