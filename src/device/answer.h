// SPDX-License-Identifier: Apache-2.0
/* answer: one HTTP answer on RP_C, taken apart where it lies; nothing is allocated. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { ANSWER_BODY = 4096 };

/* Views point into the bytes given. */
struct answer {
	unsigned status;	 /* final: interim answers are read past */
	bool keep_alive;	 /* another request may follow on this connection */
	struct view challenge;	 /* WWW-Authenticate; data NULL when absent */
	struct view info;	 /* Authentication-Info */
	struct view server;	 /* Server */
	struct view retry_after; /* Retry-After */
	struct view content_type;
	bool has_body; /* it was read, or read past: of a 200, a 401, and of a 403 with `info` or with a problem */
	uint8_t body[ANSWER_BODY]; /* of a 200 or 403, chunks joined; that of a 401 is read past */
	size_t body_len;
};

/*
 * ERR_AGAIN: more bytes are needed; never when `closed`, which says that none will come, but ERR_CLOSED.
 * ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE: not an HTTP/1 answer, one of these fields twice, a body over 4 KiB.
 * *ret_used: bytes of the whole answer. One without has_body is whole with its head.
 */
enum err answer_parse(struct view bytes, bool closed, struct answer *ret, size_t *ret_used);
