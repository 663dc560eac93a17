// SPDX-License-Identifier: Apache-2.0
#include "net/monitor.h"

#include "net/http_server.h"

#include <stdlib.h>

enum { ANSWER_MAX = 8 << 20, REASONS_MAX = 16 * 1024, CONNECTIONS = 32 };

struct monitor {
	struct monitor_on on;
	void *user;
	struct http_server *server;
};

static void answer(struct http_request *request, unsigned status, const char *type, struct buf *body)
{
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text(type)},
		{view_text("Cache-Control"), view_text("no-store")},
	};

	if (body->failed) {
		http_answer_problem(request, 500, "more figures than one answer takes");
		return;
	}
	http_answer(request, status, fields, 2, buf_contents(body));
}

static void on_metrics(void *user, struct http_request *request, const struct view *segments)
{
	struct monitor *m = user;
	BUF_CLEANUP struct buf body = buf_growing(ANSWER_MAX);

	(void)segments;
	m->on.collect(m->user, &body);
	answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

static void on_healthz(void *user, struct http_request *request, const struct view *segments)
{
	(void)user;
	(void)segments;
	http_answer_text(request, 200, "text/plain; charset=utf-8", "alive\n");
}

static void on_readyz(void *user, struct http_request *request, const struct view *segments)
{
	struct monitor *m = user;
	BUF_CLEANUP struct buf reasons = buf_growing(REASONS_MAX);

	(void)segments;
	m->on.unready(m->user, &reasons);
	unsigned status = reasons.len > 0 || reasons.failed ? 503 : 200;

	if (status == 200) {
		buf_text(&reasons, "ready\n");
	}
	answer(request, status, "text/plain; charset=utf-8", &reasons);
}

static const struct http_route routes[] = {
	{"GET", "/metrics", NULL, on_metrics},
	{"GET", "/healthz", NULL, on_healthz},
	{"GET", "/readyz", NULL, on_readyz},
};

static void on_request(void *user, struct http_request *request)
{
	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

enum err monitor_open(struct loop *loop, const char *address, const struct monitor_on *on,
	void *user, struct monitor **ret)
{
	const struct http_server_options options = {
		.listen = {.address = address,
			.connections = CONNECTIONS,
			.limits = {.output = ANSWER_MAX + 64 * 1024}},
		.limits = {.head = 8 * 1024, .body = 1024},
	};
	struct monitor *m = calloc(1, sizeof(*m));

	if (!m) {
		return err_fail(ERR_MEMORY, "metrics.listen: out of memory");
	}
	m->on = *on;
	m->user = user;
	enum err err = http_server_open(loop, &options, on_request, m, &m->server);

	if (err != OK) {
		free(m);
		return err;
	}
	*ret = m;
	return OK;
}

const char *monitor_address(const struct monitor *m)
{
	return http_server_address(m->server);
}

void monitor_close(struct monitor *m)
{
	if (m) {
		http_server_close(m->server);
		free(m);
	}
}
