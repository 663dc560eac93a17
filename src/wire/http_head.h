// SPDX-License-Identifier: Apache-2.0
/* http_head: one complete head, by libhttp-parser; the only file that another parser would replace. */
#pragma once

#include "wire/http.h"

/*
 * Reads a head that ends in its empty line and whose lines all end in CR LF. Views in `ret` point
 * into `bytes`. On failure `ret_refusal` is the status for the peer.
 */
enum err http_head_parse(enum http_side side, struct view bytes, struct http_head *ret,
	unsigned *ret_refusal);

/* RFC 9110 5.6.2, and a field's value: no control characters but the tab. */
bool http_is_token(struct view v);
bool http_is_value(struct view v);
