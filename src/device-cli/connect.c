// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "base/text.h"
#include "device-cli/coap.h"
#include "device-cli/digest.h"
#include "device-cli/relay.h"
#include "wire/http.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 16 * 1024 * 1024, LINGER_S = 5, LINGER_MAX_S = 24 * 3600 };

/*
 * The connection element (9.5): one session over RP_D. With --get it asks for one path and prints the body;
 * else standard input and output are the session.
 */
struct session {
	struct device *device;
	const struct options *options;
	struct ident application;
	char host[IDENT_MAX + 1], address[ADDRESS_MAX];
	int64_t linger_ms, since_us;
	struct stream *stream;
	struct relay relay;
	struct http_parser_state *parser; /* --get */
	unsigned status;		  /* --get */
	enum symdev_event demand;	  /* --get: what the answer says of the token */
	enum err result;
	char detail[DETAIL_MAX]; /* of it: what follows the end says things too */
	bool ready, done;
};

static void step(struct session *session, const char *clause, const char *event)
{
	const struct env *env = session->device->env;

	device_step(NULL, clause, event, env->steady_us(env) - session->since_us);
}

static void end(void *user, enum err result)
{
	struct session *session = user;

	if (!session->done) {
		session->result = result;
		(void)snprintf(session->detail, sizeof(session->detail), "%s", err_detail());
		session->done = true;
		loop_stop(session->device->loop);
	}
}

/* --- --get --- */

static enum err on_head(void *user, const struct http_head *head)
{
	struct session *session = user;

	session->status = head->status;
	for (size_t i = 0; i < head->field_count; i++) {
		if (view_is_nocase(head->fields[i].name, "WWW-Authenticate")) {
			session->demand = symdev_signal_http(head->status, head->fields[i].value,
				&session->application);
		}
	}
	return OK;
}

static enum err on_body(void *user, struct view part)
{
	if (((struct session *)user)->demand != SYMDEV_NO_EVENT) {
		return OK;
	}
	return fwrite(part.data, 1, part.len, stdout) == part.len && fflush(stdout) == 0
		       ? OK
		       : err_system("standard output");
}

static enum err on_done(void *user)
{
	struct session *session = user;

	if (session->status / 100 != 1) { /* interim answers are read past */
		end(session, fflush(stdout) == 0 ? OK : err_system("standard output"));
	}
	return OK;
}

static enum err send_request(struct session *session)
{
	static const struct http_on on = {.head = on_head, .body = on_body, .done = on_done};
	static const struct http_limits limits = {.body = BODY_MAX};
	BUF_CLEANUP struct buf request = buf_growing(16384);
	const struct http_field close[] = {{view_text("Connection"), view_text("close")}};

	TRY(http_parser_new(HTTP_RESPONSES, &limits, &on, session, &session->parser));
	http_write_request(&request, "GET", view_text(session->options->get),
		view_text(session->host), close, 1, false, 0);
	TRY(buf_end(&request, "--get"));
	return stream_send(session->stream, buf_contents(&request));
}

/* --- the stream --- */

/* 10.5/2c: the secure session stands. */
static void on_ready(void *user, struct stream *stream)
{
	struct session *session = user;

	session->ready = true;
	step(session, "10.5/2c", "session.established");
	if (!session->options->get) {
		relay_begin(&session->relay, session->device->loop, stream, session->linger_ms, end,
			session);
		return;
	}
	enum err err = send_request(session);

	if (err != OK) {
		end(session, err);
	}
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct session *session = user;
	size_t taken = bytes.len;

	(void)stream;
	if (session->done) {
		return bytes.len;
	}
	if (!session->options->get) {
		relay_input(&session->relay, bytes);
		return bytes.len;
	}
	enum err err = http_feed(session->parser, bytes, &taken);

	if (err != OK) {
		end(session, err);
	}
	return taken;
}

static void on_drained(void *user, struct stream *stream)
{
	struct session *session = user;

	(void)stream;
	if (!session->options->get && !session->done) {
		relay_drained(&session->relay);
	}
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct session *session = user;

	(void)stream;
	session->stream = NULL;
	relay_stop(&session->relay);
	if (session->ready && session->parser && !session->done) {
		why = http_feed_end(session->parser);
	} else if (session->ready && why == ERR_CLOSED) {
		why = OK;
	}
	end(session, why);
}

static enum err run_session(struct session *session, struct tls *tls)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.drained = on_drained,
		.closed = on_closed};

	session->done = session->ready = false;
	session->demand = SYMDEV_NO_EVENT;
	session->result = OK;
	TRY(stream_connect(session->device->loop, session->address, tls, session->host, NULL, &on,
		session, &session->stream));
	loop_run(session->device->loop);
	relay_stop(&session->relay);
	http_parser_free(session->parser);
	session->parser = NULL;
	if (session->stream) {
		stream_close(session->stream);
		session->stream = NULL;
	}
	return session->result == OK
		       ? OK
		       : err_fail(session->result, "%s: %s", session->host, session->detail);
}

/* --- the session --- */

/* With HTTP Digest in the place of a pre-shared key. */
static enum err open_digest(struct session *session, const struct symdev_token *token)
{
	const struct digest_target target = {.device = session->device,
		.application = &session->application,
		.host = session->host,
		.address = session->address,
		.path = session->options->get,
		.trust = session->options->trust};

	session->demand = SYMDEV_NO_EVENT;
	session->ready = true; /* what ends it is no handshake with a token */
	device_close_se(session->device);
	enum err err = digest_get(&target, token, &session->status, &session->demand);

	return err == OK && session->demand != SYMDEV_NO_EVENT
		       ? err_fail(ERR_DENIED, "%s: 401, a token is required", session->host)
		       : err;
}

/* CoAP over DTLS. A refused handshake, and 4.01, say that a token is required.  req: B9.5-b */
static enum err open_coap(struct session *session, const struct symdev_token *token)
{
	const struct coap_target target = {.device = session->device,
		.application = &session->application,
		.host = session->host,
		.address = session->address,
		.path = session->options->get};
	uint8_t code = 0;

	session->demand = SYMDEV_NO_EVENT;
	session->ready = false;
	device_close_se(session->device);
	TRY(coap_get(&target, token, &code));
	session->demand = symdev_signal_coap(code);
	if (session->demand != SYMDEV_NO_EVENT) {
		return err_fail(ERR_DENIED, "%s: 4.01, a token is required", session->host);
	}
	return code >> 5 == 2 ? OK
			      : err_fail(code >> 5 == 5 ? ERR_UNAVAILABLE : ERR_DENIED,
					"%s: the application answered %u.%02u", session->host,
					code >> 5, code & 31);
}

/* 10.5/2a to 2c with the token given.  req: B10.5 B9.5-a B7.4-c B7.4-f */
static enum err open_session(struct session *session, const struct symdev_token *token)
{
	char identity[SYMDEV_PSK_IDENTITY];
	struct tls_protocol protocol;
	struct ua ua;
	SECRET(key);
	struct tls *tls;

	if (session->options->digest) {
		return open_digest(session, token);
	}
	if (session->options->coap) {
		return open_coap(session, token);
	}
	TRY(device_protocol(session->options, &protocol, &ua));
	TRY(symdev_token_key(&se_soft_ops, session->device->se, token, &session->application, ua,
		&key));
	step(session, "10.5/2a", "token.key_derived");
	TRY(symdev_psk_identity(token, identity));
	TRY(tls_psk_client(view_text(identity), &key, protocol, &tls));
	step(session, "10.5/2b", "token.key_set");
	device_close_se(session->device); /* others may need it while the session lasts */
	enum err err = run_session(session, tls);

	tls_free(tls);
	return err;
}

/* Alert 80: the application cannot ask the node that the token's id names. Another node of the realm may be there, and a
 * token of that one be had. (What cannot be reached at all is not TLS's to tell.) */
static bool node_may_be_lost(const struct session *session, enum err err)
{
	return err == ERR_UNAVAILABLE && !session->ready &&
	       strncmp(session->detail, "TLS", 3) == 0 && session->device->realm.node_count > 1;
}

/* What the application says about the token, by whichever of the two carriers. */
static enum symdev_event demand_of(const struct session *session, enum err err)
{
	if (node_may_be_lost(session, err)) {
		return SYMDEV_NEW_TOKEN_REQUIRED;
	}
	/* of a PSK client's alerts stream.h makes ERR_AUTH */
	return err == ERR_AUTH && !session->ready ? SYMDEV_TOKEN_REQUIRED : session->demand;
}

/*
 * A refused handshake, or a 401, may mean that a token is required: nothing says so that could not be forged, so one
 * fresh bootstrap is tried, and no more.  req: B9.5-b
 */
static enum err connect_or_renew(struct session *session)
{
	struct symdev_token token, renewed;
	bool fresh;

	TRY(device_token(session->device, &session->application, session->options->rp_c, &token,
		&fresh));
	enum err err = open_session(session, &token);

	/* A fresh one of the plain form may be refused all the same: whether it may be had is asked only now. */
	if ((fresh && token.application.kind != IDENT_NONE) ||
		demand_of(session, err) == SYMDEV_NO_EVENT) {
		return err;
	}
	log_event(LOG_INFO, "session.token_required", "", LOG_DETAIL());
	TRY(device_renew(session->device, &session->application, session->options->rp_c, &token,
		&renewed));
	return open_session(session, &renewed);
}

static enum err read_seconds(const char *text, uint64_t *ret)
{
	return text_from_u64(view_text(text), LINGER_MAX_S, ret, "--linger") == OK
		       ? OK
		       : err_fail(ERR_CONFIG, "%s", err_detail());
}

static enum err read_options(const struct options *options, struct session *session)
{
	uint64_t linger = LINGER_S;

	TRY(device_read_ident("APPLICATION", IDENT_APPLICATION, options->word,
		&session->application));
	if (options->linger) {
		TRY(read_seconds(options->linger, &linger));
	}
	session->linger_ms = (int64_t)linger * 1000;
	if (options->digest && (!options->get || options->suite)) {
		return err_fail(ERR_CONFIG, "--digest goes with --get, and without --suite");
	}
	if (options->coap && (!options->get || options->suite || options->digest)) {
		return err_fail(ERR_CONFIG,
			"--coap goes with --get, and without --suite and --digest");
	}
	if (options->trust && !options->digest) {
		return err_fail(ERR_CONFIG, "--trust goes with --digest: with TLS-PSK the "
					    "application has no certificate");
	}
	if (options->get && options->get[0] != '/') {
		return err_fail(ERR_CONFIG, "--get takes a path that begins with /");
	}
	struct view host = ident_host_of(&session->application);

	if (host.len == 0) {
		return err_fail(ERR_UNSUPPORTED, "%s names no host to connect to",
			session->application.text);
	}
	TRY(text_copy(session->host, sizeof(session->host), host, "host"));
	return options->address ? text_copy(session->address, sizeof(session->address),
					  view_text(options->address), "--address")
				: device_default_address(host, session->address);
}

static enum err connect_device(const struct options *options, struct device *device)
{
	struct session session = {.device = device, .options = options};

	session.since_us = device->env->steady_us(device->env);
	TRY(read_options(options, &session));
	step(&session, "10.5/1a", "session.requested");
	step(&session, "10.5/1b", "session.secure_asked");
	TRY(connect_or_renew(&session));
	if (session.status >= 400) {
		return err_fail(session.status >= 500 ? ERR_UNAVAILABLE : ERR_DENIED,
			"%s: the application answered %u", session.host, session.status);
	}
	return OK;
}

enum err command_connect(const struct options *options)
{
	struct device device;
	enum err err = device_open(options, &device);

	if (err == OK) {
		err = connect_device(options, &device);
	}
	device_close(&device);
	return err;
}
