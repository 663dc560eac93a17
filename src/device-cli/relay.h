// SPDX-License-Identifier: Apache-2.0
/*
 * relay: standard input and output as one session. When standard input ends the session stays: most applications
 * answer what they were sent, and take the end of the one direction for the end of both. It ends when the application
 * ends it, or after `linger_ms` in which nothing came.
 */
#pragma once

#include "net/loop.h"
#include "net/stream.h"

typedef void relay_end_fn(void *user, enum err result);

/* Zeroed before relay_begin(); its fields are private. */
struct relay {
	struct loop *loop;
	struct stream *stream;
	int64_t linger_ms;
	relay_end_fn *end;
	void *user;
	struct watch *watch; /* NULL: a file, which can always be read, or ended */
	struct timer turn;   /* of a file: the next piece */
	struct timer silence;
	bool paused, input_ended;
};

/* `end` is told once, inside or after any of these; then comes relay_stop(). */
void relay_begin(struct relay *r, struct loop *loop, struct stream *stream, int64_t linger_ms,
	relay_end_fn *end, void *user);
void relay_input(struct relay *r, struct view bytes); /* from the application */
void relay_drained(struct relay *r);		      /* what was waiting to be sent is sent */
void relay_stop(struct relay *r);		      /* never begun is fine */
