// SPDX-License-Identifier: Apache-2.0
/* se_soft_inside: what the element's file (se_soft_file.c) and its functions (se_soft.c) share, and nobody else. */
#pragma once

#include "base/seal.h"
#include "device/se_soft.h"

#include <limits.h>

enum { LABEL_MAX = 63, VALUE_MAX = 4096, ENTRIES_MAX = 80, CLIENTS_MAX = 3, WRAPPED_MAX = 256 };
enum { OWN_KEY_MAX = 192 };

struct entry {
	char label[LABEL_MAX + 1];
	uint8_t value[VALUE_MAX];
	size_t len;
};

/* A key, and one that is to replace it: the realm has one of the two, and which one its next challenge will show. */
struct key_slot {
	struct aka_key key;
	struct sqn_window window;
	bool has_next;
	struct aka_key next;
	struct sqn_window next_window;
};

/* A further client's. */
struct client_key {
	struct ident client;
	struct key_slot slot;
};

struct contents {
	struct key_slot first; /* of whoever has none of his own */
	struct ident owner;    /* whose that is; IDENT_NONE: of before there were others */
	struct client_key clients[CLIENTS_MAX];
	size_t client_count;
	struct entry entries[ENTRIES_MAX];
	size_t count;
	uint8_t own_key[OWN_KEY_MAX]; /* the device's own pair, ECPrivateKey in DER */
	size_t own_key_len;
};

/* A key update that was begun: it does not outlive the process. */
struct update {
	bool begun, installed;
	struct ident client;
	char token_id[TOKEN_ID_MAX + 1];
	struct secret own, wrap;
	uint8_t own_public[KEY_UPDATE_PUBLIC];
};

/* A change is made in `next`, written, and only then is it `now`: memory never runs ahead of the disk. */
struct se_soft {
	const struct env *env;
	char path[PATH_MAX];
	int lock;
	struct seal_ring *ring;
	uint8_t wrapped[WRAPPED_MAX]; /* the data key, under the master key */
	size_t wrapped_len;
	struct aka *aka;
	struct update update;
	struct contents now, next;
};

/* `next`, as a copy of `now`. */
struct contents *se_soft_change(struct se_soft *se);
/* Writes `next`, and makes it `now` when that succeeds. It is wiped either way. */
enum err se_soft_commit(struct se_soft *se);

/* The Ks under a label of the library's. ERR_NOT_FOUND. */
enum err se_soft_ks(const struct se_soft *se, const char *label, struct secret *ret);

/* se_soft_keys.c, se_soft_own.c */
enum err soft_aka(void *user, const struct ident *client, const uint8_t rand[RAND_SIZE],
	const uint8_t autn[AUTN_SIZE], struct aka_result *ret);
enum err soft_sign(void *user, struct view message, struct buf *ret);
enum err soft_own_key(void *user, bool make, struct buf *ret);
extern const struct symdev_se_keys soft_keys;
