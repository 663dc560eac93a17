// SPDX-License-Identifier: Apache-2.0
/*
 * api: the API of the authorization element (docs/protocol/api.md), for operators, ASPs and subscribers: one table of
 * routes, served at every door. At the operator's doors only operators are let in; at the portal a row of the
 * table says who may.  req: B9.2.2-a B9.2.2-c B9.2.2-d B9.2.2-g
 */
#pragma once

#include "authz/api/call.h"

/* One row: `who` is a mask of enum who. Operations filter by call->asker. */
struct api_route {
	const char *method, *path;
	unsigned who;
	const char *name;
	call_operation *operation;
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

enum err api_start_up(struct authz *authz);
void api_shut_down(struct authz *authz);
/* Takes over who may use the API: from their next request on. ERR_MEMORY: all stays as it is. */
enum err api_admit(struct authz *authz, const struct conf_texts *operators);
