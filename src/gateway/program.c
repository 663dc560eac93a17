// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "base/log.h"
#include "gateway/announce.h"
#include "gateway/credentials.h"
#include "gateway/figures.h"
#include "gateway/forward.h"
#include "gateway/guests.h"
#include "gateway/realm.h"
#include "gateway/relay.h"
#include "gateway/rp_d.h"
#include "gateway/sessions.h"
#include "wire/json.h"
#include "wire/realm_document.h"

#include <stdlib.h>
#include <string.h>

const struct conf_option application_options[] = CONF_TABLE(application_conf, APPLICATION_OPTIONS);
const struct conf_option rp_a_node_options[] = CONF_TABLE(rp_a_node_conf, RP_A_NODE_OPTIONS);
const struct conf_option gateway_options[] = CONF_TABLE(gateway_conf, GATEWAY_OPTIONS);

enum err gateway_check_application(const char *text)
{
	struct ident id;

	TRY(ident_parse(IDENT_APPLICATION, view_text(text), &id));
	return ident_host_of(&id).len > 0
		       ? OK
		       : err_fail(ERR_CONFIG, "RP_D: it names no host that TLS could ask for");
}

enum err gateway_check_group(const char *text)
{
	struct ident id;

	return text[0] ? ident_parse(IDENT_APPLICATION, view_text(text), &id) : OK;
}

enum err gateway_check_address(const char *text)
{
	return text[0] ? address_check(text) : OK;
}

uint16_t gateway_coap_suite(const struct gateway_conf *conf)
{
	static const uint16_t suites[] = {0xc0a8, 0x00a8, 0xccac, 0x00aa}; /* as in the option */

	return suites[conf->coap_suite];
}

/* Applications, and the addresses that they share */

enum { COAP = 2 }; /* the mode's place in the option */

/* Mode coap is a way in of its own. */
static enum application_access access_of(const struct application_conf *conf)
{
	return conf->mode == COAP ? ACCESS_COAP : (enum application_access)conf->access;
}

static struct door *door_of(struct gateway *gateway, const struct application_conf *conf)
{
	for (size_t i = 0; i < gateway->door_count; i++) {
		const struct door *door = &gateway->doors[i];
		bool is_udp = door->access == ACCESS_COAP;

		if (strcmp(door->address, conf->listen) == 0 && is_udp == (conf->mode == COAP)) {
			return &gateway->doors[i];
		}
	}
	struct door *door = &gateway->doors[gateway->door_count++];

	*door = (struct door){.gateway = gateway,
		.address = conf->listen,
		.access = access_of(conf),
		.certificate = conf->certificate,
		.key = conf->key};
	return door;
}

/* What one address can be. */
static enum err check_door(const struct application *a, const struct application_conf *conf)
{
	const struct door *door = a->door;

	if (door->access != a->access) {
		return err_fail(ERR_CONFIG,
			"applications: %s: another access is at %s; give it "
			"an address of its own",
			a->id.text, door->address);
	}
	if (a->access == ACCESS_COAP && conf->access != 0) {
		return err_fail(ERR_CONFIG, "applications: %s: access digest is for mode http",
			a->id.text);
	}
	if (a->access != ACCESS_DIGEST) {
		return OK;
	}
	if (a->mode != MODE_HTTP) {
		return err_fail(ERR_CONFIG, "applications: %s: access digest is for mode http",
			a->id.text);
	}
	if (!conf->certificate[0] || !conf->key[0]) {
		return err_fail(ERR_CONFIG,
			"applications: %s: access digest needs a certificate and its key",
			a->id.text);
	}
	return strcmp(door->certificate, conf->certificate) == 0 && strcmp(door->key, conf->key) == 0
		       ? OK
		       : err_fail(ERR_CONFIG,
				 "applications: %s: another certificate is at %s; one for all "
				 "its names, or an address of its own",
				 a->id.text, door->address);
}

static enum err check_distinct(const struct gateway *gateway, const struct application *a)
{
	for (const struct application *other = gateway->applications; other < a; other++) {
		if (other->door == a->door && strcmp(other->host, a->host) == 0) {
			return err_fail(ERR_CONFIG,
				"applications: %s and %s have the same host and address: "
				"TLS cannot tell them apart",
				other->id.text, a->id.text);
		}
	}
	return OK;
}

/* "none": nothing is told. */
static const char *told_in(const char *field)
{
	return strcmp(field, "none") == 0 ? NULL : field;
}

static enum err start_names(void *program, struct loop *loop)
{
	struct gateway *gateway = program;
	const struct application_conf *conf = gateway->conf->applications.items;
	size_t count = gateway->conf->applications.count;

	gateway->loop = loop;
	gateway->applications = calloc(count, sizeof(*gateway->applications));
	gateway->doors = calloc(count, sizeof(*gateway->doors));
	if (!gateway->applications || !gateway->doors) {
		return err_fail(ERR_MEMORY, "applications: out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		struct application *a = &gateway->applications[i];

		*a = (struct application){.gateway = gateway,
			.mode = (enum application_mode)conf[i].mode,
			.access = access_of(&conf[i]),
			.proxy = (enum application_proxy)conf[i].proxy,
			.backend = conf[i].backend,
			.address = conf[i].address,
			.fields = {told_in(conf[i].field_pseudonym), told_in(conf[i].field_expires),
				told_in(conf[i].field_application), told_in(conf[i].field_degree),
				told_in(conf[i].field_rights), told_in(conf[i].field_attributes)},
			.door = door_of(gateway, &conf[i])};
		TRY(ident_parse(IDENT_APPLICATION, view_text(conf[i].id), &a->id));
		TRY(ident_parse(IDENT_APPLICATION,
			view_text(conf[i].group[0] ? conf[i].group : conf[i].id), &a->group));
		struct view host = ident_host_of(&a->id);

		memcpy(a->host, host.data, host.len);
		TRY(check_distinct(gateway, a));
		TRY(check_door(a, &conf[i]));
		gateway->application_count++;
	}
	return OK;
}

static void stop_names(void *program)
{
	struct gateway *gateway = program;

	free(gateway->applications);
	free(gateway->doors);
	gateway->application_count = gateway->door_count = 0;
}

/* The realm, as its document has it */

static enum err start_realm(void *program, struct loop *loop)
{
	(void)loop;
	return realm_start_up(program);
}

static void stop_realm(void *program)
{
	realm_shut_down(program);
}

/* RP_A */

static enum err prepare_diameter(struct gateway *gateway)
{
	struct node_diameter_settings settings = *NODE_DIAMETER(gateway->conf);
	const char *authority = realm_authority(gateway);

	settings.authority = authority ? authority : "";
	TRY(node_diameter_prepare(&settings, &gateway->diameter_setup));
	TRY(realm_add_peers(gateway));
	return gateway->diameter_setup.options.client_tls ||
			       gateway->diameter_setup.options.peer_count == 0
		       ? OK
		       : err_fail(ERR_CONFIG, "diameter.certificate is missing");
}

/* Those that are configured, and then the realm's. */
static enum err name_nodes(struct gateway *gateway)
{
	const struct gateway_conf *conf = gateway->conf;
	const struct rp_a_node_conf *nodes = conf->rp_a_nodes.items;

	gateway->nodes = calloc(conf->rp_a_nodes.count + REALM_NODES, sizeof(*gateway->nodes));
	if (!gateway->nodes) {
		return err_fail(ERR_MEMORY, "rp_a.nodes: out of memory");
	}
	for (size_t i = 0; i < conf->rp_a_nodes.count; i++) {
		gateway->nodes[gateway->node_count++] =
			(struct symapp_node){.host = nodes[i].host, .address = nodes[i].address};
	}
	realm_add_nodes(gateway);
	return OK;
}

/* Nodes on HTTPS, and the certificate for them. */
static enum err prepare_nodes(struct gateway *gateway)
{
	const struct gateway_conf *conf = gateway->conf;
	bool own = conf->rp_a_certificate[0] != '\0';
	const char *authority = realm_authority(gateway);
	const struct tls_files files = {own ? conf->rp_a_certificate : conf->diameter_certificate,
		own ? conf->rp_a_key : conf->diameter_key,
		conf->rp_a_authority[0] ? conf->rp_a_authority
		: authority		? authority
					: ""};

	TRY(name_nodes(gateway));
	if (gateway->node_count == 0) {
		return gateway->diameter_setup.options.peer_count > 0
			       ? OK
			       : err_fail(ERR_CONFIG,
					 "neither diameter.peers nor rp_a.nodes name "
					 "an authentication node%s",
					 gateway->realm
						 ? ", and the realm's document has none with "
						   "an address for realm.carrier"
						 : "");
	}
	if (!files.certificate[0] || !files.authority[0]) {
		return err_fail(ERR_CONFIG, "nodes on HTTPS: rp_a.certificate, rp_a.key and "
					    "rp_a.authority are missing");
	}
	return tls_client(&files, &gateway->rp_a_tls);
}

static enum err start_rp_a(void *program, struct loop *loop)
{
	struct gateway *gateway = program;
	const struct gateway_conf *conf = gateway->conf;

	TRY(prepare_diameter(gateway));
	TRY(prepare_nodes(gateway));
	const struct symapp_options options = {
		.diameter = gateway->diameter_setup.options,
		.nodes = gateway->nodes,
		.node_count = gateway->node_count,
		.tls = gateway->rp_a_tls,
		.store_url = conf->store_url,
		.master_key = conf->master_key,
		.old_master_key = conf->old_master_key,
		.tokens = (size_t)conf->tokens,
		.pulls = (size_t)conf->pulls,
		.unknown_ms = conf->unknown,
		.changed = sessions_on_change,
		.user = gateway,
	};

	return symapp_new(loop, &options, &gateway->app);
}

static void stop_rp_a(void *program)
{
	struct gateway *gateway = program;

	symapp_free(gateway->app);
	gateway->app = NULL;
	timer_stop(gateway->loop, &gateway->reopen);
	node_diameter_release(&gateway->diameter_setup);
	tls_free(gateway->rp_a_tls);
	gateway->rp_a_tls = NULL;
	free(gateway->nodes);
	gateway->nodes = NULL;
	gateway->node_count = 0;
}

/* What is held is in the store; who waits for a token is told, and its device tries again. */
static void reopen_rp_a(void *user)
{
	struct gateway *gateway = user;

	stop_rp_a(gateway);
	enum err err = start_rp_a(gateway, gateway->loop);

	if (err == OK) {
		err = announce_all(gateway);
	}
	if (err != OK) { /* nothing works without it: who watches over this process starts it anew */
		log_event(LOG_ERROR, "realm.not_reopened", "", LOG_DETAIL());
		loop_stop(gateway->loop);
	}
}

void gateway_reopen_rp_a(struct gateway *gateway)
{
	timer_start(gateway->loop, &gateway->reopen, 0, reopen_rp_a, gateway);
}

/* Backends, and what is under way to them */

static enum err start_backends(void *program, struct loop *loop)
{
	struct gateway *gateway = program;

	(void)loop;
	TRY(sessions_open(gateway));
	TRY(relay_open_pool(gateway));
	for (size_t i = 0; i < gateway->application_count; i++) {
		if (gateway->applications[i].mode == MODE_HTTP) {
			TRY(forward_open(&gateway->applications[i]));
		}
		if (gateway->applications[i].mode == MODE_COAP) {
			TRY(guests_open(&gateway->applications[i]));
		}
	}
	return OK;
}

static void stop_backends(void *program)
{
	struct gateway *gateway = program;

	relay_end_all(gateway);
	for (size_t i = 0; i < gateway->application_count; i++) {
		forward_close(&gateway->applications[i]);
		guests_close(&gateway->applications[i]);
	}
	sessions_close(gateway);
}

/* Late answers of RP_A look for their requests here, so it goes after RP_A. */
static enum err start_requests(void *program, struct loop *loop)
{
	struct gateway *gateway = program;

	(void)loop;
	TRY(credentials_open(gateway));
	return forward_open_pool(gateway);
}

static void stop_requests(void *program)
{
	struct gateway *gateway = program;

	pool_free(gateway->forwards);
	gateway->forwards = NULL;
	credentials_close(gateway);
}

static enum err start_rp_d(void *program, struct loop *loop)
{
	(void)loop;
	TRY(rp_d_start_up(program));
	return announce_all(program);
}

static void stop_rp_d(void *program)
{
	rp_d_shut_down(program);
}

static void on_ready(void *program, struct json_writer *w)
{
	struct gateway *gateway = program;

	json_put_string(w, "rp_d", door_address(gateway->applications[0].door));
	json_open_array(w, "applications");
	for (size_t i = 0; i < gateway->application_count; i++) {
		const struct application *a = &gateway->applications[i];

		json_open(w, NULL);
		json_put_string(w, "id", a->id.text);
		json_put_string(w, "address", door_address(a->door));
		json_close(w);
	}
	json_close_array(w);
}

static const struct daemon_part parts[] = {
	{"applications", start_names, stop_names},
	{"requests", start_requests, stop_requests},
	{"realm", start_realm, stop_realm},
	{"rp_a", start_rp_a, stop_rp_a},
	{"backends", start_backends, stop_backends},
	{"rp_d", start_rp_d, stop_rp_d},
};

static const struct daemon_argument arguments[] = {
	{"realm", "realm.url", "URL", "the realm whose document says whom to ask"},
	{"anchor", "realm.anchor", "FILE", "the key that signs it"},
	{NULL, NULL, NULL, NULL},
};

const struct daemon_program gateway_program = {
	.name = "symbolon-gateway",
	.summary = "the application element of Y.3056 in front of any application: RP_D for "
		   "devices, plain HTTP or TCP behind",
	.options = gateway_options,
	.conf_size = sizeof(struct gateway_conf),
	.parts = parts,
	.part_count = sizeof(parts) / sizeof(parts[0]),
	.arguments = arguments,
	.program_size = sizeof(struct gateway),
	.ready = on_ready,
	.collect = gateway_figures_collect,
	.unready = gateway_figures_unready,
	.node_name_offset = offsetof(struct gateway_conf, node_host),
	.log_level_offset = offsetof(struct gateway_conf, log_level),
	.metrics_offset = offsetof(struct gateway_conf, metrics_listen),
	.admin_offset = offsetof(struct gateway_conf, admin_socket),
	.drain_offset = offsetof(struct gateway_conf, drain),
};
