// SPDX-License-Identifier: Apache-2.0
#include "authz/authz.h"

#include "authz/change/change.h"
#include "authz/figures.h"
#include "authz/keys.h"
#include "authz/mapping.h"
#include "authz/api/api.h"
#include "authz/api/call.h"
#include "authz/rp_b.h"
#include "authz/schema.h"
#include "authz/sessions.h"
#include "base/log.h"
#include "net/daemon.h"
#include "store/ring.h"
#include "wire/json.h"

const struct conf_option authz_options[] = CONF_TABLE(authz_conf, AUTHZ_OPTIONS);

static enum err start_names(void *program, struct loop *loop)
{
	struct authz *authz = program;

	authz->loop = loop;
	authz->started = env_wall(loop_env(loop));
	TRY(ident_parse(IDENT_FQDN, view_text(authz->conf->node_host), &authz->node));
	return ident_parse(IDENT_FQDN, view_text(authz->conf->node_realm), &authz->realm);
}

static void stop_names(void *program)
{
	(void)program;
}

static enum err start_figures(void *program, struct loop *loop)
{
	(void)loop;
	return authz_figures_start_up(program);
}

static void stop_figures(void *program)
{
	authz_figures_shut_down(program);
}

static enum err open_ring(struct authz *authz, struct seal_ring **ret)
{
	const struct ring_options options = {
		.master_key = authz->conf->master_key,
		.old_master_key = authz->conf->old_master_key,
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.update = SET_DATA_KEY,
	};

	return ring_open(authz->store, loop_env(authz->loop), &options, ret);
}

static enum err start_store(void *program, struct loop *loop)
{
	struct authz *authz = program;
	const struct store_options options = {.url = authz->conf->store_url, .rows = CALL_ROWS_MAX};

	TRY(store_open(loop, &options, &authz_schema, &authz->store));
	return open_ring(authz, &authz->ring);
}

static void stop_store(void *program)
{
	struct authz *authz = program;

	store_close(authz->store);
	keeper_close(authz->keeper);
	seal_ring_free(authz->ring);
	secret_wipe(&authz->realm_secret);
}

static void on_sealed_again(void *user, uint64_t ref, const struct vault_answer *answer)
{
	struct authz *authz = user;

	keeper_sealed_again(authz->keeper, ref, answer->err,
		view_of(answer->sealed, answer->sealed_len));
}

static enum err seal_key_again(void *user, struct view client, struct view sealed, uint64_t ref)
{
	struct authz *authz = user;

	return vault_seal_again(authz->vault, client, sealed, on_sealed_again, authz, ref);
}

/* Long-term keys are sealed anew by the vault. */
static enum err open_keeper(struct authz *authz)
{
	static const struct keeper_table tables[] = {
		{.place = "setting/record/", .page = PAGE_SETTINGS, .replace = REPLACE_SETTING},
		{.place = "subscriber/record/",
			.page = PAGE_SUBSCRIBERS,
			.replace = REPLACE_SUBSCRIBER},
		{.place = "audit/detail/", .page = PAGE_AUDIT, .replace = REPLACE_AUDIT},
		{.place = "notice/detail/", .page = PAGE_NOTICES, .replace = REPLACE_NOTICE},
		{.place = "asp_application/contact/",
			.page = PAGE_CONTACTS,
			.replace = REPLACE_CONTACT},
		{.place = "device/pseudonyms/",
			.page = PAGE_PSEUDONYMS,
			.replace = REPLACE_PSEUDONYMS},
		{.place = "idempotency/answer/", .page = PAGE_ANSWERS, .replace = REPLACE_ANSWER},
		{.page = PAGE_KEYS, .replace = REPLACE_KEY, .asked = true},
		{.page = PAGE_NEXT_KEYS, .replace = REPLACE_NEXT_KEY, .asked = true},
	};
	const struct keeper_options options = {
		.store = authz->store,
		.rings = {authz->ring, authz->vault_ring},
		.tables = tables,
		.table_count = sizeof(tables) / sizeof(tables[0]),
		.select = DATA_KEYS,
		.insert = ADD_DATA_KEY,
		.drop = DROP_DATA_KEYS,
		.again = seal_key_again,
		.user = authz,
	};

	return keeper_open(authz->loop, &options, &authz->keeper);
}

/* Key management (9.2.1) and mapping (9.2.2). The vault has a ring of its own. */
static enum err start_functions(void *program, struct loop *loop)
{
	struct authz *authz = program;

	TRY(open_ring(authz, &authz->vault_ring));
	TRY(vault_new(loop, authz->vault_ring, (size_t)authz->conf->questions * 2, &authz->vault));
	TRY(open_keeper(authz));
	TRY(keys_start_up(authz));
	TRY(mapping_start_up(authz));
	return rp_b_serve(authz);
}

static void stop_functions(void *program)
{
	struct authz *authz = program;

	vault_free(authz->vault);
	keys_shut_down(authz);
	mapping_shut_down(authz);
}

static enum err start_changes(void *program, struct loop *loop)
{
	(void)loop;
	TRY(change_start_up(program));
	return key_updates_start_up(program);
}

static void stop_changes(void *program)
{
	change_shut_down(program);
}

static enum err start_diameter(void *program, struct loop *loop)
{
	static const uint32_t applications[] = {DIAMETER_ZH, DIAMETER_NASREQ};
	static const struct diameter_handler handlers[] = {
		{DIAMETER_ZH, DIAMETER_MAR, rp_b_on_mar},
		{DIAMETER_ZH, DIAMETER_KUR, key_updates_on_request},
		{DIAMETER_NASREQ, DIAMETER_AAR, rp_b_on_aar},
	};
	struct authz *authz = program;

	TRY(node_diameter_prepare(NODE_DIAMETER(authz->conf), &authz->diameter_setup));
	authz->diameter_setup.options.applications = applications;
	authz->diameter_setup.options.application_count =
		sizeof(applications) / sizeof(applications[0]);
	authz->diameter_setup.options.peer_changed = sessions_on_peer;
	TRY(diameter_node_open(loop, &authz->diameter_setup.options, handlers,
		sizeof(handlers) / sizeof(handlers[0]), authz, &authz->diameter));
	return sessions_start_up(authz);
}

static void stop_diameter(void *program)
{
	struct authz *authz = program;

	rp_b_stop_serving(authz);
	key_updates_shut_down(authz);
	sessions_shut_down(authz);
	if (authz->diameter) {
		diameter_node_close(authz->diameter);
		authz->diameter = NULL;
	}
	node_diameter_release(&authz->diameter_setup);
}

static enum err start_api(void *program, struct loop *loop)
{
	(void)loop;
	return api_start_up(program);
}

static void stop_api(void *program)
{
	api_shut_down(program);
}

static void on_reload(void *program, const void *new_conf)
{
	struct authz *authz = program;
	const struct authz_conf *conf = new_conf;

	authz->conf->key_lifetime = conf->key_lifetime;
	authz->conf->change_approval = conf->change_approval;
	authz->conf->change_verification = conf->change_verification;
	authz->conf->change_open = conf->change_open;
	authz->conf->change_consent = conf->change_consent;
	authz->conf->change_retry = conf->change_retry;
	authz->conf->import_failures = conf->import_failures;
	authz->conf->asp_certificate_lifetime = conf->asp_certificate_lifetime;
	authz->conf->asp_approval = conf->asp_approval;
	authz->conf->asp_claim_lifetime = conf->asp_claim_lifetime;
	authz->conf->asp_waiting = conf->asp_waiting;
	authz->conf->application_approval = conf->application_approval;
	authz->conf->application_proof = conf->application_proof;
	authz->conf->application_proof_port = conf->application_proof_port;
	authz->conf->application_proof_private = conf->application_proof_private;
	authz->conf->portal_session = conf->portal_session;
	authz->conf->portal_sessions = conf->portal_sessions;
	authz->conf->portal_attempts = conf->portal_attempts;
	authz->conf->portal_lockout = conf->portal_lockout;
	authz->conf->portal_sign_ins = conf->portal_sign_ins;
	authz->conf->portal_code_lifetime = conf->portal_code_lifetime;
	authz->conf->extension_approval = conf->extension_approval;
	authz->conf->extension_verification = conf->extension_verification;
	authz->conf->extension_devices = conf->extension_devices;
	authz->conf->extension_lifetime = conf->extension_lifetime;
	authz->conf->extension_jwt_lifetime = conf->extension_jwt_lifetime;
	if (api_admit(authz, &conf->operators) != OK) {
		log_event(LOG_ERROR, "operator.not_reloaded", "", LOG_DETAIL());
	}
}

static enum err on_copy(void *program, file_copied *done, void *user)
{
	struct authz *authz = program;

	return store_copy(authz->store, authz->node.text, done, user);
}

static enum err on_restore(const void *conf, const char *from, int64_t at)
{
	const struct authz_conf *c = conf;

	return from ? store_restore(c->store_url, &authz_schema, c->node_host, from)
		    : store_mark_restored(c->store_url, &authz_schema, c->node_host, at);
}

static enum err on_rotate(void *program, admin_done *done, void *user)
{
	struct authz *authz = program;

	return keeper_rotate(authz->keeper, done, user);
}

static void on_keys(void *program, struct json_writer *w)
{
	struct authz *authz = program;

	keeper_put_state(authz->keeper, w);
}

static void on_ready(void *program, struct json_writer *w)
{
	struct authz *authz = program;

	json_put_string(w, "rp_b", diameter_node_address(authz->diameter));
	json_put_string(w, "rp_b_plain", diameter_node_plain_address(authz->diameter));
	json_put_string(w, "operator",
		authz->operator_https ? http_server_address(authz->operator_https) : "");
	json_put_string(w, "portal", authz->portal ? http_server_address(authz->portal) : "");
	json_put_string(w, "operator_socket", authz->conf->operator_socket);
	json_put_string(w, "change",
		authz->changes->door ? http_server_address(authz->changes->door) : "");
}

static const struct daemon_part parts[] = {
	{"names", start_names, stop_names},
	{"figures", start_figures, stop_figures},
	{"store", start_store, stop_store},
	{"functions", start_functions, stop_functions},
	{"changes", start_changes, stop_changes},
	{"diameter", start_diameter, stop_diameter},
	{"api", start_api, stop_api},
};

const struct daemon_program authz_program = {
	.name = "symbolon-authz",
	.summary = "the authorization element of a Y.3056 realm: keys, subscribers, devices, ASPs, "
		   "permissions",
	.options = authz_options,
	.conf_size = sizeof(struct authz_conf),
	.parts = parts,
	.part_count = sizeof(parts) / sizeof(parts[0]),
	.program_size = sizeof(struct authz),
	.reload = on_reload,
	.ready = on_ready,
	.copy = on_copy,
	.restore = on_restore,
	.rotate = on_rotate,
	.keys = on_keys,
	.collect = authz_figures_collect,
	.unready = authz_figures_unready,
	.node_name_offset = offsetof(struct authz_conf, node_host),
	.log_level_offset = offsetof(struct authz_conf, log_level),
	.metrics_offset = offsetof(struct authz_conf, metrics_listen),
	.admin_offset = offsetof(struct authz_conf, admin_socket),
	.drain_offset = offsetof(struct authz_conf, drain),
};
