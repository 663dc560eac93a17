// SPDX-License-Identifier: Apache-2.0
/*
 * http_foreign: a request that came over something else than HTTP (CoAP, say), for the handlers that there are: they are given
 * it, and answer it, as any other. Its `stream` is NULL. A streamed answer is not to be had: http_answer_begin() fails with
 * ERR_UNSUPPORTED, and the request is still to be answered.
 */
#pragma once

#include "net/http_server.h"

/* Given once: by the answer, also by one that is cut off (500, without fields). */
typedef void http_foreign_answer(void *user, unsigned status, const struct http_field *fields,
	size_t count, struct view body);

struct http_foreign {
	const char *method;
	struct view target;		 /* origin form, percent-encoded */
	const struct http_field *fields; /* at most HTTP_FIELDS_MAX */
	size_t field_count;
	struct view body;
	http_foreign_answer *answer;
	void *user;
};

/* Copies all of it. ERR_SYNTAX: the target; ERR_RANGE: too many fields; ERR_MEMORY. */
enum err http_foreign_new(const struct http_foreign *foreign, struct http_request **ret);
