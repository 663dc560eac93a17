// SPDX-License-Identifier: Apache-2.0
#include "cli/node_admin.h"

#include "cli/cli.h"
#include "wire/json.h"

#include <string.h>

enum { PROBLEM_MAX = 64 * 1024, HOUR_MS = 3600 * 1000 };

struct asking {
	const struct http_call_on *on;
	void *user;
	enum err result;
	bool done;
};

static void on_head(void *user, const struct http_head *head)
{
	struct asking *a = user;

	a->on->head(a->user, head);
}

static void on_body(void *user, struct view part)
{
	struct asking *a = user;

	a->on->body(a->user, part);
}

static void on_done(void *user, enum err result)
{
	struct asking *a = user;

	a->result = result;
	a->done = true;
}

bool node_admin_is_node(const char *name)
{
	static const char *const nodes[] = {"authz", "authn", "gateway", "registry"};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (strcmp(nodes[i], name) == 0) {
			return true;
		}
	}
	cli_say("%s: a node is authz, authn, gateway or registry", name);
	return false;
}

static enum err write_address(const char *node, const char *socket, char ret[ADDRESS_MAX])
{
	struct buf address = buf_fixed(ret, ADDRESS_MAX);

	buf_text(&address, "unix:");
	if (socket) {
		buf_text(&address, socket);
	} else {
		buf_printf(&address, CLI_ADMIN_SOCKET, node);
	}
	buf_u8(&address, 0);
	return buf_end(&address, "the socket's name");
}

enum err node_admin_ask(const char *node, const char *socket, const char *method,
	const char *target, const struct http_call_on *on, void *user)
{
	static const struct http_call_on here = {on_head, on_body, on_done};
	struct asking asking = {.on = on, .user = user};
	char address[ADDRESS_MAX];
	const struct http_client_options options = {
		.address = address,
		.host = node,
		.timeout_ms = HOUR_MS, /* a backup is made first */
		.limits = {.body = SIZE_MAX},
	};
	struct http_client *client = NULL;
	struct http_call *call;
	struct loop *loop;

	TRY(write_address(node, socket, address));
	TRY(loop_new(&env_system, &loop));
	enum err err = http_client_new(loop, &options, &client);

	if (err == OK) {
		err = http_client_call(client, method, view_text(target), NULL, 0, (struct view){0},
			&here, &asking, &call);
	}
	while (err == OK && !asking.done) {
		loop_turn(loop, 1000);
	}
	if (client) {
		http_client_free(client);
	}
	loop_free(loop);
	return err == OK ? asking.result : err;
}

void node_admin_say_refused(unsigned status, struct view body)
{
	JSON_CLEANUP struct json *problem = NULL;
	struct view detail = view_text("");

	if (json_parse(body, PROBLEM_MAX, &problem) == OK) {
		(void)!json_text_opt(problem, "detail", &detail);
	}
	cli_say("refused with status %u: %.*s", status, (int)detail.len, (const char *)detail.data);
}

void node_admin_say_unreachable(const char *what)
{
	cli_say("%s: %s", what, err_detail());
	(void)fputs(
		"is the node running, and is admin.socket in its configuration? --admin names its "
		"socket\n",
		stderr);
}
