// SPDX-License-Identifier: Apache-2.0
#include "core/degree.h"

#include <string.h>

struct view degree_next_word(const char **words)
{
	const char *at = *words + strspn(*words, " ");
	size_t len = strcspn(at, " ");

	*words = at + len;
	return view_of(at, len);
}

static bool has_word(const char *words, const char *word)
{
	for (struct view each = degree_next_word(&words); each.len > 0;
		each = degree_next_word(&words)) {
		if (view_is(each, word)) {
			return true;
		}
	}
	return false;
}

static bool allows(const char *words, const char *word)
{
	return !words[0] || has_word(words, word);
}

enum err degree_check(const char *whose, const struct degree_need *need,
	const struct degree_key *key)
{
	if (!allows(need->mechanisms, key->mechanism)) {
		return err_fail(ERR_DENIED, "8.4: %s asks for %s, and this is %s", whose,
			need->mechanisms, key->mechanism);
	}
	if (!allows(need->algorithms, key->algorithm)) {
		return err_fail(ERR_DENIED, "8.4: %s asks for a key of %s, and this is %s", whose,
			need->algorithms, key->algorithm[0] ? key->algorithm : "not known");
	}
	return key->strength >= need->strength
		       ? OK
		       : err_fail(ERR_DENIED,
				 "8.4: %s asks for a key of %d bits of security, and this has %d",
				 whose, need->strength, key->strength);
}

static enum err check_words(const char *words, const char *known)
{
	for (struct view each = degree_next_word(&words); each.len > 0;
		each = degree_next_word(&words)) {
		char word[DEGREE_WORD] = "";

		if (each.len < sizeof(word)) {
			memcpy(word, each.data, each.len);
		}
		if (!word[0] || !has_word(known, word)) {
			return err_fail(ERR_SYNTAX, "words of these, with spaces between: %s",
				known);
		}
	}
	return OK;
}

enum err degree_check_mechanisms(const char *words)
{
	return check_words(words, "aka certificate");
}

enum err degree_check_algorithms(const char *words)
{
	return check_words(words, "milenage tuak p-256 p-384 p-521 ed25519 rsa");
}
