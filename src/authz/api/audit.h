// SPDX-License-Identifier: Apache-2.0
/*
 * audit: an append-only account of every change, one row each, written in the unit that makes the change. Units of a
 * request get theirs in call_submit(); what a program does by itself uses audit_step(). What was changed stands there
 * as an alias, and sealed.  req: B9.2.2-h B11
 */
#pragma once

#include "authz/api/asker.h"
#include "base/log.h"
#include "store/store.h"

struct audit_entry {
	enum who role;
	const char *by;
	const char *operation; /* "application_add" */
	struct view object; /* the identity that was changed; up to AUDIT_OBJECT bytes are kept */
	struct view detail; /* a few words that name no secret; up to AUDIT_DETAIL bytes are kept */
};

enum {
	AUDIT_OBJECT = 1024,
	AUDIT_DETAIL = 512,
	AUDIT_SEALED = 4096,
	AUDIT_ID = 33,
	AUDIT_ALIAS = 17,
	AUDIT_KIND = 48
};

/* What a step points to; the caller's, until the unit has been submitted. */
struct audit_room {
	char id[AUDIT_ID], alias[AUDIT_ALIAS];
	char kind[AUDIT_KIND]; /* of a notification */
	uint8_t sealed[AUDIT_SEALED];
};

/* ERR_CRYPTO, ERR_WRONG_STATE: it could not be sealed. */
enum err audit_step(struct authz *authz, const struct audit_entry *entry, struct audit_room *room,
	struct store_step *ret);

/* An id that sorts by the time it was made in: hex digits, AUDIT_ID with its zero. */
enum err audit_new_id(struct authz *authz, char ret[AUDIT_ID]);
/* The same for the same object, as long as the realm's secret is the same. */
enum err audit_alias(const struct authz *authz, struct view object, char ret[AUDIT_ALIAS]);
