// SPDX-License-Identifier: Apache-2.0
/* JSON from peers: every value that was taken can be reached, and strings are UTF-8 without zeros. */
#include "fuzz.h"

#include "base/text.h"
#include "wire/json.h"
#include <stdlib.h>
#include <string.h>

static void walk(const struct json *value)
{
	static const char *const known[] = {"a", NULL};
	struct view text;
	int64_t number;

	if (json_as_text(value, &text) == OK &&
		(!text_is_utf8(text) || (text.len > 0 && memchr(text.data, 0, text.len)))) {
		abort();
	}
	(void)!json_only(value, known);
	(void)!json_int(value, "a", INT64_MIN, INT64_MAX, &number);
	size_t count = 0;

	for (const struct json *item = json_item(value, 0); item; item = json_next(item)) {
		walk(item);
		count++;
	}
	if (count != json_count(value)) {
		abort();
	}
	if (json_member(value, "a")) {
		walk(json_member(value, "a"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_CLEANUP struct json *root = NULL;

	if (json_parse(view_of(data, size), 1 << 20, &root) == OK) {
		walk(root);
	}
	return 0;
}
