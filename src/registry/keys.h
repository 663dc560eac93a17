// SPDX-License-Identifier: Apache-2.0
/*
 * keys: what a registry signs with. Made at the first start, and kept sealed in its store: nobody installs them, and a copy
 * of the store without the master key does not have them.  req: R9.1-vi
 */
#pragma once

#include "registry/registry.h"

/* Fills registry->answer_key and log_seed. ERR_AUTH: sealed under another master key. Before the loop runs. */
enum err keys_start_up(struct registry *registry);
void keys_shut_down(struct registry *registry);
