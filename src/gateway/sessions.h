// SPDX-License-Identifier: Apache-2.0
/*
 * sessions: which connections stand on which token, so that they end when it does, or are moved with its end.
 *  req: B9.6.4-d
 */
#pragma once

#include "gateway/gateway.h"

enum err sessions_open(struct gateway *gateway);
void sessions_close(struct gateway *gateway);

/* A connection has begun with this token, and has its owner. What cannot be followed is ended. */
void sessions_add(struct application *application, struct view token_id, struct stream *stream);
/* The same for a connection whose requests each say what they stand on: known already is fine. ERR_MEMORY, ERR_OVERLOAD. */
enum err sessions_follow(struct application *application, struct view token_id,
	struct stream *stream);
/* Ends them, or moves their end. */
symapp_changed sessions_on_change;
