// SPDX-License-Identifier: Apache-2.0
/* conf: the options of symbolon-registry. */
#pragma once

#include "net/node_conf.h"
#include "registry/devices/conf.h"
#include "registry/peers/conf.h"
#include "registry/realm/conf.h"
#include "registry/notify/options.h"

enum err registry_check_id(const char *text);
enum err registry_check_url(const char *text);
enum err registry_check_role(const char *text);

#define REGISTRY_OPTIONS(ROW, S)                                                                   \
	NODE_HOST_OPTION(ROW, S)                                                                   \
	NODE_COMMON_OPTIONS(ROW, S)                                                                \
	REGISTRY_SET_UP_OPTIONS(ROW, S)                                                            \
	REGISTRY_REALM_OPTIONS(ROW, S)                                                             \
	REGISTRY_DEVICES_OPTIONS(ROW, S)                                                           \
	REGISTRY_API_OPTIONS(ROW, S)                                                               \
	REGISTRY_PEERS_OPTIONS(ROW, S)                                                             \
	REGISTRY_STATUS_OPTIONS(ROW, S)                                                            \
	REGISTRY_LOG_OPTIONS(ROW, S)                                                               \
	REGISTRY_ENQUIRY_OPTIONS(ROW, S)                                                           \
	REGISTRY_OWNERS_OPTIONS(ROW, S)                                                            \
	NOTIFY_OPTIONS(ROW, S)

/* Who it is: 9.1.  req: R9.1-i R9.1-ii */
#define REGISTRY_SET_UP_OPTIONS(ROW, S)                                                            \
	ROW(S, TEXT, id, "registry.id", NULL, START,                                               \
		CONF_IS("a registry identity as IN.TEL.P01", registry_check_id),                   \
		"Its RegID: a label of A to Z and 0 to 9 for each level, from the geography "      \
		"down.")                                                                           \
	ROW(S, CHOICE, type, "registry.type", "primary", START,                                    \
		CONF_WORDS("geographical|sectoral|primary"),                                       \
		"Its place in the hierarchy; only a primary registry registers devices.")          \
	ROW(S, NUMBER, width, "registry.width", "3", START, CONF_RANGE(0, 16),                     \
		"Characters in the last label of the RegIDs of registries below it; 0: any.")      \
	ROW(S, TEXT, name, "registry.name", "", START, CONF_IS("a text", NULL),                    \
		"What people call it.")                                                            \
	ROW(S, TEXT, contact, "registry.contact", "", START, CONF_IS("a text", NULL),              \
		"Whom to write to: it stands in the published document.")                          \
	ROW(S, TEXT, url, "registry.url", "", START,                                               \
		CONF_IS("https://HOST or https://HOST:PORT, or nothing", registry_check_url),      \
		"Where others reach its API; none: https:// and node.host.")                       \
	ROW(S, TEXT, practice_statement, "registry.practice_statement", "", START,                 \
		CONF_IS("a file name", NULL),                                                      \
		"Its practice statement (Markdown); none: the one that is built in.")

#define REGISTRY_API_OPTIONS(ROW, S)                                                               \
	ROW(S, TEXT, api_listen, "api.listen", "", START,                                          \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where the API is served, with TLS.")                                              \
	ROW(S, TEXT, api_socket, "api.socket", "", START, CONF_IS("a file name", NULL),            \
		"Unix socket at which the user that runs this node, and root, administer it.")     \
	ROW(S, TEXT, api_certificate, "api.certificate", "", START, CONF_IS("a file name", NULL),  \
		"PEM chain that those who ask verify.")                                            \
	ROW(S, TEXT, api_key, "api.key", "", START, CONF_IS("a file name", NULL),                  \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TEXT, api_authority, "api.authority", "", START, CONF_IS("a file name", NULL),      \
		"PEM certificates that those of administrators, auditors and other registries "    \
		"are "                                                                             \
		"verified against; none: nobody comes with one.")                                  \
	ROW(S, TEXTS, administrators, "api.administrators", "", RELOAD,                            \
		CONF_MANY(0, 256, "a name in a certificate", NULL),                                \
		"Whose certificates administer it, by name.")                                      \
	ROW(S, TEXTS, auditors, "api.auditors", "", RELOAD,                                        \
		CONF_MANY(0, 256, "a name in a certificate", NULL),                                \
		"Whose certificates may read all and change nothing, by name.")                    \
	ROW(S, NUMBER, api_connections, "api.connections", "10000", START, CONF_RANGE(1, 1000000), \
		"Connections at the same time.")                                                   \
	ROW(S, NUMBER, api_per_address, "api.connections_per_address", "0", START,                 \
		CONF_RANGE(0, 1000000), "How many of them one peer address may have; 0: all.")     \
	ROW(S, NUMBER, api_calls, "api.calls", "16384", START, CONF_RANGE(16, 1000000),            \
		"Requests under way at the same time; beyond: 503.")                               \
	ROW(S, TIME, api_head, "api.head", "10s", START, CONF_RANGE(100, 600000),                  \
		"How long a request may take to arrive.")                                          \
	ROW(S, TIME, api_idle, "api.idle", "60s", START, CONF_RANGE(100, 3600000),                 \
		"How long a connection may be idle.")

/* What it thinks of devices: 6.1. */
#define REGISTRY_STATUS_OPTIONS(ROW, S)                                                            \
	ROW(S, TEXT, policy_file, "status.policy", "", START, CONF_IS("a file name", NULL),        \
		"The rules by which it says trusted, unverified or unreliable, read again on "     \
		"SIGHUP; none: "                                                                   \
		"those that are built in.")                                                        \
	ROW(S, TEXT, roots_folder, "status.roots", "", START, CONF_IS("a folder", NULL),           \
		"Certificates (PEM, one a file) accepted as roots of trust, unless they were "     \
		"withdrawn.")                                                                      \
	ROW(S, SIZE, advisory_size, "status.advisory_size", "8MiB", START,                         \
		CONF_RANGE(1048576, 33554432),                                                     \
		"How large an advisory may be at the Unix socket; "                                \
		"elsewhere it is 1 MiB.")

#define REGISTRY_LOG_OPTIONS(ROW, S)                                                                \
	ROW(S, TIME, checkpoint_interval, "log.checkpoint_interval", "5ms", RELOAD,                 \
		CONF_RANGE(1, 60000), "How old a signed checkpoint may be when the log has grown.") \
	ROW(S, NUMBER, log_waiting, "log.waiting", "16384", START, CONF_RANGE(16, 1000000),         \
		"Units of events on their way into the log; beyond: 503.")                          \
	ROW(S, SIZE, log_recent, "log.recent", "8MiB", START, CONF_RANGE(65536, 4294967296),        \
		"Memory for the newest events, which those that follow the log read from it.")      \
	ROW(S, TIME, queries_interval, "queries.interval", "1s", RELOAD, CONF_RANGE(10, 60000),     \
		"How long enquiries are collected before their record is written and its digest "   \
		"logged.")                                                                          \
	ROW(S, TIME, queries_keep, "queries.keep", "400d", RELOAD,                                  \
		CONF_RANGE(86400000, 315360000000), "How long that record is kept.")                \
	ROW(S, NUMBER, log_tiles, "log.tiles", "256", START, CONF_RANGE(4, 1000000),                \
		"Tiles of 256 leaves kept in memory, 8 KiB each, for proofs about older events.")

/* Interrogation: 9.3. */
#define REGISTRY_ENQUIRY_OPTIONS(ROW, S)                                                           \
	ROW(S, TEXTS, enquiry_approve, "enquiry.approve", "", START,                               \
		CONF_MANY(0, 4, "enquirer, manufacturer, agency or owner", registry_check_role),   \
		"Roles for which a key is enrolled without an administrator's approval.")          \
	ROW(S, TIME, enquiry_challenge, "enquiry.challenge", "60s", START,                         \
		CONF_RANGE(1000, 3600000), "How long a challenge may be answered.")                \
	ROW(S, NUMBER, enquiry_challenges, "enquiry.challenges", "1000000", START,                 \
		CONF_RANGE(1000, 100000000),                                                       \
		"Challenges that were answered and are remembered, for as long as they may be.")   \
	ROW(S, TIME, enquiry_signature, "enquiry.signature", "300s", RELOAD,                       \
		CONF_RANGE(1000, 3600000), "How long the signature of a request may be valid.")    \
	ROW(S, NUMBER, enquiry_failures, "enquiry.failures", "10", RELOAD, CONF_RANGE(0, 1000000), \
		"Signatures a minute that may fail from one address; 0: any number.")              \
	ROW(S, NUMBER, enquiry_rate, "enquiry.rate", "6000", RELOAD, CONF_RANGE(0, 100000000),     \
		"Requests a minute of one party; 0: any number.")                                  \
	ROW(S, NUMBER, enquiry_enrolments, "enquiry.enrolments", "10", RELOAD,                     \
		CONF_RANGE(0, 1000000), "Enrolments a minute from one address; 0: any number.")    \
	ROW(S, TIME, enquiry_answer, "enquiry.answer", "1h", RELOAD, CONF_RANGE(1000, 2592000000), \
		"How long a signed answer may be shown to others.")                                \
	ROW(S, NUMBER, enquiry_standings, "enquiry.standings", "1000000", START,                   \
		CONF_RANGE(1000, 100000000), "Devices whose standing is kept in memory.")          \
	ROW(S, NUMBER, enquiry_bulks, "enquiry.bulks", "4", START, CONF_RANGE(1, 1000),            \
		"Bulk interrogations at the same time; beyond: 503.")                              \
	ROW(S, TIME, status_list_interval, "status_list.interval", "1s", RELOAD,                   \
		CONF_RANGE(100, 3600000), "How often a list that has changed is made anew.")       \
	ROW(S, TIME, status_list_ttl, "status_list.ttl", "60s", START, CONF_RANGE(1000, 86400000), \
		"How long whoever has a list need not fetch it again.")                            \
	ROW(S, TIME, status_list_lifetime, "status_list.lifetime", "24h", START,                   \
		CONF_RANGE(60000, 2592000000), "How long a signed list may be believed.")

/* Whose devices are, and by which rules: 6.3 e.  req: R6.3 */
#define REGISTRY_OWNERS_OPTIONS(ROW, S)                                                            \
	ROW(S, NUMBER, import_rows, "imports.rows", "1000", START, CONF_RANGE(1, 10000),           \
		"Rows of a bulk import in one request.")                                           \
	ROW(S, NUMBER, import_failures, "imports.failures", "100000", RELOAD,                      \
		CONF_RANGE(0, 1000000000), "Wrong rows of a batch, beyond which it is stopped.")   \
	ROW(S, BOOL, manufacturers_preregister, "manufacturers.preregister", "true", RELOAD,       \
		CONF_PLAIN,                                                                        \
		"Whether manufacturers announce devices of their own makes; else "                 \
		"administrators alone.")                                                           \
	ROW(S, BOOL, ownership_by_device, "ownership.by_device", "true", RELOAD, CONF_PLAIN,       \
		"Whether a device tells whose it is; else administrators alone.")                  \
	ROW(S, BOOL, ownership_verified, "ownership.verified", "false", RELOAD, CONF_PLAIN,        \
		"Whether a device's owner must be one whose name its realm vouches for.")          \
	ROW(S, CHOICE, ownership_transfer, "ownership.transfer", "signed", RELOAD,                 \
		CONF_WORDS("signed|approved|never"),                                               \
		"What moves a device to another owner: both signatures; an administrator's "       \
		"approval too; nothing.")                                                          \
	ROW(S, TIME, ownership_offer, "ownership.offer", "7d", RELOAD,                             \
		CONF_RANGE(1000, 31536000000), "How long an offer of a device may be open.")       \
	ROW(S, NUMBER, ownership_offers, "ownership.offers", "60", RELOAD, CONF_RANGE(0, 1000000), \
		"Offers and acceptances a minute from one address; 0: any number.")                \
	ROW(S, CHOICE, ownership_revoked_by, "ownership.revoked_by", "both", RELOAD,               \
		CONF_WORDS("administrator|both"),                                                  \
		"Who says that a device is its owner's no more; both: the owner too.")             \
	ROW(S, BOOL, lifecycle_by_manufacturer, "lifecycle.by_manufacturer", "true", RELOAD,       \
		CONF_PLAIN, "Whether manufacturers retire devices of their own makes.")            \
	ROW(S, BOOL, lifecycle_by_agency, "lifecycle.by_agency", "true", RELOAD, CONF_PLAIN,       \
		"Whether agencies report devices lost, stolen and found.")

CONF_STRUCT(registry_conf, REGISTRY_OPTIONS);
extern const struct conf_option registry_options[];
