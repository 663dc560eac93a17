// SPDX-License-Identifier: Apache-2.0
/* proof: what the log shows to those who do not believe it: checkpoints, tiles, and proofs made from them. */
#pragma once

#include "registry/ledger/ledger.h"
#include "wire/note.h"

/* Appends a checkpoint of the log, signed: it may be log.checkpoint_interval old. `ret_size` (may be NULL): of its tree. */
enum err ledger_checkpoint(struct ledger *l, struct buf *out, int64_t *ret_size);
/* What checkpoints are verified with, and its name, which is their first line. */
const struct note_key *ledger_key(const struct ledger *l);
void ledger_root(const struct ledger *l, struct merkle_hash *ret); /* of ledger_size() */

/* What is asked of the tree. */
enum proof_kind {
	PROOF_INCLUSION,   /* a: seq, b: size */
	PROOF_CONSISTENCY, /* a: from, b: to */
	PROOF_ROOT,	   /* a: size; one hash */
	PROOF_RANGE, /* a: size; its compact range (wire/merkle.h), the largest subtree first */
	PROOF_TILE,  /* a: tile, b: width, level: of tiles */
};
struct proof_question {
	enum proof_kind kind;
	uint64_t a, b;
	unsigned level;
};

/*
 * `hashes` are one behind the other. ERR_RANGE: the log has no such size or event; ERR_NOT_FOUND: no such tile; ERR_CRYPTO:
 * somebody has changed the store. Once, on the loop's thread, at once or later.
 */
typedef void proof_done(void *user, uint64_t ref, enum err err, struct view hashes);
enum err ledger_prove(struct ledger *l, const struct proof_question *question, proof_done *done,
	void *user, uint64_t ref);
