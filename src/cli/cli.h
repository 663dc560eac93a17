// SPDX-License-Identifier: Apache-2.0
/*
 * cli: the command `symbolon`. A command is a row with its words, its options and a function; parser and help
 * come from the row. One file a noun.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "cli/api.h"
#include "cli/print.h"

#include <stdio.h>

/* What the process ends with. */
enum cli_status { CLI_DONE, CLI_REFUSED, CLI_USAGE, CLI_UNREACHABLE };

enum {
	CLI_OPTIONS = 20,
	CLI_WORDS = 2,
	CLI_MANY = 64,
	CLI_BODY_MAX = 64 * 1024,
	CLI_TARGET = 2048
};

struct cli_option {
	const char *name;  /* "subscriber" for --subscriber */
	const char *value; /* "ID"; NULL: a flag */
	const char *help;
	bool many; /* may be given again; one option of a command at most */
};

#define CLI_OPTION(is, takes, says)                                                                \
	{                                                                                          \
		.name = (is), .value = (takes), .help = (says)                                     \
	}
#define CLI_FLAG(is, says)                                                                         \
	{                                                                                          \
		.name = (is), .help = (says)                                                       \
	}
#define CLI_REPEATED(is, takes, says)                                                              \
	{                                                                                          \
		.name = (is), .value = (takes), .help = (says), .many = true                       \
	}

struct cli_arguments {
	const char *words[CLI_WORDS];
	size_t word_count;
	const char *values[CLI_OPTIONS]; /* by the option's place in its row; a flag's is "" */
	const char *many[CLI_MANY];
	size_t many_count;
};

struct cli_command;
struct cli {
	struct api *api;
	const struct cli_command *command; /* that runs */
	const char *session;		   /* file, or NULL */
	bool json;
};

typedef enum cli_status cli_run(struct cli *cli, const struct cli_arguments *args);

struct cli_command {
	const char *noun, *verb;      /* verb NULL: the noun is all */
	const char *words[CLI_WORDS]; /* "CLIENT": all of them are wanted */
	const char *summary;
	struct cli_option options[CLI_OPTIONS];
	const char *more; /* further help, or NULL */
	/* What to do next when the answer is 404 or 409, or NULL. */
	const char *after_missing, *after_conflict;
	cli_run *run;
};

/* Of commands that list. */
#define CLI_PAGE_OPTIONS                                                                           \
	CLI_OPTION("after", "ID", "begin after this one"),                                         \
		CLI_OPTION("limit", "NUMBER", "at most so many: one page")

struct cli_noun {
	const char *name, *summary;
	const struct cli_command *commands;
	size_t count;
	const struct cli_noun *const *parts; /* whose commands are its too, ended by NULL; or NULL */
	const char *socket, *variable; /* of the node that it asks, in place of authz's; or NULL */
};
/* Its commands and those of its parts, one by one; NULL at the end. */
const struct cli_command *cli_noun_at(const struct cli_noun *noun, size_t i);

extern const struct cli_noun cli_status_noun, cli_realm_noun, cli_subscriber_noun, cli_device_noun,
	cli_asp_noun, cli_app_noun, cli_grant_noun, cli_revoke_noun, cli_grants_noun,
	cli_directory_noun, cli_import_noun, cli_imports_noun, cli_backup_noun, cli_restore_noun,
	cli_rotate_noun, cli_check_noun, cli_sign_in_noun, cli_sign_out_noun, cli_me_noun,
	cli_account_noun, cli_key_noun, cli_catalogue_noun, cli_notifications_noun, cli_audit_noun,
	cli_change_noun, cli_departures_noun, cli_extension_noun, cli_delegation_noun, cli_jwt_noun,
	cli_registry_noun;
extern const struct cli_noun *const cli_nouns[];
extern const size_t cli_noun_count;

/* Options of all commands. */
enum cli_global {
	CLI_SOCKET,
	CLI_URL,
	CLI_CONNECT,
	CLI_CERT,
	CLI_KEY,
	CLI_CA,
	CLI_SESSION,
	CLI_JSON,
	CLI_HELP,
	CLI_VERSION,
	CLI_GLOBALS
};
extern const struct cli_option cli_globals[];
#define CLI_DEFAULT_SOCKET "/run/symbolon/authz.sock"
#define CLI_ADMIN_SOCKET                                                                           \
	"/run/symbolon/%s-admin.sock" /* of a node: authz, authn, gateway, registry */

/* The place among `count` options of "name" or "name=value", or -1; `ret_value` is what stands after "=" or NULL. */
int cli_find_option(const struct cli_option *options, size_t count, const char *word,
	const char **ret_value);

/* "symbolon: ..." on standard error. */
void cli_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* Asks. CLI_DONE: a 2xx came. Else the reason has been told. */
enum cli_status cli_ask(struct cli *cli, const char *method, const char *target, struct view body);
/* The same of an answer that has come: a refusal is told. */
enum cli_status cli_judge(const struct cli *cli);
void cli_print_answer(const struct cli *cli); /* the JSON as it came */

/*
 * `collection` is a path, "/v1/subscribers". `done` is what people are told of the id; with --json the API's
 * answer is printed instead.
 */
enum cli_status cli_add(struct cli *cli, const char *collection, const char *id, struct buf *body,
	bool if_missing, const char *done);
enum cli_status cli_show(struct cli *cli, const char *collection, const char *id,
	const struct print_column *columns, size_t count);
enum cli_status cli_remove(struct cli *cli, const char *collection, const char *id,
	const char *done);
/* All pages, or the one that `after` and `limit` ask for. `filter` and `value`: a further query, or NULL. */
struct cli_page {
	const char *filter, *value, *after, *limit;
};
enum cli_status cli_list(struct cli *cli, const char *collection, const struct cli_page *page,
	const struct print_column *columns, size_t count);

/* Reads a file with a key, "-" for standard input, into an array of the caller's, who wipes it. Warns when others may
 * read the file. */
enum err cli_read_secret(const char *path, struct buf *ret);

/* The same for one line, as a member of an object. */
enum err cli_put_secret(struct json_writer *w, const char *name, const char *path);
/* A file's contents as a member; nothing when `path` is NULL. CLI_USAGE: it cannot be read. */
enum cli_status cli_put_file(struct json_writer *w, const char *name, const char *path);
/* A member, unless the option was not given; and one that is a list of words with blanks between. */
void cli_put_given(struct json_writer *w, const struct cli_arguments *args, int option,
	const char *name);
void cli_put_words(struct json_writer *w, const char *name, const char *words);
/* A text member of the last answer into a file, or the whole answer when `name` is NULL. */
enum cli_status cli_keep(struct cli *cli, const char *name, const char *path, unsigned mode);

/* Percent-encoded, after what `target` holds. */
void cli_put(struct buf *target, const char *text);
/* A whole number, or CLI_USAGE with a sentence. */
enum cli_status cli_number(const char *option, const char *text, int64_t *ret);
