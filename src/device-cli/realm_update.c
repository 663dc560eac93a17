// SPDX-License-Identifier: Apache-2.0
/* realm_update: a realm as its signed document has it: learnt once, and again. */
#include "device-cli/device_cli.h"

#include "base/text.h"
#include "net/realm_fetch.h"
#include "wire/realm_document.h"

#include <stdio.h>
#include <string.h>

enum { TRUST_FILE_MAX = 16 * 1024 };

/* --- one node is asked --- */

struct waiting {
	struct loop *loop;
	struct buf *document;
	enum err result;
	char detail[DETAIL_MAX];
};

static void on_fetched(void *user, enum err result, struct view compact)
{
	struct waiting *waiting = user;

	waiting->result = result;
	(void)snprintf(waiting->detail, sizeof(waiting->detail), "%s", err_detail());
	buf_view(waiting->document, compact);
	loop_stop(waiting->loop);
}

static enum err fetch(struct loop *loop, const char *host, const char *address, struct tls *tls,
	struct buf *out)
{
	const struct realm_fetch_from from = {host, address, tls};
	struct waiting waiting = {.loop = loop, .document = out};
	struct realm_fetch *under_way;

	TRY(realm_fetch_begin(loop, &from, on_fetched, &waiting, &under_way));
	loop_run(loop);
	return waiting.result == OK ? buf_end(out, "realm document")
				    : err_fail(waiting.result, "%s", waiting.detail);
}

/* --- certificates --- */

/* DIR/realm-NAME.pem, where the certificates stand that a document brought. */
static enum err trust_file(const struct options *options, struct view realm, char ret[PATH_MAX])
{
	char folder[PATH_MAX];

	TRY(device_absolute("--dir", options->dir, folder));
	int len = snprintf(ret, PATH_MAX, "%s/realm-%.*s.pem", folder, (int)realm.len,
		(const char *)realm.data);

	return len < SYMDEV_TRUST ? OK : err_fail(ERR_RANGE, "%s: path too long", options->dir);
}

static enum err write_trust(const char *path, const struct realm_document *document)
{
	BUF_CLEANUP struct buf pem = buf_growing(TRUST_FILE_MAX);

	TRY(realm_document_anchors(document, &pem));
	return text_write_file(path, buf_contents(&pem), 0600);
}

/* Certificates that its owner has given stay; those that came by document are followed. */
static enum err follow_trust(const struct device *device, const struct realm_document *document)
{
	char path[PATH_MAX];

	TRY(trust_file(device->options, ident_realm_of(&device->realm.client), path));
	return strcmp(device->ca, path) == 0 && document->anchor_count > 0
		       ? write_trust(path, document)
		       : OK;
}

/* --- again --- */

static enum err ask(struct device *device, const struct symdev_node *node, struct tls *tls)
{
	BUF_CLEANUP struct buf body = buf_growing(REALM_DOCUMENT_MAX);
	int64_t now = env_wall(device->env);
	struct realm_document document;
	char address[ADDRESS_MAX];

	TRY(device_address_of(node, "", address));
	TRY(fetch(device->loop, node->host.text, address, tls, &body));
	TRY(symdev_realm_read(&device->realm, buf_contents(&body), now, &document));
	TRY(follow_trust(device, &document));
	return symdev_realm_document(&se_soft_ops, device->se, buf_contents(&body), now,
		&device->realm);
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

/* --- for the first time --- */

/* Over TLS that verifies the node as `authority` has it, or nobody: then the signature alone counts. */
static enum err read_from(struct loop *loop, const char *host, const char *address,
	const char *authority, const struct symdev_realm *realm, int64_t now,
	struct realm_document *ret)
{
	BUF_CLEANUP struct buf body = buf_growing(REALM_DOCUMENT_MAX);
	const struct tls_files files = {.authority = authority};
	struct tls *tls;

	TRY(authority ? tls_client(&files, &tls) : tls_client_unverified(&tls));
	enum err err = fetch(loop, host, address, tls, &body);

	tls_free(tls);
	return err == OK ? symdev_realm_read(realm, buf_contents(&body), now, ret) : err;
}

/* With the certificates that it names the node must be who it says: else no bootstrap would go through. */
static enum err learn_trust(const struct options *options, struct loop *loop, const char *host,
	const char *address, struct symdev_realm *realm, struct realm_document *document)
{
	char path[PATH_MAX];
	int64_t now = env_wall(&env_system);
	struct symdev_realm known = *realm;

	if (document->anchor_count == 0) {
		return err_fail(ERR_CONFIG, "the realm document names no certificates: --ca FILE "
					    "is wanted");
	}
	TRY(trust_file(options, ident_realm_of(&realm->client), path));
	TRY(write_trust(path, document));
	TRY(text_copy(realm->trust, sizeof(realm->trust), view_text(path), "--dir"));
	known.serial = document->serial;
	return read_from(loop, host, address, path, &known, now, document);
}

enum err device_learn_realm(const struct options *options, struct loop *loop, const char *url,
	struct symdev_realm *realm, struct realm_document *ret_document)
{
	char host[REALM_HOST], address[ADDRESS_MAX];
	struct realm_document document;

	TRY(realm_url_parse(url, host, address));
	TRY(read_from(loop, host, options->address ? options->address : address, options->ca, realm,
		env_wall(&env_system), &document));
	if (!options->ca) {
		TRY(learn_trust(options, loop, host, options->address ? options->address : address,
			realm, &document));
	}
	symdev_realm_take(&document, realm);
	if (ret_document) {
		*ret_document = document;
	}
	return OK;
}
