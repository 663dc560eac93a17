// SPDX-License-Identifier: Apache-2.0
#include "authn/authn.h"

#include "authn/announcement.h"
#include "authn/bootstrap.h"
#include "authn/document.h"
#include "authn/elements.h"
#include "authn/figures.h"
#include "authn/key_update.h"
#include "authn/revocation.h"
#include "authn/rp_a.h"
#include "authn/rp_a_diameter.h"
#include "authn/rp_a_https.h"
#include "authn/rp_b.h"
#include "authn/rp_c.h"
#include "authn/schema.h"
#include "authn/tokens.h"
#include "net/daemon.h"
#include "wire/json.h"
#include "wire/realm_document.h"

const struct conf_option document_node_options[] =
	CONF_TABLE(document_node_conf, DOCUMENT_NODE_OPTIONS);
const struct conf_option authn_options[] = CONF_TABLE(authn_conf, AUTHN_OPTIONS);

static enum err start_names(void *program, struct loop *loop)
{
	struct authn *authn = program;

	authn->loop = loop;
	TRY(ident_parse(IDENT_FQDN, view_text(authn->conf->node_host), &authn->node));
	return ident_parse(IDENT_FQDN, view_text(authn->conf->node_realm), &authn->realm);
}

static void stop_names(void *program)
{
	(void)program;
}

static enum err start_figures(void *program, struct loop *loop)
{
	(void)loop;
	return authn_figures_start_up(program);
}

static void stop_figures(void *program)
{
	authn_figures_shut_down(program);
}

static enum err start_tokens(void *program, struct loop *loop)
{
	(void)loop;
	return tokens_start_up(program);
}

static void stop_tokens(void *program)
{
	tokens_shut_down(program);
}

static enum err start_pools(void *program, struct loop *loop)
{
	(void)loop;
	TRY(rp_b_start_up(program));
	TRY(rp_a_start_up(program));
	TRY(revocation_start_up(program));
	TRY(key_update_start_up(program));
	return bootstrap_start_up(program);
}

static void stop_pools(void *program)
{
	rp_b_shut_down(program);
}

/* RP_B and RP_A: one Diameter node, one Origin-Host. */
static enum err start_diameter(void *program, struct loop *loop)
{
	static const uint32_t applications[] = {DIAMETER_ZH, DIAMETER_ZN, DIAMETER_NASREQ};
	static const struct diameter_handler handlers[] = {
		{DIAMETER_ZN, DIAMETER_BIR, rp_a_diameter_on_pull},
		{DIAMETER_ZN, DIAMETER_RPR, rp_a_diameter_on_announcement},
		{DIAMETER_NASREQ, DIAMETER_ASR, revocation_on_asr},
		{DIAMETER_NASREQ, DIAMETER_RAR, revocation_on_rar},
	};
	struct authn *authn = program;

	TRY(node_diameter_prepare(NODE_DIAMETER(authn->conf), &authn->diameter_setup));
	authn->diameter_setup.options.applications = applications;
	authn->diameter_setup.options.application_count =
		sizeof(applications) / sizeof(applications[0]);
	authn->diameter_setup.options.peer_changed = rp_a_diameter_on_peer_changed;
	return diameter_node_open(loop, &authn->diameter_setup.options, handlers,
		sizeof(handlers) / sizeof(handlers[0]), authn, &authn->diameter);
}

static void stop_diameter(void *program)
{
	struct authn *authn = program;

	revocation_shut_down(authn);
	rp_a_shut_down(authn);
	if (authn->diameter) {
		diameter_node_close(authn->diameter);
		authn->diameter = NULL;
	}
	node_diameter_release(&authn->diameter_setup);
}

/* RP_C */
static const struct http_route routes[] = {{"GET", "/", NULL, bootstrap_on_request},
	{"POST", "/key-update", NULL, key_update_on_request},
	{"GET", REALM_DOCUMENT_PATH, NULL, document_on_request}};

static void on_request(void *user, struct http_request *request)
{
	http_route(routes, sizeof(routes) / sizeof(routes[0]), user, request);
}

static enum err open_rp_c(struct authn *authn, const char *address, struct tls *tls,
	struct http_server **ret)
{
	const struct authn_conf *conf = authn->conf;
	const struct http_server_options options = {
		.listen = {.address = address,
			.tls = tls,
			.connections = (size_t)conf->rp_c_connections,
			.connections_per_address = (size_t)conf->rp_c_per_address},
		.limits = {.head = 8 * 1024, .body = 16 * 1024},
		.head_ms = conf->rp_c_head,
		.idle_ms = conf->rp_c_idle,
		.name = RP_C_PRODUCTS,
	};

	return address[0] ? http_server_open(authn->loop, &options, on_request, authn, ret) : OK;
}

static enum err start_rp_c(void *program, struct loop *loop)
{
	struct authn *authn = program;
	const struct authn_conf *conf = authn->conf;
	const struct tls_files files = {conf->rp_c_certificate, conf->rp_c_key,
		conf->rp_c_authority};

	(void)loop;
	TRY(tls_server(&files, authn->conf->rp_c_certificates ? TLS_PEERS_SHOWN : TLS_PEERS_NONE,
		&authn->rp_c_tls));
	TRY(open_rp_c(authn, conf->rp_c_listen, authn->rp_c_tls, &authn->rp_c));
	return open_rp_c(authn, conf->rp_c_listen_plain, NULL, &authn->rp_c_plain);
}

static void stop_rp_c(void *program)
{
	struct authn *authn = program;

	bootstrap_shut_down(authn);
	key_update_shut_down(authn);
	http_server_close(authn->rp_c);
	http_server_close(authn->rp_c_plain);
	tls_free(authn->rp_c_tls);
}

static enum err start_rp_a_https(void *program, struct loop *loop)
{
	(void)loop;
	return rp_a_https_start_up(program);
}

static void stop_rp_a_https(void *program)
{
	rp_a_https_shut_down(program);
}

/* Last: it tells where all of this listens. */
static enum err start_document(void *program, struct loop *loop)
{
	(void)loop;
	return document_start_up(program);
}

static void stop_document(void *program)
{
	document_shut_down(program);
}

static void on_reload(void *program, const void *new_conf)
{
	struct authn *authn = program;
	const struct authn_conf *conf = new_conf;

	authn->conf->challenge_lifetime = conf->challenge_lifetime;
	authn->conf->lifetime = conf->lifetime;
	authn->conf->bootstraps_per_address = conf->bootstraps_per_address;
	authn->conf->starts_per_identity = conf->starts_per_identity;
	authn->conf->starts_per_address = conf->starts_per_address;
	authn->conf->push_wait = conf->push_wait;
	authn->conf->element_check = conf->element_check;
	document_reload(authn, conf);
}

static enum err on_copy(void *program, file_copied *done, void *user)
{
	struct authn *authn = program;

	return store_copy(authn->store, authn->node.text, done, user);
}

static enum err on_restore(const void *conf, const char *from, int64_t at)
{
	const struct authn_conf *c = conf;

	return from ? store_restore(c->store_url, &authn_schema, c->node_host, from)
		    : store_mark_restored(c->store_url, &authn_schema, c->node_host, at);
}

static enum err on_rotate(void *program, admin_done *done, void *user)
{
	struct authn *authn = program;

	return keeper_rotate(authn->keeper, done, user);
}

static void on_keys(void *program, struct json_writer *w)
{
	struct authn *authn = program;

	keeper_put_state(authn->keeper, w);
}

static void on_ready(void *program, struct json_writer *w)
{
	struct authn *authn = program;

	json_put_string(w, "rp_c", authn->rp_c ? http_server_address(authn->rp_c) : "");
	json_put_string(w, "rp_c_plain",
		authn->rp_c_plain ? http_server_address(authn->rp_c_plain) : "");
	json_put_string(w, "rp_a", diameter_node_address(authn->diameter));
	json_put_string(w, "rp_a_https",
		authn->rp_a_https ? http_server_address(authn->rp_a_https) : "");
	json_put_string(w, "rp_a_plain", diameter_node_plain_address(authn->diameter));
}

static const struct daemon_part parts[] = {
	{"names", start_names, stop_names},
	{"figures", start_figures, stop_figures},
	{"tokens", start_tokens, stop_tokens},
	{"transactions", start_pools, stop_pools},
	{"diameter", start_diameter, stop_diameter},
	{"rp_c", start_rp_c, stop_rp_c},
	{"rp_a_https", start_rp_a_https, stop_rp_a_https},
	{"document", start_document, stop_document},
};

const struct daemon_program authn_program = {
	.name = "symbolon-authn",
	.summary = "the authentication element of a Y.3056 realm: RP_C for devices, RP_A for "
		   "applications",
	.options = authn_options,
	.conf_size = sizeof(struct authn_conf),
	.parts = parts,
	.part_count = sizeof(parts) / sizeof(parts[0]),
	.program_size = sizeof(struct authn),
	.reload = on_reload,
	.ready = on_ready,
	.copy = on_copy,
	.restore = on_restore,
	.rotate = on_rotate,
	.keys = on_keys,
	.collect = authn_figures_collect,
	.unready = authn_figures_unready,
	.node_name_offset = offsetof(struct authn_conf, node_host),
	.log_level_offset = offsetof(struct authn_conf, log_level),
	.metrics_offset = offsetof(struct authn_conf, metrics_listen),
	.admin_offset = offsetof(struct authn_conf, admin_socket),
	.drain_offset = offsetof(struct authn_conf, drain),
};
