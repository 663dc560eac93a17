// SPDX-License-Identifier: Apache-2.0
/* relay: connections of devices to an application's TCP backend, bytes both ways. */
#pragma once

#include "gateway/gateway.h"

/* Takes the stream over, until its token is over or either side ends. */
void relay_start(struct application *application, struct stream *device,
	const struct symapp_token *token);
/* The device's stream of one: ends it at once, or sets another time for it. */
void relay_end(struct stream *device);
void relay_move_end(struct stream *device, int64_t at);
void relay_end_all(struct gateway *gateway);
enum err relay_open_pool(struct gateway *gateway);
