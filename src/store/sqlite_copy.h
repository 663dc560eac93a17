// SPDX-License-Identifier: Apache-2.0
/* sqlite_copy: whole copies of a database of ours, made while it is at work, and put back: engine.h's copy, restore. */
#pragma once

#include "store/engine.h"

enum err sqlite_copy(const char *rest, const char *node, const atomic_bool *stop,
	char ret_path[ENGINE_PATH]);
enum err sqlite_restore(const char *rest, const struct store_schema *schema, const char *node,
	const char *from);
