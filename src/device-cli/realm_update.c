// SPDX-License-Identifier: Apache-2.0
#include "device-cli/device_cli.h"

#include "net/http_client.h"
#include "wire/realm_document.h"

#include <stdio.h>

enum { ANSWER_MS = 5000 };

/* One node is asked for the realm document. */
struct fetch {
	struct loop *loop;
	struct buf body;
	unsigned status;
	enum err result;
	char detail[DETAIL_MAX];
};

static void on_head(void *user, const struct http_head *head)
{
	((struct fetch *)user)->status = head->status;
}

static void on_body(void *user, struct view part)
{
	buf_view(&((struct fetch *)user)->body, part);
}

static void on_done(void *user, enum err result)
{
	struct fetch *fetch = user;

	fetch->result = result;
	(void)snprintf(fetch->detail, sizeof(fetch->detail), "%s", err_detail());
	loop_stop(fetch->loop);
}

static enum err call(struct fetch *fetch, struct http_client *client, const char *host)
{
	static const struct http_call_on on = {on_head, on_body, on_done};
	struct http_call *under_way;

	TRY(http_client_call(client, "GET", view_text(REALM_DOCUMENT_PATH), NULL, 0,
		(struct view){.len = 0}, &on, fetch, &under_way));
	loop_run(fetch->loop);
	if (fetch->result != OK) {
		return err_fail(fetch->result, "%s: %s", host, fetch->detail);
	}
	return fetch->status == 200 ? buf_end(&fetch->body, "realm document")
				    : err_fail(ERR_UNAVAILABLE, "%s has no realm document (%u)",
					      host, fetch->status);
}

static enum err ask(struct device *device, const struct symdev_node *node, struct tls *tls)
{
	struct fetch fetch = {.loop = device->loop, .body = buf_growing(JOSE_MAX)};
	char address[ADDRESS_MAX];
	struct http_client *client;

	TRY(device_address_of(node, "", address));
	const struct http_client_options options = {.address = address,
		.host = node->host.text,
		.tls = tls,
		.timeout_ms = ANSWER_MS,
		.stall_ms = ANSWER_MS,
		.limits = {.body = JOSE_MAX}};

	TRY(http_client_new(device->loop, &options, &client));
	enum err err = call(&fetch, client, node->host.text);

	http_client_free(client);
	if (err == OK) {
		err = symdev_realm_document(&se_soft_ops, device->se, buf_contents(&fetch.body),
			env_wall(device->env), &device->realm);
	}
	buf_free(&fetch.body);
	return err;
}

enum err device_update_realm(struct device *device)
{
	const struct tls_files files = {.authority = device->ca[0] ? device->ca : NULL};
	const struct symdev_realm before = device->realm;
	enum err err = ERR_UNAVAILABLE;
	struct tls *tls;

	if (before.anchor_count == 0) {
		return err_fail(ERR_UNSUPPORTED, "no key is pinned for this realm's document");
	}
	TRY(tls_client(&files, &tls));
	for (size_t i = 0; i < before.node_count && err != OK; i++) {
		err = ask(device, &before.nodes[i], tls);
	}
	tls_free(tls);
	return err;
}
