// SPDX-License-Identifier: Apache-2.0
#include "authn/tokens.h"

#include "base/log.h"
#include "base/text.h"
#include "store/ring.h"

#include <stdio.h>
#include <string.h>

enum { SWEEP_MS = 60 * 1000, RECORD_VERSION = 1, RECORD_MAX = 512, PLACE_MAX = TOKEN_ID_MAX + 16 };

enum { DATA_KEYS, ADD_DATA_KEY, ADD_TOKEN, FIND_TOKEN, DROP_EXPIRED };

static const struct statement statements[] = {
	[DATA_KEYS] = {"data-keys", RING_SELECT},
	[ADD_DATA_KEY] = {"add-data-key", RING_INSERT},
	[ADD_TOKEN] = {"add-token", "INSERT INTO token (id, until, record) VALUES ($1, $2, $3)"},
	[FIND_TOKEN] = {"find-token",
		"SELECT token.record FROM token WHERE token.id = $1 AND token.until > $2"},
	[DROP_EXPIRED] = {"drop-expired",
		"DELETE FROM token WHERE token.id IN"
		" (SELECT old.id FROM token AS old WHERE old.until <= $1 LIMIT 1000)"},
};

static const struct migration migrations[] = {
	{1,
		RING_SQLITE "CREATE TABLE token (id TEXT NOT NULL PRIMARY KEY, until INTEGER NOT "
			    "NULL, record BLOB NOT NULL) STRICT;"
			    "CREATE INDEX token_until ON token (until);",
		RING_POSTGRES
		"CREATE TABLE token (id TEXT COLLATE \"C\" PRIMARY KEY, until BIGINT NOT NULL,"
		" record BYTEA NOT NULL);"
		"CREATE INDEX token_until ON token (until);"},
};

const struct store_schema tokens_schema = {
	.name = "authn",
	.statements = statements,
	.statement_count = sizeof(statements) / sizeof(statements[0]),
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
};

/* A store call under way: who waits for it. Lives in a pool, named by {index, generation}. */
struct token_call {
	tokens_stored *stored;
	tokens_loaded *loaded;
	uint64_t ref;
	char id[TOKEN_ID_MAX + 1];
};

static void write_record(struct buf *out, const struct token *token);
static enum err read_record(struct view record, struct authn *authn, struct token *ret);

/* Where a record stands, so that it opens nowhere else. */
static void place_of(const char *id, char ret[PLACE_MAX])
{
	(void)snprintf(ret, PLACE_MAX, "token/record/%s", id);
}

static bool take(struct authn *authn, uint64_t ref, struct token_call *ret)
{
	struct token_call *call = pool_at(authn->token_calls, ref);

	if (!call) {
		return false;
	}
	*ret = *call;
	pool_give(authn->token_calls, ref);
	return true;
}

static void on_stored(void *user, uint64_t ref, const struct store_result *result)
{
	struct token_call call;

	if (!take(user, ref, &call)) {
		return;
	}
	if (result->err != OK) {
		(void)err_fail(result->err, "%s", result->detail);
	}
	call.stored(user, call.ref, result->err);
}

static enum err submit(struct authn *authn, const struct store_step *step,
	const struct token_call *call, store_done *done)
{
	struct token_call *slot;
	pool_ref ref;

	TRY(pool_take(authn->token_calls, &ref, (void **)&slot));
	*slot = *call;
	enum err err = store_submit(authn->store, step, 1, done, authn, ref);

	if (err != OK) {
		pool_give(authn->token_calls, ref);
	}
	return err;
}

static enum err seal_and_submit(struct authn *authn, const struct token *token,
	const struct token_call *call)
{
	char place[PLACE_MAX];
	uint8_t plain_bytes[RECORD_MAX];
	struct buf plain = buf_fixed(plain_bytes, sizeof(plain_bytes));
	uint8_t sealed_bytes[RECORD_MAX + SEAL_OVERHEAD];
	struct buf sealed = buf_fixed(sealed_bytes, sizeof(sealed_bytes));

	write_record(&plain, token);
	place_of(token->id, place);
	enum err err = buf_end(&plain, "token record");

	if (err == OK) {
		err = seal_close(authn->ring, place, buf_contents(&plain), &sealed);
	}
	bytes_wipe(plain_bytes, sizeof(plain_bytes));
	TRY(err);
	const struct store_step step = {
		.statement = ADD_TOKEN,
		.expect = STORE_ONE,
		.param_count = 3,
		.params = {STORE_TEXT_OF(view_text(token->id)), STORE_INT_OF(token->until),
			STORE_BLOB_OF(buf_contents(&sealed))},
	};

	return submit(authn, &step, call, on_stored);
}

void tokens_store(struct authn *authn, const struct token *token, tokens_stored *done, uint64_t ref)
{
	const struct token_call call = {.stored = done, .ref = ref};
	enum err err = seal_and_submit(authn, token, &call);

	if (err != OK) {
		done(authn, ref, err);
	}
}

static void on_found(void *user, uint64_t ref, const struct store_result *result)
{
	struct authn *authn = user;
	struct token_call call;
	struct token token = {.from = 0};
	enum err err = result->err;

	if (!take(authn, ref, &call)) {
		return;
	}
	if (err == OK && result->steps[0].rows == 0) {
		err = ERR_NOT_FOUND;
	}
	if (err == OK) {
		char place[PLACE_MAX];
		uint8_t plain_bytes[RECORD_MAX];
		struct buf plain = buf_fixed(plain_bytes, sizeof(plain_bytes));

		place_of(call.id, place);
		memcpy(token.id, call.id, sizeof(token.id));
		err = seal_open(authn->ring, place, store_at(result, 0, 0, 0).bytes, &plain);
		err = err == OK ? read_record(buf_contents(&plain), authn, &token) : err;
		bytes_wipe(plain_bytes, sizeof(plain_bytes));
		if (err != OK) {
			log_event(LOG_ERROR, "token.unreadable", "", LOG_DETAIL());
			err = ERR_UNAVAILABLE;
		}
	}
	call.loaded(authn, call.ref, err, err == OK ? &token : NULL);
	bytes_wipe(&token, sizeof(token));
}

void tokens_load(struct authn *authn, struct view id, tokens_loaded *done, uint64_t ref)
{
	struct token_call call = {.loaded = done, .ref = ref};
	const struct store_step step = {
		.statement = FIND_TOKEN,
		.param_count = 2,
		.params = {STORE_TEXT_OF(id), STORE_INT_OF(env_wall(loop_env(authn->loop)))},
	};
	enum err err =
		text_copy(call.id, sizeof(call.id), id, "token id") == OK ? OK : ERR_NOT_FOUND;

	if (err == OK) {
		err = submit(authn, &step, &call, on_found);
	}
	if (err != OK) {
		done(authn, ref, err, NULL);
	}
}

/* version(1) from(8) until(8) RAND(16) Ks(32) client length(1) client */
static void write_record(struct buf *out, const struct token *token)
{
	buf_u8(out, RECORD_VERSION);
	buf_u64(out, (uint64_t)token->from);
	buf_u64(out, (uint64_t)token->until);
	buf_bytes(out, token->base.rand, RAND_SIZE);
	buf_view(out, secret_view(&token->base.ks));
	buf_u8(out, token->base.client.len);
	buf_view(out, ident_view(&token->base.client));
}

static enum err read_record(struct view record, struct authn *authn, struct token *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	ret->from = (int64_t)reader_u64(&r);
	ret->until = (int64_t)reader_u64(&r);
	reader_copy(&r, ret->base.rand, RAND_SIZE);
	struct view ks = reader_bytes(&r, 32);
	struct view client = reader_bytes(&r, reader_u8(&r));

	TRY(reader_end(&r, "token record"));
	if (version != RECORD_VERSION) {
		return err_fail(ERR_UNSUPPORTED, "token record of version %u", version);
	}
	TRY(secret_set(&ret->base.ks, ks.data, ks.len));
	ret->base.node = authn->node;
	ret->base.realm = authn->realm;
	return ident_parse(IDENT_CLIENT, client, &ret->base.client);
}

static void on_swept(void *user, uint64_t ref, const struct store_result *result)
{
	(void)user;
	(void)ref;
	if (result->err != OK) {
		log_event(LOG_WARN, "token.not_swept", "", LOG_TEXT("detail", result->detail));
	}
}

static void sweep(void *user)
{
	struct authn *authn = user;
	const struct store_step step = {
		.statement = DROP_EXPIRED,
		.param_count = 1,
		.params = {STORE_INT_OF(env_wall(loop_env(authn->loop)))},
	};

	if (store_submit(authn->store, &step, 1, on_swept, authn, 0) != OK) {
		log_event(LOG_WARN, "token.not_swept", "", LOG_DETAIL());
	}
	timer_start(authn->loop, &authn->sweep, SWEEP_MS, sweep, authn);
}

enum err tokens_start_up(struct authn *authn)
{
	const struct store_options options = {.url = authn->conf->store_url};

	TRY(pool_new(sizeof(struct token_call), 65536, &authn->token_calls));
	TRY(store_open(authn->loop, &options, &tokens_schema, &authn->store));
	TRY(ring_open(authn->store, loop_env(authn->loop), authn->conf->master_key, DATA_KEYS,
		ADD_DATA_KEY, &authn->ring));
	sweep(authn);
	return OK;
}

void tokens_shut_down(struct authn *authn)
{
	timer_stop(authn->loop, &authn->sweep);
	store_close(authn->store);
	seal_ring_free(authn->ring);
	pool_free(authn->token_calls);
	authn->store = NULL;
	authn->ring = NULL;
	authn->token_calls = NULL;
}
