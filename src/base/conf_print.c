// SPDX-License-Identifier: Apache-2.0
#include "base/conf.h"

#include "base/conf_tree.h"
#include "base/text.h"
#include <string.h>

enum { PRINT_MAX = 16 << 20 };

static void put_rows(struct buf *to, const struct conf_option *rows, const void *conf,
	struct view prefix, int indent, bool help);

static void put_indent(struct buf *to, int indent)
{
	for (int i = 0; i < indent; i++) {
		buf_text(to, "  ");
	}
}

static void put_list(struct buf *to, const struct conf_option *o, const struct conf_list *list,
	int indent)
{
	buf_text(to, list->count == 0 ? " []\n" : "\n");
	for (size_t i = 0; i < list->count; i++) {
		const uint8_t *item = (const uint8_t *)list->items + i * o->item_size;

		put_indent(to, indent);
		buf_text(to, "-\n");
		put_rows(to, o->rows, item, view_text(""), indent + 1, false);
	}
}

static void put_texts(struct buf *to, const struct conf_texts *texts, int indent)
{
	buf_text(to, texts->count == 0 ? " []\n" : "\n");
	for (size_t i = 0; i < texts->count; i++) {
		put_indent(to, indent);
		buf_text(to, "- ");
		text_json(to, view_text(texts->items[i]));
		buf_u8(to, '\n');
	}
}

/* The value after its key and colon. */
static void put_value(struct buf *to, const struct conf_option *o, const void *conf, int indent)
{
	const void *field = (const uint8_t *)conf + o->offset;

	if (o->type == CONF_LIST) {
		put_list(to, o, field, indent + 1);
		return;
	}
	if (o->type == CONF_TEXTS) {
		put_texts(to, field, indent + 1);
		return;
	}
	buf_u8(to, ' ');
	value_print(o, field, to);
	buf_u8(to, '\n');
}

static void put_help(struct buf *to, const struct conf_option *o, int indent)
{
	put_indent(to, indent);
	buf_printf(to, "# %s Allowed: ", o->help);
	value_allowed(o, to);
	buf_text(to, o->reloadable ? "; taken over on reload.\n" : ".\n");
}

static bool begins_with(const struct conf_option *o, struct view prefix)
{
	return strncmp(o->path, (const char *)prefix.data, prefix.len) == 0;
}

/* Whether an earlier row brought this group already. */
static bool is_repeated(const struct conf_option *rows, const struct conf_option *o,
	struct view group)
{
	while (rows != o && !begins_with(rows, group)) {
		rows++;
	}
	return rows != o;
}

/* The rows below `prefix` ("" or "a.b."), groups where their first row stands. */
static void put_rows(struct buf *to, const struct conf_option *rows, const void *conf,
	struct view prefix, int indent, bool help)
{
	for (const struct conf_option *o = rows; o->path; o++) {
		if (!begins_with(o, prefix)) {
			continue;
		}
		const char *key = o->path + prefix.len;
		size_t len = strcspn(key, ".");
		struct view group = view_of(o->path, prefix.len + len + 1);

		if (!key[len]) {
			if (help) {
				put_help(to, o, indent);
			}
			put_indent(to, indent);
			buf_printf(to, "%s:", key);
			put_value(to, o, conf, indent);
			continue;
		}
		if (!is_repeated(rows, o, group)) {
			put_indent(to, indent);
			buf_printf(to, "%.*s:\n", (int)len, key);
			put_rows(to, rows, conf, group, indent + 1, help);
		}
	}
}

void conf_dump(const struct conf_option *rows, const void *conf, FILE *to)
{
	BUF_CLEANUP struct buf text = buf_growing(PRINT_MAX);

	put_rows(&text, rows, conf, view_text(""), 0, true);
	(void)fwrite(text.data, 1, text.len, to);
}

enum err conf_check_reload(const struct conf_option *rows, const void *now, const void *next)
{
	for (const struct conf_option *o = rows; o->path; o++) {
		BUF_CLEANUP struct buf old = buf_growing(PRINT_MAX);
		BUF_CLEANUP struct buf new = buf_growing(PRINT_MAX);

		if (o->reloadable) {
			continue;
		}
		put_value(&old, o, now, 0);
		put_value(&new, o, next, 0);
		TRY(buf_end(&old, o->path));
		TRY(buf_end(&new, o->path));
		if (!view_equal(buf_contents(&old), buf_contents(&new))) {
			return err_fail(ERR_CONFIG, "%s: changes only when the program starts anew",
				o->path);
		}
	}
	return OK;
}

/* The manual. */

static void put_manual(struct buf *to, const struct conf_option *rows, const char *above)
{
	for (const struct conf_option *o = rows; o->path; o++) {
		buf_printf(to, "| `%s%s` | ", above, o->path);
		value_allowed(o, to);
		if (!o->initial) {
			buf_text(to, " | must be given");
		} else if (o->initial[0]) {
			buf_printf(to, " | `%s`", o->initial);
		} else {
			buf_text(to, " | none");
		}
		buf_printf(to, " | %s | %s |\n", o->reloadable ? "reload" : "start", o->help);
		if (o->type == CONF_LIST) {
			char below[256];

			(void)snprintf(below, sizeof(below), "%s%s[].", above, o->path);
			put_manual(to, o->rows, below);
		}
	}
}

void conf_manual(const struct conf_option *rows, FILE *to)
{
	BUF_CLEANUP struct buf text = buf_growing(PRINT_MAX);

	buf_text(&text,
		"| option | allowed | default | taken at | meaning |\n|---|---|---|---|---|\n");
	put_manual(&text, rows, "");
	(void)fwrite(text.data, 1, text.len, to);
}
