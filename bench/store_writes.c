// SPDX-License-Identifier: Apache-2.0
/*
 * store_writes: durable units of work per second, beside bare SQLite with the same rows, settings and
 * units to a commit. A unit is what a vector costs: a guarded UPDATE that returns a row, and an INSERT.
 *
 *	store_writes [DIRECTORY [SECONDS]]
 */
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUBSCRIBERS = 100000, FILL, STEP, RECORD };

static const char step_sql[] =
	"UPDATE subscriber SET sqn = sqn + 32 WHERE id = $1 AND sqn < $2 RETURNING sqn";
static const char record_sql[] = "INSERT INTO record (id, body) VALUES ($1, $2)";
static const struct statement statements[] = {
	[0] = {"fill",
		"WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT c.k + 1 FROM c WHERE c.k < $1) "
		"INSERT INTO subscriber (id, sqn, key) SELECT k, 0, randomblob(64) FROM c"},
	[1] = {"step", step_sql},
	[2] = {"record", record_sql},
};
static const struct migration migrations[] = {
	{1,
		"CREATE TABLE subscriber (id INTEGER PRIMARY KEY, sqn BIGINT NOT NULL, key BLOB "
		"NOT NULL);"
		"CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
		NULL},
};
static const struct store_schema schema = {"bench", statements, 3, migrations, 1};

static double seconds = 3;
static uint8_t body[100];

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t pick(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	return 1 + (int64_t)(x % SUBSCRIBERS);
}

/* ---- the store ---- */

struct run {
	struct store *store;
	struct loop *loop;
	int64_t next;
	uint64_t done, in_flight;
	double until, slowest;
	double sent[1024];
	uint32_t *times; /* microseconds */
	bool failed;
};

static void submit(struct run *r, uint64_t slot);

static void done(void *user, uint64_t slot, const struct store_result *result)
{
	struct run *r = user;
	double t = now(CLOCK_MONOTONIC);

	r->failed |= result->err != OK;
	r->times[r->done++] = (uint32_t)((t - r->sent[slot]) * 1e6);
	r->in_flight--;
	if (t < r->until && !r->failed) {
		submit(r, slot);
	} else if (r->in_flight == 0) {
		loop_stop(r->loop);
	}
}

static void submit(struct run *r, uint64_t slot)
{
	struct store_step steps[2] = {
		{.statement = 1,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(pick()), STORE_INT_OF(INT64_MAX - 64)}},
		{.statement = 2,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_INT_OF(r->next++), STORE_BLOB_OF(VIEW(body))}},
	};

	r->sent[slot] = now(CLOCK_MONOTONIC);
	r->in_flight++;
	r->failed |= store_submit(r->store, steps, 2, done, r, slot) != OK;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *what, size_t n, double rate, double cpu, const struct run *r,
	double a_commit)
{
	printf("%-8s %5zu  %9.0f/s  %9.0f/cpu-s", what, n, rate, cpu);
	if (r && r->done) {
		qsort(r->times, r->done, sizeof(*r->times), by_size);
		printf("  %6.1f a commit  p50 %5u us  p99 %6u us  max %6u us", a_commit,
			r->times[r->done / 2], r->times[r->done * 99 / 100], r->times[r->done - 1]);
	}
	printf("\n");
	fflush(stdout);
}

static void run_store(struct run *r, size_t in_flight)
{
	struct store_figures before, after;
	double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	store_figures(r->store, &before);
	r->done = 0;
	r->until = began + seconds;
	for (size_t i = 0; i < in_flight; i++) {
		submit(r, i);
	}
	loop_run(r->loop);
	store_figures(r->store, &after);
	double took = now(CLOCK_MONOTONIC) - began;

	if (r->failed) {
		fprintf(stderr, "a unit failed\n");
		exit(1);
	}
	report("store", in_flight, (double)r->done / took,
		(double)r->done / (now(CLOCK_PROCESS_CPUTIME_ID) - cpu), r,
		(double)(after.units - before.units) / (double)(after.commits - before.commits));
}

/* ---- bare SQLite ---- */

static void exec(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static void run_bare(sqlite3 *db, size_t group, int64_t *next)
{
	sqlite3_stmt *step, *record;
	double began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t units = 0;

	sqlite3_prepare_v2(db, step_sql, -1, &step, NULL);
	sqlite3_prepare_v2(db, record_sql, -1, &record, NULL);
	while (now(CLOCK_MONOTONIC) < began + seconds) {
		exec(db, "BEGIN IMMEDIATE");
		for (size_t i = 0; i < group; i++, units++) {
			sqlite3_bind_int64(step, 1, pick());
			sqlite3_bind_int64(step, 2, INT64_MAX - 64);
			while (sqlite3_step(step) == SQLITE_ROW) {
			}
			sqlite3_reset(step);
			sqlite3_bind_int64(record, 1, (*next)++);
			sqlite3_bind_blob(record, 2, body, sizeof(body), SQLITE_STATIC);
			sqlite3_step(record);
			sqlite3_reset(record);
		}
		exec(db, "COMMIT");
	}
	double took = now(CLOCK_MONOTONIC) - began;

	sqlite3_finalize(step);
	sqlite3_finalize(record);
	report("bare", group, (double)units / took,
		(double)units / (now(CLOCK_PROCESS_CPUTIME_ID) - cpu), NULL, 0);
}

static void check(enum err err)
{
	if (err != OK) {
		fprintf(stderr, "%s: %s\n", err_name(err), err_detail());
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char dir[200], url[256];
	struct run r = {.times = calloc(20000000, sizeof(uint32_t))};
	static const size_t sizes[] = {1, 16, 128, 512};

	(void)snprintf(dir, sizeof(dir), "%s/bench-store-XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
	if (argc > 2) {
		seconds = strtod(argv[2], NULL);
	}
	if (!mkdtemp(dir) || !r.times) {
		return 1;
	}
	(void)snprintf(url, sizeof(url), "sqlite:%s/store.db", dir);
	check(loop_new(&env_system, &r.loop));
	check(store_open(r.loop, &(struct store_options){.url = url}, &schema, &r.store));
	struct store_step fill = {.param_count = 1, .params = {STORE_INT_OF(SUBSCRIBERS)}};

	check(store_run(r.store, &fill, 1, NULL, NULL));
	store_close(r.store);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		sqlite3 *db;

		sqlite3_open(url + 7, &db);
		exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
			 "cache_size=-16384");
		run_bare(db, sizes[i], &r.next);
		sqlite3_close(db);
		check(store_open(r.loop, &(struct store_options){.url = url}, &schema, &r.store));
		run_store(&r, sizes[i]);
		store_close(r.store);
	}
	loop_free(r.loop);
	free(r.times);
	return 0;
}
