// SPDX-License-Identifier: Apache-2.0
/* Answers of registries: the payload is signed here, so that what is behind the signature is reached. What was read is
 * written, and reads as the same. */
#include "fuzz.h"

#include "wire/registry_answer.h"

#include <stdlib.h>

static struct jose_key *key;

static enum err read_payload(struct view payload, uint8_t root[32], struct json **ret_document,
	struct registry_answer *ret)
{
	const struct registry_answer_wanted wanted = {.now = 0};
	const struct jose_key *keys[] = {key};
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

	TRY(jose_sign(key, REGISTRY_ANSWER_TYP, payload, &jws));
	return registry_answer_verify(keys, 1, &wanted, buf_contents(&jws), root, ret_document, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registry_answer first, second;
	JSON_CLEANUP struct json *one = NULL, *two = NULL;
	BUF_CLEANUP struct buf written = buf_growing(1 << 20), again = buf_growing(1 << 20);
	uint8_t root[32], other_root[32];

	if (!key && jose_key_make(JOSE_EDDSA, &key) != OK) {
		abort();
	}
	if (read_payload(view_of(data, size), root, &one, &first) != OK) {
		return 0;
	}
	if (registry_answer_write(&first, &written) != OK || written.len > JOSE_PAYLOAD_MAX) {
		return 0;
	}
	if (read_payload(buf_contents(&written), other_root, &two, &second) != OK ||
		registry_answer_write(&second, &again) != OK ||
		!view_equal(buf_contents(&written), buf_contents(&again))) {
		abort();
	}
	return 0;
}
