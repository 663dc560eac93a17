// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <string.h>

#define COLLECTION "/v1/applications"

enum { ASP, UA, FORMAT, DEGREE, GROUP, LIFETIME, SERVICE, IDENTITY, IF_MISSING };
enum { SET_DEGREE, SET_LIFETIME, SET_IDENTITY };
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

static void put_given(struct json_writer *w, const struct cli_arguments *args, int option,
	const char *name)
{
	if (args->values[option]) {
		json_put_string(w, name, args->values[option]);
	}
}

static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[ASP] || args->many_count == 0) {
		cli_say("app add needs --asp, and a --ua at least");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	json_put_string(&w, "asp", args->values[ASP]);
	put_given(&w, args, FORMAT, "format");
	put_given(&w, args, DEGREE, "degree");
	put_given(&w, args, GROUP, "group");
	if (put_number(&w, args, LIFETIME, "lifetime") != CLI_DONE ||
		put_number(&w, args, SERVICE, "service") != CLI_DONE) {
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

static enum cli_status put_identity(struct json_writer *w, const char *value)
{
	if (!value) {
		return CLI_DONE;
	}
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		cli_say("identity: yes or no");
		return CLI_USAGE;
	}
	json_put_bool(w, "identity", strcmp(value, "yes") == 0);
	return CLI_DONE;
}

static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	put_given(&w, args, SET_DEGREE, "degree");
	if (put_number(&w, args, SET_LIFETIME, "lifetime") != CLI_DONE ||
		put_identity(&w, args->values[SET_IDENTITY]) != CLI_DONE) {
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

#define TRY_LIST "`symbolon app list` shows what is registered"

static const struct cli_command commands[] = {
	{
		.noun = "app",
		.verb = "add",
		.words = {"APPLICATION"},
		.summary = "register an application",
		.options = {CLI_OPTION("asp", "ID", "whose it is"),
			CLI_REPEATED("ua", "UA",
				"a Ua security protocol, 10 hex digits: 0100000007 is TLS 1.3"),
			CLI_OPTION("format", "y3056|gba", "of its tokens; gba unless given"),
			CLI_OPTION("degree", "NAME",
				"its security degree; `symbolon realm` lists them"),
			CLI_OPTION("group", "APPLICATION",
				"whose tokens open it, of the same ASP and of format y3056"),
			CLI_OPTION("lifetime", "SECONDS", "of its tokens; 3600 unless given"),
			CLI_OPTION("service", "NUMBER", "GAA service identifier; 1 unless given"),
			CLI_FLAG("identity", "its ASP may see the identities of clients"),
			CLI_FLAG("if-missing", "be content when it is registered already")},
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
				"whether its ASP may see the identities of clients")},
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
		.verb = "remove",
		.words = {"APPLICATION"},
		.summary = "remove an application, with the permissions to use it",
		.after_missing = TRY_LIST,
		.run = drop,
	},
};

const struct cli_noun cli_app_noun = {"app", "applications of ASPs", commands,
	sizeof(commands) / sizeof(commands[0])};
