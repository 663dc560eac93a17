// SPDX-License-Identifier: Apache-2.0
#include "device-cli/portal.h"

#include "base/private_file.h"
#include "base/text.h"
#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEME "https://"

enum { ANSWER_MS = 15 * 1000, ANSWER_MAX = 64 * 1024, TOKEN_MAX = 512, HOST_MAX = 256 };
enum { PORTAL_DETAIL = 256 };

struct portal {
	struct loop *loop;
	struct tls *tls;
	struct http_client *client;
	char host[HOST_MAX];
	char authorization[TOKEN_MAX + 16]; /* "": none */
	/* The call under way. */
	struct buf body;
	unsigned status;
	enum err result;
	char detail[PORTAL_DETAIL];
};

/* --- opened --- */

static enum err parse_url(const char *url, char host[HOST_MAX], char address[ADDRESS_MAX])
{
	size_t len = strncmp(url, SCHEME, strlen(SCHEME)) == 0 ? strlen(url) : 0;
	const char *rest = url + strlen(SCHEME);

	if (len == 0 || strcspn(rest, "@?#") != strlen(rest)) {
		return err_fail(ERR_CONFIG, "portal: https://HOST[:PORT] is wanted");
	}
	struct view authority = view_of(rest, strcspn(rest, "/"));

	if (authority.len < strlen(rest) && strcmp(rest + authority.len, "/") != 0) {
		return err_fail(ERR_CONFIG, "portal: no path is wanted after its host");
	}
	const uint8_t *colon = memrchr(authority.data, ':', authority.len);
	const uint8_t *bracket = memrchr(authority.data, ']', authority.len);
	bool has_port = colon && (!bracket || colon > bracket);
	struct view name = view_of(authority.data,
		has_port ? (size_t)(colon - authority.data) : authority.len);
	int written = snprintf(address, ADDRESS_MAX, "%.*s%s", (int)authority.len, rest,
		has_port ? "" : ":443");

	if (written >= ADDRESS_MAX) {
		return err_fail(ERR_CONFIG, "portal: its host is too long");
	}
	if (bracket) { /* certificates have addresses without */
		name = view_of(name.data + 1, name.len - 2);
	}
	TRY(text_copy(host, HOST_MAX, name, "portal"));
	return address_check(address);
}

/* What stands there is as good as the user's password. */
static enum err check_private(const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		return OK;
	}
	if (stat(path, &st) != 0) {
		return err_system("--token-file %s", path);
	}
	return private_file_is(path, &st)
		       ? OK
		       : err_fail(ERR_CONFIG,
				 "--token-file %s: others may read it; chmod 600 is wanted", path);
}

static enum err set_token(struct portal *portal, struct view text)
{
	while (text.len > 0 && strchr(" \r\n", text.data[text.len - 1])) {
		text.len--;
	}
	if (text.len == 0 || text.len >= TOKEN_MAX || !text_is_printable(text) ||
		memchr(text.data, ' ', text.len)) {
		return err_fail(ERR_CONFIG, "--token-file: it does not hold one session token");
	}
	(void)snprintf(portal->authorization, sizeof(portal->authorization), "Bearer %.*s",
		(int)text.len, (const char *)text.data);
	return OK;
}

static enum err read_token(struct portal *portal, const char *path)
{
	BUF_CLEANUP struct buf text = buf_growing(TOKEN_MAX);

	TRY(check_private(path));
	TRY(text_read_file(strcmp(path, "-") == 0 ? "/dev/stdin" : path, TOKEN_MAX, &text));
	enum err err = set_token(portal, buf_contents(&text));

	buf_wipe(&text);
	return err;
}

static enum err open_portal(struct portal *portal, const char *url, const char *authority,
	const char *token_file)
{
	const struct tls_files files = {.authority = authority};
	char address[ADDRESS_MAX];

	TRY(parse_url(url, portal->host, address));
	TRY(token_file ? read_token(portal, token_file) : OK);
	TRY(tls_client(&files, &portal->tls));
	const struct http_client_options options = {.address = address,
		.host = portal->host,
		.tls = portal->tls,
		.timeout_ms = ANSWER_MS,
		.stall_ms = ANSWER_MS,
		.limits = {.body = ANSWER_MAX}};

	return http_client_new(portal->loop, &options, &portal->client);
}

enum err portal_open(struct loop *loop, const char *url, const char *authority,
	const char *token_file, struct portal **ret)
{
	struct portal *portal = calloc(1, sizeof(*portal));

	if (!portal) {
		return err_fail(ERR_MEMORY, "portal: out of memory");
	}
	portal->loop = loop;
	portal->body = buf_growing(ANSWER_MAX);
	enum err err = open_portal(portal, url, authority, token_file);

	if (err != OK) {
		portal_close(portal);
		return err;
	}
	*ret = portal;
	return OK;
}

void portal_close(struct portal *portal)
{
	if (!portal) {
		return;
	}
	if (portal->client) {
		http_client_free(portal->client);
	}
	tls_free(portal->tls);
	buf_free(&portal->body);
	bytes_wipe(portal, sizeof(*portal));
	free(portal);
}

/* --- a call --- */

static void on_head(void *user, const struct http_head *head)
{
	((struct portal *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct portal *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct portal *portal = user;

	portal->result = result;
	(void)snprintf(portal->detail, sizeof(portal->detail), "%s", err_detail());
	loop_stop(portal->loop);
}

static enum err send_call(struct portal *portal, const char *method, const char *path,
	struct view body)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_field fields[3];
	size_t count = 0;
	struct http_call *call;

	fields[count++] = (struct http_field){view_text("Accept"), view_text("application/json")};
	if (portal->authorization[0]) {
		fields[count++] = (struct http_field){view_text("Authorization"),
			view_text(portal->authorization)};
	}
	if (body.len > 0) {
		fields[count++] = (struct http_field){view_text("Content-Type"),
			view_text("application/json")};
	}
	buf_clear(&portal->body);
	portal->status = 0;
	TRY(http_client_call(portal->client, method, view_text(path), fields, count, body, &on,
		portal, &call));
	loop_run(portal->loop);
	return portal->result == OK
		       ? buf_end(&portal->body, "portal's answer")
		       : err_fail(portal->result, "portal %s: %s", portal->host, portal->detail);
}

static enum err code_of(unsigned status)
{
	switch (status) {
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	case 408:
	case 429:
		return ERR_UNAVAILABLE;
	default:
		return status >= 500 ? ERR_UNAVAILABLE : ERR_DENIED;
	}
}

/* RFC 9457: what is wrong stands in `detail`. */
static enum err refused(const struct portal *portal)
{
	JSON_CLEANUP struct json *problem = NULL;
	struct view detail = view_text("");

	if (portal->status == 401) {
		return err_fail(ERR_DENIED,
			"portal %s: sign in there, and give the session's token "
			"with --token-file",
			portal->host);
	}
	if (json_parse(buf_contents(&portal->body), ANSWER_MAX, &problem) == OK) {
		(void)!json_text_opt(problem, "detail", &detail);
	}
	detail.len = text_is_printable(detail) && detail.len < PORTAL_DETAIL ? detail.len : 0;
	return err_fail(code_of(portal->status), "portal %s: %u %.*s", portal->host, portal->status,
		(int)detail.len, (const char *)detail.data);
}

enum err portal_call(struct portal *portal, const char *method, const char *path, struct view body,
	struct json **ret)
{
	*ret = NULL;
	TRY(send_call(portal, method, path, body));
	if (portal->status / 100 != 2) {
		return refused(portal);
	}
	return portal->body.len > 0 ? json_parse(buf_contents(&portal->body), ANSWER_MAX, ret) : OK;
}
