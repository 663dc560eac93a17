// SPDX-License-Identifier: Apache-2.0
#include "device-cli/serve.h"

#include "base/log.h"
#include "base/rate.h"
#include "base/text.h"
#include "device-cli/registry.h"
#include "net/http_server.h"
#include "wire/challenge.h"
#include "wire/facts_json.h"
#include "wire/request_signature.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_TYP   "device-answer+jwt"
#define ANSWER_MEDIA "application/device-answer+jwt"
#define PATH_ASKED   "/v1/device"

enum {
	CHALLENGE_MS = 60 * 1000,
	USED = 4096,
	NAMES = 256,
	FAILURES = 10, /* a minute, of an address */
	SKEW = 5,
	LONGEST = 300, /* seconds that a signature may be valid */
	CONNECTIONS = 16,
	CONNECTIONS_MAX = 1000,
	READY_MAX = 1024,
	ASK_MAX = 512,
};

struct serve {
	struct device *device;
	const struct options *options;
	struct registry_session session; /* without a connection: what is kept of the registry */
	struct registration registration;
	struct device_facts facts;
	struct serve_keys keys;
	struct challenges *challenges;
	struct rates *failures;
	struct jose_key *own;	 /* the public half; NULL: it has no key of its own */
	struct jose_key *nobody; /* what a key that is not known is checked with: it costs the same */
	struct tls *tls;
	struct http_server *server;
};

static const char *const covered[] = {"@method", "@target-uri"};

/* ---- the challenge ---- */

static void refuse(struct serve *s, struct http_request *request, const char *why)
{
	BUF_CLEANUP struct buf ask = buf_growing(ASK_MAX), body = buf_growing(ASK_MAX);
	char nonce[CHALLENGE_TEXT];
	const struct http_signature_terms terms = {
		.components = covered,
		.count = 2,
		.nonce = nonce,
		.tag = REQUEST_ENQUIRY_TAG,
	};

	if (challenge_make(s->challenges, loop_now(s->device->loop), nonce) != OK ||
		http_signature_ask(&terms, &ask) != OK) {
		http_answer_problem(request, 500, "no challenge could be made");
		return;
	}
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/problem+json")},
		{view_text("Cache-Control"), view_text("no-store")},
		{view_text("Accept-Signature"), buf_contents(&ask)},
	};

	http_write_problem(&body, 401, why);
	http_answer(request, 401, fields, 3, buf_contents(&body));
}

/* Whether the signature is of somebody who may ask, over a challenge of ours that was not used. */
static enum err check(struct serve *s, const struct http_request *request,
	struct http_signature *signature)
{
	const struct signed_message message = signed_request(request->head);

	TRY(http_signature_read(&message, NULL, REQUEST_ENQUIRY_TAG, signature));
	TRY(http_signature_covers(signature, covered, 2));
	if (request->stream && !stream_own_name_is(request->stream, message.authority)) {
		return err_fail(ERR_AUTH, "RFC 9421 7.2.3: the request is for another host");
	}
	TRY(http_signature_timely(signature, env_wall(s->device->env), SKEW, LONGEST));
	TRY(challenge_use(s->challenges, view_text(signature->nonce), loop_now(s->device->loop)));
	const struct jose_key *key = serve_keys_find(&s->keys, view_text(signature->keyid));

	TRY(http_signature_check(signature, &message, key ? key : s->nobody));
	return key ? OK : err_fail(ERR_DENIED, "nobody who may ask");
}

/* ---- the answer ---- */

static void write_answer(const struct serve *s, const char *nonce, const char *audience,
	struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	json_put_text(&w, "reg_dev_id", reg_dev_id_view(&s->registration.id));
	json_put_string(&w, "aud", audience);
	json_put_string(&w, "nonce", nonce);
	json_put_int(&w, "iat", env_wall(s->device->env));
	json_put_string(&w, "acknowledgement", s->registration.acknowledgement);
	facts_write(&w, "facts", &s->facts);
	json_close(&w);
}

static enum err sign(void *user, struct view text, struct buf *ret_der)
{
	return se_soft_ops.sign(user, text, ret_der);
}

/* The secure element is open for the signature alone. */
static enum err sign_answer(const struct serve *s, struct view payload, struct buf *out)
{
	TRY(device_open_se(s->device));
	enum err err = jose_sign_with(s->own, sign, s->device->se, ANSWER_TYP, payload, out);

	device_close_se(s->device);
	return err;
}

static void answer(struct serve *s, struct http_request *request,
	const struct http_signature *signature)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX), jws = buf_growing(JOSE_MAX);
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(s->own ? ANSWER_MEDIA : "application/json")},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	write_answer(s, signature->nonce, signature->keyid, &payload);
	if (payload.failed || (s->own && sign_answer(s, buf_contents(&payload), &jws) != OK)) {
		log_event(LOG_ERROR, "enquiry.failed", "", LOG_DETAIL());
		http_answer_problem(request, 500, "the device cannot sign now");
		return;
	}
	log_event(LOG_INFO, "enquiry.answered", "", LOG_TEXT("by", signature->keyid));
	http_answer(request, 200, fields, 2, s->own ? buf_contents(&jws) : buf_contents(&payload));
}

static void on_request(void *user, struct http_request *request)
{
	struct serve *s = user;
	const struct view crowd =
		request->stream ? stream_peer_crowd(request->stream) : view_text("");
	const int64_t now = loop_now(s->device->loop);
	struct http_signature signature;
	int64_t wait = 0;

	if (!view_is(request->target.path, PATH_ASKED) || !view_is(request->head->method, "GET")) {
		http_answer_problem(request, 404, "a device answers GET " PATH_ASKED);
		return;
	}
	if (!rates_would_allow(s->failures, crowd, FAILURES, now, &wait)) {
		http_answer_problem(request, 429, "too many signatures that were not good");
		return;
	}
	enum err err = check(s, request, &signature);

	if (err == OK) {
		answer(s, request, &signature);
		return;
	}
	if (err == ERR_NOT_FOUND) {
		refuse(s, request, "sign this request");
		return;
	}
	if (err == ERR_EXPIRED || err == ERR_REPLAY) {
		refuse(s, request, "the challenge is not fresh: here is another one");
		return;
	}
	(void)rates_allow(s->failures, crowd, FAILURES, now, &wait);
	log_event(LOG_INFO, "enquiry.refused", "", LOG_DETAIL());
	refuse(s, request, "the signature is of nobody who may ask");
}

/* ---- life ---- */

static void on_signal(void *user, int number)
{
	(void)number;
	loop_stop(user);
}

static enum err say_ready(const struct serve *s)
{
	char text[READY_MAX];
	struct buf out = buf_fixed(text, sizeof(text));
	struct json_writer w = json_to(&out);

	json_open(&w, NULL);
	json_put_string(&w, "listening", http_server_address(s->server));
	json_close(&w);
	TRY(buf_end(&out, "ready"));
	(void)printf("%.*s\n", (int)out.len, text);
	return fflush(stdout) == 0 ? OK : err_system("standard output");
}

static enum err find_own_key(struct serve *s)
{
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf half = buf_fixed(bytes, sizeof(bytes));
	enum err err = se_soft_ops.own_key(s->device->se, false, &half);

	return err == ERR_NOT_FOUND ? OK
	       : err == OK	    ? jose_key_from_public(buf_contents(&half), &s->own)
				    : err;
}

static enum err prepare(struct serve *s)
{
	const struct env *env = s->device->env;

	s->session.device = s->device;
	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, s->options->word,
		&s->session.application));
	TRY(registry_kept(&s->session, &s->registration));
	TRY(registry_read_facts(s->options, &s->facts));
	TRY(find_own_key(s));
	TRY(jose_key_make(JOSE_ES256, &s->nobody));
	TRY(challenges_new(env, CHALLENGE_MS, USED, &s->challenges));
	TRY(rates_new(NAMES, &s->failures));
	return serve_keys_open(s->options, s->device, &s->keys);
}

static enum err open_door(struct serve *s, size_t connections)
{
	const struct tls_files files = {s->options->certificate, s->options->tls_key, NULL};

	TRY(tls_server(&files, TLS_PEERS_NONE, &s->tls));
	const struct http_server_options options = {
		.listen = {.address = s->options->listen, .tls = s->tls, .connections = connections},
		.name = "symbolon-device",
	};

	return http_server_open(s->device->loop, &options, on_request, s, &s->server);
}

static enum err run(struct serve *s, size_t connections)
{
	struct loop *loop = s->device->loop;

	TRY(prepare(s));
	TRY(open_door(s, connections));
	TRY(loop_on_signal(loop, SIGINT, on_signal, loop));
	TRY(loop_on_signal(loop, SIGTERM, on_signal, loop));
	device_close_se(s->device); /* open for each signature alone */
	TRY(say_ready(s));
	loop_run(loop);
	return OK;
}

static void stop(struct serve *s)
{
	http_server_close(s->server);
	serve_keys_close(&s->keys);
	tls_free(s->tls);
	challenges_free(s->challenges);
	rates_free(s->failures);
	jose_key_free(s->own);
	jose_key_free(s->nobody);
}

enum err command_serve(const struct options *options)
{
	struct device device = {.options = options};
	struct serve serve = {.device = &device, .options = options};
	uint64_t connections = CONNECTIONS;

	if (options->connections && (text_from_u64(view_text(options->connections), CONNECTIONS_MAX,
					     &connections, "--connections") != OK ||
					    connections == 0)) {
		return err_fail(ERR_CONFIG, "--connections: 1 to %d", CONNECTIONS_MAX);
	}
	enum err err = device_open(options, &device);

	err = err == OK ? run(&serve, (size_t)connections) : err;
	if (device.loop) {
		stop(&serve);
	}
	device_close(&device);
	return err;
}
