// SPDX-License-Identifier: Apache-2.0
/* conf: options of the registration of devices. */
#pragma once

#include "net/node_conf.h"

enum err devices_check_fingerprint(const char *text);
enum err devices_check_kind(const char *text);

#define FINGERPRINT_OF "SHA-256 of a certificate in 64 hexadecimal digits"

/* req: R9.1-vi R9.2-i-a */
#define REGISTRY_DEVICES_OPTIONS(ROW, S)                                                           \
	ROW(S, TEXTS, evidence_kinds, "devices.evidence", "", START,                               \
		CONF_MANY(0, 8, "aka or x509", devices_check_kind),                                \
		"Kinds of evidence of a root of trust that are accepted: aka, the token of RP_D; " \
		"x509, a maker's certificate (IEEE 802.1AR) and a signature by its key. None "     \
		"given: both.")                                                                    \
	ROW(S, TEXTS, device_roots, "devices.roots", "", START,                                    \
		CONF_MANY(0, 4096, "a file name", NULL),                                           \
		"Roots of trust that are accepted: makers' authorities, a PEM file each.")         \
	ROW(S, TEXTS, device_pinned, "devices.pinned", "", START,                                  \
		CONF_MANY(0, 65536, FINGERPRINT_OF, devices_check_fingerprint),                    \
		"Certificates of single devices that are accepted, whoever signed them.")          \
	ROW(S, TEXTS, device_withdrawn, "devices.withdrawn", "", START,                            \
		CONF_MANY(0, 65536, FINGERPRINT_OF, devices_check_fingerprint),                    \
		"Certificates that are not accepted any more, and what they have signed neither.") \
	ROW(S, CHOICE, duplicates, "devices.duplicates", "refuse", RELOAD,                         \
		CONF_WORDS("refuse|unverified"),                                                   \
		"A device that another registry has already: refuse it, or register it and hold "  \
		"both unverified (ITU-T Q.5052). In one registry the second is always refused.")   \
	ROW(S, TIME, device_nonce, "devices.nonce", "60s", RELOAD, CONF_RANGE(1000, 3600000),      \
		"How long a nonce may be answered with evidence.")                                 \
	ROW(S, TIME, virtual_lifetime, "devices.virtual_lifetime", "1d", RELOAD,                   \
		CONF_RANGE(1000, 3153600000000),                                                   \
		"How long a virtual RegDevID lives unless asked otherwise.")                       \
	ROW(S, TIME, virtual_longest, "devices.virtual_longest", "30d", RELOAD,                    \
		CONF_RANGE(1000, 3153600000000), "The longest that may be asked for.")             \
	ROW(S, NUMBER, device_vulnerabilities, "devices.vulnerabilities", "16", RELOAD,            \
		CONF_RANGE(0, 256),                                                                \
		"Vulnerabilities of its own that a device may have told of; 0: none is taken.")    \
	ROW(S, NUMBER, virtual_count, "devices.virtual_count", "64", RELOAD, CONF_RANGE(1, 10000), \
		"Virtual RegDevIDs that a device may have at the same time.")                      \
	ROW(S, NUMBER, device_events, "devices.events", "60", RELOAD, CONF_RANGE(0, 1000000),      \
		"Reports, vulnerabilities, and virtual RegDevIDs made or ended, a minute by one "  \
		"device: each "                                                                    \
		"stays "                                                                           \
		"in the log for good. 0: no limit.")
