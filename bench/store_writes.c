// SPDX-License-Identifier: Apache-2.0
/*
 * store_writes: durable units of work a second, beside bare SQLite with the same rows and as many units
 * to a commit as there are in flight. A unit is what a vector costs: a guarded UPDATE that returns a row
 * of a hundred thousand, and an INSERT of a hundred bytes. Medians of several rounds in which all take
 * turns. A line of JSON each: {"work", "who", "per_second", "per_cpu_second", ...}.
 *
 *	store_writes [FOLDER [SECONDS]]      the folder decides which disk is measured
 */
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7, SUBSCRIBERS = 100000, MOST_IN_FLIGHT = 128, MOST_UNITS = 4000000 };
enum { FILL, STEP, RECORD };

static const struct statement statements[] = {
	[FILL] = {"fill",
		"WITH RECURSIVE c(k) AS "
		"(SELECT 1 UNION ALL SELECT c.k + 1 FROM c WHERE c.k < $1) "
		"INSERT INTO subscriber (id, sqn, key) SELECT c.k, 0, randomblob(64) FROM c"},
	[STEP] = {"step", "UPDATE subscriber SET sqn = sqn + 32 WHERE id = $1 AND sqn < $2 "
			  "RETURNING sqn"},
	[RECORD] = {"record", "INSERT INTO record (id, body) VALUES ($1, $2)"},
};
static const struct migration migrations[] = {
	{1,
		"CREATE TABLE subscriber (id INTEGER PRIMARY KEY, sqn BIGINT NOT NULL, key BLOB "
		"NOT NULL);"
		"CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
		NULL},
};
static const struct store_schema schema = {"bench", statements, 3, migrations, 1};
static const size_t in_flights[] = {1, 16, MOST_IN_FLIGHT};

enum { SIZES = sizeof(in_flights) / sizeof(in_flights[0]) };

/* What one round of one row gave. */
struct figures {
	double rate, cpu_rate, p50, p99, per_commit;
};

static double seconds = 1;
static const uint8_t body[100];
static int64_t next_record = 1;
static char url[256];
static struct loop *loop;

static void must(bool done, const char *what)
{
	if (!done) {
		(void)fprintf(stderr, "%s: %s\n", what, err_detail());
		exit(1);
	}
}

static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t pick_subscriber(void)
{
	static uint64_t x = 88172645463325252U;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return 1 + (int64_t)(x % SUBSCRIBERS);
}

/* ---- the store ---- */

struct run {
	struct store *store;
	size_t done, in_flight;
	double until, sent[MOST_IN_FLIGHT];
	double *times;
};

static void on_done(void *user, uint64_t slot, const struct store_result *result);

static void submit(struct run *r, uint64_t slot)
{
	struct store_step steps[2] = {
		{.statement = STEP,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(pick_subscriber()), STORE_INT_OF(INT64_MAX - 64)}},
		{.statement = RECORD,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(next_record++), STORE_BLOB_OF(VIEW(body))}},
	};

	r->sent[slot] = now(CLOCK_MONOTONIC);
	r->in_flight++;
	must(store_submit(r->store, steps, 2, on_done, r, slot) == OK, "submit");
}

static void on_done(void *user, uint64_t slot, const struct store_result *result)
{
	struct run *r = user;
	double t = now(CLOCK_MONOTONIC);

	must(result->err == OK && r->done < MOST_UNITS, "unit");
	r->times[r->done++] = t - r->sent[slot];
	r->in_flight--;
	if (t < r->until) {
		submit(r, slot);
	} else if (r->in_flight == 0) {
		loop_stop(loop);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct figures run_store(size_t in_flight)
{
	static double times[MOST_UNITS];
	struct run r = {.times = times};
	struct store_options options = {.url = url};
	struct store_figures before, after;

	must(store_open(loop, &options, &schema, &r.store) == OK, "open");
	store_figures(r.store, &before);
	double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	r.until = began + seconds;
	for (size_t i = 0; i < in_flight; i++) {
		submit(&r, i);
	}
	loop_run(loop);
	double took = now(CLOCK_MONOTONIC) - began;

	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	store_figures(r.store, &after);
	store_close(r.store);
	qsort(times, r.done, sizeof(*times), compare);
	return (struct figures){.rate = (double)r.done / took,
		.cpu_rate = (double)r.done / cpu,
		.p50 = times[r.done / 2] * 1e6,
		.p99 = times[r.done * 99 / 100] * 1e6,
		.per_commit = (double)(after.units - before.units) /
			      (double)(after.commits - before.commits)};
}

/* ---- bare SQLite, as its documentation has it ---- */

static void exec(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static void run_unit(sqlite3_stmt *step, sqlite3_stmt *record)
{
	(void)sqlite3_bind_int64(step, 1, pick_subscriber());
	(void)sqlite3_bind_int64(step, 2, INT64_MAX - 64);
	must(sqlite3_step(step) == SQLITE_ROW && sqlite3_step(step) == SQLITE_DONE, "step");
	(void)sqlite3_reset(step);
	(void)sqlite3_bind_int64(record, 1, next_record++);
	(void)sqlite3_bind_blob(record, 2, body, sizeof(body), SQLITE_STATIC);
	must(sqlite3_step(record) == SQLITE_DONE, "record");
	(void)sqlite3_reset(record);
}

static struct figures run_bare(size_t group)
{
	sqlite3 *db;
	sqlite3_stmt *step, *record;
	double units = 0;

	must(sqlite3_open(url + strlen("sqlite:"), &db) == SQLITE_OK, "open");
	exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384");
	must(sqlite3_prepare_v2(db, statements[STEP].sql, -1, &step, NULL) == SQLITE_OK, "step");
	must(sqlite3_prepare_v2(db, statements[RECORD].sql, -1, &record, NULL) == SQLITE_OK,
		"record");
	double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	while (now(CLOCK_MONOTONIC) < began + seconds) {
		exec(db, "BEGIN IMMEDIATE");
		for (size_t i = 0; i < group; i++, units++) {
			run_unit(step, record);
		}
		exec(db, "COMMIT");
	}
	double took = now(CLOCK_MONOTONIC) - began;

	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)sqlite3_finalize(step);
	(void)sqlite3_finalize(record);
	(void)sqlite3_close(db);
	return (struct figures){.rate = units / took, .cpu_rate = units / cpu};
}

/* ---- rounds ---- */

static double median(const struct figures *rounds, size_t offset)
{
	double values[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		memcpy(&values[i], (const char *)&rounds[i] + offset, sizeof(values[i]));
	}
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

#define MEDIAN(rounds, field) median((rounds), offsetof(struct figures, field))

static void report(size_t in_flight, const struct figures *bare, const struct figures *store)
{
	(void)printf("{\"work\":\"durable units, %zu in flight\",\"who\":\"SQLite, bare\","
		     "\"per_second\":%.0f,\"per_cpu_second\":%.0f}\n",
		in_flight, MEDIAN(bare, rate), MEDIAN(bare, cpu_rate));
	(void)printf("{\"work\":\"durable units, %zu in flight\",\"who\":\"symbolon, store\","
		     "\"per_second\":%.0f,\"per_cpu_second\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,"
		     "\"per_commit\":%.1f}\n",
		in_flight, MEDIAN(store, rate), MEDIAN(store, cpu_rate), MEDIAN(store, p50),
		MEDIAN(store, p99), MEDIAN(store, per_commit));
}

static void fill(void)
{
	struct store *store;
	struct store_options options = {.url = url};
	struct store_step step = {.statement = FILL,
		.param_count = 1,
		.params = {STORE_INT_OF(SUBSCRIBERS)}};

	must(store_open(loop, &options, &schema, &store) == OK, "open");
	must(store_run(store, &step, 1, NULL, NULL) == OK, "fill");
	store_close(store);
}

int main(int argc, char **argv)
{
	static struct figures bare[SIZES][ROUNDS], store[SIZES][ROUNDS];
	char dir[200], path[240];

	(void)snprintf(dir, sizeof(dir), "%s/store_writes.XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
	seconds = argc > 2 ? strtod(argv[2], NULL) : seconds;
	must(mkdtemp(dir) && seconds > 0, "folder");
	(void)snprintf(path, sizeof(path), "%s/store.db", dir);
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	must(loop_new(&env_system, &loop) == OK, "loop");
	fill();
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < SIZES; i++) {
			bare[i][round] = run_bare(in_flights[i]);
			store[i][round] = run_store(in_flights[i]);
		}
	}
	for (size_t i = 0; i < SIZES; i++) {
		report(in_flights[i], bare[i], store[i]);
	}
	loop_free(loop);
	(void)unlink(path);
	(void)strcat(path, ".lock");
	(void)unlink(path);
	(void)rmdir(dir);
	return 0;
}
