// SPDX-License-Identifier: Apache-2.0
/* An offer of a device: what is read of it is a registered device and a key's thumbprint; nobody's signature is good. */
#include "fuzz.h"

#include "wire/transfer.h"
#include <stdlib.h>
#include <string.h>

static struct jose_key *key;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct transfer_for wanted = {
		.registry = view_text("IN.TEL.P01"),
		.now = 1500,
		.longest = 1000,
	};
	struct view jws = view_of(data, size);
	struct transfer_offer offer;
	struct reg_dev_id device;

	if (!key && jose_key_make(JOSE_ES256, &key) != OK) {
		abort();
	}
	if (transfer_offer_peek(jws, &offer) == OK &&
		(reg_dev_id_parse(view_text(offer.device), &device) != OK ||
			strlen(offer.taker) != JOSE_THUMBPRINT - 1 ||
			strlen(offer.id) != TRANSFER_ID - 1)) {
		abort();
	}
	if (transfer_offer_verify(key, &wanted, jws, &offer) == OK ||
		transfer_acceptance_verify(key, &wanted, jws) == OK) {
		abort();
	}
	return 0;
}
