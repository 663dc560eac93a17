// SPDX-License-Identifier: Apache-2.0
/* inside: what the files of notifications know of each other. */
#pragma once

#include "net/http_server.h"
#include "net/mqtt.h"
#include "net/webhook.h"
#include "registry/ledger/ledger.h"
#include "registry/notify/notify.h"
#include "registry/schema.h"
#include "wire/subscription.h"

enum {
	NOTIFY_WINDOW = 16,	   /* rows that are read at once for one subscriber */
	NOTIFY_DIGEST_WINDOW = 64, /* of a digest: in one token */
	NOTIFY_PARTY = 256,
	NOTIFY_MAKE = 128,
	NOTIFY_TXN = 128,
	NOTIFY_JTI = SUBSCRIPTION_ID + 48,
	NOTIFY_ITEMS_MAX = 48 * 1024, /* bytes of what is told in one token */
};

/* A row of `delivery`. */
struct waiting {
	int64_t sequence, seq, at, tries;
};

/* One subscription, and how far its subscriber is. */
struct subscriber {
	struct notify *notify;
	pool_ref ref;
	char id[SUBSCRIPTION_ID + 1];
	char party[NOTIFY_PARTY]; /* whose it is; "": the staff's */
	unsigned roles;		  /* of the party, a mask: registry/enquiry/party.h */
	char make[NOTIFY_MAKE];	  /* of a manufacturer */
	bool suspended;		  /* the party is */
	struct subscription wants;
	int64_t since;
	struct subscriber *before, *after;	     /* all of them, in no order */
	struct subscriber *wide_before, *wide_after; /* those that name no devices */
	bool is_wide;
	/* what waits */
	int64_t pending;	/* rows in the store */
	struct waiting *window; /* the first of them, which were read */
	size_t count, at;
	bool reading;	     /* rows are being read, */
	int64_t read_before; /* those that came before this */
	unsigned dropping;   /* units that take rows away */
	/* a delivery */
	struct subscriber *behind; /* in the queue */
	bool queued, under_way;
	size_t batch;	      /* rows of the window that it tells */
	size_t gathered;      /* of those, whose events have been read */
	struct buf items;     /* what they say, JSON */
	char txn[NOTIFY_TXN]; /* the last of them: its registry, and its place in the log there */
	unsigned kinds[EVENT_KINDS_END]; /* of a digest: how many of each */
	struct webhook *hook;
	uint64_t publication;
	struct timer again; /* after a failure, or when the digest is due */
	int64_t pause_ms;   /* between the last tries; 0: none failed */
	char trouble[WEBHOOK_WHY_MAX];
	/* an event stream */
	struct http_request *stream; /* NULL: none is open */
	bool full;		     /* it takes no more for now */
	bool as_tokens;
	bool stale;   /* a new stream began meanwhile: what is being read is not for it */
	int64_t sent; /* the last sequence that went onto it */
	struct timer keep_alive;
};

struct notify {
	struct registry *registry;
	struct pool *pool;   /* of subscribers */
	struct table *by_id; /* -> struct subscriber */
	struct subscriber *first;
	struct subscriber *wide;
	struct table *by_device; /* the others, by the devices that they name */
	/* the reader of the log */
	int64_t cursor;
	bool reading;
	struct timer again;
	size_t own_subscribers;	     /* that want to be told of their own devices */
	struct own *own;	     /* whose devices the next events are about; NULL: not asked */
	struct enlisting *enlisting; /* the entries that are being entered; NULL: none */
	/* deliveries */
	struct subscriber *queue, **queue_end;
	size_t under_way;
	bool going_on;
	struct webhook_options webhook;
	struct tls *tls;
	struct mqtt *mqtt; /* NULL: none is configured */
	struct timer sweep;
	struct {
		uint64_t enlisted, left_out, acknowledged, failed, died, expired;
	} figures;
	size_t streams;
};

/* What a late result of the store or the log means: NULL, nothing any more. `user` was the registry. */
struct notify *notify_of(void *user);
struct subscriber *notify_subscriber(void *user, uint64_t ref);

/* ---- roster: who is subscribed ---- */

enum err roster_start_up(struct notify *n);
void roster_shut_down(struct notify *n);
/* Takes over `wants`. ERR_OVERLOAD, ERR_MEMORY: it is freed. */
enum err roster_add(struct notify *n, const char *id, struct view party, struct subscription *wants,
	struct subscriber **ret);
void roster_drop(struct subscriber *s);
struct subscriber *roster_find(const struct notify *n, struct view id); /* NULL: no such one */
/* Takes over roles, make and state of the party: columns of a result. */
enum err roster_set_party(struct subscriber *s, const struct store_result *result, size_t row,
	size_t column);
/* A party was approved, suspended or removed: its subscriptions go on, rest or end. `subject` as in the log. */
void roster_party_changed(struct notify *n, struct view subject);
/* The steps that end a subscription. */
enum { ROSTER_DROP_STEPS = 3 };
void roster_drop_steps(const struct subscriber *s, struct store_step ret[ROSTER_DROP_STEPS]);
/* Seals what stands in a row. */
enum err roster_seal(struct notify *n, const char *id, struct view body, struct buf *ret);

/* ---- named: subscriptions by the devices that they name ---- */

enum err named_start_up(struct notify *n);
void named_shut_down(struct notify *n); /* when all are dropped */
enum err named_add(struct subscriber *s);
void named_drop(struct subscriber *s);
/* Those that name this device, and those that name none. */
typedef void named_fn(void *user, struct subscriber *s);
void named_each(struct notify *n, struct view device, named_fn *each, void *user);

/* ---- enlist: events to rows ---- */

void enlist_wake(void *notify);
void enlist_shut_down(struct notify *n);

/* What own_ask() asked for has come. */
void enlist_owners(struct notify *n, enum err err);

/* ---- own: whose devices events are about ---- */

/* Asks of events, in the order of the log. OK: there is nothing to wait for; ERR_AGAIN: enlist_owners() comes. */
enum err own_ask(struct notify *n, const struct ledger_entry *entries, size_t count);
int64_t own_until(const struct notify *n); /* below which it is known */
bool own_has(const struct notify *n, int64_t seq, const char *party);
void own_forget(struct notify *n);

/* ---- told: what of an event is told ---- */

/* What a record says, for filters. Views point into `record`, which json_free() frees. */
struct told {
	struct json *record; /* NULL: erased */
	struct subscription_event event;
	const struct json *models; /* of an advisory: [{"make", "model"}]; NULL: none */
	struct view tlp;
	int64_t release_at;
};
enum err told_read(const struct ledger_entry *entry, struct told *ret);
void told_free(struct told *told);
/* As subscription_takes(); of an advisory, one of its models is enough. */
bool told_takes(const struct subscription *wants, const struct told *told);
/* Whether a subscriber of this party, "" for the staff, may be told of it at all. */
bool told_may_see(const struct subscriber *s, const struct ledger_entry *entry,
	const struct told *told);
/* Whether it is among what is told without having been asked for by kind. */
bool told_by_default(enum event_kind kind);
/* Appends one item, a JSON object, with what this subscriber may know. */
enum err told_put(const struct subscriber *s, const struct ledger_entry *entry, int64_t sequence,
	struct buf *out);

/* ---- token ---- */

/* The name of a batch, the same whenever it is told. */
void token_jti(const struct subscriber *s, char ret[NOTIFY_JTI]);
/* Appends what was gathered, as JSON; and that in a signed token. */
enum err token_payload(const struct subscriber *s, struct buf *out);
enum err token_make(const struct subscriber *s, const char *kind, struct buf *out);

/* ---- rows: what waits in the store ---- */

/* Of a batch: its first and last row, and how many rows from the first of the window on make one. */
const struct waiting *rows_first(const struct subscriber *s);
const struct waiting *rows_last(const struct subscriber *s);
size_t rows_batch(const struct subscriber *s);
bool rows_are_digest(const struct subscriber *s);
int64_t rows_due_before(const struct subscriber *s, int64_t time);
int64_t rows_batch_before(const struct subscriber *s);
/* Fills the window anew; deliver_wake() follows. */
void rows_read(struct subscriber *s);
/* The batch was acknowledged: the window goes on behind it. */
void rows_drop(struct subscriber *s);
/* The subscriber of a stream has had all up to this sequence. */
void rows_had(struct subscriber *s, int64_t sequence);
/* From the head of the batch to that sequence what came before then becomes dead letters. */
void rows_bury(struct subscriber *s, int64_t last, int64_t before, const char *why);
void rows_count_try(struct subscriber *s);
/* Lets go what is too old; again and again. */
void rows_sweep(void *notify);

/* ---- deliver ---- */

/* Something may have to be told. */
void deliver_wake(struct subscriber *s);
/* The batch under way: acknowledged; refused for good; failed. `why` as it may be shown to the subscriber. */
void deliver_acknowledged(struct subscriber *s);
void deliver_refused(struct subscriber *s, const char *why);
void deliver_failed(struct subscriber *s, const char *why, int64_t not_before_ms);
/* It went onto a stream, where it stays until the subscriber says that it had it. */
void deliver_passed(struct subscriber *s);
/* It could not be told now: its rows are read again. */
void deliver_put_off(struct subscriber *s);
/* A subscriber goes. */
void deliver_stop(struct subscriber *s);

/* ---- streams ---- */

/* Takes over the request. `after`: its Last-Event-ID, which says what the subscriber has had; 0: none. */
void streams_open(struct subscriber *s, struct http_request *request, bool as_tokens, int64_t after);
void streams_close(struct subscriber *s);
void streams_send(struct subscriber *s, const char *kind);
