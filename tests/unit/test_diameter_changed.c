// SPDX-License-Identifier: Apache-2.0
/* What a program is told of its peers: each connection in turn, before and after what comes over it. */
#include "test.h"

#include "diameter_puppet.h"
#include "wire/rp_messages.h"
#include <string.h>

static const uint32_t applications[] = {DIAMETER_NASREQ, DIAMETER_ZH};

struct fixture {
	struct world w;
	struct diameter_node *node;
	struct puppet p;
	struct buf said; /* "p.example+ p.example- " */
	bool within;	 /* a function of the node has not returned */
};

static void on_changed(void *user, const char *host, bool open)
{
	struct fixture *f = user;

	assert_false(f->within);
	buf_printf(&f->said, "%s%s ", host, open ? "+" : "-");
}

static void on_mar(void *user, struct diameter_request *request)
{
	const struct diameter_fault fault = {.result = DIAMETER_UNABLE_TO_COMPLY};
	struct fixture *f = user;

	buf_text(&f->said, "MAR ");
	diameter_refuse(request, &fault, "not here");
}

static int set_up(void **state)
{
	static const struct diameter_peer_options peers[] = {
		{.host = "p.example", .realm = "example", .plain = true},
		{.host = "z.example", .realm = "example", .plain = true},
	};
	static const struct diameter_handler handlers[] = {{DIAMETER_ZH, DIAMETER_MAR, on_mar}};
	const struct diameter_node_options options = {.host = "n.example",
		.realm = "example",
		.listen_plain = "127.0.0.1:0",
		.applications = applications,
		.application_count = 2,
		.peers = peers,
		.peer_count = 2,
		.peer_changed = on_changed};
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.said = buf_growing(1024);
	world_open(&f.w);
	assert_ok(diameter_node_open(f.w.loop, &options, handlers, 1, &f, &f.node));
	puppet_connect(&f.p, &f.w, "p.example", diameter_node_plain_address(f.node));
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	puppet_close(&f->p);
	diameter_node_close(f->node);
	world_close(&f->w);
	buf_free(&f->said);
	return 0;
}

static void assert_told(struct fixture *f, const char *said)
{
	world_settle(&f->w);
	assert_view(buf_contents(&f->said), said);
}

static void a_peer_is_told_when_it_opens_and_when_it_goes(void **state)
{
	struct fixture *f = *state;

	assert_told(f, "");
	assert_true(puppet_shake_hands(&f->p));
	assert_told(f, "p.example+ ");
	puppet_hang_up(&f->p);
	assert_told(f, "p.example+ p.example- ");
}

static void who_is_refused_is_not_told(void **state)
{
	struct fixture *f = *state;

	f->p.realm = "elsewhere";
	puppet_send_cer(&f->p);
	assert_true(puppet_take(&f->p));
	puppet_hang_up(&f->p);
	assert_told(f, "");
}

static void send_mar(struct puppet *p)
{
	const struct rp_mar mar = {.s = {.session_id = view_text("p.example;1;1"),
					   .origin_host = view_text("p.example"),
					   .origin_realm = view_text("example"),
					   .destination_realm = view_text("example")},
		.user_name = view_text("somebody")};

	puppet_send(p, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH, 7, 7, rp_mar_rows, &mar);
}

/* Who does not wait for the answer to its CER: the handler must know the peer already. */
static void it_is_told_before_its_first_request(void **state)
{
	struct fixture *f = *state;

	puppet_send_cer(&f->p);
	send_mar(&f->p);
	assert_told(f, "p.example+ MAR ");
}

static void a_peer_that_comes_back_was_gone_in_between(void **state)
{
	struct fixture *f = *state;
	struct puppet again;

	assert_true(puppet_shake_hands(&f->p));
	assert_told(f, "p.example+ ");
	puppet_connect(&again, &f->w, "p.example", diameter_node_plain_address(f->node));
	puppet_send_cer(&again);
	send_mar(&again);
	assert_told(f, "p.example+ p.example- p.example+ MAR ");
	puppet_close(&again);
}

static void on_failed(void *user, uint64_t ref, enum err result, struct view message)
{
	struct fixture *f = user;

	(void)ref;
	(void)message;
	assert_err(ERR_UNAVAILABLE, result);
	buf_text(&f->said, "failed ");
}

static void it_is_told_before_its_calls_fail(void **state)
{
	struct fixture *f = *state;
	const struct rp_mar mar = {.s = {.session_id = view_text("n.example;1;1"),
					   .origin_host = view_text("n.example"),
					   .origin_realm = view_text("example"),
					   .destination_realm = view_text("example")},
		.user_name = view_text("somebody")};

	assert_true(puppet_shake_hands(&f->p));
	assert_told(f, "p.example+ ");
	f->within = true;
	diameter_send(f->node, DIAMETER_ZH, DIAMETER_MAR, "p.example", "example", rp_mar_rows, &mar,
		on_failed, f, 0);
	f->within = false;
	world_settle(&f->w);
	puppet_hang_up(&f->p);
	assert_told(f, "p.example+ p.example- failed ");
}

static void a_node_that_closes_tells_nothing(void **state)
{
	struct fixture *f = *state;

	assert_true(puppet_shake_hands(&f->p));
	diameter_node_close(f->node);
	f->node = NULL;
	world_settle(&f->w);
	assert_true(f->said.len == 0 || view_is(buf_contents(&f->said), "p.example+ "));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_peer_is_told_when_it_opens_and_when_it_goes),
		CASE(who_is_refused_is_not_told),
		CASE(it_is_told_before_its_first_request),
		CASE(a_peer_that_comes_back_was_gone_in_between),
		CASE(it_is_told_before_its_calls_fail),
		CASE(a_node_that_closes_tells_nothing),
	};
	return RUN_TESTS(tests);
}
