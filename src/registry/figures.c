// SPDX-License-Identifier: Apache-2.0
#include "registry/figures.h"

#include "registry/api/api.h"
#include "registry/ledger/ledger.h"
#include "registry/ledger/queries.h"
#include "registry/peers/peers.h"
#include "registry/realm/rp_d.h"
#include "registry/status/policing.h"
#include "registry/notify/notify.h"

enum { LISTENERS = 3 };

static void name_listeners(const struct registry *registry, struct metrics_listener ret[LISTENERS])
{
	ret[0] = (struct metrics_listener){"api", api_listener(registry->api, API_HTTPS)};
	ret[1] = (struct metrics_listener){"api_socket", api_listener(registry->api, API_SOCKET)};
	ret[2] = (struct metrics_listener){"rp_d", realm_door_listener(registry->realm)};
}

void registry_collect(void *user, struct buf *out)
{
	const struct registry *registry = user;
	struct metrics_listener listeners[LISTENERS];

	name_listeners(registry, listeners);
	ledger_put_metrics(registry->ledger, out);
	policing_put_metrics(registry->policing, out);
	queries_put_metrics(registry, out);
	notify_put_metrics(registry, out);
	metrics_put_one(out, "symbolon_registry_calls", METRIC_GAUGE,
		"Requests that have not been answered.",
		registry->calls ? pool_count(registry->calls) : 0);
	realm_door_collect(registry->realm, out);
	peers_put_metrics(registry, out);
	metrics_put_listeners(out, listeners, LISTENERS);
	api_put_answers(registry->api, out);
	store_put_metrics(registry->store, out);
	keeper_put_metrics(registry->keeper, out);
}

void registry_unready(void *user, struct buf *out)
{
	const struct registry *registry = user;
	struct metrics_listener listeners[LISTENERS];

	name_listeners(registry, listeners);
	metrics_unready_listeners(out, listeners, LISTENERS);
	realm_door_unready(registry->realm, out);
	peers_unready(registry, out);
	if (store_is_away(registry->store)) {
		buf_text(out, "store: the database failed lately\n");
	}
}
