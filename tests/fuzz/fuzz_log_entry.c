// SPDX-License-Identifier: Apache-2.0
/* Leaves, entries and snapshots of a log: a leaf that is read has one form. */
#include "fuzz.h"

#include "wire/log_entry.h"
#include <stdlib.h>

static void must_be(const struct buf *out, struct view text)
{
	if (!view_equal(buf_contents(out), text)) {
		abort();
	}
}

static void read_leaf(struct view text)
{
	struct buf out = buf_growing(1024);
	struct log_leaf leaf;

	if (log_leaf_parse(text, &leaf) == OK) {
		log_leaf_write(&leaf, &out);
		must_be(&out, text);
	}
	buf_free(&out);
}

static void read_page(struct view text)
{
	struct buf out = buf_growing(1 << 20);
	struct log_page page;

	if (log_page_parse(text, &page) == OK) {
		log_page_write(&page, &out);
		must_be(&out, text);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view text = view_of(data, size);
	struct log_snapshot snapshot;
	struct json *document = NULL;
	struct log_entry entry;

	read_leaf(text);
	read_page(text);
	if (log_entry_parse(text, 1 << 16, &document, &entry) == OK) {
		read_leaf(entry.leaf);
		json_free(document);
	}
	(void)!log_snapshot_parse(text, &snapshot);
	return 0;
}
