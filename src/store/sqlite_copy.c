// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_copy.h"

#include "base/env.h"
#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_AROUND = 10000, NAME_MAX_LEN = 256, CHUNK = 1 << 20 };

#define DB_CLEANUP __attribute__((cleanup(close_db)))
static void close_db(sqlite3 **db)
{
	(void)sqlite3_close(*db);
}

#define FD_CLEANUP __attribute__((cleanup(close_fd)))
static void close_fd(const int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
	}
}

static enum err fault(sqlite3 *db, const char *what)
{
	int code = sqlite3_errcode(db) & 0xff;
	enum err err = code == SQLITE_INTERRUPT ? ERR_CLOSED : ERR_UNAVAILABLE;

	return err_fail(err, "store: %s: %s", what, sqlite3_errmsg(db));
}

/* One statement with up to two texts and a number; the first column of its last row, if it is asked for. */
struct query {
	const char *sql, *first, *second;
	int64_t number;
};

static enum err ask(sqlite3 *db, const struct query *q, char *ret, size_t room)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, q->sql, -1, &stmt, NULL);

	if (code == SQLITE_OK && q->first) {
		code = sqlite3_bind_text(stmt, 1, q->first, -1, SQLITE_STATIC);
	}
	if (code == SQLITE_OK && q->second) {
		code = sqlite3_bind_text(stmt, 2, q->second, -1, SQLITE_STATIC);
		code = code == SQLITE_OK ? sqlite3_bind_int64(stmt, 3, q->number) : code;
	}
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW && ret) {
			const char *text = (const char *)sqlite3_column_text(stmt, 0);

			(void)snprintf(ret, room, "%s", text ? text : "");
		}
	}
	enum err err = code == SQLITE_DONE ? OK : fault(db, q->sql);

	(void)sqlite3_finalize(stmt);
	return err;
}

#define ASK(db, text, ret) ask((db), &(struct query){.sql = (text)}, (ret), sizeof(ret))

/* A file alone: no log of another database may come to it, and nothing in it is run. */
static enum err open_plain(const char *path, sqlite3 **ret)
{
	int code = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK) {
		return fault(*ret, path);
	}
	(void)sqlite3_extended_result_codes(*ret, 1);
	(void)sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return OK;
}

static enum err check_whole(sqlite3 *db)
{
	char said[128] = "";

	TRY(ASK(db, "PRAGMA integrity_check(1)", said));
	return strcmp(said, "ok") == 0 ? OK : err_fail(ERR_CONFIG, "store: damaged: %s", said);
}

/* ---- copying ---- */

static int is_enough(void *stop)
{
	return atomic_load((const atomic_bool *)stop);
}

static void watch_stop_of(sqlite3 *db, const atomic_bool *stop)
{
	sqlite3_progress_handler(db, LOOK_AROUND, is_enough, (void *)(uintptr_t)stop);
}

/* One read transaction: the writer goes on, only its log is not cut off meanwhile. */
static enum err vacuum_into(const char *path, const char *to, const atomic_bool *stop)
{
	DB_CLEANUP sqlite3 *db = NULL;

	TRY(sqlite_file_open(path, ENGINE_WRITER, &db));
	watch_stop_of(db, stop);
	return ask(db, &(struct query){.sql = "VACUUM INTO $1", .first = to}, NULL, 0);
}

static enum err mark(const char *path, const char *node, const atomic_bool *stop)
{
	DB_CLEANUP sqlite3 *db = NULL;

	TRY(open_plain(path, &db));
	watch_stop_of(db, stop);
	TRY(ask(db, &(struct query){.sql = COPY_MARK}, NULL, 0));
	TRY(ask(db,
		&(struct query){
			.sql = "INSERT INTO copy_mark (node, version, at) VALUES ($1, $2, $3)",
			.first = node,
			.second = SYMBOLON_VERSION,
			.number = env_wall(&env_system)},
		NULL, 0));
	return check_whole(db);
}

/* What a process left that ended while it made one; this one makes one at a time. */
static void remove_old(const char *path)
{
	char pattern[ENGINE_PATH];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s.copy-*", path);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			(void)unlink(found.gl_pathv[i]);
		}
		globfree(&found);
	}
}

enum err sqlite_copy(const char *rest, const char *node, const atomic_bool *stop,
	char ret_path[ENGINE_PATH])
{
	char path[ENGINE_PATH - 32];

	TRY(sqlite_file_path(rest, path, sizeof(path)));
	remove_old(path);
	(void)snprintf(ret_path, ENGINE_PATH, "%s.copy-XXXXXX", path);
	int fd = mkostemp(ret_path, O_CLOEXEC); /* mode 0600; SQLite takes an empty file */

	if (fd < 0) {
		return err_system("store: %s", ret_path);
	}
	(void)close(fd);
	enum err err = vacuum_into(path, ret_path, stop);

	if (err == OK) {
		err = mark(ret_path, node, stop);
	}
	if (err != OK) {
		(void)unlink(ret_path);
	}
	return err;
}

/* ---- restoring ---- */

static enum err write_all(int to, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(to, bytes, len);

		if (n < 0 && errno != EINTR) {
			return err_system("store: write");
		}
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return OK;
}

static enum err copy_bytes(int from, int to)
{
	uint8_t *chunk = malloc(CHUNK);
	enum err err = chunk ? OK : err_fail(ERR_MEMORY, "store: no memory");
	ssize_t n = 1;

	while (err == OK && n > 0) {
		n = read(from, chunk, CHUNK);
		err = n < 0 ? err_system("store: read") : write_all(to, chunk, (size_t)n);
	}
	free(chunk);
	if (err == OK && fsync(to) != 0) {
		err = err_system("store: fsync");
	}
	return err;
}

/* Beside the store, where a rename can put it in place. */
static enum err copy_file(const char *from, const char *to)
{
	int in FD_CLEANUP = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0) {
		return err_system("store: open %s", from);
	}
	(void)unlink(to);
	int out FD_CLEANUP = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return out < 0 ? err_system("store: open %s", to) : copy_bytes(in, out);
}

static enum err check_is(const char *what, const char *is, const char *wanted)
{
	return strcmp(is, wanted) == 0
		       ? OK
		       : err_fail(ERR_CONFIG, "store: the copy is of %s %s, not of %s", what,
				 is[0] ? is : "(none)", wanted);
}

/* A copy that store_copy() made, of this program and node, whole, and not of a newer version. */
static enum err check_copy(const char *path, const struct store_schema *schema, const char *node)
{
	DB_CLEANUP sqlite3 *db = NULL;
	char said[NAME_MAX_LEN] = "", marks[32] = "", version[32] = "";

	TRY(open_plain(path, &db));
	if (ASK(db, "SELECT count(*) FROM copy_mark", marks) != OK || strcmp(marks, "1") != 0) {
		return err_fail(ERR_CONFIG, "store: the file is not a backup that a node made");
	}
	TRY(check_whole(db));
	TRY(ASK(db, "SELECT program FROM schema_version", said));
	TRY(check_is("program", said, schema->name));
	said[0] = '\0';
	TRY(ASK(db, "SELECT node FROM copy_mark", said));
	TRY(check_is("node", said, node));
	TRY(ASK(db, "SELECT max(version) FROM schema_version", version));
	return strtoul(version, NULL, 10) <= schema->migration_count
		       ? OK
		       : err_fail(ERR_CONFIG,
				 "store: the copy has schema %s, this program knows %zu: a newer "
				 "one "
				 "made it",
				 version, schema->migration_count);
}

/* The log of what is there goes into it, lest it be taken for the copy's. */
static enum err fold_log(const char *path)
{
	DB_CLEANUP sqlite3 *db = NULL;
	char log[ENGINE_PATH];
	struct stat st;

	(void)snprintf(log, sizeof(log), "%s-wal", path);
	if (stat(path, &st) == 0) {
		TRY(open_plain(path, &db));
		(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	return stat(log, &st) != 0 ? OK
				   : err_fail(ERR_CONFIG,
					     "store: %s cannot be carried into its database: move "
					     "both away first",
					     log);
}

static void folder_of(const char *path, char ret[ENGINE_PATH])
{
	(void)snprintf(ret, ENGINE_PATH, "%.*s", (int)(strrchr(path, '/') - path), path);
	if (!ret[0]) {
		(void)strcpy(ret, "/");
	}
}

/* Root restores for the user that runs the node, whose folder it is. */
static enum err give_to_owner(const char *path, const char *copy, int lock)
{
	char folder[ENGINE_PATH];
	struct stat st;

	folder_of(path, folder);
	if (geteuid() != 0 || stat(folder, &st) != 0 || st.st_uid == 0) {
		return OK;
	}
	return lchown(copy, st.st_uid, st.st_gid) == 0 && fchown(lock, st.st_uid, st.st_gid) == 0
		       ? OK
		       : err_system("store: chown %s", copy);
}

/* The copy and what is there change places, at once; or the copy gets the name that nobody has. */
static enum err put_in_place(const char *copy, const char *path)
{
	char folder[ENGINE_PATH];
	struct stat st;
	unsigned how = lstat(path, &st) == 0 ? RENAME_EXCHANGE : RENAME_NOREPLACE;

	folder_of(path, folder);
	int fd FD_CLEANUP = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (renameat2(AT_FDCWD, copy, AT_FDCWD, path, how) != 0) {
		return err_system("store: put %s in place", copy);
	}
	return fd >= 0 && fsync(fd) == 0 ? OK : err_system("store: sync %s", folder);
}

enum err sqlite_restore(const char *rest, const struct store_schema *schema, const char *node,
	const char *from)
{
	char path[ENGINE_PATH - 32], copy[ENGINE_PATH];
	int lock FD_CLEANUP = -1;

	TRY(sqlite_file_path(rest, path, sizeof(path)));
	(void)snprintf(copy, sizeof(copy), "%s.replaced", path);
	TRY(sqlite_file_lock(path, &lock));
	TRY(copy_file(from, copy));
	enum err err = check_copy(copy, schema, node);

	err = err == OK ? fold_log(path) : err;
	err = err == OK ? give_to_owner(path, copy, lock) : err;
	if (err != OK) {
		(void)unlink(copy);
		return err;
	}
	return put_in_place(copy, path);
}
