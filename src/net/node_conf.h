// SPDX-License-Identifier: Apache-2.0
/*
 * node_conf: the options that all nodes share, so that they are called and checked alike, and what a
 * Diameter node is opened with, made from them.
 */
#pragma once

#include "base/conf.h"
#include "net/diameter_peer.h"

/* Checks for rows: a host name, an address or none, a file name. */
enum err node_check_fqdn(const char *text);
enum err node_check_address_or_none(const char *text);
enum err node_check_store(const char *text);

#define NODE_ADDRESS "an address as 127.0.0.1:5658 or [::1]:5658, or \"\" for none"

#define NODE_OPTIONS(ROW, S)                                                                       \
	NODE_HOST_OPTION(ROW, S)                                                                   \
	ROW(S, TEXT, node_realm, "node.realm", NULL, START,                                        \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"The realm it belongs to.")                                                        \
	NODE_COMMON_OPTIONS(ROW, S)

#define NODE_HOST_OPTION(ROW, S)                                                                   \
	ROW(S, TEXT, node_host, "node.host", NULL, START,                                          \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"This node's name: its Origin-Host, and the name in its certificates.")

#define NODE_COMMON_OPTIONS(ROW, S)                                                                 \
	ROW(S, CHOICE, log_level, "log.level", "info", RELOAD, CONF_WORDS("error|warn|info|debug"), \
		"What is logged; debug: every step of a flow.")                                     \
	ROW(S, TEXT, store_url, "store.url", NULL, START,                                           \
		CONF_IS("sqlite: and a file name, or postgresql: and a server", node_check_store),  \
		"Where this node keeps its data.")                                                  \
	ROW(S, TEXT, master_key, "seal.master_key", NULL, START, CONF_IS("a file name", NULL),      \
		"A file of 64 hex digits, readable by its owner alone: what is stored is sealed "   \
		"under it.")                                                                        \
	ROW(S, TEXT, old_master_key, "seal.old_master_key", "", START,                              \
		CONF_IS("a file name", NULL),                                                       \
		"The master key before the present one: what is under it is put under the "         \
		"present "                                                                          \
		"one at the start.")                                                                \
	ROW(S, TEXT, admin_socket, "admin.socket", "", START, CONF_IS("a file name", NULL),         \
		"Unix socket at which the user that runs this node, and root, back it up.")         \
	ROW(S, TEXT, metrics_listen, "metrics.listen", "", START,                                   \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where /metrics, /healthz and /readyz are served, without TLS: an address that "    \
		"only those reach who may read them.")                                              \
	ROW(S, TIME, drain, "node.drain", "0s", START, CONF_RANGE(0, 600000),                       \
		"How long it goes on serving after SIGTERM, while /readyz says that it stops.")

/* A node that may do without Diameter has no default but "": node_diameter_prepare() asks for what is missing. */
#define DIAMETER_OPTIONS(ROW, S) DIAMETER_OPTIONS_OF(ROW, S, NULL)
#define DIAMETER_OPTIONS_OF(ROW, S, CERTIFICATE)                                                   \
	ROW(S, TEXT, diameter_listen, "diameter.listen", "", START,                                \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where peers connect with TLS (5658 by custom).")                                  \
	ROW(S, TEXT, diameter_listen_plain, "diameter.listen_plain", "", START,                    \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where peers with transport tcp connect, without TLS (3868 by custom).")           \
	ROW(S, TEXT, diameter_certificate, "diameter.certificate", CERTIFICATE, START,             \
		CONF_IS("a file name", NULL), "PEM chain that names this node.")                   \
	ROW(S, TEXT, diameter_key, "diameter.key", CERTIFICATE, START,                             \
		CONF_IS("a file name", NULL), "Its PEM key, readable by its owner alone.")         \
	ROW(S, TEXT, diameter_authority, "diameter.authority", "", START,                          \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificates that peers are verified against; only an element that has a "    \
		"realm document does without.")                                                    \
	ROW(S, TIME, diameter_watchdog, "diameter.watchdog", "30s", START,                         \
		CONF_RANGE(6000, 3600000),                                                         \
		"How long a peer may be silent before it is asked (RFC 3539 Tw).")                 \
	ROW(S, TIME, diameter_reconnect, "diameter.reconnect", "1s", START,                        \
		CONF_RANGE(50, 3600000),                                                           \
		"First wait before a lost peer is tried again; doubles up to 30s.")                \
	ROW(S, TIME, diameter_answer, "diameter.answer", "3s", START, CONF_RANGE(100, 60000),      \
		"How long an answer is waited for.")                                               \
	ROW(S, NUMBER, diameter_outstanding, "diameter.outstanding", "4096", START,                \
		CONF_RANGE(1, 1000000),                                                            \
		"Unanswered requests that a peer may have here; beyond: 3004.")                    \
	ROW(S, LIST, diameter_peers, "diameter.peers", "", START,                                  \
		CONF_ITEMS(0, 1024, struct peer_conf, peer_options),                               \
		"Who may speak to this node; nobody else gets anything.")

#define PEER_OPTIONS(ROW, S)                                                                       \
	ROW(S, TEXT, host, "host", NULL, START,                                                    \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"The peer's Origin-Host, which its certificate must name.")                        \
	ROW(S, TEXT, realm, "realm", NULL, START,                                                  \
		CONF_IS("a fully qualified domain name", node_check_fqdn), "The peer's realm.")    \
	ROW(S, TEXT, address, "address", "", START,                                                \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where to connect; none: it connects to us.")                                      \
	ROW(S, CHOICE, transport, "transport", "tls", START, CONF_WORDS("tls|tcp"),                \
		"tcp: without TLS, for a line that is protected otherwise.")                       \
	ROW(S, BOOL, relay, "relay", "false", START, CONF_PLAIN, "Whether it relays for others.")  \
	ROW(S, TEXTS, origins, "origins", "", START,                                               \
		CONF_MANY(0, 1024, "a fully qualified domain name", node_check_fqdn),              \
		"The Origin-Hosts that a relay may speak for.")
CONF_STRUCT(peer_conf, PEER_OPTIONS);
extern const struct conf_option peer_options[];

/* The Diameter part of a program's configuration: NODE_DIAMETER(conf). */
struct node_diameter_settings {
	const char *host, *realm, *listen, *listen_plain, *certificate, *key, *authority;
	int64_t watchdog_ms, reconnect_ms, answer_ms, outstanding;
	const struct conf_list *peers;
};
#define NODE_DIAMETER(conf)                                                                        \
	(&(struct node_diameter_settings){(conf)->node_host, (conf)->node_realm,                   \
		(conf)->diameter_listen, (conf)->diameter_listen_plain,                            \
		(conf)->diameter_certificate, (conf)->diameter_key, (conf)->diameter_authority,    \
		(conf)->diameter_watchdog, (conf)->diameter_reconnect, (conf)->diameter_answer,    \
		(conf)->diameter_outstanding, &(conf)->diameter_peers})

/* What diameter_node_open() takes, but for the applications. Points into the configuration. */
struct node_diameter {
	struct diameter_node_options options;
	struct diameter_peer_options *peers;
};
/* Loads the certificates, unless there are no peers and none are given. ERR_CONFIG names the file. Released by the caller, after failure too. */
enum err node_diameter_prepare(const struct node_diameter_settings *settings,
	struct node_diameter *ret);
void node_diameter_release(struct node_diameter *d);
