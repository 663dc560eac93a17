// SPDX-License-Identifier: Apache-2.0
/* routes: who may ask for what, at every door. Each part keeps its rows together. */
#include "registry/api/api.h"
#include "registry/api/problems.h"
#include "registry/api/status.h"
#include "registry/devices/devices.h"
#include "registry/enquiry/ask.h"
#include "registry/enquiry/bulk.h"
#include "registry/enquiry/party.h"
#include "registry/ledger/log_api.h"
#include "registry/ledger/queries.h"
#include "registry/peers/peers.h"
#include "registry/set_up/set_up.h"
#include "registry/enquiry/standing.h"
#include "registry/enquiry/status_lists.h"
#include "registry/owners/owners.h"
#include "registry/notify/api.h"

#include "registry/status/advisories.h"
#include "registry/status/decisions.h"
#include "registry/status/movement.h"
#include "registry/status/policy_show.h"
#include "registry/status/roots.h"
#include "registry/status/vulnerability_api.h"

#define ROUTE(method, path, who, operation)                                                        \
	{                                                                                          \
		method, path, who, #operation, operation                                           \
	}
const struct api_route api_routes[] = {
	/* what it is, and its log */
	ROUTE("GET", "/v1/openapi.json", WHO_ANYONE, openapi_show),
	ROUTE("GET", "/v1/problems/{}", WHO_ANYONE, problem_show),
	ROUTE("GET", "/v1/status", WHO_STAFF, status_show),
	ROUTE("GET", "/.well-known/trust-registry", WHO_ANYONE, registry_show),
	ROUTE("GET", "/practice-statement", WHO_ANYONE, practice_statement_show),
	ROUTE("GET", "/log/checkpoint", WHO_ANYONE, log_checkpoint_show),
	ROUTE("GET", "/log/tile/{*}", WHO_ANYONE, log_tile_show),
	ROUTE("GET", "/v1/log/proofs/inclusion", WHO_ANYONE, log_inclusion_show),
	ROUTE("GET", "/v1/log/proofs/consistency", WHO_ANYONE, log_consistency_show),
	ROUTE("GET", "/v1/events", WHO_STAFF, event_list),
	ROUTE("GET", "/v1/devices/{}/history", WHO_STAFF, history_list),
	ROUTE("GET", "/v1/queries", WHO_STAFF, query_list),
	/* devices */
	ROUTE("POST", "/v1/devices/challenge", WHO_DEVICE, device_challenge),
	ROUTE("POST", "/v1/devices", WHO_DEVICE, device_register),
	ROUTE("POST", "/v1/devices/{}/det", WHO_DEVICE, device_confirm),
	ROUTE("POST", "/v1/devices/{}/reports", WHO_DEVICE, device_report),
	ROUTE("GET", "/v1/devices", WHO_STAFF, device_list),
	ROUTE("GET", "/v1/devices/{}", WHO_STAFF | WHO_DEVICE, device_show),
	ROUTE("POST", "/v1/devices/{}/release", WHO_ADMIN, device_release),
	ROUTE("POST", "/v1/devices/{}/virtual", WHO_DEVICE, virtual_issue),
	ROUTE("GET", "/v1/devices/{}/virtual", WHO_DEVICE, virtual_list),
	ROUTE("DELETE", "/v1/devices/{}/virtual/{}", WHO_DEVICE, virtual_end),
	/* statuses */
	ROUTE("GET", "/v1/policy", WHO_ANYONE, policy_show),
	ROUTE("GET", "/v1/roots", WHO_ANYONE, root_list),
	ROUTE("POST", "/v1/roots", WHO_ADMIN, root_accept),
	ROUTE("POST", "/v1/roots/{}/withdraw", WHO_ADMIN, root_withdraw),
	ROUTE("POST", "/v1/advisories", WHO_ADMIN | WHO_PARTY, advisory_import),
	ROUTE("GET", "/v1/advisories", WHO_STAFF | WHO_PEER | WHO_PARTY, vulnerability_list),
	ROUTE("GET", "/v1/advisories/{}", WHO_STAFF | WHO_PEER | WHO_PARTY, vulnerability_show),
	ROUTE("GET", "/v1/advisories/{}/document", WHO_STAFF | WHO_PEER | WHO_PARTY,
		vulnerability_document),
	ROUTE("GET", "/v1/vulnerabilities", WHO_ANYONE, vulnerability_list),
	ROUTE("POST", "/v1/vulnerabilities", WHO_ADMIN | WHO_PARTY, vulnerability_tell),
	ROUTE("GET", "/v1/vulnerabilities/{}", WHO_ANYONE, vulnerability_show),
	ROUTE("GET", "/v1/vulnerabilities/{}/document", WHO_ANYONE, vulnerability_document),
	ROUTE("POST", "/v1/vulnerabilities/{}/withdraw", WHO_ADMIN | WHO_PARTY,
		vulnerability_withdraw),
	ROUTE("GET", "/v1/devices/{}/vulnerabilities", WHO_STAFF | WHO_PEER | WHO_DEVICE,
		vulnerability_of_device),
	ROUTE("PUT", "/v1/devices/{}/decision", WHO_ADMIN, decision_set),
	ROUTE("GET", "/v1/devices/{}/decision", WHO_STAFF, decision_show),
	ROUTE("DELETE", "/v1/devices/{}/decision", WHO_ADMIN, decision_drop),
	ROUTE("GET", "/v1/movements", WHO_STAFF, movement_list),
	ROUTE("GET", "/v1/movements/{}", WHO_STAFF, movement_show),
	ROUTE("POST", "/v1/movements/{}/release", WHO_ADMIN, movement_release),
	ROUTE("POST", "/v1/movements/{}/refuse", WHO_ADMIN, movement_refuse),
	/* interrogation */
	ROUTE("GET", "/v1/enquiry/standing/{}", WHO_STAFF | WHO_PEER, standing_show),
	ROUTE("GET", "/v1/enquiry/devices", WHO_PARTY, ask_make),
	ROUTE("GET", "/v1/enquiry/applications/{}", WHO_STAFF | WHO_PEER | WHO_PARTY,
		ask_application),
	ROUTE("PUT", "/v1/devices/{}/consents/{}", WHO_ADMIN | WHO_PARTY, consent_set),
	ROUTE("DELETE", "/v1/devices/{}/consents/{}", WHO_ADMIN | WHO_PARTY, consent_drop),
	ROUTE("GET", "/v1/enquiry/bulk", WHO_ADMIN, bulk_ask),
	ROUTE("GET", "/v1/enquiry/devices/{}", WHO_STAFF | WHO_PEER | WHO_PARTY, ask_device),
	ROUTE("GET", "/v1/status-lists", WHO_ANYONE, status_lists_show),
	ROUTE("GET", "/v1/status-lists/{}", WHO_ANYONE, status_list_show),
	ROUTE("POST", "/v1/parties", WHO_ANYONE, party_enrol),
	ROUTE("GET", "/v1/parties", WHO_STAFF, party_list),
	ROUTE("GET", "/v1/parties/{}", WHO_STAFF | WHO_PARTY, party_show),
	ROUTE("PUT", "/v1/parties/{}/state", WHO_ADMIN, party_set_state),
	ROUTE("GET", "/v1/vouched-parties", WHO_ANYONE, party_vouch),
	/* manufacturers, bulk, owners */
	ROUTE("GET", "/v1/manufacturers", WHO_STAFF, manufacturer_list),
	ROUTE("POST", "/v1/manufacturers", WHO_ADMIN, manufacturer_set),
	ROUTE("GET", "/v1/manufacturers/{}", WHO_STAFF, manufacturer_show),
	ROUTE("DELETE", "/v1/manufacturers/{}", WHO_ADMIN, manufacturer_withdraw),
	ROUTE("GET", "/v1/imports", WHO_STAFF, import_list),
	ROUTE("POST", "/v1/imports/{}", WHO_ADMIN | WHO_PARTY, import_rows),
	ROUTE("GET", "/v1/imports/{}", WHO_STAFF | WHO_PARTY, import_show),
	ROUTE("GET", "/v1/imports/{}/errors", WHO_STAFF | WHO_PARTY, import_errors),
	ROUTE("GET", "/v1/preregistrations", WHO_STAFF, prereg_list),
	ROUTE("DELETE", "/v1/preregistrations/{}", WHO_ADMIN, prereg_drop),
	ROUTE("GET", "/v1/owners", WHO_STAFF, owner_list),
	ROUTE("POST", "/v1/owners", WHO_ADMIN, owner_add),
	ROUTE("GET", "/v1/owners/{}", WHO_ADMIN | WHO_PARTY, owner_show),
	ROUTE("PUT", "/v1/owners/{}", WHO_ADMIN | WHO_PARTY, owner_correct),
	ROUTE("DELETE", "/v1/owners/{}", WHO_ADMIN | WHO_PARTY, owner_erase),
	ROUTE("GET", "/v1/owners/{}/devices", WHO_ADMIN | WHO_PARTY, owner_devices),
	ROUTE("PUT", "/v1/devices/{}/owner", WHO_ADMIN | WHO_DEVICE, custody_set),
	ROUTE("GET", "/v1/devices/{}/owner", WHO_ADMIN | WHO_DEVICE | WHO_PARTY, custody_show),
	ROUTE("DELETE", "/v1/devices/{}/owner", WHO_ADMIN | WHO_PARTY, custody_revoke),
	ROUTE("POST", "/v1/devices/{}/lifecycle", WHO_ADMIN | WHO_PARTY, lifecycle_change),
	ROUTE("POST", "/v1/transfers", WHO_ANYONE, transfer_offer),
	ROUTE("GET", "/v1/transfers", WHO_STAFF, transfer_list),
	ROUTE("GET", "/v1/transfers/{}", WHO_STAFF | WHO_PARTY, transfer_show),
	ROUTE("DELETE", "/v1/transfers/{}", WHO_ADMIN | WHO_PARTY, transfer_withdraw),
	ROUTE("POST", "/v1/transfers/{}/acceptance", WHO_ANYONE, transfer_accept),
	ROUTE("POST", "/v1/transfers/{}/approval", WHO_ADMIN, transfer_approve),
	ROUTE("POST", "/v1/erasures", WHO_ADMIN, erasure_add),
	ROUTE("GET", "/v1/applications", WHO_STAFF, application_list),
	ROUTE("GET", "/v1/applications/{}", WHO_STAFF | WHO_PEER, application_show),
	ROUTE("PUT", "/v1/applications/{}/status", WHO_ADMIN, application_set),
	/* notifications */
	ROUTE("POST", "/v1/subscriptions", WHO_ADMIN | WHO_PARTY, subscription_add),
	ROUTE("GET", "/v1/subscriptions", WHO_STAFF | WHO_PARTY, subscription_list),
	ROUTE("GET", "/v1/subscriptions/{}", WHO_STAFF | WHO_PARTY, subscription_show),
	ROUTE("DELETE", "/v1/subscriptions/{}", WHO_ADMIN | WHO_PARTY, subscription_drop),
	ROUTE("GET", "/v1/subscriptions/{}/events", WHO_ADMIN | WHO_PARTY, subscription_stream),
	ROUTE("POST", "/v1/subscriptions/{}/acknowledged", WHO_ADMIN | WHO_PARTY,
		subscription_acknowledge),
	ROUTE("GET", "/v1/subscriptions/{}/dead-letters", WHO_STAFF | WHO_PARTY, dead_letter_list),
	ROUTE("DELETE", "/v1/subscriptions/{}/dead-letters/{}", WHO_ADMIN | WHO_PARTY,
		dead_letter_drop),
	ROUTE("POST", "/v1/subscriptions/{}/dead-letters/{}/replay", WHO_ADMIN | WHO_PARTY,
		dead_letter_replay),
	ROUTE("POST", "/v1/notices", WHO_ADMIN, notice_send),
	/* other registries */
	ROUTE("POST", "/v1/joining", WHO_ANYONE, peers_ask),
	ROUTE("GET", "/v1/registries", WHO_STAFF, peers_list),
	ROUTE("POST", "/v1/registries", WHO_ADMIN, peers_join),
	ROUTE("GET", "/v1/registries/{}", WHO_STAFF, peers_show),
	ROUTE("DELETE", "/v1/registries/{}", WHO_ADMIN, peers_leave),
	ROUTE("PUT", "/v1/registries/{}/approval", WHO_ADMIN, peers_approve),
	ROUTE("PUT", "/v1/registries/{}/readmission", WHO_ADMIN, peers_readmit),
	ROUTE("GET", "/v1/log/stream", WHO_PEER, peers_stream),
	ROUTE("GET", "/v1/lists/{}", WHO_STAFF | WHO_PEER, peers_devices),
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);
