// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/mqtt_topic.h"

#define WHO "LoeQylJHDBH353BpL7Ugz-i4"

static void patterns_are_checked(void **state)
{
	static const struct {
		const char *pattern;
		enum err err;
	} rows[] = {
		{"a", OK},
		{"/", OK},
		{"a/b/c", OK},
		{"#", OK},
		{"a/#", OK},
		{"+/b/+", OK},
		{"devices/{pseudonym}/#", OK},
		{"x-{pseudonym}", OK},
		{"", ERR_SYNTAX},
		{"a#", ERR_SYNTAX},
		{"a/#/b", ERR_SYNTAX},
		{"a/+b", ERR_SYNTAX},
		{"++", ERR_SYNTAX},
		{"a\nb", ERR_SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_err(rows[i].err, mqtt_pattern_check(view_text(rows[i].pattern)));
	}
	char longest[MQTT_PATTERN_MAX + 1];

	memset(longest, 'a', sizeof(longest));
	assert_ok(mqtt_pattern_check(view_of(longest, MQTT_PATTERN_MAX)));
	assert_err(ERR_RANGE, mqtt_pattern_check(view_of(longest, sizeof(longest))));
}

/* What is covered, by the rows of MQTT 4.7 and by filters that are wider than the pattern.  req: B9.4.3 */
static void a_pattern_covers_what_it_matches_and_no_more(void **state)
{
	static const struct {
		const char *pattern, *filter;
		bool covers;
	} rows[] = {
		{"a/b", "a/b", true},
		{"a/b", "a/bc", false},
		{"a/b", "a", false},
		{"a", "a/b", false},
		{"a/#", "a", true},
		{"a/#", "a/b/c", true},
		{"a/#", "a/+/c", true},
		{"a/#", "a/#", true},
		{"a/#", "ab", false},
		{"a/#", "#", false},
		{"a/#", "+/b", false},
		{"a/+", "a/b", true},
		{"a/+", "a/", true},
		{"a/+", "a/+", true},
		{"a/+", "a/#", false},
		{"a/+", "a/b/c", false},
		{"a/+", "a", false},
		{"+/+", "/x", true},
		{"+", "/x", false},
		{"#", "a/b", true},
		{"#", "$SYS/x", false},
		{"+/x", "$SYS/x", false},
		{"$SYS/#", "$SYS/x", true},
		{"#", "", false},
		{"d/{pseudonym}/#", "d/" WHO "/x", true},
		{"d/{pseudonym}/#", "d/" WHO, true},
		{"d/{pseudonym}/#", "d/AAAAAAAAAAAAAAAAAAAAAAAA/x", false},
		{"d/{pseudonym}/#", "d/+/x", false},
		{"d/{pseudonym}/#", "d/{pseudonym}/x", false},
		{"d-{pseudonym}-in", "d-" WHO "-in", true},
		{"d/#", "$share/group/d/x", true},
		{"d/#", "$share/group/e/x", false},
		{"#", "$share/group", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(mqtt_pattern_covers(view_text(rows[i].pattern), view_text(WHO),
					 view_text(rows[i].filter)),
			rows[i].covers);
	}
}

/* A name that means something in topics opens nothing. */
static void a_name_cannot_widen_a_pattern(void **state)
{
	static const char *const names[] = {"", "#", "+", "a/b", "a+", "x\x01"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_false(mqtt_pattern_covers(view_text("d/{pseudonym}/#"), view_text(names[i]),
			view_text("d/x/y")));
		assert_false(mqtt_pattern_covers(view_text("d/{pseudonym}/#"), view_text(names[i]),
			view_text("d/a/b/y")));
	}
	assert_true(mqtt_pattern_covers(view_text("d/+"), view_text(""), view_text("d/x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_checked),
		cmocka_unit_test(a_pattern_covers_what_it_matches_and_no_more),
		cmocka_unit_test(a_name_cannot_widen_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
