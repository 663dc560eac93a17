// SPDX-License-Identifier: Apache-2.0
#include "device/symdev.h"

#include "base/text.h"
#include "device/answer.h"
#include "device/token.h"
#include "wire/digest.h"
#include "wire/gba_xml.h"

#include <stdio.h>
#include <string.h>

#define TARGET "/"
#define NC     "00000001"

enum state { IDLE, WAIT_CHALLENGE, WAIT_RESULT, DONE, FAILED };

/* 10.4 in its order, as the device sees it */
static enum err ask(struct symdev_boot *boot);				    /* 1a */
static enum err on_challenge(struct symdev_boot *boot, struct view header); /* 2a */
static enum err run_aka(struct symdev_boot *boot, struct aka_result *ret);  /* 2b */
static enum err respond(struct symdev_boot *boot, struct digest_challenge *challenge,
	const struct secret *password, const uint8_t *auts);			  /* 2c */
static enum err on_result(struct symdev_boot *boot, const struct answer *answer); /* 4a */
static enum err keep_token(struct symdev_boot *boot);

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

enum err symdev_boot_begin(struct symdev_boot *boot, const struct symdev_options *options)
{
	*boot = (struct symdev_boot){.options = *options};
	if (options->client.kind != IDENT_CLIENT || options->node.kind != IDENT_FQDN) {
		return err_fail(ERR_SYNTAX, "10.4/1a: client and node must be set");
	}
	boot->began_us = now_us(boot);
	boot->base.client = options->client;
	boot->base.node = options->node;
	TRY(ident_parse(IDENT_FQDN, ident_realm_of(&options->client), &boot->base.realm));
	return ask(boot);
}

/* One request: the fields that all have, and the Authorization given. */
static enum err write_request(struct symdev_boot *boot,
	const struct digest_authorization *authorization, enum digest_algorithm algorithm)
{
	struct buf out = buf_fixed(boot->output, sizeof(boot->output));

	buf_printf(&out, "GET " TARGET " HTTP/1.1\r\nHost: %s\r\n", boot->options.node.text);
	buf_text(&out, "User-Agent: symbolon-device/" SYMBOLON_VERSION " 3gpp-gba\r\n");
	buf_text(&out, "Accept: application/vnd.3gpp.bsf+xml\r\nAuthorization: ");
	digest_print_authorization(&out, authorization, algorithm);
	buf_text(&out, "\r\n\r\n");
	TRY(buf_end(&out, "RP_C: request"));
	boot->output_len = out.len;
	boot->output_sent = 0;
	boot->input_len = 0;
	return OK;
}

/* 10.4/1a: the client element names itself. */
static enum err ask(struct symdev_boot *boot)
{
	TRY(write_request(boot,
		&(struct digest_authorization){
			.username = ident_view(&boot->options.client),
			.realm = ident_view(&boot->options.node),
			.nonce = view_text(""),
			.uri = view_text(TARGET),
			.response = view_text(""),
		},
		0));
	boot->state = WAIT_CHALLENGE;
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
}

/* What an answer other than the one hoped for means. */
static enum err refused(unsigned status)
{
	if (status == 503) {
		return err_fail(ERR_UNAVAILABLE,
			"RP_C: the node cannot bootstrap now (503); come back later");
	}
	if (status == 400) {
		return err_fail(ERR_SYNTAX, "RP_C: the node did not accept the request (400)");
	}
	return err_fail(ERR_DENIED, "10.4/1d: the node refused (%u)", status);
}

static enum err on_answer(struct symdev_boot *boot, const struct answer *answer)
{
	if (answer->status == 401 && answer->challenge.data &&
		(boot->state == WAIT_CHALLENGE || boot->resynchronised)) {
		return on_challenge(boot, answer->challenge);
	}
	if (answer->status == 200 && boot->state == WAIT_RESULT) {
		return on_result(boot, answer);
	}
	return refused(answer->status);
}

static enum err take(struct symdev_boot *boot, bool closed)
{
	struct answer answer;
	size_t used;
	enum err err = answer_parse(view_of(boot->input, boot->input_len), closed, &answer, &used);

	if (err == OK) {
		err = on_answer(boot, &answer);
		boot->input_len = 0;
	}
	if (err != OK && err != ERR_AGAIN) {
		boot->state = FAILED;
		secret_wipe(&boot->password);
		secret_wipe(&boot->base.ks);
	}
	return err;
}

enum err symdev_boot_input(struct symdev_boot *boot, struct view bytes)
{
	if (boot->state != WAIT_CHALLENGE && boot->state != WAIT_RESULT) {
		return err_fail(ERR_WRONG_STATE, "RP_C: no answer is awaited");
	}
	if (bytes.len > sizeof(boot->input) - boot->input_len) {
		boot->state = FAILED;
		return err_fail(ERR_RANGE, "RP_C: answer longer than %d bytes", SYMDEV_INPUT);
	}
	memcpy(boot->input + boot->input_len, bytes.data, bytes.len);
	boot->input_len += bytes.len;
	enum err err = take(boot, false);

	return err == ERR_AGAIN ? OK : err;
}

enum err symdev_boot_closed(struct symdev_boot *boot)
{
	if (boot->state == DONE) {
		return OK;
	}
	enum err err = boot->input_len > 0 ? take(boot, true) : ERR_AGAIN;

	return err == ERR_AGAIN ? err_fail(ERR_CLOSED, "RP_C: the node closed the connection")
				: err;
}

/* 10.4/2a */
static enum err on_challenge(struct symdev_boot *boot, struct view header)
{
	struct digest_challenge challenge;
	struct aka_result result = {.auts = {0}};
	uint8_t autn[AUTN_SIZE];
	SECRET(password);

	TRY(digest_parse_challenge(header, &challenge));
	if (!view_equal(challenge.realm, ident_view(&boot->options.node))) {
		return err_fail(ERR_AUTH, "10.4/2a: challenge of another node than %s",
			boot->options.node.text);
	}
	if (challenge.algorithm != DIGEST_AKAV1_MD5) {
		return err_fail(ERR_UNSUPPORTED, "10.4/2a: the plain form is AKAv1-MD5");
	}
	TRY(text_copy(boot->nonce, sizeof(boot->nonce), challenge.nonce, "10.4/2a: nonce"));
	TRY(text_copy(boot->opaque, sizeof(boot->opaque), challenge.opaque, "10.4/2a: opaque"));
	TRY(digest_from_nonce(challenge.nonce, boot->base.rand, autn));
	memcpy(boot->autn, autn, sizeof(autn));
	enum err err = run_aka(boot, &result);

	if (err == ERR_SYNC && !boot->resynchronised) {
		boot->resynchronised = true;
		err = respond(boot, &challenge, NULL, result.auts);
	} else if (err == OK) {
		err = digest_password(DIGEST_AKAV1_MD5, &result.res, &result.ck, &result.ik,
			&password);
		boot->password = password;
		err = err == OK ? respond(boot, &challenge, &password, NULL) : err;
	}
	aka_result_wipe(&result);
	return err;
}

/* 10.4/2b: the secure element checks that AUTN is the realm's, and fresh.  req: B9.3-a B9.6.3 */
static enum err run_aka(struct symdev_boot *boot, struct aka_result *ret)
{
	uint8_t ks[32];

	TRY(boot->options.se_ops->aka(boot->options.se, boot->base.rand, boot->autn, ret));
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
	boot->cnonce[sizeof(boot->cnonce) - 1] = '\0';
	return OK;
}

static struct digest_input input_of(const struct symdev_boot *boot, const struct secret *password)
{
	return (struct digest_input){
		.algorithm = DIGEST_AKAV1_MD5,
		.username = ident_view(&boot->options.client),
		.realm = ident_view(&boot->options.node),
		.nonce = view_text(boot->nonce),
		.nc = view_text(NC),
		.cnonce = view_text(boot->cnonce),
		.method = view_text("GET"),
		.uri = view_text(TARGET),
		.password = password,
	};
}

/* 10.4/2c: the response over RES, or AUTS over the empty password. */
static enum err respond(struct symdev_boot *boot, struct digest_challenge *challenge,
	const struct secret *password, const uint8_t *auts)
{
	char response[DIGEST_HEX + 1];

	TRY(make_cnonce(boot));
	const struct digest_input input = input_of(boot, password);

	TRY(digest_response(&input, response));
	struct digest_authorization authorization = {
		.username = input.username,
		.realm = input.realm,
		.nonce = input.nonce,
		.uri = input.uri,
		.response = view_text(response),
		.cnonce = input.cnonce,
		.nc = input.nc,
		.opaque = challenge->opaque.data ? view_text(boot->opaque) : (struct view){0},
		.qop = view_text("auth-int"),
		.has_response = true,
		.has_auts = auts != NULL,
	};

	if (auts) {
		memcpy(authorization.auts_bytes, auts, AUTS_SIZE);
	}
	TRY(write_request(boot, &authorization, DIGEST_AKAV1_MD5));
	boot->state = WAIT_RESULT;
	step(boot, "10.4/2c", auts ? "rp_c.resynchronisation" : "rp_c.response");
	return OK;
}

/* The node proves that it knows RES too; nothing of its answer is used before. */
static enum err check_rspauth(struct symdev_boot *boot, const struct answer *answer)
{
	struct digest_info info;
	char expected[DIGEST_HEX + 1];
	struct digest_input input = input_of(boot, &boot->password);

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

/* 10.4/4a: the same token, made here. It names this node, and the node's id is what we would give it. */
static enum err on_result(struct symdev_boot *boot, const struct answer *answer)
{
	struct bootstrapping_info info;
	char id[TOKEN_ID_MAX + 1];

	TRY(check_rspauth(boot, answer));
	secret_wipe(&boot->password);
	TRY(gba_xml_read_info(view_of(answer->body, answer->body_len), &info));
	TRY(token_id(TOKEN_GBA, &boot->base, NULL, id));
	if (strcmp(id, info.btid) != 0) {
		return err_fail(ERR_AUTH, "10.4/4a: the node's B-TID is not base64(RAND)@%s",
			boot->options.node.text);
	}
	memcpy(boot->btid, id, sizeof(boot->btid));
	boot->until = info.lifetime;
	TRY(keep_token(boot));
	boot->state = DONE;
	step(boot, "10.4/4a", "token.generated");
	return OK;
}

bool symdev_boot_done(const struct symdev_boot *boot)
{
	return boot->state == DONE;
}

static enum err keep_token(struct symdev_boot *boot)
{
	struct symdev_token token;

	boot->from = env_wall(boot->options.env);
	boot->state = DONE;
	TRY(symdev_boot_token(boot, &token));
	boot->state = WAIT_RESULT;
	enum err err = token_keep(boot->options.se_ops, boot->options.se, &token, &boot->base.ks);

	secret_wipe(&boot->base.ks);
	return err;
}

enum err symdev_boot_token(const struct symdev_boot *boot, struct symdev_token *ret)
{
	if (boot->state != DONE) {
		return err_fail(ERR_WRONG_STATE, "no token: the bootstrap is not done");
	}
	*ret = (struct symdev_token){
		.client = boot->base.client,
		.node = boot->base.node,
		.realm = boot->base.realm,
		.format = TOKEN_GBA,
		.from = boot->from,
		.until = boot->until,
	};
	memcpy(ret->id, boot->btid, sizeof(ret->id));
	memcpy(ret->rand, boot->base.rand, RAND_SIZE);
	token_label(ret, ret->label);
	return OK;
}

void symdev_boot_end(struct symdev_boot *boot)
{
	bytes_wipe(boot, sizeof(*boot));
}
