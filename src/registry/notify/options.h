// SPDX-License-Identifier: Apache-2.0
/* options of notifications; registry/conf.h has them all. */
#pragma once

#include "net/networks.h"
#include "net/node_conf.h"

#define NOTIFY_OPTIONS(ROW, S)                                                                      \
	ROW(S, NUMBER, subscriptions, "notifications.subscriptions", "100000", START,               \
		CONF_RANGE(0, 1000000), "Subscriptions of all together.")                           \
	ROW(S, NUMBER, subscriptions_each, "notifications.subscriptions_each", "100", RELOAD,       \
		CONF_RANGE(0, 1000000), "Subscriptions of one party.")                              \
	ROW(S, NUMBER, notify_parallel, "notifications.parallel", "64", RELOAD,                     \
		CONF_RANGE(1, 10000), "Deliveries under way at the same time.")                     \
	ROW(S, NUMBER, notify_backlog, "notifications.backlog", "100000", RELOAD,                   \
		CONF_RANGE(1, 100000000),                                                           \
		"Events that may wait for one subscriber; beyond, they are left out, which "        \
		"sequence numbers show.")                                                           \
	ROW(S, TIME, notify_backlog_age, "notifications.backlog_age", "7d", RELOAD,                 \
		CONF_RANGE(1000, 31536000000),                                                      \
		"How long an event waits for a subscriber of an event stream.")                     \
	ROW(S, TIME, notify_timeout, "notifications.timeout", "10s", START,                         \
		CONF_RANGE(100, 600000), "How long a receiver may take to acknowledge.")            \
	ROW(S, TIME, notify_retry, "notifications.retry", "1s", RELOAD, CONF_RANGE(10, 86400000),   \
		"After which time a delivery that failed is tried again; twice that the next "      \
		"time.")                                                                            \
	ROW(S, TIME, notify_retry_max, "notifications.retry_max", "10m", RELOAD,                    \
		CONF_RANGE(10, 86400000), "The longest time between two tries.")                    \
	ROW(S, TIME, notify_give_up, "notifications.give_up", "24h", RELOAD,                        \
		CONF_RANGE(1000, 31536000000),                                                      \
		"What could not be delivered for this long becomes a dead letter.")                 \
	ROW(S, NUMBER, notify_tries, "notifications.tries", "0", RELOAD, CONF_RANGE(0, 1000000),    \
		"So many tries make a dead letter sooner; 0: time alone does.")                     \
	ROW(S, TIME, dead_letter_age, "notifications.dead_letter_age", "30d", RELOAD,               \
		CONF_RANGE(1000, 315360000000), "How long dead letters are kept.")                  \
	ROW(S, TIME, notify_keep_alive, "notifications.keep_alive", "15s", START,                   \
		CONF_RANGE(100, 3600000), "An event stream that is quiet says so after it.")        \
	ROW(S, TEXT, webhook_authority, "webhook.authority", "", START,                             \
		CONF_IS("a file name", NULL),                                                       \
		"PEM certificates that receivers are verified against; none: those that the "       \
		"system has.")                                                                      \
	ROW(S, TEXT, webhook_networks, "webhook.networks", "", START,                               \
		CONF_IS("networks as 10.0.0.0/8, fd00::/8", networks_check),                        \
		"Networks that are not public, and yet may have receivers in them.")                \
	ROW(S, BOOL, webhook_plain, "webhook.plain", "false", START, CONF_PLAIN,                    \
		"Whether receivers may be at http:// too.")                                         \
	ROW(S, SIZE, webhook_answer, "webhook.answer", "16KiB", START, CONF_RANGE(256, 1048576),    \
		"The longest answer of a receiver.")                                                \
	ROW(S, TEXT, mqtt_broker, "mqtt.broker", "", START,                                         \
		CONF_IS("HOST:PORT, or nothing", node_check_address_or_none),                       \
		"The MQTT broker at which notifications are published; none: not by MQTT.")         \
	ROW(S, TEXT, mqtt_authority, "mqtt.authority", "", START, CONF_IS("a file name", NULL),     \
		"PEM certificates that it is verified against; none: without TLS.")                 \
	ROW(S, TEXT, mqtt_certificate, "mqtt.certificate", "", START,                               \
		CONF_IS("a file name", NULL), "PEM chain of this client, if the broker asks.")      \
	ROW(S, TEXT, mqtt_key, "mqtt.key", "", START, CONF_IS("a file name", NULL), "Its PEM key.") \
	ROW(S, TEXT, mqtt_user, "mqtt.user", "", START, CONF_IS("a name", NULL),                    \
		"Name of this client at the broker.")                                               \
	ROW(S, TEXT, mqtt_password, "mqtt.password_file", "", START, CONF_IS("a file name", NULL),  \
		"File with its password, its owner's alone.")                                       \
	ROW(S, TEXT, mqtt_topic, "mqtt.topic", "registry/notifications", START,                     \
		CONF_IS("a topic", NULL),                                                           \
		"Where a subscription's events are published: under this, its id.")
