// SPDX-License-Identifier: Apache-2.0
/*
 * store_writes: durable units of work a second, beside the bare database with the same rows and as many units
 * to a commit as there are in flight. A unit is what a vector costs: a guarded UPDATE that returns a row
 * of a hundred thousand, and an INSERT of a hundred bytes. Several rounds in which all take turns.
 *
 *	store_writes FOLDER SECONDS ROUNDS [URL]	the folder decides which disk is measured; URL: PostgreSQL too
 */
#include "measure.h"
#include "store/store.h"

#include <endian.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUBSCRIBERS = 100000, MOST_IN_FLIGHT = 128 };
enum { STEP, RECORD };

static const struct statement statements[] = {
	[STEP] = {"step",
		"UPDATE subscriber SET sqn = sqn + 32 WHERE id = $1 AND sqn < $2 RETURNING sqn",
		STORE_BY_ROW},
	[RECORD] = {"record", "INSERT INTO record (id, body) VALUES ($1, $2)", STORE_BY_ROW},
};
static const struct migration migrations[] = {
	{1,
		"CREATE TABLE subscriber (id INTEGER PRIMARY KEY, sqn BIGINT NOT NULL, key BLOB "
		"NOT NULL);"
		"CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
		"WITH RECURSIVE c(k) AS "
		"(SELECT 1 UNION ALL SELECT c.k + 1 FROM c WHERE c.k < 100000) "
		"INSERT INTO subscriber (id, sqn, key) SELECT c.k, 0, randomblob(64) FROM c",
		"CREATE TABLE subscriber (id BIGINT PRIMARY KEY, sqn BIGINT NOT NULL,"
		" key BYTEA NOT NULL) WITH (fillfactor = 70);"
		"CREATE TABLE record (id BIGINT PRIMARY KEY, body BYTEA NOT NULL);"
		"INSERT INTO subscriber SELECT k, 0, decode(repeat(md5(k::text), 4), 'hex')"
		" FROM generate_series(1, 100000) AS k"},
};
static const struct store_schema schema = {"bench", statements, 2, migrations, 1};
static const size_t in_flights[] = {1, 16, MOST_IN_FLIGHT};

static double seconds;
static const uint8_t body[100];
static int64_t next_record = 1;
static char url[256];
static const char *server; /* the URL of PostgreSQL; NULL: it is not measured */
static struct loop *loop;

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
	struct measure measure;
	size_t in_flight;
	double until, since[MOST_IN_FLIGHT];
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

	r->since[slot] = now();
	r->in_flight++;
	must(store_submit(r->store, steps, 2, on_done, r, slot) == OK, "submit");
}

static void on_done(void *user, uint64_t slot, const struct store_result *result)
{
	struct run *r = user;

	must(result->err == OK, "unit");
	measure_add(&r->measure, r->since[slot]);
	r->in_flight--;
	if (now() < r->until) {
		submit(r, slot);
	} else if (r->in_flight == 0) {
		loop_stop(loop);
	}
}

/* The server's process for the connection that writes, which was the first; its CPU time is counted too. */
static void watch_server(struct measure *m)
{
	PGconn *c = PQconnectdb(server);
	PGresult *r =
		PQexec(c, "SELECT pid FROM pg_stat_activity WHERE application_name = 'symbolon'"
			  " ORDER BY backend_start LIMIT 1");
	char name[32];

	must(PQntuples(r) == 1, PQerrorMessage(c));
	(void)snprintf(name, sizeof(name), "server=%s", PQgetvalue(r, 0, 0));
	measure_watch(m, name);
	PQclear(r);
	PQfinish(c);
}

static void run_store(const char *work, const char *who, const char *at, size_t in_flight)
{
	struct run r = {.measure = {.work = work, .who = who}};
	struct store_options options = {.url = at};
	struct store_figures before, after;
	char more[64];

	must(store_open(loop, &options, &schema, &r.store) == OK, "open");
	measure_watch(&r.measure, "self=0");
	if (at == server) {
		watch_server(&r.measure);
	}
	store_figures(r.store, &before);
	measure_begin(&r.measure);
	r.until = now() + seconds;
	for (size_t i = 0; i < in_flight; i++) {
		submit(&r, i);
	}
	loop_run(loop);
	measure_end(&r.measure);
	store_figures(r.store, &after);
	store_close(r.store);
	(void)snprintf(more, sizeof(more), ",\"per_commit\":%.1f",
		(double)(after.units - before.units) / (double)(after.commits - before.commits));
	measure_print(&r.measure, more);
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

static void run_bare(const char *work, size_t group)
{
	struct measure m = {.work = work, .who = "SQLite, bare"};
	sqlite3 *db;
	sqlite3_stmt *step, *record;

	must(sqlite3_open(url + strlen("sqlite:"), &db) == SQLITE_OK, "open");
	exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384");
	must(sqlite3_prepare_v2(db, statements[STEP].sql, -1, &step, NULL) == SQLITE_OK, "step");
	must(sqlite3_prepare_v2(db, statements[RECORD].sql, -1, &record, NULL) == SQLITE_OK,
		"record");
	measure_watch(&m, "self=0");
	measure_begin(&m);
	while (now() < m.began + seconds) {
		exec(db, "BEGIN IMMEDIATE");
		for (size_t i = 0; i < group; i++) {
			run_unit(step, record);
		}
		exec(db, "COMMIT");
		m.count += group;
	}
	measure_end(&m);
	(void)sqlite3_finalize(step);
	(void)sqlite3_finalize(record);
	(void)sqlite3_close(db);
	measure_print(&m, "");
}

/* ---- bare PostgreSQL: a pipeline to a commit ---- */

static void send_prepared(PGconn *c, const char *name, int64_t first, int64_t second)
{
	const int64_t numbers[] = {(int64_t)htobe64((uint64_t)first),
		(int64_t)htobe64((uint64_t)second)};
	const bool step = strcmp(name, "step") == 0;
	const char *values[] = {(const char *)&numbers[0],
		step ? (const char *)&numbers[1] : (const char *)body};
	const int lengths[] = {8, step ? 8 : (int)sizeof(body)}, binary[] = {1, 1};

	must(PQsendQueryPrepared(c, name, 2, values, lengths, binary, 1), PQerrorMessage(c));
}

static void read_results(PGconn *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PGresult *r = PQgetResult(c);

		must(PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK,
			PQerrorMessage(c));
		PQclear(r);
		PQclear(PQgetResult(c));
	}
	PQclear(PQgetResult(c)); /* the mark */
}

static void run_group(PGconn *c, size_t group)
{
	must(PQsendQueryParams(c, "BEGIN", 0, NULL, NULL, NULL, NULL, 0), "begin");
	for (size_t i = 0; i < group; i++) {
		send_prepared(c, "step", pick_subscriber(), INT64_MAX - 64);
		send_prepared(c, "record", next_record++, 0);
	}
	must(PQsendQueryParams(c, "COMMIT", 0, NULL, NULL, NULL, NULL, 0), "commit");
	must(PQpipelineSync(c), "sync");
	read_results(c, 2 * group + 2);
}

static void run_bare_server(const char *work, size_t group)
{
	struct measure m = {.work = work, .who = "PostgreSQL, bare pipeline"};
	PGconn *c = PQconnectdb(server);
	char name[32];

	for (size_t i = 0; i < 2; i++) {
		PQclear(PQprepare(c, statements[i].name, statements[i].sql, 0, NULL));
	}
	must(PQenterPipelineMode(c), PQerrorMessage(c));
	(void)snprintf(name, sizeof(name), "server=%d", PQbackendPID(c));
	measure_watch(&m, "self=0");
	measure_watch(&m, name);
	measure_begin(&m);
	while (now() < m.began + seconds) {
		run_group(c, group);
		m.count += group;
	}
	measure_end(&m);
	PQfinish(c);
	measure_print(&m, "");
}

/* ---- rounds ---- */

static void fill(const char *at)
{
	struct store *store;
	struct store_options options = {.url = at};

	must(store_open(loop, &options, &schema, &store) == OK, "fill");
	store_close(store);
}

static void run_round(void)
{
	char work[64];

	for (size_t i = 0; i < sizeof(in_flights) / sizeof(in_flights[0]); i++) {
		(void)snprintf(work, sizeof(work), "durable unit of work, %zu in flight",
			in_flights[i]);
		run_bare(work, in_flights[i]);
		run_store(work, "symbolon, store", url, in_flights[i]);
		if (!server) {
			continue;
		}
		(void)snprintf(work, sizeof(work), "the same on PostgreSQL, %zu in flight",
			in_flights[i]);
		run_bare_server(work, in_flights[i]);
		run_store(work, "symbolon, store", server, in_flights[i]);
	}
}

int main(int argc, char **argv)
{
	char dir[200], path[240];

	must(argc == 4 || argc == 5, "FOLDER SECONDS ROUNDS [URL]");
	server = argv[4];
	(void)snprintf(dir, sizeof(dir), "%s/store_writes.XXXXXX", argv[1]);
	seconds = strtod(argv[2], NULL);
	must(mkdtemp(dir) && seconds > 0, "folder");
	(void)snprintf(path, sizeof(path), "%s/store.db", dir);
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	must(loop_new(&env_system, &loop) == OK, "loop");
	fill(url);
	if (server) {
		fill(server);
	}
	for (long rounds = strtol(argv[3], NULL, 10); rounds > 0; rounds--) {
		run_round();
	}
	loop_free(loop);
	(void)unlink(path);
	(void)strcat(path, ".lock");
	(void)unlink(path);
	(void)rmdir(dir);
	return 0;
}
