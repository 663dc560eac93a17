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
	OUTBOX_AWAY,	/* it follows nothing now */
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
	uint64_t read_to; /* unless AWAY or LIVE: what the log is read from */
	bool reading;	  /* the store has not answered yet */
	bool again;	  /* it is read anew when it has */
	uint64_t seen;	  /* the last serial when it was asked */
	bool probing;	  /* after a failure: one at a time until an answer comes */
	int64_t rest_ms;  /* after the next failure; 0: REST_MS */
	struct timer rest;
};

enum err outboxes_start_up(struct authn *authn);
void outboxes_shut_down(struct authn *authn);

/* Where it goes on when it has all of `log` up to `serial`: there, or at the end when that is no place of ours. */
uint64_t outbox_place(const struct authn *authn, struct view log, uint64_t serial);
/*
 * From now on the element is told what its services say, from that place on. `afresh`: over a new connection, so that nothing
 * is held against it; else a rest that has begun goes on first.
 */
void outbox_follow(struct element *element, struct view log, uint64_t serial, bool afresh);
/* There is no way to it any more: it goes on where it says when it follows again. */
void outbox_leave(struct element *element);
void outbox_close(struct element *element);
/* Reads the log for an element that was thought to be caught up. */
void outbox_look(struct element *element);
/* An event that has just happened. True: it was sent, and events_acknowledged() comes. */
bool outbox_offer(struct element *element, const struct event *event, pool_ref publication);

/* OK: the element has it. ERR_DENIED: it will never take it. Anything else: it is behind, and all of it comes again. */
void outbox_answered(struct authn *authn, pool_ref push, enum err result);
/* The same for all that it was sent up to `serial`, but for those among `refused`. ERR_NOT_FOUND: it was sent none such. */
enum err outbox_answered_to(struct element *element, uint64_t serial, const uint64_t *refused,
	size_t refused_count);
/* It takes more again, after ERR_OVERLOAD. */
void outbox_drained(struct element *element);
/* The first that awaits an answer has waited too long. */
void outbox_expire(struct element *element);
/* How many await one. */
size_t outbox_pending(const struct element *element);
/* It does not answer, or cannot be told: it rests. */
void outbox_fail(struct element *element, const char *why);
