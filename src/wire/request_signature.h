// SPDX-License-Identifier: Apache-2.0
/*
 * request_signature: the signer's side of a challenge: the fields that a request of a party carries, over method, target and
 * body, with a nonce or without (docs/protocol/registry_enquiry.md).  req: R9.3-iii
 */
#pragma once

#include "wire/http_signature.h"

#define REQUEST_ENQUIRY_TAG   "symbolon-enquiry"
#define REQUEST_ENROLMENT_TAG "symbolon-enrolment"

enum { REQUEST_SIGNATURE_SECONDS = 60 };

struct request_to_sign {
	const char *method;
	struct view authority, target, body;
	const char *tag, *nonce; /* nonce NULL: none */
	int64_t now;		 /* seconds since 1970 */
};

/* Content-Digest (with a body), Signature-Input, Signature. It points into itself: not to be copied. */
struct request_signature {
	char input[1024], signature[256], digest[128];
	struct http_field fields[3];
	size_t count;
};

/* keyid is the key's thumbprint, which is the party's id. Errors of http_signature_make(). */
enum err request_sign(const struct jose_key *key, const struct request_to_sign *request,
	struct request_signature *ret);
/* The nonce that a challenge (401) asks to be signed; ERR_NOT_FOUND: it is none, or one for something else. */
enum err request_nonce(struct view accept_signature, const char *tag, char ret[HTTP_SIGNATURE_NAME]);
