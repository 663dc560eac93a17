// SPDX-License-Identifier: Apache-2.0
/* policy_show: the policy that is in force, as its file says it. */
#pragma once

#include "registry/api/call.h"

/* GET /v1/policy */
call_operation policy_show;
