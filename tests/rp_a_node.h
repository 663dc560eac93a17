// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a_node: an authentication node that a test plays toward libsymbolon-app, over Diameter or HTTPS, plainly: it answers what
 * the test says, and tells what the test says, right or wrong.
 */
#pragma once

#include "diameter_puppet.h"
#include "net/http_server.h"
#include "wire/rp_messages.h"

struct rp_a_node;

/* What the element asks; answered once. */
struct rp_a_ask {
	struct rp_a_node *node;
	struct diameter_request *diameter;
	struct http_request *http;
	bool is_pull;
};

struct rp_a_node_on {
	void (*pulled)(void *user, struct rp_a_ask *ask, const struct rp_bir *bir);
	void (*announced)(void *user, struct rp_a_ask *ask, const struct rp_rpr *rpr); /* or NULL */
	/* HTTPS: it opens its event stream; `log` is empty without Last-Event-ID. */
	void (*followed)(void *user, struct view log, uint64_t serial); /* or NULL */
};

struct rp_a_told {
	bool done;
	uint32_t code; /* as Diameter has it; over HTTPS 5402 for all that is refused, 5012 when the stream is cut */
};

enum { RP_A_TOLD_MAX = 4096 };

struct rp_a_node {
	struct world *w;
	const char *host;
	bool https;
	const struct rp_a_node_on *on;
	void *user;
	char address[64];
	struct diameter_node *diameter; /* NULL: closed */
	struct http_server *http;	/* the same */
	struct http_request *stream;
	/* the last answer to an announcement: how the stream begins */
	uint8_t log[16];
	uint64_t serial;
	bool has_log;
	struct {
		uint64_t serial;
		struct rp_a_told *told;
	} waiting[RP_A_TOLD_MAX];
	size_t waiting_count;
};

/* At `address`, "127.0.0.1:0" for any; n->address has it then. */
void rp_a_node_open(struct rp_a_node *n, struct world *w, const char *host, const char *address,
	bool https, const struct rp_a_node_on *on, void *user);
void rp_a_node_close(struct rp_a_node *n);

void rp_a_node_give(struct rp_a_ask *ask, const struct rp_bia *bia);
void rp_a_node_accept(struct rp_a_ask *ask, const struct rp_rpa *rpa);
/* There is no such thing here. */
void rp_a_node_refuse(struct rp_a_ask *ask);
void rp_a_node_tell(struct rp_a_node *n, const struct rp_rpr *rpr, struct rp_a_told *ret);
/* HTTPS: ends the event stream. */
void rp_a_node_cut(struct rp_a_node *n);
/* HTTPS: these bytes, in the event stream. */
void rp_a_node_write(struct rp_a_node *n, struct view bytes);
