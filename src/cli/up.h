// SPDX-License-Identifier: Apache-2.0
/* up: `symbolon up`: a whole realm on the loopback, provisioned and walked through. */
#pragma once

/* Returns the exit status: 0 stopped by the user, or with --once the walk went through; 1 not; 2 usage. */
int up_main(int argc, char **argv);
