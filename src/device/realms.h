// SPDX-License-Identifier: Apache-2.0
/* realms: what token.c asks of realms.c. */
#pragma once

#include "device/symdev_realms.h"

/* OK when this client's realm is the active one, or there is no list; ERR_DENIED names it; what the element says. */
enum err realms_check_active(const struct symdev_se *ops, void *se, const struct ident *client);

/* A realm's record under a label of the caller's. */
enum err realms_store_as(const struct symdev_se *ops, void *se, const char *label,
	const struct symdev_realm *realm);
enum err realms_load_from(const struct symdev_se *ops, void *se, const char *label,
	struct symdev_realm *ret);
