// SPDX-License-Identifier: Apache-2.0
/*
 * log_entry: what goes over a stream between registries (docs/protocol/registry_peers.md). An entry is a leaf of the sender's log,
 * word for word as it was hashed,
 *
 *	{"kind":"status_changed","time":1732976400123,"registry":"IN.TEL.P01","commitment":"<base64url>"}
 *
 * with, for those who may know, the record and the salt that its commitment is over: HMAC-SHA-256(salt, record).
 */
#pragma once

#include "wire/json.h"
#include "wire/merkle.h"

enum {
	LOG_SALT = 32,
	LOG_COMMITMENT = 32,
	LOG_KIND_MAX = 40,
	LOG_REGISTRY_MAX = 63,
	LOG_LEAF_MAX = 256,
};

struct log_leaf {
	struct view kind;     /* a to z and _ */
	int64_t time;	      /* milliseconds since 1970, UTC */
	struct view registry; /* RegID of the log that had it first */
	uint8_t commitment[LOG_COMMITMENT];
};

/* Appends it in its one form. */
void log_leaf_write(const struct log_leaf *leaf, struct buf *out);
/* ERR_SYNTAX: anything but that one form. Views are into `text`. */
enum err log_leaf_parse(struct view text, struct log_leaf *ret);
/* The commitment to a record. ERR_CRYPTO: the salt is all zero. */
enum err log_commit(const uint8_t salt[LOG_SALT], struct view record, uint8_t ret[LOG_COMMITMENT]);

struct log_entry {
	int64_t seq;		  /* in the sender's log */
	int64_t origin_seq;	  /* in the log that had it first: unique there */
	struct view leaf;	  /* its bytes */
	struct log_leaf envelope; /* and what they say */
	bool has_record;
	uint8_t salt[LOG_SALT];
	struct view record; /* a JSON object, byte for byte */
};

/* Appends {"seq":..,"origin_seq":..,"leaf":"..","salt":"..","record":".."}. */
void log_entry_write(const struct log_entry *entry, struct buf *out);
/*
 * Views are into `ret_document`, which the caller frees. ERR_SYNTAX, ERR_RANGE: not an entry, or longer than `max` bytes; ERR_AUTH: the record
 * is not the one that the leaf commits to.
 */
enum err log_entry_parse(struct view text, size_t max, struct json **ret_document,
	struct log_entry *ret);

/*
 * What comes before the pages of a snapshot: the log's size, all that is needed to follow it from there, and that it begins with
 * what the follower has already.
 */
struct log_snapshot {
	uint64_t from; /* what the follower has */
	struct merkle_range range;
	struct merkle_proof proof; /* RFC 9162 2.1.4, from `from` to the range's size */
};

void log_snapshot_write(const struct log_snapshot *snapshot, struct buf *out);
/* ERR_SYNTAX, ERR_RANGE. */
enum err log_snapshot_parse(struct view text, struct log_snapshot *ret);

/* A page of one: the text of a signed note. `digest` is SHA-256 over the data of its entries, each with a line end behind. */
struct log_page {
	struct view origin; /* as in the log's checkpoints */
	uint64_t size;	    /* of the log */
	uint64_t number;    /* 0, 1, 2, ... */
	bool is_last;
	struct merkle_hash digest;
};

void log_page_write(const struct log_page *page, struct buf *out);
enum err log_page_parse(struct view text, struct log_page *ret); /* ERR_SYNTAX */
