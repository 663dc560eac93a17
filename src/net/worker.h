// SPDX-License-Identifier: Apache-2.0
/*
 * worker: a few threads for what takes long or waits where no loop can: password hashing, name look-ups, other programs. A
 * job is the caller's; it goes to a thread and comes back to the loop's.
 */
#pragma once

#include "net/loop.h"

struct worker;

typedef void worker_fn(void *job);

/* `waiting`: ceiling of jobs that have not come back. ERR_MEMORY, ERR_IO: no threads. */
enum err worker_new(struct loop *loop, size_t threads, size_t waiting, struct worker **ret);
/* Waits for the jobs under way; those that wait are not run. All that were given come back before it returns. On
 * the loop's thread, but not from a job. NULL is fine. */
void worker_free(struct worker *w);

/*
 * Calls `run` on a thread, then `back` on the loop's thread, once. With worker_free() in between `run` may be left out:
 * `back` sees a job as it was given; it frees it. ERR_OVERLOAD: the ceiling is reached, and nothing is called.
 */
enum err worker_give(struct worker *w, worker_fn *run, worker_fn *back, void *job);
