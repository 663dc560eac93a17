// SPDX-License-Identifier: Apache-2.0
/* Tokens at rest: sealed in the element's store, so that a restart asks RP_A for none of them.  req: B9.4.3 */
#include "app/app_inside.h"

#include "base/log.h"
#include "store/ring.h"

#include <stdio.h>
#include <string.h>

enum { RECORD_VERSION = 1, RECORD_MAX = 192, PLACE_MAX = NAME_MAX_LEN + 32 };

enum { DATA_KEYS, ADD_DATA_KEY, PUT_TOKEN, LIST_TOKENS, DROP_TOKEN, DROP_EXPIRED };

static const struct statement statements[] = {
	[DATA_KEYS] = {"data-keys", RING_SELECT},
	[ADD_DATA_KEY] = {"add-data-key", RING_INSERT},
	[PUT_TOKEN] = {"put-token",
		"INSERT INTO token (id, application, ua, until, record) VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT (id, application, ua)"
		" DO UPDATE SET until = excluded.until, record = excluded.record"},
	[LIST_TOKENS] = {"list-tokens",
		"SELECT token.id, token.application, token.ua, token.record FROM token"
		" WHERE token.until > $1 ORDER BY token.until LIMIT $2"},
	[DROP_TOKEN] = {"drop-token",
		"DELETE FROM token WHERE token.id = $1 AND token.application = $2"
		" AND token.ua = $3"},
	[DROP_EXPIRED] = {"drop-expired", "DELETE FROM token WHERE token.until <= $1"},
};

static const struct migration migrations[] = {
	{1,
		RING_SQLITE
		"CREATE TABLE token (id TEXT NOT NULL, application TEXT NOT NULL, ua BLOB NOT NULL,"
		" until INTEGER NOT NULL, record BLOB NOT NULL,"
		" PRIMARY KEY (id, application, ua)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX token_until ON token (until);",
		RING_POSTGRES "CREATE TABLE token (id TEXT COLLATE \"C\" NOT NULL,"
			      " application TEXT COLLATE \"C\" NOT NULL, ua BYTEA NOT NULL,"
			      " until BIGINT NOT NULL, record BYTEA NOT NULL,"
			      " PRIMARY KEY (id, application, ua));"
			      "CREATE INDEX token_until ON token (until);"},
};

const struct store_schema element_schema = {
	.name = "element",
	.statements = statements,
	.statement_count = sizeof(statements) / sizeof(statements[0]),
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
};

static enum err load_all(struct symapp *app);

enum err keep_open(struct symapp *app, const char *store_url, const char *master_key)
{
	const struct store_options options = {.url = store_url, .rows = app->tokens_max};

	TRY(store_open(app->loop, &options, &element_schema, &app->store));
	TRY(ring_open(app->store, loop_env(app->loop), master_key ? master_key : "", DATA_KEYS,
		ADD_DATA_KEY, &app->ring));
	return load_all(app);
}

void keep_close(struct symapp *app)
{
	store_close(app->store);
	seal_ring_free(app->ring);
	app->store = NULL;
	app->ring = NULL;
}

/* Where a record stands, so that it opens nowhere else. */
static void place_of(struct view name, char ret[PLACE_MAX])
{
	char ua[UA_SIZE * 2 + 1];
	struct view id = name_token_id(name), application = name_application(name);

	ua_print(name_ua(name), ua);
	(void)snprintf(ret, PLACE_MAX, "token/record/%.*s/%.*s/%s", (int)id.len,
		(const char *)id.data, (int)application.len, (const char *)application.data, ua);
}

/* Writing: nobody waits for it, as what is lost can be pulled again. */

static void written(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	if (result->err != OK) {
		log_event(LOG_WARN, "token.not_kept", "", LOG_TEXT("detail", result->detail));
	}
}

static void submit(struct symapp *app, const struct store_step *step)
{
	if (store_submit(app->store, step, 1, written, NULL, 0) != OK) {
		log_event(LOG_WARN, "token.not_kept", "", LOG_DETAIL());
	}
}

/* version(1) from(8) until(8) key(32) pseudonym length(1) pseudonym */
static enum err seal_record(struct symapp *app, const struct entry *entry, struct buf *ret)
{
	uint8_t bytes[RECORD_MAX];
	char place[PLACE_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	struct view pseudonym = view_text(entry->pseudonym);

	place_of(view_of(entry->name, entry->name_len), place);
	buf_u8(&plain, RECORD_VERSION);
	buf_u64(&plain, (uint64_t)entry->from);
	buf_u64(&plain, (uint64_t)entry->until);
	buf_view(&plain, secret_view(&entry->key));
	buf_u8(&plain, (uint8_t)pseudonym.len);
	buf_view(&plain, pseudonym);
	enum err err = buf_end(&plain, "token record");

	if (err == OK) {
		err = seal_close(app->ring, place, buf_contents(&plain), ret);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

/* $1, $2, $3: what stands in the primary key. */
static struct store_step step_for(int statement, struct view name)
{
	struct store_step step = {.statement = statement, .param_count = 3};

	step.params[0] = STORE_TEXT_OF(name_token_id(name));
	step.params[1] = STORE_TEXT_OF(name_application(name));
	step.params[2] = STORE_BLOB_OF(view_of(name.data, UA_SIZE));
	return step;
}

void keep_put(struct symapp *app, const struct entry *entry)
{
	uint8_t bytes[RECORD_MAX + SEAL_OVERHEAD];
	struct buf sealed = buf_fixed(bytes, sizeof(bytes));

	if (!app->store) {
		return;
	}
	if (seal_record(app, entry, &sealed) != OK) {
		log_event(LOG_WARN, "token.not_kept", "", LOG_DETAIL());
		return;
	}
	struct store_step step = step_for(PUT_TOKEN, view_of(entry->name, entry->name_len));

	step.params[3] = STORE_INT_OF(entry->until);
	step.params[4] = STORE_BLOB_OF(buf_contents(&sealed));
	step.param_count = 5;
	submit(app, &step);
}

void keep_drop(struct symapp *app, const struct entry *entry)
{
	if (app->store) {
		const struct store_step step =
			step_for(DROP_TOKEN, view_of(entry->name, entry->name_len));

		submit(app, &step);
	}
}

void keep_drop_expired(struct symapp *app)
{
	const struct store_step step = {
		.statement = DROP_EXPIRED,
		.param_count = 1,
		.params = {STORE_INT_OF(env_wall(loop_env(app->loop)))},
	};

	if (app->store) {
		submit(app, &step);
	}
}

/* Reading, at start */

static enum err read_record(struct view record, struct pulled *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	ret->from = (int64_t)reader_u64(&r);
	ret->until = (int64_t)reader_u64(&r);
	struct view key = reader_bytes(&r, TOKEN_KEY);
	struct view pseudonym = reader_bytes(&r, reader_u8(&r));

	TRY(reader_end(&r, "token record"));
	if (version != RECORD_VERSION || pseudonym.len >= sizeof(ret->pseudonym)) {
		return err_fail(ERR_UNSUPPORTED, "token record of version %u", version);
	}
	memcpy(ret->pseudonym, pseudonym.data, pseudonym.len);
	return secret_set(&ret->key, key.data, key.len);
}

static enum err restore(struct symapp *app, const struct store_result *result, size_t row)
{
	struct view id = store_at(result, 0, row, 0).bytes, ua = store_at(result, 0, row, 2).bytes;
	struct view record = store_at(result, 0, row, 3).bytes;
	uint8_t bytes[RECORD_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	struct pulled pulled = {.err = OK};
	struct ident application;
	struct name name;
	char place[PLACE_MAX];

	if (ua.len != UA_SIZE || record.len > RECORD_MAX + SEAL_OVERHEAD) {
		return err_fail(ERR_SYNTAX, "token row of a wrong size");
	}
	TRY(ident_parse(IDENT_APPLICATION, store_at(result, 0, row, 1).bytes, &application));
	TRY(name_of(id, &application, name_ua(ua), &name));
	place_of(view_of(name.bytes, name.len), place);
	enum err err = seal_open(app->ring, place, record, &plain);

	if (err == OK) {
		err = read_record(buf_contents(&plain), &pulled);
	}
	if (err == OK) {
		err = tokens_restore(app, view_of(name.bytes, name.len), &pulled);
	}
	bytes_wipe(bytes, sizeof(bytes));
	secret_wipe(&pulled.key);
	return err;
}

/* A row that does not open is left out: what it held is pulled again. */
static void loaded(void *user, uint64_t ref, const struct store_result *result)
{
	struct symapp *app = user;

	(void)ref;
	if (result->err != OK) {
		return;
	}
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		if (restore(app, result, row) != OK) {
			log_event(LOG_ERROR, "token.unreadable", "", LOG_DETAIL());
		}
	}
}

static enum err load_all(struct symapp *app)
{
	const struct store_step step = {
		.statement = LIST_TOKENS,
		.param_count = 2,
		.params = {STORE_INT_OF(env_wall(loop_env(app->loop))),
			STORE_INT_OF((int64_t)app->tokens_max)},
	};

	return store_run(app->store, &step, 1, loaded, app);
}
