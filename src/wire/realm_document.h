// SPDX-License-Identifier: Apache-2.0
/*
 * realm_document: what a realm says of itself at /.well-known/bootstrapping-realm, signed (docs/protocol/realm_document.md):
 * its nodes and what they speak, whom to trust, how to join. Devices and application elements configure themselves from it.
 *  req: B7.1-h B7.5-a B10.1
 */
#pragma once

#include "core/degree.h"
#include "core/ident.h"
#include "core/token.h"
#include "wire/jose.h"

#define REALM_DOCUMENT_PATH "/.well-known/bootstrapping-realm"
#define REALM_DOCUMENT_TYP  "bootstrapping-realm"

/* A small device can hold all of it: the longest JWS that is written or read. */
enum { REALM_DOCUMENT_MAX = 16 * 1024 };

enum {
	REALM_NODES = 16,
	REALM_ADDRESS = 128,
	REALM_URL = 256,
	REALM_DEGREES = 16,
	REALM_DEGREE = 32,
	REALM_KEYS = 3, /* the one before, the present one, the next */
	REALM_ANCHORS = 4,
	REALM_ANCHOR = 1536, /* bytes of a certificate, DER */
};

enum realm_role { REALM_AUTHN, REALM_AUTHZ };

/* A node of the realm. Addresses are "HOST:PORT". */
struct realm_node {
	enum realm_role role;
	struct ident host; /* FQDN: TLS name; of an authn also digest realm, and what token ids end in */
	char address[REALM_ADDRESS]; /* for devices: RP_C; of an authz its portal; "": port 443 of `host` */
	/* for application elements: RP_A over Diameter, and over HTTPS; "": they ask the operator */
	char rp_a[REALM_ADDRESS], rp_a_https[REALM_ADDRESS];
};

/* What is offered at a reference point; a set of them is a word with the bit 1 << each. */
enum realm_protocol {
	REALM_RP_A_DIAMETER,
	REALM_RP_A_DIAMETER_PLAIN,
	REALM_RP_A_HTTPS,
	REALM_RP_C_AKAV1,
	REALM_RP_C_AKAV2,
	REALM_RP_C_AKAV1_PLAIN,
	REALM_RP_C_AKAV2_PLAIN,
	REALM_RP_C_CERTIFICATE,
	REALM_RP_D_TLS13,
	REALM_RP_D_TLS12_ECDHE,
	REALM_RP_D_TLS12_DHE,
	REALM_RP_D_TLS12_PLAIN,
	REALM_RP_D_DIGEST_TLS13,
	REALM_RP_D_DIGEST_ECDSA,
	REALM_RP_D_DIGEST_RSA,
	REALM_RP_D_DIGEST_PLAIN,
	REALM_RP_D_DTLS12,
	REALM_PROTOCOLS
};
#define REALM_OFFERS(set, protocol) (((set) >> (protocol)&1) != 0)
/* The protocol that a key under this Ua id is for; REALM_PROTOCOLS: none that is known. */
enum realm_protocol realm_protocol_of_ua(struct ua ua);

/* A key as jose_key_public() has it; len 0: none. */
struct realm_key {
	uint8_t bytes[JOSE_PUBLIC_MAX];
	uint8_t len;
};

struct realm_document {
	struct ident realm;
	uint64_t serial; /* from 1; a later document has a higher one */
	int64_t expires; /* seconds since 1970, UTC */
	struct realm_node nodes[REALM_NODES];
	size_t node_count; /* with one authn at least */
	bool gba, y3056;   /* formats of bootstrap_token that it issues */
	bool plain_http; /* tokens for applications over plain HTTP, their channel binding empty */
	uint32_t protocols; /* 0: it does not say */
	/* Security degrees (8.4): what each asks of a device's key, and how long its tokens live; none: it does not say. */
	struct realm_degree {
		char name[REALM_DEGREE];
		char mechanisms[DEGREE_MECHANISMS], algorithms[DEGREE_ALGORITHMS]; /* "": any */
		int64_t strength, lifetime; /* bits of security, seconds; 0: it does not say */
	} degrees[REALM_DEGREES];
	size_t degree_count;
	/* The keys that sign its documents now and soon; none: the document does not speak of them. */
	struct realm_key keys[REALM_KEYS];
	size_t key_count;
	/* Certificates that its nodes are verified against. */
	struct realm_anchor {
		uint8_t der[REALM_ANCHOR];
		uint16_t len;
	} anchors[REALM_ANCHORS];
	size_t anchor_count;
	/* How to join, and the API; "": it does not say. */
	char join_asp[REALM_URL], join_device[REALM_URL], api[REALM_URL];
	/* For who comes from another operator (10.6): whom keys are enveloped to, and where it is asked for. */
	struct realm_key change_key;
	char change_url[REALM_URL];
};

/* Appends the compact JWS. ERR_RANGE when the buf is full, it is longer than REALM_DOCUMENT_MAX, has no authn, or names
 * keys but not that which signs: nobody could follow. */
enum err realm_document_sign(const struct jose_key *key, const struct realm_document *in,
	struct buf *out);

/*
 * Verifies it with the keys that are pinned for this realm, then reads it. Errors of jose_verify(); ERR_AUTH: of another
 * realm, or none of its keys is among those that are pinned; ERR_EXPIRED at `now`; ERR_REPLAY: its serial is below
 * `serial`, that of the one that is had (0: none); ERR_SYNTAX, ERR_RANGE, naming the member.
 */
enum err realm_document_verify(const struct jose_key *const *keys, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret);
/* The same with keys as bytes. ERR_UNSUPPORTED: there are none. */
enum err realm_document_verify_pinned(const struct realm_key *pinned, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret);

/* From a key, and from one PEM block: errors of jose_key_from_pem(). */
enum err realm_key_of(const struct jose_key *key, struct realm_key *ret);
enum err realm_key_from_pem(struct view pem, struct realm_key *ret);
bool realm_key_equal(const struct realm_key *a, const struct realm_key *b);

/* Its trust anchors as certificates in PEM, appended. ERR_NOT_FOUND: it names none. */
enum err realm_document_anchors(const struct realm_document *in, struct buf *out);
/* Takes the certificates of a PEM bundle as its anchors. ERR_SYNTAX: no certificate; ERR_RANGE: too many, too long. */
enum err realm_document_take_anchors(struct view pem, struct realm_document *ret);

/* Its nodes of one role in their order: the one at or after *place, which is moved past it; NULL past the last. */
const struct realm_node *realm_document_next(const struct realm_document *in, enum realm_role role,
	size_t *place);
