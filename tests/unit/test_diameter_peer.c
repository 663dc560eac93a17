// SPDX-License-Identifier: Apache-2.0
/* Who is let in, and how a connection lives and ends. */
#include "test.h"

#include "diameter_puppet.h"
#include "wire/diameter_avps.h"
#include "wire/rp_messages.h"
#include <string.h>

static const uint32_t applications[] = {DIAMETER_NASREQ, DIAMETER_ZH};

struct fixture {
	struct world w;
	struct diameter_node *node;
	struct puppet p;
};

static const struct diameter_peer_options default_peers[] = {
	{.host = "p.example", .realm = "example", .plain = true},
	{.host = "tls.example", .realm = "example"},
	{.host = "z.example", .realm = "example", .plain = true},
};

static void open_node(struct fixture *f, const struct diameter_peer_options *peers, size_t count)
{
	const struct diameter_node_options options = {.host = "n.example",
		.realm = "example",
		.listen_plain = "127.0.0.1:0",
		.applications = applications,
		.application_count = 2,
		.peers = peers,
		.peer_count = count};

	assert_ok(diameter_node_open(f->w.loop, &options, NULL, 0, NULL, &f->node));
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	world_open(&f.w);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	puppet_close(&f->p);
	diameter_node_close(f->node);
	world_close(&f->w);
	return 0;
}

static struct diameter_peer_state state_of(struct fixture *f, size_t index)
{
	struct diameter_peer_state states[4];

	assert_in_range(diameter_node_peers(f->node, states, 4), index + 1, 4);
	return states[index];
}

/* A node that listens, and a puppet connected to it. */
static void meet(struct fixture *f, const char *host)
{
	open_node(f, default_peers, 3);
	puppet_connect(&f->p, &f->w, host, diameter_node_plain_address(f->node));
}

/* A puppet that listens, and a node that connected to it. */
static void be_visited(struct fixture *f, const char *host)
{
	puppet_listen(&f->p, &f->w, host);
	const struct diameter_peer_options peer = {.host = host,
		.realm = "example",
		.address = puppet_address(&f->p),
		.plain = true};

	open_node(f, &peer, 1);
	assert_true(world_until(&f->w, &f->p.ready));
}

static void assert_closed(struct puppet *p)
{
	assert_true(world_until(p->world, &p->closed));
}

static void a_known_peer_is_let_in(void **state)
{
	struct fixture *f = *state;
	struct diameter_capabilities caps;
	struct diameter_fault fault;

	meet(f, "P.Example"); /* names know no case */
	assert_false(state_of(f, 0).open);
	assert_true(puppet_shake_hands(&f->p));
	assert_ok(diameter_decode(puppet_message(&f->p), diameter_capabilities_rows, &caps, &fault));
	assert_view(caps.origin_host, "n.example");
	assert_view(caps.origin_realm, "example");
	assert_int_equal(caps.host_address.len, 6);
	assert_memory_equal(caps.host_address.data, "\0\1\x7f\0\0\1", 6);
	assert_true(caps.has_state_id);
	assert_true(diameter_announces(&caps, DIAMETER_ZH));
	assert_int_equal(caps.vendor_application_count, 1);
	assert_int_equal(caps.vendor_applications[0].auth, DIAMETER_ZH);
	assert_true(state_of(f, 0).open);
	assert_true(diameter_node_reaches(f->node, "example", DIAMETER_ZH));
	assert_false(diameter_node_reaches(f->node, "example", DIAMETER_ZN));
	assert_false(diameter_node_reaches(f->node, "other", DIAMETER_ZH));
}

static void assert_refused(struct fixture *f, uint32_t result)
{
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_CER);
	assert_int_equal(f->p.header.flags & DIAMETER_ERROR,
		result >= 3000 && result < 4000 ? DIAMETER_ERROR : 0);
	assert_int_equal(puppet_result(&f->p), result);
	assert_closed(&f->p);
	for (size_t i = 0; i < 3; i++) {
		assert_false(state_of(f, i).open);
	}
}

static void an_unknown_peer_gets_3010(void **state)
{
	struct fixture *f = *state;

	meet(f, "stranger.example");
	puppet_send_cer(&f->p);
	assert_refused(f, DIAMETER_UNKNOWN_PEER);
}

static void a_peer_of_another_realm_gets_3010(void **state)
{
	struct fixture *f = *state;

	meet(f, "p.example");
	f->p.realm = "elsewhere";
	puppet_send_cer(&f->p);
	assert_refused(f, DIAMETER_UNKNOWN_PEER);
}

static void a_peer_that_must_use_tls_gets_3010_without(void **state)
{
	struct fixture *f = *state;

	meet(f, "tls.example");
	puppet_send_cer(&f->p);
	assert_refused(f, DIAMETER_UNKNOWN_PEER);
}

static void send_capabilities(struct fixture *f, const struct diameter_capabilities *caps)
{
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_CER, 0, 1, 1, diameter_capabilities_rows,
		caps);
}

static void no_common_application_gets_5010(void **state)
{
	struct fixture *f = *state;
	const struct diameter_capabilities caps = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example"),
		.auth_applications = {DIAMETER_ZN, 4},
		.auth_application_count = 2};

	meet(f, "p.example");
	send_capabilities(f, &caps);
	assert_refused(f, DIAMETER_NO_COMMON_APPLICATION);
}

static void a_relay_has_every_application(void **state)
{
	struct fixture *f = *state;
	const struct diameter_capabilities caps = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example"),
		.auth_applications = {DIAMETER_RELAY},
		.auth_application_count = 1};

	meet(f, "p.example");
	send_capabilities(f, &caps);
	assert_true(puppet_take(&f->p));
	assert_int_equal(puppet_result(&f->p), DIAMETER_SUCCESS);
	assert_true(diameter_node_reaches(f->node, "example", DIAMETER_ZH));
}

static void a_cer_without_a_name_gets_5005(void **state)
{
	struct fixture *f = *state;
	const struct diameter_capabilities caps = {.origin_realm = view_text("example")};

	meet(f, "p.example");
	send_capabilities(f, &caps);
	assert_refused(f, DIAMETER_MISSING_AVP);
}

struct cer_with_more {
	struct diameter_capabilities caps;
	struct view unknown;
};

static void unknown_avps_in_a_cer_do_no_harm(void **state)
{
	static const struct avp unknown = {"Unknown", 9999, 0, AVP_MANDATORY, AVP_OCTETS};
	static const struct avp_row rows[] = {
		{.avp = &unknown, .offset = offsetof(struct cer_with_more, unknown)},
		ROW(ORIGIN_HOST, AVP_ONE, cer_with_more, caps.origin_host),
		ROW(ORIGIN_REALM, AVP_ONE, cer_with_more, caps.origin_realm),
		ROW(VENDOR_ID, AVP_ONE, cer_with_more, caps.vendor_id),
		ROW_MANY(AUTH_APPLICATION_ID, cer_with_more, caps.auth_applications,
			caps.auth_application_count, NULL),
		ROW_END(cer_with_more),
	};
	struct fixture *f = *state;
	const struct cer_with_more cer = {.caps = {.origin_host = view_text("p.example"),
						  .origin_realm = view_text("example"),
						  .auth_applications = {DIAMETER_ZH},
						  .auth_application_count = 1},
		.unknown = view_text("mandatory and unheard of")};

	meet(f, "p.example");
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_CER, 0, 1, 1, rows, &cer);
	assert_true(puppet_take(&f->p));
	assert_int_equal(puppet_result(&f->p), DIAMETER_SUCCESS);
	assert_true(state_of(f, 0).open);
}

static void nothing_is_heard_before_the_cer(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = {.s = {.session_id = view_text("p.example;1;1"),
					   .origin_host = view_text("p.example"),
					   .origin_realm = view_text("example"),
					   .destination_realm = view_text("example")},
		.user_name = view_text("somebody")};

	meet(f, "p.example");
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH, 1, 1, rp_mar_rows, &mar);
	assert_closed(&f->p);
	assert_int_equal(f->p.in.len, 0);
}

static void garbage_ends_the_connection(void **state)
{
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "\x01\xff\xff\xfc",
		"\x01\0\0\x10", "\x16\x03\x01\x02"};
	struct fixture *f = *state;

	open_node(f, default_peers, 3);
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		puppet_connect(&f->p, &f->w, "p.example", diameter_node_plain_address(f->node));
		puppet_send_bytes(&f->p, garbage[i], i == 0 ? 18 : 4);
		assert_closed(&f->p);
		assert_int_equal(f->p.in.len, 0);
		puppet_close(&f->p);
	}
	puppet_connect(&f->p, &f->w, "p.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&f->p));
	puppet_send_bytes(&f->p, "\x02\0\0\x14", 4); /* also from a peer that is open */
	assert_closed(&f->p);
	assert_false(state_of(f, 0).open);
}

static void a_message_may_come_in_drops(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	const struct diameter_header header = {.flags = DIAMETER_REQUEST, .command = DIAMETER_CER};
	const struct diameter_capabilities caps = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example"),
		.auth_applications = {DIAMETER_ZH},
		.auth_application_count = 1};

	meet(f, "p.example");
	diameter_encode(&out, &header, diameter_capabilities_rows, &caps);
	for (size_t i = 0; i < out.len; i++) {
		puppet_send_bytes(&f->p, bytes + i, 1);
		loop_turn(f->w.loop, 1);
	}
	assert_true(puppet_take(&f->p));
	assert_int_equal(puppet_result(&f->p), DIAMETER_SUCCESS);
}

static void who_says_nothing_is_dropped(void **state)
{
	struct fixture *f = *state;

	meet(f, "p.example");
	world_advance(&f->w, 9000);
	assert_false(f->p.closed);
	puppet_send_bytes(&f->p, "\x01\0\0\x14", 4); /* a beginning does not help */
	world_advance(&f->w, 1500);
	assert_closed(&f->p);
}

static void a_silent_server_is_given_up_and_tried_again(void **state)
{
	struct fixture *f = *state;

	be_visited(f, "p.example");
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_CER);
	world_advance(&f->w, 11000);
	assert_closed(&f->p);
	f->p.ready = false;
	world_advance(&f->w, 1300);
	assert_true(world_until(&f->w, &f->p.ready));
	assert_true(puppet_shake_hands(&f->p));
	assert_true(state_of(f, 0).open);
}

static void a_server_must_be_who_it_should_be(void **state)
{
	struct fixture *f = *state;

	be_visited(f, "p.example");
	f->p.host = "other.example";
	assert_true(puppet_shake_hands(&f->p));
	assert_closed(&f->p);
	assert_false(state_of(f, 0).open);
}

static void a_server_may_refuse_us(void **state)
{
	struct fixture *f = *state;

	be_visited(f, "p.example");
	assert_true(puppet_take(&f->p));
	puppet_send_cea(&f->p, DIAMETER_UNABLE_TO_COMPLY);
	assert_closed(&f->p);
	assert_false(state_of(f, 0).open);
}

static void a_cea_with_another_identifier_is_not_ours(void **state)
{
	struct fixture *f = *state;

	be_visited(f, "p.example");
	assert_true(puppet_take(&f->p));
	f->p.header.hop_by_hop++;
	puppet_send_cea(&f->p, DIAMETER_SUCCESS);
	assert_closed(&f->p);
}

static void attempts_become_rarer(void **state)
{
	struct fixture *f = *state;
	int64_t last = 0;

	be_visited(f, "p.example");
	for (int i = 0; i < 7; i++) {
		int64_t waited = 0;

		puppet_hang_up(&f->p);
		for (world_settle(&f->w); !f->p.ready && waited < 60000; waited += 250) {
			fake_env_advance(&f->w.env, 250);
			loop_turn(f->w.loop, 1);
			loop_turn(f->w.loop, 1);
		}
		assert_in_range(waited, last, 38000);
		last = waited / 2; /* 1, 2, 4, 8, 16, 30, 30 seconds, a quarter more or less */
	}
	assert_in_range(last * 2, 22000, 38000);
}

static void watchdog_asks_and_answers(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dwr = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example")};
	const struct diameter_watchdog dwa = {.has_result = true,
		.result = DIAMETER_SUCCESS,
		.origin_host = view_text("p.example"),
		.origin_realm = view_text("example")};

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_DWR, 0, 7, 8, diameter_watchdog_rows, &dwr);
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_DWR);
	assert_int_equal(f->p.header.flags, 0);
	assert_int_equal(f->p.header.hop_by_hop, 7);
	assert_int_equal(f->p.header.end_to_end, 8);
	assert_int_equal(puppet_result(&f->p), DIAMETER_SUCCESS);
	for (int i = 0; i < 5; i++) {
		world_advance(&f->w, 33000);
		assert_true(puppet_take(&f->p));
		assert_int_equal(f->p.header.command, DIAMETER_DWR);
		assert_int_equal(f->p.header.flags, DIAMETER_REQUEST);
		puppet_send(&f->p, 0, DIAMETER_DWR, 0, f->p.header.hop_by_hop,
			f->p.header.end_to_end, diameter_watchdog_rows, &dwa);
		world_settle(&f->w);
	}
	assert_true(state_of(f, 0).open);
}

static void a_busy_peer_is_not_asked(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dwr = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example")};

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	for (int i = 0; i < 20; i++) {
		world_advance(&f->w, 10000);
		puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_DWR, 0, 7, 8, diameter_watchdog_rows,
			&dwr);
		assert_true(puppet_take(&f->p));
		assert_int_equal(f->p.header.flags, 0);
	}
}

static void a_dead_peer_is_found_out(void **state)
{
	struct fixture *f = *state;

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	world_advance(&f->w, 33000);
	assert_true(puppet_take(&f->p));
	world_advance(&f->w, 33000); /* suspect, but still there */
	assert_true(state_of(f, 0).open);
	assert_false(f->p.closed);
	world_advance(&f->w, 33000);
	assert_closed(&f->p);
	assert_false(state_of(f, 0).open);
}

static void a_suspect_that_speaks_is_trusted_again(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dwa = {.has_result = true,
		.result = DIAMETER_SUCCESS,
		.origin_host = view_text("p.example"),
		.origin_realm = view_text("example")};

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	world_advance(&f->w, 33000);
	assert_true(puppet_take(&f->p));
	world_advance(&f->w, 33000);
	puppet_send(&f->p, 0, DIAMETER_DWR, 0, f->p.header.hop_by_hop, f->p.header.end_to_end,
		diameter_watchdog_rows, &dwa);
	world_settle(&f->w);
	world_advance(&f->w, 33000); /* is asked anew instead of dropped */
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_DWR);
	assert_true(state_of(f, 0).open);
}

static void a_malformed_dwr_is_answered_5xxx(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dwr = {.origin_host = view_text("p.example")};

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_DWR, 0, 7, 8, diameter_watchdog_rows, &dwr);
	assert_true(puppet_take(&f->p));
	assert_int_equal(puppet_result(&f->p), DIAMETER_MISSING_AVP);
}

static void base_commands_that_do_not_fit_are_refused(void **state)
{
	struct fixture *f = *state;

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	puppet_send_cer(&f->p); /* a second one */
	assert_true(puppet_take(&f->p));
	assert_int_equal(puppet_result(&f->p), DIAMETER_COMMAND_UNSUPPORTED);
	assert_int_equal(f->p.header.flags, DIAMETER_ERROR);
	assert_true(state_of(f, 0).open);
}

static void a_peer_may_say_goodbye(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dpr = {.origin_host = view_text("p.example"),
		.origin_realm = view_text("example"),
		.has_cause = true};

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_DPR, 0, 7, 8, diameter_watchdog_rows, &dpr);
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_DPR);
	assert_int_equal(puppet_result(&f->p), DIAMETER_SUCCESS);
	assert_closed(&f->p);
	assert_false(state_of(f, 0).open);
}

static void who_closes_says_goodbye(void **state)
{
	struct fixture *f = *state;

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	diameter_node_close(f->node);
	f->node = NULL;
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.command, DIAMETER_DPR);
	assert_int_equal(f->p.header.flags, DIAMETER_REQUEST);
	assert_closed(&f->p);
}

static void a_peer_that_comes_back_replaces_its_old_self(void **state)
{
	struct fixture *f = *state;
	struct puppet again;

	meet(f, "p.example");
	assert_true(puppet_shake_hands(&f->p));
	puppet_connect(&again, &f->w, "p.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&again));
	assert_closed(&f->p);
	assert_true(state_of(f, 0).open);
	puppet_close(&again);
}

/* The puppet is connected to, has not answered, and connects itself. n.example is the greater name
 * than a.example, the lesser than z.example. */
static void collide(struct fixture *f, const char *host, struct puppet *theirs)
{
	be_visited(f, host);
	assert_true(puppet_take(&f->p));
	puppet_connect(theirs, &f->w, host, diameter_node_plain_address(f->node));
	puppet_send_cer(theirs);
	world_settle(&f->w);
}

static void election_won_keeps_what_was_accepted(void **state)
{
	struct fixture *f = *state;
	struct puppet theirs;

	collide(f, "a.example", &theirs);
	assert_true(puppet_take(&theirs));
	assert_int_equal(puppet_result(&theirs), DIAMETER_SUCCESS);
	assert_closed(&f->p);
	assert_true(state_of(f, 0).open);
	puppet_close(&theirs);
}

static void election_lost_keeps_what_was_opened(void **state)
{
	struct fixture *f = *state;
	struct puppet theirs;

	collide(f, "z.example", &theirs);
	assert_int_equal(theirs.in.len, 0);
	puppet_send_cea(&f->p, DIAMETER_SUCCESS);
	assert_closed(&theirs);
	assert_int_equal(theirs.in.len, 0);
	assert_true(state_of(f, 0).open);
	assert_false(f->p.closed);
	puppet_close(&theirs);
}

static void election_lost_falls_back_on_what_was_accepted(void **state)
{
	struct fixture *f = *state;
	struct puppet theirs;

	collide(f, "z.example", &theirs);
	puppet_hang_up(&f->p);
	assert_true(puppet_take(&theirs));
	assert_int_equal(puppet_result(&theirs), DIAMETER_SUCCESS);
	assert_true(state_of(f, 0).open);
	puppet_close(&theirs);
}

static void who_waits_for_an_election_is_dropped_in_time(void **state)
{
	struct fixture *f = *state;
	struct puppet theirs;

	collide(f, "z.example", &theirs);
	world_advance(&f->w, 500);
	puppet_send_bytes(&theirs, "\x01\0\0\x14\x80\0\1\x18\0\0\0\0\0\0\0\1\0\0\0\1", 20);
	assert_closed(&theirs); /* a DWR before the answer */
	puppet_send_cea(&f->p, DIAMETER_SUCCESS);
	world_settle(&f->w);
	assert_true(state_of(f, 0).open);
	puppet_close(&theirs);
}

static void two_nodes_that_call_each_other_end_with_one_connection(void **state)
{
	struct fixture *f = *state;
	struct diameter_node *other;
	struct diameter_peer_options to_node = {.host = "n.example",
		.realm = "example",
		.plain = true};
	struct diameter_node_options options = {.host = "z.example",
		.realm = "example",
		.listen_plain = "127.0.0.1:0",
		.applications = applications,
		.application_count = 2,
		.peers = &to_node,
		.peer_count = 1};
	char address[ADDRESS_MAX];
	struct diameter_peer_state seen;

	/* where the other will listen, found by listening there once */
	assert_ok(diameter_node_open(f->w.loop, &options, NULL, 0, NULL, &other));
	(void)strcpy(address, diameter_node_plain_address(other));
	diameter_node_close(other);
	const struct diameter_peer_options to_other = {.host = "z.example",
		.realm = "example",
		.address = address,
		.plain = true};

	open_node(f, &to_other, 1);
	to_node.address = diameter_node_plain_address(f->node);
	options.listen_plain = address;
	assert_ok(diameter_node_open(f->w.loop, &options, NULL, 0, NULL, &other));
	world_settle(&f->w);
	for (int i = 0; i < 20; i++) {
		assert_true(state_of(f, 0).open);
		(void)diameter_node_peers(other, &seen, 1);
		assert_true(seen.open);
		world_advance(&f->w, 1000);
	}
	diameter_node_close(other);
}

static void wrong_options_are_named(void **state)
{
	static const struct diameter_peer_options itself = {.host = "N.example", .realm = "example"};
	static const struct diameter_peer_options nameless = {.realm = "example"};
	static const struct diameter_peer_options twice[] = {{.host = "p.example",
								     .realm = "example"},
		{.host = "P.example", .realm = "example"}};
	static const struct diameter_peer_options no_tls = {.host = "p.example",
		.realm = "example",
		.address = "127.0.0.1:1"};
	const struct {
		struct diameter_node_options options;
		const char *said;
	} cases[] = {
		{{.realm = "example"}, "this node's host and realm"},
		{{.host = "n.example", .realm = "example", .listen = "127.0.0.1:0"}, "TLS files"},
		{{.host = "n.example", .realm = "example"}, "0 applications"},
		{{.host = "n.example",
			 .realm = "example",
			 .applications = applications,
			 .application_count = 2,
			 .peers = &itself,
			 .peer_count = 1},
			"that is this node"},
		{{.host = "n.example",
			 .realm = "example",
			 .applications = applications,
			 .application_count = 2,
			 .peers = &nameless,
			 .peer_count = 1},
			"host and realm"},
		{{.host = "n.example",
			 .realm = "example",
			 .applications = applications,
			 .application_count = 2,
			 .peers = twice,
			 .peer_count = 2},
			"given twice"},
		{{.host = "n.example",
			 .realm = "example",
			 .applications = applications,
			 .application_count = 2,
			 .peers = &no_tls,
			 .peer_count = 1},
			"needs TLS files"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_err(ERR_CONFIG,
			diameter_node_open(f->w.loop, &cases[i].options, NULL, 0, NULL, &f->node));
		assert_said(cases[i].said);
		assert_null(f->node);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_known_peer_is_let_in),
		CASE(an_unknown_peer_gets_3010),
		CASE(a_peer_of_another_realm_gets_3010),
		CASE(a_peer_that_must_use_tls_gets_3010_without),
		CASE(no_common_application_gets_5010),
		CASE(a_relay_has_every_application),
		CASE(a_cer_without_a_name_gets_5005),
		CASE(unknown_avps_in_a_cer_do_no_harm),
		CASE(nothing_is_heard_before_the_cer),
		CASE(garbage_ends_the_connection),
		CASE(a_message_may_come_in_drops),
		CASE(who_says_nothing_is_dropped),
		CASE(a_silent_server_is_given_up_and_tried_again),
		CASE(a_server_must_be_who_it_should_be),
		CASE(a_server_may_refuse_us),
		CASE(a_cea_with_another_identifier_is_not_ours),
		CASE(attempts_become_rarer),
		CASE(watchdog_asks_and_answers),
		CASE(a_busy_peer_is_not_asked),
		CASE(a_dead_peer_is_found_out),
		CASE(a_suspect_that_speaks_is_trusted_again),
		CASE(a_malformed_dwr_is_answered_5xxx),
		CASE(base_commands_that_do_not_fit_are_refused),
		CASE(a_peer_may_say_goodbye),
		CASE(who_closes_says_goodbye),
		CASE(a_peer_that_comes_back_replaces_its_old_self),
		CASE(election_won_keeps_what_was_accepted),
		CASE(election_lost_keeps_what_was_opened),
		CASE(election_lost_falls_back_on_what_was_accepted),
		CASE(who_waits_for_an_election_is_dropped_in_time),
		CASE(two_nodes_that_call_each_other_end_with_one_connection),
		CASE(wrong_options_are_named),
	};
	return RUN_TESTS(tests);
}
