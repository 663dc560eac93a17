// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include "base/text.h"

#include <string.h>

#define COLLECTION "/v1/subscribers"

enum { VERIFICATION, NAME, CLAIMS, VERIFIED, IF_MISSING };
enum { CLAIMS_FILE_MAX = 8192 };
enum { AFTER, LIMIT };

static const struct print_column columns[] = {
	{"SUBSCRIBER", "id"},
	{"VERIFICATION", "verification"},
	{"CREATED", "created"},
	{"NAME", "name"},
	{"VERIFIED", "verified"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* A JSON object in a file, "-" for standard input: what is personal is not for a command line. */
static enum err put_claims(struct json_writer *w, const char *path)
{
	BUF_CLEANUP struct buf text = buf_growing(CLAIMS_FILE_MAX);
	JSON_CLEANUP struct json *claims = NULL;

	if (!path) {
		return OK;
	}
	TRY(text_read_file(strcmp(path, "-") == 0 ? "/dev/stdin" : path, CLAIMS_FILE_MAX, &text));
	TRY(json_parse(buf_contents(&text), CLAIMS_FILE_MAX, &claims));
	if (!json_is_object(claims)) {
		return err_fail(ERR_SYNTAX, "%s: no JSON object", path);
	}
	json_put_value(w, "claims", claims);
	buf_wipe(&text);
	return OK;
}

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
	if (args->values[VERIFIED]) {
		json_put_string(&w, "verified", args->values[VERIFIED]);
	}
	if (put_claims(&w, args->values[CLAIMS]) != OK) {
		cli_say("--claims: %s", err_detail());
		return CLI_USAGE;
	}
	json_close(&w);
	return cli_add(cli, COLLECTION, args->words[0], &body, args->values[IF_MISSING],
		"registered");
}

enum { SET_VERIFICATION, SET_NAME, SET_CLAIMS, SET_VERIFIED };

static void put_text(struct json_writer *w, const char *name, const char *text)
{
	if (text) {
		json_put_string(w, name, text);
	}
}

static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET), body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	put_text(&w, "verification", args->values[SET_VERIFICATION]);
	put_text(&w, "name", args->values[SET_NAME]);
	put_text(&w, "verified", args->values[SET_VERIFIED]);
	if (put_claims(&w, args->values[SET_CLAIMS]) != OK) {
		cli_say("--claims: %s", err_detail());
		return CLI_USAGE;
	}
	json_close(&w);
	if (body.len == 2) {
		cli_say("subscriber set needs --verification, --name, --claims or --verified");
		return CLI_USAGE;
	}
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	enum cli_status status = cli_ask(cli, "PATCH", buf_string(&target), buf_contents(&body));

	buf_wipe(&body);
	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
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
	return cli_remove(cli, COLLECTION, args->words[0],
		"removed, with all devices and permissions");
}

static const struct print_column pulled_columns[] = {
	{"SUBSCRIBER", "id"},
	{"VERIFICATION", "verification"},
	{"NAME", "name"},
};

static const struct print_column device_columns[] = {
	{"CLIENT", "client"},
	{"STATE", "state"},
	{"DEVICE", "device"},
};

static enum cli_status pull(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	JSON_CLEANUP struct json *item = NULL;

	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/pull");
	enum cli_status status = cli_ask(cli, "POST", buf_string(&target), view_text("{}"));

	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), CLI_BODY_MAX, &item) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	print_card(stdout, item, pulled_columns, sizeof(pulled_columns) / sizeof(pulled_columns[0]));
	print_table(stdout, json_member(item, "devices"), device_columns,
		sizeof(device_columns) / sizeof(device_columns[0]));
	return CLI_DONE;
}

/* Whether the operator's directory answers: to be looked at after the configuration has changed. */
static enum cli_status directory(struct cli *cli, const struct cli_arguments *args)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view detail = {0};
	enum cli_status status = cli_ask(cli, "GET", "/v1/directory", view_text(""));

	(void)args;
	if (status != CLI_DONE) {
		return status;
	}
	if (json_parse(api_body(cli->api), CLI_BODY_MAX, &answer) != OK ||
		json_text(answer, "detail", &detail) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	if (cli->json) {
		cli_print_answer(cli);
	} else if (detail.len > 0) {
		(void)fputs("symbolon: ", stderr);
		print_text(stderr, detail);
		(void)fputc('\n', stderr);
	} else {
		(void)printf("the directory answers\n");
	}
	return detail.len > 0 ? CLI_REFUSED : CLI_DONE;
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
			CLI_OPTION("claims", "FILE",
				"what else was verified, kept sealed: a JSON object such as "
				"{\"birthdate\":\"1990-01-31\"}; - for standard input"),
			CLI_OPTION("verified", "TIME", "when, such as 2026-01-31T00:00:00Z"),
			CLI_FLAG("if-missing", "be content when this id is registered already")},
		.more = "ID is the operator's own: up to 64 letters, digits and ._@+:-",
		.after_conflict = "`symbolon subscriber show ID` shows it; --if-missing takes that "
				  "for done",
		.run = add,
	},
	{
		.noun = "subscriber",
		.verb = "set",
		.words = {"ID"},
		.summary = "change what was verified of a subscriber, and how",
		.options = {CLI_OPTION("verification", "none|prepaid|postpaid", "how"),
			CLI_OPTION("name", "NAME", "a name, kept sealed"),
			CLI_OPTION("claims", "FILE",
				"what else was verified, in the place of all claims before: a JSON "
				"object, {} for none; - for standard input"),
			CLI_OPTION("verified", "TIME", "when, such as 2026-01-31T00:00:00Z")},
		.more = "What is not given stays. Applications that were granted it are told.",
		.after_missing = TRY_LIST,
		.run = set,
	},
	{
		.noun = "subscriber",
		.verb = "pull",
		.words = {"ID"},
		.summary = "register a subscriber, or bring it up to date, from the operator's "
			   "directory",
		.more = "Name, verification and devices are what the directory says. A device "
			"whose key "
			"is here becomes\n"
			"the subscriber's; of one in state no-key the key is wanted: `symbolon "
			"import`.",
		.after_missing = "`symbolon directory` shows whether it answers",
		.run = pull,
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

static const struct cli_command directory_commands[] = {
	{
		.noun = "directory",
		.summary = "see whether the operator's directory answers",
		.run = directory,
	},
};

const struct cli_noun cli_directory_noun = {"directory", "whether the operator's directory answers",
	directory_commands, 1};
