// SPDX-License-Identifier: Apache-2.0
/*
 * fields: which header fields go through the gateway. What belongs to a connection stays there (RFC 9110 7.6.1),
 * and what an application believes of its users is said by the gateway alone.
 */
#pragma once

#include "app/symapp.h"
#include "base/text.h"
#include "wire/http.h"

enum { FIELDS_MAX = HTTP_FIELDS_MAX + 8 };

struct fields {
	struct http_field items[FIELDS_MAX];
	size_t count;
	char expires[TEXT_TIME], via[IDENT_MAX + 8];
};

/*
 * Of a request, to the backend: Host first, then what may pass, then Via and
 *	Symbolon-Pseudonym	what the application may call the device; absent when the realm gave none
 *	Symbolon-Token-Expires	when the session's token ends, RFC 3339
 *	Symbolon-Application	the application that the token is for
 * Points into its arguments.  req: B9.4.1-g
 */
void fields_to_backend(const struct http_head *head, const char *host,
	const struct symapp_token *token, const char *node, struct fields *ret);
/* Of an answer, to the device: all that may pass; its length, if announced, among them. */
void fields_to_device(const struct http_head *head, struct fields *ret);
