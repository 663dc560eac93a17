// SPDX-License-Identifier: Apache-2.0
/*
 * trust: what a registry says of a device or of an application, and where a device is in its life. The names stand in
 * messages, in records of the log and on the command line; the numbers in the database and, for trust, in status lists.
 *  req: R6.1-b R7-a
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* The numbers are the codes of the status list, 2 bits a device. */
enum trust {
	TRUST_TRUSTED = 0,
	TRUST_UNRELIABLE = 1,
	TRUST_UNVERIFIED = 2,
	TRUST_UNASSIGNED =
		3, /* no device has this index: an initial fill, never a device's status */
	TRUST_COUNT,
};

/* "trusted", "unreliable", "unverified", "unassigned"; "unassigned" for anything else. Never NULL. */
const char *trust_name(enum trust trust);
/* ERR_SYNTAX: not the name of a status that a device can have ("unassigned" is none). */
enum err trust_of(struct view name, enum trust *ret);

enum lifecycle {
	LIFE_PREREGISTERED, /* a row of a bulk import: no evidence has come yet, there is no RegDevID */
	LIFE_REGISTERED, /* has its RegDevID, and has not confirmed it (no det) */
	LIFE_ACTIVE,	 /* has confirmed it */
	LIFE_LOST,	 /* reported by its owner */
	LIFE_STOLEN,	 /* reported by its owner */
	LIFE_RETIRED,	 /* out of use: for good */
	LIFE_COUNT,
};

/* "preregistered", "registered", "active", "lost", "stolen", "retired"; "" for anything else. Never NULL. */
const char *lifecycle_name(enum lifecycle life);
/* ERR_SYNTAX: none of the names. */
enum err lifecycle_of(struct view name, enum lifecycle *ret);
