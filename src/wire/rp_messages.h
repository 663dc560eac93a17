// SPDX-License-Identifier: Apache-2.0
/*
 * rp_messages: what RP_B and RP_A carry over Diameter. Zh (TS 29.109 4, 29.229): MAR/MAA. Permission:
 * AAR/AAA (RFC 7155). Zn (TS 29.109 5): BIR/BIA. AVPs and codes: docs/protocol/rp_b.md, rp_a.md.
 * The rows write Vendor-Specific-Application-Id where Zh and Zn have it.
 *  req: B9.6.2
 */
#pragma once

#include "core/ident.h"
#include "core/token.h"
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

struct rp_auth_item {		   /* 612 SIP-Auth-Data-Item */
	struct view scheme;	   /* 608 "Digest-AKAv1-MD5" */
	struct view authenticate;  /* 609 RAND || AUTN */
	struct view authorization; /* 610 XRES; in a resync request RAND || AUTS */
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

struct rp_maa {
	struct rp_session s;
	struct view user_name;
	bool has_item;
	struct rp_auth_item item;
	struct view guss; /* 400, <guss> XML */
};

/* 3a, and the check at a pull: may this client use this application, and may this element ask? */
struct rp_aar {
	struct rp_session s;
	uint32_t auth_application; /* 1 */
	uint32_t request_type;	   /* 274 Auth-Request-Type: 2 AUTHORIZE_ONLY */
	struct view user_name;	   /* client */
	struct view naf_id;	   /* 402 application || Ua id */
	struct view nas_identifier; /* 32: the application element that asks, from its certificate; empty at 3a */
};

struct rp_aaa {
	struct rp_session s;
	uint32_t auth_application, request_type;
	struct view user_name;
	bool has_authorization_lifetime;
	uint32_t authorization_lifetime; /* 291, seconds that the permission lasts */
	struct view guss;		 /* 400: ussList with the pseudonym as uid */
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
};

extern const struct avp_row rp_mar_rows[], rp_maa_rows[], rp_aar_rows[], rp_aaa_rows[],
	rp_bir_rows[], rp_bia_rows[];

/* NAF-Id = application identity || Ua id (TS 33.220 Annex H), appended; and apart again. ERR_SYNTAX. */
enum { NAF_ID_MAX = IDENT_MAX + UA_SIZE };
enum err rp_naf_id(const struct ident *application, struct ua ua, struct buf *ret);
enum err rp_from_naf_id(struct view naf_id, struct ident *ret_application, struct ua *ret_ua);
