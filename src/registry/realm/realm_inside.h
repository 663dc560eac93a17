// SPDX-License-Identifier: Apache-2.0
/* realm_inside: what the files of this folder know of each other. */
#pragma once

#include "registry/realm/rp_d.h"
#include "registry/realm/visits.h"

struct realm {
	struct registry *registry;
	struct ident application;
	char host[IDENT_MAX + 1]; /* the name that devices ask for */
	struct node_diameter diameter_setup;
	struct symapp_node *nodes; /* on HTTPS */
	size_t node_count;
	struct tls *rp_a_tls;
	struct symapp *app;
	struct tls *psk;
	struct listener *listener;
	struct http_server *http;
	struct table *by_token; /* struct visit, by token id as it is held */
	struct table *by_name;	/* the newest of each name */
};

/* rp_a.c: whom to ask, and what is announced there. ERR_CONFIG. */
enum err realm_rp_a_start_up(struct realm *realm);
enum err realm_rp_a_announce(struct realm *realm);
void realm_rp_a_shut_down(struct realm *realm);
/* The operator's realm that a node is of, as configured. ERR_NOT_FOUND. */
enum err realm_rp_a_of(const struct realm *realm, const struct ident *node, struct view *ret);
