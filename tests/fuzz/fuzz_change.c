// SPDX-License-Identifier: Apache-2.0
/*
 * Documents of a change of operator. The first byte says as what the rest is signed here, so that what is behind the
 * signature is reached: C a consent, O an order, R a receipt; anything else is a JWS of somebody else's, which must never
 * verify under our key.
 */
#include "fuzz.h"

#include "wire/change.h"

#include <stdlib.h>

enum { NOW = 1700000000 };

static struct jose_key *key;

static enum err read_as(char kind, struct view jws)
{
	static struct change_consent consent;
	static struct change_order order;
	static struct change_receipt receipt;
	const struct jose_key *keys[] = {key};

	switch (kind) {
	case 'C':
		(void)!change_consent_verify(NULL, NOW, jws, &consent);
		return change_consent_verify(key, NOW, jws, &consent);
	case 'O':
		return change_order_verify(keys, 1, NOW, jws, &order);
	default:
		return change_receipt_verify(key, jws, &receipt);
	}
}

static void sign_and_read(char kind, struct view payload)
{
	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);
	const char *typ = kind == 'C'	? CHANGE_CONSENT_TYP
			  : kind == 'O' ? CHANGE_ORDER_TYP
					: CHANGE_RECEIPT_TYP;

	if (jose_sign(key, typ, payload, &jws) == OK) {
		(void)!read_as(kind, buf_contents(&jws));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!key && jose_key_make(JOSE_ES256, &key) != OK) {
		abort();
	}
	if (size > 0 && (data[0] == 'C' || data[0] == 'O' || data[0] == 'R')) {
		sign_and_read((char)data[0], view_of(data + 1, size - 1));
		return 0;
	}
	for (const char *kind = "COR"; *kind; kind++) {
		if (read_as(*kind, view_of(data, size)) == OK) {
			abort();
		}
	}
	return 0;
}
