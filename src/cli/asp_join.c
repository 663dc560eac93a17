// SPDX-License-Identifier: Apache-2.0
#include "cli/asp_join.h"

#include "base/secret.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

#define COLLECTION "/v1/asp-applications"

enum { NAME, CONTACT, CSR, CLAIM };
enum { STATE, AFTER, LIMIT };
enum { REASON };
enum { OUT, AUTHORITY, WAIT };
enum { RENEW_CSR, RENEW_OUT };
enum { CLAIM_MAX = 4096, WAIT_STEP = 2, PENDING = 202 };

static const struct print_column columns[] = {
	{"APPLICATION", "id"},
	{"ASP", "asp"},
	{"NAME", "name"},
	{"STATE", "state"},
	{"CREATED", "created"},
	{"CONTACT", "contact"},
	{"ELEMENTS", "elements"},
};

static const struct print_column certificate_columns[] = {
	{"SERIAL", "serial"},
	{"CREATED", "created"},
	{"UNTIL", "until"},
	{"NAMES", "names"},
};

enum cli_status asp_join_apply(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[NAME] || !args->values[CONTACT] || !args->values[CSR] ||
		!args->values[CLAIM] || args->many_count == 0) {
		cli_say("asp apply needs --name, --contact, --csr, --claim, and an --element at "
			"least");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	json_put_string(&w, "name", args->values[NAME]);
	json_put_string(&w, "contact", args->values[CONTACT]);
	json_open_array(&w, "elements");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(&w, NULL, args->many[i]);
	}
	json_close_array(&w);
	if (cli_put_file(&w, "csr", args->values[CSR]) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", COLLECTION, buf_contents(&body));

	if (status == CLI_DONE) {
		status = cli_keep(cli, NULL, args->values[CLAIM], 0600);
	}
	if (status == CLI_DONE && !cli->json) {
		(void)printf(
			"%s: applied; `symbolon asp collect %s` fetches the certificate once it "
			"is approved\n",
			args->words[0], args->values[CLAIM]);
	}
	return status;
}

enum cli_status asp_join_applications(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "state",
		.value = args->values[STATE],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, COLLECTION, &page, columns, sizeof(columns) / sizeof(columns[0]));
}

static enum cli_status decide(struct cli *cli, const struct cli_arguments *args, const char *what,
	const char *done)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	cli_put_given(&w, args, REASON, "reason");
	json_close(&w);
	buf_text(&target, COLLECTION "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, what);
	enum cli_status status = cli_ask(cli, "POST", buf_string(&target), buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", args->words[0], done);
	}
	return status;
}

enum cli_status asp_join_approve(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "/approve", "approved: the ASP may collect its certificate");
}

enum cli_status asp_join_refuse(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "/refuse", "refused");
}

/* ---- collecting ---- */

/* The id and the secret, from the file that `apply` wrote. */
static enum cli_status read_claim(const char *path, struct buf *target, struct buf *body)
{
	uint8_t bytes[CLAIM_MAX];
	struct buf text = buf_fixed(bytes, sizeof(bytes));
	JSON_CLEANUP struct json *claim = NULL;
	struct view id, secret;
	enum err err = cli_read_secret(path, &text);

	if (err == OK) {
		err = json_parse(buf_contents(&text), CLAIM_MAX, &claim);
	}
	bytes_wipe(bytes, sizeof(bytes));
	if (err != OK || json_text(claim, "id", &id) != OK ||
		json_text(claim, "secret", &secret) != OK) {
		cli_say("%s: not what `symbolon asp apply --claim` wrote: %s", path, err_detail());
		return CLI_USAGE;
	}
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	json_put_text(&w, "secret", secret);
	json_close(&w);
	buf_text(target, COLLECTION "/");
	text_percent(target, id);
	buf_text(target, "/collect");
	return CLI_DONE;
}

/* Asks until it is decided, as long as one may wait. */
static enum cli_status ask_until_decided(struct cli *cli, const char *target, struct view body,
	int64_t seconds)
{
	for (;;) {
		enum cli_status status = cli_ask(cli, "POST", target, body);

		if (status != CLI_DONE || api_status(cli->api) != PENDING) {
			return status;
		}
		if (seconds <= 0) {
			cli_say("not decided yet: ask again later, or wait with --wait SECONDS");
			return CLI_REFUSED;
		}
		(void)sleep(WAIT_STEP);
		seconds -= WAIT_STEP;
	}
}

static enum cli_status keep_certificate(struct cli *cli, const char *out, const char *authority)
{
	enum cli_status status = cli_keep(cli, "certificate", out, 0644);

	if (status == CLI_DONE && authority) {
		status = cli_keep(cli, "authority", authority, 0644);
	}
	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: the certificate is there\n", out);
	}
	return status;
}

enum cli_status asp_join_collect(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	uint8_t bytes[CLAIM_MAX];
	struct buf body = buf_fixed(bytes, sizeof(bytes));
	int64_t seconds = 0;

	if (!args->values[OUT]) {
		cli_say("asp collect needs --out");
		return CLI_USAGE;
	}
	if (args->values[WAIT] && cli_number("wait", args->values[WAIT], &seconds) != CLI_DONE) {
		return CLI_USAGE;
	}
	enum cli_status status = read_claim(args->words[0], &target, &body);

	if (status == CLI_DONE) {
		status = ask_until_decided(cli, buf_string(&target), buf_contents(&body), seconds);
	}
	bytes_wipe(bytes, sizeof(bytes));
	return status == CLI_DONE
		       ? keep_certificate(cli, args->values[OUT], args->values[AUTHORITY])
		       : status;
}

enum cli_status asp_join_certificate(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (!args->values[RENEW_CSR] || !args->values[RENEW_OUT]) {
		cli_say("asp certificate needs --csr and --out");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	if (cli_put_file(&w, "csr", args->values[RENEW_CSR]) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", "/v1/certificates", buf_contents(&body));

	return status == CLI_DONE ? keep_certificate(cli, args->values[RENEW_OUT], NULL) : status;
}

enum cli_status asp_join_certificates(struct cli *cli, const struct cli_arguments *args)
{
	const struct cli_page page = {.filter = "asp",
		.value = args->values[STATE],
		.after = args->values[AFTER],
		.limit = args->values[LIMIT]};

	return cli_list(cli, "/v1/certificates", &page, certificate_columns,
		sizeof(certificate_columns) / sizeof(certificate_columns[0]));
}
