// SPDX-License-Identifier: Apache-2.0
/* loop_uv: the loop as the other files of net/ see it; programs include loop.h. */
#pragma once

#include "net/loop.h"
#include <uv.h>

uv_loop_t *loop_uv(struct loop *loop);

/*
 * Where sockets are read into before their bytes are handed on: one for all, so that an idle
 * connection owns no buffer. Whoever uses it wipes what it put there before it returns.
 */
enum { LOOP_SCRATCH = 64 * 1024 };
uint8_t *loop_scratch(struct loop *loop);

/*
 * Work put off to the end of the turn, after all I/O: sends collected into one write, second
 * helpings of input. Belongs to the struct that embeds it; zeroed means idle.
 */
struct later {
	struct later *prev, *next;
	loop_fn *fn;
	void *user;
};
void loop_later(struct loop *loop, struct later *later, loop_fn *fn, void *user); /* once is enough */
void loop_never(struct loop *loop, struct later *later);			    /* idle ones too */

/* What still lingers when the loop ends is ended by it: `end` must take itself off with loop_disown(). */
struct loop_child {
	struct loop_child *prev, *next;
	void (*end)(struct loop_child *child);
};
void loop_own(struct loop *loop, struct loop_child *child);
void loop_disown(struct loop *loop, struct loop_child *child);
