// SPDX-License-Identifier: Apache-2.0
/* settings: what a registry made for itself at its first start, sealed in its store. Before the loop runs, but for setting_put(). */
#pragma once

#include "registry/registry.h"

enum { SETTING_MAX = 4096 }; /* bytes */

/* Appended, opened; the caller wipes it. ERR_NOT_FOUND: it is not there yet; ERR_AUTH: sealed under another master key. */
enum err setting_find(struct registry *registry, const char *name, struct buf *ret);
/* Unless it is there: then that one stays. */
enum err setting_add(struct registry *registry, const char *name, struct view value);
/* In the place of what is there, while the loop runs: a failure is a line of the log. */
enum err setting_put(struct registry *registry, const char *name, struct view value);
