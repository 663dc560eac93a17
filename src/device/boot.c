// SPDX-License-Identifier: Apache-2.0
#include "device/symdev.h"

#include "base/text.h"
#include "device/answer.h"
#include "device/result.h"
#include "device/token.h"

#include <stdio.h>
#include <string.h>

#define NC "00000001"
#define TMPI                                                                                       \
	"3gpp-gba-tmpi" /* the product token of who knows temporary identities (TS 24.109 4.4) */

enum { RES_MIN_APPLICATION = 8, RETRY_AFTER_MAX = 24 * 3600 };

enum state {
	IDLE,
	WAIT_CHALLENGE,
	WAIT_NEW_CHALLENGE, /* after AUTS, once a run */
	WAIT_RESULT,
	DONE,
	FAILED
};

typedef enum err answer_fn(struct symdev_boot *boot, const struct answer *answer);

/* 10.4 in its order, as the device sees it */
static enum err ask(struct symdev_boot *boot); /* 1a */
static answer_fn on_challenge;		       /* 2a */
static enum err read_challenge(struct symdev_boot *boot, struct view header,
	struct digest_challenge *ret);
static enum err run_aka(struct symdev_boot *boot, const struct digest_challenge *challenge,
	struct aka_result *ret); /* 2b */
static enum err respond(struct symdev_boot *boot, const struct digest_challenge *challenge); /* 2c */
static enum err resynchronise(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t auts[AUTS_SIZE]);
static answer_fn on_result; /* 4a */
static enum err check_rspauth(const struct symdev_boot *boot, const struct answer *answer);
static enum err make_token(struct symdev_boot *boot, const struct answer *answer);
static enum err keep_tmpi(struct symdev_boot *boot, struct view server);
static enum err begin_again(struct symdev_boot *boot);

/* Which answer a state goes on with; any other ends the run. */
static const struct {
	unsigned status;
	answer_fn *on;
} awaited[] = {
	[WAIT_CHALLENGE] = {401, on_challenge},
	[WAIT_NEW_CHALLENGE] = {401, on_challenge},
	[WAIT_RESULT] = {200, on_result},
};

static void enter(struct symdev_boot *boot, enum state state)
{
	boot->state = state;
}

static enum err fail(struct symdev_boot *boot, enum err err)
{
	secret_wipe(&boot->password);
	secret_wipe(&boot->base.ks);
	boot->output_len = boot->output_sent = 0;
	boot->reconnect = false;
	enter(boot, FAILED);
	return err;
}

/* Asks for a token for one application: the order of 10.4, and the stronger digest. */
static bool names_application(const struct symdev_boot *boot)
{
	return boot->options.application.kind != IDENT_NONE;
}

static enum digest_algorithm algorithm_of(const struct symdev_boot *boot)
{
	return names_application(boot) ? DIGEST_AKAV2_SHA256 : DIGEST_AKAV1_MD5;
}

static struct view username_of(const struct symdev_boot *boot)
{
	return boot->tmpi[0] ? view_text(boot->tmpi) : ident_view(&boot->options.client);
}

static int64_t now_us(const struct symdev_boot *boot)
{
	return boot->options.env->steady_us(boot->options.env);
}

static void step(struct symdev_boot *boot, const char *clause, const char *event)
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
	if (names_application(boot)) {
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
		(names_application(boot) && options->application.kind != IDENT_APPLICATION)) {
		return err_fail(ERR_SYNTAX, "10.4/1a: client and node must be set");
	}
	boot->began_us = now_us(boot);
	boot->base.client = options->client;
	boot->base.node = options->node;
	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&options->client), &boot->base.realm));
	TRY(write_target(boot));
	TRY(take_tmpi(boot));
	return ask(boot);
}

/* One request: the fields that all have, and the Authorization given. */
static enum err write_request(struct symdev_boot *boot,
	const struct digest_authorization *authorization, enum digest_algorithm algorithm)
{
	struct buf out = buf_fixed(boot->output, sizeof(boot->output));

	buf_printf(&out, "GET %s HTTP/1.1\r\nHost: %s\r\n", boot->target, boot->options.node.text);
	buf_text(&out, "User-Agent: symbolon-device/" SYMBOLON_VERSION " 3gpp-gba " TMPI "\r\n");
	buf_printf(&out, "Accept: %s\r\nAuthorization: ",
		names_application(boot) ? "application/json" : "application/vnd.3gpp.bsf+xml");
	digest_print_authorization(&out, authorization, algorithm);
	buf_text(&out, "\r\n\r\n");
	TRY(buf_end(&out, "RP_C: request"));
	boot->output_len = out.len;
	boot->output_sent = 0;
	return OK;
}

/* 10.4/1a: the client element names itself. */
static enum err ask(struct symdev_boot *boot)
{
	TRY(write_request(boot,
		&(struct digest_authorization){
			.username = username_of(boot),
			.realm = ident_view(&boot->options.node),
			.nonce = view_text(""),
			.uri = view_text(boot->target),
			.response = view_text(""),
		},
		0));
	enter(boot, WAIT_CHALLENGE);
	step(boot, "10.4/1a", "rp_c.start");
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
	if (boot->password.len == 0 || !answer->info.data) {
		return err_fail(ERR_DENIED, "10.4/1d: the node refused (403), but did not prove "
					    "that it is the realm's");
	}
	TRY(check_rspauth(boot, answer));
	boot->genuine = true;
	return err_fail(ERR_DENIED,
		"10.4/3b: the realm does not permit this device to use the application");
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
	if (names_application(boot) && binding.len == 0 && !boot->options.plain_allowed) {
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
	if (names_application(boot) && !boot->connected) {
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

/* 10.4/2a: the second out of range in a run is final, or a node could keep us busy for ever. */
static enum err on_challenge(struct symdev_boot *boot, const struct answer *answer)
{
	struct digest_challenge challenge;
	struct aka_result result __attribute__((cleanup(aka_result_wipe))) = {.auts = {0}};

	TRY(read_challenge(boot, answer->challenge, &challenge));
	enum err err = run_aka(boot, &challenge, &result);

	if (err == ERR_SYNC && boot->state == WAIT_CHALLENGE) {
		return resynchronise(boot, &challenge, result.auts);
	}
	TRY(err);
	TRY(digest_password(challenge.algorithm, &result.res, &result.ck, &result.ik,
		&boot->password));
	return respond(boot, &challenge);
}

/* Nothing else than the challenge of this form, from the node that was asked: nothing can be stripped from it. */
static enum err read_challenge(struct symdev_boot *boot, struct view header,
	struct digest_challenge *ret)
{
	TRY(digest_parse_challenge(header, ret));
	if (!view_equal(ret->realm, ident_view(&boot->options.node))) {
		return err_fail(ERR_AUTH, "10.4/2a: challenge of another node than %s",
			boot->options.node.text);
	}
	if (ret->algorithm != algorithm_of(boot)) {
		return err_fail(ERR_UNSUPPORTED,
			"10.4/2a: %s is not what was asked for: %s alone is",
			digest_algorithm_name(ret->algorithm),
			digest_algorithm_name(algorithm_of(boot)));
	}
	return text_copy(boot->nonce, sizeof(boot->nonce), ret->nonce, "10.4/2a: nonce");
}

/* 10.4/2b: the secure element checks that AUTN is the realm's, and fresh.  req: B9.3-a B9.6.3 */
static enum err run_aka(struct symdev_boot *boot, const struct digest_challenge *challenge,
	struct aka_result *ret)
{
	uint8_t autn[AUTN_SIZE], ks[32];

	TRY(digest_from_nonce(challenge->nonce, boot->base.rand, autn));
	TRY(boot->options.se_ops->aka(boot->options.se, &boot->options.client, boot->base.rand,
		autn, ret));
	if (ret->ck.len != 16 || ret->ik.len != 16) {
		return err_fail(ERR_CRYPTO, "10.4/2b: CK and IK have 16 bytes");
	}
	if (names_application(boot) && ret->res.len < RES_MIN_APPLICATION) {
		return err_fail(ERR_UNSUPPORTED, "10.4/2b: RES of %zu bytes is too short here",
			ret->res.len);
	}
	memcpy(ks, ret->ck.bytes, 16);
	memcpy(ks + 16, ret->ik.bytes, 16);
	enum err err = secret_set(&boot->base.ks, ks, sizeof(ks));

	bytes_wipe(ks, sizeof(ks));
	step(boot, "10.4/2b", "se.autn_verified");
	return err;
}

static enum err make_cnonce(struct symdev_boot *boot)
{
	uint8_t bytes[16];
	struct buf hex = buf_fixed(boot->cnonce, sizeof(boot->cnonce));

	TRY(boot->options.env->random(boot->options.env, bytes, sizeof(bytes)));
	text_hex(&hex, view_of(bytes, sizeof(bytes)));
	buf_u8(&hex, 0);
	return OK;
}

/* What both digests of a run are computed over. Without a password: of a resynchronisation. */
static struct digest_input input_of(const struct symdev_boot *boot)
{
	return (struct digest_input){
		.algorithm = algorithm_of(boot),
		.username = username_of(boot),
		.realm = ident_view(&boot->options.node),
		.nonce = view_text(boot->nonce),
		.nc = view_text(NC),
		.cnonce = view_text(boot->cnonce),
		.method = view_text("GET"),
		.uri = view_text(boot->target),
		.password = boot->password.len > 0 ? &boot->password : NULL,
	};
}

static enum err write_response(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t *auts)
{
	char response[DIGEST_HEX + 1];

	TRY(make_cnonce(boot));
	const struct digest_input input = input_of(boot);

	TRY(digest_response(&input, response));
	struct digest_authorization authorization = {
		.username = input.username,
		.realm = input.realm,
		.nonce = input.nonce,
		.uri = input.uri,
		.response = view_text(response),
		.cnonce = input.cnonce,
		.nc = input.nc,
		.opaque = challenge->opaque,
		.qop = view_text("auth-int"),
		.has_response = true,
		.has_auts = auts != NULL,
	};

	if (auts) {
		memcpy(authorization.auts_bytes, auts, AUTS_SIZE);
	}
	return write_request(boot, &authorization, input.algorithm);
}

/* 10.4/2c: over RES. */
static enum err respond(struct symdev_boot *boot, const struct digest_challenge *challenge)
{
	TRY(write_response(boot, challenge, NULL));
	enter(boot, WAIT_RESULT);
	step(boot, "10.4/2c", "rp_c.response");
	return OK;
}

/* TS 33.102 6.3.5: AUTS, over the empty password (RFC 3310 3.4). */
static enum err resynchronise(struct symdev_boot *boot, const struct digest_challenge *challenge,
	const uint8_t auts[AUTS_SIZE])
{
	TRY(write_response(boot, challenge, auts));
	enter(boot, WAIT_NEW_CHALLENGE);
	step(boot, "10.4/2c", "rp_c.resynchronisation");
	return OK;
}

/* 10.4/4a: the same token, made here. Nothing of the answer is used before rspauth is verified. */
static enum err on_result(struct symdev_boot *boot, const struct answer *answer)
{
	const struct symdev_options *o = &boot->options;

	TRY(check_rspauth(boot, answer));
	secret_wipe(&boot->password);
	TRY(make_token(boot, answer));
	TRY(keep_tmpi(boot, answer->server));
	TRY(token_keep(o->se_ops, o->se, &boot->base.ks, &boot->token));
	secret_wipe(&boot->base.ks);
	boot->reconnect = false;
	enter(boot, DONE);
	step(boot, "10.4/4a", "token.generated");
	return OK;
}

/* The node proves that it knows RES too. */
static enum err check_rspauth(const struct symdev_boot *boot, const struct answer *answer)
{
	struct digest_info info;
	char expected[DIGEST_HEX + 1];
	struct digest_input input = input_of(boot);

	if (boot->password.len == 0 || !answer->info.data) {
		return err_fail(ERR_AUTH, "10.4/4a: the node's answer is not authenticated");
	}
	TRY(digest_parse_info(answer->info, &info));
	if (!view_is(info.cnonce, boot->cnonce) || !view_is(info.nc, NC) ||
		!view_is(info.qop, "auth-int")) {
		return err_fail(ERR_AUTH, "10.4/4a: Authentication-Info of another exchange");
	}
	input.body = view_of(answer->body, answer->body_len);
	TRY(digest_rspauth(&input, expected));
	return digest_verify(info.rspauth, expected);
}

static enum err make_token(struct symdev_boot *boot, const struct answer *answer)
{
	boot->token = (struct symdev_token){
		.client = boot->base.client,
		.from = env_wall(boot->options.env),
		.binding_len = names_application(boot) ? boot->binding_len : 0,
	};
	memcpy(boot->token.binding, boot->binding, boot->token.binding_len);
	return result_token(view_of(answer->body, answer->body_len), &boot->base,
		names_application(boot) ? &boot->options.application : NULL, &boot->token);
}

/* "nginx/1.22 3gpp-gba-tmpi" */
static bool has_product(struct view products, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + len <= products.len;) {
		struct view word = view_of(products.data + at, products.len - at);
		const uint8_t *space = memchr(word.data, ' ', word.len);

		word.len = space ? (size_t)(space - word.data) : word.len;
		if (word.len >= len && view_is_nocase(view_of(word.data, len), name) &&
			(word.len == len || word.data[len] == '/')) {
			return true;
		}
		at += word.len + 1;
	}
	return false;
}

/* Before the token: should it not be kept, the node knows the new one alone all the same. */
static enum err keep_tmpi(struct symdev_boot *boot, struct view server)
{
	const struct symdev_options *o = &boot->options;
	char tmpi[TMPI_MAX + 1];

	if (!has_product(server, TMPI)) {
		return boot->had_tmpi
			       ? token_keep_tmpi(o->se_ops, o->se, &o->client, &o->node, NULL)
			       : OK;
	}
	TRY(token_tmpi(&boot->base, tmpi));
	return token_keep_tmpi(o->se_ops, o->se, &o->client, &o->node, tmpi);
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
	step(boot, "10.4/1a", "rp_c.tmpi_unknown");
	return ask(boot);
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
