// SPDX-License-Identifier: Apache-2.0
#include "device-cli/command_line.h"

#include "base/log.h"
#include "wire/json.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 48, FIRST = 256 }; /* what getopt gives for row 0 */

/* --- help --- */

static void print_form(FILE *to, const struct command *command)
{
	(void)fprintf(to, "symbolon-device %s%s%s%s%s%s", command->name, command->word ? " " : "",
		command->word ? command->word : "", command->second ? " [" : "",
		command->second ? command->second : "", command->second ? "]" : "");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->of != IN_ALL && row->of & command->bit) {
			(void)fprintf(to, " %s--%s%s%s%s", row->needed & command->bit ? "" : "[",
				row->name, row->shown[0] ? " " : "", row->shown,
				row->needed & command->bit ? "" : "]");
		}
	}
}

static void print_options(FILE *to, unsigned of)
{
	char form[64];

	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->of == IN_ALL || row->of & of) {
			(void)snprintf(form, sizeof(form), "--%s %s", row->name, row->shown);
			(void)fprintf(to, "  %-20s %s\n", form, row->help);
		}
	}
}

static void print_help(FILE *to, const struct command *command)
{
	if (command) {
		print_form(to, command);
		(void)fprintf(to, "\n\n%s\n\n", command->help);
		print_options(to, command->bit);
		return;
	}
	(void)fprintf(to, "symbolon-device: a device of an ITU-T Y.3056 realm\n\n");
	for (size_t i = 0; i < command_count; i++) {
		(void)fprintf(to, "  ");
		print_form(to, &commands[i]);
		(void)fprintf(to, "\n      %s\n", commands[i].help);
	}
	(void)fprintf(to, "\noptions\n");
	print_options(to, 0);
	(void)fprintf(to, "\n`symbolon-device COMMAND --help` says more.\n"
			  "Exit status: 0 done, 1 failed, 2 usage, 3 cannot be reached, 4 refused: "
			  "by the realm,\nby the application, or by us because they are not who "
			  "they should be.\n");
}

/* --- errors --- */

static int status_of(enum err err)
{
	switch (err) {
	case OK:
		return EXIT_DONE;
	case ERR_CONFIG:
		return EXIT_USAGE;
	case ERR_DENIED:
	case ERR_AUTH:
	case ERR_SYNC:
		return EXIT_REFUSED;
	case ERR_UNAVAILABLE:
	case ERR_TIMEOUT:
	case ERR_CLOSED:
		return EXIT_UNREACHABLE;
	default:
		return EXIT_FAILED;
	}
}

/* One line on standard error; standard output may be a session. Returns the exit status. */
static int report(const struct options *options, const struct command *command, enum err err)
{
	BUF_CLEANUP struct buf text = buf_growing(4096);
	struct json_writer w = json_to(&text);

	if (err == OK) {
		return EXIT_DONE;
	}
	if (!options->json) {
		(void)fprintf(stderr, "symbolon-device%s%s: %s\n", command ? " " : "",
			command ? command->name : "", err_detail());
		return status_of(err);
	}
	json_open(&w, NULL);
	if (command) {
		json_put_string(&w, "command", command->name);
	}
	json_put_string(&w, "error", err_name(err));
	json_put_string(&w, "detail", err_detail());
	json_put_int(&w, "status", status_of(err));
	json_close(&w);
	(void)fprintf(stderr, "%s\n", buf_string(&text));
	return status_of(err);
}

/* --- the command line --- */

static void set_option(struct options *options, const struct option_row *row, const char *value)
{
	char *field = (char *)options + row->place;

	if (row->takes == FLAG) {
		*(bool *)field = true;
	} else {
		*(const char **)field = value;
	}
}

/* Options in any place. `ret_given` are the rows that stood there, as a bit set. */
static enum err take_options(int argc, char **argv, struct options *options, uint64_t *ret_given)
{
	struct option rows[OPTIONS_MAX + 1] = {0};
	int taken;

	for (size_t i = 0; i < option_count; i++) {
		rows[i] = (struct option){option_rows[i].name,
			option_rows[i].takes == FLAG ? no_argument : required_argument, NULL,
			FIRST + (int)i};
	}
	opterr = 0;
	while ((taken = getopt_long(argc, argv, ":", rows, NULL)) != -1) {
		if (taken < FIRST) {
			return err_fail(ERR_CONFIG, "%s: %s; see --help", argv[optind - 1],
				taken == ':' ? "its value is missing" : "no such option");
		}
		set_option(options, &option_rows[taken - FIRST], optarg);
		*ret_given |= UINT64_C(1) << (taken - FIRST);
	}
	return OK;
}

/* The command, and what it is applied to. */
static enum err take_words(struct options *options, int count, char **words,
	const struct command **ret)
{
	const struct command *command = count > 0 ? command_find(words[0]) : NULL;
	int wanted = command && command->word ? 2 : 1;

	if (!command) {
		return err_fail(ERR_CONFIG, "%s is no command; see --help",
			count > 0 ? words[0] : "nothing");
	}
	*ret = command;
	int most = wanted + (command->second != NULL);

	if (count < wanted && !options->show_help) {
		return command->second ? err_fail(ERR_CONFIG, "one of %s is missing", command->word)
				       : err_fail(ERR_CONFIG,
						 "an application is missing, such as app.example");
	}
	if (count > most) {
		return err_fail(ERR_CONFIG, "%s is too much; see --help", words[most]);
	}
	options->word = count > 1 ? words[1] : NULL;
	options->second = count > 2 ? words[2] : NULL;
	return OK;
}

static enum err check_options(const struct command *command, uint64_t given)
{
	for (size_t i = 0; i < option_count; i++) {
		bool is_given = given >> i & 1;

		if (is_given && !(option_rows[i].of & command->bit)) {
			return err_fail(ERR_CONFIG, "--%s is not for this command; see --help",
				option_rows[i].name);
		}
		if (!is_given && option_rows[i].needed & command->bit) {
			return err_fail(ERR_CONFIG, "--%s %s is missing", option_rows[i].name,
				option_rows[i].shown);
		}
	}
	return OK;
}

static enum err begin_log(const struct options *options)
{
	enum log_level level = LOG_ERROR;

	if (options->log_level && log_level_of(options->log_level, &level) != OK) {
		return err_fail(ERR_CONFIG, "--log-level: %s", err_detail());
	}
	log_open(STDERR_FILENO, "device", level);
	return OK;
}

static enum err run(int argc, char **argv, struct options *options, const struct command **ret)
{
	uint64_t given = 0;

	TRY(take_options(argc, argv, options, &given));
	if (options->show_version) {
		(void)printf("symbolon-device %s\n", SYMBOLON_VERSION);
		return OK;
	}
	if (options->show_help && optind == argc) {
		print_help(stdout, NULL);
		return OK;
	}
	TRY(take_words(options, argc - optind, argv + optind, ret));
	if (options->show_help) {
		print_help(stdout, *ret);
		return OK;
	}
	TRY(check_options(*ret, given));
	TRY(begin_log(options));
	return (*ret)->run(options);
}

int main(int argc, char **argv)
{
	const char *home = getenv("SYMBOLON_DEVICE");
	struct options options = {.dir = home ? home : "device"};
	const struct command *command = NULL;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		complete(argc - 2, argv + 2);
		return EXIT_DONE;
	}
	if (argc == 1) {
		print_help(stderr, NULL);
		return EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	enum err err = run(argc, argv, &options, &command);

	return report(&options, command, err);
}
