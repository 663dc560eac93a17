// SPDX-License-Identifier: Apache-2.0
/* Each test runs daemon_main() in a process of its own, and reads what that process says. */
#include "test.h"

#include "base/text.h"
#include "net/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS(ROW, S)                                                                            \
	ROW(S, TEXT, node, "node", NULL, START, CONF_PLAIN, "Its name.")                           \
	ROW(S, CHOICE, level, "level", "info", RELOAD, CONF_WORDS("error|warn|info|debug"),        \
		"What is logged.")                                                                 \
	ROW(S, NUMBER, speed, "speed", "1", RELOAD, CONF_RANGE(0, 9), "How fast.")                 \
	ROW(S, NUMBER, size, "size", "1", START, CONF_RANGE(0, 9), "How large; 9 is too large.")
CONF_STRUCT(toy_conf, OPTIONS);
static const struct conf_option toy_options[] = CONF_TABLE(toy_conf, OPTIONS);

struct toy {
	struct toy_conf *conf;
	bool up;
};

static void say(const char *what)
{
	(void)fprintf(stderr, "toy: %s\n", what);
}

static enum err start_first(void *program, struct loop *loop)
{
	struct toy *toy = program;
	struct rlimit core, files;

	assert_non_null(loop);
	assert_false(toy->up);
	toy->up = true;
	(void)getrlimit(RLIMIT_CORE, &core);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (core.rlim_cur == 0 && prctl(PR_GET_DUMPABLE) == 0 && files.rlim_cur == files.rlim_max) {
		say("limits are set");
	}
	say("first starts");
	return OK;
}

static void stop_first(void *program)
{
	struct toy *toy = program;

	say(toy->up ? "first stops" : "first was not up");
}

static enum err start_second(void *program, struct loop *loop)
{
	struct toy *toy = program;

	(void)loop;
	if (toy->conf->size == 9) {
		return err_fail(ERR_RANGE, "nine is too large; make size smaller");
	}
	say("second starts");
	return OK;
}

static void stop_second(void *program)
{
	(void)program;
	say("second stops");
}

static void reload(void *program, const void *new_conf)
{
	struct toy *toy = program;
	const struct toy_conf *conf = new_conf;

	toy->conf->speed = conf->speed;
	(void)fprintf(stderr, "toy: speed %d\n", (int)conf->speed);
}

static void ready(void *program, struct json_writer *w)
{
	const struct toy *toy = program;

	json_put_int(w, "size", toy->conf->size);
}

static const struct daemon_part parts[] = {
	{"first", start_first, stop_first},
	{"second", start_second, stop_second},
};

static const struct daemon_program program = {
	.name = "toy",
	.summary = "does nothing, in order",
	.options = toy_options,
	.conf_size = sizeof(struct toy_conf),
	.parts = parts,
	.part_count = 2,
	.program_size = sizeof(struct toy),
	.reload = reload,
	.ready = ready,
	.node_name_offset = offsetof(struct toy_conf, node),
	.log_level_offset = offsetof(struct toy_conf, level),
};

struct run {
	char folder[32], config[64], ready_file[64];
	pid_t pid;
	FILE *output; /* both streams of the process */
	char seen[65536];
};

static int setup(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	(void)strcpy(r->folder, "/tmp/symbolon-daemon-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	(void)snprintf(r->config, sizeof(r->config), "%s/toy.yaml", r->folder);
	(void)snprintf(r->ready_file, sizeof(r->ready_file), "%s/ready.json", r->folder);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct run *r = *state;

	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	if (r->output) {
		(void)fclose(r->output);
	}
	(void)unlink(r->config);
	(void)unlink(r->ready_file);
	(void)rmdir(r->folder);
	free(r);
	return 0;
}

static void configure(struct run *r, const char *yaml)
{
	assert_ok(text_write_file(r->config, view_text(yaml), 0600));
}

static void launch(struct run *r, char **arguments)
{
	int ends[2], count = 0;

	assert_int_equal(pipe(ends), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		while (arguments[count]) {
			count++;
		}
		int status = daemon_main(&program, count, arguments);
		(void)fflush(stdout);
		_exit(status);
	}
	(void)close(ends[1]);
	r->output = fdopen(ends[0], "r");
}

#define LAUNCH(r, ...) launch((r), (char *[]){(char *)"toy", __VA_ARGS__, NULL})
#define SERVE(r)                                                                                   \
	LAUNCH((r), (char *)"--config", (r)->config, (char *)"--ready-file", (r)->ready_file)

static bool next_line(struct run *r)
{
	size_t len = strlen(r->seen);

	return fgets(r->seen + len, (int)(sizeof(r->seen) - len), r->output) != NULL;
}

/* Reads until it has said so. */
static void wait_for(struct run *r, const char *words)
{
	while (!strstr(r->seen, words)) {
		if (!next_line(r)) {
			fail_msg("it never said \"%s\" but: %s", words, r->seen);
		}
	}
}

static int end_status(struct run *r)
{
	int status;

	while (next_line(r)) {
	}
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	r->pid = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_in_order(const struct run *r, const char *const *words, size_t count)
{
	const char *at = r->seen;

	for (size_t i = 0; i < count; i++) {
		at = strstr(at, words[i]);
		if (!at) {
			fail_msg("no \"%s\" at its place in: %s", words[i], r->seen);
		}
		at += strlen(words[i]);
	}
}

#define ASSERT_IN_ORDER(r, ...)                                                                    \
	assert_in_order((r), (const char *const[]){__VA_ARGS__},                                   \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void it_explains_itself(void **state)
{
	struct run *r = *state;

	LAUNCH(r, (char *)"--help");
	assert_int_equal(end_status(r), 0);
	ASSERT_IN_ORDER(r, "toy: does nothing, in order", "--config FILE", "Exit status");
}

static void it_tells_its_version(void **state)
{
	struct run *r = *state;

	LAUNCH(r, (char *)"--version");
	assert_int_equal(end_status(r), 0);
	assert_string_equal(r->seen, "toy " SYMBOLON_VERSION "\n");
}

static void it_prints_its_manual(void **state)
{
	struct run *r = *state;

	LAUNCH(r, (char *)"--manual");
	assert_int_equal(end_status(r), 0);
	ASSERT_IN_ORDER(r, "node", "Its name.", "speed", "How fast.");
}

static void a_wrong_call_is_refused(void **state)
{
	struct run *r = *state;

	LAUNCH(r, (char *)"--check");
	assert_int_equal(end_status(r), 2);
	ASSERT_IN_ORDER(r, "--config is missing", "--help");
	(void)fclose(r->output);
	LAUNCH(r, (char *)"--config", r->config, (char *)"more");
	assert_int_equal(end_status(r), 2);
	ASSERT_IN_ORDER(r, "too many words");
	(void)fclose(r->output);
	LAUNCH(r, (char *)"--nonsense");
	assert_int_equal(end_status(r), 2);
}

static void a_wrong_configuration_starts_nothing(void **state)
{
	struct run *r = *state;

	configure(r, "node: n1\nspeed: 12\n");
	SERVE(r);
	assert_int_equal(end_status(r), 2);
	ASSERT_IN_ORDER(r, "toy.yaml:2: speed:", "12");
	assert_null(strstr(r->seen, "starts"));
	(void)fclose(r->output);
	(void)unlink(r->config);
	SERVE(r);
	assert_int_equal(end_status(r), 2);
	ASSERT_IN_ORDER(r, "No such file");
}

static void a_configuration_can_be_checked_and_dumped(void **state)
{
	struct run *r = *state;

	configure(r, "node: n1\n");
	LAUNCH(r, (char *)"--check", (char *)"--config", r->config);
	assert_int_equal(end_status(r), 0);
	ASSERT_IN_ORDER(r, "is right");
	(void)fclose(r->output);
	LAUNCH(r, (char *)"--dump", (char *)"--config", r->config);
	assert_int_equal(end_status(r), 0);
	ASSERT_IN_ORDER(r, "n1", "speed: 1");
	assert_null(strstr(r->seen, "starts"));
}

static void it_runs_until_it_is_told_to_stop(void **state)
{
	struct run *r = *state;
	struct buf file BUF_CLEANUP = buf_growing(1000);
	struct stat st;

	configure(r, "node: n1\n");
	assert_ok(text_write_file(r->ready_file, view_text("stale"), 0644));
	SERVE(r);
	wait_for(r, "\"event\":\"node.ready\"");
	assert_ok(text_read_file(r->ready_file, 1000, &file));
	assert_view(buf_contents(&file), "{\"size\":1}\n");
	ASSERT_IN_ORDER(r, "limits are set", "first starts", "second starts", "node.ready");
	assert_non_null(strstr(r->seen, "\"node\":\"n1\""));
	assert_int_equal(kill(r->pid, SIGTERM), 0);
	assert_int_equal(end_status(r), 0);
	ASSERT_IN_ORDER(r, "node.stopping", "second stops", "first stops", "node.stopped");
	assert_int_equal(stat(r->ready_file, &st), -1);
}

static void an_interrupt_stops_it_too(void **state)
{
	struct run *r = *state;

	configure(r, "node: n1\n");
	SERVE(r);
	wait_for(r, "node.ready");
	assert_int_equal(kill(r->pid, SIGPIPE), 0); /* which it does not mind */
	assert_int_equal(kill(r->pid, SIGINT), 0);
	assert_int_equal(end_status(r), 0);
}

static void a_part_that_does_not_start_ends_it(void **state)
{
	struct run *r = *state;
	struct stat st;

	configure(r, "node: n1\nsize: 9\n");
	assert_ok(text_write_file(r->ready_file, view_text("stale"), 0644));
	SERVE(r);
	assert_int_equal(end_status(r), 1);
	ASSERT_IN_ORDER(r, "first starts", "node.not_started", "\"part\":\"second\"",
		"toy: could not start: nine is too large", "second stops", "first stops");
	assert_int_equal(stat(r->ready_file, &st), -1);
}

static void a_ready_file_that_cannot_be_written_ends_it(void **state)
{
	struct run *r = *state;

	configure(r, "node: n1\n");
	LAUNCH(r, (char *)"--config", r->config, (char *)"--ready-file",
		(char *)"/nonexistent/ready.json");
	assert_int_equal(end_status(r), 1);
	ASSERT_IN_ORDER(r, "second starts", "\"part\":\"ready file\"", "/nonexistent/",
		"second stops", "first stops");
}

static void options_are_taken_over_while_it_runs(void **state)
{
	struct run *r = *state;

	configure(r, "node: n1\n");
	SERVE(r);
	wait_for(r, "node.ready");
	configure(r, "node: n1\nspeed: 5\n");
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	wait_for(r, "node.reloaded");
	ASSERT_IN_ORDER(r, "toy: speed 5", "node.reloaded");
	r->seen[0] = '\0';
	configure(r, "node: n1\nspeed: 6\nsize: 2\n");
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	wait_for(r, "node.not_reloaded");
	ASSERT_IN_ORDER(r, "node.not_reloaded", "size");
	assert_null(strstr(r->seen, "speed 6"));
	r->seen[0] = '\0';
	configure(r, "node: [\n");
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	wait_for(r, "node.not_reloaded");
	assert_int_equal(kill(r->pid, SIGTERM), 0);
	assert_int_equal(end_status(r), 0);
}

#define DAEMON_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DAEMON_TEST(it_explains_itself),
		DAEMON_TEST(it_tells_its_version),
		DAEMON_TEST(it_prints_its_manual),
		DAEMON_TEST(a_wrong_call_is_refused),
		DAEMON_TEST(a_wrong_configuration_starts_nothing),
		DAEMON_TEST(a_configuration_can_be_checked_and_dumped),
		DAEMON_TEST(it_runs_until_it_is_told_to_stop),
		DAEMON_TEST(an_interrupt_stops_it_too),
		DAEMON_TEST(a_part_that_does_not_start_ends_it),
		DAEMON_TEST(a_ready_file_that_cannot_be_written_ends_it),
		DAEMON_TEST(options_are_taken_over_while_it_runs),
	};
	return RUN_TESTS(tests);
}
