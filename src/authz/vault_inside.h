// SPDX-License-Identifier: Apache-2.0
/* vault_inside: what the vault's queue (vault.c) hands to its work (vault_work.c); for these two alone. */
#pragma once

#include "authz/vault.h"

#include <pthread.h>

enum { PLACE_MAX = IDENT_MAX + 16 };

enum message_kind {
	MAKE_VECTOR,
	RESYNC,
	SEAL,
	SEAL_AGAIN,
	HAND_OVER,
	TAKE_IN,
	OPEN_TEXT,
	RENEW,
	CONFIRM,
	MESSAGE_KINDS
};

struct message {
	enum message_kind kind;
	struct message *next;
	vault_done *done;
	void *user;
	uint64_t user_ref;
	char place[PLACE_MAX]; /* where the sealed key stands */
	uint8_t sealed[VAULT_SEALED_MAX];
	size_t sealed_len;
	uint64_t sqn;
	uint8_t rand_auts[RAND_SIZE + AUTS_SIZE];
	struct aka_key key; /* SEAL */
	bool from_op;
	struct key_transport transport; /* SEAL; without a key: none */
	struct envelope_names names;	/* HAND_OVER, TAKE_IN */
	struct change_key to;		/* HAND_OVER */
	struct buf text;     /* TAKE_IN, OPEN_TEXT: the envelope; CONFIRM: the token's id */
	char cty[64];	     /* OPEN_TEXT */
	struct ident client; /* RENEW, CONFIRM */
	uint8_t device[KEY_UPDATE_PUBLIC]; /* RENEW: its public half; CONFIRM: its proof */
	struct secret wrap;		   /* RENEW */
	struct vault_answer answer;
	char detail[160];
};

struct vault {
	struct loop *loop;
	struct seal_ring *ring; /* from here on, the vault's thread alone touches these three */
	struct aka *aka;
	struct jose_key *envelope_key;

	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct message *first, **last; /* asked */
	struct message *answered, **answered_last;
	bool posted, stopping, orphaned;
	size_t count, ceiling;
};

/* On the vault's thread: what was asked, done. */
enum err vault_answer_message(struct vault *vault, struct message *m);
