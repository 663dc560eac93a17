// SPDX-License-Identifier: Apache-2.0
/* `symbolon registry enrol, ask, bulk, parties, approve`.  req: R9.3-i-a R9.3-ii-c R9.3-ii-d */
#include "cli/registry_enquiry.h"
#include "cli/registry_party.h"

#include "base/text.h"
#include "wire/registry_answer.h"

#include <string.h>
#include <unistd.h>

#define PARTIES "/v1/parties"

static const struct print_column party_columns[] = {
	{"PARTY", "id"},
	{"NAME", "name"},
	{"ROLES", "roles"},
	{"STATE", "state"},
	{"CONTACT", "contact"},
	{"PURPOSE", "purpose"},
};

static enum cli_status say_error(enum err err)
{
	cli_say("%s", err_detail());
	return err == ERR_UNAVAILABLE ? CLI_UNREACHABLE : CLI_USAGE;
}

/* ---- enrol ---- */

static void write_enrolment(const struct cli_arguments *args, const struct jose_key *key,
	struct buf *body)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	if (jose_key_write_jwk(key, &w, "key") != OK) {
		body->failed = true;
	}
	cli_put_given(&w, args, ENROL_NAME, "name");
	cli_put_given(&w, args, ENROL_CONTACT, "contact");
	cli_put_given(&w, args, ENROL_PURPOSE, "purpose");
	cli_put_given(&w, args, ENROL_MAKE, "make");
	json_open_array(&w, "roles");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(&w, NULL, args->many[i]);
	}
	if (args->many_count == 0) {
		json_put_string(&w, NULL, "enquirer");
	}
	json_close_array(&w);
	json_close(&w);
}

static enum err enrol(struct cli *cli, const struct cli_arguments *args)
{
	const char *path = args->values[ENROL_PARTY_KEY];
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);

	TRY(access(path, F_OK) == 0 ? party_key_read(path, &key) : party_key_make(path, &key));
	write_enrolment(args, key, &body);
	TRY(buf_end(&body, "enrolment"));
	const struct party_request request = {
		.method = "POST",
		.target = PARTIES,
		.body = buf_contents(&body),
		.tag = REQUEST_ENROLMENT_TAG,
	};

	return party_ask(cli, key, &request);
}

enum cli_status registry_enrol(struct cli *cli, const struct cli_arguments *args)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view id, state;

	if (!args->values[ENROL_PARTY_KEY] || !args->values[ENROL_NAME] ||
		!args->values[ENROL_CONTACT] || !args->values[ENROL_PURPOSE]) {
		cli_say("registry enrol needs --party-key, --name, --contact and --purpose");
		return CLI_USAGE;
	}
	enum err err = enrol(cli, args);

	if (err != OK) {
		return say_error(err);
	}
	enum cli_status status = cli_judge(cli);

	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json || json_parse(api_body(cli->api), CLI_BODY_MAX, &answer) != OK ||
		json_text(answer, "id", &id) != OK || json_text(answer, "state", &state) != OK) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	(void)printf("%.*s: %.*s\n", (int)id.len, (const char *)id.data, (int)state.len,
		(const char *)state.data);
	return CLI_DONE;
}

/* ---- ask ---- */

static enum cli_status put_time(struct buf *target, const char *text)
{
	int64_t seconds = 0;
	uint64_t ms = 0;

	if (!text) {
		return CLI_DONE;
	}
	if (text_from_time(view_text(text), &seconds, "--at") == OK) {
		buf_printf(target, "?at=%lld", (long long)seconds * 1000);
		return CLI_DONE;
	}
	if (text_from_u64(view_text(text), INT64_MAX, &ms, "--at") == OK) {
		buf_printf(target, "?at=%llu", (unsigned long long)ms);
		return CLI_DONE;
	}
	cli_say("--at %s: 2026-01-31T00:00:00Z or milliseconds since 1970 is wanted", text);
	return CLI_USAGE;
}

/* What it says; whether that is true is for `registry verify-answer`. */
static void print_payload(struct cli *cli)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_MAX);

	if (jose_peek(api_body(cli->api), &payload) != OK) {
		cli_print_answer(cli);
		return;
	}
	(void)printf("%s\n", buf_string(&payload));
}

enum cli_status registry_ask_about(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_text(&target, "/v1/enquiry/devices/");
	cli_put(&target, args->words[0]);
	if (put_time(&target, args->values[ASK_AT]) != CLI_DONE) {
		return CLI_USAGE;
	}
	const struct party_request request = {.method = "GET", .target = buf_string(&target)};
	enum cli_status status = party_ask_from(cli, args->values[ASK_PARTY_KEY], &request);

	if (status == CLI_DONE && args->values[ASK_OUT]) {
		status = cli_keep(cli, NULL, args->values[ASK_OUT], 0600);
	}
	if (status == CLI_DONE) {
		print_payload(cli);
	}
	return status;
}

/* req: R9.3-iii */
enum cli_status registry_ask_device(struct cli *cli, const struct cli_arguments *args)
{
	if (!args->values[ASK_PARTY_KEY]) {
		cli_say("registry ask-device needs --party-key");
		return CLI_USAGE;
	}
	const struct party_request request = {.method = "GET", .target = "/v1/device"};
	enum cli_status status = party_ask_from(cli, args->values[ASK_PARTY_KEY], &request);

	if (status == CLI_DONE) {
		print_payload(cli);
	}
	return status;
}

/* ---- an administrator's ---- */

static void print_part(void *user, struct view part)
{
	(void)user;
	(void)fwrite(part.data, 1, part.len, stdout);
}

enum cli_status registry_bulk(struct cli *cli, const struct cli_arguments *args)
{
	static const char *const names[] = {"registry", "make", "model", "trust", "after"};
	static const struct api_extra extra = {.sink = print_part};
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	char mark = '?';

	buf_text(&target, "/v1/enquiry/bulk");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (args->values[i]) {
			buf_printf(&target, "%c%s=", mark, names[i]);
			cli_put(&target, args->values[i]);
			mark = '&';
		}
	}
	if (api_ask_with(cli->api, "GET", buf_string(&target), view_text(""), &extra) != OK) {
		return say_error(ERR_UNAVAILABLE);
	}
	return cli_judge(cli);
}

enum cli_status registry_parties(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {
		.after = args->values[PARTIES_AFTER],
		.limit = args->values[PARTIES_LIMIT],
	};

	return cli_list(cli, PARTIES, &page, party_columns,
		sizeof(party_columns) / sizeof(party_columns[0]));
}

static enum cli_status decide(struct cli *cli, const struct cli_arguments *args, const char *state)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "state", state);
	cli_put_given(&w, args, DECIDE_REASON, "reason");
	json_close(&w);
	buf_text(&target, PARTIES "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/state");
	enum cli_status status = cli_ask(cli, "PUT", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE) {
		(void)printf("%s: %s\n", args->words[0], state);
	}
	return status;
}

enum cli_status registry_approve(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "approved");
}

enum cli_status registry_suspend(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "suspended");
}

enum cli_status registry_remove_party(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "removed");
}
