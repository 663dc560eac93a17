// SPDX-License-Identifier: Apache-2.0
/* Sessions over RP_D with an HTTP application behind the gateway. */
#include "test.h"

#include "base/log.h"
#include "gateway.h"
#include "gateway/fields.h"

#define GET "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n"

static struct front the_front;

static int open_with(void **state, const char *more)
{
	log_open(2, "test", LOG_ERROR);
	front_open(&the_front, more);
	*state = &the_front;
	return 0;
}

static int set_up(void **state)
{
	return open_with(state, "rp_d: {idle: 24h, request: 1h, body: 64KiB}\n");
}

static int tear_down(void **state)
{
	front_close(*state);
	return 0;
}

static bool backend_got(const struct front *t, const char *line)
{
	char wanted[512];

	(void)snprintf(wanted, sizeof(wanted), "%s\n", line);
	const char *found = strstr(t->behind.fields, wanted);

	return found && (found == t->behind.fields || found[-1] == '\n');
}

static bool backend_got_name(const struct front *t, const char *name)
{
	return strcasestr(t->behind.fields, name) != NULL;
}

/* The whole way: what the device gets in with, and what the application hears of it.  req: B10.5 B9.5-a B8.3 */
static void a_device_reaches_the_application(void **state)
{
	struct front *t = *state;
	struct visit v;
	const struct http_field give[] = {{view_text("Content-Type"), view_text("text/plain")},
		{view_text("Set-Cookie"), view_text("a=b")},
		{view_text("Set-Cookie"), view_text("c=d")}};

	t->behind.give = give;
	t->behind.give_count = 3;
	t->behind.status = 404;
	visit(&v, t, FLOW_APP);
	visit_send(&v, "GET /way/%7Ex?q=1&r HTTP/1.1\r\nHost: App.Example:8443\r\nAccept: */*\r\n"
		       "X-Twice: 1\r\nX-Twice: 2\r\n\r\n");
	visit_expect(&v, "\r\n\r\nhello");
	visit_expect(&v, "HTTP/1.1 404 Not Found\r\n");
	visit_expect(&v, "\r\nContent-Length: 5\r\n");
	visit_expect(&v, "\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n");
	assert_string_equal(t->behind.method, "GET");
	assert_string_equal(t->behind.target, "/way/%7Ex?q=1&r");
	assert_true(backend_got(t, "Host: App.Example:8443"));
	assert_true(backend_got(t, "Accept: */*"));
	assert_true(backend_got(t, "X-Twice: 1\nX-Twice: 2"));
	assert_true(backend_got(t, "Via: 1.1 gateway.app.example"));
	assert_true(backend_got(t, "Symbolon-Application: app.example"));
	assert_true(backend_got(t, "Symbolon-Token-Expires: 2026-01-01T01:00:00Z"));
	assert_non_null(strstr(t->behind.fields, "Symbolon-Pseudonym: "));
	visit_close(&v);
}

/* req: B9.4.1-g */
static void the_network_identity_stays_in_the_realm(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	assert_false(backend_got_name(t, "001010123456789"));
	assert_false(backend_got_name(t, FLOW_REALM));
	visit_close(&v);
}

/* What an application believes comes from the gateway alone; what belongs to the connection stays on it. */
static void forged_fields_do_not_pass(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	visit_send(&v, "GET / HTTP/1.1\r\nHost: app.example\r\n"
		       "Symbolon-Pseudonym: forged\r\nsymbolon_pseudonym: forged\r\n"
		       "SYMBOLON-TOKEN_EXPIRES: forged\r\nSymbolon-Anything: forged\r\n"
		       "Symbolon.Pseudonym: forged\r\nX.Forwarded~For: forged\r\n"
		       "X-Forwarded-For: forged\r\nx_forwarded_proto: forged\r\n"
		       "Forwarded: for=forged\r\nX-Real-IP: forged\r\n"
		       "Connection: keep-alive, X-Mine ,te\r\nX-Mine: forged\r\nTE: trailers\r\n"
		       "Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nProxy-Authorization: forged\r\n"
		       "X-Ours: passes\r\n\r\n");
	visit_expect(&v, "hello");
	assert_false(backend_got_name(t, "forged"));
	assert_false(backend_got_name(t, "Upgrade"));
	assert_false(backend_got_name(t, "Keep-Alive"));
	assert_false(backend_got_name(t, "TE: "));
	assert_true(backend_got(t, "X-Ours: passes"));
	visit_close(&v);
}

/* An operator's own names: nobody else says what stands there, whatever the device asks to be left out.  req: B9.4.1-g */
static void fields_by_other_names(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_NAMED);
	visit_send(&v, "GET / HTTP/1.1\r\nHost: named.example\r\n"
		       "Connection: X-Device-Id, Via, Host, Content-Length\r\n"
		       "X-Device-Id: forged\r\nx_device_id: forged\r\nX.Device-ID: forged\r\n"
		       "Symbolon-Pseudonym: forged\r\n\r\n");
	visit_expect(&v, "hello");
	assert_false(backend_got_name(t, "forged"));
	assert_false(backend_got_name(t, "Symbolon"));
	assert_false(backend_got_name(t, "Connection"));
	assert_true(backend_got(t, "Host: named.example"));
	assert_true(backend_got_name(t, "Via: 1.1 "));
	assert_non_null(strstr(t->behind.fields, "\nX-Device-Id: "));
	visit_close(&v);
}

static const struct http_field *field_called(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (view_is(fields->items[i].name, name)) {
			return &fields->items[i];
		}
	}
	return NULL;
}

/* What the realm did not send is not told, and what it did under the name that was configured. */
static void fields_of_a_token(void **state)
{
	const struct field_names names = {.degree = "X-Degree", .expires = NULL};
	const struct http_head head = {.field_count = 1,
		.fields = {{view_text("x_degree"), view_text("forged")}}};
	struct symapp_token token = {.until = 1};
	struct fields fields;

	(void)state;
	fields_to_backend(&head, "app.example", &token, "gateway.example", &names, &fields);
	assert_null(field_called(&fields, "X-Degree"));
	assert_int_equal(fields.count, 2); /* Host and Via */
	(void)strcpy(token.degree, "high");
	fields_to_backend(&head, "app.example", &token, "gateway.example", &names, &fields);
	assert_non_null(field_called(&fields, "X-Degree"));
	assert_view(field_called(&fields, "X-Degree")->value, "high");
	assert_int_equal(fields.count, 3);
}

static void until_backend_has(struct front *t, const char *text)
{
	for (int i = 0; i < 3000; i++) {
		if (t->tcp_end.got.len > 0 &&
			memmem(t->tcp_end.got.data, t->tcp_end.got.len, text, strlen(text))) {
			return;
		}
		loop_turn(t->f.loop, 1);
	}
	fail_msg("\"%s\" did not come", text);
}

/* Each request on a connection of its own, which begins with who it is for. */
static void the_proxy_header_before_a_request(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_PROXIED);
	for (int i = 0; i < 3; i++) {
		buf_clear(&t->tcp_end.got);
		t->tcp_end.ended = false;
		visit_send(&v, "GET /whoami HTTP/1.1\r\nHost: proxied.example\r\n\r\n");
		until_backend_has(t, "\r\n\r\n\0\r\nQUIT\n");
		until_backend_has(t, "proxied.example");
		until_backend_has(t, "TLSv1.3");
		until_backend_has(t, "TLS_AES_128_GCM_SHA256");
		until_backend_has(t, "GET /whoami HTTP/1.1\r\n");
		until_backend_has(t, "Symbolon-Pseudonym: ");
		assert_ok(stream_send(t->tcp_end.stream,
			view_text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbegun")));
		visit_expect(&v, "begun");
		buf_clear(&v.got);
		flow_until(&t->f, &t->tcp_end.ended);
	}
	visit_close(&v);
}

static void answers_lose_what_is_of_their_connection(void **state)
{
	struct front *t = *state;
	struct visit v;
	const struct http_field give[] = {{view_text("Connection"), view_text("X-Private")},
		{view_text("X-Private"), view_text("secret")},
		{view_text("Keep-Alive"), view_text("timeout=9")}};

	t->behind.give = give;
	t->behind.give_count = 3;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	assert_null(strstr(buf_string(&v.got), "secret"));
	assert_null(strstr(buf_string(&v.got), "timeout=9"));
	visit_close(&v);
}

static void bodies_and_heads(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	visit_send(&v,
		"POST /in HTTP/1.1\r\nHost: app.example\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
	visit_expect(&v, "hello");
	assert_string_equal(t->behind.method, "POST");
	assert_string_equal(t->behind.body, "abcdefg");
	assert_true(backend_got(t, "Content-Length: 7"));
	buf_clear(&v.got);
	visit_send(&v, "PUT / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4\r\n"
		       "Expect: 100-continue\r\n\r\n");
	visit_expect(&v, "100 Continue\r\n\r\n");
	visit_send(&v, "body");
	visit_expect(&v, "hello");
	assert_string_equal(t->behind.body, "body");
	assert_false(backend_got_name(t, "Expect"));
	buf_clear(&v.got);
	visit_send(&v, "HEAD / HTTP/1.1\r\nHost: app.example\r\n\r\n" GET);
	visit_expect(&v, "Content-Length: 5\r\n\r\nHTTP/1.1 200"); /* no body between */
	visit_expect(&v, "hello");
	assert_int_equal(t->behind.requests, 4);
	visit_close(&v);
}

/* One pull serves all sessions of a token, and connections to the backend are reused.  req: B9.4.3 */
static void many_sessions_one_pull(void **state)
{
	struct front *t = *state;
	struct visit v[8];
	uint64_t before = front_pulls(t);

	for (size_t i = 0; i < 8; i++) {
		visit(&v[i], t, FLOW_APP);
		visit_send(&v[i], GET);
		visit_expect(&v[i], "hello");
	}
	assert_int_equal(front_pulls(t), before + 1);
	assert_int_equal(symapp_tokens(t->gateway.app), 1);
	assert_int_equal(http_server_connections(t->behind.server), 1);
	for (size_t i = 0; i < 8; i++) {
		visit_close(&v[i]);
	}
}

static void assert_refused(struct front *t, struct tls *tls, const char *name, enum err why)
{
	struct visit v;

	visit_open(&v, t, tls, name);
	assert_true(v.closed);
	assert_err(why, v.why);
	visit_close(&v);
}

static void only_the_right_key_gets_in(void **state)
{
	struct front *t = *state;
	struct tls *plain;
	struct visit v;

	assert_refused(t, front_tls(t, FLOW_APP, true), FLOW_APP, ERR_AUTH);
	assert_refused(t, front_tls(t, FLOW_APP, false), FRONT_GONE, ERR_AUTH);
	assert_refused(t, front_tls(t, FLOW_APP, false), "nobody.example", ERR_AUTH);
	t->token.id[0] = t->token.id[0] == 'A' ? 'B' : 'A';
	assert_refused(t, front_tls(t, FLOW_APP, false), FLOW_APP, ERR_AUTH);
	assert_ok(tls_client(&(struct tls_files){.authority = t->f.ca.authority}, &plain));
	visit_open(&v, t, plain, FLOW_APP);
	assert_true(v.closed);
	visit_close(&v);
	assert_int_equal(t->behind.requests, 0);
}

/* 10.4/3b at the pull: the flag decides, and a flag set later is seen.  req: B9.4.1-c */
static void permission_is_needed(void **state)
{
	struct front *t = *state;
	struct visit v;

	flow_grant(&t->f, FLOW_CLIENT, FLOW_APP, 1); /* long over */
	assert_refused(t, front_tls(t, FLOW_APP, false), FLOW_APP, ERR_AUTH);
	flow_grant(&t->f, FLOW_CLIENT, FLOW_APP, FRONT_FOREVER);
	assert_refused(t, front_tls(t, FLOW_APP, false), FLOW_APP, ERR_AUTH);
	front_advance(t, 2000);
	visit(&v, t, FLOW_APP);
	visit_close(&v);
}

/* The device must not take it for a sign to bootstrap again: it could not be helped by that. */
static void a_realm_that_is_away_is_no_refusal(void **state)
{
	struct front *t = *state;
	struct visit v, known;

	visit(&known, t, FRONT_GONE);
	flow_stop_authz(&t->f);
	front_settle(t);
	assert_refused(t, front_tls(t, FLOW_APP, false), FLOW_APP, ERR_UNAVAILABLE);
	visit(&v, t, FRONT_GONE); /* what is known needs nobody */
	visit_close(&v);
	visit_close(&known);
	flow_start_authz(&t->f);
	for (int i = 0; i < 20; i++) {
		front_advance(t, 1000);
	}
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	visit_close(&v);
}

static void a_restart_keeps_tokens(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	front_stop(t);
	visit_until_closed(&v);
	visit_close(&v);
	front_start(t);
	uint64_t before = front_pulls(t);

	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	assert_int_equal(front_pulls(t), before);
	visit_close(&v);
}

/* The end of a token */

static void an_idle_session_ends_with_its_token(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	front_advance(t, 3599 * 1000);
	assert_false(v.closed);
	front_advance(t, 1000);
	visit_until_closed(&v);
	assert_err(ERR_CLOSED, v.why);
	visit_close(&v);
}

static void an_answer_under_way_is_finished(void **state)
{
	struct front *t = *state;
	struct visit v;

	t->behind.hold = true;
	visit(&v, t, FLOW_APP);
	front_advance(t, 3590 * 1000);
	visit_send(&v, GET);
	front_settle(t);
	assert_non_null(t->behind.held);
	front_advance(t, 11 * 1000);
	assert_false(v.closed);
	http_answer_text(t->behind.held, 200, "text/plain", "late");
	t->behind.held = NULL;
	visit_expect(&v, "late");
	visit_expect(&v, "Connection: close\r\n");
	visit_until_closed(&v);
	visit_close(&v);
}

/* req: B9.5-b */
static void a_request_after_it_is_asked_for_a_token(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	front_advance(t, 3590 * 1000);
	visit_send(&v, "GET / HTTP/1.1\r\nHost: app.exa");
	front_settle(t);
	front_advance(t, 11 * 1000);
	assert_false(v.closed);
	visit_send(&v, "mple\r\n\r\n");
	visit_expect(&v, "HTTP/1.1 401 Unauthorized\r\n");
	visit_expect(&v,
		"WWW-Authenticate: Digest realm=\"3GPP-bootstrapping@app.example\", nonce=\"");
	visit_expect(&v, "stale=true");
	visit_until_closed(&v);
	visit_close(&v);
	assert_int_equal(t->behind.requests, 0);
	assert_refused(t, front_tls(t, FLOW_APP, false), FLOW_APP, ERR_AUTH);
}

static void a_forgotten_token_is_fetched_again(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	symapp_forget(t->gateway.app, view_text(t->token.id));
	visit_send(&v, GET);
	visit_expect(&v, "hello");
	symapp_forget(t->gateway.app, view_text(t->token.id));
	flow_grant(&t->f, FLOW_CLIENT, FLOW_APP, 1);
	buf_clear(&v.got);
	visit_send(&v, GET);
	visit_expect(&v, "HTTP/1.1 401 Unauthorized\r\n");
	assert_int_equal(t->behind.requests, 1);
	visit_close(&v);
}

/* A device that leaves while its token is asked for. */
static void leaving_while_rp_a_is_asked(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FLOW_APP);
	symapp_forget(t->gateway.app, view_text(t->token.id));
	visit_send(&v, GET);
	while (pool_count(t->gateway.forwards) == 0) {
		loop_turn(t->f.loop, 1);
	}
	visit_close(&v);
	front_settle(t);
	assert_int_equal(pool_count(t->gateway.forwards), 0);
	assert_int_equal(t->behind.requests, 0);
}

/* The backend */

static void a_backend_that_is_away(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_GONE);
	visit_send(&v, "GET / HTTP/1.1\r\nHost: gone.example\r\n\r\n");
	visit_expect(&v, "HTTP/1.1 502 Bad Gateway\r\n");
	visit_expect(&v, "application/problem+json");
	visit_expect(&v, "the application does not answer");
	assert_false(v.closed);
	visit_close(&v);
}

static void a_backend_that_is_silent(void **state)
{
	struct front *t = *state;
	struct visit v;

	t->behind.hold = true;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	front_settle(t);
	assert_non_null(t->behind.held);
	front_advance(t, 30 * 1000);
	visit_expect(&v, "HTTP/1.1 504 Gateway Timeout\r\n");
	assert_true(t->behind.gone);
	visit_close(&v);
}

static void a_backend_that_breaks_off(void **state)
{
	struct front *t = *state;
	struct visit v;
	const struct http_field length[] = {{view_text("Content-Length"), view_text("10")}};

	t->behind.hold = true;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	front_settle(t);
	assert_ok(http_answer_begin(t->behind.held, 200, length, 1, NULL));
	assert_ok(http_answer_part(t->behind.held, view_text("half")));
	visit_expect(&v, "half");
	http_answer_abort(t->behind.held);
	t->behind.held = NULL;
	visit_until_closed(&v); /* it must not look complete */
	visit_close(&v);
}

static void a_device_that_leaves(void **state)
{
	struct front *t = *state;
	struct visit v;

	t->behind.hold = true;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	front_settle(t);
	assert_non_null(t->behind.held);
	visit_close(&v);
	front_settle(t);
	assert_true(t->behind.gone);
	assert_int_equal(pool_count(t->gateway.forwards), 0);
}

/* An answer far larger than all buffers, to a device that takes its time. */
static void check_long_answer(struct front *t, bool chunked)
{
	struct visit v;
	const uint64_t length = 24 * 1024 * 1024;

	t->behind.length = length;
	t->behind.chunked = chunked;
	visit(&v, t, FLOW_APP);
	visit_send(&v, GET);
	visit_expect(&v, "\r\n\r\n");
	stream_pause(v.stream);
	for (int i = 0; i < 400; i++) {
		loop_turn(t->f.loop, 1);
	}
	assert_true(t->behind.sent < length); /* it waits */
	uint64_t waiting = t->behind.sent;

	front_settle(t);
	assert_int_equal(t->behind.sent, waiting);
	stream_resume(v.stream);
	v.got.ceiling = 32 * 1024 * 1024;
	for (int i = 0; i < 20000 && v.bytes < length; i++) {
		loop_turn(t->f.loop, 1);
	}
	front_settle(t);
	assert_int_equal(t->behind.sent, length);
	const uint8_t *body = memmem(v.got.data, v.got.len, "\r\n\r\n", 4);

	assert_non_null(body);
	if (!chunked) {
		body += 4;
		assert_int_equal(v.got.data + v.got.len - body, length);
		for (uint64_t i = 0; i < length; i++) {
			if (body[i] != i % 251) {
				fail_msg("byte %llu is another", (unsigned long long)i);
			}
		}
	} else {
		assert_memory_equal(v.got.data + v.got.len - 7, "\r\n0\r\n\r\n", 7);
	}
	visit_close(&v);
}

static void a_long_answer_waits_for_the_device(void **state)
{
	check_long_answer(*state, false);
}

static void a_long_answer_in_chunks(void **state)
{
	check_long_answer(*state, true);
}

/* Hostile requests */

static void assert_answered(struct front *t, const char *request, const char *status)
{
	struct visit v;

	visit(&v, t, FLOW_APP);
	visit_send(&v, request);
	visit_expect(&v, status);
	visit_close(&v);
	assert_int_equal(t->behind.requests, 0);
}

static void what_two_parsers_could_read_differently(void **state)
{
	struct front *t = *state;

	assert_answered(t,
		"POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 4\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
		"HTTP/1.1 400 ");
	assert_answered(t,
		"GET / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n"
		"Content-Length: 5\r\n\r\n",
		"HTTP/1.1 400 ");
	assert_answered(t, "GET / HTTP/1.1\nHost: app.example\n\n", "HTTP/1.1 400 ");
	assert_answered(t, "GET /../x HTTP/1.1\r\nHost: app.example\r\n\r\n", "HTTP/1.1 400 ");
	assert_answered(t, "GET / HTTP/1.1\r\nHost: app.example\r\nHost: b.example\r\n\r\n",
		"HTTP/1.1 400 ");
	assert_answered(t, "POST / HTTP/1.1\r\nHost: app.example\r\nContent-Length: 99999\r\n\r\n",
		"HTTP/1.1 413 ");
}

static void another_host_and_methods_that_do_not_pass(void **state)
{
	struct front *t = *state;

	assert_answered(t, "GET / HTTP/1.1\r\nHost: admin.internal\r\n\r\n", "HTTP/1.1 421 ");
	assert_answered(t, "GET / HTTP/1.1\r\nHost: app.example:x.evil\r\n\r\n", "HTTP/1.1 421 ");
	assert_answered(t, "GET / HTTP/1.1\r\nHost: app.example.evil\r\n\r\n", "HTTP/1.1 421 ");
	assert_answered(t, "TRACE / HTTP/1.1\r\nHost: app.example\r\n\r\n", "HTTP/1.1 501 ");
	assert_answered(t, "CONNECT app.example:80 HTTP/1.1\r\nHost: app.example\r\n\r\n",
		"HTTP/1.1 501 ");
}

/* Ceilings */

static int set_up_narrow(void **state)
{
	return open_with(state, "rp_d: {requests: 3, connections: 4}\n"
				"backend: {connections: 1, waiting: 1}\n");
}

static void requests_wait_for_the_backend_in_a_short_queue(void **state)
{
	struct front *t = *state;
	struct visit v[3];

	t->behind.hold = true;
	for (size_t i = 0; i < 3; i++) {
		visit(&v[i], t, FLOW_APP);
	}
	visit_send(&v[0], GET);
	front_settle(t);
	assert_non_null(t->behind.held);
	visit_send(&v[1], GET); /* waits for the one connection */
	front_settle(t);
	visit_send(&v[2], GET); /* may not even wait */
	visit_expect(&v[2], "HTTP/1.1 503 ");
	assert_int_equal(t->behind.requests, 1);
	t->behind.hold = false;
	http_answer_text(t->behind.held, 200, "text/plain", "there");
	t->behind.held = NULL;
	visit_expect(&v[0], "there");
	visit_expect(&v[1], "hello");
	for (size_t i = 0; i < 3; i++) {
		visit_close(&v[i]);
	}
}

static int set_up_one(void **state)
{
	return open_with(state, "rp_d: {requests: 1, connections: 2}\n");
}

static void one_too_many(void **state)
{
	struct front *t = *state;
	struct visit v[3];

	t->behind.hold = true;
	visit(&v[0], t, FLOW_APP);
	visit(&v[1], t, FLOW_APP);
	visit_send(&v[0], GET);
	front_settle(t);
	visit_send(&v[1], GET);
	visit_expect(&v[1], "HTTP/1.1 503 ");
	visit_expect(&v[1], "too many requests");
	assert_int_equal(t->behind.requests, 1);
	visit_close(&v[1]); /* and makes room for another connection */
	visit(&v[2], t, FLOW_APP);
	visit_close(&v[2]);
	visit_close(&v[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_device_reaches_the_application),
		CASE(the_network_identity_stays_in_the_realm),
		CASE(forged_fields_do_not_pass),
		TEST(fields_of_a_token),
		CASE(fields_by_other_names),
		CASE(the_proxy_header_before_a_request),
		CASE(answers_lose_what_is_of_their_connection),
		CASE(bodies_and_heads),
		CASE(many_sessions_one_pull),
		CASE(only_the_right_key_gets_in),
		CASE(permission_is_needed),
		CASE(a_realm_that_is_away_is_no_refusal),
		CASE(a_restart_keeps_tokens),
		CASE(an_idle_session_ends_with_its_token),
		CASE(an_answer_under_way_is_finished),
		CASE(a_request_after_it_is_asked_for_a_token),
		CASE(a_forgotten_token_is_fetched_again),
		CASE(leaving_while_rp_a_is_asked),
		CASE(a_backend_that_is_away),
		CASE(a_backend_that_is_silent),
		CASE(a_backend_that_breaks_off),
		CASE(a_device_that_leaves),
		CASE(a_long_answer_waits_for_the_device),
		CASE(a_long_answer_in_chunks),
		CASE(what_two_parsers_could_read_differently),
		CASE(another_host_and_methods_that_do_not_pass),
		cmocka_unit_test_setup_teardown(requests_wait_for_the_backend_in_a_short_queue,
			set_up_narrow, tear_down),
		cmocka_unit_test_setup_teardown(one_too_many, set_up_one, tear_down),
	};

	int failed = RUN_TESTS(tests);

	flow_over_https = true;
	return failed + _cmocka_run_group_tests("RP_A over HTTPS", tests,
				sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
