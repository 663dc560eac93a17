// SPDX-License-Identifier: Apache-2.0
/* What RP_B and RP_A carry: keying material, subscription information, permission.  req: B9.6.2 */
#include "test.h"

#include "wire/rp_messages.h"
#include <string.h>

static const uint8_t octets[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static struct rp_session request_session(void)
{
	return (struct rp_session){.session_id = view_text("authn1.realm.example;1;2"),
		.origin_host = view_text("authn1.realm.example"),
		.origin_realm = view_text("realm.example"),
		.destination_realm = view_text("realm.example"),
		.destination_host = view_text("authz1.realm.example"),
		.auth_session_state = 1};
}

static struct rp_session answer_session(void)
{
	return (struct rp_session){.session_id = view_text("authn1.realm.example;1;2"),
		.origin_host = view_text("authz1.realm.example"),
		.origin_realm = view_text("realm.example"),
		.auth_session_state = 1,
		.has_result = true,
		.result = DIAMETER_SUCCESS};
}

/* Encodes as a request or an answer, and decodes again into `ret`. */
static enum err there_and_back(uint8_t flags, const struct avp_row *rows, const void *in, void *ret,
	struct diameter_fault *fault)
{
	static uint8_t bytes[4096];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	const struct diameter_header header = {.flags = flags,
		.command = DIAMETER_MAR,
		.application = DIAMETER_ZH};

	diameter_encode(&out, &header, rows, in);
	TRY(buf_end(&out, "message"));
	return diameter_decode(buf_contents(&out), rows, ret, fault);
}

static void assert_session(const struct rp_session *got, const struct rp_session *in)
{
	assert_true(view_equal(got->session_id, in->session_id));
	assert_true(view_equal(got->origin_host, in->origin_host));
	assert_true(view_equal(got->origin_realm, in->origin_realm));
	assert_true(view_equal(got->destination_host, in->destination_host));
	assert_true(view_equal(got->destination_realm, in->destination_realm));
	assert_int_equal(got->auth_session_state, in->auth_session_state);
	assert_int_equal(got->has_result, in->has_result);
	assert_int_equal(got->result, in->result);
}

static void vector_is_asked_for(void **state)
{
	const struct rp_mar in = {.s = request_session(),
		.user_name = view_text("001010123456789@realm.example"),
		.has_item = true,
		.item = {.scheme = view_text("Digest-AKAv1-MD5"), .authorization = {octets, 30}},
		.has_item_count = true,
		.item_count = 1,
		.has_guss_timestamp = true,
		.guss_timestamp = 1767225600};
	struct rp_mar got;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(DIAMETER_REQUEST, rp_mar_rows, &in, &got, &fault));
	assert_session(&got.s, &in.s);
	assert_true(view_equal(got.user_name, in.user_name));
	assert_true(got.has_item);
	assert_true(view_equal(got.item.scheme, in.item.scheme));
	assert_true(view_equal(got.item.authorization, in.item.authorization));
	assert_null(got.item.authenticate.data);
	assert_int_equal(got.item_count, 1);
	assert_int_equal(got.guss_timestamp, 1767225600);
}

static void vector_is_given(void **state)
{
	const struct rp_maa in = {.s = answer_session(),
		.user_name = view_text("001010123456789@realm.example"),
		.has_item = true,
		.item = {.scheme = view_text("Digest-AKAv1-MD5"),
			.authenticate = {octets, 32},
			.authorization = {octets, 8},
			.confidentiality_key = {octets, 16},
			.integrity_key = {octets + 16, 16}},
		.guss = view_text("<guss/>")};
	struct rp_maa got;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(0, rp_maa_rows, &in, &got, &fault));
	assert_session(&got.s, &in.s);
	assert_true(view_equal(got.item.authenticate, in.item.authenticate));
	assert_true(view_equal(got.item.authorization, in.item.authorization));
	assert_true(view_equal(got.item.confidentiality_key, in.item.confidentiality_key));
	assert_true(view_equal(got.item.integrity_key, in.item.integrity_key));
	assert_view(got.guss, "<guss/>");
}

/* req: B10.6.1 */
static void a_key_is_updated(void **state)
{
	const struct rp_kur asks = {.s = request_session(),
		.user_name = view_text("001010123456789@realm.example"),
		.public_half = {octets, 32},
		.wrap = {octets + 1, 31},
		.transaction_id = view_text("id@authn1.realm.example"),
		.confirm = {octets, 30}};
	const struct rp_kua gives = {.s = answer_session(),
		.public_half = {octets, 32},
		.sealed = {octets, 31},
		.confirm = {octets + 2, 30}};
	struct rp_maa maa = {.s = answer_session(), .has_awaits = true, .awaits = RP_AWAITS_TOKEN};
	struct rp_maa got_maa;
	struct rp_kur kur;
	struct rp_kua kua;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(DIAMETER_REQUEST, rp_kur_rows, &asks, &kur, &fault));
	assert_session(&kur.s, &asks.s);
	assert_true(view_equal(kur.public_half, asks.public_half));
	assert_true(view_equal(kur.wrap, asks.wrap));
	assert_true(view_equal(kur.transaction_id, asks.transaction_id));
	assert_true(view_equal(kur.confirm, asks.confirm));
	assert_ok(there_and_back(0, rp_kua_rows, &gives, &kua, &fault));
	assert_true(view_equal(kua.public_half, gives.public_half));
	assert_true(view_equal(kua.sealed, gives.sealed));
	assert_true(view_equal(kua.confirm, gives.confirm));
	assert_ok(there_and_back(0, rp_maa_rows, &maa, &got_maa, &fault));
	assert_true(got_maa.has_awaits);
	assert_int_equal(got_maa.awaits, RP_AWAITS_TOKEN);
}

static void refusal_of_3gpp_is_told_apart(void **state)
{
	const struct rp_maa in = {.s = {.session_id = view_text("authn1.realm.example;1;2"),
					  .has_experimental = true,
					  .experimental = DIAMETER_IDENTITY_UNKNOWN}};
	struct rp_maa got;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(0, rp_maa_rows, &in, &got, &fault));
	assert_false(got.s.has_result);
	assert_true(got.s.has_experimental);
	assert_int_equal(got.s.experimental, 5401);
	assert_false(got.has_item);
}

static void permission_is_asked_for_and_given(void **state)
{
	const struct rp_aar in = {.s = request_session(),
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2,
		.user_name = view_text("001010123456789@realm.example"),
		.naf_id = VIEW("app.example\1\0\0\0\7"),
		.nas_identifier = view_text("element1.asp.example")};
	const struct rp_aaa answer = {.s = answer_session(),
		.auth_application = DIAMETER_NASREQ,
		.request_type = 2,
		.has_authorization_lifetime = true,
		.authorization_lifetime = 3600,
		.guss = view_text("<guss/>")};
	struct rp_aar got;
	struct rp_aaa given;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(DIAMETER_REQUEST, rp_aar_rows, &in, &got, &fault));
	assert_session(&got.s, &in.s);
	assert_int_equal(got.auth_application, 1);
	assert_int_equal(got.request_type, 2);
	assert_true(view_equal(got.naf_id, in.naf_id));
	assert_view(got.nas_identifier, "element1.asp.example");
	assert_ok(there_and_back(0, rp_aaa_rows, &answer, &given, &fault));
	assert_int_equal(given.authorization_lifetime, 3600);
	assert_view(given.guss, "<guss/>");
}

static void key_is_asked_for_and_given(void **state)
{
	const struct rp_bir in = {.s = request_session(),
		.transaction_id = view_text("abc@authn1.realm.example"),
		.naf_id = VIEW("app.example\1\0\0\0\7"),
		.service_ids = {1, 0x01020304},
		.service_id_count = 2,
		.has_private_identity_request = true,
		.private_identity_request = 1};
	const struct rp_bia answer = {.s = answer_session(),
		.user_name = view_text("001010123456789@realm.example"),
		.key_material = VIEW(octets),
		.has_expiry = true,
		.expiry = 2085978496, /* in the era that begins in 2036 */
		.has_creation = true,
		.creation = 1767225600,
		.guss = view_text("<guss/>")};
	struct rp_bir got;
	struct rp_bia given;
	struct diameter_fault fault;

	(void)state;
	assert_ok(there_and_back(DIAMETER_REQUEST, rp_bir_rows, &in, &got, &fault));
	assert_session(&got.s, &in.s);
	assert_true(view_equal(got.transaction_id, in.transaction_id));
	assert_true(view_equal(got.naf_id, in.naf_id));
	assert_int_equal(got.service_id_count, 2);
	assert_int_equal(got.service_ids[1], 0x01020304);
	assert_int_equal(got.private_identity_request, 1);
	assert_ok(there_and_back(0, rp_bia_rows, &answer, &given, &fault));
	assert_true(view_equal(given.key_material, answer.key_material));
	assert_int_equal(given.expiry, answer.expiry);
	assert_int_equal(given.creation, answer.creation);
}

static void what_must_be_there_is_missed(void **state)
{
	struct rp_aar aar = {.s = request_session()};
	struct rp_bir bir = {.s = request_session(), .naf_id = VIEW(octets)};
	struct rp_mar mar = {.s = request_session()};
	struct diameter_fault fault;

	(void)state;
	assert_err(ERR_SYNTAX, there_and_back(DIAMETER_REQUEST, rp_aar_rows, &aar, &aar, &fault));
	assert_said("NAF-Id is missing");
	assert_err(ERR_SYNTAX, there_and_back(DIAMETER_REQUEST, rp_bir_rows, &bir, &bir, &fault));
	assert_said("Transaction-Identifier is missing");
	assert_int_equal(fault.example.code, 401);
	assert_int_equal(fault.example.vendor, VENDOR_3GPP);
	mar.s.session_id = view_of(NULL, 0);
	assert_err(ERR_SYNTAX, there_and_back(DIAMETER_REQUEST, rp_mar_rows, &mar, &mar, &fault));
	assert_said("Session-Id is missing");
}

static void naf_id_is_an_identity_and_a_ua_id(void **state)
{
	uint8_t bytes[NAF_ID_MAX];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct ident app, back, fqdn;
	struct ua ua;

	(void)state;
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("App.Example"), &app));
	assert_ok(rp_naf_id(&app, UA_TLS13_PSK, &out));
	assert_int_equal(out.len, 16);
	assert_memory_equal(bytes, "app.example\1\0\0\0\7", 16);
	assert_ok(rp_from_naf_id(buf_contents(&out), &back, &ua));
	assert_true(ident_equal(&app, &back));
	assert_true(ua_equal(ua, UA_TLS13_PSK));
	assert_ok(ident_parse(IDENT_FQDN, view_text("realm.example"), &fqdn));
	assert_err(ERR_SYNTAX, rp_naf_id(&fqdn, UA_TLS13_PSK, &out));
	out = buf_fixed(bytes, 15);
	assert_err(ERR_RANGE, rp_naf_id(&app, UA_TLS13_PSK, &out));
}

static void naf_ids_that_are_none_are_refused(void **state)
{
	static uint8_t large[NAF_ID_MAX + 1];
	static const char no_app[] = "\1\0\0\0\7", bad_app[] = "a b\1\0\0\0\7";
	struct ident app;
	struct ua ua;

	(void)state;
	memset(large, 'a', sizeof(large));
	assert_err(ERR_SYNTAX, rp_from_naf_id(view_of(NULL, 0), &app, &ua));
	assert_err(ERR_SYNTAX, rp_from_naf_id(view_of(no_app, 5), &app, &ua));
	assert_err(ERR_SYNTAX, rp_from_naf_id(VIEW(large), &app, &ua));
	assert_err(ERR_SYNTAX, rp_from_naf_id(view_of(bad_app, 8), &app, &ua));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vector_is_asked_for),
		TEST(vector_is_given),
		TEST(a_key_is_updated),
		TEST(refusal_of_3gpp_is_told_apart),
		TEST(permission_is_asked_for_and_given),
		TEST(key_is_asked_for_and_given),
		TEST(what_must_be_there_is_missed),
		TEST(naf_id_is_an_identity_and_a_ua_id),
		TEST(naf_ids_that_are_none_are_refused),
	};
	return RUN_TESTS(tests);
}
