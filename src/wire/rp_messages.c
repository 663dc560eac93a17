// SPDX-License-Identifier: Apache-2.0
#include "wire/rp_messages.h"

#include "wire/diameter_avps.h"
#include <string.h>

/* Session-Id comes first in every message (RFC 6733 8.8). */
#define SESSION_ROW(type) ROW(SESSION_ID, AVP_ONE, type, s.session_id)

#define REQUEST_ROWS(type)                                                                         \
	ROW(AUTH_SESSION_STATE, AVP_ONE, type, s.auth_session_state),                              \
		ROW(ORIGIN_HOST, AVP_ONE, type, s.origin_host),                                    \
		ROW(ORIGIN_REALM, AVP_ONE, type, s.origin_realm),                                  \
		ROW(DESTINATION_REALM, AVP_ONE, type, s.destination_realm),                        \
		ROW(DESTINATION_HOST, AVP_OPTIONAL, type, s.destination_host)

#define ANSWER_ROWS(type)                                                                          \
	ROW_MAYBE(RESULT_CODE, type, s.result, s.has_result),                                      \
		ROW_GROUP(EXPERIMENTAL_RESULT, type, s.experimental, s.has_experimental,           \
			diameter_experimental_rows),                                               \
		ROW(AUTH_SESSION_STATE, AVP_ONE, type, s.auth_session_state),                      \
		ROW(ORIGIN_HOST, AVP_ONE, type, s.origin_host),                                    \
		ROW(ORIGIN_REALM, AVP_ONE, type, s.origin_realm),                                  \
		ROW(ERROR_MESSAGE, AVP_OPTIONAL, type, s.error_message)

static const struct avp_row zh_rows[] = {
	ROW_FIXED(VENDOR_ID, VENDOR_3GPP),
	ROW_FIXED(AUTH_APPLICATION_ID, DIAMETER_ZH),
	{0},
};

static const struct avp_row zn_rows[] = {
	ROW_FIXED(VENDOR_ID, VENDOR_3GPP),
	ROW_FIXED(AUTH_APPLICATION_ID, DIAMETER_ZN),
	{0},
};

static const struct avp_row auth_item_rows[] = {
	ROW(AUTH_SCHEME, AVP_OPTIONAL, rp_auth_item, scheme),
	ROW(AUTHENTICATE, AVP_OPTIONAL, rp_auth_item, authenticate),
	ROW(AUTHORIZATION, AVP_OPTIONAL, rp_auth_item, authorization),
	ROW(CONFIDENTIALITY_KEY, AVP_OPTIONAL, rp_auth_item, confidentiality_key),
	ROW(INTEGRITY_KEY, AVP_OPTIONAL, rp_auth_item, integrity_key),
	ROW_END(rp_auth_item),
};

const struct avp_row rp_mar_rows[] = {
	SESSION_ROW(rp_mar),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zh_rows),
	REQUEST_ROWS(rp_mar),
	ROW(USER_NAME, AVP_ONE, rp_mar, user_name),
	ROW_MAYBE(ITEM_COUNT, rp_mar, item_count, has_item_count),
	ROW_GROUP(AUTH_ITEM, rp_mar, item, has_item, auth_item_rows),
	ROW_MAYBE(GUSS_TIMESTAMP, rp_mar, guss_timestamp, has_guss_timestamp),
	ROW_END(rp_mar),
};

static const struct avp_row degree_rows[] = {
	ROW(SECURITY_DEGREE, AVP_ONE, rp_degree, name),
	ROW(DEGREE_MECHANISMS, AVP_OPTIONAL, rp_degree, mechanisms),
	ROW(DEGREE_ALGORITHMS, AVP_OPTIONAL, rp_degree, algorithms),
	ROW_MAYBE(DEGREE_STRENGTH, rp_degree, strength, has_strength),
	ROW_MAYBE(TOKEN_LIFETIME, rp_degree, lifetime, has_lifetime),
	ROW_END(rp_degree),
};

const struct avp_row rp_maa_rows[] = {
	SESSION_ROW(rp_maa),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zh_rows),
	ANSWER_ROWS(rp_maa),
	ROW(USER_NAME, AVP_OPTIONAL, rp_maa, user_name),
	ROW_GROUP(AUTH_ITEM, rp_maa, item, has_item, auth_item_rows),
	ROW(GUSS, AVP_OPTIONAL, rp_maa, guss),
	ROW_MAYBE(DEVICE_AWAITS, rp_maa, awaits, has_awaits),
	ROW(KEY_ALGORITHM, AVP_OPTIONAL, rp_maa, key_algorithm),
	ROW_MAYBE(KEY_STRENGTH, rp_maa, key_strength, has_key_strength),
	ROW_MANY(REALM_DEGREE, rp_maa, degrees, degree_count, degree_rows),
	ROW_END(rp_maa),
};

const struct avp_row rp_kur_rows[] = {
	SESSION_ROW(rp_kur),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zh_rows),
	REQUEST_ROWS(rp_kur),
	ROW(USER_NAME, AVP_ONE, rp_kur, user_name),
	ROW(UPDATE_PUBLIC, AVP_OPTIONAL, rp_kur, public_half),
	ROW(UPDATE_WRAP, AVP_OPTIONAL, rp_kur, wrap),
	ROW(TRANSACTION_ID, AVP_OPTIONAL, rp_kur, transaction_id),
	ROW(UPDATE_CONFIRM, AVP_OPTIONAL, rp_kur, confirm),
	ROW_END(rp_kur),
};

const struct avp_row rp_kua_rows[] = {
	SESSION_ROW(rp_kua),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zh_rows),
	ANSWER_ROWS(rp_kua),
	ROW(UPDATE_PUBLIC, AVP_OPTIONAL, rp_kua, public_half),
	ROW(UPDATE_SEALED, AVP_OPTIONAL, rp_kua, sealed),
	ROW(UPDATE_CONFIRM, AVP_OPTIONAL, rp_kua, confirm),
	ROW_END(rp_kua),
};

const struct avp_row rp_aar_rows[] = {
	SESSION_ROW(rp_aar),
	ROW(AUTH_APPLICATION_ID, AVP_ONE, rp_aar, auth_application),
	REQUEST_ROWS(rp_aar),
	ROW(AUTH_REQUEST_TYPE, AVP_ONE, rp_aar, request_type),
	ROW(USER_NAME, AVP_OPTIONAL, rp_aar, user_name),
	ROW(NAF_ID, AVP_ONE, rp_aar, naf_id),
	ROW(NAS_IDENTIFIER, AVP_OPTIONAL, rp_aar, nas_identifier),
	ROW_END(rp_aar),
};

const struct avp_row rp_aaa_rows[] = {
	SESSION_ROW(rp_aaa),
	ROW(AUTH_APPLICATION_ID, AVP_ONE, rp_aaa, auth_application),
	ROW(AUTH_REQUEST_TYPE, AVP_ONE, rp_aaa, request_type),
	ANSWER_ROWS(rp_aaa),
	ROW(USER_NAME, AVP_OPTIONAL, rp_aaa, user_name),
	ROW_MAYBE(AUTHORIZATION_LIFETIME, rp_aaa, authorization_lifetime,
		has_authorization_lifetime),
	ROW(GUSS, AVP_OPTIONAL, rp_aaa, guss),
	ROW_MANY(NAF_ID, rp_aaa, naf_ids, naf_id_count, NULL),
	ROW(TOKEN_FORMAT, AVP_OPTIONAL, rp_aaa, format),
	ROW(SECURITY_DEGREE, AVP_OPTIONAL, rp_aaa, degree),
	ROW_MAYBE(TOKEN_LIFETIME, rp_aaa, token_lifetime, has_token_lifetime),
	ROW_MANY(GROUP_MEMBER, rp_aaa, members, member_count, NULL),
	ROW_MANY(RIGHT, rp_aaa, rights, right_count, NULL),
	ROW(ATTRIBUTES, AVP_OPTIONAL, rp_aaa, attributes),
	ROW(DEGREE_MECHANISMS, AVP_OPTIONAL, rp_aaa, degree_mechanisms),
	ROW(DEGREE_ALGORITHMS, AVP_OPTIONAL, rp_aaa, degree_algorithms),
	ROW_MAYBE(DEGREE_STRENGTH, rp_aaa, degree_strength, has_degree_strength),
	ROW_END(rp_aaa),
};

const struct avp_row rp_asr_rows[] = {
	SESSION_ROW(rp_asr),
	ROW(ORIGIN_HOST, AVP_ONE, rp_asr, s.origin_host),
	ROW(ORIGIN_REALM, AVP_ONE, rp_asr, s.origin_realm),
	ROW(DESTINATION_REALM, AVP_ONE, rp_asr, s.destination_realm),
	ROW(DESTINATION_HOST, AVP_ONE, rp_asr, s.destination_host),
	ROW(AUTH_APPLICATION_ID, AVP_ONE, rp_asr, auth_application),
	ROW_END(rp_asr),
};

const struct avp_row rp_rar_rows[] = {
	SESSION_ROW(rp_rar),
	ROW(ORIGIN_HOST, AVP_ONE, rp_rar, s.origin_host),
	ROW(ORIGIN_REALM, AVP_ONE, rp_rar, s.origin_realm),
	ROW(DESTINATION_REALM, AVP_ONE, rp_rar, s.destination_realm),
	ROW(DESTINATION_HOST, AVP_ONE, rp_rar, s.destination_host),
	ROW(AUTH_APPLICATION_ID, AVP_ONE, rp_rar, auth_application),
	ROW(RE_AUTH_REQUEST_TYPE, AVP_ONE, rp_rar, request_type),
	ROW_END(rp_rar),
};

#define ENDED_ROWS                                                                                 \
	{                                                                                          \
		SESSION_ROW(rp_asa), ROW_MAYBE(RESULT_CODE, rp_asa, s.result, s.has_result),       \
			ROW(ORIGIN_HOST, AVP_ONE, rp_asa, s.origin_host),                          \
			ROW(ORIGIN_REALM, AVP_ONE, rp_asa, s.origin_realm),                        \
			ROW(ERROR_MESSAGE, AVP_OPTIONAL, rp_asa, s.error_message),                 \
			ROW_END(rp_asa),                                                           \
	}
const struct avp_row rp_asa_rows[] = ENDED_ROWS;
const struct avp_row rp_raa_rows[] = ENDED_ROWS;

const struct avp_row rp_bir_rows[] = {
	SESSION_ROW(rp_bir),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zn_rows),
	REQUEST_ROWS(rp_bir),
	ROW_MANY(GAA_SERVICE_ID, rp_bir, service_ids, service_id_count, NULL),
	ROW(TRANSACTION_ID, AVP_ONE, rp_bir, transaction_id),
	ROW(NAF_ID, AVP_ONE, rp_bir, naf_id),
	ROW_MAYBE(PRIVATE_IDENTITY_REQUEST, rp_bir, private_identity_request,
		has_private_identity_request),
	ROW_END(rp_bir),
};

const struct avp_row rp_bia_rows[] = {
	SESSION_ROW(rp_bia),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zn_rows),
	ANSWER_ROWS(rp_bia),
	ROW(USER_NAME, AVP_OPTIONAL, rp_bia, user_name),
	ROW(ME_KEY_MATERIAL, AVP_OPTIONAL, rp_bia, key_material),
	ROW_MAYBE(KEY_EXPIRY_TIME, rp_bia, expiry, has_expiry),
	ROW_MAYBE(CREATION_TIME, rp_bia, creation, has_creation),
	ROW(GUSS, AVP_OPTIONAL, rp_bia, guss),
	ROW_MANY(RIGHT, rp_bia, rights, right_count, NULL),
	ROW(ATTRIBUTES, AVP_OPTIONAL, rp_bia, attributes),
	ROW_END(rp_bia),
};

static const struct avp_row announced_rows[] = {
	ROW_MANY(NAF_ID, rp_announced, naf_ids, naf_id_count, NULL),
	ROW(ELEMENT_ADDRESS, AVP_OPTIONAL, rp_announced, address),
	ROW_MANY(MECHANISM, rp_announced, mechanisms, mechanism_count, NULL),
	ROW_MAYBE(TOKEN_SHARED, rp_announced, shared, has_shared),
	ROW_END(rp_announced),
};

static const struct avp_row ua_key_rows[] = {
	ROW(NAF_ID, AVP_ONE, rp_ua_key, naf_id),
	ROW(ME_KEY_MATERIAL, AVP_ONE, rp_ua_key, key),
	ROW_END(rp_ua_key),
};

const struct avp_row rp_rpr_rows[] = {
	SESSION_ROW(rp_rpr),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zn_rows),
	REQUEST_ROWS(rp_rpr),
	ROW(RP_A_TYPE, AVP_ONE, rp_rpr, type),
	ROW_MANY(ANNOUNCED_APPLICATION, rp_rpr, announced, announced_count, announced_rows),
	ROW(EVENT_LOG, AVP_OPTIONAL, rp_rpr, log),
	ROW_MAYBE(EVENT_SERIAL, rp_rpr, serial, has_serial),
	ROW(TRANSACTION_ID, AVP_OPTIONAL, rp_rpr, transaction_id),
	ROW(NAF_ID, AVP_OPTIONAL, rp_rpr, naf_id),
	ROW_MANY(UA_KEY, rp_rpr, keys, key_count, ua_key_rows),
	ROW(TOKEN_FORMAT, AVP_OPTIONAL, rp_rpr, format),
	ROW(SECURITY_DEGREE, AVP_OPTIONAL, rp_rpr, degree),
	ROW_MAYBE(KEY_EXPIRY_TIME, rp_rpr, expiry, has_expiry),
	ROW_MAYBE(CREATION_TIME, rp_rpr, creation, has_creation),
	ROW(GUSS, AVP_OPTIONAL, rp_rpr, guss),
	ROW_MANY(RIGHT, rp_rpr, rights, right_count, NULL),
	ROW(ATTRIBUTES, AVP_OPTIONAL, rp_rpr, attributes),
	ROW_END(rp_rpr),
};

const struct avp_row rp_rpa_rows[] = {
	SESSION_ROW(rp_rpa),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, zn_rows),
	ANSWER_ROWS(rp_rpa),
	ROW(EVENT_LOG, AVP_OPTIONAL, rp_rpa, log),
	ROW_MAYBE(EVENT_SERIAL, rp_rpa, serial, has_serial),
	ROW_END(rp_rpa),
};

enum err rp_naf_id(const struct ident *application, struct ua ua, struct buf *ret)
{
	if (application->kind != IDENT_APPLICATION) {
		return err_fail(ERR_SYNTAX, "NAF-Id: not an application's identity");
	}
	buf_view(ret, ident_view(application));
	buf_bytes(ret, ua.bytes, sizeof(ua.bytes));
	return buf_end(ret, "NAF-Id");
}

enum err rp_from_naf_id(struct view naf_id, struct ident *ret_application, struct ua *ret_ua)
{
	if (naf_id.len <= UA_SIZE || naf_id.len > NAF_ID_MAX) {
		return err_fail(ERR_SYNTAX, "NAF-Id: %zu bytes", naf_id.len);
	}
	size_t len = naf_id.len - UA_SIZE;

	TRY(ident_parse(IDENT_APPLICATION, view_of(naf_id.data, len), ret_application));
	memcpy(ret_ua->bytes, naf_id.data + len, UA_SIZE);
	return OK;
}
