// SPDX-License-Identifier: Apache-2.0
/*
 * ca: a throw-away certification authority in a folder, for `symbolon up` and for trying things out. Its key
 * stands beside its certificate: never use it for a realm that matters.
 */
#pragma once

#include "base/err.h"
#include <stdbool.h>

/*
 * Makes DIR/ca.pem and DIR/ca.key if they are not there (ECDSA P-256, ten years). ERR_IO, ERR_CRYPTO.
 */
enum err ca_make(const char *dir, const char *realm);
/* Makes DIR/NAME.pem and DIR/NAME.key, signed by it, with `name` as the only dNSName and the loopback's address, for server and client
 * use (one year); leaves alone what is there. */
enum err ca_issue(const char *dir, const char *name);
