// SPDX-License-Identifier: Apache-2.0
/*
 * migrate: schema steps, forward only, each in a transaction of its own together with the row that
 * records it, so that a crash between two steps resumes at the second.
 */
#include "store/engine.h"

enum { READ, WRITE };

static const struct statement statements[] = {
	[READ] = {"schema_read",
		"SELECT v.version, v.program FROM schema_version v ORDER BY v.version DESC LIMIT "
		"1"},
	[WRITE] = {"schema_write", "INSERT INTO schema_version (version, program) VALUES ($1, $2)"},
};

static const char table[] = "CREATE TABLE IF NOT EXISTS schema_version ("
			    "version BIGINT NOT NULL PRIMARY KEY, program TEXT NOT NULL)";

#define UNIT_CLEANUP __attribute__((cleanup(free_unit)))
static void free_unit(struct unit **u)
{
	unit_free(*u);
}

/* One step in the transaction that is open. */
static enum err run_one(struct engine_conn *c, const struct store_step *step, struct unit **ret)
{
	TRY(unit_new(step, 1, 1, ret));
	enum err err = c->engine->run(c, *ret, ENGINE_PLAIN);

	if (err != OK && err != ERR_AGAIN) {
		return err;
	}
	return (*ret)->result.err == OK ? OK : err_fail((*ret)->result.err, "%s", (*ret)->detail);
}

static enum err record(struct engine_conn *c, const struct store_schema *schema, int version)
{
	UNIT_CLEANUP struct unit *u = NULL;
	struct store_step step = {.statement = WRITE,
		.expect = STORE_ONE,
		.param_count = 2,
		.params = {STORE_INT_OF(version), STORE_TEXT_OF(view_text(schema->name))}};

	return run_one(c, &step, &u);
}

static enum err apply(struct engine_conn *c, const struct store_schema *schema, int version,
	const char *text)
{
	TRY(c->engine->begin(c));
	enum err err = text ? c->engine->script(c, text) : OK;

	if (err == OK) {
		err = record(c, schema, version);
	}
	if (err == OK) {
		err = c->engine->commit(c);
	}
	if (err != OK) {
		c->engine->rollback(c);
		return err_fail(err, "store: schema %s, step %d: %s", schema->name, version,
			err_detail());
	}
	return OK;
}

static enum err judge(const struct store_schema *schema, const struct store_result *found,
	int *ret_version)
{
	int64_t version = store_at(found, 0, 0, 0).number;
	struct view program = store_at(found, 0, 0, 1).bytes;

	if (found->steps[0].rows == 0) {
		*ret_version = -1;
		return OK;
	}
	if (!view_is(program, schema->name)) {
		return err_fail(ERR_CONFIG, "store: the database belongs to %.*s, not to %s",
			(int)program.len, (const char *)program.data, schema->name);
	}
	if (version < 0 || version > (int64_t)schema->migration_count) {
		return err_fail(ERR_CONFIG,
			"store: the database has schema %lld, this program knows %zu: a newer one "
			"wrote it",
			(long long)version, schema->migration_count);
	}
	*ret_version = (int)version;
	return OK;
}

/* The version that the database has; -1 when it is new. */
static enum err read_version(struct engine_conn *c, const struct store_schema *schema, int *ret)
{
	UNIT_CLEANUP struct unit *u = NULL;
	struct store_step step = {.statement = READ};

	TRY(c->engine->begin(c));
	enum err err = run_one(c, &step, &u);

	c->engine->rollback(c);
	TRY(err);
	return judge(schema, &u->result, ret);
}

static enum err bring_up(struct engine_conn *c, const struct store_schema *schema)
{
	int version = 0;

	TRY(c->engine->script(c, table));
	TRY(c->engine->prepare(c, statements, sizeof(statements) / sizeof(statements[0]), NULL));
	TRY(read_version(c, schema, &version));
	if (version < 0) {
		TRY(apply(c, schema, 0, NULL));
		version = 0;
	}
	for (size_t i = (size_t)version; i < schema->migration_count; i++) {
		const char *text = c->engine->migration_text(&schema->migrations[i]);

		if (!text) {
			return err_fail(ERR_UNSUPPORTED, "store: schema %s: no step %zu for %s",
				schema->name, i + 1, c->engine->name);
		}
		TRY(apply(c, schema, (int)i + 1, text));
	}
	return OK;
}

enum err migrate(struct engine_conn *c, const struct store_schema *schema)
{
	for (size_t i = 0; i < schema->migration_count; i++) {
		if (schema->migrations[i].version != (int)i + 1) {
			return err_fail(ERR_WRONG_STATE,
				"store: schema %s: step %d stands at place %zu", schema->name,
				schema->migrations[i].version, i + 1);
		}
	}
	if (!c->engine->reserve) {
		return bring_up(c, schema);
	}
	TRY(c->engine->reserve(c, true));
	TRY(bring_up(c, schema)); /* closing the connection ends it too */
	return c->engine->reserve(c, false);
}
