// SPDX-License-Identifier: Apache-2.0
/* se_soft_inside: what the element's file (se_soft_file.c) and its functions (se_soft.c) share, and nobody else. */
#pragma once

#include "base/seal.h"
#include "device/se_soft.h"

#include <limits.h>

enum { LABEL_MAX = 63, VALUE_MAX = 4096, ENTRIES_MAX = 80, CLIENTS_MAX = 3, WRAPPED_MAX = 256 };

struct entry {
	char label[LABEL_MAX + 1];
	uint8_t value[VALUE_MAX];
	size_t len;
};

/* A further client's. */
struct client_key {
	struct ident client;
	struct aka_key key;
	struct sqn_window window;
};

struct contents {
	struct aka_key key; /* of whoever has none of his own */
	struct sqn_window window;
	struct client_key clients[CLIENTS_MAX];
	size_t client_count;
	struct entry entries[ENTRIES_MAX];
	size_t count;
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
	struct contents now, next;
};

/* `next`, as a copy of `now`. */
struct contents *se_soft_change(struct se_soft *se);
/* Writes `next`, and makes it `now` when that succeeds. It is wiped either way. */
enum err se_soft_commit(struct se_soft *se);
