// SPDX-License-Identifier: Apache-2.0
/*
 * store_worker: what 05-store-kill.sh and 06-store-full.sh run.
 *
 *	store_worker kill FILE ROUNDS SEED   starts a child that writes as fast as it can, kills it with SIGKILL
 *	                                     after some answers, and checks what the next one finds; and again
 *	store_worker fill FILE SPARE         writes until the disk is full, then removes SPARE and goes on
 */
#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEFT, RIGHT, TALLY, NO_TALLY, COUNTS, HALVES, IDS, STATEMENTS };

/* A unit is two halves and a count of units: each knows when another is missing. */
static const struct statement statements[STATEMENTS] = {
	[LEFT] = {"left_put", "INSERT INTO lefts (id) VALUES ($1)"},
	[RIGHT] = {"right_put", "INSERT INTO rights (id, body) VALUES ($1, $2)"},
	[TALLY] = {"tally_add", "UPDATE tally SET units = units + 1 WHERE id = 1"},
	[NO_TALLY] = {"tally_none", "UPDATE tally SET units = units + 1 WHERE id = 2"},
	[COUNTS] = {"counts",
		"SELECT (SELECT count(*) FROM lefts l), (SELECT count(*) FROM rights r), "
		"(SELECT t.units FROM tally t WHERE t.id = 1)"},
	[HALVES] = {"halves", "SELECT count(*) FROM lefts l JOIN rights r ON r.id = l.id"},
	[IDS] = {"ids", "SELECT l.id FROM lefts l WHERE l.id >= $1 ORDER BY l.id"},
};
static const struct migration migrations[] = {
	{1,
		"CREATE TABLE lefts (id INTEGER PRIMARY KEY);"
		"CREATE TABLE rights (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
		"CREATE TABLE tally (id INTEGER PRIMARY KEY, units BIGINT NOT NULL);"
		"INSERT INTO tally (id, units) VALUES (1, 0)",
		NULL},
};
static const struct store_schema schema = {"worker", statements, STATEMENTS, migrations, 1};

enum { IN_FLIGHT = 96, ROW_CEILING = 1000000, SPOILT = 17 };

static uint8_t body[8000];

static void die(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, err_detail());
	exit(1);
}

static void must(enum err err, const char *what)
{
	if (err != OK) {
		die(what);
	}
}

struct worker {
	struct loop *loop;
	struct store *store;
	int64_t next, acknowledged;
	size_t in_flight;
	int answers; /* pipe, or -1 */
	enum err last;
	char detail[256];
};

static void open_store(struct worker *w, const char *file)
{
	char url[4096];
	struct store_options options = {.url = url, .rows = ROW_CEILING};

	(void)snprintf(url, sizeof(url), "sqlite:%s", file);
	must(loop_new(&env_system, &w->loop), "loop");
	must(store_open(w->loop, &options, &schema, &w->store), "open");
}

static void close_store(struct worker *w)
{
	store_close(w->store);
	loop_free(w->loop);
}

/* ---- the child: writes until it is killed ---- */

static void submit(struct worker *w, store_done *done)
{
	int64_t id = w->next++;
	struct view bytes = view_of(body, (size_t)(id * 7919 % (int64_t)sizeof(body)));
	/* Some fail half way, so that there is something to replay. */
	struct store_step steps[] = {
		{.statement = LEFT,
			.expect = STORE_ONE,
			.param_count = 1,
			.params = {STORE_INT_OF(id)}},
		{.statement = id % SPOILT == 0 ? NO_TALLY : TALLY, .expect = STORE_ONE},
		{.statement = RIGHT,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(id), STORE_BLOB_OF(bytes)}},
	};

	w->in_flight++;
	must(store_submit(w->store, steps, 3, done, w, (uint64_t)id), "submit");
}

static void acknowledge(void *user, uint64_t id, const struct store_result *r)
{
	struct worker *w = user;

	w->in_flight--;
	if (r->err == OK && write(w->answers, &id, sizeof(id)) != sizeof(id)) {
		exit(1);
	}
	if (r->err != (id % SPOILT == 0 ? ERR_CONFLICT : OK)) {
		(void)fprintf(stderr, "unit %llu: %s\n", (unsigned long long)id, r->detail);
		exit(1);
	}
	submit(w, acknowledge);
}

static void write_for_ever(const char *file, int64_t first, int answers)
{
	struct worker w = {.next = first, .answers = answers};

	open_store(&w, file);
	while (w.in_flight < IN_FLIGHT) {
		submit(&w, acknowledge);
	}
	loop_run(w.loop);
}

/* ---- the parent: kills and checks ---- */

struct finding {
	int64_t counts[3], whole, *ids;
	size_t id_count;
};

static void find(void *user, uint64_t ref, const struct store_result *r)
{
	struct finding *f = user;

	(void)ref;
	if (r->err != OK) {
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		f->counts[i] = store_at(r, 0, 0, i).number;
	}
	f->whole = store_at(r, 1, 0, 0).number;
	f->id_count = r->steps[2].rows;
	f->ids = calloc(f->id_count + 1, sizeof(*f->ids));
	for (size_t i = 0; f->ids && i < f->id_count; i++) {
		f->ids[i] = store_at(r, 2, i, 0).number;
	}
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool database_is_sound(const char *file)
{
	sqlite3 *db;
	sqlite3_stmt *stmt = NULL;
	bool sound =
		sqlite3_open(file, &db) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;

	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return sound;
}

/* Returns how many units stand that nobody was told of; they may, whole ones. */
static size_t check_round(const char *file, int64_t first, const int64_t *told, size_t count)
{
	struct worker w = {.answers = -1};
	struct finding f = {.ids = NULL};
	struct store_step steps[] = {{.statement = COUNTS, .expect = STORE_ONE},
		{.statement = HALVES, .expect = STORE_ONE},
		{.statement = IDS, .param_count = 1, .params = {STORE_INT_OF(first)}}};

	open_store(&w, file);
	must(store_run(w.store, steps, 3, find, &f), "look");
	close_store(&w);
	if (f.counts[0] != f.counts[1] || f.counts[0] != f.counts[2] || f.counts[0] != f.whole) {
		(void)fprintf(stderr,
			"half a unit: %lld left, %lld right, %lld whole, %lld counted\n",
			(long long)f.counts[0], (long long)f.counts[1], (long long)f.whole,
			(long long)f.counts[2]);
		exit(1);
	}
	for (size_t i = 0; i < count; i++) {
		if (!bsearch(&told[i], f.ids, f.id_count, sizeof(*f.ids), by_number)) {
			(void)fprintf(stderr, "unit %lld was acknowledged and is lost\n",
				(long long)told[i]);
			exit(1);
		}
	}
	for (size_t i = 0; i < f.id_count; i++) {
		if (f.ids[i] % SPOILT == 0) {
			(void)fprintf(stderr, "unit %lld was refused and is there\n",
				(long long)f.ids[i]);
			exit(1);
		}
	}
	if (!database_is_sound(file)) {
		(void)fprintf(stderr, "integrity_check fails\n");
		exit(1);
	}
	free(f.ids);
	return f.id_count - count;
}

/* Reads answers, kills after `enough` of them, reads those that were given meanwhile. */
static size_t collect(int answers, pid_t child, size_t enough, int64_t *told, size_t room)
{
	size_t count = 0;

	while (count < room && read(answers, &told[count], sizeof(*told)) == sizeof(*told)) {
		if (++count == enough) {
			(void)kill(child, SIGKILL);
		}
	}
	return count;
}

static void kill_rounds(const char *file, long rounds, unsigned seed)
{
	enum { ROOM = 100000, MOST = 6000 };
	int64_t *told = calloc(ROOM, sizeof(*told));
	int64_t first = 1;
	size_t all = 0, untold = 0;

	srandom(seed);
	for (long round = 0; told && round < rounds; round++) {
		int ends[2], status;

		if (pipe(ends) != 0) {
			die("pipe");
		}
		pid_t child = fork();

		if (child == 0) {
			(void)close(ends[0]);
			write_for_ever(file, first, ends[1]);
		}
		(void)close(ends[1]);
		size_t count = collect(ends[0], child, 1 + (size_t)random() % MOST, told, ROOM);

		(void)close(ends[0]);
		if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
			die("the child ended by itself");
		}
		untold += check_round(file, first, told, count);
		all += count;
		first += (int64_t)ROOM * 2;
	}
	free(told);
	(void)printf("%ld rounds, %zu units acknowledged and there, %zu more there untold\n",
		rounds, all, untold);
}

/* ---- a disk that fills up ---- */

static void remember(void *user, uint64_t id, const struct store_result *r)
{
	struct worker *w = user;

	(void)id;
	w->in_flight--;
	w->acknowledged += r->err == OK;
	if (r->err != ERR_CONFLICT) {
		w->last = r->err;
		(void)snprintf(w->detail, sizeof(w->detail), "%s", r->detail);
	}
}

static void write_batch(struct worker *w)
{
	while (w->in_flight < IN_FLIGHT) {
		submit(w, remember);
	}
	while (w->in_flight > 0) {
		loop_turn(w->loop, 1000);
	}
}

static void fill(const char *file, const char *spare)
{
	struct worker w = {.next = 1, .answers = -1};

	open_store(&w, file);
	for (int i = 0; i < 10000 && w.last == OK; i++) {
		write_batch(&w);
	}
	if (w.last != ERR_UNAVAILABLE) {
		(void)fprintf(stderr, "not unavailable but %s: %s\n", err_name(w.last), w.detail);
		exit(1);
	}
	(void)printf("full after %lld units: %s\n", (long long)w.acknowledged, w.detail);
	int64_t before = w.acknowledged;

	if (unlink(spare) != 0) {
		die("unlink");
	}
	write_batch(&w);
	if (w.last != OK || w.acknowledged == before) {
		(void)fprintf(stderr, "there is room again, but %s\n", w.detail);
		exit(1);
	}
	close_store(&w);
	if (check_round(file, 1, NULL, 0) != (size_t)w.acknowledged) {
		(void)fprintf(stderr, "other units than those acknowledged\n");
		exit(1);
	}
	(void)printf("%lld units after there was room again\n", (long long)w.acknowledged);
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "kill") == 0) {
		kill_rounds(argv[2], strtol(argv[3], NULL, 10),
			(unsigned)strtoul(argv[4], NULL, 10));
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "fill") == 0) {
		fill(argv[2], argv[3]);
		return 0;
	}
	(void)fprintf(stderr, "usage: store_worker kill FILE ROUNDS SEED | fill FILE SPARE\n");
	return 2;
}
