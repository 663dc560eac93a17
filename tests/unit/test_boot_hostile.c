// SPDX-License-Identifier: Apache-2.0
/* Nodes that are not who they say they are, or say what they should not. */
#include "rp_c_world.h"

#include "base/text.h"

/* --- the sequence number --- */

static void a_second_resynchronisation_is_refused(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	rp_c_open(&w);
	rp_c_go_ahead(&w);
	before = w.se;
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	assert_err(ERR_SYNC, rp_c_feed_text(&w, rp_c_challenge(&w)));
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
}

/* Else a node could have the secure element compute, and write, for ever. */
static void a_challenge_after_the_response_is_not_answered(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (int resynchronised = 0; resynchronised < 2; resynchronised++) {
		rp_c_open(&w);
		if (resynchronised) {
			rp_c_go_ahead(&w);
			assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
			rp_c_check_auts(&w);
		}
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		before = w.se;
		assert_err(ERR_DENIED, rp_c_feed_text(&w, rp_c_challenge(&w)));
		assert_int_equal(w.se.aka_runs, 1 + resynchronised);
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

static void a_result_before_the_response_is_refused(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	rp_c_open(&w);
	before = w.se;
	w.info = "rspauth=\"00000000000000000000000000000000\", cnonce=\"\", nc=00000001, "
		 "qop=auth-int";
	assert_err(ERR_AUTH, rp_c_feed_text(&w, rp_c_result(&w)));
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);

	rp_c_open(&w);
	rp_c_go_ahead(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	before = w.se;
	secret_wipe(&w.vector.xres); /* what a node can do that knows no RES: the empty password */
	struct digest_authorization request;
	char rspauth[DIGEST_HEX + 1];
	static char forged[256];

	rp_c_read_request(&w, &request);
	struct digest_input input = rp_c_input_of(&request, NULL, rp_c_document(&w));

	assert_ok(digest_rspauth(&input, rspauth));
	(void)snprintf(forged, sizeof(forged),
		"rspauth=\"%s\", cnonce=\"%.*s\", nc=00000001, qop=auth-int", rspauth,
		(int)request.cnonce.len, (const char *)request.cnonce.data);
	w.info = forged;
	assert_err(ERR_AUTH, rp_c_feed_text(&w, rp_c_result(&w)));
	w.vector = (struct vector){.xres = {.len = 0}};
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
}

static void a_forged_autn_is_refused(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	rp_c_open(&w);
	rp_c_run_well(&w);
	assert_ok(rp_c_begin(&w));
	before = w.se;
	w.se.key.opc.bytes[3] ^= 1; /* the node has another key */
	(void)rp_c_challenge(&w);
	w.se.key.opc.bytes[3] ^= 1;
	assert_err(ERR_AUTH, rp_c_feed_text(&w, w.answer));
	assert_said("MAC in AUTN");
	assert_memory_equal(&w.se.lasting.window, &before.lasting.window, sizeof(struct sqn_window));
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
}

/* --- the node's proof --- */

static void assert_refused_result(struct rp_c *w, enum err code)
{
	struct fake_se before;

	assert_ok(rp_c_feed_text(w, rp_c_challenge(w)));
	before = w->se;
	assert_err(code, rp_c_feed_text(w, rp_c_result(w)));
	rp_c_assert_over(w, &before);
}

/* req: B9.6.3 */
static void a_wrong_rspauth_is_refused(void **state)
{
	static const char *const infos[] = {
		"",
		"rspauth=\"00000000000000000000000000000000\"",
		"nextnonce=\"x\"",
		"rspauth=\"xyz\", cnonce=\"a\", nc=00000001, qop=auth-int",
	};
	struct rp_c w;

	(void)state;
	rp_c_open(&w);
	w.rspauth = "00000000000000000000000000000000";
	assert_refused_result(&w, ERR_AUTH);
	rp_c_close(&w);
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		rp_c_open(&w);
		w.info = infos[i];
		assert_refused_result(&w, i == 1 ? ERR_AUTH : ERR_SYNTAX);
		rp_c_close(&w);
	}
}

/* Each of rspauth's inputs, and each byte of the body, changed after the node computed it. */
static void a_changed_answer_is_refused(void **state)
{
	static const char *const spots[] = {"cnonce=\"", "nc=0", "qop=auth", "rspauth=\"", "<btid>",
		"<lifetime>", "<?"};
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (size_t i = 0; i < sizeof(spots) / sizeof(spots[0]); i++) {
		rp_c_open(&w);
		assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
		before = w.se;
		(void)rp_c_result(&w);
		char *at = strstr(w.answer, spots[i]);

		assert_non_null(at);
		at[strlen(spots[i])] ^= 1;
		enum err err = rp_c_feed_text(&w, w.answer);

		assert_true(err == ERR_AUTH || err == ERR_SYNTAX);
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

static void an_answer_without_authentication_info_is_refused(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	rp_c_open(&w);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	before = w.se;
	assert_err(ERR_AUTH, rp_c_feed_text(&w, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	assert_said("not authenticated");
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
}

/* req: B9.3-c */
static void a_btid_that_is_not_ours_is_refused(void **state)
{
	static const char *const ids[] = {
		("AAAAAAAAAAAAAAAAAAAAAA==@" NODE),
		"AAAAAAAAAAAAAAAAAAAAAA==@authn2.realm.example",
		"x",
	};
	struct rp_c w;
	char other[128];
	struct buf out = buf_fixed(other, sizeof(other));

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		rp_c_open(&w);
		w.btid = ids[i];
		assert_refused_result(&w, ERR_AUTH);
		rp_c_close(&w);
	}
	rp_c_open(&w); /* our RAND, another node's name */
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	text_base64(&out, VIEW(w.vector.rand));
	buf_text(&out, "@authn2.realm.example");
	buf_u8(&out, 0);
	w.btid = other;
	assert_err(ERR_AUTH, rp_c_feed_text(&w, rp_c_result(&w)));
	assert_said("B-TID");
	rp_c_close(&w);
}

static void a_token_that_has_expired_replaces_nothing(void **state)
{
	struct rp_c w;

	(void)state;
	rp_c_open(&w);
	rp_c_run_well(&w);
	assert_ok(rp_c_begin(&w));
	w.lifetime = env_wall(&w.env.env);
	assert_refused_result(&w, ERR_EXPIRED);
	rp_c_close(&w);
}

/* An answer to one run is none to another. */
static void answers_of_an_earlier_run_are_refused(void **state)
{
	static char old_challenge[4096], old_result[4096];
	struct rp_c w;
	struct digest_authorization request;

	(void)state;
	rp_c_open(&w);
	(void)snprintf(old_challenge, sizeof(old_challenge), "%s", rp_c_challenge(&w));
	assert_ok(rp_c_feed_text(&w, old_challenge));
	(void)snprintf(old_result, sizeof(old_result), "%s", rp_c_result(&w));
	assert_ok(rp_c_feed_text(&w, old_result));
	assert_true(symdev_boot_done(&w.boot));

	assert_ok(rp_c_begin(&w));
	assert_ok(rp_c_feed_text(&w, old_challenge)); /* its SQN is spent */
	rp_c_read_request(&w, &request);
	assert_true(request.has_auts);
	assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
	assert_err(ERR_AUTH, rp_c_feed_text(&w, old_result));
	rp_c_close(&w);
}

/* --- challenges that are not the plain form's --- */

static const struct offer {
	const char *realm, *algorithm, *qop, *fields;
	enum err err;
} offers[] = {
	{.realm = "authn2.realm.example", .err = ERR_AUTH},
	{.realm = "AUTHN1.realm.example", .err = ERR_AUTH},
	{.realm = "", .err = ERR_AUTH},
	{.algorithm = "algorithm=MD5", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=SHA-256", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=MD5-sess", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=AKAv1-MD5-sess", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=AKAv2-SHA-256", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=AKAv2-MD5", .err = ERR_UNSUPPORTED},
	{.algorithm = "algorithm=MD5, algorithm=AKAv1-MD5", .err = ERR_SYNTAX},
	{.algorithm = "", .err = ERR_SYNTAX},
	{.qop = "auth", .err = ERR_SYNTAX},
	{.qop = "", .err = ERR_SYNTAX},
	{.fields = "WWW-Authenticate: Digest realm=\"" NODE
		   "\", nonce=\"x\", algorithm=MD5, qop=\"auth\"\r\n",
		.err = ERR_SYNTAX},
};

static void other_offers_are_refused(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		rp_c_open(&w);
		w.realm = offers[i].realm;
		w.algorithm = offers[i].algorithm;
		w.qop = offers[i].qop;
		w.fields = offers[i].fields;
		before = w.se;
		if (rp_c_feed_text(&w, rp_c_challenge(&w)) != offers[i].err) {
			fail_msg("offer %zu: %s", i, err_detail());
		}
		assert_int_equal(w.se.aka_runs, 0);
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

static void malformed_challenges_are_refused(void **state)
{
	static const char *const fields[] = {
		"WWW-Authenticate: Basic realm=\"" NODE "\"\r\n",
		"WWW-Authenticate: Digest\r\n",
		"WWW-Authenticate: Digest realm=\"" NODE
		"\", nonce=\"AAAA\", algorithm=AKAv1-MD5, qop=\"auth-int\"\r\n",
		"WWW-Authenticate: Digest realm=\"" NODE
		"\", nonce=\"I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7MA\", algorithm=AKAv1-MD5, "
		"qop=\"auth-int\"\r\n",
		"WWW-Authenticate: Digest realm=\"" NODE
		"\", nonce=\"not base64 ------------------------------\", algorithm=AKAv1-MD5, "
		"qop=\"auth-int\"\r\n",
		"",
	};
	struct rp_c w;
	struct fake_se before;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		rp_c_open(&w);
		before = w.se;
		(void)snprintf(text, sizeof(text), "HTTP/1.1 401 U\r\n%sContent-Length: 0\r\n\r\n",
			fields[i]);
		enum err err = rp_c_feed_text(&w, text);

		assert_true(err == ERR_SYNTAX || err == ERR_RANGE || err == ERR_DENIED);
		assert_int_equal(w.se.aka_runs, 0);
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}
}

/* --- refusals, and how connections end --- */

static void refusals_say_what_to_do(void **state)
{
	static const struct {
		unsigned status;
		enum err err;
	} refusals[] = {
		{400, ERR_CONFLICT},
		{403, ERR_DENIED},
		{404, ERR_UNSUPPORTED},
		{408, ERR_UNAVAILABLE},
		{429, ERR_UNAVAILABLE},
		{431, ERR_UNSUPPORTED},
		{500, ERR_UNAVAILABLE},
		{501, ERR_UNSUPPORTED},
		{503, ERR_UNAVAILABLE},
		{302, ERR_UNSUPPORTED},
		{101, ERR_UNSUPPORTED},
		{204, ERR_UNSUPPORTED},
	};
	struct rp_c w;
	struct fake_se before;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		for (int second = 0; second < 2; second++) {
			rp_c_open(&w);
			if (second) {
				assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
			}
			before = w.se;
			(void)snprintf(text, sizeof(text),
				"HTTP/1.1 %u No\r\nContent-Length: 50000\r\n\r\n{",
				refusals[i].status);
			assert_err(refusals[i].err, rp_c_feed_text(&w, text));
			rp_c_assert_over(&w, &before);
			rp_c_close(&w);
		}
	}
}

static void an_endless_answer_is_cut_off(void **state)
{
	static char text[SYMDEV_INPUT + 2];
	struct rp_c w;
	struct fake_se before;

	(void)state;
	rp_c_open(&w);
	before = w.se;
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "HTTP/1.1 401 U\r\nX: ", 19);
	w.piece = 1000;
	assert_err(ERR_RANGE, rp_c_feed_text(&w, text));
	assert_said("8192");
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);
}

/* req: B9.3-a */
static void closed_anywhere_before_the_end_nothing_is_kept(void **state)
{
	struct rp_c w;
	struct fake_se before;

	(void)state;
	for (int second = 0; second < 2; second++) {
		for (size_t cut = 0;; cut += 13) {
			rp_c_open(&w);
			if (second) {
				assert_ok(rp_c_feed_text(&w, rp_c_challenge(&w)));
			}
			const char *text = second ? rp_c_result(&w) : rp_c_challenge(&w);

			if (cut >= strlen(text)) {
				rp_c_close(&w);
				break;
			}
			before = w.se;
			assert_ok(rp_c_feed(&w, view_of(text, cut)));
			assert_err(ERR_CLOSED, symdev_boot_closed(&w.boot));
			rp_c_assert_over(&w, &before);
			rp_c_close(&w);
		}
	}
}

static void answers_that_nobody_asked_for_are_refused(void **state)
{
	struct rp_c w;
	static char two[2 * sizeof(w.answer)];
	struct fake_se before;

	(void)state;
	rp_c_open(&w); /* twice */
	before = w.se;
	(void)snprintf(two, sizeof(two), "%s%s", rp_c_challenge(&w), w.answer);
	assert_err(ERR_SYNTAX, rp_c_feed_text(&w, two));
	rp_c_assert_over(&w, &before);
	rp_c_close(&w);

	for (size_t sent = 0; sent < 10; sent += 5) {
		rp_c_open(&w); /* before the request, or before the whole of it */
		before = w.se;
		(void)rp_c_challenge(&w);
		symdev_boot_sent(&w.boot, sent);
		assert_err(ERR_SYNTAX, symdev_boot_input(&w.boot, view_text(w.answer)));
		rp_c_assert_over(&w, &before);
		rp_c_close(&w);
	}

	rp_c_open(&w); /* but a refusal may come early */
	symdev_boot_sent(&w.boot, 5);
	assert_err(ERR_UNAVAILABLE,
		symdev_boot_input(&w.boot, view_text("HTTP/1.1 503 S\r\n\r\n")));
	rp_c_close(&w);

	rp_c_open(&w); /* after the end */
	rp_c_run_well(&w);
	assert_err(ERR_WRONG_STATE, rp_c_feed_text(&w, "HTTP/1.1 200 OK\r\n\r\n"));
	assert_true(symdev_boot_done(&w.boot));
	rp_c_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_resynchronisation_is_refused),
		TEST(a_challenge_after_the_response_is_not_answered),
		TEST(a_result_before_the_response_is_refused),
		TEST(a_forged_autn_is_refused),
		TEST(a_wrong_rspauth_is_refused),
		TEST(a_changed_answer_is_refused),
		TEST(an_answer_without_authentication_info_is_refused),
		TEST(a_btid_that_is_not_ours_is_refused),
		TEST(a_token_that_has_expired_replaces_nothing),
		TEST(answers_of_an_earlier_run_are_refused),
		TEST(other_offers_are_refused),
		TEST(malformed_challenges_are_refused),
		TEST(refusals_say_what_to_do),
		TEST(an_endless_answer_is_cut_off),
		TEST(closed_anywhere_before_the_end_nothing_is_kept),
		TEST(answers_that_nobody_asked_for_are_refused),
	};
	return RUN_TESTS(tests);
}
