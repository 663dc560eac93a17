// SPDX-License-Identifier: Apache-2.0
#include "authz/authz.h"
#include "net/daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(&authz_program, argc, argv);
}
