// SPDX-License-Identifier: Apache-2.0
#include "wire/json.h"

#include "base/text.h"

enum { DEPTH_MAX = 16 };

struct json_writer json_to(struct buf *out)
{
	return (struct json_writer){.out = out};
}

static void begin_value(struct json_writer *w, const char *name)
{
	uint32_t bit = UINT32_C(1) << w->depth;

	if (w->comma & bit) {
		buf_u8(w->out, ',');
	}
	w->comma |= bit;
	if (name) {
		text_json(w->out, view_text(name));
		buf_u8(w->out, ':');
	}
}

static void open_nested(struct json_writer *w, const char *name, char bracket)
{
	begin_value(w, name);
	if (w->depth == DEPTH_MAX) {
		w->out->failed = true;
		return;
	}
	buf_u8(w->out, (uint8_t)bracket);
	w->depth++;
	w->comma &= ~(UINT32_C(1) << w->depth);
}

static void close_nested(struct json_writer *w, char bracket)
{
	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	w->depth--;
	buf_u8(w->out, (uint8_t)bracket);
}

void json_open(struct json_writer *w, const char *name)
{
	open_nested(w, name, '{');
}

void json_close(struct json_writer *w)
{
	close_nested(w, '}');
}

void json_open_array(struct json_writer *w, const char *name)
{
	open_nested(w, name, '[');
}

void json_close_array(struct json_writer *w)
{
	close_nested(w, ']');
}

void json_put_text(struct json_writer *w, const char *name, struct view value)
{
	begin_value(w, name);
	text_json(w->out, value);
}

void json_put_string(struct json_writer *w, const char *name, const char *value)
{
	json_put_text(w, name, view_text(value));
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
	begin_value(w, name);
	buf_printf(w->out, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	begin_value(w, name);
	buf_text(w->out, value ? "true" : "false");
}
