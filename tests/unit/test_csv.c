// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/csv.h"

enum { MAX = 64 };

/* The records of a text that comes `piece` bytes at a time, each followed by '|'. */
static void scan_all(const char *text, size_t piece, char *ret)
{
	struct csv_scan scan = {.at = 0};
	struct view all = view_text(text), left = {all.data, 0};
	size_t len, come = 0;
	enum err err = ERR_AGAIN;

	*ret = '\0';
	for (;;) {
		err = csv_scan(&scan, left, ',', MAX, &len);
		if (err == ERR_AGAIN && come < all.len) {
			size_t more = all.len - come < piece ? all.len - come : piece;

			come += more;
			left.len += more;
			continue;
		}
		if (err == ERR_AGAIN) {
			err = csv_scan_end(&scan, left, &len);
		}
		if (err != OK) {
			break;
		}
		strncat(ret, (const char *)left.data, len);
		strcat(ret, "|");
		left = view_of(left.data + len, left.len - len);
	}
	strcat(ret, err_name(err));
}

static void assert_records(const char *text, const char *expected)
{
	char got[512];

	for (size_t piece = 1; piece < 40; piece += 3) {
		scan_all(text, piece, got);
		assert_string_equal(got, expected);
	}
}

static void records_end_with_lines(void **state)
{
	(void)state;
	assert_records("", "not-found");
	assert_records("a,b\n", "a,b\n|not-found");
	assert_records("a,b\r\nc\n\nd,\n", "a,b\r\n|c\n|\n|d,\n|not-found");
}

/* RFC 4180 2.6 */
static void a_quoted_value_goes_on_over_lines(void **state)
{
	(void)state;
	assert_records("a,\"b\nc\"\nd\n", "a,\"b\nc\"\n|d\n|not-found");
	assert_records("\"a \"\"b\"\"\n\",\"\"\nd\n", "\"a \"\"b\"\"\n\",\"\"\n|d\n|not-found");
}

static void a_quotation_mark_inside_a_plain_value_opens_nothing(void **state)
{
	(void)state;
	assert_records("5\" pipe,b\nc\n", "5\" pipe,b\n|c\n|not-found");
}

/* One broken record takes no others with it. */
static void what_is_not_closed_is_one_line(void **state)
{
	(void)state;
	assert_records("a,\"b\nc\nd\n", "a,\"b\n|c\n|d\n|not-found");
	assert_records("\"a\n0123456789012345678901234567890123456789\n"
		       "0123456789012345678901234567890123456789\n",
		"\"a\n|0123456789012345678901234567890123456789\n|"
		"0123456789012345678901234567890123456789\n|not-found");
}

static void a_text_that_was_cut_off_is_told(void **state)
{
	(void)state;
	assert_records("a,b\nc,d", "a,b\n|closed");
}

static void a_line_without_end_is_told(void **state)
{
	(void)state;
	assert_records("0123456789012345678901234567890123456789012345678901234567890123456789",
		"range");
}

static enum err split(const char *text, struct csv_record *ret)
{
	static uint8_t room[256];
	struct buf values = buf_fixed(room, sizeof(room));

	return csv_split(view_text(text), csv_separator(view_text(text)), &values, ret);
}

static void values_are_taken_apart(void **state)
{
	struct csv_record r;

	(void)state;
	assert_ok(split("\xef\xbb\xbf a , b c,\" d \",\"e,\"\"f\"\"\n\",\r\n", &r));
	assert_int_equal(r.count, 5);
	assert_view(r.field[0], "a");
	assert_view(r.field[1], "b c");
	assert_view(r.field[2], " d ");
	assert_view(r.field[3], "e,\"f\"\n");
	assert_view(r.field[4], "");
	assert_ok(split("a;b", &r));
	assert_int_equal(r.count, 2);
	assert_ok(split("a\tb,c", &r));
	assert_int_equal(r.count, 2);
}

/* RFC 4180 2.5 */
static void what_the_rules_do_not_allow_is_refused(void **state)
{
	struct csv_record r;
	char many[2 * CSV_FIELDS_MAX + 1];

	(void)state;
	assert_err(ERR_SYNTAX, split("a,\"b", &r));
	assert_err(ERR_SYNTAX, split("a,\"b\"c", &r));
	assert_err(ERR_SYNTAX, split("a,b\"c", &r));
	memset(many, ',', CSV_FIELDS_MAX);
	many[CSV_FIELDS_MAX] = '\0';
	assert_err(ERR_RANGE, split(many, &r));
}

static void values_are_found_by_their_columns(void **state)
{
	static const char *const known[] = {"make", "model", "type", NULL};
	struct csv_columns columns;
	struct view value[3] = {0};
	uint8_t text[64];
	struct buf room = buf_fixed(text, sizeof(text));

	(void)state;
	assert_ok(csv_columns_read(view_text("Model; MAKE\r\n"), known, &columns));
	assert_ok(csv_row_split(&columns, view_text("X1;\"Acme\""), &room, value));
	assert_view(value[0], "Acme");
	assert_view(value[1], "X1");
	assert_view(value[2], "");
	assert_err(ERR_SYNTAX, csv_row_split(&columns, view_text("X1"), &room, value));
	assert_err(ERR_SYNTAX, csv_row_split(&columns, view_text("X1;Y;Z"), &room, value));
	assert_err(ERR_SYNTAX, csv_columns_read(view_text("make,colour"), known, &columns));
	assert_err(ERR_SYNTAX, csv_columns_read(view_text("make,Make"), known, &columns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_end_with_lines),
		TEST(a_quoted_value_goes_on_over_lines),
		TEST(a_quotation_mark_inside_a_plain_value_opens_nothing),
		TEST(what_is_not_closed_is_one_line),
		TEST(a_text_that_was_cut_off_is_told),
		TEST(a_line_without_end_is_told),
		TEST(values_are_taken_apart),
		TEST(what_the_rules_do_not_allow_is_refused),
		TEST(values_are_found_by_their_columns),
	};

	return RUN_TESTS(tests);
}
