// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/structured_field.h"

static enum err first(const char *text, struct sf_member *ret)
{
	struct reader r = reader_of(view_text(text));

	return sf_next(&r, ret);
}

/* RFC 8941 4.1: what was read is written in its one form. */
static void values_have_one_form(void **state)
{
	static const struct {
		const char *read, *written;
	} rows[] = {
		{"a=1", "1"},
		{"a=-17 ", "-17"},
		{"a=\"b \\\" \\\\\"", "\"b \\\" \\\\\""},
		{"a=*tok/en:1", "*tok/en:1"},
		{"a=:aGVsbG8=:", ":aGVsbG8=:"},
		{"a=?0", "?0"},
		{"a", "?1"},
		{"a;b", "?1;b"},
		{"a=(  \"x\"   y;q=1 );z;  w=\"v\"", "(\"x\" y;q=1);z;w=\"v\""},
		{"a=()", "()"},
		{"a=1;b=?1;c=?0", "1;b;c=?0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BUF_CLEANUP struct buf out = buf_growing(256);
		struct sf_member member;

		assert_ok(first(rows[i].read, &member));
		assert_view(member.key, "a");
		sf_put_value(&out, &member);
		assert_string_equal(buf_string(&out), rows[i].written);
	}
}

static void what_is_not_a_value_is_refused(void **state)
{
	static const char *const rows[] = {"A=1", "a=", "a=1,", "a=1 b=2", "a=(1", "a=(1,2)",
		"a=\"x", "a=\"\\x\"", "a=:AA", "a=?2", "a=1234567890123456", "a=\"\t\"", "a=1;B=2",
		"a=1;b=1;b=2", "a=(1)(2)", "a=(\"x\"\"y\")", "=1"};
	struct sf_member member;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(ERR_SYNTAX, first(rows[i], &member));
	}
	assert_err(ERR_UNSUPPORTED, first("a=1.5", &member));
	assert_err(ERR_RANGE, first("a=(1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1)", &member));
	assert_err(ERR_RANGE, first("a;b;c;d;e;f;g;h;i;j;k;l", &member));
	assert_err(ERR_NOT_FOUND, first("  ", &member));
}

static void a_member_is_found_once(void **state)
{
	struct sf_member member;

	(void)state;
	assert_ok(sf_find(view_text("a=1 ,\tb=(2);p=3"), view_text("b"), &member));
	assert_true(member.is_list);
	assert_int_equal(member.items[0].value.number, 2);
	assert_int_equal(sf_parameter(&member.parameters, "p")->number, 3);
	assert_null(sf_parameter(&member.parameters, "q"));
	assert_err(ERR_NOT_FOUND, sf_find(view_text("a=1"), view_text("b"), &member));
	assert_err(ERR_SYNTAX, sf_find(view_text("a=1, a=2"), view_text("a"), &member));
	assert_err(ERR_SYNTAX, sf_find(view_text("a=1, b=!"), view_text("a"), &member));
}

static void strings_are_escaped(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(64), back = buf_growing(64);
	struct sf_member member;

	(void)state;
	buf_text(&out, "a=");
	sf_put_string(&out, view_text("q\"b\\"));
	assert_string_equal(buf_string(&out), "a=\"q\\\"b\\\\\"");
	assert_ok(first(buf_string(&out), &member));
	sf_unescape(member.items[0].value.text, &back);
	assert_string_equal(buf_string(&back), "q\"b\\");
	sf_put_string(&out, view_text("\n"));
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_have_one_form),
		TEST(what_is_not_a_value_is_refused),
		TEST(a_member_is_found_once),
		TEST(strings_are_escaped),
	};

	return RUN_TESTS(tests);
}
