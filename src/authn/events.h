// SPDX-License-Identifier: Apache-2.0
/*
 * events: what application elements are told (Y.3056 10.4/4d, 9.6.1): pushed tokens, revocations, changes of
 * the subscription. Each is a row of the store with a serial, committed with what it tells; an element
 * that is caught up gets it straight from memory, any other is read to from the store, in order.
 *  req: B9.6.1-b B9.6.1-d
 */
#pragma once

#include "authn/authn.h"
#include "authn/rp_a.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "wire/rp_messages.h"

enum { EVENT_WINDOW = 64, EVENT_LOG_SIZE = 16 };

struct element;

/* What an element has been sent and not answered yet, and how it gets what comes next. */
enum outbox_state {
	OUTBOX_LIVE,	/* as it happens */
	OUTBOX_READING, /* a page of the log is being read for it */
	OUTBOX_FULL,	/* its window is: read on when there is room */
	OUTBOX_RESTING, /* it did not answer: tried again later */
};
struct outbox {
	enum outbox_state state;
	struct {
		uint64_t serial;
		pool_ref push;
		bool answered;
	} window[EVENT_WINDOW]; /* a ring, by serial */
	size_t first, count;
	uint64_t read_to; /* unless LIVE: what the log is read from */
	bool reading;	  /* the store has not answered yet */
	uint64_t seen;	  /* the last serial when it was asked */
	bool probing;	  /* after a failure: one at a time until an answer comes */
	int64_t rest_ms;
	struct timer rest;
};

/* One event, as it stands in the log. */
struct event {
	uint64_t serial;
	enum rp_a_type kind;
	struct ident application;
	struct view token_id;
	const struct token *token; /* PUSH; SUBSCRIPTION: NULL, or what has changed */
	int64_t expiry;		   /* SUBSCRIPTION */
	char tx[LOG_TX];
};

enum err events_start_up(struct authn *authn);
void events_shut_down(struct authn *authn);

/* Which log serials are of: 16 bytes, another one for each node and each restored store. */
struct view events_log(const struct authn *authn);
uint64_t events_last(const struct authn *authn);

/* From now on the element is told what its services say. It has all of `log` up to `serial`, or nothing of ours. */
void events_follow(struct element *element, struct view log, uint64_t serial);
void events_leave(struct element *element);

/* Tells the elements that are caught up; the others come to it. `done` may be NULL; else as in rp_a.h. */
void events_publish(struct authn *authn, const struct event *event, rp_a_published *done,
	uint64_t ref);
