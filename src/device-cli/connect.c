// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "base/log.h"
#include "net/stream.h"
#include "wire/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 16 * 1024 * 1024 };

/*
 * The connection element (9.5): one session over RP_D. With --get it asks for one path and prints the body;
 * else standard input and output are the session.
 */
struct session {
	struct device *device;
	const struct options *options;
	struct ident application;
	struct stream *stream;
	struct watch *typed;
	struct http_parser_state *parser; /* --get */
	enum err result;
	unsigned status; /* --get */
	bool ready, done;
	int64_t since_us;
};

static void step(struct session *session, const char *clause, const char *event)
{
	const struct env *env = session->device->env;

	device_step(NULL, clause, event, env->steady_us(env) - session->since_us);
}

static void end(struct session *session, enum err result)
{
	session->result = result;
	session->done = true;
	loop_stop(session->device->loop);
}

static enum err on_head(void *user, const struct http_head *head)
{
	((struct session *)user)->status = head->status;
	return OK;
}

static enum err print(struct view bytes)
{
	return fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len && fflush(stdout) == 0
		       ? OK
		       : err_system("standard output");
}

static enum err on_body(void *user, struct view part)
{
	(void)user;
	return print(part);
}

static enum err on_done(void *user)
{
	end(user, OK);
	return OK;
}

static void send_request(struct session *session)
{
	BUF_CLEANUP struct buf request = buf_growing(16384);
	const struct http_field close[] = {{view_text("Connection"), view_text("close")}};

	http_write_request(&request, "GET", view_text(session->options->get),
		ident_host_of(&session->application), close, 1, false, 0);
	enum err err = buf_end(&request, "request");

	if (err == OK) {
		err = stream_send(session->stream, buf_contents(&request));
	}
	if (err != OK) {
		end(session, err);
	}
}

static void on_typed(void *user, int events)
{
	struct session *session = user;
	uint8_t bytes[16384];
	ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	enum err err =
		len > 0 ? stream_send(session->stream, view_of(bytes, (size_t)len)) : ERR_CLOSED;

	if (err != OK) {
		watch_stop(session->typed);
		session->typed = NULL;
		end(session, len > 0 ? err : OK);
	}
}

/* 10.5/2c: the secure session stands. */
static void on_ready(void *user, struct stream *stream)
{
	struct session *session = user;

	(void)stream;
	session->ready = true;
	step(session, "10.5/2c", "session.established");
	if (session->options->get) {
		send_request(session);
		return;
	}
	(void)fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	enum err err = watch_start(session->device->loop, STDIN_FILENO, WATCH_READ, on_typed,
		session, &session->typed);

	if (err != OK) {
		end(session, err);
	}
}

static size_t on_input(void *user, struct stream *stream, struct view bytes)
{
	struct session *session = user;
	size_t taken = bytes.len;

	(void)stream;
	enum err err =
		session->options->get ? http_feed(session->parser, bytes, &taken) : print(bytes);

	if (err != OK) {
		end(session, err);
	}
	return taken;
}

static void on_closed(void *user, struct stream *stream, enum err why)
{
	struct session *session = user;

	(void)stream;
	session->stream = NULL;
	if (session->done) {
		return;
	}
	if (session->ready && session->options->get) {
		why = http_feed_end(session->parser);
	}
	if (!session->done) {
		end(session,
			session->ready && why == ERR_CLOSED && !session->options->get ? OK : why);
	}
}

static enum err run_session(struct session *session, struct tls *tls, const char *address)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};
	static const struct http_on parser_on = {.head = on_head, .body = on_body, .done = on_done};
	const struct http_limits limits = {.body = BODY_MAX};
	char host[IDENT_MAX + 1];

	TRY(http_parser_new(HTTP_RESPONSES, &limits, &parser_on, session, &session->parser));
	struct view name = ident_host_of(&session->application);

	memcpy(host, name.data, name.len);
	host[name.len] = '\0';
	TRY(stream_connect(session->device->loop, address, tls, host, NULL, &on, session,
		&session->stream));
	loop_run(session->device->loop);
	watch_stop(session->typed);
	if (session->stream) {
		stream_close(session->stream);
	}
	return session->result;
}

/* 10.5/2a to 2c with the token given.  req: B10.5 B9.5-a */
static enum err open_session(struct session *session, const struct symdev_token *token)
{
	char identity[SYMDEV_PSK_IDENTITY];
	SECRET(key);
	struct tls *tls;

	TRY(symdev_token_key(&se_soft_ops, session->device->se, token, &session->application,
		UA_TLS13_PSK, &key));
	step(session, "10.5/2a", "token.key_derived");
	TRY(symdev_psk_identity(token, identity));
	TRY(tls_psk_client(view_text(identity), &key, &tls));
	step(session, "10.5/2b", "token.key_set");
	enum err err = run_session(session, tls, session->options->address);

	http_parser_free(session->parser);
	session->parser = NULL;
	tls_free(tls);
	return err;
}

/*
 * A handshake that the application refuses may mean that a token is required: nothing says so that could not be
 * forged, so one fresh bootstrap is tried, and no more.  req: B9.5-b
 */
static enum err connect_or_renew(struct session *session)
{
	struct symdev_token token;

	TRY(device_token(session->device, session->options->rp_c, &token));
	bool fresh = token.from >= session->since_us / 1000000;
	enum err err = open_session(session, &token);

	if (err == OK || session->ready || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT || fresh) {
		return err;
	}
	log_event(LOG_INFO, "session.token_required", "", LOG_DETAIL());
	TRY(device_bootstrap(session->device, session->options->rp_c, &token));
	session->done = false;
	return open_session(session, &token);
}

static enum err connect_device(const struct options *options, struct device *device)
{
	struct session session = {.device = device, .options = options};

	session.since_us = device->env->steady_us(device->env);
	if (options->word_count != 1 || !options->address) {
		return err_fail(ERR_CONFIG, "connect needs an application and --address");
	}
	TRY(ident_parse(IDENT_APPLICATION, view_text(options->words[0]), &session.application));
	if (ident_host_of(&session.application).len == 0) {
		return err_fail(ERR_UNSUPPORTED, "%s names no host to connect to",
			session.application.text);
	}
	step(&session, "10.5/1a", "session.requested");
	step(&session, "10.5/1b", "session.secure_asked");
	TRY(connect_or_renew(&session));
	if (session.status >= 400) {
		return err_fail(ERR_DENIED, "the application answered %u", session.status);
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
