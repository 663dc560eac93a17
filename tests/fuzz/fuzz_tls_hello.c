// SPDX-License-Identifier: Apache-2.0
/* What is read of a TLS handshake lies within what came, and within its limits. The first byte chooses the field. */
#include "fuzz.h"

#include "wire/tls_hello.h"
#include <stdlib.h>

static void check(struct view outer, struct view inner, size_t most)
{
	if (inner.len == 0 || inner.len > most || inner.data < outer.data ||
		inner.data + inner.len > outer.data + outer.len) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_identities identities;
	struct view found;

	if (size == 0) {
		return 0;
	}
	struct view input = view_of(data + 1, size - 1);

	if (data[0] == 'n' && tls_hello_name(input, &found) == OK) {
		check(input, found, 255);
	}
	if (data[0] == 'k' && tls_key_exchange_identity(input, &found) == OK) {
		check(input, found, TLS_IDENTITY);
	}
	if (data[0] == 'p' && tls_hello_identities(input, &identities) == OK) {
		for (size_t i = 0; i < identities.count; i++) {
			check(input, identities.items[i], TLS_IDENTITY);
		}
	}
	return 0;
}
