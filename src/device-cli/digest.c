// SPDX-License-Identifier: Apache-2.0
#include "device-cli/digest.h"

#include "base/log.h"
#include "base/text.h"
#include "wire/digest.h"
#include "wire/http.h"

#include <stdio.h>
#include <string.h>

enum {
	BODY_MAX = 16 * 1024 * 1024,
	HEADER_MAX = 2048,
	REQUEST_MAX = 16384,
	PROOFS = 2, /* with one token: the second with the nonce that came in the place of an aged one */
	CNONCE = 16,
};

/* One request, and the answers to it. */
struct visit {
	const struct digest_target *target;
	const struct symdev_token *token;
	struct tls *tls;
	struct stream *stream;
	struct http_parser_state *parser;
	struct secret password;
	unsigned proofs;	    /* sent so far */
	char challenge[HEADER_MAX]; /* to be answered; "": none */
	char answered[HEADER_MAX], cnonce[2 * CNONCE + 1];
	/* of the answer that comes */
	unsigned status;
	bool keep_alive;
	char info[HEADER_MAX];
	struct buf body;
	enum symdev_event demand;
	enum err result;
	char detail[DETAIL_MAX];
	bool ready, done;
};

static enum err connect_to(struct visit *v);

static void end(struct visit *v, enum err result)
{
	if (!v->done) {
		v->result = result;
		(void)snprintf(v->detail, sizeof(v->detail), "%s", err_detail());
		v->done = true;
		loop_stop(v->target->device->loop);
	}
}

static void step(const struct visit *v, const char *clause, const char *event)
{
	(void)v;
	device_step(NULL, clause, event, 0);
}

/* --- the request --- */

/* 10.5/2a: the suite of this connection says which key.  req: B10.5 B9.5-a B7.4-c B7.4-f */
static enum err derive_password(struct visit *v)
{
	struct device *device = v->target->device;
	struct ua ua = UA_TLS12(stream_tls_protocol(v->stream).suite);
	SECRET(key);

	TRY(device_open_se(device));
	enum err err = symdev_token_key(&se_soft_ops, device->se, v->token, v->target->application,
		ua, &key);

	device_close_se(device); /* others may need it while the session lasts */
	TRY(err);
	step(v, "10.5/2a", "token.key_derived");
	return digest_password_of_key(&key, &v->password);
}

static enum err make_cnonce(struct visit *v)
{
	const struct env *env = v->target->device->env;
	uint8_t bytes[CNONCE];
	struct buf text = buf_fixed(v->cnonce, sizeof(v->cnonce));

	TRY(env->random(env, bytes, sizeof(bytes)));
	text_hex(&text, VIEW(bytes));
	buf_u8(&text, 0);
	return buf_end(&text, "cnonce");
}

static struct digest_input input_of(const struct visit *v, const struct digest_challenge *challenge)
{
	return (struct digest_input){.algorithm = challenge->algorithm,
		.qop = digest_offers(challenge->qop, "auth-int") ? DIGEST_AUTH_INT : DIGEST_AUTH,
		.username = view_text(v->token->id),
		.realm = challenge->realm,
		.nonce = challenge->nonce,
		.nc = view_text("00000001"),
		.cnonce = view_text(v->cnonce),
		.method = view_text("GET"),
		.uri = view_text(v->target->path),
		.password = &v->password};
}

static struct view name_of(enum digest_qop qop)
{
	return view_text(qop == DIGEST_AUTH_INT ? "auth-int" : "auth");
}

static enum err write_credentials(struct visit *v, struct buf *out)
{
	struct digest_challenge challenge;
	char response[DIGEST_HEX + 1];

	memcpy(v->answered, v->challenge, sizeof(v->answered));
	TRY(digest_parse_offer(view_text(v->answered), &challenge));
	TRY(derive_password(v));
	TRY(make_cnonce(v));
	const struct digest_input input = input_of(v, &challenge);

	TRY(digest_response(&input, response));
	digest_print_authorization(out,
		&(struct digest_authorization){.username = input.username,
			.realm = input.realm,
			.nonce = input.nonce,
			.uri = input.uri,
			.cnonce = input.cnonce,
			.nc = input.nc,
			.qop = name_of(input.qop),
			.opaque = challenge.opaque,
			.response = view_text(response),
			.has_response = true},
		challenge.algorithm);
	v->proofs++;
	return buf_end(out, "Authorization");
}

static enum err send_request(struct visit *v)
{
	BUF_CLEANUP struct buf credentials = buf_growing(HEADER_MAX);
	BUF_CLEANUP struct buf request = buf_growing(REQUEST_MAX);
	bool proves = v->challenge[0];

	if (proves) {
		TRY(write_credentials(v, &credentials));
	}
	const struct http_field fields[] = {
		{view_text("Authorization"), buf_contents(&credentials)}};

	v->info[0] = v->challenge[0] = '\0';
	http_write_request(&request, "GET", view_text(v->target->path), view_text(v->target->host),
		fields, proves ? 1 : 0, false, 0);
	TRY(buf_end(&request, "--get"));
	return stream_send(v->stream, buf_contents(&request));
}

/* --- the answer --- */

/* Of several challenges the first that can be answered: the better ones stand first. */
static void take_challenge(struct visit *v, struct view header)
{
	struct digest_challenge offer;

	if (v->challenge[0] ||
		symdev_signal_http(401, header, v->target->application) == SYMDEV_NO_EVENT) {
		return;
	}
	if (digest_parse_offer(header, &offer) == OK &&
		text_copy(v->challenge, sizeof(v->challenge), header, "WWW-Authenticate") == OK) {
		v->demand = offer.stale ? SYMDEV_NEW_TOKEN_REQUIRED : SYMDEV_TOKEN_REQUIRED;
	}
}

static enum err on_head(void *user, const struct http_head *head)
{
	struct visit *v = user;

	v->status = head->status;
	v->keep_alive = head->keep_alive;
	v->demand = SYMDEV_NO_EVENT;
	buf_clear(&v->body);
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http_field *field = &head->fields[i];

		if (head->status == 401 && view_is_nocase(field->name, "WWW-Authenticate")) {
			take_challenge(v, field->value);
		} else if (view_is_nocase(field->name, "Authentication-Info")) {
			TRY(text_copy(v->info, sizeof(v->info), field->value,
				"Authentication-Info"));
		}
	}
	return OK;
}

static enum err on_body(void *user, struct view part)
{
	struct visit *v = user;

	buf_view(&v->body, part);
	return buf_end(&v->body, "the answer");
}

/* RFC 7616 3.5: who answers has the key as well. */
static enum err check_info(const struct visit *v)
{
	struct digest_challenge challenge;
	struct digest_info info;
	char expected[DIGEST_HEX + 1];

	if (!v->info[0]) {
		return err_fail(ERR_AUTH,
			"RFC 7616 3.5: the application does not prove that it has the key");
	}
	TRY(digest_parse_offer(view_text(v->answered), &challenge));
	TRY(digest_parse_info(view_text(v->info), &info));
	struct digest_input input = input_of(v, &challenge);

	if (info.qop.data) {
		input.qop = view_is(info.qop, "auth-int") ? DIGEST_AUTH_INT : DIGEST_AUTH;
	}
	input.body = buf_contents(&v->body);
	TRY(digest_rspauth(&input, expected));
	return digest_verify(info.rspauth, expected) == OK
		       ? OK
		       : err_fail(ERR_AUTH, "RFC 7616 3.5: the application's proof is wrong");
}

/* What refuses, before it has looked at the credentials, proves nothing, and need not. */
static enum err finish(struct visit *v)
{
	struct view body = buf_contents(&v->body);

	if (v->proofs > 0 && (v->info[0] || v->status < 400)) {
		TRY(check_info(v));
	}
	step(v, "10.5/2c", "session.established");
	return fwrite(body.data, 1, body.len, stdout) == body.len && fflush(stdout) == 0
		       ? OK
		       : err_system("standard output");
}

/* The first answer asks who this is; another that is stale gives a newer nonce. All else is said of the token. */
static bool goes_on(const struct visit *v)
{
	return v->demand != SYMDEV_NO_EVENT &&
	       (v->proofs == 0 || (v->demand == SYMDEV_NEW_TOKEN_REQUIRED && v->proofs < PROOFS));
}

static enum err go_on(struct visit *v)
{
	if (v->keep_alive) {
		return send_request(v);
	}
	stream_close(v->stream);
	v->stream = NULL;
	return connect_to(v);
}

static enum err on_done(void *user)
{
	struct visit *v = user;

	if (v->status / 100 == 1) {
		return OK; /* interim answers are read past */
	}
	if (goes_on(v)) {
		return go_on(v);
	}
	end(v, v->demand != SYMDEV_NO_EVENT ? OK : finish(v));
	return OK;
}

/* --- the stream --- */

static void on_ready(void *user, struct stream *stream)
{
	struct visit *v = user;

	(void)stream;
	v->ready = true;
	enum err err = send_request(v);

	if (err != OK) {
		end(v, err);
	}
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct visit *v = user;
	size_t taken = bytes.len;

	if (v->done) {
		return bytes.len;
	}
	enum err err = http_feed(v->parser, bytes, &taken);

	if (err != OK) {
		end(v, err);
	}
	return v->stream == stream ? taken : bytes.len;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct visit *v = user;

	(void)stream;
	v->stream = NULL;
	end(v, v->ready && why == ERR_CLOSED ? http_feed_end(v->parser) : why);
}

static enum err connect_to(struct visit *v)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	v->ready = false;
	return stream_connect(v->target->device->loop, v->target->address, v->tls, v->target->host,
		NULL, &on, v, &v->stream);
}

static enum err run(struct visit *v)
{
	static const struct http_on on = {.head = on_head, .body = on_body, .done = on_done};
	static const struct http_limits limits = {.body = BODY_MAX};
	const struct device *device = v->target->device;
	const char *trust = v->target->trust ? v->target->trust : device->ca;
	const struct tls_files files = {.authority = trust[0] ? trust : NULL};

	TRY(http_parser_new(HTTP_RESPONSES, &limits, &on, v, &v->parser));
	TRY(tls_client(&files, &v->tls));
	TRY(connect_to(v));
	loop_run(device->loop);
	return v->result == OK ? OK : err_fail(v->result, "%s: %s", v->target->host, v->detail);
}

enum err digest_get(const struct digest_target *target, const struct symdev_token *token,
	unsigned *ret_status, enum symdev_event *ret_demand)
{
	struct visit v = {.target = target, .token = token, .body = buf_growing(BODY_MAX)};
	enum err err = run(&v);

	if (v.stream) {
		stream_close(v.stream);
	}
	tls_free(v.tls);
	http_parser_free(v.parser);
	buf_free(&v.body);
	secret_wipe(&v.password);
	*ret_status = v.demand == SYMDEV_NO_EVENT ? v.status : 0;
	*ret_demand = v.demand;
	return err;
}
