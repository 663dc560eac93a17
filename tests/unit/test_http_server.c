// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_env.h"
#include "net/http_server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS = 20000, LATER_MAX = 8, PEERS = 4, BIG = 600 * 1024, LONG = 32 << 20 };

#define DATE "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: test\r\n"
#define H    "Host: a\r\n"
#define HELLO                                                                                      \
	"HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
#define ASK	  "GET /hello HTTP/1.1\r\n" H "\r\n"
#define ASK_LATER "GET /later HTTP/1.1\r\n" H "\r\n"

/* A client that is no stream: a plain socket, not blocking. */
struct peer {
	int fd; /* 0: unused */
	struct buf got;
	bool ended, reset;
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct http_server *server;
	struct peer peers[PEERS];
	struct http_request *later[LATER_MAX];
	size_t later_count, asked, gone, drained;
	struct view big;
	size_t sent;
};

static void hello(void *user, struct http_request *request, const struct view *segments)
{
	(void)user;
	(void)segments;
	http_answer_text(request, 200, "text/plain", "hello");
}

static void echo(void *user, struct http_request *request, const struct view *segments)
{
	(void)user;
	(void)segments;
	http_answer(request, 201, NULL, 0, request->body);
}

static void join(void *user, struct http_request *request, const struct view *segments)
{
	struct buf b BUF_CLEANUP = buf_growing(256);

	(void)user;
	buf_view(&b, segments[0]);
	buf_text(&b, "+");
	buf_view(&b, segments[1]);
	http_answer(request, 200, NULL, 0, buf_contents(&b));
}

static void on_gone(struct http_request *request)
{
	struct world *w = request->user;

	assert_true(request->gone);
	assert_null(request->stream);
	w->gone++;
}

static void later(void *user, struct http_request *request, const struct view *segments)
{
	struct world *w = user;

	(void)segments;
	assert_true(w->later_count < LATER_MAX);
	assert_non_null(request->stream);
	request->user = w;
	request->on_gone = on_gone;
	w->later[w->later_count++] = request;
}

static void bad_field(void *user, struct http_request *request, const struct view *segments)
{
	const struct http_field field = {view_text("X"), view_text("a\r\nSet-Cookie: b")};

	(void)user;
	(void)segments;
	http_answer(request, 200, &field, 1, view_text("never"));
}

static void big(void *user, struct http_request *request, const struct view *segments)
{
	struct world *w = user;

	(void)segments;
	http_answer(request, 200, NULL, 0, view_of(w->big.data, 2 * BIG));
}

static void empty(void *user, struct http_request *request, const struct view *segments)
{
	(void)user;
	(void)segments;
	http_answer(request, 204, NULL, 0, view_text("dropped"));
}

static void closing(void *user, struct http_request *request, const struct view *segments)
{
	struct world *w = user;

	(void)segments;
	http_server_close(w->server);
	w->server = NULL;
	assert_true(request->gone);
	http_answer_problem(request, 503, "closing");
}

static bool nobody(void *user, const struct http_request *request)
{
	(void)user;
	(void)request;
	return false;
}

static const struct http_route routes[] = {
	{"GET", "/hello", NULL, hello},
	{"POST", "/echo", NULL, echo},
	{"GET", "/later", NULL, later},
	{"POST", "/later", NULL, later},
	{"GET", "/items/{}/of/{}", NULL, join},
	{"GET", "/items", NULL, hello},
	{"DELETE", "/items", NULL, hello},
	{"GET", "/secret", nobody, hello},
	{"GET", "/bad-field", NULL, bad_field},
	{"GET", "/big", NULL, big},
	{"GET", "/empty", NULL, empty},
	{"GET", "/closing", NULL, closing},
	{"GET", "/", NULL, hello},
};

static void handle(void *user, struct http_request *request)
{
	struct world *w = user;

	w->asked++;
	http_route(routes, sizeof(routes) / sizeof(routes[0]), w, request);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint8_t *bytes = calloc(1, 2 * (size_t)BIG);
	const struct http_server_options options = {
		.listen = {.address = "127.0.0.1:0"},
		.limits = {.head = 2048, .body = 1000},
		.name = "test",
	};

	assert_non_null(w);
	assert_non_null(bytes);
	w->big = view_of(bytes, BIG);
	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	assert_ok(http_server_open(w->loop, &options, handle, w, &w->server));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	http_server_close(w->server);
	for (size_t i = 0; i < PEERS; i++) {
		if (w->peers[i].fd) {
			(void)close(w->peers[i].fd);
		}
		buf_free(&w->peers[i].got);
	}
	for (int i = 0; i < 5; i++) {
		loop_turn(w->loop, 0);
	}
	loop_free(w->loop);
	free((void *)w->big.data);
	free(w);
	return 0;
}

static struct peer *arrive_at(struct world *w, const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct peer *p = w->peers;

	while (p->fd) {
		p++;
	}
	assert_true(p < w->peers + PEERS);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	p->got = buf_growing(64 * 1024 * 1024);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	assert_int_equal(connect(p->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	return p;
}

static struct peer *arrive(struct world *w)
{
	return arrive_at(w, http_server_address(w->server));
}

static void say(struct peer *p, const char *text)
{
	assert_int_equal(send(p->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void leave(struct peer *p)
{
	(void)close(p->fd);
	buf_free(&p->got);
	*p = (struct peer){.fd = 0};
}

static void hear(struct peer *p)
{
	static uint8_t bytes[65536];
	ssize_t got;

	while ((got = recv(p->fd, bytes, sizeof(bytes), 0)) > 0) {
		buf_bytes(&p->got, bytes, (size_t)got);
	}
	p->reset = p->reset || (got < 0 && errno != EAGAIN);
	p->ended = p->ended || got == 0 || p->reset;
}

/* Turns the loop, and reads, until it is so. */
#define until(w, p, condition)                                                                     \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s, got \"%s\"", #condition,            \
					(p) ? buf_string(&(p)->got) : "");                         \
			}                                                                          \
			loop_turn((w)->loop, until_turns % 8 == 0);                                \
			if (p) {                                                                   \
				hear(p);                                                           \
			}                                                                          \
		}                                                                                  \
	} while (0)
#define NOONE ((struct peer *)NULL)

static void some_turns(struct world *w)
{
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
}

/* What comes, and nothing after it. */
static void expect(struct world *w, struct peer *p, const char *text)
{
	size_t len = strlen(text);

	until(w, p, p->got.len >= len || p->ended);
	some_turns(w);
	hear(p);
	assert_string_equal(buf_string(&p->got), text);
	buf_clear(&p->got);
}

static void expect_end(struct world *w, struct peer *p)
{
	until(w, p, p->ended);
	assert_false(p->reset);
}

static void requests_are_answered_in_order(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK);
	expect(w, p, HELLO);
	say(p, ASK "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
		   "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
		   "1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n" ASK);
	expect(w, p,
		HELLO "HTTP/1.1 201 Created\r\n" DATE "Content-Length: 3\r\n\r\nabc"
		      "HTTP/1.1 201 Created\r\n" DATE "Content-Length: 3\r\n\r\nxyz" HELLO);
	assert_int_equal(w->asked, 5);
	assert_int_equal(http_server_connections(w->server), 1);
}

static void bytes_may_come_one_by_one(void **state)
{
	static const char in[] = "POST /echo HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab";
	struct world *w = *state;
	struct peer *p = arrive(w);

	for (const char *at = in; *at; at++) {
		const char one[] = {*at, 0};

		say(p, one);
		loop_turn(w->loop, 1);
	}
	expect(w, p, "HTTP/1.1 201 Created\r\n" DATE "Content-Length: 2\r\n\r\nab");
}

static void pipelined_requests_wait_for_a_late_answer(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK_LATER ASK);
	until(w, p, w->later_count == 1);
	say(p, ASK);
	some_turns(w);
	assert_int_equal(w->asked, 1);
	http_answer_text(w->later[0], 200, "text/plain", "hello");
	expect(w, p, HELLO HELLO HELLO);
}

static void a_bad_request_ends_the_connection(void **state)
{
	static const struct {
		const char *in;
		unsigned status;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n" ASK, 400},
		{"GET / HTTP/1.1\r\n" H H "\r\n" ASK, 400},
		{"POST / HTTP/1.1\r\n" H
		 "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" ASK,
			400},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 1001\r\n\r\n" ASK, 413},
		{"GET / HTTP/1.1\r\n" H "Expect: x\r\n\r\n", 417},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", 501},
		{"CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 501},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
		{"\x16\x03\x01\x02", 400},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer *p = arrive(w);
		char line[64], member[64];

		say(p, rows[i].in);
		expect_end(w, p);
		(void)snprintf(line, sizeof(line), "HTTP/1.1 %u ", rows[i].status);
		(void)snprintf(member, sizeof(member),
			"\"status\":%u,\"detail\":\"http: ", rows[i].status);
		assert_memory_equal(buf_string(&p->got), line, strlen(line));
		assert_non_null(strstr(buf_string(&p->got), "Connection: close\r\n"));
		assert_non_null(strstr(buf_string(&p->got), "application/problem+json"));
		assert_non_null(strstr(buf_string(&p->got), member));
		leave(p);
	}
	assert_int_equal(w->asked, 0);
	assert_int_equal(http_server_connections(w->server), 0);
}

static void targets_in_other_forms_are_bad_requests(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, "GET /a/../hello HTTP/1.1\r\n" H "\r\n");
	until(w, p, p->got.len > 12);
	assert_memory_equal(p->got.data, "HTTP/1.1 400", 12);
	say(p, "OPTIONS * HTTP/1.1\r\n" H "\r\n");
	until(w, p, strstr(buf_string(&p->got) + 12, "HTTP/1.1 400"));
	assert_int_equal(w->asked, 0);
	buf_clear(&p->got);
	say(p, "GET http://a/hello HTTP/1.1\r\n" H "\r\n");
	expect(w, p, HELLO);
}

static void too_much_is_refused(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w), *r = arrive(w);

	say(p, "GET /");
	say(q, "GET / HTTP/1.1\r\n" H "X: ");
	say(r, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 300; i++) {
		say(p, "12345678");
		say(q, "12345678");
		say(r, "8\r\n12345678\r\n");
	}
	expect_end(w, p);
	expect_end(w, q);
	expect_end(w, r);
	assert_memory_equal(p->got.data, "HTTP/1.1 414", 12);
	assert_memory_equal(q->got.data, "HTTP/1.1 431", 12);
	assert_memory_equal(r->got.data, "HTTP/1.1 413", 12);
}

static void the_client_may_ask_for_the_end(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w);

	say(p, "GET /hello HTTP/1.1\r\n" H "Connection: close\r\n\r\n" ASK);
	expect_end(w, p);
	assert_string_equal(buf_string(&p->got),
		"HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\n"
		"Content-Length: 5\r\nConnection: close\r\n\r\nhello");
	say(q, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect_end(w, q);
	assert_non_null(strstr(buf_string(&q->got), "Connection: close"));
	assert_int_equal(w->asked, 2);
}

static void some_answers_have_no_body(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, "HEAD /hello HTTP/1.1\r\n" H "\r\nGET /empty HTTP/1.1\r\n" H "\r\n" ASK);
	expect(w, p,
		"HTTP/1.1 200 OK\r\n" DATE "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
		"HTTP/1.1 204 No Content\r\n" DATE "\r\n" HELLO);
}

static void the_client_may_wait_before_its_body(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, "POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n");
	expect(w, p, "HTTP/1.1 100 Continue\r\n\r\n");
	say(p, "x");
	expect(w, p, "HTTP/1.1 201 Created\r\n" DATE "Content-Length: 1\r\n\r\nx");
	say(p, "GET /hello HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n");
	expect(w, p, HELLO);
}

static void a_slow_request_is_cut_off(void **state)
{
	static const char *const starts[] = {"GET /",
		"POST /echo HTTP/1.1\r\n" H "Content-Length: 99\r\n\r\n"};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		struct peer *p = arrive(w);

		say(p, starts[i]);
		some_turns(w);
		for (int s = 0; s < 9; s++) { /* a byte a second does not help */
			fake_env_advance(&w->env, 1000);
			say(p, "x");
			some_turns(w);
			hear(p);
			assert_int_equal(p->got.len, 0);
		}
		fake_env_advance(&w->env, 1000);
		expect_end(w, p);
		assert_memory_equal(p->got.data, "HTTP/1.1 408", 12);
		leave(p);
	}
	assert_int_equal(w->asked, 0);
}

static void an_idle_connection_is_closed(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w), *r = arrive(w);

	until(w, NOONE, http_server_connections(w->server) == 3);
	say(r, ASK_LATER);
	until(w, NOONE, w->later_count == 1);
	fake_env_advance(&w->env, 40000);
	say(q, ASK);
	until(w, q, q->got.len > 0); /* counts from its answer */
	fake_env_advance(&w->env, 20000);
	expect_end(w, p);
	assert_int_equal(p->got.len, 0);
	assert_int_equal(http_server_connections(w->server), 2);
	fake_env_advance(&w->env, 39999);
	some_turns(w);
	assert_int_equal(http_server_connections(w->server), 2);
	fake_env_advance(&w->env, 1);
	expect_end(w, q);
	http_answer(w->later[0], 204, NULL, 0, view_text(""));
	until(w, r, r->got.len > 0); /* a request under way is not idle */
}

static void a_client_may_leave(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w), *r = arrive(w);

	say(p, ASK_LATER);
	until(w, NOONE, w->later_count == 1);
	say(q, "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nab");
	say(r, "GET");
	until(w, NOONE, http_server_connections(w->server) == 3);
	some_turns(w);
	leave(p);
	leave(q);
	leave(r);
	until(w, NOONE, http_server_connections(w->server) == 0);
	assert_int_equal(w->gone, 1);
	assert_true(w->later[0]->gone);
	assert_view(w->later[0]->target.path, "/later");
	http_answer_text(w->later[0], 200, "text/plain", "hello");
	assert_int_equal(w->asked, 1);
}

static void answers_are_streamed(void **state)
{
	const struct http_field length = {view_text("Content-Length"), view_text("4")};
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK_LATER ASK_LATER "HEAD /later HTTP/1.1\r\n" H "\r\n" ASK);
	until(w, p, w->later_count == 1);
	assert_ok(http_answer_begin(w->later[0], 200, NULL, 0, NULL));
	assert_err(ERR_WRONG_STATE, http_answer_begin(w->later[0], 200, NULL, 0, NULL));
	expect(w, p, "HTTP/1.1 200 OK\r\n" DATE "Transfer-Encoding: chunked\r\n\r\n");
	assert_ok(http_answer_part(w->later[0], view_text("abcdefghijklmnop")));
	assert_ok(http_answer_part(w->later[0], view_text("")));
	expect(w, p, "10\r\nabcdefghijklmnop\r\n");
	http_answer_end(w->later[0]);
	until(w, p, w->later_count == 2);
	expect(w, p, "0\r\n\r\n");
	assert_ok(http_answer_begin(w->later[1], 200, &length, 1, NULL));
	assert_ok(http_answer_part(w->later[1], view_text("abc")));
	assert_err(ERR_RANGE, http_answer_part(w->later[1], view_text("de")));
	assert_ok(http_answer_part(w->later[1], view_text("d")));
	http_answer_end(w->later[1]);
	until(w, p, w->later_count == 3);
	expect(w, p, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 4\r\n\r\nabcd");
	assert_ok(http_answer_begin(w->later[2], 200, &length, 1, NULL));
	assert_ok(http_answer_part(w->later[2], view_text("abcd")));
	http_answer_end(w->later[2]);
	expect(w, p, "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 4\r\n\r\n" HELLO);
}

static void a_streamed_answer_may_end_with_the_connection(void **state)
{
	const struct http_field length = {view_text("Content-Length"), view_text("4")};
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w), *r = arrive(w);

	say(p, "GET /later HTTP/1.0\r\n\r\n");
	until(w, p, w->later_count == 1);
	assert_ok(http_answer_begin(w->later[0], 200, NULL, 0, NULL));
	assert_ok(http_answer_part(w->later[0], view_text("abc")));
	http_answer_end(w->later[0]);
	expect_end(w, p);
	assert_string_equal(buf_string(&p->got),
		"HTTP/1.1 200 OK\r\n" DATE "Connection: close\r\n\r\nabc");
	say(q, ASK_LATER);
	until(w, q, w->later_count == 2);
	assert_ok(http_answer_begin(w->later[1], 200, &length, 1, NULL));
	http_answer_end(w->later[1]); /* too short */
	until(w, q, q->ended);
	say(r, ASK_LATER);
	until(w, r, w->later_count == 3);
	assert_ok(http_answer_begin(w->later[2], 200, NULL, 0, NULL));
	http_answer_abort(w->later[2]);
	until(w, r, r->ended);
	assert_int_equal(http_server_connections(w->server), 0);
}

/* Sends LONG bytes in parts, until all is sent or no more is taken. */
static void produce(struct http_request *request)
{
	struct world *w = request->user;

	w->drained++;
	while (w->sent < LONG) {
		enum err e = http_answer_part(request, view_of(w->big.data, 16384));

		w->sent += 16384;
		if (e == ERR_AGAIN) {
			assert_err(ERR_OVERLOAD, http_answer_part(request, view_text("x")));
			return;
		}
		assert_ok(e);
	}
	http_answer_end(request);
}

static void a_client_that_does_not_read_holds_the_answer_back(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK_LATER);
	until(w, NOONE, w->later_count == 1);
	assert_ok(http_answer_begin(w->later[0], 200, NULL, 0, produce));
	produce(w->later[0]);
	for (int i = 0; i < 20; i++) {
		some_turns(w);
	}
	assert_true(w->sent < LONG / 2);
	until(w, p, w->sent == LONG);
	assert_true(w->drained > 1);
}

static void a_client_that_leaves_a_stream_is_noticed(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK_LATER);
	until(w, NOONE, w->later_count == 1);
	assert_ok(http_answer_begin(w->later[0], 200, NULL, 0, NULL));
	leave(p);
	until(w, NOONE, w->gone == 1);
	assert_err(ERR_CLOSED, http_answer_part(w->later[0], view_text("x")));
	http_answer_end(w->later[0]);
}

static void unread_answers_hold_back_further_requests(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	char block[100 * (sizeof(ASK) - 1) + 1] = "";
	size_t put = 0, last = SIZE_MAX;

	for (int i = 0; i < 100; i++) {
		memcpy(block + (size_t)i * (sizeof(ASK) - 1), ASK, sizeof(ASK));
	}
	while (last != put) { /* until nothing moves any more */
		last = put;
		for (int i = 0; i < 20; i++) {
			size_t at = put % (sizeof(block) - 1);
			ssize_t n = send(p->fd, block + at, sizeof(block) - 1 - at, MSG_NOSIGNAL);

			put += n > 0 ? (size_t)n : 0;
			some_turns(w);
		}
	}
	assert_true(w->asked < put / (sizeof(ASK) - 1));
	until(w, p, w->asked == put / (sizeof(ASK) - 1));
	assert_int_equal(http_server_connections(w->server), 1);
}

static void routes_choose_the_handler(void **state)
{
	static const struct {
		const char *method, *target;
		unsigned status;
		const char *contains;
	} rows[] = {
		{"GET", "/items/a%2fb/of/c?x=y", 200, "a%2fb+c"},
		{"GET", "/items//of/c", 404, "no such resource"},
		{"GET", "/items/a/of", 404, ""},
		{"GET", "/items/a/of/c/", 404, ""},
		{"GET", "/items/", 404, ""},
		{"GET", "/hell", 404, ""},
		{"GET", "/Hello", 404, ""},
		{"GET", "/", 200, "hello"},
		{"PUT", "/items", 405, "Allow: GET, DELETE\r\n"},
		{"GET", "/echo", 405, "Allow: POST\r\n"},
		{"GET", "/secret", 403, "not allowed"},
		{"GET", "/bad-field", 500, "could not be written"},
	};
	struct world *w = *state;
	struct peer *p = arrive(w);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char ask[128], line[32];

		(void)snprintf(ask, sizeof(ask), "%s %s HTTP/1.1\r\n" H "\r\n", rows[i].method,
			rows[i].target);
		(void)snprintf(line, sizeof(line), "HTTP/1.1 %u ", rows[i].status);
		say(p, ask);
		until(w, p, strstr(buf_string(&p->got), "\r\n\r\n"));
		if (strncmp(buf_string(&p->got), line, strlen(line)) != 0 ||
			!strstr(buf_string(&p->got), rows[i].contains)) {
			fail_msg("%s %s: %s", rows[i].method, rows[i].target, buf_string(&p->got));
		}
		assert_null(strstr(buf_string(&p->got), "Set-Cookie"));
		buf_clear(&p->got);
	}
}

static void an_answer_past_the_ceiling_ends_the_connection(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, "GET /big HTTP/1.1\r\n" H "\r\n");
	until(w, p, p->ended);
	assert_int_equal(http_server_connections(w->server), 0);
}

static void a_closing_server_leaves_nobody_behind(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w), *r = arrive(w);

	say(p, ASK_LATER);
	say(q, ASK_LATER ASK);
	say(r, "GET");
	until(w, NOONE, w->later_count == 2 && http_server_connections(w->server) == 3);
	some_turns(w);
	http_answer_problem(w->later[0], 503, "closing");
	http_server_close(w->server);
	w->server = NULL;
	assert_int_equal(w->gone, 1);
	expect_end(w, p);
	expect_end(w, q);
	expect_end(w, r);
	http_answer_problem(w->later[1], 503, "late");
}

static void a_handler_may_close_the_server(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, "GET /closing HTTP/1.1\r\n" H "\r\n" ASK);
	expect_end(w, p);
	assert_int_equal(w->asked, 1);
}

static void the_date_follows_the_clock(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	say(p, ASK);
	expect(w, p, HELLO);
	fake_env_advance(&w->env, 31536000000);
	p = arrive(w);
	say(p, ASK);
	until(w, p, p->got.len > 0);
	assert_non_null(strstr(buf_string(&p->got), "Date: Fri, 01 Jan 2027 00:00:00 GMT\r\n"));
}

static void a_name_that_no_field_can_hold_is_refused(void **state)
{
	struct world *w = *state;
	struct http_server_options options = {.listen = {.address = "127.0.0.1:0"},
		.name = "a\r\nb"};
	struct http_server *s;

	assert_err(ERR_SYNTAX, http_server_open(w->loop, &options, handle, w, &s));
	options.name = NULL;
	options.listen.address = "nonsense";
	assert_true(http_server_open(w->loop, &options, handle, w, &s) != OK);
	http_server_close(NULL);
}

/* Connections that another listener took in. */
struct porter {
	struct listener *listener;
	struct http_server *server;
	int64_t until;
	enum err result;
};

static void hand_over(void *user, struct stream *s)
{
	struct porter *porter = user;

	porter->result = http_server_take(porter->server, s, porter->until);
	if (porter->result != OK) {
		stream_abort(s);
	}
}

static struct peer *arrive_by(struct world *w, struct porter *porter, int64_t after_ms)
{
	const struct listener_options listen = {.address = "127.0.0.1:0"};
	const struct http_server_options options = {.idle_ms = 3600 * 1000,
		.head_ms = 3600 * 1000,
		.name = "test"};

	*porter = (struct porter){.until = after_ms ? loop_now(w->loop) + after_ms : 0};
	assert_ok(http_server_open(w->loop, &options, handle, w, &porter->server));
	assert_string_equal(http_server_address(porter->server), "");
	assert_ok(listener_open(w->loop, &listen, hand_over, porter, &porter->listener));
	return arrive_at(w, listener_address(porter->listener));
}

static void leave_porter(struct porter *porter)
{
	listener_close(porter->listener);
	http_server_close(porter->server);
}

static void another_listener_may_hand_over(void **state)
{
	struct world *w = *state;
	struct porter porter;
	struct peer *p = arrive_by(w, &porter, 0);

	say(p, ASK);
	expect(w, p, HELLO);
	assert_int_equal(http_server_connections(porter.server), 1);
	fake_env_advance(&w->env, 3599 * 1000);
	say(p, ASK);
	until(w, p, p->got.len > 0);
	leave_porter(&porter);
	expect_end(w, p);
}

static void an_idle_connection_ends_at_its_time(void **state)
{
	struct world *w = *state;
	struct porter porter;
	struct peer *p = arrive_by(w, &porter, 5000);

	say(p, ASK);
	expect(w, p, HELLO);
	fake_env_advance(&w->env, 4999);
	some_turns(w);
	hear(p);
	assert_false(p->ended);
	fake_env_advance(&w->env, 1);
	expect_end(w, p);
	assert_int_equal(http_server_connections(porter.server), 0);
	leave_porter(&porter);
}

static void an_answer_under_way_is_its_last(void **state)
{
	struct world *w = *state;
	struct porter porter;
	struct peer *p = arrive_by(w, &porter, 5000);

	say(p, ASK_LATER);
	until(w, p, w->later_count == 1);
	fake_env_advance(&w->env, 64999);
	some_turns(w);
	hear(p);
	assert_false(p->ended);
	http_answer_text(w->later[0], 200, "text/plain", "hello");
	until(w, p, p->ended);
	assert_non_null(strstr(buf_string(&p->got), "Connection: close\r\n"));
	assert_int_equal(w->gone, 0);
	leave_porter(&porter);
}

static void an_answer_that_takes_too_long_is_cut_off(void **state)
{
	struct world *w = *state;
	struct porter porter;
	struct peer *p = arrive_by(w, &porter, 5000);

	say(p, ASK_LATER);
	until(w, p, w->later_count == 1);
	fake_env_advance(&w->env, 5000);
	some_turns(w);
	fake_env_advance(&w->env, 60000);
	until(w, p, p->ended);
	assert_int_equal(w->gone, 1);
	http_answer_abort(w->later[0]);
	leave_porter(&porter);
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(requests_are_answered_in_order),
		SERVER_TEST(bytes_may_come_one_by_one),
		SERVER_TEST(pipelined_requests_wait_for_a_late_answer),
		SERVER_TEST(a_bad_request_ends_the_connection),
		SERVER_TEST(targets_in_other_forms_are_bad_requests),
		SERVER_TEST(too_much_is_refused),
		SERVER_TEST(the_client_may_ask_for_the_end),
		SERVER_TEST(some_answers_have_no_body),
		SERVER_TEST(the_client_may_wait_before_its_body),
		SERVER_TEST(a_slow_request_is_cut_off),
		SERVER_TEST(an_idle_connection_is_closed),
		SERVER_TEST(a_client_may_leave),
		SERVER_TEST(answers_are_streamed),
		SERVER_TEST(a_streamed_answer_may_end_with_the_connection),
		SERVER_TEST(a_client_that_does_not_read_holds_the_answer_back),
		SERVER_TEST(a_client_that_leaves_a_stream_is_noticed),
		SERVER_TEST(unread_answers_hold_back_further_requests),
		SERVER_TEST(routes_choose_the_handler),
		SERVER_TEST(an_answer_past_the_ceiling_ends_the_connection),
		SERVER_TEST(a_closing_server_leaves_nobody_behind),
		SERVER_TEST(a_handler_may_close_the_server),
		SERVER_TEST(the_date_follows_the_clock),
		SERVER_TEST(a_name_that_no_field_can_hold_is_refused),
		SERVER_TEST(another_listener_may_hand_over),
		SERVER_TEST(an_idle_connection_ends_at_its_time),
		SERVER_TEST(an_answer_under_way_is_its_last),
		SERVER_TEST(an_answer_that_takes_too_long_is_cut_off),
	};
	return RUN_TESTS(tests);
}
