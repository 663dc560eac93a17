// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "device/symdev_renewal.h"
#include "fake_env.h"

enum { LIFE = 3600 };

struct world {
	struct fake_env env;
	struct symdev_renewal r;
	struct symdev_token token;
};

/* Token number `n`, made now. */
static void new_token(struct world *w, uint8_t n)
{
	w->token = (struct symdev_token){.from = env_wall(&w->env.env)};
	w->token.until = w->token.from + LIFE;
	memset(w->token.rand, n, RAND_SIZE);
	(void)snprintf(w->token.id, sizeof(w->token.id), "token%u@authn1.realm.example", n);
	symdev_renewal_token(&w->r, &w->token);
}

static void open_world(struct world *w)
{
	w->env = fake_env_of(7);
	symdev_renewal_begin(&w->r, &w->env.env);
}

static int64_t wait_ms(struct world *w)
{
	return symdev_renewal_wait_ms(&w->r);
}

static bool refused(struct world *w, const char *id)
{
	return symdev_renewal_signal(&w->r, SYMDEV_TOKEN_REQUIRED, id);
}

/* --- signals --- */

/* req: B9.5-b */
static void every_carrier_gives_the_same_event(void **state)
{
	static const struct {
		unsigned status;
		const char *field;
		enum symdev_event event;
	} answers[] = {
		{401,
			"Digest realm=\"3GPP-bootstrapping@app.example\", nonce=\"x\", "
			"algorithm=SHA-256, qop=\"auth-int\", stale=true",
			SYMDEV_NEW_TOKEN_REQUIRED},
		{401,
			"Digest realm=\"3GPP-bootstrapping@app.example\", nonce=\"x\", "
			"algorithm=MD5, qop=\"auth\", stale=FALSE",
			SYMDEV_TOKEN_REQUIRED},
		{401, "Digest realm=\"3gpp-Bootstrapping@APP.example\"", SYMDEV_TOKEN_REQUIRED},
		{401, "Digest realm=\"3GPP-bootstrapping@other.example\", stale=true",
			SYMDEV_NO_EVENT},
		{401, "Digest realm=\"3GPP-bootstrapping@app.example.evil\"", SYMDEV_NO_EVENT},
		{401, "Digest realm=\"3GPP-bootstrapping@\"", SYMDEV_NO_EVENT},
		{401, "Digest realm=\"app.example\", stale=true", SYMDEV_NO_EVENT},
		{401, "Basic realm=\"3GPP-bootstrapping@app.example\"", SYMDEV_NO_EVENT},
		{401, "Digest", SYMDEV_NO_EVENT},
		{401, "", SYMDEV_NO_EVENT},
		{403, "Digest realm=\"3GPP-bootstrapping@app.example\"", SYMDEV_NO_EVENT},
		{200, "Digest realm=\"3GPP-bootstrapping@app.example\"", SYMDEV_NO_EVENT},
	};
	struct world w;
	struct ident application;

	(void)state;
	open_world(&w);
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &application));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		assert_int_equal(answers[i].event,
			symdev_signal_http(answers[i].status, view_text(answers[i].field),
				&application));
	}
	for (unsigned alert = 0; alert < 256; alert++) {
		bool means =
			alert == 115 || alert == 51 || alert == 40 || alert == 47 || alert == 20;

		assert_int_equal(means ? SYMDEV_TOKEN_REQUIRED : SYMDEV_NO_EVENT,
			symdev_signal_tls_alert(alert));
	}
	assert_int_equal(SYMDEV_TOKEN_REQUIRED, symdev_signal_coap(0x81));
	assert_int_equal(SYMDEV_NO_EVENT, symdev_signal_coap(0x45));
	new_token(&w, 1);
	assert_int_equal(SYMDEV_NO_EVENT, symdev_signal_closed(&w.token, w.token.until - 1));
	assert_int_equal(SYMDEV_NEW_TOKEN_REQUIRED, symdev_signal_closed(&w.token, w.token.until));
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("onem2m:R01.com.example.app"),
		&application));
	assert_int_equal(SYMDEV_NO_EVENT,
		symdev_signal_http(401, view_text("Digest realm=\"3GPP-bootstrapping@\""),
			&application));
}

/* --- planned renewal --- */

/* req: B7.2-d B9.3-c */
static void a_token_is_renewed_before_it_ends_and_used_until_then(void **state)
{
	struct world w;
	int64_t least = LIFE, most = 0;

	(void)state;
	open_world(&w);
	assert_int_equal(wait_ms(&w), 0); /* there is none */
	assert_false(symdev_renewal_usable(&w.r));
	for (unsigned n = 0; n < 256; n++) {
		new_token(&w, (uint8_t)n);
		int64_t at = wait_ms(&w) / 1000;

		least = at < least ? at : least;
		most = at > most ? at : most;
	}
	assert_int_equal(least, LIFE * 80 / 100); /* spread, not all devices at once */
	assert_int_equal(most, LIFE * 90 / 100);
	new_token(&w, 0);
	fake_env_advance(&w.env, least * 1000);
	assert_int_equal(wait_ms(&w), 0);
	symdev_renewal_started(&w.r);
	assert_int_equal(wait_ms(&w), -1);
	assert_true(symdev_renewal_usable(&w.r));
	symdev_renewal_failed(&w.r, ERR_UNAVAILABLE, 0);
	assert_true(symdev_renewal_usable(&w.r)); /* the old one works on */
	assert_true(wait_ms(&w) > 0);
	fake_env_advance(&w.env, wait_ms(&w));
	symdev_renewal_started(&w.r);
	new_token(&w, 1);
	assert_true(wait_ms(&w) >= least * 1000);
	assert_true(refused(&w, w.token.id)); /* and is believed at once */
	assert_int_equal(wait_ms(&w), 0);
	fake_env_advance(&w.env, (LIFE + 1) * 1000);
	assert_false(symdev_renewal_usable(&w.r));
}

/* --- renewal on demand --- */

/* req: B9.5-b */
static void the_first_demand_is_followed_at_once_the_next_ones_ever_later(void **state)
{
	struct world w;
	int64_t at = 0, before = 0;

	(void)state;
	open_world(&w);
	new_token(&w, 0);
	symdev_renewal_works(&w.r);
	assert_true(refused(&w, w.token.id));
	assert_int_equal(wait_ms(&w), 0);
	for (unsigned n = 1; n < 16; n++) { /* every new token is refused too */
		symdev_renewal_started(&w.r);
		new_token(&w, (uint8_t)n);
		assert_true(symdev_renewal_usable(&w.r));
		assert_true(refused(&w, w.token.id));
		assert_false(symdev_renewal_usable(&w.r));
		at = wait_ms(&w);
		int64_t most = INT64_C(1000) * (2 << (n - 1));

		most = most < 3600 * 1000 ? most : 3600 * 1000;
		assert_in_range(at, most / 2, most);
		assert_true(at >= before || most == 3600 * 1000);
		before = at;
		fake_env_advance(&w.env, at);
		assert_int_equal(wait_ms(&w), 0);
	}
	symdev_renewal_started(&w.r);
	new_token(&w, 99);
	symdev_renewal_works(&w.r); /* that resets it */
	assert_true(refused(&w, w.token.id));
	assert_int_equal(wait_ms(&w), 0);
}

/* Of many connections with the same token all are refused; one bootstrap is enough. */
static void what_is_said_of_an_older_token_asks_for_nothing(void **state)
{
	struct world w;
	char old[TOKEN_ID_MAX + 1];

	(void)state;
	open_world(&w);
	new_token(&w, 1);
	(void)snprintf(old, sizeof(old), "%s", w.token.id);
	assert_true(refused(&w, old));
	assert_true(refused(&w, old));
	symdev_renewal_started(&w.r);
	assert_true(refused(&w, old));
	assert_int_equal(wait_ms(&w), -1);
	new_token(&w, 2);
	assert_false(refused(&w, old));
	assert_true(symdev_renewal_usable(&w.r));
	assert_false(symdev_renewal_signal(&w.r, SYMDEV_NO_EVENT, w.token.id));
	assert_true(wait_ms(&w) > 1000 * 1000);
}

static void a_node_may_ask_for_patience(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	symdev_renewal_started(&w.r);
	symdev_renewal_failed(&w.r, ERR_UNAVAILABLE, 100);
	assert_int_equal(wait_ms(&w), 100 * 1000);
}

static void a_forgotten_challenge_is_asked_for_once_more_at_once(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	symdev_renewal_started(&w.r);
	symdev_renewal_failed(&w.r, ERR_CONFLICT, 0);
	assert_int_equal(wait_ms(&w), 0);
	symdev_renewal_started(&w.r);
	symdev_renewal_failed(&w.r, ERR_CONFLICT, 0);
	assert_true(wait_ms(&w) > 0);
}

/* A clock that jumps back must not stop renewals on demand, nor one that jumps ahead start a storm. */
static void the_wall_clock_may_jump(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	new_token(&w, 1);
	assert_true(refused(&w, w.token.id));
	symdev_renewal_started(&w.r);
	symdev_renewal_failed(&w.r, ERR_CLOSED, 0);
	w.env.wall_ms -= 86400 * 1000;
	assert_in_range(wait_ms(&w), 1000, 2000);
	w.env.wall_ms += 10 * 86400 * (int64_t)1000;
	assert_in_range(wait_ms(&w), 1000, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_carrier_gives_the_same_event),
		TEST(a_token_is_renewed_before_it_ends_and_used_until_then),
		TEST(the_first_demand_is_followed_at_once_the_next_ones_ever_later),
		TEST(what_is_said_of_an_older_token_asks_for_nothing),
		TEST(a_node_may_ask_for_patience),
		TEST(a_forgotten_challenge_is_asked_for_once_more_at_once),
		TEST(the_wall_clock_may_jump),
	};
	return RUN_TESTS(tests);
}
