// SPDX-License-Identifier: Apache-2.0
/*
 * loop: the one thread that a node runs in; owns clock and transport (libuv behind). Timers follow
 * the env's clock, so that a flow test with a fake clock moves them by hand. Everything in net/ and
 * in programs is called on this thread; loop_post() alone may be called from another.
 */
#pragma once

#include "base/env.h"
#include "base/err.h"
#include <stdbool.h>

struct loop;

/* From then on the process ignores SIGPIPE. */
enum err loop_new(const struct env *env, struct loop **ret);
/* All streams, listeners, watches and timers are closed before; streams that still send their last
 * bytes are cut off, and posted functions that have not run are run now. NULL is fine. */
void loop_free(struct loop *loop);
const struct env *loop_env(const struct loop *loop);
int64_t loop_now(const struct loop *loop); /* steady milliseconds */

/* Turns until loop_stop(), which may be called from a callback. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One round: due timers, then I/O, waiting at most `wait_ms`. Flow tests and embedders with a loop of their own. */
void loop_turn(struct loop *loop, int wait_ms);
/* Readable when loop_turn() has something to do, timers included. After calls into net/ from outside
 * of the loop an embedder runs a turn of no wait, so that they take effect. */
int loop_fd(struct loop *loop);

/* What is called back, with the `user` that was given along. */
typedef void loop_fn(void *user);

/* A timer belongs to the struct that embeds it; zeroed means idle. */
struct timer {
	int64_t at;
	size_t place; /* in the heap + 1; 0: idle */
	loop_fn *fn;
	void *user;
};
void timer_start(struct loop *loop, struct timer *timer, int64_t after_ms, loop_fn *fn, void *user);
void timer_stop(struct loop *loop, struct timer *timer); /* idle ones too */
bool timer_is_running(const struct timer *timer);

/* Runs `fn` on the loop's thread soon, at the latest in loop_free(), in the order of the calls. Thread-safe. */
void loop_post(struct loop *loop, loop_fn *fn, void *user);

/* Watches a file descriptor that somebody else owns (a library's, a pipe's). */
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
struct watch;
typedef void watch_fn(void *user, int events);
enum err watch_start(struct loop *loop, int fd, int events, watch_fn *fn, void *user,
	struct watch **ret);
enum err watch_change(struct watch *w, int events);
void watch_stop(struct watch *w); /* NULL is fine; before the fd is closed */

/* Calls fn on the loop's thread whenever the signal comes, until the loop is freed. */
typedef void signal_fn(void *user, int number);
enum err loop_on_signal(struct loop *loop, int number, signal_fn *fn, void *user);
