// SPDX-License-Identifier: Apache-2.0
/* fake_maker: a maker of devices that gives each a certificate of IEEE 802.1AR: a root, an authority that issues, devices. All are
 * valid from 2000 on, and without an end (RFC 5280 4.1.2.5), unless they have expired in 2001. */
#pragma once

#include "base/buf.h"

enum { FAKE_MAKER_PEM = 2048, FAKE_DEVICE_DER = 2048 };

struct fake_maker {
	void *root_key, *root, *issuing_key, *issuing;
	char root_pem[FAKE_MAKER_PEM];
};

struct fake_device {
	void *key; /* EVP_PKEY of P-256 */
	uint8_t der[2][FAKE_DEVICE_DER];
	struct view chain[2]; /* its own, the issuing authority's */
	char key_pem[FAKE_MAKER_PEM];
};

/* What a certificate says. */
struct fake_names {
	const char *serial;    /* of the subject; NULL: none */
	const char *alt_names; /* as OpenSSL writes them; NULL: none */
	const char *module; /* hwSerialNum of a hardwareModuleName of type 1.3.6.1.4.1.32473.5.1; NULL: none */
	bool expired;
	bool authority; /* wrongly an authority's */
};

/* All of them fail the test when something goes wrong. */
void fake_maker_open(struct fake_maker *maker, const char *called);
void fake_maker_close(struct fake_maker *maker);
void fake_maker_device(struct fake_maker *maker, const struct fake_names *names,
	struct fake_device *ret);
void fake_device_close(struct fake_device *device);
/* SHA-256 of a certificate in DER, in hexadecimal digits. */
void fake_fingerprint(struct view der, char ret[65]);
