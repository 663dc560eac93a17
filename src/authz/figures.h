// SPDX-License-Identifier: Apache-2.0
/* figures: what operators watch at an authorization element (docs/guides/operation.md). Called in passing. */
#pragma once

#include "authz/authz.h"

enum err authz_figures_start_up(struct authz *authz);
void authz_figures_shut_down(struct authz *authz);

/* Questions on RP_B that were answered: for a vector, for a permission. */
void authz_figures_vector(struct authz *authz, enum err result, int64_t us);
void authz_figures_permission(struct authz *authz, enum err result, int64_t us);
void authz_figures_resynchronised(struct authz *authz);

/* For the daemon. */
void authz_figures_collect(void *authz, struct buf *out);
void authz_figures_unready(void *authz, struct buf *out);

/* Of changes of operator: change.c. */
void change_put_metrics(const struct authz *authz, struct buf *out);
