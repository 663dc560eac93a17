// SPDX-License-Identifier: Apache-2.0
#include "cli/up_inside.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { SETTLE_MS = 3000, EVENT_MS = 10000 };
enum { COMMAND_MS = 30000, OUTPUT_MAX = 1024 * 1024, ERRORS_MAX = 64 * 1024, ARGS_MAX = 24 };

static void on_error_line(void *user, struct view line)
{
	struct command *command = user;

	walk_line(command->up->walk, command->up->device_actor, line);
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

enum err up_type(struct up *up, int status, const char *const *argv)
{
	up_print_command(up, argv, NULL);
	return up_command(up, status, argv);
}

enum err up_type_into(struct up *up, const char *const *argv, const char *path)
{
	up_print_command(up, argv, path);
	TRY(up_command(up, 0, argv));
	return text_write_file(path, buf_contents(&up->command.output), 0600);
}

static size_t append(const char **argv, size_t count, const char *const *words)
{
	for (; *words && count < ARGS_MAX - 1; words++) {
		argv[count++] = *words;
	}
	argv[count] = NULL;
	return count;
}

enum err up_operate(struct site *site, const char *const *words)
{
	char socket[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--socket",
		realm_path(&site->realm, "authz.sock", socket)};

	(void)append(argv, 3, words);
	return up_type(site->up, 0, argv);
}

enum err up_administer(struct up *up, size_t index, const char *const *words)
{
	const struct trust_registry *registry = &up->registries[index];
	char file[64], socket[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--socket"};

	(void)snprintf(file, sizeof(file), "%s.sock", registry->name);
	argv[2] = realm_path(&up->sites[FIRST].realm, file, socket);
	argv[3] = "registry";
	(void)append(argv, 4, words);
	return up_type(up, 0, argv);
}

size_t up_enquiry(const struct up *up, size_t index, struct enquiry_words *words, const char **argv)
{
	const struct trust_registry *registry = &up->registries[index];
	const char *const begin[] = {"symbolon", "--url", words->url, "--connect", registry->api,
		"--ca", words->authority, "registry", NULL};

	(void)snprintf(words->url, sizeof(words->url), "https://%s%s", registry->host,
		strrchr(registry->api, ':'));
	realm_path(&up->sites[FIRST].realm, "certificates/ca.pem", words->authority);
	return append(argv, 0, begin);
}

enum err up_enquire(struct up *up, size_t index, const char *const *words)
{
	const char *argv[ARGS_MAX];
	struct enquiry_words texts;

	(void)append(argv, up_enquiry(up, index, &texts, argv), words);
	return up_type(up, 0, argv);
}

enum err up_await_event(struct up *up, const char *event, size_t index)
{
	const int64_t deadline = loop_now(up->loop) + EVENT_MS;

	while (walk_seen_at(up->walk, event, registry_id(index)) == 0) {
		if (loop_now(up->loop) > deadline) {
			return err_fail(ERR_NOT_FOUND, "%s was not seen at %s", event,
				registry_id(index));
		}
		loop_turn(up->loop, 5);
	}
	return OK;
}

enum err up_visit(struct site *site, const struct visitor *who, const char *const *words)
{
	char url[REALM_ADDRESS + 16], authority[PATH_MAX];
	const char *argv[ARGS_MAX] = {"symbolon", "--url", url, "--ca",
		realm_path(&site->realm, "certificates/ca.pem", authority)};
	const char *const session[] = {"--session", who->session, NULL};
	const char *const certificate[] = {"--cert", who->certificate, "--key", who->key, NULL};
	size_t count = 5;

	(void)snprintf(url, sizeof(url), "https://%s", site->realm.portal);
	if (who->session) {
		count = append(argv, count, session);
	} else if (who->certificate) {
		count = append(argv, count, certificate);
	}
	(void)append(argv, count, words);
	return up_type(site->up, 0, argv);
}

enum err up_member(struct up *up, const char *name, char *ret, size_t room)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view value;

	TRY(json_parse(buf_contents(&up->command.output), OUTPUT_MAX, &root));
	TRY(json_text(root, name, &value));
	return text_copy(ret, room, value, name);
}

enum err up_sign_in(struct site *site, const char *subscriber, char ret_session[PATH_MAX])
{
	const struct visitor nobody = {.session = ret_session};
	char name[96], password[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%.60s.password", subscriber);
	TRY(text_write_file(realm_path(&site->realm, name, password),
		view_text("a password of the walk\n"), 0600));
	(void)snprintf(name, sizeof(name), "%.60s.session", subscriber);
	realm_path(&site->realm, name, ret_session);
	OPERATE(site, "account", "set", subscriber, "--password-file", password);
	VISIT(site, &nobody, "sign-in", subscriber, "--password-file", password);
	return OK;
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
static void settle(const struct up *up, const char *clause, const char *event)
{
	int64_t deadline = loop_now(up->loop) + SETTLE_MS;

	while (!walk_has(up->walk, clause, event) && loop_now(up->loop) < deadline) {
		loop_turn(up->loop, 10);
	}
}

static enum err not_seen(const char *clause, const char *event)
{
	return err_fail(ERR_NOT_FOUND, "step %s (%s) was not seen in the logs", clause, event);
}

enum err up_await(struct up *up, const char *clause, const char *event)
{
	settle(up, clause, event);
	return walk_has(up->walk, clause, event) ? OK : not_seen(clause, event);
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
	return walk_has(up->walk, clause, event) ? OK : not_seen(clause, event);
}
