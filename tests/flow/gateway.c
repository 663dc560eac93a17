// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "gateway.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 3000, TURN_MS = 2, QUIET_TURNS = 30, GOT_MAX = 1 << 20, PART = 32 * 1024 };

/* --- the HTTP backend --- */

static void keep(char *to, size_t room, struct view from)
{
	assert_ok(text_copy(to, room, from, "test"));
}

static void on_gone(struct http_request *request)
{
	struct behind *b = request->user;

	b->gone = true;
	b->held = NULL;
	http_answer_abort(request);
}

static void send_parts(struct http_request *request)
{
	struct behind *b = request->user;
	static uint8_t part[PART];

	while (b->sent < b->length) {
		for (size_t i = 0; i < PART; i++) {
			part[i] = (uint8_t)((b->sent + i) % 251);
		}
		size_t len = b->length - b->sent < PART ? (size_t)(b->length - b->sent) : PART;
		enum err err = http_answer_part(request, view_of(part, len));

		assert_true(err == OK || err == ERR_AGAIN);
		b->sent += len;
		if (err == ERR_AGAIN) {
			return;
		}
	}
	http_answer_end(request);
}

static void answer_long(struct behind *b, struct http_request *request)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)b->length);
	const struct http_field length[] = {{view_text("Content-Length"), view_text(digits)}};

	assert_ok(http_answer_begin(request, 200, length, b->chunked ? 0 : 1, send_parts));
	send_parts(request);
}

static void on_request(void *user, struct http_request *request)
{
	struct behind *b = user;
	struct buf fields = buf_fixed(b->fields, sizeof(b->fields));

	b->requests++;
	b->gone = false;
	keep(b->method, sizeof(b->method), request->head->method);
	keep(b->target, sizeof(b->target), request->head->target);
	keep(b->body, sizeof(b->body), request->body);
	for (size_t i = 0; i < request->head->field_count; i++) {
		buf_view(&fields, request->head->fields[i].name);
		buf_text(&fields, ": ");
		buf_view(&fields, request->head->fields[i].value);
		buf_text(&fields, "\n");
	}
	buf_u8(&fields, 0);
	request->user = b;
	request->on_gone = on_gone;
	if (b->hold) {
		b->held = request;
	} else if (b->length > 0) {
		answer_long(b, request);
	} else {
		http_answer(request, b->status ? b->status : 200, b->give, b->give_count,
			view_text(b->text ? b->text : "hello"));
	}
}

/* --- the TCP backend --- */

static size_t on_tcp_input(void *user, struct stream *s, struct view bytes)
{
	struct pipe_end *end = user;

	if (end->deaf) {
		stream_pause(s);
		return 0;
	}
	buf_view(&end->got, bytes);
	return bytes.len;
}

static void on_tcp_closed(void *user, struct stream *s, enum err why)
{
	struct pipe_end *end = user;

	(void)s;
	end->stream = NULL;
	end->ended = true;
	end->why = why;
}

static void on_tcp_half(void *user, struct stream *s)
{
	struct pipe_end *end = user;

	end->half = true;
	if (!end->answers_later) {
		stream_finish(s);
	}
}

static void on_tcp_accept(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_tcp_input,
		.ended = on_tcp_half,
		.closed = on_tcp_closed};
	struct front *t = user;

	buf_free(&t->tcp_end.got);
	t->tcp_end.got = buf_growing(GOT_MAX);
	t->tcp_end.stream = s;
	t->tcp_end.ended = t->tcp_end.half = false;
	stream_set(s, &on, &t->tcp_end);
}

/* --- the gateway --- */

static bool is_connected(struct flow *f)
{
	struct front *t = (struct front *)f; /* its first member */

	return flow_over_https ? f->authn.rp_a_streams > 0
			       : symapp_reaches(t->gateway.app, FLOW_AUTHN);
}

static void put_application(struct buf *yaml, const char *id, const char *mode, const char *backend,
	const char *proxy)
{
	buf_printf(yaml,
		"  - {id: %s, listen: \"127.0.0.1:0\", mode: %s, backend: \"%s\", proxy: %s}\n", id,
		mode, backend, proxy);
}

static void configure(struct front *t)
{
	BUF_CLEANUP struct buf yaml = buf_growing(8192);
	struct flow *f = &t->f;

	buf_text(&yaml, "node: {host: " FLOW_ELEMENT ", realm: app.example}\n");
	buf_printf(&yaml, "store: {url: \"sqlite:%s/gateway.db\"}\n", f->dir);
	buf_printf(&yaml, "seal: {master_key: %s/master}\n", f->dir);
	buf_printf(&yaml, "diameter:\n  certificate: %s\n  key: %s\n  authority: %s\n",
		t->own.certificate, t->own.key, f->ca.authority);
	if (flow_over_https) {
		buf_printf(&yaml, "rp_a:\n  nodes: [{host: " FLOW_AUTHN ", address: \"%s\"}]\n",
			http_server_address(f->authn.rp_a_https));
	} else {
		buf_printf(&yaml,
			"  peers:\n    - {host: " FLOW_AUTHN ", realm: " FLOW_REALM
			", address: \"%s\"}\n",
			diameter_node_address(f->authn.diameter));
	}
	buf_text(&yaml, "applications:\n");
	put_application(&yaml, FLOW_APP, "http", http_server_address(t->behind.server), "none");
	put_application(&yaml, FRONT_TCP, "tcp", listener_address(t->tcp), "v2");
	put_application(&yaml, FRONT_BARE, "tcp", listener_address(t->tcp), "none");
	put_application(&yaml, FRONT_GONE, "http", "127.0.0.1:1", "none");
	put_application(&yaml, FRONT_LOST, "tcp", "127.0.0.1:1", "none");
	put_application(&yaml, FRONT_PROXIED, "http", listener_address(t->tcp), "v2");
	put_application(&yaml, FRONT_KEYED, "http", http_server_address(t->behind.server), "none");
	put_application(&yaml, FRONT_NAMED, "http", http_server_address(t->behind.server),
		"none, fields: {pseudonym: X-Device-Id, expires: none, application: none}");
	buf_printf(&yaml,
		"  - {id: " FRONT_DIGEST
		", listen: \"127.0.0.2:0\", access: digest, backend: \"%s\", "
		"certificate: %s, key: %s}\n",
		http_server_address(t->behind.server), t->web.certificate, t->web.key);
	buf_text(&yaml, t->more);
	assert_ok(conf_parse(gateway_options, "gateway.yaml", buf_contents(&yaml), &t->conf));
}

/* Of the figures: those answered, and those that are not yet. */
static uint64_t pulls_of(const struct front *t)
{
	BUF_CLEANUP struct buf text = buf_growing(1 << 20);
	uint64_t count = 0;

	symapp_collect(t->gateway.app, &text);
	for (const char *at = buf_string(&text); (at = strstr(at, "\nsymbolon_rp_a_pulls_")); at++) {
		const char *value = strchr(at + 1, ' ');

		count += strtoull(value, NULL, 10);
	}
	return count;
}

void front_start(struct front *t)
{
	configure(t);
	t->gateway = (struct gateway){.conf = &t->conf};
	for (t->started = 0; t->started < gateway_program.part_count; t->started++) {
		assert_ok(gateway_program.parts[t->started].start(&t->gateway, t->f.loop));
	}
	flow_until_true(&t->f, is_connected);
	front_settle(t);
	t->pulls = pulls_of(t);
}

void front_stop(struct front *t)
{
	while (t->started > 0) {
		gateway_program.parts[--t->started].stop(&t->gateway);
	}
	conf_free(gateway_options, &t->conf);
	t->conf = (struct gateway_conf){0};
	front_settle(t);
}

static void register_all(struct front *t)
{
	static const char *const others[] = {FRONT_TCP, FRONT_BARE, FRONT_GONE, FRONT_LOST,
		FRONT_PROXIED, FRONT_NAMED};

	t->f.identity = "urn:gsma:imei:35693803-564380-0";
	flow_add_device(&t->f, FLOW_CLIENT, 0);
	t->f.identity = NULL;
	flow_add_application(&t->f, FLOW_APP, FLOW_ASP, FLOW_ELEMENT);
	flow_grant(&t->f, FLOW_CLIENT, FLOW_APP, FRONT_FOREVER);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		flow_add_another(&t->f, others[i], FLOW_ASP);
		flow_grant(&t->f, FLOW_CLIENT, others[i], FRONT_FOREVER);
	}
	t->f.format = "y3056";
	flow_add_another(&t->f, FRONT_KEYED, FLOW_ASP);
	t->f.format = NULL;
	flow_grant(&t->f, FLOW_CLIENT, FRONT_KEYED, FRONT_FOREVER);
	t->f.ua = "0100011301";
	flow_add_another(&t->f, FRONT_DIGEST, FLOW_ASP);
	t->f.ua = NULL;
	flow_grant(&t->f, FLOW_CLIENT, FRONT_DIGEST, FRONT_FOREVER);
}

void front_open(struct front *t, const char *more)
{
	const struct http_server_options http = {.listen.address = "127.0.0.1:0"};
	const struct listener_options tcp = {.address = "127.0.0.1:0"};

	*t = (struct front){.started = 0};
	(void)snprintf(t->more, sizeof(t->more), "%s", more);
	flow_open(&t->f);
	diameter_node_close(t->f.element); /* the gateway is this element */
	t->f.element = NULL;
	front_settle(t);
	fake_ca_issue(&t->f.ca, FLOW_ELEMENT, "DNS:" FLOW_ELEMENT, 10, &t->own);
	fake_ca_issue(&t->f.ca, FRONT_DIGEST, "DNS:" FRONT_DIGEST, 10, &t->web);
	register_all(t);
	assert_ok(http_server_open(t->f.loop, &http, on_request, &t->behind, &t->behind.server));
	assert_ok(listener_open(t->f.loop, &tcp, on_tcp_accept, t, &t->tcp));
	t->tcp_end.got = buf_growing(GOT_MAX);
	front_start(t);
	flow_new_se(&t->f, "se", &t->se);
	assert_ok(flow_bootstrap(&t->f, t->se, FLOW_CLIENT, &t->token));
}

void front_close(struct front *t)
{
	front_stop(t);
	if (t->behind.held) {
		http_answer_abort(t->behind.held);
	}
	if (t->tcp_end.stream) {
		stream_abort(t->tcp_end.stream);
	}
	listener_close(t->tcp);
	http_server_close(t->behind.server);
	buf_free(&t->tcp_end.got);
	se_soft_close(t->se);
	flow_close(&t->f);
}

void front_settle(struct front *t)
{
	for (int i = 0; i < QUIET_TURNS; i++) {
		loop_turn(t->f.loop, 1);
	}
}

void front_advance(struct front *t, int64_t ms)
{
	fake_env_advance(&t->f.env, ms);
	front_settle(t);
}

const char *front_address(const struct front *t)
{
	return listener_address(t->gateway.doors[0].listener);
}

const char *front_digest_address(const struct front *t)
{
	return listener_address(t->gateway.doors[1].listener);
}

uint64_t front_pulls(const struct front *t)
{
	return pulls_of(t) - t->pulls;
}

/* --- the device --- */

struct tls *front_tls_of(struct front *t, const char *application, struct tls_protocol protocol,
	struct ua ua)
{
	char identity[SYMDEV_PSK_IDENTITY];
	struct ident id;
	struct tls *tls;
	SECRET(key);

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &id));
	assert_ok(symdev_token_key(&se_soft_ops, t->se, &t->token, &id, ua, &key));
	assert_ok(symdev_psk_identity(&t->token, identity));
	assert_ok(tls_psk_client(view_text(identity), &key, protocol, &tls));
	return tls;
}

struct tls *front_tls(struct front *t, const char *application, bool wrong)
{
	char identity[SYMDEV_PSK_IDENTITY];
	struct ident id;
	struct tls *tls;
	SECRET(key);

	assert_ok(ident_parse(IDENT_APPLICATION, view_text(application), &id));
	assert_ok(symdev_token_key(&se_soft_ops, t->se, &t->token, &id, UA_TLS13_PSK, &key));
	key.bytes[0] ^= wrong;
	assert_ok(symdev_psk_identity(&t->token, identity));
	assert_ok(tls_psk_client(view_text(identity), &key, TLS_13_PSK, &tls));
	return tls;
}

static void on_ready(void *user, struct stream *s)
{
	(void)s;
	((struct visit *)user)->ready = true;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct visit *v = user;

	(void)s;
	if (v->count_only) {
		for (size_t i = 0; i < bytes.len; i++) {
			assert_int_equal(bytes.data[i], (v->bytes + i) % 251);
		}
	} else {
		buf_view(&v->got, bytes);
	}
	v->bytes += bytes.len;
	return bytes.len;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct visit *v = user;

	(void)s;
	v->stream = NULL;
	v->closed = true;
	v->why = why;
}

void visit_begin(struct visit *v, struct front *t, struct tls *tls, const char *server_name)
{
	static const struct stream_on on = {.ready = on_ready,
		.input = on_input,
		.closed = on_closed};

	*v = (struct visit){.t = t, .got = buf_growing(GOT_MAX)};
	const char *address =
		strcmp(server_name, FRONT_DIGEST) == 0 ? front_digest_address(t) : front_address(t);

	assert_ok(stream_connect(t->f.loop, address, tls, server_name, NULL, &on, v, &v->stream));
	tls_free(tls);
}

void visit_open(struct visit *v, struct front *t, struct tls *tls, const char *server_name)
{
	visit_begin(v, t, tls, server_name);
	for (int i = 0; i < TURNS && !v->ready && !v->closed; i++) {
		loop_turn(t->f.loop, TURN_MS);
	}
	front_settle(t); /* in TLS 1.3 a client is ready before the server has agreed */
}

void visit(struct visit *v, struct front *t, const char *application)
{
	visit_open(v, t, front_tls(t, application, false), application);
	assert_true(v->ready);
	assert_false(v->closed);
}

void visit_send(struct visit *v, const char *text)
{
	assert_ok(stream_send(v->stream, view_text(text)));
}

void visit_expect(struct visit *v, const char *text)
{
	for (int i = 0; i < TURNS; i++) {
		if (v->got.len > 0 && memmem(v->got.data, v->got.len, text, strlen(text))) {
			return;
		}
		loop_turn(v->t->f.loop, TURN_MS);
	}
	fail_msg("\"%s\" did not come, but: %s", text, buf_string(&v->got));
}

static void on_half(void *user, struct stream *s)
{
	(void)user;
	(void)s;
}

void visit_finish(struct visit *v)
{
	static const struct stream_on on = {.input = on_input,
		.ended = on_half,
		.closed = on_closed};

	stream_set(v->stream, &on, v);
	stream_finish(v->stream);
}

void visit_until_closed(struct visit *v)
{
	flow_until(&v->t->f, &v->closed);
}

void visit_close(struct visit *v)
{
	if (v->stream) {
		stream_close(v->stream);
		v->stream = NULL;
	}
	buf_free(&v->got);
	front_settle(v->t);
}
