// SPDX-License-Identifier: Apache-2.0
/* schema: the tables and statements of an authentication element's store. */
#pragma once

#include "store/store.h"

/*
 * token	what a bootstrap has made; `holder` is the same for tokens of one client and application, and
 *		says neither
 * session	permissions (Session-Id of RP_B) that tokens rest upon; with `ends` 1 the token ends with it, with 0
 *		only that application's use of it
 * event	what elements are told, in order; `kind` is an enum rp_a_type, `node` who tells
 */
enum authn_statement {
	DATA_KEYS,
	ADD_DATA_KEY,
	SET_DATA_KEY,
	DROP_DATA_KEYS,
	PAGE_SETTINGS,	 /* from this name on, how many -> name, record */
	REPLACE_SETTING, /* name, record, the record before */
	PAGE_TOKENS,	 /* from this id on, how many -> id, record */
	REPLACE_TOKEN,	 /* id, record, the record before */
	FIND_SETTING,	 /* name -> record */
	ADD_SETTING,	 /* name, record */

	ADD_TOKEN,    /* id, until, record, holder, tmpi */
	BOUND_TOKENS, /* holder, until: the token of that holder ends then, or sooner, and has none */
	FIND_TOKEN,   /* id, now -> id, record */
	FIND_TMPI,    /* tmpi, now -> id, record */
	DROP_TOKENS,	       /* now */
	COUNT_TOKENS,	       /* now -> how many have not expired */
	ADD_SESSION,	       /* id, token, application, until */
	FIND_USE,	       /* token, application -> id of its session */
	ADD_USE,	       /* id, token, application, until: unless there is one */
	RENEW_USE,	       /* token, application, until */
	FIND_SESSION,	       /* id -> application, ends */
	FIND_TOKEN_OF_SESSION, /* id, now -> token's id, record, and an end that does not bound it */
	BOUND_USE_OF_SESSION,  /* id, until */
	DROP_SESSION,	       /* id */
	END_TOKEN,	       /* session, now: if the token ends with it */
	CHANGE_TOKEN, /* id, until, record, now: unless it is over; not longer, if it was replaced */
	DROP_SESSIONS,	      /* now */
	ADD_EVENT,	      /* node, application, kind, token, at, until -> serial */
	ADD_EVENT_OF_SESSION, /* session, node, kind, at, until at least -> serial, application, token */
	DROP_EVENTS,	      /* now */
	LAST_EVENT,	      /* -> the highest serial, 0 with none */
	FOLLOW_EVENTS, /* node, serial, now, how many -> token's id, record, until (NULL: gone); serial, kind,
			* application, token, until of that session: those behind that serial, in order */
	AUTHN_STATEMENTS
};

extern const struct store_schema authn_schema;
