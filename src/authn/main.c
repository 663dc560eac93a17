// SPDX-License-Identifier: Apache-2.0
#include "authn/authn.h"
#include "net/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(&authn_program, argc, argv);
}
