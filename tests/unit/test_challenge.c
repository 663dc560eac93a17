// SPDX-License-Identifier: Apache-2.0
/* req: R9.3-iii */
#include "test.h"

#include "wire/challenge.h"

enum { LIFETIME = 60000, CEILING = 4 };

static struct challenges *new_challenges(void)
{
	struct challenges *c = NULL;

	assert_ok(challenges_new(&env_system, LIFETIME, CEILING, &c));
	return c;
}

static void a_challenge_is_good_once_and_for_its_time(void **state)
{
	struct challenges *c = new_challenges();
	char first[CHALLENGE_TEXT], second[CHALLENGE_TEXT];

	(void)state;
	assert_ok(challenge_make(c, 1000, first));
	assert_ok(challenge_make(c, 1000, second));
	assert_string_not_equal(first, second);
	assert_ok(challenge_use(c, view_text(first), 1000 + LIFETIME));
	assert_err(ERR_REPLAY, challenge_use(c, view_text(first), 1000 + LIFETIME));
	assert_err(ERR_EXPIRED, challenge_use(c, view_text(second), 1001 + LIFETIME));
	challenges_free(c);
}

/* However the turns of what is remembered fall. */
static void a_used_one_is_remembered_as_long_as_it_is_young(void **state)
{
	struct challenges *c = new_challenges();

	(void)state;
	for (int64_t start = 0; start < 10 * LIFETIME; start += LIFETIME / 7) {
		char nonce[CHALLENGE_TEXT];

		assert_ok(challenge_make(c, start, nonce));
		if (start % (LIFETIME / 7 * 4) == 0) {
			assert_ok(challenge_use(c, view_text(nonce), start));
			assert_err(ERR_REPLAY, challenge_use(c, view_text(nonce), start + LIFETIME));
		}
	}
	challenges_free(c);
}

static void what_is_nobodys_is_refused(void **state)
{
	struct challenges *c = new_challenges(), *other = new_challenges();
	char nonce[CHALLENGE_TEXT];

	(void)state;
	assert_ok(challenge_make(other, 0, nonce));
	assert_err(ERR_AUTH, challenge_use(c, view_text(nonce), 0));
	assert_err(ERR_AUTH, challenge_use(c, view_text(""), 0));
	assert_err(ERR_AUTH, challenge_use(c, view_text("AAAA"), 0));
	challenges_free(c);
	challenges_free(other);
}

static void what_cannot_be_remembered_is_not_used(void **state)
{
	struct challenges *c = new_challenges();
	char nonces[CEILING + 1][CHALLENGE_TEXT];

	(void)state;
	for (size_t i = 0; i <= CEILING; i++) {
		assert_ok(challenge_make(c, 0, nonces[i]));
	}
	for (size_t i = 0; i < CEILING; i++) {
		assert_ok(challenge_use(c, view_text(nonces[i]), 0));
	}
	assert_err(ERR_OVERLOAD, challenge_use(c, view_text(nonces[CEILING]), 0));
	assert_err(ERR_REPLAY, challenge_use(c, view_text(nonces[0]), 0));
	challenges_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_challenge_is_good_once_and_for_its_time),
		TEST(a_used_one_is_remembered_as_long_as_it_is_young),
		TEST(what_is_nobodys_is_refused),
		TEST(what_cannot_be_remembered_is_not_used),
	};

	return RUN_TESTS(tests);
}
