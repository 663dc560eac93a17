// SPDX-License-Identifier: Apache-2.0
/*
 * ring: the data keys of a store, wrapped under the node's master key, in a table that every program's
 * schema has.  req: B7.5-e
 */
#pragma once

#include "base/seal.h"
#include "store/store.h"

/* The table's DDL, for the first migration; and the two statements, for the statement table. */
#define RING_SQLITE   "CREATE TABLE data_key (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;"
#define RING_POSTGRES "CREATE TABLE data_key (id BIGINT PRIMARY KEY, wrapped BYTEA NOT NULL);"
#define RING_SELECT   "SELECT data_key.id, data_key.wrapped FROM data_key ORDER BY data_key.id"
#define RING_INSERT   "INSERT INTO data_key (id, wrapped) VALUES ($1, $2)"

/*
 * Opens all data keys, making the first in a new store. `select` and `insert` are the indexes of
 * RING_SELECT and RING_INSERT. ERR_CONFIG when the master key's file is not as it must be, ERR_AUTH
 * when the master key is not this store's. Before the loop runs.
 */
enum err ring_open(struct store *store, const struct env *env, const char *master_key_file,
	int select, int insert, struct seal_ring **ret);
