// SPDX-License-Identifier: Apache-2.0
/*
 * monitor: what who watches a node asks it over HTTP, meant for an address that only they reach: GET /metrics
 * (Prometheus, text format 0.0.4), GET /healthz (200: the loop turns), GET /readyz (200, or 503 with the reasons
 * why work should go elsewhere, a line each). It changes nothing, and tells no identity.
 */
#pragma once

#include "base/buf.h"
#include "net/loop.h"

struct monitor;

struct monitor_on {
	void (*collect)(void *user, struct buf *out); /* appends figures: net/metrics.h */
	void (*unready)(void *user, struct buf *out); /* appends reasons, each a line */
};

enum err monitor_open(struct loop *loop, const char *address, const struct monitor_on *on,
	void *user, struct monitor **ret);
const char *monitor_address(const struct monitor *m);
void monitor_close(struct monitor *m); /* NULL is fine */
