// SPDX-License-Identifier: Apache-2.0
#include "device/answer.h"

#include <http_parser.h>

#include <string.h>

/* A field's name and value as they arrive: the parser gives them in pieces, which lie side by side. */
struct parsing {
	struct answer *answer;
	struct view name, value;
	bool twice, too_long, done;
};

static struct view *wanted(struct answer *answer, struct view name)
{
	if (view_is_nocase(name, "WWW-Authenticate")) {
		return &answer->challenge;
	}
	if (view_is_nocase(name, "Authentication-Info")) {
		return &answer->info;
	}
	return view_is_nocase(name, "Content-Type") ? &answer->content_type : NULL;
}

static void keep_field(struct parsing *parsing)
{
	struct view *field = wanted(parsing->answer, parsing->name);

	if (field && parsing->value.data) {
		parsing->twice |= field->data != NULL;
		*field = parsing->value;
	}
	parsing->name = (struct view){0};
	parsing->value = (struct view){0};
}

static void extend(struct view *view, const char *at, size_t len)
{
	if (!view->data) {
		view->data = (const uint8_t *)at;
	}
	view->len = (size_t)((const uint8_t *)at + len - view->data);
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
	struct parsing *parsing = parser->data;

	if (parsing->value.data) {
		keep_field(parsing);
	}
	extend(&parsing->name, at, len);
	return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
	extend(&((struct parsing *)parser->data)->value, at, len);
	return 0;
}

static int on_head(http_parser *parser)
{
	struct parsing *parsing = parser->data;

	keep_field(parsing);
	parsing->answer->status = parser->status_code;
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct parsing *parsing = parser->data;
	struct answer *answer = parsing->answer;

	if (len > sizeof(answer->body) - answer->body_len) {
		parsing->too_long = true;
		return 1;
	}
	memcpy(answer->body + answer->body_len, at, len);
	answer->body_len += len;
	return 0;
}

static int on_done(http_parser *parser)
{
	((struct parsing *)parser->data)->done = true;
	http_parser_pause(parser, 1);
	return 0;
}

enum err answer_parse(struct view bytes, bool closed, struct answer *ret, size_t *ret_used)
{
	static const http_parser_settings settings = {
		.on_header_field = on_name,
		.on_header_value = on_value,
		.on_headers_complete = on_head,
		.on_body = on_body,
		.on_message_complete = on_done,
	};
	struct parsing parsing = {.answer = ret};
	http_parser parser = {.data = &parsing};

	*ret = (struct answer){.status = 0};
	http_parser_init(&parser, HTTP_RESPONSE);
	parser.data = &parsing;
	size_t used = http_parser_execute(&parser, &settings, (const char *)bytes.data, bytes.len);

	if (!parsing.done && closed && HTTP_PARSER_ERRNO(&parser) == HPE_OK) {
		(void)http_parser_execute(&parser, &settings, NULL, 0);
	}
	if (parsing.too_long) {
		return err_fail(ERR_RANGE, "RP_C: answer's body longer than %d bytes", ANSWER_BODY);
	}
	if (parsing.twice) {
		return err_fail(ERR_SYNTAX, "RP_C: a field stands twice in the answer");
	}
	if (parsing.done) {
		*ret_used = used;
		return OK;
	}
	if (HTTP_PARSER_ERRNO(&parser) != HPE_OK) {
		return err_fail(ERR_SYNTAX, "RP_C: not an HTTP/1.1 answer (%s)",
			http_errno_name(HTTP_PARSER_ERRNO(&parser)));
	}
	return ERR_AGAIN;
}
