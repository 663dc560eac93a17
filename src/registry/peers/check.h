// SPDX-License-Identifier: Apache-2.0
/*
 * check: what another registry sends of its log, verified before any of it is believed (docs/protocol/registry_peers.md). Bytes
 * in, entries out: no socket, no store. Each entry joins a compact range of that log; entries are handed on when a signed
 * checkpoint has the range's root. Whatever is wrong is wrong for good: the log is not followed any further.
 * req: R7-iv-f R9.1-v
 */
#pragma once

#include "registry/peers/rules.h"
#include "wire/log_entry.h"
#include "wire/note.h"

#include <openssl/evp.h>

/* An entry and the document that it points into, freed with json_free(). */
struct checked {
	struct log_entry entry;
	struct json *document;
};

/* Ceilings on all that is sent. */
struct check_limits {
	size_t entry;		 /* bytes of one */
	size_t held, held_bytes; /* entries, and their bytes, that no checkpoint covers yet */
	size_t snapshot;	 /* entries of a snapshot */
};

/*
 * Verified entries, in order; the callee owns them from then on. `range`: the log with the last of them; of a snapshot, that
 * with its last page, and NULL with those before.
 */
typedef enum err check_verified(void *user, const struct checked *entries, size_t count,
	const struct merkle_range *range, bool in_snapshot);

enum { CHECK_ALSO = 512 };

struct check {
	struct check_limits limits;
	struct note_key key;
	struct reg_id own, peer;
	enum peer_relation relation;
	char also[CHECK_ALSO]; /* RegIDs, with blanks between, that it may speak for too */
	check_verified *verified;
	void *user;

	struct merkle_range range;    /* of all that came */
	uint64_t known;		      /* the log's size that a checkpoint was verified for */
	uint64_t head;		      /* the largest size that the log ever said it has, */
	struct merkle_hash head_root; /* and its root then */
	bool greeted;		      /* the first checkpoint came */
	struct checked *held;
	size_t held_count, held_room, held_bytes;

	bool in_snapshot;
	struct log_snapshot snapshot;
	uint64_t page;
	size_t snapshot_count;
	EVP_MD_CTX *digest; /* of the page under way */
};

/* Follows on from `range`, which was verified before. The struct's first part is set by the caller, and what the log said in
 * the stream before: head and head_root. */
void check_begin(struct check *c, const struct merkle_range *range);
void check_free(struct check *c); /* what is held too */

/*
 * Takes one event of the stream. ERR_SYNTAX: garbage; ERR_RANGE: over a ceiling; ERR_AUTH: forged; ERR_CONFLICT: a log that was forked or
 * rolled back; ERR_DENIED: an event of what is not the sender's own. Or what the callee returned.
 */
enum err check_take(struct check *c, struct view name, struct view data);
