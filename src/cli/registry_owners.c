// SPDX-License-Identifier: Apache-2.0
/* Manufacturers, owners, losses and applications of a trust registry.  req: R7-a R6.3 R6.1-b */
#include "cli/registry_owners.h"

#include "base/text.h"
#include "cli/registry_party.h"
#include "wire/claims.h"

enum { ANSWER_MAX = 1 << 20, PEM_MAX = 4096 };

/* ---- what they share ---- */

static void put_path(struct buf *target, const char *collection, const char *id, const char *rest)
{
	buf_text(target, collection);
	cli_put(target, id);
	buf_text(target, rest);
}

/* Sends, and tells people `done` of `what`. */
static enum cli_status tell(struct cli *cli, const char *key_file,
	const struct party_request *request, const char *what, const char *done)
{
	enum cli_status status = party_ask_from(cli, key_file, request);

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", what, done);
	}
	return status;
}

static enum cli_status submit(struct cli *cli, const char *method, struct buf *target,
	const struct buf *body, const char *what, const char *done)
{
	const struct party_request request = {
		.method = method,
		.target = buf_string(target),
		.body = body ? buf_contents(body) : view_text(""),
	};

	if (body && buf_end(body, "request") != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	return tell(cli, NULL, &request, what, done);
}

static enum cli_status list(struct cli *cli, const struct cli_arguments *args,
	const char *collection, const struct print_column *columns, size_t count)
{
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, collection, &page, columns, count);
}

/* ---- manufacturers ---- */

enum cli_status registry_add_manufacturer(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	if (!args->values[MAKER_NAME] || args->many_count == 0) {
		cli_say("registry add-manufacturer needs --name and --make");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	json_put_string(&w, "id", args->words[0]);
	cli_put_given(&w, args, MAKER_NAME, "name");
	cli_put_given(&w, args, MAKER_PARTY, "party");
	if (cli_put_file(&w, "certificate", args->values[MAKER_CERTIFICATE]) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_put_bool(&w, "preregisters", !args->values[MAKER_NO_PREREGISTRATION]);
	json_open_array(&w, "makes");
	for (size_t i = 0; i < args->many_count; i++) {
		json_put_string(&w, NULL, args->many[i]);
	}
	json_close_array(&w);
	json_close(&w);
	buf_text(&target, "/v1/manufacturers");
	return submit(cli, "POST", &target, &body, args->words[0], "registered");
}

enum cli_status registry_manufacturers(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"ID", "id"},
		{"NAME", "name"},
		{"MAKES", "makes"},
		{"STATE", "state"},
	};

	return list(cli, args, "/v1/manufacturers", columns, 4);
}

enum cli_status registry_withdraw_manufacturer(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_path(&target, "/v1/manufacturers/", args->words[0], "");
	return submit(cli, "DELETE", &target, NULL, args->words[0], "withdrawn");
}

/* ---- owners ---- */

static enum cli_status put_claims(struct json_writer *w, const char *path)
{
	uint8_t bytes[CLAIMS_MAX];
	struct buf text = buf_fixed(bytes, sizeof(bytes));
	JSON_CLEANUP struct json *claims = NULL;

	if (!path) {
		cli_say("--claims FILE is wanted: a JSON object, \"name\" and what else is known");
		return CLI_USAGE;
	}
	if (cli_read_secret(path, &text) != OK ||
		json_parse(buf_contents(&text), CLAIMS_MAX, &claims) != OK) {
		cli_say("%s: %s", path, err_detail());
		return CLI_USAGE;
	}
	json_put_value(w, "claims", claims);
	buf_wipe(&text);
	return CLI_DONE;
}

static enum cli_status put_key(struct json_writer *w, const char *path)
{
	BUF_CLEANUP struct buf pem = buf_growing(PEM_MAX);
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	if (!path) {
		return CLI_DONE;
	}
	if (text_read_file(path, PEM_MAX, &pem) != OK ||
		jose_key_from_pem(buf_contents(&pem), &key) != OK ||
		jose_key_write_jwk(key, w, "key") != OK) {
		cli_say("%s: %s", path, err_detail());
		return CLI_USAGE;
	}
	buf_wipe(&pem);
	return CLI_DONE;
}

static enum cli_status write_owner(const struct cli_arguments *args, struct buf *body)
{
	struct json_writer w = json_to(body);

	json_open(&w, NULL);
	cli_put_given(&w, args, OWNER_REFERENCE, "owner");
	cli_put_given(&w, args, OWNER_KIND, "kind");
	if (put_claims(&w, args->values[OWNER_CLAIMS]) != CLI_DONE ||
		put_key(&w, args->values[OWNER_KEY]) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	return CLI_DONE;
}

enum cli_status registry_add_owner(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	JSON_CLEANUP struct json *answer = NULL;
	struct view id;

	if (write_owner(args, &body) != CLI_DONE) {
		return CLI_USAGE;
	}
	enum cli_status status = cli_ask(cli, "POST", "/v1/owners", buf_contents(&body));

	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json || json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK ||
		json_text(answer, "id", &id) != OK) {
		cli_print_answer(cli);
	} else {
		(void)printf("%.*s\n", (int)id.len, (const char *)id.data);
	}
	return CLI_DONE;
}

enum cli_status registry_owners(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"OWNER", "id"},
		{"VERIFIED", "verified"},
		{"KEY", "key"},
		{"SINCE", "since", true},
	};

	return list(cli, args, "/v1/owners", columns, 4);
}

static enum cli_status of_owner(struct cli *cli, const struct cli_arguments *args,
	const char *method, struct view body, const char *done)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct party_request request = {.method = method, .body = body};

	put_path(&target, "/v1/owners/", args->words[0], "");
	request.target = buf_string(&target);
	if (done) {
		return tell(cli, args->values[OWN_PARTY_KEY], &request, args->words[0], done);
	}
	enum cli_status status = party_ask_from(cli, args->values[OWN_PARTY_KEY], &request);

	if (status == CLI_DONE) {
		cli_print_answer(cli);
	}
	return status;
}

enum cli_status registry_show_owner(struct cli *cli, const struct cli_arguments *args)
{
	return of_owner(cli, args, "GET", view_text(""), NULL);
}

enum cli_status registry_erase_owner(struct cli *cli, const struct cli_arguments *args)
{
	return of_owner(cli, args, "DELETE", view_text(""), "erased");
}

enum cli_status registry_correct_owner(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	if (put_claims(&w, args->words[1]) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	return of_owner(cli, args, "PUT", buf_contents(&body), "corrected");
}

/* ---- devices ---- */

static void put_device(struct buf *target, const struct cli_arguments *args, const char *rest)
{
	put_path(target, "/v1/devices/", args->words[0], rest);
}

enum cli_status registry_set_owner(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "owner", args->words[1]);
	json_close(&w);
	put_device(&target, args, "/owner");
	return submit(cli, "PUT", &target, &body, args->words[0], "has this owner now");
}

enum cli_status registry_revoke_owner(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct party_request request = {.method = "DELETE"};

	put_device(&target, args, "/owner");
	request.target = buf_string(&target);
	return tell(cli, args->values[OWN_PARTY_KEY], &request, args->words[0],
		"has no owner any more");
}

enum cli_status registry_erase_device(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "subject", args->words[0]);
	json_close(&w);
	buf_text(&target, "/v1/erasures");
	return submit(cli, "POST", &target, &body, args->words[0],
		"what the log knew of it is erased");
}

static enum cli_status change(struct cli *cli, const struct cli_arguments *args, const char *word)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);
	struct party_request request = {.method = "POST"};

	json_open(&w, NULL);
	json_put_string(&w, "change", word);
	cli_put_given(&w, args, CHANGE_REASON, "reason");
	json_close(&w);
	put_device(&target, args, "/lifecycle");
	request.target = buf_string(&target);
	request.body = buf_contents(&body);
	return tell(cli, args->values[CHANGE_PARTY_KEY], &request, args->words[0], word);
}

enum cli_status registry_lost(struct cli *cli, const struct cli_arguments *args)
{
	return change(cli, args, "lost");
}

enum cli_status registry_stolen(struct cli *cli, const struct cli_arguments *args)
{
	return change(cli, args, "stolen");
}

enum cli_status registry_found(struct cli *cli, const struct cli_arguments *args)
{
	return change(cli, args, "found");
}

enum cli_status registry_retire(struct cli *cli, const struct cli_arguments *args)
{
	return change(cli, args, "retired");
}

enum cli_status registry_reinstate(struct cli *cli, const struct cli_arguments *args)
{
	return change(cli, args, "reinstated");
}

/* ---- applications ---- */

enum cli_status registry_applications(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"APPLICATION", "id"},
		{"NAME", "name"},
		{"STATUS", "trust"},
		{"RULE", "rule"},
		{"REASON", "reason"},
	};

	return list(cli, args, "/v1/applications", columns, 5);
}

enum cli_status registry_decide_application(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX), target = buf_growing(CLI_TARGET);
	struct json_writer w = json_to(&body);

	if (!args->values[DECIDE_TRUST] || !args->values[DECIDE_REASON_GIVEN]) {
		cli_say("registry decide-application needs --trust and --reason");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	cli_put_given(&w, args, DECIDE_TRUST, "trust");
	cli_put_given(&w, args, DECIDE_REASON_GIVEN, "reason");
	cli_put_given(&w, args, DECIDE_NAME, "name");
	cli_put_given(&w, args, DECIDE_MAKER, "maker");
	cli_put_given(&w, args, DECIDE_PRODUCT, "product");
	cli_put_given(&w, args, DECIDE_VERSION, "version");
	json_close(&w);
	put_path(&target, "/v1/applications/", args->words[0], "/status");
	return submit(cli, "PUT", &target, &body, args->words[0], args->values[DECIDE_TRUST]);
}
