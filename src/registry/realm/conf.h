// SPDX-License-Identifier: Apache-2.0
/* conf: options of the door that devices come to, as a trusted application of a realm. */
#pragma once

#include "net/node_conf.h"

enum err realm_check_application(const char *text);

#define REALM_NODE_OPTIONS(ROW, S)                                                                  \
	ROW(S, TEXT, host, "host", NULL, START,                                                     \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                          \
		"The authentication node, as its certificate and its tokens name it.")              \
	ROW(S, TEXT, realm, "realm", NULL, START,                                                   \
		CONF_IS("a fully qualified domain name", node_check_fqdn), "Its operator's realm.") \
	ROW(S, TEXT, address, "address", NULL, START,                                               \
		CONF_IS("an address as authn1.realm.example:8445", node_check_address_or_none),     \
		"Where to connect.")
CONF_STRUCT(realm_node_conf, REALM_NODE_OPTIONS);
extern const struct conf_option realm_node_options[];

/* req: R9.2-note R10 */
#define REGISTRY_REALM_OPTIONS(ROW, S)                                                              \
	ROW(S, TEXT, node_realm, "node.realm", "", START, CONF_IS("a domain name", NULL),           \
		"The Diameter realm that this node is of; needed with diameter.peers.")             \
	ROW(S, TEXT, application, "rp_d.application", "", START,                                    \
		CONF_IS("an application's identity that names a host, or nothing",                  \
			realm_check_application),                                                   \
		"This registry, as it is registered as an application with operators' realms; "     \
		"empty: no device can reach it.")                                                   \
	ROW(S, TEXT, rp_d_listen, "rp_d.listen", "", START,                                         \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where devices reach it, with TLS under the key of their token.")                   \
	ROW(S, TEXT, rp_d_address, "rp_d.address", "", START,                                       \
		CONF_IS("an address as registry.example:443, or nothing",                           \
			node_check_address_or_none),                                                \
		"The same as realms are told; empty: the host of rp_d.application, and the port "   \
		"of rp_d.listen.")                                                                  \
	ROW(S, NUMBER, rp_d_connections, "rp_d.connections", "20000", START,                        \
		CONF_RANGE(1, 1000000), "Connections of devices at the same time.")                 \
	ROW(S, NUMBER, rp_d_per_address, "rp_d.connections_per_address", "0", START,                \
		CONF_RANGE(0, 1000000), "How many of them one peer address may have; 0: all.")      \
	ROW(S, TIME, rp_d_handshake, "rp_d.handshake", "10s", START, CONF_RANGE(100, 600000),       \
		"How long a handshake may take, with the question over RP_A in it.")                \
	ROW(S, TIME, rp_d_idle, "rp_d.idle", "60s", START, CONF_RANGE(100, 86400000),               \
		"How long a connection may be without a request.")                                  \
	ROW(S, BOOL, rp_d_plain_psk, "rp_d.plain_psk", "false", START, CONF_PLAIN,                  \
		"Take TLS_PSK_WITH_AES_128_GCM_SHA256 (TLS 1.2) too, which has no forward "         \
		"secrecy.")                                                                         \
	ROW(S, LIST, rp_a_nodes, "rp_a.nodes", "", START,                                           \
		CONF_ITEMS(0, 1024, struct realm_node_conf, realm_node_options),                    \
		"Authentication nodes that are reached by HTTPS, beside diameter.peers or in "      \
		"their place.")                                                                     \
	ROW(S, TEXT, rp_a_certificate, "rp_a.certificate", "", START, CONF_IS("a file name", NULL), \
		"PEM chain that names this registry to them; none: diameter.certificate.")          \
	ROW(S, TEXT, rp_a_key, "rp_a.key", "", START, CONF_IS("a file name", NULL),                 \
		"Its PEM key, readable by its owner alone.")                                        \
	ROW(S, TEXT, rp_a_authority, "rp_a.authority", "", START, CONF_IS("a file name", NULL),     \
		"PEM certificates that they are verified against; none: diameter.authority.")       \
	ROW(S, NUMBER, rp_a_tokens, "rp_a.tokens", "100000", START, CONF_RANGE(1, 10000000),        \
		"Tokens kept, in memory; beyond, the least recently used is forgotten.")            \
	ROW(S, NUMBER, rp_a_pulls, "rp_a.pulls", "1024", START, CONF_RANGE(1, 1000000),             \
		"Questions over RP_A under way at the same time.")                                  \
	ROW(S, TIME, rp_a_unknown, "rp_a.unknown", "2s", START, CONF_RANGE(1, 600000),              \
		"How long a token that a realm refused is not asked for again.")                    \
	ROW(S, TEXT, coap_listen, "coap.listen", "", START,                                         \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where constrained devices reach it: CoAP over DTLS 1.2 under the key of their "    \
		"token, on UDP.")                                                                   \
	ROW(S, CHOICE, coap_suite, "coap.suite", "c0a8", START, CONF_WORDS("c0a8|00a8|ccac|00aa"),  \
		"The one cipher suite there. c0a8 PSK-AES128-CCM8, which every device has (RFC "    \
		"7252); 00a8 PSK-AES128-GCM; with forward secrecy ccac "                            \
		"ECDHE-PSK-CHACHA20-POLY1305, 00aa DHE-PSK-AES128-GCM.")                            \
	ROW(S, NUMBER, coap_sessions, "coap.sessions", "20000", START, CONF_RANGE(1, 1000000),      \
		"Sessions of DTLS with no request under way; beyond, the oldest goes.")             \
	ROW(S, NUMBER, coap_handshakes, "coap.handshakes", "1000", START, CONF_RANGE(1, 100000),    \
		"Handshakes of DTLS under way at the same time.")                                   \
	ROW(S, TIME, coap_idle, "coap.idle", "10m", START, CONF_RANGE(1000, 86400000),              \
		"How long a session of DTLS may be without a request.")                             \
	DIAMETER_OPTIONS_OF(ROW, S, "")
