// SPDX-License-Identifier: Apache-2.0
#include "authz/schema.h"

#include "store/ring.h"

/* The next SQN after one: SEQ + 1 and IND + 1 (TS 33.102 C.1.1.3), as long as SEQ lasts. */
#define NEXT(sqn) "((" sqn " / 32 + 1) * 32 + (" sqn " + 1) % 32)"

/*
 * The client, or the dummy in its stead: one row and one commit either way. A device without a symmetric key, whose
 * `algorithm` is 0 and whose `key` is empty, is nobody's here; nor is one whose key is on its way to another operator.
 */
#define CLIENT_OR_DUMMY                                                                            \
	"CASE WHEN EXISTS (SELECT 1 FROM device AS known WHERE known.client = $1"                  \
	" AND known.algorithm <> 0 AND known.frozen IS NULL) THEN $1 ELSE '' END"
#define DEVICE_COLUMNS                                                                             \
	"device.client, device.subscriber, device.device, device.algorithm, device.created,"       \
	" device.public_key, device.certified, device.exportable, device.awaits, device.frozen"

/* Up to 15 names, padded with NULL: CALL_NAMES. */
#define NAMES                                                                                      \
	"(VALUES ($2), ($3), ($4), ($5), ($6), ($7), ($8), ($9), ($10), ($11), ($12), ($13),"      \
	" ($14), ($15), ($16)) AS given"

#define APPLICATION_COLUMNS(from)                                                                  \
	from ".id, " from ".asp, " from ".format, " from ".degree, " from ".member_of, " from      \
	     ".lifetime, " from ".service, " from ".identity, " from                               \
	     ".created, application_ua.ua, " CATALOGUE_COLUMNS(from) ", " from ".state, " from     \
								     ".reason, " from ".proof"
#define CATALOGUE_COLUMNS(from)                                                                    \
	from ".title, " from ".description, " from ".published, " from ".attributes, " from        \
	     ".verification, " from ".administrators"
#define UAS_OF(from) " LEFT JOIN application_ua ON application_ua.application = " from ".id"

/*
 * The terms of a token, one row a Ua id; `terms` is the application asked for, or the group that it is a member
 * of. $1 application, $2 Ua id or all, $3 element or nobody, $4 client, $5 now.
 */
#define TERMS                                                                                      \
	"terms.id, terms.asp, terms.format, terms.degree, terms.service, terms.lifetime,"          \
	" terms.identity"
#define ASKED                                                                                      \
	" FROM application AS asked"                                                               \
	" JOIN application AS terms ON terms.id = COALESCE(asked.member_of, asked.id)"
#define OF_UA                                                                                      \
	" JOIN application_ua ON application_ua.application = terms.id"                            \
	" AND ($2 = '0000000000' OR $2 = application_ua.ua)"
#define PERMITTED                                                                                  \
	" JOIN permission ON permission.application = terms.id"                                    \
	" AND permission.client = $4 AND permission.until > $5"
/*
 * What the client may do, and what is told of its user. A delegated right lasts as long as the one that it comes from
 * has it; the sealed record is read only where something of it was granted.
 */
#define GRANTED                                                                                    \
	"permission.rights, (SELECT source.rights FROM permission AS source"                       \
	" WHERE source.ref = permission.source), permission.attributes,"                           \
	" CASE WHEN permission.attributes <> '' THEN (SELECT device.subscriber FROM device"        \
	" WHERE device.client = permission.client) END,"                                           \
	" CASE WHEN permission.attributes <> '' THEN (SELECT subscriber.record FROM device"        \
	" JOIN subscriber ON subscriber.id = device.subscriber"                                    \
	" WHERE device.client = permission.client) END"
#define TOLD_TERMS "permission.rights || '/' || permission.attributes"
#define GRANT_COLUMNS                                                                              \
	"permission.client, permission.application, permission.until, permission.created,"         \
	" permission.rights, permission.attributes, permission.set_by,"                            \
	" (SELECT source.client FROM permission AS source WHERE source.ref = permission.source),"  \
	" permission.client || ' ' || permission.application,"                                     \
	" (SELECT device.pseudonyms FROM device WHERE device.client = permission.client),"         \
	" (SELECT device.pseudonyms FROM permission AS source JOIN device"                         \
	" ON device.client = source.client WHERE source.ref = permission.source)"
/* An application's policy: what it asks of users, what it wants to know, and who administers its rights. */
#define MINIMUM_VERIFICATION "application.verification"
#define ASKED_ATTRIBUTES     "application.attributes"
#define OFFERED		     " AND application.state = 'confirmed' AND application.published = 1"
#define MAY(who)                                                                                   \
	" AND ' ' || application.administrators || ' ' LIKE '% " who " %'"                         \
	" AND application.state = 'confirmed'"
#define EXTENDED(now)                                                                              \
	" AND extension.state IN ('extended', 'provisioned') AND extension.until > " now
#define EXTENSION_COLUMNS                                                                          \
	"extension.id, extension.subscriber, extension.client, extension.application,"             \
	" extension.asp, extension.subject, extension.attributes, extension.state,"                \
	" extension.created, extension.changed, extension.until, extension.reason,"                \
	" subscriber.verification, subscriber.record"
#define FOR_ELEMENT                                                                                \
	" WHERE asked.id = $1 AND asked.state = 'confirmed' AND terms.state = 'confirmed'"         \
	" AND ($3 = '' OR EXISTS (SELECT 1 FROM element"                                           \
	" WHERE element.name = $3 AND element.asp = terms.asp))"

/* A claim is for 5 s, and 5 s more each time, up to a minute. */
#define CLAIMED_UNTIL "$1 + CASE WHEN session.tries > 10 THEN 60 ELSE 5 * (session.tries + 1) END"
#define CHANGE_COLUMNS                                                                             \
	"change.id, change.state, change.subscriber, change.method, change.old_realm,"             \
	" change.client, change.new_client, change.consent, change.replacement,"                   \
	" change.receipt, change.detail, change.until, change.created, change.updated,"            \
	" change.tries, change.due"
#define DEPARTURE_COLUMNS                                                                          \
	"departure.id, departure.realm, departure.client, departure.state, departure.method,"      \
	" departure.consent, departure.envelope, departure.pseudonyms, departure.replacement,"     \
	" departure.receipt, departure.created, departure.updated"
#define IMPORT_COLUMNS                                                                             \
	"import.id, import.lines, import.digest, import.added, import.failed, import.created, "    \
	"import.updated"

#define AUDIT_COLUMNS                                                                              \
	"audit.id, audit.at, audit.role, audit.actor, audit.operation, audit.object, audit.detail"
#define ASP_APPLICATION_COLUMNS                                                                    \
	"asp_application.id, asp_application.asp, asp_application.name, asp_application.elements," \
	" asp_application.contact, asp_application.state, asp_application.reason,"                 \
	" asp_application.created, asp_application.decided, asp_application.csr,"                  \
	" asp_application.until"
/* 2^n, 128 at most */
#define DOUBLED(n)                                                                                 \
	"CASE " n " WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8 WHEN 4 THEN 16"        \
	" WHEN 5 THEN 32 WHEN 6 THEN 64 ELSE 128 END"

const struct statement authz_statements[STATEMENT_COUNT] = {
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
	[PAGE_SUBSCRIBERS] = {"page-subscribers",
		"SELECT subscriber.id, subscriber.record FROM subscriber WHERE subscriber.id >= $1"
		" ORDER BY subscriber.id LIMIT $2"},
	[REPLACE_SUBSCRIBER] = {"replace-subscriber",
		"UPDATE subscriber SET record = $2 WHERE subscriber.id = $1 AND subscriber.record "
		"= $3",
		STORE_BY_KEY},
	[PAGE_KEYS] = {"page-keys",
		"SELECT device.client, device.key FROM device WHERE device.client >= $1"
		" AND device.algorithm <> 0 ORDER BY device.client LIMIT $2"},
	[REPLACE_KEY] = {"replace-key",
		"UPDATE device SET key = $2 WHERE device.client = $1 AND device.key = $3",
		STORE_BY_KEY},
	[FIND_SETTING] = {"find-setting",
		"SELECT setting.record FROM setting WHERE setting.name = $1"},
	[ADD_SETTING] = {"add-setting", "INSERT INTO setting (name, record) VALUES ($1, $2)"
					" ON CONFLICT (name) DO NOTHING"},

	[ADVANCE_SQN] = {"advance-sqn",
		"UPDATE device SET sqn = " NEXT(
			"device.sqn") " WHERE device.client = " CLIENT_OR_DUMMY
				      " AND device.sqn < " SQN_LEFT
				      " RETURNING client, key, sqn, awaits",
		STORE_BY_ROW},
	[FIND_KEY] = {"find-key", "SELECT device.client, device.key FROM device WHERE "
				  "device.client = " CLIENT_OR_DUMMY},
	/* SQN_HE stays when its next is in range for SQN_MS = $2 (6.3.5), else follows the device. */
	[RESYNC_SQN] = {"resync-sqn",
		"UPDATE device SET sqn = CASE WHEN device.sqn / 32 >= $2 / 32"
		" AND device.sqn / 32 - $2 / 32 < 268435456 THEN " NEXT("device.sqn") " ELSE " NEXT(
			"$2") " END"
			      " WHERE device.client = $1 AND device.sqn < " SQN_LEFT
			      " AND device.frozen IS NULL AND $2 < " SQN_LEFT
			      " RETURNING client, key, sqn, awaits",
		STORE_BY_ROW},
	/* Whose a public key is: pinned, or else named by an authority that vouches for devices without one. */
	[FIND_KEY_HOLDER] = {"find-key-holder",
		"SELECT device.client, device.awaits FROM device WHERE device.key_digest = $1"
		" AND device.frozen IS NULL"},
	[FIND_CERTIFIED] = {"find-certified",
		"SELECT device.client, device.awaits FROM device WHERE (device.client = $1 OR"
		" device.device = $1) AND device.client <> '' AND device.certified = 1"
		" AND device.key_digest IS NULL AND device.frozen IS NULL"},
	[FIND_DUMMY] = {"find-dummy", "SELECT device.client FROM device WHERE device.client = ''"},
	[ADD_DUMMY] = {"add-dummy", "INSERT INTO device (client, algorithm, key, sqn, created) "
				    "VALUES ('', 1, $1, $2, $3)"
				    " ON CONFLICT (client) DO NOTHING"},

	[PERMISSION] = {"permission",
		"SELECT " TERMS ", permission.until, application_ua.ua, " GRANTED
		", (SELECT device.pseudonyms FROM device WHERE device.client = $4),"
		" (SELECT device.device FROM device WHERE device.client = $4)" ASKED OF_UA PERMITTED
			FOR_ELEMENT " ORDER BY application_ua.ua"},
	[ANNOUNCED] = {"announced",
		"SELECT " TERMS ", 9223372036854775807, application_ua.ua" ASKED OF_UA FOR_ELEMENT
		" ORDER BY application_ua.ua"},
	[MEMBERS] = {"members",
		"SELECT member.id FROM application AS asked JOIN application AS member"
		" ON member.member_of = COALESCE(asked.member_of, asked.id)"
		" AND member.state = 'confirmed'"
		" WHERE asked.id = $1 ORDER BY member.id LIMIT 64"},

	/* $6 Session-Id, $7 who asked. A Session-Id stays with whom it was, and with one permission. */
	[KEEP_SESSION] = {"keep-session",
		"INSERT INTO session (id, permission, origin, element, until, told, due, tries,"
		" terms)"
		" SELECT $6, permission.ref, $7, $3,"
		" CASE WHEN permission.until - terms.lifetime < $5 THEN permission.until"
		" ELSE $5 + terms.lifetime END, permission.until, 0, 0, " TOLD_TERMS ASKED PERMITTED
			FOR_ELEMENT
		" AND ($2 = '0000000000' OR EXISTS (SELECT 1 FROM application_ua"
		" WHERE application_ua.application = terms.id AND application_ua.ua = $2))"
		" ON CONFLICT (id) DO UPDATE SET permission = excluded.permission,"
		" element = excluded.element, until = excluded.until, told = excluded.told,"
		" terms = excluded.terms, due = 0,"
		" changed = NULL, tries = 0 WHERE session.origin = excluded.origin"
		" AND (session.permission IS NULL OR session.permission = excluded.permission)",
		STORE_BY_ROW},

	[LOOK_ENDED] = {"look-ended", "SELECT session.id FROM session WHERE session.permission IS "
				      "NULL AND session.due <= $1 LIMIT 1"},
	[LOOK_CHANGED] = {"look-changed", "SELECT session.id FROM session WHERE session.changed IS "
					  "NOT NULL AND session.changed <= $1 LIMIT 1"},
	/* The outer condition is for nodes that claim at the same time: one of them finds it changed. */
	[CLAIM_ENDED] = {"claim-ended",
		"UPDATE session SET due = " CLAIMED_UNTIL
		", changed = NULL, tries = session.tries + 1"
		" WHERE session.permission IS NULL AND session.due <= $1 AND session.id IN"
		" (SELECT ended.id FROM session AS ended WHERE ended.permission IS NULL"
		" AND ended.due <= $1 ORDER BY ended.due LIMIT $2) RETURNING id, origin"},
	[CLAIM_CHANGED] = {"claim-changed",
		"UPDATE session SET changed = " CLAIMED_UNTIL ", tries = session.tries + 1"
		" WHERE session.changed IS NOT NULL AND session.changed <= $1"
		" AND session.permission IS NOT NULL AND session.id IN"
		" (SELECT due.id FROM session AS due WHERE due.changed IS NOT NULL"
		" AND due.changed <= $1 ORDER BY due.changed LIMIT $2) RETURNING id, origin"},
	[HASTEN_ENDED] = {"hasten-ended",
		"UPDATE session SET due = 0, tries = 0 WHERE session.origin = $1"
		" AND session.permission IS NULL"},
	[HASTEN_CHANGED] = {"hasten-changed",
		"UPDATE session SET changed = 0, tries = 0 WHERE session.origin = $1"
		" AND session.changed IS NOT NULL"},
	[DROP_ENDED] = {"drop-ended",
		"DELETE FROM session WHERE session.id = $1 AND session.permission IS NULL",
		STORE_BY_ROW},
	[DROP_SESSION] = {"drop-session", "DELETE FROM session WHERE session.id = $1", STORE_BY_ROW},
	[SWEEP_SESSIONS] = {"sweep-sessions",
		"DELETE FROM session WHERE session.id IN (SELECT old.id FROM session AS old"
		" WHERE old.until <= $1 ORDER BY old.until LIMIT $2)"},
	[COUNT_SESSIONS] = {"count-sessions", "SELECT count(*) FROM session"},
	[COUNT_SESSIONS_OF] = {"count-sessions-of",
		"SELECT count(*) FROM session JOIN permission"
		" ON permission.ref = session.permission WHERE permission.client = $1"
		" AND permission.application = $2 AND session.until > $3"},
	/* $1 the permission's name after the change: sessions that were told otherwise. */
	[CHANGE_GRANT] = {"change-grant",
		"UPDATE session SET changed = 0, tries = 0 WHERE session.permission = $1"
		" AND EXISTS (SELECT 1 FROM permission WHERE permission.ref = $1"
		" AND (permission.until <> session.told OR " TOLD_TERMS " <> session.terms))"},
	/* $1 as above: what was delegated does not outlast what it comes from. */
	[BOUND_DELEGATED] = {"bound-delegated",
		"UPDATE permission SET until = (SELECT source.until FROM permission AS source"
		" WHERE source.ref = $1) WHERE permission.source = $1 AND permission.until >"
		" (SELECT source.until FROM permission AS source WHERE source.ref = $1)"},
	[CHANGE_DELEGATED] = {"change-delegated",
		"UPDATE session SET changed = 0, tries = 0 WHERE session.permission IN"
		" (SELECT permission.ref FROM permission WHERE permission.source = $1)"},
	/* What is told of the user has changed with the subscriber's record. */
	[CHANGE_SUBSCRIBER] = {"change-subscriber",
		"UPDATE session SET changed = 0, tries = 0 WHERE session.permission IN"
		" (SELECT permission.ref FROM device"
		" JOIN permission ON permission.client = device.client"
		" WHERE device.subscriber = $1 AND permission.attributes <> '')"},
	[CHANGE_APPLICATION] = {"change-application",
		"UPDATE session SET changed = 0, tries = 0 WHERE session.permission IN"
		" (SELECT permission.ref FROM permission WHERE permission.application = $1)"},

	[ADD_SUBSCRIBER] = {"add-subscriber", "INSERT INTO subscriber (id, verification, record, "
					      "created) VALUES ($1, $2, $3, $4)"},
	[FIND_SUBSCRIBER] = {"find-subscriber", "SELECT subscriber.id, subscriber.verification, "
						"subscriber.record, subscriber.created"
						" FROM subscriber WHERE subscriber.id = $1"},
	[LIST_SUBSCRIBERS] = {"list-subscribers",
		"SELECT subscriber.id, subscriber.verification, subscriber.record, "
		"subscriber.created"
		" FROM subscriber WHERE subscriber.id > $1 ORDER BY subscriber.id LIMIT $2"},
	[DROP_SUBSCRIBER] = {"drop-subscriber", "DELETE FROM subscriber WHERE subscriber.id = $1"},

	[PUT_SUBSCRIBER] = {"put-subscriber",
		"INSERT INTO subscriber (id, verification, record, created) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (id) DO UPDATE SET verification = excluded.verification,"
		" record = excluded.record"},
	/* $4 the record as whoever asks has read it. */
	[UPDATE_SUBSCRIBER] = {"update-subscriber",
		"UPDATE subscriber SET verification = $2, record = $3 WHERE subscriber.id = $1"
		" AND subscriber.record = $4"},
	/* A device that is nobody's becomes the subscriber's; one of another's stays as it is. */
	[LINK_DEVICE] = {"link-device",
		"UPDATE device SET subscriber = COALESCE(device.subscriber, $2), device = CASE WHEN"
		" COALESCE(device.subscriber, $2) = $2 THEN COALESCE($3, device.device)"
		" ELSE device.device END WHERE device.client = $1 AND device.client <> ''"
		" RETURNING client, subscriber"},

	[ADD_DEVICE] = {"add-device",
		"INSERT INTO device (client, subscriber, device, algorithm, key, sqn, created,"
		" public_key, key_digest, certified)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"},
	/* $2 NULL takes it away. */
	[SET_PUBLIC_KEY] = {"set-public-key", "UPDATE device SET public_key = $2, key_digest = $3"
					      " WHERE device.client = $1 AND device.client <> ''"},
	[FIND_DEVICE] = {"find-device",
		"SELECT " DEVICE_COLUMNS
		" FROM device WHERE device.client = $1 AND device.client <> ''"},
	[LIST_DEVICES] = {"list-devices",
		"SELECT " DEVICE_COLUMNS
		" FROM device WHERE device.client > $1 ORDER BY device.client LIMIT $2"},
	[LIST_DEVICES_OF] = {"list-devices-of",
		"SELECT " DEVICE_COLUMNS
		" FROM device WHERE device.client > $1 AND device.subscriber = $3"
		" ORDER BY device.client LIMIT $2"},
	[DROP_DEVICE] = {"drop-device",
		"DELETE FROM device WHERE device.client = $1 AND device.client <> ''"},

	[ADD_ASP] = {"add-asp", "INSERT INTO asp (id, name, created) VALUES ($1, $2, $3)"},
	[FIND_ASP] = {"find-asp", "SELECT asp.id, asp.name, asp.created, element.name FROM asp"
				  " LEFT JOIN element ON element.asp = asp.id WHERE asp.id = $1 "
				  "ORDER BY element.name"},
	[LIST_ASPS] = {"list-asps", "SELECT page.id, page.name, page.created, element.name FROM"
				    " (SELECT asp.id, asp.name, asp.created FROM asp WHERE asp.id "
				    "> $1 ORDER BY asp.id LIMIT $2)"
				    " AS page LEFT JOIN element ON element.asp = page.id ORDER BY "
				    "page.id, element.name"},
	[DROP_ASP] = {"drop-asp", "DELETE FROM asp WHERE asp.id = $1"},
	/* What an element asked for goes with it. */
	[END_SESSIONS_OF] = {"end-sessions-of",
		"UPDATE session SET permission = NULL, due = 0 WHERE session.element IN (SELECT "
		"element.name FROM element WHERE element.asp = $1 AND element.name IN (SELECT "
		"given.column1 FROM " NAMES "))"},
	[DROP_ELEMENTS] = {"drop-elements",
		"DELETE FROM element WHERE element.asp = $1 AND element.name IN (SELECT "
		"given.column1 FROM " NAMES ")"},
	[COUNT_ELEMENTS] = {"count-elements",
		"SELECT asp.id FROM asp WHERE asp.id = $1 AND (SELECT count(*) FROM element"
		" WHERE element.asp = $1) BETWEEN 1 AND $2"},
	[ADD_ELEMENTS] = {"add-elements",
		"INSERT INTO element (name, asp) SELECT given.column1, $1 FROM " NAMES
		" WHERE given.column1 IS NOT NULL"},

	[ADD_APPLICATION] = {"add-application",
		"INSERT INTO application (id, asp, format, lifetime, service, identity, created, "
		"degree, member_of, administrators) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
		" 'asp operator')"},
	[FIND_APPLICATION] = {"find-application",
		"SELECT " APPLICATION_COLUMNS("application") " FROM application" UAS_OF(
			"application") " WHERE application.id = $1 ORDER BY application_ua.ua"},
	[LIST_APPLICATIONS] = {"list-applications",
		"SELECT " APPLICATION_COLUMNS(
			"page") " FROM (SELECT * FROM application"
				" WHERE application.id > $1 ORDER BY application.id LIMIT $2) AS "
				"page" UAS_OF("page") " ORDER BY page.id, application_ua.ua"},
	[LIST_APPLICATIONS_OF] = {"list-applications-of",
		"SELECT " APPLICATION_COLUMNS(
			"page") " FROM (SELECT * FROM application"
				" WHERE application.id > $1 AND application.asp = $3"
				" ORDER BY application.id LIMIT $2) AS page" UAS_OF(
					"page") " ORDER BY page.id, application_ua.ua"},
	[FIND_GROUP] = {"find-group",
		"SELECT application.id FROM application WHERE application.id = $1"
		" AND application.asp = $2 AND application.format = 'y3056'"
		" AND application.member_of IS NULL AND (SELECT count(*) FROM application AS member"
		" WHERE member.member_of = $1) < $3"},
	[FIND_ALONE] = {"find-alone",
		"SELECT application.id FROM application WHERE application.id = $1"
		" AND application.member_of IS NULL AND application.state = 'confirmed'"},
	[FIND_OPERATED] = {"find-operated",
		"SELECT application.id FROM application WHERE application.id = $1" MAY("operator")},
	/* $2: its ASP, or anybody's. */
	[FIND_APPLICATION_FOR] = {"find-application-for",
		"SELECT " APPLICATION_COLUMNS("application") " FROM application" UAS_OF(
			"application") " WHERE "
				       "application.id = "
				       "$1"
				       " AND ($2 = '' OR "
				       "application.asp "
				       "= $2)"
				       " ORDER BY "
				       "application_ua."
				       "ua"},
	[SET_CATALOGUE] = {"set-catalogue",
		"UPDATE application SET title = COALESCE($2, application.title),"
		" description = COALESCE($3, application.description),"
		" published = COALESCE($4, application.published),"
		" attributes = COALESCE($5, application.attributes),"
		" verification = COALESCE($6, application.verification),"
		" administrators = COALESCE($7, application.administrators)"
		" WHERE application.id = $1"},
	[SET_APPLICATION_STATE] = {"set-application-state",
		"UPDATE application SET state = $2, reason = $3,"
		" proof = COALESCE($4, application.proof) WHERE application.id = $1"
		" AND application.state <> $2"},
	[PROVE_APPLICATION] = {"prove-application",
		"UPDATE application SET state = $2 WHERE application.id = $1"
		" AND application.state = 'unproven'"},
	/* $3: what is looked for, as LIKE takes it, or all. */
	[LIST_CATALOGUE] = {"list-catalogue",
		"SELECT application.id, asp.name, " CATALOGUE_COLUMNS(
			"application") " FROM application JOIN asp ON asp.id = application.asp"
				       " WHERE application.state = 'confirmed'"
				       " AND application.published = 1 AND application.id > $1"
				       " AND ($3 = '' OR lower(application.id || ' ' || "
				       "application.title"
				       " || ' ' || application.description || ' ' || asp.name)"
				       " LIKE $3 ESCAPE '!') ORDER BY application.id LIMIT $2"},
	[FIND_PUBLISHED] = {"find-published",
		"SELECT application.id, asp.name, " CATALOGUE_COLUMNS(
			"application") " FROM application JOIN asp ON asp.id = application.asp"
				       " WHERE application.state = 'confirmed'"
				       " AND application.published = 1 AND application.id = $1"},
	[DROP_APPLICATION_FOR] = {"drop-application-for",
		"DELETE FROM application WHERE application.id = $1"
		" AND ($2 = '' OR application.asp = $2)"},
	[DROP_GRANTS_OF_APPLICATION] = {"drop-grants-of-application",
		"DELETE FROM permission WHERE permission.application = $1"},
	/* $5: 1 where the new degree, if there is one, allows gba; $7: the degrees that do, " basic standard ". */
	[SET_APPLICATION] = {"set-application",
		"UPDATE application SET degree = COALESCE($2, application.degree),"
		" lifetime = COALESCE($3, application.lifetime),"
		" identity = COALESCE($4, application.identity),"
		" format = COALESCE($6, application.format) WHERE application.id = $1"
		" AND (COALESCE($6, application.format) <> 'gba' OR ($5 = 1"
		" AND $7 LIKE '% ' || replace(COALESCE($2, application.degree), '_', '!_') || ' %'"
		" ESCAPE '!'"
		" AND application.member_of IS NULL AND NOT EXISTS (SELECT 1 FROM application AS"
		" member WHERE member.member_of = $1)))"},
	[DROP_APPLICATION] = {"drop-application",
		"DELETE FROM application WHERE application.id = $1"},
	[ADD_UAS] = {"add-uas",
		"INSERT INTO application_ua (application, ua) SELECT $1, given.column1 FROM " NAMES
		" WHERE given.column1 IS NOT NULL"},

	[SET_GRANT] = {"set-grant",
		"INSERT INTO permission (client, application, until, created, ref, rights,"
		" attributes, set_by) VALUES ($1, $2, $3, $4, $5, $6, COALESCE($7, ''), $8)"
		" ON CONFLICT (client, application) DO UPDATE"
		" SET until = excluded.until, ref = excluded.ref, rights = excluded.rights,"
		" attributes = COALESCE($7, permission.attributes), set_by = excluded.set_by,"
		" source = NULL RETURNING client"},
	/*
	 * By an ASP, which knows the pseudonym alone: $1 of a client whose user has extended trust to application $2, of ASP $3, at
	 * $4. $5 until: not longer than the consent. $6 ref, $7 rights.
	 */
	[PROVISION_GRANT] = {"provision-grant",
		"INSERT INTO permission (client, application, until, created, ref, rights,"
		" attributes, set_by, consent)"
		" SELECT extension.client, extension.application, CASE WHEN extension.until < $5"
		" THEN extension.until ELSE $5 END, $4, $6, $7, extension.attributes, 'asp',"
		" extension.id FROM extension JOIN application"
		" ON application.id = extension.application WHERE extension.subject = $1"
		" AND extension.application = $2 AND extension.asp = $3" EXTENDED("$4")
			MAY("asp") " ON CONFLICT (client, application) DO UPDATE SET until = "
				   "excluded.until,"
				   " ref = excluded.ref, rights = excluded.rights, attributes = "
				   "excluded.attributes,"
				   " set_by = excluded.set_by, consent = excluded.consent, source "
				   "= NULL"
				   " RETURNING client",
		STORE_BY_ROW},
	/* By a user who administers the application: $1 subscriber, $2 client, $3 application, $4 now, $5 until, $6 ref, $7 rights. */
	[SET_OWN_GRANT] = {"set-own-grant",
		"INSERT INTO permission (client, application, until, created, ref, rights,"
		" attributes, set_by) SELECT device.client, application.id, $5, $4, $6, $7, '',"
		" 'subscriber' FROM device JOIN application ON application.id = $3"
		" WHERE device.client = $2 AND device.subscriber = $1"
		" AND application.member_of IS NULL" MAY(
			"user") " ON CONFLICT (client, application) DO UPDATE SET until = CASE WHEN"
				" permission.consent IS NOT NULL AND excluded.until > (SELECT "
				"extension.until"
				" FROM extension WHERE extension.id = permission.consent) THEN "
				"(SELECT"
				" extension.until FROM extension WHERE extension.id = "
				"permission.consent)"
				" ELSE excluded.until END,"
				" ref = excluded.ref, rights = excluded.rights, set_by = "
				"excluded.set_by"
				" WHERE permission.source IS NULL RETURNING client",
		STORE_BY_ROW},
	[FIND_GRANT_OF_REF] = {"find-grant-of-ref",
		"SELECT " GRANT_COLUMNS " FROM permission WHERE permission.ref = $1"},
	[DROP_GRANT_OF_SUBJECT] = {"drop-grant-of-subject",
		"DELETE FROM permission WHERE permission.application = $2"
		" AND permission.client = (SELECT extension.client FROM extension"
		" JOIN application ON application.id = extension.application"
		" WHERE extension.subject = $1 AND extension.application = $2"
		" AND extension.asp = $3 AND ' ' || application.administrators || ' '"
		" LIKE '% asp %' ORDER BY extension.id DESC LIMIT 1)"},
	[COUNT_SESSIONS_OF_SUBJECT] = {"count-sessions-of-subject",
		"SELECT count(*) FROM session JOIN permission"
		" ON permission.ref = session.permission WHERE permission.application = $2"
		" AND permission.client = (SELECT extension.client FROM extension"
		" WHERE extension.subject = $1 AND extension.application = $2"
		" AND extension.asp = $3 ORDER BY extension.id DESC LIMIT 1)"
		" AND session.until > $4"},
	/* $3: its user. Giving up a right needs nobody's leave. */
	[DROP_OWN_GRANT] = {"drop-own-grant",
		"DELETE FROM permission WHERE permission.client = $1 AND permission.application = "
		"$2"
		" AND EXISTS (SELECT 1 FROM device WHERE device.client = $1"
		" AND device.subscriber = $3)"},
	[LIST_GRANTS_OF_SUBSCRIBER] = {"list-grants-of-subscriber",
		"SELECT " GRANT_COLUMNS " FROM permission JOIN device"
		" ON device.client = permission.client WHERE device.subscriber = $1"
		" AND permission.client || ' ' || permission.application > $2"
		" ORDER BY permission.client || ' ' || permission.application LIMIT $3"},
	[LIST_GRANTS_OF_ASP] = {"list-grants-of-asp",
		"SELECT " GRANT_COLUMNS " FROM permission JOIN application"
		" ON application.id = permission.application WHERE permission.application = $1"
		" AND permission.client > $2 AND application.asp = $4"
		" ORDER BY permission.client LIMIT $3"},

	/* What a request to extend trust is judged by: $1 subscriber, $2 client, $3 application. */
	[FIND_CANDIDATE] = {"find-candidate",
		"SELECT subscriber.verification, device.client, device.device, application.id,"
		" application.asp, application.member_of, " MINIMUM_VERIFICATION
		", " ASKED_ATTRIBUTES ", device.pseudonyms FROM subscriber LEFT JOIN device ON"
		" device.subscriber = subscriber.id AND device.client = $2"
		" LEFT JOIN application ON application.id = $3" OFFERED
		" WHERE subscriber.id = $1"},
	/* Unless what it was judged by has changed: $2 subscriber with verification $10, $3 client, $4 application. */
	[ADD_EXTENSION] = {"add-extension",
		"INSERT INTO extension (id, subscriber, client, application, asp, subject,"
		" attributes, state, created, changed, until, reason)"
		" SELECT $1, subscriber.id, device.client, application.id, application.asp, $5,"
		" $6, $7, $8, $8, $9, $11 FROM subscriber"
		" JOIN device ON device.subscriber = subscriber.id AND device.client = $3"
		" JOIN application ON application.id = $4"
		" WHERE subscriber.id = $2 AND subscriber.verification = $10"},
	[EXPIRE_EXTENSIONS] = {"expire-extensions",
		"UPDATE extension SET state = 'expired', changed = $3 WHERE extension.client = $1"
		" AND extension.application = $2 AND extension.until <= $3"
		" AND extension.state IN ('requested', 'extended', 'provisioned')"},
	[LIST_EXPIRED_EXTENSIONS] = {"list-expired-extensions",
		"SELECT extension.id, extension.application, extension.state FROM extension"
		" WHERE extension.until <= $1"
		" AND extension.state IN ('requested', 'extended', 'provisioned')"
		" ORDER BY extension.until LIMIT $2"},
	[END_EXTENSION] = {"end-extension",
		"UPDATE extension SET state = 'expired', changed = $2 WHERE extension.id = $1"
		" AND extension.until <= $2"
		" AND extension.state IN ('requested', 'extended', 'provisioned')"},
	/* $2 and $3: of this subscriber, of this ASP; '': of any. */
	[FIND_EXTENSION] = {"find-extension",
		"SELECT " EXTENSION_COLUMNS " FROM extension JOIN subscriber"
		" ON subscriber.id = extension.subscriber WHERE extension.id = $1"
		" AND ($2 = '' OR extension.subscriber = $2) AND ($3 = '' OR extension.asp = $3)"},
	[LIST_EXTENSIONS] = {"list-extensions",
		"SELECT " EXTENSION_COLUMNS " FROM extension JOIN subscriber"
		" ON subscriber.id = extension.subscriber WHERE extension.id > $1"
		" AND ($3 = '' OR extension.state = $3) ORDER BY extension.id LIMIT $2"},
	[LIST_EXTENSIONS_OF_SUBSCRIBER] = {"list-extensions-of-subscriber",
		"SELECT " EXTENSION_COLUMNS " FROM extension JOIN subscriber"
		" ON subscriber.id = extension.subscriber WHERE extension.id > $1"
		" AND ($3 = '' OR extension.state = $3) AND extension.subscriber = $4"
		" ORDER BY extension.id LIMIT $2"},
	[LIST_EXTENSIONS_OF_ASP] = {"list-extensions-of-asp",
		"SELECT " EXTENSION_COLUMNS " FROM extension JOIN subscriber"
		" ON subscriber.id = extension.subscriber WHERE extension.id > $1"
		" AND ($3 = '' OR extension.state = $3) AND extension.asp = $4"
		" ORDER BY extension.id LIMIT $2"},
	/* $2 the state after, $3 now, $4 reason, $5 subscriber or '', $6 ASP or ''; from $7, $8 or $9. */
	[MOVE_EXTENSION] = {"move-extension",
		"UPDATE extension SET state = $2, changed = $3, reason = $4 WHERE extension.id = $1"
		" AND ($5 = '' OR extension.subscriber = $5) AND ($6 = '' OR extension.asp = $6)"
		" AND extension.state IN ($7, $8, $9) AND extension.until > $3"
		" RETURNING client, application, asp, subject, subscriber",
		STORE_BY_ROW},
	[MARK_PROVISIONED] = {"mark-provisioned",
		"UPDATE extension SET state = 'provisioned', changed = $4"
		" WHERE extension.subject = $1 AND extension.application = $2"
		" AND extension.asp = $3" EXTENDED("$4")},
	[DROP_GRANT_OF_CONSENT] = {"drop-grant-of-consent",
		"DELETE FROM permission WHERE permission.consent = $1"},

	/* What is delegated, and to whom: $1 from, $2 to, $3 application, $4 now; $5: the user of both, '': whoever it is. */
	[FIND_SOURCE] = {"find-source",
		"SELECT source_device.client, target.client, source.rights, source.until,"
		" source.source, own.source, own.client FROM device AS source_device"
		" LEFT JOIN device AS target ON target.client = $2"
		" AND target.subscriber = source_device.subscriber"
		" LEFT JOIN permission AS source ON source.client = $1"
		" AND source.application = $3 AND source.until > $4"
		" LEFT JOIN permission AS own ON own.client = $2 AND own.application = $3"
		" WHERE source_device.client = $1 AND source_device.subscriber IS NOT NULL"
		" AND ($5 = '' OR source_device.subscriber = $5)"},
	/* $6 until, $7 ref, $8 rights, $9 who sets it. */
	[ADD_DELEGATION] = {"add-delegation",
		"INSERT INTO permission (client, application, until, created, ref, rights,"
		" attributes, set_by, source) SELECT target.client, source.application,"
		" CASE WHEN source.until < $6 THEN source.until ELSE $6 END, $4, $7, $8, '', $9,"
		" source.ref FROM permission AS source JOIN device AS source_device"
		" ON source_device.client = source.client JOIN device AS target"
		" ON target.client = $2 AND target.subscriber = source_device.subscriber"
		" WHERE source.client = $1 AND source.application = $3 AND source.until > $4"
		" AND source.source IS NULL AND source.client <> target.client"
		" AND ($5 = '' OR source_device.subscriber = $5)"
		" ON CONFLICT (client, application) DO UPDATE SET until = excluded.until,"
		" ref = excluded.ref, rights = excluded.rights, set_by = excluded.set_by,"
		" source = excluded.source WHERE permission.source IS NOT NULL RETURNING client",
		STORE_BY_ROW},
	/* $3: its user, or ''. */
	[DROP_DELEGATION] = {"drop-delegation",
		"DELETE FROM permission WHERE permission.client = $1 AND permission.application = "
		"$2"
		" AND permission.source IS NOT NULL AND EXISTS (SELECT 1 FROM device"
		" WHERE device.client = $1 AND ($3 = '' OR device.subscriber = $3))"},
	[LIST_DELEGATIONS] = {"list-delegations",
		"SELECT " GRANT_COLUMNS " FROM permission JOIN device"
		" ON device.client = permission.client WHERE permission.source IS NOT NULL"
		" AND ($1 = '' OR device.subscriber = $1)"
		" AND permission.client || ' ' || permission.application > $2"
		" ORDER BY permission.client || ' ' || permission.application LIMIT $3"},
	/* Verified data, and the devices that it came with. */
	[LIST_OWN_DEVICES] = {"list-own-devices",
		"SELECT device.client, device.device, device.created FROM device"
		" WHERE device.subscriber = $1 ORDER BY device.client LIMIT 64"},
	[FIND_GRANT] = {"find-grant",
		"SELECT " GRANT_COLUMNS " FROM permission WHERE permission.client = $1"
		" AND permission.application = $2"},
	[DROP_GRANT] = {"drop-grant", "DELETE FROM permission WHERE permission.client = $1 AND "
				      "permission.application = $2"},
	[LIST_GRANTS_OF_CLIENT] = {"list-grants-of-client",
		"SELECT " GRANT_COLUMNS
		" FROM permission WHERE permission.client = $1 AND permission.application > $2"
		" ORDER BY permission.application LIMIT $3"},
	[LIST_GRANTS_OF_APPLICATION] = {"list-grants-of-application",
		"SELECT " GRANT_COLUMNS
		" FROM permission WHERE permission.application = $1 AND permission.client > $2"
		" ORDER BY permission.client LIMIT $3"},
	[COUNT_ALL] = {"count-all",
		"SELECT (SELECT count(*) FROM subscriber), (SELECT count(*) FROM device WHERE "
		"device.client <> ''),"
		" (SELECT count(*) FROM asp), (SELECT count(*) FROM application),"
		" (SELECT count(*) FROM permission),"
		" (SELECT count(*) FROM session WHERE session.permission IS NULL),"
		" (SELECT count(*) FROM session WHERE session.changed IS NOT NULL)"},

	/* $11 the nonce: a consent is good for one change. One that is open brings its client alone. */
	[ADD_CHANGE] = {"add-change",
		"INSERT INTO change (id, subscriber, state, method, old_realm, client, new_client,"
		" consent, until, due, nonce, created, updated, is_open, tries, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, 1, 0, '')"},
	/* Whether the subscriber is verified well enough ($2), and has room for one more ($3). */
	[MAY_BRING] = {"may-bring",
		"SELECT subscriber.id FROM subscriber WHERE subscriber.id = $1"
		" AND ($2 = 'none' OR subscriber.verification = 'postpaid'"
		" OR subscriber.verification = $2) AND (SELECT count(*) FROM change"
		" WHERE change.subscriber = $1 AND change.is_open = 1) < $3"},
	[NO_DEVICE] = {"no-device", "SELECT device.client FROM device WHERE device.client = $1"},
	[FIND_CHANGE] = {"find-change",
		"SELECT " CHANGE_COLUMNS " FROM change WHERE change.id = $1"},
	[FIND_CHANGE_OF_NONCE] = {"find-change-of-nonce",
		"SELECT " CHANGE_COLUMNS " FROM change WHERE change.nonce = $1"},
	[LIST_CHANGES] = {"list-changes",
		"SELECT " CHANGE_COLUMNS
		" FROM change WHERE change.id > $1 ORDER BY change.id LIMIT $2"},
	[LIST_CHANGES_OF] = {"list-changes-of",
		"SELECT " CHANGE_COLUMNS " FROM change WHERE change.id > $1 AND change.subscriber "
		"= $3 ORDER BY change.id LIMIT $2"},
	[LOOK_CHANGES] = {"look-changes",
		"SELECT change.id FROM change WHERE change.due IS NOT NULL AND change.due <= $1 "
		"LIMIT 1"},
	/* $3: until when whoever claims has them for itself. */
	[CLAIM_CHANGES] = {"claim-changes",
		"UPDATE change SET due = $3, tries = change.tries + 1 WHERE change.due IS NOT NULL"
		" AND change.due <= $1 AND change.id IN (SELECT ready.id FROM change AS ready"
		" WHERE ready.due IS NOT NULL AND ready.due <= $1 ORDER BY ready.due LIMIT $2)"
		" RETURNING id, state, subscriber, method, old_realm, client, new_client, consent,"
		" replacement, receipt, detail, until, created, updated, tries, due"},
	/* From $2 to $3; is_open, due, detail, now. */
	[MOVE_CHANGE] = {"move-change",
		"UPDATE change SET state = $3, is_open = $4, due = $5, detail = $6, updated = $7,"
		" tries = 0 WHERE change.id = $1 AND change.state = $2 RETURNING id",
		STORE_BY_ROW},
	[PUT_OFF_CHANGE] = {"put-off-change",
		"UPDATE change SET due = $3, detail = COALESCE($4, change.detail)"
		" WHERE change.id = $1 AND change.state = $2",
		STORE_BY_ROW},
	[KEEP_CHANGE_ORDER] = {"keep-change-order",
		"UPDATE change SET replacement = $2 WHERE change.id = $1", STORE_BY_ROW},
	[KEEP_CHANGE_RECEIPT] = {"keep-change-receipt",
		"UPDATE change SET receipt = $2 WHERE change.id = $1", STORE_BY_ROW},
	/* The device of a change, under its new name: algorithm, key, sqn, created, public key, its digest, awaits, pseudonyms. */
	[ADD_ARRIVED] = {"add-arrived",
		"INSERT INTO device (client, subscriber, algorithm, key, sqn, created, public_key,"
		" key_digest, exportable, awaits, pseudonyms) VALUES"
		" ((SELECT change.new_client FROM change WHERE change.id = $1),"
		" (SELECT change.subscriber FROM change WHERE change.id = $1),"
		" $2, $3, $4, $5, $6, $7, 1, $8, $9)"},
	/* One that was registered anew meanwhile, for whomever, is not of this change. */
	[DROP_ARRIVED] = {"drop-arrived",
		"DELETE FROM device WHERE device.client = (SELECT change.new_client FROM change"
		" WHERE change.id = $1) AND device.awaits IN (2, 3)"},
	[PAGE_PSEUDONYMS] = {"page-pseudonyms",
		"SELECT device.client, device.pseudonyms FROM device WHERE device.client >= $1"
		" AND device.pseudonyms IS NOT NULL ORDER BY device.client LIMIT $2"},
	[REPLACE_PSEUDONYMS] = {"replace-pseudonyms",
		"UPDATE device SET pseudonyms = $2 WHERE device.client = $1"
		" AND device.pseudonyms = $3",
		STORE_BY_KEY},

	[FIND_DEPARTURE] = {"find-departure",
		"SELECT " DEPARTURE_COLUMNS
		" FROM departure WHERE departure.id = $1 AND departure.realm = $2"},
	[FIND_LEAVING] = {"find-leaving",
		"SELECT device.client, device.algorithm, device.key, device.sqn,"
		" device.exportable, device.public_key, device.pseudonyms, device.frozen"
		" FROM device WHERE device.client = $1 AND device.client <> ''"},
	[LIST_ASPS_OF_CLIENT] = {"list-asps-of-client",
		"SELECT DISTINCT application.asp FROM permission JOIN application"
		" ON application.id = permission.application WHERE permission.client = $1"
		" ORDER BY application.asp LIMIT 100"},
	[LIST_DEPARTURES] = {"list-departures",
		"SELECT " DEPARTURE_COLUMNS
		" FROM departure WHERE departure.id > $1 ORDER BY departure.id LIMIT $2"},
	[ADD_DEPARTURE] = {"add-departure",
		"INSERT INTO departure (id, realm, client, nonce, state, method, consent,"
		" replacement, is_open, created, updated)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)"},
	/* From here on no vector is made, so SQN stays. A key that the device has not confirmed is no key of it. One that is
	 * still on its way here goes nowhere else. */
	[FREEZE_DEVICE] = {"freeze-device",
		"UPDATE device SET frozen = $2, next_key = NULL WHERE device.client = $1"
		" AND device.client <> '' AND device.frozen IS NULL AND device.exportable = 1"
		" AND device.algorithm <> 0 AND device.awaits IN (0, 1) RETURNING key, sqn",
		STORE_BY_ROW},
	[KEEP_ENVELOPE] = {"keep-envelope",
		"UPDATE departure SET envelope = COALESCE(departure.envelope, $2),"
		" pseudonyms = COALESCE(departure.pseudonyms, $3), updated = $4"
		" WHERE departure.id = $1 AND departure.state = 'frozen'"
		" RETURNING envelope, pseudonyms",
		STORE_BY_ROW},
	/* $2 realm, from $3 to $4; is_open, receipt or NULL, pseudonyms or NULL, now. */
	[MOVE_DEPARTURE] = {"move-departure",
		"UPDATE departure SET state = $4, is_open = $5,"
		" receipt = COALESCE($6, departure.receipt),"
		" pseudonyms = COALESCE($7, departure.pseudonyms), updated = $8"
		" WHERE departure.id = $1 AND departure.realm = $2 AND departure.state = $3"
		" RETURNING client",
		STORE_BY_ROW},
	/* One that never came is noted too: a request that is still on its way is refused then. */
	[ABORT_DEPARTURE] = {"abort-departure",
		"INSERT INTO departure (id, realm, client, state, method, consent, is_open, "
		"created, updated) VALUES ($1, $2, '', 'aborted', '', '', 0, $3, $3)"
		" ON CONFLICT (id) DO UPDATE SET state = 'aborted', is_open = 0,"
		" updated = excluded.updated WHERE departure.realm = excluded.realm"
		" AND departure.state <> 'done' RETURNING client"},
	/* When its key has left it is to be replaced. */
	[THAW_DEVICE] = {"thaw-device",
		"UPDATE device SET frozen = NULL, awaits = CASE WHEN EXISTS (SELECT 1 FROM"
		" departure WHERE departure.id = $1 AND departure.envelope IS NOT NULL)"
		" THEN 1 ELSE device.awaits END WHERE device.frozen = $1"},
	/* One that was registered anew after it is another. */
	[DROP_LEFT] = {"drop-left",
		"DELETE FROM device WHERE device.client <> '' AND EXISTS (SELECT 1 FROM departure"
		" WHERE departure.id = $1 AND departure.client = device.client"
		" AND device.created <= departure.created)"},

	[FIND_KEYS] = {"find-keys",
		"SELECT device.key, device.next_key, device.awaits FROM device"
		" WHERE device.client = $1 AND device.client <> '' AND device.algorithm <> 0"
		" AND device.frozen IS NULL"},
	[KEEP_NEXT_KEY] = {"keep-next-key",
		"UPDATE device SET next_key = $2 WHERE device.client = $1"
		" AND device.awaits IN (1, 3) AND device.frozen IS NULL",
		STORE_BY_ROW},
	[PAGE_NEXT_KEYS] = {"page-next-keys",
		"SELECT device.client, device.next_key FROM device WHERE device.client >= $1"
		" AND device.next_key IS NOT NULL ORDER BY device.client LIMIT $2"},
	[REPLACE_NEXT_KEY] = {"replace-next-key",
		"UPDATE device SET next_key = $2 WHERE device.client = $1 AND device.next_key = $3",
		STORE_BY_KEY},
	/* The device has confirmed $2. */
	[SWITCH_KEY] = {"switch-key",
		"UPDATE device SET key = device.next_key, next_key = NULL, sqn = 0,"
		" awaits = device.awaits - 1 WHERE device.client = $1 AND device.next_key = $2"
		" AND device.awaits IN (1, 3) AND device.frozen IS NULL",
		STORE_BY_ROW},
	[MARK_UPDATED] = {"change-updated",
		"UPDATE change SET state = 'updated', updated = $2, detail = '' WHERE"
		" change.new_client = $1 AND change.is_open = 1 AND change.state = 'keyed'"},
	[FIRST_TOKEN] = {"first-token",
		"UPDATE device SET awaits = 0 WHERE device.client = $1 AND device.awaits = 2",
		STORE_BY_ROW},
	/* The device is here for good; the old operator is told next. */
	[MARK_FIRST_TOKEN] = {"change-first-token",
		"UPDATE change SET state = 'first_token', is_open = 0, due = $2, tries = 0,"
		" updated = $2, detail = '' WHERE change.new_client = $1 AND change.is_open = 1"
		" AND change.state = 'updated' RETURNING id, subscriber, old_realm, method"},
	/* $2, $3: NULL leaves it. A key update may be asked for, not taken back. */
	[SET_DEVICE] = {"set-device",
		"UPDATE device SET exportable = COALESCE($2, device.exportable),"
		" awaits = CASE WHEN $3 = 1 AND device.awaits IN (0, 2) AND device.algorithm <> 0"
		" THEN device.awaits + 1"
		" ELSE device.awaits END WHERE device.client = $1 AND device.client <> ''"},

	[FIND_IMPORT] = {"find-import",
		"SELECT " IMPORT_COLUMNS " FROM import WHERE import.id = $1"},
	[LIST_IMPORTS] = {"list-imports",
		"SELECT " IMPORT_COLUMNS " FROM import WHERE import.id > $1"
		" ORDER BY import.id LIMIT $2"},
	/* Moves on from line $7, where whoever asked believes it to stand. */
	[MARK_IMPORT] = {"mark-import",
		"INSERT INTO import (id, lines, digest, added, failed, created, updated)"
		" VALUES ($1, $2, $3, $4, $5, $6, $6)"
		" ON CONFLICT (id) DO UPDATE SET lines = excluded.lines, digest = excluded.digest,"
		" added = import.added + excluded.added, failed = import.failed + excluded.failed,"
		" updated = excluded.updated WHERE import.lines = $7 RETURNING " IMPORT_COLUMNS},
	[IMPORT_SUBSCRIBER] = {"import-subscriber",
		"INSERT INTO subscriber (id, verification, record, created) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (id) DO NOTHING"},
	/* One row also when this line was done before, which changes nothing; none when the client came otherwise. */
	[IMPORT_DEVICE] = {"import-device",
		"INSERT INTO device (client, subscriber, device, algorithm, key, sqn, created,"
		" import, import_line) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
		" ON CONFLICT (client) DO UPDATE SET import_line = excluded.import_line"
		" WHERE device.import = excluded.import"
		" AND device.import_line = excluded.import_line RETURNING client"},
	[ADD_IMPORT_ERROR] = {"add-import-error",
		"INSERT INTO import_error (import, line, detail) VALUES ($1, $2, $3)"
		" ON CONFLICT (import, line) DO UPDATE SET detail = excluded.detail"},
	[DROP_IMPORT_ERRORS_AFTER] = {"drop-import-errors-after",
		"DELETE FROM import_error WHERE import_error.import = $1 AND import_error.line > "
		"$2"},
	[LIST_IMPORT_ERRORS] = {"list-import-errors",
		"SELECT import_error.line, import_error.detail FROM import_error"
		" WHERE import_error.import = $1 AND import_error.line > $2"
		" ORDER BY import_error.line LIMIT $3"},

	[FIND_API_KEY] = {"find-api-key",
		"SELECT api_key.asp, api_key.name FROM api_key WHERE api_key.token = $1"
		" AND api_key.until > $2"},
	[FIND_SIGN_IN] = {"find-sign-in",
		"SELECT sign_in.subscriber, sign_in.id FROM sign_in WHERE sign_in.token = $1"
		" AND sign_in.until > $2"},
	/* $2 the serial number of the certificate: not one that another ASP was given. */
	[FIND_ELEMENT] = {"find-element",
		"SELECT element.asp FROM element WHERE element.name = $1 AND NOT EXISTS"
		" (SELECT 1 FROM asp_certificate WHERE asp_certificate.serial = $2"
		" AND asp_certificate.asp <> element.asp)"},
	[PUT_ACCOUNT] = {"put-account",
		"INSERT INTO account (subscriber, password, failures, locked_until, code_until, "
		"changed)"
		" VALUES ($1, $2, 0, 0, 0, $3) ON CONFLICT (subscriber) DO UPDATE SET"
		" password = excluded.password, failures = 0, locked_until = 0, code = NULL,"
		" changed = excluded.changed"},
	[DROP_ACCOUNT] = {"drop-account", "DELETE FROM account WHERE account.subscriber = $1"},
	/* $2 now, $3 attempts that are free, $4 seconds of the first lock. */
	[TAKE_ATTEMPT] = {"take-attempt",
		"UPDATE account SET failures = account.failures + 1, locked_until = CASE"
		" WHEN account.failures + 1 < $3 THEN 0"
		" ELSE $2 + CAST($4 AS BIGINT) * " DOUBLED(
			"account.failures + 1 - $3") " END"
						     " WHERE account.subscriber = $1 AND "
						     "account.locked_until <= $2"
						     " RETURNING password, code, code_until",
		STORE_BY_ROW},
	[CLEAR_ATTEMPTS] = {"clear-attempts",
		"UPDATE account SET failures = 0, locked_until = 0 WHERE account.subscriber = $1",
		STORE_BY_ROW},
	[SET_CODE] = {"set-code",
		"UPDATE account SET code = $2, code_until = $3 WHERE account.subscriber = $1"
		" AND account.locked_until <= $4 RETURNING subscriber, code_until",
		STORE_BY_ROW},
	[USE_CODE] = {"use-code",
		"UPDATE account SET failures = 0, locked_until = 0, code = NULL"
		" WHERE account.subscriber = $1 AND account.code IS NOT NULL",
		STORE_BY_ROW},
	[ADD_SIGN_IN] = {"add-sign-in",
		"INSERT INTO sign_in (token, id, subscriber, created, until)"
		" VALUES ($1, $2, $3, $4, $5)"},
	[TRIM_SIGN_INS] = {"trim-sign-ins",
		"DELETE FROM sign_in WHERE sign_in.subscriber = $1 AND (sign_in.until <= $3"
		" OR sign_in.id NOT IN (SELECT newest.id FROM sign_in AS newest"
		" WHERE newest.subscriber = $1 ORDER BY newest.id DESC LIMIT $2))"},
	[LIST_SIGN_INS] = {"list-sign-ins",
		"SELECT sign_in.id, sign_in.created, sign_in.until FROM sign_in"
		" WHERE sign_in.subscriber = $1 AND sign_in.id > $2 AND sign_in.until > $4"
		" ORDER BY sign_in.id LIMIT $3"},
	[DROP_SIGN_IN] = {"drop-sign-in",
		"DELETE FROM sign_in WHERE sign_in.subscriber = $1 AND sign_in.id = $2"},
	[DROP_SIGN_IN_OF_TOKEN] = {"drop-sign-in-of-token",
		"DELETE FROM sign_in WHERE sign_in.subscriber = $1 AND sign_in.token = $2"},
	[DROP_OTHER_SIGN_INS] = {"drop-other-sign-ins",
		"DELETE FROM sign_in WHERE sign_in.subscriber = $1 AND sign_in.token <> $2"},
	[ADD_OPERATOR_KEY] = {"add-operator-key",
		"INSERT INTO api_key (id, token, name, created, until)"
		" SELECT $1, $2, $3, $4, $5 WHERE (SELECT count(*) FROM api_key"
		" WHERE api_key.asp IS NULL) < $6"},
	[ADD_ASP_KEY] = {"add-asp-key",
		"INSERT INTO api_key (id, token, name, created, until, asp)"
		" SELECT $1, $2, $3, $4, $5, asp.id FROM asp WHERE asp.id = $7"
		" AND (SELECT count(*) FROM api_key WHERE api_key.asp = $7) < $6"},
	[LIST_API_KEYS] = {"list-api-keys",
		"SELECT api_key.id, api_key.asp, api_key.name, api_key.created, api_key.until"
		" FROM api_key WHERE COALESCE(api_key.asp, '') = $1 AND api_key.id > $2"
		" ORDER BY api_key.id LIMIT $3"},
	[DROP_API_KEY] = {"drop-api-key", "DELETE FROM api_key WHERE api_key.id = $1"},
	[DROP_API_KEY_OF] = {"drop-api-key-of",
		"DELETE FROM api_key WHERE api_key.id = $1 AND api_key.asp = $2"},

	/* $11: how many may wait. */
	[ADD_ASP_APPLICATION] = {"add-asp-application",
		"INSERT INTO asp_application (id, asp, name, elements, contact, csr, secret, state,"
		" created, until, reason, decided)"
		" SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 0"
		" WHERE (SELECT count(*) FROM asp_application WHERE asp_application.state = "
		"'pending') < $11"},
	[FIND_ASP_APPLICATION] = {"find-asp-application",
		"SELECT " ASP_APPLICATION_COLUMNS " FROM asp_application"
		" WHERE asp_application.id = $1"},
	/* Whose secret has run out before anything came of it: it takes nobody's place. */
	[DROP_OLD_ASP_APPLICATIONS] = {"drop-old-asp-applications",
		"DELETE FROM asp_application WHERE asp_application.state IN ('pending', 'refused')"
		" AND asp_application.until <= $1"},
	/* Those that the ASP has now. */
	[ELEMENTS_OF_CLAIM] = {"elements-of-claim",
		"SELECT element.name FROM asp_application JOIN element"
		" ON element.asp = asp_application.asp WHERE asp_application.id = $1"
		" ORDER BY element.name"},
	[FIND_CLAIM] = {"find-claim",
		"SELECT " ASP_APPLICATION_COLUMNS " FROM asp_application"
		" WHERE asp_application.id = $1 AND asp_application.secret = $2"},
	[LIST_ASP_APPLICATIONS] = {"list-asp-applications",
		"SELECT " ASP_APPLICATION_COLUMNS " FROM asp_application"
		" WHERE asp_application.id > $1 AND ($3 = '' OR asp_application.state = $3)"
		" ORDER BY asp_application.id LIMIT $2"},
	[DECIDE_ASP_APPLICATION] = {"decide-asp-application",
		"UPDATE asp_application SET state = $2, reason = $3, decided = $4"
		" WHERE asp_application.id = $1 AND asp_application.state = $5",
		STORE_BY_ROW},
	[PAGE_CONTACTS] = {"page-contacts",
		"SELECT asp_application.id, asp_application.contact FROM asp_application"
		" WHERE asp_application.id >= $1 ORDER BY asp_application.id LIMIT $2"},
	[REPLACE_CONTACT] = {"replace-contact",
		"UPDATE asp_application SET contact = $2 WHERE asp_application.id = $1"
		" AND asp_application.contact = $3",
		STORE_BY_KEY},
	[ADD_CERTIFICATE] = {"add-certificate",
		"INSERT INTO asp_certificate (serial, asp, names, pem, created, until)"
		" VALUES ($1, $2, $3, $4, $5, $6)"},
	[DROP_OLD_CERTIFICATES] = {"drop-old-certificates",
		"DELETE FROM asp_certificate WHERE asp_certificate.until <= $1"},
	[LIST_CERTIFICATES] = {"list-certificates",
		"SELECT asp_certificate.serial, asp_certificate.names, asp_certificate.pem,"
		" asp_certificate.created, asp_certificate.until FROM asp_certificate"
		" WHERE asp_certificate.asp = $1 AND asp_certificate.serial > $2"
		" ORDER BY asp_certificate.serial LIMIT $3"},

	[DROP_OLD_ANSWERS] = {"drop-old-answers",
		"DELETE FROM idempotency WHERE idempotency.created <= $1"},
	[ADD_ANSWER] = {"add-answer",
		"INSERT INTO idempotency (id, digest, created, status) VALUES ($1, $2, $3, 0)"
		" ON CONFLICT (id) DO NOTHING"},
	[FIND_ANSWER] = {"find-answer",
		"SELECT idempotency.status, idempotency.answer,"
		" CASE WHEN idempotency.digest = $2 THEN 1 ELSE 0 END FROM idempotency"
		" WHERE idempotency.id = $1"},
	[KEEP_ANSWER] = {"keep-answer",
		"UPDATE idempotency SET status = $2, answer = $3 WHERE idempotency.id = $1",
		STORE_BY_KEY},
	[DROP_ANSWER] = {"drop-answer", "DELETE FROM idempotency WHERE idempotency.id = $1",
		STORE_BY_KEY},
	[PAGE_ANSWERS] = {"page-answers",
		"SELECT idempotency.id, idempotency.answer FROM idempotency"
		" WHERE idempotency.id >= $1 AND idempotency.answer IS NOT NULL"
		" ORDER BY idempotency.id LIMIT $2"},
	[REPLACE_ANSWER] = {"replace-answer",
		"UPDATE idempotency SET answer = $2 WHERE idempotency.id = $1"
		" AND idempotency.answer = $3",
		STORE_BY_KEY},

	[ADD_AUDIT] = {"add-audit",
		"INSERT INTO audit (id, at, role, actor, operation, object, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)"},
	[LIST_AUDIT] = {"list-audit", "SELECT " AUDIT_COLUMNS
				      " FROM audit WHERE audit.id > $1 ORDER BY audit.id LIMIT $2"},
	[LIST_AUDIT_OF] = {"list-audit-of",
		"SELECT " AUDIT_COLUMNS " FROM audit WHERE audit.object = $3 AND audit.id > $1"
		" ORDER BY audit.id LIMIT $2"},
	[PAGE_AUDIT] = {"page-audit",
		"SELECT audit.id, audit.detail FROM audit WHERE audit.id >= $1"
		" ORDER BY audit.id LIMIT $2"},
	[REPLACE_AUDIT] = {"replace-audit",
		"UPDATE audit SET detail = $2 WHERE audit.id = $1 AND audit.detail = $3",
		STORE_BY_KEY},
	/* $2 role, $3 whose, $4 now, $5 kind, $6 what */
	[ADD_NOTICE] = {"add-notice", "INSERT INTO notice (id, role, owner, at, kind, detail)"
				      " VALUES ($1, $2, $3, $4, $5, $6)"},
	[ADD_NOTICE_TO_ASP_OF] = {"add-notice-to-asp-of",
		"INSERT INTO notice (id, role, owner, at, kind, detail)"
		" SELECT $1, $2, application.asp, $4, $5, $6 FROM application"
		" WHERE application.id = $3"},
	[ADD_NOTICE_TO_USER_OF] = {"add-notice-to-user-of",
		"INSERT INTO notice (id, role, owner, at, kind, detail)"
		" SELECT $1, $2, device.subscriber, $4, $5, $6 FROM device"
		" WHERE device.client = $3 AND device.subscriber IS NOT NULL"},
	[ADD_NOTICE_TO_ASP_OF_EXTENSION] = {"add-notice-to-asp-of-extension",
		"INSERT INTO notice (id, role, owner, at, kind, detail)"
		" SELECT $1, $2, extension.asp, $4, $5, $6 FROM extension WHERE extension.id = $3"},
	[ADD_NOTICE_TO_USER_OF_EXTENSION] = {"add-notice-to-user-of-extension",
		"INSERT INTO notice (id, role, owner, at, kind, detail)"
		" SELECT $1, $2, extension.subscriber, $4, $5, $6 FROM extension"
		" WHERE extension.id = $3"},
	[ADD_NOTICE_TO_USER_OF_SUBJECT] = {"add-notice-to-user-of-subject",
		"INSERT INTO notice (id, role, owner, at, kind, detail)"
		" SELECT $1, $2, extension.subscriber, $4, $5, $6 FROM extension"
		" WHERE extension.subject = $3 ORDER BY extension.id DESC LIMIT 1"},
	[LIST_NOTICES] = {"list-notices",
		"SELECT notice.id, notice.at, notice.kind, notice.detail FROM notice"
		" WHERE notice.role = $1 AND notice.owner = $2 AND notice.id > $3"
		" ORDER BY notice.id LIMIT $4"},
	[DROP_NOTICE] = {"drop-notice",
		"DELETE FROM notice WHERE notice.role = $1 AND notice.owner = $2"
		" AND notice.id = $3"},
	[PAGE_NOTICES] = {"page-notices",
		"SELECT notice.id, notice.detail FROM notice WHERE notice.id >= $1"
		" ORDER BY notice.id LIMIT $2"},
	[REPLACE_NOTICE] = {"replace-notice",
		"UPDATE notice SET detail = $2 WHERE notice.id = $1 AND notice.detail = $3",
		STORE_BY_KEY},
};
