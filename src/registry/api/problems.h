// SPDX-License-Identifier: Apache-2.0
/* problems: the types of problem that the API answers with (RFC 9457), one a status; each can be looked up. */
#pragma once

#include "registry/api/call.h"

unsigned problems_status(enum err err);
/* Members type, title, status and detail. */
void problems_write(struct json_writer *w, unsigned status, const char *detail);

call_operation problem_show;
call_operation openapi_show;
