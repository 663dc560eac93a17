// SPDX-License-Identifier: Apache-2.0
/*
 * csv: tables as RFC 4180 writes them, record by record, out of bytes that come in pieces. The separator may also be a
 * semicolon or a tab, as spreadsheets write it. Nothing here keeps a value.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { CSV_FIELDS_MAX = 48 };

/* How far the end of the record at the front has been looked for; all zero where a record begins. */
struct csv_scan {
	size_t at;	   /* bytes looked at */
	size_t first_line; /* length of the record's first line, with its end; 0: not seen */
	bool inside;	   /* within quotation marks */
	bool begun;	   /* within a value */
};

/*
 * Looks for the end of the record that `text` begins with; `text` is all there is of it so far, and what was looked at
 * is not looked at again. OK: `ret_len` bytes, with the line's end, and the scan is ready for the next record. ERR_AGAIN: its end
 * has not come. A record may go on over lines inside quotation marks; when they are not closed within `max` bytes it is
 * its first line alone, so that one broken record does not take others with it. ERR_RANGE: a line of more than `max`.
 */
enum err csv_scan(struct csv_scan *scan, struct view text, char separator, size_t max,
	size_t *ret_len);
/* The text ends here: what is left is no whole record, or one whose quotation marks are not closed. OK: its first line. ERR_NOT_FOUND:
 * nothing is left; ERR_CLOSED: a line without an end, which was cut off. */
enum err csv_scan_end(struct csv_scan *scan, struct view text, size_t *ret_len);

struct csv_record {
	size_t count;
	struct view field[CSV_FIELDS_MAX];
};

/*
 * Takes a record apart. Values point into it, or, when quoted, into `room`, an array of the caller's as long as the
 * record. Blanks around a value that is not quoted go. ERR_SYNTAX names the rule; ERR_RANGE: too many values.
 */
enum err csv_split(struct view record, char separator, struct buf *room, struct csv_record *ret);

/* Which column stands where, by the names in the first line: docs of a table say which there are. */
struct csv_columns {
	size_t count;
	uint8_t column[CSV_FIELDS_MAX]; /* index among the known names */
	char separator;
};

/* `known` ends with NULL; letters of names may be of either case. ERR_SYNTAX: a name that is not known, or given twice. */
enum err csv_columns_read(struct view names, const char *const *known, struct csv_columns *ret);
/* Values by the index of their column, of which `ret` has room for all that are known: empty ones and those of columns that
 * are not there are untouched. As csv_split(); ERR_SYNTAX: more or fewer values than columns. */
enum err csv_row_split(const struct csv_columns *columns, struct view record, struct buf *room,
	struct view *ret);

/* Of a line of names: the first of , ; and tab in it, or a comma. */
char csv_separator(struct view names);
/* Without its line end, and without the byte order mark that a spreadsheet writes first. */
struct view csv_trimmed(struct view record);
