// SPDX-License-Identifier: Apache-2.0
/* Roots of trust, decisions, movements and the policy of a trust registry.  req: R6.1-b R9.1-vi */
#include "cli/registry_status.h"

#include "base/text.h"
#include "wire/policy.h"

#include <stdlib.h>

enum { ANSWER_MAX = 1 << 20 };

static enum cli_status submit(struct cli *cli, const char *method, struct buf *target,
	const struct buf *body, const char *what, const char *done)
{
	if (buf_end(target, "request") != OK || (body && buf_end(body, "request") != OK)) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	enum cli_status status =
		cli_ask(cli, method, buf_string(target), body ? buf_contents(body) : view_text(""));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", what, done);
	}
	return status;
}

/* POST COLLECTION/WORD/VERB with the reason that was given. */
static enum cli_status act(struct cli *cli, const struct cli_arguments *args,
	const char *collection, const char *verb, const char *done)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	if (!args->values[REASON_OPTION]) {
		cli_say("registry %s needs --reason", cli->command->verb);
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "reason", args->values[REASON_OPTION]);
	json_close(&w);
	buf_text(&target, collection);
	cli_put(&target, args->words[0]);
	buf_text(&target, verb);
	return submit(cli, "POST", &target, &body, args->words[0], done);
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args,
	const char *collection, const struct print_column *columns, size_t count)
{
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, collection, &page, columns, count);
}

/* ---- roots of trust ---- */

enum cli_status registry_roots(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {{"ID", "id"}, {"NAME", "name"},
		{"ACCEPTED", "accepted"}, {"WHY NOT", "reason"}};

	return list(cli, args, "/v1/roots", columns, 4);
}

enum cli_status registry_accept_root(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);
	const char *certificate = args->values[ROOT_CERTIFICATE_OPTION];
	const char *id = args->values[ROOT_ID_OPTION];

	if (!args->values[ROOT_NAME_OPTION] || !certificate == !id) {
		cli_say("registry accept-root needs --name, and --certificate or --root");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	cli_put_given(&w, args, ROOT_NAME_OPTION, "name");
	cli_put_given(&w, args, ROOT_ID_OPTION, "id");
	if (cli_put_file(&w, "certificate", certificate) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	buf_text(&target, "/v1/roots");
	return submit(cli, "POST", &target, &body, args->values[ROOT_NAME_OPTION], "accepted");
}

enum cli_status registry_withdraw_root(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/v1/roots/", "/withdraw", "withdrawn");
}

enum cli_status registry_withdraw_vulnerability(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/v1/vulnerabilities/", "/withdraw", "withdrawn");
}

/* ---- decisions ---- */

enum cli_status registry_decide(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);
	const char *until = args->values[UNTIL_OPTION];
	int64_t at = 0;

	if (!args->values[REASON_OPTION]) {
		cli_say("registry decide needs --reason");
		return CLI_USAGE;
	}
	if (until && text_from_time(view_text(until), &at, "--until") != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "trust", args->words[1]);
	json_put_string(&w, "reason", args->values[REASON_OPTION]);
	if (until) {
		json_put_int(&w, "until", at * 1000);
	}
	json_close(&w);
	buf_text(&target, "/v1/devices/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/decision");
	return submit(cli, "PUT", &target, &body, args->words[0], "decided");
}

enum cli_status registry_undecide(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_text(&target, "/v1/devices/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/decision");
	return submit(cli, "DELETE", &target, NULL, args->words[0], "taken back");
}

/* ---- movements ---- */

enum cli_status registry_movements(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"NUMBER", "movement"},
		{"BY", "subject"},
		{"STATE", "state"},
		{"RULE", "rule"},
		{"DEVICES", "devices"},
		{"CAUSED BY", "caused_by"},
	};

	return list(cli, args, "/v1/movements", columns, 6);
}

enum cli_status registry_release_movement(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/v1/movements/", "/release", "released");
}

enum cli_status registry_refuse_movement(struct cli *cli, const struct cli_arguments *args)
{
	return act(cli, args, "/v1/movements/", "/refuse", "refused");
}

/* ---- the policy ---- */

enum cli_status registry_policy(struct cli *cli, const struct cli_arguments *args)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view text;
	enum cli_status status = cli_ask(cli, "GET", "/v1/policy", view_text(""));

	(void)args;
	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK ||
		json_text(answer, "text", &text) != OK) {
		cli_say("the answer is none: %s", err_detail());
		return CLI_REFUSED;
	}
	(void)fwrite(text.data, 1, text.len, stdout);
	return CLI_DONE;
}

enum cli_status registry_check_policy(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf text = buf_growing(0);
	struct policy *policy = calloc(1, sizeof(*policy));

	(void)cli;
	if (!policy || text_read_file(args->words[0], POLICY_TEXT_MAX, &text) != OK ||
		policy_parse(args->words[0], buf_contents(&text), policy) != OK) {
		cli_say("%s", policy ? err_detail() : "out of memory");
		free(policy);
		return CLI_REFUSED;
	}
	(void)printf("%s: %zu rules, %zu registries, %s\n", args->words[0], policy->rule_count,
		policy->registry_count, policy->brake_permille < 0 ? "no brake" : "a brake");
	free(policy);
	return CLI_DONE;
}
