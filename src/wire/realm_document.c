// SPDX-License-Identifier: Apache-2.0
#include "wire/realm_document.h"

#include "base/text.h"
#include "wire/json.h"

#include <string.h>

enum { SERIAL_MAX = INT64_C(9007199254740991) };

static const char *const role_names[] = {[REALM_AUTHN] = "authn", [REALM_AUTHZ] = "authz"};

/* What each protocol is called. The Ua id is of RP_D alone: under it keys are made. */
static const struct protocol {
	const char *point, *name, *version, *transport, *ua;
} protocols[REALM_PROTOCOLS] = {
	[REALM_RP_A_DIAMETER] = {"rp_a", "diameter-zn", "3gpp-29.109", "tls", NULL},
	[REALM_RP_A_DIAMETER_PLAIN] = {"rp_a", "diameter-zn", "3gpp-29.109", "tcp", NULL},
	[REALM_RP_A_HTTPS] = {"rp_a", "https", "v1", "mutual-tls", NULL},
	[REALM_RP_C_AKAV1] = {"rp_c", "http-digest", "AKAv1-MD5", "tls", NULL},
	[REALM_RP_C_AKAV2] = {"rp_c", "http-digest", "AKAv2-SHA-256", "tls", NULL},
	[REALM_RP_C_AKAV1_PLAIN] = {"rp_c", "http-digest", "AKAv1-MD5", "tcp", NULL},
	[REALM_RP_C_AKAV2_PLAIN] = {"rp_c", "http-digest", "AKAv2-SHA-256", "tcp", NULL},
	[REALM_RP_C_CERTIFICATE] = {"rp_c", "tls-certificate", "1.3", "mutual-tls", NULL},
	[REALM_RP_D_TLS13] = {"rp_d", "tls-psk", "1.3", "tls", "0100000007"},
	[REALM_RP_D_TLS12_ECDHE] = {"rp_d", "tls-psk", "1.2", "tls", "010001ccac"},
	[REALM_RP_D_TLS12_DHE] = {"rp_d", "tls-psk", "1.2", "tls", "01000100aa"},
	[REALM_RP_D_TLS12_PLAIN] = {"rp_d", "tls-psk", "1.2", "tls", "01000100a8"},
	[REALM_RP_D_DIGEST_TLS13] = {"rp_d", "http-digest", "1.3", "tls", "0100011301"},
	[REALM_RP_D_DIGEST_ECDSA] = {"rp_d", "http-digest", "1.2", "tls", "010001c02b"},
	[REALM_RP_D_DIGEST_RSA] = {"rp_d", "http-digest", "1.2", "tls", "010001c02f"},
	[REALM_RP_D_DIGEST_PLAIN] = {"rp_d", "http-digest", "1.1", "tcp", "0100000002"},
	[REALM_RP_D_DTLS12] = {"rp_d", "dtls-psk", "1.2", "dtls", "010001c0a8"},
};

static const char *const points[] = {"rp_a", "rp_c", "rp_d"};
enum { POINTS = sizeof(points) / sizeof(points[0]) };

/* --- written --- */

static void put_if(struct json_writer *w, const char *name, const char *value)
{
	if (value && value[0]) {
		json_put_string(w, name, value);
	}
}

static void write_nodes(struct json_writer *w, const struct realm_document *in)
{
	json_open_array(w, "nodes");
	for (size_t i = 0; i < in->node_count; i++) {
		const struct realm_node *node = &in->nodes[i];

		json_open(w, NULL);
		json_put_string(w, "role", role_names[node->role]);
		json_put_string(w, "host", node->host.text);
		put_if(w, "address", node->address);
		put_if(w, "rp_a", node->rp_a);
		put_if(w, "rp_a_https", node->rp_a_https);
		json_close(w);
	}
	json_close_array(w);
}

static void write_formats(struct json_writer *w, const struct realm_document *in)
{
	json_open_array(w, "formats");
	if (in->y3056) {
		json_put_string(w, NULL, "y3056");
	}
	if (in->gba) {
		json_put_string(w, NULL, "gba");
	}
	json_close_array(w);
}

static void write_point(struct json_writer *w, const char *point, uint32_t offered)
{
	json_open_array(w, point);
	for (size_t i = 0; i < REALM_PROTOCOLS; i++) {
		const struct protocol *p = &protocols[i];

		if (!REALM_OFFERS(offered, i) || strcmp(p->point, point) != 0) {
			continue;
		}
		json_open(w, NULL);
		json_put_string(w, "protocol", p->name);
		json_put_string(w, "version", p->version);
		json_put_string(w, "transport", p->transport);
		put_if(w, "ua", p->ua);
		json_close(w);
	}
	json_close_array(w);
}

/* req: B7.5-a */
static void write_points(struct json_writer *w, const struct realm_document *in)
{
	if (in->protocols == 0) {
		return;
	}
	json_open(w, "reference_points");
	for (size_t i = 0; i < POINTS; i++) {
		write_point(w, points[i], in->protocols);
	}
	json_close(w);
}

/* req: B8.4-a */
static void write_degrees(struct json_writer *w, const struct realm_document *in)
{
	if (in->degree_count == 0) {
		return;
	}
	json_open_array(w, "degrees");
	for (size_t i = 0; i < in->degree_count; i++) {
		const struct realm_degree *degree = &in->degrees[i];

		json_open(w, NULL);
		json_put_string(w, "name", degree->name);
		json_put_int(w, "strength", degree->strength);
		json_put_int(w, "lifetime", degree->lifetime);
		put_if(w, "mechanisms", degree->mechanisms);
		put_if(w, "algorithms", degree->algorithms);
		json_close(w);
	}
	json_close_array(w);
}

static enum err write_key(struct json_writer *w, const char *name, const struct realm_key *key)
{
	JOSE_KEY_CLEANUP struct jose_key *read = NULL;

	TRY(jose_key_from_public(view_of(key->bytes, key->len), &read));
	return jose_key_write_jwk(read, w, name);
}

static enum err write_keys(struct json_writer *w, const struct realm_document *in)
{
	if (in->key_count == 0) {
		return OK;
	}
	json_open_array(w, "keys");
	for (size_t i = 0; i < in->key_count; i++) {
		TRY(write_key(w, NULL, &in->keys[i]));
	}
	json_close_array(w);
	return OK;
}

static enum err write_anchors(struct json_writer *w, const struct realm_document *in)
{
	if (in->anchor_count == 0) {
		return OK;
	}
	json_open_array(w, "trust_anchors");
	for (size_t i = 0; i < in->anchor_count; i++) {
		BUF_CLEANUP struct buf text = buf_growing(REALM_ANCHOR * 2);

		text_base64(&text, view_of(in->anchors[i].der, in->anchors[i].len));
		TRY(buf_end(&text, "trust anchor"));
		json_put_text(w, NULL, buf_contents(&text));
	}
	json_close_array(w);
	return OK;
}

/* req: B7.5-b */
static enum err write_joining(struct json_writer *w, const struct realm_document *in)
{
	if (in->join_asp[0] || in->join_device[0] || in->api[0]) {
		json_open(w, "join");
		put_if(w, "asp", in->join_asp);
		put_if(w, "device", in->join_device);
		put_if(w, "api", in->api);
		json_close(w);
	}
	if (in->change_key.len == 0) {
		return OK;
	}
	json_open(w, "change");
	TRY(write_key(w, "key", &in->change_key));
	put_if(w, "url", in->change_url);
	json_close(w);
	return OK;
}

static enum err write_payload(const struct realm_document *in, struct buf *out)
{
	struct json_writer w = json_to(out);
	char expires[TEXT_TIME];

	text_time(in->expires, expires);
	json_open(&w, NULL);
	json_put_string(&w, "realm", in->realm.text);
	json_put_int(&w, "serial", (int64_t)in->serial);
	json_put_string(&w, "expires", expires);
	write_nodes(&w, in);
	write_formats(&w, in);
	json_put_bool(&w, "plain_http", in->plain_http);
	write_points(&w, in);
	write_degrees(&w, in);
	TRY(write_keys(&w, in));
	TRY(write_anchors(&w, in));
	TRY(write_joining(&w, in));
	json_close(&w);
	return buf_end(out, "realm document");
}

static bool names_key(const struct realm_document *in, const struct realm_key *key)
{
	for (size_t i = 0; i < in->key_count; i++) {
		if (realm_key_equal(&in->keys[i], key)) {
			return true;
		}
	}
	return false;
}

static enum err check(const struct jose_key *key, const struct realm_document *in)
{
	struct realm_key own = {.len = 0};
	size_t place = 0;

	if (in->node_count > REALM_NODES || in->serial == 0 || in->serial > SERIAL_MAX ||
		!realm_document_next(in, REALM_AUTHN, &place)) {
		return err_fail(ERR_RANGE,
			"realm document: 1 to %d nodes, one of them an authn, a serial from 1",
			REALM_NODES);
	}
	TRY(realm_key_of(key, &own));
	return in->key_count == 0 || names_key(in, &own)
		       ? OK
		       : err_fail(ERR_RANGE, "realm document: the key that signs it is not among "
					     "the keys that it names");
}

enum err realm_document_sign(const struct jose_key *key, const struct realm_document *in,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	size_t before = out->len;

	TRY(check(key, in));
	TRY(write_payload(in, &payload));
	TRY(jose_sign(key, REALM_DOCUMENT_TYP, buf_contents(&payload), out));
	return out->len - before <= REALM_DOCUMENT_MAX
		       ? OK
		       : err_fail(ERR_RANGE,
				 "realm document: %zu bytes, %d are the most that devices take",
				 out->len - before, REALM_DOCUMENT_MAX);
}

/* --- read --- */

static enum err read_address(const struct json *item, const char *name, size_t room, char *ret)
{
	struct view address = view_text("");

	TRY(json_text_opt(item, name, &address));
	if (!text_is_printable(address)) {
		return err_fail(ERR_SYNTAX, "realm document: %s is not printable", name);
	}
	return text_copy(ret, room, address, "realm document: address");
}

/* *ret_known false: a role of realms to come. */
static enum err read_role(const struct json *item, enum realm_role *ret, bool *ret_known)
{
	struct view role = view_text(role_names[REALM_AUTHN]);

	TRY(json_text_opt(item, "role", &role));
	*ret_known = false;
	for (size_t i = 0; i < sizeof(role_names) / sizeof(role_names[0]); i++) {
		if (view_is(role, role_names[i])) {
			*ret = (enum realm_role)i;
			*ret_known = true;
		}
	}
	return OK;
}

static enum err read_node(const struct json *item, struct realm_node *ret, bool *ret_known)
{
	struct view host;

	*ret = (struct realm_node){.role = REALM_AUTHN};
	TRY(read_role(item, &ret->role, ret_known));
	TRY(json_text(item, "host", &host));
	TRY(ident_parse(IDENT_FQDN, host, &ret->host));
	TRY(read_address(item, "address", REALM_ADDRESS, ret->address));
	TRY(read_address(item, "rp_a", REALM_ADDRESS, ret->rp_a));
	return read_address(item, "rp_a_https", REALM_ADDRESS, ret->rp_a_https);
}

/* Those that fit: a device needs another node, not all of them. */
static enum err read_nodes(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "nodes"), 0);
	size_t place = 0;
	bool known = false;

	for (; item && ret->node_count < REALM_NODES; item = json_next(item)) {
		TRY(read_node(item, &ret->nodes[ret->node_count], &known));
		ret->node_count += known;
	}
	if (ret->node_count < REALM_NODES) {
		ret->nodes[ret->node_count] = (struct realm_node){.role = REALM_AUTHN};
	}
	return realm_document_next(ret, REALM_AUTHN, &place)
		       ? OK
		       : err_fail(ERR_SYNTAX, "realm document: no nodes");
}

/* Formats that are not known are of realms to come. */
static enum err read_formats(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "formats"), 0);

	for (; item; item = json_next(item)) {
		struct view name;

		TRY(json_as_text(item, &name));
		ret->gba |= view_is(name, "gba");
		ret->y3056 |= view_is(name, "y3056");
	}
	return OK;
}

static enum err read_protocol(const struct json *item, const char *point, uint32_t *offered)
{
	struct view name, version, transport, ua = view_text("");

	TRY(json_text(item, "protocol", &name));
	TRY(json_text(item, "version", &version));
	TRY(json_text(item, "transport", &transport));
	TRY(json_text_opt(item, "ua", &ua));
	for (size_t i = 0; i < REALM_PROTOCOLS; i++) {
		const struct protocol *p = &protocols[i];

		if (strcmp(p->point, point) == 0 && view_is(name, p->name) &&
			view_is(version, p->version) && view_is(transport, p->transport) &&
			view_is(ua, p->ua ? p->ua : "")) {
			*offered |= UINT32_C(1) << i;
		}
	}
	return OK;
}

static enum err read_points(const struct json *root, struct realm_document *ret)
{
	const struct json *all = json_member(root, "reference_points");

	for (size_t i = 0; all && i < POINTS; i++) {
		const struct json *item = json_item(json_member(all, points[i]), 0);

		for (; item; item = json_next(item)) {
			TRY(read_protocol(item, points[i], &ret->protocols));
		}
	}
	return OK;
}

static enum err read_degree(const struct json *item, struct realm_degree *ret)
{
	TRY(read_address(item, "name", REALM_DEGREE, ret->name));
	TRY(read_address(item, "mechanisms", DEGREE_MECHANISMS, ret->mechanisms));
	TRY(read_address(item, "algorithms", DEGREE_ALGORITHMS, ret->algorithms));
	TRY(json_int_opt(item, "strength", 0, INT32_MAX, &ret->strength));
	TRY(json_int_opt(item, "lifetime", 0, INT32_MAX, &ret->lifetime));
	return ret->name[0] ? OK : err_fail(ERR_SYNTAX, "realm document: a degree without a name");
}

static enum err read_degrees(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "degrees"), 0);

	for (; item && ret->degree_count < REALM_DEGREES; item = json_next(item)) {
		TRY(read_degree(item, &ret->degrees[ret->degree_count]));
		ret->degree_count++;
	}
	return OK;
}

static enum err read_key(const struct json *jwk, struct realm_key *ret)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;

	TRY(jose_key_from_jwk(jwk, &key));
	return realm_key_of(key, ret);
}

/* A kind of key that is not known cannot verify anything here. */
static enum err read_keys(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "keys"), 0);

	for (; item && ret->key_count < REALM_KEYS; item = json_next(item)) {
		enum err err = read_key(item, &ret->keys[ret->key_count]);

		if (err == ERR_UNSUPPORTED) {
			continue;
		}
		TRY(err);
		ret->key_count++;
	}
	return OK;
}

static enum err read_anchors(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "trust_anchors"), 0);

	for (; item && ret->anchor_count < REALM_ANCHORS; item = json_next(item)) {
		struct realm_anchor *anchor = &ret->anchors[ret->anchor_count];
		struct view text;
		size_t len = 0;

		TRY(json_as_text(item, &text));
		TRY(text_from_base64(text, anchor->der, sizeof(anchor->der), &len,
			"realm document: trust anchor"));
		anchor->len = (uint16_t)len;
		ret->anchor_count += len > 0;
	}
	return OK;
}

static enum err read_joining(const struct json *root, struct realm_document *ret)
{
	const struct json *join = json_member(root, "join"), *change = json_member(root, "change");
	const struct json *key = change ? json_member(change, "key") : NULL;

	if (join) {
		TRY(read_address(join, "asp", REALM_URL, ret->join_asp));
		TRY(read_address(join, "device", REALM_URL, ret->join_device));
		TRY(read_address(join, "api", REALM_URL, ret->api));
	}
	if (!key) {
		return OK;
	}
	TRY(read_key(key, &ret->change_key));
	return read_address(change, "url", REALM_URL, ret->change_url);
}

static enum err read_payload(struct view text, struct realm_document *ret)
{
	JSON_CLEANUP struct json *root = NULL;
	struct view realm, expires;
	int64_t serial = 0;

	TRY(json_parse(text, JOSE_PAYLOAD_MAX, &root));
	TRY(json_text(root, "realm", &realm));
	TRY(ident_parse(IDENT_FQDN, realm, &ret->realm));
	TRY(json_int(root, "serial", 1, SERIAL_MAX, &serial));
	ret->serial = (uint64_t)serial;
	TRY(json_text(root, "expires", &expires));
	TRY(text_from_time(expires, &ret->expires, "realm document: expires"));
	TRY(json_bool_opt(root, "plain_http", &ret->plain_http));
	TRY(read_nodes(root, ret));
	TRY(read_formats(root, ret));
	TRY(read_points(root, ret));
	TRY(read_degrees(root, ret));
	TRY(read_keys(root, ret));
	TRY(read_anchors(root, ret));
	return read_joining(root, ret);
}

/* Who takes over the keys that it names must still know one of those that it knew. */
static enum err check_keys(const struct jose_key *const *keys, size_t count,
	const struct realm_document *document)
{
	for (size_t i = 0; i < count && document->key_count > 0; i++) {
		struct realm_key pinned = {.len = 0};

		TRY(realm_key_of(keys[i], &pinned));
		if (names_key(document, &pinned)) {
			return OK;
		}
	}
	return document->key_count == 0
		       ? OK
		       : err_fail(ERR_AUTH, "realm document: it names none of the keys that are "
					    "pinned, not even the one that signed it");
}

enum err realm_document_verify(const struct jose_key *const *keys, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	if (compact.len > REALM_DOCUMENT_MAX) {
		return err_fail(ERR_RANGE, "realm document: longer than %d bytes",
			REALM_DOCUMENT_MAX);
	}
	TRY(jose_verify(keys, count, REALM_DOCUMENT_TYP, compact, &payload));
	*ret = (struct realm_document){.serial = 0};
	TRY(read_payload(buf_contents(&payload), ret));
	if (!ident_equal(&ret->realm, realm)) {
		return err_fail(ERR_AUTH, "realm document: of another realm than %s", realm->text);
	}
	if (now >= ret->expires) {
		return err_fail(ERR_EXPIRED, "realm document: it has expired");
	}
	if (ret->serial < serial) {
		return err_fail(ERR_REPLAY, "realm document: serial %llu, but %llu is known",
			(unsigned long long)ret->serial, (unsigned long long)serial);
	}
	return check_keys(keys, count, ret);
}

/* --- what is in it --- */

const struct realm_node *realm_document_next(const struct realm_document *in, enum realm_role role,
	size_t *place)
{
	while (*place < in->node_count) {
		const struct realm_node *node = &in->nodes[(*place)++];

		if (node->role == role) {
			return node;
		}
	}
	return NULL;
}

enum realm_protocol realm_protocol_of_ua(struct ua ua)
{
	char digits[UA_SIZE * 2 + 1];

	ua_print(ua, digits);
	for (int i = 0; i < REALM_PROTOCOLS; i++) {
		if (protocols[i].ua && strcmp(protocols[i].ua, digits) == 0) {
			return (enum realm_protocol)i;
		}
	}
	return REALM_PROTOCOLS;
}
