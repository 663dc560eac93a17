// SPDX-License-Identifier: Apache-2.0
#include "authz/api/api.h"

#include "authz/api/pages.h"
#include "wire/issuer.h"
#include "authz/extension/consents.h"
#include "authz/extension/extension_key.h"
#include "authz/portal/proof.h"
#include "authz/registration/registration.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024 };

static void forget(struct conf_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		free(texts->items[i]);
	}
	free(texts->items);
	*texts = (struct conf_texts){0};
}

enum err api_admit(struct authz *authz, const struct conf_texts *operators)
{
	struct conf_texts copy = {.items = calloc(operators->count + 1, sizeof(char *))};

	while (copy.items && copy.count < operators->count) {
		copy.items[copy.count] = text_dup(view_text(operators->items[copy.count]));
		if (!copy.items[copy.count]) {
			break;
		}
		copy.count++;
	}
	if (!copy.items || copy.count < operators->count) {
		forget(&copy);
		return err_fail(ERR_MEMORY, "operator.operators: out of memory");
	}
	forget(&authz->operators);
	authz->operators = copy;
	return OK;
}

/* Who may ask for what, at every door: the operator's socket, operator.listen and portal.listen. */
#define ROUTE(method, path, who, operation)                                                        \
	{                                                                                          \
		method, path, who, #operation, operation                                           \
	}
const struct api_route api_routes[] = {
	ROUTE("GET", "/v1/openapi.json", WHO_ANYONE, openapi_show),
	ROUTE("GET", "/v1/problems/{}", WHO_ANYONE, problem_show),
	ROUTE("GET", "/v1/status", WHO_OPERATOR, status_show),
	ROUTE("GET", "/v1/realm", WHO_OPERATOR, realm_show),
	ROUTE("POST", "/v1/subscribers", WHO_OPERATOR, subscriber_add),
	ROUTE("GET", "/v1/subscribers", WHO_OPERATOR, subscriber_list),
	ROUTE("GET", "/v1/subscribers/{}", WHO_OPERATOR, subscriber_show),
	ROUTE("PATCH", "/v1/subscribers/{}", WHO_OPERATOR, subscriber_change),
	ROUTE("DELETE", "/v1/subscribers/{}", WHO_OPERATOR, subscriber_remove),
	ROUTE("POST", "/v1/subscribers/{}/pull", WHO_OPERATOR, subscriber_pull),
	ROUTE("GET", "/v1/directory", WHO_OPERATOR, directory_show),
	ROUTE("POST", "/v1/devices", WHO_OPERATOR, device_add),
	ROUTE("GET", "/v1/devices", WHO_OPERATOR, device_list),
	ROUTE("GET", "/v1/devices/{}", WHO_OPERATOR, device_show),
	ROUTE("PATCH", "/v1/devices/{}", WHO_OPERATOR, device_change),
	ROUTE("DELETE", "/v1/devices/{}", WHO_OPERATOR, device_remove),
	ROUTE("PUT", "/v1/devices/{}/public-key", WHO_OPERATOR, device_public_key_set),
	ROUTE("DELETE", "/v1/devices/{}/public-key", WHO_OPERATOR, device_public_key_clear),
	ROUTE("POST", "/v1/asps", WHO_OPERATOR, asp_add),
	ROUTE("GET", "/v1/asps", WHO_OPERATOR, asp_list),
	ROUTE("GET", "/v1/asps/{}", WHO_OPERATOR, asp_show),
	ROUTE("PATCH", "/v1/asps/{}", WHO_OPERATOR, asp_change),
	ROUTE("DELETE", "/v1/asps/{}", WHO_OPERATOR, asp_remove),
	ROUTE("POST", "/v1/applications", WHO_OPERATOR | WHO_ASP, application_add),
	ROUTE("GET", "/v1/applications", WHO_OPERATOR | WHO_ASP, application_list),
	ROUTE("GET", "/v1/applications/{}", WHO_OPERATOR | WHO_ASP, application_show),
	ROUTE("PATCH", "/v1/applications/{}", WHO_OPERATOR | WHO_ASP, application_change),
	ROUTE("DELETE", "/v1/applications/{}", WHO_OPERATOR | WHO_ASP, application_remove),
	ROUTE("PUT", "/v1/grants", WHO_SIGNED_IN, grant_set),
	ROUTE("GET", "/v1/grants", WHO_SIGNED_IN, grant_list),
	ROUTE("DELETE", "/v1/grants", WHO_SIGNED_IN, grant_clear),
	/* clients that come from another operator, and that leave */
	ROUTE("GET", "/v1/change-key", WHO_ANYONE, change_key_show),
	ROUTE("POST", "/v1/changes", WHO_OPERATOR | WHO_SUBSCRIBER, change_add),
	ROUTE("GET", "/v1/changes", WHO_OPERATOR | WHO_SUBSCRIBER, change_list),
	ROUTE("GET", "/v1/changes/{}", WHO_OPERATOR | WHO_SUBSCRIBER, change_show),
	ROUTE("DELETE", "/v1/changes/{}", WHO_OPERATOR | WHO_SUBSCRIBER, change_abort),
	ROUTE("POST", "/v1/changes/{}/receipt", WHO_OPERATOR | WHO_SUBSCRIBER, change_receipt),
	ROUTE("POST", "/v1/changes/{}/approve", WHO_OPERATOR, change_approve),
	ROUTE("POST", "/v1/changes/{}/refuse", WHO_OPERATOR, change_refuse),
	ROUTE("GET", "/v1/departures", WHO_OPERATOR, departure_list),
	ROUTE("GET", "/v1/imports", WHO_OPERATOR, import_list),
	ROUTE("GET", "/v1/imports/{}", WHO_OPERATOR, import_show),
	ROUTE("POST", "/v1/imports/{}", WHO_OPERATOR, import_lines),
	ROUTE("GET", "/v1/imports/{}/errors", WHO_OPERATOR, import_errors),

	/* signing in */
	ROUTE("GET", "/v1/me", WHO_SIGNED_IN, me_show),
	ROUTE("PUT", "/v1/subscribers/{}/account", WHO_OPERATOR, account_set),
	ROUTE("DELETE", "/v1/subscribers/{}/account", WHO_OPERATOR, account_remove),
	ROUTE("PUT", "/v1/account", WHO_SUBSCRIBER, account_change),
	ROUTE("POST", "/v1/codes", WHO_ANYONE, code_send),
	ROUTE("POST", "/v1/sessions", WHO_ANYONE, sign_in),
	ROUTE("GET", "/v1/sessions", WHO_SUBSCRIBER, sign_in_list),
	ROUTE("DELETE", "/v1/sessions/{}", WHO_SUBSCRIBER, sign_out),
	ROUTE("POST", "/v1/keys", WHO_OPERATOR | WHO_ASP, key_add),
	ROUTE("GET", "/v1/keys", WHO_OPERATOR | WHO_ASP, key_list),
	ROUTE("DELETE", "/v1/keys/{}", WHO_OPERATOR | WHO_ASP, key_remove),

	/* on-boarding of ASPs (10.2) */
	ROUTE("POST", "/v1/asp-applications", WHO_ANYONE, asp_application_add),
	ROUTE("GET", "/v1/asp-applications", WHO_OPERATOR, asp_application_list),
	ROUTE("GET", "/v1/asp-applications/{}", WHO_OPERATOR, asp_application_show),
	ROUTE("POST", "/v1/asp-applications/{}/approve", WHO_OPERATOR, asp_application_approve),
	ROUTE("POST", "/v1/asp-applications/{}/refuse", WHO_OPERATOR, asp_application_refuse),
	ROUTE("POST", "/v1/asp-applications/{}/collect", WHO_ANYONE, asp_application_collect),
	ROUTE("POST", "/v1/certificates", WHO_ASP, certificate_add),
	ROUTE("GET", "/v1/certificates", WHO_OPERATOR | WHO_ASP, certificate_list),

	ROUTE("POST", "/v1/applications/{}/confirm", WHO_OPERATOR, application_confirm),
	ROUTE("POST", "/v1/applications/{}/refuse", WHO_OPERATOR, application_refuse),
	ROUTE("POST", "/v1/applications/{}/prove", WHO_OPERATOR | WHO_ASP, application_prove),
	ROUTE("GET", "/v1/catalogue", WHO_SIGNED_IN, catalogue_list),
	ROUTE("GET", "/v1/catalogue/{}", WHO_SIGNED_IN, catalogue_show),

	/* trust extension (10.3) and delegation */
	ROUTE("POST", "/v1/extensions", WHO_SUBSCRIBER, extension_add),
	ROUTE("GET", "/v1/extensions", WHO_SIGNED_IN, extension_list),
	ROUTE("GET", "/v1/extensions/{}", WHO_SIGNED_IN, extension_show),
	ROUTE("POST", "/v1/extensions/{}/approve", WHO_OPERATOR, extension_approve),
	ROUTE("POST", "/v1/extensions/{}/refuse", WHO_OPERATOR | WHO_ASP, extension_refuse),
	ROUTE("DELETE", "/v1/extensions/{}", WHO_SUBSCRIBER | WHO_OPERATOR, extension_withdraw),
	ROUTE("POST", "/v1/delegations", WHO_SUBSCRIBER | WHO_OPERATOR, delegation_add),
	ROUTE("GET", "/v1/delegations", WHO_SUBSCRIBER | WHO_OPERATOR, delegation_list),
	ROUTE("DELETE", "/v1/delegations", WHO_SUBSCRIBER | WHO_OPERATOR, delegation_remove),

	/* what was done, and what is told */
	ROUTE("GET", "/v1/audit", WHO_OPERATOR, audit_list),
	ROUTE("GET", "/v1/notifications", WHO_SIGNED_IN, notice_list),
	ROUTE("DELETE", "/v1/notifications/{}", WHO_SIGNED_IN, notice_remove),
};
const size_t api_route_count = sizeof(api_routes) / sizeof(api_routes[0]);

static bool may(const struct api_route *route, enum who who)
{
	return (route->who & (WHO_ANYONE | who)) != 0;
}

/* The row that serves a request. Its methods, for those who may ask for one, when it is another's path. */
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

/* Nobody learns what there is before it is known who asks.  req: B9.2.2-d */
static void serve(struct call *call)
{
	struct view segments[HTTP_SEGMENTS] = {{0}};
	char list[64];
	struct buf allow = buf_fixed(list, sizeof(list));
	const struct api_route *route = find_route(call, segments, &allow);
	const enum who who = call->asker.who;

	if (route && may(route, who)) {
		call_start(call, segments, route->name, route->operation);
	} else if (who == WHO_ANYONE) {
		call_refuse(call, 401, "sign in first: docs/protocol/api.md");
	} else if (route) {
		call_refuse(call, 403, "this is not for your role");
	} else if (allow.len > 0) {
		call_not_allowed(call, buf_contents(&allow));
	} else {
		call_refuse(call, 404, "no such resource");
	}
}

/* Who is no operator gets no further at these doors. */
static void deny(struct call *call)
{
	struct http_request *request = call->request;

	if (request->stream) {
		log_event(LOG_WARN, "operator.denied", "", LOG_TEXT("by", call->asker.by),
			LOG_TEXT("peer", stream_peer_address(request->stream)));
	}
	call_refuse(call, 403, "only operators of this realm may use this API");
}

static void on_operator_request(void *user, struct http_request *request)
{
	struct authz *authz = user;
	struct call *call = call_open(authz, request);

	if (!call) {
		return;
	}
	if (asker_is_operator(authz, request, &call->asker)) {
		serve(call);
	} else {
		deny(call);
	}
}

static void on_asker(struct authz *authz, uint64_t ref, enum err err, const struct asker *asker)
{
	struct call *call = pool_at(authz->calls, ref);

	if (!call) {
		return;
	}
	call->asker = *asker;
	if (err != OK) {
		call_fail(call, err);
		return;
	}
	serve(call);
}

static void on_portal_request(void *user, struct http_request *request)
{
	struct authz *authz = user;

	if (pages_serve(authz, request)) {
		return;
	}
	struct call *call = call_open(authz, request);

	if (!call) {
		return;
	}
	enum err err = asker_find(authz, request, on_asker, call->ref);

	if (err != OK) {
		call_fail(call, err);
	}
}

static enum err open_door(struct authz *authz, const char *address, struct tls *tls,
	int64_t connections, http_handler *handler, struct http_server **ret)
{
	const struct http_server_options options = {
		.listen = {.address = address,
			.tls = tls,
			.connections = (size_t)connections,
			.limits = {.output = CALL_REPLY_MAX + 64 * 1024}},
		.limits = {.body = BODY_MAX},
		.http2 = true,
	};

	return http_server_open(authz->loop, &options, handler, authz, ret);
}

static enum err open_https(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;
	const struct tls_files files = {conf->operator_certificate, conf->operator_key,
		conf->operator_authority};

	if (!files.certificate[0] || !files.key[0] || !files.authority[0]) {
		return err_fail(ERR_CONFIG, "operator.listen needs operator.certificate, "
					    "operator.key and operator.authority");
	}
	TRY(tls_server(&files, TLS_PEERS_REQUIRED, &authz->operator_tls));
	return open_door(authz, conf->operator_listen, authz->operator_tls,
		conf->operator_connections, on_operator_request, &authz->operator_https);
}

static enum err open_portal(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;
	const struct tls_files files = {conf->portal_certificate, conf->portal_key,
		conf->portal_authority};
	const bool asks = files.authority[0];

	if (!files.certificate[0] || !files.key[0]) {
		return err_fail(ERR_CONFIG,
			"portal.listen needs portal.certificate and portal.key");
	}
	TRY(tls_server(&files, asks ? TLS_PEERS_OPTIONAL : TLS_PEERS_NONE, &authz->portal_tls));
	return open_door(authz, conf->portal_listen, authz->portal_tls, conf->portal_connections,
		on_portal_request, &authz->portal);
}

static enum err open_asp_ca(struct authz *authz)
{
	const struct authz_conf *conf = authz->conf;

	if (!conf->asp_ca_certificate[0] && !conf->asp_ca_key[0]) {
		return OK;
	}
	if (!conf->asp_ca_certificate[0] || !conf->asp_ca_key[0]) {
		return err_fail(ERR_CONFIG, "asp.ca_certificate and asp.ca_key go together");
	}
	return issuer_open(conf->asp_ca_certificate, conf->asp_ca_key, &authz->asp_ca) == OK
		       ? OK
		       : err_fail(ERR_CONFIG, "asp.ca: %s", err_detail());
}

enum err api_start_up(struct authz *authz)
{
	char address[ADDRESS_MAX];

	TRY(call_start_up(authz));
	TRY(import_start_up(authz));
	TRY(directory_start_up(authz));
	TRY(accounts_start_up(authz));
	TRY(open_asp_ca(authz));
	TRY(extension_key_start_up(authz));
	TRY(consents_start_up(authz));
	TRY(api_admit(authz, &authz->conf->operators));
	if (authz->conf->portal_listen[0]) {
		TRY(open_portal(authz));
	}
	if (authz->conf->operator_listen[0]) {
		TRY(open_https(authz));
	}
	if (!authz->conf->operator_socket[0]) {
		return OK;
	}
	int len = snprintf(address, sizeof(address), "unix:%s", authz->conf->operator_socket);

	if (len >= (int)sizeof(address)) {
		return err_fail(ERR_CONFIG, "operator.socket: longer than a socket's name may be");
	}
	return open_door(authz, address, NULL, authz->conf->operator_connections,
		on_operator_request, &authz->operator_socket);
}

void api_shut_down(struct authz *authz)
{
	call_shut_down(authz);
	import_shut_down(authz);
	directory_shut_down(authz);
	proof_shut_down(authz);
	accounts_shut_down(authz);
	issuer_free(authz->asp_ca);
	authz->asp_ca = NULL;
	consents_shut_down(authz);
	extension_key_shut_down(authz);
	http_server_close(authz->operator_https);
	http_server_close(authz->operator_socket);
	http_server_close(authz->portal);
	authz->operator_https = authz->operator_socket = authz->portal = NULL;
	tls_free(authz->operator_tls);
	tls_free(authz->portal_tls);
	authz->operator_tls = authz->portal_tls = NULL;
	forget(&authz->operators);
}
