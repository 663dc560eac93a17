// SPDX-License-Identifier: Apache-2.0
/* schema: the tables and statements of an authentication element's store. */
#pragma once

#include "store/store.h"

/*
 * token	what a bootstrap has made; `holder` is the same for tokens of one client and application, and
 *		says neither
 * session	permissions (Session-Id of RP_B) that tokens rest upon; `application` is "" with none
 * event	what elements are told, in order; `kind` is an enum rp_a_type, `node` who tells
 */
enum authn_statement {
	DATA_KEYS,
	ADD_DATA_KEY,
	FIND_SETTING, /* name -> record */
	ADD_SETTING,  /* name, record */

	ADD_TOKEN,     /* id, until, record, holder, tmpi */
	BOUND_TOKENS,  /* holder, id, until: other tokens of that holder end then, or sooner */
	FIND_TOKEN,    /* id, now -> id, record */
	FIND_TMPI,     /* tmpi, now -> id, record */
	DROP_TOKENS,   /* now */
	COUNT_TOKENS,  /* now -> how many have not expired */
	ADD_SESSION,   /* id, token, application, until */
	DROP_SESSIONS, /* now */
	ADD_EVENT,     /* node, application, kind, token, at, until -> serial */
	DROP_EVENTS,   /* now */
	LAST_EVENT,    /* -> the highest serial, 0 with none */
	FOLLOW_EVENTS, /* node, serial, now, how many -> token's id, record, until (NULL: gone); serial, kind,
			* application, token, until of that session: those behind that serial, in order */
	AUTHN_STATEMENTS
};

extern const struct store_schema authn_schema;
