// SPDX-License-Identifier: Apache-2.0
/* Names of tiles, as C2SP tlog-tiles has them. */
#include "test.h"

#include "wire/tile_name.h"

static void names_are_read_and_written_the_same(void **state)
{
	static const struct {
		const char *text;
		struct tile_name name;
	} names[] = {
		{"0/000", {.width = 256}},
		{"0/067.p/12", {.index = 67, .width = 12}},
		{"7/999", {.level = 7, .index = 999, .width = 256}},
		{"1/x001/000", {.level = 1, .index = 1000, .width = 256}},
		{"0/x001/x234/067", {.index = 1234067, .width = 256}},
		{"entries/x001/x234/067.p/255", {.entries = true, .index = 1234067, .width = 255}},
		{"0/x999/x999/x999/x999/999", {.index = 999999999999999, .width = 256}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		BUF_CLEANUP struct buf out = buf_growing(100);
		struct tile_name name;

		assert_ok(tile_name_parse(view_text(names[i].text), &name));
		assert_int_equal(name.entries, names[i].name.entries);
		assert_int_equal(name.level, names[i].name.level);
		assert_int_equal(name.index, names[i].name.index);
		assert_int_equal(name.width, names[i].name.width);
		tile_name_write(&name, &out);
		assert_string_equal(buf_string(&out), names[i].text);
	}
}

static void others_are_no_names(void **state)
{
	static const char *const wrong[] = {"", "0", "0/", "0/0", "0/00", "0/0000", "0/00a",
		"0/x000", "0/x000/001", "0/000/001", "0/x1/001", "0/x001/", "0//001", "8/000",
		"00/000", "-1/000", "x/000", "entries", "entries/", "Entries/000", "0/000.p/",
		"0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/1/2", "0/000.p", "0/.p/1",
		"0/x001/x001/x001/x001/x001/001", "0/000 ", " 0/000"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tile_name name;

		if (tile_name_parse(view_text(wrong[i]), &name) != ERR_NOT_FOUND) {
			fail_msg("\"%s\" is taken for a name", wrong[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_read_and_written_the_same),
		TEST(others_are_no_names),
	};

	return RUN_TESTS(tests);
}
