// SPDX-License-Identifier: Apache-2.0
/*
 * What holds for SQLite alone: the file and who may have it, and what the store makes of a disk that is
 * full, fails or loses power. Faults come from a VFS that stands in front of the real one.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

/* ---- a disk that can be told to fail ---- */

/* What a file would hold after a power cut: writes reach it only when they are synchronised. */
struct shadow {
	int fd;
	size_t count, room;
	struct change {
		int64_t at; /* -1: cut to `len` */
		int64_t len;
	} * changes;
};

static struct {
	pthread_mutex_t lock;
	const char *prefix; /* of the files that are watched */
	struct shadow db, wal;
	int writes_left; /* before the disk is full; -1: never */
	bool sync_fails;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .writes_left = -1};

struct file {
	sqlite3_file base;
	struct shadow *shadow; /* NULL: not watched */
	sqlite3_file *real;    /* behind this struct */
};

static sqlite3_vfs *real_vfs, shim_vfs;
static sqlite3_io_methods shim_methods;

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static void remember(struct shadow *s, int64_t at, int64_t len)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->changes = realloc(s->changes, s->room * sizeof(*s->changes));
		assert_non_null(s->changes);
	}
	s->changes[s->count++] = (struct change){at, len};
}

/* The changes so far become what survives. */
static void settle(struct shadow *s, sqlite3_file *real)
{
	for (size_t i = 0; i < s->count; i++) {
		struct change c = s->changes[i];
		char *bytes = malloc((size_t)c.len + 1);

		assert_non_null(bytes);
		if (c.at < 0) {
			assert_int_equal(ftruncate(s->fd, c.len), 0);
		} else if (real->pMethods->xRead(real, bytes, (int)c.len, c.at) == SQLITE_OK) {
			assert_int_equal(pwrite(s->fd, bytes, (size_t)c.len, c.at), c.len);
		}
		free(bytes);
	}
	s->count = 0;
}

static int shim_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int shim_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), to, len, at);
}

static int shim_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
	struct shadow *s = ((struct file *)f)->shadow;
	int code = SQLITE_OK;

	pthread_mutex_lock(&disk.lock);
	if (s && disk.writes_left >= 0 && disk.writes_left-- == 0) {
		disk.writes_left = 0;
		code = SQLITE_FULL;
	} else {
		code = real_of(f)->pMethods->xWrite(real_of(f), from, len, at);
		if (s && s->fd >= 0) {
			remember(s, at, len);
		}
	}
	pthread_mutex_unlock(&disk.lock);
	return code;
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct shadow *s = ((struct file *)f)->shadow;

	pthread_mutex_lock(&disk.lock);
	if (s && s->fd >= 0) {
		remember(s, -1, size);
	}
	int code = real_of(f)->pMethods->xTruncate(real_of(f), size);

	pthread_mutex_unlock(&disk.lock);
	return code;
}

static int shim_sync(sqlite3_file *f, int flags)
{
	struct shadow *s = ((struct file *)f)->shadow;

	if (!s) {
		return real_of(f)->pMethods->xSync(real_of(f), flags);
	}
	pthread_mutex_lock(&disk.lock);
	bool fails = disk.sync_fails;

	if (!fails && s->fd >= 0) {
		settle(s, real_of(f));
	}
	pthread_mutex_unlock(&disk.lock);
	return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK; /* the power does not really go */
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), ret);
}

static int shim_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int shim_reserved(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int shim_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int shim_traits(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int shim_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void shim_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int shim_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
	struct file *file = (struct file *)f;
	bool watched = name && disk.prefix && strncmp(name, disk.prefix, strlen(disk.prefix)) == 0;

	(void)vfs;
	file->real = (sqlite3_file *)(file + 1);
	file->shadow = !watched			     ? NULL
		       : flags & SQLITE_OPEN_WAL     ? &disk.wal
		       : flags & SQLITE_OPEN_MAIN_DB ? &disk.db
						     : NULL;
	int code = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);

	file->base.pMethods = file->real->pMethods ? &shim_methods : NULL;
	return code;
}

static void install_shim(void)
{
	assert_int_equal(sqlite3_initialize(), SQLITE_OK);
	real_vfs = sqlite3_vfs_find("unix");
	assert_non_null(real_vfs);
	shim_methods =
		(sqlite3_io_methods){2, shim_close, shim_read, shim_write, shim_truncate, shim_sync,
			shim_size, shim_lock, shim_unlock, shim_reserved, shim_control, shim_sector,
			shim_traits, shim_map, shim_shm_lock, shim_barrier, shim_unmap, NULL, NULL};
	shim_vfs = *real_vfs; /* all but opening is the real one's */
	shim_vfs.zName = "shim";
	shim_vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	shim_vfs.xOpen = shim_open;
	assert_int_equal(sqlite3_vfs_register(&shim_vfs, 1), SQLITE_OK);
}

/* ---- fixture ---- */

enum { LEFT, RIGHT, COUNT, MISSING, ROLLBACK, FRACTION, STATEMENTS };

static const struct statement statements[STATEMENTS] = {
	[LEFT] = {"left_put", "INSERT INTO lefts (id) VALUES ($1)"},
	[RIGHT] = {"right_put", "INSERT INTO rights (id, body) VALUES ($1, $2)"},
	[COUNT] = {"counts",
		"SELECT (SELECT count(*) FROM lefts l), (SELECT count(*) FROM rights r)"},
	[MISSING] = {"missing", "SELECT count(*) FROM lefts l JOIN rights r ON r.id = l.id"},
	[ROLLBACK] = {"left_rollback", "INSERT OR ROLLBACK INTO lefts (id) VALUES ($1)"},
	[FRACTION] = {"fraction", "SELECT 0.5"},
};

static const struct migration migrations[] = {
	{1,
		"CREATE TABLE lefts (id INTEGER PRIMARY KEY);"
		"CREATE TABLE rights (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
		NULL},
};
static const struct store_schema schema = {"test", statements, STATEMENTS, migrations, 1};

struct fixture {
	struct loop *loop;
	struct store *store;
	char dir[64], path[96], url[160];
	size_t answers, good;
	enum err err;
	char detail[256];
	int64_t numbers[2];
};

static enum err open_store(struct fixture *f)
{
	struct store_options options = {.url = f->url};

	return store_open(f->loop, &options, &schema, &f->store);
}

static int bare_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/store.db", f->dir);
	(void)snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
	disk.prefix = f->path;
	disk.db.fd = disk.wal.fd = -1;
	assert_ok(loop_new(&env_system, &f->loop));
	*state = f;
	return 0;
}

static int setup(void **state)
{
	(void)bare_setup(state);
	assert_ok(open_store(*state));
	return 0;
}

static void remove_files(const char *dir)
{
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm",
		"store.db.lock", "link"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	disk.writes_left = -1;
	disk.sync_fails = false;
	store_close(f->store);
	loop_free(f->loop);
	remove_files(f->dir);
	for (struct shadow *s = &disk.db; s; s = s == &disk.db ? &disk.wal : NULL) {
		if (s->fd >= 0) {
			(void)close(s->fd);
		}
		free(s->changes);
		*s = (struct shadow){.fd = -1};
	}
	free(f);
	return 0;
}

static void see(void *user, uint64_t ref, const struct store_result *r)
{
	struct fixture *f = user;

	(void)ref;
	f->answers++;
	f->good += r->err == OK;
	f->err = r->err;
	(void)snprintf(f->detail, sizeof(f->detail), "%s", r->detail);
	f->numbers[0] = store_at(r, 0, 0, 0).number;
	f->numbers[1] = store_at(r, 0, 0, 1).number;
}

static void wait_for(struct fixture *f, size_t answers)
{
	while (f->answers < answers) {
		loop_turn(f->loop, 1000);
	}
}

static uint8_t body[300000];

/* Two halves that stand or fall together. */
static void submit_pair(struct fixture *f, int64_t id, size_t size)
{
	struct store_step steps[] = {
		{.statement = LEFT,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_INT_OF(id)}},
		{.statement = RIGHT,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(id), STORE_BLOB_OF(view_of(body, size))}},
	};

	assert_ok(store_submit(f->store, steps, 2, see, f, (uint64_t)id));
}

static enum err put_pair(struct fixture *f, int64_t id, size_t size)
{
	submit_pair(f, id, size);
	wait_for(f, f->answers + 1);
	return f->err;
}

/* How many pairs there are; none is half. */
static int64_t count_pairs(struct fixture *f)
{
	struct store_step count = {.statement = COUNT}, whole = {.statement = MISSING};

	assert_ok(store_run(f->store, &count, 1, see, f));
	int64_t lefts = f->numbers[0];

	assert_int_equal(f->numbers[1], lefts);
	assert_ok(store_run(f->store, &whole, 1, see, f));
	assert_int_equal(f->numbers[0], lefts);
	return lefts;
}

/* ---- the file ---- */

static unsigned mode_of(const struct fixture *f, const char *end)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", f->path, end);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void only_its_owner_reads_the_files(void **state)
{
	struct fixture *f = *state;
	mode_t before = umask(0);

	assert_ok(open_store(f));
	assert_err(OK, put_pair(f, 1, 10));
	(void)umask(before);
	assert_int_equal(mode_of(f, ""), 0600);
	assert_int_equal(mode_of(f, "-wal"), 0600);
	assert_int_equal(mode_of(f, "-shm"), 0600);
	assert_int_equal(mode_of(f, ".lock"), 0600);
	store_close(f->store);
	f->store = NULL;

	assert_int_equal(chmod(f->path, 0644), 0); /* a backup put back, say */
	assert_ok(open_store(f));
	assert_int_equal(mode_of(f, ""), 0600);
}

static void one_process_has_the_file(void **state)
{
	struct fixture *f = *state;
	struct store *mine = f->store;
	char wanted[64];

	(void)snprintf(wanted, sizeof(wanted), "in use by process %ld", (long)getpid());
	assert_err(ERR_UNAVAILABLE, open_store(f));
	assert_said(wanted);
	f->store = mine;
	assert_err(OK, put_pair(f, 1, 10));

	/* And when it has gone, however it ended, another may. */
	store_close(f->store);
	f->store = NULL;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (open_store(f) == OK) {
			raise(SIGKILL);
		}
		_exit(1);
	}
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_ok(open_store(f));
	assert_int_equal(count_pairs(f), 1);
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void what_is_not_ours_is_refused_and_left_alone(void **state)
{
	struct fixture *f = *state;
	char link_path[128];
	sqlite3 *db;

	write_file(f->path,
		"This is a shopping list, and long enough to have the size of a header:\n"
		"bread, butter, cheese, tomatoes, olives, wine, more wine\n");
	assert_err(ERR_CONFIG, open_store(f));
	assert_said("not an SQLite database");
	assert_int_equal(unlink(f->path), 0);

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_err(ERR_CONFIG, open_store(f));
	assert_said("another program's");

	(void)snprintf(link_path, sizeof(link_path), "%s/link", f->dir);
	assert_int_equal(symlink(f->path, link_path), 0);
	(void)snprintf(f->url, sizeof(f->url), "sqlite:%s", link_path);
	assert_err(ERR_CONFIG, open_store(f));
	assert_said("is a link");
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(link(f->path, link_path), 0);
	assert_err(ERR_CONFIG, open_store(f));
	assert_said("one name");
	(void)strcat(link_path, ".lock");
	(void)unlink(link_path);

	(void)snprintf(f->url, sizeof(f->url), "sqlite:%s/no/such/folder.db", f->dir);
	assert_err(ERR_IO, open_store(f));
	assert_said("No such file");
	(void)snprintf(f->url, sizeof(f->url), "sqlite:%s", f->dir);
	assert_err(ERR_IO, open_store(f));
	(void)strcat(f->dir, ".lock");
	(void)unlink(f->dir);
	f->dir[strlen(f->dir) - strlen(".lock")] = 0;
}

static void statements_leave_transactions_and_settings_alone(void **state)
{
	struct fixture *f = *state;
	static const char *const texts[] = {"COMMIT", "BEGIN", "SAVEPOINT mine", "RELEASE unit",
		"PRAGMA synchronous=OFF", "ATTACH 'x' AS y", "DETACH y", "SELECT ?1", "SELECT ?",
		"SELECT :name", "SELECT $0", "SELECT $2", "SELECT $1, $3", "SELECT $1x",
		"SELECT \"word\""};
	static const char many[] =
		"SELECT $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17";

	for (size_t i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
		struct statement one = {"this_one",
			i < sizeof(texts) / sizeof(texts[0]) ? texts[i] : many};
		struct store_schema bad = schema;
		struct store_options options = {.url = f->url};

		bad.statements = &one;
		bad.statement_count = 1;
		if (store_open(f->loop, &options, &bad, &f->store) != ERR_SYNTAX) {
			fail_msg("taken: %s", one.sql);
		}
		assert_said("this_one");
	}
}

/* "OR ROLLBACK" ends the transaction of the whole group: the others are replayed without it. */
static void a_statement_that_ends_the_transaction_spares_the_others(void **state)
{
	struct fixture *f = *state;
	struct store_step end = {.statement = ROLLBACK,
		.param_count = 1,
		.params = {STORE_INT_OF(5)}};

	assert_err(OK, put_pair(f, 5, 10));
	for (int64_t id = 10; id < 30; id++) {
		submit_pair(f, id, 10);
		if (id == 20) {
			assert_ok(store_submit(f->store, &end, 1, see, f, 0));
		}
	}
	wait_for(f, 22);
	assert_int_equal(f->good, 21);
	assert_int_equal(count_pairs(f), 21);
}

static void fractions_are_refused(void **state)
{
	struct fixture *f = *state;
	struct store_step step = {.statement = FRACTION};

	assert_err(ERR_UNSUPPORTED, store_run(f->store, &step, 1, see, f));
	assert_said("fraction");
}

/* ---- a disk that is full or fails ---- */

static void a_full_disk_is_unavailable_until_there_is_room(void **state)
{
	struct fixture *f = *state;

	assert_err(OK, put_pair(f, 1, 10));
	disk.writes_left = 0;
	for (int64_t id = 100; id < 120; id++) {
		submit_pair(f, id, 10);
	}
	wait_for(f, 21);
	assert_int_equal(f->good, 1);
	assert_err(ERR_UNAVAILABLE, f->err);
	assert_non_null(strstr(f->detail, "full"));
	assert_int_equal(count_pairs(f), 1); /* reading goes on */
	f->answers = f->good = 0;
	disk.writes_left = -1;
	for (int64_t id = 100; id < 120; id++) {
		submit_pair(f, id, 10);
	}
	wait_for(f, 20);
	assert_int_equal(f->good, 20);
	assert_int_equal(count_pairs(f), 21);
}

/* Wherever in a unit the disk fills up: all of it is there, or nothing. */
static void a_disk_that_fills_up_half_way_leaves_no_half(void **state)
{
	struct fixture *f = *state;
	int64_t kept = 0;
	int refused = 0;

	for (int room = 0; room < 120; room++) {
		disk.writes_left = room;
		enum err err = put_pair(f, room, 100000); /* some 25 pages */

		disk.writes_left = -1;
		if (err == OK) {
			kept++;
		} else {
			assert_err(ERR_UNAVAILABLE, err);
			refused++;
		}
		assert_int_equal(count_pairs(f), kept);
		store_close(f->store); /* and so after recovery from the log */
		f->store = NULL;
		assert_ok(open_store(f));
		assert_int_equal(count_pairs(f), kept);
	}
	assert_in_range(refused, 20, 100);
}

static void a_limit_on_file_size_is_unavailable_too(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, small;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

	assert_err(OK, put_pair(f, 1, 10));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 200000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum err err = put_pair(f, 2, 300000);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, handler);
	assert_err(ERR_UNAVAILABLE, err);
	assert_int_equal(count_pairs(f), 1);
	assert_err(OK, put_pair(f, 2, 300000));
	assert_int_equal(count_pairs(f), 2);
}

static void a_failed_flush_leaves_the_result_unknown(void **state)
{
	struct fixture *f = *state;

	assert_err(OK, put_pair(f, 1, 10));
	disk.sync_fails = true;
	for (int64_t id = 2; id < 12; id++) {
		submit_pair(f, id, 10);
	}
	wait_for(f, 11);
	assert_int_equal(f->good, 1);
	assert_err(ERR_UNKNOWN_RESULT, f->err);
	disk.sync_fails = false;
	assert_err(OK, put_pair(f, 20, 10)); /* which settles it: the others did not happen */
	store_close(f->store);
	f->store = NULL;
	assert_ok(open_store(f));
	assert_int_equal(count_pairs(f), 2);
}

/* So that the next start has little to recover, and a copy of the file is nearly all. */
static void an_idle_store_carries_its_log_over(void **state)
{
	struct fixture *f = *state;
	struct stat st = {.st_size = 0};

	assert_err(OK, put_pair(f, 1, sizeof(body)));
	assert_int_equal(stat(f->path, &st), 0);
	assert_in_range(st.st_size, 1, sizeof(body) - 1);
	for (int i = 0; i < 1000 && st.st_size < (off_t)sizeof(body); i++) {
		loop_turn(f->loop, 10);
		assert_int_equal(stat(f->path, &st), 0);
	}
	assert_in_range(st.st_size, sizeof(body), 2 * sizeof(body));
	assert_int_equal(count_pairs(f), 1);
	assert_err(OK, put_pair(f, 2, sizeof(body)));
	assert_int_equal(count_pairs(f), 2);
}

/* ---- losing power ---- */

static int make_shadow(const struct fixture *f, const char *end)
{
	char path[128];
	char bytes[4096];
	ssize_t n;
	int to = memfd_create("shadow", MFD_CLOEXEC);

	assert_true(to >= 0);
	(void)snprintf(path, sizeof(path), "%s%s", f->path, end);
	int from = open(path, O_RDONLY);

	while (from >= 0 && (n = read(from, bytes, sizeof(bytes))) > 0) {
		assert_int_equal(write(to, bytes, (size_t)n), n);
	}
	(void)close(from);
	return to;
}

static void copy_shadow(int from, const char *dir, const char *name)
{
	static char bytes[1 << 16];
	char path[128];
	off_t at = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(to >= 0);
	while ((n = pread(from, bytes, sizeof(bytes), at)) > 0) {
		assert_int_equal(write(to, bytes, (size_t)n), n);
		at += n;
	}
	(void)close(to);
}

/* Opens what the disk would hold if the power went now. */
static int64_t pairs_after_power_cut(struct fixture *f)
{
	struct fixture other = {.loop = f->loop};
	char dir[] = "/tmp/test-store-XXXXXX";

	assert_non_null(mkdtemp(dir));
	pthread_mutex_lock(&disk.lock);
	copy_shadow(disk.db.fd, dir, "store.db");
	copy_shadow(disk.wal.fd, dir, "store.db-wal");
	pthread_mutex_unlock(&disk.lock);
	(void)snprintf(other.url, sizeof(other.url), "sqlite:%s/store.db", dir);
	assert_ok(open_store(&other));
	int64_t pairs = count_pairs(&other);

	store_close(other.store);
	remove_files(dir);
	return pairs;
}

/* The log is carried over and started anew several times meanwhile, which is where it could go wrong. */
static void nothing_acknowledged_is_lost_with_the_power(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char wal[128];
	off_t longest = 0;

	store_close(f->store);
	f->store = NULL;
	assert_ok(open_store(f));
	(void)snprintf(wal, sizeof(wal), "%s-wal", f->path);
	disk.db.fd = make_shadow(f, "");
	disk.wal.fd = make_shadow(f, "-wal");
	for (int64_t id = 0; id < 500; id++) { /* 150 MB */
		submit_pair(f, id, sizeof(body));
		if (id % 8 == 7) {
			wait_for(f, (size_t)id - 6);
		}
		if (id % 100 == 77) {
			size_t acknowledged = f->good;

			assert_true(pairs_after_power_cut(f) >= (int64_t)acknowledged);
		}
		if (stat(wal, &st) == 0 && st.st_size > longest) {
			longest = st.st_size;
		}
	}
	wait_for(f, 500);
	assert_int_equal(f->good, 500);
	assert_int_equal(pairs_after_power_cut(f), 500);
	assert_in_range(longest, 10 << 20, 100 << 20);
}

#define CASE(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define EMPTY(name) cmocka_unit_test_setup_teardown(name, bare_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EMPTY(only_its_owner_reads_the_files),
		CASE(one_process_has_the_file),
		EMPTY(what_is_not_ours_is_refused_and_left_alone),
		EMPTY(statements_leave_transactions_and_settings_alone),
		CASE(a_statement_that_ends_the_transaction_spares_the_others),
		CASE(fractions_are_refused),
		CASE(a_full_disk_is_unavailable_until_there_is_room),
		CASE(a_disk_that_fills_up_half_way_leaves_no_half),
		CASE(a_limit_on_file_size_is_unavailable_too),
		CASE(a_failed_flush_leaves_the_result_unknown),
		CASE(an_idle_store_carries_its_log_over),
		CASE(nothing_acknowledged_is_lost_with_the_power),
	};
	install_shim();
	return RUN_TESTS(tests);
}
