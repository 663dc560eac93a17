// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_ca.h"
#include "fake_env.h"
#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TURNS = 20000, MUCH = 2 * 1024 * 1024 };

struct end {
	struct stream *stream;
	struct buf got;
	bool ready, ended, closed, echo;
	enum err why;
	char said[256];
};

struct asked {
	enum err answer; /* of `find` */
	size_t times;
	char identity[600], server_name[300];
	const char *only; /* this identity alone is known; NULL: every one */
	struct tls_protocol protocol;
	uint64_t ref;
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct fake_ca ca;
	struct fake_certificate node, device;
	struct tls *server, *client;
	struct listener *listener;
	struct end near, far; /* client; server */
	struct asked asked;
	struct tls_protocol protocol; /* of a PSK client */
	bool plain_psk;
};

static const struct secret key = {.bytes = "0123456789abcdef0123456789abcdef", .len = 32};
static const struct secret other_key = {.bytes = "0123456789abcdef0123456789abcdeX", .len = 32};
#define IDENTITY "3GPP-bootstrapping;cmFuZG9tcmFuZG9tcmFuZA==@authn.example"

static void on_ready(void *user, struct stream *s)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	e->ready = true;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct end *e = user;

	buf_view(&e->got, bytes);
	if (e->echo) {
		assert_ok(stream_send(s, bytes));
	}
	return bytes.len;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	e->stream = NULL;
	e->closed = true;
	e->why = why;
	(void)snprintf(e->said, sizeof(e->said), "%s", err_detail());
}

static const struct stream_on on = {.ready = on_ready, .input = on_input, .closed = on_closed};

static void welcome(void *user, struct stream *s)
{
	struct world *w = user;

	assert_null(w->far.stream);
	w->far.stream = s;
	w->far.ready = true;
	stream_set(s, &on, &w->far);
}

static struct fake_ca shared_ca;

static int make_ca(void **state)
{
	(void)state;
	fake_ca_open(&shared_ca);
	return 0;
}

static int drop_ca(void **state)
{
	(void)state;
	fake_ca_close(&shared_ca);
	return 0;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->env = fake_env_of(1);
	w->protocol = TLS_13_PSK;
	assert_ok(loop_new(&w->env.env, &w->loop));
	w->ca = shared_ca;
	fake_ca_issue(&w->ca, "node", "DNS:other.example,DNS:node.example,IP:127.0.0.1", 2,
		&w->node);
	fake_ca_issue(&w->ca, "device.example", NULL, 2, &w->device);
	w->near.got = buf_growing(MUCH);
	w->far.got = buf_growing(MUCH);
	w->far.echo = true;
	*state = w;
	return 0;
}

static void forget_end(struct end *e)
{
	if (e->stream) {
		stream_abort(e->stream);
	}
	e->stream = NULL;
	e->ready = e->closed = false;
	buf_free(&e->got);
}

static int teardown(void **state)
{
	struct world *w = *state;

	listener_close(w->listener);
	forget_end(&w->near);
	forget_end(&w->far);
	tls_free(w->server);
	tls_free(w->client);
	loop_free(w->loop);
	free(w);
	return 0;
}

#define until(w, condition)                                                                        \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn((w)->loop, 1);                                                   \
		}                                                                                  \
	} while (0)

static void listen_with(struct world *w, struct tls *server)
{
	struct listener_options options = {.address = "127.0.0.1:0", .tls = server};

	w->server = server;
	assert_ok(listener_open(w->loop, &options, welcome, w, &w->listener));
}

static void serve(struct world *w, enum tls_peers peers)
{
	struct tls_files files = fake_ca_files(&w->ca, &w->node);
	struct tls *server;

	assert_ok(tls_server(&files, peers, &server));
	listen_with(w, server);
}

static void dial(struct world *w, struct tls *client, const char *name)
{
	w->client = client;
	assert_ok(stream_connect(w->loop, listener_address(w->listener), client, name, NULL, &on,
		&w->near, &w->near.stream));
}

static void dial_as(struct world *w, const struct fake_certificate *own, const char *name)
{
	struct tls_files files = fake_ca_files(&w->ca, own);
	struct tls *client;

	assert_ok(tls_client(&files, &client));
	dial(w, client, name);
}

static void meet(struct world *w)
{
	until(w, (w->near.ready && w->far.ready) || w->near.closed);
	if (w->near.closed) {
		fail_msg("the handshake failed: %s: %s", err_name(w->near.why), w->near.said);
	}
}

static void assert_refused(struct world *w, enum err why, const char *words)
{
	until(w, w->near.closed);
	if (w->near.why != why || !strstr(w->near.said, words)) {
		fail_msg("%s: \"%s\", not %s: \"%s\"", err_name(w->near.why), w->near.said,
			err_name(why), words);
	}
	until(w, listener_connections(w->listener) == 0);
	assert_null(w->far.stream);
}

static void bytes_go_and_come(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	meet(w);
	assert_ok(stream_send(w->near.stream, view_text("hello")));
	until(w, w->near.got.len == 5);
	assert_view(buf_contents(&w->near.got), "hello");
	assert_string_equal(stream_tls_version(w->near.stream), "TLSv1.3");
	assert_string_equal(stream_tls_version(w->far.stream), "TLSv1.3");
	assert_string_equal(stream_peer_name(w->near.stream), "other.example");
	assert_true(stream_peer_is(w->near.stream, "node.example"));
	assert_true(stream_peer_is(w->near.stream, "NODE.example"));
	assert_false(stream_peer_is(w->near.stream, "node"));
	assert_false(stream_peer_is(w->near.stream, ".example"));
	assert_false(stream_peer_is(w->near.stream, ""));
	assert_string_equal(stream_peer_name(w->far.stream), ""); /* it was not asked for one */
	assert_int_equal(stream_psk_identity(w->far.stream).len, 0);
}

static void both_ends_derive_the_same_channel_binding(void **state)
{
	struct world *w = *state;
	uint8_t near[32], far[32], zero[32] = {0};

	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	meet(w);
	assert_ok(stream_channel_binding(w->near.stream, near));
	assert_ok(stream_channel_binding(w->far.stream, far));
	assert_memory_equal(near, far, 32);
	assert_memory_not_equal(near, zero, 32);
}

static void much_is_carried_in_order(void **state)
{
	struct world *w = *state;
	uint8_t *bytes = malloc(MUCH);
	size_t given = 0;

	assert_ok(w->env.env.random(&w->env.env, bytes, MUCH));
	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	meet(w);
	while (w->near.got.len < MUCH) {
		while (given < MUCH && stream_pending(w->near.stream) < 70000) {
			size_t len = MUCH - given < 70001 ? MUCH - given : 70001;
			assert_ok(stream_send(w->near.stream, view_of(bytes + given, len)));
			given += len;
		}
		loop_turn(w->loop, 1);
	}
	assert_memory_equal(w->near.got.data, bytes, MUCH);
	free(bytes);
}

static void a_proper_end_is_told_from_a_cut(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	meet(w);
	assert_ok(stream_send(w->near.stream, view_text("last words")));
	stream_close(w->near.stream);
	w->near.stream = NULL;
	until(w, w->far.closed);
	assert_err(ERR_CLOSED, w->far.why);
	assert_view(buf_contents(&w->far.got), "last words");

	tls_free(w->client);
	w->far.ready = w->far.closed = w->near.ready = false;
	dial_as(w, NULL, "node.example");
	meet(w);
	stream_abort(w->near.stream);
	w->near.stream = NULL;
	until(w, w->far.closed);
	assert_err(ERR_IO, w->far.why);
	assert_non_null(strstr(w->far.said, "without saying so"));
}

static void the_server_must_be_whom_we_want(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "wrong.example");
	assert_refused(w, ERR_AUTH, "hostname mismatch");
}

static void a_common_name_names_no_server(void **state)
{
	struct world *w = *state;

	w->node = w->device;
	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "device.example");
	assert_refused(w, ERR_AUTH, "hostname mismatch");
}

static void without_a_name_the_address_counts(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, NULL);
	meet(w);
}

static void a_stranger_is_not_trusted(void **state)
{
	struct world *w = *state;
	struct fake_ca stranger;

	fake_ca_open(&stranger);
	fake_ca_issue(&stranger, "node", "DNS:node.example", 2, &w->node);
	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	assert_refused(w, ERR_AUTH, "certificate");
	fake_ca_close(&stranger);
}

static void an_expired_certificate_is_refused(void **state)
{
	struct world *w = *state;

	fake_ca_issue(&w->ca, "node", "DNS:node.example", -1, &w->node);
	serve(w, TLS_PEERS_NONE);
	dial_as(w, NULL, "node.example");
	assert_refused(w, ERR_AUTH, "expired");
}

static void a_client_is_known_by_its_certificate(void **state)
{
	struct world *w = *state;

	fake_ca_issue(&w->ca, "authn", "DNS:authn.example,DNS:*.wild.example", 2, &w->device);
	serve(w, TLS_PEERS_REQUIRED);
	dial_as(w, &w->device, "node.example");
	meet(w);
	assert_true(stream_peer_is(w->far.stream, "authn.example"));
	assert_false(stream_peer_is(w->far.stream, "node.example"));
	assert_false(stream_peer_is(w->far.stream, "x.wild.example"));
	assert_string_equal(stream_peer_name(w->far.stream), "authn.example");
}

static void a_client_without_alternative_name_shows_its_common_name(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_OPTIONAL);
	dial_as(w, &w->device, "node.example");
	meet(w);
	assert_string_equal(stream_peer_name(w->far.stream), "device.example");
	assert_false(stream_peer_is(w->far.stream, "device.example"));
}

static void an_optional_certificate_may_be_missing(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_OPTIONAL);
	dial_as(w, NULL, "node.example");
	meet(w);
	assert_string_equal(stream_peer_name(w->far.stream), "");
	assert_false(stream_peer_is(w->far.stream, "node.example"));
}

static void a_required_certificate_may_not(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_REQUIRED);
	dial_as(w, NULL, "node.example");
	assert_refused(w, ERR_AUTH, "certificate required");
}

static void a_client_of_another_authority_is_refused(void **state)
{
	struct world *w = *state;
	struct fake_ca stranger;

	fake_ca_open(&stranger);
	fake_ca_issue(&stranger, "authn", "DNS:authn.example", 2, &w->device);
	serve(w, TLS_PEERS_OPTIONAL);
	dial_as(w, &w->device, "node.example");
	assert_refused(w, ERR_AUTH, "unknown ca");
	fake_ca_close(&stranger);
}

/* A client that is no stream. */
static int raw_client(struct world *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(listener_address(w->listener), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void what_is_not_tls_is_turned_away(void **state)
{
	struct world *w = *state;
	char answer[16];

	serve(w, TLS_PEERS_NONE);
	int fd = raw_client(w);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	while (listener_connections(w->listener) == 0) {
		loop_turn(w->loop, 1);
	}
	int turns = 0;
	while (recv(fd, answer, sizeof(answer), 0) < 0 && turns++ < TURNS) {
		loop_turn(w->loop, 1);
	}
	(void)close(fd);
	until(w, listener_connections(w->listener) == 0);
	assert_null(w->far.stream);
}

static void a_handshake_that_stalls_is_given_up(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	int fd = raw_client(w);
	until(w, listener_connections(w->listener) == 1);
	fake_env_advance(&w->env, 9999);
	loop_turn(w->loop, 0);
	assert_int_equal(listener_connections(w->listener), 1);
	fake_env_advance(&w->env, 1);
	until(w, listener_connections(w->listener) == 0);
	(void)close(fd);
}

static void handshakes_end_with_their_listener(void **state)
{
	struct world *w = *state;
	char byte;

	serve(w, TLS_PEERS_NONE);
	int fd = raw_client(w);
	until(w, listener_connections(w->listener) == 1);
	listener_close(w->listener);
	w->listener = NULL;
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	(void)close(fd);
}

/* Drives OpenSSL's own client over a descriptor; returns its alert, 0 when the handshake is done. */
static int handshake_of(struct world *w, SSL_CTX *ctx, const char *server_name)
{
	int fd = raw_client(w), result = -1, alert = 0;
	SSL *ssl = SSL_new(ctx);

	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	if (server_name) {
		(void)SSL_set_tlsext_host_name(ssl, server_name);
	}
	for (int i = 0; i < TURNS; i++) {
		ERR_clear_error();
		result = SSL_connect(ssl);
		int error = SSL_get_error(ssl, result);
		if (result == 1 || (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)) {
			break;
		}
		loop_turn(w->loop, 1);
	}
	if (result != 1) {
		alert = ERR_GET_REASON(ERR_peek_last_error()) - SSL_AD_REASON_OFFSET;
		ERR_clear_error();
	}
	SSL_free(ssl);
	(void)close(fd);
	return alert;
}

static void old_versions_are_refused(void **state)
{
	struct world *w = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	serve(w, TLS_PEERS_NONE);
	SSL_CTX_set_security_level(ctx, 0);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	assert_int_equal(handshake_of(w, ctx, "node.example"), SSL_AD_PROTOCOL_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	assert_int_equal(handshake_of(w, ctx, "node.example"), 0);
	SSL_CTX_free(ctx);
}

/* Files */

static void files_are_checked_at_the_start(void **state)
{
	struct world *w = *state;
	struct tls *tls;
	struct tls_files good = fake_ca_files(&w->ca, &w->node), f = good;

	f.certificate = "/nonexistent/a.pem";
	assert_err(ERR_CONFIG, tls_server(&f, TLS_PEERS_NONE, &tls));
	assert_said("certificate /nonexistent/a.pem: No such file");
	f = good;
	f.certificate = w->node.key;
	assert_err(ERR_CONFIG, tls_server(&f, TLS_PEERS_NONE, &tls));
	assert_said(w->node.key);
	f = good;
	f.key = w->device.key;
	assert_err(ERR_CONFIG, tls_server(&f, TLS_PEERS_NONE, &tls));
	assert_said("key values mismatch");
	f = good;
	f.key = NULL;
	assert_err(ERR_CONFIG, tls_server(&f, TLS_PEERS_NONE, &tls));
	assert_said("both a certificate and its key");
	f = good;
	f.authority = "";
	assert_err(ERR_CONFIG, tls_server(&f, TLS_PEERS_REQUIRED, &tls));
	assert_said("without an authority");
	f.authority = w->node.key;
	assert_err(ERR_CONFIG, tls_client(&f, &tls));
	assert_said("authority");
	assert_int_equal(chmod(w->node.key, 0640), 0);
	assert_err(ERR_CONFIG, tls_server(&good, TLS_PEERS_NONE, &tls));
	assert_said("chmod 600");
}

/* PSK */

static enum err find(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	struct asked *a = user;

	a->times++;
	a->ref = stream_ref(stream);
	(void)snprintf(a->identity, sizeof(a->identity), "%.*s", (int)hello->identity.len,
		(const char *)hello->identity.data);
	(void)snprintf(a->server_name, sizeof(a->server_name), "%.*s", (int)hello->server_name.len,
		(const char *)hello->server_name.data);
	a->protocol = hello->protocol;
	if (a->only && !view_is(hello->identity, a->only)) {
		return err_fail(ERR_NOT_FOUND, "no such token");
	}
	if (a->answer == OK) {
		*ret_key = key;
	}
	return a->answer;
}

static void serve_psk(struct world *w)
{
	struct tls *server;

	const struct tls_psk_options options = {.find = find,
		.user = &w->asked,
		.hint = "3GPP-bootstrapping",
		.plain_psk = w->plain_psk};

	assert_ok(tls_psk_server(&options, &server));
	listen_with(w, server);
}

static void dial_psk(struct world *w, const char *identity, const struct secret *k)
{
	struct tls *client;

	assert_ok(tls_psk_client(view_text(identity), k, w->protocol, &client));
	dial(w, client, "app.example");
}

/* req: B10.5 */
static void whoever_has_the_key_gets_in(void **state)
{
	struct world *w = *state;

	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	meet(w);
	assert_string_equal(w->asked.identity, IDENTITY);
	assert_string_equal(w->asked.server_name, "app.example");
	assert_int_equal(w->asked.protocol.version, TLS_1_3);
	assert_int_equal(w->asked.protocol.suite, 0);
	assert_int_equal(stream_tls_protocol(w->far.stream).version, TLS_1_3);
	assert_int_equal(stream_tls_protocol(w->far.stream).suite, 0x1301);
	assert_view(stream_psk_identity(w->far.stream), IDENTITY);
	assert_view(stream_psk_identity(w->near.stream), IDENTITY);
	assert_string_equal(stream_server_name(w->far.stream), "app.example");
	assert_string_equal(stream_tls_version(w->far.stream), "TLSv1.3");
	assert_string_equal(stream_peer_name(w->far.stream), "");
	assert_false(stream_peer_is(w->far.stream, "app.example"));
	assert_ok(stream_send(w->near.stream, view_text("hello")));
	until(w, w->near.got.len == 5);
	uint8_t near[32], far[32];
	assert_ok(stream_channel_binding(w->near.stream, near));
	assert_ok(stream_channel_binding(w->far.stream, far));
	assert_memory_equal(near, far, 32);
}

static void a_wrong_key_does_not(void **state)
{
	struct world *w = *state;

	serve_psk(w);
	dial_psk(w, IDENTITY, &other_key);
	until(w, w->near.closed);
	assert_err(ERR_AUTH, w->near.why);
	assert_null(w->far.stream);
}

static void an_unknown_identity_is_told_so(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_NOT_FOUND;
	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	assert_refused(w, ERR_AUTH, "unknown psk identity");
}

/* Who is told so has no reason to make another key. */
static void a_key_that_cannot_be_had_now_is_told_so(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_UNAVAILABLE;
	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	assert_refused(w, ERR_UNAVAILABLE, "internal error");
}

static void a_handshake_waits_for_a_key(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	until(w, w->asked.times == 1);
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
	assert_int_equal(w->asked.times, 1);
	assert_false(w->near.closed || w->near.ready);
	stream_retry(stream_at(w->loop, w->asked.ref));
	until(w, w->asked.times == 2);
	assert_false(w->near.closed || w->near.ready); /* still unknown: it waits on */
	w->asked.answer = OK;
	stream_retry(stream_at(w->loop, w->asked.ref));
	meet(w);
}

static void a_key_that_does_not_come_ends_the_wait(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	until(w, w->asked.times == 1);
	w->asked.answer = ERR_NOT_FOUND;
	stream_retry(stream_at(w->loop, w->asked.ref));
	assert_refused(w, ERR_AUTH, "unknown psk identity");
}

static enum err find_at_second_sight(void *user, struct stream *stream,
	const struct tls_psk_hello *hello, struct secret *ret_key)
{
	struct asked *a = user;

	if (find(user, stream, hello, ret_key) == OK && a->times > 1) {
		return OK;
	}
	stream_retry(stream); /* the answer was there before it was waited for */
	return ERR_AGAIN;
}

static void a_retry_before_the_wait_is_not_lost(void **state)
{
	struct world *w = *state;
	struct tls *server;

	assert_ok(tls_psk_server(&(struct tls_psk_options){.find = find_at_second_sight,
					 .user = &w->asked},
		&server));
	listen_with(w, server);
	dial_psk(w, IDENTITY, &key);
	meet(w);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	until(w, w->asked.times == 1);
	stream_abort(w->near.stream);
	w->near.stream = NULL;
	fake_env_advance(&w->env, 10000);
	until(w, listener_connections(w->listener) == 0);
	assert_null(stream_at(w->loop, w->asked.ref));
	stream_retry(stream_at(w->loop, w->asked.ref));
}

static int psk_of(SSL *ssl, const EVP_MD *md, const unsigned char **ret_identity, size_t *ret_len,
	SSL_SESSION **ret)
{
	static const unsigned char suite[] = {0x13, 0x01};

	(void)md;
	*ret = SSL_SESSION_new();
	assert_int_equal(SSL_SESSION_set1_master_key(*ret, key.bytes, key.len), 1);
	assert_int_equal(SSL_SESSION_set_cipher(*ret, SSL_CIPHER_find(ssl, suite)), 1);
	assert_int_equal(SSL_SESSION_set_protocol_version(*ret, TLS1_3_VERSION), 1);
	*ret_identity = (const unsigned char *)IDENTITY;
	*ret_len = strlen(IDENTITY);
	return 1;
}

static unsigned psk_of_12(SSL *ssl, const char *hint, char *identity, unsigned room,
	unsigned char *psk, unsigned psk_room)
{
	(void)ssl;
	(void)hint;
	(void)psk_room;
	(void)snprintf(identity, room, "%s", IDENTITY);
	memcpy(psk, key.bytes, key.len);
	return (unsigned)key.len;
}

/* Each client of a foreign make, and the alert that it gets. */
static void a_psk_server_takes_nothing_else(void **state)
{
	struct world *w = *state;
	static const char *const weak[] = {"PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384",
		"DHE-PSK-AES256-GCM-SHA384", "ECDHE-PSK-AES128-CBC-SHA256", "PSK-AES128-CBC-SHA",
		"RSA-PSK-AES128-GCM-SHA256", "DHE-PSK-CHACHA20-POLY1305"};

	serve_psk(w);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(handshake_of(w, ctx, "app.example"), SSL_AD_HANDSHAKE_FAILURE);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	assert_int_equal(handshake_of(w, ctx, "app.example"), SSL_AD_HANDSHAKE_FAILURE);
	SSL_CTX_set_psk_client_callback(ctx, psk_of_12);
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		assert_int_equal(SSL_CTX_set_cipher_list(ctx, weak[i]), 1);
		assert_int_equal(handshake_of(w, ctx, "app.example"), SSL_AD_HANDSHAKE_FAILURE);
	}
	SSL_CTX_set_security_level(ctx, 0);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, "PSK"), 1);
	assert_int_equal(handshake_of(w, ctx, "app.example"), SSL_AD_PROTOCOL_VERSION);
	SSL_CTX_free(ctx);
	assert_int_equal(w->asked.times, 0);

	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_psk_use_session_callback(ctx, psk_of);
	assert_int_equal(handshake_of(w, ctx, "app.example"), 0);
	w->far.ready = false;
	until(w, w->far.closed || !w->far.stream);
	assert_int_equal(handshake_of(w, ctx, NULL), SSL_AD_UNRECOGNIZED_NAME);
	/* SHA-384 alone does not go with these keys. */
	(void)SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(handshake_of(w, ctx, "app.example"), SSL_AD_HANDSHAKE_FAILURE);
	SSL_CTX_free(ctx);
}

/* A key share that the server must ask for again: two ClientHellos, both answered. */
static void a_hello_retry_is_followed(void **state)
{
	struct world *w = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	serve_psk(w);
	SSL_CTX_set_psk_use_session_callback(ctx, psk_of);
	assert_int_equal(SSL_CTX_set1_groups_list(ctx, "P-521:P-384"), 1);
	assert_int_equal(handshake_of(w, ctx, "app.example"), 0);
	assert_int_equal(w->asked.times, 2);
	SSL_CTX_free(ctx);
}

/* A server with a certificate is not what a PSK client came for. */
static void a_psk_client_takes_no_certificate(void **state)
{
	struct world *w = *state;

	serve(w, TLS_PEERS_NONE);
	dial_psk(w, IDENTITY, &key);
	until(w, w->near.closed);
	assert_err(ERR_AUTH, w->near.why);
	assert_false(w->near.ready);
}

static void identities_have_limits(void **state)
{
	struct world *w = *state;
	struct tls *tls;
	char longest[514];

	memset(longest, 'x', sizeof(longest));
	longest[513] = '\0';
	assert_err(ERR_RANGE, tls_psk_client(view_text(longest), &key, TLS_13_PSK, &tls));
	assert_err(ERR_RANGE, tls_psk_client(view_text(""), &key, TLS_13_PSK, &tls));
	assert_err(ERR_RANGE,
		tls_psk_client(view_text("x"), &(struct secret){.len = 0}, TLS_13_PSK, &tls));
	longest[256] = '\0'; /* OpenSSL's client has 256 as its own limit */
	serve_psk(w);
	dial_psk(w, longest, &key);
	meet(w);
	assert_view(stream_psk_identity(w->far.stream), longest);
}

/* A ClientHello by hand: what no library would send. */
static void hello(struct buf *out, const struct view *extensions, size_t count)
{
	uint8_t random[32] = {7};
	static const uint8_t fixed[] = {
		0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04,	/* supported_versions */
		0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, /* groups: P-256 */
		0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03, /* signatures */
		0x00, 0x2d, 0x00, 0x02, 0x01, 0x01,		/* psk_dhe_ke */
		0x00, 0x33, 0x00, 0x02, 0x00, 0x00,		/* no key share */
	};
	size_t len = sizeof(fixed);

	for (size_t i = 0; i < count; i++) {
		len += extensions[i].len;
	}
	size_t body = 2 + 32 + 1 + 4 + 2 + 2 + len;
	buf_u8(out, 22);
	buf_u16(out, 0x0301);
	buf_u16(out, (uint16_t)(body + 4));
	buf_u8(out, 1);
	buf_u24(out, (uint32_t)body);
	buf_u16(out, 0x0303);
	buf_bytes(out, random, sizeof(random));
	buf_u8(out, 0);
	buf_u16(out, 2);
	buf_u16(out, 0x1301);
	buf_u16(out, 0x0100);
	buf_u16(out, (uint16_t)len);
	buf_bytes(out, fixed, sizeof(fixed));
	for (size_t i = 0; i < count; i++) {
		buf_view(out, extensions[i]);
	}
}

/* Sends it, and returns the alert that comes back; 0 for another message. */
static int alert_for(struct world *w, const struct view *extensions, size_t count)
{
	struct buf out BUF_CLEANUP = buf_growing(20000);
	uint8_t answer[1000];
	ssize_t got = -1;
	int fd = raw_client(w);

	hello(&out, extensions, count);
	assert_int_equal(send(fd, out.data, out.len, 0), out.len);
	for (int i = 0; i < TURNS && got < 0; i++) {
		loop_turn(w->loop, 1);
		got = recv(fd, answer, sizeof(answer), 0);
	}
	(void)close(fd);
	until(w, listener_connections(w->listener) == 0);
	assert_true(got >= 7);
	return answer[0] == 21 ? answer[6] : 0;
}

static struct view server_name_extension(struct buf *b, const char *name)
{
	size_t len = strlen(name);

	buf_u16(b, 0);
	buf_u16(b, (uint16_t)(len + 5));
	buf_u16(b, (uint16_t)(len + 3));
	buf_u8(b, 0);
	buf_u16(b, (uint16_t)len);
	buf_text(b, name);
	return buf_contents(b);
}

static struct view psk_extension(struct buf *b, const char *const *identities, size_t count)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		len += 2 + strlen(identities[i]) + 4;
	}
	buf_u16(b, 41);
	buf_u16(b, (uint16_t)(2 + len + 2 + 33 * count));
	buf_u16(b, (uint16_t)len);
	for (size_t i = 0; i < count; i++) {
		buf_u16(b, (uint16_t)strlen(identities[i]));
		buf_text(b, identities[i]);
		buf_u32(b, 0);
	}
	buf_u16(b, (uint16_t)(33 * count));
	for (size_t i = 0; i < count; i++) {
		buf_u8(b, 32);
		buf_zeros(b, 32);
	}
	return buf_contents(b);
}

static int alert_for_identities(struct world *w, const char *const *identities, size_t count)
{
	struct buf name BUF_CLEANUP = buf_growing(1000), psk BUF_CLEANUP = buf_growing(10000);
	struct view extensions[2];

	extensions[0] = server_name_extension(&name, "app.example");
	extensions[1] = psk_extension(&psk, identities, count);
	return alert_for(w, extensions, 2);
}

static void several_identities_are_tried_up_to_a_ceiling(void **state)
{
	struct world *w = *state;
	static const char *const five[] = {"one", "two", "three", "four", "five"};
	char huge[700];

	serve_psk(w);
	w->asked.only = "four";
	(void)alert_for_identities(w, five, 5);
	assert_string_equal(w->asked.identity, "four");
	assert_int_equal(w->asked.times, 4);
	w->asked.only = "five";
	assert_int_equal(alert_for_identities(w, five, 5), SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 8);
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(alert_for_identities(w, (const char *const[]){huge}, 1),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 8);
}

static void broken_extensions_are_refused(void **state)
{
	struct world *w = *state;
	static const uint8_t cut_psk[] = {0, 41, 0, 6, 0, 4, 0, 99, 'a', 'b'};
	static const uint8_t no_psk[] = {0, 41, 0, 0};
	static const uint8_t other_type[] = {0, 0, 0, 6, 0, 4, 1, 0, 1, 'a'};
	static const uint8_t zero_in_name[] = {0, 0, 0, 8, 0, 6, 0, 0, 3, 'a', 0, 'b'};
	static const uint8_t too_long_list[] = {0, 0, 0, 6, 0, 9, 0, 0, 1, 'a'};
	struct buf name BUF_CLEANUP = buf_growing(1000), psk BUF_CLEANUP = buf_growing(1000);
	struct buf endless BUF_CLEANUP = buf_growing(1000);
	char long_name[301];

	serve_psk(w);
	struct view good_name = server_name_extension(&name, "app.example");
	struct view good_psk = psk_extension(&psk, (const char *const[]){IDENTITY}, 1);
	assert_int_equal(alert_for(w, (struct view[]){good_name, VIEW(cut_psk)}, 2),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(alert_for(w, (struct view[]){good_name, VIEW(no_psk)}, 2),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 0);
	assert_int_equal(alert_for(w, (struct view[]){VIEW(other_type), good_psk}, 2),
		SSL_AD_UNRECOGNIZED_NAME);
	assert_int_equal(alert_for(w, (struct view[]){VIEW(zero_in_name), good_psk}, 2),
		SSL_AD_UNRECOGNIZED_NAME);
	assert_int_equal(alert_for(w, (struct view[]){VIEW(too_long_list), good_psk}, 2),
		SSL_AD_UNRECOGNIZED_NAME);
	memset(long_name, 'a', 300);
	long_name[300] = '\0';
	assert_int_equal(
		alert_for(w, (struct view[]){server_name_extension(&endless, long_name), good_psk},
			2),
		SSL_AD_UNRECOGNIZED_NAME);
	assert_int_equal(w->asked.times, 0);
}

/* TLS 1.2 */

enum { CCAC = 0xccac, AA = 0x00aa, A8 = 0x00a8 };

static void meet_in_12(struct world *w, uint16_t suite)
{
	serve_psk(w);
	w->protocol = TLS_12_PSK(suite);
	dial_psk(w, IDENTITY, &key);
	meet(w);
	assert_string_equal(w->asked.identity, IDENTITY);
	assert_string_equal(w->asked.server_name, "app.example");
	assert_int_equal(w->asked.times, 1);
	assert_int_equal(w->asked.protocol.version, TLS_1_2);
	assert_int_equal(w->asked.protocol.suite, suite);
	assert_int_equal(stream_tls_protocol(w->far.stream).version, TLS_1_2);
	assert_int_equal(stream_tls_protocol(w->far.stream).suite, suite);
	assert_view(stream_psk_identity(w->far.stream), IDENTITY);
	assert_string_equal(stream_server_name(w->far.stream), "app.example");
	assert_ok(stream_send(w->near.stream, view_text("hello")));
	until(w, w->near.got.len == 5);
}

/* req: B10.5 */
static void the_key_of_a_suite_opens_tls_12(void **state)
{
	struct world *w = *state;
	uint8_t near[32], far[32];

	meet_in_12(w, CCAC);
	assert_ok(stream_channel_binding(w->near.stream, near));
	assert_ok(stream_channel_binding(w->far.stream, far));
	assert_memory_equal(near, far, 32);
}

static void finite_field_diffie_hellman_too(void **state)
{
	meet_in_12(*state, AA);
}

static void plain_psk_when_it_is_wanted(void **state)
{
	struct world *w = *state;

	w->plain_psk = true;
	meet_in_12(w, A8);
}

static void plain_psk_is_refused_otherwise(void **state)
{
	struct world *w = *state;

	serve_psk(w);
	w->protocol = TLS_12_PSK(A8);
	dial_psk(w, IDENTITY, &key);
	assert_refused(w, ERR_AUTH, "handshake failure");
	assert_int_equal(w->asked.times, 0);
}

static void dial_12(struct world *w, const struct secret *k)
{
	serve_psk(w);
	w->protocol = TLS_12_PSK(CCAC);
	dial_psk(w, IDENTITY, k);
}

static void a_wrong_key_fails_in_12(void **state)
{
	struct world *w = *state;

	dial_12(w, &other_key);
	until(w, w->near.closed);
	assert_err(ERR_AUTH, w->near.why);
	assert_null(w->far.stream);
}

static void an_unknown_identity_is_told_so_in_12(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_NOT_FOUND;
	dial_12(w, &key);
	assert_refused(w, ERR_AUTH, "unknown psk identity");
}

static void a_key_that_cannot_be_had_now_is_told_so_in_12(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_TIMEOUT;
	dial_12(w, &key);
	assert_refused(w, ERR_UNAVAILABLE, "internal error");
}

/* The ClientKeyExchange is held back meanwhile. */
static void a_handshake_of_12_waits_for_a_key(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	dial_12(w, &key);
	until(w, w->asked.times == 1);
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
	assert_int_equal(w->asked.times, 1);
	assert_false(w->near.closed || w->near.ready);
	stream_retry(stream_at(w->loop, w->asked.ref));
	until(w, w->asked.times == 2);
	assert_false(w->near.closed || w->near.ready);
	w->asked.answer = OK;
	stream_retry(stream_at(w->loop, w->asked.ref));
	meet(w);
	assert_int_equal(w->asked.times, 3);
}

static void a_key_that_does_not_come_ends_the_wait_in_12(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	dial_12(w, &key);
	until(w, w->asked.times == 1);
	w->asked.answer = ERR_NOT_FOUND;
	stream_retry(stream_at(w->loop, w->asked.ref));
	assert_refused(w, ERR_AUTH, "unknown psk identity");
}

static void a_client_of_12_may_leave_while_it_waits(void **state)
{
	struct world *w = *state;

	w->asked.answer = ERR_AGAIN;
	dial_12(w, &key);
	until(w, w->asked.times == 1);
	stream_abort(w->near.stream);
	w->near.stream = NULL;
	fake_env_advance(&w->env, 10000);
	until(w, listener_connections(w->listener) == 0);
	assert_null(stream_at(w->loop, w->asked.ref));
}

/* OpenSSL asks the callback of TLS 1.2 when that of 1.3 knows nothing: there is no second door. */
static enum err find_in_12(void *user, struct stream *stream, const struct tls_psk_hello *hello,
	struct secret *ret_key)
{
	enum err found = find(user, stream, hello, ret_key);

	return hello->protocol.version == TLS_1_2 ? found : ERR_NOT_FOUND;
}

static void the_callback_of_12_is_closed_to_an_identity_of_13(void **state)
{
	struct world *w = *state;
	struct tls *server;
	static const char *const two[] = {"a stranger's", IDENTITY};

	assert_ok(tls_psk_server(&(struct tls_psk_options){.find = find_in_12, .user = &w->asked},
		&server));
	listen_with(w, server);
	dial_psk(w, IDENTITY, &key);
	assert_refused(w, ERR_AUTH, "unknown psk identity");
	w->asked.only = IDENTITY;
	assert_int_equal(alert_for_identities(w, two, 2), SSL_AD_UNKNOWN_PSK_IDENTITY);
	tls_free(w->client);
	w->near.closed = false;
	w->protocol = TLS_12_PSK(CCAC);
	dial_psk(w, IDENTITY, &key);
	meet(w);
}

static void a_client_of_12_names_the_server(void **state)
{
	struct world *w = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	serve_psk(w);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_psk_client_callback(ctx, psk_of_12);
	assert_int_equal(handshake_of(w, ctx, NULL), SSL_AD_UNRECOGNIZED_NAME);
	assert_int_equal(w->asked.times, 0);
	assert_int_equal(handshake_of(w, ctx, "app.example"), 0);
	SSL_CTX_free(ctx);
}

static void other_suites_are_none_of_ours(void **state)
{
	struct tls *tls;

	(void)state;
	assert_err(ERR_UNSUPPORTED, tls_psk_client(view_text("x"), &key, TLS_12_PSK(0xc0a8), &tls));
	assert_err(ERR_UNSUPPORTED,
		tls_psk_client(view_text("x"), &key, (struct tls_protocol){TLS_1_3, 0x1301}, &tls));
	assert_err(ERR_UNSUPPORTED,
		tls_psk_client(view_text("x"), &key, (struct tls_protocol){0x0302, CCAC}, &tls));
}

/* A client by hand, up to the server's flight; then these bytes in the place of its ClientKeyExchange. */
static int alert_for_second_flight(struct world *w, struct view bytes, size_t cut)
{
	struct buf out BUF_CLEANUP = buf_growing(2000), name BUF_CLEANUP = buf_growing(1000);
	static const uint8_t extensions[] = {
		0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, /* groups: P-256 */
		0x00, 0x17, 0x00, 0x00,				/* extended master secret */
	};
	uint8_t answer[4000], last = 0;
	struct view server_name = server_name_extension(&name, "app.example");
	size_t len = sizeof(extensions) + server_name.len, body = 2 + 32 + 1 + 4 + 2 + 2 + len;
	int fd = raw_client(w);

	buf_u8(&out, 22);
	buf_u16(&out, 0x0301);
	buf_u16(&out, (uint16_t)(body + 4));
	buf_u8(&out, 1);
	buf_u24(&out, (uint32_t)body);
	buf_u16(&out, 0x0303);
	buf_zeros(&out, 33);
	buf_u16(&out, 2);
	buf_u16(&out, CCAC);
	buf_u16(&out, 0x0100);
	buf_u16(&out, (uint16_t)len);
	buf_bytes(&out, extensions, sizeof(extensions));
	buf_view(&out, server_name);
	assert_int_equal(send(fd, out.data, out.len, 0), out.len);
	bool flown = false;
	ssize_t got = -1;
	for (int i = 0; i < TURNS && got != 0; i++) {
		loop_turn(w->loop, 1);
		got = recv(fd, answer, sizeof(answer), 0);
		last = got >= 7 && answer[got - 7] == 21 ? answer[got - 1] : last;
		if (got > 0 && !flown) {
			flown = true;
			assert_int_equal(answer[0], 22);
			assert_int_equal(send(fd, bytes.data, cut, 0), cut);
			loop_turn(w->loop, 1);
			(void)!send(fd, bytes.data + cut, bytes.len - cut, MSG_NOSIGNAL);
			(void)shutdown(fd, SHUT_WR);
		}
	}
	(void)close(fd);
	until(w, listener_connections(w->listener) == 0);
	return last;
}

static void key_exchanges_by_hand(void **state)
{
	struct world *w = *state;
	uint8_t message[] = {22, 3, 3, 0, 12, 16, 0, 0, 8, 0, 3, 'a', 'b', 'c', 2, 4, 5};
	uint8_t in_pieces[] = {22, 3, 3, 0, 3, 16, 0, 0, 22, 3, 3, 0, 9, 8, 0, 3, 'a', 'b', 'c', 2,
		4, 5};
	uint8_t zero_in_it[] = {22, 3, 3, 0, 12, 16, 0, 0, 8, 0, 3, 'a', 0, 'c', 2, 4, 5};
	uint8_t empty[] = {22, 3, 3, 0, 9, 16, 0, 0, 5, 0, 0, 2, 4, 5};

	serve_psk(w);
	/* The identity is known, and no point of the curve follows. */
	assert_int_not_equal(alert_for_second_flight(w, VIEW(message), sizeof(message)),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 1);
	assert_string_equal(w->asked.identity, "abc");
	assert_int_not_equal(alert_for_second_flight(w, VIEW(message), 7),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 2);
	assert_int_equal(alert_for_second_flight(w, VIEW(in_pieces), 5),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 2);
	assert_int_equal(alert_for_second_flight(w, VIEW(zero_in_it), 17),
		SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 3);
	assert_int_equal(alert_for_second_flight(w, VIEW(empty), 14), SSL_AD_UNKNOWN_PSK_IDENTITY);
	assert_int_equal(w->asked.times, 3);
	(void)alert_for_second_flight(w, view_of("\x16\x03\x03\xff\xff", 5), 5);
	(void)alert_for_second_flight(w, view_of("\x15\x03\x03\x00\x02\x02\x28", 7), 3);
	(void)alert_for_second_flight(w, view_of("", 0), 0);
	assert_int_equal(w->asked.times, 3);
}

static void on_half_end(void *user, struct stream *s)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	e->ended = true;
}

static void answer_after_the_end(struct world *w)
{
	static const struct stream_on halves = {.ready = on_ready,
		.input = on_input,
		.ended = on_half_end,
		.closed = on_closed};

	meet(w);
	w->far.echo = false;
	stream_set(w->near.stream, &halves, &w->near);
	stream_set(w->far.stream, &halves, &w->far);
	assert_ok(stream_send(w->near.stream, view_text("question")));
	stream_finish(w->near.stream);
	until(w, w->far.ended);
	assert_view(buf_contents(&w->far.got), "question");
	assert_ok(stream_send(w->far.stream, view_text("answer")));
	until(w, w->near.got.len == 6);
	assert_false(w->near.closed || w->far.closed);
	stream_finish(w->far.stream);
	until(w, w->near.closed && w->far.closed);
	assert_err(ERR_CLOSED, w->near.why);
	assert_err(ERR_CLOSED, w->far.why);
}

/* RFC 8446 6.1 */
static void a_question_may_be_answered_after_its_end(void **state)
{
	struct world *w = *state;

	serve_psk(w);
	dial_psk(w, IDENTITY, &key);
	answer_after_the_end(w);
}

static void in_tls_12_too(void **state)
{
	struct world *w = *state;

	dial_12(w, &key);
	answer_after_the_end(w);
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TLS_TEST(bytes_go_and_come),
		TLS_TEST(both_ends_derive_the_same_channel_binding),
		TLS_TEST(much_is_carried_in_order),
		TLS_TEST(a_proper_end_is_told_from_a_cut),
		TLS_TEST(the_server_must_be_whom_we_want),
		TLS_TEST(a_common_name_names_no_server),
		TLS_TEST(without_a_name_the_address_counts),
		TLS_TEST(a_stranger_is_not_trusted),
		TLS_TEST(an_expired_certificate_is_refused),
		TLS_TEST(a_client_is_known_by_its_certificate),
		TLS_TEST(a_client_without_alternative_name_shows_its_common_name),
		TLS_TEST(an_optional_certificate_may_be_missing),
		TLS_TEST(a_required_certificate_may_not),
		TLS_TEST(a_client_of_another_authority_is_refused),
		TLS_TEST(what_is_not_tls_is_turned_away),
		TLS_TEST(a_handshake_that_stalls_is_given_up),
		TLS_TEST(handshakes_end_with_their_listener),
		TLS_TEST(old_versions_are_refused),
		TLS_TEST(files_are_checked_at_the_start),
		TLS_TEST(whoever_has_the_key_gets_in),
		TLS_TEST(a_wrong_key_does_not),
		TLS_TEST(an_unknown_identity_is_told_so),
		TLS_TEST(a_key_that_cannot_be_had_now_is_told_so),
		TLS_TEST(a_handshake_waits_for_a_key),
		TLS_TEST(a_key_that_does_not_come_ends_the_wait),
		TLS_TEST(a_retry_before_the_wait_is_not_lost),
		TLS_TEST(a_client_may_leave_while_it_waits),
		TLS_TEST(a_psk_server_takes_nothing_else),
		TLS_TEST(a_hello_retry_is_followed),
		TLS_TEST(a_psk_client_takes_no_certificate),
		TLS_TEST(identities_have_limits),
		TLS_TEST(the_key_of_a_suite_opens_tls_12),
		TLS_TEST(finite_field_diffie_hellman_too),
		TLS_TEST(plain_psk_when_it_is_wanted),
		TLS_TEST(plain_psk_is_refused_otherwise),
		TLS_TEST(a_wrong_key_fails_in_12),
		TLS_TEST(an_unknown_identity_is_told_so_in_12),
		TLS_TEST(a_key_that_cannot_be_had_now_is_told_so_in_12),
		TLS_TEST(a_handshake_of_12_waits_for_a_key),
		TLS_TEST(a_key_that_does_not_come_ends_the_wait_in_12),
		TLS_TEST(a_client_of_12_may_leave_while_it_waits),
		TLS_TEST(the_callback_of_12_is_closed_to_an_identity_of_13),
		TLS_TEST(a_client_of_12_names_the_server),
		TLS_TEST(other_suites_are_none_of_ours),
		TLS_TEST(key_exchanges_by_hand),
		TLS_TEST(a_question_may_be_answered_after_its_end),
		TLS_TEST(in_tls_12_too),
		TLS_TEST(several_identities_are_tried_up_to_a_ceiling),
		TLS_TEST(broken_extensions_are_refused),
	};
	return cmocka_run_group_tests_name(__FILE__, tests, make_ca, drop_ca);
}
