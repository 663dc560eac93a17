// SPDX-License-Identifier: Apache-2.0
/*
 * movement: what would move many devices, as the staff sees it: listed, released by another person than who caused it, or
 * refused.
 */
#pragma once

#include "core/product_name.h"
#include "core/reg_id.h"
#include "registry/status/policing_inside.h"

#define MOVEMENT_ROOT_SUBJECT "rot:"
enum { MOVEMENT_SUBJECT_MAX = 256 };

struct movement {
	int64_t seq; /* of the event that causes it; of MOVEMENT_TIME: `upto`, which is no event's */
	enum movement_kind kind;
	enum movement_state state;
	char subject[MOVEMENT_SUBJECT_MAX];
	int64_t upto;
	bool decided; /* by a person */
};

/* From a row of MOVEMENT_SHOWN. ERR_RANGE: a subject that is too long. */
enum err movement_read(const struct store_result *result, size_t row, struct movement *ret);

/* GET /v1/movements, GET /v1/movements/{}, POST /v1/movements/{}/release and /refuse */
call_operation movement_list, movement_show, movement_release, movement_refuse;
