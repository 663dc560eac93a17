// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/up.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCKET "/run/symbolon/authz.sock"
#define LENGTH(table)  (sizeof(table) / sizeof((table)[0]))

/* In the order of help: what one looks at, what one registers, what one permits. */
static const struct cli_noun *const nouns[] = {
	&cli_status_noun,
	&cli_realm_noun,
	&cli_subscriber_noun,
	&cli_device_noun,
	&cli_asp_noun,
	&cli_app_noun,
	&cli_grant_noun,
	&cli_revoke_noun,
	&cli_grants_noun,
};

enum { SOCKET, URL, CONNECT, CERT, KEY, CA, JSON, HELP, VERSION, GLOBALS };

static const struct cli_option globals[GLOBALS] = {
	[SOCKET] = {"socket", "PATH",
		"the node's Unix socket; $SYMBOLON_SOCKET, else " DEFAULT_SOCKET},
	[URL] = {"url", "URL", "another node: https://NAME[:PORT], with --cert, --key and --ca"},
	[CONNECT] = {"connect", "ADDRESS", "where to connect in place of the URL's NAME"},
	[CERT] = {"cert", "FILE", "PEM certificate of an operator"},
	[KEY] = {"key", "FILE", "its PEM key"},
	[CA] = {"ca", "FILE", "PEM certificates that the node is verified against"},
	[JSON] = {"json", NULL, "print the answers of the API as they come"},
	[HELP] = {"help", NULL, "show this"},
	[VERSION] = {"version", NULL, "show the version"},
};

/* What a command line says. `values` of the globals as in cli_arguments. */
struct line {
	const char *globals[GLOBALS];
	struct cli_arguments args;
	int at; /* of argv: what is read next */
	int argc;
	char **argv;
};

/* --- help --- */

static void print_options(FILE *to, const struct cli_option *options, size_t count)
{
	char form[64];

	for (size_t i = 0; i < count && options[i].name; i++) {
		(void)snprintf(form, sizeof(form), "--%s%s%s", options[i].name,
			options[i].value ? " " : "", options[i].value ? options[i].value : "");
		(void)fprintf(to, "  %-22s %s%s\n", form, options[i].help,
			options[i].many ? "; may be given again" : "");
	}
}

static void print_form(FILE *to, const struct cli_command *command)
{
	(void)fprintf(to, "symbolon %s%s%s", command->noun, command->verb ? " " : "",
		command->verb ? command->verb : "");
	for (size_t i = 0; i < CLI_WORDS && command->words[i]; i++) {
		(void)fprintf(to, " %s", command->words[i]);
	}
	if (command->options[0].name) {
		(void)fprintf(to, " [options]");
	}
}

static void print_help(FILE *to)
{
	(void)fprintf(to, "symbolon: the operator's command of an ITU-T Y.3056 realm\n\n"
			  "  symbolon [options] COMMAND ...\n\n");
	for (size_t i = 0; i < LENGTH(nouns); i++) {
		(void)fprintf(to, "  %-12s %s\n", nouns[i]->name, nouns[i]->summary);
	}
	(void)fprintf(to, "  %-12s %s\n\noptions\n", "up",
		"a whole realm on this machine, walked through");
	print_options(to, globals, GLOBALS);
	(void)fprintf(to, "\n`symbolon COMMAND --help` says more.\n"
			  "Exit status: 0 done, 1 refused or failed, 2 usage, 3 the node cannot be "
			  "reached.\n");
}

static void print_noun_help(FILE *to, const struct cli_noun *noun)
{
	(void)fprintf(to, "symbolon %s: %s\n\n", noun->name, noun->summary);
	for (size_t i = 0; i < noun->count; i++) {
		(void)fprintf(to, "  ");
		print_form(to, &noun->commands[i]);
		(void)fprintf(to, "\n      %s\n", noun->commands[i].summary);
	}
}

static void print_command_help(const struct cli_command *command)
{
	print_form(stdout, command);
	(void)printf("\n\n%s\n", command->summary);
	if (command->more) {
		(void)printf("%s\n", command->more);
	}
	if (command->options[0].name) {
		(void)printf("\n");
		print_options(stdout, command->options, CLI_OPTIONS);
	}
	(void)printf("\n`symbolon --help` shows the options of all commands.\n");
}

/* --- reading the command line --- */

/* The option's place, or -1; `ret_value` is what stands after "=" or NULL. */
static int find_option(const struct cli_option *options, size_t count, const char *word,
	const char **ret_value)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	for (size_t i = 0; i < count && options[i].name; i++) {
		if (strlen(options[i].name) == len && memcmp(options[i].name, word, len) == 0) {
			*ret_value = equals ? equals + 1 : NULL;
			return (int)i;
		}
	}
	return -1;
}

static enum cli_status read_value(struct line *line, const struct cli_option *option,
	const char **value)
{
	if (!option->value) {
		if (*value) {
			cli_say("--%s takes no value", option->name);
			return CLI_USAGE;
		}
		*value = "";
		return CLI_DONE;
	}
	if (!*value) {
		if (line->at == line->argc) {
			cli_say("--%s wants %s", option->name, option->value);
			return CLI_USAGE;
		}
		*value = line->argv[line->at++];
	}
	return CLI_DONE;
}

static enum cli_status keep_value(struct cli_arguments *args, const struct cli_option *option,
	int place, const char *value)
{
	if (option->many) {
		if (args->many_count == CLI_MANY) {
			cli_say("--%s: given more than %d times", option->name, CLI_MANY);
			return CLI_USAGE;
		}
		args->many[args->many_count++] = value;
		return CLI_DONE;
	}
	if (args->values[place] && option->value) {
		cli_say("--%s is given twice", option->name);
		return CLI_USAGE;
	}
	args->values[place] = value;
	return CLI_DONE;
}

/* `command` NULL: before there is one, so that only the options of all commands are known. */
static enum cli_status read_option(struct line *line, const struct cli_command *command,
	const char *word)
{
	const char *value = NULL;
	int place = command ? find_option(command->options, CLI_OPTIONS, word, &value) : -1;

	if (place >= 0) {
		const struct cli_option *option = &command->options[place];

		return read_value(line, option, &value) == CLI_DONE
			       ? keep_value(&line->args, option, place, value)
			       : CLI_USAGE;
	}
	place = find_option(globals, GLOBALS, word, &value);
	if (place < 0) {
		cli_say("there is no option --%.*s here; --help shows which there are",
			(int)strcspn(word, "="), word);
		return CLI_USAGE;
	}
	if (read_value(line, &globals[place], &value) != CLI_DONE) {
		return CLI_USAGE;
	}
	line->globals[place] = value;
	return CLI_DONE;
}

/* The next word that is no option, NULL at the end. */
static enum cli_status next_word(struct line *line, const struct cli_command *command,
	const char **ret)
{
	while (line->at < line->argc) {
		const char *word = line->argv[line->at++];

		if (strcmp(word, "-h") == 0) {
			line->globals[HELP] = "";
		} else if (strncmp(word, "--", 2) == 0) {
			if (read_option(line, command, word + 2) != CLI_DONE) {
				return CLI_USAGE;
			}
		} else if (word[0] == '-' && word[1]) {
			cli_say("there is no option %s; --help shows which there are", word);
			return CLI_USAGE;
		} else {
			*ret = word;
			return CLI_DONE;
		}
	}
	*ret = NULL;
	return CLI_DONE;
}

static enum cli_status read_words(struct line *line, const struct cli_command *command)
{
	size_t wanted = 0;
	const char *word;

	while (wanted < CLI_WORDS && command->words[wanted]) {
		wanted++;
	}
	for (;;) {
		if (next_word(line, command, &word) != CLI_DONE) {
			return CLI_USAGE;
		}
		if (!word) {
			break;
		}
		if (line->args.word_count == wanted) {
			cli_say("%s is one word too many", word);
			return CLI_USAGE;
		}
		line->args.words[line->args.word_count++] = word;
	}
	if (line->args.word_count < wanted && !line->globals[HELP]) {
		cli_say("%s is missing", command->words[line->args.word_count]);
		return CLI_USAGE;
	}
	return CLI_DONE;
}

/* --- running --- */

static enum cli_status run(const struct line *line, const struct cli_command *command)
{
	const char *socket = getenv("SYMBOLON_SOCKET");
	const struct api_place place = {
		.socket = line->globals[SOCKET] ? line->globals[SOCKET]
			  : socket && socket[0] ? socket
						: DEFAULT_SOCKET,
		.url = line->globals[URL],
		.connect = line->globals[CONNECT],
		.certificate = line->globals[CERT],
		.key = line->globals[KEY],
		.authority = line->globals[CA],
	};
	struct cli cli = {.command = command, .json = line->globals[JSON] != NULL};

	if (api_open(&place, &cli.api) != OK) {
		cli_say("%s", err_detail());
		return CLI_USAGE;
	}
	enum cli_status status = command->run(&cli, &line->args);

	api_close(cli.api);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_say("standard output cannot be written");
		return CLI_REFUSED;
	}
	return status;
}

/* The command of a noun: by its verb, when it has verbs. NULL: told already. */
static const struct cli_command *find_command(struct line *line, const struct cli_noun *noun)
{
	const char *verb;

	if (!noun->commands[0].verb) {
		return &noun->commands[0];
	}
	if (next_word(line, NULL, &verb) != CLI_DONE) {
		return NULL;
	}
	for (size_t i = 0; verb && i < noun->count; i++) {
		if (strcmp(noun->commands[i].verb, verb) == 0) {
			return &noun->commands[i];
		}
	}
	if (verb) {
		cli_say("there is no `symbolon %s %s`", noun->name, verb);
	}
	print_noun_help(verb || !line->globals[HELP] ? stderr : stdout, noun);
	return NULL;
}

static enum cli_status run_noun(struct line *line, const struct cli_noun *noun)
{
	const struct cli_command *command = find_command(line, noun);

	if (!command) {
		return line->globals[HELP] && line->at == line->argc ? CLI_DONE : CLI_USAGE;
	}
	if (read_words(line, command) != CLI_DONE) {
		(void)fputs("  ", stderr);
		print_form(stderr, command);
		(void)fputs("; --help says more\n", stderr);
		return CLI_USAGE;
	}
	if (line->globals[HELP]) {
		print_command_help(command);
		return CLI_DONE;
	}
	return run(line, command);
}

static enum cli_status run_word(struct line *line, const char *word)
{
	for (size_t i = 0; i < LENGTH(nouns); i++) {
		if (strcmp(nouns[i]->name, word) == 0) {
			return run_noun(line, nouns[i]);
		}
	}
	cli_say("there is no command %s; --help shows which there are", word);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	struct line line = {.at = 1, .argc = argc, .argv = argv};
	const char *word;

	(void)signal(SIGPIPE, SIG_IGN);
	if (next_word(&line, NULL, &word) != CLI_DONE) {
		return CLI_USAGE;
	}
	if (line.globals[VERSION]) {
		(void)printf("symbolon %s\n", SYMBOLON_VERSION);
		return CLI_DONE;
	}
	if (!word || line.globals[HELP]) {
		print_help(line.globals[HELP] ? stdout : stderr);
		return line.globals[HELP] ? CLI_DONE : CLI_USAGE;
	}
	if (strcmp(word, "up") == 0) {
		return up_main(argc - line.at + 1, argv + line.at - 1);
	}
	return (int)run_word(&line, word);
}
