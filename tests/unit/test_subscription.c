// SPDX-License-Identifier: Apache-2.0
/* Subscriptions: read, written and asked.  req: R7-iv-e R9.4-i-c */
#include "test.h"

#include "wire/subscription.h"

#define SSE "\"delivery\":{\"method\":\"sse\"}"

static struct subscription parse(const char *text)
{
	struct subscription s = {.from = 0};

	assert_ok(subscription_parse(view_text(text), &s));
	return s;
}

static void what_is_read_is_written(void **state)
{
	static const char *const texts[] = {
		"{\"filter\":{}," SSE "}",
		"{\"label\":\"fleet\",\"filter\":{\"devices\":[\"IN.TEL.P01:imei:356938035643809\"]"
		","
		"\"own\":true,\"make\":\"Acme\",\"model\":\"X 1\",\"registry\":\"IN.TEL\","
		"\"kinds\":[\"notice\",\"status_changed\"],\"from\":\"trusted\","
		"\"to\":\"unreliable\",\"severity\":\"high\"},"
		"\"delivery\":{\"method\":\"webhook\",\"url\":\"https://a.example/\"},"
		"\"digest\":{\"period\":3600}}",
		"{\"filter\":{},\"delivery\":{\"method\":\"mqtt\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		BUF_CLEANUP struct buf out = buf_growing(SUBSCRIPTION_MAX);
		struct subscription s = parse(texts[i]);
		struct json_writer w = json_to(&out);

		json_open(&w, NULL);
		subscription_put(&s, &w);
		json_close(&w);
		assert_string_equal(buf_string(&out), texts[i]);
		subscription_free(&s);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} rows[] = {
		{"", ERR_SYNTAX},
		{"[]", ERR_SYNTAX},
		{"{}", ERR_SYNTAX},
		{"{" SSE ",\"extra\":1}", ERR_SYNTAX},
		{"{\"delivery\":{\"method\":\"pigeon\"}}", ERR_SYNTAX},
		{"{\"delivery\":{\"method\":\"sse\",\"url\":\"https://a/\"}}", ERR_SYNTAX},
		{"{\"delivery\":{\"method\":\"webhook\"}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":[]}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"colour\":\"red\"}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"devices\":[]}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"devices\":[1]}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"devices\":[\"IN.TEL.P01:imei:356938035643800\"]}}",
			ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"devices\":[\"IN.TEL.P01:v:AAAAAAAAAAAAAAAAAAAAAA\"]}}",
			ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"registry\":\"..\"}}", ERR_RANGE},
		{"{" SSE ",\"filter\":{\"kinds\":\"status_changed\"}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"kinds\":[\"Status!\"]}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"to\":\"unassigned\"}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"severity\":\"awful\"}}", ERR_SYNTAX},
		{"{" SSE ",\"filter\":{\"make\":\"a\\nb\"}}", ERR_SYNTAX},
		{"{" SSE ",\"digest\":{\"period\":59}}", ERR_RANGE},
		{"{" SSE ",\"digest\":{\"period\":2678401}}", ERR_RANGE},
		{"{" SSE ",\"digest\":{}}", ERR_SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct subscription s = {.document = NULL};
		enum err err = subscription_parse(view_text(rows[i].text), &s);

		if (err != rows[i].err) {
			fail_msg("%s: %s", rows[i].text, err_name(err));
		}
	}
}

static void there_are_ceilings(void **state)
{
	BUF_CLEANUP struct buf text = buf_growing(1 << 20);
	struct subscription s = {.document = NULL};

	(void)state;
	buf_text(&text, "{" SSE ",\"filter\":{\"devices\":[");
	for (int i = 0; i <= SUBSCRIPTION_DEVICES; i++) {
		buf_printf(&text, "%s\"IN:mac:%012x\"", i ? "," : "", 0x100000 + i);
	}
	buf_text(&text, "]}}");
	assert_err(ERR_RANGE, subscription_parse(buf_contents(&text), &s));
	buf_clear(&text);
	buf_text(&text, "{" SSE ",\"label\":\"");
	for (int i = 0; i <= SUBSCRIPTION_TEXT; i++) {
		buf_u8(&text, 'x');
	}
	buf_text(&text, "\"}");
	assert_err(ERR_RANGE, subscription_parse(buf_contents(&text), &s));
}

static struct subscription_event sample(void)
{
	return (struct subscription_event){
		.kind = view_text("status_changed"),
		.device = view_text("IN.TEL.P01:imei:356938035643809"),
		.make = view_text("Acme"),
		.model = view_text("X1"),
		.registry = view_text("IN.TEL.P01"),
		.from = TRUST_TRUSTED,
		.to = TRUST_UNRELIABLE,
		.severity = -1,
	};
}

static void each_part_of_a_filter_is_asked(void **state)
{
	static const struct {
		const char *filter;
		bool takes;
	} rows[] = {
		{"{}", true},
		{"{\"devices\":[\"IN.TEL.P02:imei:356938035643809\","
		 "\"IN.TEL.P01:imei:356938035643809\"]}",
			true},
		{"{\"devices\":[\"IN.TEL.P02:imei:356938035643809\"]}", false},
		{"{\"make\":\"acme\"}", true},
		{"{\"make\":\"acm\"}", false},
		{"{\"make\":\"ACME\",\"model\":\"x1\"}", true},
		{"{\"make\":\"ACME\",\"model\":\"x2\"}", false},
		{"{\"registry\":\"IN\"}", true},
		{"{\"registry\":\"IN.TEL.P01\"}", true},
		{"{\"registry\":\"IN.TEL.P0\"}", false},
		{"{\"registry\":\"IN.TEL.P01.X\"}", false},
		{"{\"kinds\":[\"notice\"]}", false},
		{"{\"kinds\":[\"notice\",\"status_changed\"]}", true},
		{"{\"to\":\"unreliable\"}", true},
		{"{\"to\":\"trusted\"}", false},
		{"{\"from\":\"trusted\",\"to\":\"unreliable\"}", true},
		{"{\"from\":\"unverified\",\"to\":\"unreliable\"}", false},
		{"{\"severity\":\"low\"}", false},
	};
	struct subscription_event event = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "{\"filter\":%s," SSE "}", rows[i].filter);
		struct subscription s = parse(text);

		if (subscription_takes(&s, &event) != rows[i].takes) {
			fail_msg("%s", rows[i].filter);
		}
		subscription_free(&s);
	}
}

/* What an event does not say is not what was asked for. */
static void what_is_not_said_is_not_taken(void **state)
{
	const struct subscription_event none = {.kind = view_text("notice"),
		.from = -1,
		.to = -1,
		.severity = -1};
	struct subscription_event severe = none;
	struct subscription to = parse("{\"filter\":{\"to\":\"trusted\"}," SSE "}");
	struct subscription make = parse("{\"filter\":{\"make\":\"Acme\"}," SSE "}");
	struct subscription high = parse("{\"filter\":{\"severity\":\"high\"}," SSE "}");

	(void)state;
	assert_false(subscription_takes(&to, &none));
	assert_false(subscription_takes(&make, &none));
	assert_false(subscription_takes(&high, &none));
	severe.severity = SEVERITY_HIGH;
	assert_true(subscription_takes(&high, &severe));
	severe.severity = SEVERITY_MEDIUM;
	assert_false(subscription_takes(&high, &severe));
	subscription_free(&to);
	subscription_free(&make);
	subscription_free(&high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_read_is_written),
		TEST(what_is_none_is_refused),
		TEST(there_are_ceilings),
		TEST(each_part_of_a_filter_is_asked),
		TEST(what_is_not_said_is_not_taken),
	};

	return RUN_TESTS(tests);
}
