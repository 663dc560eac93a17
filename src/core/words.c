// SPDX-License-Identifier: Apache-2.0
#include "core/words.h"

#include <string.h>

static int compare(struct view a, struct view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static enum err check(struct view word, const char *what)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.data[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("._:-", c))) {
			return err_fail(ERR_SYNTAX, "%s: a name has a-z, 0-9 and ._:-", what);
		}
	}
	if (word.len == 0 || word.len > WORD_MAX || !is_letter(word.data[0])) {
		return err_fail(ERR_SYNTAX, "%s: a name begins with a letter, and has up to %d",
			what, WORD_MAX);
	}
	return OK;
}

struct view words_view(const struct words *words)
{
	return view_text(words->text);
}

size_t words_split(const struct words *words, struct view ret[WORDS_MAX])
{
	const char *at = words->text;
	size_t count = 0;

	while (*at && count < WORDS_MAX) {
		size_t len = strcspn(at, " ");

		ret[count++] = view_of(at, len);
		at += len + (at[len] == ' ');
	}
	return count;
}

static void join(const struct view *words, size_t count, struct words *ret)
{
	struct words joined = {.text = ""};
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			joined.text[len++] = ' ';
		}
		memcpy(joined.text + len, words[i].data, words[i].len);
		len += words[i].len;
	}
	*ret = joined;
}

enum err words_add(struct words *words, struct view word, const char *what)
{
	struct view all[WORDS_MAX + 1];
	size_t at = 0;

	TRY(check(word, what));
	size_t count = words_split(words, all);

	while (at < count && compare(all[at], word) < 0) {
		at++;
	}
	if (at < count && view_equal(all[at], word)) {
		return OK;
	}
	if (count == WORDS_MAX) {
		return err_fail(ERR_RANGE, "%s: more than %d", what, WORDS_MAX);
	}
	memmove(all + at + 1, all + at, (count - at) * sizeof(all[0]));
	all[at] = word;
	join(all, count + 1, words);
	return OK;
}

enum err words_parse(struct view text, const char *what, struct words *ret)
{
	struct words words = {.text = ""};

	for (bool more = text.len > 0; more;) {
		const uint8_t *blank = memchr(text.data, ' ', text.len);
		size_t len = blank ? (size_t)(blank - text.data) : text.len;

		TRY(words_add(&words, view_of(text.data, len), what));
		more = blank != NULL;
		text = view_of(text.data + len + more, text.len - len - more);
	}
	*ret = words;
	return OK;
}

bool words_has(const struct words *words, struct view word)
{
	struct view all[WORDS_MAX];
	size_t count = words_split(words, all);

	for (size_t i = 0; i < count; i++) {
		if (view_equal(all[i], word)) {
			return true;
		}
	}
	return false;
}

bool words_equal(const struct words *a, const struct words *b)
{
	return strcmp(a->text, b->text) == 0;
}

bool words_within(const struct words *some, const struct words *all)
{
	struct words common;

	words_common(some, all, &common);
	return words_equal(some, &common);
}

void words_common(const struct words *a, const struct words *b, struct words *ret)
{
	struct view all[WORDS_MAX], common[WORDS_MAX];
	size_t count = words_split(a, all), kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (words_has(b, all[i])) {
			common[kept++] = all[i];
		}
	}
	join(common, kept, ret);
}
