// SPDX-License-Identifier: Apache-2.0
/* `symbolon registry subscribe, subscriptions, unsubscribe, dead-letters, replay, drop, notify`.  req: R9.4-i-a R9.4-ii */
#include "cli/registry_notify.h"

#include "base/text.h"
#include "cli/registry_party.h"

#include <string.h>

#define SUBSCRIPTIONS "/v1/subscriptions"

enum { ANSWER_MAX = 32 << 20 };

static enum cli_status ask(struct cli *cli, const char *key_file, const char *method,
	const char *target, struct view body)
{
	const struct party_request request = {.method = method, .target = target, .body = body};

	return party_ask_from(cli, key_file, &request);
}

/* ---- printed ---- */

static enum cli_status print_items(const struct cli *cli, const struct print_column *columns,
	size_t count)
{
	JSON_CLEANUP struct json *answer = NULL;

	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	const struct json *next = json_member(answer, "next");
	struct view after;

	print_table(stdout, json_member(answer, "items"), columns, count);
	if (next && json_as_text(next, &after) == OK) {
		cli_say("there are more: --after %.*s", (int)after.len, (const char *)after.data);
	}
	return CLI_DONE;
}

static void put_page(const struct cli_arguments *args, struct buf *target)
{
	char mark = '?';

	if (args->values[NOTIFY_AFTER]) {
		buf_printf(target, "%cafter=", mark);
		cli_put(target, args->values[NOTIFY_AFTER]);
		mark = '&';
	}
	if (args->values[NOTIFY_LIMIT]) {
		buf_printf(target, "%climit=", mark);
		cli_put(target, args->values[NOTIFY_LIMIT]);
	}
}

/* ---- subscriptions ---- */

static void put_filter(struct json_writer *w, const struct cli_arguments *args)
{
	json_open(w, "filter");
	if (args->many_count > 0) {
		json_open_array(w, "devices");
		for (size_t i = 0; i < args->many_count; i++) {
			json_put_string(w, NULL, args->many[i]);
		}
		json_close_array(w);
	}
	if (args->values[SUBSCRIBE_OWN]) {
		json_put_bool(w, "own", true);
	}
	cli_put_given(w, args, SUBSCRIBE_MAKE, "make");
	cli_put_given(w, args, SUBSCRIBE_MODEL, "model");
	cli_put_given(w, args, SUBSCRIBE_REGISTRY, "registry");
	cli_put_words(w, "kinds", args->values[SUBSCRIBE_KINDS]);
	cli_put_given(w, args, SUBSCRIBE_FROM, "from");
	cli_put_given(w, args, SUBSCRIBE_TO, "to");
	cli_put_given(w, args, SUBSCRIBE_SEVERITY, "severity");
	json_close(w);
}

static void put_delivery(struct json_writer *w, const struct cli_arguments *args)
{
	json_open(w, "delivery");
	json_put_string(w, "method",
		args->values[SUBSCRIBE_WEBHOOK] ? "webhook"
		: args->values[SUBSCRIBE_MQTT]	? "mqtt"
						: "sse");
	cli_put_given(w, args, SUBSCRIBE_WEBHOOK, "url");
	json_close(w);
}

static enum cli_status put_digest(struct json_writer *w, const struct cli_arguments *args)
{
	int64_t period;

	if (!args->values[SUBSCRIBE_DIGEST]) {
		return CLI_DONE;
	}
	enum cli_status status = cli_number("--digest", args->values[SUBSCRIBE_DIGEST], &period);

	if (status == CLI_DONE) {
		json_open(w, "digest");
		json_put_int(w, "period", period);
		json_close(w);
	}
	return status;
}

static enum cli_status print_id(const struct cli *cli)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view id;

	if (cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	if (json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK ||
		json_text(answer, "id", &id) != OK) {
		cli_say("the answer has no id: %s", err_detail());
		return CLI_REFUSED;
	}
	print_text(stdout, id);
	(void)printf("\n");
	return CLI_DONE;
}

enum cli_status registry_subscribe(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	if (args->values[SUBSCRIBE_WEBHOOK] && args->values[SUBSCRIBE_MQTT]) {
		cli_say("--webhook or --mqtt");
		return CLI_USAGE;
	}
	json_open(&w, NULL);
	cli_put_given(&w, args, SUBSCRIBE_LABEL, "label");
	put_filter(&w, args);
	put_delivery(&w, args);
	if (put_digest(&w, args) != CLI_DONE) {
		return CLI_USAGE;
	}
	json_close(&w);
	enum cli_status status = ask(cli, args->values[SUBSCRIBE_PARTY_KEY], "POST", SUBSCRIPTIONS,
		buf_contents(&body));

	return status == CLI_DONE ? print_id(cli) : status;
}

/* What is nested in the answer stands beside it in the table. */
static void put_row(struct json_writer *w, const struct json *item)
{
	static const char *const outer[] = {"id", "party", "label"}, *const inner[] = {"waiting",
									     "trouble"};
	const struct json *state = json_member(item, "state"),
			  *delivery = json_member(item, "delivery");

	json_open(w, NULL);
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
		if (json_member(item, outer[i])) {
			json_put_value(w, outer[i], json_member(item, outer[i]));
		}
	}
	if (json_member(delivery, "method")) {
		json_put_value(w, "method", json_member(delivery, "method"));
	}
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
		if (json_member(state, inner[i])) {
			json_put_value(w, inner[i], json_member(state, inner[i]));
		}
	}
	json_close(w);
}

static enum cli_status print_subscriptions(struct cli *cli)
{
	static const struct print_column columns[] = {
		{"SUBSCRIPTION", "id"},
		{"PARTY", "party"},
		{"LABEL", "label"},
		{"BY", "method"},
		{"WAITING", "waiting"},
		{"TROUBLE", "trouble"},
	};
	JSON_CLEANUP struct json *answer = NULL, *table = NULL;
	BUF_CLEANUP struct buf rows = buf_growing(ANSWER_MAX);
	struct json_writer w = json_to(&rows);

	if (json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK) {
		cli_say("the answer is not JSON: %s", err_detail());
		return CLI_REFUSED;
	}
	json_open_array(&w, NULL);
	for (const struct json *i = json_item(json_member(answer, "items"), 0); i;
		i = json_next(i)) {
		put_row(&w, i);
	}
	json_close_array(&w);
	if (json_parse(buf_contents(&rows), ANSWER_MAX, &table) != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	print_table(stdout, table, columns, sizeof(columns) / sizeof(columns[0]));
	return CLI_DONE;
}

enum cli_status registry_subscriptions(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	buf_text(&target, SUBSCRIPTIONS);
	put_page(args, &target);
	enum cli_status status =
		ask(cli, args->values[NOTIFY_PARTY_KEY], "GET", buf_string(&target), view_text(""));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	return status == CLI_DONE ? print_subscriptions(cli) : status;
}

static void put_subscription(const struct cli_arguments *args, const char *more, struct buf *target)
{
	buf_text(target, SUBSCRIPTIONS "/");
	cli_put(target, args->words[0]);
	buf_text(target, more);
}

enum cli_status registry_unsubscribe(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_subscription(args, "", &target);
	return ask(cli, args->values[NOTIFY_PARTY_KEY], "DELETE", buf_string(&target),
		view_text(""));
}

/* ---- dead letters ---- */

enum cli_status registry_dead_letters(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"SEQUENCE", "sequence"},
		{"TRIES", "tries"},
		{"GIVEN UP", "died", true},
		{"WHY", "why"},
	};
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_subscription(args, "/dead-letters", &target);
	put_page(args, &target);
	enum cli_status status =
		ask(cli, args->values[NOTIFY_PARTY_KEY], "GET", buf_string(&target), view_text(""));

	return status == CLI_DONE ? print_items(cli, columns, sizeof(columns) / sizeof(columns[0]))
				  : status;
}

static void put_letter(const struct cli_arguments *args, struct buf *target)
{
	put_subscription(args, "/dead-letters/", target);
	cli_put(target, args->values[LETTER_SEQUENCE] ? args->values[LETTER_SEQUENCE] : "all");
}

enum cli_status registry_replay(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_letter(args, &target);
	buf_text(&target, "/replay");
	enum cli_status status = ask(cli, args->values[LETTER_PARTY_KEY], "POST",
		buf_string(&target), view_text("{}"));

	if (status == CLI_DONE) {
		cli_print_answer(cli);
	}
	return status;
}

enum cli_status registry_drop(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);

	put_letter(args, &target);
	return ask(cli, args->values[LETTER_PARTY_KEY], "DELETE", buf_string(&target),
		view_text(""));
}

/* ---- a notice to all ---- */

enum cli_status registry_notify(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_string(&w, "title", args->words[0]);
	cli_put_given(&w, args, NOTICE_MAKE, "make");
	cli_put_given(&w, args, NOTICE_MODEL, "model");
	cli_put_given(&w, args, NOTICE_SEVERITY, "severity");
	cli_put_given(&w, args, NOTICE_TEXT, "text");
	cli_put_given(&w, args, NOTICE_REFERENCE, "reference");
	json_close(&w);
	enum cli_status status = cli_ask(cli, "POST", "/v1/notices", buf_contents(&body));

	if (status == CLI_DONE && cli->json) {
		cli_print_answer(cli);
	}
	return status;
}
