// SPDX-License-Identifier: Apache-2.0
/*
 * power_cut: preloaded into a program that keeps its state by renaming files, it ends that at its N-th change, as a power cut
 * would: POWER_CUT=2N before it was made, POWER_CUT=2N+1 right after.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int rename(const char *from, const char *to)
{
	static int changes;
	const char *when = getenv("POWER_CUT");
	int cut = when ? atoi(when) : -1, now = changes++;

	if (cut == 2 * now) {
		(void)kill(getpid(), SIGKILL);
	}
	int result = renameat(AT_FDCWD, from, AT_FDCWD, to);

	if (cut == 2 * now + 1) {
		(void)kill(getpid(), SIGKILL);
	}
	return result;
}
