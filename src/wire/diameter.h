// SPDX-License-Identifier: Apache-2.0
/*
 * diameter: the base protocol's bytes (RFC 6733): header, AVPs, and the messages between adjacent
 * peers (CER/CEA, DWR/DWA, DPR/DPA). Every message is a struct and a table of AVP rows; encoder and
 * decoder both run over the table. Views in a decoded struct point into the message's bytes.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { DIAMETER_HEADER = 20, DIAMETER_MAX = 65536 };
enum { VENDOR_3GPP = 10415 };
/* The enterprise number of RFC 5612, set aside for examples, until this project has one. */
enum { VENDOR_SYMBOLON = 32473 };

enum diameter_command {
	DIAMETER_CER = 257,
	DIAMETER_RAR = 258,
	DIAMETER_AAR = 265,
	DIAMETER_ASR = 274,
	DIAMETER_DWR = 280,
	DIAMETER_DPR = 282,
	DIAMETER_MAR = 303,
	DIAMETER_BIR = 310,
	DIAMETER_RPR = 16777214, /* experimental (RFC 6733 11.2.1): what RP_A has beyond Zn */
	DIAMETER_KUR = 16777215, /* the same: what RP_B has beyond Zh */
};

enum diameter_application {
	DIAMETER_BASE = 0,
	DIAMETER_NASREQ = 1,
	DIAMETER_ZN = 16777220,
	DIAMETER_ZH = 16777221,
};
#define DIAMETER_RELAY UINT32_C(0xffffffff)

enum diameter_result {
	DIAMETER_SUCCESS = 2001,
	DIAMETER_COMMAND_UNSUPPORTED = 3001,
	DIAMETER_UNABLE_TO_DELIVER = 3002,
	DIAMETER_REALM_NOT_SERVED = 3003,
	DIAMETER_TOO_BUSY = 3004,
	DIAMETER_LOOP_DETECTED = 3005,
	DIAMETER_APPLICATION_UNSUPPORTED = 3007,
	DIAMETER_INVALID_HDR_BITS = 3008,
	DIAMETER_INVALID_AVP_BITS = 3009,
	DIAMETER_UNKNOWN_PEER = 3010,
	DIAMETER_AUTHENTICATION_REJECTED = 4001,
	DIAMETER_AVP_UNSUPPORTED = 5001,
	DIAMETER_UNKNOWN_SESSION_ID = 5002,
	DIAMETER_AUTHORIZATION_REJECTED = 5003,
	DIAMETER_INVALID_AVP_VALUE = 5004,
	DIAMETER_MISSING_AVP = 5005,
	DIAMETER_AVP_OCCURS_TOO_MANY_TIMES = 5009,
	DIAMETER_NO_COMMON_APPLICATION = 5010,
	DIAMETER_UNABLE_TO_COMPLY = 5012,
	DIAMETER_INVALID_AVP_LENGTH = 5014,
	DIAMETER_INVALID_MESSAGE_LENGTH = 5015,
	/* experimental results of vendor 10415 (TS 29.109 6.2) */
	DIAMETER_IDENTITY_UNKNOWN = 5401,
	DIAMETER_NOT_AUTHORIZED = 5402,
	DIAMETER_TRANSACTION_IDENTIFIER_INVALID = 5403,
};

enum {
	DIAMETER_REQUEST = 0x80,
	DIAMETER_PROXIABLE = 0x40,
	DIAMETER_ERROR = 0x20,
	DIAMETER_RETRANSMIT = 0x10
};
enum { AVP_VENDOR = 0x80, AVP_MANDATORY = 0x40 };

struct diameter_header {
	uint8_t flags;
	uint32_t command, application, hop_by_hop, end_to_end;
	uint32_t length; /* of the whole message, filled by the parser */
};

/* Length of the message that begins here: 0 when fewer than 4 bytes are there, else 20 to DIAMETER_MAX
 * and a multiple of 4. ERR_SYNTAX otherwise (the connection is of no use any more). */
enum err diameter_length(struct view begin, size_t *ret_length);
enum err diameter_parse_header(struct view message, struct diameter_header *ret);

enum avp_type {
	AVP_OCTETS,
	AVP_UTF8,
	AVP_IDENTITY,
	AVP_U32,
	AVP_ENUM,
	AVP_U64,
	AVP_TIME,
	AVP_ADDRESS,
	AVP_GROUP
};

/* One AVP of the dictionary: src/wire/diameter_avps.h has one row each. */
struct avp {
	const char *name;
	uint32_t code, vendor;
	uint8_t flags;
	enum avp_type type;
};

enum avp_arity {
	AVP_ONE, /* must be there, in requests and in answers that succeed */
	AVP_OPTIONAL,
	AVP_FIRST, /* may be repeated; the first is kept */
	AVP_MANY,
	AVP_FIXED, /* always written, with the value in `max`; no other value is accepted */
};

/*
 * One row of a message: where the AVP's value goes in the struct. The field is
 *	OCTETS UTF8 IDENTITY		struct view	(absent: data NULL)
 *	ADDRESS				struct view, its first two octets being the family (1 IPv4, 2 IPv6)
 *	U32 ENUM			uint32_t	TIME int64_t (seconds since 1970)	U64 uint64_t
 *	GROUP				a nested struct, described by `group`; without it a
 *					struct view of the whole AVP, header and padding included
 * AVP_OPTIONAL numbers and groups also have a bool at `present`. AVP_MANY rows hold an array of `max`
 * fields at `offset` and a size_t at `present`. A table has at most 63 rows and ends with a NULL avp,
 * whose `stride` is the struct's size. wire/diameter_avps.h has macros that write rows.
 */
struct avp_row {
	const struct avp *avp;
	enum avp_arity arity;
	size_t offset, present, max, stride;
	const struct avp_row *group;
};

/* Base fields that any message has; the peer machine reads and sets these. */
struct diameter_base {
	struct view session_id, origin_host, origin_realm, destination_host, destination_realm,
		user_name;
	bool has_result;
	uint32_t result; /* Result-Code */
	bool has_experimental;
	uint32_t experimental; /* Experimental-Result-Code of vendor 10415 */
	struct view error_message;
	struct view route_records[8];
	size_t route_record_count;
	struct view proxy_info[8]; /* whole AVPs, echoed in the answer */
	size_t proxy_info_count;
};

/* Why a message was refused, for the answer: Result-Code and the AVP to put into Failed-AVP. */
struct diameter_fault {
	enum diameter_result result;
	struct view failed_avp; /* whole AVP, or empty */
	struct avp example; /* unless its code is 0: shown with a zero value instead (RFC 6733 7.5) */
};

/* AVPs in one message, those in groups included. */
enum { DIAMETER_AVPS_MAX = 512 };

/*
 * Decodes all AVPs after the header over `rows` into `ret` (zeroed first). Unknown AVPs are skipped
 * unless their M bit is set (5001). Messages of the base application are read generously: unknown
 * AVPs and those beyond an array's room are skipped, since a peer's capabilities may be wider than
 * ours. ERR_SYNTAX with `ret_fault` filled.
 */
enum err diameter_decode(struct view message, const struct avp_row *rows, void *ret,
	struct diameter_fault *ret_fault);
/* Appends a whole message, length patched. Optional fields that are absent are left out. */
void diameter_encode(struct buf *out, const struct diameter_header *header,
	const struct avp_row *rows, const void *in);
extern const struct avp_row diameter_base_rows[];
/* Only the base fields, of any message: for routing, and for answers that carry nothing else. On
 * failure `ret` has what stood before the fault. */
enum err diameter_decode_base(struct view message, struct diameter_base *ret,
	struct diameter_fault *ret_fault);
/* Appends the answer to a request of which header and base fields are known: its identifiers, its P
 * bit, and its Proxy-Info at the end (RFC 6733 6.2). */
void diameter_encode_answer(struct buf *out, const struct diameter_header *request,
	const struct diameter_base *base, const struct avp_row *rows, const void *in);
/* An answer that refuses `request` (RFC 6733 7.2): E bit for 3xxx, 5401 to 5403 as Experimental-Result,
 * Session-Id and Proxy-Info echoed, Failed-AVP when the fault has one. The message may be malformed
 * behind its header; one without a whole header gets nothing. */
void diameter_encode_error(struct buf *out, struct view request, const struct diameter_fault *fault,
	struct view origin_host, struct view origin_realm, const char *error_message);

/* Capabilities exchange: request and answer share the struct. */
enum { DIAMETER_APPS_MAX = 32 };
struct diameter_application_id {
	uint32_t vendor_id;
	bool has_auth;
	uint32_t auth;
	bool has_acct;
	uint32_t acct;
};
struct diameter_capabilities {
	bool has_result;
	uint32_t result;
	struct view origin_host, origin_realm, host_address, product_name, error_message;
	uint32_t vendor_id;
	bool has_state_id;
	uint32_t origin_state_id;
	uint32_t supported_vendors[DIAMETER_APPS_MAX];
	size_t supported_vendor_count;
	uint32_t auth_applications[DIAMETER_APPS_MAX];
	size_t auth_application_count;
	uint32_t inband_security[4];
	size_t inband_security_count;
	struct diameter_application_id vendor_applications[DIAMETER_APPS_MAX];
	size_t vendor_application_count;
};
extern const struct avp_row diameter_capabilities_rows[];
/* Whether `application` is announced, in either of the two places that peers use, or by a relay. */
bool diameter_announces(const struct diameter_capabilities *c, uint32_t application);

struct diameter_watchdog { /* DWR, DWA, DPR, DPA */
	bool has_result;
	uint32_t result;
	struct view origin_host, origin_realm, error_message;
	bool has_state_id;
	uint32_t origin_state_id;
	bool has_cause;
	uint32_t disconnect_cause;
};
extern const struct avp_row diameter_watchdog_rows[];
