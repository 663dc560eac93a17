// SPDX-License-Identifier: Apache-2.0
/*
 * clients: which connection to the broker stands on which token, and what it may do there. Of mosquitto's thread. A
 * connection is known from when its handshake has asked for a key until mosquitto tells its end: its handle is no other's
 * meanwhile.  req: B9.6.4-d
 */
#pragma once

#include "app/symapp.h"
#include "mosquitto/conf.h"

struct mosquitto; /* a connection, as mosquitto has it */
struct clients;

struct client {
	struct mosquitto *handle;
	struct symapp_token token; /* without its key */
	bool over;		   /* the token is: nothing is allowed any more */
};

enum err clients_new(const struct mosquitto_conf *conf, struct clients **ret);
void clients_free(struct clients *clients); /* NULL is fine */

/* A handshake shows this token: nothing is proved yet. In the place of what the connection had shown before. ERR_OVERLOAD,
 * ERR_MEMORY. */
enum err clients_put(struct clients *clients, struct mosquitto *handle,
	const struct symapp_token *token);
struct client *clients_at(const struct clients *clients, const struct mosquitto *handle);
void clients_drop(struct clients *clients, const struct mosquitto *handle); /* unknown is fine */

/* All connections of a token are over, of NULL those of all; or it ends at another time. Returns how many. */
size_t clients_end(struct clients *clients, const char *token_id);
void clients_move(struct clients *clients, const char *token_id, int64_t until);
/* Those of this token may do what it says now. */
void clients_grant(struct clients *clients, const struct symapp_token *token);
/* Ends those whose time has come. */
void clients_expire(struct clients *clients, int64_t now);
/* Disconnects those that are over: `kick` by the name that a client has, NULL while it has none. True: there are some that could
 * not be yet. */
bool clients_kick(struct clients *clients, const char *(*name)(const struct mosquitto *handle),
	void (*kick)(const char *name));

/* Whether the configuration allows this topic, or filter, for reading or writing. */
bool client_may(const struct mosquitto_conf *conf, const struct client *client, const char *topic,
	enum topic_access access);
