// SPDX-License-Identifier: Apache-2.0
/*
 * bridge: libsymbolon-app on a thread and a loop of its own, as mosquitto has a loop that is not ours and calls plug-ins
 * from it. All of these are called by mosquitto's thread.
 */
#pragma once

#include "app/symapp.h"
#include "mosquitto/conf.h"

struct bridge;

/* Starts the thread, and waits until tokens can be asked for there. `conf` outlives it. ERR_CONFIG and others of
 * symapp_new(). */
enum err bridge_start(const struct mosquitto_conf *conf, struct bridge **ret);
void bridge_stop(struct bridge *bridge); /* NULL is fine */

/* As symapp_find(), but for ERR_AGAIN: RP_A is asked, and whoever comes again has the answer. Waits for the other thread
 * to look, which takes no longer than a turn of its loop, and never for RP_A. */
enum err bridge_find(struct bridge *bridge, struct view token_id, struct symapp_token *ret);
/* As symapp_use(). Does not wait. */
void bridge_use(struct bridge *bridge, const char *token_id);

/* What has happened to tokens, one after the other. False: nothing more. */
struct bridge_change {
	enum symapp_kind kind;
	char token_id[TOKEN_ID_MAX + 1];
	int64_t until;
	bool granted; /* CHANGED: rights or attributes are others now; bridge_find() has them */
	bool lost;    /* changes could not be kept, for lack of memory: look at all tokens anew */
};
bool bridge_next_change(struct bridge *bridge, struct bridge_change *ret);
