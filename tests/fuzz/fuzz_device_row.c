// SPDX-License-Identifier: Apache-2.0
/* Bulk imports: the first line as the columns of the others, and each as JSON, of devices and of owners. */
#include "fuzz.h"

#include "wire/device_row.h"
#include "wire/owner_row.h"
#include <stdlib.h>
#include <string.h>

static void check_device(const struct csv_columns *columns, struct view line)
{
	struct device_row row;

	if (device_row_read(columns, line, &row) == OK &&
		(row.device.kind != IDENT_DEVICE || !row.facts.make[0] || !row.facts.model[0] ||
			row.facts.origin.kind != ROT_NONE ||
			!memchr(row.owner, 0, sizeof(row.owner)))) {
		abort();
	}
}

static void check_owner(const struct csv_columns *columns, struct view line)
{
	struct owner_row row;
	struct owner_record again;
	BUF_CLEANUP struct buf text = buf_growing(OWNER_RECORD_MAX);
	struct json_writer w = json_to(&text);

	if (owner_row_read(columns, line, &row) != OK) {
		return;
	}
	owner_record_write(&row.record, &w, NULL);
	if (owner_record_read(buf_contents(&text), &again) != OK ||
		strcmp(again.claims, row.record.claims) != 0) {
		abort();
	}
	owner_row_wipe(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_columns devices, owners;
	bool of_devices = false, of_owners = false;
	struct view line = {0};

	for (size_t from = 0; from < size; from += line.len + 1) {
		const uint8_t *end = memchr(data + from, '\n', size - from);

		line = view_of(data + from, end ? (size_t)(end - data) - from : size - from);
		if (from == 0) {
			of_devices = device_columns_read(line, &devices) == OK;
			of_owners = owner_columns_read(line, &owners) == OK;
		}
		check_device(from > 0 && of_devices ? &devices : NULL, line);
		check_owner(from > 0 && of_owners ? &owners : NULL, line);
	}
	return 0;
}
