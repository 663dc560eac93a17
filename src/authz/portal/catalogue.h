// SPDX-License-Identifier: Apache-2.0
/*
 * catalogue: what an ASP publishes of its applications, for subscribers to browse: title and description, which attributes
 * are asked for, how a subscriber must have been verified, and who administers rights to it.  req: B7.7-c B7.7-d B7.7-e
 */
#pragma once

#include "authz/api/call.h"
#include "core/words.h"

struct catalogue_entry {
	struct view title, description; /* data NULL: as it is */
	bool published, has_published;
	struct words attributes, administrators; /* of claims; of asp, operator and user */
	bool has_attributes, has_administrators;
	struct view verification; /* at least; data NULL: as it is */
};

/* Members of the body; all may be left out. ERR_SYNTAX, ERR_RANGE. */
#define CATALOGUE_MEMBERS                                                                          \
	"title", "description", "published", "attributes", "verification", "administrators"
enum err catalogue_read(const struct call *call, struct catalogue_entry *ret);
bool catalogue_is_empty(const struct catalogue_entry *entry);
/* Whether it says what the operator confirmed: attributes, verification or administrators. */
bool catalogue_needs_operator(const struct catalogue_entry *entry);
/* Changes what is given. */
struct store_step catalogue_step(struct view application, const struct catalogue_entry *entry);
/* Members of an answer, from the columns of a row that begin with `column`: CATALOGUE_COLUMNS. */
enum { CATALOGUE_WIDTH = 6 };
void catalogue_put(struct json_writer *w, const struct store_result *result, size_t step,
	size_t row, size_t column);
