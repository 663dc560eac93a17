// SPDX-License-Identifier: Apache-2.0
/*
 * webhook: security event tokens pushed to a receiver by HTTPS (RFC 8935). The receiver's URL is a stranger's choice, so it
 * is looked at twice: as text, and as the address that its name has. A name is resolved once, and the connection goes to
 * that address, which has to be public unless the configuration lists its network; redirects are not followed, and
 * what is answered has a ceiling and a time.  req: R9.4-i-a R9.4-i-c
 */
#pragma once

#include "net/http_client.h"
#include "net/networks.h"

enum {
	WEBHOOK_URL_MAX = 512,
	WEBHOOK_WHY_MAX = 160,
};

/* What webhooks have in common; it outlives them. */
struct webhook_options {
	struct tls *tls;	 /* whom to believe; NULL: only plain ones can be opened */
	bool plain;		 /* http:// is taken too */
	struct networks allowed; /* of addresses that are not public */
	int64_t timeout_ms; /* from the call to the answer, resolving included; 10 s unless set */
	size_t answer_max;  /* bytes of an answer's body; 16 KiB unless set */
	int64_t keep_ms;    /* an address that works is asked for again after it; 60 s unless set */
};

/* ERR_SYNTAX: not https://HOST[:PORT][/PATH], or http:// where it is allowed; user names and fragments have no place in it. */
enum err webhook_check(struct view url, bool plain);

struct webhook; /* one receiver: posts to it one at a time */

/* Nothing is connected before the first post. ERR_SYNTAX, ERR_MEMORY, ERR_CONFIG: no TLS. */
enum err webhook_open(struct loop *loop, const struct webhook_options *options, struct view url,
	struct webhook **ret);
void webhook_close(struct webhook *hook); /* a post under way is not told of. NULL is fine */

enum webhook_result {
	WEBHOOK_ACKNOWLEDGED, /* 202: RFC 8935 2.2 */
	WEBHOOK_REFUSED,      /* 400 with an error code: RFC 8935 2.3. It would say so again */
	WEBHOOK_FAILED,	      /* anything else: later it may work */
};

struct webhook_answer {
	enum webhook_result result;
	enum err error; /* of one that failed without an answer: ERR_DENIED: the address is not allowed */
	unsigned status;	   /* 0: none */
	int64_t retry_ms;	   /* the receiver's Retry-After; 0: it said nothing */
	char why[WEBHOOK_WHY_MAX]; /* printable; without anything of the token */
};

typedef void webhook_done(void *user, const struct webhook_answer *answer);

/* Posts a token. `done` comes once, never before this returns; inside it the webhook may be closed, or post again.
 * ERR_WRONG_STATE: a post is under way. */
enum err webhook_post(struct webhook *hook, struct view token, webhook_done *done, void *user);
