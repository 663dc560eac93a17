// SPDX-License-Identifier: Apache-2.0
/* status: what this registry is, does and holds, for its staff. */
#pragma once

#include "registry/api/call.h"

call_operation status_show;
