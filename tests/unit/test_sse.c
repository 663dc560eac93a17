// SPDX-License-Identifier: Apache-2.0
/* Server-sent events: what comes in parts of any length, and what is written. */
#include "test.h"

#include "wire/sse.h"

struct seen {
	size_t count;
	char text[4096];
	enum err answer;
};

static enum err on_event(void *user, const struct sse_event *event)
{
	struct seen *seen = user;
	struct buf out = buf_fixed(seen->text, sizeof(seen->text));

	out.len = strlen(seen->text);
	buf_printf(&out, "[%.*s|%.*s|%.*s]", (int)event->id.len, (const char *)event->id.data,
		(int)event->name.len, (const char *)event->name.data, (int)event->data.len,
		(const char *)event->data.data);
	(void)buf_string(&out);
	seen->count++;
	return seen->answer;
}

/* In parts of this length. */
static void read_in(const char *text, size_t part, const char *expected)
{
	struct sse s = sse_of(1024);
	struct seen seen = {.count = 0};
	size_t len = strlen(text);

	for (size_t at = 0; at < len; at += part) {
		assert_ok(sse_feed(&s, view_of(text + at, part < len - at ? part : len - at),
			on_event, &seen));
	}
	assert_string_equal(seen.text, expected);
	sse_free(&s);
}

static void reads(const char *text, const char *expected)
{
	for (size_t part = 1; part <= strlen(text); part++) {
		read_in(text, part, expected);
	}
}

static void events_are_read_however_they_are_cut(void **state)
{
	(void)state;
	reads("id: a:1\nevent: push\ndata: {\"x\":1}\n\n", "[a:1|push|{\"x\":1}]");
	reads("data: one\n\ndata: two\n\n", "[|message|one][|message|two]");
	reads("data: one\ndata: two\n\n", "[|message|one\ntwo]");
	reads("data\ndata\n\n", "[|message|\n]");
	reads("data:no space\n\ndata:  two\n\n", "[|message|no space][|message| two]");
	reads("\xef\xbb\xbf"
	      "data: x\n\n",
		"[|message|x]");
}

static void lines_end_in_three_ways(void **state)
{
	(void)state;
	reads("id: 1\r\nevent: push\r\ndata: x\r\n\r\ndata: y\r\r", "[1|push|x][1|message|y]");
}

/* The id stays, the name does not. */
static void what_an_event_leaves_behind(void **state)
{
	(void)state;
	reads("id: 7\nevent: push\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
		"[7|push|a][7|message|b][|message|c]");
	reads("event: push\n\ndata: a\n\n", "[|message|a]"); /* without data nothing has happened */
}

static void what_is_read_past(void **state)
{
	(void)state;
	reads(": comment\nretry: 10\nnonsense\ndata: a\n:\n\n", "[|message|a]");
	reads("data: cut off", "");
}

static void an_endless_line_or_event_has_an_end(void **state)
{
	struct seen seen = {.count = 0};
	char line[300];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "data: ", 6);
	struct sse s = sse_of(1024);
	enum err err = OK;

	for (int i = 0; i < 10 && err == OK; i++) {
		err = sse_feed(&s, view_of(line, sizeof(line)), on_event, &seen);
	}
	assert_err(ERR_RANGE, err);
	sse_free(&s);
	s = sse_of(1024);
	line[sizeof(line) - 1] = '\n';
	err = OK;
	for (int i = 0; i < 10 && err == OK; i++) {
		err = sse_feed(&s, view_of(line, sizeof(line)), on_event, &seen);
	}
	assert_err(ERR_RANGE, err);
	assert_int_equal(seen.count, 0);
	sse_free(&s);
	s = sse_of(1024);
	memcpy(line, "id: ", 4);
	assert_err(ERR_RANGE, sse_feed(&s, view_of(line, sizeof(line)), on_event, &seen));
	sse_free(&s);
}

static void who_is_told_may_stop_it(void **state)
{
	struct seen seen = {.answer = ERR_DENIED};
	struct sse s = sse_of(1024);

	(void)state;
	assert_err(ERR_DENIED, sse_feed(&s, view_text("data: a\n\ndata: b\n\n"), on_event, &seen));
	assert_int_equal(seen.count, 1);
	sse_free(&s);
}

static void what_is_written_is_read(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(1024);

	(void)state;
	sse_write(&out, view_text("log:1"), "push", view_text("{}"));
	sse_write(&out, view_text("log:2"), "revoke", view_text("two\nlines"));
	sse_write(&out, view_text("log:3"), "empty", view_text(""));
	reads(buf_string(&out), "[log:1|push|{}][log:2|revoke|two\nlines][log:3|empty|]");
	sse_write(&out, view_text("a\nb"), "push", view_text("{}"));
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_are_read_however_they_are_cut),
		TEST(lines_end_in_three_ways),
		TEST(what_an_event_leaves_behind),
		TEST(what_is_read_past),
		TEST(an_endless_line_or_event_has_an_end),
		TEST(who_is_told_may_stop_it),
		TEST(what_is_written_is_read),
	};

	return RUN_TESTS(tests);
}
