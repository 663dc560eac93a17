// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "fake_env.h"
#include "gateway/nonces.h"
#include <string.h>

enum { LIFE = 10000, TRACKED = 4 };

static struct fake_env env;

static int open_nonces(void **state)
{
	env = fake_env_of(1);
	return nonces_new(&env.env, LIFE, TRACKED, (struct nonces **)state) == OK ? 0 : -1;
}

static int close_nonces(void **state)
{
	nonces_free(*state);
	return 0;
}

static struct view space(void)
{
	return view_text("3GPP-bootstrapping@app.example");
}

static void is_good_for_its_life(void **state)
{
	char nonce[NONCE_TEXT], other[NONCE_TEXT];

	assert_ok(nonce_make(*state, space(), 1000, nonce));
	assert_ok(nonce_make(*state, space(), 1000, other));
	assert_string_not_equal(nonce, other);
	assert_int_equal(strlen(nonce), NONCE_TEXT - 1);
	assert_ok(nonce_check(*state, view_text(nonce), space(), 1000));
	assert_ok(nonce_check(*state, view_text(nonce), space(), 1000 + LIFE - 1));
	assert_err(ERR_EXPIRED, nonce_check(*state, view_text(nonce), space(), 1000 + LIFE));
}

static void is_of_one_space_and_process(void **state)
{
	char nonce[NONCE_TEXT] = "";
	struct nonces *others;

	assert_ok(nonce_make(*state, space(), 0, nonce));
	assert_err(ERR_AUTH, nonce_check(*state, view_text(nonce),
				     view_text("3GPP-bootstrapping@other.example"), 0));
	assert_ok(nonces_new(&env_system, LIFE, TRACKED, &others));
	assert_err(ERR_AUTH, nonce_check(others, view_text(nonce), space(), 0));
	nonces_free(others);
}

/* Any bit changed, its time above all. */
static void cannot_be_made_elsewhere(void **state)
{
	char nonce[NONCE_TEXT] = "";

	assert_ok(nonce_make(*state, space(), 5, nonce));
	for (size_t i = 0; i < NONCE_TEXT - 1; i++) {
		char was = nonce[i];

		nonce[i] = was == 'A' ? 'B' : 'A';
		assert_err(ERR_AUTH, nonce_check(*state, view_text(nonce), space(), 5));
		nonce[i] = was;
	}
	assert_err(ERR_AUTH, nonce_check(*state, view_of(nonce, 42), space(), 5));
	assert_err(ERR_AUTH, nonce_check(*state, view_text(""), space(), 5));
	assert_err(ERR_AUTH, nonce_check(*state, view_text("{}"), space(), 5));
}

/* req: B9.6.4-c */
static void a_count_is_taken_once(void **state)
{
	char nonce[NONCE_TEXT] = "";
	struct view n = view_of(nonce, NONCE_TEXT - 1);

	assert_ok(nonce_make(*state, space(), 0, nonce));
	assert_ok(nonce_use(*state, n, 1, 0));
	assert_err(ERR_REPLAY, nonce_use(*state, n, 1, 0));
	assert_ok(nonce_use(*state, n, 3, 0));
	assert_ok(nonce_use(*state, n, 2, 0)); /* in another order */
	assert_err(ERR_REPLAY, nonce_use(*state, n, 2, 0));
	assert_ok(nonce_use(*state, n, 100, 0));
	assert_err(ERR_REPLAY, nonce_use(*state, n, 36, 0)); /* 64 behind: nobody knows any more */
	assert_ok(nonce_use(*state, n, 37, 0));
	assert_err(ERR_REPLAY, nonce_use(*state, n, 37, 0));
	assert_ok(nonce_use(*state, n, UINT32_MAX, 0));
	assert_err(ERR_REPLAY, nonce_use(*state, n, UINT32_MAX, 0));
	assert_err(ERR_REPLAY, nonce_use(*state, n, 0, 0));
}

/* However many are used, what was forgotten is refused, and not taken for new. */
static void what_is_forgotten_is_refused(void **state)
{
	char nonces[TRACKED + 1][NONCE_TEXT], young[NONCE_TEXT];

	for (int i = 0; i <= TRACKED; i++) {
		assert_ok(nonce_make(*state, space(), 100 + i, nonces[i]));
		assert_ok(nonce_use(*state, view_text(nonces[i]), 1, 200));
	}
	assert_err(ERR_EXPIRED, nonce_use(*state, view_text(nonces[0]), 1, 200));
	assert_err(ERR_EXPIRED, nonce_use(*state, view_text(nonces[0]), 2, 200));
	assert_ok(nonce_use(*state, view_text(nonces[TRACKED]), 2, 200));
	assert_ok(nonce_make(*state, space(), 200, young));
	assert_ok(nonce_use(*state, view_text(young), 1, 200));
}

/* Those that are too old anyway make room without harm. */
static void the_aged_make_room(void **state)
{
	char nonce[NONCE_TEXT], young[NONCE_TEXT];

	for (int i = 0; i < 10 * TRACKED; i++) {
		assert_ok(nonce_make(*state, space(), i * LIFE, nonce));
		assert_ok(nonce_make(*state, space(), i * LIFE, young));
		assert_ok(nonce_use(*state, view_text(nonce), 1, i * LIFE));
		assert_ok(nonce_use(*state, view_text(young), 1, i * LIFE));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_good_for_its_life, open_nonces, close_nonces),
		cmocka_unit_test_setup_teardown(is_of_one_space_and_process, open_nonces,
			close_nonces),
		cmocka_unit_test_setup_teardown(cannot_be_made_elsewhere, open_nonces, close_nonces),
		cmocka_unit_test_setup_teardown(a_count_is_taken_once, open_nonces, close_nonces),
		cmocka_unit_test_setup_teardown(what_is_forgotten_is_refused, open_nonces,
			close_nonces),
		cmocka_unit_test_setup_teardown(the_aged_make_room, open_nonces, close_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
