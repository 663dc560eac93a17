// SPDX-License-Identifier: Apache-2.0
/* registry_peers: other registries: joining one, deciding on those that ask, how each is.  req: R9.1-v R7-i-a */
#include "cli/registry.h"

#define COLLECTION "/v1/registries"

enum { JOIN_URL, JOIN_RELATION, JOIN_ADDRESS };
enum { APPROVE_REFUSE, APPROVE_REASON, APPROVE_ALSO };
enum { READMIT_LOG_KEY, READMIT_REASON, READMIT_ALSO };
enum { LEAVE_REASON };
enum { LIST_AFTER, LIST_LIMIT };

static const struct print_column columns[] = {
	{"REGISTRY", "id"},
	{"RELATION", "relation"},
	{"TYPE", "type"},
	{"STATE", "state"},
	{"BEHIND", "lag"},
	{"STALE (ms)", "stale_ms"},
	{"WHERE", "url"},
	{"WHY", "reason"},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static enum cli_status done(const struct cli *cli, const struct cli_arguments *args,
	const char *what, enum cli_status status)
{
	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", args->words[0], what);
	}
	return status;
}

static enum cli_status join(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);
	const char *relation = args->values[JOIN_RELATION];

	if (!args->values[JOIN_URL]) {
		cli_say("registry join needs --url, where the other registry's API is");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	json_put_string(&w, "url", args->values[JOIN_URL]);
	json_put_string(&w, "relation", relation ? relation : "parent");
	if (args->values[JOIN_ADDRESS]) {
		json_put_string(&w, "address", args->values[JOIN_ADDRESS]);
	}
	json_close(&w);
	return done(cli, args, "asked; `symbolon registry peers` shows what it says",
		cli_ask(cli, "POST", COLLECTION, buf_contents(&body)));
}

static void put_target(struct buf *out, const struct cli_arguments *args, const char *rest)
{
	buf_text(out, COLLECTION "/");
	cli_put(out, args->words[0]);
	buf_text(out, rest);
}

static enum cli_status decide(struct cli *cli, const struct cli_arguments *args, const char *method,
	const char *rest, struct view body)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_target(&target, args, rest);
	return cli_ask(cli, method, buf_string(&target), body);
}

static void put_reason(struct json_writer *w, const char *reason)
{
	if (reason) {
		json_put_string(w, "reason", reason);
	}
}

static enum cli_status approve(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);
	const bool refuse = args->values[APPROVE_REFUSE];

	json_open(&w, NULL);
	json_put_bool(&w, "approve", !refuse);
	put_reason(&w, args->values[APPROVE_REASON]);
	cli_put_given(&w, args, APPROVE_ALSO, "also");
	json_close(&w);
	return done(cli, args, refuse ? "refused" : "joined",
		decide(cli, args, "PUT", "/approval", buf_contents(&body)));
}

static enum cli_status readmit(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	if (args->values[READMIT_LOG_KEY]) {
		json_put_string(&w, "log_key", args->values[READMIT_LOG_KEY]);
	}
	put_reason(&w, args->values[READMIT_REASON]);
	cli_put_given(&w, args, READMIT_ALSO, "also");
	json_close(&w);
	return done(cli, args, "readmitted: its log is read from the start",
		decide(cli, args, "PUT", "/readmission", buf_contents(&body)));
}

static enum cli_status leave(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	put_reason(&w, args->values[LEAVE_REASON]);
	json_close(&w);
	return done(cli, args, "left", decide(cli, args, "DELETE", "", buf_contents(&body)));
}

static enum cli_status peers(struct cli *cli, const struct cli_arguments *args)
{
	(void)args;
	return cli_list(cli, COLLECTION, &(struct cli_page){.filter = NULL}, columns, COLUMNS);
}

static enum cli_status requests(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "state", .value = "asked"};

	static const struct print_column asking[] = {
		{"REGISTRY", "id"},
		{"RELATION", "relation"},
		{"TYPE", "type"},
		{"SINCE", "since", true},
		{"WHERE", "url"},
		{"KEY", "answer_key"},
	};

	(void)args;
	return cli_list(cli, COLLECTION, &page, asking, sizeof(asking) / sizeof(asking[0]));
}

static enum cli_status devices(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column listed[] = {
		{"DEVICE", "id"},
		{"REGISTRY", "registry"},
		{"SINCE", "since", true},
		{"MAKE", "make"},
		{"MODEL", "model"},
		{"THROUGH", "through"},
		{"AS OF", "as_of", true},
	};
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	const struct cli_page page = {.after = args->values[LIST_AFTER],
		.limit = args->values[LIST_LIMIT]};

	buf_text(&target, "/v1/lists/");
	cli_put(&target, args->words[0]);
	return cli_list(cli, buf_string(&target), &page, listed, sizeof(listed) / sizeof(listed[0]));
}

#define TRY_PEERS "`symbolon registry peers` shows which are known"

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "join",
		.words = {"REGID"},
		.summary = "ask another registry to take this one in (9.1 v)",
		.options =
			{
				[JOIN_URL] =
					CLI_OPTION("url", "URL", "https://HOST[:PORT] of its API"),
				[JOIN_RELATION] = CLI_OPTION("relation", "parent|peer",
					"what it shall be to this one; parent unless said"),
				[JOIN_ADDRESS] = CLI_OPTION("address", "ADDRESS",
					"connect there in place of the URL's host"),
			},
		.more = "It asks until the other registry's administrator has decided. Without "
			"api.certificate it asks a parent for a certificate too.",
		.after_conflict = "a sectoral registry has one parent: `symbolon registry leave`",
		.run = join,
	},
	{
		.noun = "registry",
		.verb = "requests",
		.summary = "list registries that wait to be approved",
		.run = requests,
	},
	{
		.noun = "registry",
		.verb = "approve-registry",
		.words = {"REGID"},
		.summary = "take in a registry that asked",
		.options =
			{
				[APPROVE_REFUSE] = CLI_FLAG("refuse", "refuse it instead"),
				[APPROVE_REASON] = CLI_OPTION("reason", "TEXT", "why"),
				[APPROVE_ALSO] = CLI_OPTION("also", "REGIDS",
					"registries that are not below its name, and below it "
					"nevertheless"),
			},
		.after_missing = TRY_PEERS,
		.after_conflict = "`symbolon registry requests` shows those that wait",
		.run = approve,
	},
	{
		.noun = "registry",
		.verb = "peers",
		.summary = "list other registries, and how far behind each is here",
		.run = peers,
	},
	{
		.noun = "registry",
		.verb = "readmit",
		.words = {"REGID"},
		.summary = "believe the log of an isolated registry again",
		.options =
			{
				[READMIT_LOG_KEY] = CLI_OPTION("log-key", "VKEY",
					"its log's key now, when it was put back from a copy"),
				[READMIT_REASON] = CLI_OPTION("reason", "TEXT", "why"),
				[READMIT_ALSO] = CLI_OPTION("also", "REGIDS",
					"registries that are not below its name, and below it "
					"nevertheless"),
			},
		.more = "Its log is read from the start; what came before is compared, and not "
			"applied again.",
		.after_missing = TRY_PEERS,
		.run = readmit,
	},
	{
		.noun = "registry",
		.verb = "leave",
		.words = {"REGID"},
		.summary = "leave a parent or peer, or let a child go",
		.options = {[LEAVE_REASON] = CLI_OPTION("reason", "TEXT", "why")},
		.after_missing = TRY_PEERS,
		.run = leave,
	},
	{
		.noun = "registry",
		.verb = "list",
		.words = {"trusted|unverified|unreliable"},
		.summary =
			"list devices of that status, of all levels that are known here (7 iv d)",
		.options = {CLI_PAGE_OPTIONS},
		.run = devices,
	},
};

const struct cli_noun cli_registry_peers = {.name = "registry",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
