// SPDX-License-Identifier: Apache-2.0
/* registry_signed: asks a trust registry as whoever has enrolled a key there: asked without, it challenges, and the key signs. */
#pragma once

#include "cli/cli.h"

#define REGISTRY_PARTY_KEY                                                                         \
	CLI_OPTION("party-key", "FILE",                                                            \
		"the party's own key, PEM, that `registry enrol` made; without it the "            \
		"administrator asks")

/* `key_file` NULL: nobody signs. `target` is a C string. `extra` may be NULL. CLI_DONE: a 2xx came; else the reason has been
 * told. */
enum cli_status registry_ask_as(struct cli *cli, const char *key_file, const char *method,
	const char *target, struct view body, const struct api_extra *extra);
