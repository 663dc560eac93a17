// SPDX-License-Identifier: Apache-2.0
/* RP_A: authentication nodes are asked for tokens, and tell of their ends.  req: R10 */
#include "registry/realm/coap.h"
#include "registry/realm/realm_inside.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHACHA_ECDHE = 0xccac, /* TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 */
	GCM_DHE = 0x00aa,      /* TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 */
	GCM_PLAIN = 0x00a8,    /* TLS_PSK_WITH_AES_128_GCM_SHA256 */
	PLACE_MAX = IDENT_MAX + 8,
};

const struct conf_option realm_node_options[] = CONF_TABLE(realm_node_conf, REALM_NODE_OPTIONS);

enum err realm_check_application(const char *text)
{
	struct ident id;

	if (!text[0]) {
		return OK;
	}
	TRY(ident_parse(IDENT_APPLICATION, view_text(text), &id));
	return ident_host_of(&id).len > 0
		       ? OK
		       : err_fail(ERR_CONFIG, "RP_D: it names no host that TLS could ask for");
}

static enum err prepare_diameter(struct realm *realm)
{
	const struct registry_conf *conf = realm->registry->conf;

	if (conf->diameter_peers.count == 0) {
		return OK;
	}
	if (!conf->node_realm[0] || !conf->diameter_certificate[0]) {
		return err_fail(ERR_CONFIG,
			"diameter.peers needs node.realm and diameter.certificate");
	}
	return node_diameter_prepare(NODE_DIAMETER(conf), &realm->diameter_setup);
}

static enum err prepare_nodes(struct realm *realm)
{
	const struct registry_conf *conf = realm->registry->conf;
	const struct realm_node_conf *nodes = conf->rp_a_nodes.items;
	const bool own = conf->rp_a_certificate[0] != '\0';
	const struct tls_files files = {own ? conf->rp_a_certificate : conf->diameter_certificate,
		own ? conf->rp_a_key : conf->diameter_key,
		conf->rp_a_authority[0] ? conf->rp_a_authority : conf->diameter_authority};

	if (conf->rp_a_nodes.count == 0) {
		return OK;
	}
	if (!files.certificate[0] || !files.key[0] || !files.authority[0]) {
		return err_fail(ERR_CONFIG, "rp_a.nodes needs rp_a.certificate, rp_a.key and "
					    "rp_a.authority");
	}
	realm->nodes = calloc(conf->rp_a_nodes.count, sizeof(*realm->nodes));
	if (!realm->nodes) {
		return err_fail(ERR_MEMORY, "rp_a.nodes: out of memory");
	}
	for (size_t i = 0; i < conf->rp_a_nodes.count; i++) {
		realm->nodes[i] =
			(struct symapp_node){.host = nodes[i].host, .address = nodes[i].address};
	}
	realm->node_count = conf->rp_a_nodes.count;
	return tls_client(&files, &realm->rp_a_tls);
}

enum err realm_rp_a_start_up(struct realm *realm)
{
	const struct registry_conf *conf = realm->registry->conf;

	TRY(prepare_diameter(realm));
	TRY(prepare_nodes(realm));
	if (realm->node_count == 0 && realm->diameter_setup.options.peer_count == 0) {
		return err_fail(ERR_CONFIG, "rp_d.application: neither diameter.peers nor "
					    "rp_a.nodes name an authentication node");
	}
	const struct symapp_options options = {
		.diameter = realm->diameter_setup.options,
		.nodes = realm->nodes,
		.node_count = realm->node_count,
		.tls = realm->rp_a_tls,
		.tokens = (size_t)conf->rp_a_tokens,
		.pulls = (size_t)conf->rp_a_pulls,
		.unknown_ms = conf->rp_a_unknown,
		.changed = visits_on_change,
		.user = realm,
	};

	return symapp_new(realm->registry->loop, &options, &realm->app);
}

/* The name that devices ask for, and the port that is listened at, unless the configuration knows better. */
static void say_place(const struct realm *realm, char ret[PLACE_MAX])
{
	const char *known = realm->registry->conf->rp_d_address;
	const char *port = strrchr(realm_door_address(realm), ':');

	if (known[0]) {
		(void)snprintf(ret, PLACE_MAX, "%s", known);
		return;
	}
	(void)snprintf(ret, PLACE_MAX, strchr(realm->host, ':') ? "[%s]%s" : "%s%s", realm->host,
		port ? port : "");
}

enum err realm_rp_a_announce(struct realm *realm)
{
	char place[PLACE_MAX];
	struct symapp_application row = {
		.id = realm->application,
		.address = place,
		.uas = {UA_TLS13_PSK, UA_TLS12(CHACHA_ECDHE), UA_TLS12(GCM_DHE)},
		.ua_count = 3,
		.mechanisms = {"tls13-psk", "tls12-psk"},
		.mechanism_count = 2,
	};

	say_place(realm, place);
	if (realm->registry->conf->rp_d_plain_psk) {
		row.uas[row.ua_count++] = UA_TLS12(GCM_PLAIN);
	}
	if (realm->registry->conf->coap_listen[0]) {
		row.uas[row.ua_count++] = coap_door_ua(realm->registry);
		row.mechanisms[row.mechanism_count++] = "dtls12-psk";
	}
	return symapp_announce(realm->app, &row, 1);
}

void realm_rp_a_shut_down(struct realm *realm)
{
	symapp_free(realm->app);
	realm->app = NULL;
	node_diameter_release(&realm->diameter_setup);
	tls_free(realm->rp_a_tls);
	realm->rp_a_tls = NULL;
	free(realm->nodes);
	realm->nodes = NULL;
	realm->node_count = 0;
}

enum err realm_rp_a_of(const struct realm *realm, const struct ident *node, struct view *ret)
{
	const struct registry_conf *conf = realm->registry->conf;
	const struct peer_conf *peers = conf->diameter_peers.items;
	const struct realm_node_conf *nodes = conf->rp_a_nodes.items;

	for (size_t i = 0; i < conf->diameter_peers.count; i++) {
		if (view_is_nocase(ident_view(node), peers[i].host)) {
			*ret = view_text(peers[i].realm);
			return OK;
		}
	}
	for (size_t i = 0; i < conf->rp_a_nodes.count; i++) {
		if (view_is_nocase(ident_view(node), nodes[i].host)) {
			*ret = view_text(nodes[i].realm);
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "9.2, NOTE: a token of a node that is not configured here");
}
