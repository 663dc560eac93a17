// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

enum { FORM_MAX = 64 };

static int write_form(const struct cli_option *option, char ret[FORM_MAX])
{
	return snprintf(ret, FORM_MAX, "--%s%s%s", option->name, option->value ? " " : "",
		option->value ? option->value : "");
}

static void print_options(FILE *to, const struct cli_option *options, size_t count)
{
	char form[FORM_MAX];
	int width = 0;

	for (size_t i = 0; i < count && options[i].name; i++) {
		int here = write_form(&options[i], form);

		width = here > width ? here : width;
	}
	for (size_t i = 0; i < count && options[i].name; i++) {
		(void)write_form(&options[i], form);
		(void)fprintf(to, "  %-*s  %s%s\n", width, form, options[i].help,
			options[i].many ? "; may be given again" : "");
	}
}

void help_form(FILE *to, const struct cli_command *command)
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

void help_all(FILE *to)
{
	(void)fprintf(to, "symbolon: the operator's command of an ITU-T Y.3056 realm\n\n"
			  "  symbolon [options] COMMAND ...\n\n");
	for (size_t i = 0; i < cli_noun_count; i++) {
		(void)fprintf(to, "  %-12s %s\n", cli_nouns[i]->name, cli_nouns[i]->summary);
	}
	(void)fprintf(to, "  %-12s %s\n", "up", "two realms on this machine, walked through");
	(void)fprintf(to, "  %-12s %s\n\noptions\n", "demo", "one flow of that walk");
	print_options(to, cli_globals, CLI_GLOBALS);
	(void)fprintf(to, "\n`symbolon COMMAND --help` says more.\n"
			  "Exit status: 0 done, 1 refused or failed, 2 usage, 3 the node cannot be "
			  "reached.\n");
}

void help_noun(FILE *to, const struct cli_noun *noun)
{
	(void)fprintf(to, "symbolon %s: %s\n\n", noun->name, noun->summary);
	const struct cli_command *command;

	for (size_t i = 0; (command = cli_noun_at(noun, i)); i++) {
		(void)fprintf(to, "  ");
		help_form(to, command);
		(void)fprintf(to, "\n      %s\n", command->summary);
	}
}

void help_command(const struct cli_command *command)
{
	help_form(stdout, command);
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
