// SPDX-License-Identifier: Apache-2.0
/*
 * rp_messages: what RP_B and RP_A carry over Diameter. Zh (TS 29.109 4, 29.229): MAR/MAA. Permission:
 * AAR/AAA, its end and change ASR/ASA, RAR/RAA (RFC 7155, RFC 6733 8). Zn (TS 29.109 5): BIR/BIA; what Y.3056
 * asks beyond it: RPR/RPA. AVPs and codes: docs/protocol/rp_b.md, rp_a.md.
 * The rows write Vendor-Specific-Application-Id where Zh and Zn have it.
 *  req: B9.6.2
 */
#pragma once

#include "core/ident.h"
#include "core/token.h"
#include "core/words.h"
#include "wire/diameter.h"

/* Fields every session message begins with, decoded by the same rows. */
struct rp_session {
	struct view session_id, origin_host, origin_realm, destination_host, destination_realm;
	uint32_t auth_session_state; /* 1: no state maintained */
	bool has_result;
	uint32_t result;
	bool has_experimental;
	uint32_t experimental; /* code alone: the vendor is 10415 */
	struct view error_message;
};

/* What is asked for in MAR: a vector, or whose a public key is. */
#define RP_SCHEME_AKA	      "Digest-AKAv1-MD5"
#define RP_SCHEME_CERTIFICATE "y3056-certificate"
/* Or which security degrees the realm has: nobody's User-Name. */
#define RP_SCHEME_REALM "y3056-realm"

struct rp_auth_item {		  /* 612 SIP-Auth-Data-Item */
	struct view scheme;	  /* 608 */
	struct view authenticate; /* 609 RAND || AUTN */
	struct view authorization; /* 610 XRES; in a resync request RAND || AUTS; of a public key its SHA-256 */
	struct view confidentiality_key, integrity_key; /* 625 CK, 626 IK */
};

struct rp_mar {
	struct rp_session s;
	struct view user_name; /* IMPI */
	bool has_item;
	struct rp_auth_item item;
	bool has_item_count;
	uint32_t item_count; /* 607 */
	bool has_guss_timestamp;
	int64_t guss_timestamp; /* 409 */
};

/* A security degree (8.4): what it asks of long-term keys and tokens. */
struct rp_degree {
	struct view name, mechanisms, algorithms; /* words with spaces between; empty: any */
	bool has_strength;
	uint32_t strength; /* bits of security */
	bool has_lifetime;
	uint32_t lifetime; /* seconds */
};
enum { RP_DEGREES = 16 };

struct rp_maa {
	struct rp_session s;
	struct view user_name;
	bool has_item;
	struct rp_auth_item item;
	struct view guss; /* 400, <guss> XML */
	bool has_awaits;
	uint32_t awaits;	   /* enum rp_awaits, added up */
	struct view key_algorithm; /* of the long-term key behind the vector */
	bool has_key_strength;
	uint32_t key_strength; /* bits of security */
	struct rp_degree degrees[RP_DEGREES];
	size_t degree_count;
};

/* What the authorization element would like of a device: that its key is updated (10.6.1/4), and to hear of its first token
 * after a change of operator (10.6/5). */
enum rp_awaits { RP_AWAITS_KEY = 1, RP_AWAITS_TOKEN = 2 };

/*
 * KUR: command 16777215 of Zh's application.
 *	a new key		User-Name, Update-Public (the device's), Update-Wrap -> Update-Public (the vault's), Update-Sealed
 *	it is confirmed		User-Name, Transaction-Identifier, Update-Confirm -> Update-Confirm
 *	its first token is made	User-Name
 */
struct rp_kur {
	struct rp_session s;
	struct view user_name;
	struct view public_half;    /* X25519 */
	struct view wrap;	    /* of Ks and channel, see core/key_update.h */
	struct view transaction_id; /* the token that the device proves itself with */
	struct view confirm;
};
struct rp_kua {
	struct rp_session s;
	struct view public_half, sealed, confirm;
};

/*
 * A question about permission; the Ua id UA_ALL in NAF-Id asks for all that the application registered.
 *	3a			User-Name, NAF-Id
 *	at a pull		User-Name, NAF-Id, NAS-Identifier: and may this element ask?
 *	at an announcement	NAF-Id, NAS-Identifier: may this element serve the application?
 */
struct rp_aar {
	struct rp_session s;
	uint32_t auth_application;  /* 1 */
	uint32_t request_type;	    /* 274 Auth-Request-Type: 2 AUTHORIZE_ONLY */
	struct view user_name;	    /* client */
	struct view naf_id;	    /* 402 application || Ua id */
	struct view nas_identifier; /* 32: the application element that asks, from its certificate */
};

enum {
	RP_UAS = 16,
	RP_MEMBERS = 32,
	RP_ANNOUNCED = 32,
	RP_MECHANISMS = 8,
	RP_RIGHTS = WORDS_MAX,
	RP_ATTRIBUTES = 2048, /* bytes of JSON */
};

struct rp_aaa {
	struct rp_session s;
	uint32_t auth_application, request_type;
	struct view user_name;
	bool has_authorization_lifetime;
	uint32_t authorization_lifetime; /* 291, seconds that the permission lasts */
	struct view guss;		 /* 400: ussList with the pseudonym as uid */
	struct view naf_ids[RP_UAS]; /* 402: what the token is for (application or group) || each Ua id */
	size_t naf_id_count;
	struct view format; /* "y3056", "gba" */
	struct view degree; /* security degree, by name */
	bool has_token_lifetime;
	uint32_t token_lifetime;	 /* seconds that a token may live */
	struct view members[RP_MEMBERS]; /* applications that a group's token opens (9.6.1) */
	size_t member_count;
	struct view rights[RP_RIGHTS]; /* what the client may do with the application */
	size_t right_count;
	struct view attributes; /* of the subscriber, as granted: a JSON object, or empty */
	struct view degree_mechanisms,
		degree_algorithms; /* what the degree asks of the device's key */
	bool has_degree_strength;
	uint32_t degree_strength;
};

/* The permission of a session is withdrawn (RFC 6733 8.5), or has changed: ask again (8.3). */
struct rp_asr {
	struct rp_session s;
	uint32_t auth_application;
};
struct rp_rar {
	struct rp_session s;
	uint32_t auth_application;
	uint32_t request_type; /* 285 Re-Auth-Request-Type: 0 AUTHORIZE_ONLY */
};
struct rp_asa { /* RAA too */
	struct rp_session s;
};

struct rp_bir {
	struct rp_session s;
	struct view transaction_id; /* 401 token id */
	struct view naf_id;	    /* 402 */
	uint32_t service_ids[8];
	size_t service_id_count; /* 403, OctetString of four bytes on the wire */
	bool has_private_identity_request;
	uint32_t private_identity_request; /* 416 */
};

struct rp_bia {
	struct rp_session s;
	struct view user_name;	  /* only if granted */
	struct view key_material; /* 405 ME-Key-Material */
	bool has_expiry;
	int64_t expiry; /* 404 */
	bool has_creation;
	int64_t creation; /* 408 */
	struct view guss; /* 400 */
	struct view rights[RP_RIGHTS];
	size_t right_count;
	struct view attributes;
};

/* RPR: command 16777214 of Zn's application, in either direction. */
enum rp_a_type { RP_A_ANNOUNCE = 1, RP_A_PUSH = 2, RP_A_REVOKE = 3, RP_A_SUBSCRIPTION = 4 };

struct rp_announced {
	struct view naf_ids[RP_UAS]; /* 402 application || Ua id that is served */
	size_t naf_id_count;
	struct view address; /* "host:port" where devices reach it */
	struct view mechanisms[RP_MECHANISMS];
	size_t mechanism_count;
	bool has_shared;
	uint32_t shared; /* 1: tokens of a group open it */
};

struct rp_ua_key {
	struct view naf_id, key; /* 402, 405 */
};

struct rp_rpr {
	struct rp_session s;
	uint32_t type; /* enum rp_a_type */
	struct rp_announced announced[RP_ANNOUNCED];
	size_t announced_count;
	struct view log; /* 16 bytes: which event log the serial is of */
	bool has_serial;
	uint64_t serial;
	struct view transaction_id;    /* token id */
	struct view naf_id;	       /* application || UA_ALL */
	struct rp_ua_key keys[RP_UAS]; /* push */
	size_t key_count;
	struct view format, degree;
	bool has_expiry;
	int64_t expiry; /* 404 */
	bool has_creation;
	int64_t creation; /* 408 */
	/* PUSH and SUBSCRIPTION; one without a ussList says nothing of these either. */
	struct view guss; /* ussList */
	struct view rights[RP_RIGHTS];
	size_t right_count;
	struct view attributes;
};

struct rp_rpa {
	struct rp_session s;
	struct view log;
	bool has_serial;
	uint64_t serial;
};

extern const struct avp_row rp_mar_rows[], rp_maa_rows[], rp_kur_rows[], rp_kua_rows[],
	rp_aar_rows[], rp_aaa_rows[], rp_asr_rows[], rp_asa_rows[], rp_rar_rows[], rp_raa_rows[],
	rp_bir_rows[], rp_bia_rows[], rp_rpr_rows[], rp_rpa_rows[];

/* NAF-Id = application identity || Ua id (TS 33.220 Annex H), appended; and apart again. ERR_SYNTAX. */
enum { NAF_ID_MAX = IDENT_MAX + UA_SIZE };
enum err rp_naf_id(const struct ident *application, struct ua ua, struct buf *ret);
enum err rp_from_naf_id(struct view naf_id, struct ident *ret_application, struct ua *ret_ua);
