// SPDX-License-Identifier: Apache-2.0
/* A configuration file. What is accepted must be the same after it is dumped and read again. */
#include "fuzz.h"

#include "base/conf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_OPTIONS(ROW, S)                                                                       \
	ROW(S, TEXT, host, "host", NULL, START, CONF_PLAIN, "A host.")                             \
	ROW(S, NUMBER, port, "at.port", "1", START, CONF_RANGE(1, 65535), "Its port.")

#define FUZZ_OPTIONS(ROW, S)                                                                       \
	ROW(S, TEXT, text, "text", "", START, CONF_PLAIN, "A text.")                               \
	ROW(S, NUMBER, number, "a.number", "5", START, CONF_RANGE(-9, INT64_MAX), "A number.")     \
	ROW(S, TIME, time, "a.b.time", "1s", START, CONF_RANGE(0, INT64_MAX), "A time.")           \
	ROW(S, SIZE, size, "a.b.size", "1KiB", START, CONF_RANGE(0, INT64_MAX), "A size.")         \
	ROW(S, BOOL, yes, "a.yes", "true", START, CONF_PLAIN, "A truth.")                          \
	ROW(S, CHOICE, choice, "choice", "one", START, CONF_WORDS("one|two|three"), "A word.")     \
	ROW(S, LIST, list, "list", "", START, CONF_ITEMS(0, 9, struct item_conf, item_options),    \
		"Hosts.")                                                                          \
	ROW(S, TEXTS, texts, "texts", "", START, CONF_MANY(0, 9, "a text", NULL), "Texts.")

CONF_STRUCT(item_conf, ITEM_OPTIONS);
CONF_STRUCT(fuzz_conf, FUZZ_OPTIONS);

static const struct conf_option item_options[] = CONF_TABLE(item_conf, ITEM_OPTIONS);
static const struct conf_option fuzz_options[] = CONF_TABLE(fuzz_conf, FUZZ_OPTIONS);

static char *dumped(const struct fuzz_conf *conf, size_t *ret_len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_len);

	if (!to) {
		abort();
	}
	conf_dump(fuzz_options, conf, to);
	if (fclose(to) != 0) {
		abort();
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_conf conf = {0}, again = {0};
	size_t len, len_again;

	if (conf_parse(fuzz_options, "fuzz", view_of(data, size), &conf) != OK) {
		return 0;
	}
	char *text = dumped(&conf, &len);

	if (conf_parse(fuzz_options, "dump", view_of(text, len), &again) != OK) {
		abort();
	}
	char *text_again = dumped(&again, &len_again);

	if (len != len_again || memcmp(text, text_again, len) != 0) {
		abort();
	}
	free(text);
	free(text_again);
	conf_free(fuzz_options, &conf);
	conf_free(fuzz_options, &again);
	return 0;
}
