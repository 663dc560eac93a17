// SPDX-License-Identifier: Apache-2.0
/* claims: what the realm vouches for of a device's subscriber, with the token that the device is here with (Y.3056 B10.3). */
#pragma once

#include "registry/api/call.h"

/*
 * The claims that were granted to this registry: an object, empty when there are none, and the operator's realm. The caller
 * frees the document; `ret_realm` is valid during the call. ERR_AUTH: the device's visit is over.
 */
enum err claims_of_asker(const struct call *call, struct json **ret, struct view *ret_realm);
