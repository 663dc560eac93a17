// SPDX-License-Identifier: Apache-2.0
/* print: what the API answers, for people: tables and cards. Control characters are not passed on to terminals. */
#pragma once

#include "wire/json.h"

#include <stdio.h>

struct print_column {
	const char *title, *member;
	bool is_ms; /* milliseconds since 1970, shown as a time */
};

/* One row an item, under titles; columns as wide as they must be. */
void print_table(FILE *to, const struct json *items, const struct print_column *columns,
	size_t count);
/* One line a member that is there. */
void print_card(FILE *to, const struct json *item, const struct print_column *columns, size_t count);
/* Text without what would move a cursor. */
void print_text(FILE *to, struct view text);
