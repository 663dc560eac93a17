// SPDX-License-Identifier: Apache-2.0
/* Tokens at rest: sealed in the element's store, so that a restart asks RP_A for none of them.  req: B9.4.3 */
#include "app/app_inside.h"

#include "base/log.h"
#include "base/text.h"
#include "store/ring.h"

#include <stdio.h>
#include <string.h>

enum {
	RECORD_VERSION = 3, /* 2 had no rights and no attributes */
	RECORD_MAX = 32 + PSEUDONYM_MAX + DEGREE_MAX + WORDS_TEXT + SYMAPP_ATTRIBUTES +
		     RP_UAS * (UA_SIZE + TOKEN_KEY),
	PLACE_MAX = NAME_MAX_LEN + 32,
};

enum {
	DATA_KEYS,
	ADD_DATA_KEY,
	SET_DATA_KEY,
	PUT_TOKEN,
	LIST_TOKENS,
	DROP_TOKEN,
	DROP_EXPIRED,
	LIST_LOGS,
	PUT_LOG,
	KEEP_EVENT,
};

static const struct statement statements[] = {
	[DATA_KEYS] = {"data-keys", RING_SELECT},
	[ADD_DATA_KEY] = {"add-data-key", RING_INSERT},
	[SET_DATA_KEY] = {"set-data-key", RING_UPDATE},
	[PUT_TOKEN] = {"put-token",
		"INSERT INTO held_token (id, application, until, record) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (id, application)"
		" DO UPDATE SET until = excluded.until, record = excluded.record"},
	[LIST_TOKENS] = {"list-tokens",
		"SELECT held_token.id, held_token.application, held_token.record FROM held_token"
		" WHERE held_token.until > $1 ORDER BY held_token.until LIMIT $2"},
	[DROP_TOKEN] = {"drop-token",
		"DELETE FROM held_token WHERE held_token.id = $1 AND held_token.application = $2"},
	[DROP_EXPIRED] = {"drop-expired", "DELETE FROM held_token WHERE held_token.until <= $1"},
	[LIST_LOGS] = {"list-logs",
		"SELECT event_log.node, event_log.log, event_log.serial FROM event_log"},
	[PUT_LOG] = {"put-log",
		"INSERT INTO event_log (node, log, serial) VALUES ($1, $2, $3) ON CONFLICT (node)"
		" DO UPDATE SET log = excluded.log, serial = excluded.serial"},
	[KEEP_EVENT] = {"keep-event",
		"UPDATE event_log SET serial ="
		" CASE WHEN event_log.serial > $4 THEN event_log.serial ELSE $4 END"
		" WHERE event_log.node = $1 AND event_log.log = $2 AND event_log.serial >= $3"},
};

/* Version 2 keeps all keys of a token together; what version 1 held is pulled again. */
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
	{2,
		"DROP TABLE token;"
		"CREATE TABLE held_token (id TEXT NOT NULL, application TEXT NOT NULL,"
		" until INTEGER NOT NULL, record BLOB NOT NULL,"
		" PRIMARY KEY (id, application)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX held_token_until ON held_token (until);"
		"CREATE TABLE event_log (node TEXT NOT NULL PRIMARY KEY, log BLOB NOT NULL,"
		" serial INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
		"DROP TABLE token;"
		"CREATE TABLE held_token (id TEXT COLLATE \"C\" NOT NULL,"
		" application TEXT COLLATE \"C\" NOT NULL,"
		" until BIGINT NOT NULL, record BYTEA NOT NULL, PRIMARY KEY (id, application));"
		"CREATE INDEX held_token_until ON held_token (until);"
		"CREATE TABLE event_log (node TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,"
		" log BYTEA NOT NULL, serial BIGINT NOT NULL);"},
};

const struct store_schema element_schema = {
	.name = "element",
	.statements = statements,
	.statement_count = sizeof(statements) / sizeof(statements[0]),
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
};

static enum err load_all(struct symapp *app);

enum err keep_open(struct symapp *app, const struct symapp_options *given)
{
	const struct store_options options = {.url = given->store_url, .rows = app->tokens_max};
	const struct ring_options ring = {
		.master_key = given->master_key ? given->master_key : "",
		.old_master_key = given->old_master_key,
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.update = SET_DATA_KEY,
	};

	TRY(store_open(app->loop, &options, &element_schema, &app->store));
	TRY(ring_open(app->store, loop_env(app->loop), &ring, &app->ring));
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
	struct view id = name_token_id(name), application = name_application(name);

	(void)snprintf(ret, PLACE_MAX, "held_token/record/%.*s/%.*s", (int)id.len,
		(const char *)id.data, (int)application.len, (const char *)application.data);
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

static void put_text(struct buf *out, const char *text)
{
	struct view v = view_text(text);

	buf_u8(out, (uint8_t)v.len);
	buf_view(out, v);
}

static void put_long_text(struct buf *out, const char *text)
{
	struct view v = view_text(text);

	buf_u16(out, (uint16_t)v.len);
	buf_view(out, v);
}

/*
 * version(1) used(1) from(8) until(8) pseudonym degree, each with its length(1), rights attributes, each with its length(2), then
 * Ua id(5) key(32), repeated
 */
static enum err seal_record(struct symapp *app, const struct token *token, struct buf *ret)
{
	uint8_t bytes[RECORD_MAX];
	char place[PLACE_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));

	place_of(view_of(token->name, token->name_len), place);
	buf_u8(&plain, RECORD_VERSION);
	buf_u8(&plain, token->used);
	buf_u64(&plain, (uint64_t)token->from);
	buf_u64(&plain, (uint64_t)token->until);
	put_text(&plain, token->pseudonym);
	put_text(&plain, token->degree);
	put_long_text(&plain, token->granted.rights);
	put_long_text(&plain, token->granted.attributes);
	for (const struct token_key *k = token->keys; k; k = k->next) {
		buf_bytes(&plain, k->ua.bytes, UA_SIZE);
		buf_view(&plain, secret_view(&k->key));
	}
	enum err err = buf_end(&plain, "token record");

	if (err == OK) {
		err = seal_close(app->ring, place, buf_contents(&plain), ret);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err;
}

static struct store_step drop_step(struct view name)
{
	return (struct store_step){
		.statement = DROP_TOKEN,
		.param_count = 2,
		.params = {STORE_TEXT_OF(name_token_id(name)),
			STORE_TEXT_OF(name_application(name))},
	};
}

/* `sealed` keeps the bytes that the step refers to. */
static enum err put_step(struct symapp *app, const struct token *token, struct buf *sealed,
	struct store_step *ret)
{
	struct view name = view_of(token->name, token->name_len);

	TRY(seal_record(app, token, sealed));
	*ret = (struct store_step){
		.statement = PUT_TOKEN,
		.param_count = 4,
		.params = {STORE_TEXT_OF(name_token_id(name)), STORE_TEXT_OF(name_application(name)),
			STORE_INT_OF(token->until), STORE_BLOB_OF(buf_contents(sealed))},
	};
	return OK;
}

void keep_put(struct symapp *app, const struct token *token)
{
	uint8_t bytes[RECORD_MAX + SEAL_OVERHEAD];
	struct buf sealed = buf_fixed(bytes, sizeof(bytes));
	struct store_step step;

	if (!app->store) {
		return;
	}
	if (put_step(app, token, &sealed, &step) != OK) {
		log_event(LOG_WARN, "token.not_kept", "", LOG_DETAIL());
		return;
	}
	submit(app, &step);
}

void keep_drop(struct symapp *app, const struct token *token)
{
	if (app->store) {
		const struct store_step step = drop_step(view_of(token->name, token->name_len));

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

void keep_log(struct symapp *app, const struct node *node)
{
	const struct store_step step = {
		.statement = PUT_LOG,
		.param_count = 3,
		.params = {STORE_TEXT_OF(ident_view(&node->host)), STORE_BLOB_OF(VIEW(node->log)),
			STORE_INT_OF((int64_t)node->kept)},
	};

	if (app->store) {
		submit(app, &step);
	}
}

enum err keep_event(struct symapp *app, struct view name, const struct node *node, uint64_t serial,
	store_done *done, uint64_t ref)
{
	uint8_t bytes[RECORD_MAX + SEAL_OVERHEAD];
	struct buf sealed = buf_fixed(bytes, sizeof(bytes));
	const struct token *token = name.len > 0 ? tokens_get(app, name) : NULL;
	uint64_t before = serial > node->last ? node->last : serial;
	struct store_step steps[2] = {{
		.statement = KEEP_EVENT,
		.expect = STORE_ONE,
		.param_count = 4,
		.params = {STORE_TEXT_OF(ident_view(&node->host)), STORE_BLOB_OF(VIEW(node->log)),
			STORE_INT_OF((int64_t)before), STORE_INT_OF((int64_t)serial)},
	}};

	if (token) {
		TRY(put_step(app, token, &sealed, &steps[1]));
	} else if (name.len > 0) {
		steps[1] = drop_step(name);
	}
	return store_submit(app->store, steps, name.len > 0 ? 2 : 1, done, app, ref);
}

/* Reading, at start */

static enum err read_text(struct reader *r, char *to, size_t room)
{
	return text_copy(to, room, reader_bytes(r, reader_u8(r)), "token record");
}

static enum err read_granted(struct reader *r, struct facts *ret)
{
	TRY(text_copy(ret->rights.text, sizeof(ret->rights.text), reader_bytes(r, reader_u16(r)),
		"token record"));
	return text_copy(ret->attributes, sizeof(ret->attributes), reader_bytes(r, reader_u16(r)),
		"token record");
}

static enum err read_record(struct view record, struct facts *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	if (version != RECORD_VERSION && version != RECORD_VERSION - 1) {
		return err_fail(ERR_UNSUPPORTED, "token record of another version");
	}
	ret->used = reader_u8(&r) != 0;
	ret->from = (int64_t)reader_u64(&r);
	ret->until = (int64_t)reader_u64(&r);
	TRY(read_text(&r, ret->pseudonym, sizeof(ret->pseudonym)));
	TRY(read_text(&r, ret->degree, sizeof(ret->degree)));
	if (version == RECORD_VERSION) {
		TRY(read_granted(&r, ret));
	}
	while (reader_left(&r) > 0 && !r.failed && ret->key_count < RP_UAS) {
		struct rp_a_key *key = &ret->keys[ret->key_count++];

		reader_copy(&r, key->ua.bytes, UA_SIZE);
		struct view bytes = reader_bytes(&r, TOKEN_KEY);

		if (!r.failed) {
			TRY(secret_set(&key->key, bytes.data, bytes.len));
		}
	}
	return reader_end(&r, "token record");
}

static enum err restore(struct symapp *app, const struct store_result *result, size_t row)
{
	struct view id = store_at(result, 0, row, 0).bytes;
	struct view record = store_at(result, 0, row, 2).bytes;
	uint8_t bytes[RECORD_MAX];
	struct buf plain = buf_fixed(bytes, sizeof(bytes));
	FACTS(facts);
	struct ident application;
	struct name name;
	struct token *token;
	char place[PLACE_MAX];

	if (record.len > RECORD_MAX + SEAL_OVERHEAD) {
		return err_fail(ERR_SYNTAX, "token row of a wrong size");
	}
	TRY(ident_parse(IDENT_APPLICATION, store_at(result, 0, row, 1).bytes, &application));
	TRY(name_of(id, &application, UA_ALL, &name));
	place_of(name_view(&name), place);
	enum err err = seal_open(app->ring, place, record, &plain);

	if (err == OK) {
		err = read_record(buf_contents(&plain), &facts);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return err == OK ? tokens_hold(app, name_view(&name), &facts, &token) : err;
}

/* A row that does not open is left out: what it held is pulled again. */
static void loaded(void *user, uint64_t ref, const struct store_result *result)
{
	struct symapp *app = user;

	(void)ref;
	for (size_t row = 0; result->err == OK && row < result->steps[0].rows; row++) {
		if (restore(app, result, row) != OK) {
			log_event(LOG_ERROR, "token.unreadable", "", LOG_DETAIL());
		}
	}
}

/* Of nodes that are still peers. */
static void logs_loaded(void *user, uint64_t ref, const struct store_result *result)
{
	struct symapp *app = user;

	(void)ref;
	for (size_t row = 0; result->err == OK && row < result->steps[0].rows; row++) {
		struct node *node = node_of(app, store_at(result, 0, row, 0).bytes);
		struct view log = store_at(result, 0, row, 1).bytes;

		if (node && log.len == EVENT_LOG) {
			memcpy(node->log, log.data, EVENT_LOG);
			node->kept = (uint64_t)store_at(result, 0, row, 2).number;
			node->known = true;
		}
	}
}

static enum err load_all(struct symapp *app)
{
	const struct store_step logs = {.statement = LIST_LOGS};
	const struct store_step step = {
		.statement = LIST_TOKENS,
		.param_count = 2,
		.params = {STORE_INT_OF(env_wall(loop_env(app->loop))),
			STORE_INT_OF((int64_t)app->tokens_max)},
	};

	TRY(store_run(app->store, &step, 1, loaded, app));
	return store_run(app->store, &logs, 1, logs_loaded, app);
}
