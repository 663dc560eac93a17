// SPDX-License-Identifier: Apache-2.0
/*
 * idempotency: a POST with an Idempotency-Key is done once. The key is kept before the operation runs, and its answer,
 * sealed, before it is sent: the same request gets the same answer for 24 hours, another one with the key 422. When a node
 * ends in between, what came of it is not known, and said so. Keys are each asker's own.
 */
#pragma once

#include "authz/api/call.h"

enum { IDEMPOTENCY_LIFETIME = 24 * 3600, IDEMPOTENCY_KEY_MIN = 16, IDEMPOTENCY_KEY_MAX = 128 };

/* Whether the request has a key. Not of those that sign in: an answer for a guess would be one. */
bool idempotency_is_asked(const struct call *call, call_operation *operation);
/* Keeps the key, then call_go_on(); or answers as before. ERR_SYNTAX: not a key. */
enum err idempotency_begin(struct call *call);
/* Keeps the answer, then call_send(). */
void idempotency_end(struct call *call, unsigned status);
/* Nothing was done: the key may be used again. */
void idempotency_drop(struct call *call);
