// SPDX-License-Identifier: Apache-2.0
/* conf: the options of symbolon-gateway. */
#pragma once

#include "gateway/fields.h"
#include "net/node_conf.h"

enum err gateway_check_application(const char *text);
enum err gateway_check_group(const char *text);
enum err gateway_check_address(const char *text);
struct gateway_conf;
uint16_t gateway_coap_suite(const struct gateway_conf *conf); /* by its number at IANA */

#define APPLICATION_OPTIONS(ROW, S)                                                                \
	ROW(S, TEXT, id, "id", NULL, START,                                                        \
		CONF_IS("an application's identity that names a host: app.example, "               \
			"https://app.example/",                                                    \
			gateway_check_application),                                                \
		"The application, as it is registered with the realm.")                            \
	ROW(S, TEXT, address, "address", "", START,                                                \
		CONF_IS("an address as app.example:443, or nothing", gateway_check_address),       \
		"Where devices reach it, as the realm is told; empty: the host of its identity, "  \
		"and the port of `listen`.")                                                       \
	ROW(S, TEXT, group, "group", "", START,                                                    \
		CONF_IS("an application's identity", gateway_check_group),                         \
		"The group that it is registered in: one token opens all its applications "        \
		"(9.6.1). Empty: none.")                                                           \
	ROW(S, TEXT, listen, "listen", NULL, START,                                                \
		CONF_IS("an address as 0.0.0.0:443 or [::]:443", address_check),                   \
		"Where devices reach it (RP_D). Applications may share an address: the name that " \
		"the device asks for decides.")                                                    \
	ROW(S, CHOICE, mode, "mode", "http", START, CONF_WORDS("http|tcp|coap"),                   \
		"http: requests are read, checked and written anew; tcp: bytes are passed on; "    \
		"coap: CoAP over DTLS with a PSK, on UDP, to a CoAP server behind.")               \
	ROW(S, CHOICE, access, "access", "psk", START, CONF_WORDS("psk|digest"),                   \
		"psk: TLS whose pre-shared key is the token's; digest: TLS with `certificate`, "   \
		"and in it HTTP Digest with the token's key (mode http). For both, list the "      \
		"application twice, at two addresses.")                                            \
	ROW(S, TEXT, certificate, "certificate", "", START, CONF_PLAIN,                            \
		"Access digest: the application's certificate and those above it, a PEM file. "    \
		"Applications that share an address share it.")                                    \
	ROW(S, TEXT, key, "key", "", START, CONF_PLAIN,                                            \
		"The certificate's key, a PEM file that its owner alone can read.")                \
	ROW(S, TEXT, backend, "backend", NULL, START,                                              \
		CONF_IS("an address as 127.0.0.1:8080 or unix:/run/app.sock", address_check),      \
		"Where the application itself listens, without TLS.")                              \
	ROW(S, CHOICE, proxy, "proxy", "none", START, CONF_WORDS("none|v2"),                       \
		"v2 tells the application who is connected in a PROXY protocol header. In mode "   \
		"http each request then has a connection of its own.")                             \
	ROW(S, TEXT, field_pseudonym, "fields.pseudonym", "Symbolon-Pseudonym", START,             \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"Mode http: the field that tells the device's pseudonym; none: untold. What a "    \
		"device sends under that name is dropped.")                                        \
	ROW(S, TEXT, field_expires, "fields.expires", "Symbolon-Token-Expires", START,             \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"The same for the end of its token.")                                              \
	ROW(S, TEXT, field_application, "fields.application", "Symbolon-Application", START,       \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"The same for the application's identity.")                                        \
	ROW(S, TEXT, field_degree, "fields.degree", "Symbolon-Security-Degree", START,             \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"The same for its token's security degree.")                                       \
	ROW(S, TEXT, field_rights, "fields.rights", "Symbolon-Rights", START,                      \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"The same for what the device may do: names with blanks between.")                 \
	ROW(S, TEXT, field_attributes, "fields.attributes", "Symbolon-Attributes", START,          \
		CONF_IS("the name of a header field, or none", fields_check_name),                 \
		"The same for what the application may know of the device's user: a JSON object.")
CONF_STRUCT(application_conf, APPLICATION_OPTIONS);
extern const struct conf_option application_options[];

enum err gateway_check_url(const char *text);

#define REALM_OPTIONS(ROW, S)                                                                      \
	ROW(S, TEXT, realm_url, "realm.url", "", START,                                            \
		CONF_IS("https://HOST of a node of the realm, or nothing", gateway_check_url),     \
		"Where the realm's signed document is had: authentication nodes and the "          \
		"certificates that they are verified against are taken from it, and followed. "    \
		"None: diameter.peers and diameter.authority alone.")                              \
	ROW(S, TEXT, realm_address, "realm.address", "", START,                                    \
		CONF_IS("an address as 192.0.2.1:443, or nothing", gateway_check_address),         \
		"Where to connect for it, in place of the URL's host.")                            \
	ROW(S, TEXT, realm_anchor, "realm.anchor", "", START, CONF_IS("a file name", NULL),        \
		"The public key (PEM) that signs it, as it was had from the operator.")            \
	ROW(S, TEXT, realm_copy, "realm.copy", "", START, CONF_IS("a file name", NULL),            \
		"Where the last good one is kept; unless given, beside the store when that is "    \
		"SQLite's.")                                                                       \
	ROW(S, CHOICE, realm_carrier, "realm.carrier", "diameter", START,                          \
		CONF_WORDS("diameter|https"),                                                      \
		"What its nodes are asked over; one that has no such address is left out. What "   \
		"diameter.peers and rp_a.nodes name is reached as they say.")                      \
	ROW(S, TIME, realm_refresh, "realm.refresh", "1h", START, CONF_RANGE(1000, 604800000),     \
		"How often it is asked for.")

#define RP_A_NODE_OPTIONS(ROW, S)                                                                  \
	ROW(S, TEXT, host, "host", NULL, START,                                                    \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"The authentication node, as its certificate and its tokens name it.")             \
	ROW(S, TEXT, address, "address", NULL, START,                                              \
		CONF_IS("an address as authn1.realm.example:8445", address_check),                 \
		"Where to connect.")
CONF_STRUCT(rp_a_node_conf, RP_A_NODE_OPTIONS);
extern const struct conf_option rp_a_node_options[];

#define GATEWAY_OPTIONS(ROW, S)                                                                     \
	NODE_OPTIONS(ROW, S)                                                                        \
	DIAMETER_OPTIONS_OF(ROW, S, "")                                                             \
	REALM_OPTIONS(ROW, S)                                                                       \
	ROW(S, LIST, applications, "applications", NULL, START,                                     \
		CONF_ITEMS(1, 32, struct application_conf, application_options),                    \
		"The applications that this gateway stands in front of.")                           \
	ROW(S, NUMBER, connections, "rp_d.connections", "20000", START, CONF_RANGE(1, 1000000),     \
		"Connections of devices at the same time, for each address listened at.")           \
	ROW(S, NUMBER, per_address, "rp_d.connections_per_address", "0", START,                     \
		CONF_RANGE(0, 1000000), "How many of them one peer address may have; 0: all.")      \
	ROW(S, TIME, handshake, "rp_d.handshake", "10s", START, CONF_RANGE(100, 600000),            \
		"How long a handshake may take, with the question over RP_A in it.")                \
	ROW(S, BOOL, plain_psk, "rp_d.plain_psk", "false", START, CONF_PLAIN,                       \
		"Take TLS_PSK_WITH_AES_128_GCM_SHA256 (TLS 1.2) too: without Diffie-Hellman, who "  \
		"learns a key later reads what was recorded.")                                      \
	ROW(S, SIZE, head, "rp_d.head", "16KiB", START, CONF_RANGE(1024, 65536),                    \
		"How large the head of a request may be.")                                          \
	ROW(S, SIZE, body, "rp_d.body", "1MiB", START, CONF_RANGE(1, 33554432),                     \
		"How large the body of a request may be.")                                          \
	ROW(S, TIME, request, "rp_d.request", "10s", START, CONF_RANGE(100, 3600000),               \
		"How long a request may take to arrive.")                                           \
	ROW(S, TIME, idle, "rp_d.idle", "60s", START, CONF_RANGE(100, 86400000),                    \
		"How long a connection may be without a request.")                                  \
	ROW(S, NUMBER, requests, "rp_d.requests", "20000", START, CONF_RANGE(1, 1000000),           \
		"Requests under way at the same time; beyond: 503.")                                \
	ROW(S, CHOICE, coap_suite, "coap.suite", "c0a8", START, CONF_WORDS("c0a8|00a8|ccac|00aa"),  \
		"Mode coap: the one cipher suite of DTLS 1.2. c0a8 PSK-AES128-CCM8, which every "   \
		"device has (RFC 7252); 00a8 PSK-AES128-GCM; with forward secrecy ccac "            \
		"ECDHE-PSK-CHACHA20-POLY1305, 00aa DHE-PSK-AES128-GCM.")                            \
	ROW(S, NUMBER, coap_handshakes, "coap.handshakes", "1000", START, CONF_RANGE(1, 100000),    \
		"Handshakes of DTLS under way at the same time, for each address.")                 \
	ROW(S, TIME, coap_idle, "coap.idle", "10m", START, CONF_RANGE(1000, 86400000),              \
		"How long a session of DTLS may be without a request.")                             \
	ROW(S, BOOL, digest_md5, "digest.md5", "false", START, CONF_PLAIN,                          \
		"Access digest: offer and take MD5 too, after SHA-256, for clients that have no "   \
		"other.")                                                                           \
	ROW(S, TIME, digest_nonce, "digest.nonce", "5m", START, CONF_RANGE(1000, 86400000),         \
		"How long a nonce is good for; then the client is given another (stale=true).")     \
	ROW(S, NUMBER, digest_nonces, "digest.nonces", "20000", START, CONF_RANGE(1, 10000000),     \
		"Nonces in use whose counts are remembered; beyond, the one in use longest is "     \
		"replaced by another (stale=true).")                                                \
	ROW(S, NUMBER, digest_failures, "digest.failures", "120", START, CONF_RANGE(0, 1000000),    \
		"Wrong credentials a minute from one peer address; beyond: 429. 0: no limit.")      \
	ROW(S, SIZE, digest_answer, "digest.answer", "256KiB", START, CONF_RANGE(0, 524288),        \
		"How much of an answer is held back to prove it whole to a client of "              \
		"qop=auth-int; "                                                                    \
		"a larger one is proved without its body.")                                         \
	ROW(S, NUMBER, backend_connections, "backend.connections", "64", START,                     \
		CONF_RANGE(1, 65536), "Connections to one application's backend, kept and reused.") \
	ROW(S, NUMBER, backend_waiting, "backend.waiting", "1024", START, CONF_RANGE(1, 1000000),   \
		"Requests that wait for one of them; beyond: 503.")                                 \
	ROW(S, TIME, backend_timeout, "backend.timeout", "30s", START, CONF_RANGE(10, 3600000),     \
		"How long the application may take to begin its answer, or to accept; then 504.")   \
	ROW(S, TIME, backend_stall, "backend.stall", "60s", START, CONF_RANGE(10, 86400000),        \
		"How long it may pause within an answer.")                                          \
	ROW(S, TIME, backend_idle, "backend.idle", "30s", START, CONF_RANGE(10, 3600000),           \
		"How long a connection to it is kept unused.")                                      \
	ROW(S, LIST, rp_a_nodes, "rp_a.nodes", "", START,                                           \
		CONF_ITEMS(0, 1024, struct rp_a_node_conf, rp_a_node_options),                      \
		"Authentication nodes that are reached by HTTPS, beside the peers of diameter or "  \
		"in their place.")                                                                  \
	ROW(S, TEXT, rp_a_certificate, "rp_a.certificate", "", START, CONF_IS("a file name", NULL), \
		"PEM chain that names this gateway to them; none: diameter.certificate.")           \
	ROW(S, TEXT, rp_a_key, "rp_a.key", "", START, CONF_IS("a file name", NULL),                 \
		"Its PEM key, readable by its owner alone.")                                        \
	ROW(S, TEXT, rp_a_authority, "rp_a.authority", "", START, CONF_IS("a file name", NULL),     \
		"PEM certificates that they are verified against; none: diameter.authority.")       \
	ROW(S, NUMBER, tokens, "rp_a.tokens", "100000", START, CONF_RANGE(1, 10000000),             \
		"Tokens kept; beyond, the least recently used is forgotten.")                       \
	ROW(S, NUMBER, pulls, "rp_a.pulls", "1024", START, CONF_RANGE(1, 1000000),                  \
		"Questions over RP_A under way at the same time.")                                  \
	ROW(S, TIME, unknown, "rp_a.unknown", "2s", START, CONF_RANGE(1, 600000),                   \
		"How long a token that the realm refused is not asked for again.")
CONF_STRUCT(gateway_conf, GATEWAY_OPTIONS);
extern const struct conf_option gateway_options[];
