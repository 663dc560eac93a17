// SPDX-License-Identifier: Apache-2.0
/*
 * elements: the application elements that are connected, and what they serve (Y.3056 9.6.1): announced by
 * them, authorised by the authorization element, kept in memory for as long as their connection lasts.
 *  req: B9.6.1-c B9.6.1-e
 */
#pragma once

#include "authn/outbox.h"
#include "authn/rp_a_carrier.h"
#include "wire/rp_messages.h"

enum { ELEMENTS_MAX = 4096, ELEMENT_TEXT = 256, MECHANISM_MAX = 32 };

/* One application, or one group's tokens, served by one element. */
struct service {
	struct service *next; /* of the same application, by other elements */
	struct element *element;
	struct ident application;
	struct ua uas[RP_UAS]; /* registered and announced: keys of no other leave */
	size_t ua_count;
	char address[ELEMENT_TEXT];			/* "host:port" that devices reach; "" */
	char mechanisms[RP_MECHANISMS * MECHANISM_MAX]; /* "tls13-psk tls12-psk" */
};

/* One application as it was announced, and what the authorization element says of it. */
struct announced {
	struct ident application, group; /* group: its own identity when it is in none */
	struct ua uas[RP_UAS];
	size_t ua_count;
	struct ua served[RP_UAS]; /* of these, the registered ones */
	size_t served_count;
	bool alone; /* tokens of several applications are not wanted */
	char address[ELEMENT_TEXT];
	char mechanisms[RP_MECHANISMS * MECHANISM_MAX];
	bool authorised;
};

struct element {
	struct authn *authn;
	pool_ref ref;
	const struct rp_a_carrier *carrier;	      /* that it spoke over last */
	struct channel *channel;		      /* the carrier's own; may be NULL */
	char host[ELEMENT_TEXT], realm[ELEMENT_TEXT]; /* verified; on Diameter alone */
	char peer[ELEMENT_TEXT];		      /* over whose connection it speaks; "" */
	struct announced *announced;
	size_t announced_count;
	struct service *services; /* what came of it */
	size_t service_count;
	pool_ref asking; /* the announcement.c run that asks for it */
	struct outbox outbox;
};

enum err elements_start_up(struct authn *authn);
void elements_shut_down(struct authn *authn);

/* What was announced over a connection ends with it. */
void elements_forget_peer(struct authn *authn, const char *peer);

/* The record of who sent this, made when it speaks first. */
enum err element_of(struct authn *authn, const struct rp_a_request *request, struct element **ret);
struct element *element_at(const struct authn *authn, pool_ref ref);	    /* NULL: gone */
struct element *element_named(const struct authn *authn, const char *host); /* NULL: none */
void element_forget(struct element *element);
void elements_each(struct authn *authn, void (*each)(void *user, pool_ref ref, void *element));
/* Takes over what it announced, whatever comes of it: from now on it serves what of that is authorised. */
enum err element_serve(struct element *element, struct announced *announced, size_t count);

/* The first of those that serve an application or group; NULL: none. */
struct service *elements_serving(const struct authn *authn, const struct ident *application);
/* That application among those of one element; NULL: it does not serve it. */
const struct service *element_serves(const struct element *element, const struct ident *application);
