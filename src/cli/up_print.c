// SPDX-License-Identifier: Apache-2.0
/* up_print: what a person reads: headings, commands as they can be copied, and what those wrote. */
#include "cli/up_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The widest line, with its end's " \". */
enum {
	COLUMNS = 116,
	INDENT = 2,
	HANGING = 6,
	OUTPUT_INDENT = 4,
	WORD_MAX = PATH_MAX + 16,
	UNIT_MAX = 2 * WORD_MAX
};

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

/* --- commands --- */

/* Files of the realm are named from its folder, which the walk begins by entering. */
static const char *from_folder(const struct up *up, const char *word)
{
	const char *dir = up->sites[FIRST].realm.dir;
	size_t len = strlen(dir);

	if (strncmp(word, dir, len) != 0 || (word[len] != '/' && word[len])) {
		return word;
	}
	return word[len] ? word + len + 1 : ".";
}

/* As a shell takes it for one word. */
static void put_word(const struct up *up, struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_./:@=,+-";
	const char *text = from_folder(up, word);

	if (text[0] && text[strspn(text, plain)] == '\0') {
		buf_text(out, text);
		return;
	}
	buf_u8(out, '\'');
	for (; *text; text++) {
		buf_text(out, *text == '\'' ? "'\\''" : (const char[]){*text, '\0'});
	}
	buf_u8(out, '\'');
}

/* What stays on one line: a word, or an option with its value. */
static size_t put_unit(const struct up *up, struct buf *out, const char *const *argv)
{
	bool is_option = argv[0][0] == '-' && argv[0][1];

	put_word(up, out, argv[0]);
	if (!is_option || !argv[1] || argv[1][0] == '-') {
		return 1;
	}
	buf_u8(out, ' ');
	put_word(up, out, argv[1]);
	return 2;
}

static void say_unit(const struct up *up, const char *unit, size_t *column)
{
	size_t len = strlen(unit);

	if (*column > INDENT && *column + 1 + len > COLUMNS) {
		up_say(up, " \\\n%*s%s", HANGING, "", unit);
		*column = HANGING + len;
		return;
	}
	up_say(up, *column > INDENT ? " %s" : "%s", unit);
	*column += (*column > INDENT) + len;
}

void up_print_command(const struct up *up, const char *const *argv, const char *into)
{
	char unit[UNIT_MAX];
	size_t column = INDENT;

	up_say(up, "%*s", INDENT, "");
	while (*argv) {
		struct buf out = buf_fixed(unit, sizeof(unit) - 1);

		/* Steps are read from what it logs: nothing that a person needs. */
		if (strcmp(argv[0], "--log-level") == 0 && argv[1]) {
			argv += 2;
			continue;
		}
		argv += put_unit(up, &out, argv);
		unit[out.len] = '\0';
		say_unit(up, unit, &column);
	}
	if (into) {
		(void)snprintf(unit, sizeof(unit), "> %s", from_folder(up, into));
		say_unit(up, unit, &column);
	}
	up_say(up, "\n");
}

/* Cut where a screen ends. */
static void say_line(const struct up *up, const char *line, size_t len)
{
	bool whole = len <= COLUMNS - OUTPUT_INDENT;

	while (len > 0 && line[len - 1] == ' ') {
		len--;
	}
	up_say(up, "%*s%.*s%s\n", OUTPUT_INDENT, "", whole ? (int)len : COLUMNS - OUTPUT_INDENT - 3,
		line, whole ? "" : "...");
}

void up_print_output(struct up *up)
{
	const char *line = buf_string(&up->command.output);

	for (size_t len; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		say_line(up, line, len);
	}
}

void up_print_errors(struct up *up)
{
	const char *text = buf_string(&up->command.errors);

	while (*text) {
		size_t len = strcspn(text, "\n"), room = COLUMNS - OUTPUT_INDENT;

		if (len > room) {
			const char *blank = memrchr(text, ' ', room);

			len = blank ? (size_t)(blank - text) : room;
		}
		say_line(up, text, len);
		text += len + (text[len] == '\n' || text[len] == ' ');
	}
}

enum err up_print_last(struct up *up, const char *having)
{
	const char *line = buf_string(&up->command.output), *found = NULL;

	for (size_t len; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		found = memmem(line, len, having, strlen(having)) ? line : found;
	}
	if (!found) {
		return err_fail(ERR_NOT_FOUND, "a line with %s was not written", having);
	}
	say_line(up, found, strcspn(found, "\n"));
	return OK;
}

/* Programs of a build that is not installed are in folders that PATH does not name. */
void up_print_folder(const struct up *up)
{
	static const char *const names[] = {"symbolon", "symbolon-device"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		process_find(names[i], path);
		char *slash = strrchr(path, '/');

		if (slash) {
			*slash = '\0';
			up_say(up, "  export PATH=\"%s:$PATH\"\n", path);
		}
	}
	up_say(up, "  cd \"%s\"\n", up->sites[FIRST].realm.dir);
}
