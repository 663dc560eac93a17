// SPDX-License-Identifier: Apache-2.0
/* Tokens pushed to a receiver, and to what is none: hanging, redirecting, in the private network.  req: R9.4-i-a */
#include "test.h"

#include "fake_env.h"
#include "net/webhook.h"

#include <stdlib.h>

enum { TURNS = 20000, GUESTS = 8 };

struct guest {
	struct stream *stream;
	struct buf got;
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct listener *listener;
	struct guest guests[GUESTS];
	size_t guest_count;
	struct webhook *hook;
	struct webhook_answer answer;
	unsigned dones;
	bool close_inside, post_inside;
};

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct guest *g = user;

	(void)s;
	buf_view(&g->got, bytes);
	return bytes.len;
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	(void)s;
	(void)why;
	((struct guest *)user)->stream = NULL;
}

static void welcome(void *user, struct stream *s)
{
	static const struct stream_on on = {.input = on_input, .closed = on_closed};
	struct world *w = user;

	assert_true(w->guest_count < GUESTS);
	struct guest *g = &w->guests[w->guest_count++];

	g->stream = s;
	g->got = buf_growing(1 << 20);
	stream_set(s, &on, g);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct listener_options options = {.address = "127.0.0.1:0"};

	assert_non_null(w);
	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	assert_ok(listener_open(w->loop, &options, welcome, w, &w->listener));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	webhook_close(w->hook);
	listener_close(w->listener);
	for (size_t i = 0; i < GUESTS; i++) {
		if (w->guests[i].stream) {
			stream_abort(w->guests[i].stream);
		}
		buf_free(&w->guests[i].got);
	}
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
			loop_turn((w)->loop, until_turns % 8 == 0);                                \
		}                                                                                  \
	} while (0)

static void told(void *user, const struct webhook_answer *answer)
{
	struct world *w = user;

	w->answer = *answer;
	w->dones++;
	if (w->close_inside) {
		webhook_close(w->hook);
		w->hook = NULL;
	}
	if (w->post_inside) {
		w->post_inside = false;
		assert_ok(webhook_post(w->hook, view_text("again"), told, w));
	}
}

/* The options of tests: plain, and what listens here is allowed unless said otherwise. */
static void open_at(struct world *w, const char *host, const char *networks)
{
	struct webhook_options options = {.plain = true, .answer_max = 256};
	const char *port = strrchr(listener_address(w->listener), ':') + 1;
	char url[128];

	(void)snprintf(url, sizeof(url), "http://%s:%s/hook?a=b", host, port);
	assert_ok(networks_parse(networks, &options.allowed));
	webhook_close(w->hook);
	w->hook = NULL;
	assert_ok(webhook_open(w->loop, &options, view_text(url), &w->hook));
}

static void post(struct world *w)
{
	w->dones = 0;
	assert_ok(webhook_post(w->hook, view_text("e30.e30.x"), told, w));
	assert_int_equal(w->dones, 0);
}

/* The n-th connection has got a whole post; it is answered so. */
static void answer(struct world *w, size_t n, const char *text)
{
	struct guest *g = &w->guests[n];

	until(w, w->guest_count > n && strstr(buf_string(&g->got), "e30.e30.x"));
	buf_clear(&g->got);
	assert_ok(stream_send(g->stream, view_text(text)));
}

static void a_token_is_pushed_and_acknowledged(void **state)
{
	struct world *w = *state;

	open_at(w, "127.0.0.1", "127.0.0.0/8");
	post(w);
	assert_err(ERR_WRONG_STATE, webhook_post(w->hook, view_text("x"), told, w));
	until(w, w->guest_count > 0 && strstr(buf_string(&w->guests[0].got), "e30.e30.x"));
	const char *got = buf_string(&w->guests[0].got);

	assert_non_null(strstr(got, "POST /hook?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(got, "Content-Type: application/secevent+jwt\r\n"));
	assert_non_null(strstr(got, "Accept: application/json\r\n"));
	answer(w, 0, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_ACKNOWLEDGED);
	post(w); /* on the same connection */
	answer(w, 0, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_ACKNOWLEDGED);
	assert_int_equal(w->guest_count, 1);
}

static void answers_are_judged(void **state)
{
	static const struct {
		const char *answer;
		enum webhook_result result;
		unsigned status;
		int64_t retry_ms;
		const char *why;
	} rows[] = {
		{"HTTP/1.1 400 No\r\nContent-Length: 44\r\n\r\n"
		 "{\"err\":\"invalid_key\",\"description\":\"old\\n!\"}",
			WEBHOOK_REFUSED, 400, 0, "invalid_key: old?!"},
		{"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\n{}", WEBHOOK_FAILED, 400, 0,
			"answered 400"},
		{"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", WEBHOOK_FAILED,
			503, 7000, "answered 503"},
		{"HTTP/1.1 429 No\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"
		 "Content-Length: 0\r\n\r\n",
			WEBHOOK_FAILED, 429, 0, "answered 429"},
		{"HTTP/1.1 307 Go\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n",
			WEBHOOK_FAILED, 307, 0, "redirects are not followed"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", WEBHOOK_FAILED, 200, 0,
			"answered 200"},
		{"garbage\r\n\r\n", WEBHOOK_FAILED, 0, 0, ""},
	};
	struct world *w = *state;

	open_at(w, "127.0.0.1", "127.0.0.0/8");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = w->guest_count;

		if (i == 1) {
			n = 0; /* a refusal leaves the connection as it is */
		}
		post(w);
		answer(w, n, rows[i].answer);
		until(w, w->dones);
		assert_int_equal(w->answer.result, rows[i].result);
		assert_int_equal(w->answer.status, rows[i].status);
		assert_int_equal(w->answer.retry_ms, rows[i].retry_ms);
		assert_non_null(strstr(w->answer.why, rows[i].why));
	}
}

/* What is acknowledged is, whatever else the receiver sends; and nothing grows. */
static void an_endless_answer_ends(void **state)
{
	char body[1024],
		head[] = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n";
	struct world *w = *state;

	memset(body, 'x', sizeof(body));
	open_at(w, "127.0.0.1", "127.0.0.0/8");
	post(w);
	answer(w, 0, head);
	assert_ok(stream_send(w->guests[0].stream, view_of(body, sizeof(body))));
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_ACKNOWLEDGED);
	post(w); /* that connection was given up */
	answer(w, 1, "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
	assert_int_equal(w->dones, 0);
	fake_env_advance(&w->env, 20 * 1000);
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_ACKNOWLEDGED);
}

static void a_receiver_that_hangs_is_given_up(void **state)
{
	struct world *w = *state;

	open_at(w, "127.0.0.1", "127.0.0.0/8");
	post(w);
	until(w, w->guest_count == 1 && w->guests[0].got.len > 0);
	fake_env_advance(&w->env, 10 * 1000);
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_FAILED);
	assert_err(ERR_TIMEOUT, w->answer.error);
}

static void a_receiver_that_is_away_is_told(void **state)
{
	struct world *w = *state;

	open_at(w, "127.0.0.1", "127.0.0.0/8");
	listener_close(w->listener);
	w->listener = NULL;
	post(w);
	until(w, w->dones);
	assert_int_equal(w->answer.result, WEBHOOK_FAILED);
	assert_err(ERR_UNAVAILABLE, w->answer.error);
}

static void addresses_that_are_not_public_are_refused(void **state)
{
	static const char *const urls[] = {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1",
		"169.254.169.254", "192.168.1.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]",
		"0.0.0.0", "localhost"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		open_at(w, urls[i], "172.16.0.0/12");
		post(w);
		until(w, w->dones);
		assert_int_equal(w->answer.result, WEBHOOK_FAILED);
		assert_err(ERR_DENIED, w->answer.error);
	}
	assert_int_equal(w->guest_count, 0);
}

/* By name, and by an address that stands in the allowed network under another form. */
static void an_allowed_network_is_reached(void **state)
{
	static const char *const urls[] = {"localhost", "[::ffff:127.0.0.1]"};
	struct world *w = *state;

	for (size_t i = 0; i < 2; i++) {
		open_at(w, urls[i], "127.0.0.0/8");
		post(w);
		answer(w, i, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
		until(w, w->dones);
		assert_int_equal(w->answer.result, WEBHOOK_ACKNOWLEDGED);
	}
}

static void an_address_is_kept_for_a_while(void **state)
{
	struct world *w = *state;

	open_at(w, "localhost", "127.0.0.0/8");
	for (size_t i = 0; i < 2; i++) {
		post(w);
		answer(w, i, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
		until(w, w->dones);
		fake_env_advance(&w->env, 61 * 1000);
	}
}

static void a_webhook_may_be_closed_or_used_inside(void **state)
{
	struct world *w = *state;

	open_at(w, "127.0.0.1", "127.0.0.0/8");
	w->post_inside = true;
	post(w);
	answer(w, 0, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
	until(w, w->dones == 1 && strstr(buf_string(&w->guests[0].got), "again"));
	w->close_inside = true;
	assert_ok(stream_send(w->guests[0].stream,
		view_text("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")));
	until(w, w->dones == 2);
	assert_null(w->hook);
	w->close_inside = false;
	open_at(w, "localhost", "");
	post(w);
	webhook_close(w->hook); /* while its name is being resolved */
	w->hook = NULL;
	open_at(w, "10.0.0.1", "");
	post(w);
	webhook_close(w->hook);
	w->hook = NULL;
	loop_turn(w->loop, 0);
	assert_int_equal(w->dones, 0);
}

static void urls_are_checked(void **state)
{
	static const char *const good[] = {"https://a.example", "https://a.example/",
		"https://a.example:8443/x/y?z=1", "https://[2001:db8::1]/", "https://a.example?q"};
	static const char *const bad[] = {"", "a.example", "http://a.example/", "ftp://a.example/",
		"https://", "https:///x", "https://user@a.example/", "https://a.example/#x",
		"https://a.example/../x", "https://a.example/%2e%2e/x", "https://a.example:99999/",
		"https://a example/", "https://a.example/\n", "https://unix:/run/x.sock",
		"https://[::1/", "https://a.example:/"};
	struct webhook_options no_tls = {.timeout_ms = 1};
	struct webhook *hook = NULL;
	struct world *w = *state;
	char longest[600];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(webhook_check(view_text(good[i]), false));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (webhook_check(view_text(bad[i]), false) != ERR_SYNTAX) {
			fail_msg("%s is taken", bad[i]);
		}
	}
	assert_ok(webhook_check(view_text("http://a.example/"), true));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "https://a/", 10);
	assert_err(ERR_SYNTAX, webhook_check(view_of(longest, sizeof(longest)), false));
	assert_err(ERR_CONFIG, webhook_open(w->loop, &no_tls, view_text(good[0]), &hook));
}

#define TEST_IN_WORLD(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_WORLD(a_token_is_pushed_and_acknowledged),
		TEST_IN_WORLD(answers_are_judged),
		TEST_IN_WORLD(an_endless_answer_ends),
		TEST_IN_WORLD(a_receiver_that_hangs_is_given_up),
		TEST_IN_WORLD(a_receiver_that_is_away_is_told),
		TEST_IN_WORLD(addresses_that_are_not_public_are_refused),
		TEST_IN_WORLD(an_allowed_network_is_reached),
		TEST_IN_WORLD(an_address_is_kept_for_a_while),
		TEST_IN_WORLD(a_webhook_may_be_closed_or_used_inside),
		TEST_IN_WORLD(urls_are_checked),
	};

	return RUN_TESTS(tests);
}
