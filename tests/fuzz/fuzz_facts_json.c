// SPDX-License-Identifier: Apache-2.0
/* Facts of a device: what is read is written, and reads the same once more. */
#include "fuzz.h"

#include "wire/facts_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf out = buf_growing(4 * FACTS_JSON_MAX);
	JSON_CLEANUP struct json *json = NULL, *again = NULL;
	struct json_writer w = json_to(&out);
	struct device_facts facts, same;

	if (json_parse(view_of(data, size), FACTS_JSON_MAX, &json) != OK ||
		facts_read(json, &facts) != OK) {
		return 0;
	}
	facts_write(&w, NULL, &facts);
	if (out.failed || json_parse(buf_contents(&out), 4 * FACTS_JSON_MAX, &again) != OK ||
		facts_read(again, &same) != OK || !facts_equal(&facts, &same)) {
		abort();
	}
	return 0;
}
