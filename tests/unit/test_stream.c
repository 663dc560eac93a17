// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_env.h"
#include "net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { GUESTS = 8, TURNS = 20000 };

/* One end of a connection, and what it saw. */
struct end {
	struct stream *stream;
	struct buf got;
	size_t ready, drained, inputs, offered;
	bool ended, closed, echo, close_on_input, abort_on_input;
	size_t use_at_most; /* of one offer; 0: all */
	size_t to_produce;  /* sent by and by, as `drained` comes */
	enum err why;
	char said[256];
};

struct world {
	struct fake_env env;
	struct loop *loop;
	struct listener *listener;
	struct end client, guests[GUESTS];
	size_t guest_count;
};

static void on_ready(void *user, struct stream *s)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	e->ready++;
}

static size_t on_input(void *user, struct stream *s, struct view bytes)
{
	struct end *e = user;
	size_t used = e->use_at_most && e->use_at_most < bytes.len ? e->use_at_most : bytes.len;

	assert_true(bytes.len > 0);
	e->inputs++;
	e->offered = bytes.len;
	if (e->use_at_most == SIZE_MAX) {
		return 0;
	}
	buf_bytes(&e->got, bytes.data, used);
	if (e->echo) {
		assert_ok(stream_send(s, view_of(bytes.data, used)));
	}
	if (e->close_on_input) {
		stream_close(s);
	}
	if (e->abort_on_input) {
		stream_abort(s);
		return 12345;
	}
	return used;
}

static void on_drained(void *user, struct stream *s)
{
	struct end *e = user;
	static const uint8_t part[16000];

	assert_int_equal(stream_pending(s), 0);
	e->drained++;
	if (e->to_produce > 0) {
		size_t len = e->to_produce < sizeof(part) ? e->to_produce : sizeof(part);
		e->to_produce -= len;
		assert_ok(stream_send(s, view_of(part, len)));
	}
}

static void on_closed(void *user, struct stream *s, enum err why)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	e->closed = true;
	e->why = why;
	e->stream = NULL;
	(void)snprintf(e->said, sizeof(e->said), "%s", err_detail());
}

static const struct stream_on on = {.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed};

static void welcome(void *user, struct stream *s)
{
	struct world *w = user;

	assert_true(w->guest_count < GUESTS);
	struct end *e = &w->guests[w->guest_count++];
	e->stream = s;
	stream_set(s, &on, e);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->env = fake_env_of(1);
	assert_ok(loop_new(&w->env.env, &w->loop));
	w->client.got = buf_growing(16 * 1024 * 1024);
	for (size_t i = 0; i < GUESTS; i++) {
		w->guests[i].got = buf_growing(16 * 1024 * 1024);
		w->guests[i].echo = true;
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	listener_close(w->listener);
	if (w->client.stream) {
		stream_abort(w->client.stream);
	}
	for (size_t i = 0; i < GUESTS; i++) {
		if (w->guests[i].stream && !w->guests[i].abort_on_input) {
			stream_abort(w->guests[i].stream);
		}
		buf_free(&w->guests[i].got);
	}
	buf_free(&w->client.got);
	loop_free(w->loop);
	free(w);
	return 0;
}

/* Turns the loop until it is so. */
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

static void some_turns(struct world *w)
{
	for (int i = 0; i < 10; i++) {
		loop_turn(w->loop, 0);
	}
}

static void listen_at(struct world *w, const struct listener_options *options)
{
	assert_ok(listener_open(w->loop, options, welcome, w, &w->listener));
}

static void connect_with(struct world *w, const struct stream_limits *limits)
{
	assert_ok(stream_connect(w->loop, listener_address(w->listener), NULL, NULL, limits, &on,
		&w->client, &w->client.stream));
	assert_int_equal(w->client.ready, 0);
	until(w, w->client.ready && w->guest_count > 0);
}

static void pair(struct world *w)
{
	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	connect_with(w, NULL);
}

static void send_text(struct end *e, const char *text)
{
	assert_ok(stream_send(e->stream, view_text(text)));
}

/* A client that is no stream: a plain socket, not blocking. */
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

/* Reads what comes until the other side ends; returns how much. SIZE_MAX: it was reset. */
static size_t read_all(struct world *w, int fd)
{
	static char bytes[65536];
	size_t total = 0;

	for (int i = 0; i < TURNS; i++) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
		if (got == 0) {
			return total;
		}
		if (got < 0 && errno != EAGAIN) {
			return SIZE_MAX;
		}
		total += got > 0 ? (size_t)got : 0;
		loop_turn(w->loop, got > 0 ? 0 : 1);
	}
	fail_msg("the other side did not end");
	return 0;
}

static void echo_at(struct world *w, const char *address, const char *begins)
{
	listen_at(w, &(struct listener_options){.address = address});
	assert_memory_equal(listener_address(w->listener), begins, strlen(begins));
	connect_with(w, NULL);
	send_text(&w->client, "hello");
	until(w, w->client.got.len == 5);
	assert_view(buf_contents(&w->client.got), "hello");
	assert_string_equal(stream_tls_version(w->client.stream), "");
	assert_string_equal(stream_peer_name(w->client.stream), "");
	assert_false(stream_peer_is(w->client.stream, "localhost"));
	assert_int_equal(stream_psk_identity(w->client.stream).len, 0);
	uint8_t binding[32];
	assert_err(ERR_UNSUPPORTED, stream_channel_binding(w->client.stream, binding));
}

static void bytes_go_and_come_over_ipv4(void **state)
{
	struct world *w = *state;

	echo_at(w, "127.0.0.1:0", "127.0.0.1:");
	assert_string_equal(stream_peer_address(w->client.stream), listener_address(w->listener));
	assert_memory_equal(stream_peer_address(w->guests[0].stream), "127.0.0.1:", 10);
	assert_int_equal(stream_peer_uid(w->guests[0].stream), -1);
}

static void bytes_go_and_come_over_ipv6(void **state)
{
	struct world *w = *state;
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0) {
		(void)close(fd);
		skip();
	}
	(void)close(fd);
	echo_at(w, "[::1]:0", "[::1]:");
}

static void a_name_is_resolved(void **state)
{
	struct world *w = *state;
	char address[ADDRESS_MAX];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	(void)snprintf(address, sizeof(address), "localhost%s",
		strrchr(listener_address(w->listener), ':'));
	assert_ok(stream_connect(w->loop, address, NULL, NULL, NULL, &on, &w->client,
		&w->client.stream));
	until(w, w->client.ready || w->client.closed);
	assert_true(w->client.ready);
}

static void a_lookup_may_be_given_up(void **state)
{
	struct world *w = *state;

	assert_ok(stream_connect(w->loop, "localhost:1", NULL, NULL, NULL, &on, &w->client,
		&w->client.stream));
	stream_close(w->client.stream);
	w->client.stream = NULL;
	some_turns(w);
	assert_false(w->client.closed);
}

static void a_refused_connection_is_told_later(void **state)
{
	struct world *w = *state;

	pair(w);
	char address[ADDRESS_MAX];
	(void)snprintf(address, sizeof(address), "%s", listener_address(w->listener));
	listener_close(w->listener);
	w->listener = NULL;
	struct end late = {.ready = 0};
	assert_ok(stream_connect(w->loop, address, NULL, NULL, NULL, &on, &late, &late.stream));
	assert_false(late.closed);
	until(w, late.closed);
	assert_err(ERR_UNAVAILABLE, late.why);
	assert_non_null(strstr(late.said, "refused"));
	/* A Unix socket fails at once, and that too is told later. */
	late = (struct end){.ready = 0};
	assert_ok(stream_connect(w->loop, "unix:/nonexistent/x.sock", NULL, NULL, NULL, &on, &late,
		&late.stream));
	assert_false(late.closed);
	until(w, late.closed);
	assert_err(ERR_UNAVAILABLE, late.why);
}

static void a_connection_that_takes_too_long_is_given_up(void **state)
{
	struct world *w = *state;

	/* Its backlog full and nobody accepting, a connection stays half made. */
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[4];
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], (struct sockaddr *)&at, sizeof(at));
	}
	char address[ADDRESS_MAX];
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(at.sin_port));
	assert_ok(stream_connect(w->loop, address, NULL, NULL,
		&(struct stream_limits){.handshake_ms = 200}, &on, &w->client, &w->client.stream));
	some_turns(w);
	assert_false(w->client.closed);
	fake_env_advance(&w->env, 200);
	until(w, w->client.closed);
	assert_err(ERR_TIMEOUT, w->client.why);
	assert_non_null(strstr(w->client.said, "not ready within 200 ms"));
	for (size_t i = 0; i < 4; i++) {
		(void)close(fill[i]);
	}
	(void)close(fd);
}

static void addresses_are_checked(void **state)
{
	(void)state;
	static const char *const good[] = {"127.0.0.1:0", "[::1]:65535", "node-1.example:443",
		"unix:/run/x.sock", "0.0.0.0:1"};
	static const char *const bad[] = {"", ":", ":1", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:1x", "127.0.0.1:01",
		"::1:80", "[::1]", "[::1:80", "[]:1", "[127.0.0.1]:1", "[name]:1", "a b:1", "-x:1",
		"unix:", "unix:relative"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_ok(address_check(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (address_check(bad[i]) != ERR_SYNTAX) {
			fail_msg("\"%s\" was taken for an address", bad[i]);
		}
	}
	char long_path[116];
	memset(long_path, 'a', sizeof(long_path));
	memcpy(long_path, "unix:/", 6);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_err(ERR_SYNTAX, address_check(long_path));
	long_path[5 + 107] = '\0';
	assert_ok(address_check(long_path));
	char endless[1000];
	memset(endless, 'a', sizeof(endless));
	memcpy(endless + sizeof(endless) - 3, ":1", 3);
	assert_err(ERR_SYNTAX, address_check(endless));
}

static void a_listener_needs_a_free_number(void **state)
{
	struct world *w = *state;
	struct listener *second;

	pair(w);
	struct listener_options options = {.address = listener_address(w->listener)};
	assert_err(ERR_IO, listener_open(w->loop, &options, welcome, w, &second));
	assert_said("in use");
	options.address = "localhost:1";
	assert_err(ERR_SYNTAX, listener_open(w->loop, &options, welcome, w, &second));
	assert_said("a number, not a name");
}

/* More than the sockets hold, back and forth, at the pace of whoever is slower. */
static void much_is_carried_in_order(void **state)
{
	struct world *w = *state;
	enum { MUCH = 8 * 1024 * 1024, PART = 100000 };
	uint8_t *bytes = malloc(MUCH);
	size_t given = 0;

	assert_ok(w->env.env.random(&w->env.env, bytes, MUCH));
	pair(w);
	while (w->client.got.len < MUCH) {
		while (given < MUCH && stream_pending(w->client.stream) < PART) {
			size_t len = MUCH - given < PART ? MUCH - given : PART;
			assert_ok(stream_send(w->client.stream, view_of(bytes + given, len)));
			given += len;
		}
		loop_turn(w->loop, 1);
	}
	assert_int_equal(w->client.got.len, MUCH);
	assert_memory_equal(w->client.got.data, bytes, MUCH);
	assert_true(w->client.drained > 0);
	free(bytes);
}

static void a_producer_goes_on_when_drained(void **state)
{
	struct world *w = *state;

	pair(w);
	w->guests[0].echo = false;
	w->client.to_produce = 1000000;
	send_text(&w->client, "x");
	until(w, w->guests[0].got.len == 1000001);
	assert_int_equal(w->client.to_produce, 0);
}

static void sends_of_a_turn_leave_together(void **state)
{
	struct world *w = *state;

	pair(w);
	some_turns(w);
	send_text(&w->client, "one ");
	send_text(&w->client, "two ");
	send_text(&w->client, "three");
	assert_int_equal(stream_pending(w->client.stream), 13);
	until(w, w->guests[0].got.len == 13);
	assert_int_equal(w->guests[0].inputs, 1);
	assert_int_equal(stream_pending(w->client.stream), 0);
}

static void what_is_not_used_is_offered_again_with_more(void **state)
{
	struct world *w = *state;

	pair(w);
	w->guests[0].use_at_most = 3;
	send_text(&w->client, "abcdefg");
	until(w, w->guests[0].got.len == 3);
	some_turns(w);
	assert_view(buf_contents(&w->guests[0].got), "abc"); /* not before there is more */
	send_text(&w->client, "h");
	until(w, w->guests[0].got.len == 6);
	assert_view(buf_contents(&w->guests[0].got), "abcdef");
}

/* A message longer than the area that is read into. */
static void a_long_message_is_collected(void **state)
{
	struct world *w = *state;
	enum { LONG = 300000 };
	uint8_t *bytes = calloc(1, LONG);

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0", .limits.input = LONG + 1});
	connect_with(w, NULL);
	w->guests[0].use_at_most = SIZE_MAX; /* none */
	bytes[LONG - 1] = 7;
	assert_ok(stream_send(w->client.stream, view_of(bytes, LONG)));
	until(w, w->guests[0].offered == LONG);
	w->guests[0].use_at_most = 0;
	stream_pause(w->guests[0].stream);
	stream_resume(w->guests[0].stream);
	until(w, w->guests[0].got.len == LONG);
	assert_memory_equal(w->guests[0].got.data, bytes, LONG);
	free(bytes);
}

static void input_that_nobody_can_use_ends_the_stream(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[5000];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0", .limits.input = 4096});
	connect_with(w, NULL);
	w->guests[0].use_at_most = SIZE_MAX; /* none */
	assert_ok(stream_send(w->client.stream, view_of(bytes, 4095)));
	until(w, w->guests[0].inputs > 0);
	some_turns(w);
	assert_false(w->guests[0].closed);
	assert_ok(stream_send(w->client.stream, view_of(bytes, 5000)));
	until(w, w->guests[0].closed);
	assert_err(ERR_OVERLOAD, w->guests[0].why);
	assert_non_null(strstr(w->guests[0].said, "4096"));
}

static void a_paused_stream_gets_nothing_and_presses_back(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[65536];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	connect_with(w, &(struct stream_limits){.output = 256 * 1024});
	w->guests[0].echo = false;
	stream_pause(w->guests[0].stream);
	size_t sent = 0;
	enum err e = OK;
	for (int i = 0; i < 1000 && e == OK; i++) {
		e = stream_send(w->client.stream, VIEW(bytes));
		sent += e == OK ? sizeof(bytes) : 0;
		loop_turn(w->loop, 0);
	}
	assert_err(ERR_OVERLOAD, e);
	assert_said("does not take its output");
	assert_int_equal(w->guests[0].inputs, 0);
	stream_resume(w->guests[0].stream);
	until(w, w->guests[0].got.len == sent);
}

static void kept_input_is_offered_after_a_pause(void **state)
{
	struct world *w = *state;

	pair(w);
	w->guests[0].use_at_most = SIZE_MAX; /* none */
	send_text(&w->client, "abc");
	until(w, w->guests[0].inputs == 1);
	stream_pause(w->guests[0].stream);
	w->guests[0].use_at_most = 0;
	send_text(&w->client, "def");
	some_turns(w);
	assert_int_equal(w->guests[0].inputs, 1);
	stream_resume(w->guests[0].stream);
	until(w, w->guests[0].got.len == 6);
	assert_view(buf_contents(&w->guests[0].got), "abcdef");
}

static void kept_input_is_offered_to_the_next_owner(void **state)
{
	struct world *w = *state;
	struct end next = {.got = buf_growing(100)};

	pair(w);
	w->guests[0].use_at_most = 3;
	send_text(&w->client, "abcdef");
	until(w, w->guests[0].inputs == 1);
	next.stream = w->guests[0].stream;
	w->guests[0].stream = NULL;
	stream_set(next.stream, &on, &next);
	until(w, next.got.len == 3);
	assert_view(buf_contents(&next.got), "def");
	stream_abort(next.stream);
	buf_free(&next.got);
}

static void a_peer_that_takes_no_output_is_given_up(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[65536];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0",
			     .limits = {.stall_ms = 500, .output = 32 * 1024 * 1024}});
	int fd = raw_client(w);
	until(w, w->guest_count == 1);
	for (int i = 0; i < 256; i++) {
		assert_ok(stream_send(w->guests[0].stream, VIEW(bytes)));
	}
	some_turns(w);
	fake_env_advance(&w->env, 499);
	some_turns(w);
	assert_false(w->guests[0].closed);
	fake_env_advance(&w->env, 1);
	until(w, w->guests[0].closed);
	assert_err(ERR_TIMEOUT, w->guests[0].why);
	assert_non_null(strstr(w->guests[0].said, "took no output within 500 ms"));
	(void)close(fd);
}

static void an_idle_stream_is_not_given_up(void **state)
{
	struct world *w = *state;

	pair(w);
	send_text(&w->client, "x");
	until(w, w->client.got.len == 1);
	fake_env_advance(&w->env, 3600 * 1000);
	some_turns(w);
	assert_false(w->client.closed || w->guests[0].closed);
}

static void closing_sends_what_is_pending(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[900000];

	pair(w);
	w->guests[0].echo = false;
	assert_ok(stream_send(w->client.stream, VIEW(bytes)));
	stream_close(w->client.stream);
	w->client.stream = NULL;
	until(w, w->guests[0].closed);
	assert_int_equal(w->guests[0].got.len, sizeof(bytes));
	assert_err(ERR_CLOSED, w->guests[0].why);
	assert_false(w->client.closed);
}

static void what_was_closed_leaves_before_the_loop(void **state)
{
	struct world *w = *state;
	char got[8];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	int fd = raw_client(w);
	until(w, w->guest_count == 1);
	send_text(&w->guests[0], "bye");
	stream_close(w->guests[0].stream);
	w->guests[0].stream = NULL;
	listener_close(w->listener);
	w->listener = NULL;
	loop_free(w->loop);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 3);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 0);
	close(fd);
	assert_ok(loop_new(&w->env.env, &w->loop));
}

static void closing_does_not_wait_for_ever(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[65536];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0",
			     .limits.output = 32 * 1024 * 1024});
	int fd = raw_client(w);
	until(w, w->guest_count == 1);
	for (int i = 0; i < 256; i++) {
		assert_ok(stream_send(w->guests[0].stream, VIEW(bytes)));
	}
	stream_close(w->guests[0].stream);
	w->guests[0].stream = NULL;
	some_turns(w);
	assert_int_equal(listener_connections(w->listener), 1);
	fake_env_advance(&w->env, 5000);
	until(w, listener_connections(w->listener) == 0);
	(void)close(fd);
}

/* An answer that closes is not lost to a reset, though the client is still sending. */
static void closing_reads_on_until_the_peer_knows(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[100000];

	pair(w);
	int fd = raw_client(w);
	until(w, w->guest_count == 2);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	w->guests[1].close_on_input = true;
	until(w, w->guests[1].inputs == 1);
	w->guests[1].stream = NULL;
	assert_true(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0);
	assert_int_equal(read_all(w, fd), 1);
	(void)close(fd);
	until(w, listener_connections(w->listener) == 1);
}

static void a_peer_that_never_stops_sending_is_cut_off(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[65536];

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	int fd = raw_client(w);
	until(w, w->guest_count == 1);
	stream_close(w->guests[0].stream);
	w->guests[0].stream = NULL;
	size_t sent = 0;
	while (listener_connections(w->listener) > 0) {
		ssize_t put = send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		sent += put > 0 ? (size_t)put : 0;
		assert_true(sent < 64 * 1024 * 1024);
		loop_turn(w->loop, 0);
	}
	(void)close(fd);
}

static void a_half_closed_peer_still_gets_its_answer(void **state)
{
	struct world *w = *state;

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	int fd = raw_client(w);
	assert_int_equal(send(fd, "question", 8, 0), 8);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(read_all(w, fd), 8);
	until(w, w->guests[0].closed);
	assert_err(ERR_CLOSED, w->guests[0].why);
	(void)close(fd);
}

static void a_reset_is_told(void **state)
{
	struct world *w = *state;
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	int fd = raw_client(w);
	until(w, w->guest_count == 1);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
	until(w, w->guests[0].closed);
	assert_err(ERR_IO, w->guests[0].why);
	assert_non_null(strstr(w->guests[0].said, "reset"));
	assert_int_equal(listener_connections(w->listener), 0);
}

static void a_stream_may_be_aborted_in_its_own_callback(void **state)
{
	struct world *w = *state;

	pair(w);
	w->guests[0].abort_on_input = true;
	w->guests[0].echo = true; /* and with output pending */
	send_text(&w->client, "x");
	until(w, w->client.closed);
	assert_false(w->guests[0].closed);
	assert_int_equal(listener_connections(w->listener), 0);
}

static void nothing_can_be_sent_after_the_end(void **state)
{
	struct world *w = *state;

	pair(w);
	struct stream *s = w->client.stream;
	w->client.stream = NULL;
	stream_close(s);
	assert_err(ERR_CLOSED, stream_send(s, view_text("x")));
	stream_close(s);
	stream_abort(s);
	stream_abort(s);
}

static void a_reference_does_not_outlive_its_stream(void **state)
{
	struct world *w = *state;

	assert_null(stream_at(w->loop, 0));
	assert_null(stream_at(w->loop, 12345));
	pair(w);
	uint64_t ref = stream_ref(w->client.stream);
	assert_true(ref != 0);
	assert_int_equal(stream_ref(w->client.stream), ref);
	assert_true(stream_ref(w->guests[0].stream) != ref);
	assert_ptr_equal(stream_at(w->loop, ref), w->client.stream);
	stream_retry(stream_at(w->loop, ref)); /* not in a handshake: nothing happens */
	stream_abort(w->client.stream);
	w->client.stream = NULL;
	assert_null(stream_at(w->loop, ref));
	stream_retry(stream_at(w->loop, ref));
}

static void beyond_the_ceiling_new_connections_wait(void **state)
{
	struct world *w = *state;

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0", .connections = 2});
	int fds[3];
	for (size_t i = 0; i < 3; i++) {
		fds[i] = raw_client(w);
	}
	until(w, w->guest_count == 2);
	some_turns(w);
	assert_int_equal(listener_connections(w->listener), 2);
	(void)close(fds[0]);
	until(w, w->guest_count == 3);
	assert_int_equal(listener_connections(w->listener), 2);
	(void)close(fds[1]);
	(void)close(fds[2]);
	until(w, listener_connections(w->listener) == 0);
}

static void one_address_cannot_take_all_places(void **state)
{
	struct world *w = *state;

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0",
			     .connections = 10,
			     .connections_per_address = 2});
	int fds[3];
	for (size_t i = 0; i < 3; i++) {
		fds[i] = raw_client(w);
	}
	assert_int_equal(read_all(w, fds[2]), 0); /* closed at once */
	assert_int_equal(listener_connections(w->listener), 2);
	(void)close(fds[0]);
	until(w, listener_connections(w->listener) == 1);
	int again = raw_client(w);
	until(w, w->guest_count == 3);
	(void)close(fds[1]);
	(void)close(fds[2]);
	(void)close(again);
	until(w, listener_connections(w->listener) == 0);
}

static void without_descriptors_new_connections_wait(void **state)
{
	struct world *w = *state;
	struct rlimit before, low;

	listen_at(w, &(struct listener_options){.address = "127.0.0.1:0"});
	int fd = raw_client(w);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	some_turns(w);
	assert_int_equal(w->guest_count, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	some_turns(w);
	assert_int_equal(w->guest_count, 0); /* it takes a breath, it does not spin */
	fake_env_advance(&w->env, 100);
	until(w, w->guest_count == 1);
	(void)close(fd);
}

static void connections_outlive_their_listener(void **state)
{
	struct world *w = *state;

	pair(w);
	listener_close(w->listener);
	w->listener = NULL;
	some_turns(w);
	send_text(&w->client, "still here");
	until(w, w->client.got.len == 10);
}

struct unix_place {
	char folder[32], path[64], address[80];
};

static void make_place(struct unix_place *p)
{
	(void)strcpy(p->folder, "/tmp/symbolon-test-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	(void)snprintf(p->path, sizeof(p->path), "%s/x.sock", p->folder);
	(void)snprintf(p->address, sizeof(p->address), "unix:%s", p->path);
}

static void drop_place(struct unix_place *p)
{
	(void)unlink(p->path);
	assert_int_equal(rmdir(p->folder), 0);
}

static void a_unix_socket_tells_who_connects(void **state)
{
	struct world *w = *state;
	struct unix_place p;
	struct stat st;

	make_place(&p);
	echo_at(w, p.address, "unix:/");
	assert_string_equal(listener_address(w->listener), p.address);
	assert_int_equal(stream_peer_uid(w->guests[0].stream), getuid());
	assert_string_equal(stream_peer_address(w->guests[0].stream), "unix");
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	listener_close(w->listener);
	w->listener = NULL;
	assert_int_equal(stat(p.path, &st), -1);
	listen_at(w, &(struct listener_options){.address = p.address, .unix_mode = 0666});
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	listener_close(w->listener);
	w->listener = NULL;
	drop_place(&p);
}

static void a_stale_unix_socket_is_taken_over(void **state)
{
	struct world *w = *state;
	struct unix_place p;
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	make_place(&p);
	(void)strcpy(at.sun_path, p.path);
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dead, (struct sockaddr *)&at, sizeof(at)), 0);
	(void)close(dead);
	echo_at(w, p.address, "unix:/");
	struct listener *second;
	struct listener_options options = {.address = p.address};
	assert_err(ERR_EXISTS, listener_open(w->loop, &options, welcome, w, &second));
	assert_said("another process serves it");
	listener_close(w->listener);
	w->listener = NULL;
	drop_place(&p);
}

static void what_is_no_socket_is_not_removed(void **state)
{
	struct world *w = *state;
	struct unix_place p;
	struct stat st;

	make_place(&p);
	int fd = open(p.path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	struct listener_options options = {.address = p.address};
	assert_err(ERR_EXISTS, listener_open(w->loop, &options, welcome, w, &w->listener));
	w->listener = NULL;
	assert_int_equal(stat(p.path, &st), 0);
	drop_place(&p);
}

/* One direction ends, the other goes on. */

static void on_half_end(void *user, struct stream *s)
{
	struct end *e = user;

	assert_ptr_equal(e->stream, s);
	assert_false(e->ended);
	e->ended = true;
}

static const struct stream_on on_halves = {.ready = on_ready,
	.input = on_input,
	.drained = on_drained,
	.ended = on_half_end,
	.closed = on_closed};

static void pair_of_halves(struct world *w)
{
	pair(w);
	w->guests[0].echo = false;
	stream_set(w->client.stream, &on_halves, &w->client);
	stream_set(w->guests[0].stream, &on_halves, &w->guests[0]);
}

static void one_direction_may_end_before_the_other(void **state)
{
	struct world *w = *state;
	struct end *guest = &w->guests[0];
	static const uint8_t much[600000];

	pair_of_halves(w);
	assert_ok(stream_send(w->client.stream, VIEW(much)));
	stream_finish(w->client.stream);
	assert_err(ERR_CLOSED, stream_send(w->client.stream, view_text("more")));
	until(w, guest->ended);
	assert_int_equal(guest->got.len, sizeof(much));
	some_turns(w);
	assert_false(guest->closed || w->client.closed || w->client.ended);
	send_text(guest, "an answer");
	until(w, w->client.got.len == 9);
	assert_ok(stream_send(guest->stream, VIEW(much)));
	stream_finish(guest->stream);
	until(w, guest->closed && w->client.closed);
	assert_err(ERR_CLOSED, guest->why);
	assert_err(ERR_CLOSED, w->client.why);
	assert_int_equal(w->client.got.len, 9 + sizeof(much));
	until(w, listener_connections(w->listener) == 0);
}

static void both_may_end_at_once(void **state)
{
	struct world *w = *state;

	pair_of_halves(w);
	stream_finish(w->client.stream);
	stream_finish(w->guests[0].stream);
	until(w, w->guests[0].closed && w->client.closed);
	assert_err(ERR_CLOSED, w->client.why);
	until(w, listener_connections(w->listener) == 0);
}

/* Whoever has no use for halves is told of the end as ever. */
static void half_an_end_is_the_end_for_others(void **state)
{
	struct world *w = *state;

	pair(w);
	stream_set(w->client.stream, &on_halves, &w->client);
	send_text(&w->client, "last words");
	stream_finish(w->client.stream);
	until(w, w->guests[0].closed);
	assert_err(ERR_CLOSED, w->guests[0].why);
	assert_view(buf_contents(&w->guests[0].got), "last words");
	until(w, w->client.closed);
	assert_view(buf_contents(&w->client.got), "last words"); /* the echo */
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(bytes_go_and_come_over_ipv4),
		STREAM_TEST(bytes_go_and_come_over_ipv6),
		STREAM_TEST(a_name_is_resolved),
		STREAM_TEST(a_lookup_may_be_given_up),
		STREAM_TEST(a_refused_connection_is_told_later),
		STREAM_TEST(a_connection_that_takes_too_long_is_given_up),
		STREAM_TEST(addresses_are_checked),
		STREAM_TEST(a_listener_needs_a_free_number),
		STREAM_TEST(much_is_carried_in_order),
		STREAM_TEST(a_producer_goes_on_when_drained),
		STREAM_TEST(sends_of_a_turn_leave_together),
		STREAM_TEST(what_is_not_used_is_offered_again_with_more),
		STREAM_TEST(a_long_message_is_collected),
		STREAM_TEST(input_that_nobody_can_use_ends_the_stream),
		STREAM_TEST(a_paused_stream_gets_nothing_and_presses_back),
		STREAM_TEST(kept_input_is_offered_after_a_pause),
		STREAM_TEST(kept_input_is_offered_to_the_next_owner),
		STREAM_TEST(a_peer_that_takes_no_output_is_given_up),
		STREAM_TEST(an_idle_stream_is_not_given_up),
		STREAM_TEST(closing_sends_what_is_pending),
		STREAM_TEST(what_was_closed_leaves_before_the_loop),
		STREAM_TEST(closing_does_not_wait_for_ever),
		STREAM_TEST(closing_reads_on_until_the_peer_knows),
		STREAM_TEST(a_peer_that_never_stops_sending_is_cut_off),
		STREAM_TEST(a_half_closed_peer_still_gets_its_answer),
		STREAM_TEST(a_reset_is_told),
		STREAM_TEST(a_stream_may_be_aborted_in_its_own_callback),
		STREAM_TEST(nothing_can_be_sent_after_the_end),
		STREAM_TEST(a_reference_does_not_outlive_its_stream),
		STREAM_TEST(beyond_the_ceiling_new_connections_wait),
		STREAM_TEST(one_address_cannot_take_all_places),
		STREAM_TEST(without_descriptors_new_connections_wait),
		STREAM_TEST(connections_outlive_their_listener),
		STREAM_TEST(a_unix_socket_tells_who_connects),
		STREAM_TEST(a_stale_unix_socket_is_taken_over),
		STREAM_TEST(one_direction_may_end_before_the_other),
		STREAM_TEST(both_may_end_at_once),
		STREAM_TEST(half_an_end_is_the_end_for_others),
		STREAM_TEST(what_is_no_socket_is_not_removed),
	};
	return RUN_TESTS(tests);
}
