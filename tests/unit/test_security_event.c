// SPDX-License-Identifier: Apache-2.0
/* Security event tokens, written and read back; what is none.  req: R7-iv-e */
#include "test.h"

#include "wire/security_event.h"

#define AUD "https://fleet.example/events"

struct world {
	struct jose_key *key, *other;
};

static int setup(void **state)
{
	static struct world w;

	assert_ok(jose_key_make(JOSE_ES256, &w.key));
	assert_ok(jose_key_make(JOSE_EDDSA, &w.other));
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	jose_key_free(w->key);
	jose_key_free(w->other);
	return 0;
}

static struct security_event sample(const struct security_event_part *parts, size_t count)
{
	return (struct security_event){
		.iss = view_text("IN.TEL.P01"),
		.aud = view_text(AUD),
		.jti = view_text("s1.42"),
		.txn = view_text("IN.TEL.P01/7"),
		.iat = 1767225600,
		.parts = parts,
		.count = count,
	};
}

static enum err read(const struct jose_key *key, struct view jws, struct security_event_read *ret)
{
	return security_event_read(&key, 1, view_text(AUD), jws, ret);
}

static void a_token_is_read_as_it_was_written(void **state)
{
	const struct security_event_part parts[] = {
		{view_text("status_changed"), view_text("{\"trust\":\"unreliable\"}")},
		{view_text("digest"), view_text("{\"count\":2}")},
	};
	struct world *w = *state;
	struct security_event event = sample(parts, 2);
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct security_event_read got = {.iat = 0};
	struct view trust;
	int64_t count;

	assert_ok(security_event_sign(w->key, &event, &jws));
	assert_ok(read(w->key, buf_contents(&jws), &got));
	assert_view(got.iss, "IN.TEL.P01");
	assert_view(got.jti, "s1.42");
	assert_view(got.txn, "IN.TEL.P01/7");
	assert_int_equal(got.iat, 1767225600);
	assert_ok(json_text(json_member(got.events, SECURITY_EVENT_PREFIX "status_changed"),
		"trust", &trust));
	assert_view(trust, "unreliable");
	assert_ok(json_int(json_member(got.events, SECURITY_EVENT_PREFIX "digest"), "count", 0, 9,
		&count));
	assert_int_equal(count, 2);
	security_event_free(&got);
}

static void what_is_not_for_us_or_not_theirs_is_refused(void **state)
{
	const struct security_event_part part = {view_text("x"), view_text("{}")};
	struct world *w = *state;
	struct security_event event = sample(&part, 1);
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct security_event_read got = {.iat = 0};

	event.aud = view_text("https://other.example/");
	assert_ok(security_event_sign(w->key, &event, &jws));
	assert_err(ERR_AUTH, read(w->key, buf_contents(&jws), &got));
	assert_said("somebody else");
	buf_clear(&jws);
	event.aud = view_text(AUD);
	assert_ok(security_event_sign(w->other, &event, &jws));
	assert_err(ERR_UNSUPPORTED, read(w->key, buf_contents(&jws), &got));
	buf_clear(&jws);
	assert_ok(security_event_sign(w->key, &event, &jws));
	jws.data[jws.len / 2] ^= 1;
	assert_int_not_equal(read(w->key, buf_contents(&jws), &got), OK);
	assert_null(got.document);
}

/* Signed by the right key, and yet no security event token. */
static void what_is_no_such_token_is_refused(void **state)
{
	static const struct {
		const char *payload;
		enum err err;
	} rows[] = {
		{"[]", ERR_SYNTAX},
		{"{}", ERR_AUTH},
		{"{\"aud\":[\"x\"]}", ERR_AUTH},
		{"{\"aud\":[1,\"" AUD "\"]}", ERR_SYNTAX},
		{"{\"aud\":\"" AUD "\",\"iss\":\"i\",\"iat\":1,\"events\":{}}", ERR_SYNTAX},
		{"{\"aud\":\"" AUD "\",\"iss\":\"i\",\"jti\":\"\",\"iat\":1,\"events\":{}}",
			ERR_RANGE},
		{"{\"aud\":\"" AUD "\",\"iss\":\"i\",\"jti\":\"j\",\"iat\":-1,\"events\":{}}",
			ERR_RANGE},
		{"{\"aud\":\"" AUD "\",\"iss\":\"i\",\"jti\":\"j\",\"iat\":1,\"events\":[]}",
			ERR_SYNTAX},
		{"{\"aud\":\"" AUD
		 "\",\"iss\":\"i\",\"jti\":\"j\",\"iat\":1,\"txn\":1,\"events\":{}}",
			ERR_SYNTAX},
		{"{\"aud\":\"" AUD "\",\"iss\":\"i\",\"jti\":\"\\u00e9\",\"iat\":1,\"events\":{}}",
			ERR_SYNTAX},
		{"{\"aud\":[\"x\",\"" AUD
		 "\"],\"iss\":\"i\",\"jti\":\"j\",\"iat\":1,\"events\":{}}",
			OK},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
		struct security_event_read got = {.iat = 0};

		assert_ok(jose_sign(w->key, SECURITY_EVENT_TYP, view_text(rows[i].payload), &jws));
		assert_err(rows[i].err, read(w->key, buf_contents(&jws), &got));
		security_event_free(&got);
	}
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct security_event_read got = {.iat = 0};

	assert_ok(jose_sign(w->key, "JWT", view_text("{}"), &jws)); /* RFC 8417 2.3: another typ */
	assert_err(ERR_AUTH, read(w->key, buf_contents(&jws), &got));
}

static void what_cannot_be_told_is_not(void **state)
{
	const struct security_event_part good = {view_text("x"), view_text("{}")},
					 array = {view_text("x"), view_text("[]")},
					 broken = {view_text("x"), view_text("{")};
	struct world *w = *state;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	struct security_event none = sample(&good, 0),
			      many = sample(&good, SECURITY_EVENT_PARTS + 1);
	struct security_event no_object = sample(&array, 1), no_json = sample(&broken, 1);
	struct security_event nobody = sample(&good, 1), odd = nobody;

	nobody.aud = view_text("");
	odd.jti = view_text("a\nb");
	assert_err(ERR_RANGE, security_event_sign(w->key, &none, &jws));
	assert_err(ERR_RANGE, security_event_sign(w->key, &many, &jws));
	assert_err(ERR_SYNTAX, security_event_sign(w->key, &no_object, &jws));
	assert_err(ERR_SYNTAX, security_event_sign(w->key, &no_json, &jws));
	assert_err(ERR_RANGE, security_event_sign(w->key, &nobody, &jws));
	assert_err(ERR_SYNTAX, security_event_sign(w->key, &odd, &jws));
	assert_int_equal(jws.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_read_as_it_was_written),
		TEST(what_is_not_for_us_or_not_theirs_is_refused),
		TEST(what_is_no_such_token_is_refused),
		TEST(what_cannot_be_told_is_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
