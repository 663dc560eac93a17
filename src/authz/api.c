// SPDX-License-Identifier: Apache-2.0
#include "authz/api.h"

#include "authz/registration.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024, BY_MAX = 80 };

/* Who asks: the user at the Unix socket, or the name in the certificate. */
static void name_asker(struct stream *stream, char ret[BY_MAX])
{
	int64_t uid = stream_peer_uid(stream);

	if (uid >= 0) {
		(void)snprintf(ret, BY_MAX, "uid %lld", (long long)uid);
		return;
	}
	(void)snprintf(ret, BY_MAX, "%s", stream_peer_name(stream));
}

static bool is_operator(const struct authz *authz, const struct http_request *request)
{
	const struct conf_texts *names = &authz->operators;

	if (!request->stream) {
		return false;
	}
	int64_t uid = stream_peer_uid(request->stream);

	if (uid >= 0) {
		return uid == 0 || uid == (int64_t)geteuid();
	}
	for (size_t i = 0; i < names->count; i++) {
		if (stream_peer_is(request->stream, names->items[i])) {
			return true;
		}
	}
	return false;
}

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

static void run(struct authz *authz, struct http_request *request, const struct view *segments,
	const char *name, call_operation *operation)
{
	char by[BY_MAX];

	name_asker(request->stream, by);
	call_run(authz, request, segments, name, by, operation);
}

#define OPERATION(name)                                                                            \
	static void on_##name(void *user, struct http_request *request,                            \
		const struct view *segments)                                                       \
	{                                                                                          \
		run(user, request, segments, #name, name);                                         \
	}
OPERATION(status_show)
OPERATION(realm_show)
OPERATION(subscriber_add)
OPERATION(subscriber_list)
OPERATION(subscriber_show)
OPERATION(subscriber_remove)
OPERATION(subscriber_pull)
OPERATION(directory_show)
OPERATION(device_add)
OPERATION(device_list)
OPERATION(device_show)
OPERATION(device_remove)
OPERATION(device_public_key_set)
OPERATION(device_public_key_clear)
OPERATION(asp_add)
OPERATION(asp_list)
OPERATION(asp_show)
OPERATION(asp_change)
OPERATION(asp_remove)
OPERATION(application_add)
OPERATION(application_list)
OPERATION(application_show)
OPERATION(application_change)
OPERATION(application_remove)
OPERATION(grant_set)
OPERATION(grant_list)
OPERATION(grant_clear)
OPERATION(import_lines)
OPERATION(import_list)
OPERATION(import_show)
OPERATION(import_errors)

/* Access is decided before the routes, so that others do not even learn what there is. */
static const struct http_route routes[] = {
	{"GET", "/v1/status", NULL, on_status_show},
	{"GET", "/v1/realm", NULL, on_realm_show},
	{"POST", "/v1/subscribers", NULL, on_subscriber_add},
	{"GET", "/v1/subscribers", NULL, on_subscriber_list},
	{"GET", "/v1/subscribers/{}", NULL, on_subscriber_show},
	{"DELETE", "/v1/subscribers/{}", NULL, on_subscriber_remove},
	{"POST", "/v1/subscribers/{}/pull", NULL, on_subscriber_pull},
	{"GET", "/v1/directory", NULL, on_directory_show},
	{"POST", "/v1/devices", NULL, on_device_add},
	{"GET", "/v1/devices", NULL, on_device_list},
	{"GET", "/v1/devices/{}", NULL, on_device_show},
	{"DELETE", "/v1/devices/{}", NULL, on_device_remove},
	{"PUT", "/v1/devices/{}/public-key", NULL, on_device_public_key_set},
	{"DELETE", "/v1/devices/{}/public-key", NULL, on_device_public_key_clear},
	{"POST", "/v1/asps", NULL, on_asp_add},
	{"GET", "/v1/asps", NULL, on_asp_list},
	{"GET", "/v1/asps/{}", NULL, on_asp_show},
	{"PATCH", "/v1/asps/{}", NULL, on_asp_change},
	{"DELETE", "/v1/asps/{}", NULL, on_asp_remove},
	{"POST", "/v1/applications", NULL, on_application_add},
	{"GET", "/v1/applications", NULL, on_application_list},
	{"GET", "/v1/applications/{}", NULL, on_application_show},
	{"PATCH", "/v1/applications/{}", NULL, on_application_change},
	{"DELETE", "/v1/applications/{}", NULL, on_application_remove},
	{"PUT", "/v1/grants", NULL, on_grant_set},
	{"GET", "/v1/grants", NULL, on_grant_list},
	{"DELETE", "/v1/grants", NULL, on_grant_clear},
	{"GET", "/v1/imports", NULL, on_import_list},
	{"GET", "/v1/imports/{}", NULL, on_import_show},
	{"POST", "/v1/imports/{}", NULL, on_import_lines},
	{"GET", "/v1/imports/{}/errors", NULL, on_import_errors},
};

static void deny(struct http_request *request)
{
	char by[BY_MAX];

	if (request->stream) {
		name_asker(request->stream, by);
		log_event(LOG_WARN, "operator.denied", "", LOG_TEXT("by", by),
			LOG_TEXT("peer", stream_peer_address(request->stream)));
	}
	http_answer_problem(request, 403, "only operators of this realm may use this API");
}

static void on_request(void *user, struct http_request *request)
{
	struct authz *authz = user;

	if (!is_operator(authz, request)) {
		deny(request);
		return;
	}
	http_route(routes, sizeof(routes) / sizeof(routes[0]), authz, request);
}

static enum err open_door(struct authz *authz, const char *address, struct tls *tls,
	struct http_server **ret)
{
	const struct http_server_options options = {
		.listen = {.address = address,
			.tls = tls,
			.connections = (size_t)authz->conf->operator_connections,
			.limits = {.output = CALL_REPLY_MAX + 64 * 1024}},
		.limits = {.body = BODY_MAX},
	};

	return http_server_open(authz->loop, &options, on_request, authz, ret);
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
	return open_door(authz, conf->operator_listen, authz->operator_tls, &authz->operator_https);
}

enum err api_start_up(struct authz *authz)
{
	char address[ADDRESS_MAX];

	TRY(call_start_up(authz));
	TRY(import_start_up(authz));
	TRY(directory_start_up(authz));
	TRY(api_admit(authz, &authz->conf->operators));
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
	return open_door(authz, address, NULL, &authz->operator_socket);
}

void api_shut_down(struct authz *authz)
{
	call_shut_down(authz);
	import_shut_down(authz);
	directory_shut_down(authz);
	http_server_close(authz->operator_https);
	http_server_close(authz->operator_socket);
	authz->operator_https = authz->operator_socket = NULL;
	tls_free(authz->operator_tls);
	authz->operator_tls = NULL;
	forget(&authz->operators);
}
