// SPDX-License-Identifier: Apache-2.0
/*
 * rp_a_carrier: how RP_A is carried between this node and application elements. What is asked, refused and told is the
 * same over all of them (rp_a.h, announcement.h, outbox.h); a carrier reads, writes and says who speaks.
 *  req: B9.6.1-a
 */
#pragma once

#include "authn/authn.h"
#include "wire/rp_messages.h"

struct element;

/* What an element asks, to be answered exactly once by its carrier; answering frees what is behind it. */
struct rp_a_request {
	const struct rp_a_carrier *carrier;
	void *message;	     /* the carrier's own */
	const char *element; /* who asks, by its certificate; lives until the answer */
	const char *realm;   /* its realm on Diameter; else "" */
	const char *peer; /* the connection that it speaks over; "" where it is not bound to one */
	const char *tx;	  /* of the transaction, for the logs; may be "" */
};

/* An announcement has been taken. */
struct rp_a_accepted {
	const char *refused; /* "not permitted: " and the applications; "" when all are served */
	struct view log;     /* the element's own place when it announced itself; empty: none */
	uint64_t serial;
	struct element *element;
};

struct rp_a_carrier {
	const char *name;
	/* The answer to a pull, session fields left out. */
	void (*give)(struct authn *authn, const struct rp_a_request *request,
		const struct rp_bia *bia);
	/* The answer to an announcement. */
	void (*accept)(struct authn *authn, const struct rp_a_request *request,
		const struct rp_a_accepted *accepted);
	/*
	 * ERR_DENIED: not permitted; ERR_NOT_FOUND: no such token; ERR_SYNTAX, ERR_RANGE: what was sent is wrong;
	 * ERR_OVERLOAD, ERR_MEMORY: too much at once; anything else: not now.
	 */
	void (*refuse)(struct authn *authn, const struct rp_a_request *request, enum err why,
		const char *detail);
	/*
	 * Sends an event, session fields left out; outbox_answered() comes once for `push`, not before this returns.
	 * ERR_OVERLOAD: it takes no more now; ERR_UNAVAILABLE: there is no way to it now; else it cannot be written.
	 */
	enum err (*tell)(struct element *element, const struct rp_rpr *rpr, const char *tx,
		pool_ref push);
	/* It is behind: nothing that it was sent is waited for any more. May be NULL. */
	void (*cut)(struct element *element);
	/* It is forgotten, or speaks over another carrier now. May be NULL. */
	void (*forget)(struct element *element);
};

extern const struct rp_a_carrier rp_a_diameter, rp_a_https;
