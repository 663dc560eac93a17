// SPDX-License-Identifier: Apache-2.0
/* conf: the options of the part that knows other registries. */
#pragma once

enum peers_approval { PEERS_APPROVE_BY_HAND, PEERS_APPROVE_BELOW };

#define REGISTRY_PEERS_OPTIONS(ROW, S)                                                             \
	ROW(S, CHOICE, peers_approve, "peers.approve", "by-hand", START,                           \
		CONF_WORDS("by-hand|below"),                                                       \
		"Who lets a registry join: an administrator each time, or, for one whose RegID "   \
		"is "                                                                              \
		"a label below, its certificate.")                                                 \
	ROW(S, TEXT, peers_address, "peers.address", "", START,                                    \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where other registries connect to; none: the host and port of registry.url, or, " \
		"without one, where the API is served.")                                           \
	ROW(S, NUMBER, peers_max, "peers.max", "1000", START, CONF_RANGE(1, 100000),               \
		"Other registries that are known here, those that have left too.")                 \
	ROW(S, NUMBER, peers_requests, "peers.requests", "100", START, CONF_RANGE(0, 100000),      \
		"How many may wait for approval at the same time.")                                \
	ROW(S, TIME, peers_retry, "peers.retry", "200ms", START, CONF_RANGE(10, 3600000),          \
		"How long after a failure another registry is tried again; twice as long each "    \
		"time.")                                                                           \
	ROW(S, TIME, peers_retry_max, "peers.retry_max", "30s", START, CONF_RANGE(10, 3600000),    \
		"How long at most.")                                                               \
	ROW(S, TIME, peers_keep_alive, "peers.keep_alive", "5s", START, CONF_RANGE(100, 3600000),  \
		"How often a stream that has nothing to say shows that it is there; after three "  \
		"times as long without a sign it is lost.")                                        \
	ROW(S, SIZE, peers_entry, "peers.entry", "512KiB", START, CONF_RANGE(131072, 67108864),    \
		"The longest entry that another registry may send.")                               \
	ROW(S, NUMBER, peers_held, "peers.held", "8192", START, CONF_RANGE(512, 1000000),          \
		"Entries that may wait for their checkpoint, and again for the store.")            \
	ROW(S, SIZE, peers_held_bytes, "peers.held_bytes", "16MiB", START,                         \
		CONF_RANGE(1048576, 1073741824), "How many bytes of them.")                        \
	ROW(S, NUMBER, peers_rate, "peers.rate", "50000", START, CONF_RANGE(10, 10000000),         \
		"What another registry may say in a second; more is read later.")                  \
	ROW(S, NUMBER, peers_snapshot, "peers.snapshot", "100000000", START,                       \
		CONF_RANGE(1, 1000000000000), "Entries of the largest snapshot that is taken.")    \
	ROW(S, NUMBER, peers_snapshot_behind, "peers.snapshot_behind", "1000000", START,           \
		CONF_RANGE(1, 1000000000000),                                                      \
		"Who is so many entries behind gets a snapshot of the state instead of them.")     \
	ROW(S, NUMBER, peers_units, "peers.units", "4096", START, CONF_RANGE(16, 100000),          \
		"Units of others' entries under way in the store at the same time.")               \
	ROW(S, NUMBER, peers_units_each, "peers.units_each", "128", START, CONF_RANGE(1, 10000),   \
		"How many of them of one registry.")                                               \
	ROW(S, TEXT, peers_ca_certificate, "peers.ca_certificate", "", START,                      \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificate of the authority that signs for children that come without a "    \
		"certificate; one of its own, not of api.authority; none: they need one.")         \
	ROW(S, TEXT, peers_ca_key, "peers.ca_key", "", START, CONF_IS("a file name", NULL),        \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TIME, peers_certificate_lifetime, "peers.certificate_lifetime", "90d", START,       \
		CONF_RANGE(3600000, 315360000000),                                                 \
		"How long what it signs is good; a child asks again when a third of it is left.")
