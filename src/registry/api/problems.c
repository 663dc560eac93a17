// SPDX-License-Identifier: Apache-2.0
#include "registry/api/problems.h"

#include "registry/api/openapi.h"
#include "wire/problem.h"

static const struct problem_type rows[] = {
	{400, "wrong-request",
		"The request is malformed; the detail names the member that is wrong."},
	{401, "not-known",
		"It is not known who asks, or what was shown is not right or has run out."},
	{403, "not-allowed", "This role may not ask for it."},
	{404, "not-there", "There is no such thing, or it is not for the one who asks."},
	{405, "wrong-method", "The resource has other methods; Allow names them."},
	{409, "conflict", "It is there already, was decided already, or something refers to it."},
	{410, "used-up", "It was used before, or has run out."},
	{413, "too-large", "More than is taken at once."},
	{415, "wrong-type", "A body of another type is wanted."},
	{422, "not-proved", "What was shown does not prove what it should."},
	{429, "too-often", "Too many attempts; Retry-After says when to come back."},
	{500, "failed", "The registry failed; whether it was done may not be known."},
	{503, "busy", "The registry or its database does not take it now; nothing was done."},
};
static const struct problem_types types = {"/v1/problems/", rows, sizeof(rows) / sizeof(rows[0])};

unsigned problems_status(enum err err)
{
	switch (err) {
	case ERR_SYNTAX:
	case ERR_RANGE:
		return 400;
	case ERR_AUTH:
		return 401;
	case ERR_DENIED:
		return 403;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_EXISTS:
	case ERR_CONFLICT:
		return 409;
	case ERR_EXPIRED:
		return 410;
	case ERR_UNSUPPORTED:
		return 415;
	case ERR_REPLAY:
		return 422;
	case ERR_AGAIN: /* too often */
		return 429;
	case ERR_UNAVAILABLE:
	case ERR_OVERLOAD:
	case ERR_TIMEOUT:
		return 503;
	default:
		return 500;
	}
}

void problems_write(struct json_writer *w, unsigned status, const char *detail)
{
	problem_write(&types, w, status, detail);
}

enum err problem_show(struct call *call)
{
	TRY(problem_describe(&types, buf_contents(&call->segment), &call->reply));
	call_answer(call, 200);
	return OK;
}

enum err openapi_show(struct call *call)
{
	buf_bytes(&call->reply, registry_openapi_text, registry_openapi_len);
	call_answer(call, 200);
	return OK;
}
