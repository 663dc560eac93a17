// SPDX-License-Identifier: Apache-2.0
/* A NAF-Id that was read is written as it came, but for what its identity's canonical form changes. */
#include "fuzz.h"

#include "wire/rp_messages.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[NAF_ID_MAX];
	struct buf out = buf_fixed(bytes, sizeof(bytes));
	struct ident application, again;
	struct ua ua, ua_again;

	if (rp_from_naf_id(view_of(data, size), &application, &ua) != OK) {
		return 0;
	}
	if (rp_naf_id(&application, ua, &out) != OK ||
		rp_from_naf_id(buf_contents(&out), &again, &ua_again) != OK ||
		!ident_equal(&application, &again) || !ua_equal(ua, ua_again)) {
		abort();
	}
	return 0;
}
