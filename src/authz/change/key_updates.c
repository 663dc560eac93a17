// SPDX-License-Identifier: Apache-2.0
/*
 * key_updates: a device's long-term key replaced by one that nobody else knows (10.6.1, step 4, and after a change that was
 * given up): made and kept beside the old one, then, when the device has proved that it has it, put in its place in
 * one unit. And the report of a device's first token after a change (10.6, step 5).
 *  req: B10.6.1 B9.2.1-a
 */
#include "authz/change/change.h"

#include "authz/change/change_tell.h"
#include "base/log.h"
#include "wire/rp_messages.h"

#include <string.h>

enum { SESSION_ID_MAX = 256, UPDATES = 1024, TOKEN_TEXT = 512 };

/* One request under way. */
struct update {
	struct authz *authz;
	pool_ref ref;
	struct diameter_request *request;
	uint8_t session_id[SESSION_ID_MAX];
	size_t session_id_len;
	char tx[LOG_TX];
	struct ident client;
	bool confirms, again; /* asks for nothing new, and the key is in place already */
	uint8_t public_half[KEY_UPDATE_PUBLIC], confirm[KEY_UPDATE_MAC];
	struct secret wrap;
	uint8_t token[TOKEN_TEXT];
	size_t token_len;
	/* of the vault's answer, until the unit is done */
	uint8_t sealed[VAULT_SEALED_MAX], for_device[KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD];
	size_t sealed_len, for_device_len;
};

static void on_keys(void *user, uint64_t ref, const struct store_result *result);
static void on_made(void *user, uint64_t ref, const struct vault_answer *answer);
static void on_confirmed(void *user, uint64_t ref, const struct vault_answer *answer);
static void on_kept(void *user, uint64_t ref, const struct store_result *result);
static void on_first_token(void *user, uint64_t ref, const struct store_result *result);

static struct update *find(struct authz *authz, uint64_t ref)
{
	return authz->changes ? pool_at(authz->changes->updates, ref) : NULL;
}

static struct rp_kua begin_answer(const struct update *u)
{
	return (struct rp_kua){.s = {
				       .session_id = view_of(u->session_id, u->session_id_len),
				       .origin_host = ident_view(&u->authz->node),
				       .origin_realm = ident_view(&u->authz->realm),
				       .auth_session_state = 1,
			       }};
}

static void end(struct update *u)
{
	pool_give(u->authz->changes->updates, u->ref);
}

static void answer(struct update *u, struct rp_kua *kua)
{
	kua->s.has_result = true;
	kua->s.result = DIAMETER_SUCCESS;
	diameter_answer(u->request, rp_kua_rows, kua);
	end(u);
}

static void refuse(struct update *u, enum diameter_result result, const char *why)
{
	struct rp_kua kua = begin_answer(u);

	log_event(LOG_WARN, "key_update.refused", u->tx, LOG_TEXT("clause", "10.6.1/4"),
		LOG_INT("result", result), LOG_TEXT("detail", why));
	if (result == DIAMETER_NOT_AUTHORIZED) {
		kua.s.has_experimental = true;
		kua.s.experimental = result;
	} else {
		kua.s.has_result = true;
		kua.s.result = result;
	}
	kua.s.error_message = view_text(why);
	diameter_answer(u->request, rp_kua_rows, &kua);
	end(u);
}

static void away(struct update *u, const char *why)
{
	refuse(u, DIAMETER_UNABLE_TO_COMPLY, why);
}

/* --- what is asked --- */

static enum err read_bytes(struct view in, uint8_t *to, size_t len, const char *what)
{
	if (in.len != len) {
		return err_fail(ERR_SYNTAX, "RP_B: %s of %zu bytes", what, in.len);
	}
	memcpy(to, in.data, len);
	return OK;
}

static enum err read_request(const struct rp_kur *kur, struct update *u)
{
	if (kur->s.session_id.len > SESSION_ID_MAX || kur->transaction_id.len > TOKEN_TEXT) {
		return err_fail(ERR_RANGE, "RP_B: Session-Id or Transaction-Identifier too long");
	}
	memcpy(u->session_id, kur->s.session_id.data, kur->s.session_id.len);
	u->session_id_len = kur->s.session_id.len;
	log_tx_of(kur->s.session_id, u->tx);
	TRY(ident_parse(IDENT_CLIENT, kur->user_name, &u->client));
	u->confirms = kur->confirm.len > 0;
	if (u->confirms) {
		memcpy(u->token, kur->transaction_id.data, kur->transaction_id.len);
		u->token_len = kur->transaction_id.len;
		return read_bytes(kur->confirm, u->confirm, sizeof(u->confirm), "Update-Confirm");
	}
	if (kur->public_half.len == 0 && kur->wrap.len == 0) {
		return OK;
	}
	TRY(read_bytes(kur->public_half, u->public_half, sizeof(u->public_half), "Update-Public"));
	return kur->wrap.len == KEY_UPDATE_WRAP
		       ? secret_set(&u->wrap, kur->wrap.data, kur->wrap.len)
		       : err_fail(ERR_SYNTAX, "RP_B: Update-Wrap of %zu bytes", kur->wrap.len);
}

static enum err begin_update(struct update *u)
{
	const struct store_step step = {
		.statement = FIND_KEYS,
		.param_count = 1,
		.params = {STORE_TEXT_OF(ident_view(&u->client))},
	};

	return store_submit(u->authz->store, &step, 1, on_keys, u->authz, u->ref);
}

/* 10.6/5. Told more than once it changes nothing more. */
static enum err begin_first_token(struct update *u)
{
	const struct store_value client = STORE_TEXT_OF(ident_view(&u->client));
	const struct change_tell told = {
		.operation = "change_done",
		.by = u->request->origin,
		.client = ident_view(&u->client),
		.of_client = true,
		.text = "the device is in this realm now: its first token was made",
	};
	struct store_step steps[2 + CHANGE_TELL_STEPS] = {
		{.statement = FIRST_TOKEN, .expect = STORE_ONE, .param_count = 1, .params = {client}},
		{.statement = MARK_FIRST_TOKEN,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {client, STORE_INT_OF(env_wall(loop_env(u->authz->loop)))}},
	};
	struct change_tell_room room;
	size_t count = 2;

	TRY(change_tell(u->authz, &told, &room, steps, &count));
	return store_submit(u->authz->store, steps, count, on_first_token, u->authz, u->ref);
}

void key_updates_on_request(void *user, struct diameter_request *request)
{
	struct authz *authz = user;
	struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};
	struct rp_kur kur;
	struct update *u;
	pool_ref ref;

	if (diameter_decode(request->message, rp_kur_rows, &kur, &fault) != OK || !authz->changes ||
		pool_take(authz->changes->updates, &ref, (void **)&u) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	u->authz = authz;
	u->ref = ref;
	u->request = request;
	if (read_request(&kur, u) != OK) {
		fault.result = DIAMETER_INVALID_AVP_VALUE;
		diameter_refuse(request, &fault, err_detail());
		end(u);
		return;
	}
	enum err err = u->confirms || u->wrap.len > 0 ? begin_update(u) : begin_first_token(u);

	if (err != OK) {
		away(u, err_detail());
	}
}

/* --- a new key, and its confirmation --- */

static enum err ask_confirm(struct update *u, struct view sealed)
{
	return vault_confirm(u->authz->vault, &u->client, sealed, view_of(u->token, u->token_len),
		u->confirm, on_confirmed, u->authz, u->ref);
}

/* key, next_key, awaits */
static void on_keys(void *user, uint64_t ref, const struct store_result *result)
{
	struct update *u = find(user, ref);

	if (!u) {
		return;
	}
	if (result->err != OK) {
		away(u, result->detail);
		return;
	}
	struct view key = store_at(result, 0, 0, 0).bytes, next = store_at(result, 0, 0, 1).bytes;
	bool due = (store_at(result, 0, 0, 2).number & AWAITS_KEY) != 0;
	enum err err;

	if (result->steps[0].rows == 0 || (!u->confirms && !due)) {
		refuse(u, DIAMETER_NOT_AUTHORIZED, "10.6.1/4: no key update is due");
		return;
	}
	if (u->confirms) {
		u->again = next.len == 0;
		u->sealed_len = next.len <= sizeof(u->sealed) ? next.len : 0;
		memcpy(u->sealed, next.data ? next.data : u->sealed, u->sealed_len);
		err = ask_confirm(u, u->again ? key : next);
	} else {
		err = vault_renew(u->authz->vault, &u->client, key, u->public_half, &u->wrap,
			on_made, u->authz, u->ref);
	}
	if (err != OK) {
		away(u, err_detail());
	}
}

static void submit(struct update *u, struct store_step *steps, size_t count, const char *operation)
{
	const struct change_tell told = {
		.operation = operation,
		.by = u->request->origin,
		.client = ident_view(&u->client),
	};
	struct change_tell_room room;

	if (change_tell(u->authz, &told, &room, steps, &count) != OK ||
		store_submit(u->authz->store, steps, count, on_kept, u->authz, u->ref) != OK) {
		away(u, err_detail());
	}
}

static void on_made(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct update *u = find(user, ref);

	if (!u) {
		return;
	}
	if (answer->err != OK || answer->text.len > sizeof(u->for_device)) {
		away(u, answer->detail);
		return;
	}
	memcpy(u->public_half, answer->public_half, sizeof(u->public_half));
	memcpy(u->for_device, answer->text.data, answer->text.len);
	u->for_device_len = answer->text.len;
	struct store_step steps[1 + CHANGE_TELL_STEPS] = {
		{.statement = KEEP_NEXT_KEY,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {STORE_TEXT_OF(ident_view(&u->client)),
				STORE_BLOB_OF(view_of(answer->sealed, answer->sealed_len))}},
	};

	submit(u, steps, 1, "key_update_made");
}

static void answer_confirmed(struct update *u)
{
	struct rp_kua kua = begin_answer(u);

	kua.confirm = VIEW(u->confirm);
	answer(u, &kua);
}

/* One unit: until it is committed the old key is the key, from then on the new one. */
static void switch_key(struct update *u)
{
	const struct store_value client = STORE_TEXT_OF(ident_view(&u->client));
	struct store_step steps[2 + CHANGE_TELL_STEPS] = {
		{.statement = SWITCH_KEY,
			.expect = STORE_ONE,
			.param_count = 2,
			.params = {client, STORE_BLOB_OF(view_of(u->sealed, u->sealed_len))}},
		{.statement = MARK_UPDATED,
			.param_count = 2,
			.params = {client, STORE_INT_OF(env_wall(loop_env(u->authz->loop)))}},
	};

	submit(u, steps, 2, "key_update_confirmed");
}

static void on_confirmed(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct update *u = find(user, ref);

	if (!u) {
		return;
	}
	if (answer->err == ERR_AUTH) {
		refuse(u, DIAMETER_AUTHENTICATION_REJECTED, "10.6.1/4: the device has another key");
		return;
	}
	if (answer->err != OK) {
		away(u, answer->detail);
		return;
	}
	memcpy(u->confirm, answer->confirmed, sizeof(u->confirm));
	if (u->again) {
		answer_confirmed(u);
		return;
	}
	switch_key(u);
}

static void on_kept(void *user, uint64_t ref, const struct store_result *result)
{
	struct update *u = find(user, ref);
	struct rp_kua kua;

	if (!u) {
		return;
	}
	if (result->err == ERR_CONFLICT) {
		refuse(u, DIAMETER_NOT_AUTHORIZED,
			"10.6.1/4: no key update is due, or another key "
			"was made meanwhile");
		return;
	}
	if (result->err != OK) {
		away(u, result->detail);
		return;
	}
	log_event(LOG_INFO, u->confirms ? "key_update.confirmed" : "key_update.made", u->tx,
		LOG_TEXT("clause", "10.6.1/4"));
	if (u->confirms) {
		answer_confirmed(u);
		return;
	}
	kua = begin_answer(u);
	kua.public_half = VIEW(u->public_half);
	kua.sealed = view_of(u->for_device, u->for_device_len);
	answer(u, &kua);
}

static void on_first_token(void *user, uint64_t ref, const struct store_result *result)
{
	struct update *u = find(user, ref);
	struct rp_kua kua;

	if (!u) {
		return;
	}
	if (result->err != OK && result->err != ERR_CONFLICT) {
		away(u, result->detail);
		return;
	}
	if (result->err == OK) {
		struct view method = store_at(result, 1, 0, 3).bytes; /* MARK_FIRST_TOKEN */

		log_event(LOG_INFO, "change.first_token", u->tx,
			LOG_TEXT("clause", view_is(method, change_method_name(CHANGE_SYMMETRIC))
						   ? "10.6.1/5"
						   : "10.6.2/5"));
		u->authz->changes->arrived++;
		arrival_wake(u->authz);
	}
	kua = begin_answer(u);
	answer(u, &kua);
}

enum err key_updates_start_up(struct authz *authz)
{
	return pool_new(sizeof(struct update), UPDATES, &authz->changes->updates);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	away(slot, "this node is stopping");
}

void key_updates_shut_down(struct authz *authz)
{
	if (authz->changes && authz->changes->updates) {
		pool_each(authz->changes->updates, abandon, NULL);
		pool_free(authz->changes->updates);
		authz->changes->updates = NULL;
	}
}
