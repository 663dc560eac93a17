// SPDX-License-Identifier: Apache-2.0
/*
 * credentials: HTTP Digest with the key of a token (TS 33.222 5.3, TS 24.109 5.2, RFC 7616), inside TLS that proves the
 * application by a certificate: the user name is the token id, the password the key in base64, the realm
 * "3GPP-bootstrapping@" and the application's host.  req: B7.6-e B9.6.4-b B9.6.4-c
 */
#pragma once

#include "gateway/gateway.h"

enum err credentials_open(struct gateway *gateway);
void credentials_close(struct gateway *gateway);

/* What came of a request's credentials. Wiped by its owner. */
struct credentials {
	struct secret password; /* OK: for the answer's rspauth */
	bool whole;		/* auth-int: the answer's body is to be in it */
	unsigned status;	/* else: what to answer, */
	bool stale;		/* 401: they are right, but their nonce is not good any more */
	int64_t wait_s;		/* 429: when to come back */
};

/*
 * OK: this request has proved the key of this token, whose key is not copied. ERR_AGAIN: as symapp_find(). Any other:
 * answer ret->status, with err_detail().
 */
enum err credentials_check(struct application *application, const struct http_request *request,
	symapp_ready *ready, uint64_t user_ref, struct symapp_token *ret_token,
	struct credentials *ret);

/* 401: a WWW-Authenticate for each algorithm that is taken, the better one first. */
enum { CREDENTIALS_CHALLENGES = 2, CREDENTIALS_CHALLENGE_MAX = 512 };
struct credentials_challenge {
	size_t count;
	char texts[CREDENTIALS_CHALLENGES][CREDENTIALS_CHALLENGE_MAX];
};
enum err credentials_challenge(const struct application *application, bool stale,
	struct credentials_challenge *ret);

/* Authentication-Info: the application has the key too. Over this body when `whole`, else without it. */
enum err credentials_info(const struct http_request *request, const struct credentials *credentials,
	bool whole, struct view body, struct buf *ret);
