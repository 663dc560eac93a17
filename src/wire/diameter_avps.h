// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_avps: the dictionary, one row an AVP. What stands here is understood: an AVP of it that a
 * message has no use for is skipped, whatever its M bit; any other one with the M bit is refused.
 *
 *	X(id, name, code, vendor, flags, type)
 *
 * RFC 6733 4.5; RFC 7155 4.1 (NAS-Identifier); TS 29.229 6.3 (6xx); TS 29.109 6.3 (4xx).
 * GAA-Service-Identifier is an OctetString that always holds a number of four octets. What Y.3056 asks for
 * and no standard has (docs/protocol/rp_a.md) stands under VENDOR_SYMBOLON.
 */
#pragma once

#include "wire/diameter.h"

#define AVP_M  AVP_MANDATORY
#define AVP_V  AVP_VENDOR
#define AVP_MV (AVP_MANDATORY | AVP_VENDOR)

/* clang-format off */
#define DIAMETER_AVPS(X) \
	X(USER_NAME,		"User-Name",		1, 0, AVP_M, AVP_UTF8) \
	X(CLASS,		"Class",		25, 0, AVP_M, AVP_OCTETS) \
	X(SESSION_TIMEOUT,	"Session-Timeout",	27, 0, AVP_M, AVP_U32) \
	X(NAS_IDENTIFIER,	"NAS-Identifier",	32, 0, AVP_M, AVP_UTF8) \
	X(PROXY_STATE,		"Proxy-State",		33, 0, AVP_M, AVP_OCTETS) \
	X(EVENT_TIMESTAMP,	"Event-Timestamp",	55, 0, AVP_M, AVP_TIME) \
	X(HOST_IP_ADDRESS,	"Host-IP-Address",	257, 0, AVP_M, AVP_ADDRESS) \
	X(AUTH_APPLICATION_ID,	"Auth-Application-Id",	258, 0, AVP_M, AVP_U32) \
	X(ACCT_APPLICATION_ID,	"Acct-Application-Id",	259, 0, AVP_M, AVP_U32) \
	X(VENDOR_APPLICATION,	"Vendor-Specific-Application-Id", 260, 0, AVP_M, AVP_GROUP) \
	X(SESSION_ID,		"Session-Id",		263, 0, AVP_M, AVP_UTF8) \
	X(ORIGIN_HOST,		"Origin-Host",		264, 0, AVP_M, AVP_IDENTITY) \
	X(SUPPORTED_VENDOR_ID,	"Supported-Vendor-Id",	265, 0, AVP_M, AVP_U32) \
	X(VENDOR_ID,		"Vendor-Id",		266, 0, AVP_M, AVP_U32) \
	X(FIRMWARE_REVISION,	"Firmware-Revision",	267, 0, 0, AVP_U32) \
	X(RESULT_CODE,		"Result-Code",		268, 0, AVP_M, AVP_U32) \
	X(PRODUCT_NAME,		"Product-Name",		269, 0, 0, AVP_UTF8) \
	X(SESSION_BINDING,	"Session-Binding",	270, 0, AVP_M, AVP_U32) \
	X(SESSION_SERVER_FAILOVER, "Session-Server-Failover", 271, 0, AVP_M, AVP_ENUM) \
	X(DISCONNECT_CAUSE,	"Disconnect-Cause",	273, 0, AVP_M, AVP_ENUM) \
	X(AUTH_REQUEST_TYPE,	"Auth-Request-Type",	274, 0, AVP_M, AVP_ENUM) \
	X(AUTH_GRACE_PERIOD,	"Auth-Grace-Period",	276, 0, AVP_M, AVP_U32) \
	X(AUTH_SESSION_STATE,	"Auth-Session-State",	277, 0, AVP_M, AVP_ENUM) \
	X(ORIGIN_STATE_ID,	"Origin-State-Id",	278, 0, AVP_M, AVP_U32) \
	X(FAILED_AVP,		"Failed-AVP",		279, 0, AVP_M, AVP_GROUP) \
	X(PROXY_HOST,		"Proxy-Host",		280, 0, AVP_M, AVP_IDENTITY) \
	X(ERROR_MESSAGE,	"Error-Message",	281, 0, 0, AVP_UTF8) \
	X(ROUTE_RECORD,		"Route-Record",		282, 0, AVP_M, AVP_IDENTITY) \
	X(DESTINATION_REALM,	"Destination-Realm",	283, 0, AVP_M, AVP_IDENTITY) \
	X(PROXY_INFO,		"Proxy-Info",		284, 0, AVP_M, AVP_GROUP) \
	X(RE_AUTH_REQUEST_TYPE,	"Re-Auth-Request-Type",	285, 0, AVP_M, AVP_ENUM) \
	X(AUTHORIZATION_LIFETIME, "Authorization-Lifetime", 291, 0, AVP_M, AVP_U32) \
	X(DESTINATION_HOST,	"Destination-Host",	293, 0, AVP_M, AVP_IDENTITY) \
	X(ERROR_REPORTING_HOST,	"Error-Reporting-Host",	294, 0, 0, AVP_IDENTITY) \
	X(ORIGIN_REALM,		"Origin-Realm",		296, 0, AVP_M, AVP_IDENTITY) \
	X(EXPERIMENTAL_RESULT,	"Experimental-Result",	297, 0, AVP_M, AVP_GROUP) \
	X(EXPERIMENTAL_CODE,	"Experimental-Result-Code", 298, 0, AVP_M, AVP_U32) \
	X(INBAND_SECURITY_ID,	"Inband-Security-Id",	299, 0, AVP_M, AVP_U32) \
	X(GUSS,			"GBA-UserSecSettings",	400, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(TRANSACTION_ID,	"Transaction-Identifier", 401, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(NAF_ID,		"NAF-Id",		402, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(GAA_SERVICE_ID,	"GAA-Service-Identifier", 403, VENDOR_3GPP, AVP_MV, AVP_U32) \
	X(KEY_EXPIRY_TIME,	"Key-ExpiryTime",	404, VENDOR_3GPP, AVP_MV, AVP_TIME) \
	X(ME_KEY_MATERIAL,	"ME-Key-Material",	405, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(UICC_KEY_MATERIAL,	"UICC-Key-Material",	406, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(GBA_U_AWARENESS,	"GBA_U-Awareness-Indicator", 407, VENDOR_3GPP, AVP_MV, AVP_ENUM) \
	X(CREATION_TIME,	"BootstrapInfoCreationTime", 408, VENDOR_3GPP, AVP_MV, AVP_TIME) \
	X(GUSS_TIMESTAMP,	"GUSS-Timestamp",	409, VENDOR_3GPP, AVP_V, AVP_TIME) \
	X(GBA_TYPE,		"GBA-Type",		410, VENDOR_3GPP, AVP_V, AVP_ENUM) \
	X(PRIVATE_IDENTITY_REQUEST, "Private-Identity-Request", 416, VENDOR_3GPP, AVP_V, AVP_ENUM) \
	X(ITEM_COUNT,		"SIP-Number-Auth-Items", 607, VENDOR_3GPP, AVP_MV, AVP_U32) \
	X(AUTH_SCHEME,		"SIP-Authentication-Scheme", 608, VENDOR_3GPP, AVP_MV, AVP_UTF8) \
	X(AUTHENTICATE,		"SIP-Authenticate",	609, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(AUTHORIZATION,	"SIP-Authorization",	610, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(AUTH_ITEM,		"SIP-Auth-Data-Item",	612, VENDOR_3GPP, AVP_MV, AVP_GROUP) \
	X(ITEM_NUMBER,		"SIP-Item-Number",	613, VENDOR_3GPP, AVP_MV, AVP_U32) \
	X(CONFIDENTIALITY_KEY,	"Confidentiality-Key",	625, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(INTEGRITY_KEY,	"Integrity-Key",	626, VENDOR_3GPP, AVP_MV, AVP_OCTETS) \
	X(SUPPORTED_FEATURES,	"Supported-Features",	628, VENDOR_3GPP, AVP_V, AVP_GROUP) \
	X(RP_A_TYPE,		"RP-A-Type",		1, VENDOR_SYMBOLON, AVP_V, AVP_ENUM) \
	X(TOKEN_FORMAT,		"Token-Format",		2, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(UA_KEY,		"Ua-Key",		3, VENDOR_SYMBOLON, AVP_V, AVP_GROUP) \
	X(ANNOUNCED_APPLICATION, "Announced-Application", 4, VENDOR_SYMBOLON, AVP_V, AVP_GROUP) \
	X(ELEMENT_ADDRESS,	"Element-Address",	5, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(MECHANISM,		"Mechanism",		6, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(TOKEN_SHARED,		"Token-Shared",		7, VENDOR_SYMBOLON, AVP_V, AVP_ENUM) \
	X(SECURITY_DEGREE,	"Security-Degree",	8, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(EVENT_SERIAL,		"Event-Serial",		9, VENDOR_SYMBOLON, AVP_V, AVP_U64) \
	X(GROUP_MEMBER,		"Group-Member",		10, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS) \
	X(TOKEN_LIFETIME,	"Token-Lifetime",	11, VENDOR_SYMBOLON, AVP_V, AVP_U32) \
	X(EVENT_LOG,		"Event-Log",		12, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS) \
	X(RIGHT,		"Right",		13, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(ATTRIBUTES,		"Attributes",		14, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(DEGREE_MECHANISMS,	"Degree-Mechanisms",	20, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(DEGREE_ALGORITHMS,	"Degree-Algorithms",	21, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(DEGREE_STRENGTH,	"Degree-Strength",	22, VENDOR_SYMBOLON, AVP_V, AVP_U32) \
	X(KEY_ALGORITHM,	"Key-Algorithm",	23, VENDOR_SYMBOLON, AVP_V, AVP_UTF8) \
	X(KEY_STRENGTH,		"Key-Strength",		24, VENDOR_SYMBOLON, AVP_V, AVP_U32) \
	X(REALM_DEGREE,		"Realm-Degree",		25, VENDOR_SYMBOLON, AVP_V, AVP_GROUP) \
	X(DEVICE_AWAITS,	"Device-Awaits",	40, VENDOR_SYMBOLON, AVP_V, AVP_U32) \
	X(UPDATE_PUBLIC,	"Update-Public",	41, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS) \
	X(UPDATE_WRAP,		"Update-Wrap",		42, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS) \
	X(UPDATE_SEALED,	"Update-Sealed",	43, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS) \
	X(UPDATE_CONFIRM,	"Update-Confirm",	44, VENDOR_SYMBOLON, AVP_V, AVP_OCTETS)
/* clang-format on */

enum diameter_avp_index {
#define X(id, ...) AVP_AT_##id,
	DIAMETER_AVPS(X)
#undef X
		AVP_AT_COUNT
};

extern const struct avp diameter_avps[AVP_AT_COUNT];
/* The dictionary's row, or NULL. */
const struct avp *diameter_find_avp(uint32_t code, uint32_t vendor);

/* Rows of a message or group, `type` being the struct that it fills. */
#define AVP_FIELD_SIZE(type, field) sizeof(((struct type *)0)->field)

/* A text, octets, or a number that is always there. */
#define ROW(id, how, type, field)                                                                  \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = (how),                                \
		.offset = offsetof(struct type, field)                                             \
	}
/* A number that may be absent: `field` and `has_field`. */
#define ROW_MAYBE(id, type, field, has_field)                                                      \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = AVP_OPTIONAL,                         \
		.offset = offsetof(struct type, field),                                            \
		.present = offsetof(struct type, has_field)                                        \
	}
/* An array of fields, and a size_t that counts them. */
#define ROW_MANY(id, type, array, count, nested)                                                   \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = AVP_MANY,                             \
		.offset = offsetof(struct type, array), .present = offsetof(struct type, count),   \
		.max = AVP_FIELD_SIZE(type, array) / AVP_FIELD_SIZE(type, array[0]),               \
		.stride = AVP_FIELD_SIZE(type, array[0]), .group = (nested)                        \
	}
/* A group that may be absent. */
#define ROW_GROUP(id, type, field, has_field, nested)                                              \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = AVP_OPTIONAL,                         \
		.offset = offsetof(struct type, field),                                            \
		.present = offsetof(struct type, has_field), .group = (nested)                     \
	}
/* The same number in every message, without a field; and a group of such. */
#define ROW_FIXED(id, value)                                                                       \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = AVP_FIXED, .max = (value)             \
	}
#define ROW_FIXED_GROUP(id, nested)                                                                \
	{                                                                                          \
		.avp = &diameter_avps[AVP_AT_##id], .arity = AVP_FIXED, .group = (nested)          \
	}
/* The last row: how large the struct is. */
#define ROW_END(type)                                                                              \
	{                                                                                          \
		.stride = sizeof(struct type)                                                      \
	}

/* Experimental-Result of vendor 10415, kept as its code alone. */
extern const struct avp_row diameter_experimental_rows[];
