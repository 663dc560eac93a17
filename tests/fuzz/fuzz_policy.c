// SPDX-License-Identifier: Apache-2.0
/* Files of rules: what is taken has one rule that always holds, and stays within its limits. */
#include "fuzz.h"

#include "wire/policy.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	bool always = false;

	if (policy_parse("policy", view_of(data, size), &policy) != OK) {
		return 0;
	}
	for (size_t i = 0; i < policy.rule_count; i++) {
		const struct policy_rule *rule = &policy.rules[i];

		always |= rule->condition == POLICY_ALWAYS;
		if (rule->name[0] == '\0' || rule->grace < 0 || rule->weight < 0 ||
			rule->then > TRUST_UNVERIFIED) {
			abort();
		}
	}
	if (!always || policy_brake(&policy, INT64_MAX / 1000) < 0) {
		abort();
	}
	(void)policy_weight_of(&policy, view_of(data, size));
	return 0;
}
