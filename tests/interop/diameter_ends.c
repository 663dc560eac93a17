// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_ends: two nodes in one process, a.realm.example and b.realm.example, which know only a relay. A asks B for
 * vectors through it; B also meets an origin that it has not listed for the relay (c.realm.example).
 *
 *	diameter_ends --relay ADDRESS --count N [--folder DIR]	(DIR: a.pem a.key b.pem ... ca.pem, for TLS)
 *
 * Prints what came of it, a "name value" a line.
 */
#include "base/env.h"
#include "net/diameter_peer.h"
#include "wire/rp_messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 20 * 1000, POLL_MS = 20 };

static const uint32_t applications[] = {DIAMETER_ZH};

struct ends {
	struct loop *loop;
	const char *relay, *folder;
	struct diameter_node *a, *b, *c;
	struct tls *tls[3];
	struct timer timer;
	int64_t since;
	size_t count, sent, answered, succeeded, refused, served, foreign;
	uint32_t refusal;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, err_detail());
	exit(1);
}

static void must(enum err result, const char *what)
{
	if (result != OK) {
		fail(what);
	}
}

/* B answers; it must see who asks, not who brings. */
static void serve(void *user, struct diameter_request *request)
{
	struct ends *e = user;
	struct rp_mar mar;
	struct diameter_fault fault;

	if (diameter_decode(request->message, rp_mar_rows, &mar, &fault) != OK) {
		diameter_refuse(request, &fault, err_detail());
		return;
	}
	e->served++;
	if (strcmp(request->origin, "a.realm.example") != 0 ||
		strcmp(request->peer, "relay.realm.example") != 0) {
		e->foreign++;
	}
	const struct rp_maa maa = {.s = {.session_id = mar.s.session_id,
					   .origin_host = view_text("b.realm.example"),
					   .origin_realm = view_text("realm.example"),
					   .auth_session_state = 1,
					   .has_result = true,
					   .result = DIAMETER_SUCCESS},
		.user_name = mar.user_name,
		.guss = view_text("<guss/>")};

	diameter_answer(request, rp_maa_rows, &maa);
}

static struct tls *make_tls(struct ends *e, const char *name)
{
	char certificate[512], key[512], authority[512];
	const struct tls_files files = {.certificate = certificate,
		.key = key,
		.authority = authority};
	struct tls *tls;

	if (!e->folder) {
		return NULL;
	}
	(void)snprintf(certificate, sizeof(certificate), "%s/%.1s.pem", e->folder, name);
	(void)snprintf(key, sizeof(key), "%s/%.1s.key", e->folder, name);
	(void)snprintf(authority, sizeof(authority), "%s/ca.pem", e->folder);
	must(tls_client(&files, &tls), name);
	return tls;
}

static struct diameter_node *open_node(struct ends *e, const char *host, struct tls *tls)
{
	static const struct diameter_handler handlers[] = {{DIAMETER_ZH, DIAMETER_MAR, serve}};
	static const char *const origins[] = {"a.realm.example"};
	const struct diameter_peer_options relay = {.host = "relay.realm.example",
		.realm = "realm.example",
		.address = e->relay,
		.plain = !tls,
		.relay = true,
		.origins = origins,
		.origin_count = 1};
	const struct diameter_node_options options = {.host = host,
		.realm = "realm.example",
		.client_tls = tls,
		.applications = applications,
		.application_count = 1,
		.peers = &relay,
		.peer_count = 1};
	struct diameter_node *n;

	must(diameter_node_open(e->loop, &options, handlers, 1, e, &n), host);
	return n;
}

static void on_refusal(void *user, uint64_t user_ref, enum err result, struct view message)
{
	struct ends *e = user;
	struct diameter_base base;
	struct diameter_fault fault;

	(void)user_ref;
	if (result == OK && diameter_decode_base(message, &base, &fault) == OK) {
		e->refusal = base.result;
	}
	loop_stop(e->loop);
}

static void on_answer(void *user, uint64_t user_ref, enum err result, struct view message);

static void ask(struct ends *e, struct diameter_node *from, const char *host, uint64_t number,
	diameter_answered *then)
{
	char session[128], user_name[64];
	struct buf id = buf_fixed(session, sizeof(session));

	diameter_session_id(from, &id);
	(void)snprintf(user_name, sizeof(user_name), "%015llu@realm.example",
		(unsigned long long)number);
	const struct rp_mar mar = {.s = {.session_id = buf_contents(&id),
					   .origin_host = view_text(host),
					   .origin_realm = view_text("realm.example"),
					   .destination_host = view_text("b.realm.example"),
					   .destination_realm = view_text("realm.example"),
					   .auth_session_state = 1},
		.user_name = view_text(user_name)};

	diameter_send(from, DIAMETER_ZH, DIAMETER_MAR, "b.realm.example", "realm.example",
		rp_mar_rows, &mar, then, e, number);
}

/* The answer must be to that very question. */
static void on_answer(void *user, uint64_t user_ref, enum err result, struct view message)
{
	struct ends *e = user;
	struct rp_maa maa;
	struct diameter_fault fault;
	char expected[64];

	e->answered++;
	(void)snprintf(expected, sizeof(expected), "%015llu@realm.example",
		(unsigned long long)user_ref);
	if (result == OK && diameter_decode(message, rp_maa_rows, &maa, &fault) == OK &&
		maa.s.result == DIAMETER_SUCCESS && view_is(maa.user_name, expected)) {
		e->succeeded++;
	} else {
		e->refused++;
	}
	if (e->sent < e->count) {
		ask(e, e->a, "a.realm.example", e->sent++, on_answer);
	} else if (e->answered == e->count) {
		ask(e, e->c, "c.realm.example", 0, on_refusal);
	}
}

static bool all_open(const struct ends *e)
{
	struct diameter_node *const nodes[] = {e->a, e->b, e->c};

	for (size_t i = 0; i < 3; i++) {
		if (!diameter_node_reaches(nodes[i], "realm.example", DIAMETER_ZH)) {
			return false;
		}
	}
	return true;
}

static void wait_for_relay(void *user)
{
	struct ends *e = user;

	if (!all_open(e)) {
		if (loop_now(e->loop) - e->since > WAIT_MS) {
			loop_stop(e->loop);
			return;
		}
		timer_start(e->loop, &e->timer, POLL_MS, wait_for_relay, e);
		return;
	}
	while (e->sent < e->count && e->sent < 32) {
		ask(e, e->a, "a.realm.example", e->sent++, on_answer);
	}
}

static void run(struct ends *e)
{
	e->tls[0] = make_tls(e, "a");
	e->tls[1] = make_tls(e, "b");
	e->tls[2] = make_tls(e, "c");
	e->a = open_node(e, "a.realm.example", e->tls[0]);
	e->b = open_node(e, "b.realm.example", e->tls[1]);
	e->c = open_node(e, "c.realm.example", e->tls[2]);
	e->since = loop_now(e->loop);
	wait_for_relay(e);
	loop_run(e->loop);
	(void)printf("sent %zu\nsucceeded %zu\nrefused %zu\nserved %zu\nforeign %zu\nrefusal %u\n",
		e->sent, e->succeeded, e->refused, e->served, e->foreign, e->refusal);
	timer_stop(e->loop, &e->timer);
	diameter_node_close(e->a);
	diameter_node_close(e->b);
	diameter_node_close(e->c);
}

int main(int argc, char **argv)
{
	struct ends e = {.count = 1};

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--relay") == 0) {
			e.relay = argv[i + 1];
		} else if (strcmp(argv[i], "--folder") == 0) {
			e.folder = argv[i + 1];
		} else if (strcmp(argv[i], "--count") == 0) {
			e.count = strtoul(argv[i + 1], NULL, 10);
		}
	}
	if (!e.relay || e.count == 0) {
		(void)fprintf(stderr,
			"usage: diameter_ends --relay ADDRESS --count N [--folder DIR]\n");
		return 2;
	}
	must(loop_new(&env_system, &e.loop), "loop");
	run(&e);
	loop_free(e.loop);
	for (size_t i = 0; i < 3; i++) {
		tls_free(e.tls[i]);
	}
	return e.succeeded == e.count ? 0 : 1;
}
