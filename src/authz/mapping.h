// SPDX-License-Identifier: Apache-2.0
/*
 * mapping: the mapping and registration function (Y.3056 9.2.2), the part that answers RP_B: which client may
 * use which application, and under which pseudonym.  req: B9.2.2-f
 */
#pragma once

#include "authz/authz.h"
#include "core/token.h"
#include "wire/gba_xml.h"

/* `until` in the store of a permission that has no end. */
#define FOREVER INT64_MAX

/* The realm secret that pseudonyms are made under; made on first start. Before the loop runs. */
enum err mapping_start_up(struct authz *authz);
void mapping_shut_down(struct authz *authz);

/*
 * The service permission flag. OK: granted, `settings` filled. ERR_DENIED: no such application or Ua id, an
 * element of another ASP, flag not set or past its end: one answer for all. Else the store is away.
 * `element` empty: asked for nobody in particular (10.4/3a).
 */
struct mapping_answer {
	enum err err;
	const char *detail;
	int64_t lifetime; /* seconds that the permission, and the application's tokens, last at most */
	bool identity;	  /* the application may see the client's identity */
	struct uss setting;
};
typedef void mapping_done(void *authz, uint64_t ref, const struct mapping_answer *answer);
void mapping_ask(struct authz *authz, const struct ident *client, const struct ident *application,
	struct ua ua, struct view element, mapping_done *done, uint64_t ref);
