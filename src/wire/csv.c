// SPDX-License-Identifier: Apache-2.0
#include "wire/csv.h"

#include <string.h>

/* --- where a record ends --- */

static enum err take(struct csv_scan *scan, size_t len, size_t *ret_len)
{
	*scan = (struct csv_scan){.at = 0};
	*ret_len = len;
	return OK;
}

/* A quotation mark opens only where a value begins; within one, two of them are one, and so it is closed and opened. */
static void step(struct csv_scan *scan, uint8_t c, char separator)
{
	if (c == '"' && (scan->inside || !scan->begun)) {
		scan->inside = !scan->inside;
	} else if (!scan->inside) {
		scan->begun = c != (uint8_t)separator;
	}
}

enum err csv_scan(struct csv_scan *scan, struct view text, char separator, size_t max,
	size_t *ret_len)
{
	while (scan->at < text.len && scan->at < max) {
		uint8_t c = text.data[scan->at++];

		if (c == '\n' && scan->first_line == 0) {
			scan->first_line = scan->at;
		}
		if (c == '\n' && !scan->inside) {
			return take(scan, scan->at, ret_len);
		}
		step(scan, c, separator);
	}
	if (scan->at < max) {
		return ERR_AGAIN;
	}
	return scan->first_line > 0 ? take(scan, scan->first_line, ret_len)
				    : err_fail(ERR_RANGE, "a line of more than %zu bytes", max);
}

enum err csv_scan_end(struct csv_scan *scan, struct view text, size_t *ret_len)
{
	if (text.len == 0) {
		return err_fail(ERR_NOT_FOUND, "no more records");
	}
	return scan->first_line > 0 ? take(scan, scan->first_line, ret_len)
				    : err_fail(ERR_CLOSED, "a line without its end: cut off");
}

/* --- what it holds --- */

static struct view without_blanks(struct view v)
{
	while (v.len > 0 && v.data[0] == ' ') {
		v = view_of(v.data + 1, v.len - 1);
	}
	while (v.len > 0 && v.data[v.len - 1] == ' ') {
		v.len--;
	}
	return v;
}

/* RFC 4180 2.5 to 2.7: takes a quoted value off the front. */
static enum err take_quoted(struct view *line, struct buf *room, struct view *ret)
{
	size_t from = room->len, at = 1;

	for (;; at++) {
		if (at >= line->len) {
			return err_fail(ERR_SYNTAX, "RFC 4180 2.5: a quotation mark is not closed");
		}
		bool quote = line->data[at] == '"';

		if (quote && !(at + 1 < line->len && line->data[at + 1] == '"')) {
			break;
		}
		at += quote ? 1 : 0;
		buf_u8(room, line->data[at]);
	}
	TRY(buf_end(room, "values"));
	*ret = view_of(room->data + from, room->len - from);
	*line = view_of(line->data + at + 1, line->len - at - 1);
	return OK;
}

static enum err take_plain(struct view *line, char separator, struct view *ret)
{
	const uint8_t *end = line->len > 0 ? memchr(line->data, separator, line->len) : NULL;
	size_t len = end ? (size_t)(end - line->data) : line->len;

	if (len > 0 && memchr(line->data, '"', len)) {
		return err_fail(ERR_SYNTAX,
			"RFC 4180 2.5: a quotation mark in a value that does not begin with one");
	}
	*ret = without_blanks(view_of(line->data, len));
	*line = view_of(line->data + len, line->len - len);
	return OK;
}

/* Takes a value and its separator. *ret_last: nothing follows. */
static enum err take_value(struct view *line, char separator, struct buf *room, struct view *ret,
	bool *ret_last)
{
	if (line->len > 0 && line->data[0] == '"') {
		TRY(take_quoted(line, room, ret));
		if (line->len > 0 && line->data[0] != (uint8_t)separator) {
			return err_fail(ERR_SYNTAX, "something follows a closed quotation mark");
		}
	} else {
		TRY(take_plain(line, separator, ret));
	}
	*ret_last = line->len == 0;
	if (!*ret_last) {
		*line = view_of(line->data + 1, line->len - 1);
	}
	return OK;
}

enum err csv_split(struct view record, char separator, struct buf *room, struct csv_record *ret)
{
	struct view line = csv_trimmed(record);
	bool last = false;

	ret->count = 0;
	while (!last) {
		if (ret->count == CSV_FIELDS_MAX) {
			return err_fail(ERR_RANGE, "more than %d values", CSV_FIELDS_MAX);
		}
		TRY(take_value(&line, separator, room, &ret->field[ret->count], &last));
		ret->count++;
	}
	return OK;
}

/* --- columns --- */

static enum err find_column(struct view name, const char *const *known, size_t at, uint8_t *ret)
{
	for (uint8_t i = 0; known[i]; i++) {
		if (view_is_nocase(name, known[i])) {
			*ret = i;
			return OK;
		}
	}
	return err_fail(ERR_SYNTAX, "columns: the name of number %zu is not known", at + 1);
}

enum err csv_columns_read(struct view names, const char *const *known, struct csv_columns *ret)
{
	struct csv_columns columns = {.separator = csv_separator(names)};
	uint8_t text[4096];
	struct buf room = buf_fixed(text, sizeof(text));
	struct csv_record record;
	uint64_t seen = 0;

	TRY(csv_split(names, columns.separator, &room, &record));
	for (size_t i = 0; i < record.count; i++) {
		uint8_t *column = &columns.column[i];

		TRY(find_column(record.field[i], known, i, column));
		if ((seen >> *column) & 1) {
			return err_fail(ERR_SYNTAX, "columns: %s is given twice", known[*column]);
		}
		seen |= UINT64_C(1) << *column;
	}
	columns.count = record.count;
	*ret = columns;
	return OK;
}

enum err csv_row_split(const struct csv_columns *columns, struct view record, struct buf *room,
	struct view *ret)
{
	struct csv_record values;

	TRY(csv_split(record, columns->separator, room, &values));
	if (values.count != columns->count) {
		return err_fail(ERR_SYNTAX, "%zu values where there are %zu columns", values.count,
			columns->count);
	}
	for (size_t i = 0; i < values.count; i++) {
		if (values.field[i].len > 0) {
			ret[columns->column[i]] = values.field[i];
		}
	}
	return OK;
}

char csv_separator(struct view names)
{
	for (size_t i = 0; i < names.len; i++) {
		if (names.data[i] == ',' || names.data[i] == ';' || names.data[i] == '\t') {
			return (char)names.data[i];
		}
	}
	return ',';
}

struct view csv_trimmed(struct view record)
{
	while (record.len > 0 &&
		(record.data[record.len - 1] == '\n' || record.data[record.len - 1] == '\r')) {
		record.len--;
	}
	return record.len >= 3 && memcmp(record.data, "\xef\xbb\xbf", 3) == 0
		       ? view_of(record.data + 3, record.len - 3)
		       : record;
}
