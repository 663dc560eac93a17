// SPDX-License-Identifier: Apache-2.0
/* help: what the rows of commands say, for people. */
#pragma once

#include "cli/cli.h"

void help_all(FILE *to);
void help_noun(FILE *to, const struct cli_noun *noun);
void help_command(const struct cli_command *command);
void help_form(FILE *to,
	const struct cli_command *command); /* "symbolon device add CLIENT [options]" */
