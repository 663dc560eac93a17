// SPDX-License-Identifier: Apache-2.0
/*
 * copy: what a store that was restored from a copy must do before it is of use again. It is a transaction of its
 * own, with the mark that asks for it, so that it is done once, whenever the process ends.
 */
#include "base/log.h"
#include "store/engine.h"

enum { READ, WRITE, DROP };

static const struct statement statements[] = {
	[READ] = {"copy_read",
		"SELECT copy_mark.node, copy_mark.version, copy_mark.at FROM copy_mark"},
	[WRITE] = {"copy_write", "INSERT INTO copy_mark (node, version, at) VALUES ($1, $2, $3)"},
	[DROP] = {"copy_drop", "DELETE FROM copy_mark"},
};

#define UNIT_CLEANUP __attribute__((cleanup(free_unit)))
static void free_unit(struct unit **u)
{
	unit_free(*u);
}

static enum err run(struct engine_conn *c, const struct store_step *step, struct unit **ret)
{
	TRY(unit_new(step, 1, 16, ret));
	enum err err = c->engine->run(c, *ret, ENGINE_PLAIN);

	if (err != OK && err != ERR_AGAIN) {
		return err;
	}
	return (*ret)->result.err == OK ? OK : err_fail((*ret)->result.err, "%s", (*ret)->detail);
}

static enum err prepare(struct engine_conn *c)
{
	TRY(c->engine->script(c, COPY_MARK));
	return c->engine->prepare(c, statements, sizeof(statements) / sizeof(statements[0]), NULL);
}

static enum err settle(struct engine_conn *c, const char *text)
{
	UNIT_CLEANUP struct unit *u = NULL;
	const struct store_step step = {.statement = DROP};

	TRY(text ? c->engine->script(c, text) : OK);
	return run(c, &step, &u);
}

static void tell(const struct store_result *mark)
{
	log_event(LOG_WARN, "store.restored", "", LOG_VIEW("of", store_at(mark, 0, 0, 0).bytes),
		LOG_VIEW("by", store_at(mark, 0, 0, 1).bytes),
		LOG_INT("at", store_at(mark, 0, 0, 2).number));
}

/* In the transaction that is open. */
static enum err settle_if_marked(struct engine_conn *c, const char *text, bool *ret_marked)
{
	UNIT_CLEANUP struct unit *u = NULL;
	const struct store_step step = {.statement = READ};

	TRY(run(c, &step, &u));
	*ret_marked = u->result.steps[0].rows > 0;
	if (!*ret_marked) {
		return OK;
	}
	tell(&u->result);
	return settle(c, text);
}

/* Where several nodes have one database, one of them does it. */
static enum err reserve(struct engine_conn *c, bool on)
{
	return c->engine->reserve ? c->engine->reserve(c, on) : OK;
}

static enum err settle_once(struct engine_conn *c, const struct store_schema *schema)
{
	bool marked = false;

	TRY(prepare(c));
	TRY(c->engine->begin(c));
	enum err err = settle_if_marked(c, c->engine->restored_text(schema), &marked);

	if (err == OK && marked) {
		err = c->engine->commit(c);
	}
	if (err != OK || !marked) {
		c->engine->rollback(c);
	}
	return err == OK ? OK : err_fail(err, "store: after a restore: %s", err_detail());
}

enum err copy_settle(struct engine_conn *c, const struct store_schema *schema)
{
	TRY(reserve(c, true));
	TRY(settle_once(c, schema)); /* closing the connection ends the reservation too */
	return reserve(c, false);
}

enum err copy_mark(struct engine_conn *c, const char *node, int64_t at)
{
	UNIT_CLEANUP struct unit *u = NULL;
	const struct store_step step = {.statement = WRITE,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(node)),
			STORE_TEXT_OF(view_text(SYMBOLON_VERSION)), STORE_INT_OF(at)}};

	TRY(prepare(c));
	TRY(c->engine->begin(c));
	enum err err = run(c, &step, &u);

	err = err == OK ? c->engine->commit(c) : err;
	if (err != OK) {
		c->engine->rollback(c);
	}
	return err;
}
