// SPDX-License-Identifier: Apache-2.0
/*
 * postgres: the server engine, for several nodes on one database. A group of units is sent as one
 * pipeline and costs two round trips, the second for the commit.
 *
 * Other nodes write at the same time. Transactions are READ COMMITTED: a statement that decides on rows
 * which it changes is safe beside others, and one that decides on the rows of a key is, once it holds
 * that key's lock. Groups of such share a lock. Any other group holds that lock alone, so that its units
 * run as if there were one writer, as with SQLite.
 */
#include "store/postgres_statement.h"

#include <stdlib.h>
#include <string.h>

enum { RACES = 5, SCRIPT_MS = 600000, LOCK_MS = 120000 };

/* The numbers of our advisory locks, for all nodes of a database. */
#define LOCK_WRITERS   "6014710, 1"
#define LOCK_MIGRATION "6014710, 2"

#define BEGIN_SHARED "SELECT pg_advisory_xact_lock_shared(" LOCK_WRITERS ")"
#define BEGIN_ALONE  "SELECT pg_advisory_xact_lock(" LOCK_WRITERS ")"
#define LOCK_KEY     "lock_key"
#define PREPARE_LOCK "PREPARE " LOCK_KEY " (integer) AS SELECT pg_advisory_xact_lock(6014711, $1);"

/*
 * A node that hangs in a transaction, or is gone, is cut off, so that the others go on. No statement_timeout: it would
 * also end the wait for a standby's confirmation. Plans are made once, and with an index even while
 * the tables are small, since they grow under the plan.
 */
#define SETTINGS                                                                                   \
	"SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '3s';"                 \
	"SET client_connection_check_interval = '2s';"                                             \
	"SET statement_timeout = 0; SET plan_cache_mode = force_generic_plan;"                     \
	"SET enable_seqscan = off; SET jit = off;" PREPARE_LOCK                                    \
	"SELECT set_config('synchronous_commit', 'on', false)"                                     \
	" WHERE current_setting('synchronous_commit') = 'off';"

static const char *const settings[] = {
	[ENGINE_WRITER] = SETTINGS "SET default_transaction_isolation = 'read committed';",
	[ENGINE_READER] = SETTINGS "SET default_transaction_isolation = 'repeatable read';"
				   "SET default_transaction_read_only = on;",
};

enum phase { IDLE, WANTED, OPEN }; /* begun when the first command is there */

struct postgres_conn {
	struct engine_conn base;
	enum engine_role role;
	struct link link;
	struct pg_statement *statements;
	size_t count;
	bool prepared; /* on this connection */
	enum phase phase;
	size_t owed; /* results of own commands, before those of units */
};

static struct postgres_conn *of(struct engine_conn *c)
{
	return (struct postgres_conn *)c;
}

/* ---- own commands ---- */

static enum err queue_own(struct postgres_conn *c, const char *sql)
{
	TRY(link_queue(&c->link, sql));
	c->owed++;
	return OK;
}

/* ERR_AGAIN: a race was lost. */
static enum err settle_owed(struct postgres_conn *c)
{
	for (; c->owed > 0; c->owed--) {
		RESULT_CLEANUP PGresult *r = NULL;
		enum err err = OK;
		enum link_verdict verdict = link_next(&c->link, "transaction", &r, &err);

		if (verdict == LINK_RACE) {
			c->owed = 0;
			return ERR_AGAIN;
		}
		if (verdict != LINK_DONE) {
			link_drop(&c->link);
			c->owed = 0;
			return err_fail(ERR_UNAVAILABLE, "%s", err_detail());
		}
	}
	return OK;
}

/* Sends own commands alone and waits for them. */
static enum err settle(struct postgres_conn *c)
{
	TRY(link_sync(&c->link));
	TRY(settle_owed(c));
	return link_drain(&c->link, "transaction");
}

/* ---- transactions ---- */

static enum err prepare_again(struct postgres_conn *c)
{
	if (c->prepared) {
		return OK;
	}
	enum err err = pg_statements_prepare(&c->link, c->statements, c->count);

	if (err != OK) {
		link_drop(&c->link);
		return err_fail(ERR_UNAVAILABLE, "%s", err_detail());
	}
	c->prepared = true;
	return OK;
}

static enum err postgres_begin(struct engine_conn *conn)
{
	struct postgres_conn *c = of(conn);

	c->owed = 0;
	if (!link_stands(&c->link)) {
		c->prepared = false;
		TRY(link_connect(&c->link));
	}
	TRY(prepare_again(c));
	c->phase = WANTED;
	return OK;
}

static enum err open_transaction(struct postgres_conn *c, bool alone)
{
	if (c->phase == OPEN) {
		return OK;
	}
	c->phase = OPEN;
	TRY(queue_own(c, "BEGIN"));
	return c->role == ENGINE_READER ? OK : queue_own(c, alone ? BEGIN_ALONE : BEGIN_SHARED);
}

static void postgres_rollback(struct engine_conn *conn)
{
	struct postgres_conn *c = of(conn);
	bool open = c->phase == OPEN && c->link.pg;

	c->phase = IDLE;
	c->owed = 0;
	if (!open) {
		return;
	}
	(void)!link_drain(&c->link, "rollback"); /* what nobody waits for any more */
	if (!c->link.pg || queue_own(c, "ROLLBACK") != OK || settle(c) != OK) {
		link_drop(&c->link);
	}
}

/* An error proper was before the commit; whatever else went wrong may have been after it. */
static enum err judge_lost(const PGresult *r)
{
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && strcmp(severity, "ERROR") == 0) {
		return ERR_UNAVAILABLE;
	}
	return err_fail(ERR_UNKNOWN_RESULT, "store: commit: %s", err_detail());
}

static enum err judge_commit(struct postgres_conn *c, enum link_verdict verdict, const PGresult *r)
{
	if (verdict == LINK_RACE || verdict == LINK_REFUSED) { /* by a deferred constraint */
		return ERR_CONFLICT;
	}
	if (verdict != LINK_DONE) {
		return judge_lost(r);
	}
	if (strcmp(PQcmdStatus((PGresult *)r), "COMMIT") != 0) {
		return err_fail(ERR_UNAVAILABLE, "store: the server rolled back");
	}
	if (c->link.warned) { /* such as: gave up waiting for the standby */
		return err_fail(ERR_UNKNOWN_RESULT, "store: the server committed with a warning");
	}
	return OK;
}

static enum err postgres_commit(struct engine_conn *conn)
{
	struct postgres_conn *c = of(conn);
	enum phase phase = c->phase;

	c->phase = IDLE;
	if (phase != OPEN) {
		return OK;
	}
	RESULT_CLEANUP PGresult *r = NULL;
	enum err err = OK;

	c->link.warned = false;
	TRY(link_queue(&c->link, "COMMIT"));
	if (link_sync(&c->link) != OK) {
		return err_fail(ERR_UNKNOWN_RESULT, "%s", err_detail());
	}
	enum link_verdict verdict = link_next(&c->link, "commit", &r, &err);

	err = judge_commit(c, verdict, r);
	if (c->link.pg && link_drain(&c->link, "commit") != OK) {
		link_drop(&c->link); /* the answer has come before */
	}
	return err;
}

/* ---- units ---- */

static const struct pg_statement *statement_of(const struct postgres_conn *c,
	const struct unit_step *step)
{
	return &c->statements[step->statement];
}

static bool must_be_alone(const struct postgres_conn *c, const struct unit *first)
{
	for (const struct unit *u = first; u; u = u->next) {
		for (size_t i = 0; i < u->step_count; i++) {
			const struct pg_statement *s = statement_of(c, &u->steps[i]);

			if (!s->reads && s->from->beside == STORE_ALONE) {
				return true;
			}
		}
	}
	return false;
}

/* A unit whose parameters do not fit is not sent, and has its error already. */
static bool fits(const struct postgres_conn *c, struct unit *u)
{
	for (size_t i = 0; i < u->step_count; i++) {
		enum err err = pg_statement_check(statement_of(c, &u->steps[i]), &u->steps[i]);

		if (err != OK) {
			unit_fail(u, i, err);
			return false;
		}
	}
	return true;
}

/* FNV-1a: keys that share a number wait for each other, and nothing worse. */
static uint32_t number_of(const struct store_value *key)
{
	const uint8_t *bytes =
		key->type == STORE_INT ? (const uint8_t *)&key->number : key->bytes.data;
	size_t len = key->type == STORE_INT ? sizeof(key->number) : key->bytes.len;
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * 16777619;
	}
	return hash;
}

static bool needs_key(const struct pg_statement *s)
{
	return s->from->beside == STORE_BY_KEY && s->params > 0;
}

static enum err send_step(struct postgres_conn *c, const struct unit_step *step)
{
	const struct pg_statement *s = statement_of(c, step);

	if (needs_key(s)) {
		TRY(link_queue_number(&c->link, LOCK_KEY, number_of(&step->params[0])));
	}
	return pg_statement_queue(&c->link, s, step);
}

static enum err send_units(struct postgres_conn *c, struct unit *first, const struct unit *end)
{
	for (struct unit *u = first; u != end; u = u->next) {
		size_t count = fits(c, u) ? u->step_count : 0;

		for (size_t i = 0; i < count; i++) {
			TRY(send_step(c, &u->steps[i]));
		}
	}
	return OK;
}

static enum link_verdict read_step(struct postgres_conn *c, const struct pg_statement *s,
	PGresult **ret, enum err *ret_err)
{
	if (needs_key(s)) {
		RESULT_CLEANUP PGresult *lock = NULL;
		enum link_verdict verdict = link_next(&c->link, s->from->name, &lock, ret_err);

		if (verdict != LINK_DONE && verdict != LINK_SKIPPED) {
			return verdict;
		}
	}
	return link_next(&c->link, s->from->name, ret, ret_err);
}

/*
 * All steps have run before the first is judged. Those after one that was not as expected do no harm when
 * none of the unit's changed a row; else the unit left something behind.
 */
static enum link_verdict read_unit(struct postgres_conn *c, struct unit *u, enum err *ret_err)
{
	size_t changed = 0;

	for (size_t i = 0; i < u->step_count; i++) {
		const struct pg_statement *s = statement_of(c, &u->steps[i]);
		RESULT_CLEANUP PGresult *r = NULL;
		enum err err = OK;
		enum link_verdict verdict = read_step(c, s, &r, &err);

		if (verdict == LINK_REFUSED && u->result.err == OK) {
			unit_fail(u, i, err);
		}
		if (verdict != LINK_DONE) {
			*ret_err = err;
			return verdict;
		}
		changed += s->reads ? 0 : strtoul(PQcmdTuples(r), NULL, 10);
		if (u->result.err == OK) {
			err = pg_statement_take(s, r, u, i);
		}
		if (err != OK) {
			unit_fail(u, i, err);
		}
	}
	u->suspect |= u->result.err != OK && changed > 0;
	return LINK_DONE;
}

/*
 * Reads the results of units that were sent, and the mark. ERR_AGAIN: a race was lost. `ret_spoilt`: a unit
 * failed and left something behind; it is suspect. `ret_failed`: the one that ended the transaction.
 */
static enum err read_units(struct postgres_conn *c, struct unit *first, const struct unit *end,
	bool *ret_spoilt, struct unit **ret_failed)
{
	enum err err = OK;

	*ret_spoilt = false;
	*ret_failed = NULL;
	TRY(settle_owed(c));
	for (struct unit *u = first; u != end && !*ret_failed; u = u->next) {
		if (u->result.err != OK) {
			continue; /* was not sent */
		}
		switch (read_unit(c, u, &err)) {
		case LINK_DONE:
			break;
		case LINK_RACE:
			return ERR_AGAIN;
		case LINK_REFUSED:
			u->suspect = true;
			*ret_failed = u;
			break;
		default:
			link_drop(&c->link);
			return err == OK ? err_fail(ERR_UNAVAILABLE, "store: out of step") : err;
		}
		*ret_spoilt |= u->suspect && u->result.err != OK;
	}
	(void)!link_drain(&c->link, "units"); /* what was skipped */
	return c->link.pg ? OK : err_fail(ERR_UNAVAILABLE, "%s", err_detail());
}

static enum err run_span(struct postgres_conn *c, struct unit *first, const struct unit *end,
	bool *ret_spoilt)
{
	struct unit *failed = NULL;

	TRY(send_units(c, first, end));
	TRY(link_sync(&c->link));
	return read_units(c, first, end, ret_spoilt, &failed);
}

static struct unit *end_of_span(struct unit *first)
{
	struct unit *end = first->next;

	while (!first->suspect && end && !end->suspect) {
		end = end->next;
	}
	return end;
}

/*
 * Each suspect has a savepoint and a round trip of its own; what stands between two of them goes together
 * and, when one more is found, is undone and sent again.
 */
static enum err run_guarded(struct postgres_conn *c, struct unit *first)
{
	while (first) {
		struct unit *end = end_of_span(first);
		bool alone = first->suspect, spoilt = false;

		TRY(queue_own(c, "SAVEPOINT unit"));
		TRY(run_span(c, first, end, &spoilt));
		if (spoilt) {
			TRY(queue_own(c, "ROLLBACK TO unit"));
		}
		TRY(queue_own(c, "RELEASE unit"));
		if (!spoilt || alone) {
			first = end;
			continue;
		}
		for (struct unit *u = first; u != end; u = u->next) {
			unit_reset(u);
		}
	}
	return settle(c);
}

static enum err run_writing(struct postgres_conn *c, struct unit *first, enum engine_guard guard,
	bool alone, bool *ret_spoilt)
{
	*ret_spoilt = false;
	TRY(open_transaction(c, alone));
	return guard == ENGINE_GUARDED ? run_guarded(c, first)
				       : run_span(c, first, NULL, ret_spoilt);
}

/* After a lost race the transaction is begun again, and alone, where nobody can be in the way. */
static enum err run_again(struct postgres_conn *c, struct unit *first)
{
	postgres_rollback(&c->base);
	for (struct unit *u = first; u; u = u->next) {
		unit_reset(u);
	}
	return postgres_begin(&c->base);
}

static enum err run_writer(struct postgres_conn *c, struct unit *first, enum engine_guard guard)
{
	bool spoilt = false;
	enum err err = run_writing(c, first, guard, must_be_alone(c, first), &spoilt);

	for (int i = 0; i < RACES && err == ERR_AGAIN; i++) {
		TRY(run_again(c, first));
		err = run_writing(c, first, guard, true, &spoilt);
	}
	if (err == ERR_AGAIN) {
		return err_fail(ERR_UNAVAILABLE, "store: other nodes are in the way");
	}
	return err == OK && spoilt ? ERR_AGAIN : err;
}

/* One state for all, in one round trip; a lone statement is a transaction by itself. */
static enum err run_reader(struct postgres_conn *c, struct unit *first)
{
	while (first) {
		bool several = first->next || first->step_count > 1, spoilt = false;
		struct unit *failed = NULL;

		if (several) {
			TRY(open_transaction(c, false));
		}
		TRY(send_units(c, first, NULL));
		if (several) {
			TRY(link_queue(&c->link, "COMMIT")); /* or its end, when one has failed */
		}
		TRY(link_sync(&c->link));
		enum err err = read_units(c, first, NULL, &spoilt, &failed);

		if (err != OK || !failed) {
			c->phase = failed || err != OK ? c->phase : IDLE;
			return err == ERR_AGAIN ? ERR_UNAVAILABLE : err;
		}
		postgres_rollback(&c->base);
		first = failed->next;
		if (first) {
			TRY(postgres_begin(&c->base));
		}
	}
	return OK;
}

static enum err postgres_run(struct engine_conn *conn, struct unit *first, enum engine_guard guard)
{
	struct postgres_conn *c = of(conn);

	return c->role == ENGINE_READER ? run_reader(c, first) : run_writer(c, first, guard);
}

/* ---- statements and scripts ---- */

static enum err postgres_prepare(struct engine_conn *conn, const struct statement *statements,
	size_t count, struct engine_statement *ret)
{
	struct postgres_conn *c = of(conn);

	free(c->statements);
	c->count = 0;
	c->statements = calloc(count ? count : 1, sizeof(*c->statements));
	if (!c->statements) {
		return err_fail(ERR_MEMORY, "store: no memory for %zu statements", count);
	}
	if (!c->link.pg) {
		TRY(link_connect(&c->link));
	}
	TRY(link_script(&c->link, "DEALLOCATE ALL;" PREPARE_LOCK, LOCK_MS));
	TRY(pg_statements_learn(&c->link, statements, count, c->statements));
	c->count = count;
	TRY(pg_statements_prepare(&c->link, c->statements, count));
	c->prepared = true;
	for (size_t i = 0; ret && i < count; i++) {
		ret[i] = (struct engine_statement){.params = c->statements[i].params,
			.reads = c->statements[i].reads};
	}
	return OK;
}

static enum err postgres_script(struct engine_conn *conn, const char *sql)
{
	struct postgres_conn *c = of(conn);

	if (c->phase == WANTED) {
		TRY(open_transaction(c, true));
		TRY(settle(c));
	}
	PGTransactionStatusType before = PQtransactionStatus(c->link.pg);

	TRY(link_script(&c->link, sql, SCRIPT_MS));
	if (PQtransactionStatus(c->link.pg) != before) {
		return err_fail(ERR_WRONG_STATE, "store: a script begins or ends a transaction");
	}
	return OK;
}

/* Nodes that start together migrate one after the other. */
static enum err postgres_reserve(struct engine_conn *conn, bool on)
{
	struct postgres_conn *c = of(conn);

	return link_script(&c->link,
		on ? "SET lock_timeout = '60s'; SELECT pg_advisory_lock(" LOCK_MIGRATION ");"
		     "SET lock_timeout = '5s';"
		   : "SELECT pg_advisory_unlock(" LOCK_MIGRATION ")",
		LOCK_MS);
}

/* ---- opening and closing ---- */

static void postgres_close(struct engine_conn *conn)
{
	struct postgres_conn *c = of(conn);

	if (c) {
		link_end(&c->link);
		free(c->statements);
		free(c);
	}
}

static enum err postgres_open(const char *rest, enum engine_role role, struct engine_conn **ret)
{
	struct postgres_conn *c = calloc(1, sizeof(*c));

	if (!c) {
		return err_fail(ERR_MEMORY, "store: no memory for a connection");
	}
	*c = (struct postgres_conn){.base.engine = &engine_postgres, .role = role};
	enum err err = link_init(&c->link, rest, settings[role]);

	if (err == OK) {
		err = link_connect(&c->link);
	}
	if (err != OK) {
		postgres_close(&c->base);
		return err;
	}
	*ret = &c->base;
	return OK;
}

static const char *migration_text(const struct migration *step)
{
	return step->postgres;
}

static const char *restored_text(const struct store_schema *schema)
{
	return schema->restored_postgres;
}

const struct engine engine_postgres = {
	.name = "postgres",
	.migration_text = migration_text,
	.restored_text = restored_text,
	.open = postgres_open,
	.close = postgres_close,
	.reserve = postgres_reserve,
	.prepare = postgres_prepare,
	.script = postgres_script,
	.begin = postgres_begin,
	.run = postgres_run,
	.commit = postgres_commit,
	.rollback = postgres_rollback,
};
