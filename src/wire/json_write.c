// SPDX-License-Identifier: Apache-2.0
#include "wire/json.h"

#include "base/text.h"
#include "wire/json_value.h"

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

static void put_plain(struct json_writer *w, const char *name, const char *text)
{
	begin_value(w, name);
	buf_text(w->out, text);
}

static void put_children(struct json_writer *w, const struct json *value)
{
	for (const struct json *child = json_first(value); child; child = json_next(child)) {
		BUF_CLEANUP struct buf name =
			buf_growing(value->type == OBJECT ? child->name.len + 1 : 1);

		buf_view(&name, value->type == OBJECT ? child->name : view_text(""));
		json_put_value(w, value->type == OBJECT ? buf_string(&name) : NULL, child);
	}
}

/* A parsed document is no deeper than 32 levels; deeper than the writer goes, the buf fails. */
void json_put_value(struct json_writer *w, const char *name, const struct json *value)
{
	switch ((enum type)value->type) {
	case NUL:
		put_plain(w, name, "null");
		break;
	case BOOL:
		json_put_bool(w, name, value->is.truth);
		break;
	case INT:
		json_put_int(w, name, value->is.number);
		break;
	case REAL:
		begin_value(w, name);
		buf_view(w->out, value->is.text);
		break;
	case STRING:
		json_put_text(w, name, value->is.text);
		break;
	case ARRAY:
		json_open_array(w, name);
		put_children(w, value);
		json_close_array(w);
		break;
	case OBJECT:
		json_open(w, name);
		put_children(w, value);
		json_close(w);
		break;
	}
}
