// SPDX-License-Identifier: Apache-2.0
/*
 * store: SQL behind one door. A unit of work is a fixed list of statements, without C in between;
 * a decision is an UPDATE ... WHERE ... RETURNING whose row count is checked. Units that wait at
 * the same time share one commit, on the store's own thread; nobody is answered before it. A group
 * that fails is replayed unit by unit, so units may run more than once before they commit, but
 * they commit once. The contract: docs/decisions/0007-store-contract.md.  req: B7.5-e
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "net/file_copy.h"
#include "net/loop.h"

struct store;

/*
 * What may happen on other nodes of the same database while a statement that writes runs. STORE_ALONE is
 * always right. STORE_BY_ROW: it decides only on rows that it changes or adds. STORE_BY_KEY: only on rows
 * that belong to what $1 names.
 */
enum store_beside { STORE_ALONE, STORE_BY_ROW, STORE_BY_KEY };

/* One row of a program's statement table, indexed by its enum. Parameters are $1, $2, ... */
struct statement {
	const char *name; /* for errors and metrics */
	const char *sql;  /* one text for all engines */
	enum store_beside beside;
};

/* Schema steps, in order, forward only; each is one text per engine. The table schema_version is ours. */
struct migration {
	int version; /* 1, 2, 3, ... */
	const char *sqlite, *postgres;
};

/* All that a program has in its database; const, one a program. */
struct store_schema {
	const char *name; /* "authz": stands in the database, another program's is refused */
	const struct statement *statements;
	size_t statement_count;
	const struct migration *migrations;
	size_t migration_count;
	/* What is done once, before all else, in a store that was restored from a copy: what is too old in it
	 * goes, and no number is used again. The table copy_mark says of when the copy is. NULL: nothing. */
	const char *restored_sqlite, *restored_postgres;
};

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB };

/* A parameter or a value of a row. Bytes of parameters are copied. */
struct store_value {
	enum store_type type;
	int64_t number;
	struct view bytes; /* TEXT and BLOB */
};

#define STORE_INT_OF(n)	 ((struct store_value){.type = STORE_INT, .number = (n)})
#define STORE_TEXT_OF(v) ((struct store_value){.type = STORE_TEXT, .bytes = (v)})
#define STORE_BLOB_OF(v) ((struct store_value){.type = STORE_BLOB, .bytes = (v)})
#define STORE_NULL_OF()	 ((struct store_value){.type = STORE_NULL})

/* How many rows a statement must change or return; else the whole unit is rolled back: ERR_CONFLICT. */
enum store_expect { STORE_ANY, STORE_ONE, STORE_SOME, STORE_NONE };

enum { STORE_PARAMS = 16, STORE_STEPS = 16 };

/* One statement of a unit, with its parameters. */
struct store_step {
	int statement;
	enum store_expect expect;
	size_t param_count;
	struct store_value params[STORE_PARAMS];
};

/* What one step gave. */
struct store_rows {
	size_t rows, columns;
	size_t changed;			  /* rows that an INSERT, UPDATE or DELETE changed */
	const struct store_value *values; /* rows * columns */
};

/* What a unit gave: rows of all its statements. Valid during the callback; wiped after. */
struct store_result {
	enum err err; /* OK, ERR_CONFLICT, ERR_EXISTS (unique), ERR_UNAVAILABLE, ERR_UNKNOWN_RESULT, ... */
	const char *detail;		/* a sentence when err is not OK */
	size_t failed_step;		/* index of the step that was not as expected */
	const struct store_rows *steps; /* one each, in order */
	size_t step_count;
};
/* Value at row, column of a step; NULL value outside. */
struct store_value store_at(const struct store_result *r, size_t step, size_t row, size_t column);

/* Told of a unit's result on the loop's thread, once. */
typedef void store_done(void *user, uint64_t user_ref, const struct store_result *result);

/* How a store is opened. */
struct store_options {
	const char *url; /* "sqlite:/path/file.db" or "postgresql://user@host/database" */
	size_t waiting;	 /* units not answered yet; beyond: ERR_OVERLOAD. 8192 unless set */
	size_t group;	 /* units in one commit, at most; 256 unless set */
	size_t rows;	 /* rows that one unit may return; 10000 unless set */
};

/*
 * Opens, migrates, prepares all statements. ERR_CONFIG: a URL or file that cannot be, a schema that is
 * newer or another program's. ERR_UNAVAILABLE: another process has the file. ERR_IO: the file cannot be
 * opened. ERR_SYNTAX: a statement that the engine refuses. The schema must outlive the store.
 */
enum err store_open(struct loop *loop, const struct store_options *options,
	const struct store_schema *schema, struct store **ret);
/* Finishes and answers what was submitted, then closes; from a callback too. NULL is fine. */
void store_close(struct store *s);

/*
 * Copies steps and parameters. `done` comes once, on the loop's thread, after the commit; never when an
 * error is returned: ERR_OVERLOAD, ERR_RANGE for steps that do not fit the statements, ERR_SYNTAX for
 * TEXT that is not UTF-8 or holds a zero, ERR_WRONG_STATE while closing. Units without writes run on
 * a reader of their own and see all that was acknowledged.
 */
enum err store_submit(struct store *s, const struct store_step *steps, size_t count,
	store_done *done, void *user, uint64_t user_ref);

/* The same, waiting, and returns the unit's error; for start-up only, before the loop runs. */
enum err store_run(struct store *s, const struct store_step *steps, size_t count, store_done *done,
	void *user);

/*
 * A whole copy of the store as it is now, in a new file beside it, checked, mode 0600, that says which node's it is.
 * The store works on meanwhile. `done` comes once, on the loop's thread, but not after store_close(): OK, and the
 * file is the caller's; or an error. ERR_OVERLOAD: one is being made; ERR_UNSUPPORTED: not by this engine.
 */
enum err store_copy(struct store *s, const char *node, file_copied *done, void *user);

/*
 * Puts a copy in place of a store that nobody has open; what is there is kept beside it, by the name of
 * `.replaced`. All or nothing, whenever the process ends. ERR_CONFIG: not a copy, another program's or node's, damaged,
 * or a newer schema; ERR_UNAVAILABLE: a process has the store; ERR_UNSUPPORTED: not by this engine.
 */
enum err store_restore(const char *url, const struct store_schema *schema, const char *node,
	const char *from);
/* For a store that was restored by other means, as it was `at` (seconds since 1970, UTC). */
enum err store_mark_restored(const char *url, const struct store_schema *schema, const char *node,
	int64_t at);

/* Figures for `status` and metrics. */
struct store_figures {
	uint64_t units, commits, replays, failures;
	size_t waiting;
	uint64_t checkpoint_failures;
	uint64_t log_bytes; /* of the write-ahead log that are not carried over yet */
};
void store_figures(const struct store *s, struct store_figures *ret);
void store_put_metrics(const struct store *s, struct buf *out); /* NULL: nothing */
/* Whether the database itself failed lately, and has not worked since. */
bool store_is_away(const struct store *s);
/* Whether other nodes may have it open too. */
bool store_is_shared(const struct store *s);
