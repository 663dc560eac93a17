// SPDX-License-Identifier: Apache-2.0
/*
 * change: change of network operator (Y.3056 10.6). A client that comes is a `change` here (change.c: what its
 * subscriber and the operator ask for; arrival.c: what the old operator is asked), one that leaves a `departure`
 * (departure.c: what the new operator asks). docs/protocol/change_of_operator.md.
 *  req: B7.5-g B10.6.1 B10.6.2
 */
#pragma once

#include "authz/authz.h"
#include "authz/schema.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "wire/change.h"

/* Another operator, as it is configured. */
struct change_peer {
	const char *host;
	struct ident realm;
	struct jose_key *key; /* envelopes for it are sealed with this; NULL: nobody goes there */
	char thumbprint[JOSE_THUMBPRINT];
	struct jose_key *signing_key; /* NULL: its orders are not read here */
	struct http_client *client;   /* NULL: nobody comes from there */
};

struct changes {
	struct authz *authz;
	struct change_peer *peers;
	size_t peer_count;
	struct jose_key *envelope_key; /* its public half; NULL: nobody comes */
	char thumbprint[JOSE_THUMBPRINT];
	struct jose_key *signing_key; /* NULL: no orders are signed */
	struct tls *server_tls, *client_tls;
	struct http_server *door;
	struct pool *visits;   /* requests of other operators under way: struct visit */
	struct pool *arrivals; /* questions to other operators under way: struct arrival */
	struct pool *updates;  /* key updates under way: struct update */
	struct timer look;
	bool looking, again;
	uint64_t arrived, left, aborted; /* for metrics */
};

/* Keys, peers, the door, and what is due. Before the loop runs, when the vault works. */
enum err change_start_up(struct authz *authz);
void change_shut_down(struct authz *authz); /* open requests are answered 503 */

/* The realm that a certificate speaks for; NULL: none. */
const struct change_peer *change_peer_of(const struct authz *authz, const struct stream *stream);
const struct change_peer *change_peer_at(const struct authz *authz, struct view realm);

/* What a change or a departure goes through, one word in the store. */
enum change_state {
	CHANGE_REQUESTED, /* waits for the operator */
	CHANGE_WAITING,	  /* the old operator is asked, or away */
	CHANGE_KEYED,	  /* 10.6.1/3: its key is here; the device has to come for a new one */
	CHANGE_ORDERED, /* 10.6.2/3: its order is here; the device has to say that it followed it */
	CHANGE_RECEIVED, /* 10.6.2/4: the old operator is asked for the device's public key */
	CHANGE_UPDATED,	 /* the device has only the new operator's key */
	CHANGE_FIRST_TOKEN,
	CHANGE_ABORTED,
	CHANGE_REFUSED,
	CHANGE_STATES
};
const char *change_state_name(enum change_state state);
enum err change_state_of(struct view name, enum change_state *ret);
bool change_may(enum change_state from, enum change_state to);

/* A row of the statements that give changes; views into the result. */
struct change_row {
	struct view id, subscriber, old_realm, client, new_client, consent, replacement, receipt,
		detail;
	enum change_state state;
	enum change_method method;
	int64_t until, created, updated, tries;
};
enum err change_read_row(const struct store_result *result, size_t step, size_t row,
	struct change_row *ret);

/* MOVE_CHANGE: the one way in which a state changes, expected to be `from`. `due`: what is to be asked next, or 0. */
struct change_move {
	struct view id;
	enum change_state from, to;
	int64_t due, now;
	const char *detail;
};
struct store_step change_move_step(const struct change_move *move);

/* The state in which a change is over. */
bool change_is_over(enum change_state state);

/* --- arrival.c --- */

/* Something may be due. */
void arrival_wake(struct authz *authz);
enum err arrival_start_up(struct authz *authz);
void arrival_shut_down(struct authz *authz);

/* --- departure.c --- */

enum err departure_start_up(struct authz *authz);
void departure_shut_down(struct authz *authz);

/* --- key_updates.c --- */

struct diameter_request;
void key_updates_on_request(void *authz, struct diameter_request *request);
enum err key_updates_start_up(struct authz *authz);
void key_updates_shut_down(struct authz *authz);

/* Of a device: see the store's `awaits`. */
enum { AWAITS_KEY = 1, AWAITS_TOKEN = 2 };
