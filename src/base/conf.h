// SPDX-License-Identifier: Apache-2.0
/*
 * conf: a program's options, one row each. The parser, the check, the dump with defaults and the
 * manual's table all come from the rows. Files are YAML, read by libyaml; a fault names file,
 * line, path, and what is allowed: "authn.yaml:12: diameter.peers[2].port: 70000 is not a whole
 * number from 1 to 65535".
 *
 * A program declares its rows as an X-macro and makes both the struct and the table from it:
 *
 *	#define AUTHN_OPTIONS(X)                                                              \
 *		X(TEXT, rp_c.listen, rp_c_listen, "127.0.0.1:0", ADDRESS, START, "where devices ...")
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include <stdio.h>

enum conf_type {
	CONF_TEXT,   /* char *; "" unless given */
	CONF_NUMBER, /* int64_t with min and max */
	CONF_BOOL,   /* bool: true or false */
	CONF_TIME,   /* int64_t milliseconds, written 250ms, 30s, 10m, 24h, 7d */
	CONF_SIZE,   /* int64_t bytes, written 64KiB, 1MiB, 2GiB, or plain */
	CONF_CHOICE, /* int: index into `allowed`, words separated by '|' */
	CONF_LIST,   /* struct conf_list of structs described by `rows` */
	CONF_TEXTS,  /* struct conf_texts: a sequence of texts */
};

struct conf_texts {
	char **items;
	size_t count;
};

struct conf_list {
	void *items; /* `count` structs of the list's item_size */
	size_t count;
};

struct conf_option {
	const char *path; /* "rp_c.listen": mappings separated by dots */
	enum conf_type type;
	size_t offset;	     /* of the field in the program's struct */
	const char *initial; /* the default, as it would be written in the file; NULL: must be given */
	int64_t min, max;    /* NUMBER, TIME (ms), SIZE, and the length of LIST and TEXTS */
	const char *allowed; /* CHOICE: "tls|tcp"; TEXT: what a valid text is, for the message */
	enum err (*check)(const char *text); /* TEXT, TEXTS: further check, or NULL */
	bool reloadable;		     /* taken over on SIGHUP */
	const struct conf_option *rows;	     /* LIST: the rows of one item, ended by a NULL path */
	size_t item_size;
	const char *help; /* one sentence */
};

/*
 * Fills the program's zeroed struct from a file, or from defaults alone when `path` is NULL.
 * Duplicate, unknown and missing keys are refused. ERR_CONFIG with the sentence above.
 */
enum err conf_load(const struct conf_option *rows, const char *path, void *ret);
/* The same from text in memory; `name` stands for the file name in messages. */
enum err conf_parse(const struct conf_option *rows, const char *name, struct view yaml, void *ret);
void conf_free(const struct conf_option *rows, void *conf); /* its texts and lists, not the struct */
/* The configuration as a YAML file that would give the same, with help as comments. */
void conf_dump(const struct conf_option *rows, const void *conf, FILE *to);
/* The rows as a Markdown table, for the manual. */
void conf_manual(const struct conf_option *rows, FILE *to);
