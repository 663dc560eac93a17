// SPDX-License-Identifier: Apache-2.0
/*
 * tables of the log:
 * event	all that happened, in order; seq is its place in the tree. `origin` and `origin_seq` say whose log had it
 *		first, and where; origin is NULL for what happened here. `record` is salt and record, sealed; NULL
 *		once it is erased, and then so is `subject`
 * tile		roots of whole tiles of 256 leaves, so that a start need not read all events
 * cursor	how far a reader of the log has come
 * query_batch	questions that were answered, sealed: ledger/queries.h
 * log_epoch	a row for the log, and one for each time that it was restored from a copy: positions from `seq` on are
 *		told to others as of that epoch, so that none is used twice
 */
#pragma once

#define LEDGER_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                \
	"CREATE TABLE event (seq " INT " PRIMARY KEY, kind " INT " NOT NULL, at " INT " NOT NULL," \
	" origin " TEXT ", origin_seq " INT " NOT NULL, subject " TEXT ", commitment " BLOB        \
	" NOT NULL, record " BLOB ")" ROWS ";"                                                     \
	"CREATE INDEX event_subject ON event (subject, seq) WHERE subject IS NOT NULL;"            \
	"CREATE UNIQUE INDEX event_origin ON event (origin, origin_seq) WHERE origin IS NOT NULL;" \
	"CREATE TABLE tile (n " INT " PRIMARY KEY, root " BLOB " NOT NULL)" ROWS ";"               \
	"CREATE TABLE cursor_of (name " TEXT " PRIMARY KEY, seq " INT " NOT NULL)" KEYED ";"       \
	"CREATE TABLE query_batch (id " TEXT " PRIMARY KEY, at " INT " NOT NULL, count " INT       \
	" NOT NULL, body " BLOB " NOT NULL)" ROWS ";"                                              \
	"CREATE TABLE log_epoch (epoch " INT " PRIMARY KEY, seq " INT " NOT NULL)" ROWS ";"        \
	"INSERT INTO log_epoch (epoch, seq) VALUES (0, 0);"

/* What was logged after the copy is gone here, and known elsewhere. */
#define LEDGER_RESTORED                                                                            \
	"INSERT INTO log_epoch (epoch, seq) SELECT MAX(log_epoch.epoch) + 1,"                      \
	" (SELECT COALESCE(MAX(event.seq) + 1, 0) FROM event) FROM log_epoch;"

#define LEDGER_STATEMENTS(S)                                                                                    \
	/* kind, at, origin or NULL, its seq there or NULL, subject, commitment, record, epoch's base -> seq */ \
	S(ADD_EVENT, STORE_ALONE,                                                                               \
		"INSERT INTO event (seq, kind, at, origin, origin_seq, subject, commitment,"                    \
		" record) VALUES ((SELECT COALESCE(MAX(last.seq) + 1, 0) FROM event AS last),"                  \
		" $1, $2, $3, COALESCE($4, (SELECT COALESCE(MAX(last.seq) + 1, 0) FROM event AS"                \
		" last) + $8), $5, $6, $7) RETURNING seq")                                                      \
	/* from this seq on, below that, how many -> all columns */                                             \
	S(READ_EVENTS, STORE_ALONE,                                                                             \
		"SELECT event.seq, event.kind, event.at, event.origin, event.origin_seq,"                       \
		" event.subject, event.commitment, event.record FROM event"                                     \
		" WHERE event.seq >= $1 AND event.seq < $2 ORDER BY event.seq LIMIT $3")                        \
	/* the same: of each subject the newest event of each kind */                                           \
	S(READ_NEWEST, STORE_ALONE,                                                                             \
		"SELECT event.seq, event.kind, event.at, event.origin, event.origin_seq,"                       \
		" event.subject, event.commitment, event.record FROM event"                                     \
		" WHERE event.seq >= $1 AND event.seq < $2 AND event.subject IS NOT NULL"                       \
		" AND NOT EXISTS (SELECT 1 FROM event AS later WHERE later.subject ="                           \
		" event.subject AND later.kind = event.kind AND later.seq > event.seq"                          \
		" AND later.seq < $2) ORDER BY event.seq LIMIT $3")                                             \
	/* the same, without records */                                                                         \
	S(READ_LEAVES, STORE_ALONE,                                                                             \
		"SELECT event.seq, event.kind, event.at, event.origin, event.origin_seq,"                       \
		" event.subject, event.commitment, NULL FROM event"                                             \
		" WHERE event.seq >= $1 AND event.seq < $2 ORDER BY event.seq LIMIT $3")                        \
	/* subject, from this seq on, not after this time, how many -> as READ_EVENTS */                        \
	S(READ_SUBJECT, STORE_ALONE,                                                                            \
		"SELECT event.seq, event.kind, event.at, event.origin, event.origin_seq,"                       \
		" event.subject, event.commitment, event.record FROM event"                                     \
		" WHERE event.subject = $1 AND event.seq >= $2 AND event.at <= $3"                              \
		" ORDER BY event.seq LIMIT $4")                                                                 \
	/* -> the time of the last event of our own */                                                          \
	S(LAST_OWN_TIME, STORE_ALONE,                                                                           \
		"SELECT event.at FROM event WHERE event.origin IS NULL"                                         \
		" ORDER BY event.seq DESC LIMIT 1")                                                             \
	/* subject */                                                                                           \
	S(ERASE_EVENTS, STORE_ALONE,                                                                            \
		"UPDATE event SET record = NULL, subject = NULL WHERE event.subject = $1")                      \
	/* n, root */                                                                                           \
	S(ADD_TILE, STORE_BY_KEY,                                                                               \
		"INSERT INTO tile (n, root) VALUES ($1, $2) ON CONFLICT (n) DO NOTHING")                        \
	/* from this n on, how many -> n, root */                                                               \
	S(READ_TILES, STORE_ALONE,                                                                              \
		"SELECT tile.n, tile.root FROM tile WHERE tile.n >= $1 ORDER BY tile.n LIMIT $2")               \
	/* name -> seq */                                                                                       \
	S(FIND_CURSOR, STORE_ALONE,                                                                             \
		"SELECT cursor_of.seq FROM cursor_of WHERE cursor_of.name = $1")                                \
	/* name, seq: it does not go back */                                                                    \
	S(SET_CURSOR, STORE_BY_KEY,                                                                             \
		"INSERT INTO cursor_of (name, seq) VALUES ($1, $2) ON CONFLICT (name)"                          \
		" DO UPDATE SET seq = CASE WHEN excluded.seq > cursor_of.seq THEN excluded.seq"                 \
		" ELSE cursor_of.seq END")                                                                      \
	/* -> epoch, seq of the newest */                                                                       \
	S(LAST_EPOCH, STORE_ALONE,                                                                              \
		"SELECT log_epoch.epoch, log_epoch.seq FROM log_epoch"                                          \
		" ORDER BY log_epoch.epoch DESC LIMIT 1")                                                       \
	/* id, at, count, body */                                                                               \
	S(ADD_QUERY_BATCH, STORE_BY_KEY,                                                                        \
		"INSERT INTO query_batch (id, at, count, body) VALUES ($1, $2, $3, $4)")                        \
	/* before: not more than a few at a time */                                                             \
	S(DROP_QUERY_BATCHES, STORE_ALONE,                                                                      \
		"DELETE FROM query_batch WHERE query_batch.id IN (SELECT old.id FROM query_batch"               \
		" AS old ORDER BY old.id LIMIT 4) AND query_batch.at < $1")                                     \
	/* -> id */                                                                                             \
	S(LAST_QUERY_BATCH, STORE_ALONE,                                                                        \
		"SELECT query_batch.id FROM query_batch ORDER BY query_batch.id DESC LIMIT 1")                  \
	/* id, how many -> id, at, count, body: those behind it */                                              \
	S(LIST_QUERY_BATCHES, STORE_ALONE,                                                                      \
		"SELECT query_batch.id, query_batch.at, query_batch.count, query_batch.body"                    \
		" FROM query_batch WHERE query_batch.id > $1 ORDER BY query_batch.id LIMIT $2")                 \
	/* from this id on, how many -> id, body */                                                             \
	S(PAGE_QUERY_BATCHES, STORE_ALONE,                                                                      \
		"SELECT query_batch.id, query_batch.body FROM query_batch"                                      \
		" WHERE query_batch.id >= $1 ORDER BY query_batch.id LIMIT $2")                                 \
	/* id, body, the body before */                                                                         \
	S(REPLACE_QUERY_BATCH, STORE_BY_KEY,                                                                    \
		"UPDATE query_batch SET body = $2 WHERE query_batch.id = $1"                                    \
		" AND query_batch.body = $3")                                                                   \
	/* keys are 10^15 + seq, so that all have 16 digits: from this key on, how many -> key, record */       \
	S(PAGE_RECORDS, STORE_ALONE,                                                                            \
		"SELECT CAST(1000000000000000 + event.seq AS TEXT), event.record FROM event"                    \
		" WHERE event.seq >= COALESCE(CAST(NULLIF($1, '') AS BIGINT) - 1000000000000000,"               \
		" 0) AND event.record IS NOT NULL ORDER BY event.seq LIMIT $2")                                 \
	/* key, record, the record before */                                                                    \
	S(REPLACE_RECORD, STORE_BY_ROW,                                                                         \
		"UPDATE event SET record = $2 WHERE event.seq = CAST(CAST($1 AS TEXT) AS BIGINT)"               \
		" - 1000000000000000 AND event.record = $3")
