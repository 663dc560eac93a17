// SPDX-License-Identifier: Apache-2.0
/*
 * vault: the only place where long-term keys are open. It is asked by message and answers by message: a
 * thread now, and able to become a process, since nothing else passes between it and the rest. What
 * it may be asked is these functions.  req: B9.2.1-a B7.5-d
 */
#pragma once

#include "authz/change/envelope.h"
#include "base/seal.h"
#include "core/ident.h"
#include "core/key_transport.h"
#include "core/key_update.h"
#include "core/vector.h"
#include "net/loop.h"

struct vault;

/* Takes over the ring, and starts. `waiting`: ceiling of messages not yet answered. */
enum err vault_new(struct loop *loop, struct seal_ring *ring, size_t waiting, struct vault **ret);
void vault_free(struct vault *vault); /* answers nobody any more; NULL is fine */

enum { VAULT_SEALED_MAX = 128 };

/* What comes back, once, on the loop's thread; wiped after. */
struct vault_answer {
	enum err err;
	const char *detail;
	struct vector vector; /* of vault_make_vector() */
	uint64_t sqn_ms;      /* of vault_resync() */
	uint8_t sealed[VAULT_SEALED_MAX]; /* of vault_seal(), vault_seal_again(), vault_take_in(), vault_renew() */
	size_t sealed_len;
	struct buf text; /* of vault_hand_over(): the envelope; vault_open_text(): its content; vault_renew(): for the device */
	enum aka_algorithm_id algorithm;	/* of vault_take_in() */
	uint64_t sqn;				/* of vault_take_in() */
	uint8_t public_half[KEY_UPDATE_PUBLIC]; /* of vault_renew() */
	uint8_t confirmed[KEY_UPDATE_MAC];	/* of vault_confirm() */
};
typedef void vault_done(void *user, uint64_t user_ref, const struct vault_answer *answer);

/* All: ERR_OVERLOAD at the ceiling, and then no answer comes. */

/* A vector for an SQN that is committed already, under a fresh RAND. ERR_CRYPTO: the sealed key does not open. */
enum err vault_make_vector(struct vault *vault, struct view client, struct view sealed,
	uint64_t sqn, vault_done *done, void *user, uint64_t user_ref);
/* Verifies AUTS (TS 33.102 6.3.5). ERR_AUTH: forged. */
enum err vault_resync(struct vault *vault, struct view client, struct view sealed,
	const uint8_t rand_auts[RAND_SIZE + AUTS_SIZE], vault_done *done, void *user,
	uint64_t user_ref);
/* A key that is sealed under an older data key, sealed under the current one. */
enum err vault_seal_again(struct vault *vault, struct view client, struct view sealed,
	vault_done *done, void *user, uint64_t user_ref);
/* Seals a new key for a client. With `from_op`, key->opc holds OP (TOP), and OPc (TOPc) is computed first. */
enum err vault_seal(struct vault *vault, struct view client, const struct aka_key *key,
	bool from_op, vault_done *done, void *user, uint64_t user_ref);
/* The same for a key that came encrypted: it is opened in the vault, and nowhere else. */
enum err vault_seal_transported(struct vault *vault, struct view client, const struct aka_key *key,
	bool from_op, const struct key_transport *transport, vault_done *done, void *user,
	uint64_t user_ref);

/*
 * Change of operator (10.6.1). The key that envelopes come for; taken over, before anything is asked; NULL: none come.
 */
void vault_set_envelope_key(struct vault *vault, struct jose_key *pair);
/* A key in an envelope for another operator, whose public key is copied. */
enum err vault_hand_over(struct vault *vault, const struct envelope_names *names, struct view sealed,
	uint64_t sqn, const struct change_key *to, vault_done *done, void *user, uint64_t user_ref);
/* The key out of an envelope, sealed for names->new_client. ERR_AUTH: not for this one, or changed. */
enum err vault_take_in(struct vault *vault, const struct envelope_names *names,
	struct view envelope, vault_done *done, void *user, uint64_t user_ref);
/* Any other content that came in an envelope. */
enum err vault_open_text(struct vault *vault, const char *cty, struct view envelope,
	vault_done *done, void *user, uint64_t user_ref);

/*
 * Key update (10.6.1, step 4). A new key of the same kind as the one that is sealed: sealed for the store, and for the
 * device's public half. ERR_CRYPTO: a public half that agrees to nothing.
 */
enum err vault_renew(struct vault *vault, const struct ident *client, struct view sealed,
	const uint8_t device_public[KEY_UPDATE_PUBLIC], const struct secret *wrap, vault_done *done,
	void *user, uint64_t user_ref);
/* Whether the device has the key that is sealed, and our proof that we have it. ERR_AUTH: it has not. */
enum err vault_confirm(struct vault *vault, const struct ident *client, struct view sealed,
	struct view token_id, const uint8_t confirm[KEY_UPDATE_MAC], vault_done *done, void *user,
	uint64_t user_ref);
