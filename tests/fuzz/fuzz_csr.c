// SPDX-License-Identifier: Apache-2.0
/* Certificate signing requests from anybody: what is taken has a key that is taken again, and host names alone. */
#include "fuzz.h"

#include "wire/csr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct csr csr;
	struct public_key key;

	if (csr_read(view_of(data, size), &csr) != OK) {
		return 0;
	}
	if (csr.count > CSR_NAMES ||
		public_key_from_der(view_of(csr.key.der, csr.key.len), &key) != OK) {
		abort();
	}
	for (size_t i = 0; i < csr.count; i++) {
		if (csr.names[i].kind != IDENT_FQDN) {
			abort();
		}
	}
	return 0;
}
