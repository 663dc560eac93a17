// SPDX-License-Identifier: Apache-2.0
/* conf: the options of the plug-in for mosquitto, in a file of their own. */
#pragma once

#include "net/node_conf.h"

enum err mosquitto_check_application(const char *text);
enum err mosquitto_check_group(const char *text);
/* "tls13", or the number of a suite. */
enum err mosquitto_check_suite(const char *text);
enum err mosquitto_check_pattern(const char *text);
enum err mosquitto_check_store(const char *text);

enum topic_access { TOPIC_READ, TOPIC_WRITE, TOPIC_BOTH };

#define TOPIC_OPTIONS(ROW, S)                                                                      \
	ROW(S, TEXT, topic, "topic", NULL, START,                                                  \
		CONF_IS("a topic filter, as devices/{pseudonym}/#", mosquitto_check_pattern),      \
		"Which topics; {pseudonym} is who is connected.")                                  \
	ROW(S, CHOICE, access, "access", "both", START, CONF_WORDS("read|write|both"),             \
		"read: subscribe, and get what is published there; write: publish.")               \
	ROW(S, TEXT, right, "right", "", START, CONF_IS("a right's name, or nothing", NULL),       \
		"Only for those who have been given this right; empty: for all.")
CONF_STRUCT(topic_conf, TOPIC_OPTIONS);
extern const struct conf_option topic_options[];

#define MOSQUITTO_OPTIONS(ROW, S)                                                                   \
	ROW(S, TEXT, node_host, "node.host", NULL, START,                                           \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                          \
		"This element's name: its Origin-Host, and the name in its certificate.")           \
	ROW(S, TEXT, node_realm, "node.realm", NULL, START,                                         \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                          \
		"The realm it belongs to.")                                                         \
	ROW(S, CHOICE, log_level, "log.level", "info", START, CONF_WORDS("error|warn|info|debug"),  \
		"What is logged, on standard error.")                                               \
	ROW(S, TEXT, store_url, "store.url", "", START,                                             \
		CONF_IS("sqlite: and a file name, or postgresql: and a server",                     \
			mosquitto_check_store),                                                     \
		"Where tokens are kept, sealed, for the next start; empty: in memory alone.")       \
	ROW(S, TEXT, master_key, "seal.master_key", "", START, CONF_IS("a file name", NULL),        \
		"Needed with it: a file of 64 hex digits, readable by its owner alone.")            \
	DIAMETER_OPTIONS(ROW, S)                                                                    \
	ROW(S, TEXT, application, "application.id", NULL, START,                                    \
		CONF_IS("an application's identity", mosquitto_check_application),                  \
		"The application that this broker is, as it is registered with the realm.")         \
	ROW(S, TEXT, group, "application.group", "", START,                                         \
		CONF_IS("an application's identity, or nothing", mosquitto_check_group),            \
		"The group that it is registered in (9.6.1).")                                      \
	ROW(S, TEXT, address, "application.address", "", START,                                     \
		CONF_IS("an address as mqtt.example:8883, or nothing", node_check_address_or_none), \
		"Where devices reach it, as the realm is told.")                                    \
	ROW(S, TEXT, suite, "suite", "ccac", START,                                                 \
		CONF_IS("tls13, or a cipher suite of TLS 1.2 with PSK, four hex digits",            \
			mosquitto_check_suite),                                                     \
		"What the listener speaks, and nothing else: a key is for one protocol. tls13; "    \
		"or in TLS 1.2 ccac ECDHE-PSK-CHACHA20-POLY1305, 00aa DHE-PSK-AES128-GCM-SHA256, "  \
		"00a8 PSK-AES128-GCM-SHA256 (without forward secrecy).")                            \
	ROW(S, LIST, topics, "topics", "", START,                                                   \
		CONF_ITEMS(0, 256, struct topic_conf, topic_options),                               \
		"Which topics a device may use; none other.")                                       \
	ROW(S, NUMBER, clients, "clients", "20000", START, CONF_RANGE(1, 1000000),                  \
		"Clients with tokens at the same time; beyond: refused.")                           \
	ROW(S, NUMBER, tokens, "rp_a.tokens", "100000", START, CONF_RANGE(1, 10000000),             \
		"Tokens kept; beyond, the least recently used is forgotten.")                       \
	ROW(S, NUMBER, pulls, "rp_a.pulls", "1024", START, CONF_RANGE(1, 1000000),                  \
		"Questions over RP_A under way at the same time.")                                  \
	ROW(S, TIME, unknown, "rp_a.unknown", "2s", START, CONF_RANGE(1, 600000),                   \
		"How long a token that the realm refused is not asked for again.")
CONF_STRUCT(mosquitto_conf, MOSQUITTO_OPTIONS);
extern const struct conf_option mosquitto_options[];

/* What a suite's key is for. */
struct ua mosquitto_ua(const struct mosquitto_conf *conf);
