// SPDX-License-Identifier: Apache-2.0
/*
 * carrier: how RP_A is carried between this element and authentication nodes: Diameter, or HTTPS. What is announced,
 * pulled and taken is the same over both (announce.c, pull.c, events.c); each node has the carrier that the
 * options say.
 */
#pragma once

#include "app/app_inside.h"

/* An event, to be answered once by its carrier. */
struct told_by {
	const struct carrier *carrier;
	struct node *node; /* whose certificate it came with, or that its relay may speak for */
	void *message;	   /* the carrier's own */
	uint64_t serial, mark;
};

struct carrier {
	const char *name;
	/* Whether there is a way to the node now, as far as one knows. */
	bool (*reaches)(const struct node *node);
	/*
	 * Asks for a key, session fields left out; pull_answered() comes once, not before this returns, unless an error is
	 * returned.
	 */
	enum err (*pull)(struct node *node, const struct rp_bir *bir, const char *tx, pool_ref ref);
	/* The same for an announcement, and announce_answered(); a later one may take the place of one under way. */
	enum err (*announce)(struct node *node, const struct rp_rpr *rpr, const char *tx,
		uint32_t round);
	/*
	 * What became of an event: OK: it is kept. ERR_DENIED, ERR_SYNTAX, ERR_RANGE, ERR_UNSUPPORTED: it will never be taken.
	 * Anything else: it, and what comes after it, is to come again.
	 */
	void (*answer)(struct symapp *app, const struct told_by *by, enum err result,
		const char *why);
};

/* Of the files above */

/* `bia`: OK alone, with who has answered in origin_host. ERR_NOT_FOUND: no such token, or no permission. */
void pull_answered(struct symapp *app, pool_ref ref, enum err result, const struct rp_bia *bia);

struct announce_answer {
	bool whole; /* all is served; else `detail` says what is not */
	struct view detail;
	struct view log; /* empty: it was not said */
	uint64_t serial; /* the last event so far */
};
/* `answer`: OK alone. ERR_UNSUPPORTED: the node takes no announcements. */
void announce_answered(struct node *node, uint32_t round, enum err result,
	const struct announce_answer *answer);
/* There is one more way to the node, or one less: what was sent over that is lost. */
void announce_way_opened(struct node *node);
void announce_way_closed(struct node *node);
/* Its events do not come any more: it is announced to again. */
void announce_lost(struct node *node);
/* It answers: an announcement that is put off because it did not is made now. */
void announce_soon(struct node *node);

void events_take(struct symapp *app, const struct told_by *by, const struct rp_rpr *rpr);

/* carrier_diameter.c */
enum err carrier_diameter_open(struct symapp *app, const struct diameter_node_options *options);
void carrier_diameter_close(struct symapp *app); /* ends all pulls */
void carrier_diameter_free(struct symapp *app);

/* carrier_https.c, carrier_stream.c */
enum err carrier_https_open(struct symapp *app, const struct symapp_options *options);
void carrier_https_close(struct symapp *app); /* ends all pulls */
