// SPDX-License-Identifier: Apache-2.0
/* account: how subscribers sign in, and API keys of programs. */
#include "cli/cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PASSWORD_FILE, CODE_FILE, SEND_CODE };
enum { SET_PASSWORD };
enum { CURRENT, NEXT };
enum { KEY_ASP, UNTIL, KEY_OUT };
enum { OF_ASP, AFTER, LIMIT };

/* --- sessions --- */

static enum cli_status ask_with(struct cli *cli, const char *method, const char *target,
	struct buf *body)
{
	enum cli_status status =
		body->failed ? CLI_USAGE : cli_ask(cli, method, target, buf_contents(body));

	buf_wipe(body);
	return status;
}

static enum cli_status put_secret(struct json_writer *w, const char *name, const char *path)
{
	if (cli_put_secret(w, name, path) != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	return CLI_DONE;
}

static enum cli_status send_code(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "subscriber", args->words[0]);
	json_close(&w);
	enum cli_status status = ask_with(cli, "POST", "/v1/codes", &body);

	if (status == CLI_DONE && !cli->json) {
		(void)printf("a code is on its way, if the account is there\n");
	}
	return status;
}

static enum cli_status sign_in(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);
	const char *code = args->values[CODE_FILE];
	const char *password = args->values[PASSWORD_FILE] ? args->values[PASSWORD_FILE] : "-";

	if (args->values[SEND_CODE]) {
		return send_code(cli, args);
	}
	if (!cli->session || strcmp(cli->session, "-") == 0) {
		cli_say("sign-in needs --session or $SYMBOLON_SESSION: the file that keeps the "
			"session");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "subscriber", args->words[0]);
	if (put_secret(&w, code ? "code" : "password", code ? code : password) != CLI_DONE) {
		buf_wipe(&body);
		return CLI_USAGE;
	}
	json_close(&w);
	enum cli_status status = ask_with(cli, "POST", "/v1/sessions", &body);

	if (status == CLI_DONE) {
		status = cli_keep(cli, "token", cli->session, 0600);
	}
	if (status == CLI_DONE) {
		(void)printf("%s: signed in\n", args->words[0]);
	}
	return status;
}

static enum cli_status sign_out(struct cli *cli, const struct cli_arguments *args)
{
	enum cli_status status = cli_ask(cli, "DELETE", "/v1/sessions/current", view_text(""));

	(void)args;
	if (status == CLI_DONE && cli->session && unlink(cli->session) != 0 && errno != ENOENT) {
		cli_say("%s: %s", cli->session, strerror(errno));
	}
	if (status == CLI_DONE && !cli->json) {
		(void)printf("signed out\n");
	}
	return status;
}

static enum cli_status me(struct cli *cli, const struct cli_arguments *args)
{
	enum cli_status status = cli_ask(cli, "GET", "/v1/me", view_text(""));

	(void)args;
	if (status == CLI_DONE) {
		cli_print_answer(cli);
	}
	return status;
}

/* --- accounts --- */

static enum cli_status set(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	if (args->values[SET_PASSWORD] &&
		put_secret(&w, "password", args->values[SET_PASSWORD]) != CLI_DONE) {
		buf_wipe(&body);
		return CLI_USAGE;
	}
	json_close(&w);
	buf_text(&target, "/v1/subscribers/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/account");
	enum cli_status status = ask_with(cli, "PUT", buf_string(&target), &body);

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: may sign in\n", args->words[0]);
	}
	return status;
}

static enum cli_status change(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[CURRENT] || !args->values[NEXT]) {
		cli_say("account password needs --current-file and --password-file");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	if (put_secret(&w, "current", args->values[CURRENT]) != CLI_DONE ||
		put_secret(&w, "password", args->values[NEXT]) != CLI_DONE) {
		buf_wipe(&body);
		return CLI_USAGE;
	}
	json_close(&w);
	enum cli_status status = ask_with(cli, "PUT", "/v1/account", &body);

	if (status == CLI_DONE && !cli->json) {
		(void)printf("the password is changed; other sessions are ended\n");
	}
	return status;
}

static enum cli_status drop(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_text(&target, "/v1/subscribers/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/account");
	enum cli_status status = cli_ask(cli, "DELETE", buf_string(&target), view_text(""));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: signs in no more\n", args->words[0]);
	}
	return status;
}

/* --- API keys --- */

static const struct print_column key_columns[] = {
	{"KEY", "id"},
	{"ROLE", "role"},
	{"ASP", "asp"},
	{"NAME", "name"},
	{"CREATED", "created"},
	{"UNTIL", "until"},
};

static enum cli_status key_add(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[KEY_OUT]) {
		cli_say("key add needs --out: the key is shown once, and goes into that file");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "name", args->words[0]);
	cli_put_given(&w, args, KEY_ASP, "asp");
	cli_put_given(&w, args, UNTIL, "until");
	json_close(&w);
	enum cli_status status = ask_with(cli, "POST", "/v1/keys", &body);

	if (status == CLI_DONE) {
		status = cli_keep(cli, "key", args->values[KEY_OUT], 0600);
	}
	if (status == CLI_DONE) {
		(void)printf("%s: the key is in %s\n", args->words[0], args->values[KEY_OUT]);
	}
	return status;
}

static enum cli_status key_list(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "asp",
		.value = args->values[OF_ASP],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, "/v1/keys", &page, key_columns,
		sizeof(key_columns) / sizeof(key_columns[0]));
}

static enum cli_status key_remove(struct cli *cli, const struct cli_arguments *args)
{
	return cli_remove(cli, "/v1/keys", args->words[0], "removed: who has it is let in no more");
}

/* --- the commands --- */

static const struct cli_command sign_in_commands[] = {{
	.noun = "sign-in",
	.words = {"SUBSCRIBER"},
	.summary = "begin a session as a subscriber",
	.options = {CLI_OPTION("password-file", "FILE", "the password; standard input unless given"),
		CLI_OPTION("code-file", "FILE",
			"a one-time code in place of it; - is standard input"),
		CLI_FLAG("send-code", "have a one-time code sent, and no more")},
	.more = "The session is kept in the file that --session or $SYMBOLON_SESSION names.",
	.run = sign_in,
}};
const struct cli_noun cli_sign_in_noun = {"sign-in", "begin a session as a subscriber",
	sign_in_commands, 1};

static const struct cli_command sign_out_commands[] = {{
	.noun = "sign-out",
	.summary = "end the session, and remove its file",
	.run = sign_out,
}};
const struct cli_noun cli_sign_out_noun = {"sign-out", "end the session", sign_out_commands, 1};

static const struct cli_command me_commands[] = {{
	.noun = "me",
	.summary = "show who the node takes one for",
	.run = me,
}};
const struct cli_noun cli_me_noun = {"me", "who the node takes one for", me_commands, 1};

static const struct cli_command account_commands[] = {
	{
		.noun = "account",
		.verb = "set",
		.words = {"SUBSCRIBER"},
		.summary = "let a subscriber sign in",
		.options = {CLI_OPTION("password-file", "FILE",
			"its first password; none: by one-time codes only")},
		.after_missing = "`symbolon subscriber list` shows who is registered",
		.run = set,
	},
	{
		.noun = "account",
		.verb = "password",
		.summary = "change one's own password",
		.options = {CLI_OPTION("current-file", "FILE", "the one that is known"),
			CLI_OPTION("password-file", "FILE", "the one in its place")},
		.run = change,
	},
	{
		.noun = "account",
		.verb = "remove",
		.words = {"SUBSCRIBER"},
		.summary = "let a subscriber sign in no more, and end its sessions",
		.run = drop,
	},
};
const struct cli_noun cli_account_noun = {"account", "how subscribers sign in", account_commands,
	sizeof(account_commands) / sizeof(account_commands[0])};

static const struct cli_command key_commands[] = {
	{
		.noun = "key",
		.verb = "add",
		.words = {"NAME"},
		.summary = "make an API key for a program",
		.options = {CLI_OPTION("asp", "ID", "for this ASP; for operators unless given"),
			CLI_OPTION("until", "TIME",
				"as 2030-01-01T00:00:00Z; without end unless given"),
			CLI_OPTION("out", "FILE", "where it goes")},
		.run = key_add,
	},
	{
		.noun = "key",
		.verb = "list",
		.summary = "list API keys, without what they are",
		.options = {CLI_OPTION("asp", "ID", "of this ASP"), CLI_PAGE_OPTIONS},
		.run = key_list,
	},
	{
		.noun = "key",
		.verb = "remove",
		.words = {"KEY"},
		.summary = "remove an API key",
		.after_missing = "`symbolon key list` shows them",
		.run = key_remove,
	},
};
const struct cli_noun cli_key_noun = {"key", "API keys of programs", key_commands,
	sizeof(key_commands) / sizeof(key_commands[0])};
