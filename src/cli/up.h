// SPDX-License-Identifier: Apache-2.0
/* up: `symbolon up`: two realms on the loopback, provisioned and walked through; `symbolon demo`: one flow of them. */
#pragma once

/* Returns the exit status: 0 stopped by the user, or with --once the walk went through; 1 not; 2 usage. */
int up_main(int argc, char **argv);
/* argv[1] is the flow, "10.4". 2: there is no such flow. */
int demo_main(int argc, char **argv);
