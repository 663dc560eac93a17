// SPDX-License-Identifier: Apache-2.0
/* rotate: a new data key for what a node keeps sealed. */
#include "cli/cli.h"

#include "cli/node_admin.h"
#include "wire/json.h"

enum { ANSWER_MAX = 64 * 1024 };
enum { ADMIN, STATUS }; /* options */

struct answer {
	unsigned status;
	struct buf body;
};

static const struct print_column columns[] = {
	{"sealing under key", "current"},
	{"data keys", "keys"},
	{"values sealed anew", "resealed"},
	{"unreadable", "unreadable"},
};

static void on_head(void *user, const struct http_head *head)
{
	struct answer *a = user;

	a->status = head->status;
}

static void on_body(void *user, struct view part)
{
	struct answer *a = user;

	buf_view(&a->body, part);
}

static enum cli_status show(const struct cli *cli, const struct answer *a)
{
	JSON_CLEANUP struct json *state = NULL;
	int64_t keys = 1;
	struct view body = buf_contents(&a->body);

	if (a->status / 100 != 2) {
		node_admin_say_refused(a->status, body);
		return CLI_REFUSED;
	}
	if (cli->json) {
		(void)fwrite(body.data, 1, body.len, stdout);
		return CLI_DONE;
	}
	if (json_parse(body, ANSWER_MAX, &state) != OK ||
		json_int(state, "keys", 0, INT64_MAX, &keys) != OK) {
		cli_say("the answer is not as it should be: %s", err_detail());
		return CLI_REFUSED;
	}
	print_card(stdout, state, columns, sizeof(columns) / sizeof(columns[0]));
	(void)puts(keys > 1 ? "a rotation is under way; --status tells how far"
			    : "no rotation is under way");
	return CLI_DONE;
}

static enum cli_status rotate(struct cli *cli, const struct cli_arguments *args)
{
	static const struct http_call_on on = {.head = on_head, .body = on_body};
	const char *method = args->values[STATUS] ? "GET" : "POST";
	struct answer a = {.body = buf_growing(ANSWER_MAX)};
	enum cli_status status = CLI_UNREACHABLE;

	if (!node_admin_is_node(args->words[0])) {
		return CLI_USAGE;
	}
	if (node_admin_ask(args->words[0], args->values[ADMIN], method, "/v1/keys", &on, &a) == OK) {
		status = show(cli, &a);
	} else {
		node_admin_say_unreachable("the node cannot be asked");
	}
	buf_free(&a.body);
	return status;
}

static const struct cli_command commands[] = {{
	.noun = "rotate",
	.words = {"NODE"},
	.summary = "seal what a node keeps under a new data key, while it runs",
	.options = {[ADMIN] = CLI_OPTION("admin", "PATH",
			    "the node's admin.socket; /run/symbolon/NODE-admin.sock"),
		[STATUS] = CLI_FLAG("status", "only tell how far the last rotation is")},
	.more = "New values are sealed under it at once; older ones are sealed anew in the "
		"background,\n"
		"and what they were under goes when nothing needs it. That goes on after a "
		"restart.\n"
		"The master key is replaced at a start: seal.old_master_key in the configuration.",
	.run = rotate,
}};

const struct cli_noun cli_rotate_noun = {"rotate", "a new data key for what a node keeps", commands,
	1};
