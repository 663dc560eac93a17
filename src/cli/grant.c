// SPDX-License-Identifier: Apache-2.0
/* The service permission flag: grant, revoke, and who may use what. */
#include "cli/cli.h"
#include "wire/json.h"

#include <string.h>
#include <time.h>

#define COLLECTION "/v1/grants"

enum { UNTIL, RIGHT, ATTRIBUTES };
enum { WAIT };
enum { CLIENT, APPLICATION, AFTER, LIMIT };

enum { WAIT_TIMES = 300 }; /* tenths of a second */

static const struct print_column columns[] = {
	{"CLIENT", "client"},
	{"SUBJECT", "subject"},
	{"APPLICATION", "application"},
	{"RIGHTS", "rights"},
	{"CREATED", "created"},
	{"UNTIL", "until"},
	{"SET BY", "set_by"},
	{"FROM", "delegated_from"},
	{"ATTRIBUTES", "attributes"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* A client's identity names its realm; what an ASP calls it, a pseudonym, does not. */
static const char *name_of(const char *who)
{
	return strchr(who, '@') ? "client" : "subject";
}

static void put_rights(struct json_writer *w, const struct cli_arguments *args)
{
	json_open_array(w, "rights");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(w, NULL, args->many[i]);
	}
	json_close_array(w);
}

/* "name,address" */
static void put_attributes(struct json_writer *w, const char *text)
{
	json_open_array(w, "attributes");
	for (size_t len; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		json_put_text(w, NULL, view_of(text, len));
	}
	json_close_array(w);
}

static enum cli_status grant(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, name_of(args->words[0]), args->words[0]);
	json_put_string(&w, "application", args->words[1]);
	if (args->values[UNTIL]) {
		json_put_string(&w, "until", args->values[UNTIL]);
	}
	put_rights(&w, args);
	if (args->values[ATTRIBUTES]) {
		put_attributes(&w, args->values[ATTRIBUTES]);
	}
	json_close(&w);
	enum cli_status status = cli_ask(cli, "PUT", COLLECTION, buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: may use %s%s%s\n", args->words[0], args->words[1],
			args->values[UNTIL] ? " until " : "",
			args->values[UNTIL] ? args->values[UNTIL] : "");
	}
	return status;
}

/* A number in the last answer: `outer` may be NULL. */
static int64_t told(const struct cli *cli, const char *outer, const char *name)
{
	JSON_CLEANUP struct json *answer = NULL;
	const struct json *from;
	int64_t number = 0;

	if (json_parse(api_body(cli->api), CLI_BODY_MAX, &answer) != OK) {
		return 0;
	}
	from = outer ? json_member(answer, outer) : answer;
	return json_int_opt(from, name, 0, INT64_MAX, &number) == OK ? number : 0;
}

/* Until no session waits for its end any more, whoever ended it. */
static enum cli_status wait_for_ends(struct cli *cli)
{
	static const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

	for (int i = 0; i < WAIT_TIMES; i++) {
		enum cli_status status = cli_ask(cli, "GET", "/v1/status", view_text(""));

		if (status != CLI_DONE || told(cli, "sessions", "ending") == 0) {
			return status;
		}
		(void)nanosleep(&pause, NULL);
	}
	cli_say("not all authentication elements have acknowledged it yet; the node goes on "
		"trying");
	return CLI_REFUSED;
}

static enum cli_status revoke(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_printf(&target, COLLECTION "?%s=", name_of(args->words[0]));
	cli_put(&target, args->words[0]);
	buf_text(&target, "&application=");
	cli_put(&target, args->words[1]);
	enum cli_status status = cli_ask(cli, "DELETE", buf_string(&target), view_text(""));

	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json) {
		cli_print_answer(cli);
	} else {
		(void)printf("%s: may not use %s any more; sessions that end: %lld\n",
			args->words[0], args->words[1], (long long)told(cli, NULL, "sessions"));
	}
	return args->values[WAIT] ? wait_for_ends(cli) : CLI_DONE;
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args)
{
	bool of_client = args->values[CLIENT];

	if (of_client && args->values[APPLICATION]) {
		cli_say("grants takes --client or --app, one of the two");
		return CLI_USAGE;
	}
	const struct cli_page page = {.filter = of_client ? "client" : "application",
		.value = args->values[of_client ? CLIENT : APPLICATION],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, COLUMNS);
}

static const struct cli_command grant_commands[] = {
	{
		.noun = "grant",
		.words = {"CLIENT", "APPLICATION"},
		.summary = "let a client use an application",
		.options = {CLI_OPTION("until", "TIME",
				    "when it ends, such as 2030-01-31T00:00:00Z; never unless "
				    "given"),
			CLI_REPEATED("right", "NAME",
				"what it may do there, as the application names it, such as read"),
			CLI_OPTION("attributes", "NAMES",
				"what the application is told of the subscriber, such as "
				"name,birthdate, by consent that was given otherwise; as before "
				"unless given")},
		.more = "The rights and the end that are given take the place of those before; "
			"sessions that run are told. An ASP\n"
			"gives the pseudonym of one who has extended trust to it in the place of "
			"CLIENT: `symbolon extension list`.",
		.after_missing =
			"`symbolon device list` and `symbolon app list` show what is registered",
		.run = grant,
	},
};

static const struct cli_command revoke_commands[] = {
	{
		.noun = "revoke",
		.words = {"CLIENT", "APPLICATION"},
		.summary = "take that permission back, and end what it began",
		.options = {CLI_FLAG("wait", "until authentication elements have acknowledged "
					     "it, half a minute at most")},
		.after_missing = "`symbolon grants --client CLIENT` shows what it may use",
		.run = revoke,
	},
};

static const struct cli_command grants_commands[] = {
	{
		.noun = "grants",
		.summary = "list who may use what: of a client or of an application; a "
			   "subscriber's own",
		.options = {CLI_OPTION("client", "CLIENT", "what this client may use"),
			CLI_OPTION("app", "APPLICATION", "who may use this application"),
			CLI_PAGE_OPTIONS},
		.run = list,
	},
};

const struct cli_noun cli_grant_noun = {"grant", "let a client use an application", grant_commands,
	1};
const struct cli_noun cli_revoke_noun = {"revoke", "take that permission back", revoke_commands, 1};
const struct cli_noun cli_grants_noun = {"grants", "who may use what", grants_commands, 1};
