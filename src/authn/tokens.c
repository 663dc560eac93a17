// SPDX-License-Identifier: Apache-2.0
#include "authn/tokens.h"

#include "authn/figures.h"
#include "authn/rp_b.h"
#include "authn/events.h"
#include "authn/schema.h"
#include "base/log.h"
#include "base/text.h"
#include "core/kdf.h"
#include "store/ring.h"

#include <stdio.h>
#include <string.h>

enum {
	SWEEP_MS = 60 * 1000,
	SWEEP_ROWS = 1000,
	RECORD_VERSION = 3, /* 2 had no rights and no attributes */
	RECORD_MAX = 8192,
	PLACE_MAX = TOKEN_ID_MAX + 16
};

/* A store call under way: who waits for it. Lives in a pool, named by {index, generation}. */
struct token_call {
	tokens_stored *stored;
	tokens_loaded *loaded;
	uint64_t ref;
	char tmpi[TMPI_MAX + 1]; /* whose Ks gives it; "": whichever is found */
};

/* The steps of the unit that keeps a token; without an application it is over after the second. */
enum { STEP_BOUND, STEP_TOKEN, STEP_SESSION, STEP_EVENT };

static void write_record(struct buf *out, const struct token *token);
static enum err read_record(struct view record, struct authn *authn, struct token *ret);

/* Where a record stands, so that it opens nowhere else. */
static void place_of(struct view id, char ret[PLACE_MAX])
{
	(void)snprintf(ret, PLACE_MAX, "token/record/%.*s", (int)id.len, (const char *)id.data);
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
	uint64_t serial = 0;

	if (!take(user, ref, &call)) {
		return;
	}
	if (result->err == ERR_UNKNOWN_RESULT) {
		events_look(user);
	}
	if (result->err != OK) {
		(void)err_fail(result->err, "%s", result->detail);
	} else if (result->step_count > STEP_EVENT) {
		serial = (uint64_t)store_at(result, STEP_EVENT, 0, 0).number;
	}
	call.stored(user, call.ref, result->err, serial);
}

static enum err submit(struct authn *authn, const struct store_step *steps, size_t count,
	const struct token_call *call, store_done *done)
{
	struct token_call *slot;
	pool_ref ref;

	TRY(pool_take(authn->token_calls, &ref, (void **)&slot));
	*slot = *call;
	enum err err = store_submit(authn->store, steps, count, done, authn, ref);

	if (err != OK) {
		pool_give(authn->token_calls, ref);
	}
	return err;
}

/* A number, for an index that stays small; 63 bits, as SQL has no more. */
static int64_t number_of(const uint8_t bytes[8])
{
	uint64_t number = 0;

	for (size_t i = 0; i < 8; i++) {
		number = number << 8 | bytes[i];
	}
	return (int64_t)(number >> 1);
}

/* The same for all tokens of one client and application, and says neither. */
static enum err holder_of(struct authn *authn, const struct token *token, int64_t *ret)
{
	const struct view params[] = {view_text("holder"), ident_view(&token->base.client),
		ident_view(&token->application)};
	uint8_t digest[KDF_SIZE];

	TRY(kdf(&authn->holder_secret, 0x01, params, 3, digest));
	*ret = number_of(digest);
	return OK;
}

/* What a TMPI is looked for under; whether it is the one, only the token can tell. */
static int64_t number_of_tmpi(const char *tmpi)
{
	return number_of((const uint8_t *)tmpi);
}

static enum err submit_token(struct authn *authn, const struct token *token, struct view sealed,
	const struct token_call *call)
{
	char tmpi[TMPI_MAX + 1];
	int64_t holder;
	struct store_value id = STORE_TEXT_OF(view_text(token->id));
	struct store_value until = STORE_INT_OF(token->until);
	struct store_value application = STORE_TEXT_OF(ident_view(&token->application));
	int64_t now = env_wall(loop_env(authn->loop));

	TRY(holder_of(authn, token, &holder));
	TRY(token_tmpi(&token->base, tmpi));
	const struct store_step steps[] = {
		[STEP_BOUND] = {.statement = BOUND_TOKENS,
			.param_count = 2,
			.params = {STORE_INT_OF(holder), STORE_INT_OF(now + TOKEN_GRACE)}},
		[STEP_TOKEN] = {.statement = ADD_TOKEN,
			.expect = STORE_ONE,
			.param_count = 5,
			.params = {id, until, STORE_BLOB_OF(sealed), STORE_INT_OF(holder),
				STORE_INT_OF(number_of_tmpi(tmpi))}},
		[STEP_SESSION] = {.statement = ADD_SESSION,
			.expect = STORE_ONE,
			.param_count = 4,
			.params = {STORE_TEXT_OF(view_text(token->session)), id, application,
				until}},
		[STEP_EVENT] = {.statement = ADD_EVENT,
			.expect = STORE_ONE,
			.param_count = 6,
			.params = {STORE_TEXT_OF(ident_view(&authn->node)), application,
				STORE_INT_OF(RP_A_PUSH), id, STORE_INT_OF(now), until}},
	};

	return submit(authn, steps, token->application.len > 0 ? 4 : 2, call, on_stored);
}

enum err tokens_seal(struct authn *authn, const struct token *token, struct buf *ret)
{
	char place[PLACE_MAX];
	uint8_t plain_bytes[RECORD_MAX];
	struct buf plain = buf_fixed(plain_bytes, sizeof(plain_bytes));

	write_record(&plain, token);
	place_of(view_text(token->id), place);
	enum err err = buf_end(&plain, "token record");

	if (err == OK) {
		err = seal_close(authn->ring, place, buf_contents(&plain), ret);
	}
	bytes_wipe(plain_bytes, plain.len);
	return err;
}

/* At most one token is active per client and application.  req: B9.3-e B9.4.1-e */
static enum err seal_and_submit(struct authn *authn, const struct token *token,
	const struct token_call *call)
{
	uint8_t bytes[RECORD_MAX + SEAL_OVERHEAD];
	struct buf sealed = buf_fixed(bytes, sizeof(bytes));

	TRY(tokens_seal(authn, token, &sealed));
	return submit_token(authn, token, buf_contents(&sealed), call);
}

void tokens_store(struct authn *authn, const struct token *token, tokens_stored *done, uint64_t ref)
{
	const struct token_call call = {.stored = done, .ref = ref};
	enum err err = seal_and_submit(authn, token, &call);

	if (err != OK) {
		done(authn, ref, err, 0);
	}
}

enum err tokens_read(struct authn *authn, const struct store_result *result, size_t step,
	size_t row, struct token *ret)
{
	struct view id = store_at(result, step, row, 0).bytes;
	char place[PLACE_MAX];
	uint8_t plain_bytes[RECORD_MAX];
	struct buf plain = buf_fixed(plain_bytes, sizeof(plain_bytes));

	TRY(text_copy(ret->id, sizeof(ret->id), id, "token id"));
	place_of(id, place);
	enum err err = seal_open(authn->ring, place, store_at(result, step, row, 1).bytes, &plain);

	if (err == OK) {
		err = read_record(buf_contents(&plain), authn, ret);
	}
	bytes_wipe(plain_bytes, plain.len);
	int64_t until = store_at(result, step, row, 2).number; /* it may have been bounded */

	ret->until = until < ret->until ? until : ret->until;
	return err;
}

static bool has_tmpi(const struct token *token, const char *tmpi)
{
	char own[TMPI_MAX + 1];

	return token_tmpi(&token->base, own) == OK && strcmp(own, tmpi) == 0;
}

/* The first row that is what was asked for: ids are, numbers of a TMPI need not be. */
static enum err read_rows(struct authn *authn, const struct store_result *result,
	const struct token_call *call, struct token *ret)
{
	for (size_t row = 0; row < result->steps[0].rows; row++) {
		if (tokens_read(authn, result, 0, row, ret) != OK) {
			log_event(LOG_ERROR, "token.unreadable", "", LOG_DETAIL());
			return ERR_UNAVAILABLE;
		}
		if (!call->tmpi[0] || has_tmpi(ret, call->tmpi)) {
			return OK;
		}
	}
	return ERR_NOT_FOUND;
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
	if (err == OK) {
		err = read_rows(authn, result, &call, &token);
	}
	call.loaded(authn, call.ref, err, err == OK ? &token : NULL);
	bytes_wipe(&token, sizeof(token));
}

static void load(struct authn *authn, int statement, struct store_value key,
	const struct token_call *call)
{
	const struct store_step step = {
		.statement = statement,
		.param_count = 2,
		.params = {key, STORE_INT_OF(env_wall(loop_env(authn->loop)))},
	};
	enum err err = submit(authn, &step, 1, call, on_found);

	if (err != OK) {
		call->loaded(authn, call->ref, err, NULL);
	}
}

void tokens_load(struct authn *authn, struct view id, tokens_loaded *done, uint64_t ref)
{
	const struct token_call call = {.loaded = done, .ref = ref};

	load(authn, FIND_TOKEN, STORE_TEXT_OF(id), &call);
}

void tokens_load_tmpi(struct authn *authn, struct view tmpi, tokens_loaded *done, uint64_t ref)
{
	struct token_call call = {.loaded = done, .ref = ref};

	if (tmpi.len < 8 || text_copy(call.tmpi, sizeof(call.tmpi), tmpi, "TMPI") != OK) {
		done(authn, ref, ERR_NOT_FOUND, NULL);
		return;
	}
	load(authn, FIND_TMPI, STORE_INT_OF(number_of_tmpi(call.tmpi)), &call);
}

/* Making */

/* Ks = CK || IK */
static int64_t least(int64_t a, int64_t b_or_none)
{
	return b_or_none > 0 && b_or_none < a ? b_or_none : a;
}

static enum err keep_bytes(struct view from, const char *what, char *to, size_t room,
	size_t *ret_len)
{
	if (from.len > room) {
		return err_fail(ERR_RANGE, "RP_B: %s longer than %zu bytes", what, room);
	}
	if (from.len > 0) {
		memcpy(to, from.data, from.len);
	}
	*ret_len = from.len;
	return OK;
}

enum err tokens_subscribe(const struct rp_b_permission *permission, struct subscription *ret)
{
	TRY(keep_bytes(permission->settings, "settings", ret->settings, sizeof(ret->settings),
		&ret->settings_len));
	TRY(keep_bytes(permission->attributes, "attributes", ret->attributes,
		sizeof(ret->attributes), &ret->attributes_len));
	ret->rights = permission->rights;
	return OK;
}

/* What the realm says of tokens for this application.  req: B8.4-a B9.4.1-e */
static enum err set_terms(const struct tokens_basis *basis,
	const struct rp_b_permission *permission, struct token *ret)
{
	ret->format = permission->format;
	ret->application = permission->application;
	memcpy(ret->uas, permission->uas, sizeof(ret->uas));
	ret->ua_count = permission->ua_count;
	memcpy(ret->degree, permission->degree, sizeof(ret->degree));
	memcpy(ret->session, permission->session, sizeof(ret->session));
	int64_t lifetime = least(ret->until - ret->from, permission->lifetime);

	ret->until = ret->from + least(lifetime, permission->token_lifetime);
	memcpy(ret->binding, basis->binding.data, basis->binding.len);
	ret->binding_len = basis->binding.len;
	return tokens_subscribe(permission, &ret->subscription);
}

/* 10.4/4b  req: B7.2-c B7.2-e */
enum err tokens_generate(struct authn *authn, const struct tokens_basis *basis,
	const struct rp_b_permission *permission, struct token *ret)
{
	ret->base.ks = *basis->ks;
	memcpy(ret->base.rand, basis->rand, RAND_SIZE);
	ret->base.client = *basis->client;
	ret->base.node = authn->node;
	ret->base.realm = authn->realm;
	ret->format = TOKEN_GBA;
	ret->from = env_wall(loop_env(authn->loop));
	ret->until = ret->from + least(authn->conf->lifetime / 1000, basis->lifetime);
	if (permission) {
		TRY(set_terms(basis, permission, ret));
	}
	return token_id(ret->format, &ret->base, permission ? &ret->application : NULL, ret->id);
}

/* The key of one application under one Ua id.  req: B7.2-c B9.4.1-d */
enum err token_key(const struct token *token, const struct ident *application, struct ua ua,
	struct secret *ret)
{
	bool known = token->application.len == 0; /* then the permission has said so */

	if (!known && !ident_equal(&token->application, application)) {
		return err_fail(ERR_DENIED, "9.4.1: the token is another application's");
	}
	for (size_t i = 0; i < token->ua_count && !known; i++) {
		known = ua_equal(token->uas[i], ua);
	}
	if (!known) {
		return err_fail(ERR_DENIED, "9.4.1: the Ua id is not one of the token's");
	}
	return token_derive(token->format, &token->base, application, ua,
		view_of(token->binding, token->binding_len), ret);
}

static void put_short(struct buf *out, struct view text)
{
	buf_u16(out, (uint16_t)text.len);
	buf_view(out, text);
}

/* version(1) format(1) from(8) until(8) RAND(16) Ks(32), client application binding degree session settings Ua ids rights
 * attributes, each length(2) bytes */
static void write_record(struct buf *out, const struct token *token)
{
	buf_u8(out, RECORD_VERSION);
	buf_u8(out, (uint8_t)token->format);
	buf_u64(out, (uint64_t)token->from);
	buf_u64(out, (uint64_t)token->until);
	buf_bytes(out, token->base.rand, RAND_SIZE);
	buf_view(out, secret_view(&token->base.ks));
	put_short(out, ident_view(&token->base.client));
	put_short(out, ident_view(&token->application));
	put_short(out, view_of(token->binding, token->binding_len));
	put_short(out, view_text(token->degree));
	put_short(out, view_text(token->session));
	put_short(out, view_of(token->subscription.settings, token->subscription.settings_len));
	put_short(out, view_of(token->uas, token->ua_count * UA_SIZE));
	put_short(out, words_view(&token->subscription.rights));
	put_short(out, view_of(token->subscription.attributes, token->subscription.attributes_len));
}

static enum err read_bytes(struct reader *r, void *to, size_t room, size_t *ret_len)
{
	struct view bytes = reader_bytes(r, reader_u16(r));

	if (r->failed || bytes.len > room) {
		return err_fail(ERR_SYNTAX, "token record: a field is too long");
	}
	memcpy(to, bytes.data ? bytes.data : (const uint8_t *)"", bytes.len);
	*ret_len = bytes.len;
	return OK;
}

static enum err read_text(struct reader *r, char *to, size_t room)
{
	size_t len;

	TRY(read_bytes(r, to, room - 1, &len));
	to[len] = '\0';
	return OK;
}

static enum err read_fields(struct reader *r, struct token *ret)
{
	size_t uas;

	TRY(ident_parse(IDENT_CLIENT, reader_bytes(r, reader_u16(r)), &ret->base.client));
	struct view application = reader_bytes(r, reader_u16(r));

	ret->application = (struct ident){.kind = IDENT_NONE}; /* not that of a row read before */
	if (application.len > 0) {
		TRY(ident_parse(IDENT_APPLICATION, application, &ret->application));
	}
	TRY(read_bytes(r, ret->binding, sizeof(ret->binding), &ret->binding_len));
	TRY(read_text(r, ret->degree, sizeof(ret->degree)));
	TRY(read_text(r, ret->session, sizeof(ret->session)));
	TRY(read_bytes(r, ret->subscription.settings, sizeof(ret->subscription.settings),
		&ret->subscription.settings_len));
	TRY(read_bytes(r, ret->uas, sizeof(ret->uas), &uas));
	ret->ua_count = uas / UA_SIZE;
	return OK;
}

static enum err read_granted(struct reader *r, struct subscription *ret)
{
	TRY(read_text(r, ret->rights.text, sizeof(ret->rights.text)));
	return read_bytes(r, ret->attributes, sizeof(ret->attributes), &ret->attributes_len);
}

static enum err read_record(struct view record, struct authn *authn, struct token *ret)
{
	struct reader r = reader_of(record);
	uint8_t version = reader_u8(&r);

	if (version != RECORD_VERSION && version != RECORD_VERSION - 1) {
		return err_fail(ERR_UNSUPPORTED, "token record of version %u", version);
	}
	ret->format = (enum token_format)reader_u8(&r);
	ret->from = (int64_t)reader_u64(&r);
	ret->until = (int64_t)reader_u64(&r);
	reader_copy(&r, ret->base.rand, RAND_SIZE);
	struct view ks = reader_bytes(&r, 32);

	TRY(read_fields(&r, ret));
	ret->subscription.rights.text[0] = '\0'; /* not those of a row read before */
	ret->subscription.attributes_len = 0;
	if (version == RECORD_VERSION) {
		TRY(read_granted(&r, &ret->subscription));
	}
	TRY(reader_end(&r, "token record"));
	ret->base.node = authn->node;
	ret->base.realm = authn->realm;
	return secret_set(&ret->base.ks, ks.data, ks.len);
}

static void drop_expired(struct authn *authn);

/* A thousand of each at a time, so that nobody waits for it long, until there are no more. */
static void on_swept(void *user, uint64_t ref, const struct store_result *result)
{
	bool more = false;

	(void)ref;
	if (result->err != OK) {
		log_event(LOG_WARN, "token.not_swept", "", LOG_TEXT("detail", result->detail));
		return;
	}
	for (size_t i = 0; i < result->step_count; i++) {
		more = more || result->steps[i].changed >= SWEEP_ROWS;
	}
	if (more) {
		drop_expired(user);
	}
}

static void drop_expired(struct authn *authn)
{
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(authn->loop)));
	const struct store_step steps[] = {
		{.statement = DROP_TOKENS, .param_count = 1, .params = {now}},
		{.statement = DROP_SESSIONS, .param_count = 1, .params = {now}},
		{.statement = DROP_EVENTS, .param_count = 1, .params = {now}},
	};

	if (store_submit(authn->store, steps, 3, on_swept, authn, 0) != OK) {
		log_event(LOG_WARN, "token.not_swept", "", LOG_DETAIL());
	}
}

static void on_counted(void *user, uint64_t ref, const struct store_result *result)
{
	(void)ref;
	if (result->err == OK) {
		authn_figures_tokens(user, (uint64_t)store_at(result, 0, 0, 0).number);
	}
}

static void sweep(void *user)
{
	struct authn *authn = user;
	const struct store_value now = STORE_INT_OF(env_wall(loop_env(authn->loop)));
	const struct store_step count = {.statement = COUNT_TOKENS,
		.param_count = 1,
		.params = {now}};

	drop_expired(authn);
	(void)!store_submit(authn->store, &count, 1, on_counted, authn, 0); /* in a minute again */
	timer_start(authn->loop, &authn->sweep, SWEEP_MS, sweep, authn);
}

static enum err open_keeper(struct authn *authn)
{
	static const struct keeper_table tables[] = {
		{.place = "setting/record/", .page = PAGE_SETTINGS, .replace = REPLACE_SETTING},
		{.place = "token/record/", .page = PAGE_TOKENS, .replace = REPLACE_TOKEN},
	};
	const struct keeper_options options = {
		.store = authn->store,
		.rings = {authn->ring},
		.tables = tables,
		.table_count = sizeof(tables) / sizeof(tables[0]),
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.drop = DROP_DATA_KEYS,
	};

	return keeper_open(authn->loop, &options, &authn->keeper);
}

enum err tokens_start_up(struct authn *authn)
{
	const struct store_options options = {.url = authn->conf->store_url};
	const struct ring_options ring = {
		.master_key = authn->conf->master_key,
		.old_master_key = authn->conf->old_master_key,
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.update = SET_DATA_KEY,
	};

	TRY(pool_new(sizeof(struct token_call), 65536, &authn->token_calls));
	TRY(store_open(authn->loop, &options, &authn_schema, &authn->store));
	TRY(ring_open(authn->store, loop_env(authn->loop), &ring, &authn->ring));
	TRY(open_keeper(authn));
	TRY(ring_open_secret(authn->store, loop_env(authn->loop), authn->ring,
		&(struct ring_secret){"holder-secret", FIND_SETTING, ADD_SETTING},
		&authn->holder_secret));
	sweep(authn);
	return OK;
}

void tokens_shut_down(struct authn *authn)
{
	timer_stop(authn->loop, &authn->sweep);
	store_close(authn->store);
	keeper_close(authn->keeper);
	seal_ring_free(authn->ring);
	pool_free(authn->token_calls);
	secret_wipe(&authn->holder_secret);
	authn->store = NULL;
	authn->keeper = NULL;
	authn->ring = NULL;
	authn->token_calls = NULL;
}
