// SPDX-License-Identifier: Apache-2.0
/* ledger_inside: what the files of the log know of each other. */
#pragma once

#include "registry/ledger/ledger.h"
#include "registry/ledger/log_tree.h"
#include "registry/registry.h"
#include "wire/note.h"

enum { LEDGER_WATCHERS = 16, LEDGER_LEAF_MAX = 512, LEDGER_EPOCH_BITS = 40 };

/* ---- recent: the newest events, so that those that follow need not ask the store ---- */

/* An event with its bytes behind it: one allocation. */
struct recent_event {
	struct ledger_entry entry;
	size_t bytes; /* all of it */
	uint8_t salt[LEDGER_SALT], commitment[LEDGER_HASH];
	uint8_t data[]; /* origin, subject, record */
};

struct recent {
	struct recent_event **events; /* a circle: `count` from `first` on */
	size_t room, first, count;
	size_t bytes, ceiling;
};

/* NULL: out of memory. Views of `entry` are copied. */
struct recent_event *recent_new(const struct ledger_entry *entry);
void recent_drop(struct recent_event *event); /* wipes it; NULL is fine */
/* Takes over an event that follows the last one; the oldest go. */
void recent_add(struct recent *r, struct recent_event *event);
void recent_clear(struct recent *r);
void recent_erase(struct recent *r, struct view subject, int64_t below);
/* NULL: it is not among them. */
const struct recent_event *recent_at(const struct recent *r, int64_t seq);

/* ---- leaves ---- */

enum err leaf_commit(const uint8_t salt[LEDGER_SALT], struct view record, uint8_t ret[LEDGER_HASH]);
enum err leaf_hash(const struct ledger_entry *entry, struct merkle_hash *ret);
/* From columns of READ_EVENTS and its like, without salt and record. Views point into the result. ERR_IO: no such row. */
enum err leaf_from_row(const struct ledger *l, const struct store_result *result, size_t row,
	struct ledger_entry *ret);

/* ---- the log ---- */

struct ledger {
	struct registry *registry;
	struct view origin; /* our RegID */
	int64_t size;	    /* events that are committed and in the tree */
	int64_t epoch_base; /* added to seq for others: see log_epoch */
	int64_t last_time;  /* of our own events; it does not go back */
	bool clock_told;    /* that the clock has gone back */
	int64_t top; /* events that are known to be committed; above size only while catching up */
	bool catching_up;   /* leaves are read from the store, since a commit's result was lost */
	struct timer again; /* a reading of leaves that failed */
	struct log_tree *tree;
	struct note_key key; /* its name is the log's */
	struct buf note;     /* the last checkpoint */
	int64_t note_size, note_at;
	struct pool *submissions;		/* struct submission */
	struct pool *provings;			/* struct proving */
	struct pool *readings;			/* struct reading */
	struct reading *waiting, **waiting_end; /* for the next turn: recent events answer them */
	struct timer turn;
	struct recent recent;
	struct {
		ledger_wake *wake;
		void *user;
	} watchers[LEDGER_WATCHERS];
	size_t watcher_count;
	bool quiet; /* its readers are being stopped */
};

/* An event has been committed: its leaf joins the tree. */
enum err ledger_append(struct ledger *l, const struct merkle_hash *leaf);
enum err reading_start_up(struct ledger *l);
void reading_shut_down(struct ledger *l);
enum err proof_start_up(struct ledger *l);
void proof_shut_down(struct ledger *l);
