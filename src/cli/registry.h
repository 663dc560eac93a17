// SPDX-License-Identifier: Apache-2.0
/* registry: `symbolon registry VERB`, from the parts that have commands. */
#pragma once

#include "cli/cli.h"

#define CLI_REGISTRY_SOCKET "/run/symbolon/registry.sock"

/* One a part: registry_PART.c, with the rows of its commands. */
extern const struct cli_noun cli_registry_log, cli_registry_enquiry, cli_registry_owners;
extern const struct cli_noun cli_registry_peers, cli_registry_notify, cli_registry_status;
