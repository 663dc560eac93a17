// SPDX-License-Identifier: Apache-2.0
/* problems: the types of problem that the API answers with (RFC 9457), one a status; each can be looked up. */
#pragma once

#include "wire/json.h"

/* Members type, title, status and detail. */
void problems_write(struct json_writer *w, unsigned status, const char *detail);
