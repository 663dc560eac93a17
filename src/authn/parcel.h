// SPDX-License-Identifier: Apache-2.0
/* parcel: an event as one element is told it: the keys that it may have, and what access control needs to know. */
#pragma once

#include "authn/elements.h"

struct parcel {
	struct rp_rpr rpr; /* session fields left out */
	/* what its views look at */
	uint8_t naf_id[NAF_ID_MAX], key_naf_ids[RP_UAS][NAF_ID_MAX];
	struct secret keys[RP_UAS];
};
#define PARCEL(name) struct parcel name __attribute__((cleanup(parcel_wipe))) = {.rpr = {.type = 0}}
void parcel_wipe(struct parcel *parcel);

/* For an element that serves the event's application. The event must outlive it. */
enum err parcel_fill(const struct element *element, const struct event *event, struct parcel *ret);
