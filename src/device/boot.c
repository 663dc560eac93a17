// SPDX-License-Identifier: Apache-2.0
#include "device/boot_inside.h"

#include "base/text.h"
#include "device/result.h"
#include "device/token.h"

#include <stdio.h>
#include <string.h>

enum { RETRY_AFTER_MAX = 24 * 3600 };

typedef enum err answer_fn(struct symdev_boot *boot, const struct answer *answer);

/* 10.4 in its order, as the device sees it; what is left out is boot_aka.c, or boot_certificate.c */
static enum err ask(struct symdev_boot *boot); /* 1a */
static enum err begin_again(struct symdev_boot *boot);

/* Which answer a state goes on with; any other ends the run. */
static const struct {
	unsigned status;
	answer_fn *on;
} awaited[] = {
	[WAIT_CHALLENGE] = {401, boot_aka_on_challenge},
	[WAIT_NEW_CHALLENGE] = {401, boot_aka_on_challenge},
	[WAIT_RESULT] = {200, boot_aka_on_result},
	[WAIT_TOKEN] = {200, boot_certificate_on_result},
};

void boot_enter(struct symdev_boot *boot, enum boot_state state)
{
	boot->state = state;
}

static enum err fail(struct symdev_boot *boot, enum err err)
{
	secret_wipe(&boot->password);
	secret_wipe(&boot->base.ks);
	boot->output_len = boot->output_sent = 0;
	boot->reconnect = false;
	boot_enter(boot, FAILED);
	return err;
}

/* Asks for a token for one application: the order of 10.4, and the stronger digest. */
bool boot_names_application(const struct symdev_boot *boot)
{
	return boot->options.application.kind != IDENT_NONE;
}

bool boot_has_certificate(const struct symdev_boot *boot)
{
	return boot->options.mechanism == SYMDEV_CERTIFICATE;
}

enum digest_algorithm boot_algorithm(const struct symdev_boot *boot)
{
	return boot_names_application(boot) ? DIGEST_AKAV2_SHA256 : DIGEST_AKAV1_MD5;
}

struct view boot_username(const struct symdev_boot *boot)
{
	return boot->tmpi[0] ? view_text(boot->tmpi) : ident_view(&boot->options.client);
}

static int64_t now_us(const struct symdev_boot *boot)
{
	return boot->options.env->steady_us(boot->options.env);
}

void boot_step(struct symdev_boot *boot, const char *clause, const char *event)
{
	if (boot->options.step) {
		boot->options.step(boot->options.step_user, clause, event,
			now_us(boot) - boot->began_us);
	}
}

/* Both legs, and the digests, have this request-target. */
static enum err write_target(struct symdev_boot *boot)
{
	struct buf out = buf_fixed(boot->target, sizeof(boot->target));

	buf_text(&out, "/");
	if (boot_names_application(boot)) {
		buf_text(&out, "?app=");
		text_percent(&out, ident_view(&boot->options.application));
	}
	buf_u8(&out, 0);
	return buf_end(&out, "RP_C: request-target");
}

/* TS 33.220 B.4: who listens learns no lasting identity. */
static enum err take_tmpi(struct symdev_boot *boot)
{
	const struct symdev_options *o = &boot->options;
	enum err err = token_load_tmpi(o->se_ops, o->se, &o->client, &o->node, boot->tmpi);

	boot->had_tmpi = err == OK;
	return err == ERR_NOT_FOUND || err == ERR_RANGE ? OK : err;
}

enum err symdev_boot_begin(struct symdev_boot *boot, const struct symdev_options *options)
{
	*boot = (struct symdev_boot){.options = *options};
	if (options->client.kind != IDENT_CLIENT || options->node.kind != IDENT_FQDN ||
		(boot_names_application(boot) && options->application.kind != IDENT_APPLICATION)) {
		return err_fail(ERR_SYNTAX, "10.4/1a: client and node must be set");
	}
	boot->began_us = now_us(boot);
	boot->base.client = options->client;
	boot->base.node = options->node;
	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&options->client), &boot->base.realm));
	TRY(write_target(boot));
	if (boot_has_certificate(boot)) {
		return boot_certificate_begin(boot);
	}
	TRY(take_tmpi(boot));
	return ask(boot);
}

/* One request: the fields that all have, and the Authorization given. */
enum err boot_write_request(struct symdev_boot *boot,
	const struct digest_authorization *authorization, enum digest_algorithm algorithm)
{
	struct buf out = buf_fixed(boot->output, sizeof(boot->output));

	buf_printf(&out, "GET %s HTTP/1.1\r\nHost: %s\r\n", boot->target, boot->options.node.text);
	buf_text(&out, "User-Agent: symbolon-device/" SYMBOLON_VERSION " 3gpp-gba " TMPI "\r\n");
	buf_printf(&out, "Accept: %s\r\n",
		boot_names_application(boot) ? "application/json" : "application/vnd.3gpp.bsf+xml");
	if (boot->options.mechanisms && boot_names_application(boot)) {
		buf_printf(&out, "Y3056-Mechanisms: %s\r\n", boot->options.mechanisms);
	}
	if (authorization) {
		buf_text(&out, "Authorization: ");
		digest_print_authorization(&out, authorization, algorithm);
		buf_text(&out, "\r\n");
	}
	buf_text(&out, "\r\n");
	TRY(buf_end(&out, "RP_C: request"));
	boot->output_len = out.len;
	boot->output_sent = 0;
	return OK;
}

/* 10.4/1a: the client element names itself. */
static enum err ask(struct symdev_boot *boot)
{
	TRY(boot_write_request(boot,
		&(struct digest_authorization){
			.username = boot_username(boot),
			.realm = ident_view(&boot->options.node),
			.nonce = view_text(""),
			.uri = view_text(boot->target),
			.response = view_text(""),
		},
		0));
	boot_enter(boot, WAIT_CHALLENGE);
	boot_step(boot, "10.4/1a", "rp_c.start");
	return OK;
}

enum err boot_ask(struct symdev_boot *boot)
{
	TRY(boot_write_request(boot, NULL, 0));
	boot_enter(boot, WAIT_TOKEN);
	boot_step(boot, "10.4/1a", "rp_c.start");
	return OK;
}

struct view symdev_boot_output(const struct symdev_boot *boot)
{
	return view_of(boot->output + boot->output_sent, boot->output_len - boot->output_sent);
}

void symdev_boot_sent(struct symdev_boot *boot, size_t len)
{
	size_t left = boot->output_len - boot->output_sent;

	boot->output_sent += len < left ? len : left;
	boot->reconnect = boot->reconnect && len == 0;
	boot->ignores = boot->ignores && len == 0;
}

bool symdev_boot_reconnect(const struct symdev_boot *boot)
{
	return boot->reconnect;
}

/* What an answer other than the awaited one means. */
static enum err refused(unsigned status)
{
	if (status == 401) {
		return err_fail(ERR_DENIED, "10.4/1d: the node refused (401), but did not prove "
					    "that it is the realm's");
	}
	if (status == 400) {
		return err_fail(ERR_CONFLICT, "10.4/2c: the node does not take the request (400)");
	}
	if ((status >= 500 && status != 501 && status != 505) || status == 408 || status == 429) {
		return err_fail(ERR_UNAVAILABLE,
			"RP_C: the node cannot bootstrap now (%u); come back later", status);
	}
	if (status == 200) {
		return err_fail(ERR_AUTH, "10.4/4a: a result before the response");
	}
	return err_fail(ERR_UNSUPPORTED, "RP_C: the node answered %u", status);
}

static enum err not_asked_for(void)
{
	return err_fail(ERR_SYNTAX, "RP_C: an answer that was not asked for");
}

/* RFC 9110 10.2.3, in seconds; a date, or nonsense, is as none. */
static int64_t seconds_of(struct view retry_after)
{
	uint64_t seconds = 0;

	return retry_after.len > 0 && text_from_u64(retry_after, RETRY_AFTER_MAX, &seconds,
					      "Retry-After") == OK
		       ? (int64_t)seconds
		       : 0;
}

/*
 * 403. A node that does not know the temporary identity any more is told the lasting one, once a run. With the realm's
 * own proof it is the answer of 10.4/3b; without, anybody's.
 */
static enum err on_denied(struct symdev_boot *boot, const struct answer *answer)
{
	if (boot->state == WAIT_CHALLENGE && boot->tmpi[0]) {
		return begin_again(boot);
	}
	if (boot_has_certificate(boot)) {
		return boot_certificate_on_denied(boot, answer);
	}
	if (boot->password.len == 0 || !answer->info.data) {
		return err_fail(ERR_DENIED, "10.4/1d: the node refused (403), but did not prove "
					    "that it is the realm's");
	}
	TRY(boot_aka_check_rspauth(boot, answer));
	boot->genuine = true;
	return result_refused(view_of(answer->body, answer->body_len));
}

static enum err on_other(struct symdev_boot *boot, const struct answer *answer)
{
	if (answer->status == 403) {
		return on_denied(boot, answer);
	}
	boot->retry_after = seconds_of(answer->retry_after);
	return refused(answer->status);
}

static enum err on_answer(struct symdev_boot *boot, const struct answer *answer, size_t used)
{
	if (answer->status != awaited[boot->state].status) {
		return on_other(boot, answer);
	}
	if (symdev_boot_output(boot).len > 0 || used != boot->input_len) {
		return not_asked_for();
	}
	boot->input_len = 0;
	boot->reconnect = !answer->keep_alive;
	boot->connected = answer->keep_alive;
	return awaited[boot->state].on(boot, answer);
}

static enum err take_answer(struct symdev_boot *boot, bool closed)
{
	struct answer answer;
	size_t used;
	enum err err = answer_parse(view_of(boot->input, boot->input_len), closed, &answer, &used);

	if (err == ERR_AGAIN) {
		return OK;
	}
	if (err == OK) {
		err = on_answer(boot, &answer, used);
	}
	return err == OK ? OK : fail(boot, err);
}

static bool is_waiting(const struct symdev_boot *boot)
{
	return boot->state != IDLE && boot->state != DONE && boot->state != FAILED;
}

enum err symdev_boot_connected(struct symdev_boot *boot, struct view binding)
{
	if (!is_waiting(boot)) {
		return err_fail(ERR_WRONG_STATE, "RP_C: the run is over");
	}
	if (binding.len > sizeof(boot->binding)) {
		return fail(boot,
			err_fail(ERR_RANGE, "RP_C: channel binding of %zu bytes", binding.len));
	}
	if (boot_names_application(boot) && binding.len == 0 &&
		(!boot->options.plain_allowed || boot_has_certificate(boot))) {
		return fail(boot,
			err_fail(ERR_DENIED, "RP_C: plain HTTP, which the realm does not allow "
					     "for a token for an application"));
	}
	memcpy(boot->binding, binding.data ? binding.data : (const uint8_t *)"", binding.len);
	boot->binding_len = binding.len;
	boot->connected = true;
	return OK;
}

bool symdev_boot_denied_by_realm(const struct symdev_boot *boot)
{
	return boot->genuine;
}

int64_t symdev_boot_retry_after(const struct symdev_boot *boot)
{
	return boot->retry_after;
}

enum err symdev_boot_input(struct symdev_boot *boot, struct view bytes)
{
	if (!is_waiting(boot)) {
		return err_fail(ERR_WRONG_STATE, "RP_C: no answer is awaited");
	}
	if (bytes.len > sizeof(boot->input) - boot->input_len) {
		return fail(boot,
			err_fail(ERR_RANGE, "RP_C: answer longer than %d bytes", SYMDEV_INPUT));
	}
	if (bytes.len == 0 || boot->ignores) {
		return OK;
	}
	if (boot->output_len > 0 && boot->output_sent == 0) {
		return fail(boot, not_asked_for());
	}
	if (boot_names_application(boot) && !boot->connected) {
		return fail(boot, err_fail(ERR_WRONG_STATE,
					  "RP_C: bytes of a connection that was not told of"));
	}
	memcpy(boot->input + boot->input_len, bytes.data, bytes.len);
	boot->input_len += bytes.len;
	return take_answer(boot, false);
}

enum err symdev_boot_closed(struct symdev_boot *boot)
{
	if (boot->state == DONE || boot->reconnect) {
		return OK;
	}
	if (!is_waiting(boot)) {
		return err_fail(ERR_CLOSED, "RP_C: the run is over");
	}
	return take_answer(boot, true);
}

/* 8.4: the device holds the token against what the realm asks, and against what it asks itself.  req: B8.4-a */
static enum err check_degree(const struct symdev_boot *boot)
{
	const struct symdev_options *o = &boot->options;
	const struct symdev_token *token = &boot->token;
	const char *own = boot_has_certificate(boot) ? "certificate" : "aka";
	char whose[SYMDEV_DEGREE + 8];

	if (o->degree && strcmp(o->degree, token->degree) != 0) {
		return err_fail(ERR_DENIED, "8.4: a token of degree %s, where %s is asked for",
			token->degree[0] ? token->degree : "none", o->degree);
	}
	if (token->key.mechanism[0] && strcmp(token->key.mechanism, own) != 0) {
		return err_fail(ERR_AUTH, "8.4: a token that was made by %s, not by %s",
			token->key.mechanism, own);
	}
	(void)snprintf(whose, sizeof(whose), "degree %s", token->degree);
	TRY(degree_check(whose, &token->asked, &token->key));
	return degree_check("this device", &o->least, &token->key);
}

enum err boot_make_token(struct symdev_boot *boot, const struct answer *answer)
{
	boot->token = (struct symdev_token){
		.client = boot->base.client,
		.from = env_wall(boot->options.env),
		.binding_len = boot_names_application(boot) ? boot->binding_len : 0,
	};
	memcpy(boot->token.binding, boot->binding, boot->token.binding_len);
	TRY(result_token(view_of(answer->body, answer->body_len), &boot->base,
		boot_names_application(boot) ? &boot->options.application : NULL, &boot->token));
	return boot_names_application(boot) ? check_degree(boot) : OK;
}

static enum err begin_again(struct symdev_boot *boot)
{
	const struct symdev_options *o = &boot->options;

	TRY(token_keep_tmpi(o->se_ops, o->se, &o->client, &o->node, NULL));
	boot->tmpi[0] = '\0';
	boot->had_tmpi = false;
	boot->input_len = 0;
	boot->reconnect = boot->ignores = true; /* the rest of the answer is not read */
	boot->connected = false;
	boot_step(boot, "10.4/1a", "rp_c.tmpi_unknown");
	return ask(boot);
}

enum err boot_keep_token(struct symdev_boot *boot)
{
	const struct symdev_options *o = &boot->options;

	TRY(token_keep(o->se_ops, o->se, &boot->base.ks, &boot->token));
	secret_wipe(&boot->base.ks);
	boot->reconnect = false;
	boot_enter(boot, DONE);
	boot_step(boot, "10.4/4a", "token.generated");
	return OK;
}

bool symdev_boot_done(const struct symdev_boot *boot)
{
	return boot->state == DONE;
}

enum err symdev_boot_token(const struct symdev_boot *boot, struct symdev_token *ret)
{
	if (boot->state != DONE) {
		return err_fail(ERR_WRONG_STATE, "no token: the bootstrap is not done");
	}
	*ret = boot->token;
	return OK;
}

void symdev_boot_end(struct symdev_boot *boot)
{
	bytes_wipe(boot, sizeof(*boot));
}
