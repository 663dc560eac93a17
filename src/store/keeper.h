// SPDX-License-Identifier: Apache-2.0
/*
 * keeper: gives a store a new data key, seals in the background what was sealed under older ones anew, and drops those
 * that nothing needs any more. All that it must remember stands in the store: what a process did not finish goes on
 * after the next start. Nodes that share a database learn each other's keys before one of them uses them.  req: B7.5-e
 */
#pragma once

#include "store/ring.h"
#include "wire/json.h"

struct keeper;

/* A table with sealed values. */
struct keeper_table {
	const char *place; /* what stands before a row's key in the place of its value: "token/record/" */
	/* $1: a key, $2: how many -> key, sealed value: rows from that key on, in the order of keys */
	int page;
	int replace; /* $1: a key, $2: the new value, $3: the old one: if it still is that */
	bool asked;  /* its values open elsewhere: options.again is asked */
};

struct keeper_options {
	struct store *store;
	struct seal_ring *
		rings[2]; /* all that must open the store's values; the second may be NULL; borrowed */
	const struct keeper_table *tables;
	size_t table_count;
	int select, insert, drop; /* the indexes of RING_SELECT, RING_INSERT, RING_DELETE */
	/* Seals a value of an `asked` table anew and tells keeper_sealed_again(). */
	enum err (*again)(void *user, struct view key, struct view sealed, uint64_t ref);
	void *user;
};

/* The options are copied, but for what they point to. Goes on with what is not finished. */
enum err keeper_open(struct loop *loop, const struct keeper_options *options, struct keeper **ret);
void keeper_close(struct keeper *k); /* after its store, before its rings; NULL is fine */
void keeper_sealed_again(struct keeper *k, uint64_t ref, enum err err, struct view sealed);

/* Begins with a new data key. ERR_OVERLOAD: the last rotation is not over. `done` comes once, at the latest when it is closed. */
typedef void keeper_begun(void *user, enum err err, const char *detail);
enum err keeper_rotate(struct keeper *k, keeper_begun *done, void *user);

struct keeper_state {
	uint32_t current;
	size_t keys;	     /* 1: no rotation is under way */
	uint64_t resealed;   /* values, since the start */
	uint64_t unreadable; /* values that stand in the way, at the last look */
};
void keeper_state(const struct keeper *k, struct keeper_state *ret);
void keeper_put_state(const struct keeper *k, struct json_writer *w); /* members of an object */
void keeper_put_metrics(const struct keeper *k, struct buf *out);
