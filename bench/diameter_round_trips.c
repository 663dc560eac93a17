// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_round_trips: MAR and MAA between two nodes of ours in one process, so that the CPU time is that
 * of both ends: as many as wait at once (pipelined), and one after the other; and the codec alone.
 * The median of several rounds. A line of JSON each: {"work", "who", "per_cpu_second", "per_second"}.
 *
 *	diameter_round_trips [DIR]	with a.pem a.key b.pem b.key ca.pem in DIR also over TLS,
 *					a for a.example, b for b.example
 */
#include "base/env.h"
#include "base/log.h"
#include "net/diameter_peer.h"
#include "wire/rp_messages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, CODEC_BATCH = 200000 };

static const uint32_t applications[] = {DIAMETER_ZH};
static const uint8_t octets[32] = {1, 2, 3};
static const char guss[] =
	"<?xml version=\"1.0\"?><guss id=\"001010123456789@realm.example\"><bsfInfo><lifeTime>3600"
	"</lifeTime></bsfInfo><ussList/></guss>";

struct bench {
	struct loop *loop;
	struct diameter_node *a, *b;
	size_t left, waiting;
};

static void must(enum err result, const char *what)
{
	if (result != OK) {
		(void)fprintf(stderr, "diameter_round_trips: %s: %s\n", what, err_detail());
		exit(1);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct rp_mar mar_of(void)
{
	return (struct rp_mar){.s = {.session_id = view_text("a.example;1767225600;123456"),
				       .origin_host = view_text("a.example"),
				       .origin_realm = view_text("example"),
				       .destination_host = view_text("b.example"),
				       .destination_realm = view_text("example"),
				       .auth_session_state = 1},
		.user_name = view_text("001010123456789@realm.example")};
}

static struct rp_maa maa_of(void)
{
	return (struct rp_maa){.s = {.session_id = view_text("a.example;1767225600;123456"),
				       .origin_host = view_text("b.example"),
				       .origin_realm = view_text("example"),
				       .auth_session_state = 1,
				       .has_result = true,
				       .result = DIAMETER_SUCCESS},
		.user_name = view_text("001010123456789@realm.example"),
		.has_item = true,
		.item = {.scheme = view_text("Digest-AKAv1-MD5"),
			.authenticate = {octets, 32},
			.authorization = {octets, 8},
			.confidentiality_key = {octets, 16},
			.integrity_key = {octets, 16}},
		.guss = view_text(guss)};
}

static void serve(void *user, struct diameter_request *request)
{
	struct rp_mar mar;
	struct diameter_fault fault;
	struct rp_maa maa = maa_of();

	(void)user;
	must(diameter_decode(request->message, rp_mar_rows, &mar, &fault), "MAR");
	maa.s.session_id = mar.s.session_id;
	diameter_answer(request, rp_maa_rows, &maa);
}

static void on_answer(void *user, uint64_t user_ref, enum err result, struct view message);

static void ask(struct bench *b)
{
	const struct rp_mar mar = mar_of();

	b->left--;
	b->waiting++;
	diameter_send(b->a, DIAMETER_ZH, DIAMETER_MAR, "b.example", "example", rp_mar_rows, &mar,
		on_answer, b, 0);
}

static void on_answer(void *user, uint64_t user_ref, enum err result, struct view message)
{
	struct bench *b = user;
	struct rp_maa maa;
	struct diameter_fault fault;

	(void)user_ref;
	must(result, "answer");
	must(diameter_decode(message, rp_maa_rows, &maa, &fault), "MAA");
	b->waiting--;
	if (b->left > 0) {
		ask(b);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

static void report(const char *work, const char *who, double *cpu, double *wall)
{
	(void)printf(
		"{\"work\":\"%s\",\"who\":\"%s\",\"per_cpu_second\":%.0f,\"per_second\":%.0f}\n",
		work, who, median(cpu), median(wall));
	(void)fflush(stdout);
}

static void measure(struct bench *b, const char *work, const char *who, size_t count, size_t window)
{
	double cpu[ROUNDS], wall[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double cpu_from = seconds(CLOCK_PROCESS_CPUTIME_ID);
		double wall_from = seconds(CLOCK_MONOTONIC);

		b->left = count;
		for (size_t i = 0; i < window; i++) {
			ask(b);
		}
		while (b->waiting > 0) {
			loop_turn(b->loop, 1);
		}
		cpu[round] = (double)count / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from);
		wall[round] = (double)count / (seconds(CLOCK_MONOTONIC) - wall_from);
	}
	report(work, who, cpu, wall);
}

static void open_nodes(struct bench *b, struct tls *server_tls, struct tls *client_tls)
{
	static const struct diameter_handler handlers[] = {{DIAMETER_ZH, DIAMETER_MAR, serve}};
	const struct diameter_peer_options a = {.host = "a.example",
		.realm = "example",
		.plain = !server_tls};
	const struct diameter_node_options server = {.host = "b.example",
		.realm = "example",
		.listen = server_tls ? "127.0.0.1:0" : "",
		.listen_plain = server_tls ? "" : "127.0.0.1:0",
		.server_tls = server_tls,
		.applications = applications,
		.application_count = 1,
		.peers = &a,
		.peer_count = 1};

	must(diameter_node_open(b->loop, &server, handlers, 1, b, &b->b), "server");
	const struct diameter_peer_options to_b = {.host = "b.example",
		.realm = "example",
		.address = server_tls ? diameter_node_address(b->b)
				      : diameter_node_plain_address(b->b),
		.plain = !server_tls};
	const struct diameter_node_options client = {.host = "a.example",
		.realm = "example",
		.client_tls = client_tls,
		.applications = applications,
		.application_count = 1,
		.peers = &to_b,
		.peer_count = 1};

	must(diameter_node_open(b->loop, &client, NULL, 0, b, &b->a), "client");
	while (!diameter_node_reaches(b->a, "example", DIAMETER_ZH)) {
		loop_turn(b->loop, 10);
	}
}

static void run(const char *name, struct tls *server_tls, struct tls *client_tls)
{
	struct bench b = {0};

	must(loop_new(&env_system, &b.loop), "loop");
	open_nodes(&b, server_tls, client_tls);
	measure(&b, "Diameter round trips, 256 at once", name, 200000, 256);
	measure(&b, "Diameter round trips, 16 at once", name, 100000, 16);
	measure(&b, "Diameter round trips, one by one", name, 20000, 1);
	diameter_node_close(b.a);
	diameter_node_close(b.b);
	loop_turn(b.loop, 0);
	loop_free(b.loop);
}

static struct tls_files files_of(const char *folder, const char *name, char room[3][512])
{
	(void)snprintf(room[0], 512, "%s/%s.pem", folder, name);
	(void)snprintf(room[1], 512, "%s/%s.key", folder, name);
	(void)snprintf(room[2], 512, "%s/ca.pem", folder);
	return (struct tls_files){.certificate = room[0], .key = room[1], .authority = room[2]};
}

static void run_tls(const char *folder)
{
	char room[3][512];
	struct tls *server, *client;
	struct tls_files files = files_of(folder, "b", room);

	must(tls_server(&files, TLS_PEERS_REQUIRED, &server), "TLS");
	files = files_of(folder, "a", room);
	must(tls_client(&files, &client), "TLS");
	run("TLS", server, client);
	tls_free(server);
	tls_free(client);
}

static void codec_round_trip(struct buf *out, const struct diameter_header *header)
{
	struct rp_mar mar = mar_of();
	struct rp_maa maa = maa_of();
	struct diameter_fault fault;

	buf_clear(out);
	diameter_encode(out, header, rp_mar_rows, &mar);
	must(diameter_decode(buf_contents(out), rp_mar_rows, &mar, &fault), "MAR");
	buf_clear(out);
	diameter_encode(out, header, rp_maa_rows, &maa);
	must(diameter_decode(buf_contents(out), rp_maa_rows, &maa, &fault), "MAA");
}

/* A request and its answer, each written and read once. */
static void run_codec(void)
{
	double cpu[ROUNDS], wall[ROUNDS];
	BUF_CLEANUP struct buf out = buf_growing(DIAMETER_MAX);
	const struct diameter_header header = {.flags = DIAMETER_REQUEST,
		.command = DIAMETER_MAR,
		.application = DIAMETER_ZH};

	for (int round = 0; round < ROUNDS; round++) {
		double cpu_from = seconds(CLOCK_PROCESS_CPUTIME_ID);
		double wall_from = seconds(CLOCK_MONOTONIC);

		for (int i = 0; i < CODEC_BATCH; i++) {
			codec_round_trip(&out, &header);
		}
		cpu[round] = CODEC_BATCH / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_from);
		wall[round] = CODEC_BATCH / (seconds(CLOCK_MONOTONIC) - wall_from);
	}
	report("Diameter request and answer", "codec alone", cpu, wall);
}

int main(int argc, char **argv)
{
	log_open(2, "bench", LOG_ERROR);
	run_codec();
	run("TCP", NULL, NULL);
	if (argc > 1) {
		run_tls(argv[1]);
	}
	return 0;
}
