// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "core/degree.h"

static const struct degree_key milenage = {"aka", "milenage", 128},
			       rsa = {"certificate", "rsa", 112}, unknown = {"aka", "", 128};

/* req: B8.4-a */
static void nothing_asked_is_met_by_all(void **state)
{
	const struct degree_need none = {.strength = 0};

	(void)state;
	assert_ok(degree_check("degree basic", &none, &milenage));
	assert_ok(degree_check("degree basic", &none, &rsa));
	assert_ok(degree_check("degree basic", &none, &unknown));
}

/* req: B8.4-a */
static void what_is_weaker_is_refused_with_the_reason(void **state)
{
	static const struct {
		struct degree_need need;
		const struct degree_key *key;
		const char *said; /* NULL: met */
	} cases[] = {
		{{.strength = 128}, &milenage, NULL},
		{{.strength = 128},
			&rsa, "8.4: degree high asks for a key of 128 bits of security, and this has 112"},
		{{.strength = 129}, &milenage, "129 bits"},
		{{.mechanisms = "certificate"}, &milenage, "asks for certificate, and this is aka"},
		{{.mechanisms = "certificate aka"}, &milenage, NULL},
		{{.algorithms = "tuak p-256"}, &milenage,
			"a key of tuak p-256, and this is milenage"},
		{{.algorithms = "tuak milenage"}, &milenage, NULL},
		{{.algorithms = "milenage"}, &unknown, "and this is not known"},
		{{.algorithms = "milenages"}, &milenage, "and this is milenage"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum err err = degree_check("degree high", &cases[i].need, cases[i].key);

		assert_int_equal(err, cases[i].said ? ERR_DENIED : OK);
		if (cases[i].said) {
			assert_said(cases[i].said);
		}
	}
}

static void words_are_those_that_there_are(void **state)
{
	(void)state;
	assert_ok(degree_check_mechanisms(""));
	assert_ok(degree_check_mechanisms("aka certificate"));
	assert_ok(degree_check_algorithms(" p-256  ed25519 "));
	assert_err(ERR_SYNTAX, degree_check_mechanisms("aka,certificate"));
	assert_err(ERR_SYNTAX, degree_check_algorithms("p-256 des"));
	assert_said("milenage tuak");
	assert_err(ERR_SYNTAX, degree_check_algorithms("a-word-that-is-far-too-long-to-be-one"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_asked_is_met_by_all),
		TEST(what_is_weaker_is_refused_with_the_reason),
		TEST(words_are_those_that_there_are),
	};

	return RUN_TESTS(tests);
}
