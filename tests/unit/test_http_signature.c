// SPDX-License-Identifier: Apache-2.0
/* req: R9.3-iii R9.1-iv */
#include "test.h"

#include "wire/http_signature.h"

/* RFC 9421 B.1.3, B.1.4 */
static const char p256_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
			       "MHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49\n"
			       "AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM\n"
			       "4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n"
			       "-----END EC PRIVATE KEY-----\n";
static const char ed25519_pem[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
	"-----END PRIVATE KEY-----\n";

/* RFC 9421 B.2 */
#define REQUEST_DIGEST                                                                             \
	"sha-512=:WZDPaVn/"                                                                        \
	"7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
#define RESPONSE_DIGEST                                                                            \
	"sha-512=:"                                                                                \
	"mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==" \
	":"
#define CREATED 1618884473

enum { FIELDS = 8 };

struct fixture {
	struct http_field fields[FIELDS];
	struct signed_message message;
};

static void add(struct fixture *f, const char *name, const char *value)
{
	f->fields[f->message.field_count++] =
		(struct http_field){view_text(name), view_text(value)};
}

static void request(struct fixture *f)
{
	*f = (struct fixture){.message = {.method = view_text("POST"),
				      .scheme = view_text("https"),
				      .authority = view_text("Example.com:443"),
				      .target = view_text("/foo?param=Value&Pet=dog"),
				      .fields = f->fields}};
	add(f, "Host", "example.com");
	add(f, "Date", "Tue, 20 Apr 2021 02:07:55 GMT");
	add(f, "Content-Type", "application/json");
	add(f, "Content-Digest", REQUEST_DIGEST);
	add(f, "Content-Length", "18");
}

static void response(struct fixture *f)
{
	*f = (struct fixture){.message = {.status = 200, .fields = f->fields}};
	add(f, "Date", "Tue, 20 Apr 2021 02:07:56 GMT");
	add(f, "Content-Type", "application/json");
	add(f, "Content-Digest", RESPONSE_DIGEST);
	add(f, "Content-Length", "23");
}

static struct jose_key *key_of(const char *pem)
{
	struct jose_key *key = NULL;

	assert_ok(jose_key_from_pem(view_text(pem), &key));
	return key;
}

/* --- published vectors --- */

#define B26_INPUT                                                                                  \
	"sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" "                 \
	"\"content-length\");created=1618884473;keyid=\"test-key-ed25519\""
#define B26_SIGNATURE                                                                              \
	"sig-b26=:"                                                                                \
	"wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==" \
	":"

static void the_signature_of_b_2_6_verifies(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = key_of(ed25519_pem);
	JOSE_KEY_CLEANUP struct jose_key *other = key_of(p256_pem);
	struct http_signature signature;
	struct fixture f;

	(void)state;
	request(&f);
	add(&f, "Signature-Input", B26_INPUT);
	add(&f, "Signature", B26_SIGNATURE);
	assert_ok(http_signature_read(&f.message, "sig-b26", NULL, &signature));
	assert_string_equal(signature.keyid, "test-key-ed25519");
	assert_int_equal(signature.created, CREATED);
	assert_ok(http_signature_check(&signature, &f.message, key));
	assert_err(ERR_AUTH, http_signature_check(&signature, &f.message, other));
	f.message.method = view_text("PUT");
	assert_err(ERR_AUTH, http_signature_check(&signature, &f.message, key));
}

/* Ed25519 is deterministic: the same text comes out. */
static void the_signature_of_b_2_6_is_made(void **state)
{
	static const char *const components[] = {"date", "@method", "@path", "@authority",
		"content-type", "content-length"};
	const struct http_signature_terms terms = {.label = "sig-b26",
		.components = components,
		.count = 6,
		.created = CREATED,
		.keyid = "test-key-ed25519"};
	JOSE_KEY_CLEANUP struct jose_key *key = key_of(ed25519_pem);
	BUF_CLEANUP struct buf input = buf_growing(1024), signature = buf_growing(1024);
	struct fixture f;

	(void)state;
	request(&f);
	assert_ok(http_signature_make(key, &terms, &f.message, &input, &signature));
	assert_string_equal(buf_string(&input), B26_INPUT);
	assert_string_equal(buf_string(&signature), B26_SIGNATURE);
}

static void the_signature_of_b_2_4_verifies(void **state)
{
	JOSE_KEY_CLEANUP struct jose_key *key = key_of(p256_pem);
	struct http_signature signature;
	struct fixture f;

	(void)state;
	response(&f);
	add(&f, "Signature-Input",
		"sig-b24=(\"@status\" \"content-type\" \"content-digest\" \"content-length\")"
		";created=1618884473;keyid=\"test-key-ecc-p256\"");
	add(&f, "Signature",
		"sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5e"
		"CdlYUEkLIj+32oiasw==:");
	assert_ok(http_signature_read(&f.message, "sig-b24", NULL, &signature));
	assert_ok(http_signature_check(&signature, &f.message, key));
	f.message.status = 201;
	assert_err(ERR_AUTH, http_signature_check(&signature, &f.message, key));
}

static void the_digests_of_b_2_are_the_bodies(void **state)
{
	struct fixture f;

	(void)state;
	request(&f);
	assert_ok(content_digest_check(&f.message, view_text("{\"hello\": \"world\"}")));
	assert_err(ERR_AUTH, content_digest_check(&f.message, view_text("{\"hello\": \"World\"}")));
	response(&f);
	assert_ok(content_digest_check(&f.message, view_text("{\"message\": \"good dog\"}")));
}

/* RFC 9421 2.2: example.com/path?param=value, part by part. */
static void components_are_what_the_rfc_says(void **state)
{
	static const struct {
		const char *name, *target, *value;
	} rows[] = {
		{"@method", "/path?param=value", "POST"},
		{"@target-uri", "/path?param=value", "https://example.com/path?param=value"},
		{"@authority", "/", "example.com"},
		{"@scheme", "/", "https"},
		{"@request-target", "/path?param=value", "/path?param=value"},
		{"@path", "/path?param=value", "/path"},
		{"@path", "", "/"},
		{"@query", "/path?param=value&foo=bar&baz=bat%2Dman",
			"?param=value&foo=bar&baz=bat%2Dman"},
		{"@query", "/path?queryString", "?queryString"},
		{"@query", "/path", "?"},
		{"content-type", "/", "application/json"},
		{"x-twice", "/", "one, two"},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BUF_CLEANUP struct buf base = buf_growing(1024), input = buf_growing(1024);
		char want[256];
		struct sf_member member;

		request(&f);
		add(&f, "X-Twice", "  one ");
		add(&f, "x-twice", "two");
		f.message.target = view_text(rows[i].target);
		buf_printf(&input, "s=(\"%s\")", rows[i].name);
		struct reader r = reader_of(buf_contents(&input));

		assert_ok(sf_next(&r, &member));
		assert_ok(http_signature_base(&member, &f.message, &base));
		snprintf(want, sizeof(want), "\"%s\": %s\n\"@signature-params\": (\"%s\")",
			rows[i].name, rows[i].value, rows[i].name);
		assert_string_equal(buf_string(&base), want);
	}
}

/* --- a challenge, met --- */

static const char *const wanted[] = {"@method", "@target-uri", "content-digest"};

static void what_is_asked_for_is_signed_and_read(void **state)
{
	const struct http_signature_terms ask = {.components = wanted,
		.count = 3,
		.nonce = "n\"o\\nce",
		.tag = "symbolon-enquiry"};
	JOSE_KEY_CLEANUP struct jose_key *key = key_of(p256_pem);
	BUF_CLEANUP struct buf field = buf_growing(1024), input = buf_growing(1024);
	BUF_CLEANUP struct buf made = buf_growing(1024);
	struct http_signature_wanted asked;
	struct http_signature signature;
	struct fixture f;

	(void)state;
	request(&f);
	assert_ok(http_signature_ask(&ask, &field));
	assert_ok(http_signature_read_asked(buf_contents(&field), &asked));
	assert_string_equal(asked.nonce, "n\"o\\nce");
	assert_string_equal(asked.tag, "symbolon-enquiry");
	assert_int_equal(asked.count, 3);
	const struct http_signature_terms terms = {.label = asked.label,
		.components = asked.components,
		.count = asked.count,
		.created = 1000,
		.expires = 1060,
		.keyid = "who",
		.nonce = asked.nonce,
		.tag = asked.tag};

	assert_ok(http_signature_make(key, &terms, &f.message, &input, &made));
	add(&f, "Signature-Input", buf_string(&input));
	add(&f, "Signature", buf_string(&made));
	assert_ok(http_signature_read(&f.message, NULL, "symbolon-enquiry", &signature));
	assert_ok(http_signature_check(&signature, &f.message, key));
	assert_ok(http_signature_covers(&signature, wanted, 3));
	assert_string_equal(signature.nonce, asked.nonce);
	assert_string_equal(signature.keyid, "who");

	assert_ok(http_signature_timely(&signature, 1030, 5, 60));
	assert_err(ERR_EXPIRED, http_signature_timely(&signature, 1066, 5, 60));
	assert_err(ERR_EXPIRED, http_signature_timely(&signature, 994, 5, 60));
	assert_err(ERR_EXPIRED, http_signature_timely(&signature, 1030, 5, 59));
}

/* --- bad input --- */

static enum err read_fields(const char *input, const char *signature)
{
	static struct http_signature read;
	struct fixture f;

	request(&f);
	add(&f, "Signature-Input", input);
	add(&f, "Signature", signature);
	return http_signature_read(&f.message, NULL, "t", &read);
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
	(void)state;
	assert_err(ERR_NOT_FOUND, read_fields("s=()", B26_SIGNATURE));
	assert_err(ERR_NOT_FOUND, read_fields("s=();tag=\"t\"", B26_SIGNATURE));
	assert_err(ERR_SYNTAX, read_fields("s=();tag=\"t\", r=();tag=\"t\"", B26_SIGNATURE));
	assert_err(ERR_NOT_FOUND, read_fields("s=1;tag=\"t\"", B26_SIGNATURE));
	assert_err(ERR_SYNTAX, read_fields("s=();tag=\"t\";created=\"1\"", "s=:AA==:"));
	assert_err(ERR_SYNTAX, read_fields("s=();tag=\"t\"", "s=\"AA==\""));
	assert_err(ERR_SYNTAX, read_fields("s=();tag=\"t\"", "s=:AA==:, s=:AA==:"));
	assert_err(ERR_UNSUPPORTED, read_fields("s=();tag=\"t\"", "s=:AA==:"));
}

static enum err base_of(const char *input)
{
	BUF_CLEANUP struct buf base = buf_growing(1024);
	struct sf_member member;
	struct fixture f;
	struct reader r = reader_of(view_text(input));

	request(&f);
	assert_ok(sf_next(&r, &member));
	return http_signature_base(&member, &f.message, &base);
}

static void components_that_cannot_be_signed_are_refused(void **state)
{
	(void)state;
	assert_err(ERR_SYNTAX, base_of("s=(\"date\" \"date\")"));
	assert_err(ERR_SYNTAX, base_of("s=(\"Date\")"));
	assert_err(ERR_SYNTAX, base_of("s=(\"x-absent\")"));
	assert_err(ERR_SYNTAX, base_of("s=(date)"));
	assert_err(ERR_SYNTAX, base_of("s=(\"@status\")"));
	assert_err(ERR_UNSUPPORTED, base_of("s=(\"@query-param\")"));
	assert_err(ERR_UNSUPPORTED, base_of("s=(\"date\";sf)"));
}

static void a_signature_that_covers_too_little_is_refused(void **state)
{
	static struct http_signature signature;
	struct fixture f;

	(void)state;
	request(&f);
	add(&f, "Signature-Input", B26_INPUT);
	add(&f, "Signature", B26_SIGNATURE);
	assert_ok(http_signature_read(&f.message, "sig-b26", NULL, &signature));
	assert_err(ERR_AUTH, http_signature_covers(&signature, wanted, 3));
	assert_said("@target-uri");
	assert_err(ERR_SYNTAX, http_signature_timely(&signature, CREATED, 5, 60));
}

static enum err digest_of(const char *value)
{
	struct fixture f = {.message = {.fields = f.fields}};

	add(&f, "Content-Digest", value);
	return content_digest_check(&f.message, view_text("x"));
}

static void a_digest_that_says_nothing_is_refused(void **state)
{
	struct fixture f = {.message = {.fields = f.fields}};

	(void)state;
	assert_ok(digest_of("sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=:"));
	assert_err(ERR_UNSUPPORTED, digest_of("md5=:AAAAAAAAAAAAAAAAAAAAAA==:"));
	assert_err(ERR_AUTH, digest_of("sha-256=:AAAA:"));
	assert_err(ERR_SYNTAX, digest_of("sha-256=1"));
	/* One that is right does not excuse one that is wrong. */
	assert_err(ERR_AUTH, digest_of("sha-256=:LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=:, "
				       "sha-512=:AAAA:"));
	assert_err(ERR_NOT_FOUND, content_digest_check(&f.message, view_text("x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_signature_of_b_2_6_verifies),
		TEST(the_signature_of_b_2_6_is_made),
		TEST(the_signature_of_b_2_4_verifies),
		TEST(the_digests_of_b_2_are_the_bodies),
		TEST(components_are_what_the_rfc_says),
		TEST(what_is_asked_for_is_signed_and_read),
		TEST(what_can_be_read_in_two_ways_is_refused),
		TEST(components_that_cannot_be_signed_are_refused),
		TEST(a_signature_that_covers_too_little_is_refused),
		TEST(a_digest_that_says_nothing_is_refused),
	};

	return RUN_TESTS(tests);
}
