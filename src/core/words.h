// SPDX-License-Identifier: Apache-2.0
/*
 * words: a small set of short names, as it is stored, sent and told: the rights of a client to an application, the
 * attributes of a subscriber that were granted. Its text has them once each, sorted, with a blank between.
 *  req: B9.6.1-b
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

enum { WORDS_MAX = 16, WORD_MAX = 32, WORDS_TEXT = WORDS_MAX * (WORD_MAX + 1) };

struct words {
	char text[WORDS_TEXT]; /* "read write"; "" is the empty set */
};

/*
 * Adds one, unless it is there. ERR_SYNTAX, beginning with `what`: not 1 to WORD_MAX of a-z, 0-9 and "._:-", or not
 * beginning with a letter. ERR_RANGE: WORDS_MAX are there.
 */
enum err words_add(struct words *words, struct view word, const char *what);
/* From text with blanks between, in any order. As words_add(). */
enum err words_parse(struct view text, const char *what, struct words *ret);

struct view words_view(const struct words *words);
/* Views into it; gives how many. */
size_t words_split(const struct words *words, struct view ret[WORDS_MAX]);
bool words_has(const struct words *words, struct view word);
bool words_equal(const struct words *a, const struct words *b);
/* Whether all of `some` are in `all`. */
bool words_within(const struct words *some, const struct words *all);
/* Those that are in both. */
void words_common(const struct words *a, const struct words *b, struct words *ret);
