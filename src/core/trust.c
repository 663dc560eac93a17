// SPDX-License-Identifier: Apache-2.0
#include "core/trust.h"

static const char *const trusts[TRUST_COUNT] = {
	[TRUST_TRUSTED] = "trusted",
	[TRUST_UNRELIABLE] = "unreliable",
	[TRUST_UNVERIFIED] = "unverified",
	[TRUST_UNASSIGNED] = "unassigned",
};

static const char *const lives[LIFE_COUNT] = {
	[LIFE_PREREGISTERED] = "preregistered",
	[LIFE_REGISTERED] = "registered",
	[LIFE_ACTIVE] = "active",
	[LIFE_LOST] = "lost",
	[LIFE_STOLEN] = "stolen",
	[LIFE_RETIRED] = "retired",
};

const char *trust_name(enum trust trust)
{
	return trust < TRUST_COUNT ? trusts[trust] : trusts[TRUST_UNASSIGNED];
}

enum err trust_of(struct view name, enum trust *ret)
{
	for (enum trust t = TRUST_TRUSTED; t < TRUST_UNASSIGNED; t++) {
		if (view_is(name, trusts[t])) {
			*ret = t;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "Y.3059 6.1: a status is trusted, unreliable or unverified");
}

const char *lifecycle_name(enum lifecycle life)
{
	return life < LIFE_COUNT ? lives[life] : "";
}

enum err lifecycle_of(struct view name, enum lifecycle *ret)
{
	for (enum lifecycle l = LIFE_PREREGISTERED; l < LIFE_COUNT; l++) {
		if (view_is(name, lives[l])) {
			*ret = l;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX,
		"a device is preregistered, registered, active, lost, stolen or retired");
}
