// SPDX-License-Identifier: Apache-2.0
/*
 * The contract is in docs/decisions/0007-store-contract.md. Two lanes, each a queue and a thread with a
 * connection: units that write, and units that only read. The loop's thread submits and is answered
 * through a mailbox, which outlives the store when a call to the loop is still under way.
 */
#include "net/loop_uv.h"
#include "net/metrics.h"
#include "store/copier.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING = 8192, GROUP = 256, ROWS = 10000, CEILING = 1 << 20, AWAY_US = 30 * 1000 * 1000 };

struct list {
	struct unit *first, **end;
};

struct lane {
	struct store *store;
	struct engine_conn *conn;
	void (*work)(struct lane *lane, struct unit *first);
	pthread_t thread;
	bool running;
	pthread_cond_t wake;
	struct list queue;
	struct list fresh; /* submitted in this turn of the loop */
	size_t fresh_count;
	atomic_int_fast64_t away_at; /* when the database failed; 0: it works */
};

struct mailbox {
	pthread_mutex_t lock;
	struct loop *loop;
	struct store *store;	 /* NULL once the store is closed */
	pthread_cond_t finished; /* for store_run() */
	struct list answers;
	bool posted, delivering;
};

struct store {
	const struct engine *engine;
	size_t waiting_ceiling, group, rows;
	size_t statement_count;
	struct engine_statement *statements;
	const struct statement *names;

	pthread_mutex_t lock; /* guards both queues and `closing` */
	bool closing;
	struct lane writer, reader;

	struct copier *copier;
	struct mailbox *mailbox;
	struct later later; /* to the end of the loop's turn */

	size_t waiting; /* submitted and not answered; the loop's thread alone knows it */
	atomic_uint_fast64_t units, commits, replays, failures;
	struct histogram commit_times;
};

static const struct {
	const char *scheme;
	const struct engine *engine;
} engines[] = {
	{"sqlite:", &engine_sqlite},
	{"postgresql:", &engine_postgres},
	{"postgres:", &engine_postgres},
};

/* ---- lists of units ---- */

static void list_clear(struct list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void list_add(struct list *l, struct unit *u)
{
	u->next = NULL;
	*l->end = u;
	l->end = &u->next;
}

static void list_append(struct list *l, struct list *more)
{
	if (more->first) {
		*l->end = more->first;
		l->end = more->end;
		list_clear(more);
	}
}

/* Takes up to `max` units from the front. */
static struct unit *list_take(struct list *l, size_t max)
{
	struct unit *first = l->first, **end = &l->first;

	while (*end && max-- > 0) {
		end = &(*end)->next;
	}
	l->first = *end;
	*end = NULL;
	if (!l->first) {
		l->end = &l->first;
	}
	return first;
}

/* ---- answers ---- */

static void answer(struct store *s, struct unit *u)
{
	s->waiting--;
	if (u->done) {
		u->done(u->user, u->user_ref, &u->result);
	}
	unit_free(u);
}

static void discard_mailbox(struct mailbox *m)
{
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->finished);
	free(m);
}

static void answer_all(struct mailbox *m)
{
	while (m->store) { /* a callback may close it */
		pthread_mutex_lock(&m->lock);
		struct unit *u = list_take(&m->answers, 1);

		pthread_mutex_unlock(&m->lock);
		if (!u) {
			return;
		}
		answer(m->store, u);
	}
}

/* On the loop's thread. */
static void deliver(void *arg)
{
	struct mailbox *m = arg;

	pthread_mutex_lock(&m->lock);
	m->posted = false;
	pthread_mutex_unlock(&m->lock);
	m->delivering = true;
	answer_all(m);
	m->delivering = false;
	if (!m->store && !m->posted) {
		discard_mailbox(m);
	}
}

/* On a lane's thread: hands a group back, with one call to the loop at most. */
static void hand_back(struct store *s, struct unit *first)
{
	struct mailbox *m = s->mailbox;
	bool post = false;

	pthread_mutex_lock(&m->lock);
	while (first) {
		struct unit *u = first;

		first = u->next;
		if (u->waited) {
			u->finished = true;
			pthread_cond_signal(&m->finished);
		} else {
			list_add(&m->answers, u);
			post = !m->posted;
		}
	}
	m->posted |= post;
	pthread_mutex_unlock(&m->lock);
	if (post) {
		loop_post(m->loop, deliver, m);
	}
}

/* ---- lanes ---- */

static void fail_all(struct unit *first, enum err code)
{
	for (struct unit *u = first; u; u = u->next) {
		unit_reset(u);
		unit_fail(u, 0, code);
	}
}

static int64_t now_us(void)
{
	return env_system.steady_us(&env_system);
}

/* Whether the database works, as the last transaction saw it. */
static void note(struct lane *lane, enum err err)
{
	bool away = err == ERR_UNAVAILABLE || err == ERR_UNKNOWN_RESULT;

	atomic_store_explicit(&lane->away_at, away ? now_us() : 0, memory_order_relaxed);
}

/* One transaction. OK, or all units failed alike; ERR_AGAIN: rolled back, worth another attempt. */
static enum err attempt(struct lane *lane, struct unit *first, enum engine_guard guard)
{
	const struct engine *engine = lane->conn->engine;

	int64_t since = now_us();

	for (struct unit *u = first; u; u = u->next) {
		unit_reset(u);
	}
	enum err err = engine->begin(lane->conn);

	if (err == OK) {
		err = engine->run(lane->conn, first, guard);
	}
	if (err == OK) {
		err = engine->commit(lane->conn);
		if (err == ERR_CONFLICT) { /* a deferred constraint: whose it is shows alone */
			unit_fail(first, first->step_count - 1, err);
			err = ERR_AGAIN;
		}
	}
	note(lane, err);
	if (err == OK) {
		atomic_fetch_add_explicit(&lane->store->commits, 1, memory_order_relaxed);
		histogram_observe(&lane->store->commit_times, now_us() - since);
		return OK;
	}
	engine->rollback(lane->conn);
	if (err != ERR_AGAIN) {
		fail_all(first, err);
	}
	return err;
}

static void run_alone(struct lane *lane, struct unit *first)
{
	while (first) {
		struct unit *next = first->next;

		first->next = NULL;
		(void)!attempt(lane, first, ENGINE_PLAIN); /* the unit's result says it */
		first->next = next;
		first = next;
	}
}

/*
 * Most groups commit as they are. One that a unit spoilt is run again with its units behind savepoints,
 * still under one commit, so that refusals do not cost the others a commit each; and one by one
 * when even that does not tell them apart.
 */
static void write_group(struct lane *lane, struct unit *first)
{
	if (attempt(lane, first, ENGINE_PLAIN) != ERR_AGAIN || !first->next) {
		return;
	}
	atomic_fetch_add_explicit(&lane->store->replays, 1, memory_order_relaxed);
	if (attempt(lane, first, ENGINE_GUARDED) == ERR_AGAIN) {
		run_alone(lane, first);
	}
}

/* The transaction begins after the units were submitted, so it sees what was acknowledged before. */
static void read_group(struct lane *lane, struct unit *first)
{
	const struct engine *engine = lane->conn->engine;
	enum err err = engine->begin(lane->conn);

	if (err == OK) {
		err = engine->run(lane->conn, first, ENGINE_PLAIN);
	}
	engine->rollback(lane->conn);
	note(lane, err);
	if (err != OK) {
		fail_all(first, err);
	}
}

static struct unit *wait_for_group(struct lane *lane)
{
	struct store *s = lane->store;

	pthread_mutex_lock(&s->lock);
	while (!lane->queue.first && !s->closing) {
		pthread_cond_wait(&lane->wake, &s->lock);
	}
	struct unit *first = list_take(&lane->queue, s->group);

	pthread_mutex_unlock(&s->lock);
	return first;
}

static void count(struct store *s, const struct unit *first)
{
	for (const struct unit *u = first; u; u = u->next) {
		atomic_fetch_add_explicit(&s->units, 1, memory_order_relaxed);
		if (u->result.err != OK) {
			atomic_fetch_add_explicit(&s->failures, 1, memory_order_relaxed);
		}
	}
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;
	struct unit *first;

	while ((first = wait_for_group(lane))) {
		lane->work(lane, first);
		count(lane->store, first);
		hand_back(lane->store, first);
	}
	return NULL;
}

static enum err start_lane(struct lane *lane, const char *name)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
	lane->running = pthread_create(&lane->thread, NULL, lane_main, lane) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!lane->running) {
		return err_fail(ERR_UNAVAILABLE, "store: no thread for %s", name);
	}
	(void)pthread_setname_np(lane->thread, name);
	return OK;
}

/* ---- submitting ---- */

static enum err check_steps(const struct store *s, const struct store_step *steps, size_t count,
	bool *ret_reads)
{
	bool reads = true;

	for (size_t i = 0; i < count; i++) {
		if (steps[i].statement < 0 || (size_t)steps[i].statement >= s->statement_count) {
			return err_fail(ERR_RANGE, "store: no statement %d", steps[i].statement);
		}
		const struct engine_statement *e = &s->statements[steps[i].statement];

		if (steps[i].param_count != e->params) {
			return err_fail(ERR_RANGE, "store: %s takes %d parameters, not %zu",
				s->names[steps[i].statement].name, e->params, steps[i].param_count);
		}
		reads &= e->reads;
	}
	*ret_reads = reads;
	return OK;
}

static void enqueue_fresh(struct store *s, struct lane *lane)
{
	if (lane->fresh_count == 0) {
		return;
	}
	lane->fresh_count = 0;
	pthread_mutex_lock(&s->lock);
	list_append(&lane->queue, &lane->fresh);
	pthread_cond_signal(&lane->wake);
	pthread_mutex_unlock(&s->lock);
}

static void end_of_turn(void *arg)
{
	struct store *s = arg;

	enqueue_fresh(s, &s->writer);
	enqueue_fresh(s, &s->reader);
}

/* What one turn of the loop submits goes on together: else the first unit would be a group of its own. */
static void enqueue(struct store *s, struct lane *lane, struct unit *u)
{
	s->waiting++;
	list_add(&lane->fresh, u);
	if (++lane->fresh_count >= s->group || u->waited) {
		enqueue_fresh(s, lane);
	} else {
		loop_later(s->mailbox->loop, &s->later, end_of_turn, s);
	}
}

static enum err submit(struct store *s, const struct store_step *steps, size_t count, bool waited,
	store_done *done, void *user, uint64_t user_ref, struct unit **ret)
{
	struct unit *u = NULL;
	bool reads = true;

	if (s->closing) {
		return err_fail(ERR_WRONG_STATE, "store: it is being closed");
	}
	if (s->waiting >= s->waiting_ceiling) {
		return err_fail(ERR_OVERLOAD, "store: %zu units are waiting", s->waiting);
	}
	if (count == 0 || count > STORE_STEPS) {
		return err_fail(ERR_RANGE, "store: a unit of %zu steps", count);
	}
	TRY(check_steps(s, steps, count, &reads));
	TRY(unit_new(steps, count, s->rows, &u));
	u->waited = waited;
	u->done = done;
	u->user = user;
	u->user_ref = user_ref;
	enqueue(s, reads ? &s->reader : &s->writer, u);
	*ret = u;
	return OK;
}

enum err store_submit(struct store *s, const struct store_step *steps, size_t count,
	store_done *done, void *user, uint64_t user_ref)
{
	struct unit *u = NULL;

	return submit(s, steps, count, false, done, user, user_ref, &u);
}

enum err store_run(struct store *s, const struct store_step *steps, size_t count, store_done *done,
	void *user)
{
	struct mailbox *m = s->mailbox;
	struct unit *u = NULL;

	TRY(submit(s, steps, count, true, done, user, 0, &u));
	pthread_mutex_lock(&m->lock);
	while (!u->finished) {
		pthread_cond_wait(&m->finished, &m->lock);
	}
	pthread_mutex_unlock(&m->lock);
	enum err err = u->result.err;

	if (err != OK) {
		err = err_fail(err, "%s", u->detail);
	}
	answer(s, u);
	return err;
}

void store_figures(const struct store *s, struct store_figures *ret)
{
	struct engine_figures engine = {0};

	if (s->engine->figures) {
		s->engine->figures(s->writer.conn, &engine);
	}
	*ret = (struct store_figures){
		.units = atomic_load_explicit(&s->units, memory_order_relaxed),
		.commits = atomic_load_explicit(&s->commits, memory_order_relaxed),
		.replays = atomic_load_explicit(&s->replays, memory_order_relaxed),
		.failures = atomic_load_explicit(&s->failures, memory_order_relaxed),
		.waiting = s->waiting,
		.checkpoint_failures = engine.checkpoint_failures,
		.log_bytes = engine.log_bytes,
	};
}

void store_put_metrics(const struct store *s, struct buf *out)
{
	static const char times[] = "symbolon_store_commit_seconds";
	struct store_figures f;

	if (!s) {
		return;
	}
	store_figures(s, &f);
	metrics_put_one(out, "symbolon_store_units_total", METRIC_COUNTER, "Units of work done.",
		f.units);
	metrics_put_one(out, "symbolon_store_commits_total", METRIC_COUNTER,
		"Commits; units that wait at the same time share one.", f.commits);
	metrics_put_one(out, "symbolon_store_replays_total", METRIC_COUNTER,
		"Groups of units that one of them spoilt, so that they were run again.", f.replays);
	metrics_put_one(out, "symbolon_store_failures_total", METRIC_COUNTER,
		"Units that failed, refusals among them.", f.failures);
	metrics_put_one(out, "symbolon_store_waiting", METRIC_GAUGE, "Units not done yet.",
		f.waiting);
	metrics_put_one(out, "symbolon_store_away", METRIC_GAUGE,
		"1: the database failed lately, and has not worked since.", store_is_away(s));
	metrics_put_one(out, "symbolon_store_checkpoint_failures_total", METRIC_COUNTER,
		"Times that the log could not be carried into the database.", f.checkpoint_failures);
	metrics_put_one(out, "symbolon_store_log_bytes", METRIC_GAUGE,
		"What is in the log and not in the database yet.", f.log_bytes);
	metrics_put_head(out, times, METRIC_HISTOGRAM,
		"How long a transaction took, commit included.");
	metrics_put_histogram(out, times, NULL, 0, &s->commit_times);
}

static bool is_away(const struct lane *lane)
{
	int64_t at = atomic_load_explicit(&lane->away_at, memory_order_relaxed);

	return at != 0 && now_us() - at < AWAY_US;
}

bool store_is_shared(const struct store *s)
{
	return s->engine->reserve != NULL;
}

/* Only for a while: work that goes elsewhere would never show that it works again. */
bool store_is_away(const struct store *s)
{
	return is_away(&s->writer) || is_away(&s->reader);
}

/* ---- opening and closing ---- */

static enum err find_engine(const char *url, const struct engine **ret, const char **ret_rest)
{
	for (size_t i = 0; url && i < sizeof(engines) / sizeof(engines[0]); i++) {
		size_t len = strlen(engines[i].scheme);

		if (strncmp(url, engines[i].scheme, len) == 0) {
			*ret = engines[i].engine;
			*ret_rest = url + len;
			return OK;
		}
	}
	/* The URL may hold a password. */
	return err_fail(ERR_CONFIG, "store: the URL begins with neither sqlite: nor postgresql:");
}

static enum err set_ceiling(const char *name, size_t value, size_t otherwise, size_t *ret)
{
	if (value > CEILING) {
		return err_fail(ERR_CONFIG, "store: %s is %zu, at most %d", name, value, CEILING);
	}
	*ret = value ? value : otherwise;
	return OK;
}

static enum err make_mailbox(struct store *s, struct loop *loop)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (!m) {
		return err_fail(ERR_MEMORY, "store: no memory");
	}
	m->loop = loop;
	m->store = s;
	list_clear(&m->answers);
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_cond_init(&m->finished, NULL);
	s->mailbox = m;
	return OK;
}

static void make_lane(struct store *s, struct lane *lane,
	void (*work)(struct lane *lane, struct unit *first))
{
	lane->store = s;
	lane->work = work;
	list_clear(&lane->queue);
	list_clear(&lane->fresh);
	(void)pthread_cond_init(&lane->wake, NULL);
}

static enum err open_lanes(struct store *s, const char *rest, const struct store_schema *schema)
{
	s->statement_count = schema->statement_count;
	s->names = schema->statements;
	s->statements = calloc(schema->statement_count + 1, sizeof(*s->statements));
	if (!s->statements) {
		return err_fail(ERR_MEMORY, "store: no memory");
	}
	TRY(s->engine->open(rest, ENGINE_WRITER, &s->writer.conn));
	TRY(migrate(s->writer.conn, schema));
	TRY(copy_settle(s->writer.conn, schema));
	TRY(copier_new(s->mailbox->loop, s->engine, rest, &s->copier));
	TRY(s->engine->prepare(s->writer.conn, schema->statements, schema->statement_count,
		s->statements));
	TRY(s->engine->open(rest, ENGINE_READER, &s->reader.conn));
	TRY(s->engine->prepare(s->reader.conn, schema->statements, schema->statement_count, NULL));
	TRY(start_lane(&s->writer, "store-write"));
	return start_lane(&s->reader, "store-read");
}

enum err store_open(struct loop *loop, const struct store_options *options,
	const struct store_schema *schema, struct store **ret)
{
	struct store *s = calloc(1, sizeof(*s));
	const char *rest = NULL;

	if (!s) {
		return err_fail(ERR_MEMORY, "store: no memory");
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	make_lane(s, &s->writer, write_group);
	make_lane(s, &s->reader, read_group);

	enum err err = find_engine(options->url, &s->engine, &rest);

	if (err == OK) {
		err = set_ceiling("waiting", options->waiting, WAITING, &s->waiting_ceiling);
	}
	if (err == OK) {
		err = set_ceiling("group", options->group, GROUP, &s->group);
	}
	if (err == OK) {
		err = set_ceiling("rows", options->rows, ROWS, &s->rows);
	}
	if (err == OK) {
		err = make_mailbox(s, loop);
	}
	if (err == OK) {
		err = open_lanes(s, rest, schema);
	}
	if (err != OK) {
		store_close(s);
		return err;
	}
	*ret = s;
	return OK;
}

/* ---- copies ---- */

enum err store_copy(struct store *s, const char *node, file_copied *done, void *user)
{
	return copier_run(s->copier, node, done, user);
}

enum err store_restore(const char *url, const struct store_schema *schema, const char *node,
	const char *from)
{
	const struct engine *engine;
	const char *rest;

	TRY(find_engine(url, &engine, &rest));
	return engine->restore
		       ? engine->restore(rest, schema, node, from)
		       : err_fail(ERR_UNSUPPORTED,
				 "store: this database is restored with its own tools; then "
				 "tell the node with --restored");
}

enum err store_mark_restored(const char *url, const struct store_schema *schema, const char *node,
	int64_t at)
{
	struct engine_conn *c;
	const struct engine *engine;
	const char *rest;

	TRY(find_engine(url, &engine, &rest));
	TRY(engine->open(rest, ENGINE_WRITER, &c));
	enum err err = migrate(c, schema);

	err = err == OK ? copy_mark(c, node, at) : err;
	engine->close(c);
	return err;
}

static void end_lane(struct lane *lane)
{
	if (lane->running) {
		(void)pthread_join(lane->thread, NULL);
	}
	(void)pthread_cond_destroy(&lane->wake);
}

void store_close(struct store *s)
{
	if (!s) {
		return;
	}
	end_of_turn(s);
	copier_free(s->copier);
	if (s->mailbox) {
		loop_never(&s->later);
	}
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->writer.wake);
	pthread_cond_signal(&s->reader.wake);
	pthread_mutex_unlock(&s->lock);
	end_lane(&s->writer);
	end_lane(&s->reader);
	if (s->mailbox) {
		struct mailbox *m = s->mailbox;

		answer_all(m);
		m->store = NULL;
		if (!m->posted && !m->delivering) {
			discard_mailbox(m);
		} /* else the call to the loop that is under way does it */
	}
	if (s->engine) {
		s->engine->close(s->reader.conn);
		s->engine->close(s->writer.conn);
	}
	free(s->statements);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
