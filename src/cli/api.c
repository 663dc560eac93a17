// SPDX-License-Identifier: Apache-2.0
#include "cli/api.h"

#include "base/secret.h"
#include "base/text.h"
#include "cli/cli.h"
#include "net/http_client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 32 << 20, HOST_MAX = 256, HEADER_NAMES = 3, CHALLENGE_MAX = 1024 };

struct api {
	struct loop *loop;
	struct tls *tls;
	struct http_client *client;
	char address[ADDRESS_MAX], host[HOST_MAX];
	const char *shown; /* where it is, for sentences */
	char bearer[256];  /* "": nothing is shown */
	unsigned status;
	char challenge[CHALLENGE_MAX];
	const struct api_extra *extra; /* while it asks; may be NULL */
	struct buf body;
	bool ended;
	enum err result;
};

/* https://NAME[:PORT], nothing after it but one slash. */
static enum err read_url(struct api *api, const char *url)
{
	static const char scheme[] = "https://";
	size_t skip = strlen(scheme), len = strlen(url);

	if (strncmp(url, scheme, skip) != 0) {
		return err_fail(ERR_CONFIG, "--url %s: it begins with https://", url);
	}
	len -= len > skip && url[len - 1] == '/' ? 1 : 0;
	const char *authority = url + skip;
	size_t room = len - skip;
	const char *bracket = memchr(authority, ']', room);
	const char *colon = memchr(bracket ? bracket : authority, ':',
		room - (bracket ? (size_t)(bracket - authority) : 0));
	size_t host = colon ? (size_t)(colon - authority) : room;

	if (host == 0 || host >= sizeof(api->host) || room >= sizeof(api->address) - 4 ||
		memchr(authority, '/', room) || memchr(authority, '@', room)) {
		return err_fail(ERR_CONFIG, "--url %s: https://NAME[:PORT] is wanted", url);
	}
	(void)snprintf(api->host, sizeof(api->host), "%.*s", (int)host, authority);
	(void)snprintf(api->address, sizeof(api->address), "%.*s%s", (int)room, authority,
		colon ? "" : ":443");
	return OK;
}

static enum err find_https(struct api *api, const struct api_place *place)
{
	const struct tls_files files = {place->certificate, place->key, place->authority};

	TRY(read_url(api, place->url));
	if (!files.authority || !files.certificate != !files.key) {
		return err_fail(ERR_CONFIG,
			"--url needs --ca, and for a certificate --cert and --key");
	}
	if (place->connect) {
		TRY(text_copy(api->address, sizeof(api->address), view_text(place->connect),
			"--connect"));
	}
	api->shown = place->url;
	if (tls_client(&files, &api->tls) != OK) {
		return ERR_CONFIG;
	}
	return OK;
}

static enum err find_socket(struct api *api, const struct api_place *place)
{
	char here[PATH_MAX] = "";

	if (place->socket[0] != '/' && !getcwd(here, sizeof(here))) {
		return err_system("--socket %s", place->socket);
	}
	int len = snprintf(api->address, sizeof(api->address), "unix:%s%s%s", here,
		here[0] ? "/" : "", place->socket);

	api->shown = place->socket;
	(void)snprintf(api->host, sizeof(api->host), "authz");
	return len < (int)sizeof(api->address)
		       ? OK
		       : err_fail(ERR_CONFIG, "--socket %s: longer than a socket's name may be",
				 place->socket);
}

/* RFC 6750. A file that is not there yet is no session. */
static enum err read_session(struct api *api, const char *path)
{
	struct buf text = buf_fixed(api->bearer, sizeof(api->bearer) - 1);

	if (!path || (access(path, F_OK) != 0 && strcmp(path, "-") != 0)) {
		return OK;
	}
	buf_text(&text, "Bearer ");
	TRY(cli_read_secret(path, &text));
	while (text.len > 0 && text.data[text.len - 1] <= ' ') {
		text.len--;
	}
	api->bearer[text.len] = '\0';
	return OK;
}

static enum err set_up(struct api *api, const struct api_place *place)
{
	TRY(place->url ? find_https(api, place) : find_socket(api, place));
	TRY(read_session(api, place->session));
	if (address_check(api->address) != OK) {
		return ERR_CONFIG;
	}
	const struct http_client_options options = {
		.address = api->address,
		.host = api->host,
		.tls = api->tls,
		.connections = 1,
		.limits = {.body = ANSWER_MAX},
	};

	TRY(loop_new(&env_system, &api->loop));
	return http_client_new(api->loop, &options, &api->client);
}

enum err api_open(const struct api_place *place, struct api **ret)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api) {
		return err_fail(ERR_MEMORY, "out of memory");
	}
	api->body = buf_growing(ANSWER_MAX);
	enum err err = set_up(api, place);

	if (err != OK) {
		api_close(api);
		return err;
	}
	*ret = api;
	return OK;
}

void api_close(struct api *api)
{
	if (!api) {
		return;
	}
	if (api->client) {
		http_client_free(api->client);
	}
	if (api->loop) {
		loop_free(api->loop);
	}
	tls_free(api->tls);
	buf_wipe(&api->body); /* it may have a session or a key in it */
	buf_free(&api->body);
	bytes_wipe(api->bearer, sizeof(api->bearer));
	free(api);
}

static void on_head(void *user, const struct http_head *head)
{
	struct api *api = user;

	api->status = head->status;
	struct view challenge = http_field_of(head, "Accept-Signature");

	if (text_copy(api->challenge, sizeof(api->challenge), challenge, "Accept-Signature") != OK) {
		api->challenge[0] = '\0';
	}
}

static void on_body(void *user, struct view part)
{
	struct api *api = user;

	if (api->extra && api->extra->sink && api->status / 100 == 2) {
		api->extra->sink(api->extra->user, part);
		return;
	}
	buf_view(&api->body, part);
}

static void on_done(void *user, enum err result)
{
	struct api *api = user;

	api->result = result;
	api->ended = true;
}

enum err api_ask(struct api *api, const char *method, const char *target, struct view body)
{
	return api_ask_with(api, method, target, body, NULL);
}

static bool says_type(const struct api_extra *extra)
{
	for (size_t i = 0; extra && i < extra->count; i++) {
		if (view_is_nocase(extra->fields[i].name, "Content-Type")) {
			return true;
		}
	}
	return false;
}

enum err api_ask_with(struct api *api, const char *method, const char *target, struct view body,
	const struct api_extra *extra)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_field fields[HEADER_NAMES + API_FIELDS] = {
		{view_text("Accept"), view_text("application/json")}};
	struct http_call *call;
	size_t count = 1;

	if (body.len > 0 && !says_type(extra)) {
		fields[count++] = (struct http_field){view_text("Content-Type"),
			view_text("application/json")};
	}
	if (api->bearer[0]) {
		fields[count++] =
			(struct http_field){view_text("Authorization"), view_text(api->bearer)};
	}
	for (size_t i = 0; extra && i < extra->count && i < API_FIELDS; i++) {
		fields[count++] = extra->fields[i];
	}
	api->extra = extra;
	api->status = 0;
	api->challenge[0] = '\0';
	api->ended = false;
	buf_clear(&api->body);
	TRY(http_client_call(api->client, method, view_text(target), fields, count, body, &on, api,
		&call));
	while (!api->ended) {
		loop_turn(api->loop, 1000);
	}
	if (api->result != OK) {
		char why[200];

		(void)snprintf(why, sizeof(why), "%s", err_detail());
		return err_fail(ERR_UNAVAILABLE, "%s: %s", api->shown, why);
	}
	return buf_end(&api->body, "answer");
}

const char *api_host(const struct api *api)
{
	return api->host;
}

struct view api_challenge(const struct api *api)
{
	return view_text(api->challenge);
}

unsigned api_status(const struct api *api)
{
	return api->status;
}

struct view api_body(const struct api *api)
{
	return buf_contents(&api->body);
}
