// SPDX-License-Identifier: Apache-2.0
#include "registry/api/api_inside.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- routes ---- */

static bool may(const struct api_route *route, enum who who)
{
	return (route->who & (WHO_ANYONE | who)) != 0;
}

/* The row that serves a request. Its methods, for those who may ask for one, when there is none. */
static const struct api_route *find_route(const struct call *call, struct view *ret_segments,
	struct buf *ret_allow)
{
	const struct http_request *request = call->request;

	for (size_t i = 0; i < api_route_count; i++) {
		const struct api_route *route = &api_routes[i];

		if (!http_path_matches(route->path, request->target.path, ret_segments)) {
			continue;
		}
		if (http_method_matches(route->method, request->head->method)) {
			return route;
		}
		if (may(route, call->asker.who)) {
			buf_text(ret_allow, ret_allow->len > 0 ? ", " : "");
			buf_text(ret_allow, route->method);
		}
	}
	return NULL;
}

/* Who might ask with a signature is asked for it. */
static void ask_for_signature(struct call *call)
{
	struct registry *registry = call->registry;
	const pool_ref ref = call->ref;
	enum err err = asker_from_signature(call);

	call = call_at(registry, ref);
	if (call && err != OK) {
		call_fail(call, err);
	}
}

/* A browser shows its certificate, and sends forms, for any page that it was led to; it says for which (RFC 6454). */
static bool is_for_another_site(const struct http_request *request)
{
	static const char scheme[] = "https://";
	const struct view origin = http_field_of(request->head, "Origin");
	const struct view host = http_field_of(request->head, "Host");
	const size_t skip = sizeof(scheme) - 1;

	if (!origin.data || http_method_matches("GET", request->head->method)) {
		return false;
	}
	return origin.len != skip + host.len || memcmp(origin.data, scheme, skip) != 0 ||
	       memcmp(origin.data + skip, host.data, host.len) != 0;
}

/* Nobody learns what there is before it is known who asks. */
void api_go_on(struct call *call)
{
	struct view segments[HTTP_SEGMENTS] = {{0}};
	char list[64];
	struct buf allow = buf_fixed(list, sizeof(list));
	const struct api_route *route = find_route(call, segments, &allow);
	const enum who who = call->asker.who;

	if (is_for_another_site(call->request)) {
		call_refuse(call, 403, "a page of another site asks for it");
	} else if (route && may(route, who)) {
		call_start(call, segments, route->name, route->operation);
	} else if (route && who == WHO_ANYONE && (route->who & WHO_PARTY)) {
		ask_for_signature(call);
	} else if (!route && allow.len > 0) {
		call_not_allowed(call, buf_contents(&allow));
	} else if (who == WHO_ANYONE) {
		call_refuse(call, 401, "who asks is not known: docs/protocol/registry_api.md");
	} else if (route) {
		call_refuse(call, 403, "this is not for your role");
	} else {
		call_refuse(call, 404, "no such resource");
	}
}

void api_serve(struct registry *registry, struct http_request *request, const struct asker *known)
{
	struct call *call = call_open(registry, request);

	if (!call) {
		return;
	}
	if (known) {
		call->asker = *known;
	} else {
		asker_from_connection(registry, request, &call->asker);
	}
	api_go_on(call);
}

/* ---- doors ---- */

static void on_request(void *user, struct http_request *request)
{
	api_serve(user, request, NULL);
}

static void forget(struct conf_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		free(texts->items[i]);
	}
	free(texts->items);
	*texts = (struct conf_texts){0};
}

static enum err copy(const struct conf_texts *from, struct conf_texts *ret)
{
	*ret = (struct conf_texts){.items = calloc(from->count + 1, sizeof(char *))};
	while (ret->items && ret->count < from->count) {
		ret->items[ret->count] = text_dup(view_text(from->items[ret->count]));
		if (!ret->items[ret->count]) {
			break;
		}
		ret->count++;
	}
	return ret->items && ret->count == from->count ? OK
						       : err_fail(ERR_MEMORY, "api: out of memory");
}

enum err api_admit(struct registry *registry, const struct registry_conf *conf)
{
	struct conf_texts administrators, auditors = {0};
	enum err err = copy(&conf->administrators, &administrators);

	err = err == OK ? copy(&conf->auditors, &auditors) : err;
	if (err != OK) {
		forget(&administrators);
		forget(&auditors);
		return err;
	}
	forget(&registry->api->administrators);
	forget(&registry->api->auditors);
	registry->api->administrators = administrators;
	registry->api->auditors = auditors;
	return OK;
}

static enum err open_door(struct registry *registry, const char *address, struct tls *tls,
	struct http_server **ret)
{
	const struct registry_conf *conf = registry->conf;
	const struct http_server_options options = {
		.listen = {.address = address,
			.tls = tls,
			.connections = (size_t)conf->api_connections,
			.connections_per_address = (size_t)conf->api_per_address,
			.limits = {.output = CALL_REPLY_MAX + 64 * 1024}},
		.limits = {.body = tls ? API_BODY_MAX : (size_t)conf->advisory_size},
		.head_ms = conf->api_head,
		.idle_ms = conf->api_idle,
		.name = "symbolon-registry",
		.http2 = true,
	};

	return http_server_open(registry->loop, &options, on_request, registry, ret);
}

/* Clients are verified when they show a certificate; others may still sign, or ask for what anyone may know. */
static enum err open_https(struct registry *registry)
{
	const struct registry_conf *conf = registry->conf;
	const struct tls_files files = {conf->api_certificate, conf->api_key, conf->api_authority};
	const bool asks = files.authority[0];

	if (asks && !files.certificate[0] && !files.key[0]) { /* a parent gives one */
		TRY(tls_server_unnamed(files.authority, TLS_PEERS_OPTIONAL, &registry->api->tls));
	} else if (!files.certificate[0] || !files.key[0]) {
		return err_fail(ERR_CONFIG, "api.listen needs api.certificate and api.key, or "
					    "api.authority and a parent that gives a certificate");
	} else {
		TRY(tls_server(&files, asks ? TLS_PEERS_OPTIONAL : TLS_PEERS_NONE,
			&registry->api->tls));
	}
	return open_door(registry, conf->api_listen, registry->api->tls, &registry->api->https);
}

static enum err open_socket(struct registry *registry)
{
	char address[ADDRESS_MAX];
	int len = snprintf(address, sizeof(address), "unix:%s", registry->conf->api_socket);

	if (len >= (int)sizeof(address)) {
		return err_fail(ERR_CONFIG, "api.socket: longer than a socket's name may be");
	}
	return open_door(registry, address, NULL, &registry->api->socket);
}

enum err api_start_up(struct registry *registry)
{
	registry->api = calloc(1, sizeof(*registry->api));
	if (!registry->api) {
		return err_fail(ERR_MEMORY, "api: out of memory");
	}
	TRY(call_start_up(registry));
	TRY(api_admit(registry, registry->conf));
	if (registry->conf->api_listen[0]) {
		TRY(open_https(registry));
	}
	return registry->conf->api_socket[0] ? open_socket(registry) : OK;
}

void api_shut_down(struct registry *registry)
{
	struct api *api = registry->api;

	call_shut_down(registry);
	if (!api) {
		return;
	}
	http_server_close(api->https);
	http_server_close(api->socket);
	tls_free(api->tls);
	forget(&api->administrators);
	forget(&api->auditors);
	free(api);
	registry->api = NULL;
}

/* ---- figures ---- */

const struct listener *api_listener(const struct api *api, enum api_door door)
{
	const struct http_server *server = !api		       ? NULL
					   : door == API_HTTPS ? api->https
							       : api->socket;

	return server ? http_server_listener(server) : NULL;
}

struct tls *api_tls(const struct api *api)
{
	return api ? api->tls : NULL;
}

const char *api_address(const struct api *api)
{
	return api && api->https ? http_server_address(api->https) : "";
}

void api_put_answers(const struct api *api, struct buf *out)
{
	const struct metrics_server servers[] = {{"api", api ? api->https : NULL},
		{"api_socket", api ? api->socket : NULL}};

	metrics_put_answers(out, servers, sizeof(servers) / sizeof(servers[0]));
}
