// SPDX-License-Identifier: Apache-2.0
/* registry_owners: commands about makers, owners, transfers and losses, in registry_import.c, registry_owners.c and
 * registry_transfer.c; their rows are in registry_owners_rows.c. */
#pragma once

#include "cli/cli.h"

/* The places of their options in their rows. */
enum { IMPORT_BATCH, IMPORT_FORMAT, IMPORT_OWNERS, IMPORT_REPORT, IMPORT_ROWS, IMPORT_PARTY_KEY };
enum { MAKER_NAME, MAKER_PARTY, MAKER_CERTIFICATE, MAKER_NO_PREREGISTRATION, MAKER_MAKE };
enum { OWNER_REFERENCE, OWNER_KIND, OWNER_CLAIMS, OWNER_KEY };
enum { OWN_PARTY_KEY };
enum { CHANGE_REASON, CHANGE_PARTY_KEY };
enum { OFFER_PARTY_KEY, OFFER_TO, OFFER_DAYS, OFFER_REGISTRY };
enum {
	DECIDE_TRUST,
	DECIDE_REASON_GIVEN,
	DECIDE_NAME,
	DECIDE_MAKER,
	DECIDE_PRODUCT,
	DECIDE_VERSION
};

cli_run registry_import, registry_imports;
cli_run registry_add_manufacturer, registry_manufacturers, registry_withdraw_manufacturer;
cli_run registry_add_owner, registry_owners, registry_show_owner, registry_correct_owner,
	registry_erase_owner, registry_set_owner, registry_revoke_owner, registry_erase_device;
cli_run registry_lost, registry_stolen, registry_found, registry_retire, registry_reinstate;
cli_run registry_offer, registry_accept, registry_approve_transfer, registry_withdraw_transfer,
	registry_transfers;
cli_run registry_applications, registry_decide_application;
