// SPDX-License-Identifier: Apache-2.0
#include "authn/document.h"

#include "base/log.h"
#include "base/private_file.h"
#include "base/text.h"
#include "wire/realm_document.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { SIGN_AGAIN_MS = 60 * 60 * 1000, HOUR = 60 * 60, KEY_FILE_MAX = 16 * 1024 };

struct document {
	struct jose_key *key;
	struct buf jws;
	struct timer again;
};

/* Hours since 1970: nodes of a realm that sign apart agree upon it, and it never goes back. */
static uint64_t serial_at(int64_t now)
{
	return (uint64_t)(now / HOUR);
}

static enum err add_node(struct realm_document *document, const char *host, const char *address)
{
	struct realm_node *node = &document->nodes[document->node_count];

	TRY(ident_parse(IDENT_FQDN, view_text(host), &node->host));
	TRY(text_copy(node->address, sizeof(node->address), view_text(address),
		"realm_document.nodes: address"));
	document->node_count++;
	return OK;
}

static enum err add_nodes(const struct authn *authn, struct realm_document *document)
{
	const struct conf_list *list = &authn->conf->document_nodes;
	const struct document_node_conf *nodes = list->items;

	if (list->count == 0) {
		return add_node(document, authn->node.text, "");
	}
	for (size_t i = 0; i < list->count; i++) {
		TRY(add_node(document, nodes[i].host, nodes[i].address));
	}
	return OK;
}

static enum err sign(struct authn *authn)
{
	struct document *document = authn->document;
	int64_t now = env_wall(loop_env(authn->loop));
	struct realm_document content = {.realm = authn->realm,
		.serial = serial_at(now),
		.expires = now + authn->conf->document_lifetime / 1000,
		.gba = true,
		.y3056 = true,
		.plain_http = authn->conf->app_plain};

	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

	TRY(add_nodes(authn, &content));
	TRY(realm_document_sign(document->key, &content, &jws));
	TRY(buf_end(&jws, "realm document"));
	buf_clear(&document->jws); /* until now the one from before was served */
	buf_view(&document->jws, buf_contents(&jws));
	return buf_end(&document->jws, "realm document");
}

static void sign_again(void *user)
{
	struct authn *authn = user;

	if (sign(authn) != OK) {
		log_event(LOG_ERROR, "realm_document.not_signed", "", LOG_DETAIL());
	}
	timer_start(authn->loop, &authn->document->again, SIGN_AGAIN_MS, sign_again, authn);
}

static enum err read_key(const char *path, struct jose_key **ret)
{
	BUF_CLEANUP struct buf pem = buf_growing(KEY_FILE_MAX);

	struct stat st;

	if (stat(path, &st) == 0 && !private_file_is(path, &st)) {
		return err_fail(ERR_CONFIG,
			"realm_document.key: %s is readable by others: chmod 600", path);
	}
	TRY(text_read_file(path, KEY_FILE_MAX, &pem));
	enum err err = jose_key_from_pem(buf_contents(&pem), ret);

	buf_wipe(&pem);
	return err;
}

enum err document_start_up(struct authn *authn)
{
	if (!authn->conf->document_key[0]) {
		return OK;
	}
	struct document *document = calloc(1, sizeof(*document));

	if (!document) {
		return err_fail(ERR_MEMORY, "realm document: out of memory");
	}
	authn->document = document;
	document->jws = buf_growing(JOSE_MAX);
	TRY(read_key(authn->conf->document_key, &document->key));
	TRY(sign(authn));
	timer_start(authn->loop, &document->again, SIGN_AGAIN_MS, sign_again, authn);
	return OK;
}

void document_shut_down(struct authn *authn)
{
	struct document *document = authn->document;

	if (!document) {
		return;
	}
	timer_stop(authn->loop, &document->again);
	jose_key_free(document->key);
	buf_free(&document->jws);
	free(document);
	authn->document = NULL;
}

void document_on_request(void *user, struct http_request *request, const struct view *segments)
{
	const struct authn *authn = user;
	static const char hour[] = "max-age=3600";

	(void)segments;
	if (!authn->document) {
		http_answer_problem(request, 404, "this node has no realm document");
		return;
	}
	const struct http_field fields[] = {
		{view_text("Content-Type"), view_text("application/jose")},
		{view_text("Cache-Control"), view_text(hour)},
	};

	http_answer(request, 200, fields, 2, buf_contents(&authn->document->jws));
}
