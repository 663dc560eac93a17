// SPDX-License-Identifier: Apache-2.0
/* copier: makes copies of a store, one at a time, on a thread of its own. */
#pragma once

#include "store/engine.h"

struct copier;

enum err copier_new(struct loop *loop, const struct engine *engine, const char *rest,
	struct copier **ret);
/* See store_copy(). */
enum err copier_run(struct copier *c, const char *node, file_copied *done, void *user);
/* Gives up what is under way, and removes it; nobody is told. NULL is fine. */
void copier_free(struct copier *c);
