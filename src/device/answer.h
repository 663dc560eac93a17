// SPDX-License-Identifier: Apache-2.0
/* answer: one HTTP answer on RP_C, taken apart where it lies; nothing is allocated. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { ANSWER_BODY = 2048 };

/* Views point into the bytes given. */
struct answer {
	unsigned status;
	struct view challenge; /* WWW-Authenticate */
	struct view info;      /* Authentication-Info */
	struct view content_type;
	uint8_t body[ANSWER_BODY]; /* chunks joined */
	size_t body_len;
};

/*
 * ERR_AGAIN: more bytes are needed. ERR_SYNTAX, ERR_RANGE: not an HTTP/1.1 answer, a body over 2 KiB, or
 * one of these fields twice. *ret_used: bytes of the whole answer. `closed`: nothing more will come.
 */
enum err answer_parse(struct view bytes, bool closed, struct answer *ret, size_t *ret_used);
