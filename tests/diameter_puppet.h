// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_puppet: a Diameter peer that does what a test tells it, right or wrong, message by message,
 * over a plain connection; and the loop with a clock moved by hand that it and the node under test run on.
 */
#pragma once

#include "fake_env.h"
#include "net/diameter_peer.h"

struct world {
	struct fake_env env;
	struct loop *loop;
};

void world_open(struct world *w);
void world_close(struct world *w);
/* Turns the loop until `*flag` is true; gives up after many turns. The clock stands still. */
bool world_until(struct world *w, const bool *flag);
void world_settle(struct world *w);		 /* turns until nothing moves any more */
void world_advance(struct world *w, int64_t ms); /* moves the clock, then settles */

struct puppet {
	struct world *world;
	const char *host, *realm;
	struct listener *listener;
	struct stream *stream;
	bool ready, closed;
	bool deaf; /* reads nothing */
	struct buf in;
	struct buf last;	       /* the message that was taken last */
	struct diameter_header header; /* of it */
	uint32_t next_id;
};

/* Connects to a node, or listens for it. Fills the struct. */
void puppet_connect(struct puppet *p, struct world *w, const char *host, const char *address);
void puppet_listen(struct puppet *p, struct world *w, const char *host);
const char *puppet_address(const struct puppet *p);
void puppet_close(struct puppet *p);   /* the connection and the listener */
void puppet_hang_up(struct puppet *p); /* the connection alone */

void puppet_send(struct puppet *p, uint8_t flags, uint32_t command, uint32_t application,
	uint32_t hop_by_hop, uint32_t end_to_end, const struct avp_row *rows, const void *in);
void puppet_send_bytes(struct puppet *p, const void *bytes, size_t len);
/* Waits for the next message; false when the connection ends instead or nothing comes. */
bool puppet_take(struct puppet *p);
struct view puppet_message(const struct puppet *p);
uint32_t puppet_result(const struct puppet *p); /* Result-Code of the last message, 0 without one */

/* A CER for Zh and NASREQ under the puppet's name, and the answer to one that was taken. */
void puppet_send_cer(struct puppet *p);
void puppet_send_cea(struct puppet *p, uint32_t result);
/* The exchange, from the puppet's side, up to an open connection. */
bool puppet_shake_hands(struct puppet *p);
