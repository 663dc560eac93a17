// SPDX-License-Identifier: Apache-2.0
/* Change of operator (10.6): clients that come, which the operator lets in or not, and clients that leave. */
#include "cli/cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <string.h>

#define COLLECTION "/v1/changes"

enum { AFTER, LIMIT };
enum { CONSENT, SUBSCRIBER };
enum { CONSENT_MAX = 16 * 1024 };

static const struct print_column columns[] = {
	{"ID", "id"},
	{"STATE", "state"},
	{"METHOD", "method"},
	{"CLIENT", "client"},
	{"NEW CLIENT", "new_client"},
	{"SUBSCRIBER", "subscriber"},
	{"UPDATED", "updated"},
	{"DETAIL", "detail"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static const struct print_column departure_columns[] = {
	{"ID", "id"},
	{"STATE", "state"},
	{"METHOD", "method"},
	{"CLIENT", "client"},
	{"NEW REALM", "new_realm"},
	{"UPDATED", "updated"},
};
enum { DEPARTURE_COLUMNS = sizeof(departure_columns) / sizeof(departure_columns[0]) };

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
		"given up; the old operator is told, and the device stays there");
}

static enum cli_status decide(struct cli *cli, const struct cli_arguments *args, const char *what,
	const char *done)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	buf_printf(&target, "/%s", what);
	enum cli_status status = cli_ask(cli, "POST", buf_string(&target), view_text("{}"));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", args->words[0], done);
	}
	return status;
}

static enum cli_status approve(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "approve", "the old operator is asked");
}

static enum cli_status refuse(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "refuse", "refused; its subscriber is told");
}

/* A subscriber who has no access of its own is helped by the operator. */
static enum cli_status add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf text = {0}, body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[CONSENT] || !args->values[SUBSCRIBER]) {
		cli_say("change add needs --consent and --subscriber");
		return CLI_USAGE;
	}
	if (text_read_file(args->values[CONSENT], CONSENT_MAX, &text) != OK) {
		cli_say("consent: %s", err_detail());
		return CLI_REFUSED;
	}
	while (text.len > 0 && text.data[text.len - 1] == '\n') {
		text.len--;
	}
	json_open(&w, NULL);
	json_put_string(&w, "subscriber", args->values[SUBSCRIBER]);
	json_put_text(&w, "consent", buf_contents(&text));
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", COLLECTION, buf_contents(&body));

	if (status == CLI_DONE) {
		cli_print_answer(cli);
	}
	return status;
}

static enum cli_status list_departures(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.after = args->values[AFTER], .limit = args->values[LIMIT]};

	return cli_list(cli, "/v1/departures", &page, departure_columns, DEPARTURE_COLUMNS);
}

#define TRY_LIST  "`symbolon change list` shows them"
#define TRY_AGAIN "`symbolon change show ID` shows where it stands"

static const struct cli_command commands[] = {
	{
		.noun = "change",
		.verb = "list",
		.summary = "list clients that come from other operators",
		.options = {CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "change",
		.verb = "show",
		.words = {"ID"},
		.summary = "show how far a change has come",
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "change",
		.verb = "approve",
		.words = {"ID"},
		.summary = "let the client come: its old operator is asked",
		.after_missing = TRY_LIST,
		.after_conflict = TRY_AGAIN,
		.run = approve,
	},
	{
		.noun = "change",
		.verb = "refuse",
		.words = {"ID"},
		.summary = "do not let the client come",
		.after_missing = TRY_LIST,
		.after_conflict = TRY_AGAIN,
		.run = refuse,
	},
	{
		.noun = "change",
		.verb = "abort",
		.words = {"ID"},
		.summary = "give a change up, before the client's first token here",
		.more = "The old operator is told, and goes on with the device; a key that has "
			"left it is replaced there.",
		.after_missing = TRY_LIST,
		.after_conflict = "after the first token the client is here; to go back it "
				  "changes back",
		.run = drop,
	},
	{
		.noun = "change",
		.verb = "add",
		.summary = "begin a change for a subscriber, with the consent of its device",
		.options = {CLI_OPTION("consent", "FILE", "the JWS that the device signed"),
			CLI_OPTION("subscriber", "ID", "whose the device will be here")},
		.after_conflict = TRY_LIST,
		.run = add,
	},
};

static const struct cli_command departures_commands[] = {
	{
		.noun = "departures",
		.summary = "list clients that leave, or left, for other operators",
		.options = {CLI_PAGE_OPTIONS},
		.run = list_departures,
	},
};

const struct cli_noun cli_change_noun = {"change", "clients that come from other operators",
	commands, sizeof(commands) / sizeof(commands[0])};
const struct cli_noun cli_departures_noun = {"departures", "clients that leave for others",
	departures_commands, 1};
