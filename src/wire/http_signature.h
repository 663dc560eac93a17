// SPDX-License-Identifier: Apache-2.0
/*
 * http_signature: HTTP message signatures (RFC 9421) with Ed25519 and ecdsa-p256-sha256, and the digest of a body that they
 * cover (RFC 9530). A verifier names the tag that it wants, the components that must be covered, and its nonce; what the
 * message chooses is compared, never obeyed.  req: R9.3-iii R9.1-iv
 */
#pragma once

#include "wire/http.h"
#include "wire/jose.h"
#include "wire/structured_field.h"

enum {
	HTTP_SIGNATURE_TEXT = 4096, /* bytes of Signature-Input and Signature together */
	HTTP_SIGNATURE_BASE = 16 * 1024,
	HTTP_SIGNATURE_NAME = 129, /* keyid, nonce and tag with their zeros */
	HTTP_SIGNATURE_LABEL = 33,
};

/* What the components are read from: a request, or a response (`status` is not 0). */
struct signed_message {
	struct view method;
	struct view scheme;    /* "https" */
	struct view authority; /* as in Host: case and a default port are put right here */
	struct view target;    /* in origin form */
	unsigned status;
	const struct http_field *fields;
	size_t field_count;
};

/* The message of a request that came over TLS, or would. */
struct signed_message signed_request(const struct http_head *head);

/* What a signer says. Components: names of fields in small letters, "@method", "@target-uri", "@authority", "@scheme",
 * "@path", "@query", "@request-target", "@status". */
struct http_signature_terms {
	const char *label; /* NULL: "sig" */
	const char *const *components;
	size_t count;
	int64_t created, expires;	 /* seconds since 1970; 0: not said */
	const char *keyid, *nonce, *tag; /* NULL: not said */
};

/*
 * Appends the values of Signature-Input and Signature. ERR_SYNTAX: a component that the message lacks; ERR_UNSUPPORTED: one
 * that is not known; ERR_RANGE: too long; errors of jose_sign_text().
 */
enum err http_signature_make(const struct jose_key *key, const struct http_signature_terms *terms,
	const struct signed_message *message, struct buf *input, struct buf *signature);

/* One signature that a message carries. It points into itself: not to be copied. */
struct http_signature {
	uint8_t text[HTTP_SIGNATURE_TEXT];
	struct sf_member input;
	char label[HTTP_SIGNATURE_LABEL];
	char keyid[HTTP_SIGNATURE_NAME], nonce[HTTP_SIGNATURE_NAME],
		tag[HTTP_SIGNATURE_NAME]; /* "": not said */
	char algorithm[HTTP_SIGNATURE_LABEL];
	int64_t created, expires; /* 0: not said */
	uint8_t signature[JOSE_SIGNATURE];
};

/*
 * Reads the one with that label, or with NULL the one with that tag. ERR_NOT_FOUND: there is none; ERR_SYNTAX, also for two
 * of them; ERR_UNSUPPORTED: component parameters, or a signature of another length than our algorithms have; ERR_RANGE.
 */
enum err http_signature_read(const struct signed_message *message, const char *label,
	const char *tag, struct http_signature *ret);

/* ERR_AUTH: changed, or made with another key or algorithm; ERR_SYNTAX, ERR_UNSUPPORTED, ERR_RANGE as above. */
enum err http_signature_check(const struct http_signature *signature,
	const struct signed_message *message, const struct jose_key *key);
/* ERR_AUTH names the first of the components that is not covered (RFC 9421 7.2.1). */
enum err http_signature_covers(const struct http_signature *signature,
	const char *const *components, size_t count);
/* `now` in seconds since 1970. ERR_EXPIRED: over, made more than `skew` seconds in the future, or valid for longer than
 * `longest`; ERR_SYNTAX: it does not say created and expires. */
enum err http_signature_timely(const struct http_signature *signature, int64_t now, int64_t skew,
	int64_t longest);

/* The text that is signed (RFC 9421 2.5): for those whose key is in a secure element. */
enum err http_signature_base(const struct sf_member *input, const struct signed_message *message,
	struct buf *out);

/* --- RFC 9421 5: which signature is wanted --- */

struct http_signature_wanted {
	char label[HTTP_SIGNATURE_LABEL], nonce[HTTP_SIGNATURE_NAME], tag[HTTP_SIGNATURE_NAME];
	const char *components[SF_ITEMS];
	char names[SF_ITEMS][HTTP_SIGNATURE_LABEL];
	size_t count;
};
/* Appends an Accept-Signature field's value, which asks for created, expires and keyid too. */
enum err http_signature_ask(const struct http_signature_terms *terms, struct buf *out);
/* What the first member of the field asks for. It points into itself. ERR_NOT_FOUND, ERR_SYNTAX, ERR_RANGE. */
enum err http_signature_read_asked(struct view field, struct http_signature_wanted *ret);

/* --- RFC 9530 --- */

/* Appends the value of Content-Digest, sha-256. ERR_CRYPTO. */
enum err content_digest_write(struct view body, struct buf *out);
/* Every digest that is known (sha-256, sha-512) must be the body's, and one must be: ERR_AUTH; ERR_SYNTAX; ERR_UNSUPPORTED:
 * none is known; ERR_NOT_FOUND: no such field. */
enum err content_digest_check(const struct signed_message *message, struct view body);
