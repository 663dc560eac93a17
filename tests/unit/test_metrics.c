// SPDX-License-Identifier: Apache-2.0
/* Figures in Prometheus' text format 0.0.4: what stands there, and that nothing breaks out of its line. */
#include "test.h"

#include "base/env.h"
#include "net/http_client.h"
#include "net/metrics.h"
#include "net/monitor.h"

#include <stdlib.h>

enum { RUNS, HELD, TIMES, ROWS };

static const char *const ends[] = {"ok", "refused", "other", NULL};
static const struct metric rows[ROWS] = {
	[RUNS] = {"toy_runs_total", METRIC_COUNTER, "Runs that ended.", "end", ends},
	[HELD] = {"toy_held", METRIC_GAUGE, "What is held.", NULL, NULL},
	[TIMES] = {"toy_seconds", METRIC_HISTOGRAM, "How long.", "end", ends},
};

static struct metrics *open_toy(void)
{
	struct metrics *m = NULL;

	assert_ok(metrics_new(rows, ROWS, &m));
	return m;
}

static const char *text_of(const struct metrics *m, struct buf *out)
{
	buf_clear(out);
	metrics_put_table(out, m);
	assert_ok(buf_end(out, "figures"));
	return buf_string(out);
}

static void assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at > text && at[-1] != '\n') || at[strlen(line)] != '\n') {
		fail_msg("no line \"%s\" in:\n%s", line, text);
	}
}

static void every_series_stands_there_before_anything_happened(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(65536);
	struct metrics *m = open_toy();
	const char *text = text_of(m, &out);

	(void)state;
	assert_line(text, "# HELP toy_runs_total Runs that ended.");
	assert_line(text, "# TYPE toy_runs_total counter");
	assert_line(text, "toy_runs_total{end=\"ok\"} 0");
	assert_line(text, "toy_runs_total{end=\"other\"} 0");
	assert_line(text, "toy_held 0");
	assert_line(text, "toy_seconds_count{end=\"refused\"} 0");
	metrics_free(m);
}

static void what_is_counted_is_what_stands_there(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(65536);
	struct metrics *m = open_toy();

	(void)state;
	metrics_add(m, RUNS, 0, 1);
	metrics_add(m, RUNS, 0, 2);
	metrics_add(m, RUNS, metrics_series(m, RUNS, "refused"), 5);
	metrics_add(m, RUNS, metrics_series(m, RUNS, "never heard of"), 1);
	metrics_add(m, RUNS, 99, 1); /* no such series: the last one */
	metrics_add(NULL, RUNS, 0, 1);
	metrics_observe(NULL, TIMES, 0, 1);
	const char *text = text_of(m, &out);

	assert_line(text, "toy_runs_total{end=\"ok\"} 3");
	assert_line(text, "toy_runs_total{end=\"refused\"} 5");
	assert_line(text, "toy_runs_total{end=\"other\"} 2");
	metrics_free(m);
}

static void a_histogram_adds_up_at_its_bounds(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(65536);
	struct metrics *m = open_toy();

	(void)state;
	metrics_observe(m, TIMES, 0, 500); /* the bound itself is within */
	metrics_observe(m, TIMES, 0, 501);
	metrics_observe(m, TIMES, 0, 30000000);
	metrics_observe(m, TIMES, 0, 30000001);
	metrics_observe(m, TIMES, 0, -1); /* a clock that went back */
	const char *text = text_of(m, &out);

	assert_line(text, "toy_seconds_bucket{end=\"ok\",le=\"0.0005\"} 2");
	assert_line(text, "toy_seconds_bucket{end=\"ok\",le=\"0.001\"} 3");
	assert_line(text, "toy_seconds_bucket{end=\"ok\",le=\"10\"} 3");
	assert_line(text, "toy_seconds_bucket{end=\"ok\",le=\"30\"} 4");
	assert_line(text, "toy_seconds_bucket{end=\"ok\",le=\"+Inf\"} 5");
	assert_line(text, "toy_seconds_sum{end=\"ok\"} 60.001002");
	assert_line(text, "toy_seconds_count{end=\"ok\"} 5");
	metrics_free(m);
}

static void labels_and_help_cannot_break_out(void **state)
{
	BUF_CLEANUP struct buf out = buf_growing(4096);
	const struct metric_label label = {"name", "a\"b\\c\nd"};

	(void)state;
	metrics_put_head(&out, "toy", METRIC_GAUGE, "One \"line\",\nof \\ it.");
	metrics_put(&out, "toy", &label, 1, UINT64_MAX);
	assert_string_equal(buf_string(&out),
		"# HELP toy One \"line\",\\nof \\\\ it.\n"
		"# TYPE toy gauge\n"
		"toy{name=\"a\\\"b\\\\c\\nd\"} 18446744073709551615\n");
}

static void results_have_a_word_for_every_error(void **state)
{
	(void)state;
	assert_string_equal(metrics_results[metrics_result(OK)], "ok");
	assert_string_equal(metrics_results[metrics_result(ERR_DENIED)], "denied");
	assert_string_equal(metrics_results[metrics_result(ERR_UNAVAILABLE)], "unavailable");
	for (int err = OK; err < ERR_COUNT; err++) {
		assert_non_null(metrics_results[metrics_result((enum err)err)]);
	}
}

/* ---- the monitor ---- */

struct answer {
	unsigned status;
	char type[80], body[65536];
	size_t len;
	bool done;
};

static void on_head(void *user, const struct http_head *head)
{
	struct answer *a = user;
	struct view type = http_field_of(head, "Content-Type");

	a->status = head->status;
	(void)snprintf(a->type, sizeof(a->type), "%.*s", (int)type.len, (const char *)type.data);
}

static void on_body(void *user, struct view part)
{
	struct answer *a = user;

	assert_true(a->len + part.len < sizeof(a->body));
	memcpy(a->body + a->len, part.data, part.len);
	a->len += part.len;
}

static void on_done(void *user, enum err result)
{
	struct answer *a = user;

	assert_int_equal(result, OK);
	a->done = true;
}

static const char *why; /* it is not ready; NULL: it is */

static void collect(void *user, struct buf *out)
{
	metrics_put_process(out, "toy", "n1.example");
	metrics_put_table(out, user);
}

static void unready(void *user, struct buf *out)
{
	(void)user;
	buf_text(out, why ? why : "");
}

static void ask(struct loop *loop, struct monitor *m, const char *method, const char *target,
	struct answer *ret)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_client_options options = {.address = monitor_address(m),
		.host = "localhost"};
	struct http_client *client;
	struct http_call *call;

	*ret = (struct answer){.done = false};
	assert_ok(http_client_new(loop, &options, &client));
	assert_ok(http_client_call(client, method, view_text(target), NULL, 0, (struct view){0},
		&on, ret, &call));
	for (int i = 0; i < 1000 && !ret->done; i++) {
		loop_turn(loop, 10);
	}
	assert_true(ret->done);
	http_client_free(client);
}

static void the_monitor_answers_what_is_asked_and_no_more(void **state)
{
	static const struct monitor_on on = {collect, unready};
	struct metrics *m = open_toy();
	struct monitor *monitor;
	struct loop *loop;
	static struct answer a;

	(void)state;
	assert_ok(loop_new(&env_system, &loop));
	assert_ok(monitor_open(loop, "127.0.0.1:0", &on, m, &monitor));
	ask(loop, monitor, "GET", "/metrics", &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.type, "text/plain; version=0.0.4; charset=utf-8");
	assert_line(a.body, "symbolon_build_info{program=\"toy\",version=\"" SYMBOLON_VERSION
			    "\",node=\"n1.example\"} 1");
	assert_non_null(strstr(a.body, "\nprocess_open_fds "));
	assert_line(a.body, "toy_held 0");
	ask(loop, monitor, "GET", "/healthz", &a);
	assert_int_equal(a.status, 200);
	ask(loop, monitor, "GET", "/readyz", &a);
	assert_int_equal(a.status, 200);
	why = "store: the database is away\n";
	ask(loop, monitor, "GET", "/readyz", &a);
	assert_int_equal(a.status, 503);
	assert_string_equal(a.body, "store: the database is away\n");
	ask(loop, monitor, "POST", "/metrics", &a);
	assert_int_equal(a.status, 405);
	ask(loop, monitor, "GET", "/", &a);
	assert_int_equal(a.status, 404);
	monitor_close(monitor);
	loop_free(loop);
	metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_series_stands_there_before_anything_happened),
		TEST(what_is_counted_is_what_stands_there),
		TEST(a_histogram_adds_up_at_its_bounds),
		TEST(labels_and_help_cannot_break_out),
		TEST(results_have_a_word_for_every_error),
		TEST(the_monitor_answers_what_is_asked_and_no_more),
	};
	return RUN_TESTS(tests);
}
