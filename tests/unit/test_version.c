// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/version.h"

static enum version_order order(const char *a, const char *b)
{
	return version_compare(view_text(a), view_text(b));
}

/* Each of a row comes before the next, and the other way round. */
static void assert_rising(const char *const *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			enum version_order want = i < k	  ? VERSION_LESS
						  : i > k ? VERSION_MORE
							  : VERSION_SAME;

			if (order(row[i], row[k]) != want) {
				fail_msg("%s beside %s: %d", row[i], row[k], order(row[i], row[k]));
			}
		}
	}
}

/* req: R7-b */
static void makers_versions_have_an_order(void **state)
{
	static const char *const dotted[] = {"0.9", "1.0", "1.2", "1.10", "1.10.1", "2", "10.0"};
	static const char *const letters[] = {"1.000A", "1.011M", "1.033K", "1.090U"};
	static const char *const packs[] = {"V14.0-rc1", "V14", "V14 Update 1", "V14 Update 14",
		"V14 SP1", "V14 SP1 Update 3", "V14 SP1 Update 3a", "V14 SP2", "V15.1 Upd 4"};
	static const char *const schemes[] = {"MX-V4.0.4.28", "MX-V4.7.2.21", "MX-V4.7.2.35-r1",
		"MX-V5.4.9.4-r1", "MX-V5.4.9.4-r3"};
	static const char *const before[] = {"2.0.0-alpha", "2.0.0-beta.2", "2.0.0-beta.11",
		"2.0.0-rc.1", "2.0.0", "2.0.1-rc.1", "2.0.1"};
	static const char *const images[] = {"cesne_r1h07_12.esw", "cesne_r2d14_03.esw"};
	static const char *const revisions[] = {"A", "E", "V", "W"};

	(void)state;
	assert_rising(dotted, sizeof(dotted) / sizeof(dotted[0]));
	assert_rising(letters, sizeof(letters) / sizeof(letters[0]));
	assert_rising(packs, sizeof(packs) / sizeof(packs[0]));
	assert_rising(schemes, sizeof(schemes) / sizeof(schemes[0]));
	assert_rising(before, sizeof(before) / sizeof(before[0]));
	assert_rising(images, sizeof(images) / sizeof(images[0]));
	assert_rising(revisions, sizeof(revisions) / sizeof(revisions[0]));
}

static void one_version_has_several_spellings(void **state)
{
	static const char *const same[][2] = {
		{"V2.1", "2.1"},
		{"v2.1", "version 2.1.0"},
		{"02.07.07(10)", "2.7.7.10"},
		{"V16_Update_7", "V16 Update 7"},
		{"V3.2_SP1", "3.2 sp1"},
		{"FW11", "firmware 11"},
		{"1.00-06", "1.0.6"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(order(same[i][0], same[i][1]), VERSION_SAME);
	}
}

static void what_has_no_order_is_said_to_be_unclear(void **state)
{
	static const char *const pairs[][2] = {
		{"MX-V4.0.1", "V4.0.1"}, /* whose scheme? */
		{"SE2020MP13", "2020MP14"},
		{"1.2.1", "1.2a"},
		{"1.2 Windows", "1.2"},
		{"1.2 Windows", "1.2 Linux"},
		{"R14A", "14A"},
		{"V14.1", "V14 SP1"},
		{"1.x", "1.2"},
		{"", "1.0"},
		{"1.0", ""},
		{"\xc3\xa4 1", "\xc3\xb6 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (order(pairs[i][0], pairs[i][1]) != VERSION_UNCLEAR) {
			fail_msg("%s beside %s", pairs[i][0], pairs[i][1]);
		}
	}
}

static void numbers_may_be_longer_than_a_machine_word(void **state)
{
	(void)state;
	assert_int_equal(order("1.99999999999999999999", "1.100000000000000000000"), VERSION_LESS);
	assert_int_equal(order("1.000000000000000000000000007", "1.7"), VERSION_SAME);
}

static void a_pattern_is_all_that_begins_so(void **state)
{
	struct view v = view_text("2.0.17");

	(void)state;
	assert_int_equal(version_compare_pattern(v, view_text("2.0.x")), VERSION_SAME);
	assert_int_equal(version_compare_pattern(v, view_text("2.X")), VERSION_SAME);
	assert_int_equal(version_compare_pattern(v, view_text("2.0.*")), VERSION_SAME);
	assert_int_equal(version_compare_pattern(v, view_text("2.1.x")), VERSION_LESS);
	assert_int_equal(version_compare_pattern(v, view_text("1.x")), VERSION_MORE);
	assert_int_equal(version_compare_pattern(v, view_text("2.x model 35700BAX")),
		VERSION_UNCLEAR);
}

static void names_are_told_from_versions(void **state)
{
	(void)state;
	assert_true(version_is_odd(view_text("1783-SAD2T2SBK9")));
	assert_true(version_is_odd(view_text("Accu-Chek Inform II")));
	assert_false(version_is_odd(view_text("MX-V4.0.1.15")));
	assert_false(version_is_odd(view_text("7.52 build 344")));
	assert_false(version_is_odd(view_text("Version 1.0 beta")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makers_versions_have_an_order),
		TEST(one_version_has_several_spellings),
		TEST(what_has_no_order_is_said_to_be_unclear),
		TEST(numbers_may_be_longer_than_a_machine_word),
		TEST(a_pattern_is_all_that_begins_so),
		TEST(names_are_told_from_versions),
	};

	return RUN_TESTS(tests);
}
