// SPDX-License-Identifier: Apache-2.0
/* command_line: what may be typed, as rows: reading, help and completion come from them. */
#pragma once

#include "device-cli/device_cli.h"

/* Commands, as a bit set: which an option belongs to. */
enum {
	IN_INIT = 1,
	IN_BOOTSTRAP = 2,
	IN_TOKENS = 4,
	IN_DROP = 8,
	IN_KEY = 16,
	IN_CONNECT = 32,
	IN_FORWARD = 64,
	IN_REALM = 128,
	IN_CHANGE = 256,
	IN_OWN_KEY = 512,
	IN_REGISTER = 1024,
	IN_REPORT = 2048,
	IN_DET = 4096,
	IN_VIRTUAL = 8192,
	IN_SERVE = 16384,
	IN_ALL = 0xffff
};

struct command {
	const char *name;
	unsigned bit;
	const char *word;   /* "APPLICATION", or NULL: takes none */
	const char *second; /* a further one that may follow, or NULL */
	const char *help;
	enum err (*run)(const struct options *options);
};

enum value { FLAG, TEXT, PATH };

struct option_row {
	const char *name;
	enum value takes;
	const char *shown; /* "FILE" */
	unsigned of;
	unsigned needed; /* commands that it must be given with */
	size_t place;	 /* in struct options; NONE */
	const char *help;
};

#define NONE SIZE_MAX

extern const struct command commands[];
extern const size_t command_count;
extern const struct option_row option_rows[];
extern const size_t option_count;

const struct command *command_find(const char *name); /* NULL */

/* One a line, what may follow these words, the last of which is being typed; "@files" for a path. */
void complete(int count, char **words);
