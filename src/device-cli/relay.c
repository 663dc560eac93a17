// SPDX-License-Identifier: Apache-2.0
#include "device-cli/relay.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	PIECE = 16 * 1024,
	HIGH = 256 * 1024, /* unsent bytes: standard input is not read until they are gone */
};

static void on_readable(void *user, int events);
static void on_turn(void *user);

void relay_begin(struct relay *r, struct loop *loop, struct stream *stream, int64_t linger_ms,
	relay_end_fn *end, void *user)
{
	*r = (struct relay){.loop = loop,
		.stream = stream,
		.linger_ms = linger_ms,
		.end = end,
		.user = user};
	/* Files, and /dev/null, cannot be watched; they never block either. */
	if (watch_start(loop, STDIN_FILENO, WATCH_READ, on_readable, r, &r->watch) != OK) {
		r->watch = NULL;
		timer_start(loop, &r->turn, 0, on_turn, r);
	}
}

void relay_stop(struct relay *r)
{
	watch_stop(r->watch);
	r->watch = NULL;
	if (r->loop) {
		timer_stop(r->loop, &r->turn);
		timer_stop(r->loop, &r->silence);
	}
}

static void silent(void *user)
{
	struct relay *r = user;

	r->end(r->user, OK);
}

static void wait_for_silence(struct relay *r)
{
	if (r->input_ended && stream_pending(r->stream) == 0) {
		timer_start(r->loop, &r->silence, r->linger_ms, silent, r);
	}
}

static void pause_or_go_on(struct relay *r)
{
	r->paused = stream_pending(r->stream) > HIGH;
	enum err err = r->watch ? watch_change(r->watch, r->paused ? 0 : WATCH_READ) : OK;

	if (err != OK) {
		r->end(r->user, err);
	}
	if (!r->watch && !r->paused) {
		timer_start(r->loop, &r->turn, 0, on_turn, r);
	}
}

static void end_input(struct relay *r)
{
	r->input_ended = true;
	watch_stop(r->watch);
	r->watch = NULL;
	wait_for_silence(r);
}

static void take_piece(struct relay *r)
{
	uint8_t bytes[PIECE];
	ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (len < 0 && errno != EAGAIN && errno != EINTR) {
		r->end(r->user, err_system("standard input"));
		return;
	}
	if (len == 0) {
		end_input(r);
		return;
	}
	enum err err = len > 0 ? stream_send(r->stream, view_of(bytes, (size_t)len)) : OK;

	if (err != OK) {
		r->end(r->user, err);
		return;
	}
	pause_or_go_on(r);
}

static void on_readable(void *user, int events)
{
	(void)events;
	take_piece(user);
}

static void on_turn(void *user)
{
	take_piece(user);
}

void relay_drained(struct relay *r)
{
	if (r->paused) {
		pause_or_go_on(r);
	}
	wait_for_silence(r);
}

void relay_input(struct relay *r, struct view bytes)
{
	if (fwrite(bytes.data, 1, bytes.len, stdout) != bytes.len || fflush(stdout) != 0) {
		r->end(r->user, err_system("standard output"));
		return;
	}
	wait_for_silence(r);
}
