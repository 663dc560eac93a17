// SPDX-License-Identifier: Apache-2.0
/*
 * device_certificate: certificates that makers of devices give them (IEEE 802.1AR), verified against the roots of trust
 * that a registry accepts (Y.3059 9.1 vi), and the device that one names.  req: R7-ii R7-iii R9.1-vi
 */
#pragma once

#include "core/device_facts.h"
#include "core/ident.h"
#include "wire/jose.h"

struct trust_roots;

enum {
	DEVICE_CHAIN_MAX = 5,	       /* certificates that a device shows, without the root */
	DEVICE_CERTIFICATE_MAX = 4096, /* bytes of DER of one */
	FINGERPRINT_TEXT = 65, /* SHA-256 of DER in lower case hexadecimal digits, and the zero */
};

enum err trust_roots_new(struct trust_roots **ret);
void trust_roots_free(struct trust_roots *roots); /* NULL is fine */

/* A maker's root or issuing authority, in PEM; twice is fine. ERR_SYNTAX: not a certificate; ERR_UNSUPPORTED: not an
 * authority's. Its fingerprint is given; that is its id as a root of trust. */
enum err trust_roots_add(struct trust_roots *roots, struct view pem, char ret_id[FINGERPRINT_TEXT]);
/* A single device's certificate, by its fingerprint, whoever signed it. ERR_SYNTAX: not one. */
enum err trust_roots_pin(struct trust_roots *roots, struct view fingerprint);
/* Whatever has this fingerprint, or was signed by it, is refused from now on: withdrawn or revoked. ERR_SYNTAX. */
enum err trust_roots_withdraw(struct trust_roots *roots, struct view fingerprint);
/* It is neither pinned nor withdrawn any more. ERR_SYNTAX. */
enum err trust_roots_restore(struct trust_roots *roots, struct view fingerprint);

struct device_certificate {
	struct ident device;	      /* IDENT_DEVICE */
	char serial[FACT_SIZE];	      /* the subject's serialNumber; "": none that fits */
	struct root_of_trust origin;  /* the root at which its chain ends, or itself when pinned */
	char id[FINGERPRINT_TEXT];    /* its own fingerprint */
	uint8_t key[JOSE_PUBLIC_MAX]; /* its public key, as jose_key_public() has it */
	size_t key_len;
};

/*
 * Certificates in DER, the device's first, then what leads to a root, which need not be there itself. `now`: seconds since
 * 1970. ERR_SYNTAX, ERR_RANGE: not a chain; ERR_EXPIRED: over, or not begun; ERR_DENIED: it ends at no accepted root, or one
 * of it was withdrawn; ERR_AUTH: a signature is wrong, or the certificate is not for this; ERR_NOT_FOUND: it names no device.
 *
 * The device is the first of: a URI in subjectAltName (urn:gsma:imei:, urn:dev:), a hardwareModuleName (RFC 4108) under a
 * private enterprise number, an IPv6 address, the subject's serialNumber in a form that stands behind a RegID
 * (core/reg_id.h), and else any serialNumber as urn:dev:idevid:<16 digits of SHA-256 of the issuer's name>:<serialNumber>.
 * Its key is the caller's to free, and given after OK only.
 */
enum err device_certificate_verify(const struct trust_roots *roots, const struct view *chain,
	size_t count, int64_t now, struct device_certificate *ret, struct jose_key **ret_key);
