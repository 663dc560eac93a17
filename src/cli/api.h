// SPDX-License-Identifier: Apache-2.0
/* api: the API of an authorization element (docs/protocol/api.md), asked and waited for. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "wire/http.h"

struct api;

/* Where it is. `url` NULL: the Unix socket. */
struct api_place {
	const char *socket;
	const char *url;       /* https://NAME[:PORT]; NAME stands in the node's certificate */
	const char *connect;   /* an address to connect to in place of NAME; NULL: NAME's */
	const char *authority; /* PEM file, with `url` */
	const char *certificate, *key; /* PEM files, both or none */
	const char *session;	       /* file with a session or an API key; NULL: none */
};

/* ERR_CONFIG names what is wrong with the place. */
enum err api_open(const struct api_place *place, struct api **ret);
void api_close(struct api *api); /* NULL is fine */

/* Asks, with a JSON body unless it is empty. ERR_UNAVAILABLE and other failures when no answer came. */
enum err api_ask(struct api *api, const char *method, const char *target, struct view body);
/* The same with more: further fields, and where the body of a good answer goes as it comes (NULL: it is kept). */
struct api_extra {
	const struct http_field *fields;
	size_t count;
	void (*sink)(void *user, struct view part);
	void *user;
};
enum { API_FIELDS = 8 };
enum err api_ask_with(struct api *api, const char *method, const char *target, struct view body,
	const struct api_extra *extra);
/* What stands in Host. */
const char *api_host(const struct api *api);
/* The last answer's Accept-Signature (RFC 9421 5.1): which signature it wants; empty: none. */
struct view api_challenge(const struct api *api);

/* The last answer. */
unsigned api_status(const struct api *api);
struct view api_body(const struct api *api);
