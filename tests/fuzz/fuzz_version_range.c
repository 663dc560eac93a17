// SPDX-License-Identifier: Apache-2.0
/* Version ranges of advisories: bounds lie in the text, and order is the same seen from either side. */
#include "fuzz.h"

#include "core/product_name.h"
#include "core/version_range.h"
#include <stdlib.h>

static void compare(struct view a, struct view b)
{
	enum version_order there = version_compare(a, b), back = version_compare(b, a);

	if (there == VERSION_UNCLEAR ? back != there : (int)there != -(int)back) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct version_range range;
	struct product_key key;

	compare(view_of(data, size / 2), view_of(data + size / 2, size - size / 2));
	product_model_key(view_of(data, size / 3), view_of(data + size / 3, size - size / 3), &key);
	(void)product_matches(view_of(data, size / 2), view_of(data + size / 2, size - size / 2));
	if (version_range_parse(view_of(data, size), &range) != OK) {
		return 0;
	}
	for (size_t i = 0; i < range.count; i++) {
		if (range.bounds[i].len == 0 ||
			range.bounds[i].at + range.bounds[i].len > VERSION_RANGE_TEXT) {
			abort();
		}
	}
	(void)version_range_has(&range, view_of(data, size / 2));
	(void)version_range_has(&range, view_text("2.4.1"));
	return 0;
}
