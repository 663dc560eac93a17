// SPDX-License-Identifier: Apache-2.0
/*
 * tables of the part that knows other registries:
 * peer		a registry that joined, or wants to: its place, where and by which certificate it is known, the key of its
 *		log; how much of that log is applied here (seq), and the compact range of it (wire/merkle.h); `also`: RegIDs
 *		that are not below its own, and that it may speak for; `answer_key`: the thumbprint of the key by which it asked
 *		for a certificate of ours, or nothing
 * heard	the last word on a device that is not in this registry nor in one below
 * word		which events of others have become words of our own log already
 */
#pragma once

#define PEER_COLUMNS                                                                               \
	"peer.id, peer.relation, peer.type, peer.state, peer.url, peer.address, peer.log_key,"     \
	" peer.since, peer.reason, peer.seq, peer.range, peer.also, peer.answer_key"

#define PEER_TABLES(TEXT, INT, BLOB, ROWS, KEYED)                                                  \
	"CREATE TABLE peer (id " TEXT " PRIMARY KEY, relation " INT " NOT NULL, type " INT         \
	" NOT NULL, state " INT " NOT NULL, url " TEXT " NOT NULL, address " TEXT " NOT NULL,"     \
	" log_key " TEXT " NOT NULL, since " INT " NOT NULL, reason " TEXT " NOT NULL, seq " INT   \
	" NOT NULL, range " BLOB ", also " TEXT " NOT NULL,"                                       \
	" answer_key " TEXT " NOT NULL)" KEYED ";"                                                 \
	"CREATE TABLE heard (subject " TEXT " PRIMARY KEY, registry " TEXT                         \
	" NOT NULL, said_by " TEXT " NOT NULL, trust " INT " NOT NULL, at " INT                    \
	" NOT NULL, origin_seq " INT " NOT NULL, make " TEXT " NOT NULL, model " TEXT              \
	" NOT NULL)" KEYED ";"                                                                     \
	"CREATE INDEX heard_trust ON heard (trust, subject);"                                      \
	"CREATE INDEX device_trust ON device (trust, id);"                                         \
	"CREATE TABLE word (origin " TEXT " NOT NULL, origin_seq " INT                             \
	" NOT NULL, PRIMARY KEY (origin, origin_seq))" KEYED ";"

#define PEER_STATEMENTS(S)                                                                           \
	/* -> all columns */                                                                         \
	S(ALL_PEERS, STORE_ALONE, "SELECT " PEER_COLUMNS " FROM peer ORDER BY peer.id")              \
	/* id -> seq, range */                                                                       \
	S(FIND_PEER_PLACE, STORE_ALONE, "SELECT peer.seq, peer.range FROM peer WHERE peer.id = $1")  \
	/* id, relation, type, state, url, address, log key, since, reason, also, answer key */      \
	S(PUT_PEER, STORE_BY_KEY,                                                                    \
		"INSERT INTO peer (id, relation, type, state, url, address, log_key, since,"         \
		" reason, seq, range, also, answer_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "    \
		"$9, 0, NULL, "                                                                      \
		"$10, $11)"                                                                          \
		" ON CONFLICT (id) DO UPDATE SET relation = excluded.relation,"                      \
		" type = excluded.type, state = excluded.state, url = excluded.url,"                 \
		" address = excluded.address, log_key = excluded.log_key,"                           \
		" since = excluded.since, reason = excluded.reason, also = excluded.also,"           \
		" answer_key = excluded.answer_key")                                                 \
	/* id, state, reason, since, the state before */                                             \
	S(SET_PEER_STATE, STORE_BY_KEY,                                                              \
		"UPDATE peer SET state = $2, reason = $3, since = $4"                                \
		" WHERE peer.id = $1 AND peer.state = $5")                                           \
	/* id: its log is read anew */                                                               \
	S(RESET_PEER, STORE_BY_KEY, "UPDATE peer SET seq = 0, range = NULL WHERE peer.id = $1")      \
	/* id, seq, range, the seq before */                                                         \
	S(MOVE_PEER, STORE_BY_KEY,                                                                   \
		"UPDATE peer SET seq = $2, range = $3 WHERE peer.id = $1 AND peer.seq = $4")         \
	/* subject, registry, who says so, trust, at, origin_seq, make, model: later ones stay */    \
	S(PUT_HEARD, STORE_BY_KEY,                                                                   \
		"INSERT INTO heard (subject, registry, said_by, trust, at, origin_seq, make,"        \
		" model) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (subject)"              \
		" DO UPDATE SET registry = excluded.registry, said_by = excluded.said_by,"           \
		" trust = excluded.trust, at = excluded.at, origin_seq = excluded.origin_seq,"       \
		" make = excluded.make, model = excluded.model WHERE excluded.at > heard.at"         \
		" OR (excluded.at = heard.at AND excluded.origin_seq > heard.origin_seq)")           \
	/* subject */                                                                                \
	S(DROP_HEARD, STORE_BY_KEY, "DELETE FROM heard WHERE heard.subject = $1")                    \
	/* subject -> registry, who says so, trust, at, make, model */                               \
	S(FIND_HEARD, STORE_ALONE,                                                                   \
		"SELECT heard.registry, heard.said_by, heard.trust, heard.at, heard.make,"           \
		" heard.model FROM heard WHERE heard.subject = $1")                                  \
	/* origin, its seq there */                                                                  \
	S(ADD_WORD, STORE_BY_KEY, "INSERT INTO word (origin, origin_seq) VALUES ($1, $2)")           \
	S(FIND_WORD, STORE_ALONE,                                                                    \
		"SELECT word.origin_seq FROM word WHERE word.origin = $1 AND word.origin_seq = "     \
		"$2")                                                                                \
	/* origin, its seq there -> commitment */                                                    \
	S(FIND_RELAYED, STORE_ALONE,                                                                 \
		"SELECT event.commitment FROM event WHERE event.origin = $1"                         \
		" AND event.origin_seq = $2")                                                        \
	/* id, registry, identifier, make, model, firmware, facts, rot_kind, rot_id, at, place of  \
	 * its event in the unit, life */ \
	S(PUT_RELAYED_DEVICE, STORE_ALONE,                                                           \
		"INSERT INTO device (id, registry, identifier, make, model, firmware, facts,"        \
		" rot_kind, rot_id, proved_by, proved_key, trust, since, rule, cause_seq, life,"     \
		" list_index, registered_at, confirmed_at, reported_at, facts_seq, duplicate)"       \
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', 2, $10, 'not confirmed',"      \
		" " DEVICE_NEXT_SEQ " + $11, $12, NULL, $10, NULL, $10, " DEVICE_NEXT_SEQ            \
		" + $11, 0) ON CONFLICT (id) DO UPDATE SET make = excluded.make,"                    \
		" model = excluded.model, firmware = excluded.firmware, facts = excluded.facts,"     \
		" rot_kind = excluded.rot_kind, rot_id = excluded.rot_id,"                           \
		" trust = excluded.trust, since = excluded.since, rule = excluded.rule,"             \
		" cause_seq = excluded.cause_seq, life = excluded.life,"                             \
		" facts_seq = excluded.facts_seq")                                                   \
	/* id, firmware, facts, at, place of its event in the unit */                                \
	S(SET_RELAYED_FACTS, STORE_ALONE,                                                            \
		"UPDATE device SET firmware = $2, facts = $3, reported_at = $4,"                     \
		" facts_seq = " DEVICE_NEXT_SEQ " + $5 WHERE device.id = $1")                        \
	/* id, life, when it confirmed or NULL */                                                    \
	S(SET_RELAYED_LIFE, STORE_BY_KEY,                                                            \
		"UPDATE device SET life = $2, confirmed_at = COALESCE($3, device.confirmed_at)"      \
		" WHERE device.id = $1")                                                             \
	/* id, trust, since, rule, place of its event in the unit */                                 \
	S(SET_RELAYED_TRUST, STORE_ALONE,                                                            \
		"UPDATE device SET trust = $2, since = $3, rule = $4,"                               \
		" cause_seq = " DEVICE_NEXT_SEQ " + $5 WHERE device.id = $1")                        \
	/* id */                                                                                     \
	S(DROP_RELAYED_DEVICE, STORE_BY_KEY, "DELETE FROM device WHERE device.id = $1")              \
	/* trust, after this RegDevID, how many -> id, registry, since, make, model, who says so */  \
	S(LIST_BY_TRUST, STORE_ALONE,                                                                \
		"SELECT device.id, device.registry, device.since, device.make, device.model, ''"     \
		" FROM device WHERE device.trust = $1 AND device.id > $2 UNION ALL"                  \
		" SELECT heard.subject, heard.registry, heard.at, heard.make, heard.model,"          \
		" heard.said_by FROM heard WHERE heard.trust = $1 AND heard.subject > $2"            \
		" AND NOT EXISTS (SELECT 1 FROM device WHERE device.id = heard.subject)"             \
		" ORDER BY 1 LIMIT $3")
