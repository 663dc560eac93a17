// SPDX-License-Identifier: Apache-2.0
/*
 * tables of notifications:
 * subscription	who wants to be told of what, sealed: a receiver's address may hold a secret. `next` is the sequence number
 *		that its next event gets; one that is skipped was left out, because too many waited
 * delivery	what a subscriber has to be told and has not acknowledged: `seq` is the event's place in the log, `at` when it
 *		came here (milliseconds since 1970)
 * dead_letter	what was given up, and why
 */
#pragma once

enum { SUBSCRIPTION_ID = 22 }; /* characters: 128 random bits, base64url */

#define NOTIFY_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                \
	"CREATE TABLE subscription (id " TEXT " PRIMARY KEY, party " TEXT " NOT NULL, body " BLOB  \
	" NOT NULL, next " INT " NOT NULL, since " INT " NOT NULL)" KEYED ";"                      \
	"CREATE INDEX subscription_party ON subscription (party);"                                 \
	"CREATE TABLE delivery (subscription " TEXT " NOT NULL, sequence " INT                     \
	" NOT NULL, seq " INT " NOT NULL, at " INT " NOT NULL, tries " INT                         \
	" NOT NULL, PRIMARY KEY (subscription, sequence))" KEYED ";"                               \
	"CREATE TABLE dead_letter (subscription " TEXT " NOT NULL, sequence " INT                  \
	" NOT NULL, seq " INT " NOT NULL, tries " INT " NOT NULL, died " INT                       \
	" NOT NULL, why " TEXT " NOT NULL, PRIMARY KEY (subscription, sequence))" KEYED ";"        \
	"CREATE INDEX dead_letter_died ON dead_letter (died);"

/* A store that was put back from a copy has forgotten numbers that receivers know: they are not used again. */
#define NOTIFY_RESTORED "UPDATE subscription SET next = subscription.next + 1000000000;"

/* The ids that stand behind each other in a text, $1, of which there are $2. */
#define NOTIFY_LISTED                                                                              \
	"(WITH RECURSIVE part (n) AS (SELECT 0 UNION ALL SELECT part.n + 1 FROM part"              \
	" WHERE part.n + 1 < CAST($2 AS INTEGER))"                                                 \
	" SELECT SUBSTR($1, part.n * 22 + 1, 22) FROM part)"

#define NOTIFY_STATEMENTS(S)                                                                          \
	/* id, party, body, now, most of this party, most of all */                                   \
	S(ADD_SUBSCRIPTION, STORE_ALONE,                                                              \
		"INSERT INTO subscription (id, party, body, next, since) SELECT $1, $2, $3, 1,"       \
		" CAST($4 AS BIGINT) WHERE (SELECT COUNT(*) FROM subscription AS own"                 \
		" WHERE own.party = $2) < CAST($5 AS BIGINT) AND (SELECT COUNT(*) FROM"               \
		" subscription AS each_one) < CAST($6 AS BIGINT)")                                    \
	/* above this id, how many -> id, party, body, since, how many wait; roles, make and state  \
	 * of the party */ \
	S(LOAD_SUBSCRIPTIONS, STORE_ALONE,                                                            \
		"SELECT subscription.id, subscription.party, subscription.body,"                      \
		" subscription.since, (SELECT COUNT(*) FROM delivery"                                 \
		" WHERE delivery.subscription = subscription.id), party.roles, party.make,"           \
		" party.state FROM subscription"                                                      \
		" LEFT JOIN party ON party.id = subscription.party"                                   \
		" WHERE subscription.id > $1 ORDER BY subscription.id LIMIT $2")                      \
	/* above this id, how many -> id */                                                           \
	S(LIST_SUBSCRIPTIONS, STORE_ALONE,                                                            \
		"SELECT subscription.id FROM subscription WHERE subscription.id > $1"                 \
		" ORDER BY subscription.id LIMIT $2")                                                 \
	/* the same, of this party */                                                                 \
	S(LIST_OWN_SUBSCRIPTIONS, STORE_ALONE,                                                        \
		"SELECT subscription.id FROM subscription WHERE subscription.id > $1"                 \
		" AND subscription.party = $3 ORDER BY subscription.id LIMIT $2")                     \
	/* device -> the party that owns it */                                                        \
	S(FIND_SUBSCRIBED_OWNER, STORE_ALONE,                                                         \
		"SELECT owner.party FROM custody JOIN owner ON owner.id = custody.owner"              \
		" WHERE custody.device = $1")                                                         \
	/* make, model or '' -> parties with a subscription that own such a device */                 \
	S(FIND_SUBSCRIBED_OWNERS, STORE_ALONE,                                                        \
		"SELECT DISTINCT owner.party FROM subscription"                                       \
		" JOIN owner ON owner.party = subscription.party"                                     \
		" JOIN custody ON custody.owner = owner.id"                                           \
		" JOIN device ON device.id = custody.device"                                          \
		" WHERE owner.party <> '' AND LOWER(device.make) = LOWER($1)"                         \
		" AND ($2 = '' OR LOWER(device.model) = LOWER($2))")                                  \
	/* party -> roles, make, state */                                                             \
	S(FIND_SUBSCRIBED_PARTY, STORE_ALONE,                                                         \
		"SELECT party.roles, party.make, party.state FROM party WHERE party.id = $1")         \
	/* from this id on, how many -> id, body */                                                   \
	S(PAGE_SUBSCRIPTIONS, STORE_ALONE,                                                            \
		"SELECT subscription.id, subscription.body FROM subscription"                         \
		" WHERE subscription.id >= $1 ORDER BY subscription.id LIMIT $2")                     \
	/* id, body, the body before */                                                               \
	S(REPLACE_SUBSCRIPTION, STORE_BY_KEY,                                                         \
		"UPDATE subscription SET body = $2 WHERE subscription.id = $1"                        \
		" AND subscription.body = $3")                                                        \
	S(DROP_SUBSCRIPTION, STORE_BY_KEY, "DELETE FROM subscription WHERE subscription.id = $1")     \
	S(DROP_ALL_DELIVERIES, STORE_BY_KEY,                                                          \
		"DELETE FROM delivery WHERE delivery.subscription = $1")                              \
	S(DROP_ALL_DEAD_LETTERS, STORE_BY_KEY,                                                        \
		"DELETE FROM dead_letter WHERE dead_letter.subscription = $1")                        \
	/* ids, how many, the event's seq, now */                                                     \
	S(ENLIST, STORE_ALONE,                                                                        \
		"INSERT INTO delivery (subscription, sequence, seq, at, tries)"                       \
		" SELECT subscription.id, subscription.next, CAST($3 AS BIGINT),"                     \
		" CAST($4 AS BIGINT), 0 FROM subscription WHERE subscription.id "                     \
		"IN " NOTIFY_LISTED)                                                                  \
	/* ids, how many */                                                                           \
	S(COUNT_ON, STORE_ALONE,                                                                      \
		"UPDATE subscription SET next = subscription.next + 1"                                \
		" WHERE subscription.id IN " NOTIFY_LISTED)                                           \
	/* subscription, above this sequence, came before, how many -> sequence, seq, at, tries */    \
	S(READ_DELIVERIES, STORE_ALONE,                                                               \
		"SELECT delivery.sequence, delivery.seq, delivery.at, delivery.tries FROM "           \
		"delivery"                                                                            \
		" WHERE delivery.subscription = $1 AND delivery.sequence > $2 AND delivery.at < "     \
		"$3"                                                                                  \
		" ORDER BY delivery.sequence LIMIT $4")                                               \
	/* subscription, from and to this sequence, came before */                                    \
	S(DROP_DELIVERIES, STORE_BY_KEY,                                                              \
		"DELETE FROM delivery WHERE delivery.subscription = $1 AND delivery.sequence >= "     \
		"$2"                                                                                  \
		" AND delivery.sequence <= $3 AND delivery.at < $4")                                  \
	/* the same: one more try */                                                                  \
	S(COUNT_TRY, STORE_BY_KEY,                                                                    \
		"UPDATE delivery SET tries = delivery.tries + 1 WHERE delivery.subscription = $1"     \
		" AND delivery.sequence >= $2 AND delivery.sequence <= $3 AND delivery.at < $4")      \
	/* the same, now, why */                                                                      \
	S(BURY, STORE_BY_KEY,                                                                         \
		"INSERT INTO dead_letter (subscription, sequence, seq, tries, died, why)"             \
		" SELECT delivery.subscription, delivery.sequence, delivery.seq, delivery.tries,"     \
		" CAST($5 AS BIGINT), CAST($6 AS TEXT) FROM delivery"                                 \
		" WHERE delivery.subscription = $1 AND delivery.sequence >= $2"                       \
		" AND delivery.sequence <= $3 AND delivery.at < $4"                                   \
		" ON CONFLICT (subscription, sequence) DO UPDATE SET died = excluded.died,"           \
		" tries = excluded.tries, why = excluded.why")                                        \
	/* subscription, above this sequence, how many -> sequence, seq, tries, died, why */          \
	S(LIST_DEAD_LETTERS, STORE_ALONE,                                                             \
		"SELECT dead_letter.sequence, dead_letter.seq, dead_letter.tries,"                    \
		" dead_letter.died, dead_letter.why FROM dead_letter"                                 \
		" WHERE dead_letter.subscription = $1 AND dead_letter.sequence > $2"                  \
		" ORDER BY dead_letter.sequence LIMIT $3")                                            \
	/* subscription, from and to this sequence, now */                                            \
	S(REPLAY_DEAD_LETTERS, STORE_BY_KEY,                                                          \
		"INSERT INTO delivery (subscription, sequence, seq, at, tries)"                       \
		" SELECT dead_letter.subscription, dead_letter.sequence, dead_letter.seq,"            \
		" CAST($4 AS BIGINT), 0 FROM dead_letter WHERE dead_letter.subscription = $1"         \
		" AND dead_letter.sequence >= $2 AND dead_letter.sequence <= $3"                      \
		" ON CONFLICT (subscription, sequence) DO NOTHING")                                   \
	/* subscription, from and to this sequence */                                                 \
	S(DROP_DEAD_LETTERS, STORE_BY_KEY,                                                            \
		"DELETE FROM dead_letter WHERE dead_letter.subscription = $1"                         \
		" AND dead_letter.sequence >= $2 AND dead_letter.sequence <= $3")                     \
	/* died before */                                                                             \
	S(EXPIRE_DEAD_LETTERS, STORE_BY_ROW, "DELETE FROM dead_letter WHERE dead_letter.died < $1")
