// SPDX-License-Identifier: Apache-2.0
/* Advisories: each entry is of a product that there is, sorted, with a score that there can be. */
#include "fuzz.h"

#include "wire/csaf.h"
#include <stdlib.h>

static void check(const struct csaf *csaf, const struct csaf_vulnerability *v)
{
	for (size_t i = 0; i < v->entry_count; i++) {
		const struct csaf_entry *entry = &v->entries[i];

		if (entry->product >= csaf->product_count || entry->status >= CSAF_STATUS_COUNT ||
			entry->score < -1 || entry->score > 100 ||
			(i > 0 && entry->product < v->entries[i - 1].product)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CSAF_CLEANUP struct csaf *csaf = NULL;
	const struct json_limits limits = {.bytes = 1 << 20, .values = 1 << 16, .depth = 64};
	int64_t at;

	(void)!csaf_time(view_of(data, size), "a date", &at);
	if (csaf_read(view_of(data, size), &limits, &csaf) != OK) {
		return 0;
	}
	for (size_t i = 0; i < csaf->vulnerability_count; i++) {
		check(csaf, &csaf->vulnerabilities[i]);
	}
	for (size_t i = 0; i < csaf->product_count; i++) {
		if (csaf->products[i].id.len == 0 || csaf->products[i].name.len == 0) {
			abort();
		}
	}
	return 0;
}
