// SPDX-License-Identifier: Apache-2.0
/* Deflated lists from anybody; with J before it, one in JSON. What was read is what is written. */
#include "fuzz.h"

#include "wire/json.h"
#include "wire/status_list.h"

#include <stdlib.h>

enum { ENTRIES = 1 << 19 };

static void write_again(struct status_list *list)
{
	BUF_CLEANUP struct buf zlib = buf_growing(1 << 20);
	struct status_list *again = NULL;
	size_t entries = status_list_entries(list);

	if (status_list_deflate(list, &zlib) != OK ||
		status_list_inflate(buf_contents(&zlib), ENTRIES, &again) != OK ||
		status_list_entries(again) != entries) {
		abort();
	}
	for (size_t i = 0; i <= entries; i += 1 + entries / 64) {
		if (status_list_get(list, i) != status_list_get(again, i)) {
			abort();
		}
	}
	status_list_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_CLEANUP struct json *object = NULL;
	struct status_list *list = NULL;
	enum err err = ERR_SYNTAX;

	if (size > 0 && data[0] == 'J') {
		if (json_parse(view_of(data + 1, size - 1), 1 << 16, &object) == OK) {
			err = status_list_read_json(object, ENTRIES, &list);
		}
	} else {
		err = status_list_inflate(view_of(data, size), ENTRIES, &list);
	}
	if (err == OK) {
		write_again(list);
	}
	status_list_free(list);
	return 0;
}
