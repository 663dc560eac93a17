// SPDX-License-Identifier: Apache-2.0
/* conf: the options of symbolon-authz. */
#pragma once

#include "net/node_conf.h"

#define DEGREE_OPTIONS(ROW, S)                                                                     \
	ROW(S, TEXT, name, "name", NULL, START,                                                    \
		CONF_IS("1 to 31 letters, digits, '-' or '_'", degrees_check_name),                \
		"What applications are registered with.")                                          \
	ROW(S, TIME, lifetime, "lifetime", NULL, START, CONF_RANGE(60000, 31536000000),            \
		"How long a token of this degree may live.")                                       \
	ROW(S, BOOL, gba, "gba", "false", START, CONF_PLAIN,                                       \
		"Whether format gba will do, which binds no node and no channel.")
CONF_STRUCT(degree_conf, DEGREE_OPTIONS);
extern const struct conf_option degree_options[];
enum err degrees_check_name(const char *text);

#define AUTHZ_OPTIONS(ROW, S)                                                                      \
	NODE_OPTIONS(ROW, S)                                                                       \
	DIAMETER_OPTIONS(ROW, S)                                                                   \
	ROW(S, TEXT, operator_listen, "operator.listen", "", START,                                \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where the operator's API is served, with TLS and client certificates.")           \
	ROW(S, TEXT, operator_socket, "operator.socket", "", START, CONF_IS("a file name", NULL),  \
		"Unix socket of the operator's API, for the user that runs this node and for "     \
		"root.")                                                                           \
	ROW(S, TEXT, operator_certificate, "operator.certificate", "", START,                      \
		CONF_IS("a file name", NULL), "PEM chain that names this node.")                   \
	ROW(S, TEXT, operator_key, "operator.key", "", START, CONF_IS("a file name", NULL),        \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TEXT, operator_authority, "operator.authority", "", START,                          \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificates that operators are verified against.")                           \
	ROW(S, TEXTS, operators, "operator.operators", "", RELOAD,                                 \
		CONF_MANY(0, 1024, "a name in a certificate", NULL),                               \
		"The dNSNames of certificates that may use the operator's API.")                   \
	ROW(S, NUMBER, operator_connections, "operator.connections", "64", START,                  \
		CONF_RANGE(1, 10000), "Connections to the operator's API at the same time.")       \
	ROW(S, NUMBER, import_lines, "import.lines", "256", START, CONF_RANGE(256, 4096),          \
		"Lines of a batch of SIMs that one request may bring.")                            \
	ROW(S, NUMBER, import_failures, "import.failures", "10000", RELOAD,                        \
		CONF_RANGE(0, 10000000), "Wrong lines after which a batch goes no further.")       \
	ROW(S, TIME, key_lifetime, "keys.lifetime", "8h", RELOAD, CONF_RANGE(1000, 31536000000),   \
		"How long a Ks may live that is made from a vector.")                              \
	ROW(S, LIST, degrees, "degrees", "", START,                                                \
		CONF_ITEMS(0, 16, struct degree_conf, degree_options),                             \
		"Security degrees; unless given basic (24h, gba), standard (8h, gba) and high "    \
		"(1h).")                                                                           \
	ROW(S, NUMBER, sessions, "rp_b.sessions", "1000000", START, CONF_RANGE(1, 1000000000),     \
		"Permissions that are kept until they run out, so that they can be withdrawn; "    \
		"beyond: 5012.")                                                                   \
	ROW(S, NUMBER, questions, "rp_b.questions", "8192", START, CONF_RANGE(1, 1000000),         \
		"Requests of authentication elements under way at the same time.")
CONF_STRUCT(authz_conf, AUTHZ_OPTIONS);
extern const struct conf_option authz_options[];
