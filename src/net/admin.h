// SPDX-License-Identifier: Apache-2.0
/*
 * admin: a Unix socket at which the user that runs a node, and root, have it do what its other interfaces do not
 * offer: POST /v1/backup; POST /v1/keys for a new data key, GET /v1/keys for how far that is. Credentials are the peer's, as the kernel tells them; everyone else gets 403.
 */
#pragma once

#include "base/buf.h"
#include "net/file_copy.h"
#include "net/loop.h"
#include "wire/json.h"

struct admin;

typedef void admin_done(void *user, enum err err, const char *detail);

struct admin_on {
	/* Begins to make a copy of all that the node keeps; `done` comes later, once, unless the node stops. NULL: it
	 * keeps nothing. */
	enum err (*copy)(void *user, file_copied *done, void *done_user);
	/* Begins to seal under a new data key; `done` comes once, also when the node stops. NULL: it has none. */
	enum err (*rotate)(void *user, admin_done *done, void *done_user);
	/* Writes the state of that as members: "current", "keys", "resealed", "unreadable". */
	void (*keys)(void *user, struct json_writer *w);
};

enum err admin_open(struct loop *loop, const char *socket, const struct admin_on *on, void *user,
	struct admin **ret);
void admin_close(struct admin *a); /* before the node's parts; NULL is fine */
void admin_collect(const struct admin *a, struct buf *out); /* figures: net/metrics.h */
