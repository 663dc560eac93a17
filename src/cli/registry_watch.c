// SPDX-License-Identifier: Apache-2.0
/* `symbolon registry watch`: events of a subscription as they come.  req: R7-iv-e R9.4-i-c */
#include "cli/registry_notify.h"

#include "base/text.h"
#include "cli/registry_party.h"
#include "wire/jose.h"
#include "wire/sse.h"

#include <stdio.h>
#include <time.h>

enum { PAUSE_S = 1 };

struct watching {
	struct sse sse;
	bool json;
	enum err err;
	char last[SSE_ID_MAX + 1];
};

static void print_member(const struct json *event, const char *name, const char *before)
{
	struct view text;

	if (json_text(event, name, &text) == OK) {
		(void)printf("%s", before);
		print_text(stdout, text);
	}
}

/* 2026-01-31T00:00:00Z status_changed IN.TEL.P01:imei:... Acme X1 trusted -> unreliable: why */
static void print_event(const struct json *event)
{
	char time[TEXT_TIME];
	int64_t at;

	if (json_int(event, "time", 0, INT64_MAX / 1000, &at) == OK) {
		text_time(at / 1000, time);
		(void)printf("%s", time);
	}
	print_member(event, "kind", " ");
	print_member(event, "device", " ");
	print_member(event, "subject", " ");
	print_member(event, "make", " ");
	print_member(event, "model", " ");
	print_member(event, "was", " ");
	print_member(event, "trust", " -> ");
	print_member(event, "severity", " ");
	print_member(event, "title", " ");
	print_member(event, "reason", ": ");
	(void)printf("\n");
}

static void print_data(struct view data)
{
	JSON_CLEANUP struct json *told = NULL;

	if (json_parse(data, JOSE_MAX, &told) != OK) {
		cli_say("an event that is not JSON: %s", err_detail());
		return;
	}
	const struct json *items = json_member(told, "items");

	if (!items) {
		print_event(told);
		return;
	}
	for (const struct json *i = json_item(items, 0); i; i = json_next(i)) { /* a digest */
		print_event(i);
	}
}

static enum err on_event(void *user, const struct sse_event *event)
{
	struct watching *watching = user;

	if (watching->json) {
		(void)printf("%.*s\n", (int)event->data.len, (const char *)event->data.data);
	} else {
		print_data(event->data);
	}
	(void)fflush(stdout);
	return text_copy(watching->last, sizeof(watching->last), event->id, "event: id");
}

static void on_part(void *user, struct view part)
{
	struct watching *watching = user;

	if (watching->err == OK) {
		watching->err = sse_feed(&watching->sse, part, on_event, watching);
	}
}

/* Until the stream ends, for whatever reason. */
static enum cli_status follow(struct cli *cli, const struct cli_arguments *args, const char *target,
	struct watching *watching)
{
	const struct http_field field = {view_text(SSE_LAST_EVENT_ID), view_text(watching->last)};
	const struct api_extra extra = {
		.fields = &field,
		.count = watching->last[0] ? 1 : 0,
		.sink = on_part,
		.user = watching,
	};

	const struct party_request request = {
		.method = "GET",
		.target = target,
		.extra = &extra,
	};

	watching->sse = sse_of(JOSE_MAX);
	enum cli_status status = party_ask_from(cli, args->values[NOTIFY_PARTY_KEY], &request);

	sse_free(&watching->sse);
	if (watching->err != OK) {
		cli_say("%s", err_detail());
		return CLI_REFUSED;
	}
	return status;
}

/* A registry that is away comes back; one that refuses will do so again. */
enum cli_status registry_watch(struct cli *cli, const struct cli_arguments *args)
{
	const struct timespec pause = {.tv_sec = PAUSE_S};
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct watching watching = {.json = cli->json};
	enum cli_status status = CLI_DONE;

	buf_text(&target, "/v1/subscriptions/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/events");
	if (args->values[NOTIFY_AFTER] &&
		text_copy(watching.last, sizeof(watching.last),
			view_text(args->values[NOTIFY_AFTER]), "--after") != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	while (status == CLI_DONE || status == CLI_UNREACHABLE) {
		status = follow(cli, args, buf_string(&target), &watching);
		if (status == CLI_DONE || status == CLI_UNREACHABLE) {
			(void)nanosleep(&pause, NULL);
		}
	}
	return status;
}
