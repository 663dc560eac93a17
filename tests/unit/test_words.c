// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/words.h"

static struct words of(const char *text)
{
	struct words words;

	assert_ok(words_parse(view_text(text), "rights", &words));
	return words;
}

static void a_set_is_sorted_and_has_each_once(void **state)
{
	struct words words = of("write read write admin");
	struct view all[WORDS_MAX];

	(void)state;
	assert_string_equal(words.text, "admin read write");
	assert_int_equal(words_split(&words, all), 3);
	assert_view(all[0], "admin");
	assert_view(all[2], "write");
	assert_true(words_has(&words, view_text("read")));
	assert_false(words_has(&words, view_text("rea")));
	words = of("");
	assert_int_equal(words_split(&words, all), 0);
}

static void a_prefix_comes_first(void **state)
{
	struct words words = of("read.all read");

	(void)state;
	assert_string_equal(words.text, "read read.all");
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const wrong[] = {"Read", "a  b", " a", "a ", "1a", "a,b", "a\nb", "-a",
		"a12345678901234567890123456789012"};
	struct words words = of("kept");

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_err(ERR_SYNTAX, words_parse(view_text(wrong[i]), "rights", &words));
		assert_said("rights: ");
	}
	assert_err(ERR_SYNTAX, words_add(&words, view_of("a\0b", 3), "rights"));
	assert_string_equal(words.text, "kept");
}

static void a_set_has_a_ceiling(void **state)
{
	struct words words = {.text = ""};
	char name[WORD_MAX + 1] = "a1234567890123456789012345678900";

	(void)state;
	for (int i = 0; i < WORDS_MAX; i++) {
		name[WORD_MAX - 1] = (char)('a' + i);
		assert_ok(words_add(&words, view_text(name), "rights"));
	}
	assert_int_equal(strlen(words.text), WORDS_TEXT - 1);
	assert_ok(words_add(&words, view_text(name), "rights")); /* it is there */
	assert_err(ERR_RANGE, words_add(&words, view_text("b"), "rights"));
}

static void sets_are_compared(void **state)
{
	struct words all = of("a b c"), some = of("c a"), other = of("c d"), common;

	(void)state;
	assert_true(words_within(&some, &all));
	assert_false(words_within(&other, &all));
	words_common(&all, &other, &common);
	assert_string_equal(common.text, "c");
	words_common(&some, &some, &common);
	assert_true(words_equal(&some, &common));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_set_is_sorted_and_has_each_once),
		TEST(a_prefix_comes_first),
		TEST(what_is_no_name_is_refused),
		TEST(a_set_has_a_ceiling),
		TEST(sets_are_compared),
	};

	return RUN_TESTS(tests);
}
