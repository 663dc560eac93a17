// SPDX-License-Identifier: Apache-2.0
#include "net/daemon.h"
#include "registry/registry.h"

int main(int argc, char **argv)
{
	return daemon_main(&registry_program, argc, argv);
}
