// SPDX-License-Identifier: Apache-2.0
/* routes: who may ask for what, at every door. Each part keeps its rows together. */
#include "registry/api/api.h"
#include "registry/api/problems.h"
#include "registry/api/status.h"

#define ROUTE(method, path, who, operation)                                                        \
	{                                                                                          \
		method, path, who, #operation, operation                                           \
	}
const struct api_route api_routes[] = {
	ROUTE("GET", "/v1/problems/{}", WHO_ANYONE, problem_show),
	ROUTE("GET", "/v1/status", WHO_STAFF, status_show),
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);
