// SPDX-License-Identifier: Apache-2.0
#include "base/conf_tree.h"

#include "base/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

/* Numbers with a unit. */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit times[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
	{"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{NULL, 0}};
static const struct unit counts[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(const struct conf_option *o)
{
	return o->type == CONF_TIME ? times : o->type == CONF_SIZE ? sizes : counts;
}

static void put_number(struct buf *to, const struct unit *units, int64_t value)
{
	const struct unit *best = units;

	for (const struct unit *u = units; value != 0 && u->name; u++) {
		if (value % u->factor == 0) {
			best = u;
		}
	}
	buf_printf(to, "%" PRId64 "%s", value / best->factor, best->name);
}

static bool get_number(const char *text, const struct unit *units, int64_t *ret)
{
	bool negative = text[0] == '-';
	size_t len = strspn(text + negative, "0123456789");
	const char *unit = text + negative + len;
	uint64_t value;

	while (units->name && strcmp(units->name, unit) != 0) {
		units++;
	}
	if (!units->name || text_from_u64(view_of(text + negative, len),
				    (uint64_t)(INT64_MAX / units->factor), &value, "") != OK) {
		return false;
	}
	*ret = (int64_t)value * units->factor * (negative ? -1 : 1);
	return true;
}

static bool read_number(const struct conf_option *o, const char *text, void *ret)
{
	int64_t value;

	if (!get_number(text, units_of(o), &value) || value < o->min || value > o->max) {
		return false;
	}
	memcpy(ret, &value, sizeof(value));
	return true;
}

/* Words. */

static bool read_bool(const char *text, void *ret)
{
	bool value = strcmp(text, "true") == 0;

	if (!value && strcmp(text, "false") != 0) {
		return false;
	}
	memcpy(ret, &value, sizeof(value));
	return true;
}

/* The next of the words between '|', NULL data after the last. */
static struct view next_word(const char **rest)
{
	if (!*rest) {
		return view_of(NULL, 0);
	}
	const char *word = *rest;
	size_t len = strcspn(word, "|");

	*rest = word[len] ? word + len + 1 : NULL;
	return view_of(word, len);
}

static bool read_choice(const struct conf_option *o, const char *text, void *ret)
{
	const char *rest = o->allowed;
	int index = 0;

	for (struct view word = next_word(&rest); word.data; word = next_word(&rest), index++) {
		if (view_is(word, text)) {
			memcpy(ret, &index, sizeof(index));
			return true;
		}
	}
	return false;
}

static void put_choice(const struct conf_option *o, int index, struct buf *to)
{
	const char *rest = o->allowed;
	struct view word = next_word(&rest);

	while (index-- > 0 && word.data) {
		word = next_word(&rest);
	}
	buf_view(to, word);
}

static void put_words(const struct conf_option *o, struct buf *to)
{
	const char *rest = o->allowed;
	const char *before = "";

	for (struct view word = next_word(&rest); word.data; word = next_word(&rest)) {
		buf_text(to, before);
		buf_view(to, word);
		before = ", ";
	}
}

/* All types. */

static void put_range(const struct conf_option *o, const char *what, struct buf *to)
{
	buf_printf(to, "%s from ", what);
	put_number(to, units_of(o), o->min);
	buf_text(to, " to ");
	put_number(to, units_of(o), o->max);
}

static void put_items(const struct conf_option *o, const char *what, struct buf *to)
{
	buf_printf(to, "a list of %" PRId64 " to %" PRId64 " %s", o->min, o->max, what);
}

void value_allowed(const struct conf_option *o, struct buf *to)
{
	switch (o->type) {
	case CONF_TEXT:
		buf_text(to, o->allowed ? o->allowed : "a text");
		return;
	case CONF_NUMBER:
		put_range(o, "a whole number", to);
		return;
	case CONF_BOOL:
		buf_text(to, "true or false");
		return;
	case CONF_TIME:
		put_range(o, "a time", to);
		return;
	case CONF_SIZE:
		put_range(o, "a size", to);
		return;
	case CONF_CHOICE:
		buf_text(to, "one of ");
		put_words(o, to);
		return;
	case CONF_LIST:
		put_items(o, "mappings", to);
		return;
	case CONF_TEXTS:
		put_items(o, "texts", to);
		if (o->allowed) {
			buf_printf(to, ", each %s", o->allowed);
		}
		return;
	}
}

/* The text is not repeated: it may be an address with a password. */
enum err value_read_text(const struct conf_option *o, const char *text, char **ret)
{
	const char *what = o->allowed ? o->allowed : "a text";

	if (!text[0] && !(o->initial && !o->initial[0] && o->type == CONF_TEXT)) {
		return err_fail(ERR_CONFIG, "is empty; it must be %s", what);
	}
	if (strlen(text) > TEXT_MAX) {
		return err_fail(ERR_CONFIG, "longer than %d bytes", TEXT_MAX);
	}
	if (text[0] && o->check && o->check(text) != OK) {
		return err_fail(ERR_CONFIG, "must be %s: %s", what, err_detail());
	}
	*ret = text_dup(view_text(text));
	return *ret ? OK : err_fail(ERR_MEMORY, "out of memory");
}

static bool read_other(const struct conf_option *o, const char *text, void *ret)
{
	switch (o->type) {
	case CONF_BOOL:
		return read_bool(text, ret);
	case CONF_CHOICE:
		return read_choice(o, text, ret);
	default:
		return read_number(o, text, ret);
	}
}

enum err value_read(const struct conf_option *o, const char *text, void *ret)
{
	char shown[SHOWN], room[512];
	struct buf allowed = buf_fixed(room, sizeof(room));

	if (o->type == CONF_TEXT) {
		return value_read_text(o, text, ret);
	}
	if (read_other(o, text, ret)) {
		return OK;
	}
	value_allowed(o, &allowed);
	return err_fail(ERR_CONFIG, "%s is not %s", tree_shown(text, shown), buf_string(&allowed));
}

void value_print(const struct conf_option *o, const void *field, struct buf *to)
{
	int64_t number;

	switch (o->type) {
	case CONF_TEXT:
		text_json(to, view_text(*(char *const *)field));
		return;
	case CONF_BOOL:
		buf_text(to, *(const bool *)field ? "true" : "false");
		return;
	case CONF_CHOICE:
		put_choice(o, *(const int *)field, to);
		return;
	default:
		memcpy(&number, field, sizeof(number));
		put_number(to, units_of(o), number);
		return;
	}
}
