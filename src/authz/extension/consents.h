// SPDX-License-Identifier: Apache-2.0
/*
 * consents: extensions of trust whose time is over (10.3) are marked, and those concerned are told, when it is over; a few
 * at a time, by one node of those that share a database.  req: B10.3
 */
#pragma once

#include "authz/authz.h"

/* When the store works, before the loop runs. ERR_MEMORY. */
enum err consents_start_up(struct authz *authz);
void consents_shut_down(struct authz *authz);
