// SPDX-License-Identifier: Apache-2.0
/* openapi: the OpenAPI 3.1 document of the API, made from openapi.py when this is built. */
#pragma once

#include <stddef.h>

extern const char registry_openapi_text[];
extern const size_t registry_openapi_len;
