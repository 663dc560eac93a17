// SPDX-License-Identifier: Apache-2.0
/* HTTP/2 at our server: a client of libnghttp2, and frames that no client of a library would send. */
#include "test.h"

#include "fake_env.h"
#include "net/http2.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TURNS = 20000,
	ASKS = 128,
	PEERS = 4,
	BODY = 1000,
	LONG = 8 << 20,
	HEAD = 2048,
	STREAMS = 8,
	OUTPUT = 1 << 20,
};

/* What came of one stream, by its number. */
struct result {
	struct buf head, body;
	unsigned status;
	bool closed, continued;
	uint32_t reason;
};

struct peer {
	int fd; /* 0: unused */
	nghttp2_session *session;
	struct result results[ASKS];
	bool ended, went_away;
	uint32_t away_reason;
	struct view upload; /* of the request that is being sent */
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct http_server *server;
	struct listener *listener;
	struct peer peers[PEERS];
	struct http_request *later[ASKS];
	size_t later_count, asked, gone, drained, sent;
	uint8_t *big;
	struct buf heard; /* of the last request */
};

static void on_gone(struct http_request *request)
{
	struct world *w = request->user;

	assert_true(request->gone);
	assert_null(request->stream);
	w->gone++;
}

static void hear_request(struct world *w, const struct http_request *request)
{
	buf_clear(&w->heard);
	buf_view(&w->heard, request->head->method);
	buf_text(&w->heard, " ");
	buf_view(&w->heard, request->head->target);
	for (size_t i = 0; i < request->head->field_count; i++) {
		buf_text(&w->heard, "|");
		buf_view(&w->heard, request->head->fields[i].name);
		buf_text(&w->heard, "=");
		buf_view(&w->heard, request->head->fields[i].value);
	}
	buf_text(&w->heard, "|");
	buf_view(&w->heard, request->body);
}

static void handle(void *user, struct http_request *request)
{
	const struct http_field type = {view_text("Content-Type"), view_text("text/plain")};
	const struct http_field bad = {view_text("X"), view_text("a\r\nb")};
	struct world *w = user;
	struct view path = request->target.path;

	w->asked++;
	hear_request(w, request);
	if (view_is(path, "/later")) {
		request->user = w;
		request->on_gone = on_gone;
		w->later[w->later_count++] = request;
	} else if (view_is(path, "/echo")) {
		http_answer(request, 201, NULL, 0, request->body);
	} else if (view_is(path, "/big")) {
		http_answer(request, 200, NULL, 0, view_of(w->big, OUTPUT));
	} else if (view_is(path, "/too-big")) {
		http_answer(request, 200, NULL, 0, view_of(w->big, OUTPUT + 1));
	} else if (view_is(path, "/bad-field")) {
		http_answer(request, 200, &bad, 1, view_text("never"));
	} else if (view_is(path, "/closing")) {
		http_server_close(w->server);
		w->server = NULL;
		assert_true(request->gone);
		http_answer_problem(request, 503, "closing");
	} else {
		http_answer(request, 200, &type, 1, view_text("hello"));
	}
}

static void accepted(void *user, struct stream *stream)
{
	struct world *w = user;

	if (!w->server || http2_take(w->server, stream) != OK) {
		stream_abort(stream);
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct listener_options listen = {.address = "127.0.0.1:0"};
	const struct http_server_options options = {
		.limits = {.head = HEAD, .body = BODY},
		.streams = STREAMS,
		.name = "test",
	};

	assert_non_null(w);
	w->big = calloc(1, OUTPUT + 1);
	w->heard = buf_growing(1 << 20);
	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	assert_ok(http_server_open(w->loop, &options, handle, w, &w->server));
	assert_ok(listener_open(w->loop, &listen, accepted, w, &w->listener));
	*state = w;
	return 0;
}

static void leave(struct peer *p)
{
	if (p->fd) {
		(void)close(p->fd);
	}
	nghttp2_session_del(p->session);
	for (size_t i = 0; i < ASKS; i++) {
		buf_free(&p->results[i].head);
		buf_free(&p->results[i].body);
	}
	*p = (struct peer){.fd = 0};
}

static int teardown(void **state)
{
	struct world *w = *state;

	listener_close(w->listener);
	http_server_close(w->server);
	for (size_t i = 0; i < PEERS; i++) {
		leave(&w->peers[i]);
	}
	for (int i = 0; i < 5; i++) {
		loop_turn(w->loop, 0);
	}
	loop_free(w->loop);
	buf_free(&w->heard);
	free(w->big);
	free(w);
	return 0;
}

/* The client. */

static struct result *result_of(struct peer *p, int32_t id)
{
	assert_true(id > 0 && id / 2 < ASKS);
	return &p->results[id / 2];
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct result *r = result_of(user, frame->hd.stream_id);

	(void)session;
	(void)flags;
	if (view_is(view_of(name, name_len), ":status")) {
		r->status = (unsigned)atoi((const char *)value);
		r->continued = r->continued || r->status == 100;
	}
	buf_view(&r->head, view_of(name, name_len));
	buf_text(&r->head, "=");
	buf_view(&r->head, view_of(value, value_len));
	buf_text(&r->head, "|");
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
	size_t len, void *user)
{
	(void)session;
	(void)flags;
	buf_bytes(&result_of(user, id)->body, data, len);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t reason, void *user)
{
	struct result *r = result_of(user, id);

	(void)session;
	r->closed = true;
	r->reason = reason;
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct peer *p = user;

	(void)session;
	if (frame->hd.type == NGHTTP2_GOAWAY) {
		p->went_away = true;
		p->away_reason = frame->goaway.error_code;
	}
	return 0;
}

static void open_session(struct peer *p)
{
	nghttp2_session_callbacks *on;
	nghttp2_option *option;

	assert_int_equal(nghttp2_session_callbacks_new(&on), 0);
	assert_int_equal(nghttp2_option_new(&option), 0);
	nghttp2_session_callbacks_set_on_header_callback(on, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(on, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(on, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(on, on_frame);
	nghttp2_option_set_no_http_messaging(option, 1); /* it may send what is malformed */
	nghttp2_option_set_no_auto_window_update(option, 1);
	assert_int_equal(nghttp2_session_client_new2(&p->session, on, p, option), 0);
	nghttp2_session_callbacks_del(on);
	nghttp2_option_del(option);
	assert_int_equal(nghttp2_submit_settings(p->session, 0, NULL, 0), 0);
}

/* A socket, without a word. */
static struct peer *arrive_bare(struct world *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct peer *p = w->peers;

	while (p->fd) {
		p++;
	}
	assert_true(p < w->peers + PEERS);
	const int on = 1;

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(strrchr(listener_address(w->listener), ':') + 1));
	assert_int_equal(connect(p->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	for (size_t i = 0; i < ASKS; i++) {
		p->results[i].head = buf_growing(65536);
		p->results[i].body = buf_growing(2 * LONG);
	}
	open_session(p);
	return p;
}

/* Sends what it has to say, and reads what there is. */
static void talk(struct peer *p)
{
	static uint8_t bytes[65536];
	const uint8_t *frames;
	ssize_t len;

	while (!p->ended && (len = nghttp2_session_mem_send(p->session, &frames)) > 0) {
		(void)send(p->fd, frames, (size_t)len, MSG_NOSIGNAL);
	}
	while ((len = recv(p->fd, bytes, sizeof(bytes), 0)) > 0) {
		(void)nghttp2_session_mem_recv(p->session, bytes, (size_t)len);
	}
	p->ended = p->ended || len == 0 || (len < 0 && errno != EAGAIN);
}

/* Turns the loop until it is so. */
#define until(w, p, condition)                                                                     \
	do {                                                                                       \
		int until_turns = 0;                                                               \
		while (!(condition)) {                                                             \
			if (until_turns++ > TURNS) {                                               \
				fail_msg("never came true: %s", #condition);                       \
			}                                                                          \
			loop_turn((w)->loop, until_turns % 8 == 0);                                \
			if (p) {                                                                   \
				talk(p);                                                           \
			}                                                                          \
		}                                                                                  \
	} while (0)
#define NOONE ((struct peer *)NULL)

static void some_turns(struct world *w, struct peer *p)
{
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
		if (p) {
			talk(p);
		}
	}
}

static struct peer *arrive(struct world *w)
{
	struct peer *p = arrive_bare(w);

	some_turns(w, p);
	return p;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), 0};
}

static ssize_t read_upload(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct peer *p = user;
	size_t len = p->upload.len < room ? p->upload.len : room;

	(void)session;
	(void)id;
	(void)source;
	memcpy(to, p->upload.data, len);
	p->upload = view_of(p->upload.data + len, p->upload.len - len);
	*flags |= p->upload.len == 0 ? NGHTTP2_DATA_FLAG_EOF : 0;
	return (ssize_t)len;
}

/* Asks, with at most 90 more fields. */
static int32_t ask_with(struct peer *p, const char *method, const char *path,
	const nghttp2_nv *more, size_t count, const struct view *body)
{
	nghttp2_nv fields[100] = {field(":method", method), field(":scheme", "https"),
		field(":authority", "a"), field(":path", path)};
	nghttp2_data_provider provider = {.read_callback = read_upload};

	assert_true(count <= 90);
	for (size_t i = 0; i < count; i++) {
		fields[4 + i] = more[i];
	}
	if (body) {
		p->upload = *body;
	}
	int32_t id = nghttp2_submit_request(p->session, NULL, fields, 4 + count,
		body ? &provider : NULL, NULL);

	assert_true(id > 0);
	return id;
}

static int32_t ask(struct peer *p, const char *path)
{
	return ask_with(p, "GET", path, NULL, 0, NULL);
}

static void expect(struct world *w, struct peer *p, int32_t id, unsigned status, const char *body)
{
	struct result *r = result_of(p, id);

	until(w, p, r->closed);
	assert_int_equal(r->status, status);
	if (body) {
		assert_string_equal(buf_string(&r->body), body);
	}
}

/* Tests. */

static void requests_share_a_connection_and_are_answered_in_any_order(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t first = ask(p, "/later"), second = ask(p, "/hello?x=y"), third = ask(p, "/later");

	expect(w, p, second, 200, "hello");
	assert_string_equal(buf_string(&result_of(p, second)->head),
		":status=200|date=Thu, 01 Jan 2026 00:00:00 GMT|server=test|"
		"content-type=text/plain|content-length=5|");
	until(w, p, w->later_count == 2);
	http_answer_text(w->later[1], 202, "text/plain", "third");
	expect(w, p, third, 202, "third");
	http_answer_problem(w->later[0], 404, "first");
	expect(w, p, first, 404, NULL);
	assert_int_equal(http_server_connections(w->server), 1);
	assert_int_equal(http_server_answers(w->server)[200], 1);
	assert_int_equal(w->gone, 0);
}

static void fields_arrive_as_those_of_http1_do(void **state)
{
	const nghttp2_nv more[] = {field("cookie", "a=1"), field("x-two", "b"),
		field("cookie", "c=2"), field("host", "a")};
	struct view body = view_text("12345");
	struct world *w = *state;
	struct peer *p = arrive(w);

	expect(w, p, ask_with(p, "POST", "/echo", more, 4, &body), 201, "12345");
	assert_string_equal(buf_string(&w->heard),
		"POST /echo|host=a|x-two=b|cookie=a=1; c=2|12345");
}

static void answers_without_a_body_have_none(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id = ask_with(p, "HEAD", "/hello", NULL, 0, NULL);

	expect(w, p, id, 200, "");
	assert_non_null(strstr(buf_string(&result_of(p, id)->head), "content-length=5|"));
	id = ask(p, "/later");
	until(w, p, w->later_count == 1);
	http_answer(w->later[0], 204, NULL, 0, view_text("dropped"));
	expect(w, p, id, 204, "");
}

static void malformed_requests_are_refused(void **state)
{
	const nghttp2_nv control = field("x", "a\x01"
					      "b"),
			 other_host = field("host", "b");
	const nghttp2_nv connection = field("connection", "close");
	struct world *w = *state;
	struct peer *p = arrive(w);

	expect(w, p, ask_with(p, "GET", "/hello", &control, 1, NULL), 400, NULL);
	expect(w, p, ask_with(p, "GET", "/hello", &other_host, 1, NULL), 400, NULL);
	expect(w, p, ask(p, "/a/../b"), 400, NULL);
	expect(w, p, ask_with(p, "OPTIONS", "*", NULL, 0, NULL), 400, NULL);
	expect(w, p, ask_with(p, "GET", "/hello", &connection, 1, NULL), 0, NULL);
	assert_int_equal(w->asked, 0);
	expect(w, p, ask(p, "/hello"), 200, "hello");
}

static void too_much_is_refused(void **state)
{
	static char long_value[HEAD + 1];
	nghttp2_nv many[70];
	struct view body = {0};
	struct world *w = *state;
	struct peer *p = arrive(w);
	struct result *r;

	memset(long_value, 'a', HEAD);
	many[0] = field("x", long_value);
	expect(w, p, ask_with(p, "GET", "/hello", many, 1, NULL), 431, NULL);
	for (size_t i = 0; i < 70; i++) {
		many[i] = field("x", "");
	}
	expect(w, p, ask_with(p, "GET", "/hello", many, 70, NULL), 431, NULL);
	body = view_of(w->big, BODY + 1);
	r = result_of(p, ask_with(p, "POST", "/echo", NULL, 0, &body));
	until(w, p, r->closed);
	assert_int_equal(r->status, 413);
	many[0] = field("content-length", "1001");
	body = view_of(w->big, BODY + 1);
	r = result_of(p, ask_with(p, "POST", "/echo", many, 1, &body));
	until(w, p, r->closed);
	assert_int_equal(r->status, 413);
	body = view_of(w->big, BODY);
	expect(w, p, ask_with(p, "POST", "/echo", NULL, 0, &body), 201, NULL);
	assert_int_equal(w->asked, 1);
}

static void bodies_are_taken_one_after_the_other_without_end(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	for (int i = 0; i < 100; i++) { /* 100 kB: past the window of the connection */
		struct view body = view_of(w->big, BODY);

		expect(w, p, ask_with(p, "POST", "/echo", NULL, 0, &body), 201, NULL);
		(void)nghttp2_session_consume_connection(p->session, BODY);
	}
}

static void a_client_may_wait_before_its_body(void **state)
{
	const nghttp2_nv more = field("expect", "100-continue");
	struct view body = view_text("abc");
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id = ask_with(p, "POST", "/echo", &more, 1, &body);

	expect(w, p, id, 201, "abc");
	assert_true(result_of(p, id)->continued);
}

static void more_streams_than_allowed_are_refused(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive_bare(w);

	/* Before our SETTINGS have come a client does not know better; what is over can be sent again. */
	for (int i = 0; i < STREAMS + 2; i++) {
		(void)ask(p, "/later");
	}
	until(w, p, w->later_count == STREAMS);
	some_turns(w, p);
	assert_int_equal(w->later_count, STREAMS);
	for (int i = 0; i < STREAMS; i++) {
		http_answer_text(w->later[i], 200, "text/plain", "late");
	}
	expect(w, p, 1, 200, "late");
	expect(w, p, 2 * STREAMS - 1, 200, "late");
}

/* Sends LONG bytes in parts, until all is sent or no more is taken. */
static void produce(struct http_request *request)
{
	struct world *w = request->user;

	w->drained++;
	while (w->sent < LONG) {
		enum err e = http_answer_part(request, view_of(w->big, 16384));

		w->sent += 16384;
		if (e == ERR_AGAIN) {
			assert_err(ERR_OVERLOAD, http_answer_part(request, view_text("x")));
			return;
		}
		assert_ok(e);
	}
	http_answer_end(request);
}

static void a_client_that_takes_nothing_holds_the_answer_back(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id = ask(p, "/later");
	struct result *r = result_of(p, id);

	until(w, p, w->later_count == 1);
	assert_ok(http_answer_begin(w->later[0], 200, NULL, 0, produce));
	assert_err(ERR_WRONG_STATE, http_answer_begin(w->later[0], 200, NULL, 0, produce));
	produce(w->later[0]);
	some_turns(w, p);
	assert_int_equal(r->body.len, 65535); /* its window */
	assert_true(w->sent < LONG / 2);
	expect(w, p, ask_with(p, "HEAD", "/hello", NULL, 0, NULL), 200, ""); /* others go on */
	for (size_t taken = 0; !r->closed;) {
		(void)nghttp2_session_consume(p->session, id, r->body.len - taken);
		taken = r->body.len;
		some_turns(w, p);
	}
	assert_int_equal(r->body.len, LONG);
	assert_int_equal(r->reason, NGHTTP2_NO_ERROR);
	assert_true(w->drained > 1);
}

static void a_client_that_never_takes_its_answer_is_cut_off(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	(void)ask(p, "/big");
	until(w, p, w->asked == 1);
	some_turns(w, p);
	fake_env_advance(&w->env, 29 * 1000);
	some_turns(w, p);
	assert_int_equal(http_server_connections(w->server), 1);
	fake_env_advance(&w->env, 2 * 1000);
	until(w, p, p->ended);
	assert_int_equal(http_server_connections(w->server), 0);
}

static void answers_that_wait_have_a_ceiling(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id[6];

	for (int i = 0; i < 6; i++) {
		id[i] = ask(p, "/big");
		until(w, p, w->asked == (i < 5 ? (size_t)i + 1 : 5));
	}
	until(w, p, result_of(p, id[5])->closed);
	assert_int_equal(result_of(p, id[5])->reason, NGHTTP2_REFUSED_STREAM);
	assert_int_equal(w->asked, 5);
}

static void streamed_answers_keep_their_length(void **state)
{
	const struct http_field length = {view_text("Content-Length"), view_text("4")};
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t first = ask(p, "/later"), second = ask(p, "/later"), third = ask(p, "/later");

	until(w, p, w->later_count == 3);
	assert_ok(http_answer_begin(w->later[0], 200, &length, 1, NULL));
	assert_ok(http_answer_part(w->later[0], view_text("abc")));
	assert_err(ERR_RANGE, http_answer_part(w->later[0], view_text("de")));
	assert_ok(http_answer_part(w->later[0], view_text("d")));
	http_answer_end(w->later[0]);
	expect(w, p, first, 200, "abcd");
	assert_ok(http_answer_begin(w->later[1], 200, &length, 1, NULL));
	http_answer_end(w->later[1]); /* too short */
	until(w, p, result_of(p, second)->closed);
	assert_int_equal(result_of(p, second)->reason, NGHTTP2_INTERNAL_ERROR);
	assert_ok(http_answer_begin(w->later[2], 200, NULL, 0, NULL));
	http_answer_abort(w->later[2]);
	until(w, p, result_of(p, third)->closed);
	assert_int_equal(result_of(p, third)->reason, NGHTTP2_INTERNAL_ERROR);
	expect(w, p, ask(p, "/hello"), 200, "hello");
}

static void answers_that_cannot_be_written_end_their_stream_alone(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id;

	expect(w, p, ask(p, "/bad-field"), 500, NULL);
	id = ask(p, "/too-big");
	until(w, p, result_of(p, id)->closed);
	assert_int_equal(result_of(p, id)->reason, NGHTTP2_INTERNAL_ERROR);
	expect(w, p, ask(p, "/hello"), 200, "hello");
}

static void a_client_that_takes_back_its_request_is_noticed(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t first = ask(p, "/later"), second = ask(p, "/later");

	until(w, p, w->later_count == 2);
	assert_ok(http_answer_begin(w->later[1], 200, NULL, 0, NULL));
	(void)nghttp2_submit_rst_stream(p->session, 0, first, NGHTTP2_CANCEL);
	(void)nghttp2_submit_rst_stream(p->session, 0, second, NGHTTP2_CANCEL);
	until(w, p, w->gone == 2);
	http_answer_text(w->later[0], 200, "text/plain", "late");
	assert_err(ERR_CLOSED, http_answer_part(w->later[1], view_text("x")));
	http_answer_end(w->later[1]);
	expect(w, p, ask(p, "/hello"), 200, "hello");
	(void)ask(p, "/later");
	until(w, p, w->later_count == 3);
	leave(p);
	until(w, NOONE, w->gone == 3);
	http_answer_text(w->later[2], 200, "text/plain", "late");
	assert_int_equal(http_server_connections(w->server), 0);
}

static void an_idle_connection_is_told_goodbye(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	expect(w, p, ask(p, "/hello"), 200, "hello");
	fake_env_advance(&w->env, 59 * 1000);
	some_turns(w, p);
	assert_false(p->went_away);
	fake_env_advance(&w->env, 2 * 1000);
	until(w, p, p->ended);
	assert_true(p->went_away);
	assert_int_equal(p->away_reason, NGHTTP2_NO_ERROR);
	assert_int_equal(http_server_connections(w->server), 0);
}

static ssize_t never(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	(void)session;
	(void)id;
	(void)to;
	(void)room;
	(void)flags;
	(void)source;
	(void)user;
	return NGHTTP2_ERR_DEFERRED;
}

static void a_body_that_never_comes_is_not_waited_for(void **state)
{
	const nghttp2_nv fields[] = {field(":method", "POST"), field(":scheme", "https"),
		field(":authority", "a"), field(":path", "/echo")};
	const nghttp2_data_provider provider = {.read_callback = never};
	struct world *w = *state;
	struct peer *p = arrive(w);
	int32_t id = nghttp2_submit_request(p->session, NULL, fields, 4, &provider, NULL);

	expect(w, p, ask(p, "/hello"), 200, "hello");
	fake_env_advance(&w->env, 9 * 1000);
	expect(w, p, ask(p, "/hello"), 200, "hello");
	fake_env_advance(&w->env, 2 * 1000);
	until(w, p, result_of(p, id)->closed);
	assert_int_equal(result_of(p, id)->status, 408);
	assert_int_equal(w->asked, 2);
}

static void a_closing_server_leaves_nobody_behind(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w), *q = arrive(w);

	(void)ask(p, "/later");
	(void)ask(p, "/later");
	until(w, p, w->later_count == 2);
	http_answer_problem(w->later[0], 503, "closing");
	http_server_close(w->server);
	w->server = NULL;
	assert_int_equal(w->gone, 1);
	until(w, p, p->ended);
	assert_true(p->went_away);
	assert_int_equal(result_of(p, 1)->status, 503);
	until(w, q, q->ended);
	http_answer_problem(w->later[1], 503, "late");
}

static void a_handler_may_close_the_server(void **state)
{
	struct world *w = *state;
	struct peer *p = arrive(w);

	(void)ask(p, "/closing");
	(void)ask(p, "/hello");
	until(w, p, p->ended);
	assert_int_equal(w->asked, 1);
}

/* Hostile: frames written by hand, after a preface and SETTINGS that are fine. */

#define PREFACE	 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"

static void put_frame(struct buf *out, uint8_t type, uint8_t flags, uint32_t id, struct view payload)
{
	buf_u24(out, (uint32_t)payload.len);
	buf_u8(out, type);
	buf_u8(out, flags);
	buf_u32(out, id);
	buf_view(out, payload);
}

/* :method GET, :scheme https, :path /, :authority "a": all but the last from the static table. */
static const uint8_t head[] = {0x82, 0x87, 0x84, 0x41, 0x01, 'a'};

/* All of it is sent, unless the connection ends before; whether it did with ENHANCE_YOUR_CALM. */
static void expect_calm_down(struct world *w, struct peer *p, struct buf *bytes)
{
	size_t sent = 0;

	for (int i = 0; i < TURNS && !p->ended; i++) {
		ssize_t len = send(p->fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);

		sent += len > 0 ? (size_t)len : 0;
		loop_turn(w->loop, 0);
		talk(p);
	}
	assert_true(p->ended);
	assert_int_equal(http_server_connections(w->server), 0);
	assert_true(!p->went_away || p->away_reason == NGHTTP2_ENHANCE_YOUR_CALM);
	buf_free(bytes);
}

static struct buf begin_frames(void)
{
	struct buf out = buf_growing(64 << 20);

	buf_text(&out, PREFACE);
	buf_bytes(&out, SETTINGS, 9);
	return out;
}

static struct peer *arrive_silent(struct world *w)
{
	struct peer *p = arrive_bare(w);
	const uint8_t *frames;

	/* What its library would say first is said by hand. */
	while (nghttp2_session_mem_send(p->session, &frames) > 0) {
	}
	return p;
}

static void rapid_resets_end_the_connection(void **state)
{
	static const uint8_t cancel[] = {0, 0, 0, 8};
	struct world *w = *state;
	struct buf out = begin_frames();

	for (uint32_t i = 0; i < 1000; i++) {
		put_frame(&out, 1, 5, 2 * i + 1, VIEW(head));
		put_frame(&out, 3, 0, 2 * i + 1, VIEW(cancel));
	}
	expect_calm_down(w, arrive_silent(w), &out);
	assert_true(w->asked <= 400);
}

/* What does not fit its Content-Length is an error of its stream alone. */

static void resets_that_we_are_made_to_send_end_the_connection(void **state)
{
	static const uint8_t length[] = {0x0f, 0x0d, 0x01, '9'}; /* content-length: 9, and no body */
	struct world *w = *state;
	struct buf out = begin_frames();

	for (uint32_t i = 0; i < 1000; i++) {
		uint8_t both[sizeof(head) + sizeof(length)];

		memcpy(both, head, sizeof(head));
		memcpy(both + sizeof(head), length, sizeof(length));
		put_frame(&out, 1, 5, 2 * i + 1, VIEW(both));
	}
	expect_calm_down(w, arrive_silent(w), &out);
}

static void a_list_without_end_ends_the_connection(void **state)
{
	static uint8_t many[16384];
	struct world *w = *state;
	struct buf out = begin_frames();

	/* A field that is put in the table once and named 16384 times in a frame. */
	put_frame(&out, 1, 0, 1, VIEW(head));
	memset(many, 0x82, sizeof(many));
	for (int i = 0; i < 200; i++) {
		put_frame(&out, 9, 0, 1, VIEW(many));
	}
	expect_calm_down(w, arrive_silent(w), &out);
	assert_int_equal(w->asked, 0);
}

static void empty_continuations_end_the_connection(void **state)
{
	struct world *w = *state;
	struct buf out = begin_frames();

	put_frame(&out, 1, 0, 1, VIEW(head));
	for (int i = 0; i < 100000; i++) {
		put_frame(&out, 9, 0, 1, view_text(""));
	}
	expect_calm_down(w, arrive_silent(w), &out);
	assert_int_equal(w->asked, 0);
}

static void frames_that_bring_nothing_end_the_connection(void **state)
{
	static const uint8_t ping[8] = {1}, priority[5] = {0, 0, 0, 0, 1};
	const struct {
		uint8_t type;
		uint32_t id;
		struct view payload;
	} rows[] = {
		{4, 0, view_text("")},
		{6, 0, VIEW(ping)},
		{2, 3, VIEW(priority)},
		{0, 1, view_text("")},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = begin_frames();
		struct peer *p = arrive_silent(w);

		put_frame(&out, 1, 4, 1, VIEW(head)); /* a request whose body is to come */
		for (int n = 0; n < 20000; n++) {
			put_frame(&out, rows[i].type, 0, rows[i].id, rows[i].payload);
		}
		expect_calm_down(w, p, &out);
		leave(p);
	}
}

static void what_is_no_http2_ends_the_connection(void **state)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense",
		"\x16\x03\x01",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct peer *p = arrive_silent(w);

		assert_true(send(p->fd, texts[i], strlen(texts[i]), MSG_NOSIGNAL) > 0);
		until(w, p, p->ended);
		leave(p);
	}
	assert_int_equal(w->asked, 0);
	assert_int_equal(http_server_connections(w->server), 0);
}

/* Every beginning of a good conversation, and each of its bytes spoiled: never more than an end. */
static void spoiled_bytes_do_no_harm(void **state)
{
	struct world *w = *state;
	struct buf good BUF_CLEANUP = begin_frames();

	put_frame(&good, 1, 4, 1, VIEW(head));
	put_frame(&good, 0, 1, 1, view_text("body"));
	put_frame(&good, 1, 5, 3, VIEW(head));
	for (size_t i = 0; i < good.len; i++) {
		for (int bit = 0; bit < 8; bit += 3) {
			struct peer *p = arrive_silent(w);

			good.data[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(send(p->fd, good.data, good.len, MSG_NOSIGNAL), good.len);
			good.data[i] ^= (uint8_t)(1 << bit);
			some_turns(w, p);
			leave(p);
			some_turns(w, NOONE);
		}
	}
	until(w, NOONE, http_server_connections(w->server) == 0);
	struct peer *p = arrive(w);

	expect(w, p, ask(p, "/hello"), 200, "hello");
}

#define HTTP2_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTTP2_TEST(requests_share_a_connection_and_are_answered_in_any_order),
		HTTP2_TEST(fields_arrive_as_those_of_http1_do),
		HTTP2_TEST(answers_without_a_body_have_none),
		HTTP2_TEST(malformed_requests_are_refused),
		HTTP2_TEST(too_much_is_refused),
		HTTP2_TEST(bodies_are_taken_one_after_the_other_without_end),
		HTTP2_TEST(a_client_may_wait_before_its_body),
		HTTP2_TEST(more_streams_than_allowed_are_refused),
		HTTP2_TEST(a_client_that_takes_nothing_holds_the_answer_back),
		HTTP2_TEST(a_client_that_never_takes_its_answer_is_cut_off),
		HTTP2_TEST(answers_that_wait_have_a_ceiling),
		HTTP2_TEST(streamed_answers_keep_their_length),
		HTTP2_TEST(answers_that_cannot_be_written_end_their_stream_alone),
		HTTP2_TEST(a_client_that_takes_back_its_request_is_noticed),
		HTTP2_TEST(an_idle_connection_is_told_goodbye),
		HTTP2_TEST(a_body_that_never_comes_is_not_waited_for),
		HTTP2_TEST(a_closing_server_leaves_nobody_behind),
		HTTP2_TEST(a_handler_may_close_the_server),
		HTTP2_TEST(rapid_resets_end_the_connection),
		HTTP2_TEST(resets_that_we_are_made_to_send_end_the_connection),
		HTTP2_TEST(a_list_without_end_ends_the_connection),
		HTTP2_TEST(empty_continuations_end_the_connection),
		HTTP2_TEST(frames_that_bring_nothing_end_the_connection),
		HTTP2_TEST(what_is_no_http2_ends_the_connection),
		HTTP2_TEST(spoiled_bytes_do_no_harm),
	};
	return RUN_TESTS(tests);
}
