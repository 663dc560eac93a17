// SPDX-License-Identifier: Apache-2.0
/*
 * outbox: what one application element is told, in the order of the log: straight from memory when it is caught up, else
 * read from the store; up to EVENT_WINDOW without an answer.  req: B9.6.1-d
 */
#pragma once

#include "authn/events.h"

enum { EVENT_WINDOW = 64 };

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

enum err outboxes_start_up(struct authn *authn);
void outboxes_shut_down(struct authn *authn);

/* From now on the element is told what its services say. It has all of `log` up to `serial`, or nothing of ours. */
void outbox_follow(struct element *element, struct view log, uint64_t serial);
void outbox_close(struct element *element);
/* Reads the log for an element that was thought to be caught up. */
void outbox_look(struct element *element);
/* An event that has just happened. True: it was sent, and events_acknowledged() comes. */
bool outbox_offer(struct element *element, const struct event *event, pool_ref publication);
