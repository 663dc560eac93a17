// SPDX-License-Identifier: Apache-2.0
/*
 * bootstrap_inside: a run of clause 10.4, for the files that move it: bootstrap.c (what all runs have in common),
 * bootstrap_aka.c and bootstrap_certificate.c (how the device is authenticated), and nobody else.
 */
#pragma once

#include "authn/bootstrap.h"
#include "authn/rp_b.h"
#include "authn/rp_c.h"
#include "authn/tokens.h"
#include "base/log.h"

enum { NONCE_MAX = 48 };

/*
 *	AKA			(WAIT_IDENTITY) -> WAIT_VECTOR -> WAIT_RESPONSE -+
 *	a key of its own	WAIT_CERTIFICATE --------------------------------+-> [WAIT_PERMISSION] -> WAIT_STORE -> [WAIT_PUSH]
 *
 * In the plain form of AKA the steps about an application are left out. WAIT_VECTOR comes again, once, to resynchronise.
 * A run dies with the process, or with the last answer; another way to authenticate is another file of this kind.
 *  req: B8.2.1 B10.4
 */
enum phase {
	WAIT_IDENTITY,
	WAIT_VECTOR,
	WAIT_RESPONSE,
	WAIT_CERTIFICATE,
	WAIT_PERMISSION,
	WAIT_STORE,
	WAIT_PUSH
};

enum event {
	ON_IDENTITY = 1,
	ON_VECTOR = 2,
	ON_RESPONSE = 4,
	ON_PERMISSION = 8,
	ON_STORED = 16,
	ON_PUBLISHED = 32,
	ON_CERTIFICATE = 64
};

struct bootstrap {
	struct authn *authn;
	pool_ref ref;
	enum phase phase;
	char tx[LOG_TX];
	struct http_request *request; /* to be answered; NULL while the device has the turn */
	uint8_t crowd[8];	      /* whence it came */
	size_t crowd_len;
	struct rp_c_start who;
	int64_t lifetime; /* seconds, as the subscription says; 0: the node's own */
	unsigned awaits;  /* what the authorization element would like of the device */
	struct timer patience;
	int64_t since_us, phase_us;

	/* AKA */
	char target[RP_C_TARGET];
	char nonce[NONCE_MAX];
	struct vector vector;
	bool resynchronised;
	struct secret password; /* of the verified response, for rspauth */
	char cnonce[DIGEST_CNONCE_MAX + 1], nc[9];

	/* What the two ends have agreed upon, once the device is authenticated. */
	uint8_t rand[RAND_SIZE];
	struct secret ks;
	struct degree_key key; /* that the device has proved to have */
	uint8_t binding[32];   /* of the channel that the response came by */
	size_t binding_len;
	bool json; /* the device prefers JSON to BootstrappingInfo */

	struct token *token; /* until it is handed over */
	struct buf body;     /* of the 200, made before the commit */
};

/* bootstrap_aka.c: from 1b to 1d, and the node's proof. */
void aka_begin(struct bootstrap *run);
void aka_on_response(struct bootstrap *run, const struct digest_authorization *reply);
struct rp_c_proof aka_proof(const struct bootstrap *run);
void aka_on_patience(void *run); /* the challenge has waited long enough */
/* bootstrap_certificate.c: the same with public keys. */
void certificate_begin(struct bootstrap *run);

/* bootstrap.c */
/* The device is who it says (1d): permission is asked for next, or in the plain form the token made. */
void bootstrap_authenticated(struct bootstrap *run);
/* What the answer needs of the request, which another request may have replaced by then. ERR_DENIED: not over TLS. */
enum err bootstrap_keep_channel(struct bootstrap *run);
void bootstrap_enter(struct bootstrap *run, enum phase phase);
/* The run that an event is meant for; NULL when it has ended, or waits for something else. */
struct bootstrap *bootstrap_find(struct authn *authn, uint64_t ref, enum event event);
/* Answers, and ends the run. */
void bootstrap_refuse(struct bootstrap *run, unsigned status, const char *why);
void bootstrap_end(struct bootstrap *run);
void bootstrap_step(const struct bootstrap *run, const char *event, const char *clause,
	const char *from, const char *to);
