// SPDX-License-Identifier: Apache-2.0
#include "gateway/figures.h"

#include "net/metrics.h"

#include <stdlib.h>

static void put_doors(const struct gateway *gateway, struct buf *out,
	void (*put)(struct buf *out, const struct metrics_listener *listeners, size_t count))
{
	struct metrics_listener *doors = calloc(gateway->door_count, sizeof(*doors));

	size_t count = 0;

	for (size_t i = 0; doors && i < gateway->door_count; i++) {
		if (gateway->doors[i].listener) { /* of TCP */
			doors[count++] =
				(struct metrics_listener){"rp_d", gateway->doors[i].listener};
		}
	}
	if (doors) {
		put(out, doors, count);
	}
	free(doors);
}

static void put_applications(const struct gateway *gateway, struct buf *out)
{
	struct metrics_server *servers = calloc(gateway->application_count, sizeof(*servers));

	for (size_t i = 0; servers && i < gateway->application_count; i++) {
		servers[i] = (struct metrics_server){gateway->applications[i].id.text,
			gateway->applications[i].http};
	}
	if (servers) {
		metrics_put_answers(out, servers, gateway->application_count);
	}
	free(servers);
}

void gateway_figures_collect(void *user, struct buf *out)
{
	const struct gateway *gateway = user;

	put_doors(gateway, out, metrics_put_listeners);
	put_applications(gateway, out);
	metrics_put_one(out, "symbolon_requests_under_way", METRIC_GAUGE,
		"Requests that have not been answered.",
		gateway->forwards ? pool_count(gateway->forwards) : 0);
	metrics_put_one(out, "symbolon_relays", METRIC_GAUGE, "Connections in mode tcp.",
		gateway->relays ? pool_count(gateway->relays) : 0);
	metrics_put_one(out, "symbolon_backend_failures_total", METRIC_COUNTER,
		"Times that an application did not answer, or not well.", gateway->backend_failures);
	symapp_collect(gateway->app, out);
}

void gateway_figures_unready(void *user, struct buf *out)
{
	const struct gateway *gateway = user;

	symapp_unready(gateway->app, out);
	put_doors(gateway, out, metrics_unready_listeners);
}
