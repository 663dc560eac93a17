// SPDX-License-Identifier: Apache-2.0
/*
 * notices: what operator, ASPs and subscribers are told, each its own: a row that is committed together with what it
 * tells. GET /v1/notifications shows them.  req: B10.2
 */
#pragma once

#include "authz/api/audit.h"

enum notice_to {
	NOTICE_OPERATOR,
	NOTICE_ASP,		 /* whom: its id */
	NOTICE_SUBSCRIBER,	 /* whom: its id */
	NOTICE_ASP_OF,		 /* whom: an application, whose ASP it is when the unit runs */
	NOTICE_ASP_OF_EXTENSION, /* whom: an extension (10.3) */
	NOTICE_USER_OF_EXTENSION,
	NOTICE_USER_OF_SUBJECT, /* whom: the pseudonym of one who has extended trust */
	NOTICE_USER_OF, /* whom: a client, whose subscriber it is when the unit runs; nobody when it has none */
};

struct notice {
	enum notice_to to;
	struct view whom;
	const char *kind;   /* "application-confirmed" */
	struct view object; /* the identity it is about */
	struct view text;   /* a sentence for people; up to AUDIT_DETAIL bytes are kept */
};

/* A step that adds it. `room` is the caller's until the unit has been submitted. */
enum err notice_step(struct authz *authz, const struct notice *notice, struct audit_room *room,
	struct store_step *ret);

/* One more step at the end of `steps`, which has STORE_STEPS. ERR_RANGE: more than a unit tells. */
enum { NOTICES_IN_UNIT = 4 };
struct notice_rooms {
	struct audit_room rooms[NOTICES_IN_UNIT];
	size_t count;
};
enum err notices_add(struct authz *authz, const struct notice *notice, struct notice_rooms *rooms,
	struct store_step *steps, size_t *count);
