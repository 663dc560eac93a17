// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include "wire/jose.h"
#include "wire/json.h"

#include <stdlib.h>

#define TYP "test"

/* RFC 7515 A.3: an ES256 signature over the example payload, by this key. */
static const char rfc7515_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char rfc7515_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc7515_jws[] =
	"eyJhbGciOiJFUzI1NiJ9."
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
	"0cnVlfQ."
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/* RFC 8037 A.1, A.3, A.4 */
static const char rfc8037_x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
static const char rfc8037_thumbprint[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
static const char rfc8037_jws[] =
	"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

static struct jose_key *key_of(enum jose_algorithm algorithm, const char *x, const char *y)
{
	uint8_t bytes[JOSE_PUBLIC_MAX] = {(uint8_t)algorithm};
	size_t at = 1, len = 0;
	struct jose_key *key = NULL;

	if (y) {
		bytes[at++] = 4;
	}
	assert_ok(text_from_base64url(view_text(x), bytes + at, 32, &len, "x"));
	at += len;
	if (y) {
		assert_ok(text_from_base64url(view_text(y), bytes + at, 32, &len, "y"));
		at += len;
	}
	assert_ok(jose_key_from_public(view_of(bytes, at), &key));
	return key;
}

static enum err verify(const struct jose_key *key, const char *typ, const char *jws, struct buf *ret)
{
	return jose_verify(&key, 1, typ, view_text(jws), ret);
}

/* --- published vectors --- */

/* The examples have no typ: ours always do. */
static void published_signatures_verify_but_for_their_type(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *es256 = key_of(JOSE_ES256, rfc7515_x, rfc7515_y);
	JOSE_KEY_CLEANUP struct jose_key *eddsa = key_of(JOSE_EDDSA, rfc8037_x, NULL);
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	char thumbprint[JOSE_THUMBPRINT];

	(void)state;
	assert_ok(verify(es256, "", rfc7515_jws, &payload));
	assert_view(buf_contents(&payload), "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
					    "\"http://example.com/is_root\":true}");
	buf_clear(&payload);
	assert_ok(verify(eddsa, "", rfc8037_jws, &payload));
	assert_view(buf_contents(&payload), "Example of Ed25519 signing");
	assert_ok(jose_thumbprint(eddsa, thumbprint));
	assert_string_equal(thumbprint, rfc8037_thumbprint);
	assert_err(ERR_AUTH, verify(eddsa, TYP, rfc8037_jws, &payload));
}

/* --- our own --- */

static void make(enum jose_algorithm algorithm, struct jose_key **key, struct buf *jws,
	const char *payload)
{
	assert_ok(jose_key_make(algorithm, key));
	assert_ok(jose_sign(*key, TYP, view_text(payload), jws));
	buf_u8(jws, 0);
}

static void what_is_signed_verifies_and_nothing_else_does(void **state)
{
	(void)state;
	for (enum jose_algorithm a = JOSE_ES256; a <= JOSE_EDDSA; a++) {
		JOSE_KEY_CLEANUP struct jose_key *key = NULL;
		JOSE_KEY_CLEANUP struct jose_key *other = NULL;
		BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
		BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

		make(a, &key, &jws, "hello");
		assert_ok(verify(key, TYP, (char *)jws.data, &payload));
		assert_view(buf_contents(&payload), "hello");
		assert_ok(jose_key_make(a, &other));
		assert_err(ERR_AUTH, verify(other, TYP, (char *)jws.data, &payload));
		assert_err(ERR_AUTH, verify(key, "other", (char *)jws.data, &payload));
		for (size_t at = 0; at < jws.len - 1; at++) { /* each character changed */
			uint8_t was = jws.data[at];

			jws.data[at] = was == 'A' ? 'B' : 'A';
			if (verify(key, TYP, (char *)jws.data, &payload) == OK) {
				fail_msg("changed at %zu", at);
			}
			jws.data[at] = 0; /* and cut off there */
			if (verify(key, TYP, (char *)jws.data, &payload) == OK) {
				fail_msg("cut off at %zu", at);
			}
			jws.data[at] = was;
		}
		assert_view(buf_contents(&payload), "hello"); /* nothing was appended */
	}
}

/* The algorithm is the key's: "none", HMAC with a public key, the other curve. */
static void the_header_chooses_no_algorithm(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\",\"typ\":\"test\"}",
		"{\"alg\":\"HS256\",\"typ\":\"test\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"test\"}",
		"{\"alg\":\"ES384\",\"typ\":\"test\"}",
		"{\"alg\":\"ES256\",\"typ\":\"test\",\"crit\":[\"b64\"],\"b64\":false}",
	};
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	(void)state;
	make(JOSE_ES256, &key, &jws, "hello");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		BUF_CLEANUP struct buf forged = buf_growing(JOSE_MAX);

		text_base64url(&forged, view_text(headers[i]));
		buf_text(&forged, strchr((char *)jws.data, '.'));
		buf_u8(&forged, 0);
		assert_err(ERR_UNSUPPORTED, verify(key, TYP, (char *)forged.data, &payload));
	}
	assert_int_equal(payload.len, 0);
}

static void malformed_texts_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} texts[] = {
		{"", ERR_SYNTAX},
		{".", ERR_SYNTAX},
		{"..", ERR_AUTH},
		{"a.b", ERR_SYNTAX},
		{"e30..", ERR_AUTH},
		{"bm8.bm8.bm8", ERR_AUTH},
		{"e30=.e30.e30", ERR_SYNTAX},
		{"e30.e30.e30.e30", ERR_SYNTAX},
		{"e 0.e30.e30", ERR_SYNTAX},
	};
	static char large[JOSE_MAX + 2];
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (verify(key, TYP, texts[i].text, &payload) != texts[i].err) {
			fail_msg("%s: %s", texts[i].text, err_detail());
		}
	}
	memset(large, 'a', sizeof(large) - 1);
	assert_err(ERR_RANGE, verify(key, TYP, large, &payload));
	assert_err(ERR_RANGE, jose_sign(key, TYP, view_of(large, JOSE_PAYLOAD_MAX + 1), &payload));
}

/* Keys roll over by overlapping: any of those that are pinned may have signed. */
static void one_of_several_keys_is_enough(void **state)
{
	struct jose_key *keys[3] = {NULL};
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &keys[0]));
	assert_ok(jose_key_make(JOSE_EDDSA, &keys[1]));
	make(JOSE_ES256, &keys[2], &jws, "hello");
	jws.len--;
	assert_ok(jose_verify((const struct jose_key *const *)keys, 3, TYP, buf_contents(&jws),
		&payload));
	assert_err(ERR_AUTH, jose_verify((const struct jose_key *const *)keys, 2, TYP,
				     buf_contents(&jws), &payload));
	assert_err(ERR_UNSUPPORTED, jose_verify((const struct jose_key *const *)keys, 0, TYP,
					    buf_contents(&jws), &payload));
	for (size_t i = 0; i < 3; i++) {
		jose_key_free(keys[i]);
	}
}

/* --- keys --- */

static void through_jwk(const struct jose_key *key, struct jose_key **ret)
{
	BUF_CLEANUP struct buf text = buf_growing(1024);
	JSON_CLEANUP struct json *jwk = NULL;
	struct json_writer w = json_to(&text);

	assert_ok(jose_key_write_jwk(key, &w, NULL));
	assert_ok(json_parse(buf_contents(&text), 1024, &jwk));
	assert_ok(jose_key_from_jwk(jwk, ret));
}

static void keys_go_out_and_come_back(void **state)
{
	(void)state;
	for (enum jose_algorithm a = JOSE_ES256; a <= JOSE_EDDSA; a++) {
		for (int kind = 0; kind < 5; kind++) {
			JOSE_KEY_CLEANUP struct jose_key *key = NULL;
			JOSE_KEY_CLEANUP struct jose_key *back = NULL;
			BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
			BUF_CLEANUP struct buf bytes = buf_growing(4096);
			char thumbprint[JOSE_THUMBPRINT], same[JOSE_THUMBPRINT];

			make(a, &key, &jws, "hello");
			if (kind == 2) {
				assert_ok(jose_key_public(key, &bytes));
				assert_ok(jose_key_from_public(buf_contents(&bytes), &back));
			} else if (kind == 3) {
				assert_ok(jose_key_spki(key, &bytes));
				assert_ok(jose_key_from_spki(buf_contents(&bytes), &back));
			} else if (kind == 4) {
				through_jwk(key, &back);
			} else {
				assert_ok(jose_key_to_pem(key, kind == 1, &bytes));
				assert_ok(jose_key_from_pem(buf_contents(&bytes), &back));
			}
			assert_ok(jose_thumbprint(key, thumbprint));
			assert_ok(jose_thumbprint(back, same));
			assert_string_equal(thumbprint, same);
			buf_clear(&bytes);
			assert_ok(verify(back, TYP, (char *)jws.data, &bytes));
			assert_err(kind == 1 ? OK : ERR_NOT_FOUND,
				jose_sign(back, TYP, view_text("x"), &bytes));
			assert_err(kind == 1 ? OK : ERR_NOT_FOUND,
				jose_key_to_pem(back, true, &bytes));
		}
	}
}

static void what_is_no_jwk_of_ours_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} jwks[] = {
		{"{}", ERR_SYNTAX},
		{"{\"kty\":\"RSA\",\"crv\":\"\",\"n\":\"AQAB\"}", ERR_UNSUPPORTED},
		{"{\"kty\":\"EC\",\"crv\":\"P-384\"}", ERR_UNSUPPORTED},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}", ERR_SYNTAX},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
			ERR_SYNTAX},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":" /* not on the curve */
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
		 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
			ERR_SYNTAX},
	};
	struct jose_key *key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(jwks) / sizeof(jwks[0]); i++) {
		JSON_CLEANUP struct json *jwk = NULL;

		assert_ok(json_parse(view_text(jwks[i].text), 1024, &jwk));
		if (jose_key_from_jwk(jwk, &key) != jwks[i].err) {
			fail_msg("%s: %s", jwks[i].text, err_detail());
		}
	}
	assert_err(ERR_SYNTAX, jose_key_from_spki(view_text("0"), &key));
	assert_err(ERR_SYNTAX, jose_key_from_spki(view_text(""), &key));
}

static void what_is_no_key_of_ours_is_refused(void **state)
{
	static const char rsa[] = /* a public key of 512 bits: no secret, and of no use */
		"-----BEGIN PUBLIC KEY-----\n"
		"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
		"9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n"
		"-----END PUBLIC KEY-----\n";
	uint8_t point[JOSE_PUBLIC_MAX] = {JOSE_ES256, 4, 1, 2, 3};
	struct jose_key *key = NULL;

	(void)state;
	assert_err(ERR_UNSUPPORTED, jose_key_from_pem(view_text(rsa), &key));
	assert_err(ERR_SYNTAX, jose_key_from_pem(view_text("no key"), &key));
	assert_err(ERR_SYNTAX, jose_key_from_pem(view_text(""), &key));
	assert_err(ERR_SYNTAX, jose_key_from_public(VIEW(point), &key)); /* not on the curve */
	assert_err(ERR_SYNTAX, jose_key_from_public(view_text(""), &key));
	assert_err(ERR_SYNTAX, jose_key_from_public(view_text("\x02short"), &key));
	assert_err(ERR_SYNTAX,
		jose_key_from_public(view_text("\x03............................"), &key));
	assert_null(key);
}

/* ---- keys of whatever form ---- */

static size_t keys_in(const char *text, enum err want)
{
	struct jose_key *keys[2] = {NULL};
	size_t count = 0;

	assert_err(want, jose_keys_read(view_text(text), 2, keys, &count));
	for (size_t i = 0; i < count; i++) {
		jose_key_free(keys[i]);
	}
	return count;
}

#define JWK                                                                                        \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                              \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RSA "{\"kty\":\"RSA\",\"crv\":\"\"}"

static void keys_are_read_from_what_people_have(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	BUF_CLEANUP struct buf pem = buf_growing(4096);

	(void)state;
	assert_ok(jose_key_make(JOSE_ES256, &key));
	assert_ok(jose_key_to_pem(key, false, &pem));
	assert_int_equal(keys_in(buf_string(&pem), OK), 1);
	assert_int_equal(keys_in(JWK, OK), 1);
	assert_int_equal(keys_in("{\"keys\":[" JWK "," RSA "," JWK "]}", OK), 2);
	assert_int_equal(keys_in("{\"keys\":[" JWK "," JWK "," JWK "]}", OK), 2); /* no more room */
	assert_int_equal(keys_in("{\"keys\":[" RSA "]}", ERR_UNSUPPORTED), 0);
	assert_int_equal(keys_in("{\"keys\":1}", ERR_UNSUPPORTED), 0);
	assert_int_equal(keys_in("", ERR_SYNTAX), 0);
	assert_int_equal(keys_in("{", ERR_SYNTAX), 0);
}

/* A signature alone, as other protocols than JWS carry it. */
static void a_text_is_signed_without_a_frame(void **state)
{
	static const enum jose_algorithm algorithms[] = {JOSE_ES256, JOSE_EDDSA};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		JOSE_KEY_CLEANUP struct jose_key *key = NULL;
		uint8_t signature[JOSE_SIGNATURE];

		assert_ok(jose_key_make(algorithms[i], &key));
		assert_int_equal(jose_key_algorithm(key), algorithms[i]);
		assert_ok(jose_sign_text(key, view_text("text"), signature));
		assert_true(jose_has_signed(key, view_text("text"), signature));
		assert_false(jose_has_signed(key, view_text("Text"), signature));
		signature[40] ^= 1;
		assert_false(jose_has_signed(key, view_text("text"), signature));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(published_signatures_verify_but_for_their_type),
		TEST(what_is_signed_verifies_and_nothing_else_does),
		TEST(the_header_chooses_no_algorithm),
		TEST(malformed_texts_are_refused),
		TEST(one_of_several_keys_is_enough),
		TEST(keys_go_out_and_come_back),
		TEST(what_is_no_jwk_of_ours_is_refused),
		TEST(what_is_no_key_of_ours_is_refused),
		TEST(keys_are_read_from_what_people_have),
		TEST(a_text_is_signed_without_a_frame),
	};
	return RUN_TESTS(tests);
}
