// SPDX-License-Identifier: Apache-2.0
/*
 * nonces: what HTTP Digest challenges with. A nonce carries its own age under a key of this process, so that asking for
 * one costs no memory; only one that was used with the right password is remembered, so that no count of it is taken
 * twice (RFC 7616 3.4, 5.4).  req: B9.6.4-c
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

struct nonces;

/* `lifetime_ms` from when it was made; `tracked` that are in use at the same time: of more, those used longest are refused. */
enum err nonces_new(const struct env *env, int64_t lifetime_ms, size_t tracked, struct nonces **ret);
void nonces_free(struct nonces *n); /* NULL is fine */

enum { NONCE_TEXT = 44 }; /* with its zero */
/* A fresh one for this protection space. `now_ms` is steady, as in all of these. */
enum err nonce_make(const struct nonces *n, struct view space, int64_t now_ms, char ret[NONCE_TEXT]);
/* OK: ours, and young enough. ERR_EXPIRED: ours, and aged. ERR_AUTH: of another space, or process, or nobody's. */
enum err nonce_check(const struct nonces *n, struct view nonce, struct view space, int64_t now_ms);
/*
 * Whoever has checked, and knows the password, uses it with this count. ERR_REPLAY: the count was used, or lies more
 * than 64 behind. ERR_EXPIRED: it is not remembered any more whether it was.
 */
enum err nonce_use(struct nonces *n, struct view nonce, uint32_t nc, int64_t now_ms);
