// SPDX-License-Identifier: Apache-2.0
/*
 * authn: the authentication element of a realm (Y.3056 9.1): the bootstrapping function on RP_C, and token
 * management behind RP_A. One node, one process; everything here runs on the loop's thread.
 */
#pragma once

#include "authn/conf.h"
#include "base/rate.h"
#include "base/seal.h"
#include "base/table.h"
#include "core/ident.h"
#include "net/crowd.h"
#include "net/diameter_peer.h"
#include "net/http_server.h"
#include "net/daemon.h"
#include "net/metrics.h"
#include "net/loop.h"
#include "store/keeper.h"

struct announcements;
struct elements;
struct events;
struct revocation;

struct authn {
	struct authn_conf *conf; /* first: the daemon sets it */
	struct loop *loop;
	struct ident node, realm;
	struct seal_ring *ring;
	struct keeper *keeper; /* of the data keys */
	struct store *store;
	struct secret holder_secret; /* names, in the store, whose a token is */
	struct node_diameter diameter_setup;
	struct diameter_node *diameter;
	struct tls *rp_c_tls;
	struct http_server *rp_c, *rp_c_plain;
	struct tls *rp_a_tls;
	struct http_server *rp_a_https; /* NULL: none */
	size_t rp_a_streams;		/* of events, open */

	struct pool *bootstraps;  /* runs of 10.4 under way: struct bootstrap */
	struct table *challenges; /* open nonce -> pool_ref of its run */
	struct crowds *crowds;	  /* runs by peer address: none may have all */
	struct rates *starts;	  /* of runs, by identity and by address */
	struct pool *key_updates; /* of devices, under way: struct update */
	struct pool *pulls;	  /* RP_A requests under way: struct pull */
	struct pool *pushes;	  /* requests to elements under way: struct push */
	struct announcements *announcements;
	struct elements *elements;     /* that have announced themselves on RP_A */
	struct revocation *revocation; /* permissions that end or change */
	struct events *events;	       /* that they are told */
	struct pool *questions;	       /* RP_B requests under way: struct question */
	struct pool *token_calls;      /* store calls under way: struct token_call */
	struct metrics *metrics;
	uint64_t tokens_held;	   /* as they were counted last */
	struct document *document; /* of the realm; NULL: none is served */
	struct timer sweep;	   /* drops expired tokens from the store */
};

extern const struct daemon_program authn_program;
