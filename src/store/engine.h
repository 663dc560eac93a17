// SPDX-License-Identifier: Apache-2.0
/*
 * engine: what a database must do for the store. One const struct and one file an engine; the store
 * owns threads, grouping and replay, an engine owns a connection. A connection is used by one
 * thread at a time.
 */
#pragma once

#include "store/unit.h"

#include <stdatomic.h>

/* What preparing a statement tells. */
struct engine_statement {
	uint8_t params; /* $1 ... $params, all of them used */
	bool reads;	/* changes nothing */
};

enum engine_role { ENGINE_WRITER, ENGINE_READER };
enum engine_guard {
	ENGINE_PLAIN,	/* optimistic: nothing between the units */
	ENGINE_GUARDED, /* each unit behind a savepoint */
};

/* Each engine's connection begins with this. */
struct engine_conn {
	const struct engine *engine;
};

enum { ENGINE_PATH = 4096 };

/* What the store cannot count itself. */
struct engine_figures {
	uint64_t checkpoint_failures, log_bytes;
};

struct engine {
	const char *name; /* "sqlite" */
	const char *(*migration_text)(const struct migration *step);
	const char *(*restored_text)(const struct store_schema *schema);

	/* Opens what follows the scheme. The writer comes first and goes last; readers see what it committed. */
	enum err (*open)(const char *rest, enum engine_role role, struct engine_conn **ret);
	void (*close)(struct engine_conn *c); /* NULL is fine */
	/* Keeps other nodes from migrating, or lets them; waits for them. NULL: there are no others. */
	enum err (*reserve)(struct engine_conn *c, bool on);

	/* Replaces the statements that units name. Fills `ret`, one each, unless NULL. */
	enum err (*prepare)(struct engine_conn *c, const struct statement *statements, size_t count,
		struct engine_statement *ret);
	/* Runs a text of several statements without parameters: migrations. */
	enum err (*script)(struct engine_conn *c, const char *sql);

	/* A connection that was lost is made again here. */
	enum err (*begin)(struct engine_conn *c);
	/*
	 * Runs a list of units in order and fills their results. OK: each of them ran, or failed and left
	 * nothing behind (its result says why). ERR_AGAIN: one left something behind, so the transaction
	 * is of no use; its own result says why. Else the trouble is everyone's: no disk, no connection.
	 */
	enum err (*run)(struct engine_conn *c, struct unit *first, enum engine_guard guard);
	/* Durable when OK. ERR_CONFLICT: a deferred constraint; ERR_UNAVAILABLE: not committed;
	 * ERR_UNKNOWN_RESULT: it may have been. */
	enum err (*commit)(struct engine_conn *c);
	void (*rollback)(struct engine_conn *c); /* also after a failed commit */

	/* See store_copy() and store_restore(); on any thread, with a connection of its own. Fills `ret_path` with the
	 * copy's name. It gives up soon after `stop` is set. NULL: it makes none. */
	enum err (*copy)(const char *rest, const char *node, const atomic_bool *stop,
		char ret_path[ENGINE_PATH]);
	enum err (*restore)(const char *rest, const struct store_schema *schema, const char *node,
		const char *from);

	/* Of the writer's, from another thread; NULL: it has none. */
	void (*figures)(const struct engine_conn *c, struct engine_figures *ret);
};

extern const struct engine engine_sqlite, engine_postgres;

/* Brings the schema up to the program's version; ERR_CONFIG when it is newer or another program's. */
enum err migrate(struct engine_conn *c, const struct store_schema *schema);

/* The table that says of when a copy is, and of which node: one row in a copy, none in a store at work. */
#define COPY_MARK                                                                                  \
	"CREATE TABLE IF NOT EXISTS copy_mark ("                                                   \
	"node TEXT NOT NULL, version TEXT NOT NULL, at BIGINT NOT NULL)"
/* If the store comes from a copy, what must be done then, and the mark goes: one transaction. */
enum err copy_settle(struct engine_conn *c, const struct store_schema *schema);
/* Marks a store at work. */
enum err copy_mark(struct engine_conn *c, const char *node, int64_t at);
