// SPDX-License-Identifier: Apache-2.0
/*
 * key_update: a realm replaces a device's long-term key by another (10.6.1, step 4, and rotation within one realm). Both ends
 * derive the same here; docs/protocol/change_of_operator.md has the formulas.
 *
 * The new key goes from the realm's vault to the secure element alone. It is sealed under what an ephemeral X25519 exchange
 * gives, mixed with a part that comes from Ks: who knows the old long-term key, as the old operator does, would have to stand
 * between the two as well; who stands between them does not know Ks. The authentication element, which knows Ks, only
 * passes it on.  req: B10.6.1
 */
#pragma once

#include "core/token.h"

enum {
	KEY_UPDATE_PUBLIC = 32,
	KEY_UPDATE_MAC = 32,
	KEY_UPDATE_WRAP = 32,
	KEY_UPDATE_PLAIN_MAX = 512
};
/* Nonce and tag of the sealed key. */
enum { KEY_UPDATE_OVERHEAD = 12 + 16 };

/* Of one bootstrap, on one connection. */
struct key_update_keys {
	struct secret mac;  /* of device and authentication element */
	struct secret wrap; /* goes on to the vault */
};

/* From Ks and the channel binding of the connection that the update goes over; ERR_RANGE when there is no Ks, or an input is
 * too long. */
enum err key_update_derive(const struct token_base *base, struct view binding,
	struct key_update_keys *ret);
void key_update_wipe(struct key_update_keys *keys);

/* What authenticates the device's request toward the authentication element: over token id and the device's public half. */
enum err key_update_request_mac(const struct secret *mac, struct view token_id,
	const uint8_t device_public[KEY_UPDATE_PUBLIC], uint8_t ret[KEY_UPDATE_MAC]);

/* An ephemeral pair; used once. ERR_CRYPTO. */
enum err key_update_pair(struct secret *ret_private, uint8_t ret_public[KEY_UPDATE_PUBLIC]);

/* ERR_SYNTAX: a public half of low order, with which every key agrees to zeros (RFC 7748 6.1). ERR_CRYPTO. */
enum err key_update_check_public(const uint8_t half[KEY_UPDATE_PUBLIC]);

/* Both ends' part: who agrees, with whom, and what goes into the key beside it. */
struct key_update_exchange {
	const struct secret *own;  /* private half */
	const struct secret *wrap; /* key_update_keys.wrap */
	const struct ident *client;
	const uint8_t *device_public, *vault_public;
	bool is_device;
};

/* The vault's: appends nonce || ciphertext || tag. ERR_CRYPTO: a public half that agrees to nothing (RFC 7748 6.1). */
enum err key_update_seal(const struct key_update_exchange *exchange, struct view plain,
	struct buf *out);
/* The device's. ERR_AUTH: sealed for another, or changed; ERR_SYNTAX: cut off. */
enum err key_update_open(const struct key_update_exchange *exchange, struct view sealed,
	struct buf *ret_plain);

/* Each end's proof that it has the new key, `k` of it, as the other must have it too. */
enum key_update_side { KEY_UPDATE_CONFIRM, KEY_UPDATE_CONFIRMED }; /* the device's, the vault's */
enum err key_update_confirm(const struct secret *k, enum key_update_side side,
	const struct ident *client, struct view token_id, uint8_t ret[KEY_UPDATE_MAC]);
