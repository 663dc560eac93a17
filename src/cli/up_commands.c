// SPDX-License-Identifier: Apache-2.0
#include "cli/up_inside.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTLE_MS = 3000 };
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

	walk_line(command->up->walk, "device", line);
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

enum err up_operate(struct site *site, const char *const *words)
{
	struct up *up = site->up;
	char socket[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--socket",
		realm_path(&site->realm, "authz.sock", socket)};
	size_t count = 3;

	up_say(up, "  symbolon");
	for (; *words && count < ARGS_MAX - 1; words++) {
		up_say(up, " %s", *words);
		argv[count++] = *words;
	}
	up_say(up, "\n");
	return up_command(up, 0, argv);
}

/* What differs from run to run, and where it lies on this machine, is for the machine. */
static bool is_of_this_run(const char *option)
{
	static const char *const names[] = {"--dir", "--address", "--rp-c", "--log-level"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(option, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

enum err up_type(struct up *up, int status, const char *const *argv)
{
	const char *dir = up->sites[FIRST].realm.dir;

	up_say(up, " ");
	for (size_t i = 0; argv[i]; i++) {
		bool is_here = strncmp(argv[i], dir, strlen(dir)) == 0;
		const char *file = is_here ? strrchr(argv[i], '/') + 1 : argv[i];

		if (is_of_this_run(argv[i]) && argv[i + 1]) {
			i++;
			continue;
		}
		up_say(up, " %s", file);
	}
	up_say(up, "\n");
	return up_command(up, status, argv);
}

enum err up_portal(struct site *site, const char *who, const char *method, const char *path,
	const char *body)
{
	const struct realm *realm = &site->realm;
	bool is_operator = who && strcmp(who, "operator") == 0;
	bool is_asp = who && strcmp(who, "asp") == 0;
	char url[512], authority[PATH_MAX], certificate[PATH_MAX], key[PATH_MAX];
	char header[PATH_MAX + 1] = "@", name[REALM_NAME + 32];
	const char *argv[ARGS_MAX] = {"curl", "-sS", "--fail-with-body", "--cacert",
		realm_path(realm, "certificates/ca.pem", authority), "-X", method, url};
	size_t count = 8;

	(void)snprintf(url, sizeof(url), "https://%s%s", realm->portal, path);
	if (is_operator || is_asp) {
		(void)snprintf(name, sizeof(name), "certificates/%s.pem",
			is_asp ? realm->element : "operator");
		argv[count++] = "--cert";
		argv[count++] = realm_path(realm, name, certificate);
		(void)snprintf(name, sizeof(name), "certificates/%s.key",
			is_asp ? realm->element : "operator");
		argv[count++] = "--key";
		argv[count++] = realm_path(realm, name, key);
	} else if (who) {
		(void)snprintf(header + 1, PATH_MAX, "%s", who);
		argv[count++] = "-H";
		argv[count++] = header;
	}
	if (body) {
		argv[count++] = "-H";
		argv[count++] = "Content-Type: application/json";
		argv[count++] = "--data-binary";
		argv[count++] = body;
	}
	up_say(site->up, "  curl -X %s %s%s\n", method, url,
		is_operator ? "    # the operator"
		: is_asp    ? "    # the ASP"
		: who	    ? "    # the subscriber"
			    : "");
	enum err err = up_command(site->up, 0, argv);

	return err == OK ? OK
			 : err_fail(err, "%s %s: %s", method, path,
				   buf_string(&site->up->command.output));
}

enum err up_member(struct up *up, const char *name, char *ret, size_t room)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view value;

	TRY(json_parse(buf_contents(&up->command.output), OUTPUT_MAX, &root));
	TRY(json_text(root, name, &value));
	return text_copy(ret, room, value, name);
}

static enum err keep_session(const struct realm *realm, const char *subscriber, const char *token,
	char ret_header[PATH_MAX], char ret_token[PATH_MAX])
{
	char name[96], header[320];

	(void)snprintf(name, sizeof(name), "%.60s.session", subscriber);
	TRY(text_write_file(realm_path(realm, name, ret_token), view_text(token), 0600));
	(void)snprintf(name, sizeof(name), "%.60s.header", subscriber);
	(void)snprintf(header, sizeof(header), "Authorization: Bearer %.255s\n", token);
	return text_write_file(realm_path(realm, name, ret_header), view_text(header), 0600);
}

enum err up_sign_in(struct site *site, const char *subscriber, char ret_header[PATH_MAX],
	char ret_token[PATH_MAX])
{
	char path[160], body[256], token[256];

	(void)snprintf(path, sizeof(path), "/v1/subscribers/%.60s/account", subscriber);
	TRY(up_portal(site, "operator", "PUT", path, "{\"password\":\"a password of the walk\"}"));
	(void)snprintf(body, sizeof(body),
		"{\"subscriber\":\"%.60s\",\"password\":\"a password of the walk\"}", subscriber);
	TRY(up_portal(site, NULL, "POST", "/v1/sessions", body));
	TRY(up_member(site->up, "token", token, sizeof(token)));
	return keep_session(&site->realm, subscriber, token, ret_header, ret_token);
}

/* --- what is shown --- */

void up_begin(struct up *up, const char *words)
{
	up_heading(up, words);
	walk_begin(up->walk);
}

void up_step(struct up *up, const char *clause, const char *actor, const char *words)
{
	walk_step(up->walk, up->env->wall_ms(up->env) * 1000, clause, actor, words);
}

/* Lines come through pipes: a node may log a step a moment after the device has ended. */
static void settle(struct up *up, const char *clause, const char *event)
{
	int64_t deadline = loop_now(up->loop) + SETTLE_MS;

	while (!walk_has(up->walk, clause, event) && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 10);
	}
}

enum err up_show_only(struct up *up, const char *chapter, const char *clause, const char *event)
{
	settle(up, clause, event);
	walk_keep(up->walk, chapter);
	return up_show(up, clause, event);
}

enum err up_show(struct up *up, const char *clause, const char *event)
{
	settle(up, clause, event);
	walk_print(up->walk,
		up->json	 ? WALK_JSON
		: up_in_colour() ? WALK_COLOUR
				 : WALK_PLAIN,
		stdout);
	return walk_has(up->walk, clause, event)
		       ? OK
		       : err_fail(ERR_NOT_FOUND, "step %s (%s) was not seen in the logs", clause,
				 event);
}
