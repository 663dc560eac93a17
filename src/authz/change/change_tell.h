// SPDX-License-Identifier: Apache-2.0
/* change_tell: who is told that a client came or left, and the audit's row of it: steps of the unit that makes it so. */
#pragma once

#include "authz/change/change.h"
#include "authz/portal/notices.h"

enum { CHANGE_TELL_STEPS = 3 };

/* What the steps point to; the caller's until the unit has been submitted. */
struct change_tell_room {
	struct audit_room audit, operator, user;
};

struct change_tell {
	const char *operation; /* "change_arrived": kind of the notices too */
	const char *by;	       /* who made it so: an operator's node, or an element of ours */
	struct view client;
	struct view subscriber; /* told, unless it is empty and `of_client` is not set */
	bool of_client;		/* told is whose the client is when the unit runs */
	const char *text;	/* for both; NULL: nobody is told */
};

/* Appends to steps[*count]. ERR_CRYPTO, ERR_WRONG_STATE. */
enum err change_tell(struct authz *authz, const struct change_tell *told,
	struct change_tell_room *room, struct store_step *steps, size_t *count);
