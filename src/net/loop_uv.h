// SPDX-License-Identifier: Apache-2.0
/* loop_uv: the loop as the other files of net/ see it; programs include loop.h. */
#pragma once

#include "base/table.h"
#include "net/loop.h"
#include <stddef.h>
#include <uv.h>

/* For handles of one's own. */
uv_loop_t *loop_uv(struct loop *loop);

/*
 * Where sockets are read into before their bytes are handed on: one for all, so that an idle
 * connection owns no buffer. Whoever uses it wipes what it put there before it returns.
 */
enum { LOOP_SCRATCH = 64 * 1024 };
uint8_t *loop_scratch(struct loop *loop);

/* A ring of structs that embed the link; zeroed means not in one. */
struct link {
	struct link *prev, *next;
};

static inline void ring_open(struct link *ring)
{
	ring->prev = ring->next = ring;
}

static inline bool ring_is_empty(const struct link *ring)
{
	return ring->next == ring;
}

static inline void ring_add(struct link *ring, struct link *link)
{
	link->prev = ring->prev;
	link->next = ring;
	link->prev->next = link->next->prev = link;
}

static inline void ring_leave(struct link *link)
{
	if (link->next) {
		link->prev->next = link->next;
		link->next->prev = link->prev;
		link->prev = link->next = NULL;
	}
}

/* The struct that embeds a member, from the member's address. */
#define OUTER(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

/*
 * Work put off to the end of the turn, after all I/O: sends collected into one write, second
 * helpings of input. Belongs to the struct that embeds it; zeroed means idle.
 */
struct later {
	struct link link;
	loop_fn *fn;
	void *user;
};
void loop_later(struct loop *loop, struct later *later, loop_fn *fn,
	void *user);		      /* once is enough */
void loop_never(struct later *later); /* idle ones too */

/* What still lives when the loop ends is ended by it. */
struct loop_child {
	struct link link;
	void (*end)(struct loop_child *child);
};
void loop_own(struct loop *loop, struct loop_child *child);
void loop_disown(struct loop_child *child);

/* Streams by stream_ref(). NULL before the first was asked for, which loop_make_refs() makes. */
struct pool *loop_refs(struct loop *loop);
enum err loop_make_refs(struct loop *loop, size_t slot_size);
