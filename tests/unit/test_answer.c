// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "device/answer.h"

static const char challenge[] = "HTTP/1.1 401 Unauthorized\r\n"
				"WWW-Authenticate: Digest realm=\"a\"\r\n"
				"Content-Length: 5\r\n\r\nhello";

static const char result[] = "HTTP/1.1 200 OK\r\n"
			     "authentication-info:   rspauth=\"x\"  \r\n"
			     "Content-Length: 5\r\n\r\nhello";

static enum err parse(const char *text, bool closed, struct answer *ret, size_t *ret_used)
{
	return answer_parse(view_text(text), closed, ret, ret_used);
}

static void the_fields_and_the_body_are_found(void **state)
{
	struct answer answer;
	size_t used;

	(void)state;
	assert_ok(parse(challenge, false, &answer, &used));
	assert_int_equal(answer.status, 401);
	assert_view(answer.challenge, "Digest realm=\"a\"");
	assert_null(answer.info.data);
	assert_true(answer.keep_alive);
	assert_int_equal(answer.body_len, 0);
	assert_int_equal(used, sizeof(challenge) - 1);
	assert_ok(parse(result, false, &answer, &used));
	assert_int_equal(answer.status, 200);
	assert_view(answer.info, "rspauth=\"x\"");
	assert_int_equal(answer.body_len, 5);
	assert_memory_equal(answer.body, "hello", 5);
}

/* Cut off anywhere: more is needed, or, when none will come, the node closed too early. */
static void a_part_is_not_an_answer(void **state)
{
	static const char *const whole[] = {challenge, result,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nX: y\r\n\r\n"};
	struct answer answer;
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t len = 0; len < strlen(whole[i]); len++) {
			struct view part = view_of(whole[i], len);

			assert_err(ERR_AGAIN, answer_parse(part, false, &answer, &used));
			assert_err(ERR_CLOSED, answer_parse(part, true, &answer, &used));
		}
	}
}

static void bytes_behind_are_counted_out(void **state)
{
	char two[sizeof(challenge) * 2];
	struct answer answer;
	size_t used;

	(void)state;
	(void)snprintf(two, sizeof(two), "%s%s", challenge, challenge);
	assert_ok(parse(two, false, &answer, &used));
	assert_int_equal(used, sizeof(challenge) - 1);
}

static const struct body {
	const char *text;
	bool closed;
	enum err err;
	const char *body; /* or what is said */
} bodies[] = {
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	 "chunked\r\n\r\n2\r\nab\r\n3;a=\"b\"\r\ncde\r\n0\r\n\r\n",
		false, OK, "abcde"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000A \r\n0123456789\r\n0\r\n\r\n",
		false, OK, "0123456789"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, OK, ""},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, OK, ""},
	{"HTTP/1.1 200 OK\r\n\r\nall of it", true, OK, "all of it"},
	{"HTTP/1.0 200 OK\r\n\r\n", true, OK, ""},
	{"HTTP/1.1 200 OK\r\n\r\nall of it", false, ERR_AGAIN, NULL},
	{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
	 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
		false, OK, "x"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", false, ERR_SYNTAX, "chunk"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", false, ERR_SYNTAX, "chunk"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x11\r\nx", false, ERR_SYNTAX,
		"chunk"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00001\r\nx", false, ERR_SYNTAX,
		"chunk"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", false, ERR_SYNTAX,
		"longer than its size"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx", false, ERR_SYNTAX, "bare"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, ERR_UNSUPPORTED, "coding"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false,
		ERR_SYNTAX, "Content-Length"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", false, ERR_SYNTAX,
		"Content-Length"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n", false, ERR_RANGE, "longer than 4096"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", false, ERR_SYNTAX, ""},
	{"HTTP/1.1 200 OK\r\n A: folded\r\n\r\n", false, ERR_SYNTAX, "folded"},
	{"HTTP/1.1 200 OK\r\nA: b\n\r\n", false, ERR_SYNTAX, "bare"},
	{"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", false, ERR_SYNTAX, "bare"},
	{"HTTP/2.0 200 OK\r\n\r\n", false, ERR_UNSUPPORTED, "HTTP/1"},
	{"HTTP/1.1 2000 OK\r\n\r\n", false, ERR_SYNTAX, ""},
	{"\x15\x03\x03 this is TLS", false, ERR_SYNTAX, "not HTTP"},
	{"\r\nHTTP/1.1 200 OK\r\n\r\n", false, ERR_SYNTAX, "not HTTP"},
	{"HTTP/1.1 401 U\r\nWWW-Authenticate: a\r\nwww-authenticate: b\r\n\r\n", false, ERR_SYNTAX,
		"twice"},
	{"HTTP/1.1 200 OK\r\nAuthentication-Info: a\r\nAuthentication-Info:\r\n\r\n", false,
		ERR_SYNTAX, "twice"},
};

static void bodies_end_where_they_say(void **state)
{
	struct answer answer;
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const struct body *b = &bodies[i];

		if (parse(b->text, b->closed, &answer, &used) != b->err) {
			fail_msg("%s: not %s: %s", b->text, err_name(b->err), err_detail());
		}
		if (b->err == OK) {
			assert_int_equal(answer.body_len, strlen(b->body));
			assert_memory_equal(answer.body, b->body, answer.body_len);
			assert_int_equal(used, strlen(b->text));
		} else if (b->body) {
			assert_said(b->body);
		}
	}
}

static void long_chunks_are_refused_before_they_are_kept(void **state)
{
	static char text[2 * ANSWER_BODY];
	struct answer answer;
	size_t used, len;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n");
	memset(text + len, 'a', ANSWER_BODY);
	memcpy(text + len + ANSWER_BODY, "\r\n0\r\n\r\n", 8);
	assert_ok(parse(text, false, &answer, &used));
	assert_int_equal(answer.body_len, ANSWER_BODY);
	memcpy(text + len + ANSWER_BODY, "\r\n1\r\nx", 7);
	assert_err(ERR_RANGE, parse(text, false, &answer, &used));
}

/* A node's page for people is no reason to miss what it says. */
static void of_a_refusal_only_the_head_counts(void **state)
{
	static const char refusal[] =
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n<html>";
	static char text[4096];
	struct answer answer;
	size_t used;

	(void)state;
	assert_ok(parse(refusal, false, &answer, &used));
	assert_int_equal(answer.status, 403);
	assert_int_equal(answer.body_len, 0);
	int len = snprintf(text, sizeof(text), "HTTP/1.1 401 U\r\nContent-Length: 3000\r\n\r\n");

	memset(text + len, 'a', 3000);
	assert_ok(parse(text, false, &answer, &used));
	assert_int_equal(used, len + 3000);
}

static void trailers_are_no_fields(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
				   "Authentication-Info: rspauth=\"forged\"\r\n"
				   "WWW-Authenticate: Digest\r\n\r\n";
	struct answer answer;
	size_t used;

	(void)state;
	assert_ok(parse(text, false, &answer, &used));
	assert_null(answer.info.data);
	assert_null(answer.challenge.data);
	assert_int_equal(used, sizeof(text) - 1);
}

static void whether_the_connection_stays_is_known(void **state)
{
	static const struct {
		const char *text;
		bool stays;
	} cases[] = {
		{"HTTP/1.1 401 U\r\nContent-Length: 0\r\n\r\n", true},
		{"HTTP/1.1 401 U\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
		{"HTTP/1.0 401 U\r\nContent-Length: 0\r\n\r\n", false},
		{"HTTP/1.0 401 U\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true},
		{"HTTP/1.1 401 U\r\n\r\n", false},
	};
	struct answer answer;
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_ok(parse(cases[i].text, true, &answer, &used));
		assert_int_equal(answer.keep_alive, cases[i].stays);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_fields_and_the_body_are_found),
		TEST(a_part_is_not_an_answer),
		TEST(bytes_behind_are_counted_out),
		TEST(bodies_end_where_they_say),
		TEST(long_chunks_are_refused_before_they_are_kept),
		TEST(of_a_refusal_only_the_head_counts),
		TEST(trailers_are_no_fields),
		TEST(whether_the_connection_stays_is_known),
	};
	return RUN_TESTS(tests);
}
