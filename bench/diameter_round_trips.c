// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_round_trips: round trips of the size of RP_B's (MAR, MAA with a vector) between two of our nodes, each
 * a process: one asks with so many under way, the other answers at once. CPU time of both.
 *
 *	diameter_round_trips codec	the messages alone, in one process
 *	diameter_round_trips IN_FLIGHT SECONDS [FOLDER]	a folder with certificates of a.example and b.example: TLS
 */
#include "base/log.h"
#include "measure.h"
#include "net/diameter_peer.h"
#include "wire/rp_messages.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_IN_FLIGHT = 1024, POLL_MS = 5, ADDRESS_ROOM = 64, CODEC_BATCH = 100000 };

static const uint32_t applications[] = {DIAMETER_ZH};

struct asker {
	struct loop *loop;
	struct diameter_node *node;
	struct measure measure;
	struct timer timer;
	size_t in_flight, under_way;
	double seconds, since[MOST_IN_FLIGHT];
	bool ending;
};

static struct tls *make_tls(const char *folder, const char *name, bool server)
{
	char certificate[256], key[256], authority[256];
	const struct tls_files files = {certificate, key, authority};
	struct tls *tls;

	if (!folder) {
		return NULL;
	}
	(void)snprintf(certificate, sizeof(certificate), "%s/%s.pem", folder, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", folder, name);
	(void)snprintf(authority, sizeof(authority), "%s/ca.pem", folder);
	must((server ? tls_server(&files, TLS_PEERS_REQUIRED, &tls) : tls_client(&files, &tls)) ==
			OK,
		name);
	return tls;
}

static struct rp_mar mar_of(struct view session_id)
{
	return (struct rp_mar){.s = {.session_id = session_id,
				       .origin_host = view_text("a.example"),
				       .origin_realm = view_text("example"),
				       .destination_realm = view_text("example"),
				       .auth_session_state = 1},
		.user_name = view_text("001010123456789@realm.example"),
		.has_item = true,
		.item.scheme = view_text("Digest-AKAv1-MD5"),
		.has_item_count = true,
		.item_count = 1};
}

static struct rp_maa maa_of(struct view session_id)
{
	static const uint8_t bytes[32] = {1};
	static const char guss[] =
		"<?xml version=\"1.0\"?><guss id=\"001010123456789@realm.example\">"
		"<bsfInfo><lifeTime>3600</lifeTime></bsfInfo><ussList/></guss>";

	return (struct rp_maa){.s = {.session_id = session_id,
				       .origin_host = view_text("b.example"),
				       .origin_realm = view_text("example"),
				       .auth_session_state = 1,
				       .has_result = true,
				       .result = DIAMETER_SUCCESS},
		.user_name = view_text("001010123456789@realm.example"),
		.has_item = true,
		.item = {.scheme = view_text("Digest-AKAv1-MD5"),
			.authenticate = VIEW(bytes),
			.authorization = view_of(bytes, 8),
			.confidentiality_key = view_of(bytes, 16),
			.integrity_key = view_of(bytes, 16)},
		.guss = view_text(guss)};
}

static void on_mar(void *user, struct diameter_request *request)
{
	struct rp_mar mar;
	struct diameter_fault fault;

	(void)user;
	must(diameter_decode(request->message, rp_mar_rows, &mar, &fault) == OK, "MAR");
	const struct rp_maa maa = maa_of(mar.s.session_id);

	diameter_answer(request, rp_maa_rows, &maa);
}

static void serve(const char *folder, int tell)
{
	static const struct diameter_handler handlers[] = {{DIAMETER_ZH, DIAMETER_MAR, on_mar}};
	const struct diameter_peer_options peer = {.host = "a.example",
		.realm = "example",
		.plain = !folder};
	struct diameter_node_options options = {.host = "b.example",
		.realm = "example",
		.server_tls = make_tls(folder, "b.example", true),
		.client_tls = make_tls(folder, "b.example", false),
		.applications = applications,
		.application_count = 1,
		.peers = &peer,
		.peer_count = 1};
	struct loop *loop;
	struct diameter_node *node;
	char address[ADDRESS_ROOM];

	if (folder) {
		options.listen = "127.0.0.1:0";
	} else {
		options.listen_plain = "127.0.0.1:0";
	}
	must(loop_new(&env_system, &loop) == OK &&
			diameter_node_open(loop, &options, handlers, 1, NULL, &node) == OK,
		"b.example");
	(void)snprintf(address, sizeof(address), "%s",
		folder ? diameter_node_address(node) : diameter_node_plain_address(node));
	must(write(tell, address, sizeof(address)) == sizeof(address), "pipe");
	loop_run(loop);
}

static void on_answer(void *user, uint64_t slot, enum err result, struct view message);

static void ask(struct asker *a, uint64_t slot)
{
	char session[128];
	struct buf id = buf_fixed(session, sizeof(session));

	diameter_session_id(a->node, &id);
	a->since[slot] = now();
	a->under_way++;
	const struct rp_mar mar = mar_of(buf_contents(&id));

	diameter_send(a->node, DIAMETER_ZH, DIAMETER_MAR, "", "example", rp_mar_rows, &mar,
		on_answer, a, slot);
}

static void on_answer(void *user, uint64_t slot, enum err result, struct view message)
{
	struct asker *a = user;
	struct rp_maa maa;
	struct diameter_fault fault;

	must(result == OK && diameter_decode(message, rp_maa_rows, &maa, &fault) == OK &&
			maa.s.result == DIAMETER_SUCCESS,
		"MAA");
	measure_add(&a->measure, a->since[slot]);
	a->under_way--;
	if (!a->ending) {
		ask(a, slot);
	} else if (a->under_way == 0) {
		loop_stop(a->loop);
	}
}

static void on_end(void *user)
{
	struct asker *a = user;

	measure_end(&a->measure);
	a->ending = true;
}

static void on_warm(void *user)
{
	struct asker *a = user;

	measure_begin(&a->measure);
	timer_start(a->loop, &a->timer, (int64_t)(a->seconds * 1000), on_end, a);
}

static void wait_for_peer(void *user)
{
	struct asker *a = user;

	if (!diameter_node_reaches(a->node, "example", DIAMETER_ZH)) {
		timer_start(a->loop, &a->timer, POLL_MS, wait_for_peer, a);
		return;
	}
	for (size_t i = 0; i < a->in_flight; i++) {
		ask(a, i);
	}
	timer_start(a->loop, &a->timer, (int64_t)(a->seconds * 100), on_warm, a);
}

static void ask_away(struct asker *a, const char *folder, const char *address)
{
	const struct diameter_peer_options peer = {.host = "b.example",
		.realm = "example",
		.address = address,
		.plain = !folder};
	struct tls *tls = make_tls(folder, "a.example", false);
	const struct diameter_node_options options = {.host = "a.example",
		.realm = "example",
		.client_tls = tls,
		.applications = applications,
		.application_count = 1,
		.peers = &peer,
		.peer_count = 1};

	must(loop_new(&env_system, &a->loop) == OK &&
			diameter_node_open(a->loop, &options, NULL, 0, a, &a->node) == OK,
		"a.example");
	wait_for_peer(a);
	loop_run(a->loop);
	diameter_node_close(a->node);
	loop_free(a->loop);
	tls_free(tls);
}

/* A request and its answer, each written and read once, without a network. */
static void run_codec(void)
{
	struct measure m = {.work = "Diameter request and answer", .who = "symbolon, codec alone"};
	const struct view session_id = view_text("a.example;1767225600;123456");
	const struct diameter_header header = {.flags = DIAMETER_REQUEST,
		.command = DIAMETER_MAR,
		.application = DIAMETER_ZH};
	BUF_CLEANUP struct buf out = buf_growing(DIAMETER_MAX);
	struct diameter_fault fault;

	measure_watch(&m, "self=0");
	measure_begin(&m);
	for (m.count = 0; m.count < CODEC_BATCH; m.count++) {
		struct rp_mar mar = mar_of(session_id);
		struct rp_maa maa = maa_of(session_id);

		buf_clear(&out);
		diameter_encode(&out, &header, rp_mar_rows, &mar);
		must(diameter_decode(buf_contents(&out), rp_mar_rows, &mar, &fault) == OK, "MAR");
		buf_clear(&out);
		diameter_encode(&out, &header, rp_maa_rows, &maa);
		must(diameter_decode(buf_contents(&out), rp_maa_rows, &maa, &fault) == OK, "MAA");
	}
	measure_end(&m);
	measure_print(&m, "");
}

/* Two processes: the child answers, we ask. */
static void run_nodes(struct asker *a, const char *folder)
{
	char address[ADDRESS_ROOM], watch[32], work[64];
	int told[2];

	must(pipe(told) == 0, "pipe");
	pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(folder, told[1]);
		exit(0);
	}
	must(child > 0 && read(told[0], address, sizeof(address)) == sizeof(address), "peer");
	(void)snprintf(watch, sizeof(watch), "answering=%d", child);
	(void)snprintf(work, sizeof(work), "Diameter round trip, %s, %zu at once",
		folder ? "TLS" : "TCP", a->in_flight);
	a->measure = (struct measure){.work = work, .who = "symbolon, both nodes"};
	measure_watch(&a->measure, watch);
	measure_watch(&a->measure, "asking=0");
	ask_away(a, folder, address);
	measure_print(&a->measure, "");
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	static struct asker a;

	must(argc > 1, "IN_FLIGHT SECONDS [FOLDER], or codec");
	log_set_level(LOG_ERROR);
	if (strcmp(argv[1], "codec") == 0) {
		run_codec();
		return 0;
	}
	a.in_flight = strtoul(argv[1], NULL, 10);
	a.seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	must(a.in_flight > 0 && a.in_flight <= MOST_IN_FLIGHT, "IN_FLIGHT");
	run_nodes(&a, argc > 3 ? argv[3] : NULL);
	return 0;
}
