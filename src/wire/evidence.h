// SPDX-License-Identifier: Apache-2.0
/*
 * evidence: how a device proves to a registry by its root of trust who it is (Y.3059 7 ii, 7 iii, 9.2 i a). A kind of
 * evidence is one row of functions in evidence.c, so that others follow:
 *
 *	aka	the token of RP_D, which only the USIM's key gives; the operator's realm tells the device's identifier
 *	x509	a certificate of the maker (wire/device_certificate.h), and a JWS by its key over a fresh nonce
 *
 * docs/protocol/registry_devices.md has the members.  req: R7-ii R7-iii R9.2-i-a
 */
#pragma once

#include "core/reg_id.h"
#include "wire/device_certificate.h"
#include "wire/facts_json.h"
#include "wire/jose.h"

#define EVIDENCE_TYP "device-evidence+jwt"

enum {
	EVIDENCE_NONCE = 32,
	EVIDENCE_KEY = 96, /* a public key as text, with its zero: base64url of jose_key_public() */
};

/* What the registry knows when it is shown evidence. */
struct evidence_wanted {
	const struct reg_id *registry; /* whose evidence it is to be */
	const struct trust_roots *roots;
	int64_t now;	   /* seconds since 1970 */
	struct view token; /* id of the token over which it comes */
	struct view realm; /* that gave the token */
	const struct ident
		*granted; /* the device's identifier as the realm granted it; NULL: it did not */
	struct view nonce; /* of EVIDENCE_NONCE bytes, given to this token and not used yet; empty: none */
};

struct evidence {
	struct root_of_trust origin;
	struct ident device;
	char key[EVIDENCE_KEY]; /* the device's own; "": it has none but that of the token */
	char serial[FACT_SIZE];
	bool has_facts; /* what the device says of itself stood in what it signed */
	struct device_facts facts;
};

/*
 * `evidence`: an object with kind. ERR_SYNTAX, ERR_RANGE name the member; ERR_UNSUPPORTED: another kind; ERR_DENIED,
 * ERR_EXPIRED, ERR_AUTH, ERR_NOT_FOUND: no evidence, or not of this device, and why; ERR_REPLAY: over another nonce than
 * `nonce`.
 */
enum err evidence_verify(const struct json *evidence, const struct evidence_wanted *wanted,
	struct evidence *ret);
/* Whether that kind is over a nonce that the registry has to give first; false for what is no kind. */
bool evidence_needs_nonce(const struct json *evidence);

/*
 * The device's side. The payload that it signs as a JWS of EVIDENCE_TYP: {"registry","token","nonce","facts"}.
 */
struct evidence_claim {
	const struct reg_id *registry;
	struct view token, nonce;
	const struct device_facts *facts;
};
enum err evidence_payload(const struct evidence_claim *claim, struct buf *out);
/* Writes the object `name` of kind x509: chain in DER, and that JWS. */
void evidence_put_x509(struct json_writer *w, const char *name, const struct view *chain,
	size_t count, struct view proof);

/* A proof alone, by the key (as text) that a device was registered with: for what comes later. Errors as above. */
enum err evidence_verify_proof(struct view key, struct view proof,
	const struct evidence_wanted *wanted, struct device_facts *ret);
