// SPDX-License-Identifier: Apache-2.0
/* flow_set_up: Y.3059 clause 9.1: registries are named, typed, joined, and say how they are reached.  req: R9.1-i R9.1-ii */
#include "cli/up_inside.h"

enum err flow_set_up(struct up *up)
{
	up_begin(up, "Clause 9.1: a hierarchy of trust registries");
	TRY(hierarchy_start(up));
	up_step(up, "9.1/i", "IN, TEL, P01", "each has a unique name under its parent's");
	up_step(up, "9.1/ii", "IN, TEL, P01", "geographical, sectoral and primary");
	return up_show(up, "9.1/ii", "shown");
}
