// SPDX-License-Identifier: Apache-2.0
/*
 * authz: the authorization element of a realm (Y.3056 9.2): key management, and mapping and registration. It
 * answers authentication elements on RP_B, and its operator on the operator's API.
 */
#pragma once

#include "authz/conf.h"
#include "authz/registration/connector.h"
#include "authz/vault.h"
#include "base/seal.h"
#include "base/table.h"
#include "core/ident.h"
#include "net/diameter_peer.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "net/metrics.h"
#include "store/keeper.h"

struct authz {
	struct authz_conf *conf; /* first: the daemon sets it */
	struct loop *loop;
	struct ident node, realm;
	int64_t started; /* seconds since 1970, UTC */
	struct store *store;
	struct seal_ring *ring; /* for personal data and the realm secret; the vault has its own */
	struct secret realm_secret; /* pseudonyms are made under it */
	struct vault *vault;
	struct seal_ring *vault_ring; /* the vault's, for the keeper alone */
	struct keeper *keeper;	      /* of the data keys */
	struct node_diameter diameter_setup;
	struct diameter_node *diameter;
	struct sessions *sessions;   /* permissions that were given */
	struct consents *consents;   /* those that run out */
	struct changes *changes;     /* of operator: clients that come and go */
	struct conf_texts operators; /* a copy: the option is reloadable */
	struct tls *operator_tls;
	struct http_server *operator_https, *operator_socket;
	struct tls *portal_tls;
	struct http_server *portal;
	struct worker *worker;		/* passwords */
	struct worker *waiter;		/* look-ups and other programs, which others keep waiting */
	struct accounts *accounts;	/* signing in */
	struct issuer *asp_ca;		/* certificates of ASPs; NULL: none are given */
	struct jose_key *extension_key; /* signs what ASPs are handed (10.3); NULL: none */
	struct proof *proofs;		/* of control over hosts, under way */
	unsigned ids_made;		/* of rows that are in the order of time */

	struct metrics *metrics;
	struct pool *questions;	   /* RP_B requests under way: struct question */
	struct pool *vector_runs;  /* vectors being made: struct vector_run */
	struct pool *mapping_runs; /* permissions being looked up: struct mapping_run */
	struct pool *calls;	   /* requests of the operator's API: struct call */
	struct pool *import_runs;  /* requests that bring lines of a batch: struct import_run */
	struct pool *import_items; /* their lines: struct import_item */
	struct pool *pulls;	   /* subscribers being read from the directory: struct pull */
	struct directory_settings directory_settings;
	struct connector *connector; /* to the operator's databases; NULL: none is configured */
};

extern const struct daemon_program authz_program;
