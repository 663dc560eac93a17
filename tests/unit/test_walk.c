// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "cli/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char later[] =
	"{\"ts\":\"2026-11-21T23:30:20.000250Z\",\"level\":\"debug\",\"event\":\"rp_c.challenge\","
	"\"tx\":\"5f0c2a91\",\"clause\":\"10.4/"
	"2a\",\"from\":\"authn\",\"to\":\"device\",\"us\":250}";
static const char earlier[] =
	"{\"ts\":\"2026-11-21T23:30:19.999000Z\",\"level\":\"debug\",\"event\":\"rp_c.start\","
	"\"tx\":\"5f0c2a91\",\"clause\":\"10.4/1a\",\"from\":\"device\",\"to\":\"authn\",\"us\":0}";

static void print_all(struct walk *walk, enum walk_form form, char *to, size_t room)
{
	FILE *file = fmemopen(to, room, "w");

	assert_non_null(file);
	walk_print(walk, form, file);
	assert_int_equal(fclose(file), 0);
}

static void steps_stand_in_the_order_of_time(void **state)
{
	struct walk *walk;
	char text[4096];

	(void)state;
	assert_ok(walk_new(&walk));
	walk_line(walk, "authn", view_text(later));
	walk_line(walk, "authn", view_text(earlier));
	assert_int_equal(walk_steps(walk), 2);
	assert_true(walk_has(walk, "10.4/1a", "rp_c.start"));
	print_all(walk, WALK_PLAIN, text, sizeof(text));
	assert_true(strstr(text, "10.4/1a") < strstr(text, "10.4/2a"));
	assert_non_null(strstr(text, "device -> authn"));
	assert_non_null(strstr(text, "1.25 ms"));
	walk_free(walk);
}

static void json_is_an_object_a_line(void **state)
{
	struct walk *walk;
	char text[4096];

	(void)state;
	assert_ok(walk_new(&walk));
	walk_line(walk, "authn", view_text(earlier));
	print_all(walk, WALK_JSON, text, sizeof(text));
	assert_int_equal(text[0], '{');
	assert_non_null(strstr(text, "\"clause\":\"10.4/1a\""));
	assert_string_equal(text + strlen(text) - 2, "}\n");
	walk_free(walk);
}

static void other_lines_are_no_steps(void **state)
{
	static const char *const lines[] = {"", "symbolon-authn: could not start", "{",
		"[]", "{\"level\":\"info\",\"clause\":\"10.4/1a\",\"ts\":\"2026-11-21T23:30:19.999000Z\"}",
		"{\"level\":\"debug\",\"ts\":\"2026-11-21T23:30:19.999000Z\",\"event\":\"x\"}",
		"{\"level\":\"debug\",\"clause\":\"10.4/1a\",\"ts\":\"yesterday\",\"event\":\"x\"}",
		"{\"level\":\"debug\",\"clause\":7,\"ts\":\"2026-11-21T23:30:19.999000Z\"}"};
	struct walk *walk;

	(void)state;
	assert_ok(walk_new(&walk));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		walk_line(walk, "authn", view_text(lines[i]));
		assert_int_equal(walk_steps(walk), 0);
	}
	walk_free(walk);
}

static void a_flood_of_steps_is_cut_off(void **state)
{
	struct walk *walk;

	(void)state;
	assert_ok(walk_new(&walk));
	for (size_t i = 0; i < 1000; i++) {
		walk_line(walk, "authn", view_text(later));
	}
	assert_int_equal(walk_steps(walk), 256);
	walk_begin(walk);
	assert_int_equal(walk_steps(walk), 0);
	walk_free(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_stand_in_the_order_of_time),
		TEST(json_is_an_object_a_line),
		TEST(other_lines_are_no_steps),
		TEST(a_flood_of_steps_is_cut_off),
	};
	return RUN_TESTS(tests);
}
