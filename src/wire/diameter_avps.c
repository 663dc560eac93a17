// SPDX-License-Identifier: Apache-2.0
#include "wire/diameter_avps.h"

const struct avp diameter_avps[AVP_AT_COUNT] = {
#define X(id, title, number, owner, bits, kind)                                                    \
	[AVP_AT_##id] = {.name = (title),                                                          \
		.code = (number),                                                                  \
		.vendor = (owner),                                                                 \
		.flags = (bits),                                                                   \
		.type = (kind)},
	DIAMETER_AVPS(X)
#undef X
};

const struct avp *diameter_find_avp(uint32_t code, uint32_t vendor)
{
	for (size_t i = 0; i < AVP_AT_COUNT; i++) {
		if (diameter_avps[i].code == code && diameter_avps[i].vendor == vendor) {
			return &diameter_avps[i];
		}
	}
	return NULL;
}
