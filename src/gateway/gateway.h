// SPDX-License-Identifier: Apache-2.0
/*
 * gateway: the application element in front of applications that know nothing of Y.3056: session control on
 * RP_D (9.5), token management over RP_A (9.4.3), plain HTTP or TCP behind.  req: B8.3
 */
#pragma once

#include "app/symapp.h"
#include "base/table.h"
#include "gateway/conf.h"
#include "net/coap.h"
#include "net/daemon.h"
#include "net/http_client.h"
#include "net/http_server.h"

enum application_mode { MODE_HTTP, MODE_TCP, MODE_COAP };
enum application_proxy { PROXY_NONE, PROXY_V2 };
enum application_access { ACCESS_PSK, ACCESS_DIGEST, ACCESS_COAP /* that of mode coap */ };

/* One application, and where it is reached on either side. */
struct application {
	struct gateway *gateway;
	struct ident id;
	struct ident group; /* what its tokens are for: `id`, or the group that it is of (9.6.1) */
	char host[IDENT_MAX + 1]; /* the name that devices ask for */
	enum application_mode mode;
	enum application_access access;
	enum application_proxy proxy;
	struct field_names fields;
	const char *backend;
	const char *address; /* as the realm is told; "": its host, and the port of the door */
	struct door *door;
	struct http_server *http;	     /* mode http: the device's side */
	struct http_client *client;	     /* and the backend's */
	struct net_coap_client *coap_client; /* mode coap */
	struct guest *guests;		     /* its sessions */
	struct errand *errands;		     /* its requests under way */
};

/* One address that is listened at, for one application or several. */
struct door {
	struct gateway *gateway;
	const char *address; /* as configured */
	enum application_access access;
	const char *certificate, *key; /* access digest */
	struct tls *tls;
	struct listener *listener;
	struct net_coap_server *coap; /* access coap */
};
const char *door_address(const struct door *door); /* where it listens */

struct gateway {
	struct gateway_conf *conf; /* first: the daemon sets it */
	struct loop *loop;
	struct realm *realm; /* NULL: the configuration alone says whom to ask */
	struct timer reopen; /* runs: RP_A is opened anew */
	struct node_diameter diameter_setup;
	struct symapp_node *nodes; /* on HTTPS */
	size_t node_count;
	struct tls *rp_a_tls;
	struct symapp *app;
	struct application *applications;
	size_t application_count;
	struct door *doors;
	size_t door_count;
	struct pool *forwards;	/* requests under way: struct forward */
	struct pool *relays;	/* connections in mode tcp: struct relay */
	struct table *sessions; /* struct session, by application and token */
	struct nonces *nonces;	/* of access digest */
	struct rates *failures; /* of it, by the peer's address */
	uint64_t backend_failures;
	size_t errand_count;
};

/* RP_A is opened anew, soon, with the nodes that the realm has now; sessions go on. */
void gateway_reopen_rp_a(struct gateway *gateway);

extern const struct daemon_program gateway_program;
