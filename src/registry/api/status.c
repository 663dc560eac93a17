// SPDX-License-Identifier: Apache-2.0
#include "registry/api/status.h"

#include "registry/peers/peers.h"

static void put_store(struct json_writer *w, const struct registry *registry)
{
	struct store_figures figures;

	store_figures(registry->store, &figures);
	json_open(w, "store");
	json_put_int(w, "units", (int64_t)figures.units);
	json_put_int(w, "commits", (int64_t)figures.commits);
	json_put_int(w, "replays", (int64_t)figures.replays);
	json_put_int(w, "failures", (int64_t)figures.failures);
	json_put_int(w, "waiting", (int64_t)figures.waiting);
	json_close(w);
}

enum err status_show(struct call *call)
{
	const struct registry *registry = call->registry;
	struct json_writer w = json_to(&call->reply);

	json_open(&w, NULL);
	json_put_text(&w, "registry", reg_id_view(&registry->id));
	json_put_string(&w, "type", registry_type_name(registry->type));
	json_put_string(&w, "node", registry->conf->node_host);
	json_put_string(&w, "version", SYMBOLON_VERSION);
	json_put_int(&w, "uptime", registry_now(registry) / 1000 - registry->started);
	json_put_int(&w, "log_size", ledger_size(registry->ledger));
	put_store(&w, registry);
	peers_put_status(registry, &w);
	json_close(&w);
	call_answer(call, 200);
	return OK;
}
