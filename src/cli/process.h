// SPDX-License-Identifier: Apache-2.0
/*
 * process: a program that `symbolon up` runs: started, its lines read, stopped. It is killed when we die.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "net/loop.h"

#include <limits.h>
#include <sys/types.h>

struct process;

struct process_on {
	/* A line of standard error without its newline. */
	void (*line)(void *user, struct view line);
	/* What it writes to standard output, as it comes. May be NULL. */
	void (*output)(void *user, struct view bytes);
	/* It ended: exit status, or 128 + signal. */
	void (*ended)(void *user, int status);
};

/*
 * Starts argv[0], found beside our own executable or, when that has none, in PATH. `log` is a file that gets a
 * copy of standard error, or NULL. ERR_NOT_FOUND when there is no such program.
 */
enum err process_start(struct loop *loop, const char *const *argv, const char *log,
	const struct process_on *on, void *user, struct process **ret);
/* Where a program of ours is: its path, or its bare name when PATH must tell. */
void process_find(const char *name, char ret[PATH_MAX]);
void process_stop(struct process *p); /* SIGTERM; `ended` follows */
void process_free(struct process *p); /* SIGKILL if it still runs, and waits */
