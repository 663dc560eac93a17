// SPDX-License-Identifier: Apache-2.0
/*
 * visits: the tokens with which devices are here, at any door, and what the realm says of each: who it is, by a pseudonym, and
 * which device, where that was granted. A visit ends with its token.  req: R9.2-note R9.2-i-a
 */
#pragma once

#include "app/symapp.h"
#include "registry/api/asker.h"
#include "wire/evidence.h"

enum { VISIT_STREAMS = 4 };

struct visit {
	char token_id[TOKEN_ID_MAX + 1];
	char name[ASKER_NAME];	       /* pseudonym@realm: the same with the device's next token */
	char realm[IDENT_MAX + 1];     /* of the operator */
	struct ident device;	       /* as the realm granted it; IDENT_NONE: it did not */
	struct ua ua;		       /* the protocol it was first shown in */
	uint8_t nonce[EVIDENCE_NONCE]; /* given, and not used yet */
	int64_t nonce_until;	       /* loop_now() until which it is good; 0: none */
	uint64_t streams[VISIT_STREAMS]; /* stream_ref(); the oldest makes room for the next */
	size_t stream_count;
};

/*
 * A session with this token stands; `stream` NULL: of a door that has none. The visit is kept until the token ends.
 * ERR_DENIED: the realm sends no pseudonym, or nobody knows of which realm the node is; ERR_OVERLOAD, ERR_MEMORY.
 */
enum err visits_begin(struct realm *realm, const struct symapp_token *token, struct stream *stream);
/* Whose token this is, for api_serve(). ERR_AUTH: of no visit, or it has ended. */
enum err visits_asker(const struct realm *realm, struct view token_id, struct asker *ret);
/* The newest visit of whom an asker's name names; NULL: it is over. Not kept beyond the call. */
struct visit *visits_find(const struct realm *realm, const char *name);

/* A fresh nonce, in the place of one that was not used. ERR_CRYPTO. */
enum err visits_challenge(const struct realm *realm, struct visit *visit, int64_t lifetime_ms);
/* The nonce that was given, once; empty: none, or too old. Copied to `room`. */
struct view visits_take_nonce(const struct realm *realm, struct visit *visit,
	uint8_t room[EVIDENCE_NONCE]);

enum err visits_open(struct realm *realm, size_t ceiling);
void visits_close(struct realm *realm);
symapp_changed visits_on_change; /* user: the realm */
