// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/diameter_avps.h"
#include <string.h>

/* A message under construction, AVP by AVP, right or wrong. */
struct craft {
	uint8_t bytes[DIAMETER_MAX + 64];
	struct buf buf;
};

static void craft_begin(struct craft *c, uint8_t flags, uint32_t command, uint32_t application)
{
	c->buf = buf_fixed(c->bytes, sizeof(c->bytes));
	buf_u32(&c->buf, 1u << 24);
	buf_u32(&c->buf, (uint32_t)flags << 24 | command);
	buf_u32(&c->buf, application);
	buf_u32(&c->buf, 0x11111111);
	buf_u32(&c->buf, 0x22222222);
}

static void craft_avp(struct craft *c, uint32_t code, uint8_t flags, uint32_t vendor,
	struct view value)
{
	size_t header = flags & AVP_VENDOR ? 12 : 8;

	buf_u32(&c->buf, code);
	buf_u32(&c->buf, (uint32_t)flags << 24 | (uint32_t)(header + value.len));
	if (flags & AVP_VENDOR) {
		buf_u32(&c->buf, vendor);
	}
	buf_view(&c->buf, value);
	buf_zeros(&c->buf, -value.len % 4);
}

static void craft_text(struct craft *c, uint32_t code, const char *text)
{
	craft_avp(c, code, AVP_MANDATORY, 0, view_text(text));
}

static void craft_u32(struct craft *c, uint32_t code, uint32_t value)
{
	uint8_t bytes[4];
	struct buf b = buf_fixed(bytes, sizeof(bytes));

	buf_u32(&b, value);
	craft_avp(c, code, AVP_MANDATORY, 0, VIEW(bytes));
}

static struct view craft_end(struct craft *c)
{
	buf_patch_u24(&c->buf, 1, (uint32_t)c->buf.len);
	assert_false(c->buf.failed);
	return buf_contents(&c->buf);
}

/* A small message with one row of every kind. */
struct sample_item {
	struct view scheme;
	bool has_number;
	uint32_t number;
};
struct sample {
	struct view session_id, origin_host, octets, address, whole;
	uint32_t state;
	bool has_timeout;
	uint32_t timeout;
	bool has_time;
	int64_t time;
	struct view routes[3];
	size_t route_count;
	bool has_item;
	struct sample_item item;
	struct sample_item items[2];
	size_t item_count;
	bool has_experimental;
	uint32_t experimental;
	bool has_result;
	uint32_t result;
};

static const struct avp_row item_rows[] = {
	ROW(AUTH_SCHEME, AVP_ONE, sample_item, scheme),
	ROW_MAYBE(ITEM_NUMBER, sample_item, number, has_number),
	ROW_END(sample_item),
};
static const struct avp_row fixed_rows[] = {
	ROW_FIXED(VENDOR_ID, VENDOR_3GPP),
	ROW_FIXED(AUTH_APPLICATION_ID, DIAMETER_ZH),
	{0},
};
static const struct avp_row sample_rows[] = {
	ROW(SESSION_ID, AVP_ONE, sample, session_id),
	ROW_FIXED_GROUP(VENDOR_APPLICATION, fixed_rows),
	ROW(ORIGIN_HOST, AVP_ONE, sample, origin_host),
	ROW(AUTH_SESSION_STATE, AVP_ONE, sample, state),
	ROW_MAYBE(SESSION_TIMEOUT, sample, timeout, has_timeout),
	ROW_MAYBE(GUSS_TIMESTAMP, sample, time, has_time),
	ROW(CLASS, AVP_OPTIONAL, sample, octets),
	ROW(HOST_IP_ADDRESS, AVP_FIRST, sample, address),
	ROW_MANY(ROUTE_RECORD, sample, routes, route_count, NULL),
	ROW_GROUP(AUTH_ITEM, sample, item, has_item, item_rows),
	ROW_MAYBE(RESULT_CODE, sample, result, has_result),
	ROW_GROUP(EXPERIMENTAL_RESULT, sample, experimental, has_experimental,
		diameter_experimental_rows),
	ROW(PROXY_INFO, AVP_OPTIONAL, sample, whole),
	ROW_END(sample),
};

static const struct avp_row many_groups_rows[] = {
	ROW_MANY(AUTH_ITEM, sample, items, item_count, item_rows),
	ROW_END(sample),
};

static const struct diameter_header sample_header = {
	.flags = DIAMETER_REQUEST | DIAMETER_PROXIABLE,
	.command = DIAMETER_MAR,
	.application = DIAMETER_ZH,
	.hop_by_hop = 0x01020304,
	.end_to_end = 0xa0b0c0d0,
};

static void craft_sample(struct craft *c)
{
	craft_begin(c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
	craft_text(c, 263, "a;1;2");
	craft_text(c, 264, "a.example");
	craft_u32(c, 277, 1);
}

static void assert_refused(struct view message, enum diameter_result result, const char *said,
	struct diameter_fault *ret_fault)
{
	struct sample out;

	assert_err(ERR_SYNTAX, diameter_decode(message, sample_rows, &out, ret_fault));
	assert_int_equal(ret_fault->result, result);
	assert_said(said);
}

static void header_lengths_are_checked(void **state)
{
	static const struct {
		uint8_t bytes[4];
		bool good;
		size_t length;
	} cases[] = {
		{{1, 0, 0, 20}, true, 20},
		{{1, 1, 0, 0}, true, 65536},
		{{1, 0, 0, 0}, false, 0},
		{{1, 0, 0, 16}, false, 0},
		{{1, 0, 0, 21}, false, 0},
		{{1, 1, 0, 4}, false, 0},
		{{1, 255, 255, 252}, false, 0},
		{{2, 0, 0, 20}, false, 0},
		{{'G', 'E', 'T', ' '}, false, 0},
	};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum err got = diameter_length(VIEW(cases[i].bytes), &length);

		assert_string_equal(err_name(got), cases[i].good ? "ok" : "syntax");
		if (cases[i].good) {
			assert_int_equal(length, cases[i].length);
		}
	}
	assert_ok(diameter_length(view_of(cases[0].bytes, 3), &length));
	assert_int_equal(length, 0);
	assert_ok(diameter_length(view_of(NULL, 0), &length));
}

static void header_must_fit_the_message(void **state)
{
	struct craft c;
	struct diameter_header header;

	(void)state;
	craft_begin(&c, 0xd0, DIAMETER_BIR, DIAMETER_ZN);
	struct view whole = craft_end(&c);

	assert_ok(diameter_parse_header(whole, &header));
	assert_int_equal(header.flags, 0xd0);
	assert_int_equal(header.command, 310);
	assert_int_equal(header.application, 16777220);
	assert_int_equal(header.hop_by_hop, 0x11111111);
	assert_int_equal(header.end_to_end, 0x22222222);
	assert_int_equal(header.length, 20);
	assert_err(ERR_SYNTAX, diameter_parse_header(view_of(whole.data, 19), &header));
	assert_err(ERR_SYNTAX, diameter_parse_header(view_of(whole.data, 2), &header));
	assert_err(ERR_SYNTAX, diameter_parse_header(view_of(NULL, 0), &header));
}

static void every_kind_of_row_survives_the_way(void **state)
{
	static const uint8_t proxy_info[] = {0, 0, 1, 28, 0x40, 0, 0, 8};
	static const uint8_t address[] = {0, 1, 127, 0, 0, 1};
	uint8_t bytes[1024];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct sample in = {.session_id = view_text("a.example;1;2"),
		.origin_host = view_text("a.example"),
		.octets = view_text(""),
		.address = VIEW(address),
		.whole = VIEW(proxy_info),
		.state = 1,
		.has_timeout = true,
		.timeout = 3600,
		.has_time = true,
		.time = 1700000000,
		.routes = {view_text("x"), view_text("yy"), view_text("zzz")},
		.route_count = 3,
		.has_item = true,
		.item = {.scheme = view_text("Digest-AKAv1-MD5"), .has_number = true, .number = 7},
		.has_experimental = true,
		.experimental = 5401};
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	diameter_encode(&out, &sample_header, sample_rows, &in);
	assert_ok(buf_end(&out, "sample"));
	assert_int_equal(out.len % 4, 0);
	assert_ok(diameter_decode(buf_contents(&out), sample_rows, &got, &fault));
	assert_view(got.session_id, "a.example;1;2");
	assert_view(got.origin_host, "a.example");
	assert_non_null(got.octets.data);
	assert_int_equal(got.octets.len, 0);
	assert_true(view_equal(got.address, in.address));
	assert_true(view_equal(got.whole, in.whole));
	assert_int_equal(got.state, 1);
	assert_true(got.has_timeout);
	assert_int_equal(got.timeout, 3600);
	assert_true(got.has_time);
	assert_int_equal(got.time, 1700000000);
	assert_int_equal(got.route_count, 3);
	assert_view(got.routes[0], "x");
	assert_view(got.routes[2], "zzz");
	assert_true(got.has_item);
	assert_view(got.item.scheme, "Digest-AKAv1-MD5");
	assert_true(got.item.has_number);
	assert_int_equal(got.item.number, 7);
	assert_true(got.has_experimental);
	assert_int_equal(got.experimental, 5401);
	assert_false(got.has_result);
}

static void what_is_absent_is_left_out(void **state)
{
	uint8_t bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct sample in = {.session_id = view_text("s"), .origin_host = view_text("h")};
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	diameter_encode(&out, &sample_header, sample_rows, &in);
	/* header, Session-Id, Vendor-Specific-Application-Id, Origin-Host, Auth-Session-State */
	assert_int_equal(out.len, 20 + 12 + 32 + 12 + 12);
	assert_ok(diameter_decode(buf_contents(&out), sample_rows, &got, &fault));
	assert_null(got.octets.data);
	assert_null(got.whole.data);
	assert_false(got.has_timeout);
	assert_false(got.has_time);
	assert_false(got.has_item);
	assert_false(got.has_experimental);
	assert_int_equal(got.route_count, 0);
}

static void bytes_of_an_avp_are_as_the_rfc_says(void **state)
{
	static const uint8_t expected[] = {
		0, 0, 1, 7, 0x40, 0, 0, 9, 's', 0, 0, 0,       /* 263 M, padded by three */
		0, 0, 1, 4, 0x40, 0, 0, 32,		       /* 260 */
		0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf, /* 266 10415 */
		0, 0, 1, 2, 0x40, 0, 0, 12, 1, 0, 0, 5,	       /* 258 16777221 */
		0, 0, 1, 8, 0x40, 0, 0, 9, 'h', 0, 0, 0,       /* 264 */
		0, 0, 1, 21, 0x40, 0, 0, 12, 0, 0, 0, 1,       /* 277 */
		0, 0, 1, 153, 0x80, 0, 0, 16, 0, 0, 0x28, 0xaf, 0x83, 0xaa, 0x7e,
		0x80, /* 409, no M */
	};
	uint8_t bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct sample in = {.session_id = view_text("s"),
		.origin_host = view_text("h"),
		.state = 1,
		.has_time = true,
		.time = 0};

	(void)state;
	diameter_encode(&out, &sample_header, sample_rows, &in);
	assert_int_equal(out.len, DIAMETER_HEADER + sizeof(expected));
	assert_memory_equal(bytes + DIAMETER_HEADER, expected, sizeof(expected));
}

static void time_reaches_into_the_next_era(void **state)
{
	static const struct {
		int64_t seconds;
		uint32_t wire;
		int64_t back;
	} cases[] = {
		{0, 2208988800u, 0},
		{-61505152, 0x80000000, -61505152}, /* 1968-01-20T03:14:08Z */
		{-61505153, 0x80000000, -61505152},
		{2085978495, 0xffffffff, 2085978495},
		{2085978496, 0, 2085978496}, /* 2036-02-07T06:28:16Z */
		{4233462143, 0x7fffffff, 4233462143},
		{INT64_MAX, 0x7fffffff, 4233462143},
		{INT64_MIN, 0x80000000, -61505152},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[256];
		struct buf out = buf_fixed(bytes, sizeof(bytes));
		struct sample got, in = {.session_id = view_text("s"),
					   .origin_host = view_text("h"),
					   .has_time = true,
					   .time = cases[i].seconds};
		struct diameter_fault fault;

		diameter_encode(&out, &sample_header, sample_rows, &in);
		struct reader r = reader_of(view_of(bytes + out.len - 4, 4));

		assert_int_equal(reader_u32(&r), cases[i].wire);
		assert_ok(diameter_decode(buf_contents(&out), sample_rows, &got, &fault));
		assert_int_equal(got.time, cases[i].back);
	}
}

static void a_message_that_does_not_fit_is_not_made(void **state)
{
	static uint8_t large[DIAMETER_MAX], bytes[2 * DIAMETER_MAX];
	struct buf small = buf_fixed(bytes, 40), roomy = buf_fixed(bytes, sizeof(bytes));
	struct sample in = {.session_id = view_text("s"), .origin_host = view_text("h")};

	(void)state;
	diameter_encode(&small, &sample_header, sample_rows, &in);
	assert_true(small.failed);
	in.octets = VIEW(large);
	diameter_encode(&roomy, &sample_header, sample_rows, &in);
	assert_true(roomy.failed);
}

static void missing_avp_is_named_with_an_example(void **state)
{
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	craft_begin(&c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
	craft_text(&c, 263, "a;1;2");
	craft_text(&c, 264, "a.example");
	assert_refused(craft_end(&c), DIAMETER_MISSING_AVP, "Auth-Session-State is missing", &fault);
	assert_int_equal(fault.example.code, 277);

	uint8_t bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	static const uint8_t failed_avp[] = {0, 0, 1, 23, 0x40, 0, 0, 20, 0, 0, 1, 21, 0x40, 0, 0,
		12, 0, 0, 0, 0};

	diameter_encode_error(&out, buf_contents(&c.buf), &fault, view_text("b.example"),
		view_text("example"), "missing");
	assert_memory_equal(bytes + out.len - sizeof(failed_avp), failed_avp, sizeof(failed_avp));
}

static void missing_avp_in_a_group_is_found(void **state)
{
	static const uint8_t item[] = {0, 0, 2, 101, 0xc0, 0, 0, 16, 0, 0, 0x28, 0xaf, 0, 0, 0,
		1}; /* 613, no 608 */
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_avp(&c, 612, AVP_VENDOR | AVP_MANDATORY, VENDOR_3GPP, VIEW(item));
	assert_refused(craft_end(&c), DIAMETER_MISSING_AVP, "SIP-Authentication-Scheme", &fault);
	assert_int_equal(fault.example.vendor, VENDOR_3GPP);
}

static void an_answer_that_refuses_needs_little(void **state)
{
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_begin(&c, 0, DIAMETER_MAR, DIAMETER_ZH);
	craft_u32(&c, 268, DIAMETER_UNABLE_TO_COMPLY);
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
	assert_int_equal(got.result, 5012);
	assert_null(got.session_id.data);

	craft_begin(&c, 0, DIAMETER_MAR, DIAMETER_ZH);
	craft_u32(&c, 268, DIAMETER_SUCCESS);
	assert_refused(craft_end(&c), DIAMETER_MISSING_AVP, "Session-Id is missing", &fault);
}

static void repeated_avp_is_refused(void **state)
{
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_text(&c, 264, "evil.example");
	assert_refused(craft_end(&c), DIAMETER_AVP_OCCURS_TOO_MANY_TIMES,
		"Origin-Host occurs too many times", &fault);
	assert_int_equal(fault.failed_avp.len, 8 + 12);

	craft_sample(&c);
	for (int i = 0; i < 4; i++) {
		craft_text(&c, 282, "r.example");
	}
	assert_refused(craft_end(&c), DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, "Route-Record", &fault);
}

static void unknown_avp_counts_by_its_m_bit(void **state)
{
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_avp(&c, 9999, 0, 0, view_text("whatever"));
	craft_avp(&c, 612, AVP_VENDOR, 4711, view_text("not ours"));
	craft_text(&c, 33, "known, of no use here");
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
	assert_false(got.has_item);

	craft_sample(&c);
	craft_text(&c, 9999, "must");
	assert_refused(craft_end(&c), DIAMETER_AVP_UNSUPPORTED, "AVP 9999", &fault);
	assert_int_equal(fault.failed_avp.len, 12);

	/* without the V bit this is another AVP than 3GPP's */
	craft_sample(&c);
	craft_text(&c, 612, "");
	assert_refused(craft_end(&c), DIAMETER_AVP_UNSUPPORTED, "AVP 612 of vendor 0", &fault);

	/* too long to be sent back whole */
	static uint8_t large[4000];

	craft_sample(&c);
	craft_avp(&c, 9999, AVP_MANDATORY, 0, VIEW(large));
	assert_refused(craft_end(&c), DIAMETER_AVP_UNSUPPORTED, "AVP 9999", &fault);
	assert_int_equal(fault.failed_avp.len, 0);
	assert_int_equal(fault.example.code, 9999);
}

static void vendor_zero_is_the_ietf(void **state)
{
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_begin(&c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
	craft_text(&c, 263, "a;1;2");
	craft_avp(&c, 264, AVP_VENDOR | AVP_MANDATORY, 0, view_text("a.example"));
	craft_u32(&c, 277, 1);
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
	assert_view(got.origin_host, "a.example");
}

static void avp_lengths_are_checked(void **state)
{
	struct craft c;
	struct diameter_fault fault;
	static const uint32_t bad[] = {0, 7, 13, 100, 0xffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		craft_sample(&c);
		size_t at = c.buf.len;

		craft_u32(&c, 27, 1);
		buf_patch_u24(&c.buf, at + 5, bad[i]);
		assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_LENGTH, "AVP 27: length", &fault);
		assert_int_equal(fault.example.code, 27);
	}
	craft_sample(&c);
	size_t at = c.buf.len;

	craft_avp(&c, 612, AVP_VENDOR, VENDOR_3GPP, view_of(NULL, 0));
	buf_patch_u24(&c.buf, at + 5, 8); /* shorter than its header with the vendor */
	assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_LENGTH, "AVP 612", &fault);

	craft_sample(&c);
	buf_u32(&c.buf, 264);
	assert_refused(craft_end(&c), DIAMETER_INVALID_MESSAGE_LENGTH, "cut off", &fault);
}

static void value_lengths_are_checked(void **state)
{
	static const struct {
		uint32_t code;
		const char *value, *said;
	} cases[] = {
		{27, "abc", "Session-Timeout of 3"},
		{27, "abcde", "Session-Timeout of 5"},
		{257, "abcde", "Host-IP-Address of 5"},
		{268, "", "Result-Code of 0"},
	};
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		craft_sample(&c);
		craft_text(&c, cases[i].code, cases[i].value);
		assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_LENGTH, cases[i].said, &fault);
		assert_true(fault.failed_avp.len > 0);
	}
}

static void identities_and_texts_are_checked(void **state)
{
	static const char *const bad[] = {"", "a b", "a\n", "a;b", "caf\xc3\xa9.example"};
	char too_long[257];
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	memset(too_long, 'a', 256);
	too_long[256] = 0;
	for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		craft_begin(&c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
		craft_text(&c, 264, i < sizeof(bad) / sizeof(bad[0]) ? bad[i] : too_long);
		assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_VALUE, "Origin-Host", &fault);
	}
	craft_begin(&c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
	craft_text(&c, 263, "\xff\xfe");
	assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_VALUE, "Session-Id", &fault);
}

static void fixed_values_are_checked(void **state)
{
	static const uint8_t other_vendor[] = {0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0, 9, 0, 0, 1, 42,
		0x40, 0, 0, 12, 0, 0, 0x15, 0x19};
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_avp(&c, 297, AVP_MANDATORY, 0, VIEW(other_vendor));
	assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_VALUE, "Vendor-Id is 9, not 10415",
		&fault);
	craft_sample(&c);
	craft_avp(&c, 260, AVP_MANDATORY, 0, VIEW(other_vendor));
	assert_refused(craft_end(&c), DIAMETER_INVALID_AVP_VALUE, "Vendor-Id is 9", &fault);
}

static void padding_may_be_missing_at_the_end_of_a_group(void **state)
{
	static const uint8_t item[] = {0, 0, 2, 96, 0xc0, 0, 0, 13, 0, 0, 0x28, 0xaf, 'x'};
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_avp(&c, 612, AVP_VENDOR | AVP_MANDATORY, VENDOR_3GPP, VIEW(item));
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
	assert_view(got.item.scheme, "x");
}

static void groups_may_be_repeated_up_to_their_room(void **state)
{
	static const uint8_t item[] = {0, 0, 2, 96, 0xc0, 0, 0, 13, 0, 0, 0x28, 0xaf, 'x', 0, 0, 0};
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_begin(&c, DIAMETER_REQUEST, DIAMETER_MAR, DIAMETER_ZH);
	craft_avp(&c, 612, AVP_VENDOR | AVP_MANDATORY, VENDOR_3GPP, VIEW(item));
	craft_avp(&c, 612, AVP_VENDOR | AVP_MANDATORY, VENDOR_3GPP, VIEW(item));
	assert_ok(diameter_decode(craft_end(&c), many_groups_rows, &got, &fault));
	assert_int_equal(got.item_count, 2);
	assert_view(got.items[1].scheme, "x");
	craft_avp(&c, 612, AVP_VENDOR | AVP_MANDATORY, VENDOR_3GPP, VIEW(item));
	assert_err(ERR_SYNTAX, diameter_decode(craft_end(&c), many_groups_rows, &got, &fault));
	assert_int_equal(fault.result, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES);
}

static void avps_are_counted(void **state)
{
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	for (int i = 3; i < DIAMETER_AVPS_MAX; i++) {
		craft_avp(&c, 9999, 0, 0, view_of(NULL, 0));
	}
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
	craft_avp(&c, 9999, 0, 0, view_of(NULL, 0));
	assert_refused(craft_end(&c), DIAMETER_UNABLE_TO_COMPLY, "more than 512 AVPs", &fault);
}

static void deep_nesting_is_not_entered(void **state)
{
	struct craft c;
	struct sample got;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	/* Failed-AVP in Failed-AVP in ... */
	for (uint32_t left = 40000; left >= 8; left -= 8) {
		buf_u32(&c.buf, 279);
		buf_u32(&c.buf, 0x40u << 24 | left);
	}
	assert_ok(diameter_decode(craft_end(&c), sample_rows, &got, &fault));
}

static void capabilities_are_read_generously(void **state)
{
	static const uint8_t address[] = {0, 1, 192, 0, 2, 1};
	static const uint8_t vendor_app[] = {0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0, 9, 0, 0, 1, 10,
		0x40, 0, 0, 12, 0, 0, 0x28, 0xaf, 0, 0, 1, 2, 0x40, 0, 0, 12, 1, 0, 0, 5};
	struct craft c;
	struct diameter_capabilities got;
	struct diameter_fault fault;

	(void)state;
	craft_begin(&c, DIAMETER_REQUEST, DIAMETER_CER, 0);
	craft_text(&c, 264, "hss.example");
	craft_text(&c, 296, "example");
	craft_avp(&c, 257, AVP_MANDATORY, 0, VIEW(address));
	craft_avp(&c, 257, AVP_MANDATORY, 0, VIEW(address));
	craft_u32(&c, 266, 10415);
	craft_text(&c, 269, "product");
	craft_text(&c, 9999, "mandatory, unknown, and still no reason to refuse");
	for (uint32_t i = 0; i < 40; i++) {
		craft_u32(&c, 258, i);
	}
	craft_avp(&c, 260, AVP_MANDATORY, 0, VIEW(vendor_app));
	assert_ok(diameter_decode(craft_end(&c), diameter_capabilities_rows, &got, &fault));
	assert_view(got.origin_host, "hss.example");
	assert_view(got.product_name, "product");
	assert_int_equal(got.auth_application_count, DIAMETER_APPS_MAX);
	assert_int_equal(got.vendor_application_count, 1);
	assert_int_equal(got.vendor_applications[0].vendor_id, 9);
	assert_true(diameter_announces(&got, DIAMETER_ZH));
	assert_true(diameter_announces(&got, DIAMETER_NASREQ));
	assert_false(diameter_announces(&got, DIAMETER_ZN));

	craft_text(&c, 264, "other.example");
	assert_err(ERR_SYNTAX,
		diameter_decode(craft_end(&c), diameter_capabilities_rows, &got, &fault));
	assert_int_equal(fault.result, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES);
}

static void a_relay_announces_everything(void **state)
{
	struct diameter_capabilities c = {.auth_applications = {DIAMETER_RELAY},
		.auth_application_count = 1};

	(void)state;
	assert_true(diameter_announces(&c, DIAMETER_ZN));
}

static void base_fields_are_found_in_any_message(void **state)
{
	static const uint8_t proxy_info[] = {0, 0, 1, 24, 0x40, 0, 0, 9, 'p', 0, 0, 0, 0, 0, 0, 33,
		0x40, 0, 0, 9, 'q', 0, 0, 0};
	struct craft c;
	struct diameter_base got;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_text(&c, 9999, "mandatory");
	craft_text(&c, 293, "b.example");
	craft_text(&c, 283, "example");
	craft_text(&c, 282, "r.example");
	craft_avp(&c, 284, AVP_MANDATORY, 0, VIEW(proxy_info));
	assert_ok(diameter_decode_base(craft_end(&c), &got, &fault));
	assert_view(got.session_id, "a;1;2");
	assert_view(got.destination_host, "b.example");
	assert_view(got.destination_realm, "example");
	assert_int_equal(got.route_record_count, 1);
	assert_int_equal(got.proxy_info_count, 1);
	assert_int_equal(got.proxy_info[0].len, 8 + sizeof(proxy_info));
}

static void answers_echo_identifiers_and_proxy_info(void **state)
{
	uint8_t bytes[512];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct craft c;
	struct diameter_base base, got;
	struct diameter_header request, header;
	struct diameter_fault fault;
	struct diameter_base answer = {.origin_host = view_text("b.example")};

	(void)state;
	craft_begin(&c, DIAMETER_REQUEST | DIAMETER_PROXIABLE | DIAMETER_RETRANSMIT, DIAMETER_MAR,
		DIAMETER_ZH);
	craft_text(&c, 263, "a;1;2");
	craft_avp(&c, 284, AVP_MANDATORY, 0, view_text("12345678"));
	craft_avp(&c, 284, AVP_MANDATORY, 0, view_text("abcdefgh"));
	struct view message = craft_end(&c);

	assert_ok(diameter_parse_header(message, &request));
	assert_ok(diameter_decode_base(message, &base, &fault));
	diameter_encode_answer(&out, &request, &base, diameter_base_rows, &answer);
	assert_ok(diameter_parse_header(buf_contents(&out), &header));
	assert_int_equal(header.flags, DIAMETER_PROXIABLE);
	assert_int_equal(header.command, DIAMETER_MAR);
	assert_int_equal(header.hop_by_hop, 0x11111111);
	assert_int_equal(header.end_to_end, 0x22222222);
	assert_ok(diameter_decode_base(buf_contents(&out), &got, &fault));
	assert_int_equal(got.proxy_info_count, 2);
	assert_true(view_equal(got.proxy_info[0], base.proxy_info[0]));
	assert_true(view_equal(got.proxy_info[1], base.proxy_info[1]));
}

static void assert_error(struct view request, enum diameter_result result, uint8_t flags,
	struct diameter_base *ret)
{
	static uint8_t bytes[512];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct diameter_fault fault = {.result = result}, ignored;
	struct diameter_header header;

	diameter_encode_error(&out, request, &fault, view_text("b.example"), view_text("example"),
		"why");
	assert_ok(diameter_parse_header(buf_contents(&out), &header));
	assert_int_equal(header.flags, flags);
	assert_ok(diameter_decode_base(buf_contents(&out), ret, &ignored));
	assert_view(ret->origin_host, "b.example");
	assert_view(ret->origin_realm, "example");
	assert_view(ret->error_message, "why");
}

static void errors_carry_what_the_result_asks(void **state)
{
	struct craft c;
	struct diameter_base got;

	(void)state;
	craft_sample(&c);
	buf_u32(&c.buf, 264); /* malformed at the end */
	struct view request = craft_end(&c);

	assert_error(request, DIAMETER_TOO_BUSY, DIAMETER_ERROR, &got);
	assert_int_equal(got.result, 3004);
	assert_view(got.session_id, "a;1;2");
	assert_error(request, DIAMETER_MISSING_AVP, 0, &got);
	assert_int_equal(got.result, 5005);
	assert_error(request, DIAMETER_NOT_AUTHORIZED, 0, &got);
	assert_false(got.has_result);
	assert_true(got.has_experimental);
	assert_int_equal(got.experimental, 5402);

	uint8_t bytes[64];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct diameter_fault fault = {.result = DIAMETER_TOO_BUSY};

	diameter_encode_error(&out, view_of(request.data, 12), &fault, view_text("b"),
		view_text("c"), "why");
	assert_int_equal(out.len, 0);
}

static void failed_avp_is_sent_back(void **state)
{
	static const uint8_t expected[] = {0, 0, 1, 23, 0x40, 0, 0, 20, 0, 0, 0x27, 0x0f, 0x40, 0,
		0, 11, 'a', 'b', 'c', 0};
	uint8_t bytes[256];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct craft c;
	struct diameter_fault fault;

	(void)state;
	craft_sample(&c);
	craft_text(&c, 9999, "abc");
	struct view request = craft_end(&c);

	assert_refused(request, DIAMETER_AVP_UNSUPPORTED, "9999", &fault);
	diameter_encode_error(&out, request, &fault, view_text("b"), view_text("c"), NULL);
	assert_memory_equal(bytes + out.len - sizeof(expected), expected, sizeof(expected));
}

static void every_cut_of_a_message_is_refused_without_harm(void **state)
{
	uint8_t bytes[512];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct sample got, in = {.session_id = view_text("a.example;1;2"),
				   .origin_host = view_text("a.example"),
				   .has_item = true,
				   .item = {.scheme = view_text("Digest-AKAv1-MD5")}};
	struct diameter_fault fault;

	(void)state;
	diameter_encode(&out, &sample_header, sample_rows, &in);
	for (size_t len = 0; len < out.len; len++) {
		assert_err(ERR_SYNTAX,
			diameter_decode(view_of(bytes, len), sample_rows, &got, &fault));
	}
}

static void dictionary_has_each_avp_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < AVP_AT_COUNT; i++) {
		const struct avp *avp = &diameter_avps[i];

		assert_ptr_equal(diameter_find_avp(avp->code, avp->vendor), avp);
		assert_int_equal((avp->flags & AVP_VENDOR) != 0, avp->vendor != 0);
	}
	assert_null(diameter_find_avp(400, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(header_lengths_are_checked),
		TEST(header_must_fit_the_message),
		TEST(every_kind_of_row_survives_the_way),
		TEST(what_is_absent_is_left_out),
		TEST(bytes_of_an_avp_are_as_the_rfc_says),
		TEST(time_reaches_into_the_next_era),
		TEST(a_message_that_does_not_fit_is_not_made),
		TEST(missing_avp_is_named_with_an_example),
		TEST(missing_avp_in_a_group_is_found),
		TEST(an_answer_that_refuses_needs_little),
		TEST(repeated_avp_is_refused),
		TEST(unknown_avp_counts_by_its_m_bit),
		TEST(vendor_zero_is_the_ietf),
		TEST(avp_lengths_are_checked),
		TEST(value_lengths_are_checked),
		TEST(identities_and_texts_are_checked),
		TEST(fixed_values_are_checked),
		TEST(padding_may_be_missing_at_the_end_of_a_group),
		TEST(groups_may_be_repeated_up_to_their_room),
		TEST(avps_are_counted),
		TEST(deep_nesting_is_not_entered),
		TEST(capabilities_are_read_generously),
		TEST(a_relay_announces_everything),
		TEST(base_fields_are_found_in_any_message),
		TEST(answers_echo_identifiers_and_proxy_info),
		TEST(errors_carry_what_the_result_asks),
		TEST(failed_avp_is_sent_back),
		TEST(every_cut_of_a_message_is_refused_without_harm),
		TEST(dictionary_has_each_avp_once),
	};
	return RUN_TESTS(tests);
}
