// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 32 << 20 };

void cli_say(const char *format, ...)
{
	va_list args;

	(void)fputs("symbolon: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

/* RFC 9457: the sentence is in `detail`. */
static void say_problem(unsigned status, struct view body)
{
	JSON_CLEANUP struct json *problem = NULL;
	struct view detail;

	(void)fputs("symbolon: ", stderr);
	if (json_parse(body, ANSWER_MAX, &problem) == OK &&
		json_text(problem, "detail", &detail) == OK) {
		print_text(stderr, detail);
	} else {
		(void)fprintf(stderr, "it was refused with status %u", status);
	}
	(void)fputc('\n', stderr);
}

static const char *advice_for(const struct cli_command *command, unsigned status)
{
	switch (status) {
	case 401:
		return "`symbolon sign-in` begins a session; or name an API key with --session, or "
		       "a "
		       "certificate with --cert and --key";
	case 403:
		return "run it as the user of the node or as root, or with a certificate whose "
		       "name is in operator.operators";
	case 404:
		return command->after_missing;
	case 409:
		return command->after_conflict;
	case 503:
		return "try again in a moment; `symbolon status` shows how the node is";
	default:
		return NULL;
	}
}

static void say_refused(const struct cli *cli, unsigned status, struct view body)
{
	const char *advice = advice_for(cli->command, status);

	say_problem(status, body);
	if (advice) {
		(void)fprintf(stderr, "%s\n", advice);
	}
}

static enum cli_status try_it(struct cli *cli, const char *method, const char *target,
	struct view body)
{
	if (api_ask(cli->api, method, target, body) != OK) {
		cli_say("cannot reach the authorization element at %s", err_detail());
		(void)fputs("is symbolon-authz running? --socket or $SYMBOLON_SOCKET name its "
			    "socket, --url another node\n",
			stderr);
		return CLI_UNREACHABLE;
	}
	return api_status(cli->api) / 100 == 2 ? CLI_DONE : CLI_REFUSED;
}

enum cli_status cli_ask(struct cli *cli, const char *method, const char *target, struct view body)
{
	enum cli_status status = try_it(cli, method, target, body);

	if (status == CLI_REFUSED) {
		say_refused(cli, api_status(cli->api), api_body(cli->api));
	}
	return status;
}

enum cli_status cli_judge(const struct cli *cli)
{
	if (api_status(cli->api) / 100 == 2) {
		return CLI_DONE;
	}
	say_refused(cli, api_status(cli->api), api_body(cli->api));
	return CLI_REFUSED;
}

void cli_put(struct buf *target, const char *text)
{
	text_percent(target, view_text(text));
}

static const char *item_path(struct buf *target, const char *collection, const char *id)
{
	buf_clear(target);
	buf_text(target, collection);
	buf_u8(target, '/');
	cli_put(target, id);
	return buf_string(target);
}

void cli_print_answer(const struct cli *cli)
{
	struct view body = api_body(cli->api);

	(void)fwrite(body.data, 1, body.len, stdout);
}

/* After a refusal: whether it is because the thing is there. If not, the refusal is told. */
static enum cli_status look(struct cli *cli, const char *path)
{
	unsigned status = api_status(cli->api);
	BUF_CLEANUP struct buf problem = buf_growing(ANSWER_MAX);

	buf_view(&problem, api_body(cli->api));
	enum cli_status result =
		status == 409 ? try_it(cli, "GET", path, view_text("")) : CLI_REFUSED;

	if (result == CLI_REFUSED) {
		say_refused(cli, status, buf_contents(&problem));
	}
	return result;
}

enum cli_status cli_add(struct cli *cli, const char *collection, const char *id, struct buf *body,
	bool if_missing, const char *done)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	if (body->failed) {
		cli_say("that is too much for one request");
		return CLI_USAGE;
	}
	enum cli_status status = try_it(cli, "POST", collection, buf_contents(body));

	if (status == CLI_REFUSED && if_missing) {
		status = look(cli, item_path(&target, collection, id));
		done = "registered already, nothing was changed";
	} else if (status == CLI_REFUSED) {
		say_refused(cli, api_status(cli->api), api_body(cli->api));
	}
	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	} else if (status == CLI_DONE) {
		(void)printf("%s: %s\n", id, done);
	}
	return status;
}

enum cli_status cli_show(struct cli *cli, const char *collection, const char *id,
	const struct print_column *columns, size_t count)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	JSON_CLEANUP struct json *item = NULL;
	enum cli_status status =
		cli_ask(cli, "GET", item_path(&target, collection, id), view_text(""));

	if (status != CLI_DONE) {
		return status;
	}
	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &item) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	print_card(stdout, item, columns, count);
	return CLI_DONE;
}

enum cli_status cli_remove(struct cli *cli, const char *collection, const char *id, const char *done)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	enum cli_status status =
		cli_ask(cli, "DELETE", item_path(&target, collection, id), view_text(""));

	if (status == CLI_DONE && !cli->json) {
		(void)printf("%s: %s\n", id, done);
	}
	return status;
}

static void put_query(struct buf *target, char *separator, const char *name, const char *value)
{
	if (!value || !value[0]) {
		return;
	}
	buf_u8(target, (uint8_t)*separator);
	*separator = '&';
	buf_text(target, name);
	buf_u8(target, '=');
	cli_put(target, value);
}

/* One page; `next` is where the following one begins, "" at the end. */
static enum cli_status list_page(struct cli *cli, const char *target,
	const struct print_column *columns, size_t count, struct buf *next)
{
	JSON_CLEANUP struct json *page = NULL;
	struct view after = {0};
	enum cli_status status = cli_ask(cli, "GET", target, view_text(""));

	buf_clear(next);
	if (status != CLI_DONE) {
		return status;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &page) != OK ||
		json_text_opt(page, "next", &after) != OK) {
		cli_say("the answer is not a list: %s", err_detail());
		return CLI_REFUSED;
	}
	buf_view(next, after);
	if (cli->json) {
		cli_print_answer(cli);
	} else {
		print_table(stdout, json_member(page, "items"), columns, count);
	}
	return CLI_DONE;
}

enum cli_status cli_list(struct cli *cli, const char *collection, const struct cli_page *page,
	const struct print_column *columns, size_t count)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET), next = buf_growing(CLI_TARGET);
	const char *after = page->after;
	enum cli_status status;

	do {
		char separator = '?';

		buf_clear(&target);
		buf_text(&target, collection);
		put_query(&target, &separator, page->filter ? page->filter : "", page->value);
		put_query(&target, &separator, "after", after);
		put_query(&target, &separator, "limit", page->limit ? page->limit : "1000");
		status = list_page(cli, buf_string(&target), columns, count, &next);
		after = buf_string(&next);
	} while (status == CLI_DONE && next.len > 0 && !page->limit);
	return status;
}

void cli_put_given(struct json_writer *w, const struct cli_arguments *args, int option,
	const char *name)
{
	if (args->values[option]) {
		json_put_string(w, name, args->values[option]);
	}
}

void cli_put_words(struct json_writer *w, const char *name, const char *words)
{
	if (!words) {
		return;
	}
	json_open_array(w, name);
	while (*words) {
		size_t len = strcspn(words, " ");

		if (len > 0) {
			json_put_text(w, NULL, view_of(words, len));
		}
		words += len + (words[len] ? 1 : 0);
	}
	json_close_array(w);
}

enum cli_status cli_put_file(struct json_writer *w, const char *name, const char *path)
{
	BUF_CLEANUP struct buf text = {0};

	if (!path) {
		return CLI_DONE;
	}
	if (text_read_file(path, CLI_BODY_MAX, &text) != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	json_put_text(w, name, buf_contents(&text));
	return CLI_DONE;
}

enum cli_status cli_keep(struct cli *cli, const char *name, const char *path, unsigned mode)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view text = api_body(cli->api);

	if (name && (json_parse(text, ANSWER_MAX, &answer) != OK ||
			    json_text(answer, name, &text) != OK)) {
		cli_say("the answer has no %s", name);
		return CLI_REFUSED;
	}
	if (text_write_file(path, text, mode) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	return CLI_DONE;
}

enum cli_status cli_number(const char *option, const char *text, int64_t *ret)
{
	uint64_t number = 0;

	if (text_from_u64(view_text(text), (UINT64_C(1) << 53) - 1, &number, option) != OK) {
		cli_say("--%s", err_detail());
		return CLI_USAGE;
	}
	*ret = (int64_t)number;
	return CLI_DONE;
}
