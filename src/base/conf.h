// SPDX-License-Identifier: Apache-2.0
/*
 * conf: a program's options, one row each. The struct, the parser, the check, the dump with
 * defaults and the manual's table all come from the rows. Files are YAML, read by libyaml; a fault
 * names file, line, path, and what is allowed: "authn.yaml:12: diameter.peers[2].port: 70000 is not
 * a whole number from 1 to 65535".
 *
 * A program writes its rows once, in a header:
 *
 *	#define AUTHN_OPTIONS(ROW, S)                                                              \
 *		ROW(S, TEXT, rp_c_listen, "rp_c.listen", "127.0.0.1:0", START,                     \
 *			CONF_IS("an address and port", check_address), "Where devices bootstrap.") \
 *		ROW(S, NUMBER, tx_max, "tx.max", "10000", RELOAD,                                  \
 *			CONF_RANGE(1, 1000000), "Bootstraps under way at the same time.")
 *	CONF_STRUCT(authn_conf, AUTHN_OPTIONS);
 *	extern const struct conf_option authn_options[];
 *
 * and in one .c file: const struct conf_option authn_options[] = CONF_TABLE(authn_conf, AUTHN_OPTIONS);
 * tests/unit/test_conf.c is a worked example, with a list and with rows that programs share.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include <stdio.h>

enum conf_type {
	CONF_TEXT,   /* char *; empty only if that is the default */
	CONF_NUMBER, /* int64_t */
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
	size_t offset; /* of the field in the program's struct */
	/* The default as it would be written in the file, "" for no items; NULL: must be given. */
	const char *initial;
	int64_t min, max;    /* NUMBER, TIME (ms), SIZE, and the length of LIST and TEXTS */
	const char *allowed; /* CHOICE: "tls|tcp"; TEXT, TEXTS: what a valid text is, "a host name" */
	enum err (*check)(const char *text); /* TEXT, TEXTS: further check, or NULL */
	bool reloadable;		     /* taken over on SIGHUP */
	const struct conf_option *rows;	     /* LIST: the rows of one item, ended by a NULL path */
	size_t item_size;
	const char *help; /* one sentence */
};

/* The limits of a row: one of these. */
#define CONF_PLAIN				 .min = 0 /* none: TEXT, BOOL */
#define CONF_RANGE(least, most)			 .min = (least), .max = (most) /* NUMBER, TIME (ms), SIZE */
#define CONF_WORDS(words)			 .allowed = (words)	       /* CHOICE */
#define CONF_IS(what, checked_by)		 .allowed = (what), .check = (checked_by) /* TEXT */
#define CONF_MANY(least, most, what, checked_by) /* TEXTS */                                       \
	.min = (least), .max = (most), .allowed = (what), .check = (checked_by)
#define CONF_ITEMS(least, most, item_struct, item_rows) /* LIST */                                 \
	.min = (least), .max = (most), .item_size = sizeof(item_struct), .rows = (item_rows)

/* The struct `name`, and its table of rows, from one list. START: taken at start; RELOAD: on SIGHUP too. */
#define CONF_STRUCT(name, OPTIONS)                                                                 \
	struct name {                                                                              \
		OPTIONS(CONF_FIELD, name)                                                          \
	}
#define CONF_TABLE(name, OPTIONS)                                                                  \
	{                                                                                          \
		OPTIONS(CONF_ROW, name)                                                            \
		{                                                                                  \
			.path = NULL                                                               \
		}                                                                                  \
	}

#define CONF_FIELD(name, kind, field, dotted, given, when, limits, sentence)                       \
	CONF_FIELD_##kind field;
#define CONF_FIELD_TEXT	  char *
#define CONF_FIELD_NUMBER int64_t
#define CONF_FIELD_BOOL	  bool
#define CONF_FIELD_TIME	  int64_t
#define CONF_FIELD_SIZE	  int64_t
#define CONF_FIELD_CHOICE int
#define CONF_FIELD_LIST	  struct conf_list
#define CONF_FIELD_TEXTS  struct conf_texts

#define CONF_ROW(name, kind, field, dotted, given, when, limits, sentence)                         \
	{.path = (dotted),                                                                         \
		.type = CONF_##kind,                                                               \
		.offset = offsetof(struct name, field),                                            \
		.initial = (given),                                                                \
		.reloadable = CONF_ON_##when,                                                      \
		.help = (sentence),                                                                \
		limits},
#define CONF_ON_START  false
#define CONF_ON_RELOAD true

/*
 * Fills the program's zeroed struct from a file, or from defaults alone when `path` is NULL.
 * Refused are files over 1 MiB, duplicate, unknown and missing keys, anchors, aliases and tags, and
 * nesting deeper than options go. ERR_CONFIG with the sentence above; the struct is then left empty.
 */
enum err conf_load(const struct conf_option *rows, const char *path, void *ret);
/* The same from text in memory; `name` stands for the file name in messages. */
enum err conf_parse(const struct conf_option *rows, const char *name, struct view yaml, void *ret);
/* Sets a TEXT of a loaded struct as if the file had said so. ERR_CONFIG: no such option, or not such a value. */
enum err conf_set(const struct conf_option *rows, const char *path, const char *value, void *conf);
/* Frees its texts and lists, and empties those fields; the struct is the caller's. */
void conf_free(const struct conf_option *rows, void *conf);
/* ERR_CONFIG naming the first option that differs but is taken at start only. */
enum err conf_check_reload(const struct conf_option *rows, const void *now, const void *next);
/* The configuration as a YAML file that would give the same, with help as comments. */
void conf_dump(const struct conf_option *rows, const void *conf, FILE *to);
/* The rows as a Markdown table, for the manual. */
void conf_manual(const struct conf_option *rows, FILE *to);
