// SPDX-License-Identifier: Apache-2.0
/* enquirer: whoever asks a registry over HTTPS and meets its challenge, beside the administrator of registry.h. */
#pragma once

#include "fake_ca.h"
#include "registry.h"
#include "wire/request_signature.h"

#define ENQUIRER_HOST "registry.example"

struct enquirer {
	struct registry_flow *r;
	struct fake_ca ca;
	struct tls *tls;
	struct http_client *client;
	struct jose_key *key;
	char id[JOSE_THUMBPRINT];

	/* the last answer */
	unsigned status;
	struct buf body;
	char type[64], challenge[512], etag[64], cache[64];
	char nonce[HTTP_SIGNATURE_NAME]; /* that the challenge brought; "": none */
	enum err result;
	bool done;
};

/* Starts the registry, with a door for HTTPS; `more` as registry_flow_start(). */
void enquirer_start(struct enquirer *q, struct registry_flow *r, const char *more);
void enquirer_stop(struct enquirer *q);
/* A new key, and its enrolment: the status. `roles`: JSON array. */
unsigned enquirer_enrol(struct enquirer *q, const char *roles);
unsigned enquirer_enrol_key(struct enquirer *q, const struct jose_key *key,
	const char *roles); /* a copy of this one */
/* The administrator decides on the key that was enrolled last. */
void enquirer_approve(struct enquirer *q, const char *state);

/* One request, with such fields; `extra` may be NULL. */
unsigned enquirer_send(struct enquirer *q, const char *method, const char *target, const char *body,
	const struct http_field *fields, size_t count);
/* Signed with a key, over a nonce (NULL: none) and with a tag. */
unsigned enquirer_send_signed(struct enquirer *q, const struct jose_key *key, const char *method,
	const char *target, const char *body, const char *tag, const char *nonce);
/* Asks, is challenged (the test fails otherwise), signs, and asks again. */
unsigned enquirer_ask(struct enquirer *q, const char *method, const char *target, const char *body);
const char *enquirer_said(struct enquirer *q);

#define assert_enquiry(q, want, ...)                                                               \
	do {                                                                                       \
		unsigned test_status = enquirer_ask((q), __VA_ARGS__);                             \
		if (test_status != (want)) {                                                       \
			fail_msg("%u: %s", test_status, enquirer_said(q));                         \
		}                                                                                  \
	} while (0)
