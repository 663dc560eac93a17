// SPDX-License-Identifier: Apache-2.0
/*
 * tables of owners and manufacturers; all times are milliseconds since 1970, UTC:
 * manufacturer	who makes devices: `makes` JSON, `party` the thumbprint of its key ("": none), `preregisters` whether it may
 * prereg	devices that were announced and have shown no evidence yet; seq is the batch's number * 2^32 + the row
 * import_batch	how far a bulk import has come; import_error: which of its rows were wrong, and why
 * owner	owners and custodians. `record` is sealed (wire/owner_record.h); `reference` what whoever brought it calls it, hashed
 *		under a key of this registry; `public_key` as jose_key_public(), `party` its thumbprint; "" when there is none
 * custody	whose a device is: one row a device
 * transfer	offers of a device to somebody else, by the SHA-256 of the signed offer: one that is used stays, used
 * application	the status of applications, which is asked for as that of devices is
 */
#pragma once

#define OWNER_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                 \
	"CREATE TABLE manufacturer (id " TEXT " PRIMARY KEY, name " TEXT " NOT NULL, makes " TEXT  \
	" NOT NULL, party " TEXT " NOT NULL, preregisters " INT " NOT NULL, state " INT            \
	" NOT NULL, since " INT " NOT NULL)" KEYED ";"                                             \
	"CREATE UNIQUE INDEX manufacturer_party ON manufacturer (party) WHERE party <> '';"        \
	"CREATE TABLE prereg (seq " INT " PRIMARY KEY, identifier " TEXT                           \
	" NOT NULL, manufacturer " TEXT " NOT NULL, owner " TEXT ", facts " TEXT                   \
	" NOT NULL, since " INT " NOT NULL)" ROWS ";"                                              \
	"CREATE UNIQUE INDEX prereg_identifier ON prereg (identifier);"                            \
	"CREATE INDEX prereg_owner ON prereg (owner) WHERE owner IS NOT NULL;"                     \
	"CREATE TABLE import_batch (id " TEXT " PRIMARY KEY, no " INT " NOT NULL, kind " INT       \
	" NOT NULL, importer " TEXT " NOT NULL, done " INT " NOT NULL, digest " TEXT               \
	" NOT NULL, added " INT " NOT NULL, failed " INT " NOT NULL, created " INT                 \
	" NOT NULL, updated " INT " NOT NULL)" KEYED ";"                                           \
	"CREATE UNIQUE INDEX import_batch_no ON import_batch (no);"                                \
	"CREATE TABLE import_error (batch " INT " NOT NULL, line " INT " NOT NULL, detail " TEXT   \
	" NOT NULL, PRIMARY KEY (batch, line))" KEYED ";"                                          \
	"CREATE TABLE owner (id " TEXT " PRIMARY KEY, reference " TEXT " NOT NULL, record " BLOB   \
	" NOT NULL, verified " INT " NOT NULL, public_key " BLOB ", party " TEXT                   \
	" NOT NULL, since " INT " NOT NULL, updated " INT " NOT NULL)" KEYED ";"                   \
	"CREATE UNIQUE INDEX owner_reference ON owner (reference) WHERE reference <> '';"          \
	"CREATE UNIQUE INDEX owner_party ON owner (party) WHERE party <> '';"                      \
	"CREATE TABLE custody (device " TEXT " PRIMARY KEY, owner " TEXT " NOT NULL, since " INT   \
	" NOT NULL)" KEYED ";"                                                                     \
	"CREATE INDEX custody_owner ON custody (owner, device);"                                   \
	"CREATE TABLE transfer (id " TEXT " PRIMARY KEY, device " TEXT " NOT NULL, giver " TEXT    \
	" NOT NULL, taker " TEXT " NOT NULL, state " INT " NOT NULL, until " INT                   \
	" NOT NULL, since " INT " NOT NULL)" KEYED ";"                                             \
	"CREATE INDEX transfer_device ON transfer (device);"                                       \
	"CREATE TABLE application (id " TEXT " PRIMARY KEY, name " TEXT " NOT NULL, trust " INT    \
	" NOT NULL, since " INT " NOT NULL, rule " TEXT " NOT NULL, reason " TEXT                  \
	" NOT NULL, seq " INT " NOT NULL, maker " TEXT " NOT NULL, product " TEXT                  \
	" NOT NULL, version " TEXT " NOT NULL, decided " INT " NOT NULL, decided_reason " TEXT     \
	" NOT NULL)" KEYED ";"

#define MANUFACTURER_COLUMNS                                                                       \
	"SELECT manufacturer.id, manufacturer.name, manufacturer.makes, manufacturer.party,"       \
	" manufacturer.preregisters, manufacturer.state, manufacturer.since FROM manufacturer"

#define BATCH_COLUMNS                                                                              \
	"SELECT import_batch.id, import_batch.no, import_batch.kind, import_batch.importer,"       \
	" import_batch.done, import_batch.digest, import_batch.added, import_batch.failed,"        \
	" import_batch.created, import_batch.updated FROM import_batch"

#define OWNER_COLUMNS                                                                              \
	"SELECT owner.id, owner.record, owner.verified, owner.public_key, owner.party,"            \
	" owner.since, owner.updated FROM owner"

#define TRANSFER_COLUMNS                                                                           \
	"SELECT transfer.id, transfer.device, transfer.giver, transfer.taker, transfer.state,"     \
	" transfer.until, transfer.since FROM transfer"

#define OWNER_STATEMENTS(S)                                                                                                   \
	/* after this id, how many -> MANUFACTURER_COLUMNS */                                                                 \
	S(LIST_MANUFACTURERS, STORE_ALONE,                                                                                    \
		MANUFACTURER_COLUMNS " WHERE manufacturer.id > $1 ORDER BY manufacturer.id LIMIT "                            \
				     "$2")                                                                                    \
	/* id -> MANUFACTURER_COLUMNS */                                                                                      \
	S(FIND_MANUFACTURER, STORE_ALONE, MANUFACTURER_COLUMNS " WHERE manufacturer.id = $1")                                 \
	/* id, name, makes, party, preregisters, since */                                                                     \
	S(SET_MANUFACTURER, STORE_ALONE,                                                                                      \
		"INSERT INTO manufacturer (id, name, makes, party, preregisters, state, since)"                               \
		" VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (id) DO UPDATE SET"                                          \
		" name = excluded.name, makes = excluded.makes, party = excluded.party,"                                      \
		" preregisters = excluded.preregisters, state = 0, since = excluded.since")                                   \
	/* id, since */                                                                                                       \
	S(WITHDRAW_MANUFACTURER, STORE_BY_KEY,                                                                                \
		"UPDATE manufacturer SET state = 1, since = $2 WHERE manufacturer.id = $1"                                    \
		" AND manufacturer.state = 0")                                                                                \
	/* id, kind, importer, now */                                                                                         \
	S(BEGIN_BATCH, STORE_ALONE,                                                                                           \
		"INSERT INTO import_batch (id, no, kind, importer, done, digest, added, failed,"                              \
		" created, updated) VALUES ($1, (SELECT COALESCE(MAX(last.no) + 1, 1)"                                        \
		" FROM import_batch AS last), $2, $3, 0, '', 0, 0, $4, $4)"                                                   \
		" ON CONFLICT DO NOTHING")                                                                                    \
	/* id -> BATCH_COLUMNS */                                                                                             \
	S(FIND_BATCH, STORE_ALONE, BATCH_COLUMNS " WHERE import_batch.id = $1")                                               \
	/* after this id, how many -> BATCH_COLUMNS */                                                                        \
	S(LIST_BATCHES, STORE_ALONE,                                                                                          \
		BATCH_COLUMNS " WHERE import_batch.id > $1 ORDER BY import_batch.id LIMIT $2")                                \
	/* id, done before, done, digest, added, failed, now: from where whoever asks believes it to stand */                 \
	S(MARK_BATCH, STORE_BY_KEY,                                                                                           \
		"UPDATE import_batch SET done = $3, digest = $4, added = import_batch.added + $5,"                            \
		" failed = import_batch.failed + $6, updated = $7 WHERE import_batch.id = $1"                                 \
		" AND import_batch.done = $2 RETURNING id, no, kind, importer, done, digest, "                                \
		"added,"                                                                                                      \
		" failed, created, updated")                                                                                  \
	/* seq, identifier, manufacturer, the owner's reference or '', facts, now, own RegID: nothing when it is announced \
	 * or registered already */  \
	S(ADD_PREREG, STORE_ALONE,                                                                                            \
		"INSERT INTO prereg (seq, identifier, manufacturer, owner, facts, since)"                                     \
		" SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT),"                                             \
		" (SELECT owner.id FROM owner WHERE owner.reference = $4 AND $4 <> ''),"                                      \
		" CAST($5 AS TEXT), CAST($6 AS BIGINT)"                                                                       \
		" WHERE ($4 = '' OR EXISTS (SELECT 1 FROM owner WHERE owner.reference = $4))"                                 \
		" AND NOT EXISTS (SELECT 1 FROM device WHERE device.identifier = $2"                                          \
		" AND device.registry = $7)"                                                                                  \
		" ON CONFLICT DO NOTHING")                                                                                    \
	/* identifier -> seq, manufacturer, owner, facts, since */                                                            \
	S(FIND_PREREG, STORE_ALONE,                                                                                           \
		"SELECT prereg.seq, prereg.manufacturer, prereg.owner, prereg.facts, prereg.since"                            \
		" FROM prereg WHERE prereg.identifier = $1")                                                                  \
	/* after this seq, how many -> seq, identifier, manufacturer, facts, since */                                         \
	S(LIST_PREREGS, STORE_ALONE,                                                                                          \
		"SELECT prereg.seq, prereg.identifier, prereg.manufacturer, prereg.facts,"                                    \
		" prereg.since FROM prereg WHERE prereg.seq > $1 ORDER BY prereg.seq LIMIT $2")                               \
	/* identifier, RegDevID, now: the device that was announced is registered */                                          \
	S(CLAIM_CUSTODY, STORE_ALONE,                                                                                         \
		"INSERT INTO custody (device, owner, since) SELECT CAST($2 AS TEXT), "                                        \
		"prereg.owner,"                                                                                               \
		" CAST($3 AS BIGINT) FROM prereg WHERE prereg.identifier = $1"                                                \
		" AND prereg.owner IS NOT NULL ON CONFLICT (device) DO NOTHING")                                              \
	/* identifier */                                                                                                      \
	S(DROP_PREREG, STORE_ALONE, "DELETE FROM prereg WHERE prereg.identifier = $1")                                        \
	/* batch no, line, detail */                                                                                          \
	S(ADD_ROW_ERROR, STORE_BY_KEY,                                                                                        \
		"INSERT INTO import_error (batch, line, detail) VALUES ($1, $2, $3)"                                          \
		" ON CONFLICT (batch, line) DO UPDATE SET detail = excluded.detail")                                          \
	/* batch no, line: those after it */                                                                                  \
	S(DROP_ROW_ERRORS, STORE_ALONE,                                                                                       \
		"DELETE FROM import_error WHERE import_error.batch = $1 AND import_error.line > "                             \
		"$2")                                                                                                         \
	/* batch id, line, how many -> line, detail: those after it */                                                        \
	S(LIST_ROW_ERRORS, STORE_ALONE,                                                                                       \
		"SELECT import_error.line, import_error.detail FROM import_error"                                             \
		" WHERE import_error.batch = (SELECT import_batch.no FROM import_batch"                                       \
		" WHERE import_batch.id = $1) AND import_error.line > $2"                                                     \
		" ORDER BY import_error.line LIMIT $3")                                                                       \
	/* id, reference, record, verified, key or NULL, party, now */                                                        \
	S(ADD_OWNER, STORE_ALONE,                                                                                             \
		"INSERT INTO owner (id, reference, record, verified, public_key, party, since,"                               \
		" updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)")                                                          \
	/* the same: nothing when it is there already */                                                                      \
	S(IMPORT_OWNER, STORE_ALONE,                                                                                          \
		"INSERT INTO owner (id, reference, record, verified, public_key, party, since,"                               \
		" updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING")                                   \
	/* reference -> id */                                                                                                 \
	S(FIND_OWNER_REFERENCE, STORE_ALONE,                                                                                  \
		"SELECT owner.id FROM owner WHERE owner.reference = $1")                                                      \
	/* id -> OWNER_COLUMNS */                                                                                             \
	S(FIND_OWNER, STORE_ALONE, OWNER_COLUMNS " WHERE owner.id = $1")                                                      \
	/* party -> OWNER_COLUMNS */                                                                                          \
	S(FIND_OWNER_PARTY, STORE_ALONE, OWNER_COLUMNS " WHERE owner.party = $1")                                             \
	/* after this id, how many -> OWNER_COLUMNS */                                                                        \
	S(LIST_OWNERS, STORE_ALONE,                                                                                           \
		OWNER_COLUMNS " WHERE owner.id > $1 ORDER BY owner.id LIMIT $2")                                              \
	/* id, record, verified, now, the record before */                                                                    \
	S(SET_OWNER, STORE_BY_KEY,                                                                                            \
		"UPDATE owner SET record = $2, verified = $3, updated = $4 WHERE owner.id = $1"                               \
		" AND owner.record = $5")                                                                                     \
	/* id, key, party, now */                                                                                             \
	S(SET_OWNER_KEY, STORE_ALONE,                                                                                         \
		"UPDATE owner SET public_key = $2, party = $3, updated = $4 WHERE owner.id = $1")                             \
	/* id */                                                                                                              \
	S(DROP_OWNER, STORE_BY_KEY, "DELETE FROM owner WHERE owner.id = $1")                                                  \
	/* from this id on, how many -> id, record */                                                                         \
	S(PAGE_OWNERS, STORE_ALONE,                                                                                           \
		"SELECT owner.id, owner.record FROM owner WHERE owner.id >= $1 ORDER BY owner.id"                             \
		" LIMIT $2")                                                                                                  \
	/* id, record, the record before */                                                                                   \
	S(REPLACE_OWNER, STORE_BY_KEY,                                                                                        \
		"UPDATE owner SET record = $2 WHERE owner.id = $1 AND owner.record = $3")                                     \
	/* device, owner, now: when it has none */                                                                            \
	S(SET_CUSTODY, STORE_BY_KEY,                                                                                          \
		"INSERT INTO custody (device, owner, since) VALUES ($1, $2, $3)")                                             \
	/* device -> owner, since, the owner's party, key */                                                                  \
	S(FIND_CUSTODY, STORE_ALONE,                                                                                          \
		"SELECT custody.owner, custody.since, owner.party, owner.public_key FROM custody"                             \
		" JOIN owner ON owner.id = custody.owner WHERE custody.device = $1")                                          \
	/* owner, after this device, how many -> device, since */                                                             \
	S(LIST_CUSTODY, STORE_ALONE,                                                                                          \
		"SELECT custody.device, custody.since FROM custody WHERE custody.owner = $1"                                  \
		" AND custody.device > $2 ORDER BY custody.device LIMIT $3")                                                  \
	/* device, owner: if it is his */                                                                                     \
	S(DROP_CUSTODY, STORE_BY_KEY,                                                                                         \
		"DELETE FROM custody WHERE custody.device = $1 AND custody.owner = $2")                                       \
	/* owner */                                                                                                           \
	S(DROP_OWNERS_CUSTODY, STORE_ALONE, "DELETE FROM custody WHERE custody.owner = $1")                                   \
	/* owner */                                                                                                           \
	S(FORGET_PREREG_OWNER, STORE_ALONE,                                                                                   \
		"UPDATE prereg SET owner = NULL WHERE prereg.owner = $1")                                                     \
	/* owner: what others signed for or with him. The offer stays, used: it names nobody, and is good once */             \
	S(FORGET_OWNERS_TRANSFERS, STORE_ALONE,                                                                               \
		"UPDATE transfer SET giver = '', taker = '', state = 3"                                                       \
		" WHERE transfer.giver = $1 OR transfer.taker = $1")                                                          \
	/* device, owner, next owner, now */                                                                                  \
	S(MOVE_CUSTODY, STORE_BY_KEY,                                                                                         \
		"UPDATE custody SET owner = $3, since = $4 WHERE custody.device = $1"                                         \
		" AND custody.owner = $2")                                                                                    \
	/* id, device, giver, taker, until, now: once, by the owner */                                                        \
	S(ADD_TRANSFER, STORE_ALONE,                                                                                          \
		"INSERT INTO transfer (id, device, giver, taker, state, until, since)"                                        \
		" SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), "                            \
		"0,"                                                                                                          \
		" CAST($5 AS BIGINT), CAST($6 AS BIGINT) FROM custody WHERE custody.device = $2"                              \
		" AND custody.owner = $3")                                                                                    \
	/* id -> TRANSFER_COLUMNS, the taker's public key, the giver's */                                                     \
	S(FIND_TRANSFER, STORE_ALONE,                                                                                         \
		"SELECT transfer.id, transfer.device, transfer.giver, transfer.taker,"                                        \
		" transfer.state, transfer.until, transfer.since, taker.public_key,"                                          \
		" giver.public_key FROM transfer JOIN owner AS taker ON taker.id = transfer.taker"                            \
		" JOIN owner AS giver ON giver.id = transfer.giver WHERE transfer.id = $1")                                   \
	/* device, life before, life */                                                                                       \
	S(SET_LIFE, STORE_BY_KEY,                                                                                             \
		"UPDATE device SET life = $3 WHERE device.id = $1 AND device.life = $2")                                      \
	/* id, from state, to state, now: before it has run out */                                                            \
	S(MOVE_TRANSFER, STORE_BY_KEY,                                                                                        \
		"UPDATE transfer SET state = $3, since = $4 WHERE transfer.id = $1"                                           \
		" AND transfer.state = $2 AND transfer.until > $4")                                                           \
	/* device, the transfer that is done: offers of the owner before count no more */                                     \
	S(DROP_OTHER_OFFERS, STORE_ALONE,                                                                                     \
		"UPDATE transfer SET state = 4 WHERE transfer.device = $1 AND transfer.id <> $2"                              \
		" AND transfer.state < 2")                                                                                    \
	/* after this id, how many -> TRANSFER_COLUMNS */                                                                     \
	S(LIST_TRANSFERS, STORE_ALONE,                                                                                        \
		TRANSFER_COLUMNS " WHERE transfer.id > $1 ORDER BY transfer.id LIMIT $2")                                     \
	/* id -> id, name, trust, since, rule, reason, seq */                                                                 \
	S(FIND_APPLICATION, STORE_ALONE,                                                                                      \
		"SELECT application.id, application.name, application.trust, application.since,"                              \
		" application.rule, application.reason, application.seq FROM application"                                     \
		" WHERE application.id = $1")                                                                                 \
	/* after this id, how many -> the same */                                                                             \
	S(LIST_APPLICATIONS, STORE_ALONE,                                                                                     \
		"SELECT application.id, application.name, application.trust, application.since,"                              \
		" application.rule, application.reason, application.seq FROM application"                                     \
		" WHERE application.id > $1 ORDER BY application.id LIMIT $2")                                                \
	/* id, name, trust, since, rule, reason, maker, product, version; the unit's first event tells of it */               \
	S(SET_APPLICATION, STORE_ALONE,                                                                                       \
		"INSERT INTO application (id, name, trust, since, rule, reason, seq, maker,"                                  \
		" product, version, decided, decided_reason)"                                                                 \
		" VALUES ($1, $2, $3, $4, $5, $6, (SELECT COALESCE(MAX(event.seq) + 1, 0)"                                    \
		" FROM event), $7, $8, $9, $3, $6) ON CONFLICT (id) DO UPDATE SET"                                            \
		" name = excluded.name, trust = excluded.trust, since = excluded.since,"                                      \
		" rule = excluded.rule, reason = excluded.reason, seq = excluded.seq,"                                        \
		" maker = excluded.maker, product = excluded.product, version = excluded.version,"                            \
		" decided = excluded.decided, decided_reason = excluded.decided_reason")                                      \
	/* after this id -> id, maker, product, version, decided, its reason, trust, rule, seq: the next that is a product */ \
	S(NEXT_APPLICATION, STORE_ALONE,                                                                                      \
		"SELECT application.id, application.maker, application.product,"                                              \
		" application.version, application.decided, application.decided_reason,"                                      \
		" application.trust, application.rule, application.seq FROM application"                                      \
		" WHERE application.id > $1 AND application.product <> ''"                                                    \
		" ORDER BY application.id LIMIT 1")                                                                           \
	/* id, trust, since, rule, reason, the seq that it was judged at */                                                   \
	S(MOVE_APPLICATION, STORE_ALONE,                                                                                      \
		"UPDATE application SET trust = $2, since = $3, rule = $4, reason = $5,"                                      \
		" seq = (SELECT COALESCE(MAX(event.seq) + 1, 0) FROM event)"                                                  \
		" WHERE application.id = $1 AND application.seq = $6")
