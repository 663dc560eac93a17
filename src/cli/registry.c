// SPDX-License-Identifier: Apache-2.0
/* registry: administering a trust registry. The commands of each of its parts are in a file of their own. */
#include "cli/registry.h"

#include "wire/json.h"

enum { ANSWER_MAX = 32 << 20 };

static const struct print_column status_columns[] = {
	{"registry", "registry"},
	{"type", "type"},
	{"node", "node"},
	{"version", "version"},
	{"up for (s)", "uptime"},
	{"events in its log", "log_size"},
};

static const struct print_column peer_columns[] = {
	{"REGISTRY", "id"},
	{"RELATION", "relation"},
	{"STATE", "state"},
	{"URL", "url"},
};

static void print_status(const struct json *answer)
{
	const struct json *peers = json_member(answer, "peers");

	print_card(stdout, answer, status_columns,
		sizeof(status_columns) / sizeof(status_columns[0]));
	if (json_count(peers) > 0) {
		(void)printf("\n");
		print_table(stdout, peers, peer_columns,
			sizeof(peer_columns) / sizeof(peer_columns[0]));
	}
}

static enum cli_status status(struct cli *cli, const struct cli_arguments *args)
{
	JSON_CLEANUP struct json *answer = NULL;
	enum cli_status result = cli_ask(cli, "GET", "/v1/status", view_text(""));

	(void)args;
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
	print_status(answer);
	return CLI_DONE;
}

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "status",
		.summary = "show which registry it is, and how",
		.run = status,
	},
};

static const struct cli_noun *const parts[] = {
	&cli_registry_log,
	&cli_registry_enquiry,
	&cli_registry_peers,
	&cli_registry_notify,
	&cli_registry_owners,
	&cli_registry_status,
	NULL,
};

const struct cli_noun cli_registry_noun = {.name = "registry",
	.summary = "a trust registry for devices (Y.3059)",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0]),
	.parts = parts,
	.socket = CLI_REGISTRY_SOCKET,
	.variable = "SYMBOLON_REGISTRY_SOCKET"};
