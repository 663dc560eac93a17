// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "net/daemon.h"
#include "registry/api/api.h"
#include "registry/enquiry/enquiry.h"
#include "registry/devices/devices.h"
#include "registry/figures.h"
#include "registry/keys.h"
#include "registry/ledger/ledger.h"
#include "registry/ledger/queries.h"
#include "registry/realm/coap.h"
#include "registry/realm/rp_d.h"
#include "registry/owners/owners.h"
#include "registry/notify/notify.h"
#include "registry/peers/peers.h"
#include "registry/schema.h"
#include "registry/set_up/set_up.h"
#include "registry/status/policing.h"
#include "store/ring.h"

enum { ROWS_MAX = 100000 };

static enum err start_names(void *program, struct loop *loop)
{
	struct registry *registry = program;
	const struct registry_conf *conf = registry->conf;

	registry->loop = loop;
	registry->started = registry_now(registry) / 1000;
	registry->type = REGISTRY_GEOGRAPHICAL + (unsigned)conf->type;
	TRY(reg_id_parse(view_text(conf->id), &registry->id));
	return reg_id_level(&registry->id) == registry_type_level(registry->type)
		       ? OK
		       : err_fail(ERR_CONFIG,
				 "registry.id: a %s registry has %zu labels (Y.3059 9.1 i)",
				 registry_type_name(registry->type),
				 registry_type_level(registry->type));
}

static void stop_names(void *program)
{
	(void)program;
}

static enum err seal_record_again(void *user, struct view key, struct view sealed, uint64_t ref)
{
	struct registry *registry = user;
	BUF_CLEANUP struct buf again = buf_growing(sealed.len + SEAL_OVERHEAD);

	(void)key;
	TRY(seal_again(registry->ring, LEDGER_PLACE, sealed, &again));
	keeper_sealed_again(registry->keeper, ref, OK, buf_contents(&again));
	return OK;
}

static enum err open_keeper(struct registry *registry)
{
	static const struct keeper_table tables[] = {
		{.place = "setting/record/", .page = PAGE_SETTINGS, .replace = REPLACE_SETTING},
		{.place = "party/details/", .page = PAGE_PARTIES, .replace = REPLACE_PARTY},
		{.place = "query_batch/body/",
			.page = PAGE_QUERY_BATCHES,
			.replace = REPLACE_QUERY_BATCH},
		{.place = OWNER_PLACE, .page = PAGE_OWNERS, .replace = REPLACE_OWNER},
		{.place = "subscription/body/",
			.page = PAGE_SUBSCRIPTIONS,
			.replace = REPLACE_SUBSCRIPTION},
		{.place = "vulnerability/document/",
			.page = PAGE_DOCUMENTS,
			.replace = REPLACE_DOCUMENT},
		{.page = PAGE_RECORDS, .replace = REPLACE_RECORD, .asked = true},
	};
	const struct keeper_options options = {
		.store = registry->store,
		.rings = {registry->ring},
		.tables = tables,
		.table_count = sizeof(tables) / sizeof(tables[0]),
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.drop = DROP_DATA_KEYS,
		.again = seal_record_again,
		.user = registry,
	};

	return keeper_open(registry->loop, &options, &registry->keeper);
}

/* Results may come until the store is closed: what is asked of it has the registry as its user, and finds the rest in pools
 * that are NULL by then. */
static enum err start_store(void *program, struct loop *loop)
{
	struct registry *registry = program;
	const struct store_options options = {.url = registry->conf->store_url, .rows = ROWS_MAX};
	const struct ring_options ring = {
		.master_key = registry->conf->master_key,
		.old_master_key = registry->conf->old_master_key,
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.update = SET_DATA_KEY,
	};

	TRY(store_open(loop, &options, &registry_schema, &registry->store));
	TRY(ring_open(registry->store, loop_env(loop), &ring, &registry->ring));
	TRY(open_keeper(registry));
	TRY(keys_start_up(registry));
	return ledger_start_up(registry);
}

static void stop_store(void *program)
{
	struct registry *registry = program;

	store_close(registry->store);
	peers_shut_down(registry);
	ledger_shut_down(registry);
	keeper_close(registry->keeper);
	keys_shut_down(registry);
	seal_ring_free(registry->ring);
}

/* A part of one name: NAME_start_up(registry) and NAME_shut_down(registry). */
#define PART(name)                                                                                 \
	static enum err start_##name(void *program, struct loop *loop)                             \
	{                                                                                          \
		(void)loop;                                                                        \
		return name##_start_up(program);                                                   \
	}                                                                                          \
	static void stop_##name(void *program)                                                     \
	{                                                                                          \
		ledger_be_quiet(program); /* also when a later part did not start */               \
		name##_shut_down(program);                                                         \
	}
PART(set_up)
PART(queries)
PART(policing)
PART(enquiry)
PART(devices)
PART(owners)
/* Before the API, so that it goes after it: who asked at this door is still answered then. */
PART(realm_door)
PART(coap_door)
PART(api)
PART(notify)

static enum err start_peers(void *program, struct loop *loop)
{
	(void)loop;
	return peers_start_up(program);
}

static void stop_peers(void *program)
{
	peers_be_quiet(program);
}

/* Last to start, first to stop: then nobody is woken who is being stopped. */
static enum err start_log(void *program, struct loop *loop)
{
	(void)program;
	(void)loop;
	return OK;
}

static void stop_log(void *program)
{
	ledger_be_quiet(program);
}

static const struct daemon_part parts[] = {
	{"names", start_names, stop_names},
	{"store", start_store, stop_store},
	{"set-up", start_set_up, stop_set_up},
	{"queries", start_queries, stop_queries},
	{"enquiry", start_enquiry, stop_enquiry},
	{"devices", start_devices, stop_devices},
	{"status", start_policing, stop_policing},
	{"realm", start_realm_door, stop_realm_door},
	{"coap", start_coap_door, stop_coap_door},
	{"owners", start_owners, stop_owners},
	{"api", start_api, stop_api},
	{"notify", start_notify, stop_notify},
	{"peers", start_peers, stop_peers},
	{"log", start_log, stop_log},
};

static void on_reload(void *program, const void *new_conf)
{
	struct registry *registry = program;
	const struct registry_conf *conf = new_conf;

	registry->conf->checkpoint_interval = conf->checkpoint_interval;
	registry->conf->queries_interval = conf->queries_interval;
	registry->conf->queries_keep = conf->queries_keep;
	devices_reload(registry, conf);
	owners_reload(registry, conf);
	enquiry_reload(registry, conf);
	notify_reload(registry, conf);
	if (policing_reload(registry) != OK) {
		log_event(LOG_ERROR, "status.policy.not_reloaded", "", LOG_DETAIL());
	}
	if (api_admit(registry, conf) != OK) {
		log_event(LOG_ERROR, "api.not_reloaded", "", LOG_DETAIL());
	}
}

static enum err on_copy(void *program, file_copied *done, void *user)
{
	struct registry *registry = program;

	return store_copy(registry->store, registry->conf->node_host, done, user);
}

static enum err on_restore(const void *conf, const char *from, int64_t at)
{
	const struct registry_conf *c = conf;

	return from ? store_restore(c->store_url, &registry_schema, c->node_host, from)
		    : store_mark_restored(c->store_url, &registry_schema, c->node_host, at);
}

static enum err on_rotate(void *program, admin_done *done, void *user)
{
	struct registry *registry = program;

	return keeper_rotate(registry->keeper, done, user);
}

static void on_keys(void *program, struct json_writer *w)
{
	struct registry *registry = program;

	keeper_put_state(registry->keeper, w);
}

static void on_ready(void *program, struct json_writer *w)
{
	struct registry *registry = program;

	json_put_text(w, "registry", reg_id_view(&registry->id));
	json_put_string(w, "api", api_address(registry->api));
	json_put_string(w, "api_socket", registry->conf->api_socket);
	json_put_string(w, "rp_d", realm_door_address(registry->realm));
	json_put_string(w, "coap", coap_door_address(registry));
}

const struct daemon_program registry_program = {
	.name = "symbolon-registry",
	.summary = "a trust registry for devices (Y.3059): primary, sectoral or geographical",
	.options = registry_options,
	.conf_size = sizeof(struct registry_conf),
	.parts = parts,
	.part_count = sizeof(parts) / sizeof(parts[0]),
	.program_size = sizeof(struct registry),
	.reload = on_reload,
	.ready = on_ready,
	.copy = on_copy,
	.restore = on_restore,
	.rotate = on_rotate,
	.keys = on_keys,
	.collect = registry_collect,
	.unready = registry_unready,
	.node_name_offset = offsetof(struct registry_conf, node_host),
	.log_level_offset = offsetof(struct registry_conf, log_level),
	.metrics_offset = offsetof(struct registry_conf, metrics_listen),
	.admin_offset = offsetof(struct registry_conf, admin_socket),
	.drain_offset = offsetof(struct registry_conf, drain),
};
