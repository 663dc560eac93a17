// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include <string.h>

static void views_compare(void **state)
{
	(void)state;
	assert_true(view_equal(view_of(NULL, 0), view_text("")));
	assert_true(view_equal(view_text(NULL), view_text("")));
	assert_true(view_is(view_text("abc"), "abc"));
	assert_false(view_is(view_text("abc"), "abcd"));
	assert_false(view_is(view_text("abc"), "abC"));
	assert_true(view_is_nocase(view_text("aBc-1"), "AbC-1"));
	assert_false(view_is_nocase(view_text("abc"), "ab"));
	assert_false(view_is_nocase(view_text("a@"), "a`"));
	assert_false(view_is_nocase(view_text("a["), "a{"));
	assert_false(view_is_nocase(view_text("\xc3\x89"), "\xc3\xa9"));
	assert_int_equal(VIEW("ab").len, 3);
}

static void numbers_are_big_endian(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
		18};
	struct reader r = reader_of(VIEW(bytes));

	(void)state;
	assert_int_equal(reader_left(&r), 18);
	assert_int_equal(reader_u8(&r), 0x01);
	assert_int_equal(reader_u16(&r), 0x0203);
	assert_int_equal(reader_u24(&r), 0x040506);
	assert_int_equal(reader_u32(&r), 0x0708090a);
	assert_int_equal(reader_u64(&r), 0x0b0c0d0e0f101112);
	assert_ok(reader_end(&r, "thing"));
}

static void a_failed_reader_stays_failed(void **state)
{
	uint8_t copy[4] = {9, 9, 9, 9};
	struct reader r = reader_of(view_of("abc", 3));

	(void)state;
	assert_int_equal(reader_u16(&r), 0x6162);
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(reader_u8(&r), 0);
	assert_null(reader_bytes(&r, 1).data);
	assert_null(reader_bytes(&r, 0).data);
	reader_copy(&r, copy, sizeof(copy));
	assert_memory_equal(copy, "\0\0\0\0", 4);
	assert_err(ERR_SYNTAX, reader_end(&r, "thing"));
	assert_said("thing: cut off");
}

static void lengths_from_outside_cannot_overflow(void **state)
{
	struct reader r = reader_of(view_of("abc", 3));

	(void)state;
	(void)reader_u8(&r);
	assert_null(reader_bytes(&r, SIZE_MAX).data);
	assert_true(r.failed);
	r = reader_of(view_of("abc", 3));
	reader_skip(&r, SIZE_MAX - 1);
	assert_true(r.failed);
}

static void bytes_left_over_are_counted(void **state)
{
	struct reader r = reader_of(view_of("abcde", 5));

	(void)state;
	reader_skip(&r, 1);
	assert_view(reader_bytes(&r, 2), "bc");
	assert_err(ERR_SYNTAX, reader_end(&r, "thing"));
	assert_said("thing: 2 bytes too many");
}

static void nothing_can_be_read_from_nothing(void **state)
{
	struct reader r = reader_of(view_of(NULL, 0));

	(void)state;
	assert_int_equal(reader_left(&r), 0);
	reader_copy(&r, NULL, 0);
	(void)reader_bytes(&r, 0);
	assert_ok(reader_end(&r, "nothing"));
	assert_int_equal(reader_u8(&r), 0);
	assert_err(ERR_SYNTAX, reader_end(&r, "nothing"));
}

static void a_buf_collects_in_order(void **state)
{
	static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17, 18, 'x', 'y', '-', '7', 0, 0};
	BUF_CLEANUP struct buf b = buf_growing(100);

	(void)state;
	buf_u8(&b, 0x01);
	buf_u16(&b, 0x0203);
	buf_u24(&b, 0x040506);
	buf_u32(&b, 0x0708090a);
	buf_u64(&b, 0x0b0c0d0e0f101112);
	buf_text(&b, "xy");
	buf_printf(&b, "%d", -7);
	buf_zeros(&b, 2);
	buf_bytes(&b, NULL, 0);
	buf_zeros(&b, 0);
	assert_true(view_equal(buf_contents(&b), VIEW(expected)));
	assert_ok(buf_end(&b, "thing"));
}

static void a_buf_grows_up_to_its_ceiling(void **state)
{
	BUF_CLEANUP struct buf b = buf_growing(1000);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_u8(&b, (uint8_t)i);
	}
	assert_ok(buf_end(&b, "thing"));
	assert_int_equal(b.data[999], 999 % 256);
	assert_int_equal(strlen(buf_string(&b)), 0);
	assert_ok(buf_end(&b, "thing"));
	buf_u8(&b, 1);
	assert_err(ERR_RANGE, buf_end(&b, "thing"));
	assert_said("thing: longer than 1000 bytes");
	assert_int_equal(b.len, 1000);
	buf_u8(&b, 1);
	buf_printf(&b, "x");
	assert_int_equal(b.len, 1000);
	assert_string_equal(buf_string(&b), "");
	buf_clear(&b);
	buf_text(&b, "again");
	assert_string_equal(buf_string(&b), "again");
}

static void sizes_that_overflow_are_refused(void **state)
{
	BUF_CLEANUP struct buf b = buf_growing(SIZE_MAX);

	(void)state;
	buf_u8(&b, 1);
	buf_zeros(&b, SIZE_MAX);
	assert_true(b.failed);
}

static void bytes_to_be_set_are_appended(void **state)
{
	BUF_CLEANUP struct buf b = buf_growing(4);
	BUF_CLEANUP struct buf none = buf_growing(0);

	(void)state;
	assert_non_null(buf_extend(&b, 0));
	assert_int_equal(b.len, 0);
	memcpy(buf_extend(&b, 3), "abc", 3);
	assert_view(buf_contents(&b), "abc");
	assert_null(buf_extend(&b, 2));
	assert_null(buf_extend(&b, 0));
	assert_int_equal(b.len, 3);
	assert_non_null(buf_extend(&none, 0));
	assert_null(buf_extend(&none, 1));
}

static void an_array_of_the_callers_is_not_overrun(void **state)
{
	uint8_t room[6] = {0, 0, 0, 0, 0, 77};
	struct buf b = buf_fixed(room, 5);

	(void)state;
	buf_u32(&b, 0x61626364);
	assert_string_equal(buf_string(&b), "abcd");
	buf_u8(&b, 'e');
	assert_ok(buf_end(&b, "thing"));
	assert_string_equal(buf_string(&b), "");
	assert_err(ERR_RANGE, buf_end(&b, "thing"));
	assert_int_equal(room[5], 77);
	buf_free(&b);
	assert_ptr_equal(b.data, room);
}

static void printing_grows_or_fails_whole(void **state)
{
	uint8_t room[8];
	struct buf fixed = buf_fixed(room, sizeof(room));
	BUF_CLEANUP struct buf b = buf_growing(2000);

	(void)state;
	buf_printf(&b, "%01000d", 5);
	assert_int_equal(b.len, 1000);
	assert_int_equal(b.data[999], '5');
	buf_printf(&b, "%0999d%s", 6, "7");
	assert_int_equal(b.len, 2000);
	buf_printf(&b, "%s", "");
	assert_ok(buf_end(&b, "thing"));
	buf_printf(&b, "1");
	assert_int_equal(b.len, 2000);
	assert_err(ERR_RANGE, buf_end(&b, "thing"));

	buf_printf(&fixed, "%s", "1234567");
	assert_ok(buf_end(&fixed, "thing"));
	assert_view(buf_contents(&fixed), "1234567");
	buf_clear(&fixed);
	buf_printf(&fixed, "%s", "12345678");
	assert_err(ERR_RANGE, buf_end(&fixed, "thing"));
}

static void lengths_are_patched_in_later(void **state)
{
	BUF_CLEANUP struct buf b = buf_growing(100);

	(void)state;
	buf_zeros(&b, 8);
	buf_patch_u24(&b, 1, 0x010203);
	buf_patch_u32(&b, 4, 0x04050607);
	assert_memory_equal(b.data, "\0\1\2\3\4\5\6\7", 8);
	assert_ok(buf_end(&b, "thing"));
	buf_patch_u32(&b, 5, 1);
	assert_true(b.failed);
	buf_clear(&b);
	buf_patch_u24(&b, SIZE_MAX, 1);
	assert_true(b.failed);
}

static void bytes_are_consumed_from_the_front(void **state)
{
	BUF_CLEANUP struct buf b = buf_growing(100);

	(void)state;
	buf_consume(&b, 0);
	buf_text(&b, "abcdef");
	buf_consume(&b, 2);
	assert_view(buf_contents(&b), "cdef");
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buf_text(&b, "x");
	assert_view(buf_contents(&b), "x");
}

static void wiping_leaves_zeros_even_behind_the_contents(void **state)
{
	uint8_t room[8];
	struct buf b = buf_fixed(room, sizeof(room));

	(void)state;
	buf_text(&b, "secrets!");
	buf_consume(&b, 4);
	buf_wipe(&b);
	assert_int_equal(b.len, 0);
	assert_memory_equal(room, "\0\0\0\0\0\0\0\0", 8);

	struct buf never_used = buf_growing(10);

	buf_wipe(&never_used);
	buf_free(&never_used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(views_compare),
		TEST(numbers_are_big_endian),
		TEST(a_failed_reader_stays_failed),
		TEST(lengths_from_outside_cannot_overflow),
		TEST(bytes_left_over_are_counted),
		TEST(nothing_can_be_read_from_nothing),
		TEST(a_buf_collects_in_order),
		TEST(a_buf_grows_up_to_its_ceiling),
		TEST(sizes_that_overflow_are_refused),
		TEST(bytes_to_be_set_are_appended),
		TEST(an_array_of_the_callers_is_not_overrun),
		TEST(printing_grows_or_fails_whole),
		TEST(lengths_are_patched_in_later),
		TEST(bytes_are_consumed_from_the_front),
		TEST(wiping_leaves_zeros_even_behind_the_contents),
	};
	return RUN_TESTS(tests);
}
