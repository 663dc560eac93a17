// SPDX-License-Identifier: Apache-2.0
/* announce: what the gateway tells the realm of its applications (9.6.1). */
#pragma once

#include "gateway/gateway.h"

enum err announce_all(struct gateway *gateway);
