// SPDX-License-Identifier: Apache-2.0
/*
 * seal: encryption at rest. A sealed value is
 *	version(1) key id(4) nonce(12) ciphertext tag(16)		AES-256-GCM
 * with the place it stands in as associated data ("table/column/row"), so that a value moved to
 * another row does not open. Data keys are few, named by id, and themselves stand in the database
 * sealed under the master key (key id 0).
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/secret.h"

enum { SEAL_KEY = 32, SEAL_OVERHEAD = 1 + 4 + 12 + 16 };

struct seal_ring; /* the keys that are open in this process; thread-safe */

/* `master` is 32 bytes. ERR_RANGE otherwise. */
enum err seal_ring_new(const struct env *env, const struct secret *master, struct seal_ring **ret);
void seal_ring_free(struct seal_ring *ring); /* wipes the keys */

/*
 * Makes a data key and appends it wrapped, to be stored as row `id` (from 1). It becomes the current
 * key: ERR_EXISTS when the ring has this id or a higher one.
 */
enum err seal_ring_make(struct seal_ring *ring, uint32_t id, struct buf *ret_wrapped);
/* Opens a wrapped data key. ERR_AUTH: "wrong master key"; ERR_EXISTS. The highest id becomes the current key. */
enum err seal_ring_add(struct seal_ring *ring, uint32_t id, struct view wrapped);

/*
 * Rotation. A new data key is made and stored first, then learnt by each ring that must open what others seal under
 * it, then used; when nothing is sealed under an old one any more it is forgotten.
 */
/* Makes a data key and appends it wrapped; the ring does not have it yet. */
enum err seal_new_key(struct seal_ring *ring, uint32_t id, struct buf *ret_wrapped);
/* Opens a wrapped data key, and goes on sealing under the one before. As seal_ring_add() else. */
enum err seal_ring_learn(struct seal_ring *ring, uint32_t id, struct view wrapped);
bool seal_ring_has(struct seal_ring *ring, uint32_t id);
/* Seals under this one from now on. ERR_NOT_FOUND: the ring lacks it. */
enum err seal_ring_use(struct seal_ring *ring, uint32_t id);
/* Not the current one, which stays. */
void seal_ring_forget(struct seal_ring *ring, uint32_t id);
/* What a value is sealed under; 0: it is not a sealed value. */
uint32_t seal_key_of(struct view sealed);
/* Opens a value and seals it under the current key, appending it to `ret`. As seal_open(). */
enum err seal_again(struct seal_ring *ring, const char *place, struct view sealed, struct buf *ret);
/* A data key wrapped under the master of one ring, wrapped under that of another. ERR_AUTH: wrong master. */
enum err seal_rewrap(struct seal_ring *from, struct seal_ring *to, uint32_t id, struct view wrapped,
	struct buf *ret);

/* Seals under the current key, appending len + SEAL_OVERHEAD bytes. ERR_WRONG_STATE when the ring has no key. */
enum err seal_close(struct seal_ring *ring, const char *place, struct view plain, struct buf *ret);
/*
 * Appends the opened value to `ret`. ERR_SYNTAX: not a sealed value; ERR_NOT_FOUND: sealed under a key that this ring
 * lacks; ERR_AUTH: changed, or moved from another place. The caller wipes `ret`; on failure nothing is appended.
 */
enum err seal_open(struct seal_ring *ring, const char *place, struct view sealed, struct buf *ret);

/* Reads the master key: a file of 64 hex digits that only its owner may read. ERR_CONFIG says what to do. */
enum err seal_master_from_file(const char *path, struct secret *ret);
