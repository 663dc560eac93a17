// SPDX-License-Identifier: Apache-2.0
/*
 * events: what application elements are told (Y.3056 10.4/4d, 9.6.1): pushed tokens, revocations, changes of
 * the subscription. Each is a row of the store with a serial, committed with what it tells.
 *  req: B9.6.1-b B9.6.1-d
 */
#pragma once

#include "authn/authn.h"
#include "authn/rp_a.h"
#include "authn/tokens.h"
#include "base/log.h"
#include "wire/rp_messages.h"

enum { EVENT_LOG_SIZE = 16 };

/* One event, as it stands in the log. */
struct event {
	uint64_t serial;
	enum rp_a_type kind;
	struct ident application;
	struct view token_id;
	const struct token *token; /* PUSH; SUBSCRIPTION: NULL, or what has changed */
	int64_t expiry;		   /* SUBSCRIPTION */
	char tx[LOG_TX];
};

enum err events_start_up(struct authn *authn);
void events_shut_down(struct authn *authn);

/* Which log serials are of: 16 bytes, another one for each node and each restored store. */
struct view events_log(const struct authn *authn);
uint64_t events_last(const struct authn *authn);

/* Tells the elements that are caught up; the others come to it. `done` may be NULL; else as in rp_a.h. */
void events_publish(struct authn *authn, const struct event *event, rp_a_published *done,
	uint64_t ref);
/*
 * Whether a unit with an event was committed is not known (ERR_UNKNOWN_RESULT): if it was, the log has it, and the elements
 * are told from there.
 */
void events_look(struct authn *authn);
/* One of those that were told it has answered, or never will. */
void events_acknowledged(struct authn *authn, pool_ref publication, bool acknowledged);
