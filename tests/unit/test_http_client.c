// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_env.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 20000, GUESTS = 8, LONG = 32 << 20 };

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define ASKED	 "GET /x HTTP/1.1\r\nHost: h.example\r\n\r\n"

/* A connection as the server sees it: the test reads and writes its bytes. */
struct guest {
	struct stream *stream; /* NULL: ended */
	struct buf got;
	size_t to_send; /* of a long body, as it is drained */
	bool close_on_input;
};

/* A call and what came of it. */
struct asked {
	struct world *w;
	struct http_call *call;
	unsigned status, heads, dones;
	struct buf body;
	size_t bytes;
	enum err result;
	char said[128];
	bool pause_on_head, pause_on_body, cancel_on_head, cancel_on_body, free_on_body,
		ask_on_done;
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct listener *listener;
	struct http_client *client;
	struct guest guests[GUESTS];
	size_t guest_count;
	struct asked asked[GUESTS], after;
};

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct guest *g = user;

	buf_view(&g->got, bytes);
	if (g->close_on_input) {
		stream_close(s);
		g->stream = NULL;
	}
	return bytes.len;
}

static void on_drained(void *user, struct stream *s)
{
	static const uint8_t part[65536];
	struct guest *g = user;
	size_t len = g->to_send < sizeof(part) ? g->to_send : sizeof(part);

	if (len > 0) {
		g->to_send -= len;
		assert_ok(stream_send(s, view_of(part, len)));
	}
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	(void)s;
	(void)why;
	((struct guest *)user)->stream = NULL;
}

static void welcome(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_input,
		.drained = on_drained,
		.closed = on_closed};
	struct world *w = user;

	assert_true(w->guest_count < GUESTS);
	struct guest *g = &w->guests[w->guest_count++];

	g->stream = s;
	g->got = buf_growing(1 << 20);
	stream_set(s, &on, g);
}

static void ask(struct world *w, struct asked *a, const char *method);

static void told_head(void *user, const struct http_head *head)
{
	struct asked *a = user;

	a->heads++;
	a->status = head->status;
	assert_non_null(http_call_stream(a->call));
	if (a->pause_on_head) {
		http_call_pause(a->call);
	}
	if (a->cancel_on_head) {
		http_call_cancel(a->call);
	}
}

static void told_body(void *user, struct view part)
{
	struct asked *a = user;

	a->bytes += part.len;
	if (a->body.len < 4096) {
		buf_view(&a->body, part);
	}
	if (a->pause_on_body) {
		http_call_pause(a->call);
	}
	if (a->cancel_on_body) {
		http_call_cancel(a->call);
	}
	if (a->free_on_body) {
		http_client_free(a->w->client);
		a->w->client = NULL;
	}
}

static void told_done(void *user, enum err result)
{
	struct asked *a = user;

	a->dones++;
	a->result = result;
	(void)snprintf(a->said, sizeof(a->said), "%s", err_detail());
	if (a->ask_on_done) {
		ask(a->w, &a->w->after, "GET");
	}
}

static const struct http_call_on on = {told_head, told_body, told_done};

static void ask(struct world *w, struct asked *a, const char *method)
{
	bool post = strcmp(method, "POST") == 0;

	buf_free(&a->body);
	a->w = w;
	a->dones = a->heads = a->status = 0;
	a->bytes = 0;
	a->body = buf_growing(1 << 20);
	assert_ok(http_client_call(w->client, method, view_text("/x"), NULL, 0,
		view_text(post ? "abc" : ""), &on, a, &a->call));
	assert_int_equal(a->dones, 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct listener_options options = {.address = "127.0.0.1:0"};

	assert_non_null(w);
	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	assert_ok(listener_open(w->loop, &options, welcome, w, &w->listener));
	const struct http_client_options client = {.address = listener_address(w->listener),
		.host = "h.example",
		.connections = 2,
		.waiting = 2};

	assert_ok(http_client_new(w->loop, &client, &w->client));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_client_free(w->client);
	listener_close(w->listener);
	for (size_t i = 0; i < GUESTS; i++) {
		if (w->guests[i].stream) {
			stream_abort(w->guests[i].stream);
		}
		buf_free(&w->guests[i].got);
		buf_free(&w->asked[i].body);
	}
	buf_free(&w->after.body);
	loop_free(w->loop);
	free(w);
	return 0;
}

/* Another client, for tests that need other options. */
static void renew(struct world *w, const struct http_client_options *changes)
{
	struct http_client_options options = *changes;

	http_client_free(w->client);
	options.address = listener_address(w->listener);
	options.host = "h.example";
	assert_ok(http_client_new(w->loop, &options, &w->client));
}

#define until(w, condition)                                                                        \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn((w)->loop, until_turns % 8 == 0);                                \
		}                                                                                  \
	} while (0)

static void some_turns(struct world *w)
{
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
}

/* The server's n-th connection has got just this. */
static struct guest *expect(struct world *w, size_t n, const char *text)
{
	struct guest *g = &w->guests[n];

	until(w, w->guest_count > n && g->got.len >= strlen(text));
	assert_string_equal(buf_string(&g->got), text);
	buf_clear(&g->got);
	return g;
}

static void say(struct guest *g, const char *text)
{
	assert_ok(stream_send(g->stream, view_text(text)));
}

static void hang_up(struct guest *g)
{
	stream_close(g->stream);
	g->stream = NULL;
}

#define assert_result(a, code)                                                                     \
	do {                                                                                       \
		assert_int_equal((a)->dones, 1);                                                   \
		assert_err(code, (a)->result);                                                     \
	} while (0)

/* One call on the first connection, which is idle afterwards. */
static void warm_up(struct world *w)
{
	ask(w, &w->asked[0], "GET");
	say(expect(w, 0, ASKED), OK_HELLO);
	until(w, w->asked[0].dones);
	assert_result(&w->asked[0], OK);
}

static void a_call_is_answered(void **state)
{
	const struct http_field fields[] = {{view_text("Accept"), view_text("a/b")}};
	struct world *w = *state;
	struct asked *a = &w->asked[0];

	a->w = w;
	a->body = buf_growing(4096);
	assert_ok(http_client_call(w->client, "POST", view_text("/x?y"), fields, 1,
		view_text("abc"), &on, a, &a->call));
	struct guest *g = expect(w, 0,
		"POST /x?y HTTP/1.1\r\nHost: h.example\r\nAccept: a/b\r\n"
		"Content-Length: 3\r\n\r\nabc");

	say(g, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\nHTTP/1.1 403 No\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
	until(w, a->dones);
	assert_result(a, OK);
	assert_int_equal(a->heads, 1);
	assert_int_equal(a->status, 403);
	assert_view(buf_contents(&a->body), "hello");
}

static void a_host_that_stands_first_is_sent(void **state)
{
	struct world *w = *state;
	const struct http_field fields[] = {{view_text("host"), view_text("other.example:8443")},
		{view_text("A"), view_text("b")}};

	assert_ok(http_client_call(w->client, "GET", view_text("/x"), fields, 2, (struct view){0},
		&on, &w->asked[0], &w->asked[0].call));
	w->asked[0].w = w;
	w->asked[0].body = buf_growing(1 << 20);
	say(expect(w, 0, "GET /x HTTP/1.1\r\nHost: other.example:8443\r\nA: b\r\n\r\n"), OK_HELLO);
	until(w, w->asked[0].dones);
	assert_result(&w->asked[0], OK);
}

static void a_connection_is_used_again(void **state)
{
	struct world *w = *state;

	warm_up(w);
	warm_up(w);
	w->asked[0].ask_on_done = true;
	ask(w, &w->asked[0], "HEAD");
	say(expect(w, 0, "HEAD /x HTTP/1.1\r\nHost: h.example\r\n\r\n"),
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	say(expect(w, 0, ASKED), "HTTP/1.1 204 No\r\n\r\n");
	until(w, w->after.dones);
	assert_result(&w->asked[0], OK);
	assert_result(&w->after, OK);
	assert_int_equal(w->guest_count, 1);
}

static void some_connections_are_not_used_again(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		OK_HELLO "more",
		OK_HELLO OK_HELLO,
	};
	struct world *w = *state;

	for (size_t i = 0; i < 4; i++) {
		ask(w, &w->asked[0], "GET");
		say(expect(w, i, ASKED), answers[i]);
		until(w, w->asked[0].dones);
		assert_result(&w->asked[0], OK);
		assert_view(buf_contents(&w->asked[0].body), "hello");
		until(w, !w->guests[i].stream);
	}
}

static void calls_wait_for_a_connection(void **state)
{
	struct world *w = *state;
	struct http_call *call;

	for (size_t i = 0; i < 4; i++) {
		ask(w, &w->asked[i], "GET");
	}
	assert_null(http_call_stream(w->asked[2].call));
	assert_err(ERR_OVERLOAD, http_client_call(w->client, "GET", view_text("/"), NULL, 0,
					 view_text(""), &on, NULL, &call));
	(void)expect(w, 0, ASKED);
	(void)expect(w, 1, ASKED);
	say(&w->guests[1], OK_HELLO);
	until(w, w->asked[1].dones);
	say(expect(w, 1, ASKED),
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthird");
	until(w, w->asked[2].dones);
	assert_view(buf_contents(&w->asked[2].body), "third");
	say(expect(w, 2, ASKED), OK_HELLO); /* the fourth on a new one */
	until(w, w->asked[3].dones);
	assert_int_equal(w->asked[0].dones, 0);
	http_call_cancel(w->asked[0].call);
	assert_int_equal(w->asked[0].dones, 0);
}

static void a_stale_connection_is_tried_again_elsewhere(void **state)
{
	struct world *w = *state;

	warm_up(w);
	w->guests[0].close_on_input = true;
	ask(w, &w->asked[1], "GET");
	say(expect(w, 1, ASKED), OK_HELLO);
	until(w, w->asked[1].dones);
	assert_result(&w->asked[1], OK);
	w->guests[1].close_on_input = true;
	ask(w, &w->asked[2], "GET"); /* a second failure is told */
	until(w, w->guest_count == 3);
	hang_up(&w->guests[2]);
	until(w, w->asked[2].dones);
	assert_result(&w->asked[2], ERR_CLOSED);
}

static void what_must_not_be_sent_twice_is_not(void **state)
{
	struct world *w = *state;

	warm_up(w);
	w->guests[0].close_on_input = true;
	ask(w, &w->asked[1], "POST");
	until(w, w->asked[1].dones);
	assert_result(&w->asked[1], ERR_CLOSED);
	some_turns(w);
	assert_int_equal(w->guest_count, 1);
}

static void an_answer_begun_is_not_asked_for_again(void **state)
{
	struct world *w = *state;

	warm_up(w);
	ask(w, &w->asked[1], "GET");
	say(expect(w, 0, ASKED), "H");
	some_turns(w);
	hang_up(&w->guests[0]);
	until(w, w->asked[1].dones);
	assert_result(&w->asked[1], ERR_CLOSED);
	ask(w, &w->asked[2], "GET"); /* nor on a connection that is new */
	(void)expect(w, 1, ASKED);
	hang_up(&w->guests[1]);
	until(w, w->asked[2].dones);
	assert_result(&w->asked[2], ERR_CLOSED);
	assert_int_equal(w->guest_count, 2);
}

static void bad_answers_are_told(void **state)
{
	static const struct {
		const char *answer;
		bool end;
		enum err result;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\n\r\nabc", true, OK},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true, ERR_CLOSED},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true,
			ERR_CLOSED},
		{"HTTP/1.1 100 Continue\r\n\r\n", true, ERR_CLOSED},
		{"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", false,
			ERR_UNSUPPORTED},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nabc", false, ERR_RANGE},
		{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", false, ERR_SYNTAX},
		{"SSH-2.0-x\r\n", false, ERR_SYNTAX},
		{"", true, ERR_CLOSED},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		renew(w, &(struct http_client_options){.limits = {.body = 1000}});
		w->guest_count = 0;
		buf_free(&w->guests[0].got);
		ask(w, &w->asked[0], "GET");
		struct guest *g = expect(w, 0, ASKED);

		say(g, rows[i].answer);
		if (rows[i].end) {
			hang_up(g);
		}
		until(w, w->asked[0].dones);
		assert_result(&w->asked[0], rows[i].result);
		until(w, !g->stream);
	}
}

static void an_answer_must_come_in_time(void **state)
{
	struct world *w = *state;

	renew(w, &(struct http_client_options){.connections = 1,
			 .timeout_ms = 5000,
			 .stall_ms = 7000});
	ask(w, &w->asked[0], "GET");
	ask(w, &w->asked[1], "GET"); /* waiting counts too */
	say(expect(w, 0, ASKED), "HTTP/1.1 200 O");
	some_turns(w);
	fake_env_advance(&w->env, 4999);
	some_turns(w);
	assert_int_equal(w->asked[0].dones, 0);
	fake_env_advance(&w->env, 1);
	until(w, w->asked[0].dones && w->asked[1].dones);
	assert_result(&w->asked[0], ERR_TIMEOUT);
	assert_result(&w->asked[1], ERR_TIMEOUT);
	ask(w, &w->asked[2], "GET");
	until(w, w->guest_count >= 2 && w->guests[w->guest_count - 1].got.len > 0);
	struct guest *g = &w->guests[w->guest_count - 1];

	say(g, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na");
	until(w, w->asked[2].bytes == 1);
	fake_env_advance(&w->env, 6999);
	say(g, "b");
	until(w, w->asked[2].bytes == 2);
	fake_env_advance(&w->env, 6999);
	some_turns(w);
	assert_int_equal(w->asked[2].dones, 0);
	fake_env_advance(&w->env, 1);
	until(w, w->asked[2].dones);
	assert_result(&w->asked[2], ERR_TIMEOUT);
}

static void a_paused_call_takes_nothing(void **state)
{
	struct world *w = *state;
	struct asked *a = &w->asked[0];

	renew(w, &(struct http_client_options){.limits = {.body = SIZE_MAX}});
	a->pause_on_head = true;
	ask(w, a, "GET");
	struct guest *g = expect(w, 0, ASKED);

	g->to_send = LONG;
	say(g, "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
	until(w, a->heads);
	for (int i = 0; i < 50; i++) {
		some_turns(w);
	}
	fake_env_advance(&w->env, 3600 * 1000); /* it may stay paused */
	some_turns(w);
	assert_int_equal(a->bytes, 0);
	assert_int_equal(a->dones, 0);
}

static void back_pressure_reaches_the_server(void **state)
{
	struct world *w = *state;
	struct asked *a = &w->asked[0];

	renew(w, &(struct http_client_options){.limits = {.body = SIZE_MAX}});
	a->pause_on_body = true;
	ask(w, a, "GET");
	struct guest *g = expect(w, 0, ASKED);

	g->to_send = LONG;
	say(g, "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
	until(w, a->bytes > 0);
	size_t bytes = a->bytes;

	for (int i = 0; i < 50; i++) {
		some_turns(w);
	}
	assert_int_equal(a->bytes, bytes);
	assert_true(g->to_send > LONG / 2);
	a->pause_on_body = false;
	http_call_resume(a->call);
	until(w, a->dones);
	assert_result(a, OK);
	assert_int_equal(a->bytes, LONG);
	assert_non_null(g->stream);
}

static void a_pause_holds_between_chunks(void **state)
{
	struct world *w = *state;
	struct asked *a = &w->asked[0];

	a->pause_on_body = true;
	ask(w, a, "GET");
	say(expect(w, 0, ASKED), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				 "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
	for (size_t n = 1; n <= 2; n++) {
		until(w, a->bytes == n);
		some_turns(w);
		assert_int_equal(a->bytes, n);
		assert_int_equal(a->dones, 0);
		http_call_resume(a->call);
	}
	until(w, a->dones);
	assert_result(a, OK);
	a->pause_on_body = false;
	warm_up(w); /* its connection is not left paused */
	assert_int_equal(w->guest_count, 1);
}

static void a_call_can_be_cancelled_any_time(void **state)
{
	struct world *w = *state;

	ask(w, &w->asked[0], "GET"); /* before it is connected */
	http_call_cancel(w->asked[0].call);
	w->asked[1].cancel_on_head = true;
	w->asked[2].cancel_on_body = true;
	ask(w, &w->asked[1], "GET");
	ask(w, &w->asked[2], "GET");
	ask(w, &w->asked[3], "GET"); /* while it waits */
	http_call_cancel(w->asked[3].call);
	http_call_cancel(NULL);
	until(w, w->guest_count >= 2 && w->guests[w->guest_count - 1].got.len > 0 &&
			 w->guests[w->guest_count - 2].got.len > 0);
	say(&w->guests[w->guest_count - 1], OK_HELLO);
	say(&w->guests[w->guest_count - 2], OK_HELLO);
	until(w, !w->guests[w->guest_count - 1].stream && !w->guests[w->guest_count - 2].stream);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(w->asked[i].dones, 0);
	}
	assert_int_equal(w->asked[1].heads, 1);
	assert_int_equal(w->asked[1].bytes, 0);
	assert_int_equal(w->asked[2].bytes, 5);
}

static void a_freed_client_ends_its_calls(void **state)
{
	struct world *w = *state;

	w->asked[0].free_on_body = true;
	for (size_t i = 0; i < 4; i++) {
		ask(w, &w->asked[i], "GET");
	}
	w->asked[3].ask_on_done = false;
	say(expect(w, 0, ASKED), OK_HELLO);
	until(w, w->asked[0].dones);
	for (size_t i = 0; i < 4; i++) {
		assert_result(&w->asked[i], ERR_CLOSED);
	}
	assert_null(w->client);
}

static void idle_connections_end(void **state)
{
	struct world *w = *state;

	warm_up(w);
	fake_env_advance(&w->env, 30000);
	until(w, !w->guests[0].stream);
	ask(w, &w->asked[0], "GET");
	say(expect(w, 1, ASKED), OK_HELLO);
	until(w, w->asked[0].dones);
	hang_up(&w->guests[1]); /* noticed before the next call */
	some_turns(w);
	ask(w, &w->asked[1], "POST");
	until(w, w->guest_count == 3 && w->guests[2].got.len > 0);
	say(&w->guests[2], OK_HELLO);
	until(w, w->asked[1].dones);
	assert_result(&w->asked[1], OK);
	say(&w->guests[2], "HTTP/1.1 408 Late\r\n\r\n"); /* unasked */
	until(w, !w->guests[2].stream);
}

static void nobody_at_home(void **state)
{
	struct world *w = *state;
	struct http_client_options options = {.address = "127.0.0.1:1", .host = "h"};

	http_client_free(w->client);
	assert_ok(http_client_new(w->loop, &options, &w->client));
	ask(w, &w->asked[0], "GET");
	until(w, w->asked[0].dones);
	assert_result(&w->asked[0], ERR_UNAVAILABLE);
	http_client_free(w->client);
	w->client = NULL;
	options.address = "nonsense";
	assert_true(http_client_new(w->loop, &options, &w->client) != OK);
	options = (struct http_client_options){.address = "127.0.0.1:1", .host = ""};
	assert_err(ERR_SYNTAX, http_client_new(w->loop, &options, &w->client));
	http_client_free(NULL);
}

static void what_cannot_be_written_is_not_sent(void **state)
{
	const struct http_field bad = {view_text("X"), view_text("a\r\nb")};
	struct world *w = *state;
	struct http_call *call;

	assert_err(ERR_SYNTAX, http_client_call(w->client, "GET", view_text("/"), &bad, 1,
				       view_text(""), &on, NULL, &call));
	assert_err(ERR_SYNTAX, http_client_call(w->client, "GET", view_text("/a b"), NULL, 0,
				       view_text(""), &on, NULL, &call));
	some_turns(w);
	assert_int_equal(w->guest_count, 0);
}

/* As a gateway does: the answer goes on while it comes, no faster than it is read. */
struct relay {
	struct world *w;
	struct http_request *request;
	struct http_call *call;
	struct stream *reader;
	size_t read, paused, resumed, gone;
	struct buf first;
};

static void relay_drained(struct http_request *request)
{
	struct relay *r = request->user;

	r->resumed++;
	http_call_resume(r->call);
}

static void relay_head(void *user, const struct http_head *head)
{
	struct relay *r = user;

	assert_ok(http_answer_begin(r->request, head->status, head->fields, head->field_count,
		relay_drained));
}

static void relay_body(void *user, struct view part)
{
	struct relay *r = user;
	enum err e = http_answer_part(r->request, part);

	if (e == ERR_AGAIN) {
		r->paused++;
		http_call_pause(r->call);
		return;
	}
	assert_ok(e);
}

static void relay_done(void *user, enum err result)
{
	struct relay *r = user;

	assert_ok(result);
	r->call = NULL;
	http_answer_end(r->request);
}

static void relay_gone(struct http_request *request)
{
	struct relay *r = request->user;

	r->gone++;
	http_call_cancel(r->call);
	http_answer_abort(request);
}

static void relay_handle(void *user, struct http_request *request)
{
	static const struct http_call_on relay_on = {relay_head, relay_body, relay_done};
	struct relay *r = user;

	request->user = r;
	request->on_gone = relay_gone;
	r->request = request;
	assert_ok(http_client_call(r->w->client, "GET", request->head->target, NULL, 0,
		request->body, &relay_on, r, &r->call));
}

static size_t read_relayed(void *user, struct stream *s, struct view bytes)
{
	struct relay *r = user;

	(void)s;
	if (r->first.len < 256) {
		buf_view(&r->first, bytes);
	}
	r->read += bytes.len;
	return bytes.len;
}

static void reader_ready(void *user, struct stream *s)
{
	(void)user;
	assert_ok(stream_send(s, view_text("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")));
	stream_pause(s);
}

static void reader_closed(void *user, struct stream *s, enum err why)
{
	(void)s;
	(void)why;
	((struct relay *)user)->reader = NULL;
}

static void relay_long(struct world *w, struct relay *r, struct http_server **ret_server)
{
	static const struct stream_on reader = {.ready = reader_ready,
		.input = read_relayed,
		.closed = reader_closed};
	const struct http_server_options options = {.listen = {.address = "127.0.0.1:0"}};

	r->w = w;
	r->first = buf_growing(1 << 20);
	renew(w, &(struct http_client_options){.limits = {.body = SIZE_MAX}});
	assert_ok(http_server_open(w->loop, &options, relay_handle, r, ret_server));
	assert_ok(stream_connect(w->loop, http_server_address(*ret_server), NULL, NULL, NULL,
		&reader, r, &r->reader));
	struct guest *g = expect(w, 0, ASKED);

	g->to_send = LONG;
	say(g, "HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
	until(w, r->paused > 0);
	for (int i = 0; i < 50; i++) {
		some_turns(w);
	}
	assert_true(g->to_send > LONG / 4);
	assert_int_equal(r->read, 0);
}

static void answers_can_be_relayed(void **state)
{
	struct world *w = *state;
	struct relay r = {0};
	struct http_server *server;

	relay_long(w, &r, &server);
	stream_resume(r.reader);
	until(w, r.read > LONG && !r.call);
	assert_int_equal(r.resumed, r.paused);
	assert_non_null(strstr(buf_string(&r.first), "Content-Length: 33554432\r\n\r\n"));
	assert_int_equal(r.read, LONG + (size_t)(strstr(buf_string(&r.first), "\r\n\r\n") + 4 -
						 buf_string(&r.first)));
	assert_non_null(w->guests[0].stream);
	stream_abort(r.reader);
	http_server_close(server);
	buf_free(&r.first);
}

static void a_reader_that_leaves_a_relay_ends_it(void **state)
{
	struct world *w = *state;
	struct relay r = {0};
	struct http_server *server;

	relay_long(w, &r, &server);
	stream_abort(r.reader);
	until(w, r.gone && !w->guests[0].stream);
	http_server_close(server);
	buf_free(&r.first);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLIENT_TEST(a_call_is_answered),
		CLIENT_TEST(a_host_that_stands_first_is_sent),
		CLIENT_TEST(a_connection_is_used_again),
		CLIENT_TEST(some_connections_are_not_used_again),
		CLIENT_TEST(calls_wait_for_a_connection),
		CLIENT_TEST(a_stale_connection_is_tried_again_elsewhere),
		CLIENT_TEST(what_must_not_be_sent_twice_is_not),
		CLIENT_TEST(an_answer_begun_is_not_asked_for_again),
		CLIENT_TEST(bad_answers_are_told),
		CLIENT_TEST(an_answer_must_come_in_time),
		CLIENT_TEST(a_paused_call_takes_nothing),
		CLIENT_TEST(back_pressure_reaches_the_server),
		CLIENT_TEST(a_pause_holds_between_chunks),
		CLIENT_TEST(a_call_can_be_cancelled_any_time),
		CLIENT_TEST(a_freed_client_ends_its_calls),
		CLIENT_TEST(idle_connections_end),
		CLIENT_TEST(answers_can_be_relayed),
		CLIENT_TEST(a_reader_that_leaves_a_relay_ends_it),
		CLIENT_TEST(nobody_at_home),
		CLIENT_TEST(what_cannot_be_written_is_not_sent),
	};
	return RUN_TESTS(tests);
}
