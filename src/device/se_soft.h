// SPDX-License-Identifier: Apache-2.0
/*
 * se_soft: a secure element in software: one file, sealed (AES-256-GCM) under a key that stands in
 * another file of its owner's, written beside and renamed. For development, gateways and tests; a
 * device maker puts a USIM or an embedded secure element behind the same functions.
 *
 * It protects against who gets at the one file and not at the other, and against a power cut. It does not against who
 * can read both, or put an older copy of the file back: that needs hardware.
 */
#pragma once

#include "device/symdev.h"

struct se_soft;

extern const struct symdev_se se_soft_ops;

/*
 * Makes a new one with a long-term key, and its master key unless that file is there already. ERR_EXISTS when the
 * element is there; ERR_RANGE when K and OPc are not of the algorithm's length. All files get mode 0600.
 * `key` NULL: of a device that has none but its own pair; one at random stands in its place, which no realm knows.
 */
enum err se_soft_create(const struct env *env, const char *path, const char *master_path,
	const struct aka_key *key);
/*
 * Opens and locks it. ERR_WRONG_STATE: open already, here or in another process; ERR_CONFIG: no proper master
 * key; ERR_AUTH: wrong master key, or changed; ERR_SYNTAX: cut off, or not an element; ERR_IO.
 */
enum err se_soft_open(const struct env *env, const char *path, const char *master_path,
	struct se_soft **ret);
void se_soft_close(struct se_soft *se); /* NULL is fine */

/*
 * Long-term keys of further clients, one for each realm that the device is of. The key of se_soft_create() serves whoever
 * has none of his own. Setting the same key again keeps its sequence numbers. ERR_RANGE: four keys are there already.
 */
enum err se_soft_set_key(struct se_soft *se, const struct ident *client, const struct aka_key *key);
/* Forgets this client's key; the first one when it has none of its own, in whose place the last then stands.
 * ERR_WRONG_STATE: it is the only one. */
enum err se_soft_drop_key(struct se_soft *se, const struct ident *client);
