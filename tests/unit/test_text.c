// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/text.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void encode_fn(struct buf *out, struct view bytes);
typedef enum err decode_fn(struct view in, void *out, size_t room, size_t *ret_len,
	const char *what);

static void check_both_ways(encode_fn *encode, decode_fn *decode, const char *plain,
	const char *coded)
{
	BUF_CLEANUP struct buf out = buf_growing(1000);
	uint8_t back[64];
	size_t len = 99;

	encode(&out, view_text(plain));
	assert_string_equal(buf_string(&out), coded);
	assert_ok(decode(view_text(coded), back, strlen(plain), &len, "x"));
	assert_view(view_of(back, len), plain);
	if (plain[0]) {
		assert_err(ERR_RANGE, decode(view_text(coded), back, strlen(plain) - 1, &len, "x"));
	}
}

static void refuse(decode_fn *decode, const char *coded)
{
	uint8_t back[64];
	size_t len = 99;

	assert_err(ERR_SYNTAX, decode(view_text(coded), back, sizeof(back), &len, "nonce"));
	assert_said("nonce: ");
	assert_int_equal(len, 99);
}

static void hexadecimal(void **state)
{
	uint8_t back[2];
	size_t len;

	(void)state;
	check_both_ways(text_hex, text_from_hex, "", "");
	check_both_ways(text_hex, text_from_hex, "\x01\xab\xff", "01abff");
	assert_ok(text_from_hex(view_text("aBCd"), back, sizeof(back), &len, "x"));
	assert_memory_equal(back, "\xab\xcd", 2);
	refuse(text_from_hex, "1");
	refuse(text_from_hex, "1g");
	refuse(text_from_hex, "0x12");
	refuse(text_from_hex, "@@");
	refuse(text_from_hex, "``");
	refuse(text_from_hex, "//");
	refuse(text_from_hex, "::");
	refuse(text_from_hex, "\x10\x11");
}

/* RFC 4648 10, and 5's two other letters. */
static void base64(void **state)
{
	static const struct {
		const char *plain, *padded, *url;
	} cases[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xbe", "+/++", "-_--"},
	};
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8",
		"Zg==Zg==", "Z===", "====", "Zm 9", "Zm9v\n", "-_--", "Zm9\x80", "=", "==", "Zg=A"};
	static const char *const bad_url[] = {"Z", "Zh", "Zm9", "Zg==", "+/++", "Zm8 ", "Zm9vY"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_both_ways(text_base64, text_from_base64, cases[i].plain, cases[i].padded);
		check_both_ways(text_base64url, text_from_base64url, cases[i].plain, cases[i].url);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refuse(text_from_base64, bad[i]);
	}
	for (size_t i = 0; i < sizeof(bad_url) / sizeof(bad_url[0]); i++) {
		refuse(text_from_base64url, bad_url[i]);
	}
}

static void base64_of_every_byte_and_length(void **state)
{
	uint8_t bytes[256], back[256];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)(255 - i);
	}
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		BUF_CLEANUP struct buf out = buf_growing(1000);

		text_base64(&out, view_of(bytes, n));
		assert_ok(text_from_base64(buf_contents(&out), back, n, &len, "x"));
		assert_true(view_equal(view_of(back, len), view_of(bytes, n)));
		buf_clear(&out);
		text_base64url(&out, view_of(bytes, n));
		assert_ok(text_from_base64url(buf_contents(&out), back, n, &len, "x"));
		assert_true(view_equal(view_of(back, len), view_of(bytes, n)));
	}
}

static void percent(void **state)
{
	static const char *const bad[] = {"%", "%4", "a%4", "%4g", "%g4", "a b", "\x7f", "\x01",
		"\xc3\xa9"};
	BUF_CLEANUP struct buf out = buf_growing(1000);
	struct buf small = buf_fixed((char[2]){0}, 2);

	(void)state;
	text_percent(&out, view_text("aZ09-._~ /%@\xc3\xa9"));
	text_percent(&out, view_of("\0", 1));
	assert_string_equal(buf_string(&out), "aZ09-._~%20%2F%25%40%C3%A9%00");
	buf_clear(&out);
	assert_ok(text_from_percent(view_text("a%2f%2F+:%00b"), &out, "x"));
	assert_true(view_equal(buf_contents(&out), view_of("a//+:\0b", 7)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(ERR_SYNTAX, text_from_percent(view_text(bad[i]), &out, "path"));
		assert_said("path: ");
	}
	assert_err(ERR_RANGE, text_from_percent(view_text("abc"), &small, "path"));
}

static void json_strings_are_escaped(void **state)
{
	static const struct {
		const char *plain, *coded;
	} cases[] = {
		{"", "\"\""},
		{"plain ~", "\"plain ~\""},
		{"\"\\/", "\"\\\"\\\\/\""},
		{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
		{"\x01\x0b\x1b\x1f\x7f", "\"\\u0001\\u000b\\u001b\\u001f\\u007f\""},
		{"\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\""},
		{"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\"\\u2028\\u2029\xe2\x80\xaa\""},
		{"\xc3\xa9\xf0\x9f\x94\x91", "\"\xc3\xa9\xf0\x9f\x94\x91\""},
		{"\xff", "\"\xef\xbf\xbd\""},
		{"a\xc3", "\"a\xef\xbf\xbd\""},
		{"\xc3\"", "\"\xef\xbf\xbd\\\"\""},
		{"\xe2\x80\"x", "\"\xef\xbf\xbd\xef\xbf\xbd\\\"x\""},
		{"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BUF_CLEANUP struct buf out = buf_growing(1000);

		text_json(&out, view_text(cases[i].plain));
		assert_string_equal(buf_string(&out), cases[i].coded);
	}
	BUF_CLEANUP struct buf out = buf_growing(1000);

	text_json(&out, view_of("a\0b", 3));
	assert_string_equal(buf_string(&out), "\"a\\u0000b\"");
}

/* Every pair of bytes in a JSON string gives UTF-8 without controls or a bare quote. */
static void json_strings_are_always_well_formed(void **state)
{
	uint8_t room[32], pair[3] = {0, 0, 'x'};

	(void)state;
	for (int i = 0; i < 65536; i++) {
		struct buf out = buf_fixed(room, sizeof(room));

		pair[0] = (uint8_t)(i >> 8);
		pair[1] = (uint8_t)i;
		text_json(&out, view_of(pair, 3));
		assert_ok(buf_end(&out, "string"));
		assert_true(text_is_utf8(buf_contents(&out)));
		for (size_t at = 1; at < out.len - 1; at++) {
			assert_true(room[at] >= 0x20 && room[at] != 0x7f);
			assert_true(room[at] != '"' || room[at - 1] == '\\');
		}
	}
}

static void utf8_is_the_shortest_form_of_a_character(void **state)
{
	static const char *const good[] = {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\xc2",
		"\xe0\x9f\xbf", "\xe2\x80", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xff", "\xfe"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(text_is_utf8(view_text(good[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(text_is_utf8(view_text(bad[i])));
	}
	assert_true(text_is_printable(view_text(" ~")));
	assert_false(text_is_printable(view_text("\x1f")));
	assert_false(text_is_printable(view_text("\x7f")));
	assert_false(text_is_printable(view_text("\xc3\xa9")));
}

static void decimal_numbers(void **state)
{
	static const char *const bad[] = {"", "-1", "+1", "01", "00", " 1", "1 ", "1e3", "0x1",
		"1.0"};
	uint64_t value = 7;

	(void)state;
	assert_ok(text_from_u64(view_text("0"), 0, &value, "x"));
	assert_int_equal(value, 0);
	assert_ok(text_from_u64(view_text("18446744073709551615"), UINT64_MAX, &value, "x"));
	assert_int_equal(value, UINT64_MAX);
	assert_err(ERR_RANGE,
		text_from_u64(view_text("18446744073709551616"), UINT64_MAX, &value, "x"));
	assert_err(ERR_RANGE,
		text_from_u64(view_text("99999999999999999999999"), UINT64_MAX, &value, "x"));
	assert_ok(text_from_u64(view_text("65535"), 65535, &value, "x"));
	assert_err(ERR_RANGE, text_from_u64(view_text("65536"), 65535, &value, "port"));
	assert_said("port: more than 65535");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_err(ERR_SYNTAX, text_from_u64(view_text(bad[i]), 100, &value, "x"));
	}
	assert_int_equal(value, 65535);
}

static void times(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1769817600, "2026-01-31T00:00:00Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{4102444800, "2100-01-01T00:00:00Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{-62167219200, "0000-01-01T00:00:00Z"},
	};
	char text[TEXT_TIME];
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_time(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
		assert_ok(text_from_time(view_text(text), &seconds, "x"));
		assert_int_equal(seconds, cases[i].seconds);
	}
	text_time(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	text_time(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void times_that_do_not_exist_are_refused(void **state)
{
	static const char *const malformed[] = {"", "2026-01-31", "2026-01-31T00:00:00",
		"2026-01-31T00:00:00z", "2026-01-31t00:00:00Z", "2026-01-31 00:00:00Z",
		"2026-01-31T00:00:00ZZ", "2026-01-31T00:00:00+00:00", "2026-1-31T00:00:00Z",
		"2026-01-31T00:00:0/Z", "-026-01-31T00:00:00Z"};
	static const char *const impossible[] = {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-31T24:00:00Z",
		"2026-01-31T00:60:00Z", "2026-01-31T00:00:60Z", "9999-99-99T99:99:99Z"};
	int64_t seconds = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_err(ERR_SYNTAX, text_from_time(view_text(malformed[i]), &seconds, "x"));
	}
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		assert_err(ERR_RANGE, text_from_time(view_text(impossible[i]), &seconds, "x"));
	}
	assert_int_equal(seconds, 5);
}

static void texts_are_copied_with_their_zero(void **state)
{
	char to[4] = "old";

	(void)state;
	assert_ok(text_copy(to, sizeof(to), view_text("abc"), "x"));
	assert_string_equal(to, "abc");
	assert_err(ERR_RANGE, text_copy(to, sizeof(to), view_text("abcd"), "name"));
	assert_said("name: longer than 3 characters");
	assert_err(ERR_RANGE, text_copy(to, sizeof(to), view_of("a\0b", 3), "name"));
	assert_string_equal(to, "abc");
	assert_ok(text_copy(to, sizeof(to), view_of(NULL, 0), "x"));
	assert_string_equal(to, "");

	AUTOFREE char *copy = text_dup(view_of("abcdef", 3));
	AUTOFREE char *empty = text_dup(view_of(NULL, 0));
	AUTOFREE char *none = NULL;

	assert_string_equal(copy, "abc");
	assert_string_equal(empty, "");
	assert_null(none);
}

static void files_are_replaced_whole(void **state)
{
	char folder[] = "/tmp/test_text.XXXXXX", path[64];
	BUF_CLEANUP struct buf big = buf_growing(100000);
	BUF_CLEANUP struct buf back = buf_growing(0);
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	buf_zeros(&big, 99999);
	buf_u8(&big, 'x');
	assert_ok(text_write_file(path, view_text("old"), 0644));
	assert_ok(text_write_file(path, buf_contents(&big), 0600));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(text_read_file(path, 100000, &back));
	assert_true(view_equal(buf_contents(&back), buf_contents(&big)));

	struct buf untouched = buf_growing(1);

	assert_err(ERR_RANGE, text_read_file(path, 99999, &untouched));
	assert_said("longer than 99999 bytes");
	assert_null(untouched.data);
	assert_int_equal(unlink(path), 0);
	assert_err(ERR_IO, text_read_file(path, 100, &untouched));
	assert_err(ERR_IO, text_read_file(folder, 100, &untouched));
	assert_err(ERR_IO, text_write_file("/nowhere/file", view_text("x"), 0600));

	/* What fails leaves no file beside: rename onto a folder. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_err(ERR_IO, text_write_file(path, view_text("x"), 0600));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void a_path_without_folder_is_the_current_one(void **state)
{
	char folder[] = "/tmp/test_text.XXXXXX";
	BUF_CLEANUP struct buf back = buf_growing(0);
	AUTOFREE char *before = getcwd(NULL, 0);

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_ok(text_write_file("file", view_of(NULL, 0), 0600));
	assert_ok(text_read_file("file", 0, &back));
	assert_int_equal(back.len, 0);
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hexadecimal),
		TEST(base64),
		TEST(base64_of_every_byte_and_length),
		TEST(percent),
		TEST(json_strings_are_escaped),
		TEST(json_strings_are_always_well_formed),
		TEST(utf8_is_the_shortest_form_of_a_character),
		TEST(decimal_numbers),
		TEST(times),
		TEST(times_that_do_not_exist_are_refused),
		TEST(texts_are_copied_with_their_zero),
		TEST(files_are_replaced_whole),
		TEST(a_path_without_folder_is_the_current_one),
	};
	return RUN_TESTS(tests);
}
