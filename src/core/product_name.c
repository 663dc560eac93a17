// SPDX-License-Identifier: Apache-2.0
#include "core/product_name.h"

#include <string.h>

/* At the end of a make. */
static const char *const forms[] = {"inc", "incorporated", "corp", "corporation", "co", "company",
	"ltd", "limited", "llc", "gmbh", "kg", "ag", "se", "sa", "sas", "spa", "srl", "bv", "nv",
	"ab", "as", "oy", "oyj", "plc", "pte", "pvt", "pty", "kk"};
/* At the end of a model. */
static const char *const nouns[] = {"series", "family", "firmware", "devices", "device", "products"};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_kept(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '+';
}

static size_t normalise(struct view name, char *to)
{
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < PRODUCT_KEY_MAX; i++) {
		uint8_t c = lower(name.data[i]);

		if (is_kept(c)) {
			to[len++] = (char)c;
		} else if (c != '\'' && c != '.' && len > 0 && to[len - 1] != ' ') {
			to[len++] = ' ';
		} else if (c == '.' && i + 1 < name.len && len > 0 && to[len - 1] >= '0' &&
			   to[len - 1] <= '9') {
			to[len++] =
				' '; /* "2.4" is not "24", but "Co." is "Co" and "S.p.A." "SpA" */
		}
	}
	while (len > 0 && to[len - 1] == ' ') {
		len--;
	}
	to[len] = '\0';
	return len;
}

/* Drops words at the end while there is one before them. */
static void drop_endings(char *text, size_t len, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t word = strlen(words[i]);

		if (len > word && text[len - word - 1] == ' ' &&
			memcmp(text + len - word, words[i], word) == 0) {
			len -= word + 1;
			text[len] = '\0';
			i = SIZE_MAX; /* from the first word again */
		}
	}
}

void product_make_key(struct view make, struct product_key *ret)
{
	size_t len = normalise(make, ret->text);

	drop_endings(ret->text, len, forms, sizeof(forms) / sizeof(forms[0]));
}

void product_model_key(struct view make, struct view model, struct product_key *ret)
{
	struct product_key maker;
	size_t len = normalise(model, ret->text);

	drop_endings(ret->text, len, nouns, sizeof(nouns) / sizeof(nouns[0]));
	product_make_key(make, &maker);
	len = strlen(maker.text);
	if (len > 0 && strncmp(ret->text, maker.text, len) == 0 && ret->text[len] == ' ') {
		memmove(ret->text, ret->text + len + 1, strlen(ret->text + len + 1) + 1);
	}
}

bool product_is_pattern(struct view model)
{
	for (size_t i = 0; i < model.len; i++) {
		if (model.data[i] == '\\') {
			i++;
		} else if (model.data[i] == '*' || model.data[i] == '?') {
			return true;
		}
	}
	return false;
}

/* The last * seen is where to go on from when what follows it did not fit: so it costs pattern times model at most. */
bool product_matches(struct view pattern, struct view model)
{
	size_t p = 0, m = 0, star = SIZE_MAX, star_m = 0;

	while (m < model.len) {
		bool more = p < pattern.len;
		bool escaped = more && pattern.data[p] == '\\' && p + 1 < pattern.len;
		size_t at = p + escaped;

		if (more && !escaped && pattern.data[p] == '*') {
			star = ++p;
			star_m = m;
		} else if (more && ((!escaped && pattern.data[p] == '?') ||
					   lower(pattern.data[at]) == lower(model.data[m]))) {
			p = at + 1;
			m++;
		} else if (star != SIZE_MAX) {
			p = star;
			m = ++star_m;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*') {
		p++;
	}
	return p == pattern.len;
}
