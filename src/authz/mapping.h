// SPDX-License-Identifier: Apache-2.0
/*
 * mapping: the mapping and registration function (Y.3056 9.2.2), the part that answers RP_B: which client may
 * use which application, and under which pseudonym.  req: B9.2.2-f
 */
#pragma once

#include "authz/authz.h"
#include "core/degree.h"
#include "core/token.h"
#include "wire/gba_xml.h"
#include "wire/rp_messages.h"

/* `until` in the store of a permission that has no end. */
#define FOREVER INT64_MAX

/* The realm secret that pseudonyms are made under; made on first start. Before the loop runs. */
enum err mapping_start_up(struct authz *authz);
void mapping_shut_down(struct authz *authz);

/* Who may use what, and through whom. All is copied. */
struct mapping_question {
	const struct ident *client; /* NULL: only whether the element may serve the application */
	const struct ident *application;
	struct ua ua;	     /* UA_ALL: all that are registered */
	struct view element; /* empty: asked for nobody in particular (10.4/3a) */
	struct view session; /* of a client: kept as a session of that Session-Id; empty: not kept */
	struct view origin;  /* who asked, and is told when the permission ends or changes */
};

/*
 * The service permission flag. OK: granted, all filled; a session is kept, and that is committed. ERR_DENIED: no
 * such application or Ua id, an element of another ASP, flag not set or past its end, a Session-Id that is
 * another permission's or another asker's: one answer for all. ERR_OVERLOAD: too many sessions are kept. Else
 * the store is away.
 * Views are valid during the call.
 */
struct mapping_answer {
	enum err err;
	const char *detail;
	int64_t lifetime; /* seconds that the permission, and the application's tokens, last at most */
	bool identity;	  /* the application may see the client's identity */
	struct uss setting;	  /* of a client: its pseudonym */
	struct ident application; /* what the token is for: the application, or its group */
	struct ua uas[RP_UAS];
	size_t ua_count;
	struct view format, degree;
	struct degree_need need; /* of the degree */
	int64_t token_lifetime;	 /* seconds: the application's, or the degree's if that is less */
	struct view members[RP_MEMBERS]; /* all that a group's token opens, the group first */
	size_t member_count;
	struct words rights;	/* of a client: what it may do there */
	struct view attributes; /* and what may be told of its user: a JSON object, or empty */
};
typedef void mapping_done(void *authz, uint64_t ref, const struct mapping_answer *answer);
void mapping_ask(struct authz *authz, const struct mapping_question *question, mapping_done *done,
	uint64_t ref);
