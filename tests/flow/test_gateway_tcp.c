// SPDX-License-Identifier: Apache-2.0
/* Sessions over RP_D with a TCP application behind the gateway; and gateways that cannot start. */
#include "test.h"

#include "base/log.h"
#include "gateway.h"

#include <stdlib.h>

static struct front the_front;

static int set_up(void **state)
{
	log_open(2, "test", LOG_ERROR);
	front_open(&the_front, "");
	*state = &the_front;
	return 0;
}

static int tear_down(void **state)
{
	front_close(*state);
	return 0;
}

static void until_backend_has(struct front *t, size_t bytes)
{
	for (int i = 0; i < 3000 && t->tcp_end.got.len < bytes; i++) {
		loop_turn(t->f.loop, 1);
	}
	assert_true(t->tcp_end.got.len >= bytes);
}

/* req: B9.5-a */
static void bytes_pass_both_ways(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_BARE);
	visit_send(&v, "from the device");
	until_backend_has(t, 15);
	assert_memory_equal(t->tcp_end.got.data, "from the device", 15);
	assert_ok(stream_send(t->tcp_end.stream, view_text("from the application")));
	visit_expect(&v, "from the application");
	visit_close(&v);
	front_settle(t);
	assert_true(t->tcp_end.ended);
	assert_int_equal(pool_count(t->gateway.relays), 0);
}

/* The application speaks first, as many do.  req: B9.6.4-a B9.6.4-c */
static void the_application_may_begin(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_BARE);
	assert_non_null(t->tcp_end.stream);
	assert_ok(stream_send(t->tcp_end.stream, view_text("220 ready")));
	visit_expect(&v, "220 ready");
	visit_close(&v);
}

static struct view take_tlv(struct reader *r, uint8_t type)
{
	assert_int_equal(reader_u8(r), type);
	return reader_bytes(r, reader_u16(r));
}

/* req: B9.4.1-g */
static void the_proxy_header_says_who(void **state)
{
	struct front *t = *state;
	struct visit v;
	char own[ADDRESS_MAX];

	visit(&v, t, FRONT_TCP);
	visit_send(&v, "x");
	until_backend_has(t, 16);
	until_backend_has(t, 16 + (size_t)t->tcp_end.got.data[15] + 1);
	stream_own_address(v.stream, own);
	struct reader r = reader_of(buf_contents(&t->tcp_end.got));

	assert_memory_equal(reader_bytes(&r, 12).data, "\r\n\r\n\0\r\nQUIT\n", 12);
	assert_int_equal(reader_u8(&r), 0x21);
	assert_int_equal(reader_u8(&r), 0x11);
	size_t len = reader_u16(&r);

	assert_int_equal(reader_left(&r), len + 1);
	assert_int_equal(reader_u32(&r), 0x7f000001);
	assert_int_equal(reader_u32(&r), 0x7f000001);
	assert_int_equal(reader_u16(&r), atoi(strrchr(own, ':') + 1));
	assert_int_equal(reader_u16(&r), atoi(strrchr(front_address(t), ':') + 1));
	assert_view(take_tlv(&r, 0x02), FRONT_TCP);
	struct reader tls = reader_of(take_tlv(&r, 0x20));

	assert_int_equal(reader_u8(&tls), 1);
	assert_int_equal(reader_u32(&tls), 1);
	assert_view(take_tlv(&tls, 0x21), "TLSv1.3");
	assert_view(take_tlv(&tls, 0x23), "TLS_AES_128_GCM_SHA256");
	assert_ok(reader_end(&tls, "PP2_TYPE_SSL"));
	assert_int_equal(take_tlv(&r, 0xe0).len, PSEUDONYM_SIZE - 1);
	struct reader expires = reader_of(take_tlv(&r, 0xe1));

	assert_int_equal(reader_u64(&expires), env_wall(&t->f.env.env) + 3600);
	assert_view(take_tlv(&r, 0xe2), FRONT_TCP);
	assert_view(reader_bytes(&r, 1), "x");
	assert_ok(reader_end(&r, "header"));
	visit_close(&v);
}

static void is_refused(struct front *t, struct tls *tls)
{
	struct visit v;

	visit_open(&v, t, tls, FRONT_BARE);
	visit_until_closed(&v);
	assert_err(ERR_AUTH, v.why);
	visit_close(&v);
}

/* The question over RP_A is asked while the handshake waits, in TLS 1.2 too.  req: B10.5 */
static void a_suite_of_tls_12_has_a_key_of_its_own(void **state)
{
	struct front *t = *state;
	struct visit v;

	is_refused(t, front_tls_of(t, FRONT_BARE, TLS_12_PSK(0xccac), UA_TLS13_PSK));
	is_refused(t, front_tls_of(t, FRONT_BARE, TLS_13_PSK, UA_TLS12(0xccac)));
	is_refused(t, front_tls_of(t, FRONT_BARE, TLS_12_PSK(0xccac), UA_TLS12(0x00aa)));
	assert_int_equal(front_pulls(t), 2);
	visit_open(&v, t, front_tls_of(t, FRONT_BARE, TLS_12_PSK(0xccac), UA_TLS12(0xccac)),
		FRONT_BARE);
	assert_true(v.ready);
	visit_send(&v, "from the device");
	until_backend_has(t, 15);
	assert_ok(stream_send(t->tcp_end.stream, view_text("from the application")));
	visit_expect(&v, "from the application");
	visit_close(&v);
	assert_int_equal(front_pulls(t), 2);
}

/* 00AA is not among the protocols of this application, 00A8 is not configured. */
static void a_suite_that_is_not_registered_has_none(void **state)
{
	struct front *t = *state;

	is_refused(t, front_tls_of(t, FRONT_BARE, TLS_12_PSK(0x00aa), UA_TLS12(0x00aa)));
	assert_int_equal(front_pulls(t), 1);
	is_refused(t, front_tls_of(t, FRONT_BARE, TLS_12_PSK(0x00a8), UA_TLS12(0x00a8)));
	assert_int_equal(front_pulls(t), 1);
}

static void what_was_sent_before_the_end_arrives(void **state)
{
	struct front *t = *state;
	struct visit v;
	static uint8_t much[512 * 1024];

	for (size_t i = 0; i < sizeof(much); i++) {
		much[i] = (uint8_t)(i % 251);
	}
	visit(&v, t, FRONT_BARE);
	v.count_only = true;
	assert_ok(stream_send(t->tcp_end.stream, VIEW(much)));
	stream_close(t->tcp_end.stream);
	t->tcp_end.stream = NULL;
	visit_until_closed(&v);
	assert_err(ERR_CLOSED, v.why);
	assert_int_equal(v.bytes, sizeof(much));
	visit_close(&v);
}

/* Neither side is read while the other takes nothing. */
static void a_deaf_backend_holds_the_device_back(void **state)
{
	struct front *t = *state;
	struct visit v;
	static uint8_t part[64 * 1024];
	size_t sent = 0;

	visit(&v, t, FRONT_BARE);
	t->tcp_end.deaf = true;
	for (int i = 0; i < 2000; i++) {
		if (stream_pending(v.stream) == 0 && stream_send(v.stream, VIEW(part)) == OK) {
			sent += sizeof(part);
		}
		loop_turn(t->f.loop, 0);
	}
	assert_true(stream_pending(v.stream) > 0);
	assert_false(v.closed);
	t->tcp_end.deaf = false;
	t->tcp_end.got.ceiling = 64 * 1024 * 1024;
	stream_resume(t->tcp_end.stream);
	until_backend_has(t, sent);
	assert_int_equal(t->tcp_end.got.len, sent);
	visit_close(&v);
}

static void a_slow_device_holds_the_backend_back(void **state)
{
	struct front *t = *state;
	struct visit v;
	static uint8_t part[64 * 1024];
	size_t sent = 0;

	visit(&v, t, FRONT_BARE);
	stream_pause(v.stream);
	for (int i = 0; i < 2000; i++) {
		if (stream_pending(t->tcp_end.stream) == 0 &&
			stream_send(t->tcp_end.stream, VIEW(part)) == OK) {
			sent += sizeof(part);
		}
		loop_turn(t->f.loop, 0);
	}
	assert_true(stream_pending(t->tcp_end.stream) > 0);
	v.got.ceiling = 64 * 1024 * 1024;
	stream_resume(v.stream);
	for (int i = 0; i < 5000 && v.bytes < sent; i++) {
		loop_turn(t->f.loop, 1);
	}
	assert_int_equal(v.bytes, sent);
	visit_close(&v);
}

/* The application reads to the end of the question, and then answers. */
static void a_device_may_end_its_half_first(void **state)
{
	struct front *t = *state;
	struct visit v;

	t->tcp_end.answers_later = true;
	visit(&v, t, FRONT_BARE);
	visit_send(&v, "question");
	visit_finish(&v);
	until_backend_has(t, 8);
	flow_until(&t->f, &t->tcp_end.half);
	assert_false(t->tcp_end.ended || v.closed);
	assert_ok(stream_send(t->tcp_end.stream, view_text("answer")));
	visit_expect(&v, "answer");
	assert_false(v.closed);
	stream_finish(t->tcp_end.stream);
	visit_until_closed(&v);
	assert_err(ERR_CLOSED, v.why);
	flow_until(&t->f, &t->tcp_end.ended);
	assert_int_equal(pool_count(t->gateway.relays), 0);
	visit_close(&v);
}

/* Who has gone altogether looks the same, and is not waited for without end. */
static void half_a_session_is_not_kept_for_ever(void **state)
{
	struct front *t = *state;
	struct visit v;

	t->tcp_end.answers_later = true;
	visit(&v, t, FRONT_BARE);
	visit_finish(&v);
	flow_until(&t->f, &t->tcp_end.half);
	front_advance(t, 59 * 1000);
	assert_ok(stream_send(t->tcp_end.stream, view_text("x")));
	visit_expect(&v, "x");
	front_advance(t, 59 * 1000);
	assert_false(v.closed);
	front_advance(t, 1000);
	visit_until_closed(&v);
	assert_int_equal(pool_count(t->gateway.relays), 0);
	visit_close(&v);
}

static void a_session_ends_with_its_token(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit(&v, t, FRONT_BARE);
	front_advance(t, 3599 * 1000);
	assert_false(v.closed);
	front_advance(t, 1000);
	visit_until_closed(&v);
	assert_err(ERR_CLOSED, v.why);
	front_settle(t);
	assert_true(t->tcp_end.ended);
	visit_close(&v);
}

static void a_backend_that_is_away(void **state)
{
	struct front *t = *state;
	struct visit v;

	visit_open(&v, t, front_tls(t, FRONT_LOST, false), FRONT_LOST);
	visit_until_closed(&v);
	assert_int_equal(pool_count(t->gateway.relays), 0);
	visit_close(&v);
}

static void stopping_ends_all(void **state)
{
	struct front *t = *state;
	struct visit v[2];

	visit(&v[0], t, FRONT_BARE);
	visit(&v[1], t, FLOW_APP);
	t->behind.hold = true;
	visit_send(&v[1], "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n");
	front_settle(t);
	assert_non_null(t->behind.held);
	front_stop(t);
	visit_until_closed(&v[0]);
	visit_until_closed(&v[1]);
	front_settle(t);
	assert_true(t->tcp_end.ended);
	assert_true(t->behind.gone);
	visit_close(&v[0]);
	visit_close(&v[1]);
}

/* Configurations */

static enum err read_conf(const char *applications, struct gateway_conf *ret)
{
	char yaml[2048];

	(void)snprintf(yaml, sizeof(yaml),
		"node: {host: gateway.app.example, realm: app.example}\n"
		"store: {url: \"sqlite:/nonexistent/x.db\"}\nseal: {master_key: m}\n"
		"diameter: {certificate: c, key: k, authority: a}\n"
		"applications:\n%s",
		applications);
	return conf_parse(gateway_options, "gateway.yaml", view_text(yaml), ret);
}

static void wrong_configurations(void **state)
{
	struct gateway_conf conf = {0};

	(void)state;
	assert_err(ERR_CONFIG, read_conf("  []\n", &conf));
	assert_err(ERR_CONFIG,
		read_conf("  - {id: \"onem2m:C.x\", listen: \"127.0.0.1:1\", backend: "
			  "\"127.0.0.1:2\"}\n",
			&conf));
	assert_said("applications[0].id");
	assert_err(ERR_CONFIG,
		read_conf("  - {id: app.example, listen: nowhere, backend: \"127.0.0.1:2\"}\n",
			&conf));
	assert_said("applications[0].listen");
	assert_err(ERR_CONFIG, read_conf("  - {id: app.example, listen: \"127.0.0.1:1\", backend: "
					 "\"127.0.0.1:2\", mode: udp}\n",
				       &conf));
	assert_said("http, tcp");
	static const char *const taken[] = {"Host", "content_length", "Via", "Connection", "TE",
		"X Y", "X:", "\"\""};

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			"  - {id: app.example, listen: \"127.0.0.1:1\", backend: "
			"\"127.0.0.1:2\", fields: {pseudonym: \"%s\"}}\n",
			taken[i][0] == '"' ? "" : taken[i]);
		assert_err(ERR_CONFIG, read_conf(text, &conf));
		assert_said("applications[0].fields.pseudonym");
	}
}

static void one_name_twice_at_one_address(void **state)
{
	struct gateway_conf conf = {0};
	struct gateway gateway = {.conf = &conf};

	(void)state;
	assert_ok(read_conf("  - {id: app.example, listen: \"127.0.0.1:1\", backend: "
			    "\"127.0.0.1:2\"}\n"
			    "  - {id: \"https://app.example/x\", listen: \"127.0.0.1:1\", backend: "
			    "\"127.0.0.1:3\"}\n",
		&conf));
	assert_err(ERR_CONFIG, gateway_program.parts[0].start(&gateway, NULL));
	assert_said("TLS cannot tell them apart");
	gateway_program.parts[0].stop(&gateway);
	conf_free(gateway_options, &conf);
	assert_ok(read_conf("  - {id: app.example, listen: \"127.0.0.1:1\", backend: "
			    "\"127.0.0.1:2\"}\n"
			    "  - {id: \"https://app.example/x\", listen: \"127.0.0.1:4\", backend: "
			    "\"127.0.0.1:3\"}\n",
		&conf));
	gateway = (struct gateway){.conf = &conf};
	assert_ok(gateway_program.parts[0].start(&gateway, NULL));
	assert_int_equal(gateway.door_count, 2);
	gateway_program.parts[0].stop(&gateway);
	conf_free(gateway_options, &conf);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bytes_pass_both_ways),
		CASE(the_application_may_begin),
		CASE(the_proxy_header_says_who),
		CASE(a_suite_of_tls_12_has_a_key_of_its_own),
		CASE(a_suite_that_is_not_registered_has_none),
		CASE(what_was_sent_before_the_end_arrives),
		CASE(a_deaf_backend_holds_the_device_back),
		CASE(a_slow_device_holds_the_backend_back),
		CASE(a_device_may_end_its_half_first),
		CASE(half_a_session_is_not_kept_for_ever),
		CASE(a_session_ends_with_its_token),
		CASE(a_backend_that_is_away),
		CASE(stopping_ends_all),
		TEST(wrong_configurations),
		TEST(one_name_twice_at_one_address),
	};

	int failed = RUN_TESTS(tests);

	flow_over_https = true;
	return failed + _cmocka_run_group_tests("RP_A over HTTPS", tests,
				sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
