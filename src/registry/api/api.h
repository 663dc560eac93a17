// SPDX-License-Identifier: Apache-2.0
/*
 * api: the doors of a registry, and the one table of routes that all of them serve (docs/protocol/registry_api.md): HTTPS
 * with or without a certificate, and a Unix socket for whoever runs it.  req: R7-i-a R9.1-iii R9.1-iv
 */
#pragma once

#include "registry/api/call.h"

/* One row: `who` is a mask of enum who. Operations filter by call->asker. */
struct api_route {
	const char *method, *path;
	unsigned who;
	const char *name;
	call_operation *operation;
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

enum { API_BODY_MAX = 1 << 20 };

enum err api_start_up(struct registry *registry);
void api_shut_down(struct registry *registry);
/* Takes over who administers and who audits: from their next request on. ERR_MEMORY: all stays as it is. */
enum err api_admit(struct registry *registry, const struct registry_conf *conf);

/* Serves a request that came in at a door of another part, whose handler knows who asks; at the doors here `known` is NULL. */
void api_serve(struct registry *registry, struct http_request *request, const struct asker *known);
/* The second half, once a call's asker is known. */
void api_go_on(struct call *call);

enum api_door { API_HTTPS, API_SOCKET };
const struct listener *api_listener(const struct api *api, enum api_door door); /* NULL: none */
struct tls *api_tls(const struct api *api);	/* of the HTTPS door; NULL: none */
const char *api_address(const struct api *api); /* of the HTTPS door; "": none */
void api_put_answers(const struct api *api, struct buf *out);
