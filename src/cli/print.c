// SPDX-License-Identifier: Apache-2.0
#include "cli/print.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { CELL_MAX = 64 * 1024, GAP = 2 };

/* "2026-11-30T17:08:30.317Z" */
static void write_ms(int64_t ms, struct buf *ret)
{
	char time[TEXT_TIME];

	text_time(ms / 1000, time);
	buf_printf(ret, "%.*s.%03dZ", (int)strlen(time) - 1, time, (int)(ms % 1000));
}

/* A value as text: lists joined by commas, yes and no; "" when it is not there. */
static void write_cell(const struct json *item, const struct print_column *column, struct buf *ret)
{
	const char *member = column->member;
	const struct json *value = json_member(item, member);
	struct view text;
	int64_t number;
	bool flag;

	buf_clear(ret);
	if (!value) {
		return;
	}
	if (json_as_text(value, &text) == OK) {
		buf_view(ret, text);
		return;
	}
	if (json_int(item, member, INT64_MIN, INT64_MAX, &number) == OK) {
		if (column->is_ms && number > 0) {
			write_ms(number, ret);
			return;
		}
		buf_printf(ret, "%lld", (long long)number);
		return;
	}
	if (json_bool_opt(item, member, &flag) == OK) {
		buf_text(ret, flag ? "yes" : "no");
		return;
	}
	for (const struct json *each = json_item(value, 0); each; each = json_next(each)) {
		if (json_as_text(each, &text) == OK) {
			buf_text(ret, ret->len > 0 ? "," : "");
			buf_view(ret, text);
		}
	}
}

/* C0, DEL, and C1 (which is C2 80 to C2 9F in UTF-8). */
static bool is_control(struct view text, size_t at)
{
	uint8_t c = text.data[at];

	return c < 0x20 || c == 0x7f ||
	       (c == 0xc2 && at + 1 < text.len && text.data[at + 1] < 0xa0);
}

void print_text(FILE *to, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_control(text, i)) {
			i += text.data[i] == 0xc2 ? 1 : 0;
			(void)fputc('?', to);
			continue;
		}
		(void)fputc(text.data[i], to);
	}
}

/* Code points, which are columns for most scripts. */
static size_t width_of(struct view text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++) {
		width += (text.data[i] & 0xc0) != 0x80;
	}
	return width;
}

static void pad(FILE *to, size_t count)
{
	while (count-- > 0) {
		(void)fputc(' ', to);
	}
}

static size_t column_width(const struct json *items, const struct print_column *column,
	struct buf *cell)
{
	size_t width = strlen(column->title);

	for (const struct json *item = json_item(items, 0); item; item = json_next(item)) {
		write_cell(item, column, cell);
		size_t here = width_of(buf_contents(cell));

		width = here > width ? here : width;
	}
	return width;
}

static void print_cell(FILE *to, struct view text, size_t width, bool last)
{
	size_t here = width_of(text);

	print_text(to, text);
	if (last) {
		(void)fputc('\n', to);
		return;
	}
	pad(to, width - here + GAP);
}

void print_table(FILE *to, const struct json *items, const struct print_column *columns,
	size_t count)
{
	enum { COLUMNS_MAX = 16 };
	size_t widths[COLUMNS_MAX];
	BUF_CLEANUP struct buf cell = buf_growing(CELL_MAX);

	count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
	for (size_t i = 0; i < count; i++) {
		widths[i] = column_width(items, &columns[i], &cell);
		print_cell(to, view_text(columns[i].title), widths[i], i + 1 == count);
	}
	for (const struct json *item = json_item(items, 0); item; item = json_next(item)) {
		for (size_t i = 0; i < count; i++) {
			write_cell(item, &columns[i], &cell);
			print_cell(to, buf_contents(&cell), widths[i], i + 1 == count);
		}
	}
}

void print_card(FILE *to, const struct json *item, const struct print_column *columns, size_t count)
{
	size_t width = 0;
	BUF_CLEANUP struct buf cell = buf_growing(CELL_MAX);

	for (size_t i = 0; i < count; i++) {
		size_t here = strlen(columns[i].title);

		width = here > width ? here : width;
	}
	for (size_t i = 0; i < count; i++) {
		write_cell(item, &columns[i], &cell);
		if (cell.len == 0) {
			continue;
		}
		print_cell(to, view_text(columns[i].title), width, false);
		print_cell(to, buf_contents(&cell), 0, true);
	}
}
