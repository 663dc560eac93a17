// SPDX-License-Identifier: Apache-2.0
/*
 * mqtt: publishes at a broker with MQTT 5 and QoS 1, by libmosquitto. Its network is on a thread of its own, because it
 * resolves names and connects where it would hold up the loop; what it has to say comes back to the loop's. What was given to
 * it is sent again after a lost connection until the broker has acknowledged it.  req: R7-iv-e
 */
#pragma once

#include "base/buf.h"
#include "net/loop.h"

enum {
	MQTT_TOPIC_MAX = 256,
	MQTT_PENDING_MAX = 4096, /* publications that are not acknowledged */
};

struct mqtt;

struct mqtt_options {
	const char *address;	       /* of the broker, "HOST:PORT" */
	const char *authority;	       /* PEM bundle that it is verified against; "": no TLS */
	const char *certificate, *key; /* PEM files, or "" */
	const char *username;	       /* "" */
	const char *password_file;     /* "", or its owner's alone; its first line */
	const char *client_id; /* another one with the same would be put out by the broker */
};

/* Begins to connect, and goes on until closed. ERR_CONFIG: a file, or an address, that is none; ERR_MEMORY, ERR_IO. */
enum err mqtt_open(struct loop *loop, const struct mqtt_options *options, struct mqtt **ret);
void mqtt_close(struct mqtt *m); /* publications under way are not told of. NULL is fine */

bool mqtt_is_connected(const struct mqtt *m);
/* What the broker, or the way to it, said last: "" when connected. */
const char *mqtt_trouble(const struct mqtt *m);

/*
 * One publication. `done` comes once, later: OK: PUBACK; ERR_DENIED: the broker refuses it, and would again. None after a
 * forget. ERR_OVERLOAD: MQTT_PENDING_MAX are under way; ERR_RANGE: longer than the broker takes; ERR_SYNTAX: no topic.
 */
typedef void mqtt_done(void *user, enum err result);
struct mqtt_message {
	const char *topic;
	struct view payload;
	const char *content_type; /* of MQTT 5 */
};
enum err mqtt_publish(struct mqtt *m, const struct mqtt_message *message, mqtt_done *done,
	void *user, uint64_t *ret_publication);
void mqtt_forget(struct mqtt *m, uint64_t publication);
