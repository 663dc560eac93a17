// SPDX-License-Identifier: Apache-2.0
/* problem: types of problem that an API answers with (RFC 9457), one a status; each can be looked up under its name. */
#pragma once

#include "wire/json.h"

struct problem_type {
	unsigned status;
	const char *name, *meaning;
};

/* A program's own; const. `path` stands before a name: "/v1/problems/". */
struct problem_types {
	const char *path;
	const struct problem_type *rows;
	size_t count;
};

/* Members type, title, status and detail; a status without a row is of type about:blank. */
void problem_write(const struct problem_types *types, struct json_writer *w, unsigned status,
	const char *detail);
/* Appends what the type of this name means, as a problem of it. ERR_NOT_FOUND: there is none. */
enum err problem_describe(const struct problem_types *types, struct view name, struct buf *out);
