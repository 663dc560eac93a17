// SPDX-License-Identifier: Apache-2.0
/*
 * queries: who asked what. Too many for the log itself: they are kept in batches, sealed, and each batch enters the log as
 * an event with its SHA-256, so that none can be changed or lost unseen.  req: R7-i-c
 */
#pragma once

#include "registry/api/call.h"

/* A question that was answered, or refused. Texts are copied. */
struct query {
	struct view who; /* the party's id, a registry's RegID, an administrator's name; empty: anyone */
	const char *what;   /* the operation: "device_ask" */
	struct view object; /* what it was about, as it was asked */
	const char *answer; /* "trusted", "not-found", "refused", ... */
};

/* ERR_OVERLOAD: so many wait that no more can be kept, as when the store is away: then it should not be answered either. */
enum err queries_note(struct registry *registry, const struct query *query);

enum err queries_start_up(struct registry *registry);
void queries_shut_down(struct registry *registry); /* hands what waits to the store */
void queries_put_metrics(const struct registry *registry, struct buf *out);

call_operation query_list;
