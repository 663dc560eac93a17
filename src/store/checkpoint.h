// SPDX-License-Identifier: Apache-2.0
/*
 * checkpoint: carries SQLite's write-ahead log back into the database, on a thread and a connection of
 * its own, so that the writer's commits do not pay for it, and keeps the log's size bounded.
 */
#pragma once

#include "base/err.h"

#include <stdint.h>

struct checkpoint;

/* The database must be open already, in WAL mode, with its own checkpoints off. */
enum err checkpoint_start(const char *path, struct checkpoint **ret);
void checkpoint_stop(struct checkpoint *c); /* NULL is fine */

/* Around each of the writer's transactions: the log is started anew only between two of them. */
void checkpoint_enter(struct checkpoint *c);
void checkpoint_leave(struct checkpoint *c);
/* After a commit: pages that now stand in the log. Between enter and leave. */
void checkpoint_log_has(struct checkpoint *c, int pages);
/* Checkpoints that failed, and pages of the log that are not in the database yet. From any thread. */
void checkpoint_figures(struct checkpoint *c, uint64_t *ret_failures, uint64_t *ret_pages);
