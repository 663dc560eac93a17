// SPDX-License-Identifier: Apache-2.0
/* ask: single operations of interrogation: docs/protocol/registry_enquiry.md.  req: R9.3-ii-c */
#pragma once

#include "registry/enquiry/answer.h"

/* GET /v1/enquiry/devices/{}?at=, /v1/enquiry/devices?make=&model= */
call_operation ask_device, ask_make;

/* Adds what other tables and parts know of a device in a row. */
enum err ask_complete(const struct call *call, const struct store_result *result, size_t row,
	struct known_device *device);
