// SPDX-License-Identifier: Apache-2.0
#include "authz/api/problems.h"

#include "authz/api/openapi.h"
#include "authz/registration/registration.h"
#include "wire/problem.h"

static const struct problem_type rows[] = {
	{400, "wrong-request",
		"The request is malformed; the detail names the member that is wrong."},
	{401, "not-signed-in",
		"Nobody is signed in, or what was shown is not right or has run out."},
	{403, "not-allowed", "This role may not ask for it, or the name is not the asker's own."},
	{404, "not-there", "There is no such thing, or it is not the asker's."},
	{405, "wrong-method", "The resource has other methods; Allow names them."},
	{409, "conflict", "It is there already, was decided already, or something refers to it."},
	{410, "used-up", "A secret that was used before, or has run out."},
	{415, "wrong-type", "A body is sent as application/json."},
	{422, "other-request", "The idempotency key was used with another request."},
	{429, "too-often", "Too many attempts; Retry-After says when to come back."},
	{500, "failed", "The node failed; whether it was done may not be known."},
	{503, "busy", "The node or its database does not take it now; nothing was done."},
};
static const struct problem_types types = {"/v1/problems/", rows, sizeof(rows) / sizeof(rows[0])};

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
	buf_bytes(&call->reply, openapi_text, openapi_len);
	call_answer(call, 200);
	return OK;
}
