// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/http.h"
#include "wire/http_head.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the parser told, as text: "<GET /x host=a>body|" and so on. */
struct told {
	char text[4096];
	size_t len;
	struct http_head head;
	unsigned pauses; /* body parts to answer with ERR_AGAIN */
};

static void tell(struct told *t, struct view v)
{
	size_t room = sizeof(t->text) - 1 - t->len;
	size_t len = v.len < room ? v.len : room;

	if (len > 0) {
		memcpy(t->text + t->len, v.data, len);
	}
	t->len += len;
	t->text[t->len] = 0;
}

static enum err on_head(void *user, const struct http_head *head)
{
	struct told *t = user;

	t->head = *head;
	tell(t, view_text("<"));
	if (head->status != 0) {
		char status[16];

		(void)snprintf(status, sizeof(status), "%u", head->status);
		tell(t, view_text(status));
	} else {
		tell(t, head->method);
		tell(t, view_text(" "));
		tell(t, head->target);
	}
	for (size_t i = 0; i < head->field_count; i++) {
		tell(t, view_text(" "));
		tell(t, head->fields[i].name);
		tell(t, view_text("="));
		tell(t, head->fields[i].value);
	}
	tell(t, view_text(">"));
	return OK;
}

static enum err on_body(void *user, struct view part)
{
	struct told *t = user;

	tell(t, part);
	if (t->pauses > 0) {
		t->pauses--;
		return ERR_AGAIN;
	}
	return OK;
}

static enum err on_done(void *user)
{
	tell(user, view_text("|"));
	return OK;
}

static const struct http_on on = {on_head, on_body, on_done};

/* Feeds all of it in pieces of `step` bytes; the first error, and the status for it. */
static enum err feed(enum http_side side, const struct http_limits *limits, struct view in,
	size_t step, struct told *told, unsigned *ret_refusal)
{
	struct http_parser_state *p;
	enum err result = OK;

	memset(told, 0, sizeof(*told));
	assert_ok(http_parser_new(side, limits, &on, told, &p));
	while (in.len > 0 && result == OK) {
		size_t len = in.len < step ? in.len : step;
		uint8_t *exact = malloc(len); /* so that a sanitizer sees each read past it */
		size_t taken;

		assert_non_null(exact);
		memcpy(exact, in.data, len);
		result = http_feed(p, view_of(exact, len), &taken);
		assert_true(taken <= len);
		assert_true(result != OK || taken > 0);
		free(exact);
		in.data += taken;
		in.len -= taken;
	}
	*ret_refusal = http_refusal(p);
	http_parser_free(p);
	return result;
}

struct row {
	const char *in;
	const char *told; /* when accepted */
	unsigned status;  /* when refused */
	const char *said;
};

/* In one piece, byte by byte, and in pieces of 7: always the same. */
static void check_rows(enum http_side side, const struct row *rows, size_t count)
{
	static const size_t steps[] = {SIZE_MAX, 1, 7};

	for (size_t i = 0; i < count; i++) {
		for (size_t s = 0; s < 3; s++) {
			struct told told;
			unsigned refusal;
			enum err result =
				feed(side, NULL, view_text(rows[i].in), steps[s], &told, &refusal);

			if (rows[i].told) {
				if (result != OK || strcmp(told.text, rows[i].told) != 0) {
					fail_msg("\"%s\": %s, %s, told \"%s\"", rows[i].in,
						err_name(result), err_detail(), told.text);
				}
				continue;
			}
			if (result == OK || refusal != rows[i].status ||
				!strstr(err_detail(), rows[i].said)) {
				fail_msg("\"%s\": %s, %u, %s", rows[i].in, err_name(result),
					refusal, err_detail());
			}
		}
	}
}

#define ROWS(side, rows) check_rows((side), (rows), sizeof(rows) / sizeof((rows)[0]))
#define H		 "Host: a\r\n"

static void requests_are_taken_apart(void **state)
{
	static const struct row rows[] = {
		{.in = "GET / HTTP/1.1\r\n" H "\r\n", .told = "<GET / Host=a>|"},
		{.in = "\r\nGET / HTTP/1.1\r\n" H "\r\n", .told = "<GET / Host=a>|"},
		{.in = "GET / HTTP/1.0\r\n\r\n", .told = "<GET />|"},
		{.in = "GET /a?b=c HTTP/1.1\r\nhost:a:80 \t\r\nX-Y:  p q \r\nZ:\r\n\r\n",
			.told = "<GET /a?b=c host=a:80 X-Y=p q Z=>|"},
		{.in = "POST /p HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc",
			.told = "<POST /p Host=a Content-Length=3>abc|"},
		{.in = "POST /p HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
			.told = "<POST /p Host=a Content-Length=0>|"},
		{.in = "PUT /p HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"
		       "3\r\nabc\r\n00A ;x=\"y\";z\r\n0123456789\r\n0\r\n\r\n",
			.told = "<PUT /p Host=a Transfer-Encoding=Chunked>abc0123456789|"},
		{.in = "PUT /p HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
		       "1\r\na\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
			.told = "<PUT /p Host=a Transfer-Encoding=chunked>a|"},
		{.in = "GET /1 HTTP/1.1\r\n" H "\r\nPOST /2 HTTP/1.1\r\n" H
		       "Content-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\n" H "\r\n",
			.told = "<GET /1 Host=a>|<POST /2 Host=a Content-Length=1>x|<GET /3 "
				"Host=a>|"},
		{.in = "OPTIONS * HTTP/1.1\r\n" H "\r\n", .told = "<OPTIONS * Host=a>|"},
		{.in = "GET http://A.example:8/x?y HTTP/1.1\r\nHost: a.EXAMPLE:8\r\n\r\n",
			.told = "<GET /x?y Host=a.EXAMPLE:8>|"},
	};

	(void)state;
	ROWS(HTTP_REQUESTS, rows);
}

static void what_two_parsers_could_read_differently_is_refused(void **state)
{
	static const struct row rows[] = {
		{"P / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", NULL, 501, "unknown method"},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
			NULL, 400, "Content-Length"},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
			NULL, 400, "Content-Length"},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", NULL,
			400, "repeated Content-Length"},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n", NULL, 400, ""},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\n", NULL, 400, ""},
		{"POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n", NULL, 400, ""},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 01\r\n\r\n", NULL, 400, "decimal"},
		{"POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", NULL, 400, ""},
		{"POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", NULL, 400,
			""},
		{"POST / HTTP/1.1\r\n" H "Content-Length : 1\r\n\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", NULL, 400, "repeated Host"},
		{"GET / HTTP/1.1\r\n\r\n", NULL, 400, "Host missing"},
		{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", NULL, 400, "Host is no host"},
		{"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", NULL, 400, "Host is no host"},
		{"GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", NULL, 400, "folded"},
		{"GET / HTTP/1.1\r\n" H "\tX: a\r\n\r\n", NULL, 400, "folded"},
		{"GET / HTTP/1.1\r\n" H "X\r\n\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1\r\n" H ": a\r\n\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1\n" H "\r\n", NULL, 400, "bare CR or LF"},
		{"GET / HTTP/1.1\r\nHost: a\n\r\n", NULL, 400, "bare CR or LF"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\n", NULL, 400, "bare CR or LF"},
		{"GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", NULL, 400, "bare CR or LF"},
		{"GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", NULL, 400, "bare CR or LF"},
		{"GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", NULL, 400, ""},
		{"\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", NULL, 400, "empty lines"},
		{"GET  / HTTP/1.1\r\n" H "\r\n", NULL, 400, "malformed request line"},
		{"GET /  HTTP/1.1\r\n" H "\r\n", NULL, 400, ""},
		{"GET / HTTP/1.1 \r\n" H "\r\n", NULL, 400, ""},
		{"GET /\ta HTTP/1.1\r\n" H "\r\n", NULL, 400, ""},
		{"GET /a#b HTTP/1.1\r\n" H "\r\n", NULL, 400, "cannot hold"},
		{"GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", NULL, 400, ""},
		{"GET /\r\n" H "\r\n", NULL, 400, ""},
		{"GET a HTTP/1.1\r\n" H "\r\n", NULL, 400, ""},
		{"GET http://b/ HTTP/1.1\r\n" H "\r\n", NULL, 400, "another host"},
		{"GET http://u@a/ HTTP/1.1\r\n" H "\r\n", NULL, 400, "another host"},
		{"GET http://a HTTP/1.1\r\n" H "\r\n", NULL, 400, "without a path"},
		{"GET ftp://a/ HTTP/1.1\r\n" H "\r\n", NULL, 400, "origin form"},
		{"CONNECT a:1 HTTP/1.1\r\n" H "\r\n", NULL, 501, "CONNECT"},
		{"BREW /pot HTTP/1.1\r\n" H "\r\n", NULL, 501, "unknown method"},
		{"get / HTTP/1.1\r\n" H "\r\n", NULL, 400, "no HTTP"},
		{"\x16\x03\x01\x02", NULL, 400, "no HTTP"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL, 505, "HTTP/1.1"},
		{"GET / HTTP/2.0\r\n" H "\r\n", NULL, 505, "HTTP/1.1"},
		{"GET / HTTP/1.2\r\n" H "\r\n", NULL, 505, "HTTP/1.1"},
		{"GET / HTTP/0.9\r\n" H "\r\n", NULL, 505, ""},
		{"GET / HTTP/1.10\r\n" H "\r\n", NULL, 400, ""},
		{"GET / HTTQ/1.1\r\n" H "\r\n", NULL, 400, ""},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", NULL, 501,
			"coding"},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n", NULL, 501,
			"coding"},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", NULL, 501, "coding"},
		{"POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", NULL, 501, "coding"},
		{"POST / HTTP/1.1\r\n" H
		 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
			NULL, 400, "repeated Transfer-Encoding"},
		{"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", NULL, 400,
			"HTTP/1.0"},
		{"GET / HTTP/1.1\r\n" H "Expect: tea\r\n\r\n", NULL, 417, "expectation"},
	};

	(void)state;
	ROWS(HTTP_REQUESTS, rows);
}

#define CHUNKED "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"

static void chunks_are_read_strictly(void **state)
{
	static const struct row rows[] = {
		{CHUNKED "\r\n", NULL, 400, "chunk size"},
		{CHUNKED "g\r\n", NULL, 400, "chunk size"},
		{CHUNKED "-1\r\n", NULL, 400, "chunk size"},
		{CHUNKED "0x1\r\na\r\n", NULL, 400, "chunk size"},
		{CHUNKED " 1\r\na\r\n", NULL, 400, "chunk size"},
		{CHUNKED "1 \r\na\r\n", NULL, 400, "chunk size"},
		{CHUNKED "1 x\r\na\r\n", NULL, 400, "chunk size"},
		{CHUNKED "1000000000000000\r\n", NULL, 400, "chunk size"},
		{CHUNKED "fffffffffffffff\r\na", NULL, 413, "body too large"},
		{CHUNKED "1\na\r\n", NULL, 400, "bare CR or LF"},
		{CHUNKED "1;x\ny\r\na\r\n", NULL, 400, "bare CR or LF"},
		{CHUNKED "1;x\ry\r\na\r\n", NULL, 400, "bare CR or LF"},
		{CHUNKED "1;\x01\r\na\r\n", NULL, 400, "chunk size"},
		{CHUNKED "1\r\nab\r\n", NULL, 400, "longer than its size"},
		{CHUNKED "1\r\na\n", NULL, 400, "bare CR or LF"},
		{CHUNKED "0\r\nx\r\n", NULL, 400, "malformed trailer"},
		{CHUNKED "0\r\n x: y\r\n", NULL, 400, "malformed trailer"},
		{CHUNKED "0\r\nx: y\n\r\n", NULL, 400, "bare CR or LF"},
	};

	(void)state;
	ROWS(HTTP_REQUESTS, rows);
}

static void nul_is_refused_anywhere_in_a_head(void **state)
{
	static const char head[] = "GET /x HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
	struct told told;
	unsigned refusal;

	(void)state;
	for (size_t i = 0; i < sizeof(head) - 1; i++) {
		char with[sizeof(head) - 1];

		memcpy(with, head, sizeof(with));
		with[i] = 0;
		assert_true(feed(HTTP_REQUESTS, NULL, VIEW(with), SIZE_MAX, &told, &refusal) != OK ||
			    told.len == 0);
	}
}

/* Begins with `start`, repeats `part`, ends with `end`; the status it is refused with, or 0. */
static unsigned refusal_of(const struct http_limits *limits, const char *start, const char *part,
	size_t times, const char *end)
{
	struct buf b BUF_CLEANUP = buf_growing(1 << 22);
	struct told told;
	unsigned refusal;

	buf_text(&b, start);
	for (size_t i = 0; i < times; i++) {
		buf_text(&b, part);
	}
	buf_text(&b, end);
	assert_false(b.failed);
	enum err whole = feed(HTTP_REQUESTS, limits, buf_contents(&b), SIZE_MAX, &told, &refusal);
	unsigned again;

	assert_err(whole, feed(HTTP_REQUESTS, limits, buf_contents(&b), 1, &told, &again));
	assert_int_equal(refusal, again);
	return refusal;
}

static void everything_has_a_ceiling(void **state)
{
	const char *start = "GET / HTTP/1.1\r\n" H;
	const struct http_limits small = {.head = 256, .body = 10};
	const struct http_limits wide = {.head = 1 << 20};

	(void)state;
	assert_int_equal(refusal_of(NULL, start, "A: b\r\n", 63, "\r\n"), 0);
	assert_int_equal(refusal_of(NULL, start, "A: b\r\n", 64, "\r\n"), 431);
	assert_int_equal(refusal_of(NULL, start, "A: b\r\n", 70000, ""), 431);
	assert_int_equal(refusal_of(NULL, "GET /", "", 0, " HTTP/1.1\r\n" H "\r\n"), 0);
	assert_int_equal(refusal_of(NULL, "GET /", "a", 9000, " HTTP/1.1\r\n" H "\r\n"), 414);
	assert_int_equal(refusal_of(NULL, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", 17000, ""), 431);
	assert_int_equal(refusal_of(&small, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", 300, ""), 431);
	assert_int_equal(refusal_of(&wide, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", 70000, ""), 431);
	assert_int_equal(refusal_of(&wide, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "y", 60000,
				 "\r\n\r\n"),
		0);
	assert_int_equal(refusal_of(&small, "POST / HTTP/1.1\r\n" H "Content-Length: 1", "0", 1,
				 "\r\n\r\n1234567890"),
		0);
	assert_int_equal(refusal_of(&small, "POST / HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n",
				 "", 0, ""),
		413);
	assert_int_equal(refusal_of(&small, CHUNKED, "1\r\na\r\n", 10, "0\r\n\r\n"), 0);
	assert_int_equal(refusal_of(&small, CHUNKED, "1\r\na\r\n", 11, "0\r\n\r\n"), 413);
	assert_int_equal(refusal_of(NULL, CHUNKED "1;", "x", 300, "\r\n"), 400);
	assert_int_equal(refusal_of(NULL, CHUNKED, "1;xxxxxxxxxxxxxxxx\r\na\r\n", 2000, ""), 400);
	assert_int_equal(refusal_of(NULL, CHUNKED "0\r\n", "a: b\r\n", 64, "\r\n"), 0);
	assert_int_equal(refusal_of(NULL, CHUNKED "0\r\n", "a: b\r\n", 70, "\r\n"), 431);
	assert_int_equal(refusal_of(NULL, CHUNKED "0\r\na: ", "b", 40000, "\r\n\r\n"), 431);
}

static void answers_are_taken_apart(void **state)
{
	static const struct row rows[] = {
		{.in = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
			.told = "<200 Content-Length=2>ab|"},
		{.in = "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
			.told = "<404 Content-Length=0>|"},
		{.in = "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
			.told = "<404 Content-Length=0>|"},
		{.in = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
			.told = "<100>|<204>|"},
		{.in = "HTTP/1.1 304 N\r\nContent-Length: 7\r\n\r\n",
			.told = "<304 Content-Length=7>|"},
		{.in = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
			.told = "<200 Transfer-Encoding=chunked>a|"},
		{.in = "HTTP/1.0 200 OK\r\n\r\nabc", .told = "<200>abc"},
		{"HTTP/1.1 99 OK\r\n\r\n", NULL, 400, ""},
		{"HTTP/1.1 999 OK\r\n\r\n", NULL, 400, "status line"},
		{"HTTP/1.1  200 OK\r\n\r\n", NULL, 400, ""},
		{"HTTP/2.0 200 OK\r\n\r\n", NULL, 505, ""},
		{"HTTP/1.1 200 O\x01K\r\n\r\n", NULL, 400, "status line"},
		{"ICY 200 OK\r\n\r\n", NULL, 400, "no HTTP"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", NULL, 400,
			""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", NULL,
			400, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", NULL, 501, "coding"},
	};

	(void)state;
	ROWS(HTTP_RESPONSES, rows);
}

static void the_end_of_the_connection_ends_some_answers_only(void **state)
{
	static const struct {
		const char *in;
		enum err result;
	} rows[] = {
		{"", OK},
		{"HTTP/1.1 200 OK\r\n\r\nabc", OK},
		{"HTTP/1.1 204 No\r\n\r\n", OK},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", ERR_CLOSED},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", ERR_CLOSED},
		{"HTTP/1.1 200", ERR_CLOSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct told told = {0};
		struct http_parser_state *p;
		size_t taken;

		assert_ok(http_parser_new(HTTP_RESPONSES, NULL, &on, &told, &p));
		assert_ok(http_feed(p, view_text(rows[i].in), &taken));
		assert_int_equal(taken, strlen(rows[i].in));
		assert_err(rows[i].result, http_feed_end(p));
		http_parser_free(p);
	}
}

static void an_answer_to_head_has_no_body(void **state)
{
	static const char in[] =
		"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
	struct told told = {0};
	struct http_parser_state *p;
	struct view left = view_text(in);

	(void)state;
	assert_ok(http_parser_new(HTTP_RESPONSES, NULL, &on, &told, &p));
	http_expect_no_body(p);
	while (left.len > 0) {
		size_t taken;

		assert_ok(http_feed(p, left, &taken));
		left.data += taken;
		left.len -= taken;
	}
	assert_string_equal(told.text, "<100>|<200 Content-Length=5>|<200 Content-Length=1>a|");
	http_parser_free(p);
}

static void the_body_can_be_held_back(void **state)
{
	static const char in[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
				 "1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
	struct told told = {.pauses = 1};
	struct http_parser_state *p;
	struct view left = view_text(in);
	size_t taken;

	(void)state;
	assert_ok(http_parser_new(HTTP_RESPONSES, NULL, &on, &told, &p));
	assert_err(ERR_AGAIN, http_feed(p, left, &taken));
	assert_string_equal(told.text, "<200 Transfer-Encoding=chunked>a");
	left.data += taken;
	left.len -= taken;
	assert_ok(http_feed(p, left, &taken));
	assert_int_equal(taken, left.len);
	assert_string_equal(told.text, "<200 Transfer-Encoding=chunked>ab|");
	http_parser_free(p);
}

static void the_connection_lasts_as_the_head_says(void **state)
{
	static const struct {
		enum http_side side;
		const char *in;
		bool keep_alive, v10;
	} rows[] = {
		{HTTP_REQUESTS, "GET / HTTP/1.1\r\n" H "\r\n", true, false},
		{HTTP_REQUESTS, "GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n", false, false},
		{HTTP_REQUESTS, "GET / HTTP/1.0\r\n\r\n", false, true},
		{HTTP_REQUESTS, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true},
		{HTTP_RESPONSES, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, false},
		{HTTP_RESPONSES, "HTTP/1.1 200 OK\r\n\r\n", false, false},
		{HTTP_RESPONSES, "HTTP/1.1 204 No\r\n\r\n", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct told told;
		unsigned refusal;

		assert_ok(
			feed(rows[i].side, NULL, view_text(rows[i].in), SIZE_MAX, &told, &refusal));
		assert_int_equal(told.head.keep_alive, rows[i].keep_alive);
		assert_int_equal(told.head.v10, rows[i].v10);
	}
}

static void what_is_written_can_be_read(void **state)
{
	const struct http_field fields[] = {{view_text("X-A"), view_text("1")},
		{view_text("X-B"), view_text("")}};
	struct buf b BUF_CLEANUP = buf_growing(4096);

	(void)state;
	http_write_request(&b, "POST", view_text("/x?y"), view_text("h:1"), fields, 2, true,
		18446744073709551615u);
	assert_string_equal(buf_string(&b), "POST /x?y HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nX-B: \r\n"
					    "Content-Length: 18446744073709551615\r\n\r\n");
	buf_clear(&b);
	http_write_response(&b, 404, fields, 1, true, 0, false, true);
	assert_string_equal(buf_string(&b),
		"HTTP/1.1 404 Not Found\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n");
	buf_clear(&b);
	http_write_response(&b, 200, NULL, 0, true, 0, true, false);
	assert_string_equal(buf_string(&b),
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
	buf_clear(&b);
	http_write_response(&b, 299, NULL, 0, false, 0, false, true);
	assert_string_equal(buf_string(&b), "HTTP/1.1 299 \r\n\r\n");
}

static void nothing_can_be_smuggled_through_a_writer(void **state)
{
	static const char *const bad[] = {"a\r\nB: c", "a\nb", "a\rb", "a\x7f"};
	struct view host = view_text("h");

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct http_field value = {view_text("X"), view_text(bad[i])};
		struct http_field name = {view_text(bad[i]), view_text("x")};
		struct buf b BUF_CLEANUP = buf_growing(4096);

		http_write_response(&b, 200, &value, 1, false, 0, false, true);
		assert_true(b.failed);
		buf_clear(&b);
		http_write_response(&b, 200, &name, 1, false, 0, false, true);
		assert_true(b.failed);
		buf_clear(&b);
		http_write_request(&b, "GET", view_text(bad[i]), host, NULL, 0, false, 0);
		assert_true(b.failed);
		buf_clear(&b);
		http_write_request(&b, "GET", view_text("/"), view_text(bad[i]), NULL, 0, false, 0);
		assert_true(b.failed);
		buf_clear(&b);
		http_write_request(&b, bad[i], view_text("/"), host, NULL, 0, false, 0);
		assert_true(b.failed);
	}
	struct http_field nul = {view_text("X"), view_of("a\0b", 3)};
	struct buf b BUF_CLEANUP = buf_growing(4096);

	http_write_response(&b, 200, &nul, 1, false, 0, false, true);
	assert_true(b.failed);
}

static void framing_fields_are_written_once(void **state)
{
	const struct http_field host = {view_text("hOST"), view_text("x")};
	const struct http_field coding = {view_text("transfer-encoding"), view_text("chunked")};
	const struct http_field lengths[] = {{view_text("content-length"), view_text("1")},
		{view_text("Content-Length"), view_text("1")}};
	struct view target = view_text("/"), h = view_text("h");
	static const struct {
		bool has_body, chunked, fails;
		size_t lengths;
	} rows[] = {{true, false, true, 1}, {false, true, true, 1}, {false, false, false, 1},
		{false, false, true, 2}};
	struct buf b BUF_CLEANUP = buf_growing(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		http_write_response(&b, 200, lengths, rows[i].lengths, rows[i].has_body, 1,
			rows[i].chunked, true);
		assert_int_equal(b.failed, rows[i].fails);
	}
	buf_clear(&b);
	http_write_response(&b, 200, &coding, 1, false, 0, false, true);
	assert_true(b.failed);
	buf_clear(&b);
	http_write_request(&b, "GET", target, h, &host, 1, false, 0);
	assert_true(b.failed);
	buf_clear(&b);
	http_write_request(&b, "GET", target, h, lengths, 1, false, 0);
	assert_true(b.failed);
	buf_clear(&b);
	http_write_request(&b, "GET", target, h, &coding, 1, false, 0);
	assert_true(b.failed);
}

static void targets_are_split(void **state)
{
	static const char *const bad[] = {"", "*", "a", "http://a/", "/..", "/../a", "/a/..",
		"/a/../b", "/.", "/a/./b", "/%2e%2E/a", "/a/.%2e", "/%", "/%4", "/%zz", "/%00",
		"/a%0d%0ab", "/\x80", "/a b", "/a?b c", "/a?%0", "/a?b%0a"};
	struct http_target t;

	(void)state;
	assert_ok(http_split_target(view_text("/a/b%2fc?x=y?z"), &t));
	assert_view(t.path, "/a/b%2fc");
	assert_view(t.query, "x=y?z");
	assert_ok(http_split_target(view_text("/"), &t));
	assert_view(t.path, "/");
	assert_int_equal(t.query.len, 0);
	assert_ok(http_split_target(view_text("/..a/.b/c../.../..%2f?.."), &t));
	assert_ok(http_split_target(view_text("/a?"), &t));
	assert_int_equal(t.query.len, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (http_split_target(view_text(bad[i]), &t) != ERR_SYNTAX) {
			fail_msg("taken: %s", bad[i]);
		}
	}
}

static void query_parameters_are_found(void **state)
{
	struct view query = view_text("a=1&bc=x%20y+z&d&e=&a%62=7&f=1&f=2");
	struct buf b BUF_CLEANUP = buf_growing(64);

	(void)state;
	assert_ok(http_query(query, "bc", &b));
	assert_string_equal(buf_string(&b), "x y+z");
	buf_clear(&b);
	assert_ok(http_query(query, "e", &b));
	assert_int_equal(b.len, 0);
	assert_err(ERR_NOT_FOUND, http_query(query, "b", &b));
	assert_err(ERR_NOT_FOUND, http_query(query, "d", &b));
	assert_err(ERR_NOT_FOUND, http_query(view_text(""), "a", &b));
	assert_err(ERR_SYNTAX, http_query(query, "f", &b));
}

static void fields_are_found_in_any_case(void **state)
{
	static const char in[] = "GET / HTTP/1.1\r\nhOST: a\r\n\r\n";
	struct told told = {0};
	struct http_parser_state *p;
	size_t taken;

	(void)state;
	assert_ok(http_parser_new(HTTP_REQUESTS, NULL, &on, &told, &p));
	assert_ok(http_feed(p, view_text(in), &taken));
	assert_view(http_field_of(&told.head, "Host"), "a");
	assert_null(http_field_of(&told.head, "Hos").data);
	http_parser_free(p);
}

static enum err refuse_all(void *user, const struct http_head *head)
{
	(void)user;
	(void)head;
	return ERR_DENIED;
}

/* Whatever stands before and after it. */
static void a_control_character_is_found_anywhere(void **state)
{
	enum { LONG = 27 };
	static const uint8_t around[] = {'a', ' ', '!', '\t', 0x7e, 0x80, 0xff};

	(void)state;
	for (size_t k = 0; k < sizeof(around); k++) {
		for (size_t len = 1; len <= LONG; len++) {
			for (int c = 0; c < 256 * LONG; c++) {
				uint8_t value[LONG], at = (uint8_t)(c % 256);
				bool control = (at < ' ' && at != '\t') || at == 0x7f;

				memset(value, around[k], len);
				value[(size_t)(c / 256) % len] = at;
				assert_true(http_is_value(view_of(value, len)) == !control);
			}
		}
	}
}

static void a_callback_ends_it(void **state)
{
	const struct http_on refusing = {refuse_all, on_body, on_done};
	struct http_parser_state *p;
	size_t taken;

	(void)state;
	assert_ok(http_parser_new(HTTP_REQUESTS, NULL, &refusing, NULL, &p));
	assert_err(ERR_DENIED, http_feed(p, view_text("GET / HTTP/1.1\r\n" H "\r\n"), &taken));
	assert_int_equal(http_refusal(p), 500);
	assert_err(ERR_WRONG_STATE, http_feed(p, view_text("GET / HTTP/1.1\r\n" H "\r\n"), &taken));
	assert_int_equal(taken, 0);
	http_parser_free(p);
	http_parser_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_are_taken_apart),
		TEST(what_two_parsers_could_read_differently_is_refused),
		TEST(chunks_are_read_strictly),
		TEST(nul_is_refused_anywhere_in_a_head),
		TEST(everything_has_a_ceiling),
		TEST(answers_are_taken_apart),
		TEST(the_end_of_the_connection_ends_some_answers_only),
		TEST(an_answer_to_head_has_no_body),
		TEST(the_body_can_be_held_back),
		TEST(the_connection_lasts_as_the_head_says),
		TEST(what_is_written_can_be_read),
		TEST(nothing_can_be_smuggled_through_a_writer),
		TEST(framing_fields_are_written_once),
		TEST(targets_are_split),
		TEST(query_parameters_are_found),
		TEST(fields_are_found_in_any_case),
		TEST(a_control_character_is_found_anywhere),
		TEST(a_callback_ends_it),
	};
	return RUN_TESTS(tests);
}
