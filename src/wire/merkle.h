// SPDX-License-Identifier: Apache-2.0
/*
 * merkle: the hash tree of an append-only log (RFC 9162 2.1), with SHA-256. A compact range holds no more of a log than
 * what is needed to append to it and to tell its root; proofs are made from stored nodes, and verified without any.
 *
 * A node (level, index) is the root over the leaves index << level to ((index + 1) << level) - 1, all of which are there.
 * Functions without a result fail in no other way than by abort(): SHA-256 of OpenSSL is there or nothing is.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum {
	MERKLE_HASH = 32,
	MERKLE_LEVELS = 63, /* a log has less than 2^63 leaves */
	MERKLE_RANGE_BYTES = 8 + MERKLE_LEVELS * MERKLE_HASH,
};

struct merkle_hash {
	uint8_t bytes[MERKLE_HASH];
};

void merkle_leaf(struct view leaf, struct merkle_hash *ret); /* SHA-256(00 || leaf) */
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right,
	struct merkle_hash *ret);		 /* SHA-256(01 || left || right) */
void merkle_empty_root(struct merkle_hash *ret); /* of a log without leaves: SHA-256 of nothing */
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* A compact range over the leaves 0 to size - 1. All zero is the empty one. */
struct merkle_range {
	uint64_t size;
	struct merkle_hash hash[MERKLE_LEVELS]; /* of a level whose bit is set in `size` */
};

/* Told of each node that a leaf completes, the leaf itself first. */
typedef void merkle_grown(void *user, unsigned level, uint64_t index,
	const struct merkle_hash *hash);
/* Appends the hash of a leaf; `grown` may be NULL. ERR_RANGE: the log is as long as can be. */
enum err merkle_append(struct merkle_range *range, const struct merkle_hash *leaf,
	merkle_grown *grown, void *user);
void merkle_range_root(const struct merkle_range *range, struct merkle_hash *ret);
/* The range as bytes: its size (8, big-endian) and its hashes, the largest subtree first. At most MERKLE_RANGE_BYTES. */
void merkle_range_write(const struct merkle_range *range, struct buf *out);
enum err merkle_range_read(struct view bytes, struct merkle_range *ret); /* ERR_SYNTAX, ERR_RANGE */

/* Hashes of a proof, in the order of RFC 9162. */
struct merkle_proof {
	size_t count;
	struct merkle_hash hash[MERKLE_LEVELS + 1];
};

/* Gives a node of the log. Any error but OK ends the proof with it. */
typedef enum err merkle_get(void *user, unsigned level, uint64_t index, struct merkle_hash *ret);

/* The root when the log had `size` leaves. Errors are those of `get`. */
enum err merkle_root_at(uint64_t size, merkle_get *get, void *user, struct merkle_hash *ret);
/* 2.1.3.1: that leaf `index` is in the log of `size`. ERR_RANGE: it is not. */
enum err merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_get *get, void *user,
	struct merkle_proof *ret);
/* 2.1.4.1: that the log of `to` leaves begins with that of `from`. ERR_RANGE: `from` is larger. Empty when `from` is 0. */
enum err merkle_prove_consistency(uint64_t from, uint64_t to, merkle_get *get, void *user,
	struct merkle_proof *ret);

/* 2.1.3.2 and 2.1.4.2. ERR_AUTH: the proof does not lead to the root; ERR_RANGE: no such leaf or size. */
enum err merkle_verify_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
	const struct merkle_proof *proof, const struct merkle_hash *root);
enum err merkle_verify_consistency(uint64_t from, uint64_t to, const struct merkle_proof *proof,
	const struct merkle_hash *from_root, const struct merkle_hash *to_root);
