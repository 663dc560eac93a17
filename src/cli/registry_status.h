// SPDX-License-Identifier: Apache-2.0
/* registry_status: commands about what a registry thinks of its devices, in registry_status.c and registry_advisories.c; their
 * rows are in registry_status_rows.c. */
#pragma once

#include "cli/cli.h"

/* The places of their options in their rows. */
enum { REASON_OPTION, UNTIL_OPTION };
enum { ROOT_NAME_OPTION, ROOT_CERTIFICATE_OPTION, ROOT_ID_OPTION };
enum { RELEASE_OPTION };
enum { DEVICE_OPTION = 2 }; /* behind those of a page */

cli_run registry_import_advisories, registry_vulnerabilities, registry_withdraw_vulnerability;
cli_run registry_roots, registry_accept_root, registry_withdraw_root;
cli_run registry_decide, registry_undecide;
cli_run registry_movements, registry_release_movement, registry_refuse_movement;
cli_run registry_policy, registry_check_policy;
