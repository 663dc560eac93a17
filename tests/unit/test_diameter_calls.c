// SPDX-License-Identifier: Apache-2.0
/* Requests, both ways: routing, answers matched once, refusals, time-outs, failover. */
#include "test.h"

#include "diameter_puppet.h"
#include "wire/rp_messages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t applications[] = {DIAMETER_NASREQ, DIAMETER_ZH};

enum { HELD_MAX = 16 };

/* What `answered` was told. */
struct outcome {
	size_t count;
	enum err result;
	uint32_t code;
	uint64_t ref;
	char text[64]; /* User-Name of the answer */
};

struct fixture {
	struct world w;
	struct diameter_node *node;
	struct puppet p, q;
	struct diameter_request *held[HELD_MAX];
	size_t held_count;
	bool hold; /* the handler answers later */
	char origin[64], peer[64];
	struct outcome outcome;
};

static void answer_mar(struct diameter_request *request)
{
	struct rp_mar mar;
	struct rp_maa maa = {.s = {.origin_host = view_text("n.example"),
				     .origin_realm = view_text("example"),
				     .has_result = true,
				     .result = DIAMETER_SUCCESS}};
	struct diameter_fault fault;

	if (diameter_decode(request->message, rp_mar_rows, &mar, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	maa.s.session_id = mar.s.session_id;
	maa.user_name = mar.user_name;
	diameter_answer(request, rp_maa_rows, &maa);
}

static void handle_mar(void *user, struct diameter_request *request)
{
	struct fixture *f = user;

	(void)snprintf(f->origin, sizeof(f->origin), "%s", request->origin);
	(void)snprintf(f->peer, sizeof(f->peer), "%s", request->peer);
	if (f->hold) {
		assert_true(f->held_count < HELD_MAX);
		f->held[f->held_count++] = request;
		return;
	}
	answer_mar(request);
}

static void release(struct fixture *f)
{
	f->hold = false;
	for (size_t i = 0; i < f->held_count; i++) {
		answer_mar(f->held[i]);
	}
	f->held_count = 0;
}

static const struct diameter_handler handlers[] = {
	{DIAMETER_ZH, DIAMETER_MAR, handle_mar},
};

static void open_node(struct fixture *f, const struct diameter_peer_options *peers, size_t count,
	size_t outstanding)
{
	const struct diameter_node_options options = {.host = "n.example",
		.realm = "example",
		.listen_plain = "127.0.0.1:0",
		.applications = applications,
		.application_count = 2,
		.peers = peers,
		.peer_count = count,
		.outstanding = outstanding};

	assert_ok(diameter_node_open(f->w.loop, &options, handlers, 1, f, &f->node));
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
	puppet_close(&f->q);
	diameter_node_close(f->node);
	release(f);
	world_close(&f->w);
	return 0;
}

/* One puppet, p.example, connected to the node; q.example, a relay for far.example, is known. */
static void meet(struct fixture *f, size_t outstanding)
{
	static const char *const origins[] = {"far.example", "further.example"};
	static const struct diameter_peer_options peers[] = {
		{.host = "p.example", .realm = "example", .plain = true},
		{.host = "q.example",
			.realm = "example",
			.plain = true,
			.relay = true,
			.origins = origins,
			.origin_count = 2},
	};

	open_node(f, peers, 2, outstanding);
	puppet_connect(&f->p, &f->w, "p.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&f->p));
}

static struct diameter_peer_state state_of(struct fixture *f, size_t index)
{
	struct diameter_peer_state states[4];

	assert_in_range(diameter_node_peers(f->node, states, 4), index + 1, 4);
	return states[index];
}

static struct rp_mar mar_of(const char *origin)
{
	return (struct rp_mar){.s = {.session_id = view_text("p.example;1;1"),
				       .origin_host = view_text(origin),
				       .origin_realm = view_text("example"),
				       .destination_realm = view_text("example")},
		.user_name = view_text("somebody")};
}

static void send_mar(struct puppet *p, const struct rp_mar *mar)
{
	puppet_send(p, DIAMETER_REQUEST | DIAMETER_PROXIABLE, DIAMETER_MAR, DIAMETER_ZH, 77, 88,
		rp_mar_rows, mar);
}

/* Requests to us. */

static void a_request_is_answered(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("P.example");
	struct rp_maa maa;
	struct diameter_fault fault;

	meet(f, 0);
	send_mar(&f->p, &mar);
	assert_true(puppet_take(&f->p));
	assert_int_equal(f->p.header.flags, DIAMETER_PROXIABLE);
	assert_int_equal(f->p.header.hop_by_hop, 77);
	assert_int_equal(f->p.header.end_to_end, 88);
	assert_ok(diameter_decode(puppet_message(&f->p), rp_maa_rows, &maa, &fault));
	assert_view(maa.user_name, "somebody");
	assert_string_equal(f->origin, "p.example");
	assert_string_equal(f->peer, "p.example");
	assert_int_equal(state_of(f, 0).requests_in, 1);
}

static void assert_refused(struct puppet *p, uint32_t result)
{
	assert_true(puppet_take(p));
	assert_int_equal(puppet_result(p), result);
	assert_int_equal(p->header.flags & DIAMETER_REQUEST, 0);
	assert_int_equal(p->header.flags & DIAMETER_ERROR,
		result >= 3000 && result < 4000 ? DIAMETER_ERROR : 0);
	assert_int_equal(p->header.hop_by_hop, 77);
	assert_int_equal(p->header.end_to_end, 88);
}

static void what_is_not_offered_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");

	meet(f, 0);
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZN, 77, 88, rp_mar_rows, &mar);
	assert_refused(&f->p, DIAMETER_APPLICATION_UNSUPPORTED);
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_BIR, DIAMETER_ZH, 77, 88, rp_mar_rows, &mar);
	assert_refused(&f->p, DIAMETER_COMMAND_UNSUPPORTED);
	puppet_send(&f->p, DIAMETER_REQUEST | DIAMETER_ERROR, DIAMETER_MAR, DIAMETER_ZH, 77, 88,
		rp_mar_rows, &mar);
	assert_refused(&f->p, DIAMETER_INVALID_HDR_BITS);
	assert_string_equal(f->origin, "");
}

static void what_is_not_for_us_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rp_mar mar = mar_of("p.example");
	struct diameter_base base = {.origin_host = view_text("p.example"),
		.route_records = {view_text("x.example"), view_text("N.EXAMPLE")},
		.route_record_count = 2};

	meet(f, 0);
	mar.s.destination_host = view_text("other.example");
	send_mar(&f->p, &mar);
	assert_refused(&f->p, DIAMETER_UNABLE_TO_DELIVER);
	mar.s.destination_host = view_text("N.example");
	mar.s.destination_realm = view_text("elsewhere");
	send_mar(&f->p, &mar);
	assert_refused(&f->p, DIAMETER_REALM_NOT_SERVED);
	puppet_send(&f->p, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH, 77, 88, diameter_base_rows,
		&base);
	assert_refused(&f->p, DIAMETER_LOOP_DETECTED);
	assert_string_equal(f->origin, "");
}

static void nobody_speaks_for_others(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar foreign = mar_of("far.example"), nameless = mar_of(NULL);

	meet(f, 0);
	send_mar(&f->p, &foreign);
	assert_refused(&f->p, DIAMETER_UNKNOWN_PEER);
	send_mar(&f->p, &nameless);
	assert_refused(&f->p, DIAMETER_MISSING_AVP);
	assert_string_equal(f->origin, "");
}

static void a_relay_speaks_for_those_listed(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar listed = mar_of("Further.example"), other = mar_of("x.example");

	meet(f, 0);
	puppet_connect(&f->q, &f->w, "q.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&f->q));
	send_mar(&f->q, &listed);
	assert_refused(&f->q, DIAMETER_SUCCESS);
	assert_string_equal(f->origin, "further.example");
	assert_string_equal(f->peer, "q.example");
	send_mar(&f->q, &other);
	assert_refused(&f->q, DIAMETER_UNKNOWN_PEER);
}

static void a_malformed_request_is_refused(void **state)
{
	static const uint8_t cut[] = {1, 0, 0, 28, 0x80, 0, 1, 47, 1, 0, 0, 5, 0, 0, 0, 77, 0, 0, 0,
		88, 0, 0, 1, 8, 0x40, 0, 0, 99};
	struct fixture *f = *state;
	struct rp_mar mar = mar_of("p.example");

	meet(f, 0);
	puppet_send_bytes(&f->p, cut, sizeof(cut));
	assert_refused(&f->p, DIAMETER_INVALID_AVP_LENGTH);
	mar.user_name = view_of(NULL, 0);
	send_mar(&f->p, &mar); /* the handler's own rows miss something */
	assert_refused(&f->p, DIAMETER_MISSING_AVP);
}

static void more_than_can_be_done_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");

	meet(f, 2);
	f->hold = true;
	send_mar(&f->p, &mar);
	send_mar(&f->p, &mar);
	send_mar(&f->p, &mar);
	assert_refused(&f->p, DIAMETER_TOO_BUSY);
	assert_int_equal(f->held_count, 2);
	release(f);
	assert_refused(&f->p, DIAMETER_SUCCESS);
	assert_refused(&f->p, DIAMETER_SUCCESS);
	send_mar(&f->p, &mar);
	assert_refused(&f->p, DIAMETER_SUCCESS);
}

static void an_answer_to_a_lost_peer_goes_nowhere(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");

	meet(f, 0);
	f->hold = true;
	send_mar(&f->p, &mar);
	world_settle(&f->w);
	puppet_close(&f->p);
	world_settle(&f->w);
	puppet_connect(&f->p, &f->w, "p.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&f->p));
	release(f);
	world_settle(&f->w);
	assert_int_equal(f->p.in.len, 0);
}

static void a_request_may_be_answered_after_the_end(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");

	meet(f, 0);
	f->hold = true;
	send_mar(&f->p, &mar);
	world_settle(&f->w);
	assert_int_equal(f->held_count, 1);
	diameter_node_close(f->node);
	f->node = NULL;
	release(f);
}

static void an_answer_that_is_too_long_is_a_refusal(void **state)
{
	static uint8_t large[DIAMETER_MAX];
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");
	const struct rp_maa maa = {.guss = VIEW(large)};

	meet(f, 0);
	f->hold = true;
	send_mar(&f->p, &mar);
	world_settle(&f->w);
	diameter_answer(f->held[0], rp_maa_rows, &maa);
	f->held_count = 0;
	assert_refused(&f->p, DIAMETER_UNABLE_TO_COMPLY);
}

static void a_peer_that_does_not_read_is_dropped(void **state)
{
	static uint8_t large[50000];
	struct fixture *f = *state;
	const struct rp_mar mar = mar_of("p.example");
	const struct rp_maa maa = {.guss = VIEW(large)};

	meet(f, 0);
	f->p.deaf = true;
	f->hold = true;
	for (int i = 0; i < 1000 && state_of(f, 0).open; i++) {
		send_mar(&f->p, &mar);
		loop_turn(f->w.loop, 0);
		while (f->held_count > 0) {
			diameter_answer(f->held[--f->held_count], rp_maa_rows, &maa);
		}
	}
	world_settle(&f->w);
	assert_false(state_of(f, 0).open);
}

/* Requests of ours. */

static void answered(void *user, uint64_t user_ref, enum err result, struct view message)
{
	struct fixture *f = user;
	struct diameter_base base;
	struct diameter_fault fault;

	f->outcome.count++;
	f->outcome.result = result;
	f->outcome.ref = user_ref;
	f->outcome.code = 0;
	f->outcome.text[0] = 0;
	if (result == OK && diameter_decode_base(message, &base, &fault) == OK) {
		f->outcome.code = base.result;
		(void)snprintf(f->outcome.text, sizeof(f->outcome.text), "%.*s",
			(int)base.user_name.len,
			base.user_name.len ? (const char *)base.user_name.data : "");
	}
}

static void ask(struct fixture *f, const char *host)
{
	struct rp_mar mar = mar_of("n.example");

	mar.s.destination_host = host[0] ? view_text(host) : view_of(NULL, 0);
	diameter_send(f->node, DIAMETER_ZH, DIAMETER_MAR, host, "example", rp_mar_rows, &mar,
		answered, f, 4711);
}

/* The puppet answers what it took last. */
static void reply(struct puppet *p, uint32_t result, const char *text, uint32_t hop_by_hop,
	uint32_t end_to_end)
{
	const struct diameter_base answer = {.origin_host = view_text(p->host),
		.origin_realm = view_text("example"),
		.user_name = view_text(text),
		.has_result = true,
		.result = result};
	uint8_t flags = result >= 3000 && result < 4000 ? DIAMETER_ERROR : 0;

	puppet_send(p, flags, p->header.command, p->header.application, hop_by_hop, end_to_end,
		diameter_base_rows, &answer);
}

static void reply_well(struct puppet *p, const char *text)
{
	reply(p, DIAMETER_SUCCESS, text, p->header.hop_by_hop, p->header.end_to_end);
}

static void take_mar(struct puppet *p, uint8_t flags)
{
	assert_true(puppet_take(p));
	assert_int_equal(p->header.command, DIAMETER_MAR);
	assert_int_equal(p->header.flags, DIAMETER_REQUEST | DIAMETER_PROXIABLE | flags);
}

static void assert_outcome(struct fixture *f, size_t count, enum err result)
{
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, count);
	assert_string_equal(err_name(f->outcome.result), err_name(result));
	assert_int_equal(f->outcome.ref, 4711);
}

static void a_question_is_answered(void **state)
{
	struct fixture *f = *state;

	meet(f, 0);
	ask(f, "P.example");
	assert_int_equal(state_of(f, 0).outstanding, 1);
	take_mar(&f->p, 0);
	reply_well(&f->p, "yes");
	assert_outcome(f, 1, OK);
	assert_string_equal(f->outcome.text, "yes");
	assert_int_equal(state_of(f, 0).outstanding, 0);
	assert_int_equal(state_of(f, 0).requests_out, 1);
	ask(f, "");
	take_mar(&f->p, 0);
	reply_well(&f->p, "again");
	assert_outcome(f, 2, OK);
}

static void answers_may_come_in_any_order(void **state)
{
	struct fixture *f = *state;
	uint32_t hop[3], end[3];

	meet(f, 0);
	for (int i = 0; i < 3; i++) {
		ask(f, "p.example");
		take_mar(&f->p, 0);
		hop[i] = f->p.header.hop_by_hop;
		end[i] = f->p.header.end_to_end;
	}
	assert_true(hop[0] != hop[1] && hop[1] != hop[2] && hop[0] != hop[2]);
	assert_true(end[0] != end[1] && end[1] != end[2] && end[0] != end[2]);
	for (int i = 2; i >= 0; i--) {
		reply(&f->p, DIAMETER_SUCCESS, "x", hop[i], end[i]);
		assert_outcome(f, (size_t)(3 - i), OK);
	}
}

static void an_answer_counts_once(void **state)
{
	struct fixture *f = *state;

	meet(f, 0);
	ask(f, "p.example");
	take_mar(&f->p, 0);
	uint32_t hop = f->p.header.hop_by_hop, end = f->p.header.end_to_end;

	reply(&f->p, DIAMETER_SUCCESS, "other slot", hop + 1, end);
	reply(&f->p, DIAMETER_SUCCESS, "other turn", hop + 0x10000, end);
	reply(&f->p, DIAMETER_SUCCESS, "no slot", 0xffffffff, end);
	reply(&f->p, DIAMETER_SUCCESS, "other end", hop, end + 1);
	f->p.header.command = DIAMETER_BIR;
	reply(&f->p, DIAMETER_SUCCESS, "other command", hop, end);
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, 0);
	assert_int_equal(state_of(f, 0).dropped, 5);
	f->p.header.command = DIAMETER_MAR;
	reply(&f->p, DIAMETER_SUCCESS, "right", hop, end);
	assert_outcome(f, 1, OK);
	assert_string_equal(f->outcome.text, "right");
	reply(&f->p, DIAMETER_SUCCESS, "double", hop, end);
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, 1);
	assert_int_equal(state_of(f, 0).dropped, 6);
	ask(f, "p.example"); /* the slot is used again, under another name */
	take_mar(&f->p, 0);
	assert_int_equal((uint16_t)f->p.header.hop_by_hop, (uint16_t)hop);
	assert_int_not_equal(f->p.header.hop_by_hop, hop);
	reply(&f->p, DIAMETER_SUCCESS, "old", hop, end);
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, 1);
	assert_int_equal(state_of(f, 0).dropped, 7);
}

static void another_peer_cannot_answer(void **state)
{
	struct fixture *f = *state;

	meet(f, 0);
	puppet_connect(&f->q, &f->w, "q.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&f->q));
	ask(f, "p.example");
	take_mar(&f->p, 0);
	f->q.header = f->p.header;
	reply_well(&f->q, "forged");
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, 0);
	assert_int_equal(state_of(f, 1).dropped, 1);
}

static void silence_ends_in_time(void **state)
{
	struct fixture *f = *state;

	meet(f, 0);
	ask(f, "p.example");
	take_mar(&f->p, 0);
	world_advance(&f->w, 2900);
	assert_int_equal(f->outcome.count, 0);
	ask(f, "p.example");
	world_advance(&f->w, 200);
	assert_outcome(f, 1, ERR_TIMEOUT);
	assert_int_equal(state_of(f, 0).timeouts, 1);
	assert_int_equal(state_of(f, 0).outstanding, 1);
	reply_well(&f->p, "late");
	world_settle(&f->w);
	assert_int_equal(f->outcome.count, 1);
	assert_int_equal(state_of(f, 0).dropped, 1);
	world_advance(&f->w, 3000);
	assert_outcome(f, 2, ERR_TIMEOUT);
}

static void without_a_way_the_answer_is_no(void **state)
{
	struct fixture *f = *state;
	static uint8_t large[DIAMETER_MAX];
	struct rp_mar mar = mar_of("n.example");

	meet(f, 1);
	ask(f, "elsewhere.example");
	assert_int_equal(f->outcome.count, 0); /* not before diameter_send() returned */
	assert_outcome(f, 1, ERR_UNAVAILABLE);
	diameter_send(f->node, DIAMETER_ZN, DIAMETER_BIR, "p.example", "example", rp_mar_rows, &mar,
		answered, f, 4711);
	assert_outcome(f, 2, ERR_UNAVAILABLE);
	diameter_send(f->node, DIAMETER_ZH, DIAMETER_MAR, "", "elsewhere", rp_mar_rows, &mar,
		answered, f, 4711);
	assert_outcome(f, 3, ERR_UNAVAILABLE);
	mar.user_name = VIEW(large);
	diameter_send(f->node, DIAMETER_ZH, DIAMETER_MAR, "p.example", "example", rp_mar_rows, &mar,
		answered, f, 4711);
	assert_outcome(f, 4, ERR_RANGE);
	ask(f, "p.example");
	ask(f, "p.example"); /* one more than may be outstanding */
	assert_outcome(f, 5, ERR_OVERLOAD);
	puppet_hang_up(&f->p);
	assert_outcome(f, 6, ERR_UNAVAILABLE);
}

static void what_is_open_at_the_end_is_told(void **state)
{
	struct fixture *f = *state;

	meet(f, 0);
	ask(f, "p.example");
	ask(f, "elsewhere.example");
	diameter_node_close(f->node);
	f->node = NULL;
	assert_outcome(f, 2, ERR_CLOSED);
}

/* Two servers, p and q, that the node connects to. */
static void be_visited(struct fixture *f, bool q_is_relay)
{
	puppet_listen(&f->p, &f->w, "p.example");
	puppet_listen(&f->q, &f->w, "q.example");
	const struct diameter_peer_options peers[] = {
		{.host = "p.example",
			.realm = "example",
			.address = puppet_address(&f->p),
			.plain = true},
		{.host = "q.example",
			.realm = q_is_relay ? "elsewhere" : "example",
			.address = puppet_address(&f->q),
			.plain = true,
			.relay = q_is_relay},
	};

	open_node(f, peers, 2, 0);
	assert_true(puppet_shake_hands(&f->p));
	f->q.realm = peers[1].realm;
	assert_true(puppet_shake_hands(&f->q));
	assert_true(state_of(f, 0).open && state_of(f, 1).open);
}

static void load_is_shared(void **state)
{
	struct fixture *f = *state;

	be_visited(f, false);
	ask(f, "");
	ask(f, "");
	ask(f, "");
	assert_int_equal(state_of(f, 0).outstanding + state_of(f, 1).outstanding, 3);
	assert_in_range(state_of(f, 0).outstanding, 1, 2);
}

static void a_relay_is_the_second_choice(void **state)
{
	struct fixture *f = *state;

	be_visited(f, true);
	ask(f, "");
	ask(f, "p.example");
	assert_int_equal(state_of(f, 0).outstanding, 2);
	ask(f, "behind.example");
	assert_int_equal(state_of(f, 1).outstanding, 1);
	take_mar(&f->q, 0);
	reply_well(&f->q, "relayed");
	assert_outcome(f, 1, OK);
}

static void what_a_lost_peer_owes_is_asked_of_another(void **state)
{
	struct fixture *f = *state;

	be_visited(f, false);
	ask(f, "");
	ask(f, "p.example"); /* of it alone */
	take_mar(&f->p, 0);
	uint32_t end_to_end = f->p.header.end_to_end;

	puppet_hang_up(&f->p);
	take_mar(&f->q, DIAMETER_RETRANSMIT);
	assert_int_equal(f->q.header.end_to_end, end_to_end);
	assert_outcome(f, 1, ERR_UNAVAILABLE);
	reply_well(&f->q, "instead");
	assert_outcome(f, 2, OK);
	assert_string_equal(f->outcome.text, "instead");
	assert_int_equal(state_of(f, 0).outstanding, 0);
	assert_int_equal(state_of(f, 1).outstanding, 0);
}

static void a_busy_peer_s_question_goes_to_another(void **state)
{
	struct fixture *f = *state;

	be_visited(f, false);
	ask(f, "");
	take_mar(&f->p, 0);
	reply(&f->p, DIAMETER_TOO_BUSY, "", f->p.header.hop_by_hop, f->p.header.end_to_end);
	take_mar(&f->q, 0);
	assert_int_equal(f->outcome.count, 0);
	reply(&f->q, DIAMETER_UNABLE_TO_DELIVER, "", f->q.header.hop_by_hop, f->q.header.end_to_end);
	take_mar(&f->p, 0);
	reply(&f->p, DIAMETER_TOO_BUSY, "", f->p.header.hop_by_hop, f->p.header.end_to_end);
	assert_outcome(f, 1, OK); /* after three attempts the answer is what it is */
	assert_int_equal(f->outcome.code, DIAMETER_TOO_BUSY);
}

static void other_refusals_are_answers(void **state)
{
	struct fixture *f = *state;

	be_visited(f, false);
	ask(f, "");
	take_mar(&f->p, 0);
	reply(&f->p, DIAMETER_UNABLE_TO_COMPLY, "", f->p.header.hop_by_hop, f->p.header.end_to_end);
	assert_outcome(f, 1, OK);
	assert_int_equal(f->outcome.code, DIAMETER_UNABLE_TO_COMPLY);
}

static void a_suspect_peer_s_questions_go_to_another(void **state)
{
	struct fixture *f = *state;
	const struct diameter_watchdog dwa = {.has_result = true,
		.result = DIAMETER_SUCCESS,
		.origin_host = view_text("q.example"),
		.origin_realm = view_text("example")};

	be_visited(f, false);
	world_advance(&f->w, 33000);
	assert_true(puppet_take(&f->q));
	puppet_send(&f->q, 0, DIAMETER_DWR, 0, f->q.header.hop_by_hop, f->q.header.end_to_end,
		diameter_watchdog_rows, &dwa);
	world_advance(&f->w, 31000);
	ask(f, ""); /* shortly before p becomes suspect, or after */
	world_advance(&f->w, 2000);
	bool found = false;

	while (!found && puppet_take(&f->q)) {
		found = f->q.header.command == DIAMETER_MAR;
	}
	assert_true(found);
	reply_well(&f->q, "instead");
	assert_outcome(f, 1, OK);
}

static void a_peer_that_comes_back_is_asked_again(void **state)
{
	struct fixture *f = *state;
	struct puppet again;

	meet(f, 0);
	ask(f, "p.example");
	take_mar(&f->p, 0);
	puppet_connect(&again, &f->w, "p.example", diameter_node_plain_address(f->node));
	assert_true(puppet_shake_hands(&again));
	take_mar(&again, DIAMETER_RETRANSMIT);
	assert_int_equal(again.header.hop_by_hop, f->p.header.hop_by_hop);
	reply_well(&again, "again");
	assert_outcome(f, 1, OK);
	puppet_close(&again);
}

static void many_questions_are_kept_apart(void **state)
{
	enum { MANY = 3000 };
	struct fixture *f = *state;

	meet(f, 0);
	for (size_t i = 0; i < MANY; i++) {
		ask(f, "p.example");
	}
	assert_int_equal(state_of(f, 0).outstanding, MANY);
	for (size_t i = 0; i < MANY; i++) {
		take_mar(&f->p, 0);
		reply_well(&f->p, "yes");
	}
	assert_outcome(f, MANY, OK);
	assert_int_equal(state_of(f, 0).outstanding, 0);
	assert_int_equal(state_of(f, 0).dropped, 0);
}

static void sessions_have_names_of_their_own(void **state)
{
	struct fixture *f = *state;
	char one[64], two[64];
	struct buf a = buf_fixed(one, sizeof(one)), b = buf_fixed(two, sizeof(two));

	meet(f, 0);
	diameter_session_id(f->node, &a);
	diameter_session_id(f->node, &b);
	assert_true(strncmp(buf_string(&a), "n.example;1767225600;", 21) == 0);
	assert_string_not_equal(buf_string(&a), buf_string(&b));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_is_answered),
		CASE(what_is_not_offered_is_refused),
		CASE(what_is_not_for_us_is_refused),
		CASE(nobody_speaks_for_others),
		CASE(a_relay_speaks_for_those_listed),
		CASE(a_malformed_request_is_refused),
		CASE(more_than_can_be_done_is_refused),
		CASE(an_answer_to_a_lost_peer_goes_nowhere),
		CASE(a_request_may_be_answered_after_the_end),
		CASE(an_answer_that_is_too_long_is_a_refusal),
		CASE(a_peer_that_does_not_read_is_dropped),
		CASE(a_question_is_answered),
		CASE(answers_may_come_in_any_order),
		CASE(an_answer_counts_once),
		CASE(another_peer_cannot_answer),
		CASE(silence_ends_in_time),
		CASE(without_a_way_the_answer_is_no),
		CASE(what_is_open_at_the_end_is_told),
		CASE(load_is_shared),
		CASE(a_relay_is_the_second_choice),
		CASE(what_a_lost_peer_owes_is_asked_of_another),
		CASE(a_busy_peer_s_question_goes_to_another),
		CASE(other_refusals_are_answers),
		CASE(a_suspect_peer_s_questions_go_to_another),
		CASE(a_peer_that_comes_back_is_asked_again),
		CASE(many_questions_are_kept_apart),
		CASE(sessions_have_names_of_their_own),
	};
	return RUN_TESTS(tests);
}
