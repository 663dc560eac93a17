// SPDX-License-Identifier: Apache-2.0
/* certificate: what a device with a key pair of its own makes of it: a certificate that it signs itself, or a request for an
 * authority to sign (PKCS #10, RFC 2986). Neither says who it is, but what the caller gives. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <openssl/evp.h>

/* Appends DER. `context`: where the key is of (wire/held_key.h), or NULL. `serial`: 1 to 20 bytes, at random. Times are UTC
 * seconds. ERR_CRYPTO; ERR_UNSUPPORTED: not a key of P-256. */
enum err certificate_sign_own(OSSL_LIB_CTX *context, EVP_PKEY *key, struct view serial,
	int64_t from, int64_t until, struct buf *ret);
/* The same of a request. `uri`: a subjectAltName to be certified, such as the device's URN; "": none. */
enum err certificate_request(OSSL_LIB_CTX *context, EVP_PKEY *key, const char *uri, struct buf *ret);

/* PEM of it, appended; `what` is "CERTIFICATE" or "CERTIFICATE REQUEST". And the first certificate in PEM, as DER. */
enum err certificate_to_pem(const char *what, struct view der, struct buf *ret);
enum err certificate_from_pem(struct view pem, struct buf *ret_der);
/* Whether it has this public key, given as a point 04 x y of P-256. ERR_CONFLICT: another; ERR_SYNTAX: no certificate. */
enum err certificate_check_key(struct view der, struct view point);
