// SPDX-License-Identifier: Apache-2.0
/* Names of tiles: what is read is written the same. */
#include "fuzz.h"

#include "wire/tile_name.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tile_name name;

	if (tile_name_parse(view_of(data, size), &name) == OK) {
		struct buf out = buf_growing(1 << 10);

		tile_name_write(&name, &out);
		if (!view_equal(buf_contents(&out), view_of(data, size))) {
			abort();
		}
		buf_free(&out);
	}
	return 0;
}
