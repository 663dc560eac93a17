// SPDX-License-Identifier: Apache-2.0
/* figures: what operators watch at an authentication element (docs/guides/operation.md). Called in passing. */
#pragma once

#include "authn/authn.h"

enum err authn_figures_start_up(struct authn *authn);
void authn_figures_shut_down(struct authn *authn);

/* The end of a run of 10.4, by the status that it was answered with; 0: the device did not come back. */
void authn_figures_bootstrap(struct authn *authn, unsigned status, int64_t us);
/* A phase of it is over: "wait-vector". */
void authn_figures_phase(struct authn *authn, const char *phase, int64_t us);
void authn_figures_resynchronised(struct authn *authn);
/* A question of ours on RP_B, a pull on RP_A and what elements are told there. */
void authn_figures_vector(struct authn *authn, enum err result);
void authn_figures_permission(struct authn *authn, enum err result);
void authn_figures_pull(struct authn *authn, enum err result, int64_t us);
enum authn_figures_told { FIGURES_PUSH, FIGURES_REVOKE, FIGURES_CHANGE };
void authn_figures_told(struct authn *authn, enum authn_figures_told what, enum err result);
void authn_figures_tokens(struct authn *authn, uint64_t count);

/* For the daemon. */
void authn_figures_collect(void *authn, struct buf *out);
void authn_figures_unready(void *authn, struct buf *out);
