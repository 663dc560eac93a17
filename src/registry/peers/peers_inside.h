// SPDX-License-Identifier: Apache-2.0
/* peers_inside: what the files of this part know of each other. */
#pragma once

#include "net/http_client.h"
#include "registry/peers/check.h"
#include "registry/peers/peers.h"
#include "registry/peers/rules.h"
#include "registry/registry.h"
#include "wire/sse.h"

enum { PEER_URL = 256, PEER_REASON = 256, PEER_ALSO = CHECK_ALSO, PEER_KEY = 512 };

/* Numbers stand in the store. */
enum peer_state {
	PEER_ASKING = 1,   /* we asked it, or will; it has not said yes */
	PEER_ASKED = 2,	   /* it asked us; the administrator has not said yes */
	PEER_JOINED = 3,   /* follows and is followed */
	PEER_ISOLATED = 4, /* its log is not to be believed */
	PEER_REFUSED = 5,  /* it does not want us */
	PEER_LEFT = 6,
	PEER_DENIED = 7, /* we do not want it */
};
const char *peer_state_name(enum peer_state state);

struct follower;
struct feed;
struct asking;
struct image;
struct duplicates;
struct issuer;
struct own_certificate;

struct peer {
	struct registry *registry;
	struct reg_id id;
	enum peer_relation relation;
	enum registry_type type; /* REGISTRY_NONE: it has not said yet */
	enum peer_state state;
	char url[PEER_URL];	   /* https://HOST[:PORT] */
	char host[PEER_URL];	   /* of the URL: the name in its certificate */
	char address[ADDRESS_MAX]; /* where to connect */
	char log_key[PEER_KEY];	   /* a note's verifier key; "": not known yet */
	int64_t since;		   /* of the state; milliseconds since 1970 */
	char reason[PEER_REASON];
	/* Thumbprint of what signed its request for a certificate; "": it came with one of api.authority. */
	char answer_key[JOSE_THUMBPRINT];
	char also[PEER_ALSO]; /* RegIDs, with blanks between, that it may speak for too */

	int64_t seq; /* as much of its log is applied here */
	struct merkle_range range;
	uint64_t head; /* the largest size that its log said it has, with its root */
	struct merkle_hash head_root;
	int64_t careful_until; /* below it entries are looked up before they are applied */

	size_t units;		   /* of followers, under way in the store */
	struct follower *follower; /* its log is followed */
	struct asking *asking;	   /* it is being asked to take us in */
	pool_ref feed;		   /* it follows our log; 0: not now */
	int64_t fed_at;		   /* when it last began or ended to */
};

struct peers {
	struct registry *registry;
	struct tls *tls;       /* shows our certificate, verifies theirs; NULL: not configured */
	struct issuer *issuer; /* signs for children: certificate.h; NULL: not configured */
	struct own_certificate
		*own; /* a parent signs for us; NULL: the configuration has a certificate */
	struct peer **items;
	size_t count, room;
	struct pool *feeds; /* struct feed */
	struct pool *units; /* of followers, under way in the store */
	struct buf note;    /* the checkpoint that was signed last, of `note_size` */
	int64_t note_size;
	struct image *image;  /* of the unit that is being made */
	uint64_t generations; /* of streams: late results find theirs or nobody's */
	bool quiet;
	struct duplicates *duplicates; /* NULL: it is not looked for any */
	uint64_t entries_in, entries_out, isolations, duplicate_count;
};

/* --- peers.c --- */

struct peer *peers_find(const struct peers *peers, struct view id);
/* A new one in memory. ERR_OVERLOAD: as many as are configured; ERR_MEMORY. */
enum err peers_add(struct peers *peers, const struct reg_id *id, struct peer **ret);
void peers_remove(struct peers *peers, struct peer *peer);
size_t peers_parents(const struct peers *peers, const struct peer *but);
/* Host, and address when `address` is empty, from the URL. ERR_SYNTAX. */
enum err peer_set_place(struct peer *peer, struct view url, struct view address);
struct store_step peer_put_step(const struct peer *peer);
/* Starts and stops asking and following, as its state has it. After every change. */
void peer_settle(struct peer *peer);
/* {"subject":"registry:ID",...}: the record of an event about it. `subject` has room for PEER_SUBJECT. */
enum { PEER_SUBJECT = 9 + REG_ID_MAX + 1 };
void peer_record(const struct peer *peer, char subject[PEER_SUBJECT], struct buf *out);
void peer_put(const struct peer *peer, struct json_writer *w);

/* --- asking.c: until it says yes --- */

void asking_start(struct peer *peer);
void asking_stop(struct peer *peer);

/* --- isolate.c --- */

/* Its log is not believed any more: stops following and serving it, logs and tells.  err_detail() says why. */
void peer_isolate(struct peer *peer, enum err why);
/* It has left us, as its log says. */
void peer_gone(struct peer *peer);

/* --- feed.c: our log for another --- */

enum err feeds_start_up(struct peers *peers);
void feeds_shut_down(struct peers *peers);
void feed_end(struct peer *peer);
void feed_finish(struct peer *peer); /* once it has been sent all that is in the log now */

/* --- duplicates.c --- */

enum err duplicates_start_up(struct peers *peers);
void duplicates_shut_down(struct peers *peers);

/* --- follow.c: another's log --- */

struct queued {
	struct checked checked; /* without a document: the end of a snapshot, see `end` */
	bool in_snapshot;
	struct merkle_range *end;
};

struct follower {
	struct peer *peer;
	struct http_client *client;
	struct http_call *call; /* the stream; NULL: between two tries */
	unsigned status;
	struct sse sse;
	struct check check;
	struct timer retry;
	int64_t wait_ms;
	size_t silent_bytes; /* since the last event */
	double tokens;	     /* of the rate, at `tokens_at` */
	int64_t tokens_at;
	struct timer breath; /* until there are tokens again */
	bool paused;
	bool says_goodbye; /* among what is being applied is that it leaves */

	/* Verified, not yet applied: a circle. */
	struct queued *queue;
	size_t first, count, room;
	struct merkle_range range; /* with all for which a unit was submitted */
	int64_t seq;		   /* of `range` */
	size_t looking;		   /* so many from `first` on are being looked up */
	uint64_t generation;	   /* of this stream */
	enum err fault;		   /* for which it will be isolated */
	char why[PEER_REASON];

	int64_t heard_at; /* when anything came last; 0: never */
	int64_t in_step;  /* when it was last known to be in step; 0: never */
	uint64_t lost;
};

/* A unit of a follower under way in the store. */
struct unit {
	struct peer *peer; /* NULL: removed meanwhile */
	uint64_t generation;
	size_t count;
	bool says_goodbye;
	bool moves; /* the place in the log is kept with it: */
	int64_t seq;
	struct merkle_range range;
};

enum err follower_start(struct peer *peer);
void follower_stop(struct peer *peer);
/* How many entries it has that are not applied here. */
uint64_t follower_lag(const struct follower *f);
/* It cannot go on, as err_detail() says: connects again, from what the store says then. */
void follower_lose(struct follower *f);
/* The same, or isolates its registry, as the error has it. */
void follower_fail(struct follower *f, enum err fault);
void follower_breathe(struct follower *f); /* the stream is read on if there is room */

/* --- apply.c --- */

/* Verified entries into the queue, then into the store. */
check_verified apply_take;
void apply_drop(struct follower *f);

/* --- image.c: what an entry does to the tables --- */

enum { IMAGE_TEXT = LEDGER_EVENTS * (LEDGER_RECORD_MAX + 16 * 1024) };

/* What a unit needs while it is made; its views are into the entries, `text` and `documents`. */
struct image {
	struct peer *peer;
	struct store_step steps[STORE_STEPS];
	size_t step_count;
	struct event events[LEDGER_EVENTS];
	size_t event_count;
	struct json *documents[STORE_STEPS];
	size_t document_count;
	struct buf text; /* over `room`, so that it never moves */
	uint8_t room[IMAGE_TEXT];
};
enum { IMAGE_STEPS = 2, IMAGE_EVENTS = 1 }; /* of one entry, at most */

/* What an entry is to us. */
enum image_word {
	IMAGE_NOTHING, /* it says nothing here */
	IMAGE_RELAYED, /* a child's: it is logged again, as it is */
	IMAGE_HEARD,   /* it changes a table alone, and may do so twice */
	IMAGE_WORD,    /* it becomes a word of our own log */
};
enum image_word image_word_of(const struct peer *peer, const struct log_entry *entry);
/* Adds the steps and events of one entry, or nothing: ERR_SYNTAX: its record does not say what its kind has to; ERR_MEMORY. */
enum err image_add(struct image *image, const struct log_entry *entry);
void image_free(struct image *image);
