// SPDX-License-Identifier: Apache-2.0
/* CBOR from devices: what was taken is written and read again as the same bytes. */
#include "fuzz.h"

#include "wire/cbor_json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_CLEANUP struct json *value = NULL, *again = NULL;
	BUF_CLEANUP struct buf once = buf_growing(1 << 24), twice = buf_growing(1 << 24);

	if (cbor_parse(view_of(data, size), 1 << 16, &value) != OK) {
		return 0;
	}
	cbor_put(&once, value);
	if (cbor_parse(buf_contents(&once), 1 << 24, &again) != OK) {
		abort();
	}
	cbor_put(&twice, again);
	if (!view_equal(buf_contents(&once), buf_contents(&twice))) {
		abort();
	}
	return 0;
}
