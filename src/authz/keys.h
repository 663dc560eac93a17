// SPDX-License-Identifier: Apache-2.0
/*
 * keys: the key management function (Y.3056 9.2.1). SQN is committed in the store, then the vector is made in
 * the vault, in this order: a crash in between skips a number and repeats none.  req: B9.2.1-a
 */
#pragma once

#include "authz/authz.h"

/* Pool of vector runs, and the dummy's key on first start. Before the loop runs. */
enum err keys_start_up(struct authz *authz);
void keys_shut_down(struct authz *authz);

/* `vector` is valid during the call; `awaits`: what is wanted of the device, enum rp_awaits. ERR_AUTH: AUTS forged. ERR_RANGE: the client's SQN is used up.
 * ERR_UNAVAILABLE, ERR_OVERLOAD: come back later. */
typedef void keys_done(void *authz, uint64_t ref, enum err result, const struct vector *vector,
	unsigned awaits);

/*
 * One vector for a client, or for the dummy in place of one that nobody registered: in the same time and with
 * the same commit. `rand_auts` NULL, or RAND || AUTS of a device that lost step (TS 33.102 6.3.5).
 * `done` comes exactly once.
 */
void keys_make_vector(struct authz *authz, struct view client, const uint8_t *rand_auts,
	keys_done *done, uint64_t ref);
