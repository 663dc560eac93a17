// SPDX-License-Identifier: Apache-2.0
/*
 * bulk: interrogation of many devices at once, for administrators alone: a line of JSON a device (NDJSON), as fast as whoever
 * asks takes them, and a last line that says that it is whole.  req: R9.3-ii-d
 */
#pragma once

#include "registry/api/call.h"

/* Streams that are under way at the same time. ERR_MEMORY. */
enum err bulk_start_up(struct registry *registry);
void bulk_shut_down(struct registry *registry);

/* GET /v1/enquiry/bulk?registry=&make=&model=&trust=&after=&owners=true */
call_operation bulk_ask;
