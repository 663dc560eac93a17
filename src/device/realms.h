// SPDX-License-Identifier: Apache-2.0
/* realms: what token.c asks of realms.c. */
#pragma once

#include "device/symdev_realms.h"

/* OK when this client's realm is the active one, or there is no list; ERR_DENIED names it; what the element says. */
enum err realms_check_active(const struct symdev_se *ops, void *se, const struct ident *client);
