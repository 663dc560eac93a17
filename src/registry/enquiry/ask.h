// SPDX-License-Identifier: Apache-2.0
/* ask: single operations of interrogation: docs/protocol/registry_enquiry.md.  req: R9.3-ii-c */
#pragma once

#include "registry/enquiry/answer.h"

/* GET /v1/enquiry/devices/{}?at=, /v1/enquiry/devices?make=&model=, /v1/enquiry/applications/{} */
call_operation ask_device, ask_make, ask_application;
/* PUT, DELETE /v1/devices/{}/consents/{}: an owner lets a party find a device by its make and model, or no more. */
call_operation consent_set, consent_drop;
