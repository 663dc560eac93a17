// SPDX-License-Identifier: Apache-2.0
/*
 * se_soft: a secure element in software: one file, sealed (AES-256-GCM) under a key that stands in
 * another file of its owner's, written beside and renamed. For development, gateways and tests; a
 * device maker puts a USIM or an embedded secure element behind the same functions.
 */
#pragma once

#include "device/symdev.h"

struct se_soft;

extern const struct symdev_se se_soft_ops;

/* Makes a new one with a long-term key. ERR_EXISTS when the file is there. Both files get mode 0600. */
enum err se_soft_create(const struct env *env, const char *path, const char *master_path,
	const struct aka_key *key);
/* Opens and locks it. ERR_WRONG_STATE when another process has it open; ERR_AUTH: wrong master key, or changed. */
enum err se_soft_open(const struct env *env, const char *path, const char *master_path,
	struct se_soft **ret);
void se_soft_close(struct se_soft *se); /* NULL is fine */
