// SPDX-License-Identifier: Apache-2.0
#include "cli/complete.h"

#include "cli/cli.h"

#include <string.h>

/* `up` reads its options itself. */
static const struct cli_option up_options[] = {
	{.name = "dir", .value = "DIR"},
	{.name = "once"},
	{.name = "json"},
	{.name = "realm", .value = "NAME"},
	{.name = "rp-c", .value = "ADDR"},
	{.name = "rp-d", .value = "ADDR"},
	{.name = "help"},
};
enum { UP_OPTIONS = sizeof(up_options) / sizeof(up_options[0]) };

/* What has been said before the cursor. */
struct said {
	const char *noun_name;
	const struct cli_noun *noun; /* NULL for `up` */
	const struct cli_command *command;
	const struct cli_option *waits; /* for its value */
};

static bool is_up(const struct said *said)
{
	return said->noun_name && strcmp(said->noun_name, "up") == 0;
}

static const struct cli_option *option_of(const struct said *said, const char *word,
	const char **ret_value)
{
	int place = is_up(said) ? cli_find_option(up_options, UP_OPTIONS, word, ret_value) : -1;

	if (place >= 0) {
		return &up_options[place];
	}
	if (said->command) {
		place = cli_find_option(said->command->options, CLI_OPTIONS, word, ret_value);
	}
	if (place >= 0) {
		return &said->command->options[place];
	}
	place = cli_find_option(cli_globals, CLI_GLOBALS, word, ret_value);
	return place >= 0 ? &cli_globals[place] : NULL;
}

static void take_word(struct said *said, const char *word)
{
	if (!said->noun_name) {
		said->noun_name = word;
		for (size_t i = 0; i < cli_noun_count; i++) {
			if (strcmp(cli_nouns[i]->name, word) == 0) {
				said->noun = cli_nouns[i];
			}
		}
		if (said->noun && !said->noun->commands[0].verb) {
			said->command = &said->noun->commands[0];
		}
		return;
	}
	const struct cli_command *command;

	for (size_t i = 0; said->noun && !said->command && (command = cli_noun_at(said->noun, i));
		i++) {
		if (strcmp(command->verb, word) == 0) {
			said->command = command;
		}
	}
}

static void take(struct said *said, const char *word)
{
	const char *value = NULL;

	if (said->waits) {
		said->waits = NULL;
		return;
	}
	if (strncmp(word, "--", 2) != 0) {
		take_word(said, word);
		return;
	}
	const struct cli_option *option = option_of(said, word + 2, &value);

	if (option && option->value && !value) {
		said->waits = option;
	}
}

/* "none|prepaid|postpaid" are candidates; FILE, PATH and DIR are for the shell. */
static void print_values(const char *value)
{
	if (strcmp(value, "FILE") == 0 || strcmp(value, "PATH") == 0 || strcmp(value, "DIR") == 0) {
		(void)puts("@files");
		return;
	}
	while (strchr(value, '|')) {
		size_t len = strcspn(value, "|");

		(void)printf("%.*s\n", (int)len, value);
		value += len + 1;
		if (!strchr(value, '|')) {
			(void)puts(value);
		}
	}
}

static void print_options(const struct cli_option *options, size_t count)
{
	for (size_t i = 0; i < count && options[i].name; i++) {
		(void)printf("--%s\n", options[i].name);
	}
}

static void print_candidates(const struct said *said, const char *typed)
{
	if (said->waits) {
		print_values(said->waits->value);
		return;
	}
	if (typed[0] == '-') {
		if (is_up(said)) {
			print_options(up_options, UP_OPTIONS);
			return;
		}
		if (said->command) {
			print_options(said->command->options, CLI_OPTIONS);
		}
		print_options(cli_globals, CLI_GLOBALS);
		return;
	}
	for (size_t i = 0; !said->noun_name && i < cli_noun_count; i++) {
		(void)puts(cli_nouns[i]->name);
	}
	if (!said->noun_name) {
		(void)puts("up");
		(void)puts("demo");
	}
	const struct cli_command *command;

	for (size_t i = 0; said->noun && !said->command && (command = cli_noun_at(said->noun, i));
		i++) {
		(void)puts(command->verb);
	}
}

void complete(int count, char **words)
{
	struct said said = {.noun_name = NULL};

	for (int i = 0; i + 1 < count; i++) {
		take(&said, words[i]);
	}
	print_candidates(&said, count > 0 ? words[count - 1] : "");
}
