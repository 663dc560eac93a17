// SPDX-License-Identifier: Apache-2.0
/*
 * tables of statuses; all times are milliseconds since 1970, UTC:
 * watched	a device of our own as the policy finds it: the keys of its make and model (core/product_name.h), its root
 *		of trust ("x509:FINGERPRINT", "aka:REALM"), and `due`, when it has to be looked at again; 0: never by time
 * vulnerability	what was told of one, or of several in an advisory; `id` is its subject in the log, `source` a
 *		policy_source, `told_by` who. `revision` says which rows of vulnerable_model count; `state` as enum
 *		vulnerability_state; `release_at`: until then it goes to few; `told`: the log has told of the release.
 *		`document` is the advisory as it came, sealed; NULL: none
 * vulnerable_model	of which products it speaks: keys as in watched. `pattern` is a model number with * or ?, and then
 *		`model_key` is "". `entries` is JSON: see status/vulnerability.h
 * device_vulnerability	that a vulnerability is one of a single device; `score` in tenths, -1: not known
 * root		roots of trust: accepted, or withdrawn; `certificate` in PEM, "" when it has none
 * decision	what an administrator has decided of a device; `until` 0: until it is taken back
 * said_word	what another registry thinks of a device
 * policy_known	the SHA-256 of the policy that all devices were last judged by
 * movement	what may move many devices at once, by the event that causes it: is counted first, and waits for a second
 *		person when they are too many. `kind`, `state` as in status/movement.h; `upto`: devices due by then, for those
 *		that time alone moves; `by_whom`: who caused it
 */
#pragma once

#define STATUS_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                \
	"CREATE TABLE watched (device " TEXT " PRIMARY KEY, make_key " TEXT                        \
	" NOT NULL, model_key " TEXT " NOT NULL, root " TEXT " NOT NULL, due " INT                 \
	" NOT NULL)" KEYED ";"                                                                     \
	"CREATE INDEX watched_model ON watched (make_key, model_key, device);"                     \
	"CREATE INDEX watched_root ON watched (root, device);"                                     \
	"CREATE INDEX watched_due ON watched (due, device) WHERE due > 0;"                         \
	"CREATE TABLE vulnerability (id " TEXT " PRIMARY KEY, source " INT                         \
	" NOT NULL, told_by " TEXT " NOT NULL, registry " TEXT " NOT NULL, version " TEXT          \
	" NOT NULL, title " TEXT " NOT NULL, tlp " INT " NOT NULL, score " INT                     \
	" NOT NULL, release_at " INT " NOT NULL, told " INT " NOT NULL, state " INT                \
	" NOT NULL, revision " INT " NOT NULL, seq " INT " NOT NULL, recorded_at " INT             \
	" NOT NULL, document " BLOB ")" KEYED ";"                                                  \
	"CREATE INDEX vulnerability_release ON vulnerability (release_at) WHERE told = 0;"         \
	"CREATE TABLE vulnerable_model (vulnerability " TEXT " NOT NULL, revision " INT            \
	" NOT NULL, make_key " TEXT " NOT NULL, model_key " TEXT " NOT NULL, pattern " TEXT        \
	" NOT NULL, entries " TEXT                                                                 \
	" NOT NULL, PRIMARY KEY (vulnerability, revision, make_key, model_key, pattern))" KEYED    \
	";"                                                                                        \
	"CREATE INDEX vulnerable_model_key ON vulnerable_model (make_key, model_key);"             \
	"CREATE TABLE device_vulnerability (device " TEXT " NOT NULL, vulnerability " TEXT         \
	" NOT NULL, score " INT " NOT NULL, PRIMARY KEY (device, vulnerability))" KEYED ";"        \
	"CREATE INDEX device_of_vulnerability ON device_vulnerability (vulnerability, device);"    \
	"CREATE TABLE root (id " TEXT " PRIMARY KEY, name " TEXT " NOT NULL, certificate " TEXT    \
	" NOT NULL, accepted " INT " NOT NULL, changed_at " INT " NOT NULL, seq " INT              \
	" NOT NULL, reason " TEXT " NOT NULL)" KEYED ";"                                           \
	"CREATE TABLE decision (device " TEXT " PRIMARY KEY, trust " INT " NOT NULL, reason " TEXT \
	" NOT NULL, until " INT " NOT NULL, by_whom " TEXT " NOT NULL, decided_at " INT            \
	" NOT NULL, seq " INT " NOT NULL)" KEYED ";"                                               \
	"CREATE TABLE said_word (device " TEXT " NOT NULL, registry " TEXT " NOT NULL, trust " INT \
	" NOT NULL, seq " INT " NOT NULL, PRIMARY KEY (device, registry))" KEYED ";"               \
	"CREATE TABLE policy_known (one " INT " PRIMARY KEY, sha256 " TEXT " NOT NULL)" ROWS ";"   \
	"CREATE TABLE movement (seq " INT " PRIMARY KEY, kind " INT " NOT NULL, subject " TEXT     \
	" NOT NULL, by_whom " TEXT " NOT NULL, state " INT " NOT NULL, began_at " INT              \
	" NOT NULL, upto " INT " NOT NULL, rule " TEXT " NOT NULL, devices " INT                   \
	" NOT NULL, decided_by " TEXT " NOT NULL, decided_at " INT " NOT NULL, reason " TEXT       \
	" NOT NULL)" ROWS ";"

/* The number of the unit's first event, which comes behind its steps. */
#define STATUS_NEXT_SEQ "(SELECT COALESCE(MAX(event.seq) + 1, 0) FROM event)"

/* What the policy asks of a device, in columns. */
enum standing_column {
	STANDING_MAKE,
	STANDING_MODEL,
	STANDING_FIRMWARE,
	STANDING_TRUST,
	STANDING_RULE,
	STANDING_CAUSE,
	STANDING_LIFE,
	STANDING_REGISTERED_AT,
	STANDING_CONFIRMED_AT,
	STANDING_REPORTED_AT,
	STANDING_FACTS_SEQ,
	STANDING_LIST_INDEX,
	STANDING_DUPLICATE,
	STANDING_ROOT_KIND,
	STANDING_ROOT_ID,
	STANDING_MAKE_KEY,
	STANDING_MODEL_KEY,
	STANDING_ROOT,
	STANDING_DUE,
};

#define VULNERABILITY_SHOWN                                                                        \
	"SELECT vulnerability.id, vulnerability.source, vulnerability.told_by,"                    \
	" vulnerability.registry, vulnerability.version, vulnerability.title, vulnerability.tlp,"  \
	" vulnerability.score, vulnerability.release_at, vulnerability.state, vulnerability.seq,"  \
	" vulnerability.recorded_at FROM vulnerability"

#define MOVEMENT_SHOWN                                                                             \
	"SELECT movement.seq, movement.kind, movement.subject, movement.by_whom, movement.state,"  \
	" movement.began_at, movement.upto, movement.rule, movement.devices,"                      \
	" movement.decided_by, movement.decided_at, movement.reason FROM movement"

#define STATUS_STATEMENTS(S)                                                                            \
	/* device, our RegID -> standing_column */                                                      \
	S(FIND_JUDGED, STORE_ALONE,                                                                     \
		"SELECT device.make, device.model, device.firmware, device.trust, device.rule,"         \
		" device.cause_seq, device.life, device.registered_at, device.confirmed_at,"            \
		" device.reported_at, device.facts_seq, device.list_index, device.duplicate,"           \
		" device.rot_kind, device.rot_id, watched.make_key, watched.model_key,"                 \
		" watched.root, watched.due FROM device LEFT JOIN watched"                              \
		" ON watched.device = device.id WHERE device.id = $1 AND device.registry = $2")         \
	/* make_key, model_key -> id, source, seq, recorded_at, tlp, release_at, pattern, entries */    \
	S(MATCH_VULNERABILITIES, STORE_ALONE,                                                           \
		"SELECT vulnerability.id, vulnerability.source, vulnerability.seq,"                     \
		" vulnerability.recorded_at, vulnerability.tlp, vulnerability.release_at,"              \
		" vulnerable_model.pattern, vulnerable_model.entries FROM vulnerable_model"             \
		" JOIN vulnerability ON vulnerability.id = vulnerable_model.vulnerability"              \
		" AND vulnerability.revision = vulnerable_model.revision"                               \
		" WHERE vulnerable_model.make_key = $1 AND vulnerable_model.model_key IN ($2, '')"      \
		" AND vulnerability.state = 0")                                                         \
	/* device -> id, source, seq, recorded_at, tlp, release_at, score */                            \
	S(MATCH_OWN_VULNERABILITIES, STORE_ALONE,                                                       \
		"SELECT vulnerability.id, vulnerability.source, vulnerability.seq,"                     \
		" vulnerability.recorded_at, vulnerability.tlp, vulnerability.release_at,"              \
		" device_vulnerability.score FROM device_vulnerability JOIN vulnerability"              \
		" ON vulnerability.id = device_vulnerability.vulnerability"                             \
		" WHERE device_vulnerability.device = $1 AND vulnerability.state = 0")                  \
	/* device -> trust, reason, until, seq */                                                       \
	S(FIND_DECISION, STORE_ALONE,                                                                   \
		"SELECT decision.trust, decision.reason, decision.until, decision.seq,"                 \
		" decision.by_whom, decision.decided_at FROM decision WHERE decision.device = $1")      \
	/* device -> registry, trust, seq */                                                            \
	S(FIND_WORDS, STORE_ALONE,                                                                      \
		"SELECT said_word.registry, said_word.trust, said_word.seq FROM said_word"              \
		" WHERE said_word.device = $1")                                                         \
	/* id -> accepted, changed_at, seq, reason */                                                   \
	S(FIND_ROOT, STORE_ALONE,                                                                       \
		"SELECT root.accepted, root.changed_at, root.seq, root.reason FROM root"                \
		" WHERE root.id = $1")                                                                  \
	/* device, make_key, model_key, root, due */                                                    \
	S(SET_WATCHED, STORE_BY_KEY,                                                                    \
		"INSERT INTO watched (device, make_key, model_key, root, due)"                          \
		" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (device) DO UPDATE SET"                       \
		" make_key = excluded.make_key, model_key = excluded.model_key,"                        \
		" root = excluded.root, due = excluded.due")                                            \
	/* device, due */                                                                               \
	S(SET_DUE, STORE_BY_KEY, "UPDATE watched SET due = $2 WHERE watched.device = $1")               \
	/* device, trust, now, rule, trust that it had, facts_seq that was looked at, cause */          \
	S(SET_TRUST, STORE_BY_KEY,                                                                      \
		"UPDATE device SET trust = $2, since = $3, rule = $4, cause_seq = $7"                   \
		" WHERE device.id = $1 AND device.trust = $5 AND device.facts_seq = $6")                \
	/* -> how many of our devices are watched */                                                    \
	S(COUNT_WATCHED, STORE_ALONE, "SELECT COUNT(*) FROM watched")                                   \
	/* -> the first time at which one is due, at or after $1 */                                     \
	S(NEXT_DUE, STORE_ALONE, "SELECT MIN(watched.due) FROM watched WHERE watched.due > $1")         \
	/* past this, up to this, how many -> device, due */                                            \
	S(PAGE_DUE, STORE_ALONE,                                                                        \
		"SELECT watched.device, watched.due FROM watched WHERE watched.due > $1"                \
		" AND watched.due <= $2 AND watched.device > $3 ORDER BY watched.device LIMIT $4")      \
	/* past this, up to this -> how many */                                                         \
	S(COUNT_DUE, STORE_ALONE,                                                                       \
		"SELECT COUNT(*) FROM watched WHERE watched.due > $1 AND watched.due <= $2")            \
	/* device after, how many -> device */                                                          \
	S(PAGE_WATCHED, STORE_ALONE,                                                                    \
		"SELECT watched.device FROM watched WHERE watched.device > $1"                          \
		" ORDER BY watched.device LIMIT $2")                                                    \
	/* root, device after, how many -> device */                                                    \
	S(PAGE_BY_ROOT, STORE_ALONE,                                                                    \
		"SELECT watched.device FROM watched WHERE watched.root = $1"                            \
		" AND watched.device > $2 ORDER BY watched.device LIMIT $3")                            \
	/* make_key, model_key from, model_key to, model_key and device after, how many */              \
	S(PAGE_BY_MODEL, STORE_ALONE,                                                                   \
		"SELECT watched.device, watched.model_key FROM watched WHERE watched.make_key = "       \
		"$1"                                                                                    \
		" AND watched.model_key >= $2 AND watched.model_key <= $3"                              \
		" AND (watched.model_key, watched.device) > ($4, $5)"                                   \
		" ORDER BY watched.model_key, watched.device LIMIT $6")                                 \
	/* vulnerability, make_key and model_key after -> the next pair */                              \
	S(NEXT_MODEL, STORE_ALONE,                                                                      \
		"SELECT DISTINCT vulnerable_model.make_key, vulnerable_model.model_key"                 \
		" FROM vulnerable_model WHERE vulnerable_model.vulnerability = $1"                      \
		" AND (vulnerable_model.make_key, vulnerable_model.model_key) > ($2, $3)"               \
		" ORDER BY vulnerable_model.make_key, vulnerable_model.model_key LIMIT 1")              \
	/* vulnerability, device after, how many -> device */                                           \
	S(PAGE_BY_VULNERABILITY, STORE_ALONE,                                                           \
		"SELECT device_vulnerability.device FROM device_vulnerability"                          \
		" WHERE device_vulnerability.vulnerability = $1"                                        \
		" AND device_vulnerability.device > $2"                                                 \
		" ORDER BY device_vulnerability.device LIMIT $3")                                       \
	/* vulnerability, revision, make_key, model_key, pattern, entries */                            \
	S(ADD_VULNERABLE_MODEL, STORE_BY_ROW,                                                           \
		"INSERT INTO vulnerable_model (vulnerability, revision, make_key, model_key,"           \
		" pattern, entries) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")            \
	/* vulnerability: those of older revisions */                                                   \
	S(DROP_VULNERABLE_MODELS, STORE_ALONE,                                                          \
		"DELETE FROM vulnerable_model WHERE vulnerable_model.vulnerability = $1"                \
		" AND vulnerable_model.revision < (SELECT vulnerability.revision"                       \
		" FROM vulnerability WHERE vulnerability.id = $1)")                                     \
	/* id, source, told_by, registry, version, title, tlp, score, release_at, told, revision,     \
	 * now, document, the revision before or 0, seq of its event or NULL: the next */ \
	S(SET_VULNERABILITY, STORE_ALONE,                                                               \
		"INSERT INTO vulnerability (id, source, told_by, registry, version, title, tlp,"        \
		" score, release_at, told, state, revision, seq, recorded_at, document)"                \
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, COALESCE($15,"               \
		" " STATUS_NEXT_SEQ "), $12, $13)"                                                      \
		" ON CONFLICT (id) DO UPDATE SET source = excluded.source,"                             \
		" told_by = excluded.told_by, registry = excluded.registry,"                            \
		" version = excluded.version, title = excluded.title, tlp = excluded.tlp,"              \
		" score = excluded.score, release_at = excluded.release_at, told = excluded.told,"      \
		" state = 0, revision = excluded.revision, seq = excluded.seq,"                         \
		" recorded_at = excluded.recorded_at, document = excluded.document"                     \
		" WHERE vulnerability.revision = $14")                                                  \
	/* device, vulnerability, score */                                                              \
	S(SET_DEVICE_VULNERABILITY, STORE_BY_ROW,                                                       \
		"INSERT INTO device_vulnerability (device, vulnerability, score)"                       \
		" VALUES ($1, $2, $3) ON CONFLICT (device, vulnerability)"                              \
		" DO UPDATE SET score = excluded.score")                                                \
	/* device -> id, score, revision, state: what it has told of itself (source 16, policy.h) */    \
	S(LIST_TOLD_OF_ITSELF, STORE_ALONE,                                                             \
		"SELECT vulnerability.id, device_vulnerability.score, vulnerability.revision,"          \
		" vulnerability.state FROM device_vulnerability JOIN vulnerability"                     \
		" ON vulnerability.id = device_vulnerability.vulnerability"                             \
		" WHERE device_vulnerability.device = $1 AND vulnerability.source = 16")                \
	/* id, now */                                                                                   \
	S(WITHDRAW_VULNERABILITY, STORE_ALONE,                                                          \
		"UPDATE vulnerability SET state = 1, seq = " STATUS_NEXT_SEQ                            \
		", recorded_at = $2 WHERE vulnerability.id = $1 AND vulnerability.state = 0")           \
	/* id, the registry that told of it, seq of the event */                                        \
	S(WITHDRAW_HEARD, STORE_BY_KEY,                                                                 \
		"UPDATE vulnerability SET state = 1, seq = $3 WHERE vulnerability.id = $1"              \
		" AND vulnerability.registry = $2 AND vulnerability.state = 0")                         \
	/* id -> version, revision, state, tlp, source, release_at, told_by, registry */                \
	S(FIND_VULNERABILITY_VERSION, STORE_ALONE,                                                      \
		"SELECT vulnerability.version, vulnerability.revision, vulnerability.state,"            \
		" vulnerability.tlp, vulnerability.source, vulnerability.release_at,"                   \
		" vulnerability.told_by, vulnerability.registry FROM vulnerability"                     \
		" WHERE vulnerability.id = $1")                                                         \
	/* id -> VULNERABILITY_SHOWN */                                                                 \
	S(FIND_VULNERABILITY, STORE_ALONE, VULNERABILITY_SHOWN " WHERE vulnerability.id = $1")          \
	/* id after, how many, sight (write_sight()), now, the party or "" -> VULNERABILITY_SHOWN */    \
	S(PAGE_VULNERABILITIES, STORE_ALONE,                                                            \
		VULNERABILITY_SHOWN                                                                     \
		" WHERE vulnerability.id > $1 AND (substr(CAST($3 AS TEXT),"                            \
		" CAST(vulnerability.tlp AS INTEGER) + CASE WHEN vulnerability.release_at <= $4"        \
		" THEN 6 ELSE 1 END, 1) = '1' OR (vulnerability.source IN (2, 8)"                       \
		" AND vulnerability.told_by = $5)) ORDER BY vulnerability.id LIMIT $2")                 \
	/* id -> document, tlp, release_at, source, told_by */                                          \
	S(FIND_DOCUMENT, STORE_ALONE,                                                                   \
		"SELECT vulnerability.document, vulnerability.tlp, vulnerability.release_at,"           \
		" vulnerability.source, vulnerability.told_by"                                          \
		" FROM vulnerability WHERE vulnerability.id = $1")                                      \
	/* id after, how many -> id, document */                                                        \
	S(PAGE_DOCUMENTS, STORE_ALONE,                                                                  \
		"SELECT vulnerability.id, vulnerability.document FROM vulnerability"                    \
		" WHERE vulnerability.id >= $1 AND vulnerability.document IS NOT NULL"                  \
		" ORDER BY vulnerability.id LIMIT $2")                                                  \
	/* id, document, the document before */                                                         \
	S(REPLACE_DOCUMENT, STORE_BY_KEY,                                                               \
		"UPDATE vulnerability SET document = $2 WHERE vulnerability.id = $1"                    \
		" AND vulnerability.document = $3")                                                     \
	/* now, how many -> id, seq: released, and not told yet */                                      \
	S(PAGE_RELEASED, STORE_ALONE,                                                                   \
		"SELECT vulnerability.id, vulnerability.seq FROM vulnerability"                         \
		" WHERE vulnerability.told = 0 AND vulnerability.release_at <= $1"                      \
		" ORDER BY vulnerability.release_at LIMIT $2")                                          \
	/* -> the first time at which one is released */                                                \
	S(NEXT_RELEASE, STORE_ALONE,                                                                    \
		"SELECT MIN(vulnerability.release_at) FROM vulnerability"                               \
		" WHERE vulnerability.told = 0")                                                        \
	/* id */                                                                                        \
	S(TELL_RELEASE, STORE_BY_KEY,                                                                   \
		"UPDATE vulnerability SET told = 1 WHERE vulnerability.id = $1"                         \
		" AND vulnerability.told = 0")                                                          \
	/* id, name, certificate, now, reason; a root that is accepted already is as it was */          \
	S(ACCEPT_ROOT, STORE_ALONE,                                                                     \
		"INSERT INTO root (id, name, certificate, accepted, changed_at, seq, reason)"           \
		" VALUES ($1, $2, $3, 1, $4, " STATUS_NEXT_SEQ                                          \
		", $5) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"                            \
		" certificate = excluded.certificate, accepted = 1,"                                    \
		" changed_at = excluded.changed_at, seq = excluded.seq, reason = excluded.reason"       \
		" WHERE root.accepted = 0")                                                             \
	/* the same, of one that was never heard of */                                                  \
	S(LOAD_ROOT, STORE_ALONE,                                                                       \
		"INSERT INTO root (id, name, certificate, accepted, changed_at, seq, reason)"           \
		" VALUES ($1, $2, $3, 1, $4, " STATUS_NEXT_SEQ                                          \
		", $5) ON CONFLICT (id) DO NOTHING")                                                    \
	/* id, name, now, reason: also of one that was never accepted */                                \
	S(WITHDRAW_ROOT, STORE_ALONE,                                                                   \
		"INSERT INTO root (id, name, certificate, accepted, changed_at, seq, reason)"           \
		" VALUES ($1, $2, '', 0, $3, " STATUS_NEXT_SEQ                                          \
		", $4) ON CONFLICT (id) DO UPDATE SET accepted = 0,"                                    \
		" changed_at = excluded.changed_at, seq = excluded.seq, reason = excluded.reason"       \
		" WHERE root.accepted = 1")                                                             \
	/* id after, how many -> id, name, accepted, changed_at, seq, reason, certificate */            \
	S(PAGE_ROOTS, STORE_ALONE,                                                                      \
		"SELECT root.id, root.name, root.accepted, root.changed_at, root.seq, "                 \
		"root.reason,"                                                                          \
		" root.certificate FROM root WHERE root.id > $1 ORDER BY root.id LIMIT $2")             \
	/* device, trust, reason, until, by whom, now */                                                \
	S(SET_DECISION, STORE_ALONE,                                                                    \
		"INSERT INTO decision (device, trust, reason, until, by_whom, decided_at, seq)"         \
		" SELECT device.id, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT),"          \
		" CAST($5 AS TEXT), CAST($6 AS BIGINT), " STATUS_NEXT_SEQ                               \
		" FROM device WHERE device.id = $1 AND device.registry = $7"                            \
		" ON CONFLICT (device) DO UPDATE SET trust = excluded.trust,"                           \
		" reason = excluded.reason, until = excluded.until, by_whom = excluded.by_whom,"        \
		" decided_at = excluded.decided_at, seq = excluded.seq")                                \
	/* device */                                                                                    \
	S(DROP_DECISION, STORE_ALONE, "DELETE FROM decision WHERE decision.device = $1")                \
	/* device, registry, trust, seq */                                                              \
	S(SET_WORD, STORE_BY_ROW,                                                                       \
		"INSERT INTO said_word (device, registry, trust, seq) VALUES ($1, $2, $3, $4)"          \
		" ON CONFLICT (device, registry) DO UPDATE SET trust = excluded.trust,"                 \
		" seq = excluded.seq WHERE said_word.seq < excluded.seq")                               \
	/* -> sha256 */                                                                                 \
	S(FIND_POLICY, STORE_ALONE, "SELECT policy_known.sha256 FROM policy_known")                     \
	/* sha256; no row when it is that one already */                                                \
	S(SET_POLICY, STORE_ALONE,                                                                      \
		"INSERT INTO policy_known (one, sha256) VALUES (1, $1) ON CONFLICT (one)"               \
		" DO UPDATE SET sha256 = excluded.sha256"                                               \
		" WHERE policy_known.sha256 <> excluded.sha256")                                        \
	/* device: what the policy kept of it; what it told of itself before what is of it */           \
	S(DROP_WATCHED, STORE_BY_KEY, "DELETE FROM watched WHERE watched.device = $1")                  \
	S(DROP_WORDS, STORE_ALONE, "DELETE FROM said_word WHERE said_word.device = $1")                 \
	S(DROP_TOLD_OF_ITSELF, STORE_ALONE,                                                             \
		"DELETE FROM vulnerability WHERE vulnerability.source = 16 AND vulnerability.id "       \
		"IN"                                                                                    \
		" (SELECT device_vulnerability.vulnerability FROM device_vulnerability"                 \
		" WHERE device_vulnerability.device = $1)")                                             \
	S(DROP_DEVICE_VULNERABILITIES, STORE_ALONE,                                                     \
		"DELETE FROM device_vulnerability WHERE device_vulnerability.device = $1")              \
	/* kind, subject, by whom, now, upto; the unit's first event causes it */                       \
	S(BEGIN_MOVEMENT, STORE_ALONE,                                                                  \
		"INSERT INTO movement (seq, kind, subject, by_whom, state, began_at, upto, rule,"       \
		" devices, decided_by, decided_at, reason) VALUES (" STATUS_NEXT_SEQ                    \
		", $1, $2, $3, 0, $4, $5, '', 0, '', 0, '')")                                           \
	/* seq of the cause, kind, subject, by whom, now, upto */                                       \
	S(ADD_MOVEMENT, STORE_ALONE,                                                                    \
		"INSERT INTO movement (seq, kind, subject, by_whom, state, began_at, upto, rule,"       \
		" devices, decided_by, decided_at, reason) VALUES ($1, $2, $3, $4, 0, $5, $6, '',"      \
		" 0, '', 0, '') ON CONFLICT (seq) DO NOTHING")                                          \
	/* seq, state before, state, rule, devices */                                                   \
	S(SET_MOVEMENT, STORE_BY_KEY,                                                                   \
		"UPDATE movement SET state = $3, rule = $4, devices = $5"                               \
		" WHERE movement.seq = $1 AND movement.state = $2")                                     \
	/* subject, seq: what waits for the same, since before it, has nothing to decide any more */    \
	S(SUPERSEDE_MOVEMENTS, STORE_ALONE,                                                             \
		"UPDATE movement SET state = 4, reason = 'superseded' WHERE movement.subject = $1"      \
		" AND movement.seq < $2 AND movement.kind <> 3 AND movement.state IN (2, 3)")           \
	/* seq, state, by whom, now, reason: only one that is held, and of somebody else */             \
	S(DECIDE_MOVEMENT, STORE_BY_KEY,                                                                \
		"UPDATE movement SET state = $2, decided_by = $3, decided_at = $4, reason = $5"         \
		" WHERE movement.seq = $1 AND movement.state = 2"                                       \
		" AND movement.by_whom <> $3")                                                          \
	/* seq */                                                                                       \
	S(DROP_MOVEMENT, STORE_BY_KEY, "DELETE FROM movement WHERE movement.seq = $1")                  \
	/* seq -> MOVEMENT_SHOWN */                                                                     \
	S(FIND_MOVEMENT, STORE_ALONE, MOVEMENT_SHOWN " WHERE movement.seq = $1")                        \
	/* how many -> MOVEMENT_SHOWN of those that are not done */                                     \
	S(OPEN_MOVEMENTS, STORE_ALONE,                                                                  \
		MOVEMENT_SHOWN " WHERE movement.state < 4 ORDER BY movement.seq LIMIT $1")              \
	/* seq after, how many -> MOVEMENT_SHOWN */                                                     \
	S(PAGE_MOVEMENTS, STORE_ALONE,                                                                  \
		MOVEMENT_SHOWN " WHERE movement.seq > $1 ORDER BY movement.seq LIMIT $2")
