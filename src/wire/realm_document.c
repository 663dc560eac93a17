// SPDX-License-Identifier: Apache-2.0
#include "wire/realm_document.h"

#include "base/text.h"
#include "wire/json.h"

enum { SERIAL_MAX = INT64_C(9007199254740991) };

/* --- written --- */

static void write_nodes(struct json_writer *w, const struct realm_document *in)
{
	json_open_array(w, "nodes");
	for (size_t i = 0; i < in->node_count; i++) {
		json_open(w, NULL);
		json_put_string(w, "host", in->nodes[i].host.text);
		if (in->nodes[i].address[0]) {
			json_put_string(w, "address", in->nodes[i].address);
		}
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

enum err realm_document_sign(const struct jose_key *key, const struct realm_document *in,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);
	struct json_writer w = json_to(&payload);
	char expires[TEXT_TIME];

	if (in->node_count == 0 || in->node_count > REALM_NODES || in->serial == 0 ||
		in->serial > SERIAL_MAX) {
		return err_fail(ERR_RANGE, "realm document: 1 to %d nodes, a serial from 1",
			REALM_NODES);
	}
	text_time(in->expires, expires);
	json_open(&w, NULL);
	json_put_string(&w, "realm", in->realm.text);
	json_put_int(&w, "serial", (int64_t)in->serial);
	json_put_string(&w, "expires", expires);
	write_nodes(&w, in);
	write_formats(&w, in);
	json_put_bool(&w, "plain_http", in->plain_http);
	json_close(&w);
	TRY(buf_end(&payload, "realm document"));
	return jose_sign(key, REALM_DOCUMENT_TYP, buf_contents(&payload), out);
}

/* --- read --- */

static enum err read_node(const struct json *item, struct realm_node *ret)
{
	struct view host, address = view_text("");

	TRY(json_text(item, "host", &host));
	TRY(json_text_opt(item, "address", &address));
	TRY(ident_parse(IDENT_FQDN, host, &ret->host));
	if (!text_is_printable(address)) {
		return err_fail(ERR_SYNTAX, "realm document: an address is not printable");
	}
	return text_copy(ret->address, sizeof(ret->address), address, "realm document: address");
}

/* Those that fit: a device needs another node, not all of them. */
static enum err read_nodes(const struct json *root, struct realm_document *ret)
{
	const struct json *item = json_item(json_member(root, "nodes"), 0);

	for (; item && ret->node_count < REALM_NODES; item = json_next(item)) {
		TRY(read_node(item, &ret->nodes[ret->node_count]));
		ret->node_count++;
	}
	return ret->node_count > 0 ? OK : err_fail(ERR_SYNTAX, "realm document: no nodes");
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
	return read_formats(root, ret);
}

enum err realm_document_verify(const struct jose_key *const *keys, size_t count,
	const struct ident *realm, uint64_t serial, int64_t now, struct view compact,
	struct realm_document *ret)
{
	BUF_CLEANUP struct buf payload = buf_growing(JOSE_PAYLOAD_MAX);

	TRY(jose_verify(keys, count, REALM_DOCUMENT_TYP, compact, &payload));
	*ret = (struct realm_document){.serial = 0};
	TRY(read_payload(buf_contents(&payload), ret));
	if (!ident_equal(&ret->realm, realm)) {
		return err_fail(ERR_AUTH, "realm document: of another realm than %s", realm->text);
	}
	if (now >= ret->expires) {
		return err_fail(ERR_EXPIRED, "realm document: it has expired");
	}
	return ret->serial >= serial
		       ? OK
		       : err_fail(ERR_REPLAY, "realm document: serial %llu, but %llu is known",
				 (unsigned long long)ret->serial, (unsigned long long)serial);
}
