// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/up.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What a command line says. `values` of the globals as in cli_arguments. */
struct line {
	const char *globals[CLI_GLOBALS];
	struct cli_arguments args;
	int at; /* of argv: what is read next */
	int argc;
	char **argv;
	bool operands_only; /* after -- */
};

/* --- reading the command line --- */

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
	int place = command ? cli_find_option(command->options, CLI_OPTIONS, word, &value) : -1;

	if (place >= 0) {
		const struct cli_option *option = &command->options[place];

		return read_value(line, option, &value) == CLI_DONE
			       ? keep_value(&line->args, option, place, value)
			       : CLI_USAGE;
	}
	place = cli_find_option(cli_globals, CLI_GLOBALS, word, &value);
	if (place < 0) {
		cli_say("there is no option --%.*s here; --help shows which there are",
			(int)strcspn(word, "="), word);
		return CLI_USAGE;
	}
	if (read_value(line, &cli_globals[place], &value) != CLI_DONE) {
		return CLI_USAGE;
	}
	line->globals[place] = value;
	return CLI_DONE;
}

/* A pseudonym or the id of a token may begin with one dash. */
static bool is_operand(const struct line *line, const char *word)
{
	return line->operands_only || word[0] != '-' || !word[1] || (word[1] != '-' && word[2]);
}

/* The next word that is no option, NULL at the end. */
static enum cli_status next_word(struct line *line, const struct cli_command *command,
	const char **ret)
{
	while (line->at < line->argc) {
		const char *word = line->argv[line->at++];

		if (is_operand(line, word)) {
			*ret = word;
			return CLI_DONE;
		}
		if (strcmp(word, "-h") == 0) {
			line->globals[CLI_HELP] = "";
		} else if (strcmp(word, "--") == 0) {
			line->operands_only = true;
		} else if (strncmp(word, "--", 2) != 0) {
			cli_say("there is no option %s; --help shows which there are", word);
			return CLI_USAGE;
		} else if (read_option(line, command, word + 2) != CLI_DONE) {
			return CLI_USAGE;
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
	if (line->args.word_count < wanted && !line->globals[CLI_HELP]) {
		cli_say("%s is missing", command->words[line->args.word_count]);
		return CLI_USAGE;
	}
	return CLI_DONE;
}

/* --- running --- */

/* On the line, else in the environment, else NULL. */
static const char *given(const struct line *line, enum cli_global option, const char *variable)
{
	const char *value = line->globals[option] ? line->globals[option] : getenv(variable);

	return value && value[0] ? value : NULL;
}

static enum cli_status run(const struct line *line, const struct cli_noun *noun,
	const struct cli_command *command)
{
	const char *socket =
		given(line, CLI_SOCKET, noun->variable ? noun->variable : "SYMBOLON_SOCKET");
	const char *usual = noun->socket ? noun->socket : CLI_DEFAULT_SOCKET;
	const struct api_place place = {
		.socket = socket ? socket : usual,
		.url = line->globals[CLI_SOCKET] ? line->globals[CLI_URL]
						 : given(line, CLI_URL, "SYMBOLON_URL"),
		.connect = line->globals[CLI_CONNECT],
		.certificate = line->globals[CLI_CERT],
		.key = line->globals[CLI_KEY],
		.authority = given(line, CLI_CA, "SYMBOLON_CA"),
		.session = given(line, CLI_SESSION, "SYMBOLON_SESSION"),
	};
	struct cli cli = {.command = command,
		.json = line->globals[CLI_JSON] != NULL,
		.session = place.session};

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
	const struct cli_command *command;

	for (size_t i = 0; verb && (command = cli_noun_at(noun, i)); i++) {
		if (strcmp(command->verb, verb) == 0) {
			return command;
		}
	}
	if (verb) {
		cli_say("there is no `symbolon %s %s`", noun->name, verb);
	}
	help_noun(verb || !line->globals[CLI_HELP] ? stderr : stdout, noun);
	return NULL;
}

static enum cli_status run_noun(struct line *line, const struct cli_noun *noun)
{
	const struct cli_command *command = find_command(line, noun);

	if (!command) {
		return line->globals[CLI_HELP] && line->at == line->argc ? CLI_DONE : CLI_USAGE;
	}
	if (read_words(line, command) != CLI_DONE) {
		(void)fputs("  ", stderr);
		help_form(stderr, command);
		(void)fputs("; --help says more\n", stderr);
		return CLI_USAGE;
	}
	if (line->globals[CLI_HELP]) {
		help_command(command);
		return CLI_DONE;
	}
	return run(line, noun, command);
}

static enum cli_status run_word(struct line *line, const char *word)
{
	for (size_t i = 0; i < cli_noun_count; i++) {
		if (strcmp(cli_nouns[i]->name, word) == 0) {
			return run_noun(line, cli_nouns[i]);
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
	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		complete(argc - 2, argv + 2); /* completions/ has the shells' ends of it */
		return CLI_DONE;
	}
	if (next_word(&line, NULL, &word) != CLI_DONE) {
		return CLI_USAGE;
	}
	if (line.globals[CLI_VERSION]) {
		(void)printf("symbolon %s\n", SYMBOLON_VERSION);
		return CLI_DONE;
	}
	if (!word || line.globals[CLI_HELP]) {
		help_all(line.globals[CLI_HELP] ? stdout : stderr);
		return line.globals[CLI_HELP] ? CLI_DONE : CLI_USAGE;
	}
	if (strcmp(word, "up") == 0) {
		return up_main(argc - line.at + 1, argv + line.at - 1);
	}
	if (strcmp(word, "demo") == 0) {
		return demo_main(argc - line.at + 1, argv + line.at - 1);
	}
	return (int)run_word(&line, word);
}
