// SPDX-License-Identifier: Apache-2.0
/*
 * decisions: what an administrator has decided of a device, for a reason and until a time; the policy says how much that
 * weighs.
 */
#pragma once

#include "registry/api/call.h"

/* PUT, GET and DELETE /v1/devices/{}/decision */
call_operation decision_set, decision_show, decision_drop;
