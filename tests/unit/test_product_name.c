// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/product_name.h"

static const char *make_key(const char *make)
{
	static struct product_key key;

	product_make_key(view_text(make), &key);
	return key.text;
}

static const char *model_key(const char *make, const char *model)
{
	static struct product_key key;

	product_model_key(view_text(make), view_text(model), &key);
	return key.text;
}

/* req: R7-b */
static void one_make_has_one_key(void **state)
{
	static const char *const same[][2] = {
		{"ABUS Security-Center GmbH & Co. KG", "abus security center"},
		{"ABUS Security-Center GmbH Co. KG", "abus security center"},
		{"2gig Technologies Inc.", "2gig technologies"},
		{"  Siemens  AG", "siemens"},
		{"Enel S.p.A.", "enel"},
		{"AB", "ab"},
		{"\xc3\x84pfel GmbH", "\xc3\x84pfel"},
		{"", ""},
		{"...", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_string_equal(make_key(same[i][0]), same[i][1]);
	}
}

static void one_model_has_one_key(void **state)
{
	(void)state;
	assert_string_equal(model_key("Mobotix", "Mobotix P3 D24M"), "p3 d24m");
	assert_string_equal(model_key("Mobotix AG", "P3-D24M"), "p3 d24m");
	assert_string_equal(model_key("Mitsubishi Electric", "MELSEC iQ-F Series"), "melsec iq f");
	assert_string_equal(model_key("2gig", "2GIG-GC3-345"), "gc3 345");
	assert_string_equal(model_key("ADT", "ADT"), "adt");
	assert_string_equal(model_key("X", "Version 2.4"), "version 2 4");
	assert_string_equal(model_key("", "Series"), "series");
	assert_string_not_equal(model_key("Siemens", "S7-1200+"), "s7 1200");
}

static void long_names_are_cut_alike(void **state)
{
	char name[1000];
	struct product_key key;

	(void)state;
	memset(name, 'a', sizeof(name));
	product_make_key(view_of(name, sizeof(name)), &key);
	assert_int_equal(strlen(key.text), PRODUCT_KEY_MAX);
	product_model_key(view_of(name, sizeof(name)), view_of(name, sizeof(name)), &key);
	assert_int_equal(strlen(key.text), PRODUCT_KEY_MAX);
}

static bool matches(const char *pattern, const char *model)
{
	return product_matches(view_text(pattern), view_text(model));
}

static void model_numbers_may_have_gaps(void **state)
{
	(void)state;
	assert_true(matches("6GK6108-0AM00", "6gk6108-0am00"));
	assert_true(matches("6GK6108-*", "6GK6108-0AM00"));
	assert_true(matches("6GK?108-*A*00", "6GK6108-0AM00"));
	assert_true(matches("*", ""));
	assert_true(matches("a\\*b", "A*b"));
	assert_false(matches("a\\*b", "axb"));
	assert_false(matches("6GK6108", "6GK6108-0AM00"));
	assert_false(matches("6GK6108-?", "6GK6108-"));
	assert_false(matches("", "a"));
	assert_true(product_is_pattern(view_text("6GK*")));
	assert_false(product_is_pattern(view_text("6GK\\*1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_make_has_one_key),
		TEST(one_model_has_one_key),
		TEST(long_names_are_cut_alike),
		TEST(model_numbers_may_have_gaps),
	};

	return RUN_TESTS(tests);
}
