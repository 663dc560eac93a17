// SPDX-License-Identifier: Apache-2.0
/* grants: what delegations.c shares with grants.c: a permission as it is shown, and what is read of a request. */
#pragma once

#include "authz/api/call.h"

/* The column that tells the place of a row in a list over clients and applications. */
enum { GRANT_KEY = 8 };

/* `until` of the body; FOREVER unless given. ERR_RANGE: it is past. */
enum err grant_read_until(const struct call *call, int64_t *ret);
/* An item, as the asker may see it. */
call_put grant_put;
/* ERR_NOT_FOUND of a query becomes ERR_SYNTAX: ?NAME= and &application= are wanted. */
enum err grant_both_wanted(enum err err, const char *name);
