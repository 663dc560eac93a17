// SPDX-License-Identifier: Apache-2.0
#include "cli/up_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_MS = 30000, OUTPUT_MAX = 1024 * 1024, ERRORS_MAX = 64 * 1024, ARGS_MAX = 24 };

void up_say(const struct up *up, const char *format, ...)
{
	va_list args;

	if (up->json) {
		return;
	}
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)fflush(stdout);
}

bool up_in_colour(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

void up_heading(const struct up *up, const char *words)
{
	up_say(up, up_in_colour() ? "\n\033[1m%s\033[0m\n" : "\n%s\n", words);
}

static void on_error_line(void *user, struct view line)
{
	struct command *command = user;

	walk_line(command->up->walk, line);
	if (line.len > 0 && line.data[0] != '{') {
		buf_view(&command->errors, line);
		buf_u8(&command->errors, '\n');
	}
}

static void on_output(void *user, struct view bytes)
{
	struct command *command = user;

	buf_view(&command->output, bytes);
}

static void on_ended(void *user, int status)
{
	struct command *command = user;
	const struct env *env = command->up->env;

	command->ended = true;
	command->status = status;
	command->ended_us = env->steady_us(env);
}

enum err command_start(struct up *up, struct command *command, const char *const *argv)
{
	static const struct process_on on = {on_error_line, on_output, on_ended};

	*command = (struct command){.up = up,
		.output = buf_growing(OUTPUT_MAX),
		.errors = buf_growing(ERRORS_MAX)};
	return process_start(up->loop, argv, NULL, &on, command, &command->process);
}

void command_stop(struct command *command)
{
	process_free(command->process);
	buf_free(&command->output);
	buf_free(&command->errors);
	*command = (struct command){.ended = true};
}

static bool has_written(struct command *command, const char *wanted)
{
	return wanted && strstr(buf_string(&command->output), wanted);
}

enum err command_wait(struct command *command, const char *wanted)
{
	struct up *up = command->up;
	int64_t deadline = loop_now(up->loop) + COMMAND_MS;

	while (!command->ended && !has_written(command, wanted)) {
		if (up->stop) {
			return err_fail(ERR_CLOSED, "stopped");
		}
		if (loop_now(up->loop) >= deadline) {
			return err_fail(ERR_TIMEOUT, "a command did not end within %d s",
				COMMAND_MS / 1000);
		}
		loop_turn(up->loop, 20);
	}
	return OK;
}

enum err up_command(struct up *up, int status, const char *const *argv)
{
	struct command *command = &up->command;

	command_stop(command);
	TRY(command_start(up, command, argv));
	TRY(command_wait(command, NULL));
	if (command->status != status) {
		return err_fail(ERR_CONFLICT, "%s %s: status %d, not %d: %s", argv[0], argv[1],
			command->status, status, buf_string(&command->errors));
	}
	return OK;
}

enum err up_operate(struct up *up, const char *const *words)
{
	char socket[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--socket",
		realm_path(&up->realm, "authz.sock", socket)};
	size_t count = 3;

	up_say(up, "  symbolon");
	for (; *words && count < ARGS_MAX - 1; words++) {
		up_say(up, " %s", *words);
		argv[count++] = *words;
	}
	up_say(up, "\n");
	return up_command(up, 0, argv);
}
