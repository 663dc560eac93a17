// SPDX-License-Identifier: Apache-2.0
#include "authz/schema.h"

#include "store/ring.h"

/* `until` of a permission without an end is FOREVER, so that one comparison decides. */
static const struct migration migrations[] = {
	{1,
		RING_SQLITE
		"CREATE TABLE setting (name TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, "
		"WITHOUT ROWID;"
		"CREATE TABLE subscriber (id TEXT PRIMARY KEY, verification TEXT NOT NULL,"
		" record BLOB NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE TABLE device (client TEXT PRIMARY KEY,"
		" subscriber TEXT REFERENCES subscriber (id) ON DELETE CASCADE, device TEXT,"
		" algorithm INTEGER NOT NULL, key BLOB NOT NULL, sqn INTEGER NOT NULL,"
		" created INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX device_subscriber ON device (subscriber);"
		"CREATE UNIQUE INDEX device_device ON device (device);"
		"CREATE TABLE asp (id TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT "
		"NULL)"
		" STRICT, WITHOUT ROWID;"
		"CREATE TABLE element (name TEXT PRIMARY KEY,"
		" asp TEXT NOT NULL REFERENCES asp (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;"
		"CREATE INDEX element_asp ON element (asp);"
		"CREATE TABLE application (id TEXT PRIMARY KEY,"
		" asp TEXT NOT NULL REFERENCES asp (id), format TEXT NOT NULL, lifetime INTEGER "
		"NOT NULL,"
		" service INTEGER NOT NULL, identity INTEGER NOT NULL, created INTEGER NOT NULL)"
		" STRICT, WITHOUT ROWID;"
		"CREATE INDEX application_asp ON application (asp);"
		"CREATE TABLE application_ua ("
		" application TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,"
		" ua TEXT NOT NULL, PRIMARY KEY (application, ua)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE permission ("
		" client TEXT NOT NULL REFERENCES device (client) ON DELETE CASCADE,"
		" application TEXT NOT NULL REFERENCES application (id) ON DELETE CASCADE,"
		" until INTEGER NOT NULL, created INTEGER NOT NULL,"
		" PRIMARY KEY (client, application)) STRICT, WITHOUT ROWID;"
		"CREATE INDEX permission_application ON permission (application);",
		RING_POSTGRES
		"CREATE TABLE setting (name TEXT COLLATE \"C\" PRIMARY KEY, record BYTEA NOT NULL);"
		"CREATE TABLE subscriber (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" verification TEXT COLLATE \"C\" NOT NULL, record BYTEA NOT NULL,"
		" created BIGINT NOT NULL);"
		/* Room for the next SQN beside the last: no index is touched. */
		"CREATE TABLE device (client TEXT COLLATE \"C\" PRIMARY KEY,"
		" subscriber TEXT COLLATE \"C\" REFERENCES subscriber (id) ON DELETE CASCADE,"
		" device TEXT COLLATE \"C\", algorithm BIGINT NOT NULL, key BYTEA NOT NULL,"
		" sqn BIGINT NOT NULL, created BIGINT NOT NULL) WITH (fillfactor = 70);"
		"CREATE INDEX device_subscriber ON device (subscriber);"
		"CREATE UNIQUE INDEX device_device ON device (device);"
		"CREATE TABLE asp (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" name TEXT COLLATE \"C\" NOT NULL, created BIGINT NOT NULL);"
		"CREATE TABLE element (name TEXT COLLATE \"C\" PRIMARY KEY,"
		" asp TEXT COLLATE \"C\" NOT NULL REFERENCES asp (id) ON DELETE CASCADE);"
		"CREATE INDEX element_asp ON element (asp);"
		"CREATE TABLE application (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" asp TEXT COLLATE \"C\" NOT NULL REFERENCES asp (id),"
		" format TEXT COLLATE \"C\" NOT NULL, lifetime BIGINT NOT NULL,"
		" service BIGINT NOT NULL, identity BIGINT NOT NULL, created BIGINT NOT NULL);"
		"CREATE INDEX application_asp ON application (asp);"
		"CREATE TABLE application_ua (application TEXT COLLATE \"C\" NOT NULL"
		" REFERENCES application (id) ON DELETE CASCADE,"
		" ua TEXT COLLATE \"C\" NOT NULL, PRIMARY KEY (application, ua));"
		"CREATE TABLE permission (client TEXT COLLATE \"C\" NOT NULL"
		" REFERENCES device (client) ON DELETE CASCADE,"
		" application TEXT COLLATE \"C\" NOT NULL"
		" REFERENCES application (id) ON DELETE CASCADE,"
		" until BIGINT NOT NULL, created BIGINT NOT NULL,"
		" PRIMARY KEY (client, application));"
		"CREATE INDEX permission_application ON permission (application);"},
	/* An application's security degree, and the group whose tokens open it (9.6.1). */
	{2,
		"ALTER TABLE application ADD COLUMN degree TEXT NOT NULL DEFAULT 'standard';"
		"ALTER TABLE application ADD COLUMN member_of TEXT REFERENCES application (id);"
		"CREATE INDEX application_member_of ON application (member_of);",
		"ALTER TABLE application ADD COLUMN degree TEXT COLLATE \"C\" NOT NULL"
		" DEFAULT 'standard';"
		"ALTER TABLE application ADD COLUMN member_of TEXT COLLATE \"C\""
		" REFERENCES application (id);"
		"CREATE INDEX application_member_of ON application (member_of);"},
	/*
	 * Sessions. A permission has a random name, so that they refer to it without naming a client; a changed
	 * permission has a new one. `until`: the session has run out; `told`: the permission's end as it was
	 * answered; `due`: when an ended one is aborted next; `changed`: when a changed one is told next.
	 */
	{3,
		"ALTER TABLE permission ADD COLUMN ref BLOB;"
		"UPDATE permission SET ref = randomblob(16);"
		"CREATE UNIQUE INDEX permission_ref ON permission (ref);"
		"CREATE TABLE session (id TEXT PRIMARY KEY,"
		" permission BLOB REFERENCES permission (ref) ON UPDATE CASCADE ON DELETE SET NULL,"
		" origin TEXT NOT NULL, element TEXT NOT NULL, until INTEGER NOT NULL,"
		" told INTEGER NOT NULL, due INTEGER NOT NULL, changed INTEGER,"
		" tries INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX session_permission ON session (permission);"
		"CREATE INDEX session_until ON session (until);"
		"CREATE INDEX session_ended ON session (due) WHERE permission IS NULL;"
		"CREATE INDEX session_changed ON session (changed) WHERE changed IS NOT NULL;",
		"ALTER TABLE permission ADD COLUMN ref BYTEA;"
		"UPDATE permission SET ref = uuid_send(gen_random_uuid());"
		"CREATE UNIQUE INDEX permission_ref ON permission (ref);"
		"CREATE TABLE session (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" permission BYTEA REFERENCES permission (ref) ON UPDATE CASCADE ON DELETE SET "
		"NULL,"
		" origin TEXT COLLATE \"C\" NOT NULL, element TEXT COLLATE \"C\" NOT NULL,"
		" until BIGINT NOT NULL, told BIGINT NOT NULL, due BIGINT NOT NULL, changed BIGINT,"
		" tries BIGINT NOT NULL);"
		"CREATE INDEX session_permission ON session (permission);"
		"CREATE INDEX session_until ON session (until);"
		"CREATE INDEX session_ended ON session (due) WHERE permission IS NULL;"
		"CREATE INDEX session_changed ON session (changed) WHERE changed IS NOT NULL;"},
	/* Batches of SIMs: how far each came, what was wrong in it, and which device came in which line. */
	{4,
		"ALTER TABLE device ADD COLUMN import TEXT;"
		"ALTER TABLE device ADD COLUMN import_line INTEGER;"
		"CREATE TABLE import (id TEXT PRIMARY KEY, lines INTEGER NOT NULL, digest TEXT NOT "
		"NULL,"
		" added INTEGER NOT NULL, failed INTEGER NOT NULL, created INTEGER NOT NULL,"
		" updated INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE TABLE import_error (import TEXT NOT NULL, line INTEGER NOT NULL,"
		" detail TEXT NOT NULL, PRIMARY KEY (import, line)) STRICT, WITHOUT ROWID;",
		"ALTER TABLE device ADD COLUMN import TEXT COLLATE \"C\";"
		"ALTER TABLE device ADD COLUMN import_line BIGINT;"
		"CREATE TABLE import (id TEXT COLLATE \"C\" PRIMARY KEY, lines BIGINT NOT NULL,"
		" digest TEXT COLLATE \"C\" NOT NULL, added BIGINT NOT NULL, failed BIGINT NOT "
		"NULL,"
		" created BIGINT NOT NULL, updated BIGINT NOT NULL);"
		"CREATE TABLE import_error (import TEXT COLLATE \"C\" NOT NULL, line BIGINT NOT "
		"NULL,"
		" detail TEXT COLLATE \"C\" NOT NULL, PRIMARY KEY (import, line));"},
	/* Public keys: SubjectPublicKeyInfo, and its SHA-256, by which it is found. */
	{5,
		"ALTER TABLE device ADD COLUMN public_key BLOB;"
		"ALTER TABLE device ADD COLUMN key_digest BLOB;"
		"CREATE UNIQUE INDEX device_key_digest ON device (key_digest);",
		"ALTER TABLE device ADD COLUMN public_key BYTEA;"
		"ALTER TABLE device ADD COLUMN key_digest BYTEA;"
		"CREATE UNIQUE INDEX device_key_digest ON device (key_digest);"},
	/* Signing in, API keys (asp NULL: an operator's), the audit and what is told. */
	{6,
		"CREATE TABLE account (subscriber TEXT PRIMARY KEY REFERENCES subscriber (id)"
		" ON DELETE CASCADE, password TEXT, failures INTEGER NOT NULL,"
		" locked_until INTEGER NOT NULL, code BLOB, code_until INTEGER NOT NULL,"
		" changed INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE TABLE sign_in (token BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
		" subscriber TEXT NOT NULL REFERENCES account (subscriber) ON DELETE CASCADE,"
		" created INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX sign_in_subscriber ON sign_in (subscriber);"
		"CREATE TABLE api_key (id TEXT PRIMARY KEY, token BLOB NOT NULL UNIQUE,"
		" asp TEXT REFERENCES asp (id) ON DELETE CASCADE, name TEXT NOT NULL,"
		" created INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX api_key_asp ON api_key (asp);"
		"CREATE TABLE audit (id TEXT PRIMARY KEY, at INTEGER NOT NULL, role TEXT NOT NULL,"
		" actor TEXT NOT NULL, operation TEXT NOT NULL, object TEXT NOT NULL,"
		" detail BLOB NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE INDEX audit_object ON audit (object, id);"
		"CREATE TABLE notice (id TEXT PRIMARY KEY, role TEXT NOT NULL, owner TEXT NOT NULL,"
		" at INTEGER NOT NULL, kind TEXT NOT NULL, detail BLOB NOT NULL) STRICT, WITHOUT "
		"ROWID;"
		"CREATE INDEX notice_owner ON notice (role, owner, id);",
		"CREATE TABLE account (subscriber TEXT COLLATE \"C\" PRIMARY KEY"
		" REFERENCES subscriber (id) ON DELETE CASCADE, password TEXT COLLATE \"C\","
		" failures BIGINT NOT NULL, locked_until BIGINT NOT NULL, code BYTEA,"
		" code_until BIGINT NOT NULL, changed BIGINT NOT NULL);"
		"CREATE TABLE sign_in (token BYTEA PRIMARY KEY, id TEXT COLLATE \"C\" NOT NULL "
		"UNIQUE,"
		" subscriber TEXT COLLATE \"C\" NOT NULL REFERENCES account (subscriber)"
		" ON DELETE CASCADE, created BIGINT NOT NULL, until BIGINT NOT NULL);"
		"CREATE INDEX sign_in_subscriber ON sign_in (subscriber);"
		"CREATE TABLE api_key (id TEXT COLLATE \"C\" PRIMARY KEY, token BYTEA NOT NULL "
		"UNIQUE,"
		" asp TEXT COLLATE \"C\" REFERENCES asp (id) ON DELETE CASCADE,"
		" name TEXT COLLATE \"C\" NOT NULL, created BIGINT NOT NULL, until BIGINT NOT "
		"NULL);"
		"CREATE INDEX api_key_asp ON api_key (asp);"
		"CREATE TABLE audit (id TEXT COLLATE \"C\" PRIMARY KEY, at BIGINT NOT NULL,"
		" role TEXT COLLATE \"C\" NOT NULL, actor TEXT COLLATE \"C\" NOT NULL,"
		" operation TEXT COLLATE \"C\" NOT NULL, object TEXT COLLATE \"C\" NOT NULL,"
		" detail BYTEA NOT NULL);"
		"CREATE INDEX audit_object ON audit (object, id);"
		"CREATE TABLE notice (id TEXT COLLATE \"C\" PRIMARY KEY, role TEXT COLLATE \"C\" "
		"NOT NULL,"
		" owner TEXT COLLATE \"C\" NOT NULL, at BIGINT NOT NULL,"
		" kind TEXT COLLATE \"C\" NOT NULL, detail BYTEA NOT NULL);"
		"CREATE INDEX notice_owner ON notice (role, owner, id);"},
	/*
	 * What a client may do with an application, which of its user's attributes are told, who has set it, and the
	 * permission that it was delegated from; `terms`: rights and attributes as they were answered.
	 */
	{7,
		"ALTER TABLE permission ADD COLUMN rights TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE permission ADD COLUMN attributes TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE permission ADD COLUMN set_by TEXT NOT NULL DEFAULT 'operator';"
		"ALTER TABLE permission ADD COLUMN source BLOB"
		" REFERENCES permission (ref) ON UPDATE CASCADE ON DELETE CASCADE;"
		"CREATE INDEX permission_source ON permission (source) WHERE source IS NOT NULL;"
		"ALTER TABLE session ADD COLUMN terms TEXT NOT NULL DEFAULT '/';",
		"ALTER TABLE permission ADD COLUMN rights TEXT COLLATE \"C\" NOT NULL DEFAULT '';"
		"ALTER TABLE permission ADD COLUMN attributes TEXT COLLATE \"C\" NOT NULL"
		" DEFAULT '';"
		"ALTER TABLE permission ADD COLUMN set_by TEXT COLLATE \"C\" NOT NULL"
		" DEFAULT 'operator';"
		"ALTER TABLE permission ADD COLUMN source BYTEA"
		" REFERENCES permission (ref) ON UPDATE CASCADE ON DELETE CASCADE;"
		"CREATE INDEX permission_source ON permission (source) WHERE source IS NOT NULL;"
		"ALTER TABLE session ADD COLUMN terms TEXT COLLATE \"C\" NOT NULL DEFAULT '/';"},
	/* Whether a certificate that names the device will do in place of a registered key. */
	{8, "ALTER TABLE device ADD COLUMN certified INTEGER NOT NULL DEFAULT 0;",
		"ALTER TABLE device ADD COLUMN certified BIGINT NOT NULL DEFAULT 0;"},
	/* Applications of ASPs, one at a time for each identity, and the certificates that they were given. */
	{9,
		"CREATE TABLE asp_application (id TEXT PRIMARY KEY, asp TEXT NOT NULL,"
		" name TEXT NOT NULL, elements TEXT NOT NULL, contact BLOB NOT NULL,"
		" csr TEXT NOT NULL, secret BLOB NOT NULL, state TEXT NOT NULL,"
		" reason TEXT NOT NULL, created INTEGER NOT NULL, decided INTEGER NOT NULL,"
		" until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX asp_application_asp ON asp_application (asp)"
		" WHERE state = 'pending';"
		"CREATE INDEX asp_application_state ON asp_application (state);"
		"CREATE TABLE asp_certificate (serial TEXT PRIMARY KEY,"
		" asp TEXT NOT NULL REFERENCES asp (id) ON DELETE CASCADE, names TEXT NOT NULL,"
		" pem TEXT NOT NULL, created INTEGER NOT NULL, until INTEGER NOT NULL)"
		" STRICT, WITHOUT ROWID;"
		"CREATE INDEX asp_certificate_asp ON asp_certificate (asp);",
		"CREATE TABLE asp_application (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" asp TEXT COLLATE \"C\" NOT NULL, name TEXT COLLATE \"C\" NOT NULL,"
		" elements TEXT COLLATE \"C\" NOT NULL, contact BYTEA NOT NULL,"
		" csr TEXT COLLATE \"C\" NOT NULL, secret BYTEA NOT NULL,"
		" state TEXT COLLATE \"C\" NOT NULL, reason TEXT COLLATE \"C\" NOT NULL,"
		" created BIGINT NOT NULL, decided BIGINT NOT NULL, until BIGINT NOT NULL);"
		"CREATE UNIQUE INDEX asp_application_asp ON asp_application (asp)"
		" WHERE state = 'pending';"
		"CREATE INDEX asp_application_state ON asp_application (state);"
		"CREATE TABLE asp_certificate (serial TEXT COLLATE \"C\" PRIMARY KEY,"
		" asp TEXT COLLATE \"C\" NOT NULL REFERENCES asp (id) ON DELETE CASCADE,"
		" names TEXT COLLATE \"C\" NOT NULL, pem TEXT COLLATE \"C\" NOT NULL,"
		" created BIGINT NOT NULL, until BIGINT NOT NULL);"
		"CREATE INDEX asp_certificate_asp ON asp_certificate (asp);"},
	/*
	 * Change of operator (10.6). A device: `exportable`, its key may go to another operator; `frozen`, the departure
	 * for which no vector is made; `awaits`, 1 a key update, 2 the first token after a change, 3 both;
	 * `next_key`, made and not yet confirmed; `pseudonyms`, those that it brought along. A change is a client that
	 * comes, a departure one that leaves; `due`: when another operator is asked next.
	 */
	{10,
		"ALTER TABLE device ADD COLUMN exportable INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE device ADD COLUMN frozen TEXT;"
		"ALTER TABLE device ADD COLUMN awaits INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE device ADD COLUMN next_key BLOB;"
		"ALTER TABLE device ADD COLUMN pseudonyms BLOB;"
		"CREATE UNIQUE INDEX device_frozen ON device (frozen);"
		"CREATE TABLE change (id TEXT PRIMARY KEY,"
		" subscriber TEXT NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,"
		" state TEXT NOT NULL, method TEXT NOT NULL, old_realm TEXT NOT NULL,"
		" client TEXT NOT NULL, new_client TEXT NOT NULL, consent TEXT NOT NULL,"
		" nonce BLOB NOT NULL, until INTEGER NOT NULL, is_open INTEGER NOT NULL,"
		" due INTEGER, tries INTEGER NOT NULL, replacement TEXT, receipt TEXT,"
		" detail TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL)"
		" STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX change_nonce ON change (nonce);"
		"CREATE UNIQUE INDEX change_new_client ON change (new_client) WHERE is_open = 1;"
		"CREATE INDEX change_subscriber ON change (subscriber);"
		"CREATE INDEX change_due ON change (due) WHERE due IS NOT NULL;"
		"CREATE TABLE departure (id TEXT PRIMARY KEY, realm TEXT NOT NULL,"
		" client TEXT NOT NULL, nonce BLOB, state TEXT NOT NULL, method TEXT NOT NULL,"
		" consent TEXT NOT NULL, envelope TEXT, pseudonyms TEXT, replacement TEXT,"
		" receipt TEXT, is_open INTEGER NOT NULL, created INTEGER NOT NULL,"
		" updated INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX departure_nonce ON departure (nonce);"
		"CREATE UNIQUE INDEX departure_client ON departure (client) WHERE is_open = 1;",
		"ALTER TABLE device ADD COLUMN exportable BIGINT NOT NULL DEFAULT 0;"
		"ALTER TABLE device ADD COLUMN frozen TEXT COLLATE \"C\";"
		"ALTER TABLE device ADD COLUMN awaits BIGINT NOT NULL DEFAULT 0;"
		"ALTER TABLE device ADD COLUMN next_key BYTEA;"
		"ALTER TABLE device ADD COLUMN pseudonyms BYTEA;"
		"CREATE UNIQUE INDEX device_frozen ON device (frozen);"
		"CREATE TABLE change (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" subscriber TEXT COLLATE \"C\" NOT NULL REFERENCES subscriber (id)"
		" ON DELETE CASCADE, state TEXT COLLATE \"C\" NOT NULL,"
		" method TEXT COLLATE \"C\" NOT NULL, old_realm TEXT COLLATE \"C\" NOT NULL,"
		" client TEXT COLLATE \"C\" NOT NULL, new_client TEXT COLLATE \"C\" NOT NULL,"
		" consent TEXT COLLATE \"C\" NOT NULL, nonce BYTEA NOT NULL, until BIGINT NOT "
		"NULL,"
		" is_open BIGINT NOT NULL, due BIGINT, tries BIGINT NOT NULL,"
		" replacement TEXT COLLATE \"C\", receipt TEXT COLLATE \"C\","
		" detail TEXT COLLATE \"C\" NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT "
		"NULL);"
		"CREATE UNIQUE INDEX change_nonce ON change (nonce);"
		"CREATE UNIQUE INDEX change_new_client ON change (new_client) WHERE is_open = 1;"
		"CREATE INDEX change_subscriber ON change (subscriber);"
		"CREATE INDEX change_due ON change (due) WHERE due IS NOT NULL;"
		"CREATE TABLE departure (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" realm TEXT COLLATE \"C\" NOT NULL, client TEXT COLLATE \"C\" NOT NULL,"
		" nonce BYTEA, state TEXT COLLATE \"C\" NOT NULL,"
		" method TEXT COLLATE \"C\" NOT NULL, consent TEXT COLLATE \"C\" NOT NULL,"
		" envelope TEXT COLLATE \"C\", pseudonyms TEXT COLLATE \"C\","
		" replacement TEXT COLLATE \"C\", receipt TEXT COLLATE \"C\","
		" is_open BIGINT NOT NULL, created BIGINT NOT NULL, updated BIGINT NOT NULL);"
		"CREATE UNIQUE INDEX departure_nonce ON departure (nonce);"
		"CREATE UNIQUE INDEX departure_client ON departure (client) WHERE is_open = 1;"},
	/* Trust that subscribers have extended to applications, with their consent; one at a time for a client and application. */
	{11,
		"CREATE TABLE extension (id TEXT PRIMARY KEY, subscriber TEXT NOT NULL"
		" REFERENCES subscriber (id) ON DELETE CASCADE, client TEXT NOT NULL"
		" REFERENCES device (client) ON DELETE CASCADE, application TEXT NOT NULL"
		" REFERENCES application (id) ON DELETE CASCADE, asp TEXT NOT NULL,"
		" subject TEXT NOT NULL, attributes TEXT NOT NULL, state TEXT NOT NULL,"
		" created INTEGER NOT NULL, changed INTEGER NOT NULL, until INTEGER NOT NULL,"
		" reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX extension_open ON extension (client, application)"
		" WHERE state IN ('requested', 'extended', 'provisioned');"
		"CREATE INDEX extension_subscriber ON extension (subscriber, id);"
		"CREATE INDEX extension_asp ON extension (asp, id);"
		"CREATE INDEX extension_subject ON extension (subject, application);"
		"CREATE INDEX extension_application ON extension (application);"
		"ALTER TABLE permission ADD COLUMN consent TEXT;"
		"CREATE INDEX permission_consent ON permission (consent)"
		" WHERE consent IS NOT NULL;",
		"CREATE TABLE extension (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" subscriber TEXT COLLATE \"C\" NOT NULL"
		" REFERENCES subscriber (id) ON DELETE CASCADE, client TEXT COLLATE \"C\" NOT NULL"
		" REFERENCES device (client) ON DELETE CASCADE, application TEXT COLLATE \"C\""
		" NOT NULL REFERENCES application (id) ON DELETE CASCADE,"
		" asp TEXT COLLATE \"C\" NOT NULL, subject TEXT COLLATE \"C\" NOT NULL,"
		" attributes TEXT COLLATE \"C\" NOT NULL, state TEXT COLLATE \"C\" NOT NULL,"
		" created BIGINT NOT NULL, changed BIGINT NOT NULL, until BIGINT NOT NULL,"
		" reason TEXT COLLATE \"C\" NOT NULL);"
		"CREATE UNIQUE INDEX extension_open ON extension (client, application)"
		" WHERE state IN ('requested', 'extended', 'provisioned');"
		"CREATE INDEX extension_subscriber ON extension (subscriber, id);"
		"CREATE INDEX extension_asp ON extension (asp, id);"
		"CREATE INDEX extension_subject ON extension (subject, application);"
		"CREATE INDEX extension_application ON extension (application);"
		"ALTER TABLE permission ADD COLUMN consent TEXT COLLATE \"C\";"
		"CREATE INDEX permission_consent ON permission (consent)"
		" WHERE consent IS NOT NULL;"},
	/*
	 * What is published of an application, who administers its rights, and whether the operator has confirmed it.
	 * Proof: the token of a challenge.
	 */
	{12,
		"ALTER TABLE application ADD COLUMN title TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN description TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN published INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE application ADD COLUMN attributes TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN verification TEXT NOT NULL DEFAULT 'none';"
		"ALTER TABLE application ADD COLUMN administrators TEXT NOT NULL DEFAULT 'asp "
		"operator user';"
		"ALTER TABLE application ADD COLUMN state TEXT NOT NULL DEFAULT 'confirmed';"
		"ALTER TABLE application ADD COLUMN reason TEXT NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN proof TEXT NOT NULL DEFAULT '';",
		"ALTER TABLE application ADD COLUMN title TEXT COLLATE \"C\" NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN description TEXT COLLATE \"C\" NOT NULL "
		"DEFAULT '';"
		"ALTER TABLE application ADD COLUMN published BIGINT NOT NULL DEFAULT 0;"
		"ALTER TABLE application ADD COLUMN attributes TEXT COLLATE \"C\" NOT NULL DEFAULT "
		"'';"
		"ALTER TABLE application ADD COLUMN verification TEXT COLLATE \"C\" NOT NULL "
		"DEFAULT 'none';"
		"ALTER TABLE application ADD COLUMN administrators TEXT COLLATE \"C\" NOT NULL "
		"DEFAULT 'asp operator user';"
		"ALTER TABLE application ADD COLUMN state TEXT COLLATE \"C\" NOT NULL DEFAULT "
		"'confirmed';"
		"ALTER TABLE application ADD COLUMN reason TEXT COLLATE \"C\" NOT NULL DEFAULT '';"
		"ALTER TABLE application ADD COLUMN proof TEXT COLLATE \"C\" NOT NULL DEFAULT '';"}, /* That users set rights to it, an application must have said. */
	{13,
		"UPDATE application SET administrators = 'asp operator'"
		" WHERE administrators = 'asp operator user';",
		"UPDATE application SET administrators = 'asp operator'"
		" WHERE administrators = 'asp operator user';"},
	/* What was answered to requests with an Idempotency-Key; status 0: not yet. */
	{14,
		"CREATE TABLE idempotency (id TEXT PRIMARY KEY, digest BLOB NOT NULL,"
		" created INTEGER NOT NULL, status INTEGER NOT NULL, answer BLOB)"
		" STRICT, WITHOUT ROWID;"
		"CREATE INDEX idempotency_created ON idempotency (created);",
		"CREATE TABLE idempotency (id TEXT COLLATE \"C\" PRIMARY KEY,"
		" digest BYTEA NOT NULL, created BIGINT NOT NULL, status BIGINT NOT NULL,"
		" answer BYTEA);"
		"CREATE INDEX idempotency_created ON idempotency (created);"},
	/* Consents that run out are looked for all the time. */
	{15,
		"CREATE INDEX extension_ends ON extension (until)"
		" WHERE state IN ('requested', 'extended', 'provisioned');",
		"CREATE INDEX extension_ends ON extension (until)"
		" WHERE state IN ('requested', 'extended', 'provisioned');"},
	/* Whose a certificate is stays known when its ASP goes: until it has run out it is shown. */
	{16,
		"CREATE TABLE kept_certificate (serial TEXT PRIMARY KEY, asp TEXT NOT NULL,"
		" names TEXT NOT NULL, pem TEXT NOT NULL, created INTEGER NOT NULL,"
		" until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
		"INSERT INTO kept_certificate SELECT serial, asp, names, pem, created, until"
		" FROM asp_certificate;"
		"DROP TABLE asp_certificate;"
		"ALTER TABLE kept_certificate RENAME TO asp_certificate;"
		"CREATE INDEX asp_certificate_asp ON asp_certificate (asp);"
		"CREATE INDEX asp_certificate_until ON asp_certificate (until);",
		"ALTER TABLE asp_certificate DROP CONSTRAINT asp_certificate_asp_fkey;"
		"CREATE INDEX asp_certificate_until ON asp_certificate (until);"},
};

/*
 * After a restore no SQN may be used that was used since the copy was made. How many were is not known, so all
 * devices skip more than there can have been: 2^20 SEQs, and 64 for each second since, by the millisecond. Devices take a step of up to
 * 2^28 (TS 33.102 C.2.1), so it ends there, less a margin. IND stays. docs/decisions/0014-restore.md
 */
#define RESTORED(least, most, now_ms)                                                              \
	"UPDATE device SET sqn = " least "(device.sqn + 32 * " least                               \
	"(267386880, 1048576 + 64 * " most "(0, " now_ms                                           \
	" - 1000 * (SELECT max(copy_mark.at) FROM copy_mark)) / 1000), " SQN_LEFT ")"

const struct store_schema authz_schema = {
	.name = "authz",
	.statements = authz_statements,
	.statement_count = STATEMENT_COUNT,
	.migrations = migrations,
	.migration_count = sizeof(migrations) / sizeof(migrations[0]),
	.restored_sqlite = RESTORED("min", "max",
		"CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"),
	.restored_postgres =
		RESTORED("LEAST", "GREATEST", "CAST(extract(epoch FROM now()) * 1000 AS BIGINT)"),
};
