// SPDX-License-Identifier: Apache-2.0
#include "authn/document.h"

#include "authn/rp_b.h"
#include "base/log.h"
#include "base/private_file.h"
#include "base/text.h"
#include "wire/realm_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	SIGN_AGAIN_MS = 60 * 60 * 1000,
	ASK_MS = 200, /* doubling to */
	ASK_MAX_MS = 60 * 1000,
	HOUR = 60 * 60,
	KEY_FILE_MAX = 16 * 1024,
	ANCHORS_FILE_MAX = 64 * 1024,
	URL_MAX = REALM_URL - 32,
};

struct document {
	struct jose_key *key;
	struct realm_document content; /* but for serial and expiry */
	struct buf jws;
	struct timer again;
	struct timer ask; /* for the degrees, as the authorization element has them */
	int64_t wait_ms;
};

enum err document_check_url(const char *text)
{
	static const char scheme[] = "https://";
	size_t len = strlen(text), begin = strlen(scheme);

	if (len == 0) {
		return OK;
	}
	if (len <= begin || len > URL_MAX || strncmp(text, scheme, begin) != 0 ||
		strcspn(text + begin, "/?#@\"'<>& \\") != len - begin ||
		!text_is_printable(view_text(text))) {
		return err_fail(ERR_SYNTAX, "not https:// and a host, with a port if need be");
	}
	return OK;
}

/* --- what the realm says, from the configuration as it runs --- */

/* Hours since 1970: nodes of a realm that sign apart agree upon it, and it never goes back. */
static uint64_t serial_at(int64_t now)
{
	return (uint64_t)(now / HOUR);
}

static enum err copy(const char *from, size_t room, const char *what, char *ret)
{
	return text_copy(ret, room, view_text(from), what);
}

static enum err add_node(const struct document_node_conf *conf, struct realm_document *content)
{
	struct realm_node *node = &content->nodes[content->node_count];

	if (content->node_count == REALM_NODES) {
		return err_fail(ERR_CONFIG, "realm_document.nodes: more than %d", REALM_NODES);
	}
	node->role = (enum realm_role)conf->role;
	TRY(ident_parse(IDENT_FQDN, view_text(conf->host), &node->host));
	TRY(copy(conf->address, REALM_ADDRESS, "realm_document.nodes: address", node->address));
	TRY(copy(conf->rp_a, REALM_ADDRESS, "realm_document.nodes: rp_a", node->rp_a));
	TRY(copy(conf->rp_a_https, REALM_ADDRESS, "realm_document.nodes: rp_a_https",
		node->rp_a_https));
	content->node_count++;
	return OK;
}

/* Where others reach what listens here: at an address of all, by the node's name. */
static void reached_at(const struct authn *authn, const char *listening, char ret[REALM_ADDRESS])
{
	const char *port = strrchr(listening, ':');
	bool at_all = strncmp(listening, "0.0.0.0:", 8) == 0 || strncmp(listening, "[::]:", 5) == 0;

	struct buf out = buf_fixed(ret, REALM_ADDRESS);

	if (port && strncmp(listening, "unix:", 5) != 0) {
		buf_text(&out, at_all ? authn->node.text : listening);
		buf_text(&out, at_all ? port : "");
	}
	buf_u8(&out, 0);
	if (buf_end(&out, "address") != OK) { /* a name that is too long: nodes must say it */
		ret[0] = '\0';
	}
}

static enum err add_this_node(const struct authn *authn, struct realm_document *content)
{
	char rp_c[REALM_ADDRESS], rp_a[REALM_ADDRESS], rp_a_https[REALM_ADDRESS];
	struct document_node_conf self = {.host = (char *)authn->node.text,
		.address = rp_c,
		.rp_a = rp_a,
		.rp_a_https = rp_a_https};

	reached_at(authn, authn->rp_a_https ? http_server_address(authn->rp_a_https) : "",
		rp_a_https);
	reached_at(authn, authn->rp_c ? http_server_address(authn->rp_c) : "", rp_c);
	reached_at(authn, diameter_node_address(authn->diameter), rp_a);
	return add_node(&self, content);
}

static enum err add_nodes(const struct authn *authn, const struct authn_conf *conf,
	struct realm_document *content)
{
	const struct document_node_conf *nodes = conf->document_nodes.items;
	size_t others = 0;

	for (size_t i = 0; i < conf->document_nodes.count; i++) {
		others += nodes[i].role == REALM_AUTHN;
	}
	if (others == 0) {
		TRY(add_this_node(authn, content));
	}
	for (size_t i = 0; i < conf->document_nodes.count; i++) {
		TRY(add_node(&nodes[i], content));
	}
	return OK;
}

/* The authz, by its portal's name, unless it is among the nodes. */
static enum err add_portal(const struct authn_conf *conf, struct realm_document *content)
{
	const char *url = conf->document_portal, *authority = url + strlen("https://");
	char host[REALM_ADDRESS] = "", address[REALM_ADDRESS] = "";
	struct document_node_conf node = {.role = REALM_AUTHZ,
		.host = host,
		.address = address,
		.rp_a = (char *)"",
		.rp_a_https = (char *)""};
	size_t place = 0;

	if (!url[0]) {
		return OK;
	}
	(void)snprintf(content->join_asp, REALM_URL, "%s/join/asp", url);
	(void)snprintf(content->join_device, REALM_URL, "%s/join/device", url);
	(void)snprintf(content->api, REALM_URL, "%s/v1", url);
	(void)snprintf(content->change_url, REALM_URL, "%s", url);
	if (realm_document_next(content, REALM_AUTHZ, &place)) {
		return OK;
	}
	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(authority, ":"), authority);
	if (strchr(authority, ':')) {
		(void)snprintf(address, sizeof(address), "%.127s", authority);
	}
	return add_node(&node, content);
}

/* What this node offers, from where it listens. For RP_D keys are made under each of these ids. */
static uint32_t offered(const struct authn *authn)
{
	const struct {
		bool is;
		enum realm_protocol protocol;
	} all[] = {
		{diameter_node_address(authn->diameter)[0], REALM_RP_A_DIAMETER},
		{diameter_node_plain_address(authn->diameter)[0], REALM_RP_A_DIAMETER_PLAIN},
		{authn->rp_a_https, REALM_RP_A_HTTPS},
		{authn->rp_c, REALM_RP_C_AKAV1},
		{authn->rp_c, REALM_RP_C_AKAV2},
		{authn->rp_c_plain, REALM_RP_C_AKAV1_PLAIN},
		{authn->rp_c_plain && authn->conf->app_plain, REALM_RP_C_AKAV2_PLAIN},
		{authn->rp_c && authn->conf->rp_c_certificates, REALM_RP_C_CERTIFICATE},
		{true, REALM_RP_D_TLS13},
		{true, REALM_RP_D_TLS12_ECDHE},
		{true, REALM_RP_D_TLS12_DHE},
		{true, REALM_RP_D_TLS12_PLAIN},
		{true, REALM_RP_D_DIGEST_TLS13},
		{true, REALM_RP_D_DIGEST_ECDSA},
		{true, REALM_RP_D_DIGEST_RSA},
		{true, REALM_RP_D_DIGEST_PLAIN},
		{true, REALM_RP_D_DTLS12},
	};
	uint32_t set = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		set |= (uint32_t)all[i].is << all[i].protocol;
	}
	return set;
}

static enum err read_public(const char *option, const char *path, struct realm_key *ret)
{
	BUF_CLEANUP struct buf pem = buf_growing(KEY_FILE_MAX);
	char why[200];

	TRY(text_read_file(path, KEY_FILE_MAX, &pem));
	if (realm_key_from_pem(buf_contents(&pem), ret) == OK) {
		return OK;
	}
	(void)snprintf(why, sizeof(why), "%s", err_detail());
	return err_fail(ERR_CONFIG, "%s: %s: %s", option, path, why);
}

static enum err add_keys(const struct authn_conf *conf, const struct jose_key *key,
	struct realm_document *content)
{
	TRY(realm_key_of(key, &content->keys[content->key_count++]));
	for (size_t i = 0; i < conf->document_other_keys.count; i++) {
		TRY(read_public("realm_document.other_keys", conf->document_other_keys.items[i],
			&content->keys[content->key_count]));
		content->key_count++;
	}
	return conf->document_change_key[0]
		       ? read_public("realm_document.change_key", conf->document_change_key,
				 &content->change_key)
		       : OK;
}

static enum err add_anchors(const struct authn_conf *conf, struct realm_document *content)
{
	BUF_CLEANUP struct buf pem = buf_growing(ANCHORS_FILE_MAX);
	char why[200];

	if (!conf->document_anchors[0]) {
		return OK;
	}
	TRY(text_read_file(conf->document_anchors, ANCHORS_FILE_MAX, &pem));
	if (realm_document_take_anchors(buf_contents(&pem), content) == OK) {
		return OK;
	}
	(void)snprintf(why, sizeof(why), "%s", err_detail());
	return err_fail(ERR_CONFIG, "realm_document.trust_anchors: %s: %s", conf->document_anchors,
		why);
}

/* req: B7.5-a B7.5-b B10.1 */
static enum err gather(const struct authn *authn, const struct authn_conf *conf,
	const struct jose_key *key, struct realm_document *ret)
{
	*ret = (struct realm_document){.realm = authn->realm,
		.gba = true,
		.y3056 = true,
		.plain_http = authn->conf->app_plain,
		.protocols = offered(authn)};
	TRY(add_nodes(authn, conf, ret));
	TRY(add_portal(conf, ret));
	TRY(add_keys(conf, key, ret));
	return add_anchors(conf, ret);
}

/* --- signing --- */

static enum err sign(struct authn *authn)
{
	struct document *document = authn->document;
	int64_t now = env_wall(loop_env(authn->loop));

	BUF_CLEANUP struct buf jws = buf_growing(JOSE_MAX);

	document->content.serial = serial_at(now);
	document->content.expires = now + authn->conf->document_lifetime / 1000;
	TRY(realm_document_sign(document->key, &document->content, &jws));
	TRY(buf_end(&jws, "realm document"));
	buf_clear(&document->jws); /* until now the one from before was served */
	buf_view(&document->jws, buf_contents(&jws));
	return buf_end(&document->jws, "realm document");
}

/* --- security degrees, of which the authorization element knows --- */

static void ask_degrees(void *user);

static void ask_again(struct authn *authn, int64_t ms)
{
	timer_start(authn->loop, &authn->document->ask, ms, ask_degrees, authn);
}

static enum err take_degrees(struct realm_document *content, const struct rp_b_degrees *answer)
{
	size_t count = 0;

	for (; count < answer->count && count < REALM_DEGREES; count++) {
		const struct rp_degree *from = &answer->degrees[count];
		struct realm_degree *to = &content->degrees[count];

		TRY(text_copy(to->name, sizeof(to->name), from->name, "degree"));
		TRY(text_copy(to->mechanisms, sizeof(to->mechanisms), from->mechanisms, "degree"));
		TRY(text_copy(to->algorithms, sizeof(to->algorithms), from->algorithms, "degree"));
		to->strength = from->has_strength ? from->strength : 0;
		to->lifetime = from->has_lifetime ? from->lifetime : 0;
	}
	content->degree_count = count;
	return OK;
}

/* An authorization element of another make does not know the question: then the document does not say. */
static void on_degrees(void *user, uint64_t ref, const struct rp_b_degrees *answer)
{
	struct authn *authn = user;
	struct document *document = authn->document;

	(void)ref;
	if (!document) {
		return;
	}
	if (answer->err != OK && answer->err != ERR_UNSUPPORTED) {
		document->wait_ms = document->wait_ms < ASK_MAX_MS ? document->wait_ms * 2
								   : (int64_t)ASK_MAX_MS;
		ask_again(authn, document->wait_ms);
		return;
	}
	document->wait_ms = ASK_MS;
	ask_again(authn, SIGN_AGAIN_MS);
	if (answer->err == OK &&
		(take_degrees(&document->content, answer) != OK || sign(authn) != OK)) {
		log_event(LOG_ERROR, "realm_document.not_signed", "", LOG_DETAIL());
	}
}

static void ask_degrees(void *user)
{
	rp_b_ask_degrees(user, on_degrees, 0);
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

/* All of it is read before any of it counts. */
static enum err take_conf(struct authn *authn, const struct authn_conf *conf)
{
	struct document *document = authn->document;
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct realm_document content;

	TRY(read_key(conf->document_key, &key));
	TRY(gather(authn, conf, key, &content));
	struct jose_key *before = document->key;

	memcpy(content.degrees, document->content.degrees, sizeof(content.degrees));
	content.degree_count = document->content.degree_count;
	document->key = key;
	document->content = content;
	key = before;
	return sign(authn);
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
	TRY(take_conf(authn, authn->conf));
	timer_start(authn->loop, &document->again, SIGN_AGAIN_MS, sign_again, authn);
	document->wait_ms = ASK_MS;
	ask_again(authn, ASK_MS);
	return OK;
}

void document_reload(struct authn *authn, const struct authn_conf *conf)
{
	authn->conf->document_lifetime = conf->document_lifetime;
	if (!authn->document || !conf->document_key[0]) {
		return; /* serving begins and ends with a start */
	}
	if (take_conf(authn, conf) != OK) {
		log_event(LOG_ERROR, "realm_document.not_reloaded", "", LOG_DETAIL());
	}
}

void document_shut_down(struct authn *authn)
{
	struct document *document = authn->document;

	if (!document) {
		return;
	}
	timer_stop(authn->loop, &document->again);
	timer_stop(authn->loop, &document->ask);
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
