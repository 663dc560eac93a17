// SPDX-License-Identifier: Apache-2.0
/* registry_enquiry: commands of those who ask a registry, in registry_enquiry.c and registry_verify.c; their rows are in
 * registry_enquiry_rows.c. */
#pragma once

#include "cli/cli.h"

/* The places of their options in their rows. */
enum { ENROL_PARTY_KEY, ENROL_NAME, ENROL_CONTACT, ENROL_PURPOSE, ENROL_MAKE, ENROL_ROLE };
enum { ASK_PARTY_KEY, ASK_AT, ASK_OUT };
enum { BULK_REGISTRY, BULK_MAKE, BULK_MODEL, BULK_TRUST, BULK_AFTER };
enum { PARTIES_AFTER, PARTIES_LIMIT };
enum { DECIDE_REASON };
enum { VERIFY_ANCHOR, VERIFY_AUDIENCE, VERIFY_NONCE, VERIFY_INDEX, VERIFY_ARCHIVED };

cli_run registry_enrol, registry_ask_about, registry_ask_device, registry_bulk, registry_parties,
	registry_approve, registry_suspend, registry_remove_party, registry_verify_answer;
