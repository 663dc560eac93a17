// SPDX-License-Identifier: Apache-2.0
/* Public keys as they are registered, in PEM or DER: what is taken is written back, and is the same key. */
#include "fuzz.h"

#include "wire/public_key.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct public_key key, again;
	BUF_CLEANUP struct buf pem = buf_growing(4 * PUBLIC_KEY_MAX);

	if (public_key_from_pem(view_of(data, size), &key) != OK &&
		public_key_from_der(view_of(data, size), &key) != OK) {
		return 0;
	}
	if (public_key_to_pem(view_of(key.der, key.len), &pem) != OK ||
		public_key_from_pem(buf_contents(&pem), &again) != OK ||
		memcmp(key.digest, again.digest, sizeof(key.digest)) != 0) {
		abort();
	}
	return 0;
}
