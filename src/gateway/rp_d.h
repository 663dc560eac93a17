// SPDX-License-Identifier: Apache-2.0
/*
 * rp_d: session control (Y.3056 9.5): devices come with TLS and a PSK that is the key of their token for
 * the application whose name they ask for; or with TLS alone, and the token in each request (credentials.h).  req: B9.5-a B10.5
 */
#pragma once

#include "gateway/gateway.h"

enum err rp_d_start_up(struct gateway *gateway);
void rp_d_shut_down(struct gateway *gateway);

/* The token of a session, asked for again: it may have expired or been revoked. As symapp_find(). */
enum err rp_d_token(struct application *application, const struct stream *stream,
	symapp_ready *ready, uint64_t user_ref, struct symapp_token *ret);
/* When a session with it ends: loop_now(). */
int64_t rp_d_end_at(const struct gateway *gateway, int64_t until);
int64_t rp_d_end_of(const struct gateway *gateway, const struct symapp_token *token);
