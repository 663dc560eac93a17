// SPDX-License-Identifier: Apache-2.0
/*
 * An HTTP connection, requests or responses by the first byte. Whole or in pieces, the same must
 * come out; what is accepted must survive being written and read again.
 */
#include "fuzz.h"

#include "wire/http.h"
#include <stdlib.h>
#include <string.h>

struct seen {
	uint64_t digest; /* of everything told, in order */
	size_t messages;
	enum http_side side;
	bool rewrite;
};

static void note(struct seen *seen, struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		seen->digest = (seen->digest ^ v.data[i]) * 0x100000001b3;
	}
}

static enum err ignore_head(void *user, const struct http_head *head)
{
	*(size_t *)user = head->field_count;
	return OK;
}

static enum err ignore_body(void *user, struct view part)
{
	(void)user;
	(void)part;
	return OK;
}

static enum err ignore_done(void *user)
{
	(void)user;
	return OK;
}

/* libhttp-parser takes Transfer-Encodingx for it, and refuses it beside a Content-Length. */
static bool looks_like_a_coding(struct view name)
{
	return name.len >= 17 && view_is_nocase(view_of(name.data, 17), "Transfer-Encoding");
}

/* Own framing fields are left out, as a proxy leaves them out: then they are never doubled. */
static void write_again(const struct seen *seen, const struct http_head *head)
{
	static const struct http_on on = {ignore_head, ignore_body, ignore_done};
	struct buf out BUF_CLEANUP = buf_growing(1 << 20);
	struct http_field fields[HTTP_FIELDS_MAX];
	struct http_parser_state *p;
	size_t count = 0, again = SIZE_MAX, taken;

	for (size_t i = 0; i < head->field_count; i++) {
		struct view name = head->fields[i].name;

		if (!view_is_nocase(name, "Host") && !view_is_nocase(name, "Content-Length") &&
			!looks_like_a_coding(name)) {
			fields[count++] = head->fields[i];
		}
	}
	if (count == HTTP_FIELDS_MAX) {
		return;
	}
	if (seen->side == HTTP_REQUESTS) {
		http_write_request(&out, "GET", head->target, view_text("h"), fields, count, false,
			0);
	} else {
		http_write_response(&out, head->status, fields, count, true, 0, false, true);
	}
	const struct http_limits limits = {.head = 64 * 1024};

	if (out.failed || http_parser_new(seen->side, &limits, &on, &again, &p) != OK) {
		abort();
	}
	if (http_feed(p, buf_contents(&out), &taken) != OK || again != count + 1 ||
		taken != out.len) {
		abort();
	}
	http_parser_free(p);
}

static enum err on_head(void *user, const struct http_head *head)
{
	struct seen *seen = user;
	struct http_target target;
	struct buf value BUF_CLEANUP = buf_growing(1024);

	note(seen, head->method);
	note(seen, head->target);
	for (size_t i = 0; i < head->field_count; i++) {
		note(seen, head->fields[i].name);
		note(seen, head->fields[i].value);
	}
	if (http_split_target(head->target, &target) == OK) {
		(void)!http_query(target.query, "q", &value);
	}
	if (seen->rewrite) {
		write_again(seen, head);
	}
	return OK;
}

static enum err on_body(void *user, struct view part)
{
	note(user, part);
	return OK;
}

static enum err on_done(void *user)
{
	((struct seen *)user)->messages++;
	return OK;
}

static enum err run(struct seen *seen, struct view in, size_t step)
{
	static const struct http_on on = {on_head, on_body, on_done};
	static const struct http_limits limits = {.head = 2048, .body = 4096};
	struct http_parser_state *p;
	enum err result = OK;

	if (http_parser_new(seen->side, &limits, &on, seen, &p) != OK) {
		abort();
	}
	while (in.len > 0 && result == OK) {
		size_t taken;

		result = http_feed(p, view_of(in.data, in.len < step ? in.len : step), &taken);
		if (result == OK && taken == 0) {
			abort();
		}
		in.data += taken;
		in.len -= taken;
	}
	if (result == OK) {
		result = http_feed_end(p);
	} else if (http_refusal(p) < 400 || http_refusal(p) > 505) {
		abort();
	}
	http_parser_free(p);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	enum http_side side = data[0] == 'Q' ? HTTP_REQUESTS : HTTP_RESPONSES;
	struct view in = view_of(data + 1, size - 1);
	struct seen whole = {.side = side, .rewrite = true}, pieces = {.side = side};
	enum err result = run(&whole, in, SIZE_MAX);

	if (run(&pieces, in, 1) != result || pieces.messages != whole.messages ||
		(result == OK && pieces.digest != whole.digest)) {
		abort();
	}
	return 0;
}
