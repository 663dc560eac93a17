// SPDX-License-Identifier: Apache-2.0
#include "wire/sse.h"

#include "base/text.h"

#include <string.h>

static const uint8_t bom[] = {0xef, 0xbb, 0xbf};

struct sse sse_of(size_t max)
{
	return (struct sse){.max = max, .line = buf_growing(max), .data = buf_growing(max)};
}

void sse_free(struct sse *s)
{
	buf_wipe(&s->line);
	buf_wipe(&s->data);
	buf_free(&s->line);
	buf_free(&s->data);
}

/* A name that was given and no data: nothing has happened (9.2.6). */
static enum err dispatch(struct sse *s, sse_on *on, void *user)
{
	bool whole = s->has_data;
	const struct sse_event event = {.id = view_text(s->id),
		.name = view_text(s->name[0] ? s->name : "message"),
		.data = buf_contents(&s->data)};
	enum err err = whole ? on(user, &event) : OK;

	buf_wipe(&s->data);
	s->has_data = false;
	s->name[0] = '\0';
	return err;
}

static enum err add_data(struct sse *s, struct view value)
{
	if (s->has_data) {
		buf_u8(&s->data, '\n');
	}
	buf_view(&s->data, value);
	s->has_data = true;
	return buf_end(&s->data, "event stream: an event");
}

static enum err take_field(struct sse *s, struct view name, struct view value)
{
	if (view_is(name, "data")) {
		return add_data(s, value);
	}
	if (view_is(name, "event")) {
		return text_copy(s->name, sizeof(s->name), value, "event stream: event");
	}
	if (view_is(name, "id") && !(value.len > 0 && memchr(value.data, 0, value.len))) {
		return text_copy(s->id, sizeof(s->id), value, "event stream: id");
	}
	return OK;
}

static struct view without_bom(struct sse *s, struct view line)
{
	bool first = !s->begun;

	s->begun = true;
	return first && line.len >= sizeof(bom) && memcmp(line.data, bom, sizeof(bom)) == 0
		       ? view_of(line.data + sizeof(bom), line.len - sizeof(bom))
		       : line;
}

static enum err take_line(struct sse *s, struct view line, sse_on *on, void *user)
{
	line = without_bom(s, line);
	if (line.len == 0) {
		return dispatch(s, on, user);
	}
	const uint8_t *colon = memchr(line.data, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.data) : line.len;
	size_t at = colon ? len + 1 : len;

	if (at < line.len && line.data[at] == ' ') {
		at++;
	}
	return take_field(s, view_of(line.data, len), view_of(line.data + at, line.len - at));
}

/* The line that is complete now; most are in one part, and not copied. */
static enum err end_line(struct sse *s, struct view rest, sse_on *on, void *user)
{
	if (s->line.len == 0) {
		return rest.len <= s->max ? take_line(s, rest, on, user)
					  : err_fail(ERR_RANGE,
						    "event stream: a line longer than "
						    "%zu bytes",
						    s->max);
	}
	buf_view(&s->line, rest);
	enum err err = buf_end(&s->line, "event stream: a line");

	if (err == OK) {
		err = take_line(s, buf_contents(&s->line), on, user);
	}
	buf_wipe(&s->line);
	return err;
}

static size_t line_length(const uint8_t *at, size_t len)
{
	size_t i = 0;

	while (i < len && at[i] != '\n' && at[i] != '\r') {
		i++;
	}
	return i;
}

enum err sse_feed(struct sse *s, struct view bytes, sse_on *on, void *user)
{
	const uint8_t *at = bytes.data, *end = at ? at + bytes.len : at;

	while (at < end) {
		if (s->after_cr && *at == '\n') { /* of the line end that was taken already */
			s->after_cr = false;
			at++;
			continue;
		}
		s->after_cr = false;
		size_t len = line_length(at, (size_t)(end - at));

		if (at + len == end) {
			buf_bytes(&s->line, at, len);
			return buf_end(&s->line, "event stream: a line");
		}
		s->after_cr = at[len] == '\r';
		TRY(end_line(s, view_of(at, len), on, user));
		at += len + 1;
	}
	return OK;
}

static bool is_one_line(struct view text)
{
	return line_length(text.data, text.len) == text.len;
}

void sse_write(struct buf *out, struct view id, const char *name, struct view data)
{
	size_t at = 0;

	if (!is_one_line(id) || !is_one_line(view_text(name))) {
		out->failed = true;
		return;
	}
	buf_text(out, "id: ");
	buf_view(out, id);
	buf_text(out, "\nevent: ");
	buf_text(out, name);
	do {
		size_t len = line_length(data.data + at, data.len - at);

		buf_text(out, "\ndata: ");
		buf_bytes(out, data.data + at, len);
		at += len + 1;
	} while (at <= data.len);
	buf_text(out, "\n\n");
}
