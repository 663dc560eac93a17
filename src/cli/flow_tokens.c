// SPDX-License-Identifier: Apache-2.0
/* flow_tokens: clause 10.4 with symmetric keys. */
#include "cli/up_inside.h"

enum { STATUS_REFUSED = 4 };

static enum err token_generation(struct up *up, const struct walker *walker)
{
	up_begin(up, "Clause 10.4: the device bootstraps at the realm, for one application");
	TRY(bootstrap(up, walker, 0));
	return up_show(up, "10.4/4c", "token.stored");
}

/* req: B9.4.1-c */
static enum err refused_device(struct up *up, const struct walker *walker)
{
	up_begin(up,
		"A device whose service permission flag is not set: refused before a token exists");
	TRY(bootstrap(up, walker, STATUS_REFUSED));
	TRY(up_show(up, "10.4/3b", "rp_c.not_permitted"));
	up_say(up, "\n  %s", buf_string(&up->command.errors));
	return OK;
}

enum err flow_tokens(struct up *up)
{
	struct walker walker[WALKERS];

	walkers(up, walker);
	TRY(token_generation(up, &walker[WALKER]));
	return refused_device(up, &walker[REFUSED_WALKER]);
}
