// SPDX-License-Identifier: Apache-2.0
/*
 * ledger: the log of a registry: everything that ever happened is an event of it, in one order, without gaps, and never
 * changed. State, history, notification and synchronisation are readings of it. A leaf of its tree (RFC 9162) is public:
 *
 *	{"kind":"status_changed","time":1732976400123,"registry":"IN.TEL.P01","commitment":"<base64url>"}
 *
 * kind, milliseconds since 1970, whose log had it first, and HMAC-SHA-256(salt, record). Record and salt go to those who may
 * know, and can be erased; the leaf stays. docs/protocol/registry_log.md.  req: R7-i-c R9.3-ii-a
 */
#pragma once

#include "store/store.h"

struct registry;
struct ledger;

/* Number in the store, never used for another; name; its constant is EVENT_ and the name. */
#define EVENT_KINDS(K)                                                                             \
	K(1, REGISTRY_SET_UP, "registry_set_up")                                                   \
	K(2, DEVICE_PREREGISTERED, "device_preregistered")                                         \
	K(3, DEVICE_REGISTERED, "device_registered")                                               \
	K(4, DEVICE_CONFIRMED, "device_confirmed")                                                 \
	K(5, DEVICE_REPORTED, "device_reported")                                                   \
	K(6, STATUS_CHANGED, "status_changed")                                                     \
	K(7, LIFECYCLE_CHANGED, "lifecycle_changed")                                               \
	K(8, VIRTUAL_ISSUED, "virtual_issued")                                                     \
	K(9, VIRTUAL_ENDED, "virtual_ended")                                                       \
	K(10, OWNER_SET, "owner_set")                                                              \
	K(11, OWNER_TRANSFERRED, "owner_transferred")                                              \
	K(12, ERASED, "erased")                                                                    \
	K(13, MANUFACTURER_REGISTERED, "manufacturer_registered")                                  \
	K(14, ROOT_OF_TRUST_ACCEPTED, "root_of_trust_accepted")                                    \
	K(15, ROOT_OF_TRUST_WITHDRAWN, "root_of_trust_withdrawn")                                  \
	K(16, VULNERABILITY_RECORDED, "vulnerability_recorded")                                    \
	K(17, VULNERABILITY_WITHDRAWN, "vulnerability_withdrawn")                                  \
	K(18, ENQUIRER_ENROLLED, "enquirer_enrolled")                                              \
	K(19, ENQUIRER_CHANGED, "enquirer_changed")                                                \
	K(20, DECISION, "decision")                                                                \
	K(21, POLICY_CHANGED, "policy_changed")                                                    \
	K(22, MOVEMENT_HELD, "movement_held")                                                      \
	K(23, MOVEMENT_RELEASED, "movement_released")                                              \
	K(24, SUBSCRIPTION_CHANGED, "subscription_changed")                                        \
	K(25, REGISTRY_JOINED, "registry_joined")                                                  \
	K(26, REGISTRY_LEFT, "registry_left")                                                      \
	K(27, REGISTRY_ISOLATED, "registry_isolated")                                              \
	K(28, WORD_HEARD, "word_heard")                                                            \
	K(29, QUERIES, "queries")                                                                  \
	K(30, APPLICATION_STATUS, "application_status")                                            \
	K(31, NOTICE, "notice")                                                                    \
	K(32, DUPLICATE_DETECTED, "duplicate_detected")

#define EVENT_CONSTANT(number, constant, name) EVENT_##constant = (number),
enum event_kind { EVENT_KINDS(EVENT_CONSTANT) EVENT_KINDS_END };

const char *event_kind_name(enum event_kind kind);		/* "?" for none of them */
enum err event_kind_of(struct view name, enum event_kind *ret); /* ERR_SYNTAX */
const char *event_kind_clause(
	enum event_kind kind); /* of Y.3059 that it is a step of: "9.2/i-b"; "" for none */

enum { LEDGER_SALT = 32, LEDGER_HASH = 32, LEDGER_RECORD_MAX = 64 * 1024, LEDGER_EVENTS = 8 };

/* Under which place salts and records are sealed. That they stand in the right row is what their leaf says. */
#define LEDGER_PLACE "event/record"

/*
 * What is to be logged. `record` is a JSON object that has the subject as its member "subject"; never an owner's data.
 * `subject`: RegDevID, "rot:ID", "csaf:TRACKING-ID", "party:ID", "registry:REGID"; empty: none.
 */
struct event {
	enum event_kind kind;
	struct view subject, record;
	/* Of one that another registry's log had first; empty: it happened here, and the rest is not looked at. */
	struct view origin;
	int64_t origin_seq, origin_time;
	const uint8_t *salt; /* LEDGER_SALT bytes */
	const uint8_t
		*commitment; /* LEDGER_HASH bytes, when record and salt were erased there already */
};

/* The unit's result: the caller's steps have their own indexes, events come behind. `first_seq`: of the first event. */
typedef void ledger_done(void *user, uint64_t ref, const struct store_result *result,
	int64_t first_seq);

/*
 * One unit, one commit: the caller's steps, then the events, in order. A step that is not as expected fails all of it. `done`
 * comes once, as store_submit() says. ERR_RANGE: more than LEDGER_EVENTS, or with the steps more than STORE_STEPS, or a
 * record too long; ERR_OVERLOAD; else as store_submit(). The unit fails with ERR_EXISTS when another registry's event is
 * in the log already.
 */
enum err ledger_submit(struct ledger *l, const struct event *events, size_t event_count,
	const struct store_step *steps, size_t count, ledger_done *done, void *user, uint64_t ref);

/* An event as it stands in the log. */
struct ledger_entry {
	int64_t seq;
	enum event_kind kind;
	int64_t time;	    /* milliseconds since 1970, UTC */
	struct view origin; /* RegID; our own too */
	int64_t origin_seq;
	struct view subject;	   /* empty: none, or erased */
	const uint8_t *commitment; /* LEDGER_HASH bytes */
	const uint8_t *salt;	   /* LEDGER_SALT bytes; NULL: erased */
	struct view record;
};

/* ERR_CRYPTO: a record does not fit its leaf, so somebody has changed the store; entries before it are not told. */
typedef void ledger_entries(void *user, uint64_t ref, enum err err,
	const struct ledger_entry *entries, size_t count);

/* Up to `limit` events from `from` on, in order, in `done`: once, later, on the loop's thread. None: it has no more. */
enum { LEDGER_READ_MAX = 1000 };
enum err ledger_read(struct ledger *l, int64_t from, size_t limit, ledger_entries *done, void *user,
	uint64_t ref);
/* The same without salts and records: nothing is opened. */
enum err ledger_read_leaves(struct ledger *l, int64_t from, size_t limit, ledger_entries *done,
	void *user, uint64_t ref);
/* The same of one subject, not after `until` (milliseconds since 1970).  req: R6.1-d */
enum err ledger_subject(struct ledger *l, struct view subject, int64_t from, int64_t until,
	size_t limit, ledger_entries *done, void *user, uint64_t ref);

/* Of those from `from` on and before `until`: of each subject the newest of each kind, which together are its state then. */
enum err ledger_read_newest(struct ledger *l, int64_t from, int64_t until, size_t limit,
	ledger_entries *done, void *user, uint64_t ref);

/* Appends the leaf, whose SHA-256 behind a zero byte is the leaf hash. */
void ledger_leaf(const struct ledger_entry *entry, struct buf *out);

/* 0, or how often it was restored from a copy: it is another log then. */
int64_t ledger_epoch(const struct ledger *l);
/* How many events it has, all of them committed. */
int64_t ledger_size(const struct ledger *l);

/* `wake` is called after commits, in the same turn of the loop. It reads on from where its cursor is. Up to 16 of them. */
typedef void ledger_wake(void *user);
enum err ledger_watch(struct ledger *l, ledger_wake *wake, void *user);

/* How far a reader has come: the next seq that it wants, 0 at first. At start-up; and as a step of its units, which never
 * goes back. */
enum err ledger_cursor(struct ledger *l, const char *name, int64_t *ret);
struct store_step ledger_cursor_step(const char *name, int64_t seq);

/* Erases records and salts of a subject's events, and that they are its: a step of the unit that logs EVENT_ERASED. */
struct store_step ledger_erase_step(struct view subject);

/* A part of the program. ERR_IO, ERR_CRYPTO. */
enum err ledger_start_up(struct registry *registry);
void ledger_be_quiet(struct registry *registry); /* nobody is woken any more */
void ledger_shut_down(struct registry *registry);
void ledger_put_metrics(const struct ledger *l, struct buf *out);
