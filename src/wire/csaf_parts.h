// SPDX-License-Identifier: Apache-2.0
/* csaf_parts: what the files of csaf know of each other; nobody else includes it. */
#pragma once

#include "wire/csaf.h"

/* A product by its id: a row of a table that is sorted once it is whole. */
struct csaf_name {
	struct view id;
	uint32_t product;
};

/* Finds products by their ids; sorted by id. */
struct csaf_names {
	struct csaf_name *rows;
	size_t count;
};

/* ERR_SYNTAX "CSAF 2.0 CLAUSE: ..." */
enum err csaf_bad(const char *clause, const char *what);
/* A text of 1 and more bytes. */
enum err csaf_text(const struct json *object, const char *name, const char *clause,
	struct view *ret);
/* An array, of `least` items and more; NULL when absent, and that is only allowed with 0. */
enum err csaf_array(const struct json *object, const char *name, size_t least, const char *clause,
	const struct json **ret);

/* The product tree: fills csaf->products, and gives their names. The caller frees ret->rows, on errors too. */
enum err csaf_read_products(struct csaf *csaf, const struct json *tree, struct csaf_names *ret);
/* ERR_SYNTAX 6.1.1: there is no such product. */
enum err csaf_find_product(const struct csaf_names *names, struct view id, uint32_t *ret);
/* Fills csaf->vulnerabilities. */
enum err csaf_read_vulnerabilities(struct csaf *csaf, const struct json *list,
	const struct csaf_names *names);
/* document/tracking. */
enum err csaf_read_tracking(struct csaf *csaf, const struct json *tracking);
