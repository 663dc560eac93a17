// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/version_range.h"

static struct version_range of(const char *text)
{
	struct version_range range;

	assert_ok(version_range_parse(view_text(text), &range));
	return range;
}

static const char *has(const char *text, const char *version)
{
	static const char *const names[] = {"out", "in", "unclear"};
	struct version_range range = of(text);

	return names[version_range_has(&range, view_text(version))];
}

struct row {
	const char *text, *in, *out, *unclear; /* a version of each; NULL: none is asked */
};

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *const asked[] = {rows[i].in, rows[i].out, rows[i].unclear};
		static const char *const want[] = {"in", "out", "unclear"};

		for (size_t k = 0; k < 3; k++) {
			if (asked[k] && strcmp(has(rows[i].text, asked[k]), want[k]) != 0) {
				fail_msg("\"%s\" has %s: %s, not %s", rows[i].text, asked[k],
					has(rows[i].text, asked[k]), want[k]);
			}
		}
	}
}

/* req: R7-b */
static void vers_ranges_are_read(void **state)
{
	static const struct row rows[] = {
		{"vers:all/*", "0", NULL, NULL},
		{"vers:all/<V2.15.1", "2.15", "2.15.1", "ROX 2"},
		{"vers:generic/>=1.0|<2.0|>=3.0|<=3.4", "1.5", "2.0", NULL},
		{"vers:generic/>=1.0|<2.0|>=3.0|<=3.4", "3.4", "3.4.1", "x"},
		{"vers:npm/1.2.0|1.4.0", "1.4", "1.3", NULL},
		{"vers:generic/!=1.5", "1.4", "1.5", NULL},
		{"vers:generic/>=1.0|!=1.5|<2.0", "1.4", "1.5", NULL},
		{"vers:generic/1.0%2B5", "1.0+5", "1.0+6", NULL},
		{"vers:all/<V17 Update 5", "V17 Update 4", "V17 Update 5", "V17.1"},
	};

	(void)state;
	assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Texts as they stand in published advisories. */
static void what_authors_write_is_read(void **state)
{
	static const struct row rows[] = {
		{"< 2.3", "2.2.9", "2.3", "beta"},
		{"<=1.00-06", "1.00-06", "1.00-07", NULL},
		{"All versions", "anything", NULL, NULL},
		{"*", "1", NULL, NULL},
		{"all versions prior to V3.1", "3.0.9", "3.1", NULL},
		{"All versions < V1.0 SP8", "V1.0 SP7", "V1.0 SP8", NULL},
		{"All versions between V2.5 (including) and V2.7 (excluding)", "2.5", "2.7", NULL},
		{"between 2.5 and 2.7", "2.7", "2.8", NULL},
		{">= 2.2.0 < 2.2.3", "2.2.2", "2.2.3", NULL},
		{">= V4.3 and < V6.4", "5", "4.2", NULL},
		{">= 1.000A | < 1.011M", "1.005B", "1.012A", NULL},
		{">=R1.01.00|<R2.03.00", "R1.99.00", "R2.03.00", "1.5"},
		{"8.001|8.002|9.001", "8.002", "8.003", NULL},
		{"13.0  | < 13.0.1", "12", "13.1", NULL},
		{"2.0.x", "2.0.9", "2.1", NULL},
		{"7.52 build 344", "7.52 build 344", "7.52 build 345", NULL},
		{"3.40 and prior", "3.39", "3.41", NULL},
		{"1.060 or earlier", "1.060", "1.061", NULL},
		{"Version 4.0 and all prior versions", "3", "4.1", NULL},
		{"2.1 or later", "2.2", "2.0", NULL},
		{"2.0 through 2.4", "2.4", "2.5", NULL},
		{"from 1.0 up to and including 1.4", "1.0", "0.9", NULL},
		{"\xe2\x89\xa4 5.0", "5", "5.1", NULL},
		{"<= 15.2(7)E3", "15.2(7)E2", "15.2(7)E4", NULL},
		{"1783-SAD2T2SBK9", "1783-SAD2T2SBK9", NULL, "2.4"},
	};

	(void)state;
	assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* A condition that a version does not tell is never taken as met, nor as not met. */
static void conditions_leave_it_unclear(void **state)
{
	static const struct row rows[] = {
		{"< 2.1.0 (Windows and Linux)", NULL, "2.1", "2.0"},
		{"(FOX615 System Release R15B)", NULL, NULL, "R15B"},
		{"All versions with enabled Ethernet options", NULL, NULL, "1.0"},
		{"All versions with Fortinet NGFW before V7.4.1", NULL, NULL, "9"},
		{"All versions only when running on ROX II < V2.15.1", NULL, NULL, "1"},
		{"NMC2 <= 6.9.6", NULL, NULL, "6.9.5"},
		{"NMC2 <= 6.9.6", NULL, NULL, "7"},
		{"v6.x (with Wireless Battery Modules v9 | v11)", NULL, "7.0", "6.1"},
		{"* and >  could be affected", NULL, NULL, "1.0"},
		{"<=the_first_5_digits_of_serial_number_22031", NULL, NULL, "1.0"},
	};

	(void)state;
	assert_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void an_unknown_version_is_in_all_or_unclear(void **state)
{
	(void)state;
	assert_string_equal(has("vers:all/*", ""), "in");
	assert_string_equal(has("< 2", ""), "unclear");
	assert_string_equal(has("< 2", "  "), "unclear");
}

static void what_is_no_range_is_refused(void **state)
{
	static const char *const wrong[] = {"", "  ", "<", "vers:", "vers:all", "vers:all/",
		"vers:/1", "vers:all/*|1.0", "vers:all/<", "vers:all/1|", "vers:a/%zz", "|",
		"1.0 | <", "and"};
	struct version_range range = {.count = 7};
	char longer[VERSION_RANGE_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (version_range_parse(view_text(wrong[i]), &range) != ERR_SYNTAX) {
			fail_msg("\"%s\" is taken", wrong[i]);
		}
		assert_said("version range: ");
	}
	memset(longer, '1', sizeof(longer));
	assert_err(ERR_RANGE, version_range_parse(view_of(longer, sizeof(longer)), &range));
	for (size_t i = 0; i < VERSION_RANGE_BOUNDS + 1; i++) {
		memcpy(longer + 2 * i, "1|", 2);
	}
	assert_err(ERR_RANGE,
		version_range_parse(view_of(longer, 2 * VERSION_RANGE_BOUNDS + 1), &range));
	assert_int_equal(range.count, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vers_ranges_are_read),
		TEST(what_authors_write_is_read),
		TEST(conditions_leave_it_unclear),
		TEST(an_unknown_version_is_in_all_or_unclear),
		TEST(what_is_no_range_is_refused),
	};

	return RUN_TESTS(tests);
}
