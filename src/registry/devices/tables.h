// SPDX-License-Identifier: Apache-2.0
/*
 * tables of devices; all times are milliseconds since 1970, UTC:
 * device	one that is registered, here or (registry <> own) with another registry that told of it. `identifier` is its
 *		URN (core/ident.h), `facts` JSON (wire/facts_json.h); trust and life as in core/trust.h, `rule` and `cause_seq`
 *		say why and by which event it is trusted so since `since`; `list_index` is its place in the status list, NULL
 *		for another registry's. `proved_by` is the pseudonym and realm of the token over which its evidence came,
 *		`proved_key` the thumbprint of its own key: "" when there is none. `duplicate`: somebody else has shown
 *		good evidence of the same identifier (ITU-T Q.5052)
 * virtual_device	virtual RegDevIDs; `once`: for one transaction, within `until`
 */
#pragma once

#define DEVICE_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                \
	"CREATE TABLE device (id " TEXT " PRIMARY KEY, registry " TEXT                             \
	" NOT NULL, identifier " TEXT " NOT NULL, make " TEXT " NOT NULL, model " TEXT             \
	" NOT NULL, firmware " TEXT " NOT NULL, facts " TEXT " NOT NULL, rot_kind " INT            \
	" NOT NULL, rot_id " TEXT " NOT NULL, proved_by " TEXT " NOT NULL, proved_key " TEXT       \
	" NOT NULL, trust " INT " NOT NULL, since " INT " NOT NULL, rule " TEXT                    \
	" NOT NULL, cause_seq " INT " NOT NULL, life " INT " NOT NULL, list_index " INT            \
	", registered_at " INT " NOT NULL, confirmed_at " INT ", reported_at " INT                 \
	" NOT NULL, facts_seq " INT " NOT NULL, duplicate " INT " NOT NULL)" KEYED ";"             \
	"CREATE INDEX device_identifier ON device (identifier);"                                   \
	"CREATE UNIQUE INDEX device_list_index ON device (list_index) WHERE list_index IS NOT "    \
	"NULL;"                                                                                    \
	"CREATE TABLE virtual_device (id " TEXT " PRIMARY KEY, device " TEXT                       \
	" NOT NULL, issued_at " INT " NOT NULL, until " INT " NOT NULL, once " INT                 \
	" NOT NULL)" KEYED ";"                                                                     \
	"CREATE INDEX virtual_of_device ON virtual_device (device);"

/* What DEVICE_COLUMNS gives, in order. */
enum device_column {
	DEVICE_ID,
	DEVICE_REGISTRY,
	DEVICE_IDENTIFIER,
	DEVICE_MAKE,
	DEVICE_MODEL,
	DEVICE_FIRMWARE,
	DEVICE_FACTS,
	DEVICE_ROT_KIND,
	DEVICE_ROT_ID,
	DEVICE_PROVED_BY,
	DEVICE_PROVED_KEY,
	DEVICE_TRUST,
	DEVICE_SINCE,
	DEVICE_RULE,
	DEVICE_CAUSE_SEQ,
	DEVICE_LIFE,
	DEVICE_LIST_INDEX,
	DEVICE_REGISTERED_AT,
	DEVICE_CONFIRMED_AT,
	DEVICE_REPORTED_AT,
	DEVICE_FACTS_SEQ,
	DEVICE_DUPLICATE,
};

#define DEVICE_COLUMNS                                                                             \
	"SELECT device.id, device.registry, device.identifier, device.make, device.model,"         \
	" device.firmware, device.facts, device.rot_kind, device.rot_id, device.proved_by,"        \
	" device.proved_key, device.trust, device.since, device.rule, device.cause_seq,"           \
	" device.life, device.list_index, device.registered_at, device.confirmed_at,"              \
	" device.reported_at, device.facts_seq, device.duplicate FROM device"

/* Of the unit's first event, which comes behind its steps. */
#define DEVICE_NEXT_SEQ "(SELECT COALESCE(MAX(event.seq) + 1, 0) FROM event)"

#define DEVICE_STATEMENTS(S)                                                                                                   \
	/* id, registry, identifier, make, model, firmware, facts, rot_kind, rot_id, proved_by, proved_key, list_index, now, \
	 * duplicate */ \
	S(ADD_DEVICE, STORE_ALONE,                                                                                             \
		"INSERT INTO device (id, registry, identifier, make, model, firmware, facts,"                                  \
		" rot_kind, rot_id, proved_by, proved_key, trust, since, rule, cause_seq, life,"                               \
		" list_index, registered_at, confirmed_at, reported_at, facts_seq, duplicate)"                                 \
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 2, $13,"                                               \
		" 'not confirmed', " DEVICE_NEXT_SEQ ", 1, $12, $13, NULL, $13, " DEVICE_NEXT_SEQ                              \
		", $14)")                                                                                                      \
	/* id -> DEVICE_COLUMNS */                                                                                             \
	S(FIND_DEVICE, STORE_ALONE, DEVICE_COLUMNS " WHERE device.id = $1")                                                    \
	/* identifier -> DEVICE_COLUMNS, of any registry */                                                                    \
	S(FIND_IDENTIFIER, STORE_ALONE,                                                                                        \
		DEVICE_COLUMNS " WHERE device.identifier = $1 ORDER BY device.id")                                             \
	/* after this id, how many -> DEVICE_COLUMNS */                                                                        \
	S(LIST_DEVICES, STORE_ALONE,                                                                                           \
		DEVICE_COLUMNS " WHERE device.id > $1 ORDER BY device.id LIMIT $2")                                            \
	/* -> the highest list_index */                                                                                        \
	S(LAST_LIST_INDEX, STORE_ALONE,                                                                                        \
		"SELECT device.list_index FROM device WHERE device.list_index IS NOT NULL"                                     \
		" ORDER BY device.list_index DESC LIMIT 1")                                                                    \
	/* as ADD_DEVICE: one that was released is registered anew, and keeps its list_index */                                \
	S(TAKE_OVER_DEVICE, STORE_ALONE,                                                                                       \
		"UPDATE device SET make = $4, model = $5, firmware = $6, facts = $7,"                                          \
		" rot_kind = $8, rot_id = $9, proved_by = $10, proved_key = $11, trust = 2,"                                   \
		" since = $13, rule = 'not confirmed', cause_seq = " DEVICE_NEXT_SEQ                                           \
		", life = 1, registered_at = $13, confirmed_at = NULL, reported_at = $13,"                                     \
		" facts_seq = " DEVICE_NEXT_SEQ                                                                                \
		", duplicate = $14 WHERE device.id = $1 AND device.registry = $2"                                              \
		" AND device.identifier = $3 AND device.list_index = $12"                                                      \
		" AND device.proved_by = '' AND device.proved_key = ''")                                                       \
	/* id, proved_by, its proved_key: it comes with another subscription */                                                \
	S(MOVE_DEVICE, STORE_BY_ROW,                                                                                           \
		"UPDATE device SET proved_by = $2 WHERE device.id = $1 AND device.proved_key = $3"                             \
		" AND device.proved_key <> ''")                                                                                \
	/* id */                                                                                                               \
	S(MARK_DUPLICATE, STORE_BY_ROW,                                                                                        \
		"UPDATE device SET duplicate = 1 WHERE device.id = $1 AND device.duplicate = 0")                               \
	/* id, registry */                                                                                                     \
	S(RELEASE_DEVICE, STORE_BY_ROW,                                                                                        \
		"UPDATE device SET proved_by = '', proved_key = '', duplicate = 0"                                             \
		" WHERE device.id = $1 AND device.registry = $2")                                                              \
	/* id, proved_by, now */                                                                                               \
	S(CONFIRM_DEVICE, STORE_BY_ROW,                                                                                        \
		"UPDATE device SET confirmed_at = $3, life = CASE WHEN device.life = 1 THEN 2"                                 \
		" ELSE device.life END WHERE device.id = $1 AND device.proved_by = $2"                                         \
		" AND device.confirmed_at IS NULL")                                                                            \
	/* id, firmware, facts, now, facts_seq, proved_by; one that was released meanwhile has nobody's evidence any more */   \
	S(REPORT_DEVICE, STORE_ALONE,                                                                                          \
		"UPDATE device SET firmware = $2, facts = $3, reported_at = $4, facts_seq "                                    \
		"= " DEVICE_NEXT_SEQ                                                                                           \
		", proved_by = $6 WHERE device.id = $1 AND device.facts_seq = $5"                                              \
		" AND (device.proved_key <> '' OR device.proved_by = $6)")                                                     \
	/* id, device, now, until, once, how many there may be */                                                              \
	S(ADD_VIRTUAL, STORE_ALONE,                                                                                            \
		"INSERT INTO virtual_device (id, device, issued_at, until, once)"                                              \
		" SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM virtual_device"                                        \
		" WHERE virtual_device.device = $2) < $6")                                                                     \
	/* device, now */                                                                                                      \
	S(DROP_OLD_VIRTUAL, STORE_BY_ROW,                                                                                      \
		"DELETE FROM virtual_device WHERE virtual_device.device = $1"                                                  \
		" AND virtual_device.until <= $2")                                                                             \
	/* device, now -> id, issued_at, until, once */                                                                        \
	S(LIST_VIRTUAL, STORE_ALONE,                                                                                           \
		"SELECT virtual_device.id, virtual_device.issued_at, virtual_device.until,"                                    \
		" virtual_device.once FROM virtual_device WHERE virtual_device.device = $1"                                    \
		" AND virtual_device.until > $2 ORDER BY virtual_device.id")                                                   \
	/* id, now -> device, once */                                                                                          \
	S(FIND_VIRTUAL, STORE_ALONE,                                                                                           \
		"SELECT virtual_device.device, virtual_device.once FROM virtual_device"                                        \
		" WHERE virtual_device.id = $1 AND virtual_device.until > $2")                                                 \
	/* id: one for a single transaction, once it was used */                                                               \
	S(USE_VIRTUAL, STORE_BY_ROW,                                                                                           \
		"DELETE FROM virtual_device WHERE virtual_device.id = $1"                                                      \
		" AND virtual_device.once = 1")                                                                                \
	/* id, device */                                                                                                       \
	S(DROP_VIRTUAL, STORE_BY_ROW,                                                                                          \
		"DELETE FROM virtual_device WHERE virtual_device.id = $1"                                                      \
		" AND virtual_device.device = $2")
