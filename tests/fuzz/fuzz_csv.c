// SPDX-License-Identifier: Apache-2.0
/* A table in pieces: the same records however it is cut, and none is lost. */
#include "fuzz.h"

#include "wire/csv.h"
#include <stdlib.h>

enum { MAX = 512 };

static size_t count_records(struct view all, size_t piece, size_t *ret_left)
{
	struct csv_scan scan = {.at = 0};
	struct view left = {all.data, 0};
	size_t count = 0, come = 0, len = 0;

	for (;;) {
		enum err err = csv_scan(&scan, left, ',', MAX, &len);

		if (err == ERR_AGAIN && come < all.len) {
			size_t more = all.len - come < piece ? all.len - come : piece;

			come += more;
			left.len += more;
			continue;
		}
		if (err == ERR_AGAIN) {
			err = csv_scan_end(&scan, left, &len);
		}
		if (err != OK) {
			*ret_left = left.len + (all.len - come);
			return count;
		}
		if (len == 0 || len > left.len || left.data[len - 1] != '\n') {
			abort();
		}
		left = view_of(left.data + len, left.len - len);
		count++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view all = view_of(data, size);
	struct csv_record record;
	uint8_t *text = malloc(size + 1);
	struct buf room = buf_fixed(text, size + 1);
	size_t left[2];

	if (count_records(all, 1, &left[0]) != count_records(all, 97, &left[1]) ||
		left[0] != left[1]) {
		abort();
	}
	if (csv_split(all, csv_separator(all), &room, &record) == OK &&
		(record.count == 0 || record.count > CSV_FIELDS_MAX)) {
		abort();
	}
	free(text);
	return 0;
}
