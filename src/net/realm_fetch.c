// SPDX-License-Identifier: Apache-2.0
#include "net/realm_fetch.h"

#include "base/text.h"
#include "net/http_client.h"
#include "wire/realm_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 5000, DETAIL = 256 };

struct realm_fetch {
	struct loop *loop;
	struct http_client *client;
	struct buf body;
	unsigned status;
	char host[REALM_HOST];
	struct timer end; /* outside of the client's callback it can be freed */
	enum err result;
	char detail[DETAIL];
	realm_fetched *done;
	void *user;
};

enum err realm_url_parse(const char *url, char ret_host[REALM_HOST], char ret_address[ADDRESS_MAX])
{
	static const char scheme[] = "https://";
	const char *authority = url + strlen(scheme);
	size_t len = strncmp(url, scheme, strlen(scheme)) == 0 ? strcspn(authority, "/") : 0;
	const char *path = authority + len;
	size_t name = strcspn(authority, ":/");
	char address[ADDRESS_MAX];

	if (len == 0 || name == 0 || name >= REALM_HOST || len + sizeof(":443") > ADDRESS_MAX ||
		!text_is_printable(view_text(url)) ||
		(path[0] && strcmp(path, "/") != 0 && strcmp(path, REALM_DOCUMENT_PATH) != 0)) {
		return err_fail(ERR_CONFIG, "%.100s: not https:// and the host of a realm's node",
			url);
	}
	(void)snprintf(address, sizeof(address), "%.*s%s", (int)len, authority,
		name == len ? ":443" : "");
	if (address_check(address) != OK) {
		return err_fail(ERR_CONFIG, "%.100s: its host and port make no address", url);
	}
	(void)snprintf(ret_host, REALM_HOST, "%.*s", (int)name, authority);
	(void)snprintf(ret_address, ADDRESS_MAX, "%s", address);
	return OK;
}

enum err realm_url_check(const char *url)
{
	char host[REALM_HOST], address[ADDRESS_MAX];

	return url[0] ? realm_url_parse(url, host, address) : OK;
}

void realm_fetch_cancel(struct realm_fetch *fetch)
{
	if (!fetch) {
		return;
	}
	fetch->done = NULL;
	timer_stop(fetch->loop, &fetch->end);
	http_client_free(fetch->client);
	buf_free(&fetch->body);
	free(fetch);
}

static void on_head(void *user, const struct http_head *head)
{
	((struct realm_fetch *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct realm_fetch *)user)->body, part);
}

/* What came, if it came well. */
static enum err outcome(const struct realm_fetch *fetch)
{
	if (fetch->result != OK) {
		return err_fail(fetch->result, "%s: %s", fetch->host, fetch->detail);
	}
	if (fetch->status != 200) {
		return err_fail(ERR_UNAVAILABLE, "%s has no realm document (%u)", fetch->host,
			fetch->status);
	}
	return buf_end(&fetch->body, "realm document");
}

static void on_end(void *user)
{
	struct realm_fetch *fetch = user;
	realm_fetched *done = fetch->done;
	enum err err = outcome(fetch);

	done(fetch->user, err, err == OK ? buf_contents(&fetch->body) : (struct view){.len = 0});
	realm_fetch_cancel(fetch);
}

static void on_done(void *user, enum err result)
{
	struct realm_fetch *fetch = user;

	if (!fetch->done) {
		return; /* it is being cancelled */
	}
	fetch->result = result;
	(void)snprintf(fetch->detail, sizeof(fetch->detail), "%s", err_detail());
	timer_start(fetch->loop, &fetch->end, 0, on_end, fetch);
}

static enum err begin(struct realm_fetch *fetch, const struct realm_fetch_from *from)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	const struct http_client_options options = {.address = from->address,
		.host = fetch->host,
		.tls = from->tls,
		.connections = 1,
		.timeout_ms = ANSWER_MS,
		.stall_ms = ANSWER_MS,
		.limits = {.body = REALM_DOCUMENT_MAX}};
	struct http_call *under_way;

	TRY(http_client_new(fetch->loop, &options, &fetch->client));
	return http_client_call(fetch->client, "GET", view_text(REALM_DOCUMENT_PATH), NULL, 0,
		(struct view){.len = 0}, &on, fetch, &under_way);
}

enum err realm_fetch_begin(struct loop *loop, const struct realm_fetch_from *from,
	realm_fetched *done, void *user, struct realm_fetch **ret)
{
	struct realm_fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch) {
		return err_fail(ERR_MEMORY, "realm document: out of memory");
	}
	fetch->loop = loop;
	fetch->body = buf_growing(REALM_DOCUMENT_MAX);
	fetch->done = done;
	fetch->user = user;
	(void)snprintf(fetch->host, sizeof(fetch->host), "%s", from->host);
	enum err err = begin(fetch, from);

	if (err != OK) {
		realm_fetch_cancel(fetch);
		return err;
	}
	*ret = fetch;
	return OK;
}
