// SPDX-License-Identifier: Apache-2.0
/*
 * notify: tells those who asked for it what happens (Y.3059 9.4). A reader of the log: each event that a subscription takes
 * becomes a row with a sequence number of that subscription, in the commit that moves the reader on, and stays until the
 * subscriber has acknowledged it. So nothing is lost or reordered when this process or a receiver dies; what is told twice has
 * the same `jti`.  docs/protocol/registry_notifications.md  req: R7-iv-e R9.4-i-a R9.4-i-c R9.4-ii
 */
#pragma once

#include "registry/registry.h"

/* A part of the program, after the log. ERR_CONFIG, ERR_MEMORY, ERR_IO. */
enum err notify_start_up(struct registry *registry);
/* Before the store is closed: what is under way is left as it is. */
void notify_shut_down(struct registry *registry);
/* Takes over the options that may change while it runs. */
void notify_reload(struct registry *registry, const struct registry_conf *conf);
void notify_put_metrics(const struct registry *registry, struct buf *out);
