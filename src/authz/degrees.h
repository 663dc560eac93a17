// SPDX-License-Identifier: Apache-2.0
/*
 * degrees: security degrees (Y.3056 8.4, after ITU-T X.1124): named profiles that an application is registered
 * with, configured by the operator.  req: B8.4-a
 */
#pragma once

#include "authz/conf.h"
#include "base/buf.h"
#include "core/token.h"

#define DEGREE_UNLESS_GIVEN "standard"
enum { DEGREE_NAME_MAX = 31 };

struct degree {
	const char *name;
	int64_t lifetime;	 /* seconds that a token of this degree lives at most */
	bool gba;		 /* format gba will do; y3056 always does */
	struct degree_need need; /* what it asks of devices' long-term keys */
};

/* ERR_CONFIG: one is there twice, or asks for what it does not allow. */
enum err degrees_check(const struct authz_conf *conf);
/* ERR_NOT_FOUND: there is none of that name. `ret` points into the configuration. */
enum err degree_find(const struct authz_conf *conf, struct view name, struct degree *ret);
/* The names of those that allow format gba, a space before and behind each. */
enum { DEGREE_NAMES = 16 * (DEGREE_NAME_MAX + 1) + 2 };
void degrees_with_gba(const struct authz_conf *conf, char ret[DEGREE_NAMES]);
/* Each in its order; false past the last. */
bool degree_at(const struct authz_conf *conf, size_t index, struct degree *ret);
