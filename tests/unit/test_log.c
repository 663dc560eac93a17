// SPDX-License-Identifier: Apache-2.0
#include "test.h"

#include "base/log.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int pipe_ends[2];
static char caught[1 << 16];

static int open_pipe(void **state)
{
	(void)state;
	assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
	log_open(pipe_ends[1], "node.example", LOG_INFO);
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;
	log_open(2, "test", LOG_ERROR);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
	return 0;
}

/* What was written since the last call. */
static const char *lines(void)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(pipe_ends[0], caught + len, sizeof(caught) - 1 - len)) > 0) {
		len += (size_t)got;
	}
	caught[len] = 0;
	return caught;
}

static void a_line_is_one_json_object(void **state)
{
	(void)state;
	log_event(LOG_INFO, "rp_c.refused", "5f0c2a91", LOG_TEXT("clause", "10.4/1d"),
		LOG_INT("status", -403), LOG_VIEW("part", view_of("abcdef", 3)));
	const char *line = lines();
	int64_t when;
	char second[TEXT_TIME];

	assert_memory_equal(line, "{\"ts\":\"", 7);
	memcpy(second, line + 7, 19);
	memcpy(second + 19, "Z", 2);
	assert_ok(text_from_time(view_text(second), &when, "ts"));
	assert_int_equal(line[26], '.');
	assert_int_equal(line[33], 'Z');
	assert_string_equal(line + 34,
		"\",\"level\":\"info\",\"node\":\"node.example\",\"event\":\"rp_c.refused\","
		"\"tx\":\"5f0c2a91\",\"clause\":\"10.4/1d\",\"status\":-403,\"part\":\"abc\"}\n");
}

static void hostile_text_stays_inside_its_string(void **state)
{
	(void)state;
	log_event(LOG_INFO, "e", "", LOG_TEXT("detail", "a\"}\n{\\ \x1b[31m \xff\xc3\xa9 \x7f"),
		LOG_TEXT("none", NULL), LOG_VIEW("zero", view_of("\0", 1)));
	assert_non_null(strstr(lines(),
		"\"detail\":\"a\\\"}\\n{\\\\ \\u001b[31m \xef\xbf\xbd\xc3\xa9 \\u007f\","
		"\"none\":\"\",\"zero\":\"\\u0000\"}\n"));
	assert_ptr_equal(strchr(caught, '\n'), caught + strlen(caught) - 1);
}

static void levels_are_obeyed(void **state)
{
	(void)state;
	log_event(LOG_DEBUG, "quiet", "", LOG_DETAIL());
	assert_string_equal(lines(), "");
	log_write(LOG_DEBUG, "quiet", "", NULL, 0);
	assert_string_equal(lines(), "");
	log_set_level(LOG_DEBUG);
	log_event(LOG_DEBUG, "spoken", "", LOG_INT("n", 1));
	assert_non_null(strstr(lines(), "\"level\":\"debug\""));
	assert_true(log_wants(LOG_ERROR));
}

static void fields_are_not_computed_when_the_level_is_off(void **state)
{
	int computed = 0;

	(void)state;
	log_event(LOG_DEBUG, "quiet", "", LOG_INT("n", ++computed));
	assert_int_equal(computed, 0);
}

static void a_long_line_is_cut_but_stays_json(void **state)
{
	static char huge[5000];

	(void)state;
	memset(huge, 'x', sizeof(huge) - 1);
	log_event(LOG_INFO, "e", "", LOG_INT("first", 1), LOG_TEXT("huge", huge),
		LOG_INT("last", 2));
	assert_non_null(strstr(lines(), "\"first\":1,\"last\":2,\"cut\":true}\n"));
	for (size_t len = 3800; len < 4100; len++) {
		log_event(LOG_INFO, "e", "", LOG_VIEW("long", view_of(huge, len)));
		size_t got = strlen(lines());

		assert_true(got <= 4096);
		assert_string_equal(caught + got - 2, "}\n");
	}
}

static void a_line_that_cannot_be_written_is_counted(void **state)
{
	(void)state;
	log_open(-1, "node.example", LOG_INFO);
	errno = ENOENT;
	log_event(LOG_INFO, "e", "", LOG_INT("n", 1));
	log_event(LOG_INFO, "e", "", LOG_INT("n", 2));
	assert_int_equal(errno, ENOENT);
	log_open(pipe_ends[1], "node.example", LOG_INFO);
	log_event(LOG_INFO, "e", "", LOG_INT("n", 3));
	assert_non_null(strstr(lines(), "\"lost\":2,\"n\":3}\n"));
	log_event(LOG_INFO, "e", "", LOG_INT("n", 4));
	assert_null(strstr(lines(), "lost"));
}

enum { THREADS = 4, EACH = 50 };

static void *write_some(void *number)
{
	for (int i = 0; i < EACH; i++) {
		log_event(LOG_INFO, "thread", "", LOG_INT("n", *(int *)number));
	}
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS], count = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_some, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	char *rest = NULL;

	(void)lines();
	for (char *line = strtok_r(caught, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_memory_equal(line, "{\"ts\":", 6);
		assert_int_equal(line[strlen(line) - 1], '}');
		count++;
	}
	assert_int_equal(count, THREADS * EACH);
}

static void an_alias_repeats_and_hides(void **state)
{
	char one[LOG_ALIAS], again[LOG_ALIAS], other[LOG_ALIAS];

	(void)state;
	log_alias(view_text("001010000000001@realm.example"), one);
	log_alias(view_text("001010000000001@realm.example"), again);
	log_alias(view_text("001010000000002@realm.example"), other);
	assert_int_equal(strlen(one), 12);
	assert_int_equal(strspn(one, "0123456789abcdef"), 12);
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	log_alias(view_of(NULL, 0), other);
	assert_int_equal(strlen(other), 12);
}

static void level_names_are_read(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	assert_ok(log_level_of("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_ok(log_level_of("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_err(ERR_NOT_FOUND, log_level_of("loud", &level));
	assert_int_equal(level, LOG_DEBUG);
}

#define PIPED(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

static void a_step_names_clause_and_ends(void **state)
{
	(void)state;
	log_set_level(LOG_DEBUG);
	log_step("rp_c.challenge", "5f0c2a91", "10.4/2a", "authn", "device", 250);
	assert_non_null(strstr(lines(),
		"\"event\":\"rp_c.challenge\",\"tx\":\"5f0c2a91\",\"clause\":\"10.4/2a\","
		"\"from\":\"authn\",\"to\":\"device\",\"us\":250}"));
}

static void a_transaction_is_named_at_the_end_of_a_session_id(void **state)
{
	static const struct {
		const char *session_id, *tx;
	} cases[] = {
		{"authn1.realm.example;1;2;5f0c2a91", "5f0c2a91"},
		{"authn1.realm.example;1;2", ""},
		{"authn1.realm.example;1;2;5f0c2a9g", ""},
		{"authn1.realm.example;1;2;5F0C2A91", ""},
		{";5f0c2a91", "5f0c2a91"},
		{"5f0c2a91", ""},
		{"", ""},
	};
	char tx[LOG_TX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log_tx_of(view_text(cases[i].session_id), tx);
		assert_string_equal(tx, cases[i].tx);
	}
	assert_ok(log_tx_make(&env_system, tx));
	assert_int_equal(strspn(tx, "0123456789abcdef"), LOG_TX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPED(a_line_is_one_json_object),
		PIPED(a_step_names_clause_and_ends),
		TEST(a_transaction_is_named_at_the_end_of_a_session_id),
		PIPED(hostile_text_stays_inside_its_string),
		PIPED(levels_are_obeyed),
		PIPED(fields_are_not_computed_when_the_level_is_off),
		PIPED(a_long_line_is_cut_but_stays_json),
		PIPED(a_line_that_cannot_be_written_is_counted),
		PIPED(lines_of_threads_do_not_mix),
		PIPED(an_alias_repeats_and_hides),
		TEST(level_names_are_read),
	};
	return RUN_TESTS(tests);
}
