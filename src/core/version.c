// SPDX-License-Identifier: Apache-2.0
#include "core/version.h"

#include <string.h>

enum kind { END, NUMBER, LETTER, WORD, ANY };

struct token {
	enum kind kind;
	struct view text;
};

struct scan {
	struct view left;
	bool after_dot;
};

/* Words that have a place beside the version that they belong to: before it, or after it, in this order. */
static const struct {
	const char *word;
	int rank;
} known[] = {
	{"dev", -5},
	{"snapshot", -5},
	{"alpha", -4},
	{"beta", -3},
	{"preview", -2},
	{"pre", -2},
	{"rc", -1},
	{"build", 1},
	{"rev", 1},
	{"revision", 1},
	{"hf", 2},
	{"hotfix", 2},
	{"patch", 2},
	{"fix", 2},
	{"upd", 3},
	{"update", 3},
	{"mp", 3},
	{"sp", 4},
	{"servicepack", 4},
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Bytes past ASCII are letters of some alphabet. */
static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static struct view take(struct scan *s, bool (*is)(uint8_t))
{
	struct view run = {s->left.data, 0};

	while (run.len < s->left.len && is(run.data[run.len])) {
		run.len++;
	}
	s->left = view_of(s->left.data + run.len, s->left.len - run.len);
	return run;
}

static void skip_separators(struct scan *s)
{
	while (s->left.len > 0 && !is_digit(*s->left.data) && !is_letter(*s->left.data) &&
		*s->left.data != '*') {
		s->after_dot = *s->left.data == '.';
		s->left = view_of(s->left.data + 1, s->left.len - 1);
	}
}

static struct token next(struct scan *s)
{
	s->after_dot = false;
	skip_separators(s);
	if (s->left.len == 0) {
		return (struct token){END, s->left};
	}
	if (*s->left.data == '*') {
		s->left = view_of(s->left.data + 1, s->left.len - 1);
		return (struct token){ANY, s->left};
	}
	if (is_digit(*s->left.data)) {
		return (struct token){NUMBER, take(s, is_digit)};
	}
	struct view word = take(s, is_letter);

	if (word.len == 1 && s->after_dot && (*word.data | 0x20) == 'x' &&
		(s->left.len == 0 || !is_digit(*s->left.data))) {
		return (struct token){ANY, word};
	}
	return (struct token){word.len == 1 ? LETTER : WORD, word};
}

/* Past a word that only says "what follows is a version". */
static struct scan start(struct view text)
{
	static const char *const openings[] = {"v", "ver", "version", "rev", "fw", "firmware"};
	struct scan scan = {.left = text}, after = scan;
	struct token first = next(&after);

	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		struct scan peek = after;

		if (view_is_nocase(first.text, openings[i]) && next(&peek).kind == NUMBER) {
			return after;
		}
	}
	return scan;
}

/* Below 0: before the version; above: after it; 0: no known word. */
static int rank(const struct token *t)
{
	for (size_t i = 0; t->kind == WORD && i < sizeof(known) / sizeof(known[0]); i++) {
		if (view_is_nocase(t->text, known[i].word)) {
			return known[i].rank;
		}
	}
	return 0;
}

static enum version_order order_of(int difference)
{
	return difference < 0 ? VERSION_LESS : difference > 0 ? VERSION_MORE : VERSION_SAME;
}

static enum version_order opposite(enum version_order order)
{
	return order == VERSION_UNCLEAR ? order : (enum version_order) - (int)order;
}

static struct view without_zeros(struct view digits)
{
	while (digits.len > 0 && *digits.data == '0') {
		digits = view_of(digits.data + 1, digits.len - 1);
	}
	return digits;
}

static enum version_order compare_numbers(struct view a, struct view b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.len != b.len) {
		return a.len < b.len ? VERSION_LESS : VERSION_MORE;
	}
	return a.len > 0 ? order_of(memcmp(a.data, b.data, a.len)) : VERSION_SAME;
}

static bool same_word(struct view a, struct view b)
{
	for (size_t i = 0; i < a.len && a.len == b.len; i++) {
		uint8_t x = a.data[i], y = b.data[i];

		if (x != y && (x >= 0x80 || y >= 0x80 || (x | 0x20) != (y | 0x20))) {
			return false;
		}
	}
	return a.len == b.len;
}

static enum version_order compare_words(const struct token *a, const struct token *b)
{
	int x = rank(a), y = rank(b);

	if (same_word(a->text, b->text)) {
		return VERSION_SAME;
	}
	return x != 0 && y != 0 ? order_of(x - y) : VERSION_UNCLEAR;
}

/* Nothing more, beside a part. */
static enum version_order compare_with_end(const struct token *part)
{
	switch (part->kind) {
	case NUMBER:
		return without_zeros(part->text).len > 0 ? VERSION_LESS : VERSION_SAME;
	case LETTER:
		return VERSION_LESS;
	default:
		return rank(part) == 0 ? VERSION_UNCLEAR : order_of(-rank(part));
	}
}

static enum version_order compare_parts(const struct token *a, const struct token *b)
{
	if (a->kind == END && b->kind == END) {
		return VERSION_SAME;
	}
	if (a->kind == END) {
		return compare_with_end(b);
	}
	if (b->kind == END) {
		return opposite(compare_with_end(a));
	}
	if (a->kind == NUMBER && b->kind == NUMBER) {
		return compare_numbers(a->text, b->text);
	}
	if (a->kind == LETTER && b->kind == LETTER) {
		return order_of((*a->text.data | 0x20) - (*b->text.data | 0x20));
	}
	if (a->kind == WORD && b->kind == WORD) {
		return compare_words(a, b);
	}
	if (a->kind == NUMBER && rank(b) < 0) {
		return VERSION_MORE; /* 1.0.1 comes after 1.0, which comes after 1.0-rc1 */
	}
	return b->kind == NUMBER && rank(a) < 0 ? VERSION_LESS : VERSION_UNCLEAR;
}

/* 1.0 SP1 is 1 SP1. */
static void skip_zeros(struct scan *s, struct token *t, const struct token *other)
{
	while (t->kind == NUMBER && other->kind != NUMBER && without_zeros(t->text).len == 0) {
		*t = next(s);
	}
}

static enum version_order compare(struct view left, struct view right, bool pattern)
{
	struct scan a = start(left), b = start(right);

	for (bool first = true;; first = false) {
		struct token x = next(&a), y = next(&b);

		if (pattern && y.kind == ANY) {
			return next(&b).kind == END ? VERSION_SAME : VERSION_UNCLEAR;
		}
		if (x.kind == ANY || y.kind == ANY || (first && x.kind != y.kind)) {
			return VERSION_UNCLEAR;
		}
		if (first && x.kind == END) {
			return VERSION_UNCLEAR; /* there is nothing to compare */
		}
		skip_zeros(&a, &x, &y);
		skip_zeros(&b, &y, &x);
		enum version_order order = compare_parts(&x, &y);

		if (order != VERSION_SAME || (x.kind == END && y.kind == END)) {
			return order;
		}
	}
}

enum version_order version_compare(struct view a, struct view b)
{
	return compare(a, b, false);
}

enum version_order version_compare_pattern(struct view a, struct view pattern)
{
	return compare(a, pattern, true);
}

bool version_is_odd(struct view text)
{
	struct scan scan = start(text);

	for (;;) {
		struct token part = next(&scan);

		if (part.kind == END) {
			return false;
		}
		if (part.kind == WORD && part.text.len > 2 && rank(&part) == 0) {
			return true;
		}
	}
}
