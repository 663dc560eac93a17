// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "wire/json.h"
#include <cjson/cJSON.h>
#include <string.h>

enum { MAX = 1 << 20 };

static struct json *parsed(const char *text)
{
	struct json *root = NULL;

	assert_ok(json_parse(view_text(text), MAX, &root));
	return root;
}

static void members_are_read_by_type(void **state)
{
	(void)state;
	JSON_CLEANUP struct json *root =
		parsed(" {\"text\":\"a\\u00e9\\ud83d\\ude00\\n\\/\", \"n\" : -7 ,\r\n"
		       "\t\"yes\":true,\"no\":false,\"nil\":null,"
		       "\"list\":[\"x\",\"y\",[1,[2]],\"z\"],\"empty\":[]} ");
	struct view text;
	int64_t n = 0;
	bool yes = false, no = true;

	assert_true(json_is_object(root));
	assert_ok(json_text(root, "text", &text));
	assert_view(text, "a\xc3\xa9\xf0\x9f\x98\x80\n/");
	assert_ok(json_int(root, "n", -10, 10, &n));
	assert_int_equal(n, -7);
	assert_ok(json_bool_opt(root, "yes", &yes));
	assert_ok(json_bool_opt(root, "no", &no));
	assert_true(yes && !no);

	const struct json *list = json_member(root, "list");
	assert_int_equal(json_count(list), 4);
	assert_ok(json_as_text(json_item(list, 3), &text));
	assert_view(text, "z");
	assert_null(json_item(list, 4));
	assert_null(json_next(json_item(list, 3)));
	assert_ok(json_as_text(json_next(json_item(list, 0)), &text));
	assert_view(text, "y");
	assert_int_equal(json_count(json_item(list, 2)), 2);
	assert_int_equal(json_count(json_member(root, "empty")), 0);
	assert_null(json_item(json_member(root, "empty"), 0));
}

static void what_is_absent_or_of_another_type_is_named(void **state)
{
	(void)state;
	JSON_CLEANUP struct json *root =
		parsed("{\"s\":\"x\",\"n\":5,\"nil\":null,\"real\":1.0,\"a\":[]}");
	struct view text = view_text("kept");
	int64_t n = 77;
	bool b = true;

	assert_err(ERR_SYNTAX, json_text(root, "none", &text));
	assert_said("\"none\"");
	assert_err(ERR_SYNTAX, json_text(root, "n", &text));
	assert_err(ERR_SYNTAX, json_text(root, "nil", &text));
	assert_err(ERR_SYNTAX, json_text_opt(root, "n", &text));
	assert_err(ERR_SYNTAX, json_int(root, "s", 0, 9, &n));
	assert_err(ERR_SYNTAX, json_int(root, "real", 0, 9, &n));
	assert_err(ERR_RANGE, json_int(root, "n", 6, 9, &n));
	assert_err(ERR_RANGE, json_int(root, "n", 0, 4, &n));
	assert_err(ERR_SYNTAX, json_int_opt(root, "a", 0, 9, &n));
	assert_err(ERR_SYNTAX, json_bool_opt(root, "n", &b));
	assert_err(ERR_SYNTAX, json_as_text(json_member(root, "a"), &text));
	assert_err(ERR_SYNTAX, json_as_text(NULL, &text));
	assert_ok(json_text_opt(root, "none", &text));
	assert_ok(json_text_opt(root, "nil", &text));
	assert_ok(json_int_opt(root, "nil", 0, 9, &n));
	assert_ok(json_bool_opt(root, "none", &b));
	assert_view(text, "kept");
	assert_int_equal(n, 77);
	assert_true(b);
	assert_int_equal(json_count(root), 0);
	assert_null(json_item(root, 0));
	assert_null(json_member(json_member(root, "a"), "s"));
	assert_null(json_member(NULL, "s"));
	assert_false(json_is_object(NULL));
}

static void names_differ_by_letter_case(void **state)
{
	(void)state;
	JSON_CLEANUP struct json *root = parsed("{\"a\":1,\"A\":2}");
	int64_t n = 0;

	assert_ok(json_int(root, "A", 0, 9, &n));
	assert_int_equal(n, 2);
}

static void unknown_members_are_refused(void **state)
{
	(void)state;
	JSON_CLEANUP struct json *root = parsed("{\"a\":1,\"b\":2}");
	JSON_CLEANUP struct json *odd = parsed("{\"a\\u001b[2J\":1}");
	JSON_CLEANUP struct json *list = parsed("[]");

	assert_ok(json_only(root, (const char *const[]){"b", "a", "c", NULL}));
	assert_err(ERR_SYNTAX, json_only(root, (const char *const[]){"a", NULL}));
	assert_said("unknown member \"b\"");
	assert_err(ERR_SYNTAX, json_only(odd, (const char *const[]){"a", NULL}));
	assert_said("unknown member \"?\"");
	assert_err(ERR_SYNTAX, json_only(list, (const char *const[]){NULL}));
}

/* After the cases of RFC 8259 and those where parsers are known to differ. */
static const char *const good_texts[] = {
	"0",
	"-0",
	"\"\"",
	"null",
	"true",
	"false",
	"[]",
	"{}",
	" [ ] ",
	"{ }",
	"[[],{}]",
	"9007199254740991",
	"-9007199254740991",
	"0.5",
	"-1.25E+3",
	"1e400",
	"0e-0",
	"1E5",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD834\\uDD1E\"",
	"\"\x7f\"",
	"\"\xe2\x82\xac\"",
	"{\"\":1}",
	"{\"a\":{\"a\":{\"a\":1}}}",
	"[1,2,3]",
	"\t\r\n 1 \t\r\n",
};

static const char *const bad_texts[] = {
	"",
	" ",
	"{",
	"}",
	"[",
	"]",
	"[1",
	"[1,",
	"[1,]",
	"[,1]",
	"[,]",
	"[1 2]",
	"[1]]",
	"[1][",
	"{,}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"{\"a\":1 \"b\":2}",
	"{a:1}",
	"{1:1}",
	"{\"a\",1}",
	"{\"a\":1}}",
	"1 2",
	"1,",
	"nul",
	"nulll",
	"True",
	"tru",
	"NaN",
	"Infinity",
	"01",
	"-",
	"+1",
	"--1",
	".5",
	"5.",
	"-.5",
	"1e",
	"1e+",
	"1.e1",
	"0x1",
	"1_0",
	"00",
	"-01",
	"\"",
	"\"a",
	"\"\\",
	"\"\\\"",
	"\"\\x\"",
	"\"\\u\"",
	"\"\\u12\"",
	"\"\\u12g4\"",
	"'a'",
	"\"\n\"",
	"\"\t\"",
	"\"\x01\"",
	"\"\\u0000\"",
	"\"a\\u0000b\"",
	"{\"\\u0000\":1}",
	"\"\\ud800\"",
	"\"\\udc00\"",
	"\"\\ud800\\ud800\"",
	"\"\\ud800x\"",
	"\"\\ud800\\n\"",
	"\"\xff\"",
	"\"\xc0\x80\"",
	"\"\xed\xa0\x80\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xe2\x82\"",
	"\xef\xbb\xbf{}",
	"\xc2\xa0"
	"1",
	"1\x0b",
	"\x0c"
	"1",
	"//a\n1",
	"/**/1",
	"[1]#",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"b\":2,\"\\u0061\":3}",
	"[{\"x\":[{\"\":0,\"\":0}]}]",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void good_texts_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_texts); i++) {
		json_free(parsed(good_texts[i]));
	}
}

static void bad_texts_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_texts); i++) {
		struct json *root = NULL;

		assert_err(ERR_SYNTAX, json_parse(view_text(bad_texts[i]), MAX, &root));
		assert_null(root);
		assert_non_null(strstr(err_detail(), "JSON: "));
	}
}

static void a_fault_is_found_by_its_offset(void **state)
{
	(void)state;
	struct json *root = NULL;

	assert_err(ERR_SYNTAX, json_parse(view_text("{\"a\": tru }"), MAX, &root));
	assert_said("JSON: byte 6: ");
	assert_err(ERR_SYNTAX, json_parse(view_text("[] x"), MAX, &root));
	assert_said("JSON: byte 3: text after the value");
	assert_err(ERR_SYNTAX, json_parse(view_of("[1]\0", 4), MAX, &root));
	assert_said("text after the value");
}

static void whole_numbers_past_2_53_are_refused(void **state)
{
	(void)state;
	static const char *const numbers[] = {"9007199254740992", "-9007199254740992",
		"18446744073709551616", "[10000000000000000000000000000000000000000]",
		"99999999999999999999999999999999999999999999.5"};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct json *root = NULL;

		assert_err(ERR_RANGE, json_parse(view_text(numbers[i]), MAX, &root));
		assert_said("2^53");
	}
	JSON_CLEANUP struct json *root = parsed("{\"n\":-9007199254740991}");
	int64_t n = 0;

	assert_ok(json_int(root, "n", INT64_MIN, INT64_MAX, &n));
	assert_int_equal(n, -9007199254740991);
}

static struct buf repeated(const char *part, size_t count, const char *middle, const char *end)
{
	struct buf out = buf_growing(MAX);

	for (size_t i = 0; i < count; i++) {
		buf_text(&out, part);
	}
	buf_text(&out, middle);
	for (size_t i = 0; i < count; i++) {
		buf_text(&out, end);
	}
	assert_false(out.failed);
	return out;
}

static void depth_ends_at_32(void **state)
{
	(void)state;
	struct json *root = NULL;
	BUF_CLEANUP struct buf allowed = repeated("[", 32, "1", "]");
	BUF_CLEANUP struct buf deeper = repeated("[", 33, "1", "]");
	BUF_CLEANUP struct buf objects = repeated("{\"a\":", 33, "1", "}");
	BUF_CLEANUP struct buf open = repeated("[", 100000, "", "");

	assert_ok(json_parse(buf_contents(&allowed), MAX, &root));
	json_free(root);
	assert_err(ERR_RANGE, json_parse(buf_contents(&deeper), MAX, &root));
	assert_err(ERR_RANGE, json_parse(buf_contents(&objects), MAX, &root));
	assert_err(ERR_RANGE, json_parse(buf_contents(&open), MAX, &root));
}

static void length_and_values_have_ceilings(void **state)
{
	(void)state;
	struct json *root = NULL;
	BUF_CLEANUP struct buf many = repeated("0,", 1 << 18, "0]", "");
	BUF_CLEANUP struct buf fewer = buf_growing(MAX);

	assert_ok(json_parse(view_text("[1]"), 3, &root));
	json_free(root);
	assert_err(ERR_RANGE, json_parse(view_text("[1]"), 2, &root));
	assert_said("longer than 2 bytes");
	many.data[0] = '[';
	many.data[1] = ' ';
	assert_err(ERR_RANGE, json_parse(buf_contents(&many), MAX, &root));
	assert_said("values");
	buf_text(&fewer, "[");
	buf_bytes(&fewer, many.data + 4, many.len - 4);
	assert_ok(json_parse(buf_contents(&fewer), MAX, &root));
	assert_int_equal(json_count(root), (1 << 18) - 1);
	json_free(root);
}

/* Ten thousand members: sorted, so that a peer cannot make us compare each with each. */
static void a_reader_of_large_documents_sets_its_own_ceilings(void **state)
{
	const struct json_limits limits = {.bytes = 64, .values = 5, .depth = 3};
	JSON_CLEANUP struct json *root = NULL;
	struct json *none = NULL;

	(void)state;
	assert_ok(json_parse_within(view_text("[[[1,2]]]"), &limits, &root));
	assert_err(ERR_RANGE, json_parse_within(view_text("[[[1,2,3]]]"), &limits, &none));
	assert_said("more than 5 values");
	assert_err(ERR_RANGE, json_parse_within(view_text("[[[[]]]]"), &limits, &none));
	assert_said("deeper than 3 levels");
	BUF_CLEANUP struct buf longer = repeated(" ", 65, "1", "");

	assert_err(ERR_RANGE, json_parse_within(buf_contents(&longer), &limits, &none));
	assert_null(none);
}

static void decimals_are_whole_numbers_of_their_parts(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		int64_t tenths;
	} rows[] = {{"8.8", OK, 88}, {"10", OK, 100}, {"9.80", OK, 98}, {"0.0", OK, 0},
		{"-0.5", ERR_RANGE, 0}, {"10.1", ERR_RANGE, 0}, {"8.85", ERR_SYNTAX, 0},
		{"8e0", ERR_SYNTAX, 0}, {"\"8.8\"", ERR_SYNTAX, 0}, {"null", ERR_SYNTAX, 0},
		{"9007199254740991.5", ERR_RANGE, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		BUF_CLEANUP struct buf text = buf_growing(64);
		int64_t tenths = -1;

		buf_printf(&text, "{\"n\":%s}", rows[i].text);
		JSON_CLEANUP struct json *root = parsed(buf_string(&text));

		assert_err(rows[i].err, json_decimal(root, "n", 1, 0, 100, &tenths));
		assert_int_equal(tenths, rows[i].err == OK ? rows[i].tenths : -1);
	}
}

static void a_double_name_is_found_among_many(void **state)
{
	(void)state;
	for (int doubled = 0; doubled <= 1; doubled++) {
		BUF_CLEANUP struct buf out = buf_growing(MAX);
		struct json_writer w = json_to(&out);
		struct json *root = NULL;

		json_open(&w, NULL);
		for (int i = 0; i < 10000; i++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "m%d", doubled && i == 9999 ? 17 : i);
			json_put_int(&w, name, i);
		}
		json_close(&w);
		enum err result = json_parse(buf_contents(&out), MAX, &root);
		assert_string_equal(err_name(result), err_name(doubled ? ERR_SYNTAX : OK));
		json_free(root);
	}
}

static void the_text_may_go_once_it_is_parsed(void **state)
{
	(void)state;
	char text[] = "{\"name\":\"value\"}";
	JSON_CLEANUP struct json *root = parsed(text);
	struct view value;

	memset(text, 'x', sizeof(text));
	assert_ok(json_text(root, "name", &value));
	assert_view(value, "value");
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	JSON_CLEANUP struct json *root = NULL;

	json_free(root);
}

/* The same value as cJSON reads. */
static void compare(const struct json *ours, const cJSON *theirs)
{
	struct view text;

	assert_int_equal(json_is_object(ours), cJSON_IsObject(theirs));
	if (cJSON_IsString(theirs)) {
		assert_ok(json_as_text(ours, &text));
		assert_view(text, theirs->valuestring);
	}
	if (cJSON_IsArray(theirs)) {
		const struct json *item = json_item(ours, 0);

		assert_int_equal(json_count(ours), cJSON_GetArraySize(theirs));
		for (const cJSON *t = theirs->child; t; t = t->next, item = json_next(item)) {
			compare(item, t);
		}
		assert_null(item);
	}
	if (cJSON_IsObject(theirs)) {
		for (const cJSON *t = theirs->child; t; t = t->next) {
			assert_non_null(json_member(ours, t->string));
			compare(json_member(ours, t->string), t);
		}
	}
}

/* Whatever we take, another parser takes too and reads alike: over texts that are changed at random. */
static void another_parser_agrees(void **state)
{
	(void)state;
	static const char start[] =
		"{\"token\":\"q83vEjRWeJ\\u0041\\n\",\"list\":[1,-2.5e3,true,null,[],{\"x\":\"\"}],"
		"\"ua\":\"0100000007\",\"until\":1767229200,\"deep\":{\"a\":{\"b\":[[\"c\"]]}}}";
	static const char telling[] = "{}[]\",:\\u0eE+-.19 tn\n";
	uint32_t random = 1;
	size_t taken = 0;

	for (int i = 0; i < 200000; i++) {
		char text[sizeof(start)];
		struct json *ours = NULL;

		memcpy(text, start, sizeof(start));
		for (int changes = i % 3; changes >= 0; changes--) {
			random = random * 1664525 + 1013904223; /* Numerical Recipes */
			text[(random >> 8) % (sizeof(start) - 1)] =
				telling[(random >> 24) % (sizeof(telling) - 1)];
		}
		if (json_parse(view_text(text), MAX, &ours) != OK) {
			continue;
		}
		cJSON *theirs = cJSON_Parse(text);

		assert_non_null(theirs);
		compare(ours, theirs);
		cJSON_Delete(theirs);
		json_free(ours);
		taken++;
	}
	assert_true(taken > 10000);
}

static void a_document_is_written(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = buf_growing(4096);
	struct json_writer w = json_to(&out);

	json_open(&w, NULL);
	json_put_string(&w, "a", "x\"\\\n");
	json_put_int(&w, "n", INT64_MIN);
	json_open_array(&w, "list");
	json_put_int(&w, NULL, 1);
	json_open(&w, NULL);
	json_close(&w);
	json_open(&w, NULL);
	json_put_bool(&w, "t", true);
	json_close(&w);
	json_open_array(&w, NULL);
	json_close_array(&w);
	json_put_text(&w, NULL, view_text("y"));
	json_close_array(&w);
	json_put_bool(&w, "no\"", false);
	json_close(&w);
	assert_ok(buf_end(&out, "document"));
	assert_string_equal(buf_string(&out),
		"{\"a\":\"x\\\"\\\\\\n\",\"n\":-9223372036854775808,\"list\":[1,{},{\"t\":true},[],"
		"\"y\"],\"no\\\"\":false}");
}

static void writing_too_deep_or_closing_too_much_fails(void **state)
{
	(void)state;
	BUF_CLEANUP struct buf out = buf_growing(4096);
	struct json_writer w = json_to(&out);

	for (int i = 0; i < 16; i++) {
		json_open_array(&w, NULL);
	}
	assert_false(out.failed);
	json_open_array(&w, NULL);
	assert_true(out.failed);
	buf_clear(&out);
	w = json_to(&out);
	json_close(&w);
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_are_read_by_type),
		TEST(what_is_absent_or_of_another_type_is_named),
		TEST(names_differ_by_letter_case),
		TEST(unknown_members_are_refused),
		TEST(good_texts_are_taken),
		TEST(bad_texts_are_refused),
		TEST(a_fault_is_found_by_its_offset),
		TEST(whole_numbers_past_2_53_are_refused),
		TEST(depth_ends_at_32),
		TEST(length_and_values_have_ceilings),
		TEST(a_double_name_is_found_among_many),
		TEST(a_reader_of_large_documents_sets_its_own_ceilings),
		TEST(decimals_are_whole_numbers_of_their_parts),
		TEST(the_text_may_go_once_it_is_parsed),
		TEST(freeing_nothing_is_fine),
		TEST(another_parser_agrees),
		TEST(a_document_is_written),
		TEST(writing_too_deep_or_closing_too_much_fails),
	};
	return RUN_TESTS(tests);
}
