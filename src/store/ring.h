// SPDX-License-Identifier: Apache-2.0
/*
 * ring: the data keys of a store, wrapped under the node's master key, in a table that every program's
 * schema has.  req: B7.5-e
 */
#pragma once

#include "base/seal.h"
#include "store/store.h"

/* The table's DDL, for the first migration; and its statements, for the statement table. */
#define RING_SQLITE   "CREATE TABLE data_key (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;"
#define RING_POSTGRES "CREATE TABLE data_key (id BIGINT PRIMARY KEY, wrapped BYTEA NOT NULL);"
#define RING_SELECT   "SELECT data_key.id, data_key.wrapped FROM data_key ORDER BY data_key.id"
#define RING_INSERT   "INSERT INTO data_key (id, wrapped) VALUES ($1, $2)"
#define RING_UPDATE   "UPDATE data_key SET wrapped = $2 WHERE data_key.id = $1"
#define RING_DELETE   "DELETE FROM data_key WHERE data_key.id < $1"

struct ring_options {
	const char *master_key; /* a file */
	/* The one before, a file, or NULL or "": keys that are wrapped under it are wrapped under the new one. */
	const char *old_master_key;
	int select, insert, update; /* the indexes of RING_SELECT, RING_INSERT, RING_UPDATE */
};

/*
 * Opens all data keys, making the first in a new store. ERR_CONFIG when a master key's file is not as it must
 * be, ERR_AUTH when the master key is not this store's. Before the loop runs.
 */
enum err ring_open(struct store *store, const struct env *env, const struct ring_options *options,
	struct seal_ring **ret);

/*
 * A secret of 32 bytes of the program's own, sealed in its table `setting` (name, record) under "setting/record/" and
 * `name`; the first node of a store makes it. `find` gives the record of a name, `add` adds one unless it is there.
 * Before the loop runs.
 */
struct ring_secret {
	const char *name;
	int find, add; /* statements */
};
enum err ring_open_secret(struct store *store, const struct env *env, struct seal_ring *ring,
	const struct ring_secret *which, struct secret *ret);
