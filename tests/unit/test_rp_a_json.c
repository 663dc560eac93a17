// SPDX-License-Identifier: Apache-2.0
/* RP_A in JSON: what is written is read as it was, and what is wrong is named. */
#include "test.h"

#include "wire/gba_xml.h"
#include "wire/rp_a_json.h"

#define APP   "app.example\x01\0\0\0\x07"
#define OTHER "https://other.example/a\x01\0\x01\xcc\xac"
#define ID    "ICEiIyQlJicoKSorLC0uLw==@authn1.realm.example"

static struct view naf_id(const char *text, size_t len)
{
	return view_of(text, len - 1);
}
#define NAF(text) naf_id(text, sizeof(text))

static void settings(struct buf *out)
{
	struct guss guss = {.uss_count = 1};

	guss.uss[0].id = 1;
	guss.uss[0].type = 2;
	(void)strcpy(guss.uss[0].uid, "90G0DZKNLS5XhSFmrTrqdavy");
	guss.uss[0].flags[0] = 3;
	guss.uss[0].flag_count = 1;
	gba_xml_write_uss_list(out, &guss);
}

/* req: B9.6.1-c B9.6.1-e */
static void an_announcement(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(8192);
	struct rp_rpr in = {.type = RP_A_ANNOUNCE, .announced_count = 2}, got;
	RP_A_JSON(m);

	(void)state;
	in.s.session_id = view_text("gateway.app.example;1;2;0badcafe");
	in.announced[0] = (struct rp_announced){.naf_ids = {NAF(APP)},
		.naf_id_count = 1,
		.address = view_text("app.example:443"),
		.mechanisms = {view_text("tls13-psk"), view_text("tls12-psk")},
		.mechanism_count = 2,
		.has_shared = true};
	in.announced[1] = (struct rp_announced){.naf_ids = {NAF(OTHER)}, .naf_id_count = 1};
	assert_ok(rp_a_json_write_announcement(&in, &out));
	assert_string_equal(buf_string(&out),
		"{\"tx\":\"0badcafe\",\"applications\":["
		"{\"nafFqdn\":\"app.example\",\"uaSecProtIds\":[\"0100000007\"],"
		"\"address\":\"app.example:443\",\"mechanisms\":[\"tls13-psk\",\"tls12-psk\"],"
		"\"shared\":false},"
		"{\"nafFqdn\":\"https://other.example/a\",\"uaSecProtIds\":[\"010001ccac\"],"
		"\"mechanisms\":[]}]}");
	assert_ok(rp_a_json_read_announcement(buf_contents(&out), &m, &got));
	assert_int_equal(got.type, RP_A_ANNOUNCE);
	assert_int_equal(got.announced_count, 2);
	assert_true(view_equal(got.announced[0].naf_ids[0], in.announced[0].naf_ids[0]));
	assert_true(view_equal(got.announced[1].naf_ids[0], in.announced[1].naf_ids[0]));
	assert_view(got.announced[0].address, "app.example:443");
	assert_view(got.announced[0].mechanisms[1], "tls12-psk");
	assert_true(got.announced[0].has_shared);
	assert_int_equal(got.announced[0].shared, 0);
	assert_false(got.announced[1].has_shared);
	assert_view(got.s.session_id, ";0badcafe");
}

static void an_application_by_itself(void **state)
{
	struct ident id;
	struct rp_rpr got;
	RP_A_JSON(m);

	(void)state;
	assert_ok(ident_parse(IDENT_APPLICATION, view_text("app.example"), &id));
	assert_ok(rp_a_json_read_application(
		view_text("{\"uaSecProtIds\":[\"0100000007\"],\"shared\":true}"), &id, &m, &got));
	assert_int_equal(got.announced_count, 1);
	assert_true(view_equal(got.announced[0].naf_ids[0], NAF(APP)));
	assert_int_equal(got.announced[0].shared, 1);
}

/* req: B9.6.1-b B9.6.1-d B9.4.1-f */
static void a_push(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(8192), uss = buf_growing(4096);
	struct rp_rpr in = {.type = RP_A_PUSH}, got;
	uint8_t key[TOKEN_KEY];
	RP_A_JSON(m);

	(void)state;
	memset(key, 0xa5, sizeof(key));
	settings(&uss);
	in.s.session_id = view_text("authn1;1;2;0badcafe");
	in.transaction_id = view_text(ID);
	in.naf_id = view_of("app.example\0\0\0\0\0", 16);
	in.format = view_text("y3056");
	in.degree = view_text("standard");
	in.has_expiry = in.has_creation = true;
	in.creation = 1767225600;
	in.expiry = 1767229200;
	in.guss = buf_contents(&uss);
	in.rights[0] = view_text("read");
	in.rights[1] = view_text("write");
	in.right_count = 2;
	in.attributes = view_text("{\"name\":\"Ada\",\"over_18\":true}");
	in.keys[0] = (struct rp_ua_key){.naf_id = NAF(APP), .key = VIEW(key)};
	in.key_count = 1;
	assert_ok(rp_a_json_write_event(&in, &out));
	assert_string_equal(buf_string(&out),
		"{\"btId\":\"" ID "\",\"nafFqdn\":\"app.example\",\"tokenFormat\":\"y3056\","
		"\"securityDegree\":\"standard\","
		"\"bootstrappingInfoCreationTime\":\"2026-01-01T00:00:00Z\","
		"\"keyExpiryTime\":\"2026-01-01T01:00:00Z\","
		"\"ussList\":[{\"uss\":{\"gsId\":1,\"gsType\":2,"
		"\"ueIds\":[{\"ueId\":\"90G0DZKNLS5XhSFmrTrqdavy\"}],\"flags\":[{\"flag\":3}]}}],"
		"\"rights\":[\"read\",\"write\"],"
		"\"attributes\":{\"name\":\"Ada\",\"over_18\":true},"
		"\"keys\":[{\"uaSecProtId\":\"0100000007\",\"meKeyMaterial\":"
		"\"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\"}],"
		"\"tx\":\"0badcafe\"}");
	assert_ok(rp_a_json_read_event(buf_contents(&out), &m, &got));
	assert_view(got.transaction_id, ID);
	assert_true(view_equal(got.naf_id, in.naf_id));
	assert_view(got.format, "y3056");
	assert_view(got.degree, "standard");
	assert_true(got.has_creation && got.creation == in.creation);
	assert_true(got.has_expiry && got.expiry == in.expiry);
	assert_true(view_equal(got.guss, in.guss)); /* the XML that Diameter carries */
	assert_int_equal(got.right_count, 2);
	assert_view(got.rights[1], "write");
	assert_true(view_equal(got.attributes, in.attributes));
	assert_int_equal(got.key_count, 1);
	assert_true(view_equal(got.keys[0].naf_id, NAF(APP)));
	assert_memory_equal(got.keys[0].key.data, key, sizeof(key));
}

static void a_revocation(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(8192);
	struct rp_rpr in = {.type = RP_A_REVOKE, .transaction_id = view_text(ID)}, got;
	RP_A_JSON(m);

	(void)state;
	in.naf_id = view_of("app.example\0\0\0\0\0", 16);
	assert_ok(rp_a_json_write_event(&in, &out));
	assert_string_equal(buf_string(&out), "{\"btId\":\"" ID "\",\"nafFqdn\":\"app.example\"}");
	assert_ok(rp_a_json_read_event(buf_contents(&out), &m, &got));
	assert_false(got.has_expiry);
	assert_int_equal(got.key_count, 0);
	assert_int_equal(got.guss.len, 0);
}

static void a_pull_and_its_key(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(8192), uss = buf_growing(4096);
	struct rp_bir bir = {.transaction_id = view_text(ID), .naf_id = NAF(APP)}, got;
	struct rp_bia bia = {.has_expiry = true, .expiry = 1767229200}, key_got;
	uint8_t key[TOKEN_KEY];
	RP_A_JSON(m);
	RP_A_JSON(n);

	(void)state;
	bir.s.session_id = view_text("a;1;2;0badcafe");
	assert_ok(rp_a_json_write_pull(&bir, &out));
	assert_string_equal(buf_string(&out),
		"{\"btId\":\"" ID "\",\"nafId\":{\"nafFqdn\":\"app.example\","
		"\"uaSecProtId\":\"0100000007\"},\"tx\":\"0badcafe\"}");
	assert_ok(rp_a_json_read_pull(buf_contents(&out), &m, &got));
	assert_true(view_equal(got.naf_id, bir.naf_id));
	assert_view(got.transaction_id, ID);
	buf_clear(&out);
	memset(key, 0x5a, sizeof(key));
	settings(&uss);
	bia.key_material = VIEW(key);
	bia.guss = buf_contents(&uss);
	bia.user_name = view_text("001010123456789@realm.example");
	assert_ok(rp_a_json_write_key(&bia, &out));
	assert_ok(rp_a_json_read_key(buf_contents(&out), &n, &key_got));
	assert_true(view_equal(key_got.key_material, VIEW(key)));
	assert_true(key_got.has_expiry && key_got.expiry == bia.expiry);
	assert_false(key_got.has_creation);
	assert_true(view_equal(key_got.guss, bia.guss));
	assert_view(key_got.user_name, "001010123456789@realm.example");
}

static void places_and_acknowledgements(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(8192);
	uint8_t log[RP_A_LOG], log_got[RP_A_LOG];
	char id[RP_A_ID_MAX + 1];
	uint64_t serial = 0;
	struct rp_rpa place;
	struct rp_a_ack ack = {.serial = 9, .refused = {4, 7}, .refused_count = 2}, ack_got;
	RP_A_JSON(m);
	RP_A_JSON(n);

	(void)state;
	memset(log, 0x0f, sizeof(log));
	rp_a_json_print_id(VIEW(log), UINT64_MAX, id);
	assert_string_equal(id, "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f:18446744073709551615");
	assert_ok(rp_a_json_read_id(view_text(id), log_got, &serial));
	assert_true(serial == UINT64_MAX);
	assert_memory_equal(log_got, log, sizeof(log));
	assert_err(ERR_SYNTAX, rp_a_json_read_id(view_text("0f:1"), log_got, &serial));
	assert_err(ERR_SYNTAX, rp_a_json_read_id(view_text(""), log_got, &serial));
	id[32] = ';';
	assert_err(ERR_SYNTAX, rp_a_json_read_id(view_text(id), log_got, &serial));
	id[32] = ':';
	id[33] = '-';
	assert_err(ERR_SYNTAX, rp_a_json_read_id(view_text(id), log_got, &serial));
	rp_a_json_write_place(VIEW(log), 42, &out);
	assert_ok(rp_a_json_read_place(buf_contents(&out), &m, &place));
	assert_true(place.has_serial && place.serial == 42);
	assert_true(view_equal(place.log, VIEW(log)));
	assert_ok(rp_a_json_read_place(view_text("{\"detail\":\"no\"}"), &n, &place));
	assert_false(place.has_serial);
	assert_view(place.s.error_message, "no");
	buf_clear(&out);
	memcpy(ack.log, log, sizeof(log));
	assert_ok(rp_a_json_write_ack(&ack, &out));
	assert_ok(rp_a_json_read_ack(buf_contents(&out), &ack_got));
	assert_memory_equal(&ack_got, &ack, sizeof(ack));
	for (uint32_t type = RP_A_PUSH; type <= RP_A_SUBSCRIPTION; type++) {
		assert_int_equal(rp_a_json_event_type(view_text(rp_a_json_event_name(type))), type);
	}
	assert_int_equal(rp_a_json_event_type(view_text("message")), 0);
}

static void bad_messages(void **state)
{
	static const char *const events[] = {
		"",
		"[]",
		"{\"nafFqdn\":\"app.example\"}",
		"{\"btId\":\"x\"}",
		"{\"btId\":\"x\",\"nafFqdn\":\"no name\"}",
		"{\"btId\":1,\"nafFqdn\":\"app.example\"}",
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"keyExpiryTime\":\"tomorrow\"}",
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"keys\":[1]}",
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"keys\":[{\"uaSecProtId\":\"01\"}]}",
		("{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"keys\":[{\"uaSecProtId\":"
		 "\"0100000007\",\"meKeyMaterial\":\"zz\"}]}"),
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"ussList\":[{}]}",
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"ussList\":[{\"uss\":{}}]}",
		"{\"btId\":\"x\",\"nafFqdn\":\"app.example\",\"tx\":\"much too long\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct rp_rpr rpr;
		RP_A_JSON(m);

		if (rp_a_json_read_event(view_text(events[i]), &m, &rpr) != ERR_SYNTAX) {
			fail_msg("taken: %s", events[i]);
		}
	}
	static const char *const announcements[] = {
		"{}",
		"{\"applications\":[1]}",
		"{\"applications\":[{\"uaSecProtIds\":[]}]}",
		"{\"applications\":[{\"nafFqdn\":\"app.example\",\"uaSecProtIds\":[7]}]}",
		"{\"applications\":[{\"nafFqdn\":\"app.example\",\"address\":7}]}",
		"{\"applications\":[{\"nafFqdn\":\"app.example\",\"shared\":7}]}",
	};
	for (size_t i = 0; i < sizeof(announcements) / sizeof(announcements[0]); i++) {
		struct rp_rpr rpr;
		RP_A_JSON(m);

		if (rp_a_json_read_announcement(view_text(announcements[i]), &m, &rpr) !=
			ERR_SYNTAX) {
			fail_msg("taken: %s", announcements[i]);
		}
	}
}

static void more_than_a_message_holds(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(1 << 20);
	struct rp_rpr rpr;
	struct rp_a_ack ack;
	RP_A_JSON(m);
	RP_A_JSON(n);

	(void)state;
	buf_text(&out, "{\"applications\":[");
	for (int i = 0; i <= RP_ANNOUNCED; i++) {
		buf_printf(&out, "%s{\"nafFqdn\":\"a%d.example\",\"uaSecProtIds\":[]}",
			i > 0 ? "," : "", i);
	}
	buf_text(&out, "]}");
	assert_err(ERR_RANGE, rp_a_json_read_announcement(buf_contents(&out), &m, &rpr));
	buf_clear(&out);
	buf_text(&out, "{\"log\":\"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\",\"serial\":1,\"refused\":[1");
	for (int i = 0; i < RP_A_REFUSED; i++) {
		buf_text(&out, ",1");
	}
	buf_text(&out, "]}");
	assert_err(ERR_RANGE, rp_a_json_read_ack(buf_contents(&out), &ack));
	buf_clear(&out);
	buf_text(&out, "{\"x\":\"");
	for (int i = 0; i < RP_A_JSON_MAX / 8; i++) {
		buf_text(&out, "xxxxxxxx");
	}
	buf_text(&out, "\"}");
	assert_err(ERR_RANGE, rp_a_json_read_event(buf_contents(&out), &n, &rpr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_announcement),
		TEST(an_application_by_itself),
		TEST(a_push),
		TEST(a_revocation),
		TEST(a_pull_and_its_key),
		TEST(places_and_acknowledgements),
		TEST(bad_messages),
		TEST(more_than_a_message_holds),
	};

	return RUN_TESTS(tests);
}
