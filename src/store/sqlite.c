// SPDX-License-Identifier: Apache-2.0
/*
 * sqlite: the embedded engine. WAL with synchronous=FULL: a commit that returned is on the disk. One
 * process has the database, held by a lock file beside it.
 */
#include "store/checkpoint.h"
#include "store/sqlite_copy.h"
#include "store/sqlite_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SQLITE_PAGE = 4096 }; /* bytes, as all databases of ours have it */

enum own { BEGIN, BEGIN_READ, COMMIT, ROLLBACK, GUARD, UNDO, RELEASE, OWN_COUNT };

static const char *const own_sql[OWN_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[BEGIN_READ] = "BEGIN",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[GUARD] = "SAVEPOINT unit",
	[UNDO] = "ROLLBACK TO unit",
	[RELEASE] = "RELEASE unit",
};

struct prepared {
	sqlite3_stmt *stmt;
	const char *name;
	bool reads;
	uint8_t params;
	uint8_t place[STORE_PARAMS]; /* where SQLite counts $1, $2, ... */
};

struct sqlite_conn {
	struct engine_conn base;
	enum engine_role role;
	sqlite3 *db;
	sqlite3_stmt *own[OWN_COUNT];
	struct prepared *prepared;
	size_t count;
	struct checkpoint *checkpoint; /* the writer's, as is the lock */
	int lock;
	bool entered;
};

static struct sqlite_conn *of(struct engine_conn *c)
{
	return (struct sqlite_conn *)c;
}

/* ---- what SQLite's results mean ---- */

/* Trouble with the database itself: every unit suffers, and later it may work. */
static bool is_trouble(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_NOTADB:
	case SQLITE_PERM:
	case SQLITE_PROTOCOL:
	case SQLITE_READONLY:
		return true;
	default:
		return false;
	}
}

static enum err err_of(int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_UNIQUE:
		return ERR_EXISTS;
	}
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return ERR_RANGE;
	default:
		return is_trouble(code) ? ERR_UNAVAILABLE : ERR_UNSUPPORTED;
	}
}

/* SQLite's sentences name tables and columns, never values. */
static enum err fault(const struct sqlite_conn *c, int code, const char *what)
{
	return err_fail(err_of(code), "store: %s: %s", what, sqlite3_errmsg(c->db));
}

/*
 * A commit that failed before its last page was in the log did not happen. When the disk refused the
 * flush, or anything after it failed, the log may be whole, and a crash would bring it to life.
 */
static enum err commit_fault(const struct sqlite_conn *c, int code)
{
	switch (code) {
	case SQLITE_FULL:
	case SQLITE_IOERR_READ:
	case SQLITE_IOERR_WRITE:
		return fault(c, code, "commit");
	}
	if ((code & 0xff) == SQLITE_CONSTRAINT || (code & 0xff) == SQLITE_BUSY) {
		return fault(c, code, "commit");
	}
	return err_fail(ERR_UNKNOWN_RESULT, "store: commit: %s", sqlite3_errmsg(c->db));
}

static int run_own(struct sqlite_conn *c, enum own which)
{
	(void)sqlite3_step(c->own[which]);
	return sqlite3_reset(c->own[which]);
}

/* ---- transactions ---- */

static void leave(struct sqlite_conn *c)
{
	if (c->entered) {
		c->entered = false;
		checkpoint_leave(c->checkpoint);
	}
}

static enum err sqlite_begin(struct engine_conn *conn)
{
	struct sqlite_conn *c = of(conn);

	if (c->role == ENGINE_WRITER) {
		checkpoint_enter(c->checkpoint);
		c->entered = true;
	}
	int code = run_own(c, c->role == ENGINE_WRITER ? BEGIN : BEGIN_READ);

	return code == SQLITE_OK ? OK : fault(c, code, "begin");
}

static void sqlite_rollback(struct engine_conn *conn)
{
	struct sqlite_conn *c = of(conn);

	if (!sqlite3_get_autocommit(c->db)) { /* some failures have rolled back already */
		(void)run_own(c, ROLLBACK);
	}
	leave(c);
}

static enum err sqlite_commit(struct engine_conn *conn)
{
	struct sqlite_conn *c = of(conn);
	int code = run_own(c, COMMIT);

	if (code != SQLITE_OK) {
		return commit_fault(c, code);
	}
	leave(c);
	return OK;
}

static int log_grew(void *checkpoint, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	checkpoint_log_has(checkpoint, pages);
	return SQLITE_OK;
}

/* ---- units ---- */

static int bind_value(sqlite3_stmt *stmt, int at, const struct store_value *v)
{
	const void *data = v->bytes.len ? v->bytes.data : (const uint8_t *)"";

	switch (v->type) {
	case STORE_INT:
		return sqlite3_bind_int64(stmt, at, v->number);
	case STORE_TEXT:
		return sqlite3_bind_text64(stmt, at, data, v->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
	case STORE_BLOB:
		return sqlite3_bind_blob64(stmt, at, data, v->bytes.len, SQLITE_STATIC);
	case STORE_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

static enum err take_value(struct unit *u, const struct prepared *p, int column,
	struct store_value *to)
{
	switch (sqlite3_column_type(p->stmt, column)) {
	case SQLITE_NULL:
		return OK;
	case SQLITE_INTEGER:
		*to = STORE_INT_OF(sqlite3_column_int64(p->stmt, column));
		return OK;
	case SQLITE_TEXT:
		to->type = STORE_TEXT;
		break;
	case SQLITE_BLOB:
		to->type = STORE_BLOB;
		break;
	default:
		return err_fail(ERR_UNSUPPORTED, "store: %s: column %d is a fraction", p->name,
			column);
	}
	const void *data = sqlite3_column_blob(p->stmt, column);

	return unit_copy(u, data, (size_t)sqlite3_column_bytes(p->stmt, column), &to->bytes);
}

static enum err take_row(struct unit *u, size_t at, const struct prepared *p)
{
	int columns = sqlite3_column_count(p->stmt);
	struct store_value *row;

	TRY(unit_row(u, at, (size_t)columns, &row));
	for (int i = 0; i < columns; i++) {
		TRY(take_value(u, p, i, &row[i]));
	}
	return OK;
}

static enum err bind_step(struct sqlite_conn *c, const struct prepared *p,
	const struct unit_step *step)
{
	for (size_t i = 0; i < step->param_count; i++) {
		int code = bind_value(p->stmt, p->place[i], &step->params[i]);

		if (code != SQLITE_OK) {
			return fault(c, code, p->name);
		}
	}
	return OK;
}

static enum err step_rows(struct sqlite_conn *c, struct unit *u, size_t at, const struct prepared *p)
{
	int code;

	u->rows[at].columns = (size_t)sqlite3_column_count(p->stmt);
	while ((code = sqlite3_step(p->stmt)) == SQLITE_ROW) {
		TRY(take_row(u, at, p));
	}
	if (code != SQLITE_DONE) {
		return fault(c, code, p->name);
	}
	u->rows[at].changed = p->reads ? 0 : (size_t)sqlite3_changes64(c->db);
	return unit_check(u, at, p->name);
}

static enum err run_step(struct sqlite_conn *c, struct unit *u, size_t at)
{
	const struct prepared *p = &c->prepared[u->steps[at].statement];
	enum err err = bind_step(c, p, &u->steps[at]);

	if (err == OK) {
		err = step_rows(c, u, at, p);
	}
	(void)sqlite3_reset(p->stmt);
	(void)sqlite3_clear_bindings(p->stmt); /* they point into the unit */
	return err;
}

/* OK when the unit ran, or failed for a reason of its own, which it then has. */
static enum err run_steps(struct sqlite_conn *c, struct unit *u)
{
	for (size_t i = 0; i < u->step_count; i++) {
		enum err err = run_step(c, u, i);

		if (err == ERR_UNAVAILABLE) {
			return err;
		}
		if (err != OK) {
			unit_fail(u, i, err);
			return OK;
		}
	}
	return OK;
}

static enum err run_plain(struct sqlite_conn *c, struct unit *u)
{
	int64_t before = sqlite3_total_changes64(c->db);

	TRY(run_steps(c, u));
	if (u->result.err == OK) {
		return OK;
	}
	/* A guard that refused in the first place, as most do, needs no replay of the others. */
	bool traceless = sqlite3_total_changes64(c->db) == before &&
			 !sqlite3_get_autocommit(c->db); /* "ON CONFLICT ROLLBACK" ends all of it */

	return traceless ? OK : ERR_AGAIN;
}

static enum err run_guarded(struct sqlite_conn *c, struct unit *u)
{
	int code = run_own(c, GUARD);

	if (code != SQLITE_OK) {
		return fault(c, code, "savepoint");
	}
	TRY(run_steps(c, u));
	if (sqlite3_get_autocommit(c->db)) {
		return ERR_AGAIN;
	}
	if (u->result.err != OK) {
		code = run_own(c, UNDO);
		if (code != SQLITE_OK) {
			return err_fail(ERR_UNAVAILABLE, "store: undo: %s", sqlite3_errmsg(c->db));
		}
	}
	code = run_own(c, RELEASE);
	return code == SQLITE_OK ? OK : fault(c, code, "release");
}

static enum err sqlite_run(struct engine_conn *conn, struct unit *first, enum engine_guard guard)
{
	for (struct unit *u = first; u; u = u->next) {
		TRY(guard == ENGINE_GUARDED ? run_guarded(of(conn), u) : run_plain(of(conn), u));
	}
	return OK;
}

/* ---- statements ---- */

/* Transactions and settings are the store's: a statement of a program may not touch them. */
static int allow(void *user, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)user, (void)a, (void)b, (void)c, (void)d;
	switch (action) {
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_PRAGMA:
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		return SQLITE_DENY;
	default:
		return SQLITE_OK;
	}
}

/* SQLite takes "$1" for a name, and counts names by their first use. */
static enum err place_params(struct prepared *p)
{
	int count = sqlite3_bind_parameter_count(p->stmt);

	for (int i = 1; i <= count; i++) {
		const char *name = sqlite3_bind_parameter_name(p->stmt, i);
		char *end = NULL;
		long n = name && name[0] == '$' ? strtol(name + 1, &end, 10) : 0;

		if (n < 1 || n > count || n > STORE_PARAMS || *end) {
			return err_fail(ERR_SYNTAX,
				"store: %s: parameters are $1 to $%d, none left out", p->name,
				STORE_PARAMS);
		}
		p->place[n - 1] = (uint8_t)i;
	}
	p->params = (uint8_t)count;
	return OK;
}

static enum err prepare_one(struct sqlite_conn *c, const struct statement *s, struct prepared *p)
{
	const char *rest;
	int code =
		sqlite3_prepare_v3(c->db, s->sql, -1, SQLITE_PREPARE_PERSISTENT, &p->stmt, &rest);

	if (code != SQLITE_OK) {
		return err_fail(ERR_SYNTAX, "store: %s: %s", s->name, sqlite3_errmsg(c->db));
	}
	if (!p->stmt || rest[strspn(rest, " \t\n;")]) {
		return err_fail(ERR_SYNTAX, "store: %s: one statement, no more and no less",
			s->name);
	}
	p->name = s->name;
	p->reads = sqlite3_stmt_readonly(p->stmt);
	return place_params(p);
}

static void forget_prepared(struct sqlite_conn *c)
{
	for (size_t i = 0; i < c->count; i++) {
		(void)sqlite3_finalize(c->prepared[i].stmt);
	}
	free(c->prepared);
	c->prepared = NULL;
	c->count = 0;
}

static enum err sqlite_prepare(struct engine_conn *conn, const struct statement *statements,
	size_t count, struct engine_statement *ret)
{
	struct sqlite_conn *c = of(conn);
	enum err err = OK;

	forget_prepared(c);
	c->prepared = calloc(count ? count : 1, sizeof(*c->prepared));
	if (!c->prepared) {
		return err_fail(ERR_MEMORY, "store: no memory for %zu statements", count);
	}
	c->count = count;
	(void)sqlite3_set_authorizer(c->db, allow, NULL);
	for (size_t i = 0; i < count && err == OK; i++) {
		err = prepare_one(c, &statements[i], &c->prepared[i]);
		if (ret) {
			ret[i] = (struct engine_statement){.params = c->prepared[i].params,
				.reads = c->prepared[i].reads};
		}
	}
	(void)sqlite3_set_authorizer(c->db, NULL, NULL);
	return err;
}

static enum err sqlite_script(struct engine_conn *conn, const char *sql)
{
	struct sqlite_conn *c = of(conn);
	bool inside = !sqlite3_get_autocommit(c->db);
	int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

	if (code != SQLITE_OK) {
		return fault(c, code, "script");
	}
	if (inside == (bool)sqlite3_get_autocommit(c->db)) {
		return err_fail(ERR_WRONG_STATE, "store: a script begins or ends a transaction");
	}
	return OK;
}

/* ---- opening and closing ---- */

static enum err open_database(struct sqlite_conn *c, const char *path)
{
	TRY(sqlite_file_open(path, c->role, &c->db));
	for (int i = 0; i < OWN_COUNT; i++) {
		int code = sqlite3_prepare_v3(c->db, own_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			&c->own[i], NULL);
		if (code != SQLITE_OK) {
			return fault(c, code, own_sql[i]);
		}
	}
	return OK;
}

static enum err open_writer(struct sqlite_conn *c, const char *path)
{
	TRY(sqlite_file_take(path, &c->lock));
	TRY(open_database(c, path));
	TRY(checkpoint_start(path, &c->checkpoint));
	(void)sqlite3_wal_hook(c->db, log_grew, c->checkpoint);
	return OK;
}

static void sqlite_close(struct engine_conn *conn)
{
	struct sqlite_conn *c = of(conn);

	if (!c) {
		return;
	}
	checkpoint_stop(c->checkpoint);
	forget_prepared(c);
	for (int i = 0; i < OWN_COUNT; i++) {
		(void)sqlite3_finalize(c->own[i]);
	}
	(void)sqlite3_close(c->db);
	if (c->lock >= 0) {
		(void)close(c->lock);
	}
	free(c);
}

/* Counting memory costs a lock on each allocation, and nobody reads the count. */
static void configure_library(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err sqlite_open(const char *rest, enum engine_role role, struct engine_conn **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char path[4000];

	(void)pthread_once(&once, configure_library);
	TRY(sqlite_file_path(rest, path, sizeof(path)));
	struct sqlite_conn *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "store: no memory for a connection");
	}
	*c = (struct sqlite_conn){.base.engine = &engine_sqlite, .role = role, .lock = -1};
	enum err err = role == ENGINE_WRITER ? open_writer(c, path) : open_database(c, path);

	if (err != OK) {
		sqlite_close(&c->base);
		return err;
	}
	*ret = &c->base;
	return OK;
}

static void sqlite_figures(const struct engine_conn *conn, struct engine_figures *ret)
{
	const struct sqlite_conn *c = (const struct sqlite_conn *)conn;

	checkpoint_figures(c->checkpoint, &ret->checkpoint_failures, &ret->log_bytes);
	ret->log_bytes *= SQLITE_PAGE;
}

static const char *restored_text(const struct store_schema *schema)
{
	return schema->restored_sqlite;
}

static const char *migration_text(const struct migration *step)
{
	return step->sqlite;
}

const struct engine engine_sqlite = {
	.name = "sqlite",
	.migration_text = migration_text,
	.restored_text = restored_text,
	.open = sqlite_open,
	.close = sqlite_close,
	.prepare = sqlite_prepare,
	.script = sqlite_script,
	.begin = sqlite_begin,
	.run = sqlite_run,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.copy = sqlite_copy,
	.restore = sqlite_restore,
	.figures = sqlite_figures,
};
