// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

#define COLLECTION "/v1/applications"

enum {
	ASP,
	UA,
	FORMAT,
	DEGREE,
	GROUP,
	LIFETIME,
	SERVICE,
	IDENTITY,
	IF_MISSING,
	TITLE,
	DESCRIPTION,
	PUBLISHED,
	ATTRIBUTES,
	VERIFICATION,
	ADMINISTRATORS
};
enum { SET_DEGREE, SET_LIFETIME, SET_IDENTITY, SET_FORMAT, SET_TITLE };
enum { REASON };
enum { OF_ASP, AFTER, LIMIT };

static const struct print_column columns[] = {
	{"APPLICATION", "id"},
	{"ASP", "asp"},
	{"FORMAT", "format"},
	{"DEGREE", "degree"},
	{"GROUP", "group"},
	{"LIFETIME", "lifetime"},
	{"SERVICE", "service"},
	{"IDENTITY", "identity"},
	{"CREATED", "created"},
	{"UA", "ua"},
	{"STATE", "state"},
	{"TITLE", "title"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static enum cli_status put_number(struct json_writer *w, const struct cli_arguments *args,
	int option, const char *name)
{
	int64_t number;

	if (!args->values[option]) {
		return CLI_DONE;
	}
	enum cli_status status = cli_number(name, args->values[option], &number);

	if (status == CLI_DONE) {
		json_put_int(w, name, number);
	}
	return status;
}

static enum cli_status put_yes(struct json_writer *w, const char *name, const char *value)
{
	if (!value) {
		return CLI_DONE;
	}
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		cli_say("%s: yes or no", name);
		return CLI_USAGE;
	}
	json_put_bool(w, name, strcmp(value, "yes") == 0);
	return CLI_DONE;
}

/* What the catalogue says: six options from `first` on, in the order of TITLE and those after it. */
static enum cli_status put_catalogue(struct json_writer *w, const struct cli_arguments *args,
	int first)
{
	const int shift = first - TITLE;

	cli_put_given(w, args, TITLE + shift, "title");
	cli_put_given(w, args, DESCRIPTION + shift, "description");
	cli_put_words(w, "attributes", args->values[ATTRIBUTES + shift]);
	cli_put_given(w, args, VERIFICATION + shift, "verification");
	cli_put_words(w, "administrators", args->values[ADMINISTRATORS + shift]);
	return put_yes(w, "published", args->values[PUBLISHED + shift]);
}

#define CATALOGUE_OPTIONS                                                                          \
	CLI_OPTION("title", "TEXT", "what subscribers see it as"),                                 \
		CLI_OPTION("description", "TEXT", "what it does, for them"),                       \
		CLI_OPTION("published", "yes|no", "whether it stands in the catalogue"),           \
		CLI_OPTION("attributes", "WORDS", "claims that it asks for, with blanks between"), \
		CLI_OPTION("verification", "none|prepaid|postpaid",                                \
			"how its users must have been verified, at least"),                        \
		CLI_OPTION("administrators", "WORDS", "who sets rights to it: asp, operator, user")

static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (args->many_count == 0) {
		cli_say("app add needs a --ua at least");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	cli_put_given(&w, args, ASP, "asp");
	cli_put_given(&w, args, FORMAT, "format");
	cli_put_given(&w, args, DEGREE, "degree");
	cli_put_given(&w, args, GROUP, "group");
	if (put_number(&w, args, LIFETIME, "lifetime") != CLI_DONE ||
		put_number(&w, args, SERVICE, "service") != CLI_DONE ||
		put_catalogue(&w, args, TITLE) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_put_bool(&w, "identity", args->values[IDENTITY] != NULL);
	json_open_array(&w, "ua");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(&w, NULL, args->many[i]);
	}
	json_close_array(&w);
	json_close(&w);
	return cli_add(cli, COLLECTION, args->words[0], &body, args->values[IF_MISSING],
		"registered");
}

static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	cli_put_given(&w, args, SET_DEGREE, "degree");
	cli_put_given(&w, args, SET_FORMAT, "format");
	if (put_number(&w, args, SET_LIFETIME, "lifetime") != CLI_DONE ||
		put_yes(&w, "identity", args->values[SET_IDENTITY]) != CLI_DONE ||
		put_catalogue(&w, args, SET_TITLE) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	enum cli_status status = cli_ask(cli, "PATCH", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: changed, and what uses it is told\n", args->words[0]);
	}
	return status;
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "asp",
		.value = args->values[OF_ASP],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, COLUMNS);
}

static enum cli_status show(struct cli *cli, const struct cli_arguments *args)
{
	return cli_show(cli, COLLECTION, args->words[0], columns, COLUMNS);
}

static enum cli_status drop(struct cli *cli, const struct cli_arguments *args)
{
	return cli_remove(cli, COLLECTION, args->words[0],
		"removed, with the permissions to use it");
}

static enum cli_status act(struct cli *cli, const struct cli_arguments *args, const char *what,
	const char *done)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	cli_put_given(&w, args, REASON, "reason");
	json_close(&w);
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, what);
	enum cli_status status = cli_ask(cli, "POST", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", args->words[0], done);
	}
	return status;
}

static enum cli_status approve(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/confirm", "confirmed, and its ASP is told");
}

static enum cli_status refuse(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/refuse", "refused, and its ASP is told");
}

static enum cli_status prove(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/prove", "control over its host is proven");
}

#define TRY_LIST "`symbolon app list` shows what is registered"

static const struct cli_command commands[] = {
	{
		.noun = "app",
		.verb = "add",
		.words = {"APPLICATION"},
		.summary = "register an application",
		.options = {CLI_OPTION("asp", "ID", "whose it is; an ASP's own unless given"),
			CLI_REPEATED("ua", "UA",
				"a Ua security protocol, 10 hex digits: 0100000007 is TLS 1.3"),
			CLI_OPTION("format", "y3056|gba", "of its tokens; y3056 unless given"),
			CLI_OPTION("degree", "NAME",
				"its security degree; `symbolon realm` lists them"),
			CLI_OPTION("group", "APPLICATION",
				"whose tokens open it, of the same ASP and of format y3056"),
			CLI_OPTION("lifetime", "SECONDS", "of its tokens; 3600 unless given"),
			CLI_OPTION("service", "NUMBER", "GAA service identifier; 1 unless given"),
			CLI_FLAG("identity", "its ASP may see the identities of clients"),
			CLI_FLAG("if-missing", "be content when it is registered already"),
			CATALOGUE_OPTIONS},
		.more = "APPLICATION is a host name, an address, a URL, or onem2m: or gs1: and an "
			"identifier.",
		.after_missing = "`symbolon asp list` shows whose it may be, `symbolon asp add` "
				 "registers",
		.after_conflict =
			"`symbolon app show APPLICATION` shows it; --if-missing takes that for "
			"done",
		.run = add,
	},
	{
		.noun = "app",
		.verb = "set",
		.words = {"APPLICATION"},
		.summary = "change an application, also for those who use it now",
		.options = {CLI_OPTION("degree", "NAME", "its security degree"),
			CLI_OPTION("lifetime", "SECONDS", "of its tokens"),
			CLI_OPTION("identity", "yes|no",
				"whether its ASP may see the identities of clients"),
			CLI_OPTION("format", "y3056|gba", "of its tokens from now on"),
			CATALOGUE_OPTIONS},
		.after_missing = TRY_LIST,
		.run = set,
	},
	{
		.noun = "app",
		.verb = "list",
		.summary = "list applications",
		.options = {CLI_OPTION("asp", "ID", "of this ASP only"), CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "app",
		.verb = "show",
		.words = {"APPLICATION"},
		.summary = "show an application",
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "app",
		.verb = "approve",
		.words = {"APPLICATION"},
		.summary = "confirm an application that an ASP has registered",
		.after_missing = TRY_LIST,
		.run = approve,
	},
	{
		.noun = "app",
		.verb = "refuse",
		.words = {"APPLICATION"},
		.summary = "refuse an application, or withdraw what was confirmed",
		.options = {CLI_OPTION("reason", "TEXT", "what its ASP is told")},
		.after_missing = TRY_LIST,
		.run = refuse,
	},
	{
		.noun = "app",
		.verb = "prove",
		.words = {"APPLICATION"},
		.summary = "have the realm look for the proof that its host is yours",
		.more = "`symbolon app show APPLICATION --json` says what is to be shown, and "
			"where.",
		.after_missing = TRY_LIST,
		.after_conflict = "`symbolon app show APPLICATION --json` says what is to be shown",
		.run = prove,
	},
	{
		.noun = "app",
		.verb = "remove",
		.words = {"APPLICATION"},
		.summary = "remove an application, with the permissions to use it",
		.after_missing = TRY_LIST,
		.run = drop,
	},
};

const struct cli_noun cli_app_noun = {"app", "applications of ASPs", commands,
	sizeof(commands) / sizeof(commands[0])};
