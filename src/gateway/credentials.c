// SPDX-License-Identifier: Apache-2.0
#include "gateway/credentials.h"

#include "base/log.h"
#include "base/rate.h"
#include "base/text.h"
#include "gateway/nonces.h"
#include "wire/digest.h"

#include <stdlib.h>
#include <string.h>

enum { CROWDS = 16384, SPACE_MAX = IDENT_MAX + 32, INFO_MAX = 1024 };

static const char prefix[] = "3GPP-bootstrapping@";

enum err credentials_open(struct gateway *gateway)
{
	const struct gateway_conf *conf = gateway->conf;

	TRY(rates_new(CROWDS, &gateway->failures));
	return nonces_new(loop_env(gateway->loop), conf->digest_nonce, (size_t)conf->digest_nonces,
		&gateway->nonces);
}

void credentials_close(struct gateway *gateway)
{
	rates_free(gateway->failures);
	nonces_free(gateway->nonces);
	gateway->failures = NULL;
	gateway->nonces = NULL;
}

/* The realm of TS 24.109 5.2.4, which is a protection space of HTTP as well. */
static struct view space_of(const struct application *application, char room[SPACE_MAX])
{
	struct buf out = buf_fixed(room, SPACE_MAX);

	buf_text(&out, prefix);
	buf_text(&out, application->host);
	return buf_contents(&out);
}

/* --- the challenge --- */

static enum err write_challenge(struct view space, const char *nonce,
	enum digest_algorithm algorithm, bool stale, char ret[CREDENTIALS_CHALLENGE_MAX])
{
	struct buf out = buf_fixed(ret, CREDENTIALS_CHALLENGE_MAX);

	digest_print_challenge(&out, &(struct digest_challenge){.realm = space,
					     .nonce = view_text(nonce),
					     .qop = view_text("auth,auth-int"),
					     .algorithm = algorithm,
					     .stale = stale});
	buf_u8(&out, 0);
	return buf_end(&out, "WWW-Authenticate");
}

/* TS 24.109 5.2.4, 33.222 5.3: the realm says to the device that it needs a token, and for what.  req: B9.5-b B9.6.4-b */
enum err credentials_challenge(const struct application *application, bool stale,
	struct credentials_challenge *ret)
{
	const struct gateway *gateway = application->gateway;
	char room[SPACE_MAX], nonce[NONCE_TEXT];
	struct view space = space_of(application, room);

	ret->count = 0;
	TRY(nonce_make(gateway->nonces, space, loop_now(gateway->loop), nonce));
	TRY(write_challenge(space, nonce, DIGEST_SHA256, stale, ret->texts[ret->count++]));
	if (gateway->conf->digest_md5) {
		TRY(write_challenge(space, nonce, DIGEST_MD5, stale, ret->texts[ret->count++]));
	}
	return OK;
}

/* --- the response --- */

static enum err refuse(struct credentials *ret, unsigned status, enum err err)
{
	ret->status = status;
	return err;
}

/* Guessing is not faster than this, from one place, whatever it guesses. */
static enum err check_failures(struct application *application, const struct http_request *request,
	struct credentials *ret)
{
	struct gateway *gateway = application->gateway;
	int64_t wait_ms = 0;

	if (rates_would_allow(gateway->failures, stream_peer_crowd(request->stream),
		    gateway->conf->digest_failures, loop_now(gateway->loop), &wait_ms)) {
		return OK;
	}
	ret->wait_s = wait_ms / 1000 + 1;
	return refuse(ret, 429,
		err_fail(ERR_OVERLOAD, "RFC 7616 5.5: too many wrong credentials from there"));
}

static void count_failure(struct application *application, const struct http_request *request,
	const struct symapp_token *token)
{
	struct gateway *gateway = application->gateway;
	int64_t wait_ms;

	(void)rates_allow(gateway->failures, stream_peer_crowd(request->stream),
		gateway->conf->digest_failures, loop_now(gateway->loop), &wait_ms);
	log_event(LOG_INFO, "session.refused", token ? token->tx : "", LOG_TEXT("clause", "10.5/2c"),
		LOG_TEXT("application", application->id.text), LOG_DETAIL());
}

static enum err read_algorithm(const struct gateway *gateway, struct view name,
	enum digest_algorithm *ret)
{
	TRY(digest_plain_algorithm_of(name, ret));
	return *ret == DIGEST_SHA256 || gateway->conf->digest_md5
		       ? OK
		       : err_fail(ERR_UNSUPPORTED, "RFC 7616 3.3: MD5 is not offered here");
}

/* What does not depend on the token. */
static enum err read_credentials(struct application *application, const struct http_request *request,
	struct digest_authorization *ret, struct digest_input *ret_input)
{
	char room[SPACE_MAX];

	TRY(digest_parse_credentials(http_field_of(request->head, "Authorization"), ret));
	TRY(read_algorithm(application->gateway, ret->algorithm, &ret_input->algorithm));
	if (!view_equal(ret->uri, request->head->target)) {
		return err_fail(ERR_SYNTAX, "RFC 7616 3.4.6: uri is not what was asked for");
	}
	if (!view_equal(ret->realm, space_of(application, room))) {
		return err_fail(ERR_AUTH, "TS 33.222 5.3: the credentials are for another realm");
	}
	return OK;
}

static struct digest_input input_of(const struct digest_authorization *a,
	const struct http_request *request, enum digest_algorithm algorithm,
	const struct secret *password)
{
	return (struct digest_input){.algorithm = algorithm,
		.qop = view_is(a->qop, "auth") ? DIGEST_AUTH : DIGEST_AUTH_INT,
		.username = a->username,
		.realm = a->realm,
		.nonce = a->nonce,
		.nc = a->nc,
		.cnonce = a->cnonce,
		.method = request->head->method,
		.uri = a->uri,
		.body = request->body,
		.password = password};
}

static uint32_t number_of(struct view nc)
{
	uint8_t bytes[4] = {0};
	size_t len = 0;

	(void)!text_from_hex(nc, bytes, sizeof(bytes), &len, "nc"); /* checked when it was parsed */
	struct reader r = reader_of(VIEW(bytes));

	return reader_u32(&r);
}

/* The response is right. So must be what it was computed for, else the same client is asked once more. */
static enum err check_nonce(struct application *application, const struct digest_authorization *a)
{
	struct gateway *gateway = application->gateway;
	int64_t now = loop_now(gateway->loop);

	TRY(nonce_check(gateway->nonces, a->nonce, a->realm, now));
	return nonce_use(gateway->nonces, a->nonce, number_of(a->nc), now);
}

static enum err verify(struct application *application, const struct http_request *request,
	const struct digest_authorization *a, enum digest_algorithm algorithm,
	const struct symapp_token *token, struct credentials *ret)
{
	char expected[DIGEST_HEX + 1];

	TRY(digest_password_of_key(&token->key, &ret->password));
	const struct digest_input input = input_of(a, request, algorithm, &ret->password);

	ret->whole = input.qop == DIGEST_AUTH_INT;
	TRY(digest_response(&input, expected));
	TRY(digest_verify(a->response, expected));
	ret->stale = true;
	TRY(check_nonce(application, a));
	ret->stale = false;
	return OK;
}

/* The suite that this connection has: with a certificate too, the key is that of the protocol (TS 33.220 H.3). */
static struct ua ua_of(const struct http_request *request)
{
	return UA_TLS12(stream_tls_protocol(request->stream).suite);
}

static unsigned status_of(enum err err)
{
	switch (err) {
	case ERR_SYNTAX:
	case ERR_RANGE:
		return 400;
	case ERR_AUTH:
	case ERR_NOT_FOUND:
	case ERR_UNSUPPORTED:
	case ERR_EXPIRED:
	case ERR_REPLAY:
		return 401;
	default:
		return 503;
	}
}

enum err credentials_check(struct application *application, const struct http_request *request,
	symapp_ready *ready, uint64_t user_ref, struct symapp_token *ret_token,
	struct credentials *ret)
{
	struct gateway *gateway = application->gateway;
	struct digest_authorization a;
	struct digest_input input;

	*ret = (struct credentials){.status = 401};
	if (http_field_of(request->head, "Authorization").len == 0) {
		return err_fail(ERR_NOT_FOUND, "10.5/1d: a token is needed here");
	}
	enum err err = read_credentials(application, request, &a, &input);

	if (err != OK) {
		return refuse(ret, status_of(err), err);
	}
	TRY(check_failures(application, request, ret));
	err = symapp_find(gateway->app, a.username, &application->group, ua_of(request), ready,
		gateway, user_ref, ret_token);
	if (err == ERR_AGAIN) {
		return err;
	}
	bool found = err == OK;

	if (found) {
		ret_token->application = application->id;
		err = verify(application, request, &a, input.algorithm, ret_token, ret);
		secret_wipe(&ret_token->key);
	}
	if ((err == ERR_NOT_FOUND || err == ERR_AUTH) && !ret->stale) {
		count_failure(application, request, found ? ret_token : NULL);
	}
	if (err != OK) {
		secret_wipe(&ret->password);
	}
	return refuse(ret, status_of(err), err);
}

/* --- the answer --- */

enum err credentials_info(const struct http_request *request, const struct credentials *credentials,
	bool whole, struct view body, struct buf *ret)
{
	struct digest_authorization a;
	enum digest_algorithm algorithm;
	char rspauth[DIGEST_HEX + 1];

	TRY(digest_parse_credentials(http_field_of(request->head, "Authorization"), &a));
	TRY(digest_plain_algorithm_of(a.algorithm, &algorithm));
	struct digest_input input = input_of(&a, request, algorithm, &credentials->password);

	input.qop = whole ? DIGEST_AUTH_INT : DIGEST_AUTH;
	input.body = body;
	TRY(digest_rspauth(&input, rspauth));
	digest_print_info(ret, &(struct digest_info){.rspauth = view_text(rspauth),
				       .cnonce = a.cnonce,
				       .nc = a.nc,
				       .qop = view_text(whole ? "auth-int" : "auth")});
	return buf_end(ret, "Authentication-Info");
}
