// SPDX-License-Identifier: Apache-2.0
/* figures: what administrators watch at a registry (docs/guides/operation.md). */
#pragma once

#include "registry/registry.h"

/* For the daemon. */
void registry_collect(void *registry, struct buf *out);
void registry_unready(void *registry, struct buf *out);
