// SPDX-License-Identifier: Apache-2.0
#include "cli/asp_join.h"

#define COLLECTION "/v1/asps"

enum { NAME, ELEMENT, IF_MISSING };
enum { ADD, REMOVE };
enum { AFTER, LIMIT };

static const struct print_column columns[] = {
	{"ASP", "id"},
	{"NAME", "name"},
	{"CREATED", "created"},
	{"ELEMENTS", "elements"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[NAME] || args->many_count == 0) {
		cli_say("asp add needs --name, and an --element at least");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	json_put_string(&w, "name", args->values[NAME]);
	json_open_array(&w, "elements");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(&w, NULL, args->many[i]);
	}
	json_close_array(&w);
	json_close(&w);
	return cli_add(cli, COLLECTION, args->words[0], &body, args->values[IF_MISSING],
		"registered");
}

static void put_one(struct json_writer *w, const struct cli_arguments *args, int option,
	const char *name)
{
	if (args->values[option]) {
		json_open_array(w, name);
		json_put_string(w, NULL, args->values[option]);
		json_close_array(w);
	}
}

static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	put_one(&w, args, ADD, "add");
	put_one(&w, args, REMOVE, "remove");
	json_close(&w);
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	enum cli_status status = cli_ask(cli, "PATCH", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: changed\n", args->words[0]);
	}
	return status;
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.after = args->values[AFTER], .limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, COLUMNS);
}

static enum cli_status show(struct cli *cli, const struct cli_arguments *args)
{
	return cli_show(cli, COLLECTION, args->words[0], columns, COLUMNS);
}

static enum cli_status drop(struct cli *cli, const struct cli_arguments *args)
{
	return cli_remove(cli, COLLECTION, args->words[0], "removed");
}

#define TRY_LIST "`symbolon asp list` shows what is registered"

static const struct cli_command commands[] = {
	CLI_ASP_JOIN_COMMANDS,
	{
		.noun = "asp",
		.verb = "add",
		.words = {"ID"},
		.summary = "register an application service provider",
		.options = {CLI_OPTION("name", "NAME", "what it is called"),
			CLI_REPEATED("element", "HOST",
				"the name in the certificate of an application element"),
			CLI_FLAG("if-missing", "be content when this id is registered already")},
		.more = "ID is a scheme and a number, such as cin:U72200KA2001PTC028000.",
		.after_conflict =
			"`symbolon asp show ID` shows it; --if-missing takes that for done",
		.run = add,
	},
	{
		.noun = "asp",
		.verb = "set",
		.words = {"ID"},
		.summary = "add an application element, or remove one with what it asked for",
		.options = {CLI_OPTION("add", "HOST", "the name in its certificate"),
			CLI_OPTION("remove", "HOST", "the name in its certificate")},
		.after_missing = TRY_LIST,
		.run = set,
	},
	{
		.noun = "asp",
		.verb = "list",
		.summary = "list application service providers",
		.options = {CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "asp",
		.verb = "show",
		.words = {"ID"},
		.summary = "show an application service provider",
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "asp",
		.verb = "remove",
		.words = {"ID"},
		.summary = "remove an application service provider that has no application",
		.after_missing = TRY_LIST,
		.after_conflict = "`symbolon app list --asp ID` shows them",
		.run = drop,
	},
};

const struct cli_noun cli_asp_noun = {"asp", "application service providers", commands,
	sizeof(commands) / sizeof(commands[0])};
