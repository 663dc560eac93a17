// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/policy.h"

enum { DAY = 86400000 };

static struct policy policy;

static enum err parse(const char *text)
{
	return policy_parse("rules", view_text(text), &policy);
}

/* req: R6.1-b */
static void rules_are_read_line_by_line(void **state)
{
	(void)state;
	assert_ok(parse(
		"# what we think\n"
		"rule good when always then trusted\r\n"
		"\n"
		"\trule old when report older than 30d then unverified grace 7d weight 5 # late\n"
		"rule bad when vulnerability high from device owner then unreliable grace 36h\n"
		"rule maybe when possible vulnerability critical then unverified\n"
		"rule gone when root of trust withdrawn then unreliable weight 9\n"
		"rule nobody when not confirmed then unverified\n"
		"rule stolen when life stolen then unreliable\n"
		"rule twin when duplicate identifier then unverified\n"
		"rule said when decision then decided weight 1000\n"
		"rule told when word unreliable from weight 60 then unverified"));
	assert_int_equal(policy.rule_count, 10);
	const struct policy_rule *rules = policy.rules;

	assert_string_equal(rules[0].name, "good");
	assert_int_equal(rules[0].then, TRUST_TRUSTED);
	assert_int_equal(rules[1].condition, POLICY_REPORT_OLDER);
	assert_true(rules[1].age == INT64_C(30) * DAY);
	assert_int_equal(rules[1].grace, 7 * DAY);
	assert_int_equal(rules[1].weight, 5);
	assert_int_equal(rules[1].line, 4);
	assert_int_equal(rules[2].severity, CSAF_HIGH);
	assert_int_equal(rules[2].sources, POLICY_FROM_DEVICE | POLICY_FROM_OWNER);
	assert_int_equal(rules[3].condition, POLICY_PERHAPS_VULNERABLE);
	assert_int_equal(rules[3].sources, POLICY_FROM_ANYBODY);
	assert_int_equal(rules[6].life, LIFE_STOLEN);
	assert_int_equal(rules[8].condition, POLICY_DECIDED);
	assert_int_equal(rules[9].word, TRUST_UNRELIABLE);
	assert_int_equal(rules[9].word_weight, 60);
	assert_true(policy_brake(&policy, 5) == INT64_MAX);
}

static void the_default_is_complete(void **state)
{
	bool seen[POLICY_WORD + 1] = {false};

	(void)state;
	assert_ok(parse(policy_default));
	for (size_t i = 0; i < policy.rule_count; i++) {
		seen[policy.rules[i].condition] = true;
	}
	for (size_t i = 0; i <= POLICY_WORD; i++) {
		assert_true(seen[i]);
	}
	assert_int_equal(policy_brake(&policy, 100000), 5000);
	assert_int_equal(policy_brake(&policy, 10), 100);
}

static void a_registry_weighs_as_its_nearest_line_says(void **state)
{
	(void)state;
	assert_ok(parse("rule a when always then trusted\n"
			"registry IN weight 10\nregistry IN.TEL weight 60\nregistry FR weight 7"));
	assert_int_equal(policy_weight_of(&policy, view_text("IN")), 10);
	assert_int_equal(policy_weight_of(&policy, view_text("IN.BNK.P01")), 10);
	assert_int_equal(policy_weight_of(&policy, view_text("IN.TEL.P01")), 60);
	assert_int_equal(policy_weight_of(&policy, view_text("IN.TELX")), 10);
	assert_int_equal(policy_weight_of(&policy, view_text("INX")), 0);
	assert_int_equal(policy_weight_of(&policy, view_text("")), 0);
}

static void the_brake_is_a_share_and_a_count(void **state)
{
	(void)state;
	assert_ok(parse("rule a when always then trusted\nbrake 2% or 3 devices within 10m"));
	assert_int_equal(policy.brake_within, 600000);
	assert_int_equal(policy_brake(&policy, 0), 3);
	assert_int_equal(policy_brake(&policy, 1000), 20);
	assert_int_equal(policy_brake(&policy, 12345), 246);
	assert_ok(parse("rule a when always then trusted\nbrake 0%"));
	assert_int_equal(policy_brake(&policy, 1000), 0);
}

#define GOOD "rule a when always then trusted\n"

static void a_fault_is_found_by_its_line(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{"", "no rule that holds \"always\""},
		{GOOD "rules b", "line 2: a line begins with"},
		{GOOD GOOD, "line 2: this name has another rule"},
		{GOOD "rule B when always then trusted", "a rule's name"},
		{GOOD "rule when always then trusted", "\"when\" is expected"},
		{GOOD "rule 12345678901234567890123456789012x when always then trusted",
			"32 characters"},
		{GOOD "rule b if always then trusted", "\"when\" is expected"},
		{GOOD "rule b when it rains then trusted", "no such condition"},
		{GOOD "rule b when always then", "trusted, unverified or unreliable"},
		{GOOD "rule b when always then unassigned", "trusted, unverified or unreliable"},
		{GOOD "rule b when always then trusted weight", "whole number"},
		{GOOD "rule b when always then trusted weight -1", "whole number"},
		{GOOD "rule b when always then trusted weight 1000001", "1000000"},
		{GOOD "rule b when always then trusted more", "more than a line may have"},
		{GOOD "rule b when always then trusted grace 1d", "no grace"},
		{GOOD "rule b when not confirmed then unverified grace 1", "duration"},
		{GOOD "rule b when not confirmed then unverified grace 1w", "duration"},
		{GOOD "rule b when not then unverified", "\"confirmed\" is expected"},
		{GOOD "rule b when report older than 0s then unverified", "past 0"},
		{GOOD "rule b when vulnerability awful then unverified", "critical is expected"},
		{GOOD "rule b when vulnerability high from me then unverified", "is expected"},
		{GOOD "rule b when life fast then unverified", "stolen"},
		{GOOD "rule b when decision then trusted", "\"then decided\" is expected"},
		{GOOD "rule b when word bad from weight 1 then trusted", "unreliable is expected"},
		{GOOD "registry IN", "\"weight\" is expected"},
		{GOOD "registry IN weight 1\nregistry IN weight 2", "line 3: this registry"},
		{GOOD "brake 5", "share from 0% to 100%"},
		{GOOD "brake 101%", "share from 0% to 100%"},
		{GOOD "brake 5%\nbrake 5%", "another brake"},
		{GOOD "brake 5% or 10", "\"devices\" is expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse(rows[i].text) != ERR_SYNTAX) {
			fail_msg("taken: %s", rows[i].text);
		}
		assert_said("rules: ");
		assert_said(rows[i].said);
	}
}

static void there_are_ceilings(void **state)
{
	static char text[POLICY_TEXT_MAX + 1];
	struct buf out = buf_fixed(text, sizeof(text));

	(void)state;
	for (int i = 0; i <= POLICY_RULES_MAX; i++) {
		buf_printf(&out, "rule r%d when always then trusted\n", i);
	}
	assert_err(ERR_SYNTAX, policy_parse("rules", buf_contents(&out), &policy));
	assert_said("too many rules");
	memset(text, '\n', sizeof(text));
	assert_err(ERR_RANGE, policy_parse("rules", VIEW(text), &policy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_are_read_line_by_line),
		TEST(the_default_is_complete),
		TEST(a_registry_weighs_as_its_nearest_line_says),
		TEST(the_brake_is_a_share_and_a_count),
		TEST(a_fault_is_found_by_its_line),
		TEST(there_are_ceilings),
	};

	return RUN_TESTS(tests);
}
