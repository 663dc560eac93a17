// SPDX-License-Identifier: Apache-2.0
/* policing_inside: what the files of policing know of each other. */
#pragma once

#include "base/table.h"
#include "registry/schema.h"
#include "registry/status/policing.h"
#include "registry/status/verdict.h"

enum {
	POLICING_PAGE = 128,	  /* events, or devices, looked at together */
	POLICING_WAITING = 65536, /* of policy_when() */
	POLICING_HELD = 1024,	  /* movements that are remembered while they must not happen */
	POLICING_AGAIN_MS = 1000, /* after the database did not take it */
	POLICING_LONGEST_MS = 3600000,
};

#define POLICING_CURSOR "policy"

/* A movement as it counts while devices are judged. */
struct held {
	int64_t seq;
	bool by_time;
	int64_t upto; /* by time: devices due by then */
};

/* Devices that are judged together; `done` comes when the last of them is. */
struct batch {
	struct policing *policing;
	size_t left; /* one more while it is being filled */
	bool count_only;
	enum err err;  /* of any of them */
	int64_t cause; /* the movement's, or 0: each by its own */
	bool by_time;
	size_t moved;		/* how many change, or would */
	char rule[POLICY_NAME]; /* of the last that would */
	void (*done)(struct batch *batch);
};

struct follow;
struct moving;
struct ticking;

struct policing {
	struct registry *registry;
	struct policy policy;
	char policy_hash[65];
	struct buf policy_text;
	int64_t latest; /* the newest time of our own events that were seen in the log */

	struct held held[POLICING_HELD];
	size_t held_count;

	struct buf roots; /* ids that are accepted, a line each */
	struct follow *follow;
	struct moving *moving;
	struct ticking *ticking;
	struct pool *judgings;
	struct worker *worker; /* reads advisories */
	uint64_t moves, judged, holds;
	bool stopping;
};

/* Milliseconds since 1970: a clock that was set back does not undo what was due. */
int64_t policing_now(const struct policing *p);

/*
 * Judges one device as a part of a batch; `cause`: the event because of which, 0: none; `first`: a step to be done before, or
 * NULL. Another registry's device is passed over, and what no device can be called. ERR_OVERLOAD, ERR_MEMORY: nothing was
 * begun.
 */
enum err judge_device(struct batch *batch, struct view device, int64_t cause,
	const struct store_step *first);
enum err judge_start_up(struct policing *p);
/* After a batch is filled. */
void batch_filled(struct batch *batch);

/* Reads the log. */
enum err follow_start_up(struct policing *p);
void follow_shut_down(struct policing *p);

/* Movements. */
enum err moving_start_up(struct policing *p);
void moving_shut_down(struct policing *p);
void moving_wake(struct policing *p);
/* An event was just logged whose movement is not counted yet. */
void moving_expect(struct policing *p, int64_t seq);
/* Devices that were due by then are not looked at now; 0: none. */
int64_t moving_held_upto(const struct policing *p);
bool moving_holds(const void *policing, int64_t cause, bool by_time, int64_t began);
enum movement_kind {
	MOVEMENT_ALL,		/* the policy was changed */
	MOVEMENT_VULNERABILITY, /* its products' devices */
	MOVEMENT_ROOT,		/* devices that go back to it */
	MOVEMENT_TIME,		/* devices that are due */
};
enum movement_state {
	MOVEMENT_COUNTING,
	MOVEMENT_APPLYING,
	MOVEMENT_HELD,
	MOVEMENT_REFUSED,
	MOVEMENT_DONE,
};
/* A step that makes the unit's first event the cause of one. */
struct store_step movement_step(const struct policing *p, enum movement_kind kind,
	struct view subject, struct view by_whom);
/* The same by an event that is in the log. */
struct store_step movement_of_event(const struct policing *p, enum movement_kind kind,
	struct view subject, struct view by_whom, int64_t cause);

/* What is due by time. */
enum err ticking_start_up(struct policing *p);
void ticking_shut_down(struct policing *p);
/* Something is due at this time, or earlier than was known. */
void ticking_at(struct policing *p, int64_t due);

/* Tells of what was released by then. */
void release_due(struct policing *p, int64_t now);

/* Roots of trust: reads them again from the store. */
enum err roots_start_up(struct policing *p);
void roots_read_again(struct policing *p);
