// SPDX-License-Identifier: Apache-2.0
#include "authn/key_update.h"

#include "authn/rp_b.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "base/text.h"
#include "core/key_update.h"
#include "wire/json.h"

#include <string.h>

enum { BODY_MAX = 4096 };

/* One request under way: for a new key, or to confirm one. */
struct update {
	struct authn *authn;
	pool_ref ref;
	struct http_request *request;
	char tx[LOG_TX];
	char token[TOKEN_ID_MAX + 1];
	bool confirms;
	uint8_t public_half[KEY_UPDATE_PUBLIC];
	uint8_t proof[KEY_UPDATE_MAC]; /* "mac" or "confirm" */
	uint8_t binding[32];	       /* of the connection that it came by */
	size_t binding_len;
};

static void on_token(void *user, uint64_t ref, enum err result, const struct token *token);
static void on_answer(void *user, uint64_t ref, const struct rp_b_update *answer);

static void refuse(struct update *u, unsigned status, const char *why)
{
	if (status != 503) {
		log_event(LOG_INFO, "rp_c.refused", u->tx, LOG_TEXT("clause", "10.6.1/4"),
			LOG_INT("status", status), LOG_TEXT("detail", why));
	}
	http_answer_problem(u->request, status, why);
	pool_give(u->authn->key_updates, u->ref);
}

static enum err read_32(const struct json *body, const char *name, uint8_t ret[32])
{
	struct view text;
	size_t len = 0;

	TRY(json_text(body, name, &text));
	TRY(text_from_base64url(text, ret, 32, &len, name));
	return len == 32 ? OK : err_fail(ERR_SYNTAX, "%s: %zu bytes", name, len);
}

static enum err read_body(const struct http_request *request, struct update *u)
{
	static const char *const asks[] = {"token", "public", "mac", NULL};
	static const char *const confirms[] = {"token", "confirm", NULL};
	JSON_CLEANUP struct json *body = NULL;
	struct view token;

	TRY(json_parse(request->body, BODY_MAX, &body));
	if (!json_is_object(body)) {
		return err_fail(ERR_SYNTAX, "body: not a JSON object");
	}
	u->confirms = json_member(body, "confirm") != NULL;
	TRY(json_only(body, u->confirms ? confirms : asks));
	TRY(json_text(body, "token", &token));
	TRY(text_copy(u->token, sizeof(u->token), token, "token"));
	if (u->confirms) {
		return read_32(body, "confirm", u->proof);
	}
	TRY(read_32(body, "public", u->public_half));
	return read_32(body, "mac", u->proof);
}

/* As for tokens of applications: bound to the channel, and without TLS only where the realm says so. */
static enum err read_channel(struct authn *authn, const struct http_request *request,
	struct update *u)
{
	if (request->stream && stream_channel_binding(request->stream, u->binding) == OK) {
		u->binding_len = sizeof(u->binding);
	}
	return u->binding_len > 0 || authn->conf->app_plain
		       ? OK
		       : err_fail(ERR_DENIED, "10.6.1/4: keys are updated over TLS alone here");
}

static bool may_ask(struct authn *authn, const struct http_request *request)
{
	int64_t wait_ms = 0;

	return rates_allow(authn->starts, stream_peer_crowd(request->stream),
		authn->conf->starts_per_address, loop_now(authn->loop), &wait_ms);
}

void key_update_on_request(void *user, struct http_request *request, const struct view *segments)
{
	struct authn *authn = user;
	struct update *u, read = {.binding_len = 0};
	pool_ref ref;
	enum err err = read_body(request, &read);

	(void)segments;
	err = err == OK ? read_channel(authn, request, &read) : err;
	if (err != OK) {
		http_answer_problem(request, err == ERR_DENIED ? 403 : 400, err_detail());
		return;
	}
	if (!may_ask(authn, request)) {
		http_answer_problem(request, 429, "10.6.1/4: too many requests; come back later");
		return;
	}
	if (pool_take(authn->key_updates, &ref, (void **)&u) != OK) {
		http_answer_problem(request, 503, "10.6.1/4: too many key updates under way");
		return;
	}
	*u = read;
	u->authn = authn;
	u->ref = ref;
	u->request = request;
	if (log_tx_make(loop_env(authn->loop), u->tx) != OK) {
		refuse(u, 500, err_detail());
		return;
	}
	tokens_load(authn, view_text(u->token), on_token, ref);
}

/* Whoever asks has Ks, on this very connection.  req: B10.6.1 */
static enum err check_mac(const struct update *u, const struct token *token,
	struct key_update_keys *ret)
{
	uint8_t expected[KEY_UPDATE_MAC];

	TRY(key_update_derive(&token->base, view_of(u->binding, u->binding_len), ret));
	TRY(key_update_request_mac(&ret->mac, view_text(u->token), u->public_half, expected));
	return bytes_equal_secret(expected, u->proof, sizeof(expected))
		       ? OK
		       : err_fail(ERR_AUTH, "10.6.1/4: refused");
}

static void on_token(void *user, uint64_t ref, enum err result, const struct token *token)
{
	struct authn *authn = user;
	struct update *u = pool_at(authn->key_updates, ref);
	struct key_update_keys keys = {.mac = {.len = 0}};

	if (!u) {
		return;
	}
	if (result != OK) {
		refuse(u, result == ERR_NOT_FOUND ? 404 : 503,
			result == ERR_NOT_FOUND
				? "10.6.1/4: no such token, or no longer; bootstrap first"
				: "10.6.1/4: not now; come back later");
		return;
	}
	struct rp_b_update_question question = {.client = &token->base.client, .tx = u->tx};

	if (u->confirms) {
		question.token = view_text(u->token);
		question.confirm = VIEW(u->proof);
	} else if (check_mac(u, token, &keys) != OK) {
		refuse(u, 403, "10.6.1/4: refused");
		key_update_wipe(&keys);
		return;
	} else if (key_update_check_public(u->public_half) == ERR_SYNTAX) {
		refuse(u, 400, "10.6.1/4: public: a point of low order (RFC 7748 6.1)");
		key_update_wipe(&keys);
		return;
	} else {
		question.public_half = VIEW(u->public_half);
		question.wrap = secret_view(&keys.wrap);
	}
	log_step("key_update.asked", u->tx, "10.6.1/4", "authn", "authz", 0);
	rp_b_ask_update(authn, &question, on_answer, ref);
	key_update_wipe(&keys);
}

static void put_bytes(struct json_writer *w, const char *name, struct view bytes)
{
	char room[2 * (KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD)];
	struct buf text = buf_fixed(room, sizeof(room));

	text_base64url(&text, bytes);
	json_put_text(w, name, buf_contents(&text));
}

static void answer_200(struct update *u, const struct rp_b_update *answer)
{
	BUF_CLEANUP struct buf body = buf_growing(BODY_MAX);
	struct json_writer w = json_to(&body);
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/json")},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	json_open(&w, NULL);
	if (u->confirms) {
		put_bytes(&w, "confirmed", answer->confirm);
	} else {
		put_bytes(&w, "public", answer->public_half);
		put_bytes(&w, "sealed", answer->sealed);
	}
	json_close(&w);
	http_answer(u->request, 200, fields, 2, buf_contents(&body));
	pool_give(u->authn->key_updates, u->ref);
}

static void on_answer(void *user, uint64_t ref, const struct rp_b_update *answer)
{
	struct authn *authn = user;
	struct update *u = pool_at(authn->key_updates, ref);

	if (!u) {
		return;
	}
	switch (answer->err) {
	case OK:
		log_step("key_update.answered", u->tx, "10.6.1/4", "authn", "device", 0);
		answer_200(u, answer);
		return;
	case ERR_AUTH:
		refuse(u, 403, "10.6.1/4: refused");
		return;
	case ERR_CONFLICT:
		refuse(u, 409, "10.6.1/4: no key update is due, or another key was made meanwhile");
		return;
	default:
		log_event(LOG_WARN, "rp_b.no_update", u->tx, LOG_TEXT("detail", answer->detail));
		refuse(u, 503, "10.6.1/4: the authorization element is away; come back later");
	}
}

enum err key_update_start_up(struct authn *authn)
{
	return pool_new(sizeof(struct update), (size_t)authn->conf->key_updates,
		&authn->key_updates);
}

static void abandon(void *user, pool_ref ref, void *slot)
{
	(void)user;
	(void)ref;
	refuse(slot, 503, "this node is stopping; come back later");
}

void key_update_shut_down(struct authn *authn)
{
	if (authn->key_updates) {
		pool_each(authn->key_updates, abandon, NULL);
	}
	pool_free(authn->key_updates);
	authn->key_updates = NULL;
}
