// SPDX-License-Identifier: Apache-2.0
/*
 * symdev_renewal: when the client element gets a new token (9.5, 10.5/1d): before the one in use ends, or when an
 * application says that it needs one, by whatever carrier. Sans-I/O as the rest: it is told what happens, and says how
 * long to wait. The old token stays in use until the new one is kept.  req: B7.2-d B9.3-c B9.5-b
 *
 *	symdev_renewal_begin(&r, env);
 *	symdev_renewal_token(&r, &token);			what was found, or a bootstrap brought
 *	wait symdev_renewal_wait_ms(&r); at 0:			symdev_renewal_started(&r), a bootstrap,
 *								symdev_renewal_token() or _failed()
 *	the application took the token:				symdev_renewal_works(&r)
 *	it refused:						symdev_renewal_signal(&r, symdev_signal_...(), token.id)
 */
#pragma once

#include "device/symdev.h"

/* What an application said. None of it is proved by anybody: hence the limits below. */
enum symdev_event {
	SYMDEV_NO_EVENT,	   /* nothing about tokens */
	SYMDEV_TOKEN_REQUIRED,	   /* it knows no token, or not this one */
	SYMDEV_NEW_TOKEN_REQUIRED, /* it knew this one, which is over */
};

/* The alert that ended a TLS or DTLS handshake with a PSK: 115, 51 and 40 (RFC 4279, RFC 8446), and what OpenSSL says
 * in their place, 47 and 20. */
enum symdev_event symdev_signal_tls_alert(unsigned alert);
/* An HTTP answer: 401 whose WWW-Authenticate has the realm "3GPP-bootstrapping@..." of this application's host
 * (TS 33.222 5.3), with stale=true when the token is over. */
enum symdev_event symdev_signal_http(unsigned status, struct view www_authenticate,
	const struct ident *application);
/* A CoAP answer's code: 4.01 is 0x81. */
enum symdev_event symdev_signal_coap(uint8_t code);
/* A session that had stood was closed, which says nothing else: of a token that is over by `now` (UTC seconds) it is meant. */
enum symdev_event symdev_signal_closed(const struct symdev_token *token, int64_t now);

/* When a token is to be renewed, UTC seconds: at 80 to 90 % of its life, not all devices at once. */
int64_t symdev_token_renewal(const struct symdev_token *token);

/* After the first bootstrap that a signal asks for, the next one waits 1 to 2 s, and each twice as long; an hour at most. */
enum { SYMDEV_BACK_OFF_S = 2, SYMDEV_BACK_OFF_MAX_S = 3600 };

/* One application, or with tokens of the plain form all of them. Its fields are private. */
struct symdev_renewal {
	const struct env *env;
	char id[TOKEN_ID_MAX + 1]; /* of the token in use; "": none */
	int64_t renew_at, until;   /* UTC seconds */
	int64_t not_before_us;	   /* steady: back-off */
	unsigned tries;		   /* bootstraps since a token was last taken by an application */
	bool wanted, running;
};

void symdev_renewal_begin(struct symdev_renewal *r, const struct env *env);
/* This one is in use from now on. */
void symdev_renewal_token(struct symdev_renewal *r, const struct symdev_token *token);
/* The application took the token in use: whoever signals next is believed at once again. */
void symdev_renewal_works(struct symdev_renewal *r);
/* A signal about the token with this id. True: a new one is wanted now, or is on its way: see symdev_renewal_wait_ms().
 * False: nothing was signalled, or another token is in use by now, to be tried first. */
bool symdev_renewal_signal(struct symdev_renewal *r, enum symdev_event event, const char *id);
/* Milliseconds until a bootstrap is due: 0 now, -1 none, because one runs. */
int64_t symdev_renewal_wait_ms(const struct symdev_renewal *r);
/* Whether the token in use can still be shown to applications meanwhile. */
bool symdev_renewal_usable(const struct symdev_renewal *r);
void symdev_renewal_started(struct symdev_renewal *r);
/* What symdev_boot_input() said, and symdev_boot_retry_after(). */
void symdev_renewal_failed(struct symdev_renewal *r, enum err why, int64_t retry_after);
