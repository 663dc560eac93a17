// SPDX-License-Identifier: Apache-2.0
/*
 * tables of interrogation:
 * party	enquirers, manufacturers, agencies and owners that have enrolled a key; details: name, contact and purpose, sealed
 * consent	which party may find which device by its make and model, until when (ms since 1970)
 */
#pragma once

#define ENQUIRY_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                               \
	"CREATE TABLE party (id " TEXT " PRIMARY KEY, public_key " BLOB " NOT NULL, roles " INT    \
	" NOT NULL, state " INT " NOT NULL, make " TEXT " NOT NULL, since " INT                    \
	" NOT NULL, details " BLOB ")" KEYED ";"                                                   \
	"CREATE TABLE consent (party " TEXT " NOT NULL, device " TEXT " NOT NULL, until " INT      \
	" NOT NULL, PRIMARY KEY (party, device))" KEYED ";"                                        \
	"CREATE INDEX consent_device ON consent (device);"

/* What ASK_COLUMNS gives, in order: a device, and whose it is (NULL: nobody's that is known). */
enum ask_column {
	ASK_ID,
	ASK_REGISTRY,
	ASK_MAKE,
	ASK_FACTS,
	ASK_TRUST,
	ASK_SINCE,
	ASK_RULE,
	ASK_CAUSE_SEQ,
	ASK_LIFE,
	ASK_LIST_INDEX,
	ASK_OWNER_PARTY,
	ASK_OWNER_ID,
	ASK_OWNER_RECORD,
};

#define ASK_COLUMNS                                                                                \
	"SELECT device.id, device.registry, device.make, device.facts, device.trust,"              \
	" device.since, device.rule, device.cause_seq, device.life, device.list_index,"            \
	" owner.party, owner.id, owner.record FROM device"                                         \
	" LEFT JOIN custody ON custody.device = device.id"                                         \
	" LEFT JOIN owner ON owner.id = custody.owner"

#define ENQUIRY_STATEMENTS(S)                                                                              \
	/* id, key, roles, state, make, since, details */                                                  \
	S(ADD_PARTY, STORE_BY_KEY,                                                                         \
		"INSERT INTO party (id, public_key, roles, state, make, since, details)"                   \
		" VALUES ($1, $2, $3, $4, $5, $6, $7)")                                                    \
	/* id -> key, roles, state, make, since, details */                                                \
	S(FIND_PARTY, STORE_ALONE,                                                                         \
		"SELECT party.public_key, party.roles, party.state, party.make, party.since,"              \
		" party.details FROM party WHERE party.id = $1")                                           \
	/* after this id, how many -> id, roles, state, make, since, details */                            \
	S(LIST_PARTIES, STORE_ALONE,                                                                       \
		"SELECT party.id, party.roles, party.state, party.make, party.since,"                      \
		" party.details FROM party WHERE party.id > $1 ORDER BY party.id LIMIT $2")                \
	/* how many -> id, key, roles: those that are approved */                                          \
	S(LIST_VOUCHED, STORE_ALONE,                                                                       \
		"SELECT party.id, party.public_key, party.roles FROM party WHERE party.state = 1"          \
		" ORDER BY party.id LIMIT $1")                                                             \
	/* id, state, since: another than it has, and not out of "removed" */                              \
	S(SET_PARTY_STATE, STORE_BY_KEY,                                                                   \
		"UPDATE party SET state = $2, since = $3 WHERE party.id = $1"                              \
		" AND party.state <> 3 AND party.state <> $2")                                             \
	/* id */                                                                                           \
	S(FORGET_PARTY, STORE_BY_KEY, "UPDATE party SET details = NULL WHERE party.id = $1")               \
	/* party */                                                                                        \
	S(DROP_CONSENTS, STORE_ALONE, "DELETE FROM consent WHERE consent.party = $1")                      \
	/* from this id on, how many -> id, details */                                                     \
	S(PAGE_PARTIES, STORE_ALONE,                                                                       \
		"SELECT party.id, party.details FROM party WHERE party.id >= $1"                           \
		" AND party.details IS NOT NULL ORDER BY party.id LIMIT $2")                               \
	/* id, details, the details before */                                                              \
	S(REPLACE_PARTY, STORE_BY_KEY,                                                                     \
		"UPDATE party SET details = $2 WHERE party.id = $1 AND party.details = $3")                \
	/* id -> ASK_COLUMNS */                                                                            \
	S(ASK_DEVICE, STORE_ALONE, ASK_COLUMNS " WHERE device.id = $1")                                    \
	/* identifier -> ASK_COLUMNS, of any registry */                                                   \
	S(ASK_IDENTIFIER, STORE_ALONE,                                                                     \
		ASK_COLUMNS " WHERE device.identifier = $1 ORDER BY device.id")                            \
	/* virtual id, now -> ASK_COLUMNS, whether it is for one transaction */                            \
	S(ASK_VIRTUAL, STORE_ALONE,                                                                        \
		ASK_COLUMNS " JOIN virtual_device ON virtual_device.device = device.id"                    \
			    " WHERE virtual_device.id = $1"                                                \
			    " AND (virtual_device.until = 0 OR virtual_device.until > $2)")                \
	/* party, now, make, model, after this id, how many -> ASK_COLUMNS: those whose owners consent */  \
	S(ASK_CONSENTED, STORE_ALONE,                                                                      \
		ASK_COLUMNS " JOIN consent ON consent.device = device.id"                                  \
			    " WHERE consent.party = $1 AND consent.until > $2"                             \
			    " AND device.make = $3 AND device.model = $4 AND device.id > $5"               \
			    " ORDER BY device.id LIMIT $6")                                                \
	/* after this id, registry, make, model ('': any), trust (-1: any), how many -> ASK_COLUMNS */     \
	S(ASK_MANY, STORE_ALONE,                                                                           \
		ASK_COLUMNS                                                                                \
		" WHERE device.id > $1 AND ($2 = '' OR device.registry = $2)"                              \
		" AND ($3 = '' OR device.make = $3) AND ($4 = '' OR device.model = $4)"                    \
		" AND ($5 < 0 OR device.trust = $5) ORDER BY device.id LIMIT $6")                          \
	/* party, device, until: the device's owner consents ($4: the owner's party; '': whoever it is) */ \
	S(SET_CONSENT, STORE_ALONE,                                                                        \
		"INSERT INTO consent (party, device, until) SELECT CAST($1 AS TEXT),"                      \
		" CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM custody"                                       \
		" JOIN owner ON owner.id = custody.owner WHERE custody.device = $2"                        \
		" AND ($4 = '' OR owner.party = $4)"                                                       \
		" ON CONFLICT (party, device) DO UPDATE SET until = excluded.until")                       \
	/* party, device, owner's party or '' */                                                           \
	S(DROP_CONSENT, STORE_ALONE,                                                                       \
		"DELETE FROM consent WHERE consent.party = $1 AND consent.device = $2"                     \
		" AND ($3 = '' OR EXISTS (SELECT 1 FROM custody JOIN owner"                                \
		" ON owner.id = custody.owner WHERE custody.device = $2 AND owner.party = $3))")           \
	/* id -> trust, life, since, cause_seq */                                                          \
	S(FIND_STANDING, STORE_ALONE,                                                                      \
		"SELECT device.trust, device.life, device.since, device.cause_seq FROM device"             \
		" WHERE device.id = $1")                                                                   \
	/* id -> list_index, trust */                                                                      \
	S(FIND_INDEX, STORE_ALONE,                                                                         \
		"SELECT device.list_index, device.trust FROM device WHERE device.id = $1")                 \
	/* after this index, how many -> list_index, trust */                                              \
	S(LIST_INDEXES, STORE_ALONE,                                                                       \
		"SELECT device.list_index, device.trust FROM device"                                       \
		" WHERE device.list_index > $1 ORDER BY device.list_index LIMIT $2")
