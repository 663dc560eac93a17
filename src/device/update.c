// SPDX-License-Identifier: Apache-2.0
#include "device/symdev_change.h"

#include "base/text.h"
#include "device/answer.h"
#include "device/token.h"
#include "wire/json.h"

#include <string.h>

#define PATH "/key-update"

enum { TRIES = 2, RETRY_AFTER_MAX = 24 * 3600 };

enum state { IDLE, BEGUN, WAIT_KEY, WAIT_CONFIRMED, DONE, FAILED };

typedef enum err answer_fn(struct symdev_update *update, const struct answer *answer);

/* 10.6.1/4 as the device sees it */
static enum err ask(struct symdev_update *update, struct view binding);
static answer_fn on_key;       /* kept beside the old one, then confirmed */
static answer_fn on_confirmed; /* and put in its place */

static answer_fn *const awaited[] = {
	[WAIT_KEY] = on_key,
	[WAIT_CONFIRMED] = on_confirmed,
};

static bool is_waiting(const struct symdev_update *update)
{
	return update->state == WAIT_KEY || update->state == WAIT_CONFIRMED;
}

static enum err fail(struct symdev_update *update, enum err err)
{
	update->output_len = update->output_sent = 0;
	update->reconnect = false;
	update->state = FAILED;
	return err;
}

static void step(struct symdev_update *update, const char *event)
{
	if (update->step) {
		update->step(update->step_user, "10.6.1/4", event,
			update->env->steady_us(update->env) - update->began_us);
	}
}

/* --- what is sent --- */

static void put_bytes(struct json_writer *w, const char *name, const uint8_t *bytes, size_t len)
{
	char text[64];
	struct buf out = buf_fixed(text, sizeof(text));

	text_base64url(&out, view_of(bytes, len));
	json_put_text(w, name, buf_contents(&out));
}

static enum err write_request(struct symdev_update *update, struct view body)
{
	struct buf out = buf_fixed(update->output, sizeof(update->output));

	buf_printf(&out, "POST " PATH " HTTP/1.1\r\nHost: %s\r\n", update->token.node.text);
	buf_text(&out, "User-Agent: symbolon-device/" SYMBOLON_VERSION "\r\n");
	buf_text(&out, "Accept: application/json\r\nContent-Type: application/json\r\n");
	buf_printf(&out, "Content-Length: %zu\r\n\r\n", body.len);
	buf_view(&out, body);
	TRY(buf_end(&out, "RP_C: key update"));
	update->output_len = out.len;
	update->output_sent = 0;
	return OK;
}

static enum err write_ask(struct symdev_update *update, const uint8_t public[KEY_UPDATE_PUBLIC],
	const uint8_t mac[KEY_UPDATE_MAC])
{
	char body[SYMDEV_UPDATE_OUTPUT / 2];
	struct buf out = buf_fixed(body, sizeof(body));
	struct json_writer w = json_to(&out);

	json_open(&w, NULL);
	json_put_string(&w, "token", update->token.id);
	put_bytes(&w, "public", public, KEY_UPDATE_PUBLIC);
	put_bytes(&w, "mac", mac, KEY_UPDATE_MAC);
	json_close(&w);
	TRY(buf_end(&out, "RP_C: key update"));
	return write_request(update, buf_contents(&out));
}

static enum err write_confirm(struct symdev_update *update, const uint8_t confirm[KEY_UPDATE_MAC])
{
	char body[SYMDEV_UPDATE_OUTPUT / 2];
	struct buf out = buf_fixed(body, sizeof(body));
	struct json_writer w = json_to(&out);

	json_open(&w, NULL);
	json_put_string(&w, "token", update->token.id);
	put_bytes(&w, "confirm", confirm, KEY_UPDATE_MAC);
	json_close(&w);
	TRY(buf_end(&out, "RP_C: key update"));
	return write_request(update, buf_contents(&out));
}

/* --- the run --- */

enum err symdev_update_begin(struct symdev_update *update, const struct symdev_options *options,
	const struct symdev_token *token)
{
	*update = (struct symdev_update){.ops = options->se_ops,
		.se = options->se,
		.env = options->env,
		.step = options->step,
		.step_user = options->step_user,
		.token = *token};
	if (!options->se_ops->keys) {
		return err_fail(ERR_UNSUPPORTED,
			"secure element: it has no keys that can be replaced");
	}
	update->began_us = options->env->steady_us(options->env);
	update->state = BEGUN;
	return OK;
}

/* The key is asked for on the connection that it is bound to. */
static enum err ask(struct symdev_update *update, struct view binding)
{
	const struct symdev_token *token = &update->token;
	struct token_base base = {.client = token->client,
		.node = token->node,
		.realm = token->realm};
	uint8_t public[KEY_UPDATE_PUBLIC], mac[KEY_UPDATE_MAC];
	char label[TOKEN_LABEL];

	memcpy(base.rand, token->rand, RAND_SIZE);
	TRY(token_ks_label(update->ops, update->se, token, label));
	TRY(update->ops->keys->begin(update->se, label, &base, binding, view_text(token->id),
		public, mac));
	TRY(write_ask(update, public, mac));
	update->state = WAIT_KEY;
	step(update, "rp_c.key_update");
	return OK;
}

enum err symdev_update_connected(struct symdev_update *update, struct view binding)
{
	if (is_waiting(update)) {
		update->reconnect = false; /* what is to be sent is bound to no connection */
		return OK;
	}
	if (update->state != BEGUN) {
		return err_fail(ERR_WRONG_STATE, "RP_C: no key update was begun");
	}
	if (binding.len == 0) {
		return fail(update, err_fail(ERR_DENIED, "10.6.1/4: a key comes over TLS alone"));
	}
	enum err err = ask(update, binding);

	return err == OK ? OK : fail(update, err);
}

struct view symdev_update_output(const struct symdev_update *update)
{
	return view_of(update->output + update->output_sent,
		update->output_len - update->output_sent);
}

void symdev_update_sent(struct symdev_update *update, size_t len)
{
	size_t left = update->output_len - update->output_sent;

	update->output_sent += len < left ? len : left;
}

bool symdev_update_reconnect(const struct symdev_update *update)
{
	return update->reconnect;
}

/* --- what comes --- */

static enum err refused(struct symdev_update *update, const struct answer *answer)
{
	uint64_t seconds = 0;

	if (answer->retry_after.len > 0 && text_from_u64(answer->retry_after, RETRY_AFTER_MAX,
						   &seconds, "Retry-After") == OK) {
		update->retry_after = (int64_t)seconds;
	}
	switch (answer->status) {
	case 400:
	case 403:
		return err_fail(ERR_DENIED, "10.6.1/4: the node refuses the key update (%u)",
			answer->status);
	case 404:
		return err_fail(ERR_NOT_FOUND, "10.6.1/4: the node does not know this token");
	case 409:
		return err_fail(ERR_CONFLICT, "10.6.1/4: no key update is due");
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return err_fail(ERR_UNAVAILABLE, "10.6.1/4: the node cannot now (%u)",
			answer->status);
	default:
		return err_fail(ERR_UNSUPPORTED, "10.6.1/4: the node answered %u", answer->status);
	}
}

static enum err get_bytes(const struct json *root, const char *name, uint8_t *to, size_t room,
	size_t *ret_len)
{
	struct view text;

	TRY(json_text(root, name, &text));
	return text_from_base64url(text, to, room, ret_len, name);
}

static enum err get_32(const struct json *root, const char *name, uint8_t ret[32])
{
	size_t len = 0;

	TRY(get_bytes(root, name, ret, 32, &len));
	return len == 32 ? OK : err_fail(ERR_SYNTAX, "10.6.1/4: %s of %zu bytes", name, len);
}

static enum err take_key(struct symdev_update *update, const struct json *root,
	uint8_t ret_confirm[KEY_UPDATE_MAC])
{
	uint8_t public[KEY_UPDATE_PUBLIC], sealed[KEY_UPDATE_PLAIN_MAX + KEY_UPDATE_OVERHEAD];
	size_t len = 0;

	TRY(get_32(root, "public", public));
	TRY(get_bytes(root, "sealed", sealed, sizeof(sealed), &len));
	return update->ops->keys->install(update->se, public, view_of(sealed, len), ret_confirm);
}

/* Kept before the realm may use it. */
static enum err on_key(struct symdev_update *update, const struct answer *answer)
{
	JSON_CLEANUP struct json *root = NULL;
	uint8_t confirm[KEY_UPDATE_MAC];

	TRY(json_parse(view_of(answer->body, answer->body_len), ANSWER_BODY, &root));
	TRY(take_key(update, root, confirm));
	TRY(write_confirm(update, confirm));
	update->state = WAIT_CONFIRMED;
	step(update, "se.key_installed");
	return OK;
}

static enum err on_confirmed(struct symdev_update *update, const struct answer *answer)
{
	JSON_CLEANUP struct json *root = NULL;
	uint8_t confirmed[KEY_UPDATE_MAC];

	TRY(json_parse(view_of(answer->body, answer->body_len), ANSWER_BODY, &root));
	TRY(get_32(root, "confirmed", confirmed));
	TRY(update->ops->keys->promote(update->se, confirmed));
	update->state = DONE;
	update->reconnect = false;
	step(update, "se.key_replaced");
	return OK;
}

static enum err on_answer(struct symdev_update *update, const struct answer *answer, size_t used)
{
	if (answer->status != 200) {
		return refused(update, answer);
	}
	if (used != update->input_len) {
		return err_fail(ERR_SYNTAX, "RP_C: an answer that was not asked for");
	}
	update->input_len = 0;
	update->output_len = update->output_sent = 0;
	update->reconnect = !answer->keep_alive;
	return awaited[update->state](update, answer);
}

static enum err take_answer(struct symdev_update *update, bool closed)
{
	struct answer answer;
	size_t used;
	enum err err =
		answer_parse(view_of(update->input, update->input_len), closed, &answer, &used);

	if (err == ERR_AGAIN) {
		return OK;
	}
	if (err == OK) {
		err = on_answer(update, &answer, used);
	}
	return err;
}

enum err symdev_update_input(struct symdev_update *update, struct view bytes)
{
	if (!is_waiting(update)) {
		return err_fail(ERR_WRONG_STATE, "RP_C: no answer is awaited");
	}
	if (bytes.len > sizeof(update->input) - update->input_len) {
		return fail(update, err_fail(ERR_RANGE, "RP_C: answer longer than %d bytes",
					    SYMDEV_UPDATE_INPUT));
	}
	if (update->output_sent < update->output_len || update->reconnect) {
		return fail(update, err_fail(ERR_SYNTAX, "RP_C: an answer that was not asked for"));
	}
	memcpy(update->input + update->input_len, bytes.data ? bytes.data : update->input,
		bytes.len);
	update->input_len += bytes.len;
	enum err err = take_answer(update, false);

	return err == OK ? OK : fail(update, err);
}

/* The proof may be given again: it does at most what it did. */
static bool asks_again(struct symdev_update *update)
{
	if (update->state != WAIT_CONFIRMED || update->tries >= TRIES) {
		return false;
	}
	update->tries++;
	update->input_len = 0;
	update->output_sent = 0;
	update->reconnect = true;
	return true;
}

enum err symdev_update_closed(struct symdev_update *update)
{
	if (update->state == DONE || update->reconnect) {
		return OK;
	}
	if (!is_waiting(update)) {
		return err_fail(ERR_CLOSED, "RP_C: the run is over");
	}
	enum err err = take_answer(update, true);

	return err == OK || (err == ERR_CLOSED && asks_again(update)) ? OK : fail(update, err);
}

bool symdev_update_done(const struct symdev_update *update)
{
	return update->state == DONE;
}

int64_t symdev_update_retry_after(const struct symdev_update *update)
{
	return update->retry_after;
}

void symdev_update_end(struct symdev_update *update)
{
	bytes_wipe(update, sizeof(*update));
}
