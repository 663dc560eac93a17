// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

enum { ANSWER_MAX = 32 << 20, SECONDS_OF_DAY = 86400 };

static const struct print_column node_columns[] = {
	{"node", "node"},
	{"realm", "realm"},
	{"version", "version"},
};
static const struct print_column count_columns[] = {
	{"subscribers", "subscribers"},
	{"devices", "devices"},
	{"ASPs", "asps"},
	{"applications", "applications"},
	{"grants", "grants"},
};
static const struct print_column store_columns[] = {
	{"units of work", "units"},
	{"commits", "commits"},
	{"replays", "replays"},
	{"failures", "failures"},
	{"waiting", "waiting"},
};
static const struct print_column session_columns[] = {
	{"permissions kept", "kept"},
	{"ends to tell", "ending"},
	{"changes to tell", "changing"},
};
static const struct print_column degree_columns[] = {
	{"DEGREE", "name"},
	{"LIFETIME", "lifetime"},
	{"GBA", "gba"},
};
static const struct print_column peer_columns[] = {
	{"PEER", "host"},
	{"OPEN", "open"},
	{"REQUESTS IN", "requests_in"},
	{"REQUESTS OUT", "requests_out"},
	{"TIMEOUTS", "timeouts"},
	{"OUTSTANDING", "outstanding"},
};
static const struct print_column point_columns[] = {
	{"RP_B", "rp_b"},
	{"RP_B without TLS", "rp_b_plain"},
	{"operator's API", "operator"},
	{"operator's socket", "operator_socket"},
};
static const struct print_column format_columns[] = {
	{"token formats", "token_formats"},
};

#define COLUMNS(table) (table), sizeof(table) / sizeof((table)[0])

static void print_uptime(const struct json *status)
{
	int64_t seconds;

	if (json_int(status, "uptime", 0, INT64_MAX, &seconds) == OK) {
		(void)printf("up for   %lld d %02lld:%02lld:%02lld\n",
			(long long)(seconds / SECONDS_OF_DAY),
			(long long)(seconds % SECONDS_OF_DAY / 3600),
			(long long)(seconds % 3600 / 60), (long long)(seconds % 60));
	}
}

static void print_peers(const struct json *status)
{
	(void)printf("\n");
	print_table(stdout, json_member(status, "peers"), COLUMNS(peer_columns));
}

static void print_status(const struct json *status)
{
	print_card(stdout, status, COLUMNS(node_columns));
	print_uptime(status);
	(void)printf("\nregistered\n");
	print_card(stdout, json_member(status, "counts"), COLUMNS(count_columns));
	(void)printf("\nsessions\n");
	print_card(stdout, json_member(status, "sessions"), COLUMNS(session_columns));
	(void)printf("\nstore\n");
	print_card(stdout, json_member(status, "store"), COLUMNS(store_columns));
	print_peers(status);
}

static void print_realm(const struct json *realm)
{
	print_card(stdout, realm, COLUMNS(node_columns));
	print_card(stdout, realm, COLUMNS(format_columns));
	(void)printf("\nreference points\n");
	print_card(stdout, json_member(realm, "reference_points"), COLUMNS(point_columns));
	(void)printf("\n");
	print_table(stdout, json_member(realm, "degrees"), COLUMNS(degree_columns));
	print_peers(realm);
}

static enum cli_status ask(struct cli *cli, const char *target,
	void (*print)(const struct json *answer))
{
	JSON_CLEANUP struct json *answer = NULL;
	enum cli_status result = cli_ask(cli, "GET", target, view_text(""));

	if (result != CLI_DONE) {
		return result;
	}
	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	print(answer);
	return CLI_DONE;
}

static enum cli_status status(struct cli *cli, const struct cli_arguments *args)
{
	(void)args;
	return ask(cli, "/v1/status", print_status);
}

static enum cli_status realm(struct cli *cli, const struct cli_arguments *args)
{
	(void)args;
	return ask(cli, "/v1/realm", print_realm);
}

static const struct cli_command status_commands[] = {
	{
		.noun = "status",
		.summary = "show how the node is, and what it holds",
		.run = status,
	},
};
static const struct cli_command realm_commands[] = {
	{
		.noun = "realm",
		.summary = "show the realm, its nodes and reference points",
		.run = realm,
	},
};

const struct cli_noun cli_status_noun = {"status", "how the node is, and what it holds",
	status_commands, 1};
const struct cli_noun cli_realm_noun = {"realm", "the realm, its nodes and reference points",
	realm_commands, 1};
