// SPDX-License-Identifier: Apache-2.0
/* Whom a registry vouches for: the payload is signed here. What was read is written, and reads as the same. */
#include "fuzz.h"

#include "wire/vouched_parties.h"

#include <stdlib.h>

static struct jose_key *key;

static enum err read_jwt(struct view jwt, struct vouched *ret)
{
	return vouched_verify((const struct jose_key *const *)&key, 1, jwt, 1700000000, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_CLEANUP struct buf jwt = buf_growing(VOUCHED_MAX), again = buf_growing(VOUCHED_MAX);
	struct vouched first, second;

	if (!key && jose_key_make(JOSE_EDDSA, &key) != OK) {
		abort();
	}
	if (jose_sign_within(key, VOUCHED_TYP, view_of(data, size), VOUCHED_MAX, &jwt) != OK ||
		read_jwt(buf_contents(&jwt), &first) != OK) {
		return 0;
	}
	if (vouched_sign(&first, key, &again) != OK ||
		read_jwt(buf_contents(&again), &second) != OK || first.count != second.count) {
		abort();
	}
	vouched_free(&first);
	vouched_free(&second);
	return 0;
}
