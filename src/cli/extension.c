// SPDX-License-Identifier: Apache-2.0
/* Trust extension (10.3), for subscriber, ASP and operator; and what a subscriber hands on to another device. */
#include "cli/cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <string.h>

#define EXTENSIONS  "/v1/extensions"
#define DELEGATIONS "/v1/delegations"

enum { REQUEST_ATTRIBUTES, REQUEST_UNTIL };
enum { LIST_STATE, LIST_AFTER, LIST_LIMIT };
enum { SHOW_JWT };
enum { REFUSE_REASON };
enum { DELEGATE_APP, DELEGATE_RIGHT, DELEGATE_UNTIL };
enum { DELEGATIONS_AFTER, DELEGATIONS_LIMIT };

static const struct print_column columns[] = {
	{"EXTENSION", "id"},
	{"STATE", "state"},
	{"APPLICATION", "application"},
	{"CLIENT", "client"},
	{"SUBJECT", "subject"},
	{"ATTRIBUTES", "attributes"},
	{"CREATED", "created"},
	{"UNTIL", "until"},
	{"REASON", "reason"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* "name,birthdate" as an array. */
static void put_list(struct json_writer *w, const char *name, const char *text)
{
	json_open_array(w, name);
	for (size_t len; text && *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		json_put_text(w, NULL, view_of(text, len));
	}
	json_close_array(w);
}

static void put_unless_null(struct json_writer *w, const char *name, const char *text)
{
	if (text) {
		json_put_string(w, name, text);
	}
}

static enum cli_status print_extension(const struct cli *cli)
{
	JSON_CLEANUP struct json *item = NULL;

	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), CLI_BODY_MAX, &item) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	print_card(stdout, item, columns, COLUMNS);
	return CLI_DONE;
}

static enum cli_status request(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "client", args->words[0]);
	json_put_string(&w, "application", args->words[1]);
	put_list(&w, "attributes", args->values[REQUEST_ATTRIBUTES]);
	put_unless_null(&w, "until", args->values[REQUEST_UNTIL]);
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", EXTENSIONS, buf_contents(&body));

	return status == CLI_DONE ? print_extension(cli) : status;
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "state",
		.value = args->values[LIST_STATE],
		.after = args->values[LIST_AFTER],
		.limit = args->values[LIST_LIMIT] ? args->values[LIST_LIMIT] : NULL};

	return cli_list(cli, EXTENSIONS, &page, columns, COLUMNS);
}

/* The JWT is for a program: into a file of its own. */
static enum cli_status write_jwt(const struct cli *cli, const char *path)
{
	JSON_CLEANUP struct json *item = NULL;
	struct view jwt;

	if (json_parse(api_body(cli->api), CLI_BODY_MAX, &item) != OK ||
		json_text(item, "jwt", &jwt) != OK) {
		cli_say("there is no JWT: it is for the ASP alone, while the extension is open");
		return CLI_REFUSED;
	}
	if (text_write_file(path, jwt, 0600) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

static void put_path(struct buf *target, const char *id, const char *verb)
{
	buf_text(target, EXTENSIONS "/");
	cli_put(target, id);
	buf_text(target, verb);
}

static enum cli_status show(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_path(&target, args->words[0], "");
	enum cli_status status = cli_ask(cli, "GET", buf_string(&target), view_text(""));

	if (status == CLI_DONE && args->values[SHOW_JWT]) {
		status = write_jwt(cli, args->values[SHOW_JWT]);
	}
	return status == CLI_DONE ? print_extension(cli) : status;
}

static enum cli_status decide(struct cli *cli, const char *method, const char *id, const char *verb,
	const char *reason)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET), body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	put_path(&target, id, verb);
	json_open(&w, NULL);
	put_unless_null(&w, "reason", reason);
	json_close(&w);
	enum cli_status status = cli_ask(cli, method, buf_string(&target),
		verb[0] ? buf_contents(&body) : view_text(""));

	return status == CLI_DONE ? print_extension(cli) : status;
}

static enum cli_status approve(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, "POST", args->words[0], "/approve", NULL);
}

static enum cli_status refuse(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, "POST", args->words[0], "/refuse", args->values[REFUSE_REASON]);
}

static enum cli_status withdraw(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, "DELETE", args->words[0], "", NULL);
}

#define TRY_LIST "`symbolon extension list` shows which there are, and their state"

static const struct cli_command commands[] = {
	{
		.noun = "extension",
		.verb = "request",
		.words = {"CLIENT", "APPLICATION"},
		.summary =
			"extend trust to an application: consent that it is told of you (10.3/1)",
		.options =
			{CLI_OPTION("attributes", "NAMES",
				 "what it may know, such as name,birthdate; nothing unless given"),
				CLI_OPTION("until", "TIME",
					"how long you consent, such as 2030-01-31T00:00:00Z; as "
					"long as the "
					"operator lets you unless given")},
		.more = "CLIENT is one of your devices: `symbolon me` shows them. You may withdraw "
			"it at any time:\n"
			"`symbolon extension withdraw`.",
		.after_missing =
			"`symbolon me` shows your devices, `symbolon catalogue` what there is",
		.after_conflict = TRY_LIST,
		.run = request,
	},
	{
		.noun = "extension",
		.verb = "list",
		.summary = "list extensions: a subscriber's own, those to an ASP, or all",
		.options =
			{CLI_OPTION("state", "STATE",
				 "requested, extended, provisioned, refused, withdrawn or expired"),
				CLI_PAGE_OPTIONS},
		.run = list,
	},
	{
		.noun = "extension",
		.verb = "show",
		.words = {"ID"},
		.summary = "show an extension; to its ASP with the signed JWT",
		.options = {CLI_OPTION("jwt", "FILE", "write the JWT there: `symbolon jwt verify`")},
		.after_missing = TRY_LIST,
		.run = show,
	},
	{
		.noun = "extension",
		.verb = "approve",
		.words = {"ID"},
		.summary = "hand to the ASP what waits for the operator (extension.approval)",
		.after_missing = TRY_LIST,
		.run = approve,
	},
	{
		.noun = "extension",
		.verb = "refuse",
		.words = {"ID"},
		.summary = "refuse it, as the operator or as the ASP; rights that stand on it end",
		.options = {CLI_OPTION("reason", "TEXT", "what the subscriber is told")},
		.after_missing = TRY_LIST,
		.run = refuse,
	},
	{
		.noun = "extension",
		.verb = "withdraw",
		.words = {"ID"},
		.summary = "withdraw consent: rights and sessions that stand on it end",
		.after_missing = TRY_LIST,
		.run = withdraw,
	},
};

const struct cli_noun cli_extension_noun = {"extension",
	"trust that subscribers extend to applications", commands,
	sizeof(commands) / sizeof(commands[0])};

/* ---- delegation ---- */

static const struct print_column delegation_columns[] = {
	{"FROM", "delegated_from"},
	{"TO", "client"},
	{"APPLICATION", "application"},
	{"RIGHTS", "rights"},
	{"UNTIL", "until"},
	{"SET BY", "set_by"},
};
enum { DELEGATION_COLUMNS = sizeof(delegation_columns) / sizeof(delegation_columns[0]) };

static enum cli_status need_app(const struct cli_arguments *args)
{
	if (!args->values[DELEGATE_APP]) {
		cli_say("--app is wanted: the application that the right is for");
		return CLI_USAGE;
	}
	return CLI_DONE;
}

static enum cli_status delegate(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (need_app(args) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "from", args->words[0]);
	json_put_string(&w, "to", args->words[1]);
	json_put_string(&w, "application", args->values[DELEGATE_APP]);
	if (args->many_count > 0) {
		json_open_array(&w, "rights");
		for (size_t i = 0; i < args->many_count; i++) {
			json_put_string(&w, NULL, args->many[i]);
		}
		json_close_array(&w);
	}
	put_unless_null(&w, "until", args->values[DELEGATE_UNTIL]);
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", DELEGATIONS, buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: may use %s as %s may\n", args->words[1],
			args->values[DELEGATE_APP], args->words[0]);
	}
	return status;
}

static enum cli_status list_delegations(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.after = args->values[DELEGATIONS_AFTER],
		.limit = args->values[DELEGATIONS_LIMIT]};

	return cli_list(cli, DELEGATIONS, &page, delegation_columns, DELEGATION_COLUMNS);
}

static enum cli_status end_delegation(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	if (need_app(args) != CLI_DONE) {
		return CLI_USAGE;
	}
	buf_text(&target, DELEGATIONS "?to=");
	cli_put(&target, args->words[0]);
	buf_text(&target, "&application=");
	cli_put(&target, args->values[DELEGATE_APP]);
	enum cli_status status = cli_ask(cli, "DELETE", buf_string(&target), view_text(""));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: may not use %s any more\n", args->words[0],
			args->values[DELEGATE_APP]);
	}
	return status;
}

static const struct cli_command delegation_commands[] = {
	{
		.noun = "delegation",
		.verb = "add",
		.words = {"FROM", "TO"},
		.summary = "let another device of the same user do what FROM may",
		.options = {CLI_OPTION("app", "APPLICATION", "with this application"),
			CLI_REPEATED("right", "NAME", "this right alone; all unless given"),
			CLI_OPTION("until", "TIME", "no longer than this, nor than FROM may")},
		.more = "It ends with the right that it comes from, and is not handed on.",
		.after_missing = "`symbolon me` shows your devices and what they may use",
		.run = delegate,
	},
	{
		.noun = "delegation",
		.verb = "list",
		.summary = "list what is delegated",
		.options = {CLI_PAGE_OPTIONS},
		.run = list_delegations,
	},
	{
		.noun = "delegation",
		.verb = "end",
		.words = {"TO"},
		.summary = "take it back; sessions that run on it end",
		.options = {CLI_OPTION("app", "APPLICATION", "with this application")},
		.after_missing = "`symbolon delegation list` shows what is delegated",
		.run = end_delegation,
	},
};

const struct cli_noun cli_delegation_noun = {"delegation",
	"rights of a device that another one has too", delegation_commands,
	sizeof(delegation_commands) / sizeof(delegation_commands[0])};
