// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/claims.h"
#include "wire/json.h"
#include "wire/verified.h"

#define NOW INT64_C(1767225600)

static struct jose_key *key, *other;
static struct ident realm, another_realm, asp, another_asp;

static int make_keys(void **state)
{
	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_make(JOSE_ES256, &other));
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &realm));
	assert_ok(ident_parse(IDENT_FQDN, view_text("other.example"), &another_realm));
	assert_ok(ident_parse(IDENT_ASP, view_text("cin:U72200KA2001PTC028000"), &asp));
	assert_ok(ident_parse(IDENT_ASP, view_text("cin:U72200KA2001PTC028001"), &another_asp));
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	jose_key_free(key);
	jose_key_free(other);
	return 0;
}

static struct verified sample(void)
{
	struct verified v = {.realm = realm,
		.asp = asp,
		.subject = "p5eud0nym",
		.id = "0123456789abcdef",
		.issued = NOW,
		.expires = NOW + 3600,
		.framework = "https://realm.example/verification",
		.level = "postpaid",
		.document = "idcard",
		.time = NOW - 86400,
		.claims = view_text("{\"name\":\"Alice\",\"address\":{\"country\":\"DE\"}}")};

	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &v.application));
	return v;
}

static enum err verify(const struct jose_key *with, const struct ident *of, const struct ident *to,
	int64_t now, struct view jwt, struct verified *ret)
{
	static uint8_t room[VERIFIED_CLAIMS];
	struct buf claims = buf_fixed(room, sizeof(room));
	const struct verified_for wanted = {of, to, now};

	return verified_verify(&with, 1, &wanted, jwt, &claims, ret);
}

/* req: B10.3 */
static void what_is_signed_is_read(void **state)
{
	BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX);
	const struct verified v = sample();
	struct verified read;

	(void)state;
	assert_ok(verified_sign(&v, key, &jwt));
	assert_ok(verify(key, &realm, &asp, NOW, buf_contents(&jwt), &read));
	assert_string_equal(read.subject, v.subject);
	assert_string_equal(read.id, v.id);
	assert_string_equal(read.framework, v.framework);
	assert_string_equal(read.level, "postpaid");
	assert_string_equal(read.document, "idcard");
	assert_string_equal(read.application.text, "app.example");
	assert_int_equal(read.time, v.time);
	assert_int_equal(read.expires, NOW + 3600);
	assert_view(read.claims, "{\"name\":\"Alice\",\"address\":{\"country\":\"DE\"}}");
}

/* Nothing granted: nothing said, of the verification either. */
static void without_claims_there_are_none(void **state)
{
	BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX), payload = buf_growing(JOSE_MAX);
	struct verified v = sample(), read;
	const struct jose_key *keys[] = {key};

	(void)state;
	v.claims = view_text("");
	assert_ok(verified_sign(&v, key, &jwt));
	assert_ok(jose_verify(keys, 1, "JWT", buf_contents(&jwt), &payload));
	assert_null(strstr(buf_string(&payload), "verified_claims"));
	assert_null(strstr(buf_string(&payload), "idcard"));
	assert_ok(verify(key, &realm, &asp, NOW, buf_contents(&jwt), &read));
	assert_int_equal(read.claims.len, 0);
}

static void of_another_realm_or_for_another_it_is_refused(void **state)
{
	BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX);
	const struct verified v = sample();
	struct verified read;

	(void)state;
	assert_ok(verified_sign(&v, key, &jwt));
	assert_err(ERR_DENIED, verify(key, &another_realm, &asp, NOW, buf_contents(&jwt), &read));
	assert_said("10.3: iss: of realm realm.example, not of other.example");
	assert_err(ERR_DENIED, verify(key, &realm, &another_asp, NOW, buf_contents(&jwt), &read));
	assert_said("10.3: aud");
	assert_err(ERR_AUTH, verify(other, &realm, &asp, NOW, buf_contents(&jwt), &read));
	assert_err(ERR_EXPIRED, verify(key, &realm, &asp, NOW + 3600, buf_contents(&jwt), &read));
	assert_said("10.3: exp");
	assert_err(ERR_EXPIRED, verify(key, &realm, &asp, NOW - 61, buf_contents(&jwt), &read));
	assert_ok(verify(key, &realm, &asp, NOW - 60, buf_contents(&jwt), &read));
	jwt.data[jwt.len / 2] ^= 1;
	assert_int_not_equal(verify(key, &realm, &asp, NOW, buf_contents(&jwt), &read), OK);
}

/* Signed by the realm all the same: a member that is missing or of another kind is named. */
static void what_is_not_as_it_must_be_is_named(void **state)
{
	static const struct {
		const char *payload, *says;
	} wrong[] = {
		{"{}", "iss"},
		{"{\"iss\":\"realm.example\"}", "aud"},
		{"{\"iss\":\"realm.example\",\"aud\":\"cin:U72200KA2001PTC028000\"}",
			"application"},
		{"{\"iss\":\"realm.example\",\"aud\":\"cin:U72200KA2001PTC028000\","
		 "\"application\":\"app.example\"}",
			"sub"},
		{"{\"iss\":\"realm.example\",\"aud\":\"cin:U72200KA2001PTC028000\","
		 "\"application\":\"app.example\",\"sub\":\"a\",\"jti\":\"b\",\"iat\":1}",
			"exp"},
		{"{\"iss\":\"realm.example\",\"aud\":\"cin:U72200KA2001PTC028000\","
		 "\"application\":\"app.example\",\"sub\":\"a\",\"jti\":\"b\",\"iat\":1,"
		 "\"exp\":4000000000,\"verified_claims\":{}}",
			"trust_framework"},
		{"{\"iss\":\"realm.example\",\"aud\":\"cin:U72200KA2001PTC028000\","
		 "\"application\":\"app.example\",\"sub\":\"a\",\"jti\":\"b\",\"iat\":1,"
		 "\"exp\":4000000000,\"verified_claims\":{\"verification\":{\"trust_framework\":"
		 "\"x\",\"assurance_level\":\"none\"}}}",
			"claims"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		BUF_CLEANUP struct buf jwt = buf_growing(JOSE_MAX);
		struct verified read;

		assert_ok(jose_sign(key, "JWT", view_text(wrong[i].payload), &jwt));
		assert_err(ERR_SYNTAX, verify(key, &realm, &asp, NOW, buf_contents(&jwt), &read));
		assert_said(wrong[i].says);
	}
}

/* req: B7.5-f */
static void granted_claims_are_told_and_no_others(void **state)
{
	JSON_CLEANUP struct json *claims = NULL;
	BUF_CLEANUP struct buf out = buf_growing(CLAIMS_MAX);
	struct json_writer w = json_to(&out);
	struct words granted;

	(void)state;
	assert_ok(json_parse(view_text("{\"email\":\"a@b.example\",\"birthdate\":\"2000-02-29\","
				       "\"address\":{\"country\":\"DE\"}}"),
		CLAIMS_MAX, &claims));
	assert_ok(claims_check(claims));
	assert_ok(words_parse(view_text("birthdate gender"), "attributes", &granted));
	json_open(&w, NULL);
	claims_put(claims, &granted, &w);
	json_close(&w);
	assert_string_equal(buf_string(&out), "{\"birthdate\":\"2000-02-29\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_signed_is_read),
		TEST(without_claims_there_are_none),
		TEST(of_another_realm_or_for_another_it_is_refused),
		TEST(what_is_not_as_it_must_be_is_named),
		TEST(granted_claims_are_told_and_no_others),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, make_keys, free_keys);
}
