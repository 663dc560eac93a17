// SPDX-License-Identifier: Apache-2.0
/* registry_notify: the commands of those who are told, and the places of their options. */
#pragma once

#include "cli/cli.h"

enum {
	SUBSCRIBE_PARTY_KEY,
	SUBSCRIBE_DEVICE,
	SUBSCRIBE_OWN,
	SUBSCRIBE_MAKE,
	SUBSCRIBE_MODEL,
	SUBSCRIBE_REGISTRY,
	SUBSCRIBE_KINDS,
	SUBSCRIBE_FROM,
	SUBSCRIBE_TO,
	SUBSCRIBE_SEVERITY,
	SUBSCRIBE_WEBHOOK,
	SUBSCRIBE_MQTT,
	SUBSCRIBE_DIGEST,
	SUBSCRIBE_LABEL
};
enum { NOTIFY_PARTY_KEY, NOTIFY_AFTER, NOTIFY_LIMIT };
enum { LETTER_PARTY_KEY, LETTER_SEQUENCE };
enum { NOTICE_MAKE, NOTICE_MODEL, NOTICE_SEVERITY, NOTICE_TEXT, NOTICE_REFERENCE };

cli_run registry_subscribe, registry_subscriptions, registry_unsubscribe, registry_watch,
	registry_dead_letters, registry_replay, registry_drop, registry_notify;
