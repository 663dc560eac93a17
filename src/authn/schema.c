// SPDX-License-Identifier: Apache-2.0
#include "authn/schema.h"

#include "store/ring.h"

static const struct statement statements[AUTHN_STATEMENTS] = {
	[DATA_KEYS] = {"data-keys", RING_SELECT},
	[ADD_DATA_KEY] = {"add-data-key", RING_INSERT},
	[SET_DATA_KEY] = {"set-data-key", RING_UPDATE},
	[DROP_DATA_KEYS] = {"drop-data-keys", RING_DELETE},
	[PAGE_SETTINGS] = {"page-settings",
		"SELECT setting.name, setting.record FROM setting WHERE setting.name >= $1"
		" ORDER BY setting.name LIMIT $2"},
	[REPLACE_SETTING] = {"replace-setting",
		"UPDATE setting SET record = $2 WHERE setting.name = $1 AND setting.record = $3",
		STORE_BY_KEY},
	[PAGE_TOKENS] = {"page-tokens",
		"SELECT token.id, token.record FROM token WHERE token.id >= $1"
		" ORDER BY token.id LIMIT $2"},
	[REPLACE_TOKEN] = {"replace-token",
		"UPDATE token SET record = $2 WHERE token.id = $1 AND token.record = $3",
		STORE_BY_KEY},
	[FIND_SETTING] = {"find-setting",
		"SELECT setting.record FROM setting WHERE setting.name = $1"},
	[ADD_SETTING] = {"add-setting", "INSERT INTO setting (name, record) VALUES ($1, $2)"
					" ON CONFLICT (name) DO NOTHING"},

	[ADD_TOKEN] = {"add-token",
		"INSERT INTO token (id, until, record, holder, tmpi)"
		" VALUES ($1, $2, $3, $4, $5)",
		STORE_BY_ROW},
	[BOUND_TOKENS] = {"bound-tokens",
		"UPDATE token SET until = CASE WHEN token.until > $2 THEN $2 ELSE token.until END,"
		" holder = NULL WHERE token.holder = $1",
		STORE_BY_KEY},
	[FIND_TOKEN] = {"find-token", "SELECT token.id, token.record, token.until FROM token"
				      " WHERE token.id = $1 AND token.until > $2"},
	[FIND_TMPI] = {"find-tmpi", "SELECT token.id, token.record, token.until FROM token"
				    " WHERE token.tmpi = $1 AND token.until > $2"},
	[DROP_TOKENS] = {"drop-tokens",
		"DELETE FROM token WHERE token.id IN"
		" (SELECT old.id FROM token AS old WHERE old.until <= $1 LIMIT 1000)"},

	[COUNT_TOKENS] = {"count-tokens", "SELECT count(*) FROM token WHERE token.until > $1"},

	[ADD_SESSION] = {"add-session",
		"INSERT INTO session (id, token, application, until, ends)"
		" VALUES ($1, $2, $3, $4, 1)",
		STORE_BY_ROW},
	[FIND_USE] = {"find-use", "SELECT session.id FROM session WHERE session.token = $1"
				  " AND session.application = $2"},
	[ADD_USE] = {"add-use",
		"INSERT INTO session (id, token, application, until, ends)"
		" VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING",
		STORE_BY_ROW},
	[RENEW_USE] = {"renew-use",
		"UPDATE session SET until = $3 WHERE session.token = $1"
		" AND session.application = $2",
		STORE_BY_ROW},
	/* Written, though it changes nothing: so it comes behind what was submitted before. */
	[FIND_SESSION] = {"find-session", "UPDATE session SET until = session.until"
					  " WHERE session.id = $1 RETURNING application, ends"},
	[FIND_TOKEN_OF_SESSION] = {"find-token-of-session",
		"SELECT token.id, token.record, 9223372036854775807 FROM token WHERE token.id ="
		" (SELECT session.token FROM session WHERE session.id = $1) AND token.until > $2"},
	[BOUND_USE_OF_SESSION] = {"bound-use-of-session",
		"UPDATE session SET until = $2 WHERE session.id = $1 AND session.ends = 0"},
	[DROP_SESSION] = {"drop-session", "DELETE FROM session WHERE session.id = $1"},
	[END_TOKEN] = {"end-token",
		"UPDATE token SET until = $2 WHERE token.until > $2 AND token.id ="
		" (SELECT session.token FROM session WHERE session.id = $1 AND session.ends = 1)"},
	[CHANGE_TOKEN] = {"change-token",
		"UPDATE token SET until = $2, record = $3 WHERE token.id = $1 AND token.until > $4"
		" AND (token.holder IS NOT NULL OR token.until > $2)"},
	[DROP_SESSIONS] = {"drop-sessions",
		"DELETE FROM session WHERE session.id IN"
		" (SELECT old.id FROM session AS old WHERE old.until <= $1 LIMIT 1000)"},

	[ADD_EVENT] = {"add-event",
		"INSERT INTO event (node, application, kind, token, at, until)"
		" VALUES ($1, $2, $3, $4, $5, $6) RETURNING serial",
		STORE_BY_ROW},
	[ADD_EVENT_OF_SESSION] = {"add-event-of-session",
		"INSERT INTO event (node, application, kind, token, at, until)"
		" SELECT CAST($2 AS TEXT), session.application, CAST($3 AS BIGINT), session.token,"
		" CAST($4 AS BIGINT),"
		" CASE WHEN session.until > $5 THEN session.until ELSE $5 END"
		" FROM session WHERE session.id = $1 RETURNING serial, application, token"},
	[DROP_EVENTS] = {"drop-events",
		"DELETE FROM event WHERE event.serial IN"
		" (SELECT old.serial FROM event AS old WHERE old.until <= $1 LIMIT 1000)"},
	[LAST_EVENT] = {"last-event", "SELECT COALESCE(MAX(event.serial), 0) FROM event"},
	[FOLLOW_EVENTS] = {"follow-events",
		"SELECT token.id, token.record, token.until, event.serial, event.kind,"
		" event.application, event.token,"
		" (SELECT MAX(session.until) FROM session WHERE session.token = event.token"
		" AND session.application = event.application)"
		" FROM event LEFT JOIN token ON token.id = event.token"
		" WHERE event.node = $1 AND event.serial > $2 AND event.until > $3"
		" ORDER BY event.serial LIMIT $4"},
};

static const struct migration migrations[] = {
	{1,
		RING_SQLITE "CREATE TABLE token (id TEXT NOT NULL PRIMARY KEY, until INTEGER NOT "
			    "NULL, record BLOB NOT NULL) STRICT;"
			    "CREATE INDEX token_until ON token (until);",
		RING_POSTGRES
		"CREATE TABLE token (id TEXT COLLATE \"C\" PRIMARY KEY, until BIGINT NOT NULL,"
		" record BYTEA NOT NULL);"
		"CREATE INDEX token_until ON token (until);"},
	/* Records of version 1 do not open any more: those devices begin again. */
	{2,
		"DELETE FROM token;"
		"ALTER TABLE token ADD COLUMN holder INTEGER;"
		"ALTER TABLE token ADD COLUMN tmpi INTEGER NOT NULL DEFAULT 0;"
		"CREATE INDEX token_holder ON token (holder) WHERE holder IS NOT NULL;"
		"CREATE INDEX token_tmpi ON token (tmpi);"
		"CREATE TABLE setting (name TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, "
		"WITHOUT ROWID;"
		"CREATE TABLE session (id TEXT PRIMARY KEY, token TEXT NOT NULL,"
		" application TEXT NOT NULL, until INTEGER NOT NULL, ends INTEGER NOT NULL)"
		" STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX session_token ON session (token, application);"
		"CREATE INDEX session_until ON session (until);"
		"CREATE TABLE event (serial INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL,"
		" application TEXT NOT NULL, kind INTEGER NOT NULL, token TEXT NOT NULL,"
		" at INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;"
		"CREATE INDEX event_node ON event (node, serial);"
		"CREATE INDEX event_until ON event (until);",
		"DELETE FROM token;"
		"ALTER TABLE token ADD COLUMN holder BIGINT;"
		"ALTER TABLE token ADD COLUMN tmpi BIGINT NOT NULL DEFAULT 0;"
		"CREATE INDEX token_holder ON token (holder) WHERE holder IS NOT NULL;"
		"CREATE INDEX token_tmpi ON token (tmpi);"
		"CREATE TABLE setting (name TEXT COLLATE \"C\" PRIMARY KEY, record BYTEA NOT "
		"NULL);"
		"CREATE TABLE session (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" token TEXT COLLATE \"C\" NOT NULL, application TEXT COLLATE \"C\" NOT NULL,"
		" until BIGINT NOT NULL, ends BIGINT NOT NULL);"
		"CREATE UNIQUE INDEX session_token ON session (token, application);"
		"CREATE INDEX session_until ON session (until);"
		"CREATE TABLE event (serial BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
		" node TEXT COLLATE \"C\" NOT NULL, application TEXT COLLATE \"C\" NOT NULL,"
		" kind BIGINT NOT NULL, token TEXT COLLATE \"C\" NOT NULL, at BIGINT NOT NULL,"
		" until BIGINT NOT NULL);"
		"CREATE INDEX event_node ON event (node, serial);"
		"CREATE INDEX event_until ON event (until);"},
};

/* After a restore: what was revoked since may not come back, and elements begin with a new log of events. */
#define RESTORED                                                                                   \
	"DELETE FROM token; DELETE FROM session; DELETE FROM event;"                               \
	" DELETE FROM setting WHERE name = 'event-log';"

const struct store_schema authn_schema = {
	.name = "authn",
	.statements = statements,
	.statement_count = AUTHN_STATEMENTS,
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
	.restored_sqlite = RESTORED,
	.restored_postgres = RESTORED,
};
