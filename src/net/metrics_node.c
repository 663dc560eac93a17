// SPDX-License-Identifier: Apache-2.0
/* The figures that all nodes have: process, Diameter peers, listeners. */
#include "net/diameter_peer.h"
#include "net/http_server.h"
#include "net/metrics.h"
#include "net/stream.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { PEERS_MAX = 1024 };

/* The process: names and meaning as all clients of Prometheus have them. */

static uint64_t resident_bytes(void)
{
	unsigned long long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		(void)fscanf(file, "%llu %llu", &size, &resident);
		(void)fclose(file);
	}
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
	uint64_t count = 0;
	DIR *folder = opendir("/proc/self/fd");

	while (folder && readdir(folder)) {
		count++;
	}
	if (folder) {
		(void)closedir(folder);
	}
	return count > 3 ? count - 3 : 0; /* ".", "..", and the folder itself */
}

static uint64_t cpu_us(void)
{
	struct timespec used = {0};

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

/* Seconds since 1970: field 22 of stat, in ticks since the machine's start. */
static uint64_t started_at(void)
{
	unsigned long long ticks = 0;
	struct timespec up = {0}, now = {0};
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file || fscanf(file,
			     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u"
			     " %*d %*d %*d %*d %*d %*d %llu",
			     &ticks) != 1) {
		ticks = 0;
	}
	if (file) {
		(void)fclose(file);
	}
	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)(now.tv_sec - up.tv_sec) + ticks / (uint64_t)sysconf(_SC_CLK_TCK);
}

void metrics_put_process(struct buf *out, const char *program, const char *node)
{
	const struct metric_label build[] = {{"program", program}, {"version", SYMBOLON_VERSION},
		{"node", node}};
	struct rlimit files = {0};

	(void)getrlimit(RLIMIT_NOFILE, &files);
	metrics_put_head(out, "symbolon_build_info", METRIC_GAUGE,
		"Which program and version this is, and the node's name; always 1.");
	metrics_put(out, "symbolon_build_info", build, sizeof(build) / sizeof(build[0]), 1);
	metrics_put_head(out, "process_cpu_seconds_total", METRIC_COUNTER,
		"User and system CPU time spent.");
	metrics_put_seconds(out, "process_cpu_seconds_total", NULL, 0, cpu_us());
	metrics_put_one(out, "process_resident_memory_bytes", METRIC_GAUGE, "Memory in use.",
		resident_bytes());
	metrics_put_one(out, "process_open_fds", METRIC_GAUGE, "Open file descriptors.",
		open_files());
	metrics_put_one(out, "process_max_fds", METRIC_GAUGE, "How many there may be.",
		files.rlim_cur);
	metrics_put_one(out, "process_start_time_seconds", METRIC_GAUGE,
		"When the process started, in seconds since 1970.", started_at());
}

/* Diameter */

struct peers {
	const struct diameter_peer_state *states;
	size_t count;
};

typedef uint64_t peer_figure(const struct diameter_peer_state *p);

static uint64_t open_of(const struct diameter_peer_state *p)
{
	return p->open;
}

static uint64_t outstanding_of(const struct diameter_peer_state *p)
{
	return p->outstanding;
}

static uint64_t in_of(const struct diameter_peer_state *p)
{
	return p->requests_in;
}

static uint64_t out_of(const struct diameter_peer_state *p)
{
	return p->requests_out;
}

static uint64_t timeouts_of(const struct diameter_peer_state *p)
{
	return p->timeouts;
}

static uint64_t dropped_of(const struct diameter_peer_state *p)
{
	return p->dropped;
}

static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	peer_figure *figure;
} peer_figures[] = {
	{"symbolon_diameter_peer_open", METRIC_GAUGE, "Whether the peer is connected.", open_of},
	{"symbolon_diameter_outstanding", METRIC_GAUGE,
		"Requests to the peer that it has not answered yet.", outstanding_of},
	{"symbolon_diameter_requests_in_total", METRIC_COUNTER, "Requests from the peer.", in_of},
	{"symbolon_diameter_requests_out_total", METRIC_COUNTER, "Requests to the peer.", out_of},
	{"symbolon_diameter_timeouts_total", METRIC_COUNTER,
		"Requests to the peer that it did not answer in time.", timeouts_of},
	{"symbolon_diameter_dropped_total", METRIC_COUNTER,
		"Answers of the peer that nothing waited for.", dropped_of},
};

void metrics_put_diameter(struct buf *out, const struct diameter_node *node)
{
	struct diameter_peer_state states[PEERS_MAX];
	size_t count = node ? diameter_node_peers(node, states, PEERS_MAX) : 0;

	for (size_t i = 0; count > 0 && i < sizeof(peer_figures) / sizeof(peer_figures[0]); i++) {
		metrics_put_head(out, peer_figures[i].name, peer_figures[i].type,
			peer_figures[i].help);
		for (size_t j = 0; j < count; j++) {
			const struct metric_label peer = {"peer", states[j].host};

			metrics_put(out, peer_figures[i].name, &peer, 1,
				peer_figures[i].figure(&states[j]));
		}
	}
}

/* Listeners */

static struct listener_figures figures_of(const struct metrics_listener *l)
{
	struct listener_figures figures = {.open = 0};

	if (l->listener) {
		listener_figures(l->listener, &figures);
	}
	return figures;
}

static void put_plain(struct buf *out, const struct metrics_listener *l, size_t count,
	const char *name, enum metric_type type, const char *help, size_t offset)
{
	metrics_put_head(out, name, type, help);
	for (size_t i = 0; i < count; i++) {
		struct listener_figures figures = figures_of(&l[i]);
		uint64_t value;

		memcpy(&value, (const char *)&figures + offset, sizeof(value));
		if (l[i].listener) {
			const struct metric_label labels[] = {{"listener", l[i].name},
				{"address", listener_address(l[i].listener)}};

			metrics_put(out, name, labels, 2, value);
		}
	}
}

static void put_versions(struct buf *out, const struct metrics_listener *l)
{
	static const char name[] = "symbolon_handshakes_total";
	struct listener_figures figures = figures_of(l);
	const char *address = listener_address(l->listener);

	for (size_t v = 0; v < LISTENER_VERSIONS; v++) {
		const struct metric_label labels[] = {{"listener", l->name}, {"address", address},
			{"version", listener_version_name(v)}};

		metrics_put(out, name, labels, 3, figures.handshakes[v]);
	}
}

static void put_failures(struct buf *out, const struct metrics_listener *l)
{
	static const char name[] = "symbolon_handshakes_failed_total";
	struct listener_figures figures = figures_of(l);
	const char *address = listener_address(l->listener);

	for (int why = OK + 1; why < ERR_COUNT; why++) {
		const struct metric_label labels[] = {{"listener", l->name}, {"address", address},
			{"reason", err_name((enum err)why)}};

		if (figures.failed[why] > 0) { /* most codes never are a reason */
			metrics_put(out, name, labels, 3, figures.failed[why]);
		}
	}
}

void metrics_put_listeners(struct buf *out, const struct metrics_listener *l, size_t count)
{
	put_plain(out, l, count, "symbolon_connections_open", METRIC_GAUGE,
		"Connections that are open.", offsetof(struct listener_figures, open));
	put_plain(out, l, count, "symbolon_connections_limit", METRIC_GAUGE,
		"How many there may be.", offsetof(struct listener_figures, limit));
	put_plain(out, l, count, "symbolon_connections_total", METRIC_COUNTER,
		"Connections that were taken.", offsetof(struct listener_figures, taken));
	put_plain(out, l, count, "symbolon_connections_refused_total", METRIC_COUNTER,
		"Connections that were closed at once: their address had its share, or memory or "
		"descriptors were short.",
		offsetof(struct listener_figures, refused));
	metrics_put_head(out, "symbolon_handshakes_total", METRIC_COUNTER,
		"TLS handshakes that were finished, by version; none: without TLS.");
	for (size_t i = 0; i < count; i++) {
		if (l[i].listener) {
			put_versions(out, &l[i]);
		}
	}
	metrics_put_head(out, "symbolon_handshakes_failed_total", METRIC_COUNTER,
		"TLS handshakes that failed, by reason.");
	for (size_t i = 0; i < count; i++) {
		if (l[i].listener) {
			put_failures(out, &l[i]);
		}
	}
}

void metrics_unready_listeners(struct buf *out, const struct metrics_listener *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct listener_figures figures = figures_of(&l[i]);

		if (l[i].listener && figures.open >= figures.limit) {
			buf_printf(out, "%s: all of its %llu connections are taken\n", l[i].name,
				(unsigned long long)figures.limit);
		}
	}
}

/* HTTP */

static void put_statuses(struct buf *out, const struct metrics_server *s)
{
	const uint64_t *answers = http_server_answers(s->server);
	char number[8];

	for (unsigned status = 100; status < HTTP_STATUS_END; status++) {
		const struct metric_label labels[] = {{"at", s->name}, {"status", number}};

		(void)snprintf(number, sizeof(number), "%u", status);
		if (answers[status] > 0) {
			metrics_put(out, "symbolon_http_answers_total", labels, 2, answers[status]);
		}
	}
}

void metrics_put_answers(struct buf *out, const struct metrics_server *servers, size_t count)
{
	metrics_put_head(out, "symbolon_http_answers_total", METRIC_COUNTER,
		"Answers over HTTP, by status.");
	for (size_t i = 0; i < count; i++) {
		if (servers[i].server) {
			put_statuses(out, &servers[i]);
		}
	}
}
