// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

int main(int argc, char **argv)
{
	return daemon_main(&gateway_program, argc, argv);
}
