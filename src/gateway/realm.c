// SPDX-License-Identifier: Apache-2.0
#include "gateway/realm.h"

#include "base/log.h"
#include "base/text.h"
#include "net/realm_fetch.h"
#include "wire/json.h"
#include "wire/realm_document.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_MAX = 64 * 1024, ANCHOR_MAX = 16 * 1024, FIRST_MS = 15000, AGAIN_MS = 10000 };

struct realm {
	struct gateway *gateway;
	char host[REALM_HOST], address[ADDRESS_MAX];
	char copy[PATH_MAX], authority[PATH_MAX];
	struct realm_key anchor;	   /* as configured */
	struct realm_key keys[REALM_KEYS]; /* that are trusted now */
	size_t key_count;
	struct realm_document document; /* the last good one; serial 0: none yet */
	char name[IDENT_MAX + 1];	/* of the realm, for the peers */
	size_t asked;			/* of its nodes, after the URL's: the next one */
	struct realm_fetch *fetch;
	struct timer again;
	enum err first; /* ERR_AGAIN: the first document is awaited */
};

static void ask(void *user);

enum err gateway_check_url(const char *text)
{
	return realm_url_check(text);
}

/* --- what is kept --- */

static enum err write_keys(const struct realm *realm, struct json_writer *w)
{
	json_open_array(w, "keys");
	for (size_t i = 0; i < realm->key_count; i++) {
		JOSE_KEY_CLEANUP struct jose_key *key = NULL;

		TRY(jose_key_from_public(view_of(realm->keys[i].bytes, realm->keys[i].len), &key));
		TRY(jose_key_write_jwk(key, w, NULL));
	}
	json_close_array(w);
	return OK;
}

/* The document as it came, the keys that are trusted since, and the anchor that all this began with. */
static enum err write_copy(const struct realm *realm, struct view compact)
{
	BUF_CLEANUP struct buf text = buf_growing(COPY_MAX);
	BUF_CLEANUP struct buf pem = buf_growing(COPY_MAX);
	struct json_writer w = json_to(&text);
	JOSE_KEY_CLEANUP struct jose_key *anchor = NULL;

	TRY(jose_key_from_public(view_of(realm->anchor.bytes, realm->anchor.len), &anchor));
	json_open(&w, NULL);
	TRY(jose_key_write_jwk(anchor, &w, "anchor"));
	TRY(write_keys(realm, &w));
	json_put_text(&w, "document", compact);
	json_close(&w);
	TRY(buf_end(&text, "realm.copy"));
	if (realm->document.anchor_count > 0) {
		TRY(realm_document_anchors(&realm->document, &pem));
		TRY(text_write_file(realm->authority, buf_contents(&pem), 0600));
	}
	return text_write_file(realm->copy, buf_contents(&text), 0600);
}

static enum err read_key(const struct json *jwk, struct realm_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	TRY(jose_key_from_jwk(jwk, &key));
	return realm_key_of(key, ret);
}

static enum err read_keys(const struct json *copy, struct realm *realm)
{
	const struct json *jwk = json_item(json_member(copy, "keys"), 0);
	struct realm_key anchor = {.len = 0};

	TRY(read_key(json_member(copy, "anchor"), &anchor));
	if (!realm_key_equal(&anchor, &realm->anchor)) {
		return err_fail(ERR_NOT_FOUND, "another anchor is configured now");
	}
	for (realm->key_count = 0; jwk && realm->key_count < REALM_KEYS; jwk = json_next(jwk)) {
		TRY(read_key(jwk, &realm->keys[realm->key_count]));
		realm->key_count++;
	}
	return OK;
}

/* The realm's name stands in the document alone: who signs for it is known by the key. */
static enum err name_in(struct view compact, struct ident *ret)
{
	const uint8_t *first = memchr(compact.data, '.', compact.len);
	const uint8_t *end = compact.data + compact.len;
	const uint8_t *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
	uint8_t bytes[REALM_DOCUMENT_MAX];
	JSON_CLEANUP struct json *payload = NULL;
	struct view name;
	size_t len = 0;

	if (!second) {
		return err_fail(ERR_SYNTAX, "realm document: not three parts (RFC 7515 3.1)");
	}
	TRY(text_from_base64url(view_of(first + 1, (size_t)(second - first - 1)), bytes,
		sizeof(bytes), &len, "realm document"));
	TRY(json_parse(view_of(bytes, len), sizeof(bytes), &payload));
	TRY(json_text(payload, "realm", &name));
	return ident_parse(IDENT_FQDN, name, ret);
}

/* Once it is known, the realm stays. */
static enum err verify(const struct realm *realm, struct view compact, int64_t now,
	struct realm_document *ret)
{
	struct ident name = realm->document.realm;

	if (realm->document.serial == 0) {
		if (compact.len > REALM_DOCUMENT_MAX) {
			return err_fail(ERR_RANGE, "realm document: longer than %d bytes",
				REALM_DOCUMENT_MAX);
		}
		TRY(name_in(compact, &name));
	}
	return realm_document_verify_pinned(realm->keys, realm->key_count, &name,
		realm->document.serial, now, compact, ret);
}

static void take(struct realm *realm, const struct realm_document *document)
{
	realm->document = *document;
	memcpy(realm->name, document->realm.text, sizeof(realm->name));
	if (document->key_count > 0) {
		memcpy(realm->keys, document->keys, sizeof(realm->keys));
		realm->key_count = document->key_count;
	}
}

/* An expired one names the nodes still: better than none, until it can be had anew. */
static enum err read_copy(struct realm *realm)
{
	BUF_CLEANUP struct buf text = buf_growing(COPY_MAX);
	JSON_CLEANUP struct json *copy = NULL;
	struct realm_document document;
	struct view compact;

	TRY(text_read_file(realm->copy, COPY_MAX, &text));
	TRY(json_parse(buf_contents(&text), COPY_MAX, &copy));
	TRY(read_keys(copy, realm));
	TRY(json_text(copy, "document", &compact));
	TRY(verify(realm, compact, 0, &document));
	take(realm, &document);
	return OK;
}

/* --- asking --- */

static const struct realm_node *node_to_ask(const struct realm *realm)
{
	const struct realm_node *node = NULL;
	size_t place = 0;

	for (size_t i = 0; i < realm->asked; i++) {
		node = realm_document_next(&realm->document, REALM_AUTHN, &place);
	}
	return node;
}

static void try_again(struct realm *realm, int64_t ms)
{
	timer_start(realm->gateway->loop, &realm->again, ms, ask, realm);
}

/* The next node at once; after the last a while later, from the URL on. */
static void on_failure(struct realm *realm, enum err err)
{
	log_event(LOG_WARN, "realm.not_updated", "", LOG_DETAIL());
	realm->first = realm->first == ERR_AGAIN ? err : realm->first;
	realm->asked++;
	if (node_to_ask(realm)) {
		try_again(realm, 0);
		return;
	}
	realm->asked = 0;
	int64_t wait = realm->gateway->conf->realm_refresh;

	try_again(realm, wait < AGAIN_MS ? wait : AGAIN_MS);
}

static bool is_same_anchor(const struct realm_anchor *a, const struct realm_anchor *b)
{
	return a->len == b->len && memcmp(a->der, b->der, a->len) == 0;
}

/* Whether RP_A goes to other nodes, or trusts others. */
static bool changes_rp_a(const struct realm_document *a, const struct realm_document *b)
{
	bool same = a->node_count == b->node_count && a->anchor_count == b->anchor_count;

	for (size_t i = 0; same && i < a->node_count; i++) {
		same = a->nodes[i].role == b->nodes[i].role &&
		       ident_equal(&a->nodes[i].host, &b->nodes[i].host) &&
		       strcmp(a->nodes[i].rp_a, b->nodes[i].rp_a) == 0 &&
		       strcmp(a->nodes[i].rp_a_https, b->nodes[i].rp_a_https) == 0;
	}
	for (size_t i = 0; same && i < a->anchor_count; i++) {
		same = is_same_anchor(&a->anchors[i], &b->anchors[i]);
	}
	return !same;
}

static enum err accept(struct realm *realm, struct view compact)
{
	struct realm_document document;

	TRY(verify(realm, compact, env_wall(loop_env(realm->gateway->loop)), &document));
	bool changes = changes_rp_a(&realm->document, &document);

	take(realm, &document);
	TRY(write_copy(realm, compact));
	log_event(LOG_INFO, "realm.updated", "", LOG_INT("serial", (int64_t)document.serial),
		LOG_INT("nodes", (int64_t)document.node_count));
	if (changes && realm->first == OK) {
		gateway_reopen_rp_a(realm->gateway);
	}
	return OK;
}

static void on_fetched(void *user, enum err result, struct view compact)
{
	struct realm *realm = user;

	realm->fetch = NULL;
	enum err err = result == OK ? accept(realm, compact) : result;

	if (err != OK) {
		on_failure(realm, err);
		return;
	}
	realm->first = OK;
	realm->asked = 0;
	try_again(realm, realm->gateway->conf->realm_refresh);
}

/* Before there are certificates the signature alone decides; it decides later too. */
static enum err begin_fetch(struct realm *realm)
{
	const struct realm_node *node = node_to_ask(realm);
	const struct tls_files files = {.authority = realm_authority(realm->gateway)};
	char at[ADDRESS_MAX];
	struct realm_fetch_from from = {realm->host, realm->address, NULL};

	if (node) {
		(void)snprintf(at, sizeof(at), "%.127s", node->address);
		if (!at[0]) {
			(void)snprintf(at, sizeof(at), "%.120s:443", node->host.text);
		}
		from.host = node->host.text;
		from.address = at;
	}
	TRY(files.authority ? tls_client(&files, &from.tls) : tls_client_unverified(&from.tls));
	enum err err =
		realm_fetch_begin(realm->gateway->loop, &from, on_fetched, realm, &realm->fetch);

	tls_free(from.tls);
	return err;
}

static void ask(void *user)
{
	struct realm *realm = user;
	enum err err = begin_fetch(realm);

	if (err != OK) {
		on_failure(realm, err);
	}
}

/* --- start --- */

static enum err name_files(struct realm *realm)
{
	const struct gateway_conf *conf = realm->gateway->conf;
	const char *beside = strncmp(conf->store_url, "sqlite:", 7) == 0 ? conf->store_url + 7 : "";

	if (!conf->realm_copy[0] && !beside[0]) {
		return err_fail(ERR_CONFIG, "realm.copy is wanted where the store is not SQLite's");
	}
	int len = conf->realm_copy[0] ? snprintf(realm->copy, PATH_MAX, "%s", conf->realm_copy)
				      : snprintf(realm->copy, PATH_MAX, "%s.realm", beside);

	if (len + (int)sizeof(".pem") > PATH_MAX) {
		return err_fail(ERR_CONFIG, "realm.copy: path too long");
	}
	memcpy(realm->authority, realm->copy, (size_t)len);
	memcpy(realm->authority + len, ".pem", sizeof(".pem"));
	return OK;
}

static enum err read_anchor(struct realm *realm)
{
	const char *path = realm->gateway->conf->realm_anchor;
	BUF_CLEANUP struct buf pem = buf_growing(ANCHOR_MAX);

	if (!path[0]) {
		return err_fail(ERR_CONFIG, "realm.url needs realm.anchor, the key that signs the "
					    "realm's document");
	}
	TRY(text_read_file(path, ANCHOR_MAX, &pem));
	if (realm_key_from_pem(buf_contents(&pem), &realm->anchor) != OK) {
		return err_fail(ERR_CONFIG, "realm.anchor: %s: no public key in PEM", path);
	}
	realm->keys[0] = realm->anchor;
	realm->key_count = 1;
	return OK;
}

/* Nothing can be served before it is known by whom: the start waits. */
static enum err wait_for_first(struct realm *realm)
{
	struct loop *loop = realm->gateway->loop;
	int64_t deadline = loop_now(loop) + FIRST_MS;

	realm->first = ERR_AGAIN;
	ask(realm);
	while (realm->first == ERR_AGAIN && loop_now(loop) < deadline) {
		loop_turn(loop, 50);
	}
	if (realm->first == OK) {
		return OK;
	}
	return err_fail(realm->first == ERR_AGAIN ? ERR_TIMEOUT : realm->first,
		"realm.url %s: no document could be had; the log says why",
		realm->gateway->conf->realm_url);
}

static const char *address_of(const struct realm *realm, const struct realm_node *node)
{
	return realm->gateway->conf->realm_carrier == REALM_HTTPS ? node->rp_a_https : node->rp_a;
}

/* Whether there is anybody to ask with the copy; else the start needs a newer document. */
static bool knows_node(const struct realm *realm)
{
	const struct gateway_conf *conf = realm->gateway->conf;
	bool knows = conf->diameter_peers.count > 0 || conf->rp_a_nodes.count > 0;
	const struct realm_node *node;
	size_t place = 0;

	while (!knows && (node = realm_document_next(&realm->document, REALM_AUTHN, &place))) {
		knows = address_of(realm, node)[0] != '\0';
	}
	return knows;
}

static enum err start(struct realm *realm)
{
	const struct gateway_conf *conf = realm->gateway->conf;

	TRY(realm_url_parse(conf->realm_url, realm->host, realm->address));
	if (conf->realm_address[0]) {
		TRY(text_copy(realm->address, sizeof(realm->address),
			view_text(conf->realm_address), "realm.address"));
	}
	TRY(name_files(realm));
	TRY(read_anchor(realm));
	if (access(realm->copy, F_OK) == 0 && read_copy(realm) != OK) {
		log_event(LOG_WARN, "realm.copy_unread", "", LOG_DETAIL());
		realm->document = (struct realm_document){.serial = 0};
		realm->keys[0] = realm->anchor;
		realm->key_count = 1;
	}
	if (realm->document.serial == 0 || !knows_node(realm)) {
		return wait_for_first(realm);
	}
	try_again(realm, 0);
	return OK;
}

enum err realm_start_up(struct gateway *gateway)
{
	if (!gateway->conf->realm_url[0]) {
		return OK;
	}
	gateway->realm = calloc(1, sizeof(*gateway->realm));
	if (!gateway->realm) {
		return err_fail(ERR_MEMORY, "realm: out of memory");
	}
	gateway->realm->gateway = gateway;
	return start(gateway->realm);
}

void realm_shut_down(struct gateway *gateway)
{
	struct realm *realm = gateway->realm;

	if (!realm) {
		return;
	}
	timer_stop(gateway->loop, &realm->again);
	realm_fetch_cancel(realm->fetch);
	free(realm);
	gateway->realm = NULL;
}

/* --- what RP_A is told --- */

const char *realm_authority(const struct gateway *gateway)
{
	const char *given = gateway->conf->diameter_authority;

	if (given[0]) {
		return given;
	}
	return gateway->realm && gateway->realm->document.anchor_count > 0
		       ? gateway->realm->authority
		       : NULL;
}

/* Such a node is reached as the configuration says. */
static bool is_configured(const struct gateway *gateway, const char *host)
{
	const struct node_diameter *diameter = &gateway->diameter_setup;
	const struct rp_a_node_conf *nodes = gateway->conf->rp_a_nodes.items;

	for (size_t i = 0; i < diameter->options.peer_count; i++) {
		if (strcasecmp(diameter->options.peers[i].host, host) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < gateway->conf->rp_a_nodes.count; i++) {
		if (strcasecmp(nodes[i].host, host) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_carried_by(const struct gateway *gateway, enum realm_carrier carrier)
{
	return gateway->realm && (enum realm_carrier)gateway->conf->realm_carrier == carrier;
}

enum err realm_add_peers(struct gateway *gateway)
{
	struct realm *realm = gateway->realm;
	struct node_diameter *diameter = &gateway->diameter_setup;
	const struct realm_node *node;
	size_t place = 0;

	if (!is_carried_by(gateway, REALM_DIAMETER)) {
		return OK;
	}
	struct diameter_peer_options *peers = reallocarray(diameter->peers,
		diameter->options.peer_count + REALM_NODES, sizeof(*peers));

	if (!peers) {
		return err_fail(ERR_MEMORY, "realm: out of memory");
	}
	diameter->peers = peers;
	diameter->options.peers = peers;
	while ((node = realm_document_next(&realm->document, REALM_AUTHN, &place))) {
		if (node->rp_a[0] && !is_configured(gateway, node->host.text)) {
			peers[diameter->options.peer_count++] =
				(struct diameter_peer_options){.host = node->host.text,
					.realm = realm->name,
					.address = node->rp_a};
		}
	}
	return OK;
}

void realm_add_nodes(struct gateway *gateway)
{
	const struct realm_node *node;
	size_t place = 0;

	if (!is_carried_by(gateway, REALM_HTTPS)) {
		return;
	}
	while ((node = realm_document_next(&gateway->realm->document, REALM_AUTHN, &place))) {
		if (node->rp_a_https[0] && !is_configured(gateway, node->host.text)) {
			gateway->nodes[gateway->node_count++] =
				(struct symapp_node){.host = node->host.text,
					.address = node->rp_a_https};
		}
	}
}
