// SPDX-License-Identifier: Apache-2.0
/* Long-term keys, sealed records and what operators hand in: what is taken for a key is one, and comes back as it went. */
#include "fuzz.h"

#include "wire/key_json.h"
#include <stdlib.h>
#include <string.h>

static void must_be_a_key(const struct aka_key *key)
{
	uint8_t bytes[AKA_KEY_RECORD];
	struct buf record = buf_fixed(bytes, sizeof(bytes));
	struct aka_key again;

	if (aka_key_check(key) != OK) {
		abort();
	}
	aka_key_put(&record, key);
	struct reader r = reader_of(buf_contents(&record));

	if (record.failed || aka_key_get(&r, &again) != OK || reader_left(&r) > 0 ||
		!secret_equal(&again.k, &key->k) || !secret_equal(&again.opc, &key->opc)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSON_CLEANUP struct json *root = NULL;
	struct reader r = reader_of(view_of(data, size));
	struct aka_key key;
	bool from_op;

	if (aka_key_get(&r, &key) == OK) {
		must_be_a_key(&key);
	}
	if (json_parse(view_of(data, size), 4096, &root) == OK &&
		key_from_json(root, &key, &from_op) == OK) {
		must_be_a_key(&key);
	}
	return 0;
}
