// SPDX-License-Identifier: Apache-2.0
#include "authz/api/problems.h"

#include "authz/api/openapi.h"
#include "authz/registration/registration.h"

#include <stdio.h>
#include <string.h>

#define PATH "/v1/problems/"

static const struct {
	unsigned status;
	const char *name, *meaning;
} types[] = {
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
enum { TYPES = sizeof(types) / sizeof(types[0]) };

void problems_write(struct json_writer *w, unsigned status, const char *detail)
{
	char type[64] = "about:blank";

	for (size_t i = 0; i < TYPES; i++) {
		if (types[i].status == status) {
			(void)snprintf(type, sizeof(type), PATH "%s", types[i].name);
		}
	}
	json_put_string(w, "type", type);
	json_put_string(w, "title", http_reason(status));
	json_put_int(w, "status", status);
	json_put_string(w, "detail", detail);
}

enum err problem_show(struct call *call)
{
	struct json_writer w = json_to(&call->reply);

	for (size_t i = 0; i < TYPES; i++) {
		if (view_is(buf_contents(&call->segment), types[i].name)) {
			json_open(&w, NULL);
			problems_write(&w, types[i].status, types[i].meaning);
			json_close(&w);
			call_answer(call, 200);
			return OK;
		}
	}
	return err_fail(ERR_NOT_FOUND, "no such type of problem");
}

enum err openapi_show(struct call *call)
{
	buf_bytes(&call->reply, openapi_text, openapi_len);
	call_answer(call, 200);
	return OK;
}
