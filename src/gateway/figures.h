// SPDX-License-Identifier: Apache-2.0
/* figures: what operators watch at a gateway (docs/guides/operation.md). */
#pragma once

#include "gateway/gateway.h"

/* For the daemon. */
void gateway_figures_collect(void *gateway, struct buf *out);
void gateway_figures_unready(void *gateway, struct buf *out);
