// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#define COLLECTION "/v1/subscribers"

enum { VERIFICATION, NAME, IF_MISSING };
enum { AFTER, LIMIT };

static const struct print_column columns[] = {
	{"SUBSCRIBER", "id"},
	{"VERIFICATION", "verification"},
	{"CREATED", "created"},
	{"NAME", "name"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	json_put_string(&w, "verification",
		args->values[VERIFICATION] ? args->values[VERIFICATION] : "none");
	if (args->values[NAME]) {
		json_put_string(&w, "name", args->values[NAME]);
	}
	json_close(&w);
	return cli_add(cli, COLLECTION, args->words[0], &body, args->values[IF_MISSING],
		"registered");
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
	return cli_remove(cli, COLLECTION, args->words[0],
		"removed, with all devices and permissions");
}

#define TRY_LIST "`symbolon subscriber list` shows who is registered"

static const struct cli_command commands[] = {
	{
		.noun = "subscriber",
		.verb = "add",
		.words = {"ID"},
		.summary = "register a subscriber",
		.options = {CLI_OPTION("verification", "none|prepaid|postpaid",
				    "how; none unless given"),
			CLI_OPTION("name", "NAME", "a name, kept sealed"),
			CLI_FLAG("if-missing", "be content when this id is registered already")},
		.more = "ID is the operator's own: up to 64 letters, digits and ._@+:-",
		.after_conflict = "`symbolon subscriber show ID` shows it; --if-missing takes that "
				  "for done",
		.run = add,
	},
	{
		.noun = "subscriber",
		.verb = "list",
		.summary = "list subscribers",
		.options = {CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "subscriber",
		.verb = "show",
		.words = {"ID"},
		.summary = "show a subscriber",
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "subscriber",
		.verb = "remove",
		.words = {"ID"},
		.summary = "remove a subscriber, with all devices and permissions",
		.after_missing = TRY_LIST,
		.run = drop,
	},
};

const struct cli_noun cli_subscriber_noun = {"subscriber", "who is served", commands,
	sizeof(commands) / sizeof(commands[0])};
