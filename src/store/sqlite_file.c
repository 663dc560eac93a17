// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	APPLICATION_ID = 0x53796d62, /* "Symb" in the file's header: it is ours */
	BUSY_MS = 5000,		     /* another program reads or backs up the file */
	VALUE_BYTES = 16 << 20,
};

/* ---- the file ---- */

enum err sqlite_file_path(const char *rest, char *ret, size_t room)
{
	/* "./", lest a name like file:x be taken for a URI by SQLite. */
	int len = snprintf(ret, room, "%s%s", rest[0] == '/' ? "" : "./", rest);

	return rest[0] && len < (int)room ? OK
					  : err_fail(ERR_CONFIG, "store: the URL is sqlite:PATH");
}

enum err sqlite_file_lock(const char *path, int *ret_lock)
{
	char name[4200], holder[24] = "";

	(void)snprintf(name, sizeof(name), "%s.lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return err_system("store: open %s", name);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t n = read(fd, holder, sizeof(holder) - 1);

		(void)close(fd);
		return err_fail(ERR_UNAVAILABLE, "store: %s is in use by process %.*s", path,
			n > 0 ? (int)strcspn(holder, "\n") : 1, n > 0 ? holder : "?");
	}
	/* For the sentence above only; the lock goes with the process, however it ends. */
	if (ftruncate(fd, 0) == 0) {
		(void)dprintf(fd, "%ld\n", (long)getpid());
	}
	*ret_lock = fd;
	return OK;
}

/* SQLite gives the log and its index the mode of the database. By another name the file would have
 * another lock, and another log. */
static enum err make_file(const char *path)
{
	struct stat st = {.st_nlink = 0};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == ELOOP) {
		return err_fail(ERR_CONFIG, "store: %s is a link: name the file itself", path);
	}
	if (fd < 0) {
		return err_system("store: open %s", path);
	}
	bool single = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
	bool closed = (st.st_mode & 077) == 0 || fchmod(fd, 0600) == 0;

	(void)close(fd);
	if (!single) {
		return err_fail(ERR_CONFIG, "store: %s is not a file with one name", path);
	}
	return closed ? OK : err_fail(ERR_CONFIG, "store: %s is open to others", path);
}

enum err sqlite_file_take(const char *path, int *ret_lock)
{
	int lock = -1;

	/* First the lock: to close a file that this process has open would end SQLite's own locks. */
	TRY(sqlite_file_lock(path, &lock));
	enum err err = make_file(path);

	if (err != OK) {
		(void)close(lock);
		return err;
	}
	*ret_lock = lock;
	return OK;
}

/* ---- the database ---- */

static enum err refuse(sqlite3 *db, int code)
{
	if ((code & 0xff) == SQLITE_NOTADB) {
		return err_fail(ERR_CONFIG, "store: the file is not an SQLite database");
	}
	int why = db && (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db) : 0;

	/* SQLite says "disk I/O error" when it is full, too. */
	return err_fail(ERR_UNAVAILABLE, "store: open: %s",
		why  ? strerror(why)
		: db ? sqlite3_errmsg(db)
		     : "no memory");
}

/* The first column of the first row of a setting or a query. */
static enum err ask(sqlite3 *db, const char *sql, char *ret, size_t room)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	ret[0] = 0;
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
		const char *text =
			code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;

		(void)snprintf(ret, room, "%s", text ? text : "");
	}
	(void)sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? OK : refuse(db, code);
}

/* An SQLite database of somebody else's is left untouched. */
static enum err claim(sqlite3 *db)
{
	char id[24], tables[24], set[64];

	TRY(ask(db, "PRAGMA application_id", id, sizeof(id)));
	if (strtol(id, NULL, 10) == APPLICATION_ID) {
		return OK;
	}
	TRY(ask(db, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables)));
	if (strcmp(id, "0") != 0 || strcmp(tables, "0") != 0) {
		return err_fail(ERR_CONFIG, "store: the file is another program's database");
	}
	(void)snprintf(set, sizeof(set), "PRAGMA application_id=%d", APPLICATION_ID);
	return ask(db, set, id, sizeof(id));
}

static enum err enter_wal(sqlite3 *db)
{
	char mode[24];

	TRY(ask(db, "PRAGMA journal_mode=WAL", mode, sizeof(mode)));
	if (strcmp(mode, "wal") != 0) {
		return err_fail(ERR_CONFIG, "store: the file system cannot share memory for a log");
	}
	return OK;
}

static enum err set_up(sqlite3 *db, enum engine_role role)
{
	static const char settings[] = "PRAGMA synchronous=FULL;"
				       "PRAGMA foreign_keys=ON;"
				       "PRAGMA secure_delete=ON;"
				       "PRAGMA cache_size=-16384;"
				       "PRAGMA temp_store=MEMORY;";

	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES);
	(void)sqlite3_busy_timeout(db, BUSY_MS);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_wal_autocheckpoint(db, 0);
	if (role == ENGINE_WRITER) {
		TRY(claim(db));
		TRY(enter_wal(db));
	}
	int code = sqlite3_exec(db, settings, NULL, NULL, NULL);

	if (code == SQLITE_OK && role == ENGINE_READER) {
		code = sqlite3_exec(db, "PRAGMA query_only=ON", NULL, NULL, NULL);
	}
	return code == SQLITE_OK ? OK : refuse(db, code);
}

enum err sqlite_file_open(const char *path, enum engine_role role, sqlite3 **ret)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	enum err err = code == SQLITE_OK ? set_up(db, role) : refuse(db, code);

	if (err != OK) {
		(void)sqlite3_close(db);
		return err;
	}
	*ret = db;
	return OK;
}
