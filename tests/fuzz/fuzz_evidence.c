// SPDX-License-Identifier: Apache-2.0
/*
 * Evidence of devices. The first byte says what the rest is: C a device's certificate, which is pinned so that what it names
 * is read; P the payload of a proof, which is signed here so that what is behind the signature is reached; anything else is
 * evidence, which must never verify.
 */
#include "fuzz.h"

#include "base/text.h"
#include "wire/evidence.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static struct jose_key *key;
static char key_text[EVIDENCE_KEY];
static struct reg_id registry;

static void make_key(void)
{
	uint8_t bytes[JOSE_PUBLIC_MAX];
	struct buf public = buf_fixed(bytes, sizeof(bytes)),
		   text = buf_fixed(key_text, sizeof(key_text));

	if (jose_key_make(JOSE_ES256, &key) != OK || jose_key_public(key, &public) != OK) {
		abort();
	}
	text_base64url(&text, buf_contents(&public));
	if (!*buf_string(&text)) {
		abort();
	}
}

static void read_certificate(struct view der)
{
	struct trust_roots *roots = NULL;
	JOSE_KEY_CLEANUP struct jose_key *shown = NULL;
	struct device_certificate got;
	char digits[FINGERPRINT_TEXT];
	struct buf text = buf_fixed(digits, sizeof(digits));
	struct ident again;
	uint8_t digest[32];

	if (EVP_Digest(der.data, der.len, digest, NULL, EVP_sha256(), NULL) != 1 ||
		trust_roots_new(&roots) != OK) {
		abort();
	}
	text_hex(&text, VIEW(digest));
	if (trust_roots_pin(roots, buf_contents(&text)) != OK) {
		abort();
	}
	if (device_certificate_verify(roots, &der, 1, 1800000000, &got, &shown) == OK &&
		(strcmp(got.origin.id, got.id) != 0 ||
			ident_parse(IDENT_DEVICE, ident_view(&got.device), &again) != OK ||
			!ident_equal(&got.device, &again))) {
		abort();
	}
	trust_roots_free(roots);
}

static void read_proof(struct view payload, const struct evidence_wanted *wanted)
{
	BUF_CLEANUP struct buf proof = buf_growing(JOSE_MAX);
	struct device_facts facts;

	if (jose_sign(key, EVIDENCE_TYP, payload, &proof) == OK) {
		(void)!evidence_verify_proof(view_text(key_text), buf_contents(&proof), wanted,
			&facts);
	}
}

static void read_evidence(struct view text, const struct evidence_wanted *wanted)
{
	JSON_CLEANUP struct json *json = NULL;
	struct evidence got;

	if (json_parse(text, 64 * 1024, &json) != OK) {
		return;
	}
	(void)evidence_needs_nonce(json);
	if (evidence_verify(json, wanted, &got) == OK) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nonce[EVIDENCE_NONCE];
	static struct trust_roots *roots;
	struct evidence_wanted wanted = {
		.registry = &registry,
		.now = 1800000000,
		.token = view_text("t@n.example"),
		.realm = view_text("realm.example"),
		.nonce = VIEW(nonce),
	};

	if (!key) {
		make_key();
		if (trust_roots_new(&roots) != OK ||
			reg_id_parse(view_text("IN.TEL.P01"), &registry) != OK) {
			abort();
		}
	}
	wanted.roots = roots;
	if (size > 0 && data[0] == 'C') {
		read_certificate(view_of(data + 1, size - 1));
	} else if (size > 0 && data[0] == 'P') {
		read_proof(view_of(data + 1, size - 1), &wanted);
	} else {
		read_evidence(view_of(data, size), &wanted);
	}
	return 0;
}
