// SPDX-License-Identifier: Apache-2.0
/* conf: the options of symbolon-authn. */
#pragma once

#include "net/node_conf.h"

enum err document_check_url(const char *text);

#define DOCUMENT_NODE_OPTIONS(ROW, S)                                                              \
	ROW(S, CHOICE, role, "role", "authn", START, CONF_WORDS("authn|authz"),                    \
		"What it is: authn, where devices bootstrap, or authz, with the portal.")          \
	ROW(S, TEXT, host, "host", NULL, START,                                                    \
		CONF_IS("a fully qualified domain name", node_check_fqdn), "The node's name.")     \
	ROW(S, TEXT, address, "address", "", START,                                                \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where devices connect; none: port 443 of its name.")                              \
	ROW(S, TEXT, rp_a, "rp_a", "", START, CONF_IS(NODE_ADDRESS, node_check_address_or_none),   \
		"Where application elements connect to it with Diameter; none: it is not told.")   \
	ROW(S, TEXT, rp_a_https, "rp_a_https", "", START,                                          \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where they connect to it with HTTPS; none: it is not told.")
CONF_STRUCT(document_node_conf, DOCUMENT_NODE_OPTIONS);
extern const struct conf_option document_node_options[];

#define AUTHN_OPTIONS(ROW, S)                                                                      \
	NODE_OPTIONS(ROW, S)                                                                       \
	DIAMETER_OPTIONS(ROW, S)                                                                   \
	ROW(S, TEXT, rp_c_listen, "rp_c.listen", "127.0.0.1:8443", START,                          \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where devices bootstrap, with TLS.")                                              \
	ROW(S, TEXT, rp_c_listen_plain, "rp_c.listen_plain", "", START,                            \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where devices bootstrap without TLS, as TS 33.220 allows on Ub.")                 \
	ROW(S, TEXT, rp_c_certificate, "rp_c.certificate", NULL, START,                            \
		CONF_IS("a file name", NULL), "PEM chain that devices verify.")                    \
	ROW(S, TEXT, rp_c_key, "rp_c.key", NULL, START, CONF_IS("a file name", NULL),              \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TEXT, rp_c_authority, "rp_c.authority", "", START, CONF_IS("a file name", NULL),    \
		"PEM certificates of who may vouch for devices that are registered as certified, " \
		"by name; none unless given. A registered public key needs none.")                 \
	ROW(S, BOOL, rp_c_certificates, "rp_c.certificates", "true", START, CONF_PLAIN,            \
		"Whether devices with a key pair of their own may bootstrap, by mutual TLS.")      \
	ROW(S, NUMBER, rp_c_connections, "rp_c.connections", "20000", START,                       \
		CONF_RANGE(1, 1000000), "Connections of devices at the same time.")                \
	ROW(S, NUMBER, rp_c_per_address, "rp_c.connections_per_address", "0", START,               \
		CONF_RANGE(0, 1000000), "How many of them one peer address may have; 0: all.")     \
	ROW(S, TIME, rp_c_head, "rp_c.head", "10s", START, CONF_RANGE(100, 600000),                \
		"How long a request may take to arrive.")                                          \
	ROW(S, TIME, rp_c_idle, "rp_c.idle", "60s", START, CONF_RANGE(100, 3600000),               \
		"How long a connection may be idle.")                                              \
	ROW(S, TIME, challenge_lifetime, "rp_c.challenge", "30s", RELOAD,                          \
		CONF_RANGE(1000, 300000), "How long a challenge waits for its response.")          \
	ROW(S, NUMBER, bootstraps, "rp_c.bootstraps", "50000", START, CONF_RANGE(1, 1000000),      \
		"Bootstraps under way at the same time; beyond: 503.")                             \
	ROW(S, NUMBER, key_updates, "rp_c.key_updates", "1024", START, CONF_RANGE(1, 1000000),     \
		"Key updates of devices under way at the same time; beyond: 503.")                 \
	ROW(S, NUMBER, bootstraps_per_address, "rp_c.bootstraps_per_address", "2000", RELOAD,      \
		CONF_RANGE(0, 1000000),                                                            \
		"How many of them one peer address (of IPv6 a /64) may have; 0: all.")             \
	ROW(S, NUMBER, starts_per_identity, "rp_c.starts_per_identity", "20", RELOAD,              \
		CONF_RANGE(0, 60000),                                                              \
		"How many bootstraps a minute one client identity may begin, whoever says that "   \
		"it is it; beyond: 429. 0: no limit. They cost sequence numbers.")                 \
	ROW(S, NUMBER, starts_per_address, "rp_c.starts_per_address", "600", RELOAD,               \
		CONF_RANGE(0, 60000),                                                              \
		"How many bootstraps a minute one peer address (of IPv6 a /64) may begin. 0: no "  \
		"limit. Raise it where many devices stand behind one address.")                    \
	ROW(S, BOOL, app_plain, "rp_c.app_plain", "false", START, CONF_PLAIN,                      \
		"Tokens for applications without TLS too, so without channel binding.")            \
	ROW(S, TEXT, rp_a_https_listen, "rp_a_https.listen", "", START,                            \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where application elements without Diameter connect, with a certificate (TLS).")  \
	ROW(S, TEXT, rp_a_https_certificate, "rp_a_https.certificate", "", START,                  \
		CONF_IS("a file name", NULL),                                                      \
		"PEM chain that they verify; none: diameter.certificate and its key.")             \
	ROW(S, TEXT, rp_a_https_key, "rp_a_https.key", "", START, CONF_IS("a file name", NULL),    \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TEXT, rp_a_https_authority, "rp_a_https.authority", "", START,                      \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificates that theirs are verified against; none: diameter.authority.")    \
	ROW(S, NUMBER, rp_a_https_connections, "rp_a_https.connections", "10000", START,           \
		CONF_RANGE(1, 1000000), "Their connections at the same time.")                     \
	ROW(S, SIZE, rp_a_https_body, "rp_a_https.body", "64KiB", START, CONF_RANGE(1024, 262144), \
		"How large an announcement may be.")                                               \
	ROW(S, TIME, rp_a_https_answer, "rp_a_https.answer", "3s", START, CONF_RANGE(100, 60000),  \
		"How long an event waits to be acknowledged; then its stream is cut.")             \
	ROW(S, TIME, rp_a_https_keep_alive, "rp_a_https.keep_alive", "20s", START,                 \
		CONF_RANGE(1000, 3600000), "How often a quiet stream shows that it is alive.")     \
	ROW(S, TIME, rp_a_https_linger, "rp_a_https.linger", "60s", START,                         \
		CONF_RANGE(1000, 86400000),                                                        \
		"How long an announcement holds without an event stream.")                         \
	ROW(S, TIME, element_check, "rp_a.check", "60s", RELOAD, CONF_RANGE(1000, 86400000),       \
		"How often it is asked again whether elements may serve what they announced.")     \
	ROW(S, TIME, push_wait, "rp_a.push_wait", "500ms", RELOAD, CONF_RANGE(0, 30000),           \
		"How long a device waits for its application's elements to have the token.")       \
	ROW(S, TIME, lifetime, "token.lifetime", "8h", RELOAD, CONF_RANGE(1000, 31536000000),      \
		"How long a token lives at most; the subscription may say less.")                  \
	ROW(S, TEXT, document_key, "realm_document.key", "", RELOAD, CONF_IS("a file name", NULL), \
		"The realm's signing key (PEM, P-256 or Ed25519), for the document that tells "    \
		"devices and application elements of the realm; none: it is not served.")          \
	ROW(S, TEXTS, document_other_keys, "realm_document.other_keys", "", RELOAD,                \
		CONF_MANY(0, 2, "a file name", NULL),                                              \
		"Public keys (PEM) that may sign it too: the next one, a while before it does, "   \
		"and the last one, as long as a node still signs with it.")                        \
	ROW(S, TIME, document_lifetime, "realm_document.lifetime", "7d", RELOAD,                   \
		CONF_RANGE(60000, 31536000000), "How long a device may use it.")                   \
	ROW(S, LIST, document_nodes, "realm_document.nodes", "", RELOAD,                           \
		CONF_ITEMS(0, 16, struct document_node_conf, document_node_options),               \
		"The realm's nodes, authn in the order in which devices try them; none: this "     \
		"node "                                                                            \
		"alone, as it listens.")                                                           \
	ROW(S, TEXT, document_anchors, "realm_document.trust_anchors", "", RELOAD,                 \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificates of authorities that the realm's nodes are verified against, at " \
		"most 4; none: they are not told.")                                                \
	ROW(S, TEXT, document_portal, "realm_document.portal", "", RELOAD,                         \
		CONF_IS("https://HOST or https://HOST:PORT, or nothing", document_check_url),      \
		"The portal of the authorization element: how to join, and the API; none: it is "  \
		"not told.")                                                                       \
	ROW(S, TEXT, document_change_key, "realm_document.change_key", "", RELOAD,                 \
		CONF_IS("a file name", NULL),                                                      \
		"The public key (PEM, P-256) that other operators envelope keys to when a device " \
		"comes from them (10.6); none: it is not told.")                                   \
	ROW(S, NUMBER, pulls, "rp_a.pulls", "4096", START, CONF_RANGE(1, 1000000),                 \
		"Requests of application elements under way at the same time.")
CONF_STRUCT(authn_conf, AUTHN_OPTIONS);
extern const struct conf_option authn_options[];
