// SPDX-License-Identifier: Apache-2.0
/*
 * fields: which header fields go through the gateway. What belongs to a connection stays there (RFC 9110 7.6.1),
 * and what an application believes of its users is said by the gateway alone.
 */
#pragma once

#include "app/symapp.h"
#include "base/text.h"
#include "wire/http.h"

enum {
	FIELDS_MAX = HTTP_FIELDS_MAX + 10,
	FIELDS_ATTRIBUTES = 3 * SYMAPP_ATTRIBUTES, /* two bytes of UTF-8 become six */
};

struct fields {
	struct http_field items[FIELDS_MAX];
	size_t count;
	char expires[TEXT_TIME], via[IDENT_MAX + 8];
	uint8_t attributes[FIELDS_ATTRIBUTES];
};

/* In which fields an application is told who asks; NULL: it is not told. A device's own are dropped. */
struct field_names {
	const char *pseudonym;	 /* what it may call the device; absent when the realm gave none */
	const char *expires;	 /* when the session's token ends, RFC 3339 */
	const char *application; /* the application that the token is for */
	const char *degree; /* the token's security degree, by its name; absent when none was sent */
	const char *rights; /* what the device may do, "read write"; absent when the realm says nothing */
	const char *attributes; /* of its user, as granted: a JSON object in ASCII; absent without any */
};
/* ERR_CONFIG: no name of a field, or of one that the gateway needs for itself. "none" is fine. */
enum err fields_check_name(const char *name);

/* Of a request, to the backend: Host first, then what may pass, then Via and those. Points into its arguments.  req: B9.4.1-g */
void fields_to_backend(const struct http_head *head, const char *host,
	const struct symapp_token *token, const char *node, const struct field_names *names,
	struct fields *ret);
/* Takes out what stands under this name. */
void fields_drop(struct fields *fields, const char *name);
/* Of an answer, to the device: all that may pass; its length, if announced, among them. */
void fields_to_device(const struct http_head *head, struct fields *ret);
