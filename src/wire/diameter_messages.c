// SPDX-License-Identifier: Apache-2.0
#include "wire/diameter_avps.h"

#include <string.h>

const struct avp_row diameter_experimental_rows[] = {
	ROW_FIXED(VENDOR_ID, VENDOR_3GPP),
	{.avp = &diameter_avps[AVP_AT_EXPERIMENTAL_CODE], .arity = AVP_ONE},
	{.stride = sizeof(uint32_t)},
};

const struct avp_row diameter_base_rows[] = {
	ROW(SESSION_ID, AVP_OPTIONAL, diameter_base, session_id),
	ROW(ORIGIN_HOST, AVP_OPTIONAL, diameter_base, origin_host),
	ROW(ORIGIN_REALM, AVP_OPTIONAL, diameter_base, origin_realm),
	ROW(DESTINATION_HOST, AVP_OPTIONAL, diameter_base, destination_host),
	ROW(DESTINATION_REALM, AVP_OPTIONAL, diameter_base, destination_realm),
	ROW(USER_NAME, AVP_OPTIONAL, diameter_base, user_name),
	ROW_MAYBE(RESULT_CODE, diameter_base, result, has_result),
	ROW_GROUP(EXPERIMENTAL_RESULT, diameter_base, experimental, has_experimental,
		diameter_experimental_rows),
	ROW(ERROR_MESSAGE, AVP_OPTIONAL, diameter_base, error_message),
	ROW_MANY(ROUTE_RECORD, diameter_base, route_records, route_record_count, NULL),
	ROW_MANY(PROXY_INFO, diameter_base, proxy_info, proxy_info_count, NULL),
	ROW_END(diameter_base),
};

static const struct avp_row application_rows[] = {
	/* Older peers name several vendors in one group; the first is the one that is meant. */
	ROW(VENDOR_ID, AVP_FIRST, diameter_application_id, vendor_id),
	ROW_MAYBE(AUTH_APPLICATION_ID, diameter_application_id, auth, has_auth),
	ROW_MAYBE(ACCT_APPLICATION_ID, diameter_application_id, acct, has_acct),
	ROW_END(diameter_application_id),
};

const struct avp_row diameter_capabilities_rows[] = {
	ROW_MAYBE(RESULT_CODE, diameter_capabilities, result, has_result),
	ROW(ORIGIN_HOST, AVP_ONE, diameter_capabilities, origin_host),
	ROW(ORIGIN_REALM, AVP_ONE, diameter_capabilities, origin_realm),
	ROW(HOST_IP_ADDRESS, AVP_FIRST, diameter_capabilities, host_address),
	ROW(VENDOR_ID, AVP_ONE, diameter_capabilities, vendor_id),
	ROW(PRODUCT_NAME, AVP_OPTIONAL, diameter_capabilities, product_name),
	ROW_MAYBE(ORIGIN_STATE_ID, diameter_capabilities, origin_state_id, has_state_id),
	ROW(ERROR_MESSAGE, AVP_OPTIONAL, diameter_capabilities, error_message),
	ROW_MANY(SUPPORTED_VENDOR_ID, diameter_capabilities, supported_vendors,
		supported_vendor_count, NULL),
	ROW_MANY(AUTH_APPLICATION_ID, diameter_capabilities, auth_applications,
		auth_application_count, NULL),
	ROW_MANY(INBAND_SECURITY_ID, diameter_capabilities, inband_security, inband_security_count,
		NULL),
	ROW_MANY(VENDOR_APPLICATION, diameter_capabilities, vendor_applications,
		vendor_application_count, application_rows),
	ROW_END(diameter_capabilities),
};

const struct avp_row diameter_watchdog_rows[] = {
	ROW_MAYBE(RESULT_CODE, diameter_watchdog, result, has_result),
	ROW(ORIGIN_HOST, AVP_ONE, diameter_watchdog, origin_host),
	ROW(ORIGIN_REALM, AVP_ONE, diameter_watchdog, origin_realm),
	ROW(ERROR_MESSAGE, AVP_OPTIONAL, diameter_watchdog, error_message),
	ROW_MAYBE(ORIGIN_STATE_ID, diameter_watchdog, origin_state_id, has_state_id),
	ROW_MAYBE(DISCONNECT_CAUSE, diameter_watchdog, disconnect_cause, has_cause),
	ROW_END(diameter_watchdog),
};

bool diameter_announces(const struct diameter_capabilities *c, uint32_t application)
{
	for (size_t i = 0; i < c->auth_application_count; i++) {
		uint32_t announced = c->auth_applications[i];

		if (announced == application || announced == DIAMETER_RELAY) {
			return true;
		}
	}
	for (size_t i = 0; i < c->vendor_application_count; i++) {
		const struct diameter_application_id *announced = &c->vendor_applications[i];

		if (announced->has_auth && announced->auth == application) {
			return true;
		}
	}
	return false;
}
