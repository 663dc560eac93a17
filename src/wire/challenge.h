// SPDX-License-Identifier: Apache-2.0
/*
 * challenge: nonces that whoever asks signs over. A nonce carries its age under a key of this process, so that asking for
 * one costs no memory; it is good once, whatever came with it, and only those that were used are remembered, until they
 * would be too old anyway.  req: R9.3-iii
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

struct challenges;

/* `lifetime_ms` from when it was made; `used`: as many that were used are remembered at the same time. ERR_MEMORY, or what
 * env->random() says. */
enum err challenges_new(const struct env *env, int64_t lifetime_ms, size_t used,
	struct challenges **ret);
void challenges_free(struct challenges *c); /* NULL is fine */

enum { CHALLENGE_TEXT = 49 }; /* with its zero */
/* A fresh one. `now_ms` is steady, as in both of these. */
enum err challenge_make(const struct challenges *c, int64_t now_ms, char ret[CHALLENGE_TEXT]);
/* Uses one up. ERR_AUTH: of another process, or nobody's; ERR_EXPIRED; ERR_REPLAY: it was used; ERR_OVERLOAD: no more can be
 * remembered now, so it is not used. */
enum err challenge_use(struct challenges *c, struct view nonce, int64_t now_ms);
