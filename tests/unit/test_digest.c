// SPDX-License-Identifier: Apache-2.0
/*
 * The expected digests were computed with Python's hashlib and hmac, by a script that first gave the two
 * published ones for qop=auth (RFC 2617 3.5: 6629fae4..., RFC 7616 3.9.1: 753927fa...); one was done
 * again with the openssl command. The keys are those of TS 35.207 test set 1.  req: B9.6.3
 */
#include "test.h"

#include "base/text.h"
#include "wire/digest.h"
#include <stdlib.h>
#include <string.h>

#define USER	  "001010123456789@realm.example"
#define REALM	  "authn1.realm.example"
#define NONCE	  "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M="
#define RAND_HEX  "23553cbe9637a89d218ae64dae47bf35"
#define AUTN_HEX  "55f328b43577b9b94a9ffac354dfafb3"
#define RES_HEX	  "a54211d5e3ba50bf"
#define CNONCE	  "6629fae49393a053"
#define RESPONSE  "17d81d817de874f0a661ea8e4d8474c2"
#define AUTS	  "AAECAwQFBgcICQoLDA0="
#define FIRST_LEG "username=\"" USER "\", realm=\"" REALM "\", nonce=\"\", uri=\"/\", response=\"\""
#define SECOND_LEG                                                                                 \
	"username=\"" USER "\", realm=\"" REALM "\", nonce=\"" NONCE                               \
	"\", uri=\"/\", response=\"" RESPONSE "\", cnonce=\"" CNONCE "\""
#define BODY                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><BootstrappingInfo xmlns=\"uri:3gpp-gba\">"     \
	"<btid>I1U8vpY3qJ0hiuZNrke/NQ==@authn1.realm.example</btid>"                               \
	"<lifetime>2026-01-01T00:00:00Z</lifetime></BootstrappingInfo>"

static struct secret secret_of(const char *hex)
{
	struct secret s;

	assert_ok(secret_from_hex(&s, view_text(hex)));
	return s;
}

static struct digest_input rp_c_input(enum digest_algorithm algorithm, const struct secret *password)
{
	return (struct digest_input){
		.algorithm = algorithm,
		.username = view_text(USER),
		.realm = view_text(REALM),
		.nonce = view_text(NONCE),
		.nc = view_text("00000001"),
		.cnonce = view_text(CNONCE),
		.method = view_text("GET"),
		.uri = view_text("/"),
		.password = password,
	};
}

static void check_run(enum digest_algorithm algorithm, const char *response, const char *rspauth,
	const char *resync)
{
	struct secret res = secret_of(RES_HEX), ck = secret_of("b40ba9a3c58b2a05bbf0d987b21bf8cb"),
		      ik = secret_of("f769bcd751044604127672711c6d3441"), password;
	char hex[DIGEST_HEX + 1];

	assert_ok(digest_password(algorithm, &res, &ck, &ik, &password));
	struct digest_input in = rp_c_input(algorithm, &password);

	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex, response);
	in.body = view_text(BODY);
	assert_ok(digest_rspauth(&in, hex));
	assert_string_equal(hex, rspauth);
	in.body = view_text("");
	in.password = NULL;
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex, resync);
}

static void akav1_hashes_res_as_it_is(void **state)
{
	(void)state;
	check_run(DIGEST_AKAV1_MD5, RESPONSE, "b8e9af9ce25a7ca13981cb8f853fd623",
		"003d57afbfda0d1896dbc5aca032bd4c");
}

static void akav2_hashes_what_it_makes_of_res_ik_ck(void **state)
{
	(void)state;
	check_run(DIGEST_AKAV2_SHA256,
		"44966816f9ca31628d69e163b337cc2e5ccc436c0f857d7875715fa08ed47d07",
		"83cbf7d02ef135af2597175133fa6cbbebc96754d63cc25274e5f542936d734a",
		"ae7bbbc1bf1cff94f862744a6fc012617c4c20effac7312b244ca4a85071a9ee");
}

static void the_akav2_password_is_base64_of_an_hmac(void **state)
{
	(void)state;
	struct secret res = secret_of(RES_HEX), ck = secret_of("b40ba9a3c58b2a05bbf0d987b21bf8cb"),
		      ik = secret_of("f769bcd751044604127672711c6d3441"), password;

	assert_ok(digest_password(DIGEST_AKAV2_SHA256, &res, &ck, &ik, &password));
	assert_view(secret_view(&password), "wpC+5dv/7kC35JEI2hluv8XcBd+vf8XcfedJBan1buk=");
}

/* The inputs of the two RFCs' examples, with qop=auth-int in place of auth. */
static void examples_of_the_rfcs_with_auth_int(void **state)
{
	(void)state;
	struct secret password;
	char hex[DIGEST_HEX + 1];
	struct digest_input in = {
		.algorithm = DIGEST_AKAV1_MD5,
		.username = view_text("Mufasa"),
		.realm = view_text("testrealm@host.com"),
		.nonce = view_text("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		.nc = view_text("00000001"),
		.cnonce = view_text("0a4f113b"),
		.method = view_text("GET"),
		.uri = view_text("/dir/index.html"),
		.password = &password,
	};

	assert_ok(secret_set(&password, "Circle Of Life", 14));
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex, "5e6610ecf9ba3017a4870ad48e3ad30b");
	in.body = view_text("v=1");
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex, "7b8127fc94be28a235a57d9af1774342");

	assert_ok(secret_set(&password, "Circle of Life", 14));
	in.algorithm = DIGEST_AKAV2_SHA256;
	in.realm = view_text("http-auth@example.org");
	in.nonce = view_text("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v");
	in.cnonce = view_text("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
	in.body = view_text("");
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex,
		"8bdf6f15638e260831e905028de5450562816d093c9bfc5c13d3a46adcdde940");
}

/* RFC 7616 3.9.1, as printed there: qop=auth, which RP_D takes beside auth-int.  req: B9.6.4-b */
static void examples_of_rfc_7616(void **state)
{
	(void)state;
	struct secret password;
	char hex[DIGEST_HEX + 1];
	struct digest_input in = {
		.algorithm = DIGEST_MD5,
		.qop = DIGEST_AUTH,
		.username = view_text("Mufasa"),
		.realm = view_text("http-auth@example.org"),
		.nonce = view_text("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		.nc = view_text("00000001"),
		.cnonce = view_text("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		.method = view_text("GET"),
		.uri = view_text("/dir/index.html"),
		.body = view_text("not in it"),
		.password = &password,
	};

	assert_ok(secret_set(&password, "Circle of Life", 14));
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex, "8ca523f5e9506fed4657c9700eebdbec");
	in.algorithm = DIGEST_SHA256;
	assert_ok(digest_response(&in, hex));
	assert_string_equal(hex,
		"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

static void the_password_of_a_key_is_its_base64(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct secret key, password;

	memset(bytes, 0xff, sizeof(bytes));
	assert_ok(secret_set(&key, bytes, 32));
	assert_ok(digest_password_of_key(&key, &password));
	assert_view(secret_view(&password), "//////////////////////////////////////////8=");
	assert_ok(secret_set(&key, bytes, 64));
	assert_err(ERR_RANGE, digest_password_of_key(&key, &password));
}

#define SHOWN                                                                                      \
	"Digest username=\"id@authn1.realm.example\", realm=\"3GPP-bootstrapping@app.example\", "  \
	"nonce=\"abc\", uri=\"/\", response=\"" RESPONSE "\", cnonce=\"" CNONCE "\", nc=00000001"

static void credentials_of_rp_d_are_read(void **state)
{
	(void)state;
	struct digest_authorization a;

	assert_ok(digest_parse_credentials(view_text(SHOWN ", qop=auth, algorithm=SHA-256"), &a));
	assert_view(a.username, "id@authn1.realm.example");
	assert_view(a.qop, "auth");
	assert_ok(digest_parse_credentials(view_text(SHOWN ", qop=\"auth-int\""), &a));
	assert_view(a.qop, "auth-int");
	assert_null(a.algorithm.data);
	assert_err(ERR_SYNTAX, digest_parse_credentials(view_text(SHOWN), &a));
	assert_err(ERR_SYNTAX, digest_parse_credentials(view_text(SHOWN ", qop=other"), &a));
	assert_err(ERR_SYNTAX, digest_parse_credentials(view_text("Digest " FIRST_LEG), &a));
	assert_err(ERR_SYNTAX, digest_parse_credentials(view_text("Basic YTpi"), &a));
	/* RP_C takes no less than auth-int */
	assert_err(ERR_SYNTAX, digest_parse_authorization(view_text(SHOWN ", qop=auth"), &a));
}

static void an_offer_is_read(void **state)
{
	(void)state;
	struct digest_challenge c;
	static const char offer[] = "Digest realm=\"3GPP-bootstrapping@app.example\", "
				    "nonce=\"abc\", algorithm=%s, qop=\"%s\", stale=true";
	static const struct {
		const char *algorithm, *qop;
		enum err err;
	} rows[] = {
		{"SHA-256", "auth", OK},
		{"MD5", "auth,auth-int", OK},
		{"MD5", "auth-int", OK},
		{"SHA-256", "auth-conf", ERR_SYNTAX},
		{"AKAv1-MD5", "auth", ERR_UNSUPPORTED},
		{"SHA-512-256", "auth", ERR_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BUF_CLEANUP struct buf text = buf_growing(1024);

		buf_printf(&text, offer, rows[i].algorithm, rows[i].qop);
		assert_err(rows[i].err, digest_parse_offer(buf_contents(&text), &c));
		if (rows[i].err == OK) {
			assert_true(c.stale);
			assert_string_equal(digest_algorithm_name(c.algorithm), rows[i].algorithm);
			assert_view(c.qop, rows[i].qop);
		}
	}
	assert_true(digest_offers(view_text("auth, auth-int"), "auth-int"));
	assert_false(digest_offers(view_text("auth-int"), "auth"));
}

static void every_input_changes_the_digest(void **state)
{
	(void)state;
	struct secret res = secret_of(RES_HEX);
	struct digest_input good = rp_c_input(DIGEST_AKAV1_MD5, &res);
	size_t views[] = {offsetof(struct digest_input, username),
		offsetof(struct digest_input, realm), offsetof(struct digest_input, nonce),
		offsetof(struct digest_input, nc), offsetof(struct digest_input, cnonce),
		offsetof(struct digest_input, method), offsetof(struct digest_input, uri),
		offsetof(struct digest_input, body)};
	char right[DIGEST_HEX + 1], other[DIGEST_HEX + 1];

	assert_ok(digest_response(&good, right));
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		struct digest_input in = good;

		*(struct view *)(void *)((char *)&in + views[i]) = view_text("00000002");
		assert_ok(digest_response(&in, other));
		assert_string_not_equal(right, other);
	}
}

static void too_much_to_hash_is_refused(void **state)
{
	(void)state;
	static const uint8_t long_uri[4096];
	struct secret res = secret_of(RES_HEX);
	struct digest_input in = rp_c_input(DIGEST_AKAV1_MD5, &res);
	char hex[DIGEST_HEX + 1];

	in.uri = VIEW(long_uri);
	assert_err(ERR_RANGE, digest_response(&in, hex));
}

static void verify_takes_the_same_and_nothing_else(void **state)
{
	(void)state;
	const char right[DIGEST_HEX + 1] = RESPONSE, none[DIGEST_HEX + 1] = "";

	assert_ok(digest_verify(view_text(RESPONSE), right));
	assert_err(ERR_AUTH, digest_verify(view_text("17d81d817de874f0a661ea8e4d8474c3"), right));
	assert_err(ERR_AUTH, digest_verify(view_text("17d81d817de874f0a661ea8e4d8474c"), right));
	assert_err(ERR_AUTH, digest_verify(view_text(RESPONSE "0"), right));
	assert_err(ERR_AUTH, digest_verify(view_text(""), right));
	assert_err(ERR_AUTH, digest_verify(view_text(""), none));
}

static void the_nonce_is_rand_and_autn(void **state)
{
	(void)state;
	uint8_t rand[RAND_SIZE], autn[AUTN_SIZE], rand2[RAND_SIZE], autn2[AUTN_SIZE];
	size_t len;
	BUF_CLEANUP struct buf out = buf_growing(100);

	assert_ok(text_from_hex(view_text(RAND_HEX), rand, sizeof(rand), &len, "rand"));
	assert_ok(text_from_hex(view_text(AUTN_HEX), autn, sizeof(autn), &len, "autn"));
	digest_nonce(&out, rand, autn);
	assert_view(buf_contents(&out), NONCE);
	assert_ok(digest_from_nonce(buf_contents(&out), rand2, autn2));
	assert_memory_equal(rand, rand2, RAND_SIZE);
	assert_memory_equal(autn, autn2, AUTN_SIZE);
}

static void a_nonce_of_another_size_is_refused(void **state)
{
	(void)state;
	uint8_t rand[RAND_SIZE], autn[AUTN_SIZE];

	assert_err(ERR_SYNTAX, digest_from_nonce(view_text(""), rand, autn));
	assert_err(ERR_SYNTAX, digest_from_nonce(view_text(AUTS), rand, autn));
	assert_err(ERR_SYNTAX, digest_from_nonce(view_text("not base64!!"), rand, autn));
	assert_int_not_equal(OK, digest_from_nonce(view_text(NONCE "AAAA"), rand, autn));
}

static void the_first_request_is_read(void **state)
{
	(void)state;
	struct digest_authorization a;

	assert_ok(digest_parse_authorization(view_text("Digest " FIRST_LEG), &a));
	assert_view(a.username, USER);
	assert_view(a.realm, REALM);
	assert_view(a.uri, "/");
	assert_int_equal(a.nonce.len, 0);
	assert_non_null(a.nonce.data);
	assert_null(a.cnonce.data);
	assert_false(a.has_response);
	assert_false(a.has_auts);
}

static void the_second_request_is_read(void **state)
{
	(void)state;
	struct digest_authorization a;

	assert_ok(digest_parse_authorization(
		view_text("Digest " SECOND_LEG ", qop=auth-int, nc=00000001, algorithm=AKAv1-MD5, "
			  "opaque=\"o\", auts=\"" AUTS "\""),
		&a));
	assert_true(a.has_response);
	assert_view(a.response, RESPONSE);
	assert_view(a.nonce, NONCE);
	assert_view(a.cnonce, CNONCE);
	assert_view(a.nc, "00000001");
	assert_view(a.qop, "auth-int");
	assert_view(a.algorithm, "AKAv1-MD5");
	assert_view(a.opaque, "o");
	assert_true(a.has_auts);
	assert_memory_equal(a.auts_bytes, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15", AUTS_SIZE);
}

/* What devices in use send. */
static void liberties_are_taken(void **state)
{
	(void)state;
	static const char *const headers[] = {
		"  digest\t" SECOND_LEG ",qop=auth-int,nc=00000001",
		"DIGEST " SECOND_LEG " , qop = \"auth-int\" ,\tnc\t=\t\"00000001\" , ",
		"Digest ,, " SECOND_LEG ",, QOP=auth-int,NC=0000000a, Algorithm=\"AKAv1-MD5\"",
		"Digest " SECOND_LEG ", qop=auth-int, nc=0000000A, vendor=\"a \\\" b\", x=y/z==",
		"Digest " SECOND_LEG ", qop=auth-int, nc=00000001, note=\"caf\xc3\xa9\"",
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct digest_authorization a;

		assert_ok(digest_parse_authorization(view_text(headers[i]), &a));
		assert_view(a.username, USER);
		assert_view(a.response, RESPONSE);
	}
}

static void quoting_is_undone(void **state)
{
	(void)state;
	struct digest_authorization a;

	assert_ok(digest_parse_authorization(
		view_text("Digest username=\"a\\\"b\\\\c\\d\", realm=\"r\", nonce=\"\", "
			  "uri=\"/\", response=\"\", opaque=\"\\x\""),
		&a));
	assert_view(a.username, "a\"b\\cd");
	assert_view(a.opaque, "x");
}

static void a_username_may_have_255_bytes(void **state)
{
	(void)state;
	struct digest_authorization a;

	for (size_t len = 255; len <= 256; len++) {
		BUF_CLEANUP struct buf header = buf_growing(1024);

		buf_text(&header, "Digest username=\"");
		for (size_t i = 0; i < len; i++) {
			buf_u8(&header, 'u');
		}
		buf_text(&header, "\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"");
		if (len == 255) {
			assert_ok(digest_parse_authorization(buf_contents(&header), &a));
			assert_int_equal(a.username.len, 255);
			continue;
		}
		assert_err(ERR_SYNTAX, digest_parse_authorization(buf_contents(&header), &a));
		assert_said("username is too long");
	}
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *header, *said;
	} wrong[] = {
		{"", "scheme"},
		{"Basic dTpw", "scheme"},
		{"Digest", "username is missing"},
		{"Digest,username=\"u\"", "space"},
		{"DigestX username=\"u\"", "scheme"},
		{"Digest realm=\"r\", nonce=\"\", uri=\"/\", response=\"\"", "username is missing"},
		{"Digest username=\"u\", nonce=\"\", uri=\"/\", response=\"\"", "realm is missing"},
		{"Digest username=\"u\", realm=\"r\", uri=\"/\", response=\"\"",
			"nonce is missing"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"\", response=\"\"", "uri is missing"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"\", uri=\"/\"",
			"response is missing"},
		{"Digest " FIRST_LEG ", username=\"v\"", "username stands twice"},
		{"Digest " FIRST_LEG ", REALM=\"v\"", "realm stands twice"},
		{"Digest username=u, realm=\"r\"", "username is unquoted"},
		{"Digest username=, realm=\"r\"", "username has no value"},
		{"Digest username", "username has no value"},
		{"Digest username=\"u", "username has no closing quote"},
		{"Digest username=\"u\\", "username has no closing quote"},
		{"Digest username=\"u\\\"", "username has no closing quote"},
		{"Digest username=\"u\n\"", "username holds a control character"},
		{"Digest username=\"u\\\n\"", "username holds a control character"},
		{"Digest username=\"u\x7f\"", "username holds a control character"},
		{"Digest username=\"\xc3\xa9\"", "username is not printable"},
		{"Digest username=\"a\tb\"", "username is not printable"},
		{"Digest username=\"u\" realm=\"r\"", "comma"},
		{"Digest =\"u\"", "has no name"},
		{"Digest \x01", "has no name"},
		{"Digest " FIRST_LEG ", auts=\"" AUTS "\"", "auts stands without a response"},
		{"Digest " SECOND_LEG, "qop is not auth-int"},
		{"Digest " SECOND_LEG ", qop=AUTH-INT, nc=00000001", "qop is not auth-int"},
		{"Digest " SECOND_LEG ", qop=auth, nc=00000001", "qop is not auth-int"},
		{"Digest " SECOND_LEG ", qop=auth-int", "nc is not 8"},
		{"Digest " SECOND_LEG ", qop=auth-int, nc=1", "nc is not 8"},
		{"Digest " SECOND_LEG ", qop=auth-int, nc=0000000g", "nc is not 8"},
		{"Digest " SECOND_LEG ", qop=auth-int, nc=000000001", "nc is too long"},
		{"Digest " SECOND_LEG ", qop=auth-int, nc=00000001, auts=\"AAAA\"", "auts is not"},
		{"Digest " SECOND_LEG ", qop=auth-int, nc=00000001, auts=\"\"", "auts is not"},
		{"Digest " SECOND_LEG
		 ", qop=auth-int, nc=00000001, auts=\"AAECAwQFBgcICQoLDA0=AA\"",
			"auts is too long"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"abc\"",
			"response is not 32 or 64"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", "
		 "response=\"17D81D817DE874F0A661EA8E4D8474C2\"",
			"response is not 32 or 64"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"\", uri=\"/\", response=\"" RESPONSE
		 "\"",
			"nonce is empty"},
		{"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"" RESPONSE
		 "\", qop=auth-int, nc=00000001",
			"cnonce is missing"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct digest_authorization a;

		assert_err(ERR_SYNTAX, digest_parse_authorization(view_text(wrong[i].header), &a));
		assert_said(wrong[i].said);
		assert_null(strstr(err_detail(), USER));
	}
}

static void a_zero_byte_or_a_huge_header_is_refused(void **state)
{
	(void)state;
	static const char zero[] = "Digest username=\"u\0v\"";
	static uint8_t huge[9000];
	struct digest_authorization a;

	assert_err(ERR_SYNTAX, digest_parse_authorization(VIEW(zero), &a));
	memset(huge, ',', sizeof(huge));
	memcpy(huge, "Digest ", 7);
	assert_err(ERR_SYNTAX, digest_parse_authorization(VIEW(huge), &a));
	assert_said("too long");
	assert_err(ERR_SYNTAX, digest_parse_authorization(view_of(NULL, 0), &a));
}

static void a_challenge_is_read(void **state)
{
	(void)state;
	struct digest_challenge c;

	assert_ok(digest_parse_challenge(
		view_text("Digest realm=\"" REALM "\", nonce=\"" NONCE "\", algorithm=AKAv1-MD5, "
			  "qop=\"auth, auth-int\", opaque=\"e1809295493786932cb220ec1c6a8630\", "
			  "domain=\"/\", stale=TRUE"),
		&c));
	assert_view(c.realm, REALM);
	assert_view(c.nonce, NONCE);
	assert_int_equal(c.algorithm, DIGEST_AKAV1_MD5);
	assert_view(c.qop, "auth, auth-int");
	assert_view(c.opaque, "e1809295493786932cb220ec1c6a8630");
	assert_true(c.stale);
	assert_ok(digest_parse_challenge(
		view_text("Digest realm=\"r\", nonce=\"n\", algorithm=\"akav2-sha-256\", "
			  "qop=auth-int"),
		&c));
	assert_int_equal(c.algorithm, DIGEST_AKAV2_SHA256);
	assert_false(c.stale);
}

/* A server that offers less must not make the device answer with less. */
static void a_weaker_challenge_is_refused(void **state)
{
	(void)state;
	struct digest_challenge c;

	assert_err(ERR_UNSUPPORTED,
		digest_parse_challenge(
			view_text(
				"Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth-int\""),
			&c));
	assert_err(ERR_UNSUPPORTED,
		digest_parse_challenge(view_text("Digest realm=\"r\", nonce=\"n\", "
						 "algorithm=AKAv1-MD5-sess, qop=\"auth-int\""),
			&c));
	assert_err(ERR_SYNTAX,
		digest_parse_challenge(view_text(
					       "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""),
			&c));
	assert_said("algorithm is missing");
	assert_err(ERR_SYNTAX,
		digest_parse_challenge(
			view_text("Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5"), &c));
	assert_said("qop is missing");
	assert_err(ERR_SYNTAX,
		digest_parse_challenge(view_text("Digest realm=\"r\", nonce=\"n\", "
						 "algorithm=AKAv1-MD5, qop=\"auth\""),
			&c));
	assert_said("qop does not offer auth-int");
	assert_err(ERR_SYNTAX,
		digest_parse_challenge(view_text("Digest realm=\"r\", nonce=\"n\", "
						 "algorithm=AKAv1-MD5, qop=\"auth-intx;\""),
			&c));
	assert_err(ERR_SYNTAX,
		digest_parse_challenge(
			view_text("Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5, qop=\"\""),
			&c));
}

/* On the heap and exactly as long, so that a sanitizer sees a step past the end. */
static void a_backslash_at_the_end_is_no_escape(void **state)
{
	(void)state;
	static const char *const texts[] = {"rspauth=\"" RESPONSE "\", nc=0000\\",
		"rspauth=" RESPONSE "\\", "rspauth=\"" RESPONSE "\\", "rspauth=\\"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		BUF_CLEANUP struct buf header = buf_growing(1024);
		struct digest_info info;

		buf_text(&header, texts[i]);
		uint8_t *exact = malloc(header.len);
		assert_non_null(exact);
		memcpy(exact, header.data, header.len);
		assert_err(ERR_SYNTAX, digest_parse_info(view_of(exact, header.len), &info));
		free(exact);
	}
}

/* As a commercial BSF sends it: with parameters that RFC 7616 does not know here. */
static void authentication_info_is_read(void **state)
{
	(void)state;
	struct digest_info info;

	assert_ok(digest_parse_info(
		view_text("qop=auth-int, rspauth=\"b8d0e59c6ed48db3a632f3daffb9aa2b\", "
			  "cnonce=\"468f5b9d04a32d38\", nc=00000001, "
			  "opaque=\"e1809295493786932cb220ec1c6a8630\", "
			  "nonce=\"fve4iTWb1rTb297CzVSrpwx1bsNP9gAAiCivEWFj/Po=\""),
		&info));
	assert_view(info.rspauth, "b8d0e59c6ed48db3a632f3daffb9aa2b");
	assert_view(info.cnonce, "468f5b9d04a32d38");
	assert_view(info.nc, "00000001");
	assert_null(info.nextnonce.data);
	assert_err(ERR_SYNTAX, digest_parse_info(view_text("qop=auth-int"), &info));
	assert_said("rspauth is missing");
	assert_err(ERR_SYNTAX, digest_parse_info(view_text("rspauth=\"\""), &info));
	assert_err(ERR_SYNTAX,
		digest_parse_info(view_text("rspauth=\"" RESPONSE "\", nc=1"), &info));
}

static void what_is_printed_reads_the_same(void **state)
{
	(void)state;
	struct digest_authorization a = {.username = view_text("we\"ird\\user"),
					    .realm = view_text(REALM),
					    .nonce = view_text(NONCE),
					    .uri = view_text("/?app=x"),
					    .response = view_text(RESPONSE),
					    .has_response = true,
					    .cnonce = view_text(CNONCE),
					    .nc = view_text("00000001"),
					    .opaque = view_text(""),
					    .has_auts = true,
					    .auts_bytes = {1, 2, 3}},
				    read;
	BUF_CLEANUP struct buf out = buf_growing(4096);

	digest_print_authorization(&out, &a, DIGEST_AKAV1_MD5);
	assert_ok(buf_end(&out, "header"));
	assert_ok(digest_parse_authorization(buf_contents(&out), &read));
	assert_true(view_equal(a.username, read.username));
	assert_true(view_equal(a.uri, read.uri));
	assert_true(view_equal(a.response, read.response));
	assert_non_null(read.opaque.data);
	assert_memory_equal(a.auts_bytes, read.auts_bytes, AUTS_SIZE);
	assert_view(read.algorithm, "AKAv1-MD5");
}

static void the_headers_of_a_run_are_printed(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = buf_growing(4096);
	struct digest_authorization a = {.username = view_text(USER),
		.realm = view_text(REALM),
		.uri = view_text("/")};
	struct digest_challenge c = {.realm = view_text(REALM),
		.nonce = view_text(NONCE),
		.algorithm = DIGEST_AKAV1_MD5,
		.stale = true};
	struct digest_info info = {.rspauth = view_text(RESPONSE),
		.cnonce = view_text(CNONCE),
		.nc = view_text("00000001")};

	digest_print_authorization(&out, &a, 0);
	assert_string_equal(buf_string(&out), "Digest " FIRST_LEG);
	buf_clear(&out);
	digest_print_challenge(&out, &c);
	assert_string_equal(buf_string(&out),
		"Digest realm=\"" REALM "\", nonce=\"" NONCE
		"\", algorithm=AKAv1-MD5, qop=\"auth-int\", stale=true");
	buf_clear(&out);
	digest_print_info(&out, &info);
	assert_string_equal(buf_string(&out),
		"rspauth=\"" RESPONSE "\", cnonce=\"" CNONCE "\", nc=00000001, qop=auth-int");
}

/* Else a value that came from one peer could add a header toward another. */
static void a_control_character_makes_printing_fail(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = buf_growing(4096);
	struct digest_info info = {.rspauth = view_text(RESPONSE),
		.cnonce = view_text("a\r\nSet-Cookie: b"),
		.nc = view_text("00000001")};

	digest_print_info(&out, &info);
	assert_err(ERR_RANGE, buf_end(&out, "header"));
	buf_clear(&out);
	info.cnonce = view_text(CNONCE);
	info.nc = view_text("1\r\n");
	digest_print_info(&out, &info);
	assert_err(ERR_RANGE, buf_end(&out, "header"));
}

static void algorithms_have_names(void **state)
{
	(void)state;
	enum digest_algorithm algorithm;

	assert_ok(digest_algorithm_of(view_text("AKAV1-md5"), &algorithm));
	assert_int_equal(algorithm, DIGEST_AKAV1_MD5);
	assert_ok(digest_algorithm_of(view_text("AKAv2-SHA-256"), &algorithm));
	assert_int_equal(algorithm, DIGEST_AKAV2_SHA256);
	assert_err(ERR_UNSUPPORTED, digest_algorithm_of(view_text("MD5"), &algorithm));
	assert_ok(digest_plain_algorithm_of(view_text("sha-256"), &algorithm));
	assert_int_equal(algorithm, DIGEST_SHA256);
	assert_ok(digest_plain_algorithm_of((struct view){0}, &algorithm));
	assert_int_equal(algorithm, DIGEST_MD5);
	assert_err(ERR_UNSUPPORTED, digest_plain_algorithm_of(view_text("AKAv1-MD5"), &algorithm));
	assert_string_equal(digest_algorithm_name(DIGEST_AKAV2_SHA256), "AKAv2-SHA-256");
	assert_string_equal(digest_algorithm_name((enum digest_algorithm)9), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(akav1_hashes_res_as_it_is),
		TEST(akav2_hashes_what_it_makes_of_res_ik_ck),
		TEST(the_akav2_password_is_base64_of_an_hmac),
		TEST(examples_of_the_rfcs_with_auth_int),
		TEST(examples_of_rfc_7616),
		TEST(the_password_of_a_key_is_its_base64),
		TEST(credentials_of_rp_d_are_read),
		TEST(an_offer_is_read),
		TEST(every_input_changes_the_digest),
		TEST(too_much_to_hash_is_refused),
		TEST(verify_takes_the_same_and_nothing_else),
		TEST(the_nonce_is_rand_and_autn),
		TEST(a_nonce_of_another_size_is_refused),
		TEST(the_first_request_is_read),
		TEST(the_second_request_is_read),
		TEST(liberties_are_taken),
		TEST(quoting_is_undone),
		TEST(a_username_may_have_255_bytes),
		TEST(what_is_wrong_is_named),
		TEST(a_zero_byte_or_a_huge_header_is_refused),
		TEST(a_challenge_is_read),
		TEST(a_weaker_challenge_is_refused),
		TEST(a_backslash_at_the_end_is_no_escape),
		TEST(authentication_info_is_read),
		TEST(what_is_printed_reads_the_same),
		TEST(the_headers_of_a_run_are_printed),
		TEST(a_control_character_makes_printing_fail),
		TEST(algorithms_have_names),
	};
	return RUN_TESTS(tests);
}
