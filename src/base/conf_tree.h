// SPDX-License-Identifier: Apache-2.0
/* conf_tree: what conf's files share: a YAML file as a tree, single values, and faults with a place. */
#pragma once

#include "base/conf.h"

struct node {
	enum { NODE_TEXT, NODE_MAPPING, NODE_SEQUENCE } kind;
	bool plain; /* text without quotes */
	unsigned line;
	char *key;  /* in a mapping, else NULL */
	char *text; /* of a NODE_TEXT */
	struct node *children, *next;
};

/* A place in a file: a key or, when `key` is NULL, an index, within the place above. */
struct where {
	const struct where *up;
	const char *key;
	size_t index;
};

/* Says "FILE:LINE: PLACE: SENTENCE", without the line when that is 0; returns ERR_CONFIG. */
enum err tree_fault(const char *file, unsigned line, const struct where *at, const char *format,
	...) PRINTF_LIKE(4, 5);

/* The file's one mapping; an empty file is an empty mapping. The caller frees. */
enum err tree_parse(const char *file, struct view yaml, struct node **ret);
void tree_free(struct node *n);
/* Nothing was written where a value could stand. */
bool tree_is_null(const struct node *n);

/* Text from a file cut short, with '?' for what should not reach a terminal or a log. */
enum { SHOWN = 48 };
const char *tree_shown(const char *text, char room[SHOWN]);

/* One value of any type but LIST and TEXTS. ERR_CONFIG with "70000 is not a whole number ...". */
enum err value_read(const struct conf_option *o, const char *text, void *ret);
/* One text of a TEXT or TEXTS. ERR_CONFIG as above. */
enum err value_read_text(const struct conf_option *o, const char *text, char **ret);
void value_print(const struct conf_option *o, const void *field, struct buf *to); /* as in YAML */
/* What may stand there: "a whole number from 1 to 65535". */
void value_allowed(const struct conf_option *o, struct buf *to);
